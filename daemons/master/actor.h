/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The master in the world: what peers send becomes events of the state machine (master.h), and its
 * effects become messages, log lines and the one timer. Decides nothing itself.
 */

#include <stdint.h>
#include <systemd/sd-event.h>

#include "daemons/master/master.h"

typedef struct Actor Actor;

typedef struct ActorOptions {
        const MasterConfig *config;
        const char *state_dir; /* of what outlives the process; NULL: nothing does */
        bool standby;          /* while another master has it, wait, and then take over */
} ActorOptions;

/* `event` is referenced, the options are copied. 0; -EINVAL when an id pattern is none; another
 * -errno; or a STORE_E_ (store/store.h). What it says of the state is in *ret_problem (owned by the
 * caller). */
int actor_new(sd_event *event, const ActorOptions *options, Actor **ret, char **ret_problem);
/* Closes every connection. NULL is fine. */
void actor_free(Actor *a);
void actor_free_pointer(Actor **a); /* for CLEANUP */

/* Accepts workers and drivers on a listening socket, whose ownership moves here. 0 or -errno. */
int actor_listen(Actor *a, int fd);

/* Ends the loop, with connections handed over to the next process if there is one that takes them
 * (daemons/common/handover.h). Listening sockets must have been taken before actor_new(), which
 * takes over what is there. `user` is the Actor. */
void actor_terminate(void *user, int signal);

/* As master_reconfigure(). */
void actor_reconfigure(Actor *a, const MasterConfig *config);

/* For the web UI to read; valid as long as the actor. */
const Master *actor_master(const Actor *a);

/* An order of the web UI: EVENT_KILL_APP or EVENT_KILL_DRIVER; `user` is the Actor. */
void actor_order(void *user, MasterEventType type, const char *id);
