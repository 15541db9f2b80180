/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the backends share: the table of what runs, and its sampling.
 */

#include "base/hash.h"
#include "cgroups/backend.h"

typedef enum TaskState {
        TASK_STARTING,
        TASK_RUNNING,
        TASK_ENDED,
} TaskState;

typedef struct Task {
        char *id, *role;
        TaskState state;
        pid_t pid;
        Limits limits;
        bool limits_set;
        char *group_path; /* absolute, below the mount; NULL: none */
        int group;        /* the directory, -1: none */
        int watch;        /* of its memory.events, -1: none */
        MemorySplit last;
        bool sampled;
        void *data; /* the backend's own; freed by its `task_done` */
        UT_hash_handle hh;
} Task;

typedef struct BackendOps {
        const char *name;
        bool lasting, limits;
        /* `task` is in the table, STARTING. On failure the caller removes it. */
        int (*start)(Backend *b, Task *task, const BackendRequest *request, char **ret_problem);
        int (*kill)(Backend *b, Task *task, int signal);
        void (*forget)(Backend *b, Task *task); /* the task is freed after it */
        int (*list)(Backend *b);                /* or NULL */
        bool (*reaped)(Backend *b, pid_t pid, const siginfo_t *info); /* or NULL */
        int (*remove)(Backend *b, const char *directory, void (*removed)(void *), void *user);
        void (*task_done)(Task *task); /* or NULL */
        void (*free)(Backend *b);
} BackendOps;

/* The first member of each backend's own struct. */
struct Backend {
        const BackendOps *ops;
        sd_event *event;
        const BackendHandlers *handlers;
        void *user;
        Task *tasks;
        int proc;    /* /proc */
        int inotify; /* of memory.events */
        sd_event_source *watch, *timer;
};

/* The common part; `b` is zero. 0 or -errno. After a failure backend_free() is fine, once ops is
 * set. */
int backend_init(Backend *b, const BackendOps *ops, sd_event *event,
                 const BackendHandlers *handlers, void *user);

Task *backend_task(Backend *b, const char *id);
Task *backend_task_of_pid(Backend *b, pid_t pid);
/* -EEXIST, -ENOMEM or 0. `limits` may be NULL. */
int backend_task_add(Backend *b, const char *id, const char *role, const Limits *limits,
                     Task **ret);
void backend_task_free(Backend *b, Task *task);

/* It runs, in the group `path` (absolute; NULL: none); calls the handler. */
void backend_task_started(Backend *b, Task *task, pid_t pid, const char *path);
/* It has not started and never will: calls the handler and frees it. */
void backend_task_failed(Backend *b, Task *task, const char *problem);
/* It has ended; calls the handler, which may free it. */
void backend_task_ended(Backend *b, Task *task, bool oom, bool exited, int code);

/* Starts a child of ours for the task; `prepare` as in spawn.h, or NULL. For the two backends that
 * have children. */
int backend_spawn(const BackendRequest *request, int (*prepare)(void *), void *arg, pid_t *ret_pid,
                  char **ret_problem);
/* In a child: becomes `user` (NULL: stays who it is). 0 or -errno. */
int backend_become(const char *user);
