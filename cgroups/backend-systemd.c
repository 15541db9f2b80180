/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Executors as services. The launcher (launch-client.h) gives PID 1 the orders for which one must
 * be root; what becomes of the units everybody may read on the system bus, and so do we.
 */
#include "cgroups/backend.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/parse.h"
#include "base/problem.h"
#include "cgroups/backend-private.h"
#include "cgroups/launch-client.h"

#define SYSTEMD      "org.freedesktop.systemd1"
#define MANAGER_PATH "/org/freedesktop/systemd1"
#define MANAGER      "org.freedesktop.systemd1.Manager"
#define UNIT         "org.freedesktop.systemd1.Unit"
#define SERVICE      "org.freedesktop.systemd1.Service"
#define UNIT_PATH    "/org/freedesktop/systemd1/unit"
#define CGROUP_MOUNT "/sys/fs/cgroup"

/* PID 1 answers these from memory. */
#define CALL_USEC (UINT64_C(5) * 1000000)

typedef struct Order Order;

typedef struct SystemdBackend {
        Backend base;
        sd_bus *bus;
        char *run_as, *instance, *socket;
        Order *orders; /* without an answer yet */
} SystemdBackend;

/* What a task has besides: its unit. */
typedef struct UnitData {
        SystemdBackend *self;
        Task *task;
        char *unit, *path; /* name, and object on the bus */
        sd_bus_slot *match;
        LaunchCall *call; /* the start, under way */
} UnitData;

static void unit_data_done(Task *task)
{
        UnitData *data = task->data;

        if (!data)
                return;
        launch_call_free(data->call);
        (void)sd_bus_slot_unref(data->match);
        free(data->unit);
        free(data->path);
        free(data);
        task->data = NULL;
}

static int problem(char **ret_problem, int result, const char *what)
{
        return problem_set(ret_problem, result, "%s: %s", what, strerror(-result));
}

/* ---- names ---- */

/* "APP/N" <-> "INSTANCE:APP-N". The last '-' is the '/', as N is a number. NULL when out of memory.
 */
static char *unit_id(const SystemdBackend *self, const char *id)
{
        char *text, *slash;

        if (asprintf(&text, "%s%s%s", self->instance ? self->instance : "",
                     self->instance ? ":" : "", id) < 0)
                return NULL;
        slash = strrchr(text, '/');
        if (slash)
                *slash = '-';
        return text;
}

/* The id and role of a unit of ours by its name; false for others'. Both are owned by the caller.
 */
static bool parse_unit(const SystemdBackend *self, const char *unit, char **ret_id,
                       const char **ret_role)
{
        static const char *const roles[] = { "executor", "driver" };
        const char *end = strstr(unit, ".service"), *instance = self->instance;

        for (size_t i = 0; end && i < ARRAY_SIZE(roles); i++) {
                CLEANUP_FREE char *prefix = launch_unit_name(roles[i], "");
                size_t n = prefix ? strlen(prefix) - strlen(".service") : 0;
                const char *id = unit + n;
                char *dash;

                if (!prefix || strncmp(unit, prefix, n) != 0)
                        continue;
                if (instance) {
                        if (strncmp(id, instance, strlen(instance)) != 0 ||
                            id[strlen(instance)] != ':')
                                return false;
                        id += strlen(instance) + 1;
                } else if (strchr(id, ':')) {
                        return false;
                }
                *ret_id = strndup(id, (size_t)(end - id));
                *ret_role = roles[i];
                dash = *ret_id && i == 0 ? strrchr(*ret_id, '-') : NULL;
                if (dash)
                        *dash = '/';
                return *ret_id != NULL;
        }
        return false;
}

/* ---- what PID 1 knows ---- */

static char *get_string(SystemdBackend *self, const char *path, const char *interface,
                        const char *name)
{
        char *text = NULL;

        if (sd_bus_get_property_string(self->bus, SYSTEMD, path, interface, name, NULL, &text) < 0)
                return NULL;
        return text;
}

static int32_t get_int(SystemdBackend *self, const char *path, const char *name)
{
        int32_t value = 0;

        (void)sd_bus_get_property_trivial(self->bus, SYSTEMD, path, SERVICE, name, NULL, 'i',
                                          &value);
        return value;
}

static bool has_ended(const char *sub_state)
{
        return strcmp(sub_state, "exited") == 0 || strcmp(sub_state, "failed") == 0 ||
               strcmp(sub_state, "dead") == 0;
}

