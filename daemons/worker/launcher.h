/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Starts executors and drivers: chooses the engine (asking an application's driver if need be),
 * makes the directories, builds the command (executor-command.h, driver-command.h) and starts it
 * (cgroups/spawn.h). Acts, and decides
 * nothing that the state machine ought to know.
 */

#include <sys/types.h>
#include <systemd/sd-event.h>

#include "daemons/worker/command-text.h"
#include "daemons/worker/config.h"
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
} LauncherConfig;

typedef struct LauncherHandlers {
        void (*started)(void *user, const char *child, pid_t pid);
        void (*failed)(void *user, const char *child, const char *problem);
} LauncherHandlers;

typedef struct Launcher Launcher;

/* All but `event` is borrowed for the launcher's life. 0 or -errno. */
int launcher_new(sd_event *event, const LauncherConfig *config, const LauncherHandlers *handlers,
                 void *user, Launcher **ret);
/* Launches under way are forgotten; local directories are removed. NULL is fine. */
void launcher_free(Launcher *l);

/* The engines of this host; looked for again with launcher_rescan(). */
const Engines *launcher_engines(const Launcher *l);
int launcher_rescan(Launcher *l);

/* Starts `executor` ("APP/N") as `launch` (MSG_LAUNCH_EXECUTOR) says; one handler is called, now or
 * later. `sparkd` and `lines`: what the master is. */
void launcher_start(Launcher *l, const char *executor, const Message *launch, bool sparkd,
                    LineSet lines);

/* Starts `driver` as `launch` (MSG_LAUNCH_DRIVER) says, once its jar is here; as above. */
void launcher_start_driver(Launcher *l, const char *driver, const Message *launch, bool sparkd,
                           LineSet lines);
/* Gives that up: no handler is called any more. One that is not being started is fine. */
void launcher_cancel_driver(Launcher *l, const char *driver);

/* The application is done with: its local directories go. */
void launcher_forget_app(Launcher *l, const char *app_id);
