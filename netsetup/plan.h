/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What has to be done: an ordered list of steps from what is to what should be, each with its
 * reason. Pure. apply.h carries it out.
 *
 * Order: what is new is made before what is old goes, so that nothing which stays is ever without
 * its tunnel, address or route. What is not ours is never changed; where it is in the way, that is
 * a problem, and nothing is done at all.
 */

#include "base/strv.h"
#include "netsetup/state.h"

typedef enum StepKind {
        STEP_LINK,    /* NetLink: a WireGuard device is made or removed */
        STEP_DEVICE,  /* WgDevice: its key, port, mark; not its peers */
        STEP_PEER,    /* WgPeer of `link` */
        STEP_SETTING, /* NetSetting */
        STEP_ADDRESS, /* NetAddr */
        STEP_ROUTE,   /* NetRoute */
        STEP_RULE,    /* NetRule */
        STEP_KIND_MAX,
} StepKind;

/* What of a device or peer is to be set. */
enum {
        STEP_SET_KEY = 1 << 0, /* private; of a peer the preshared one */
        STEP_SET_PORT = 1 << 1,
        STEP_SET_MARK = 1 << 2,
        STEP_SET_ENDPOINT = 1 << 3,
        STEP_SET_KEEPALIVE = 1 << 4,
        STEP_SET_ALLOWED = 1 << 5,
};

/* One change. `before` NULL: something is added; `after` NULL: removed. Its undoing is the same
 * step with the two sides exchanged. Both are borrowed from the states that were compared. */
typedef struct Step {
        StepKind kind;
        const void *before, *after;
        const char *link; /* the device of a peer */
        unsigned set;     /* STEP_SET_* */
        bool record;      /* a setting that is not ours: keep what was */
        /* Allowed IPs that the peer gives up and no other peer takes over. */
        const NetPrefix *release, *undo_release;
        size_t n_release, n_undo_release;
        const char *what, *why; /* the arena's */
} Step;

typedef struct Plan {
        Arena arena;
        Step *steps; /* the arena's */
        size_t n_steps, room;
        Strv problems; /* why nothing may be done */
        Strv notes;    /* what the user should know */
} Plan;

#define CLEANUP_PLAN CLEANUP(plan_done)

void plan_init(Plan *plan);
void plan_done(Plan *plan);

/* 0, -EINVAL with problems (and no steps), or -ENOMEM. `plan` is initialised and may have notes. */
int plan_make(const NetState *desired, const NetState *actual, Plan *plan);

Step step_undo(const Step *step);
const char *step_kind_name(StepKind kind);
const char *step_action(const Step *step); /* "add", "change" or "remove" */

/* The text that `plan` prints; owned by the caller; NULL when out of memory. */
char *plan_text(const Plan *plan);
/* The same as JSON. */
char *plan_json(const Plan *plan);