/* Tells of an end, if it is one. */
static void look(SystemdBackend *self, Task *task)
{
        const UnitData *data = task->data;
        CLEANUP_FREE char *state = get_string(self, data->path, UNIT, "SubState");
        CLEANUP_FREE char *result = NULL;
        int32_t code, status;

        if (task->state != TASK_RUNNING || !state || !has_ended(state))
                return;
        result = get_string(self, data->path, SERVICE, "Result");
        code = get_int(self, data->path, "ExecMainCode");
        status = get_int(self, data->path, "ExecMainStatus");
        backend_task_ended(&self->base, task, result && strcmp(result, "oom-kill") == 0,
                           code == CLD_EXITED || code == 0, status);
}

static int on_changed(sd_bus_message *message, void *user, sd_bus_error *ret_error)
{
        UnitData *data = user;

        look(data->self, data->task);
        return 0;
}

static int watch_unit(SystemdBackend *self, Task *task, const char *unit)
{
        UnitData *data = calloc(1, sizeof(*data));
        int r;

        if (!data)
                return -ENOMEM;
        task->data = data;
        data->self = self;
        data->task = task;
        data->unit = strdup(unit);
        if (!data->unit)
                return -ENOMEM;
        r = sd_bus_path_encode(UNIT_PATH, unit, &data->path);
        if (r < 0)
                return r;
        return sd_bus_match_signal(self->bus, &data->match, SYSTEMD, data->path,
                                   "org.freedesktop.DBus.Properties", "PropertiesChanged",
                                   on_changed, data);
}

static void set_running(SystemdBackend *self, Task *task, pid_t pid)
{
        const UnitData *data = task->data;
        CLEANUP_FREE char *group = get_string(self, data->path, SERVICE, "ControlGroup");
        CLEANUP_FREE char *id = strdup(task->id), *path = NULL;

        if (group && *group && asprintf(&path, CGROUP_MOUNT "%s", group) < 0)
                path = NULL;
        backend_task_started(&self->base, task, pid, path);
        /* It may have ended before we were told that it runs. */
        task = id ? backend_task(&self->base, id) : NULL;
        if (task)
                look(self, task);
}

/* ---- start ---- */

static void on_start_reply(void *user, const LaunchReply *reply)
{
        UnitData *data = user;
        CLEANUP_FREE char *text = NULL;

        data->call = NULL;
        if (reply->result == LAUNCH_OK) {
                set_running(data->self, data->task, reply->pid);
                return;
        }
        if (asprintf(&text, "%s%s",
                     reply->result == LAUNCH_REFUSED ? "spark-launcher refused it: " : "",
                     reply->text ? reply->text : "no reason given") < 0)
                text = NULL;
        backend_task_failed(&data->self->base, data->task, text ? text : "out of memory");
}

typedef struct StartFiles {
        int fds[LAUNCH_FDS];
} StartFiles;

static void start_files_done(StartFiles *files)
{
        for (size_t i = 0; i < LAUNCH_FDS; i++)
                close_fd(&files->fds[i]);
}

static int open_files(const BackendRequest *request, StartFiles *files, char **ret_problem)
{
        const char *const paths[] = { request->stdout_path, request->stderr_path };

        files->fds[0] = launch_environment(request->environment);
        if (files->fds[0] < 0)
                return problem(ret_problem, files->fds[0], "cannot hand on the environment");
        for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
                files->fds[i + 1] = file_open_plain(paths[i], O_APPEND, 0640);
                if (files->fds[i + 1] < 0)
                        return problem(ret_problem, files->fds[i + 1], paths[i]);
        }
        return 0;
}

static int systemd_start(Backend *b, Task *task, const BackendRequest *request, char **ret_problem)
{
        SystemdBackend *self = CONTAINER_OF(b, SystemdBackend, base);
        CLEANUP(start_files_done) StartFiles files = { { -1, -1, -1 } };
        CLEANUP_FREE char *id = unit_id(self, request->id);
        CLEANUP_FREE char *unit = id ? launch_unit_name(request->role, id) : NULL;
        LaunchMessage m = {
                .verb = LAUNCH_START,
                .role = (char *)request->role,
                .id = id,
                .slice = self->instance,
                .user = self->run_as,
                .directory = (char *)request->directory,
                .limits = *request->limits,
        };
        int r = unit ? watch_unit(self, task, unit) : -ENOMEM;

        if (r >= 0)
                r = open_files(request, &files, ret_problem);
        if (r < 0)
                return r;
        m.argv.items = (char **)request->argv; /* read only */
        while (m.argv.items[m.argv.length])
                m.argv.length++;
        r = launch_call(b->event, self->socket, &m, files.fds, LAUNCH_FDS, on_start_reply,
                        task->data, &((UnitData *)task->data)->call);
        if (r == -EMSGSIZE)
                return problem(ret_problem, r, "its command line is too long for spark-launcher");
        return r < 0 ? problem(ret_problem, r, "cannot reach spark-launcher") : 0;
}

