/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routes and rules. A route is known by its subnet, table and metric, as the kernel knows it; what
 * it leads to can be replaced in one step, so that there is no moment without it.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "netsetup/plan-private.h"

typedef struct RouteKey {
        NetPrefix to;
        uint32_t table, metric;
} __attribute__((packed)) RouteKey;

/* The routes of the host with one key: the kernel allows several in IPv6. */
struct RouteIndex {
        RouteKey key;
        const NetRoute *ours, *foreign; /* the first of each */
        bool wanted;
        UT_hash_handle hh;
};

static RouteKey key_of(const NetRoute *route)
{
        return (RouteKey){ route->to, route->table, route->metric };
}

static struct RouteIndex *find_route(const Planner *p, const NetRoute *like)
{
        RouteKey key = key_of(like);
        struct RouteIndex *entry;

        HASH_FIND(hh, p->routes, &key, sizeof key, entry);
        return entry;
}

static const char *route_text(Planner *p, const NetRoute *r)
{
        char to[PREFIX_TEXT_SIZE], via[ADDRESS_TEXT_SIZE], source[ADDRESS_TEXT_SIZE];
        char metric[24] = "", table[24] = "", mtu[24] = "";

        if (r->metric != 0)
                snprintf(metric, sizeof metric, " metric %u", r->metric);
        if (r->table != RT_TABLE_MAIN)
                snprintf(table, sizeof table, " table %u", r->table);
        if (r->mtu != 0)
                snprintf(mtu, sizeof mtu, " mtu %u", r->mtu);
        return PLAN_TEXT(p, "%s%s%s%s%s%s%s%s%s%s%s", prefix_format(&r->to, to),
                         r->via.family ? " via " : "",
                         r->via.family ? address_format(&r->via, via) : "", *r->dev ? " dev " : "",
                         r->dev, metric, table, mtu, r->source.family ? " source " : "",
                         r->source.family ? address_format(&r->source, source) : "",
                         r->onlink ? " onlink" : "");
}

/* Does the route of the host lead where the desired one should? */
static bool leads_same(const NetRoute *desired, const NetRoute *is)
{
        return address_equal(&desired->via, &is->via) &&
               (!*desired->dev || strcmp(desired->dev, is->dev) == 0) && desired->mtu == is->mtu &&
               desired->onlink == is->onlink && address_equal(&desired->source, &is->source);
}

/* ---- gateways ---- */

static bool subnet_has(const NetAddr *addresses, const NetState *gone, const NetRoute *route)
{
        for (const NetAddr *a = addresses; a; a = a->next) {
                if (*route->dev && strcmp(a->dev, route->dev) != 0)
                        continue;
                if (!(gone && a->ours) && prefix_contains(&a->prefix, &route->via))
                        return true;
        }
        return false;
}

/* Routes without a gateway that reach the gateway, and win over the route itself if that does, too.
 */
static bool direct_route_has(const NetRoute *routes, bool foreign_only, const NetRoute *route)
{
        bool itself = prefix_contains(&route->to, &route->via);

        for (const NetRoute *other = routes; other; other = other->next)
                if (other->via.family == 0 && (!itself || other->to.length > route->to.length) &&
                    !(foreign_only && other->ours) &&
                    (!*route->dev || strcmp(other->dev, route->dev) == 0) &&
                    prefix_contains(&other->to, &route->via))
                        return true;
        return false;
}

static bool gateway_is_near(const Planner *p, const NetRoute *route)
{
        return subnet_has(p->desired->addresses, NULL, route) ||
               subnet_has(p->actual->addresses, p->actual, route) ||
               direct_route_has(p->desired->routes, false, route) ||
               direct_route_has(p->actual->routes, true, route);
}

/* Of what others have set up: conf_check() has seen those of ours. */
static bool is_own_address(const Planner *p, const NetAddress *address)
{
        for (const NetAddr *a = p->actual->addresses; a; a = a->next)
                if (!a->ours && address_equal(&a->prefix.address, address))
                        return true;
        return false;
}

