/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/plan-private.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PLAN_ARENA_BYTES ((size_t)256 << 20)
#define PROBLEMS_MAX     50 /* that are told at once */

void plan_init(Plan *plan)
{
        *plan = (Plan){ 0 };
        arena_init(&plan->arena, PLAN_ARENA_BYTES);
}

void plan_done(Plan *plan)
{
        arena_done(&plan->arena);
        strv_done(&plan->problems);
        strv_done(&plan->notes);
        plan_init(plan);
}

Step *plan_add(Planner *p, StepKind kind, const void *before, const void *after)
{
        Plan *plan = p->plan;

        if (plan->n_steps == plan->room) {
                size_t room = plan->room ? 2 * plan->room : 64;
                Step *more = arena_new_array(&plan->arena, room, Step);

                if (!more)
                        return NULL;
                if (plan->n_steps > 0)
                        memcpy(more, plan->steps, plan->n_steps * sizeof *more);
                plan->steps = more;
                plan->room = room;
        }
        Step *step = &plan->steps[plan->n_steps++];

        *step = (Step){ .kind = kind, .before = before, .after = after };
        return step;
}

int plan_say(Step *step, const char *what, const char *why)
{
        if (!step || !what || !why)
                return -ENOMEM;
        step->what = what;
        step->why = why;
        return 0;
}

int plan_problem(Planner *p, const char *format, ...)
{
        va_list ap;
        int r = 0;

        va_start(ap, format);
        if (p->plan->problems.length < PROBLEMS_MAX)
                r = strv_vaddf(&p->plan->problems, format, ap);
        va_end(ap);
        return r;
}

/* ---- links ---- */

bool plan_link_goes(const Planner *p, const char *name)
{
        const NetLink *actual = state_link(p->actual, name);

        return actual && actual->ours && !state_link(p->desired, name);
}

static int check_links(Planner *p)
{
        int r = 0;

        for (const NetLink *link = p->desired->links; link && r >= 0; link = link->next) {
                const NetLink *actual = state_link(p->actual, link->name);

                if (!link->wireguard && !actual)
                        r = plan_problem(p, "%s: there is no interface %s", link->from, link->name);
                else if (link->wireguard && actual && !actual->wireguard)
                        r = plan_problem(p, "%s: %s is there already and no WireGuard device",
                                         link->from, link->name);
                else if (link->wireguard && actual && !actual->ours)
                        r = plan_problem(p,
                                         "%s: %s is there already, and spark-netsetup did not "
                                         "make it: it is left alone",
                                         link->from, link->name);
        }
        return r;
}

static int add_links(Planner *p)
{
        int r = 0;

        for (const NetLink *link = p->desired->links; link && r >= 0; link = link->next)
                if (link->wireguard && !state_link(p->actual, link->name))
                        r = plan_say(plan_add(p, STEP_LINK, NULL, link),
                                     PLAN_TEXT(p, "add WireGuard device %s", link->name),
                                     PLAN_TEXT(p, "absent; %s", link->from));
        return r;
}

static bool port_is_wanted(const Planner *p, const char *name)
{
        const WgDevice *goes = state_device(p->actual, name);

        for (const WgDevice *d = p->desired->devices; d && goes; d = d->next)
                if (d->port != 0 && d->port == goes->port)
                        return true;
        return false;
}

/* A device that keeps a port which another one wants goes first, all others last. */
bool plan_goes_early(const Planner *p, const char *link)
{
        return plan_link_goes(p, link) && port_is_wanted(p, link);
}

static int remove_links(Planner *p, bool early)
{
        int r = 0;

        for (const NetLink *link = p->actual->links; link && r >= 0; link = link->next) {
                if (!plan_link_goes(p, link->name) || plan_goes_early(p, link->name) != early)
                        continue;
                r = plan_forget_device(p, link->name);
                if (r >= 0)
                        r = plan_say(plan_add(p, STEP_LINK, link, NULL),
                                     PLAN_TEXT(p, "remove WireGuard device %s", link->name),
                                     "not in the configuration");
        }
        return r;
}

/* ---- settings ---- */

