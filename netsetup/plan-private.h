/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the files of the planner share: plan.c has the order and the simple things, plan-route.c
 * routes and rules, plan-wireguard.c devices and peers.
 */

#include "netsetup/plan.h"

typedef struct Planner {
        const NetState *desired, *actual;
        Plan *plan;
        struct RouteIndex *routes; /* of what is, by key; plan-route.c */
} Planner;

/* A new step; NULL when out of memory. The caller fills in what is not given. */
Step *plan_add(Planner *p, StepKind kind, const void *before, const void *after);
/* Text in the plan's arena. */
#define PLAN_TEXT(p, ...) arena_printf(&(p)->plan->arena, __VA_ARGS__)
/* 0, or -ENOMEM when what and why could not be made. */
int plan_say(Step *step, const char *what, const char *why);
int plan_problem(Planner *p, const char *format, ...) PRINTF_LIKE(2, 3);

/* An actual device whose link is ours and not wanted any more. */
bool plan_link_goes(const Planner *p, const char *name);
/* It goes before anything is made, because its port is wanted. */
bool plan_goes_early(const Planner *p, const char *name);

int plan_check_gateways(Planner *p);
int plan_index_routes(Planner *p); /* and finds what foreign routes are in the way */
int plan_add_routes(Planner *p, bool with_gateway);
int plan_remove_routes(Planner *p, bool early);
void plan_free_routes(Planner *p);
int plan_add_rules(Planner *p);
int plan_remove_rules(Planner *p);

int plan_set_devices(Planner *p);
int plan_set_peers(Planner *p);
int plan_remove_peers(Planner *p);
/* Before a device is removed: what its undoing has to restore. */
int plan_forget_device(Planner *p, const char *name);
