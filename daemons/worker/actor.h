/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The worker in the world: what peers and processes do becomes events of the state machine
 * (worker.h), and its effects become messages, processes, log lines and the one timer. Decides
 * nothing itself.
 */

#include <systemd/sd-event.h>

#include "daemons/worker/launcher.h"
#include "daemons/worker/worker.h"

typedef struct Actor Actor;

/* Both configs are borrowed for the actor's life. 0; or -errno with *ret_problem, a sentence part
 * owned by the caller or NULL: as backend_choose(). */
int actor_new(sd_event *event, const WorkerConfig *worker, const LauncherConfig *launcher,
              Actor **ret, char **ret_problem);
/* Kills children that still run and closes every connection. NULL is fine. */
void actor_free(Actor *a);
void actor_free_pointer(Actor **a); /* for CLEANUP */

/* Accepts masters and executors on a listening socket, whose ownership moves here. 0 or -errno. */
int actor_listen(Actor *a, int fd);

/* Takes up what an earlier process of this worker left, and begins to register if its tie to the
 * master did not come over, too. After the listening sockets were taken. The loop ends with the
 * worker's exit status. */
void actor_start(Actor *a);

/* The settings have changed where they may while we run; looks for engines, too. */
void actor_reload(Actor *a);

/* Ends the executors, then the loop; called again, at once. Where the unit is restarted and
 * executors are units of their own, they go on, and connections are handed over. `user` is the
 * Actor. */
void actor_terminate(void *user, int signal);

/* For the web UI to read; valid as long as the actor. */
const Worker *actor_worker(const Actor *a);
const Engines *actor_engines(const Actor *a);
const BackendChoice *actor_backend(const Actor *a);
