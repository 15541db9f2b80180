/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be said of a configuration by itself: what is missing, what contradicts itself, what
 * would cut a tunnel off from its own endpoint. plan.c judges it beside what the host has.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "base/hash.h"
#include "netsetup/conf.h"

/* Who claims a subnet on a device, or to which place a route goes. */
typedef struct Claim {
        struct ClaimKey {
                const void *scope; /* the device */
                uint32_t table, metric;
                NetPrefix prefix;
        } __attribute__((packed)) key; /* compared as bytes */
        const ConfItem *by;
        ConfOrigin origin;
        UT_hash_handle hh;
} Claim;

/* The one who has the claim: `by` itself when it is new, NULL when out of memory. */
static const Claim *claim(Conf *conf, Claim **claims, const struct ClaimKey *key,
                          const ConfItem *by, ConfOrigin origin)
{
        Claim *c;

        HASH_FIND(hh, *claims, key, sizeof *key, c);
        if (c)
                return c;
        c = arena_new(&conf->arena, Claim);
        if (!c)
                return NULL;
        memcpy(&c->key, key, sizeof *key);
        c->by = by;
        c->origin = origin;
        HASH_ADD(hh, *claims, key, sizeof c->key, c);
        return hash_added(c) ? c : NULL;
}

static struct ClaimKey claim_key(const void *scope, uint32_t table, uint32_t metric,
                                 const NetPrefix *prefix)
{
        return (struct ClaimKey){ scope, table, metric, *prefix };
}

static void claims_free(Claim **claims)
{
        HASH_CLEAR(hh, *claims);
}

ConfDevice *conf_peer_device(const Conf *conf, const ConfPeer *peer)
{
        ConfItem *devices = conf->items[CONF_WIREGUARD];

        if (peer->device)
                return (ConfDevice *)conf_find(conf, CONF_WIREGUARD, peer->device);
        return devices && !devices->next ? (ConfDevice *)devices : NULL;
}

/* ---- devices ---- */

/* IPv6 has none. */
static bool is_broadcast(const NetPrefix *p)
{
        const NetAddress highest = prefix_last(p);

        return p->address.family == AF_INET && address_equal(&highest, &p->address);
}

static int check_addresses(Conf *conf, const ConfDevice *device)
{
        const ConfPrefix *p;
        int r = 0;

        DL_FOREACH (device->addresses, p) {
                char text[PREFIX_TEXT_SIZE];
                NetPrefix subnet = prefix_subnet(&p->prefix);

                if (r >= 0 && device->mtu > 0 && device->mtu < 1280 &&
                    p->prefix.address.family == AF_INET6)
                        r = conf_problem(conf, conf_origin(&device->item, "mtu"), "mtu",
                                         "IPv6 needs 1280 at least");
                const char *what = p->prefix.length >= address_bits(&p->prefix.address) - 1 ? NULL
                                   : address_equal(&subnet.address, &p->prefix.address)
                                           ? "the subnet, not an address in it"
                                   : is_broadcast(&p->prefix)
                                           ? "the broadcast address of the subnet"
                                           : NULL;
                if (address_is_multicast(&p->prefix.address))
                        what = "a multicast address";
                if (r >= 0 && what)
                        r = conf_problem(conf, p->origin, "address", "%s is %s",
                                         prefix_format(&p->prefix, text), what);
        }
        return r;
}

