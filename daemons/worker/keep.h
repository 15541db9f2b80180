/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What outlives this process of the worker, in its state directory (store/store.h): the records of
 * the state machine (event.h), the directories for shuffle data, and the worker's id. Secrets are
 * among it, so the directory is for the worker's user only.
 *
 * A Keep may be NULL, of a worker without a state directory: then nothing is kept.
 */

#include "base/strv.h"
#include "daemons/worker/worker.h"

typedef struct Keep Keep;

/* 0 with *ret; a positive result for a directory that cannot be used as it is (in use, or with a
 * state that is not ours), or -errno; then *ret_problem is a sentence part owned by the caller, or
 * NULL. */
int keep_open(const char *directory, Keep **ret, char **ret_problem);
Keep *keep_close(Keep *k);

/* The id that a worker of this address had when it was not stopped in order; NULL when there is
 * none. Owned by the caller. */
char *keep_worker_id(Keep *k, const char *host, uint16_t port);
/* Sets it, or forgets it when `id` is NULL. 0 or -errno. */
int keep_set_worker_id(Keep *k, const char *host, uint16_t port, const char *id);

/* Makes what effects ask to keep durable, before the others are carried out. 0 or -errno; the
 * worker goes on without, and what it does then does not survive it. */
int keep_effects(Keep *k, const WorkerEffects *fx);

/* An application's directories for shuffle data; NULL: they are gone. 0 or -errno. */
int keep_local_dirs(Keep *k, const char *app_id, const Strv *dirs);

/* Takes all up again. A record that cannot be used is said in the log. 0 or -errno. */
typedef int (*KeepLocalDirs)(void *user, const char *app_id, const Strv *dirs);
int keep_load(Keep *k, Worker *worker, KeepLocalDirs local_dirs, void *user);
