/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/backend.h"

#include <errno.h>
#include <string.h>

#include "cgroups/backend-private.h"
#include "cgroups/spawn.h"

typedef struct NoneBackend {
        Backend base;
        char *run_as; /* or NULL */
} NoneBackend;

static int prepare(void *arg)
{
        return backend_become(arg);
}

static int none_start(Backend *b, Task *task, const BackendRequest *request, char **ret_problem)
{
        NoneBackend *self = CONTAINER_OF(b, NoneBackend, base);
        pid_t pid;
        int r = backend_spawn(request, prepare, self->run_as, &pid, ret_problem);

        if (r < 0)
                return r;
        task->limits_set = false; /* none are held */
        backend_task_started(b, task, pid, NULL);
        return 0;
}

static int none_kill(Backend *b, Task *task, int signal)
{
        int r;

        if (signal == SIGKILL) {
                r = spawn_kill_session(task->pid, true);
                return r < 0 ? r : 0;
        }
        return kill(task->pid, signal) < 0 ? -errno : 0;
}

static void none_forget(Backend *b, Task *task)
{
        if (task->state == TASK_RUNNING)
                (void)spawn_kill_session(task->pid, true);
}

static bool none_reaped(Backend *b, pid_t pid, const siginfo_t *info)
{
        Task *task = backend_task_of_pid(b, pid);

        if (!task)
                return false;
        (void)spawn_kill_session(pid, false);
        backend_task_ended(b, task, false, info->si_code == CLD_EXITED, info->si_status);
        return true;
}

/* As the same user we could remove it ourselves; as root, too. */
static int none_remove(Backend *b, const char *directory, void (*removed)(void *), void *user)
{
        removed(user);
        return 0;
}

static void none_free(Backend *b)
{
        NoneBackend *self = CONTAINER_OF(b, NoneBackend, base);

        free(self->run_as);
        free(self);
}

static const BackendOps none_ops = {
        .name = "none",
        .start = none_start,
        .kill = none_kill,
        .forget = none_forget,
        .reaped = none_reaped,
        .remove = none_remove,
        .free = none_free,
};

int backend_none_new(sd_event *event, const BackendConfig *config, const BackendHandlers *handlers,
                     void *user, Backend **ret, char **ret_problem)
{
        NoneBackend *self = calloc(1, sizeof(*self));
        int r;

        if (!self)
                return -ENOMEM;
        r = backend_init(&self->base, &none_ops, event, handlers, user);
        if (r >= 0 && config->user) {
                self->run_as = strdup(config->user);
                r = self->run_as ? 0 : -ENOMEM;
        }
        if (r < 0) {
                backend_free(&self->base);
                return r;
        }
        *ret = &self->base;
        return 0;
}
