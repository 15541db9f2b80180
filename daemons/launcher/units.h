/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * PID 1 as the launcher uses it: starts a transient service, signals and forgets one, sets the
 * ceiling of the slice. Every call answers through a handler, once, when systemd's job is over.
 * Requests have been checked (check.h).
 */

#include <sys/types.h>
#include <systemd/sd-event.h>

#include "cgroups/launch-message.h"

typedef struct Units Units;
typedef struct UnitJob UnitJob;

/* `problem` (borrowed) says what went wrong, or is NULL; `pid` is that of what was started. */
typedef void (*UnitJobHandler)(void *user, const char *problem, pid_t pid);

/* Connects to the system bus. `starter` is the path of spark-exec, borrowed. 0 or -errno. */
int units_new(sd_event *event, const char *starter, Units **ret);
void units_free(Units *units);

/* Carries the request out. `fds` are those of a start, borrowed. 0 with *ret_job, which is valid
 * until the handler is called; or -errno, and the handler is not called. */
int units_request(Units *units, const LaunchMessage *m, const int *fds, UnitJobHandler handler,
                  void *user, UnitJob **ret_job);

/* Nobody waits any more: the handler will not be called. What systemd does goes on. */
void unit_job_abandon(UnitJob *job);
