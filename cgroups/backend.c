/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/backend.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <string.h>
#include <sys/inotify.h>

#include "cgroups/backend-private.h"
#include "cgroups/spawn.h"

/* How often what is near its limit is looked at, besides when the kernel tells. */
#define SAMPLE_USEC UINT64_C(2000000)

/* ---- sampling ---- */

/* What is below three quarters of its limit will not be killed for it before the next look. */
static bool is_near_limit(const CgroupStats *s)
{
        return s->memory_current != STATS_NONE && s->memory_max != STATS_NONE &&
               s->memory_current >= s->memory_max / 4 * 3;
}

/* Bytes. */
static uint64_t split_sum(const MemorySplit *m)
{
        return m->jvm + m->python + m->other + m->page_cache + m->shmem + m->kernel;
}

/* The kernel tells of its kills, too, and we may look when everything is freed. And what is told of
 * a process that is being killed is a guess: what it had before is better. */
static void sample(Backend *b, Task *task)
{
        CgroupStats s;
        MemorySplit split;

        if (task->state != TASK_RUNNING || task->group < 0)
                return;
        if (stats_read(task->group, &s) < 0 || !is_near_limit(&s))
                return;
        if (stats_split(task->group, b->proc, &split) < 0 ||
            split_sum(&split) < s.memory_current / 2)
                return;
        if (split.ending && task->sampled)
                return;
        task->last = split;
        task->sampled = true;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *user)
{
        Backend *b = user;
        Task *task, *next;

        HASH_ITER (hh, b->tasks, task, next)
                sample(b, task);
        if (!b->tasks)
                return 0; /* armed again by the next task */
        (void)sd_event_source_set_time_relative(source, SAMPLE_USEC);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int on_watch(sd_event_source *source, int fd, uint32_t revents, void *user)
{
        union {
                struct inotify_event event;
                char room[16 * (sizeof(struct inotify_event) + NAME_MAX + 1)];
        } buffer;
        Backend *b = user;
        Task *task, *next;
        ssize_t n = read(fd, &buffer, sizeof(buffer));

        for (ssize_t at = 0; at < n;) {
                const struct inotify_event *event = (const void *)(buffer.room + at);

                HASH_ITER (hh, b->tasks, task, next)
                        if (task->watch == event->wd)
                                sample(b, task);
                at += (ssize_t)sizeof(*event) + event->len;
        }
        return 0;
}

static void watch_group(Backend *b, Task *task, const char *path)
{
        task->group_path = strdup(path);
        task->group = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        task->watch = stats_watch_add(b->inotify, path);
        (void)sd_event_source_set_time_relative(b->timer, SAMPLE_USEC);
        (void)sd_event_source_set_enabled(b->timer, SD_EVENT_ONESHOT);
}

/* ---- tasks ---- */

Task *backend_task(Backend *b, const char *id)
{
        Task *task;

        HASH_FIND_STR(b->tasks, id, task);
        return task;
}

Task *backend_task_of_pid(Backend *b, pid_t pid)
{
        Task *task, *next;

        HASH_ITER (hh, b->tasks, task, next)
                if (task->pid == pid && task->state == TASK_RUNNING)
                        return task;
        return NULL;
}

static void task_free(Backend *b, Task *task)
{
        if (b->ops->task_done)
                b->ops->task_done(task);
        if (task->watch >= 0)
                (void)inotify_rm_watch(b->inotify, task->watch);
        close_fd(&task->group);
        free(task->group_path);
        free(task->id);
        free(task->role);
        free(task);
}

int backend_task_add(Backend *b, const char *id, const char *role, const Limits *limits, Task **ret)
{
        Task *task;

        if (backend_task(b, id))
                return -EEXIST;
        task = calloc(1, sizeof(*task));
        if (!task)
                return -ENOMEM;
        task->group = task->watch = -1;
        task->id = strdup(id);
        task->role = strdup(role);
        if (limits) {
                task->limits = *limits;
                task->limits_set = true;
        }
        if (task->id && task->role)
                HASH_ADD_KEYPTR(hh, b->tasks, task->id, strlen(task->id), task);
        if (!hash_added(task)) {
                task_free(b, task);
                return -ENOMEM;
        }
        *ret = task;
        return 0;
}

void backend_task_free(Backend *b, Task *task)
{
        HASH_DEL(b->tasks, task);
        task_free(b, task);
}

void backend_task_started(Backend *b, Task *task, pid_t pid, const char *path)
{
        task->state = TASK_RUNNING;
        task->pid = pid;
        if (path)
                watch_group(b, task, path);
        b->handlers->started(b->user, task->id, pid);
}

void backend_task_failed(Backend *b, Task *task, const char *problem)
{
        CLEANUP_FREE char *id = strdup(task->id);

        backend_task_free(b, task);
        b->handlers->failed(b->user, id ? id : "", problem);
}

void backend_task_ended(Backend *b, Task *task, bool oom, bool exited, int code)
{
        const EndFacts facts = {
                .oom = oom,
                .exited = exited,
                .code = code,
                .role = task->role,
                .limits = task->limits_set ? &task->limits : NULL,
                .memory = task->sampled ? &task->last : NULL,
        };

        task->state = TASK_ENDED;
        b->handlers->ended(b->user, task->id, &facts);
}

/* ---- children ---- */

int backend_spawn(const BackendRequest *request, int (*prepare)(void *), void *arg, pid_t *ret_pid,
                  char **ret_problem)
{
        const SpawnRequest spawn_request = {
                .argv = request->argv,
                .environment = request->environment,
                .directory = request->directory,
                .stdout_path = request->stdout_path,
                .stderr_path = request->stderr_path,
                .prepare = prepare,
                .prepare_arg = arg,
        };

        return spawn(&spawn_request, ret_pid, ret_problem);
}

int backend_become(const char *user)
{
        const struct passwd *pw;

        if (!user)
                return 0;
        errno = 0;
        pw = getpwnam(user);
        if (!pw)
                return errno ? -errno : -ENOENT;
        if (pw->pw_uid == geteuid())
                return 0;
        if (initgroups(pw->pw_name, pw->pw_gid) < 0 ||
            setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) < 0 ||
            setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) < 0)
                return -errno;
        return 0;
}