/* "mtu/NAME" and "up/NAME" of a link; NULL of a sysctl. */
static const char *link_of_setting(const char *name)
{
        return strncmp(name, "mtu/", 4) == 0  ? name + 4
               : strncmp(name, "up/", 3) == 0 ? name + 3
                                              : NULL;
}

static int change_setting(Planner *p, const NetSetting *from, const NetSetting *to, const char *why)
{
        const char *link = link_of_setting(to->name);
        const NetLink *desired = link ? state_link(p->desired, link) : NULL;
        Step *step = plan_add(p, STEP_SETTING, from, to);

        if (!step)
                return -ENOMEM;
        step->record = !(desired && desired->ours);
        if (link && *to->name == 'u')
                return plan_say(step,
                                PLAN_TEXT(p, "set %s %s", link, *to->value == '0' ? "down" : "up"),
                                why);
        return plan_say(step,
                        link ? PLAN_TEXT(p, "set MTU of %s to %s", link, to->value)
                             : PLAN_TEXT(p, "set %s to %s", to->name, to->value),
                        why);
}

static int set_settings(Planner *p, bool of_links)
{
        int r = 0;

        for (const NetSetting *s = p->desired->settings; s && r >= 0; s = s->next) {
                const NetSetting *actual = state_setting(p->actual, s->name);
                const char *is = actual ? actual->value : NULL;

                if (!link_of_setting(s->name) == of_links)
                        continue;
                if (!is && !of_links) {
                        r = plan_problem(p, "%s: this kernel has no %s", s->from, s->name);
                        continue;
                }
                if (is && strcmp(is, s->value) == 0)
                        continue;
                if (is && *s->name == 'u')
                        is = "down"; /* nothing is set down but to undo */
                r = change_setting(p, is ? actual : NULL, s,
                                   is ? PLAN_TEXT(p, "is %s; %s", is, s->from)
                                      : PLAN_TEXT(p, "the device is new; %s", s->from));
        }
        return r;
}

static int restore_settings(Planner *p)
{
        int r = 0;

        for (const NetSetting *s = p->actual->settings; s && r >= 0; s = s->next) {
                if (!s->original || state_setting(p->desired, s->name))
                        continue;
                NetSetting *back = arena_new(&p->plan->arena, NetSetting);

                if (!back)
                        return -ENOMEM;
                back->name = s->name;
                back->value = s->original;
                r = change_setting(p, s, back,
                                   PLAN_TEXT(p, "is %s by spark-netsetup; not in the configuration",
                                             s->value ? s->value : "gone"));
        }
        return r;
}

/* ---- addresses ---- */

static const NetAddr *find_address(const NetState *state, const NetAddr *like)
{
        for (const NetAddr *a = state->addresses; a; a = a->next)
                if (prefix_equal(&a->prefix, &like->prefix) && strcmp(a->dev, like->dev) == 0)
                        return a;
        return NULL;
}

/* Subnets of interfaces that we do not configure. */
static int check_addresses(Planner *p)
{
        int r = 0;

        for (const NetAddr *mine = p->desired->addresses; mine && r >= 0; mine = mine->next)
                for (const NetAddr *is = p->actual->addresses; is && r >= 0; is = is->next) {
                        char a[PREFIX_TEXT_SIZE], b[PREFIX_TEXT_SIZE];

                        if (is->ours || strcmp(is->dev, mine->dev) == 0 ||
                            (is->prefix.address.family == AF_INET6 &&
                             address_is_link_local(&is->prefix.address)) ||
                            !prefix_overlaps(&is->prefix, &mine->prefix))
                                continue;
                        r = plan_problem(
                                p, "%s: address: the subnet of %s overlaps with that of %s on %s",
                                mine->from, prefix_format(&mine->prefix, a),
                                prefix_format(&is->prefix, b), is->dev);
                }
        return r;
}

static int remove_address(Planner *p, const NetAddr *a, const char *why)
{
        char text[PREFIX_TEXT_SIZE];

        return plan_say(
                plan_add(p, STEP_ADDRESS, a, NULL),
                PLAN_TEXT(p, "remove address %s from %s", prefix_format(&a->prefix, text), a->dev),
                why);
}

