/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/nl-route.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include <netlink/attr.h>
#include <netlink/cache.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/route/link.h>
#include <netlink/route/rule.h>

#include "base/parse.h"

#define READ_TRIES  5   /* of a list that changes while it is read */
#define ROUTE_BYTES 192 /* of the message with every attribute */

static void cache_freep(struct nl_cache **cache)
{
        if (*cache)
                nl_cache_free(*cache);
}

static void link_freep(struct rtnl_link **link)
{
        rtnl_link_put(*link);
}

static void rule_freep(struct rtnl_rule **rule)
{
        rtnl_rule_put(*rule);
}

static void addr_freep(struct nl_addr **addr)
{
        nl_addr_put(*addr);
}

#define CLEANUP_CACHE CLEANUP(cache_freep)
#define CLEANUP_LINK  CLEANUP(link_freep)
#define CLEANUP_RULE  CLEANUP(rule_freep)
#define CLEANUP_ADDR  CLEANUP(addr_freep)

static void copy_name(char to[IFNAMSIZ], const char *from)
{
        snprintf(to, IFNAMSIZ, "%s", from ? from : "");
}

/* ---- addresses of libnl ---- */

static NetAddress address_of(struct nl_addr *a)
{
        if (!a)
                return (NetAddress){ 0 };
        return address_from_bytes(nl_addr_get_binary_addr(a), nl_addr_get_len(a));
}

/* Of a route or rule, where "any" has no bytes. */
static NetPrefix prefix_of(struct nl_addr *a, int family)
{
        NetPrefix p = { .address = address_of(a) };

        if (p.address.family != 0)
                p.length = (uint8_t)nl_addr_get_prefixlen(a);
        p.address.family = (uint8_t)family;
        return p;
}

static struct nl_addr *nl_address(const NetAddress *a, unsigned length)
{
        struct nl_addr *to = nl_addr_build(a->family, a->bytes, address_size(a));

        if (to)
                nl_addr_set_prefixlen(to, (int)length);
        return to;
}

/* ---- reading ---- */

static int read_links(Netlink *n, NetState *state)
{
        CLEANUP_CACHE struct nl_cache *cache = NULL;
        int r = rtnl_link_alloc_cache(netlink_sock(n), AF_UNSPEC, &cache);

        if (r < 0)
                return netlink_errno(r);
        for (struct nl_object *o = nl_cache_get_first(cache); o; o = nl_cache_get_next(o)) {
                struct rtnl_link *from = (struct rtnl_link *)o;
                const char *type = rtnl_link_get_type(from);
                NetLink *link = state_add_link(state, rtnl_link_get_name(from));

                if (!link)
                        return -ENOMEM;
                link->index = rtnl_link_get_ifindex(from);
                link->wireguard = type && strcmp(type, "wireguard") == 0;
                link->ours = link->wireguard && rtnl_link_get_group(from) == NETSETUP_MARK;
                link->up = rtnl_link_get_flags(from) & IFF_UP;
                link->mtu = rtnl_link_get_mtu(from);
        }
        return 0;
}

/* libnl's addresses know nothing of the protocol number, so these messages are taken apart here. */
static int take_address(void *user, struct nlmsghdr *h)
{
        NetState *state = user;
        const struct ifaddrmsg *m = nlmsg_data(h);
        struct nlattr *a[IFA_MAX + 1];

        if (h->nlmsg_type != RTM_NEWADDR || nlmsg_parse(h, sizeof *m, a, IFA_MAX, NULL) < 0 ||
            (!a[IFA_LOCAL] && !a[IFA_ADDRESS]))
                return 0;
        const struct nlattr *bytes = a[IFA_LOCAL] ? a[IFA_LOCAL] : a[IFA_ADDRESS];
        const NetLink *link = state_link_by_index(state, (int)m->ifa_index);
        NetAddr *to = link ? state_add_address(state, link->name) : NULL;

        if (!to)
                return link ? -ENOMEM : -EAGAIN;
        to->prefix.address = address_from_bytes(nla_data(bytes), (size_t)nla_len(bytes));
        to->prefix.length = m->ifa_prefixlen;
        to->ours = a[IFA_PROTO] && nla_get_u8(a[IFA_PROTO]) == NETSETUP_MARK;
        return 0;
}

static int dump(Netlink *n, int type, void *any, size_t size, NetlinkEach take, NetState *state)
{
        CLEANUP_MSG struct nl_msg *msg = nlmsg_alloc_simple(type, 0);

        if (!msg || nlmsg_append(msg, any, size, NLMSG_ALIGNTO) < 0)
                return -ENOMEM;
        return netlink_dump(n, msg, take, state);
}

static int read_addresses(Netlink *n, NetState *state)
{
        struct ifaddrmsg any = { .ifa_family = AF_UNSPEC };

        return dump(n, RTM_GETADDR, &any, sizeof any, take_address, state);
}