/* ---- orders that nobody waits for ---- */

struct Order {
        SystemdBackend *self;
        LaunchCall *call;
        char *id;
        void (*removed)(void *user);
        void *user;
        Order *prev, *next;
};

static void order_free(Order *o)
{
        DL_DELETE(o->self->orders, o);
        launch_call_free(o->call);
        free(o->id);
        free(o);
}

static void on_order_reply(void *user, const LaunchReply *reply)
{
        Order *o = user;
        const Backend *b = &o->self->base;

        o->call = NULL; /* it ends by itself */
        if (reply->result != LAUNCH_OK)
                b->handlers->trouble(b->user, o->id,
                                     reply->text ? reply->text : "spark-launcher refused");
        if (o->removed)
                o->removed(o->user);
        order_free(o);
}

/* `id` may be NULL, as may `removed`. */
static int order(SystemdBackend *self, const LaunchMessage *m, const char *id,
                 void (*removed)(void *), void *user)
{
        Order *o = calloc(1, sizeof(*o));
        int r;

        if (!o)
                return -ENOMEM;
        o->self = self;
        o->id = id ? strdup(id) : NULL;
        o->removed = removed;
        o->user = user;
        DL_APPEND(self->orders, o);
        r = launch_call(self->base.event, self->socket, m, NULL, 0, on_order_reply, o, &o->call);
        if (r < 0)
                order_free(o);
        return r;
}

static int order_unit(SystemdBackend *self, LaunchVerb verb, const Task *task, int signal)
{
        CLEANUP_FREE char *id = unit_id(self, task->id);
        const LaunchMessage m = { .verb = verb, .role = task->role, .id = id, .signal = signal };

        return id ? order(self, &m, task->id, NULL, NULL) : -ENOMEM;
}

static int systemd_kill(Backend *b, Task *task, int signal)
{
        if (task->state != TASK_RUNNING)
                return -ESRCH;
        return order_unit(CONTAINER_OF(b, SystemdBackend, base), LAUNCH_STOP, task, signal);
}

static void systemd_forget(Backend *b, Task *task)
{
        int r = order_unit(CONTAINER_OF(b, SystemdBackend, base), LAUNCH_FORGET, task, 0);

        if (r < 0)
                b->handlers->trouble(b->user, task->id, strerror(-r));
}

static int systemd_remove(Backend *b, const char *directory, void (*removed)(void *), void *user)
{
        SystemdBackend *self = CONTAINER_OF(b, SystemdBackend, base);
        const LaunchMessage m = {
                .verb = LAUNCH_REMOVE,
                .user = self->run_as,
                .directory = (char *)directory,
        };

        return order(self, &m, NULL, removed, user);
}

/* ---- what an earlier life started ---- */

static int adopt(SystemdBackend *self, const char *unit)
{
        CLEANUP_FREE char *id = NULL;
        Limits limits = { 0 };
        const char *role;
        uint32_t pid = 0;
        Task *task;
        int r;

        if (!parse_unit(self, unit, &id, &role))
                return 0;
        r = backend_task_add(&self->base, id, role, NULL, &task);
        if (r < 0)
                return r == -EEXIST ? 0 : r;
        r = watch_unit(self, task, unit);
        if (r < 0) {
                backend_task_free(&self->base, task);
                return r;
        }
        const UnitData *data = task->data;
        if (sd_bus_get_property_trivial(self->bus, SYSTEMD, data->path, SERVICE, "MemoryMax", NULL,
                                        't', &limits.memory_max) >= 0) {
                task->limits = limits;
                task->limits_set = true;
        }
        (void)sd_bus_get_property_trivial(self->bus, SYSTEMD, data->path, SERVICE, "MainPID", NULL,
                                          'u', &pid);
        set_running(self, task, (pid_t)pid);
        return 0;
}

static int systemd_list(Backend *b)
{
        SystemdBackend *self = CONTAINER_OF(b, SystemdBackend, base);
        CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *unit;
        int r = sd_bus_call_method(self->bus, SYSTEMD, MANAGER_PATH, MANAGER, "ListUnitsByPatterns",
                                   NULL, &reply, "asas", 0, 2, "spark-executor-*.service",
                                   "spark-driver-*.service");

        if (r >= 0)
                r = sd_bus_message_enter_container(reply, 'a', "(ssssssouso)");
        while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'r', "ssssssouso")) > 0) {
                r = sd_bus_message_read(reply, "s", &unit);
                if (r >= 0)
                        r = sd_bus_message_skip(reply, "sssssouso");
                if (r >= 0)
                        r = sd_bus_message_exit_container(reply);
                if (r >= 0)
                        r = adopt(self, unit);
        }
        return r < 0 ? r : 0;
}