static int check_gateway(Planner *p, const NetRoute *route)
{
        char via[ADDRESS_TEXT_SIZE], to[PREFIX_TEXT_SIZE];

        address_format(&route->via, via);
        prefix_format(&route->to, to);
        if (is_own_address(p, &route->via))
                return plan_problem(p,
                                    "%s: via: %s is an address of this host: the route would lead "
                                    "to itself",
                                    route->from, via);
        if (gateway_is_near(p, route))
                return 0;
        if (prefix_contains(&route->to, &route->via))
                return plan_problem(p,
                                    "%s: via: the route to %s leads through itself: its gateway %s "
                                    "is in it, and in no subnet of this host",
                                    route->from, to, via);
        return plan_problem(p,
                            "%s: via: the gateway %s of the route to %s is in no subnet of this "
                            "host",
                            route->from, via, to);
}

int plan_check_gateways(Planner *p)
{
        const NetRoute *last = NULL; /* many routes go to the same gateway */
        int r = 0;

        for (const NetRoute *route = p->desired->routes; route && r >= 0; route = route->next) {
                const size_t problems = p->plan->problems.length;

                if (*route->dev && !state_link(p->desired, route->dev) &&
                    (!state_link(p->actual, route->dev) || plan_link_goes(p, route->dev))) {
                        r = plan_problem(p, "%s: dev: there is no interface %s", route->from,
                                         route->dev);
                        continue;
                }
                if (route->via.family == 0 || route->onlink ||
                    (*route->dev && route->via.family == AF_INET6 &&
                     address_is_link_local(&route->via)))
                        continue;
                if (last && address_equal(&last->via, &route->via) &&
                    strcmp(last->dev, route->dev) == 0 && last->to.length >= route->to.length)
                        continue;
                r = check_gateway(p, route);
                if (p->plan->problems.length == problems)
                        last = route;
        }
        return r;
}

/* ---- routes ---- */

static int index_route(Planner *p, const NetRoute *route)
{
        struct RouteIndex *entry = find_route(p, route);

        if (!entry) {
                entry = arena_new(&p->plan->arena, struct RouteIndex);
                if (!entry)
                        return -ENOMEM;
                entry->key = key_of(route);
                HASH_ADD(hh, p->routes, key, sizeof entry->key, entry);
                if (!hash_added(entry))
                        return -ENOMEM;
        }
        if (route->ours && !entry->ours)
                entry->ours = route;
        else if (!route->ours && !entry->foreign)
                entry->foreign = route;
        return 0;
}

int plan_index_routes(Planner *p)
{
        int r = 0;

        for (const NetRoute *route = p->actual->routes; route && r >= 0; route = route->next)
                r = index_route(p, route);
        for (const NetRoute *route = p->desired->routes; route && r >= 0; route = route->next) {
                struct RouteIndex *is = find_route(p, route);

                if (!is)
                        continue;
                is->wanted = true;
                if (is->ours || !is->foreign || leads_same(route, is->foreign))
                        continue;
                const char *text = route_text(p, is->foreign);

                r = !text ? -ENOMEM
                    : is->foreign->connected
                            ? plan_problem(p, "%s: to: the host itself is in that subnet: %s",
                                           route->from, text)
                            : plan_problem(p,
                                           "%s: to: another program's route is in the way: %s "
                                           "(protocol %u): give yours a metric of its own",
                                           route->from, text, is->foreign->protocol);
        }
        return r;
}

void plan_free_routes(Planner *p)
{
        HASH_CLEAR(hh, p->routes);
}