static int check_device(Conf *conf, const ConfDevice *device)
{
        const ConfItem *item = &device->item;
        const ConfItem *twin = conf_find(
                conf, item->kind == CONF_WIREGUARD ? CONF_INTERFACE : CONF_WIREGUARD, item->name);
        int r = check_addresses(conf, device);

        if (item->kind != CONF_WIREGUARD || r < 0)
                return r;
        if (twin)
                r = conf_problem(conf, item->origin, NULL,
                                 "%s is also the [interface] of %s:%u; its addresses and MTU "
                                 "belong into [wireguard]",
                                 item->name, twin->origin.file, twin->origin.line);
        if (r >= 0 && !device->key_file == !device->key_credential)
                r = conf_problem(conf, item->origin, NULL,
                                 "%s needs private-key-file or private-key-credential, one of them",
                                 item->name);
        CONF_FOREACH(ConfDevice, other, conf, CONF_WIREGUARD)
        {
                if (other == device)
                        break;
                if (r >= 0 && device->port != 0 && other->port == device->port)
                        r = conf_problem(conf, conf_origin(item, "listen-port"), "listen-port",
                                         "%u is the port of %s already", device->port,
                                         other->item.name);
        }
        return r;
}

static int check_overlap(Conf *conf, const ConfDevice *a, const ConfDevice *b)
{
        const ConfPrefix *p, *q;
        int r = 0;

        DL_FOREACH (a->addresses, p)
                DL_FOREACH (b->addresses, q) {
                        char mine[PREFIX_TEXT_SIZE], other[PREFIX_TEXT_SIZE];

                        if (r < 0 || !prefix_overlaps(&p->prefix, &q->prefix) ||
                            (address_is_link_local(&p->prefix.address) &&
                             p->prefix.address.family == AF_INET6))
                                continue;
                        r = conf_problem(conf, q->origin, "address",
                                         "the subnet of %s overlaps with that of %s on %s",
                                         prefix_format(&q->prefix, other),
                                         prefix_format(&p->prefix, mine), a->item.name);
                }
        return r;
}

static const ConfKind device_kinds[] = { CONF_INTERFACE, CONF_WIREGUARD };

static int check_devices(Conf *conf)
{
        int r = 0;

        for (size_t i = 0; i < ARRAY_SIZE(device_kinds); i++)
                CONF_FOREACH(ConfDevice, device, conf, device_kinds[i])
                {
                        if (r >= 0)
                                r = check_device(conf, device);
                        for (size_t k = 0; k <= i; k++)
                                CONF_FOREACH(ConfDevice, other, conf, device_kinds[k])
                                {
                                        if (other == device)
                                                break;
                                        if (r >= 0)
                                                r = check_overlap(conf, other, device);
                                }
                }
        return r;
}

/* ---- peers ---- */