static NetAddress address_in(const struct nlattr *a)
{
        return a ? address_from_bytes(nla_data(a), (size_t)nla_len(a)) : (NetAddress){ 0 };
}

static uint32_t number_in(const struct nlattr *a, uint32_t otherwise)
{
        return a && nla_len(a) >= (int)sizeof(uint32_t) ? nla_get_u32(a) : otherwise;
}

static uint32_t mtu_in(struct nlattr *metrics)
{
        struct nlattr *a[RTAX_MAX + 1];

        return metrics && nla_parse_nested(a, RTAX_MAX, metrics, NULL) >= 0
                       ? number_in(a[RTAX_MTU], 0)
                       : 0;
}

/* A route to several gateways (RTA_MULTIPATH) is never ours, and is kept without any. */
static int take_route(void *user, struct nlmsghdr *h)
{
        NetState *state = user;
        const struct rtmsg *m = nlmsg_data(h);
        struct nlattr *a[RTA_MAX + 1];
        NetRoute *to;

        if (h->nlmsg_type != RTM_NEWROUTE || nlmsg_parse(h, sizeof *m, a, RTA_MAX, NULL) < 0 ||
            (m->rtm_family != AF_INET && m->rtm_family != AF_INET6) ||
            m->rtm_flags & RTM_F_CLONED || number_in(a[RTA_TABLE], m->rtm_table) == RT_TABLE_LOCAL)
                return 0;
        const NetLink *link = state_link_by_index(state, (int)number_in(a[RTA_OIF], 0));

        to = state_add_route(state);
        if (!to)
                return -ENOMEM;
        to->to.address = address_in(a[RTA_DST]);
        to->to.address.family = m->rtm_family;
        to->to.length = m->rtm_dst_len;
        to->table = number_in(a[RTA_TABLE], m->rtm_table);
        to->metric = number_in(a[RTA_PRIORITY], 0);
        to->protocol = m->rtm_protocol;
        to->ours = to->protocol == NETSETUP_MARK;
        to->connected = to->protocol == RTPROT_KERNEL;
        to->via = address_in(a[RTA_GATEWAY]);
        to->source = address_in(a[RTA_PREFSRC]);
        to->mtu = mtu_in(a[RTA_METRICS]);
        to->onlink = m->rtm_flags & RTNH_F_ONLINK;
        copy_name(to->dev, link ? link->name : NULL);
        return 0;
}

static int read_routes(Netlink *n, NetState *state)
{
        struct rtmsg any = { .rtm_family = AF_UNSPEC };

        return dump(n, RTM_GETROUTE, &any, sizeof any, take_route, state);
}

static NetPrefix rule_subnet(struct nl_addr *a, int family)
{
        NetPrefix p = prefix_of(a, family);

        return p.length > 0 ? p : (NetPrefix){ 0 };
}

static int take_rule(NetState *state, struct rtnl_rule *from)
{
        NetRule *to = state_add_rule(state);
        uint8_t protocol = 0;

        if (!to)
                return -ENOMEM;
        to->family = (uint8_t)rtnl_rule_get_family(from);
        to->priority = rtnl_rule_get_prio(from);
        to->table = rtnl_rule_get_table(from);
        to->mark = rtnl_rule_get_mark(from);
        to->mask = rtnl_rule_get_mask(from);
        to->from_subnet = rule_subnet(rtnl_rule_get_src(from), to->family);
        to->to_subnet = rule_subnet(rtnl_rule_get_dst(from), to->family);
        copy_name(to->iif, rtnl_rule_get_iif(from));
        copy_name(to->oif, rtnl_rule_get_oif(from));
        to->ours = rtnl_rule_get_protocol(from, &protocol) == 0 && protocol == NETSETUP_MARK;
        return 0;
}

static int read_rules(Netlink *n, NetState *state)
{
        CLEANUP_CACHE struct nl_cache *cache = NULL;
        int r = rtnl_rule_alloc_cache(netlink_sock(n), AF_UNSPEC, &cache);

        if (r == -NLE_OPNOTSUPP) /* a kernel without CONFIG_IP_MULTIPLE_TABLES */
                return 0;
        if (r < 0)
                return netlink_errno(r);
        for (struct nl_object *o = nl_cache_get_first(cache); o && r >= 0; o = nl_cache_get_next(o))
                r = take_rule(state, (struct rtnl_rule *)o);
        return r;
}

int nl_route_read(Netlink *n, NetState *state)
{
        static int (*const lists[])(Netlink *, NetState *) = { read_links, read_addresses,
                                                               read_routes, read_rules };
        int r = -EAGAIN;

        for (int i = 0; i < READ_TRIES && r == -EAGAIN; i++) {
                state->links = NULL;
                state->addresses = NULL;
                state->routes = NULL;
                state->rules = NULL;
                r = 0;
                for (size_t k = 0; k < ARRAY_SIZE(lists) && r >= 0; k++)
                        r = lists[k](n, state);
        }
        return r;
}

