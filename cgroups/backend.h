/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Backends: three ways to run executors and drivers under their limits, behind one set of calls.
 *
 *   systemd    PID 1 runs each as a service of its own, asked through spark-launcher. They outlive
 *              us, and their results are kept until they are forgotten.
 *   libcgroup  our children, each in a control group that we make below one that is ours to manage.
 *   none       our children, without limits.
 *
 * A backend remembers what it runs by id until backend_forget(). It samples where memory goes while
 * things run, so that an end can be explained (cause.h) when the group is gone.
 */

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "cgroups/cause.h"
#include "cgroups/limits.h"
#include "cgroups/stats.h"

typedef struct Backend Backend;

typedef struct BackendConfig {
        const char *user;        /* as whom to run things; NULL: as ourselves */
        const char *instance;    /* of several workers on a host, "w1"; NULL: the only one */
        uint64_t ceiling;        /* bytes for all together */
        uint64_t cpu_quota_usec; /* per second for all together; LIMITS_UNLIMITED */
        const char *socket;      /* systemd: of the launcher; NULL: LAUNCH_SOCKET */
        const char *root; /* libcgroup: the group to manage, "/a/b" as in /proc/PID/cgroup; NULL:
                           * the one that we are in */
} BackendConfig;

/* Ids are "APP/N" for executors, anything without '/' for drivers. All borrowed for the call. */
typedef struct BackendHandlers {
        void (*started)(void *user, const char *id, pid_t pid);
        void (*failed)(void *user, const char *id, const char *problem); /* forgotten already */
        /* role, limits and the last sample are filled in; after it: backend_forget() */
        void (*ended)(void *user, const char *id, const EndFacts *facts);
        /* something that nobody waits for did not work: for the log. `id` may be NULL */
        void (*trouble)(void *user, const char *id, const char *problem);
} BackendHandlers;

typedef struct BackendRequest {
        const char *id;
        const char *role; /* "executor" or "driver" */
        const char *const *argv;
        const char *const *environment;
        const char *directory; /* ours, and the user's to write to */
        const char *stdout_path;
        const char *stderr_path;
        const Limits *limits;
} BackendRequest;

/* Each: 0, or -errno with a sentence part (owned by the caller, NULL when out of memory) of why
 * this backend cannot be used here. `handlers` is borrowed. Nothing is called before the loop runs
 * or backend_start() is called. systemd: sets the ceiling, and waits until that is done; -ENOENT or
 * -EACCES when there is no launcher here that takes our orders. */
int backend_systemd_new(sd_event *event, const BackendConfig *config,
                        const BackendHandlers *handlers, void *user, Backend **ret,
                        char **ret_problem);
int backend_libcgroup_new(sd_event *event, const BackendConfig *config,
                          const BackendHandlers *handlers, void *user, Backend **ret,
                          char **ret_problem);
int backend_none_new(sd_event *event, const BackendConfig *config, const BackendHandlers *handlers,
                     void *user, Backend **ret, char **ret_problem);

/* Whether the group (as in BackendConfig) is there for us to manage: somebody delegated it, as
 * systemd marks it; or it belongs to us and we are not root; or we are root in a container, where
 * our group is the topmost that there is. To try on other people's groups would leave traces. */
bool backend_libcgroup_is_delegated(const char *root);

/* What our children are is killed; services go on. */
void backend_free(Backend *b);

const char *backend_name(const Backend *b);
/* Whether it holds what it runs to its limits. */
bool backend_has_limits(const Backend *b);
/* Whether what it runs outlives us. */
bool backend_is_lasting(const Backend *b);

/* 0: `started` or `failed` follows, perhaps before this returns. Or -errno with *ret_problem. */
int backend_start(Backend *b, const BackendRequest *request, char **ret_problem);

/* SIGKILL goes to every process, others to the first. 0 or -errno; -ESRCH when it does not run. */
int backend_kill(Backend *b, const char *id, int signal);

/* Reads what it uses now, and where its memory is (may be NULL). 0, -ENOENT when nothing of this id
 * runs, -ENOTSUP when this backend has no groups, or -errno. */
int backend_stats(Backend *b, const char *id, CgroupStats *ret, MemorySplit *ret_split);

/* The limits that it was started with; of one that was taken up, memory_max only. 0, or -ENOENT
 * when nothing of this id runs under limits. */
int backend_limits(Backend *b, const char *id, Limits *ret);

/* The sum of memory_max of all that starts or runs. */
uint64_t backend_given(const Backend *b);

/* Ends what is left of it and lets it go. 0, or -ENOENT when it is not known. */
int backend_forget(Backend *b, const char *id);

/* Takes up what an earlier life of ours left running: `started` is called for each, and `ended`
 * for those that have. Of their limits only memory_max is known. 0 or -errno. */
int backend_list(Backend *b);

/* Called with every child that the worker's reaper sees (spawn.h), before it is reaped. True when
 * it was one of this backend's. */
bool backend_reaped(Backend *b, pid_t pid, const siginfo_t *info);

/* Empties a directory of ours of what `user` left there and we may not remove. When it is done, or
 * at once where there is nothing to do, `removed` is called. 0 or -errno. */
int backend_remove(Backend *b, const char *directory, void (*removed)(void *user), void *user);
