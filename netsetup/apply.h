/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Carries a plan out. Each step is one request to the kernel, or many alike go together; each can
 * be undone. Being killed between two of them does no harm beyond what is half done: the next apply
 * finds it by comparing anew, since nothing but the kernel's own state is relied on.
 */

#include "netsetup/host.h"
#include "netsetup/plan.h"

/* Called before each step, for tests; then no steps go together. */
typedef void (*ApplyHook)(void *user, const Step *step);

typedef struct Apply {
        Host *host;
        ApplyHook hook; /* may be NULL */
        void *hook_user;
        /* of the last apply_plan(): */
        const Step *failed; /* NULL: none */
        char said[160];     /* the kernel's words about it, or "" */
} Apply;

/* One flag for each step of the plan: it was carried out. */
typedef struct ApplyDone {
        bool *steps; /* owned */
} ApplyDone;

#define CLEANUP_APPLY_DONE CLEANUP(apply_done_free)
void apply_done_free(ApplyDone *done);

/* 0, or -errno of the step that failed, after which no other was begun. `ret_done` is set either
 * way. */
int apply_plan(Apply *apply, const Plan *plan, ApplyDone *ret_done);

/* Undoes what was done, last first, and goes on where that fails. The number of failures. */
size_t apply_undo(Apply *apply, const Plan *plan, const ApplyDone *done);
