/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/desired.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/hash.h"

static const char *from_origin(NetState *state, ConfOrigin at)
{
        return arena_printf(&state->arena, "%s:%u", at.file, at.line);
}

static int add_setting(NetState *state, const char *name, const char *value, const char *from)
{
        NetSetting *setting = state_setting(state, name);

        if (!setting)
                setting = state_add_setting(state, name);
        if (!setting)
                return -ENOMEM;
        setting->value = value;
        setting->from = from;
        return value && from ? 0 : -ENOMEM;
}

/* "mtu/NAME" or "up/NAME" */
static int add_link_setting(NetState *state, const char *what, const char *link, uint32_t value,
                            const char *from)
{
        char name[IFNAMSIZ + 8];

        snprintf(name, sizeof name, "%s/%s", what, link);
        return add_setting(state, name, arena_printf(&state->arena, "%u", value), from);
}

static int add_device(const Conf *conf, NetState *state, const ConfDevice *device)
{
        const char *name = device->item.name;
        NetLink *link = state_add_link(state, name);
        const ConfPrefix *p;
        int r = 0;

        if (!link)
                return -ENOMEM;
        link->wireguard = link->ours = device->item.kind == CONF_WIREGUARD;
        link->from = from_origin(state, device->item.origin);
        DL_FOREACH (device->addresses, p) {
                NetAddr *address = state_add_address(state, name);

                if (!address)
                        return -ENOMEM;
                address->prefix = p->prefix;
                address->ours = true;
                address->from = from_origin(state, p->origin);
        }
        if (device->mtu > 0)
                r = add_link_setting(state, "mtu", name, device->mtu,
                                     from_origin(state, conf_origin(&device->item, "mtu")));
        return r < 0 ? r : add_link_setting(state, "up", name, 1, link->from);
}

/* The metric that the kernel gives an IPv6 route without one. */
static uint32_t metric_of(uint32_t metric, uint8_t family)
{
        return metric == 0 && family == AF_INET6 ? 1024 : metric;
}

static NetRoute *add_route(NetState *state, const NetPrefix *to, uint32_t table, uint32_t metric,
                           const char *dev)
{
        NetRoute *route = state_add_route(state);

        if (!route)
                return NULL;
        route->to = *to;
        route->table = table ? table : RT_TABLE_MAIN;
        route->metric = metric_of(metric, to->address.family);
        route->ours = true;
        route->protocol = NETSETUP_MARK;
        if (dev)
                snprintf(route->dev, sizeof route->dev, "%s", dev);
        return route;
}

static int add_peer(const Conf *conf, NetState *state, const ConfPeer *peer)
{
        const ConfDevice *device = conf_peer_device(conf, peer);
        WgDevice *of = device ? state_device(state, device->item.name) : NULL;
        WgPeer *to = of ? state_add_peer(state, of) : NULL;
        const ConfPrefix *p;

        if (!to)
                return -ENOMEM;
        to->name = peer->item.name;
        to->public_key = peer->public_key;
        to->endpoint_name = peer->endpoint;
        to->keepalive = peer->keepalive;
        to->from = from_origin(state, peer->item.origin);
        DL_FOREACH (peer->allowed, p) {
                if (state_add_allowed(state, to, &p->prefix) < 0)
                        return -ENOMEM;
                if (!conf_is_routed(device, &p->prefix))
                        continue;
                NetRoute *route = add_route(state, &p->prefix, device->table, device->metric,
                                            device->item.name);

                if (!route)
                        return -ENOMEM;
                route->from = arena_printf(&state->arena, "allowed-ips of peer %s, %s:%u", to->name,
                                           p->origin.file, p->origin.line);
        }
        return to->from ? 0 : -ENOMEM;
}

