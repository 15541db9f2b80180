/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The network of a host as values: what it should be (desired.h makes it from the configuration)
 * and what it is (nl-route.h, nl-wireguard.h and sysctl.h read it). plan.h compares two of these.
 *
 * What spark-netsetup makes it marks, so that it knows it again without a file that could be lost:
 * routes, rules and addresses by their protocol number, WireGuard devices by their group, which the
 * kernel sets as it makes them. Of settings that are not ours (a sysctl, the MTU of a network card)
 * a record in /run keeps the value that was before.
 */

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "netsetup/address.h"
#include "netsetup/keys.h"

/* The mark: a protocol number of routes, rules and addresses that no routing daemon uses
 * (/etc/iproute2/rt_protos), and the group of devices. */
#define NETSETUP_MARK 115

#define STATE_ARENA_BYTES ((size_t)256 << 20)

/* Every list is utlist's: prev and next. All text is the arena's, or that of what it was made of.
 * `from` says in desired things where they come from, for the reasons of a plan. */

typedef struct NetLink NetLink;
struct NetLink {
        char name[IFNAMSIZ];
        int index; /* 0 in what is desired */
        bool wireguard;
        bool ours;
        bool up;
        uint32_t mtu;
        const char *from;
        NetLink *prev, *next;
};

typedef struct NetAddr NetAddr;
struct NetAddr {
        char dev[IFNAMSIZ];
        NetPrefix prefix;
        bool ours;
        const char *from;
        NetAddr *prev, *next;
};

typedef struct NetRoute NetRoute;
struct NetRoute {
        NetPrefix to;
        NetAddress via, source; /* family 0: none */
        char dev[IFNAMSIZ];     /* "": the kernel finds it */
        uint32_t metric, table, mtu;
        bool onlink;
        bool ours;
        bool connected; /* the kernel's own, of an address */
        uint8_t protocol;
        const char *from;
        NetRoute *prev, *next;
};

typedef struct NetRule NetRule;
struct NetRule {
        uint8_t family;
        uint32_t priority, table, mark, mask;
        NetPrefix from_subnet, to_subnet; /* family 0: any */
        char iif[IFNAMSIZ], oif[IFNAMSIZ];
        bool ours;
        const char *from;
        NetRule *prev, *next;
};

/* A sysctl ("net.ipv4.ip_forward"), or of a link "mtu/NAME" or "up/NAME". */
typedef struct NetSetting NetSetting;
struct NetSetting {
        const char *name;
        const char *value;    /* NULL: there is none in this kernel, or the link is absent */
        const char *original; /* actual: as recorded before we changed it; else NULL */
        const char *from;
        NetSetting *prev, *next;
};

typedef struct WgPeer WgPeer;
struct WgPeer {
        const char *name; /* in the configuration; NULL in what is read */
        NetKey public_key;
        NetKey psk; /* all zero: none */
        bool psk_unknown;
        NetEndpoint endpoint; /* family 0: none, or its name has no address now */
        const char *endpoint_name;
        uint16_t keepalive;
        NetPrefix *allowed;
        size_t n_allowed, room_allowed;
        uint64_t handshake_sec; /* of the latest, since the epoch; 0: never */
        uint64_t rx_bytes, tx_bytes;
        const char *from;
        WgPeer *prev, *next;
};

typedef struct WgDevice WgDevice;
struct WgDevice {
        char name[IFNAMSIZ];
        bool unreadable; /* actual: only root may see it; desired: the key may not be read */
        NetKey private_key, public_key;
        uint16_t port; /* desired: 0 any */
        uint32_t fwmark;
        WgPeer *peers;
        size_t n_peers;
        const char *from;
        WgDevice *prev, *next;
};

typedef struct NetState {
        Arena arena;
        NetLink *links;
        NetAddr *addresses;
        NetRoute *routes;
        NetRule *rules;
        NetSetting *settings;
        WgDevice *devices;
        uint64_t now_sec; /* when it was read, since the epoch */
} NetState;

#define CLEANUP_STATE CLEANUP(state_done)

void state_init(NetState *state);
/* Wipes the keys and frees all. */
void state_done(NetState *state);

NetLink *state_link(const NetState *state, const char *name);
const NetLink *state_link_by_index(const NetState *state, int index);
WgDevice *state_device(const NetState *state, const char *name);
NetSetting *state_setting(const NetState *state, const char *name);

/* Each makes one at the end of its list, all zero but the name; NULL when out of memory. */
NetLink *state_add_link(NetState *state, const char *name);
NetAddr *state_add_address(NetState *state, const char *dev);
NetRoute *state_add_route(NetState *state);
NetRule *state_add_rule(NetState *state);
NetSetting *state_add_setting(NetState *state, const char *name);
WgDevice *state_add_device(NetState *state, const char *name);
WgPeer *state_add_peer(NetState *state, WgDevice *device);
/* 0 or -ENOMEM. */
int state_add_allowed(NetState *state, WgPeer *peer, const NetPrefix *prefix);
