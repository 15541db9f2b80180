/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Executors as our children, each in a control group of its own. For machines where PID 1 is not
 * systemd, or we have a delegated group:
 *
 *   ROOT                        ours to manage; no process may be in it when it has controllers
 *   |-- spark-worker            where we move if ROOT is where we were
 *   `-- spark-executors         the ceiling; "spark-executors_INSTANCE" with several workers
 *       |-- app-1-0             one executor
 *       `-- app-1-1
 *
 * Groups are made with mkdir, and controllers enabled with one write to each of our own
 * cgroup.subtree_control: cgroup_create_cgroup() of libcgroup 2.0 writes to every group from the
 * mount down, which fails below a delegated group, and as root meddles with systemd's. libcgroup
 * sets the limits and attaches the processes.
 */
#include "cgroups/backend.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libcgroup.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/problem.h"
#include "base/strv.h"
#include "cgroups/backend-private.h"
#include "cgroups/launch-message.h"
#include "cgroups/spawn.h"

#define MOUNT        "/sys/fs/cgroup"
#define OWN_GROUP    "spark-worker"
#define USEC_PER_SEC UINT64_C(1000000)

static const char *const controllers[] = { "memory", "cpu", "pids" };

typedef struct LibcgroupBackend {
        Backend base;
        char *run_as;
        char *executors; /* the group, relative to the mount and without a leading slash */
} LibcgroupBackend;

/* ---- libcgroup ---- */

static int error_of(int r)
{
        switch (r) {
        case 0:
                return 0;
        case ECGOTHER:
                return cgroup_get_last_errno() ? -cgroup_get_last_errno() : -EIO;
        case ECGROUPNOTALLOWED:
                return -EPERM;
        case ECGROUPNOTEXIST:
                return -ENOENT;
        default:
                return -EIO;
        }
}

static void group_done(struct cgroup **group)
{
        if (*group)
                cgroup_free(group);
}

/* A handle on the group of that name, relative to the mount; NULL when out of memory. */
static struct cgroup *group_handle(const char *name)
{
        struct cgroup *group = cgroup_new_cgroup(name);

        for (size_t i = 0; group && i < ARRAY_SIZE(controllers); i++)
                if (!cgroup_add_controller(group, controllers[i]))
                        cgroup_free(&group); /* and makes it NULL */
        return group;
}

/* One whose file this kernel does not have is left out when it is `optional`. */
static int set_value(struct cgroup *group, const char *path, const char *controller,
                     const char *name, bool optional, const char *text)
{
        CLEANUP_FREE char *file = path_join(path, name);

        if (!file)
                return -ENOMEM;
        if (optional && access(file, F_OK) < 0)
                return 0;
        return error_of(
                cgroup_set_value_string(cgroup_get_controller(group, controller), name, text));
}

static const char *number_text(char *text, size_t size, uint64_t value)
{
        if (value == LIMITS_UNLIMITED)
                return "max";
        (void)snprintf(text, size, "%" PRIu64, value);
        return text;
}

static int set_limits(const char *name, const Limits *l, bool ceiling)
{
        CLEANUP(group_done) struct cgroup *group = group_handle(name);
        CLEANUP_FREE char *path = path_join(MOUNT, name);
        char number[32], cpu[64];
        const struct {
                const char *controller, *name;
                uint64_t value;
                bool optional, ceiling;
        } values[] = {
                { "memory", "memory.max", l->memory_max, false, true },
                { "memory", "memory.high", l->memory_high, false, false },
                { "memory", "memory.swap.max", l->swap_max, true, false },
                { "memory", "memory.oom.group", 1, false, false },
                { "cpu", "cpu.weight", l->cpu_weight, false, false },
                { "pids", "pids.max", l->pids_max, false, false },
        };
        int r = group && path ? 0 : -ENOMEM;

        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(values); i++)
                if (values[i].ceiling || !ceiling)
                        r = set_value(group, path, values[i].controller, values[i].name,
                                      values[i].optional,
                                      number_text(number, sizeof(number), values[i].value));
        if (r < 0)
                return r;
        if (l->cpu_quota_usec == LIMITS_UNLIMITED)
                (void)snprintf(cpu, sizeof(cpu), "max %d", LIMITS_CPU_PERIOD_USEC);
        else
                (void)snprintf(cpu, sizeof(cpu), "%" PRIu64 " %d",
                               l->cpu_quota_usec / (USEC_PER_SEC / LIMITS_CPU_PERIOD_USEC),
                               LIMITS_CPU_PERIOD_USEC);
        r = set_value(group, path, "cpu", "cpu.max", false, cpu);
        return r < 0 ? r : error_of(cgroup_modify_cgroup(group));
}

