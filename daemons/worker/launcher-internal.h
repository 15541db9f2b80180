/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the launcher of executors (launcher.c) and that of drivers (driver-launcher.c) share: the
 * engines, and the way from a command to a process. Nobody else includes this.
 */

#include "daemons/worker/engine-choice.h"
#include "daemons/worker/java-command.h"
#include "daemons/worker/launcher.h"
#include "daemons/common/limits-request.h"
#include "daemons/worker/remover.h"

typedef struct Launch Launch;
typedef struct DriverLaunch DriverLaunch;
typedef struct AppVersion AppVersion;
typedef struct Refusal Refusal;

struct Launcher {
        sd_event *event;
        const LauncherConfig *config;
        Backend *backend;
        const Identity *identity;
        gid_t group; /* that directories are shared with; SHARE_NOBODY */
        LaunchFailed failed;
        void *user;
        Engines engines;
        LocalDirs local_dirs;
        Remover *remover;
        Refusal *refusals;
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

/* workdir_write_header(), with a sentence part on failure; `line` NULL: out of memory. */
int launcher_write_header(const char *directory, const char *title, const char *line, bool append,
                          char **ret_problem);

/* What the backend is to start. */
typedef struct LaunchOrder {
        const char *child, *role;
        const Engine *engine;
        const char *directory; /* stdout and stderr are in it */
        JavaCommand *command;  /* whose environment is made that of the user who runs it */
        LimitsRequest request;
} LaunchOrder;

/* 0 when the backend tells what becomes of it, and perhaps has already; -EDQUOT when its limits do
 * not fit now; or another -errno. With *ret_problem: a sentence part owned by the caller, or NULL.
 */
int launcher_run(Launcher *l, const LaunchOrder *order, char **ret_problem);

/* Calls `failed` for what could not be started; for -EDQUOT after a while, because a master that
 * counts heaps only asks again at once. */
void launcher_fail(Launcher *l, const char *child, int result, const char *problem);

/* driver-launcher.c */
void launcher_forget_drivers(Launcher *l);