static int check_allowed(Conf *conf, Claim **claims, const ConfDevice *device, const ConfPeer *peer)
{
        const ConfPrefix *p;

        DL_FOREACH (peer->allowed, p) {
                struct ClaimKey key = claim_key(device, 0, 0, &p->prefix);
                const Claim *c = claim(conf, claims, &key, &peer->item, p->origin);
                char text[PREFIX_TEXT_SIZE];

                if (!c)
                        return -ENOMEM;
                if (c->by == &peer->item)
                        continue;
                int r = conf_problem(conf, p->origin, "allowed-ips",
                                     "%s is claimed by the peer %s already (%s:%u)",
                                     prefix_format(&p->prefix, text), c->by->name, c->origin.file,
                                     c->origin.line);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* A public key is claimed as if it were an address: 16 bytes of it tell keys apart well enough to
 * look closer. */
static int check_twice(Conf *conf, Claim **claims, const ConfDevice *device, const ConfPeer *peer)
{
        NetPrefix half = { .address = address_from_bytes(peer->public_key.bytes, 16) };
        struct ClaimKey key = claim_key(device, 0, 0, &half);
        const Claim *c = claim(conf, claims, &key, &peer->item, peer->item.origin);

        if (!c)
                return -ENOMEM;
        if (c->by == &peer->item ||
            !key_equal(&((const ConfPeer *)c->by)->public_key, &peer->public_key))
                return 0;
        return conf_problem(conf, conf_origin(&peer->item, "public-key"), "public-key",
                            "the peer %s (%s:%u) has the same key", c->by->name, c->by->origin.file,
                            c->by->origin.line);
}

static int check_peer(Conf *conf, Claim **allowed, Claim **keys, const ConfPeer *peer)
{
        const ConfItem *item = &peer->item;
        const ConfDevice *device = conf_peer_device(conf, peer);

        if (!device)
                return peer->device ? conf_problem(conf, conf_origin(item, "device"), "device",
                                                   "there is no [wireguard %s]", peer->device)
                                    : conf_problem(conf, item->origin, NULL,
                                                   "the peer %s needs a device: there is not one "
                                                   "[wireguard] section",
                                                   item->name);
        if (!peer->has_public_key) /* said already when it was given and is none */
                return conf_origin(item, "public-key").line != item->origin.line ||
                                       conf->problems.length > 0
                               ? 0
                               : conf_problem(conf, item->origin, NULL,
                                              "the peer %s has no public-key", item->name);
        if (peer->psk_file && peer->psk_credential)
                return conf_problem(conf, conf_origin(item, "preshared-key-credential"),
                                    "preshared-key-credential",
                                    "the peer %s has a preshared-key-file already", item->name);
        int r = check_twice(conf, keys, device, peer);
        return r < 0 ? r : check_allowed(conf, allowed, device, peer);
}

/* Is there, by the configuration, a way to the address that is not the tunnel and wins over a route
 * with this length? */
static bool has_other_way(const Conf *conf, const ConfDevice *tunnel, const NetAddress *to,
                          unsigned length)
{
        CONF_FOREACH(ConfDevice, device, conf, CONF_INTERFACE)
        {
                const ConfPrefix *p;

                DL_FOREACH (device->addresses, p)
                        if (p->prefix.length > length && prefix_contains(&p->prefix, to))
                                return true;
        }
        CONF_FOREACH(ConfRoute, route, conf, CONF_ROUTE)
        {
                bool tunnelled = route->dev && strcmp(route->dev, tunnel->item.name) == 0;

                if (!tunnelled && route->to.length > length && prefix_contains(&route->to, to))
                        return true;
        }
        return false;
}

static int tell_inside(Conf *conf, const ConfPeer *peer, const NetAddress *endpoint,
                       const NetPrefix *prefix, const char *what, const char *name)
{
        char address[ADDRESS_TEXT_SIZE], subnet[PREFIX_TEXT_SIZE];

        return conf_problem(conf, conf_origin(&peer->item, "endpoint"), "endpoint",
                            "%s is inside the tunnel: in %s, %s %s; its packets would be sent "
                            "through themselves",
                            address_format(endpoint, address), prefix_format(prefix, subnet), what,
                            name);
}

int conf_check_endpoint(Conf *conf, const ConfPeer *peer, const NetAddress *endpoint)
{
        const ConfDevice *device = conf_peer_device(conf, peer);
        const ConfPrefix *p;

        /* Packets with a mark may have rules of their own, and routes in another table, too. */
        if (!device || device->fwmark != 0)
                return 0;
        DL_FOREACH (device->addresses, p)
                if (prefix_contains(&p->prefix, endpoint) &&
                    !has_other_way(conf, device, endpoint, p->prefix.length))
                        return tell_inside(conf, peer, endpoint, &p->prefix, "the address of",
                                           device->item.name);
        CONF_FOREACH(ConfPeer, other, conf, CONF_PEER)
        {
                if (device->no_routes || (device->table != 0 && device->table != RT_TABLE_MAIN))
                        break;
                DL_FOREACH (other->allowed, p)
                        if (prefix_contains(&p->prefix, endpoint) &&
                            conf_peer_device(conf, other) == device &&
                            !has_other_way(conf, device, endpoint, p->prefix.length))
                                return tell_inside(conf, peer, endpoint, &p->prefix,
                                                   "allowed-ips of", other->item.name);
        }
        CONF_FOREACH(ConfRoute, route, conf, CONF_ROUTE)
        {
                if (!route->dev || strcmp(route->dev, device->item.name) != 0 ||
                    (route->table != 0 && route->table != RT_TABLE_MAIN))
                        continue;
                if (prefix_contains(&route->to, endpoint) &&
                    !has_other_way(conf, device, endpoint, route->to.length))
                        return tell_inside(conf, peer, endpoint, &route->to, "to which route",
                                           route->item.name);
        }
        return 0;
}

static int check_peers(Conf *conf)
{
        CLEANUP(claims_free) Claim *allowed = NULL;
        CLEANUP(claims_free) Claim *keys = NULL;
        int r = 0;

        CONF_FOREACH(ConfPeer, peer, conf, CONF_PEER)
        {
                if (r >= 0)
                        r = check_peer(conf, &allowed, &keys, peer);
        }
        CONF_FOREACH(ConfPeer, peer, conf, CONF_PEER)
        {
                CLEANUP_FREE char *host = NULL;
                NetAddress address;
                uint16_t port;

                if (r < 0)
                        break;
                if (peer->endpoint && endpoint_split(peer->endpoint, &host, &port) == 0 &&
                    address_parse(host, &address) == 0)
                        r = conf_check_endpoint(conf, peer, &address);
        }
        return r;
}

/* ---- routes and rules ---- */

static bool is_own_address(const Conf *conf, const NetAddress *a)
{
        for (size_t i = 0; i < ARRAY_SIZE(device_kinds); i++)
                CONF_FOREACH(ConfDevice, device, conf, device_kinds[i])
                {
                        const ConfPrefix *p;

                        DL_FOREACH (device->addresses, p)
                                if (address_equal(&p->prefix.address, a))
                                        return true;
                }
        return false;
}

static int check_gateway(Conf *conf, const ConfRoute *route)
{
        ConfOrigin at = conf_origin(&route->item, "via");

        if (route->via.family == 0)
                return route->onlink ? conf_problem(conf, conf_origin(&route->item, "onlink"),
                                                    "onlink", "there is no via")
                                     : 0;
        if (route->via.family != route->to.address.family)
                return conf_problem(conf, at, "via", "not of the same family as the subnet");
        if (is_own_address(conf, &route->via))
                return conf_problem(conf, at, "via",
                                    "an address of this host: the route would lead to itself");
        if (route->to.length == address_bits(&route->to.address) &&
            address_equal(&route->to.address, &route->via) && !route->onlink)
                return conf_problem(conf, at, "via", "the route would lead through itself");
        if (route->onlink && !route->dev)
                return conf_problem(conf, conf_origin(&route->item, "onlink"), "onlink",
                                    "needs a dev");
        return 0;
}

/* A route to what an interface reaches by its own address is either the same or a contradiction. */
static int check_connected(Conf *conf, const ConfRoute *route)
{
        if (route->table != 0 && route->table != RT_TABLE_MAIN)
                return 0;
        for (size_t i = 0; i < ARRAY_SIZE(device_kinds); i++)
                CONF_FOREACH(ConfDevice, device, conf, device_kinds[i])
                {
                        const ConfPrefix *p;

                        DL_FOREACH (device->addresses, p) {
                                NetPrefix subnet = prefix_subnet(&p->prefix);
                                char text[PREFIX_TEXT_SIZE];

                                if (prefix_equal(&subnet, &route->to))
                                        return conf_problem(conf, conf_origin(&route->item, "to"),
                                                            "to", "%s is the subnet of %s itself",
                                                            prefix_format(&route->to, text),
                                                            device->item.name);
                        }
                }
        return 0;
}

static int check_route(Conf *conf, Claim **claims, ConfRoute *route)
{
        char text[PREFIX_TEXT_SIZE];
        int r;

        if (route->to.address.family == 0 &&
            (prefix_parse(route->item.name, &route->to) < 0 || prefix_has_host_bits(&route->to))) {
                route->to = (NetPrefix){ 0 };
                return conf_problem(conf, route->item.origin, NULL,
                                    "the route %s has no to, and its name is not a subnet",
                                    route->item.name);
        }
        if (route->via.family == 0 && !route->dev)
                return conf_problem(conf, route->item.origin, NULL, "the route %s needs via or dev",
                                    route->item.name);
        if (route->source.family != 0 && route->source.family != route->to.address.family)
                return conf_problem(conf, conf_origin(&route->item, "source"), "source",
                                    "not of the same family as the subnet");
        uint32_t table = route->table ? route->table : RT_TABLE_MAIN;
        struct ClaimKey key = claim_key(NULL, table, route->metric, &route->to);
        const Claim *c = claim(conf, claims, &key, &route->item, route->item.origin);

        if (!c)
                return -ENOMEM;
        if (c->by != &route->item)
                return conf_problem(conf, conf_origin(&route->item, "to"), "to",
                                    "%s overlaps with the route %s (%s:%u): give it another metric "
                                    "or table",
                                    prefix_format(&route->to, text), c->by->name, c->origin.file,
                                    c->origin.line);
        r = check_gateway(conf, route);
        return r < 0 ? r : check_connected(conf, route);
}

static int check_rule(Conf *conf, ConfRule *rule)
{
        uint8_t from = rule->from.address.family, to = rule->to.address.family;

        if (rule->table == 0)
                return conf_problem(conf, rule->item.origin, NULL, "the rule %s has no table",
                                    rule->item.name);
        if (rule->priority == 0 || rule->priority >= 32766)
                return conf_problem(conf, conf_origin(&rule->item, "priority"), "priority",
                                    "the rule %s needs one from 1 to 32765", rule->item.name);
        if ((from && to && from != to) || (rule->family && from && from != rule->family) ||
            (rule->family && to && to != rule->family))
                return conf_problem(conf, rule->item.origin, NULL,
                                    "the rule %s is of IPv4 and of IPv6", rule->item.name);
        return 0;
}

bool conf_is_routed(const ConfDevice *device, const NetPrefix *allowed)
{
        const ConfPrefix *p;

        if (device->no_routes)
                return false;
        /* The kernel has a route to the subnet of an address. */
        DL_FOREACH (device->addresses, p)
                if (p->prefix.length <= allowed->length &&
                    prefix_contains(&p->prefix, &allowed->address))
                        return false;
        return true;
}

/* The routes to allowed IPs beside those of other devices and of [route] sections. */
static int check_allowed_routes(Conf *conf, Claim **claims, const ConfPeer *peer)
{
        const ConfDevice *device = conf_peer_device(conf, peer);
        const ConfPrefix *p;
        char text[PREFIX_TEXT_SIZE];
        int r = 0;

        DL_FOREACH (peer->allowed, p) {
                if (r < 0 || !device || !conf_is_routed(device, &p->prefix))
                        continue;
                struct ClaimKey key = claim_key(NULL, device->table ? device->table : RT_TABLE_MAIN,
                                                device->metric, &p->prefix);
                const Claim *c = claim(conf, claims, &key, &device->item, p->origin);

                if (!c)
                        return -ENOMEM;
                if (c->by != &device->item)
                        r = conf_problem(conf, p->origin, "allowed-ips",
                                         "%s is routed to %s already (%s:%u)",
                                         prefix_format(&p->prefix, text), c->by->name,
                                         c->origin.file, c->origin.line);
        }
        return r;
}

int conf_check(Conf *conf)
{
        CLEANUP(claims_free) Claim *claims = NULL;
        int r = check_devices(conf);

        CONF_FOREACH(ConfRoute, route, conf, CONF_ROUTE)
        {
                if (r >= 0)
                        r = check_route(conf, &claims, route);
        }
        CONF_FOREACH(ConfRule, rule, conf, CONF_RULE)
        {
                if (r >= 0)
                        r = check_rule(conf, rule);
        }
        if (r >= 0)
                r = check_peers(conf);
        CONF_FOREACH(ConfPeer, peer, conf, CONF_PEER)
        {
                if (r >= 0)
                        r = check_allowed_routes(conf, &claims, peer);
        }
        return r < 0 ? r : conf->problems.length > 0 ? -EINVAL : 0;
}
