/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/launcher/units.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <systemd/sd-bus.h>

#include "base/hash.h"
#include "base/log.h"
#include "daemons/launcher/properties.h"

#define SYSTEMD            "org.freedesktop.systemd1"
#define MANAGER_PATH       "/org/freedesktop/systemd1"
#define MANAGER            "org.freedesktop.systemd1.Manager"
#define NO_SUCH_UNIT       "org.freedesktop.systemd1.NoSuchUnit"
#define UNIT_EXISTS        "org.freedesktop.systemd1.UnitExists"
#define SYSTEMD_EXIT_FIRST 200 /* EXIT_CHDIR */
#define CALL_USEC          (UINT64_C(30) * 1000000)

struct UnitJob {
        Units *units;
        LaunchVerb verb;
        char *unit;
        char *path; /* of systemd's job, once it is known */
        sd_bus_slot *slot;
        UnitJobHandler handler; /* NULL: nobody waits */
        void *user;
        UnitJob *prev, *next;
};

struct Units {
        sd_bus *bus;
        sd_bus_slot *removed;
        const char *starter;
        UnitJob *jobs;
};

static void job_free(UnitJob *job)
{
        DL_DELETE(job->units->jobs, job);
        (void)sd_bus_slot_unref(job->slot);
        free(job->unit);
        free(job->path);
        free(job);
}

static void job_end(UnitJob *job, const char *problem, pid_t pid)
{
        UnitJobHandler handler = job->handler;
        void *user = job->user;

        job_free(job);
        if (handler)
                handler(user, problem, pid);
}

void unit_job_abandon(UnitJob *job)
{
        job->handler = NULL;
}

/* ---- small calls, which PID 1 answers at once ---- */

static char *object_path(const char *unit)
{
        char *path = NULL;

        return sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit, &path) < 0 ? NULL : path;
}

static pid_t main_pid(Units *units, const char *unit)
{
        CLEANUP_FREE char *path = object_path(unit);
        uint32_t pid = 0;

        if (!path || sd_bus_get_property_trivial(units->bus, SYSTEMD, path, SYSTEMD ".Service",
                                                 "MainPID", NULL, 'u', &pid) < 0)
                return 0;
        return (pid_t)pid;
}

/* What kept a service from running; "" when systemd does not say. */
static void failure_of(Units *units, const char *unit, char *text, size_t size)
{
        CLEANUP_FREE char *path = object_path(unit), *result = NULL;
        int32_t status = 0;

        *text = '\0';
        if (!path || sd_bus_get_property_string(units->bus, SYSTEMD, path, SYSTEMD ".Service",
                                                "Result", NULL, &result) < 0)
                return;
        (void)sd_bus_get_property_trivial(units->bus, SYSTEMD, path, SYSTEMD ".Service",
                                          "ExecMainStatus", NULL, 'i', &status);
        (void)snprintf(text, size, ": %s, status %d", result, status);
}

/* Did a service run that failed before its start was over? PID 1 can learn of the end before it
 * learns that exec() went well. Its own children end with 200 and more when it did not
 * (systemd.exec(5), "Process exit codes"). */
static bool did_run(Units *units, const char *unit)
{
        CLEANUP_FREE char *path = object_path(unit);
        int32_t code = 0, status = 0;

        if (!path ||
            sd_bus_get_property_trivial(units->bus, SYSTEMD, path, SYSTEMD ".Service",
                                        "ExecMainCode", NULL, 'i', &code) < 0 ||
            sd_bus_get_property_trivial(units->bus, SYSTEMD, path, SYSTEMD ".Service",
                                        "ExecMainStatus", NULL, 'i', &status) < 0)
                return false;
        return code == CLD_EXITED ? status < SYSTEMD_EXIT_FIRST
                                  : code == CLD_KILLED || code == CLD_DUMPED;
}

static void reset_failed(Units *units, const char *unit)
{
        /* An error means that there is nothing to reset. */
        (void)sd_bus_call_method(units->bus, SYSTEMD, MANAGER_PATH, MANAGER, "ResetFailedUnit",
                                 NULL, NULL, "s", unit);
}

/* ---- the end of a job ---- */