/* ---- links ---- */

int nl_link_add_wireguard(Netlink *n, const char *name)
{
        CLEANUP_LINK struct rtnl_link *link = rtnl_link_alloc();
        CLEANUP_MSG struct nl_msg *msg = NULL;
        int r;

        if (!link)
                return -ENOMEM;
        netlink_forget_ifindex(n);
        rtnl_link_set_name(link, name);
        rtnl_link_set_group(link, NETSETUP_MARK);
        r = rtnl_link_set_type(link, "wireguard");
        if (r >= 0)
                r = rtnl_link_build_add_request(link, NLM_F_CREATE | NLM_F_EXCL, &msg);
        return r < 0 ? netlink_errno(r) : netlink_request(n, msg);
}

int nl_link_remove(Netlink *n, const char *name)
{
        CLEANUP_LINK struct rtnl_link *link = rtnl_link_alloc();
        CLEANUP_MSG struct nl_msg *msg = NULL;
        int r;

        if (!link)
                return -ENOMEM;
        netlink_forget_ifindex(n);
        rtnl_link_set_name(link, name);
        r = rtnl_link_build_delete_request(link, &msg);
        return r < 0 ? netlink_errno(r) : netlink_request(n, msg);
}

int nl_link_set(Netlink *n, const char *setting, const char *value)
{
        const char *name = strchr(setting, '/') + 1;
        struct ifinfomsg info = { .ifi_family = AF_UNSPEC,
                                  .ifi_index = (int)netlink_ifindex(n, name),
                                  /* flags without a change mean all of them to the kernel */
                                  .ifi_change = *setting == 'u' ? IFF_UP : 0,
                                  .ifi_flags = *setting == 'u' && *value != '0' ? IFF_UP : 0 };
        CLEANUP_MSG struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINK, NLM_F_REQUEST);
        int64_t mtu = 0;

        if (info.ifi_index == 0)
                return -ENODEV;
        if (!msg || nlmsg_append(msg, &info, sizeof info, NLMSG_ALIGNTO) < 0)
                return -ENOMEM;
        if (*setting == 'm') {
                int r = parse_int64(value, 0, UINT32_MAX, &mtu);

                if (r < 0)
                        return r;
                if (nla_put_u32(msg, IFLA_MTU, (uint32_t)mtu) < 0)
                        return -ENOMEM;
        }
        return netlink_request(n, msg);
}

/* ---- addresses ---- */

static int address_request(Netlink *n, int type, int flags, const NetAddr *a)
{
        const NetAddress *bytes = &a->prefix.address;
        struct ifaddrmsg m = { .ifa_family = bytes->family,
                               .ifa_prefixlen = a->prefix.length,
                               .ifa_index = netlink_ifindex(n, a->dev) };
        CLEANUP_MSG struct nl_msg *msg = nlmsg_alloc_simple(type, NLM_F_REQUEST | flags);
        int size = (int)address_size(bytes);

        if (m.ifa_index == 0)
                return -ENODEV;
        if (!msg || nlmsg_append(msg, &m, sizeof m, NLMSG_ALIGNTO) < 0 ||
            nla_put(msg, IFA_LOCAL, size, bytes->bytes) < 0 ||
            nla_put(msg, IFA_ADDRESS, size, bytes->bytes) < 0 ||
            nla_put_u8(msg, IFA_PROTO, NETSETUP_MARK) < 0)
                return -ENOMEM;
        if (bytes->family == AF_INET && type == RTM_NEWADDR && a->prefix.length < 31) {
                const NetAddress broadcast = prefix_last(&a->prefix);

                if (nla_put(msg, IFA_BROADCAST, size, broadcast.bytes) < 0)
                        return -ENOMEM;
        }
        return netlink_request(n, msg);
}

int nl_address_add(Netlink *n, const NetAddr *address)
{
        return address_request(n, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, address);
}

int nl_address_remove(Netlink *n, const NetAddr *address)
{
        return address_request(n, RTM_DELADDR, 0, address);
}

/* ---- routes ---- */

static int put_address(struct nl_msg *msg, int type, const NetAddress *a)
{
        return a->family == 0 ? 0 : nla_put(msg, type, (int)address_size(a), a->bytes);
}

static int put_mtu(struct nl_msg *msg, uint32_t mtu)
{
        struct nlattr *metrics = mtu == 0 ? NULL : nla_nest_start(msg, RTA_METRICS);

        if (mtu == 0)
                return 0;
        if (!metrics || nla_put_u32(msg, RTAX_MTU, mtu) < 0)
                return -ENOMEM;
        nla_nest_end(msg, metrics);
        return 0;
}