/* An IPv6 address has one length only: the kernel takes no second one. */
static const NetAddr *same_ipv6_address(const Planner *p, const NetAddr *like)
{
        for (const NetAddr *a = p->actual->addresses; a; a = a->next)
                if (a->ours && a->prefix.address.family == AF_INET6 &&
                    address_equal(&a->prefix.address, &like->prefix.address) &&
                    strcmp(a->dev, like->dev) == 0)
                        return a;
        return NULL;
}

static int add_addresses(Planner *p)
{
        int r = 0;

        for (const NetAddr *a = p->desired->addresses; a && r >= 0; a = a->next) {
                char text[PREFIX_TEXT_SIZE];
                const NetAddr *shorter;

                if (find_address(p->actual, a))
                        continue;
                shorter = same_ipv6_address(p, a);
                if (shorter)
                        r = remove_address(p, shorter, "its length changes");
                if (r >= 0)
                        r = plan_say(plan_add(p, STEP_ADDRESS, NULL, a),
                                     PLAN_TEXT(p, "add address %s to %s",
                                               prefix_format(&a->prefix, text), a->dev),
                                     PLAN_TEXT(p, "absent; %s", a->from));
        }
        return r;
}

static bool is_replaced(const Planner *p, const NetAddr *old)
{
        for (const NetAddr *a = p->desired->addresses; a; a = a->next)
                if (old->prefix.address.family == AF_INET6 &&
                    address_equal(&a->prefix.address, &old->prefix.address) &&
                    strcmp(a->dev, old->dev) == 0)
                        return true;
        return false;
}

static int remove_addresses(Planner *p, bool early)
{
        int r = 0;

        for (const NetAddr *a = p->actual->addresses; a && r >= 0; a = a->next)
                if (a->ours && plan_goes_early(p, a->dev) == early &&
                    !find_address(p->desired, a) && !is_replaced(p, a))
                        r = remove_address(p, a, "not in the configuration");
        return r;
}

/* ---- the order ---- */

static int add_sysctls(Planner *p)
{
        return set_settings(p, false);
}

static int set_links(Planner *p)
{
        return set_settings(p, true);
}

static int remove_early(Planner *p)
{
        int r = plan_remove_routes(p, true);

        if (r >= 0)
                r = remove_addresses(p, true);
        return r < 0 ? r : remove_links(p, true);
}

static int remove_late(Planner *p)
{
        int r = plan_remove_rules(p);

        if (r >= 0)
                r = plan_remove_routes(p, false);
        if (r >= 0)
                r = remove_addresses(p, false);
        if (r >= 0)
                r = plan_remove_peers(p);
        return r < 0 ? r : remove_links(p, false);
}

/* The kernel takes a gateway only when it has a route to it. */
static int add_routes_direct(Planner *p)
{
        return plan_add_routes(p, false);
}

static int add_routes_by_gateway(Planner *p)
{
        return plan_add_routes(p, true);
}

static int (*const order[])(Planner *) = {
        check_links,           check_addresses, plan_check_gateways, plan_index_routes,
        remove_early,          add_sysctls,     add_links,           plan_set_devices,
        plan_set_peers,        add_addresses,   set_links,           add_routes_direct,
        add_routes_by_gateway, plan_add_rules,  remove_late,         restore_settings,
};

int plan_make(const NetState *desired, const NetState *actual, Plan *plan)
{
        Planner planner = { .desired = desired, .actual = actual, .plan = plan };
        int r = 0;

        for (size_t i = 0; i < ARRAY_SIZE(order) && r >= 0; i++)
                r = order[i](&planner);
        plan_free_routes(&planner);
        if (r >= 0 && plan->problems.length > 0)
                r = -EINVAL;
        if (r < 0)
                plan->n_steps = 0;
        return r;
}

Step step_undo(const Step *step)
{
        Step undo = *step;

        undo.before = step->after;
        undo.after = step->before;
        undo.release = step->undo_release;
        undo.n_release = step->n_undo_release;
        undo.undo_release = step->release;
        undo.n_undo_release = step->n_release;
        return undo;
}
