/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The launcher's socket: one request and one reply per connection. Holds nothing between requests,
 * and leaves the loop when there was none for a while: systemd starts it again for the next one.
 */

#include <systemd/sd-event.h>

#include "daemons/launcher/check.h"
#include "daemons/launcher/units.h"

typedef struct Server Server;

/* Listens on `fd`, which it takes. `policy` and `units` are borrowed. After `idle_usec` without a
 * connection the loop ends (0: never). 0 or -errno. */
int server_new(sd_event *event, int fd, const LauncherPolicy *policy, Units *units,
               uint64_t idle_usec, Server **ret);
void server_free(Server *server);
