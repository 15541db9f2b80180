/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * apply --confirm: a change that would lock its maker out undoes itself.
 *
 * The work is done by a process of its own, which keeps in memory how to undo each step and waits
 * for `spark-netsetup confirm` on a socket. It has a session of its own and, where systemd runs, a
 * scope of its own, so that the end of the login whose connection the change may have cut does not
 * end it (KillUserProcesses=); and a guard, which undoes the change when it is killed. A timer unit
 * would have to find on disk, in text, what the process has in memory; both fail alike when the
 * machine goes down, and then the kernel's state is gone, too.
 */

#include "netsetup/session.h"
#include "netsetup/verbs.h"

/* Starts that process, prints what it tells and returns its status as soon as the change is made.
 */
int confirm_start(const char *config, unsigned seconds);

/* That process. It tells `report_fd` what it does, and closes that before it waits. */
int confirm_run(const SessionOptions *options, unsigned seconds, int report_fd);

/* Tells the one that waits in `dir` (NULL: HOST_RUNTIME_DIR) that all is well. 0, or -ESRCH: nobody
 * waits. */
int confirm_send(const char *dir);