static int add_wireguard(const Conf *conf, NetState *state)
{
        CONF_FOREACH(ConfDevice, device, conf, CONF_WIREGUARD)
        {
                WgDevice *to = state_add_device(state, device->item.name);

                if (!to)
                        return -ENOMEM;
                to->port = device->port;
                to->fwmark = device->fwmark;
                to->from = from_origin(state, device->item.origin);
        }
        CONF_FOREACH(ConfPeer, peer, conf, CONF_PEER)
        {
                int r = add_peer(conf, state, peer);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_routes(const Conf *conf, NetState *state)
{
        CONF_FOREACH(ConfRoute, route, conf, CONF_ROUTE)
        {
                NetRoute *to =
                        add_route(state, &route->to, route->table, route->metric, route->dev);

                if (!to)
                        return -ENOMEM;
                to->via = route->via;
                to->source = route->source;
                to->mtu = route->mtu;
                to->onlink = route->onlink;
                to->from = from_origin(state, route->item.origin);
        }
        return 0;
}

static int add_rule(NetState *state, const ConfRule *rule, uint8_t family)
{
        NetRule *to = state_add_rule(state);

        if (!to)
                return -ENOMEM;
        to->family = family;
        to->priority = rule->priority;
        to->table = rule->table;
        to->mark = rule->mark;
        to->mask = rule->mask;
        if (rule->from.length > 0) /* any address is no condition */
                to->from_subnet = rule->from;
        if (rule->to.length > 0)
                to->to_subnet = rule->to;
        to->ours = true;
        if (rule->iif)
                snprintf(to->iif, sizeof to->iif, "%s", rule->iif);
        if (rule->oif)
                snprintf(to->oif, sizeof to->oif, "%s", rule->oif);
        to->from = from_origin(state, rule->item.origin);
        return to->from ? 0 : -ENOMEM;
}

static int add_rules(const Conf *conf, NetState *state)
{
        CONF_FOREACH(ConfRule, rule, conf, CONF_RULE)
        {
                uint8_t family = rule->from.address.family ? rule->from.address.family
                                 : rule->to.address.family ? rule->to.address.family
                                                           : rule->family;
                int r = 0;

                if (family != AF_INET6)
                        r = add_rule(state, rule, AF_INET);
                if (r >= 0 && family != AF_INET)
                        r = add_rule(state, rule, AF_INET6);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_sysctls(const Conf *conf, NetState *state)
{
        int r = 0;

        CONF_FOREACH(ConfNetwork, network, conf, CONF_NETWORK)
        {
                ConfForwarding f = network->forwarding;
                const char *from = from_origin(state, conf_origin(&network->item, "forwarding"));
                const char *v4 = f == FORWARDING_IPV4 || f == FORWARDING_BOTH ? "1" : "0";
                const char *v6 = f == FORWARDING_IPV6 || f == FORWARDING_BOTH ? "1" : "0";

                if (f == FORWARDING_UNSET)
                        continue;
                r = add_setting(state, "net.ipv4.ip_forward", v4, from);
                if (r >= 0)
                        r = add_setting(state, "net.ipv6.conf.all.forwarding", v6, from);
                if (r < 0)
                        return r;
        }
        CONF_FOREACH(ConfSysctl, sysctl, conf, CONF_SYSCTL)
        {
                r = add_setting(state, sysctl->item.name, sysctl->value,
                                from_origin(state, sysctl->item.origin));
                if (r < 0)
                        return r;
        }
        return 0;
}

int desired_make(const Conf *conf, NetState *ret)
{
        static int (*const parts[])(const Conf *, NetState *) = { add_wireguard, add_routes,
                                                                  add_rules, add_sysctls };
        int r = 0;

        CONF_FOREACH(ConfDevice, device, conf, CONF_INTERFACE)
        {
                if (r >= 0)
                        r = add_device(conf, ret, device);
        }
        CONF_FOREACH(ConfDevice, device, conf, CONF_WIREGUARD)
        {
                if (r >= 0)
                        r = add_device(conf, ret, device);
        }
        for (size_t i = 0; i < ARRAY_SIZE(parts) && r >= 0; i++)
                r = parts[i](conf, ret);
        return r;
}

/* ---- keys and names ---- */

/* -ENXIO: a credential, and systemd gave none. */
static int read_secret(const char *file, const char *credential, NetKey *ret)
{
        const char *dir = getenv("CREDENTIALS_DIRECTORY");

        if (file)
                return key_read_file(file, ret);
        if (!dir)
                return -ENXIO;
        CLEANUP_FREE char *path = path_join(dir, credential);

        return path ? key_read_file(path, ret) : -ENOMEM;
}

static bool everybody_may_read(const char *path)
{
        struct stat st;

        return stat(path, &st) >= 0 && (st.st_mode & (S_IROTH | S_IWOTH)) != 0;
}

/* Reads one; 1 when it is there, 0 when it is only noted that it is not. */
static int get_secret(Conf *conf, ConfOrigin at, const char *file, const char *credential,
                      const char *key, Strv *notes, NetKey *ret)
{
        const char *source = file ? file : credential;
        int r = read_secret(file, credential, ret);

        if (r >= 0 && file && everybody_may_read(file))
                r = strv_addf(notes, "%s:%u: %s: every user of this host has access to %s", at.file,
                              at.line, key, file);
        if (r >= 0)
                return 1;
        if (r == -ENOMEM)
                return r;
        if ((r == -EACCES || r == -EPERM || r == -ENXIO) && geteuid() != 0)
                return strv_addf(notes, "%s:%u: %s: %s cannot be read by this user: not compared",
                                 at.file, at.line, key, source);
        return conf_problem(conf, at, key, "%s: %s", source,
                            r == -EINVAL  ? "does not hold one key of 44 characters of base64"
                            : r == -ENXIO ? "systemd has given no credential: set it in the unit "
                                            "(LoadCredential=)"
                                          : strerror(-r));
}

static int resolve_device_key(Conf *conf, const ConfDevice *from, WgDevice *to, Strv *notes)
{
        const char *key = from->key_file ? "private-key-file" : "private-key-credential";
        int r = get_secret(conf, conf_origin(&from->item, key), from->key_file,
                           from->key_credential, key, notes, &to->private_key);

        to->unreadable = r <= 0;
        if (r > 0)
                r = key_public(&to->private_key, &to->public_key);
        return r;
}

static int resolve_psk(Conf *conf, const ConfPeer *from, WgPeer *to, Strv *notes)
{
        const char *key = from->psk_file ? "preshared-key-file" : "preshared-key-credential";

        if (!from->psk_file && !from->psk_credential)
                return 0;
        int r = get_secret(conf, conf_origin(&from->item, key), from->psk_file,
                           from->psk_credential, key, notes, &to->psk);

        to->psk_unknown = r <= 0;
        return r;
}

static int resolve_endpoint(Conf *conf, const ConfPeer *from, WgPeer *to, Strv *notes,
                            bool may_wait)
{
        struct addrinfo *found = NULL,
                        hints = { .ai_socktype = SOCK_DGRAM, .ai_flags = AI_ADDRCONFIG };
        CLEANUP_FREE char *host = NULL;
        uint16_t port;
        int r = endpoint_split(from->endpoint, &host, &port);

        if (r < 0)
                return r;
        if (address_parse(host, &to->endpoint.address) == 0) {
                to->endpoint.port = port; /* conf_check() has seen it */
                return 0;
        }
        if (!may_wait) /* it keeps what it has */
                return 0;
        r = getaddrinfo(host, NULL, &hints, &found);
        if (r == EAI_MEMORY)
                return -ENOMEM;
        if (r != 0)
                return strv_addf(notes,
                                 "%s:%u: endpoint: %s has no address now (%s): the peer %s "
                                 "keeps the one it has",
                                 conf_origin(&from->item, "endpoint").file,
                                 conf_origin(&from->item, "endpoint").line, host, gai_strerror(r),
                                 from->item.name);
        r = endpoint_from_sockaddr(found->ai_addr, &to->endpoint);
        freeaddrinfo(found);
        to->endpoint.port = port;
        return r < 0 ? 0 : conf_check_endpoint(conf, from, &to->endpoint.address);
}

static int check_own_key(Conf *conf, const ConfPeer *from, const WgDevice *device)
{
        if (device->unreadable || !key_equal(&from->public_key, &device->public_key))
                return 0;
        return conf_problem(conf, conf_origin(&from->item, "public-key"), "public-key",
                            "the key of %s itself", device->name);
}

int desired_resolve(Conf *conf, NetState *desired, Strv *notes, bool may_wait)
{
        int r = 0;

        CONF_FOREACH(ConfDevice, from, conf, CONF_WIREGUARD)
        {
                WgDevice *device = state_device(desired, from->item.name);

                if (r >= 0)
                        r = resolve_device_key(conf, from, device, notes);
        }
        /* Both lists have the peers in the same order, by device. */
        for (WgDevice *device = desired->devices; device; device = device->next) {
                WgPeer *to = device->peers;

                CONF_FOREACH(ConfPeer, from, conf, CONF_PEER)
                {
                        if (r < 0 || !to || strcmp(to->name, from->item.name) != 0)
                                continue;
                        r = check_own_key(conf, from, device);
                        if (r >= 0)
                                r = resolve_psk(conf, from, to, notes);
                        if (r >= 0 && from->endpoint)
                                r = resolve_endpoint(conf, from, to, notes, may_wait);
                        to = to->next;
                }
        }
        return r < 0 ? r : conf->problems.length > 0 ? -EINVAL : 0;
}

/* ---- what depends on the host ---- */

int desired_set_auto_mtu(NetState *desired, const NetState *actual, const ConfDevice *device,
                         uint32_t measured)
{
        const char *name = device->item.name;
        const NetLink *link = state_link(actual, name);
        uint32_t mtu = measured > 0 ? measured : link ? link->mtu : DESIRED_MTU_DEFAULT;
        const char *why = measured > 0 ? "measured" : link ? "not measured, kept" : "not measured";
        ConfOrigin at = conf_origin(&device->item, "mtu");

        return add_link_setting(
                desired, "mtu", name, mtu,
                arena_printf(&desired->arena, "auto: %s, %s:%u", why, at.file, at.line));
}

int desired_keep_router_advertisements(NetState *desired, const NetState *actual)
{
        const NetSetting *forwarding = state_setting(desired, "net.ipv6.conf.all.forwarding");
        int r = 0;

        if (!forwarding || strcmp(forwarding->value, "1") != 0)
                return 0;
        for (const NetLink *link = actual->links; link && r >= 0; link = link->next) {
                char name[IFNAMSIZ + 40];

                /* A dot in the name of an interface is written as a slash, as sysctl(8) does. */
                int n = snprintf(name, sizeof name, "net.ipv6.conf.%s.accept_ra", link->name);

                for (int i = 14; i < n - 10; i++)
                        if (name[i] == '.')
                                name[i] = '/';
                const NetSetting *now = state_setting(actual, name);

                if (!now || !now->value)
                        continue;
                if (strcmp(now->value, "1") == 0 ||
                    (now->original && strcmp(now->original, "1") == 0))
                        r = add_setting(desired, now->name, "2",
                                        "the default route is a router's, and forwarding ends "
                                        "listening to routers");
        }
        return r;
}