/* ---- life ---- */

static void systemd_free(Backend *b)
{
        SystemdBackend *self = CONTAINER_OF(b, SystemdBackend, base);

        Order *o, *next;

        DL_FOREACH_SAFE (self->orders, o, next)
                order_free(o);
        (void)sd_bus_flush_close_unref(self->bus);
        free(self->run_as);
        free(self->instance);
        free(self->socket);
        free(self);
}

static const BackendOps systemd_ops = {
        .name = "systemd",
        .lasting = true,
        .limits = true,
        .start = systemd_start,
        .kill = systemd_kill,
        .forget = systemd_forget,
        .list = systemd_list,
        .remove = systemd_remove,
        .task_done = unit_data_done,
        .free = systemd_free,
};

static int on_disconnected(sd_bus_message *message, void *user, sd_bus_error *ret_error)
{
        const SystemdBackend *self = user;

        self->base.handlers->trouble(self->base.user, NULL,
                                     "the connection to the system bus is lost: ends will not be "
                                     "noticed until a restart");
        return 0;
}

static int connect_bus(SystemdBackend *self, char **ret_problem)
{
        int r = sd_bus_open_system(&self->bus);

        if (r >= 0)
                r = sd_bus_set_method_call_timeout(self->bus, CALL_USEC);
        if (r >= 0)
                r = sd_bus_attach_event(self->bus, self->base.event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = sd_bus_match_signal(self->bus, NULL, "org.freedesktop.DBus.Local",
                                        "/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local",
                                        "Disconnected", on_disconnected, self);
        /* Without it systemd sends no signals about units. */
        if (r >= 0)
                r = sd_bus_call_method(self->bus, SYSTEMD, MANAGER_PATH, MANAGER, "Subscribe", NULL,
                                       NULL, "");
        return r < 0 ? problem(ret_problem, r, "cannot talk to systemd over the system bus") : 0;
}

static int copy_text(char **field, const char *text)
{
        *field = text ? strdup(text) : NULL;
        return text && !*field ? -ENOMEM : 0;
}

typedef struct Answer {
        bool here;
        LaunchResult result;
        char *text;
} Answer;

static void on_answer(void *user, const LaunchReply *reply)
{
        Answer *answer = user;

        answer->here = true;
        answer->result = reply->result;
        answer->text = reply->text ? strdup(reply->text) : NULL;
}

/* The ceiling, on a loop of its own: only when it is set may anything be started, and a launcher
 * that does not take our orders is better known now. */
static int set_ceiling(SystemdBackend *self, const BackendConfig *config, char **ret_problem)
{
        const LaunchMessage m = {
                .verb = LAUNCH_SLICE,
                .slice = self->instance,
                .limits = { .memory_max = config->ceiling,
                            .cpu_quota_usec = config->cpu_quota_usec },
        };
        CLEANUP(sd_event_unrefp) sd_event *event = NULL;
        Answer answer = { 0 };
        CLEANUP_FREE char *text = NULL;
        int r = sd_event_new(&event);

        if (r >= 0)
                r = launch_call(event, self->socket, &m, NULL, 0, on_answer, &answer, NULL);
        while (r >= 0 && !answer.here)
                r = sd_event_run(event, UINT64_MAX); /* the call has a deadline */
        if (r < 0)
                return problem(ret_problem, r, "cannot reach spark-launcher");
        text = answer.text;
        if (answer.result == LAUNCH_OK)
                return 0;
        return problem_set(ret_problem, answer.result == LAUNCH_REFUSED ? -EACCES : -EIO,
                           "spark-launcher %s: %s",
                           answer.result == LAUNCH_REFUSED ? "refuses" : "cannot set the ceiling",
                           text ? text : "no reason given");
}

int backend_systemd_new(sd_event *event, const BackendConfig *config,
                        const BackendHandlers *handlers, void *user, Backend **ret,
                        char **ret_problem)
{
        SystemdBackend *self = calloc(1, sizeof(*self));
        int r;

        if (!self)
                return -ENOMEM;
        r = backend_init(&self->base, &systemd_ops, event, handlers, user);
        if (r >= 0)
                r = copy_text(&self->run_as, config->user ? config->user : "spark-executor");
        if (r >= 0)
                r = copy_text(&self->instance, config->instance);
        if (r >= 0)
                r = copy_text(&self->socket, config->socket ? config->socket : LAUNCH_SOCKET);
        if (r >= 0)
                r = connect_bus(self, ret_problem);
        if (r >= 0)
                r = set_ceiling(self, config, ret_problem);
        if (r < 0) {
                backend_free(&self->base);
                return r;
        }
        *ret = &self->base;
        return 0;
}
