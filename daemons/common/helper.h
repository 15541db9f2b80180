/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Work that would block the loop, done by a child that is a copy of this process
 * (cgroups/spawn.h), and its answer brought back to the loop.
 */

#include <systemd/sd-event.h>

#include "base/macro.h"

typedef struct Helper Helper;

/* `output` is what the work wrote, at most 4 KiB; "" when it failed or took too long. */
typedef void (*HelperDone)(void *user, const char *output);

/* `done` is called once, and then the helper is gone; unless helper_free() comes first. With a NULL
 * `ret` the helper is the loop's, and goes with it. 0 or -errno. */
int helper_run(sd_event *event, int (*work)(void *arg, int fd), void *arg, unsigned seconds,
               HelperDone done, void *user, Helper **ret);
/* Forgets about it: the child goes on to its end. NULL is fine. */
void helper_free(Helper *helper);
