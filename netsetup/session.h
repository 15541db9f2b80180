/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * From the configuration to the plan, and through it: what the verbs share, and what `join` runs in
 * its own process after it has written a drop-in.
 */

#include <stdio.h>

#include "netsetup/apply.h"
#include "netsetup/conf.h"
#include "netsetup/plan.h"

/* What the kernel should have, what it has, and the difference. */
typedef struct Session {
        Host host;
        Conf conf;
        NetState desired, actual;
        Plan plan;
} Session;

#define CLEANUP_SESSION CLEANUP(session_done)

/* What a verb waits for another one: the unit and a verb of the mesh may start at the same time. */
#define SESSION_WAIT_MSEC 3000

typedef struct SessionOptions {
        const char *config;          /* NULL: /etc/spark/network.conf */
        const char *dir;             /* NULL: HOST_RUNTIME_DIR */
        const char *state_dir;       /* NULL: MEASURE_STATE_DIR */
        const NetPrefix *only_route; /* nothing else is planned than routes to this subnet */
        bool keep_measured;          /* path MTUs, for a time when they cannot be measured */
        bool empty;                  /* nothing is desired: what `down` does */
        bool offline;                /* names are not asked for, path MTUs not measured */
        unsigned wait_msec;          /* for another one that is at work */
        ApplyHook hook;              /* see apply.h */
        void *hook_user;
} SessionOptions;

void session_init(Session *s);
void session_done(Session *s);

/* Reads the configuration and judges it. 0, or as session_plan(). */
int session_check(Session *s, const SessionOptions *options);

/* Reads, resolves and plans. 0; -EINVAL with sentences in conf.problems: a bad configuration;
 * -ENETUNREACH with sentences in plan.problems: it does not fit what this host has now; or -errno
 * of what could not be read, with a sentence in conf.problems. Changes nothing. */
int session_plan(Session *s, const SessionOptions *options);

/* Prints the problems of either kind. */
void session_print_problems(const Session *s, FILE *to);

/* What was done, for undoing it: an apply may take a second round, when the kernel has taken away
 * more than it was told to. The configuration is read in the first one only; the others have no
 * more than what there is, and the plan. */
#define SESSION_ROUNDS 3
typedef struct Applied {
        int lock_fd; /* held until applied_done() */
        Session rounds[SESSION_ROUNDS];
        ApplyDone done[SESSION_ROUNDS];
        size_t n_rounds;
        size_t n_steps;
} Applied;

#define CLEANUP_APPLIED CLEANUP(applied_done)
void applied_init(Applied *a);
void applied_done(Applied *a);

/* The whole of `apply`: takes the lock, plans, carries out, looks whether it holds; undoes what it
 * did when a step fails. Tells `out` what is done and `err` what is wrong. 0, or -errno: -EINVAL
 * for a configuration that is refused, -EBUSY when another apply has the lock. `ret` is
 * initialised. */
int session_apply(const SessionOptions *options, FILE *out, FILE *err, Applied *ret);

/* Undoes it all. The number of steps that could not be undone. */
size_t session_undo(Applied *applied, const SessionOptions *options);

/* As session_apply(), for those who need no more: 0 or -errno. */
int session_apply_now(const SessionOptions *options, FILE *out, FILE *err);
