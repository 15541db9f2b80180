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

/* `event` is referenced, `config` is copied. 0, -EINVAL when an id pattern in it is none, or
 * -errno. */
int actor_new(sd_event *event, const MasterConfig *config, Actor **ret);
/* Closes every connection. NULL is fine. */
void actor_free(Actor *a);
void actor_free_pointer(Actor **a); /* for CLEANUP */

/* Accepts workers and drivers on a listening socket, whose ownership moves here. 0 or -errno. */
int actor_listen(Actor *a, int fd);

/* As master_reconfigure(). */
void actor_reconfigure(Actor *a, const MasterConfig *config);

/* For the web UI to read; valid as long as the actor. */
const Master *actor_master(const Actor *a);

/* An order of the web UI: EVENT_KILL_APP or EVENT_KILL_DRIVER; `user` is the Actor. */
void actor_order(void *user, MasterEventType type, const char *id);
