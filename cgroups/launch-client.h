/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The worker's end of spark-launcher's socket (launch-message.h): one request and its reply.
 */

#include <systemd/sd-event.h>

#include "cgroups/launch-message.h"

typedef struct LaunchCall LaunchCall;

/* Called once. A launcher that is not there or does not answer is a reply, too: LAUNCH_FAILED. */
typedef void (*LaunchHandler)(void *user, const LaunchReply *reply);

/* Sends `m` with `fds` (borrowed) to the socket at `path`. 0, and `handler` is called from the
 * loop; or -errno. With *ret_call (may be NULL) the call can be given up until then. */
int launch_call(sd_event *event, const char *path, const LaunchMessage *m, const int *fds,
                size_t n_fds, LaunchHandler handler, void *user, LaunchCall **ret_call);
/* NULL is fine. */
void launch_call_free(LaunchCall *call);

/* A sealed memory file with the environment, as spark-exec reads it. An fd or -errno. */
int launch_environment(const char *const *environment);
