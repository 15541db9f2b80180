/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Which backend (cgroups/backend.h) this worker runs its executors with, and as whom: the settings
 * `limits` and `run-as`, and what the host allows.
 */

#include "cgroups/backend.h"
#include "daemons/worker/budget.h"

/* Who runs what is started. */
typedef struct Identity {
        char *user;  /* NULL: as ourselves */
        uid_t uid;   /* of `user` ... */
        gid_t gid;   /* ... and what its files are shared with us by */
        char *home;  /* as the password file has it */
        char *shell; /* the same */
} Identity;

void identity_done(Identity *identity);

typedef struct BackendChoice {
        Backend *backend;
        Identity identity;
        char *why; /* of `auto`, when it came to "none": a sentence part; or NULL */
} BackendChoice;

void backend_choice_done(BackendChoice *choice);

/* `auto` is systemd where that is PID 1 and spark-launcher takes our orders, else libcgroup where a
 * group is delegated to us, else none. Executors run as spark-executor unless the settings say
 * otherwise, if there is such a user and we may start processes of others.
 *
 * 0 with *ret to be backend_choice_done(); or -errno with a sentence part in *ret_problem (owned by
 * the caller, NULL when out of memory): -EINVAL when the settings ask for what cannot be, others
 * when it should be possible, and another time may be. */
int backend_choose(sd_event *event, const WorkerSettings *s, const Budget *budget,
                   const BackendHandlers *handlers, void *user, BackendChoice *ret,
                   char **ret_problem);