static void on_started(UnitJob *job, const char *result)
{
        char why[128], problem[512];

        if (strcmp(result, "done") == 0 || did_run(job->units, job->unit)) {
                job_end(job, NULL, main_pid(job->units, job->unit));
                return;
        }
        failure_of(job->units, job->unit, why, sizeof(why));
        (void)snprintf(problem, sizeof(problem), "%s did not start (%s%s)", job->unit, result, why);
        reset_failed(job->units, job->unit);
        job_end(job, problem, 0);
}

static void on_other_done(UnitJob *job, const char *result)
{
        char problem[512];

        if (job->verb == LAUNCH_FORGET)
                reset_failed(job->units, job->unit);
        if (strcmp(result, "done") == 0) {
                job_end(job, NULL, 0);
                return;
        }
        (void)snprintf(problem, sizeof(problem), "systemd's job for %s ended as \"%s\"", job->unit,
                       result);
        job_end(job, problem, 0);
}

static int on_job_removed(sd_bus_message *message, void *user, sd_bus_error *ret_error)
{
        const char *path, *unit, *result;
        Units *units = user;
        UnitJob *job;
        uint32_t id;

        if (sd_bus_message_read(message, "uoss", &id, &path, &unit, &result) < 0)
                return 0;
        DL_FOREACH (units->jobs, job)
                if (job->path && strcmp(job->path, path) == 0)
                        break;
        if (!job)
                return 0;
        if (job->verb == LAUNCH_START)
                on_started(job, result);
        else
                on_other_done(job, result);
        return 0;
}

/* ---- calls ---- */

/* Answers a job for which systemd's answer is a refusal. */
static void on_error(UnitJob *job, const sd_bus_error *error)
{
        char problem[512];

        /* What is to go may be gone. */
        if (sd_bus_error_has_name(error, NO_SUCH_UNIT) && job->verb == LAUNCH_FORGET) {
                job_end(job, NULL, 0);
                return;
        }
        if (sd_bus_error_has_name(error, UNIT_EXISTS))
                (void)snprintf(problem, sizeof(problem), "%s exists already", job->unit);
        else
                (void)snprintf(problem, sizeof(problem), "systemd says about %s: %s", job->unit,
                               error->message ? error->message : error->name);
        job_end(job, problem, 0);
}

/* The answer is the path of a job, and JobRemoved follows. */
static int on_queued(sd_bus_message *message, void *user, sd_bus_error *ret_error)
{
        UnitJob *job = user;
        const char *path;

        if (sd_bus_message_is_method_error(message, NULL)) {
                on_error(job, sd_bus_message_get_error(message));
                return 0;
        }
        if (sd_bus_message_read(message, "o", &path) >= 0)
                job->path = strdup(path);
        if (!job->path)
                job_end(job, "systemd's answer could not be read", 0);
        return 0;
}

/* The answer is all there is. */
static int on_answer(sd_bus_message *message, void *user, sd_bus_error *ret_error)
{
        if (sd_bus_message_is_method_error(message, NULL))
                on_error(user, sd_bus_message_get_error(message));
        else
                job_end(user, NULL, 0);
        return 0;
}