/* ---- life ---- */

int backend_init(Backend *b, const BackendOps *ops, sd_event *event,
                 const BackendHandlers *handlers, void *user)
{
        int r;

        b->ops = ops;
        b->event = sd_event_ref(event);
        b->handlers = handlers;
        b->user = user;
        b->inotify = -1;
        b->proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (b->proc < 0)
                return -errno;
        b->inotify = stats_watch_new();
        if (b->inotify < 0)
                return b->inotify;
        r = sd_event_add_io(event, &b->watch, b->inotify, EPOLLIN, on_watch, b);
        if (r >= 0)
                r = sd_event_add_time_relative(event, &b->timer, CLOCK_MONOTONIC, SAMPLE_USEC, 0,
                                               on_timer, b);
        return r < 0 ? r : sd_event_source_set_enabled(b->timer, SD_EVENT_OFF);
}

void backend_free(Backend *b)
{
        Task *task, *next;

        if (!b)
                return;
        HASH_ITER (hh, b->tasks, task, next) {
                if (!b->ops->lasting)
                        b->ops->forget(b, task);
                backend_task_free(b, task);
        }
        (void)sd_event_source_disable_unref(b->watch);
        (void)sd_event_source_disable_unref(b->timer);
        close_fd(&b->inotify);
        close_fd(&b->proc);
        (void)sd_event_unref(b->event);
        b->ops->free(b);
}

/* ---- calls ---- */

const char *backend_name(const Backend *b)
{
        return b->ops->name;
}

bool backend_has_limits(const Backend *b)
{
        return b->ops->limits;
}

bool backend_is_lasting(const Backend *b)
{
        return b->ops->lasting;
}

int backend_start(Backend *b, const BackendRequest *request, char **ret_problem)
{
        Task *task;
        int r = backend_task_add(b, request->id, request->role, request->limits, &task);

        if (r < 0)
                return r;
        r = b->ops->start(b, task, request, ret_problem);
        if (r < 0)
                backend_task_free(b, task);
        return r;
}

int backend_kill(Backend *b, const char *id, int signal)
{
        Task *task = backend_task(b, id);

        if (!task || task->state == TASK_ENDED)
                return -ESRCH;
        return b->ops->kill(b, task, signal);
}

int backend_stats(Backend *b, const char *id, CgroupStats *ret, MemorySplit *ret_split)
{
        Task *task = backend_task(b, id);
        int r;

        if (!task || task->state != TASK_RUNNING)
                return -ENOENT;
        if (task->group < 0)
                return -ENOTSUP;
        r = stats_read(task->group, ret);
        return r < 0 || !ret_split ? r : stats_split(task->group, b->proc, ret_split);
}

int backend_limits(Backend *b, const char *id, Limits *ret)
{
        const Task *task = backend_task(b, id);

        if (!task || task->state == TASK_ENDED || !task->limits_set)
                return -ENOENT;
        *ret = task->limits;
        return 0;
}

uint64_t backend_given(const Backend *b)
{
        uint64_t sum = 0;

        for (const Task *task = b->tasks; task; task = task->hh.next)
                if (task->state != TASK_ENDED && task->limits_set)
                        sum += MIN_OF(task->limits.memory_max, UINT64_MAX - sum);
        return sum;
}

int backend_forget(Backend *b, const char *id)
{
        Task *task = backend_task(b, id);

        if (!task)
                return -ENOENT;
        b->ops->forget(b, task);
        backend_task_free(b, task);
        return 0;
}

int backend_list(Backend *b)
{
        return b->ops->list ? b->ops->list(b) : 0;
}

bool backend_reaped(Backend *b, pid_t pid, const siginfo_t *info)
{
        return b->ops->reaped && b->ops->reaped(b, pid, info);
}

int backend_remove(Backend *b, const char *directory, void (*removed)(void *user), void *user)
{
        return b->ops->remove(b, directory, removed, user);
}
