/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The configuration as it is written: /etc/spark/network.conf and its drop-ins, then those of
 * /run/spark/network.conf.d. network.conf(5) describes it. desired.h makes of it what the kernel
 * should have.
 *
 * Sections have names ("[peer bob]"), so that a drop-in can add to or change what a file before it
 * says. Case, '-' and '_' in keys do not matter: allowed-ips is AllowedIPs.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/strv.h"
#include "netsetup/address.h"
#include "netsetup/keys.h"

#define CONF_ARENA_BYTES  ((size_t)64 << 20) /* 100,000 routes take about 40 MiB */
#define CONF_KEYS_MAX     12                 /* of one kind of section */
#define CONF_PROBLEMS_MAX 50                 /* that are told at once */

typedef enum ConfKind {
        CONF_NETWORK,
        CONF_INTERFACE,
        CONF_WIREGUARD,
        CONF_PEER,
        CONF_ROUTE,
        CONF_RULE,
        CONF_SYSCTL, /* an item for each line of [sysctl]; its name is the key */
        CONF_FIREWALL,
        CONF_KIND_MAX,
} ConfKind;

/* Where something was said. */
typedef struct ConfOrigin {
        const char *file; /* NULL: nowhere */
        unsigned line;
} ConfOrigin;

/* A prefix in a list, with where it stands. */
typedef struct ConfPrefix ConfPrefix;
struct ConfPrefix {
        NetPrefix prefix;
        ConfOrigin origin;
        ConfPrefix *prev, *next;
};

/* The head of every kind of section. All text is the arena's. */
typedef struct ConfItem ConfItem;
struct ConfItem {
        ConfKind kind;
        const char *name; /* "" in sections without one */
        ConfOrigin origin;
        ConfOrigin at[CONF_KEYS_MAX]; /* by row of the kind's table of keys */
        ConfItem *prev, *next;
};

typedef enum ConfForwarding {
        FORWARDING_UNSET,
        FORWARDING_NO,
        FORWARDING_IPV4,
        FORWARDING_IPV6,
        FORWARDING_BOTH,
} ConfForwarding;

typedef struct ConfNetwork {
        ConfItem item;
        ConfForwarding forwarding;
} ConfNetwork;

/* [interface NAME] and [wireguard NAME] */
typedef struct ConfDevice {
        ConfItem item;
        ConfPrefix *addresses;
        uint32_t mtu; /* 0: not given */
        bool mtu_auto;
        /* [wireguard] only */
        const char *key_file, *key_credential;
        uint16_t port; /* 0: any */
        uint32_t fwmark;
        bool no_routes; /* to the allowed IPs */
        uint32_t table; /* of the routes to the allowed IPs; 0: main */
        uint32_t metric;
} ConfDevice;

typedef struct ConfPeer {
        ConfItem item;
        const char *device; /* NULL: the only one */
        NetKey public_key;
        bool has_public_key;
        const char *psk_file, *psk_credential;
        const char *endpoint; /* as written */
        ConfPrefix *allowed;
        uint16_t keepalive; /* seconds; 0: none */
} ConfPeer;

typedef struct ConfRoute {
        ConfItem item;
        NetPrefix to; /* family 0: not given; the name may say it */
        NetAddress via, source;
        const char *dev;
        uint32_t metric, table, mtu; /* 0: not given */
        bool onlink;
} ConfRoute;

typedef struct ConfRule {
        ConfItem item;
        uint32_t priority; /* 0: not given */
        NetPrefix from, to;
        const char *iif, *oif;
        uint32_t mark, mask;
        uint32_t table;
        uint8_t family; /* 0: what from and to say, else both */
} ConfRule;

typedef struct ConfSysctl {
        ConfItem item;
        const char *value;
} ConfSysctl;

typedef struct ConfFirewall {
        ConfItem item;
        const char *ports;      /* as written, checked: "7077, 8080-8090" */
        const char *interfaces; /* names; NULL: the WireGuard devices */
        ConfPrefix *allow;
} ConfFirewall;

typedef struct ConfIndex ConfIndex;

typedef struct Conf {
        Arena arena;
        ConfItem *items[CONF_KIND_MAX]; /* in the order of their first mention */
        ConfIndex *index;               /* by kind and name */
        Strv problems;                  /* sentences "FILE:LINE: KEY: why" */
        size_t more_problems;           /* that are not kept */
        const char *file;               /* the file that is read, the arena's */
} Conf;

#define CLEANUP_CONF CLEANUP(conf_done)

/* FOREACH(ConfPeer, peer, conf, CONF_PEER) */
#define CONF_FOREACH(type, variable, conf, kind)                                                   \
        for (type *variable = (type *)(conf)->items[kind]; variable;                               \
             variable = (type *)variable->item.next)

void conf_init(Conf *conf);
void conf_done(Conf *conf);

/* Reads PATH and PATH.d/ *.conf, for a PATH in /etc also the same in /run, and judges it all. 0;
 * -EINVAL with sentences in conf->problems; or -ENOENT, -EACCES ... with one. PATH itself may be
 * absent when `optional`. */
int conf_read(Conf *conf, const char *path, bool optional);

/* Has it not one section? */
bool conf_is_empty(const Conf *conf);

/* One text, and conf_check() apart, for tests and fuzzing. */
int conf_read_text(Conf *conf, const char *file, const char *text, size_t size);
int conf_check(Conf *conf);

ConfItem *conf_find(const Conf *conf, ConfKind kind, const char *name);
/* The device that a peer belongs to, NULL when the configuration does not say which. */
ConfDevice *conf_peer_device(const Conf *conf, const ConfPeer *peer);

/* Does an allowed IP get a route of its own? Not within the subnet of the device's address. */
bool conf_is_routed(const ConfDevice *device, const NetPrefix *allowed);

/* Adds a problem when packets to the endpoint, a name's address perhaps, would go through its own
 * tunnel. 0 or -ENOMEM. */
int conf_check_endpoint(Conf *conf, const ConfPeer *peer, const NetAddress *endpoint);

/* Where a key of an item was given, by the key's name; the section's place if it was not. */
ConfOrigin conf_origin(const ConfItem *item, const char *key);

/* Adds the sentence "FILE:LINE: KEY: ..." (KEY may be NULL). 0 or -ENOMEM. */
int conf_problem(Conf *conf, ConfOrigin at, const char *key, const char *format, ...)
        PRINTF_LIKE(4, 5);