/* ---- groups as directories ---- */

static int write_file(const char *dir, const char *name, const char *text)
{
        CLEANUP_FREE char *path = path_join(dir, name);
        CLEANUP_CLOSE int fd = path ? open(path, O_WRONLY | O_CLOEXEC) : -1;

        if (!path)
                return -ENOMEM;
        return fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

static int has_controllers(const char *dir, const char *file, bool *ret)
{
        CLEANUP_FREE char *path = path_join(dir, file), *text = NULL;
        CLEANUP_STRV Strv words = { 0 };
        size_t size;
        int r = path ? file_read(path, KIB(4), &text, &size) : -ENOMEM;

        if (r >= 0)
                r = strv_split(&words, text, " \n");
        if (r < 0)
                return r;
        *ret = true;
        for (size_t i = 0; i < ARRAY_SIZE(controllers); i++)
                if (!strv_contains(&words, controllers[i]))
                        *ret = false;
        return 0;
}

/* Makes the controllers available to the children of `dir`. */
static int enable_controllers(const char *dir, char **ret_problem)
{
        bool has = false;
        int r = has_controllers(dir, "cgroup.controllers", &has);

        if (r == 0 && !has)
                return problem_set(ret_problem, -ENOTSUP,
                                   "%s does not have the controllers memory, cpu and pids", dir);
        if (r == 0)
                r = has_controllers(dir, "cgroup.subtree_control", &has);
        if (r == 0 && !has)
                r = write_file(dir, "cgroup.subtree_control", "+memory +cpu +pids");
        if (r == -EBUSY)
                return problem_set(ret_problem, r, "other processes are in %s", dir);
        return r < 0 ? problem_set(ret_problem, r, "cannot manage %s: %s", dir, strerror(-r)) : 0;
}

/* What is left of an earlier life, or was still dying when it was forgotten. Without the processes
 * in it a group can be removed, else not: so nothing that is in use goes. */
static void remove_stale(LibcgroupBackend *self)
{
        CLEANUP_FREE char *path = path_join(MOUNT, self->executors);
        DIR *dir = path ? opendir(path) : NULL;
        struct dirent *entry;

        while (dir && (entry = readdir(dir)))
                if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
                        (void)unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
        if (dir)
                (void)closedir(dir);
}

/* Our own group, as "/a/b"; owned by the caller. */
static int own_group(char **ret)
{
        CLEANUP_FREE char *text = NULL;
        const char *line;
        size_t size;
        int r = file_read("/proc/self/cgroup", KIB(16), &text, &size);

        if (r < 0)
                return r;
        line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
        if (!line)
                return -ENOTSUP;
        line = strchr(line, '/');
        *ret = line ? strndup(line, strcspn(line, "\n")) : NULL;
        return !line ? -ENOTSUP : *ret ? 0 : -ENOMEM;
}

static int make_group(const char *path, char **ret_problem)
{
        if (mkdir(path, 0755) < 0 && errno != EEXIST)
                return problem_set(ret_problem, -errno, "cannot make %s: %s", path,
                                   strerror(errno));
        return 0;
}

/* Leaves the group that is to have controllers. */
static int step_aside(const char *root, char **ret_problem)
{
        CLEANUP_FREE char *path = path_join(root, OWN_GROUP);
        int r = path ? make_group(path, ret_problem) : -ENOMEM;

        if (r == 0)
                r = write_file(path, "cgroup.procs", "0");
        return r < 0 && !*ret_problem
                       ? problem_set(ret_problem, r, "cannot move to %s: %s", path, strerror(-r))
                       : r;
}

/* ROOT/spark-executors, with its ceiling. */
static int make_executors(LibcgroupBackend *self, const char *root, const BackendConfig *config,
                          char **ret_problem)
{
        const Limits ceiling = {
                .memory_max = config->ceiling,
                .cpu_quota_usec = config->cpu_quota_usec,
        };
        CLEANUP_FREE char *path = NULL;
        int r;

        if (asprintf(&self->executors, "%s%s" LAUNCH_SLICE_NAME "%s%s", root + 1,
                     root[1] ? "/" : "", config->instance ? "_" : "",
                     config->instance ? config->instance : "") < 0) {
                self->executors = NULL;
                return -ENOMEM;
        }
        path = path_join(MOUNT, self->executors);
        r = path ? make_group(path, ret_problem) : -ENOMEM;
        if (r == 0)
                r = enable_controllers(path, ret_problem);
        if (r < 0)
                return r;
        r = set_limits(self->executors, &ceiling, true);
        if (r < 0)
                return problem_set(ret_problem, r, "cannot set the limits of %s: %s", path,
                                   strerror(-r));
        remove_stale(self);
        return 0;
}

static int set_up(LibcgroupBackend *self, const BackendConfig *config, char **ret_problem)
{
        CLEANUP_FREE char *own = NULL, *path = NULL;
        const char *root;
        int r = own_group(&own);

        if (r < 0)
                return problem_set(ret_problem, r, "there are no control groups (version 2)");
        r = cgroup_init();
        if (r != 0)
                return problem_set(ret_problem, error_of(r),
                                   "libcgroup finds no control groups: %s", cgroup_strerror(r));
        root = config->root ? config->root : own;
        path = root[1] ? path_join(MOUNT, root + 1) : strdup(MOUNT);
        if (!path)
                return -ENOMEM;
        if (strcmp(root, own) == 0)
                r = step_aside(path, ret_problem);
        if (r == 0)
                r = enable_controllers(path, ret_problem);
        return r < 0 ? r : make_executors(self, root, config, ret_problem);
}

static bool has_mark(const char *path)
{
        static const char *const names[] = { "trusted.delegate", "user.delegate" };
        char value;

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (getxattr(path, names[i], &value, 1) == 1 && value == '1')
                        return true;
        return false;
}

bool backend_libcgroup_is_delegated(const char *root)
{
        CLEANUP_FREE char *own = NULL, *path = NULL, *limit = NULL;
        struct stat st;

        if (!root && own_group(&own) < 0)
                return false;
        if (!root)
                root = own;
        path = root[1] ? path_join(MOUNT, root + 1) : strdup(MOUNT);
        limit = path ? path_join(path, "memory.max") : NULL;
        if (!limit || stat(path, &st) < 0)
                return false;
        if (has_mark(path))
                return true;
        if (geteuid() != 0)
                return st.st_uid == geteuid();
        /* Only the topmost group of a host has no limits. */
        return !root[1] && access(limit, F_OK) == 0;
}

/* ---- calls ---- */

/* What the child needs to become an executor. */
typedef struct Entry {
        struct cgroup *group;
        const char *run_as;
} Entry;

static int enter(void *arg)
{
        const Entry *entry = arg;
        int r = error_of(cgroup_attach_task_pid(entry->group, getpid()));

        return r < 0 ? r : backend_become(entry->run_as);
}

/* The group's name; ids have one '/' at most. */
static char *group_name(const LibcgroupBackend *self, const char *id)
{
        char *name, *slash;

        if (asprintf(&name, "%s/%s", self->executors, id) < 0)
                return NULL;
        slash = strchr(name + strlen(self->executors) + 1, '/');
        if (slash)
                *slash = '-';
        return name;
}

static bool id_is_plain(const char *id)
{
        const char *slash = strchr(id, '/');

        return *id && *id != '.' && !(slash && strchr(slash + 1, '/'));
}

static int libcgroup_start(Backend *b, Task *task, const BackendRequest *request,
                           char **ret_problem)
{
        LibcgroupBackend *self = CONTAINER_OF(b, LibcgroupBackend, base);
        CLEANUP_FREE char *name = group_name(self, request->id);
        CLEANUP_FREE char *path = name ? path_join(MOUNT, name) : NULL;
        CLEANUP(group_done) struct cgroup *group = name ? group_handle(name) : NULL;
        Entry entry = { group, self->run_as };
        pid_t pid;
        int r;

        if (!path || !group)
                return -ENOMEM;
        if (!id_is_plain(request->id))
                return problem_set(ret_problem, -EINVAL, "its id cannot be a group's name");
        remove_stale(self);
        r = make_group(path, ret_problem);
        if (r < 0)
                return r;
        r = set_limits(name, request->limits, false);
        if (r < 0)
                (void)problem_set(ret_problem, r, "cannot set the limits of %s: %s", path,
                                  strerror(-r));
        else
                r = backend_spawn(request, enter, &entry, &pid, ret_problem);
        if (r < 0) {
                (void)rmdir(path);
                return r;
        }
        backend_task_started(b, task, pid, path);
        return 0;
}

/* cgroup.kill is of Linux 5.14. */
static int kill_all(const Task *task)
{
        int r = task->group_path ? write_file(task->group_path, "cgroup.kill", "1") : -ENOENT;

        if (r == -ENOENT)
                r = spawn_kill_session(task->pid, true);
        return r < 0 ? r : 0;
}

static int libcgroup_kill(Backend *b, Task *task, int signal)
{
        if (signal == SIGKILL)
                return kill_all(task);
        return kill(task->pid, signal) < 0 ? -errno : 0;
}

static void libcgroup_forget(Backend *b, Task *task)
{
        if (task->state == TASK_RUNNING)
                (void)kill_all(task);
        /* When it is still dying, the next start or end removes it. */
        remove_stale(CONTAINER_OF(b, LibcgroupBackend, base));
}

static bool libcgroup_reaped(Backend *b, pid_t pid, const siginfo_t *info)
{
        Task *task = backend_task_of_pid(b, pid);
        bool killed = info->si_code != CLD_EXITED && info->si_status == SIGKILL;
        CgroupStats s = { .oom_kills = 0 };

        if (!task)
                return false;
        (void)stats_read(task->group, &s);
        if (task->group_path)
                (void)write_file(task->group_path, "cgroup.kill", "1");
        backend_task_ended(b, task, killed && s.oom_kills != STATS_NONE && s.oom_kills > 0,
                           info->si_code == CLD_EXITED, info->si_status);
        return true;
}

static int libcgroup_remove(Backend *b, const char *directory, void (*removed)(void *), void *user)
{
        removed(user); /* we are the same user, or root */
        return 0;
}

static void libcgroup_free(Backend *b)
{
        LibcgroupBackend *self = CONTAINER_OF(b, LibcgroupBackend, base);

        free(self->run_as);
        free(self->executors);
        free(self);
}

static const BackendOps libcgroup_ops = {
        .name = "libcgroup",
        .limits = true,
        .start = libcgroup_start,
        .kill = libcgroup_kill,
        .forget = libcgroup_forget,
        .reaped = libcgroup_reaped,
        .remove = libcgroup_remove,
        .free = libcgroup_free,
};

int backend_libcgroup_new(sd_event *event, const BackendConfig *config,
                          const BackendHandlers *handlers, void *user, Backend **ret,
                          char **ret_problem)
{
        LibcgroupBackend *self = calloc(1, sizeof(*self));
        int r;

        if (!self)
                return -ENOMEM;
        r = backend_init(&self->base, &libcgroup_ops, event, handlers, user);
        if (r >= 0 && config->user) {
                self->run_as = strdup(config->user);
                r = self->run_as ? 0 : -ENOMEM;
        }
        if (r >= 0)
                r = set_up(self, config, ret_problem);
        if (r < 0) {
                backend_free(&self->base);
                return r;
        }
        *ret = &self->base;
        return 0;
}
