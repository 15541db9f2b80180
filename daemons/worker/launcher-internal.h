/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the launcher of executors (launcher.c) and that of drivers (driver-launcher.c) share: the
 * engines, and the way from a command to a process. Nobody else includes this.
 */

#include "cgroups/spawn.h"
#include "daemons/worker/engine-choice.h"
#include "daemons/worker/java-command.h"
#include "daemons/worker/launcher.h"

typedef struct Launch Launch;
typedef struct DriverLaunch DriverLaunch;
typedef struct AppVersion AppVersion;

struct Launcher {
        sd_event *event;
        const LauncherConfig *config;
        const LauncherHandlers *handlers;
        void *user;
        Engines engines;
        LocalDirs local_dirs;
        char *java_home;        /* where neither application nor environment says */
        Launch *waiting;        /* executors */
        DriverLaunch *fetching; /* drivers */
        AppVersion *versions;
};

/* The engine for a wish, also one that was installed since; NULL with a sentence in *ret_problem
 * (owned by the caller, may be NULL). */
const Engine *launcher_engine(Launcher *l, const EngineWish *wish, const char *version,
                              char **ret_problem);

/* What an engine and this host put into a JVM's command, with what it borrows. */
typedef struct Site {
        JavaSite java;
        char *slf4j, *java_opts, *worker_url;
} Site;

/* 0 or -ENOMEM. site_done() in any case. */
int site_init(Site *s, const Launcher *l, const Command *command, const Engine *engine);
void site_done(Site *s);

/* The address of logs of this worker, all but the log's name. `proxied` is whose page it is where
 * links go by way of the master. Owned by the caller; NULL when out of memory. */
char *launcher_log_url(const Launcher *l, const char *proxied, const char *query);

/* Starts a process in `dir` whose output goes to stdout and stderr there. 0, or -errno with
 * *ret_problem: a sentence owned by the caller, or NULL. */
int launcher_run(const Launcher *l, const char *dir, const JavaCommand *command, pid_t *ret_pid,
                 char **ret_problem);

/* driver-launcher.c */
void launcher_forget_drivers(Launcher *l);