static int call(UnitJob *job, const LaunchMessage *m, const int *fds)
{
        static const struct {
                const char *method;
                sd_bus_message_handler_t handler;
        } calls[] = {
                [LAUNCH_START] = { "StartTransientUnit", on_queued },
                [LAUNCH_STOP] = { "KillUnit", on_answer },
                [LAUNCH_FORGET] = { "StopUnit", on_queued },
                [LAUNCH_SLICE] = { "SetUnitProperties", on_answer },
                [LAUNCH_REMOVE] = { "StartTransientUnit", on_queued },
        };
        CLEANUP(sd_bus_message_unrefp) sd_bus_message *bus = NULL;
        Units *units = job->units;
        int r = sd_bus_message_new_method_call(units->bus, &bus, SYSTEMD, MANAGER_PATH, MANAGER,
                                               calls[m->verb].method);

        if (r >= 0)
                r = sd_bus_message_append(bus, "s", job->unit);
        if (r < 0)
                return r;
        switch (m->verb) {
        case LAUNCH_START:
                r = sd_bus_message_append(bus, "s", "fail");
                if (r >= 0)
                        r = properties_start(bus, m, units->starter, fds);
                break;
        case LAUNCH_STOP:
                r = sd_bus_message_append(bus, "si", m->signal == SIGKILL ? "all" : "main",
                                          m->signal);
                break;
        case LAUNCH_FORGET:
                r = sd_bus_message_append(bus, "s", "replace");
                break;
        case LAUNCH_SLICE: /* until the next boot: the worker sets it whenever it starts */
                r = sd_bus_message_append(bus, "b", 1);
                if (r >= 0)
                        r = properties_slice(bus, m);
                break;
        case LAUNCH_REMOVE:
                r = sd_bus_message_append(bus, "s", "fail");
                if (r >= 0)
                        r = properties_remove(bus, m);
                break;
        }
        if (r >= 0 && calls[m->verb].handler == on_queued && m->verb != LAUNCH_FORGET)
                r = sd_bus_message_append(bus, "a(sa(sv))", 0); /* no further units */
        if (r < 0)
                return r;
        return sd_bus_call_async(units->bus, &job->slot, bus, calls[m->verb].handler, job,
                                 CALL_USEC);
}

static char *unit_of(const LaunchMessage *m)
{
        uint64_t number = 0;
        char *name;

        switch (m->verb) {
        case LAUNCH_SLICE:
                return launch_slice_name(m->slice);
        case LAUNCH_REMOVE:
                if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number) ||
                    asprintf(&name, LAUNCH_UNIT_PREFIX "remove-%016" PRIx64 ".service", number) < 0)
                        return NULL;
                return name;
        default:
                return launch_unit_name(m->role, m->id);
        }
}

int units_request(Units *units, const LaunchMessage *m, const int *fds, UnitJobHandler handler,
                  void *user, UnitJob **ret_job)
{
        UnitJob *job = calloc(1, sizeof(*job));
        int r;

        if (!job)
                return -ENOMEM;
        job->units = units;
        job->verb = m->verb;
        job->unit = unit_of(m);
        job->handler = handler;
        job->user = user;
        DL_APPEND(units->jobs, job);
        r = job->unit ? call(job, m, fds) : -ENOMEM;
        if (r < 0) {
                job_free(job);
                return r;
        }
        *ret_job = job;
        return 0;
}

/* ---- life ---- */

/* Without the bus there is nothing to do here; the next request starts us anew. */
static int on_disconnected(sd_bus_message *message, void *user, sd_bus_error *ret_error)
{
        Units *units = user;

        log_error("The connection to the system bus is lost.");
        return sd_event_exit(sd_bus_get_event(units->bus), EXIT_FAILURE);
}

int units_new(sd_event *event, const char *starter, Units **ret)
{
        Units *units = calloc(1, sizeof(*units));
        int r;

        if (!units)
                return -ENOMEM;
        units->starter = starter;
        r = sd_bus_open_system(&units->bus);
        if (r >= 0)
                r = sd_bus_attach_event(units->bus, event, SD_EVENT_PRIORITY_NORMAL);
        /* Before the first job is asked for, so that no end can be missed. */
        if (r >= 0)
                r = sd_bus_match_signal(units->bus, &units->removed, SYSTEMD, MANAGER_PATH, MANAGER,
                                        "JobRemoved", on_job_removed, units);
        if (r >= 0)
                r = sd_bus_match_signal(units->bus, NULL, "org.freedesktop.DBus.Local",
                                        "/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local",
                                        "Disconnected", on_disconnected, units);
        if (r >= 0)
                r = sd_bus_call_method(units->bus, SYSTEMD, MANAGER_PATH, MANAGER, "Subscribe",
                                       NULL, NULL, "");
        if (r < 0) {
                units_free(units);
                return r;
        }
        *ret = units;
        return 0;
}

void units_free(Units *units)
{
        UnitJob *job, *next;

        if (!units)
                return;
        DL_FOREACH_SAFE (units->jobs, job, next)
                job_free(job);
        (void)sd_bus_slot_unref(units->removed);
        (void)sd_bus_flush_close_unref(units->bus);
        free(units);
}
