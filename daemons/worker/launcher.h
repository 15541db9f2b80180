/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Starts executors and drivers: chooses the engine (asking an application's driver if need be),
 * makes the directories, builds the command (executor-command.h, driver-command.h), finds its
 * limits (limits-request.h) and has the backend start it (cgroups/backend.h), if the limits fit
 * beside those of what runs. Acts, and decides nothing that the state machine ought to know.
 */

#include <sys/types.h>
#include <systemd/sd-event.h>

#include "daemons/worker/backend-choice.h"
#include "daemons/worker/command-text.h"
#include "daemons/worker/config.h"
#include "daemons/worker/keep.h"
#include "daemons/worker/workdir.h"

typedef struct LauncherConfig {
        const WorkerSettings *settings;
        const Strv *environment; /* ours */
        const char *work_dir;    /* absolute */
        const char *worker_id;
        const char *host;
        uint16_t port;
        const char *web_ui_url; /* http://host:port */
        const StringMap *ssl_settings;
        const Redaction *redaction;
        const Budget *budget;
        Keep *keep; /* or NULL */
} LauncherConfig;

/* A child that was not given to the backend is not started: called at most once for a child,
 * perhaps before the launch returns. */
typedef void (*LaunchFailed)(void *user, const char *child, const char *problem);

typedef struct Launcher Launcher;

/* All but `event` is borrowed for the launcher's life. 0 or -errno. */
int launcher_new(sd_event *event, const LauncherConfig *config, const BackendChoice *choice,
                 LaunchFailed failed, void *user, Launcher **ret);
/* Launches under way are forgotten; local directories are removed. The backend must be gone
 * already. NULL is fine. */
void launcher_free(Launcher *l);

/* The engines of this host; looked for again with launcher_rescan(). */
const Engines *launcher_engines(const Launcher *l);
int launcher_rescan(Launcher *l);

/* Starts `executor` ("APP/N") as `launch` (MSG_LAUNCH_EXECUTOR) says: either the backend tells of
 * it, or it has failed, now or later. `sparkd` and `lines`: what the master is. */
void launcher_start(Launcher *l, const char *executor, const Message *launch, bool sparkd,
                    LineSet lines);

/* Starts `driver` as `launch` (MSG_LAUNCH_DRIVER) says, once its jar is here; as above. */
void launcher_start_driver(Launcher *l, const char *driver, const Message *launch, bool sparkd,
                           LineSet lines);
/* Gives that up: no handler is called any more. One that is not being started is fine. */
void launcher_cancel_driver(Launcher *l, const char *driver);

/* The application is done with: its local directories go. */
void launcher_forget_app(Launcher *l, const char *app_id);

/* Removes directories that executors may have written to, in the background. */
void launcher_remove(Launcher *l, const Strv *dirs);

/* Takes up the directories for shuffle data that an earlier process made: a KeepLocalDirs with the
 * launcher as `user`. */
int launcher_adopt_dirs(void *user, const char *app_id, const Strv *dirs);
/* Another process takes over: launcher_free() removes nothing. */
void launcher_leave(Launcher *l);

/* One of the directories for work and shuffle data whose disk is full, borrowed; or NULL. */
const char *launcher_full_disk(const Launcher *l);