/* By hand, and no larger than it is: thousands are in memory one after the other. */
static int route_message(Netlink *n, int type, int flags, const NetRoute *route,
                         struct nl_msg **ret)
{
        const struct rtmsg m = {
                .rtm_family = route->to.address.family,
                .rtm_dst_len = route->to.length,
                .rtm_table = route->table <= UINT8_MAX ? (uint8_t)route->table : RT_TABLE_COMPAT,
                .rtm_protocol = NETSETUP_MARK,
                .rtm_scope = route->via.family != 0 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
                .rtm_type = RTN_UNICAST,
                .rtm_flags = route->onlink ? RTNH_F_ONLINK : 0,
        };
        unsigned index = *route->dev ? netlink_ifindex(n, route->dev) : 0;
        CLEANUP_MSG struct nl_msg *msg = nlmsg_alloc_size(ROUTE_BYTES);

        if (*route->dev && index == 0)
                return -ENODEV;
        if (!msg || !nlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, type, 0, NLM_F_REQUEST | flags) ||
            nlmsg_append(msg, (void *)&m, sizeof m, NLMSG_ALIGNTO) < 0 ||
            put_address(msg, RTA_DST, &route->to.address) < 0 ||
            nla_put_u32(msg, RTA_TABLE, route->table) < 0 ||
            nla_put_u32(msg, RTA_PRIORITY, route->metric) < 0 ||
            put_address(msg, RTA_PREFSRC, &route->source) < 0 || put_mtu(msg, route->mtu) < 0 ||
            put_address(msg, RTA_GATEWAY, &route->via) < 0 ||
            (index != 0 && nla_put_u32(msg, RTA_OIF, index) < 0))
                return -ENOMEM;
        *ret = TAKE_PTR(msg);
        return 0;
}

int nl_route_add_message(Netlink *n, const NetRoute *route, bool replace, struct nl_msg **ret)
{
        return route_message(n, RTM_NEWROUTE, NLM_F_CREATE | (replace ? NLM_F_REPLACE : NLM_F_EXCL),
                             route, ret);
}

int nl_route_remove_message(Netlink *n, const NetRoute *route, struct nl_msg **ret)
{
        return route_message(n, RTM_DELROUTE, 0, route, ret);
}

/* ---- rules ---- */

static int make_rule(const NetRule *from, struct rtnl_rule **ret)
{
        CLEANUP_RULE struct rtnl_rule *to = rtnl_rule_alloc();
        CLEANUP_ADDR struct nl_addr *src =
                from->from_subnet.address.family
                        ? nl_address(&from->from_subnet.address, from->from_subnet.length)
                        : NULL;
        CLEANUP_ADDR struct nl_addr *dst =
                from->to_subnet.address.family
                        ? nl_address(&from->to_subnet.address, from->to_subnet.length)
                        : NULL;
        int r = 0;

        if (!to || (from->from_subnet.address.family && !src) ||
            (from->to_subnet.address.family && !dst))
                return -ENOMEM;
        rtnl_rule_set_family(to, from->family);
        rtnl_rule_set_prio(to, from->priority);
        rtnl_rule_set_table(to, from->table);
        rtnl_rule_set_action(to, FR_ACT_TO_TBL);
        if (from->mark != 0 || from->mask != 0) {
                rtnl_rule_set_mark(to, from->mark);
                rtnl_rule_set_mask(to, from->mask);
        }
        r = rtnl_rule_set_protocol(to, NETSETUP_MARK);
        if (r >= 0 && src)
                r = rtnl_rule_set_src(to, src);
        if (r >= 0 && dst)
                r = rtnl_rule_set_dst(to, dst);
        if (r >= 0 && *from->iif)
                r = rtnl_rule_set_iif(to, from->iif);
        if (r >= 0 && *from->oif)
                r = rtnl_rule_set_oif(to, from->oif);
        if (r < 0)
                return netlink_errno(r);
        *ret = TAKE_PTR(to);
        return 0;
}

int nl_rule_add_message(const NetRule *rule, struct nl_msg **ret)
{
        CLEANUP_RULE struct rtnl_rule *r = NULL;
        int result = make_rule(rule, &r);

        if (result >= 0)
                result = netlink_errno(
                        rtnl_rule_build_add_request(r, NLM_F_CREATE | NLM_F_EXCL, ret));
        return result;
}

int nl_rule_remove_message(const NetRule *rule, struct nl_msg **ret)
{
        CLEANUP_RULE struct rtnl_rule *r = NULL;
        int result = make_rule(rule, &r);

        if (result >= 0)
                result = netlink_errno(rtnl_rule_build_delete_request(r, 0, ret));
        return result;
}