int plan_add_routes(Planner *p, bool with_gateway)
{
        int r = 0;

        for (const NetRoute *route = p->desired->routes; route && r >= 0; route = route->next) {
                const struct RouteIndex *is = find_route(p, route);

                if ((route->via.family != 0) != with_gateway ||
                    (is && leads_same(route, is->ours ? is->ours : is->foreign)))
                        continue;
                const NetRoute *old = is ? is->ours : NULL;
                const char *text = route_text(p, route), *before = old ? route_text(p, old) : NULL;

                if (!text || (old && !before))
                        return -ENOMEM;
                r = plan_say(plan_add(p, STEP_ROUTE, old, route),
                             PLAN_TEXT(p, "%s route %s", old ? "replace" : "add", text),
                             old ? PLAN_TEXT(p, "is %s; %s", before, route->from)
                                 : PLAN_TEXT(p, "absent; %s", route->from));
        }
        return r;
}

int plan_remove_routes(Planner *p, bool early)
{
        int r = 0;

        for (const NetRoute *route = p->actual->routes; route && r >= 0; route = route->next) {
                const struct RouteIndex *is = find_route(p, route);

                if (!route->ours || (is->wanted && is->ours == route) ||
                    plan_goes_early(p, route->dev) != early)
                        continue;
                const char *text = route_text(p, route);

                r = plan_say(plan_add(p, STEP_ROUTE, route, NULL),
                             text ? PLAN_TEXT(p, "remove route %s", text) : NULL,
                             "not in the configuration");
        }
        return r;
}

/* ---- rules ---- */

static bool rules_equal(const NetRule *a, const NetRule *b)
{
        return a->family == b->family && a->priority == b->priority && a->table == b->table &&
               a->mark == b->mark && a->mask == b->mask &&
               prefix_equal(&a->from_subnet, &b->from_subnet) &&
               prefix_equal(&a->to_subnet, &b->to_subnet) && strcmp(a->iif, b->iif) == 0 &&
               strcmp(a->oif, b->oif) == 0;
}

static const NetRule *find_rule(const NetRule *rules, const NetRule *like)
{
        for (const NetRule *rule = rules; rule; rule = rule->next)
                if (rules_equal(rule, like))
                        return rule;
        return NULL;
}

static const char *rule_text(Planner *p, const NetRule *rule)
{
        char from[PREFIX_TEXT_SIZE], to[PREFIX_TEXT_SIZE], mark[40] = "";

        if (rule->mark != 0 || rule->mask != 0)
                snprintf(mark, sizeof mark, " fwmark 0x%x/0x%x", rule->mark, rule->mask);
        return PLAN_TEXT(p, "%u: from %s%s%s%s%s%s%s%s table %u (%s)", rule->priority,
                         rule->from_subnet.address.family ? prefix_format(&rule->from_subnet, from)
                                                          : "all",
                         rule->to_subnet.address.family ? " to " : "",
                         rule->to_subnet.address.family ? prefix_format(&rule->to_subnet, to) : "",
                         mark, *rule->iif ? " iif " : "", rule->iif, *rule->oif ? " oif " : "",
                         rule->oif, rule->table, rule->family == AF_INET6 ? "IPv6" : "IPv4");
}

int plan_add_rules(Planner *p)
{
        int r = 0;

        for (const NetRule *rule = p->desired->rules; rule && r >= 0; rule = rule->next) {
                if (find_rule(p->actual->rules, rule))
                        continue;
                const char *text = rule_text(p, rule);

                r = plan_say(plan_add(p, STEP_RULE, NULL, rule),
                             text ? PLAN_TEXT(p, "add rule %s", text) : NULL,
                             PLAN_TEXT(p, "absent; %s", rule->from));
        }
        return r;
}

int plan_remove_rules(Planner *p)
{
        int r = 0;

        for (const NetRule *rule = p->actual->rules; rule && r >= 0; rule = rule->next) {
                if (!rule->ours || find_rule(p->desired->rules, rule))
                        continue;
                const char *text = rule_text(p, rule);

                r = plan_say(plan_add(p, STEP_RULE, rule, NULL),
                             text ? PLAN_TEXT(p, "remove rule %s", text) : NULL,
                             "not in the configuration");
        }
        return r;
}
