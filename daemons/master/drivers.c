/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/master/record-internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemons/common/limits-request.h"
#include "daemons/common/message-ids.h"

/* Cluster mode: drivers that the master has a worker start. */

static LogFields about(const Driver *d)
{
        return (LogFields){ .driver_id = d->id };
}

Driver *driver_find(const Master *m, const char *id)
{
        Driver *d = NULL;
        if (id)
                HASH_FIND(hh, m->drivers_by_id, id, strlen(id), d);
        return d;
}

void driver_destroy(Driver *d)
{
        if (!d)
                return;
        free(d->grants.items);
        arena_done(&d->arena);
        free(d);
}

static void destroy_grave(Grave *grave)
{
        driver_destroy(CONTAINER_OF(grave, Driver, grave));
}

/* ---- submission ---- */

/* spark.master.useDriverIdAsAppName.enabled: the application is named after its driver, in the
 * Java options and in "-c spark.app.name=..." among spark-submit's arguments. */
static int name_after_id(Driver *d)
{
        static const char option[] = "-Dspark.app.name=", setting[] = "spark.app.name=";
        StringSeq *opts = &d->desc.command.java_opts, *args = &d->desc.command.arguments;
        const char *named = arena_printf(&d->arena, "%s%s", option, d->id);
        const char **items = arena_new_array(&d->arena, opts->length + 1, const char *);
        if (!named || !items)
                return -ENOMEM;
        size_t n = 0;
        for (size_t i = 0; i < opts->length; i++)
                if (!opts->items[i] || strncmp(opts->items[i], option, strlen(option)) != 0)
                        items[n++] = opts->items[i];
        items[n++] = named;
        *opts = (StringSeq){ .items = items, .length = n };

        for (size_t i = 1; i < args->length; i++) {
                if (!args->items[i - 1] || !args->items[i] ||
                    strcmp(args->items[i - 1], "-c") != 0 ||
                    strncmp(args->items[i], setting, strlen(setting)) != 0)
                        continue;
                args->items[i] = arena_printf(&d->arena, "%s%s", setting, d->id);
                if (!args->items[i])
                        return -ENOMEM;
        }
        return 0;
}

static const char *id_choose(Turn *t)
{
        char id[LIMIT_ID_BYTES];
        uint64_t number = t->m->next_driver_number++;
        if (id_format(t->m->config.driver_id_pattern, t->time.wall, number, id, sizeof(id)) < 0)
                (void)snprintf(id, sizeof(id), "driver");
        if (!driver_find(t->m, id))
                return turn_strdup(t, id);
        return turn_printf(t, "%s-%llu", id, (unsigned long long)number);
}

static int driver_fill(Turn *t, Driver *d, const char *id, const DriverDescription *desc,
                       LineSet lines)
{
        d->state = DRIVER_SUBMITTED;
        d->lines = lines;
        d->start_wall = t->time.wall;
        d->batch = t->m->batch;
        d->id = arena_strdup(&d->arena, id);
        if (!d->id || driver_description_copy(&d->arena, desc, &d->desc) < 0)
                return -ENOMEM;
        const LimitsPolicy policy = limits_policy_default();
        d->request = limits_request_of_driver(&policy, &d->desc);
        return 0;
}

/* A driver at the end of the queue. NULL: no memory. */
static Driver *driver_enqueue(Turn *t, const char *id, const DriverDescription *desc, LineSet lines)
{
        Master *m = t->m;
        Driver *d = calloc(1, sizeof(*d));
        if (!d) {
                t->error = -ENOMEM;
                return NULL;
        }
        arena_init(&d->arena, SIZE_MAX); /* bounded by its message */
        if (driver_fill(t, d, id, desc, lines) == 0)
                HASH_ADD_KEYPTR(hh, m->drivers_by_id, d->id, strlen(d->id), d);
        if (!hash_added(d)) {
                driver_destroy(d);
                t->error = -ENOMEM;
                return NULL;
        }
        d->waiting = true;
        DL_APPEND(m->waiting_drivers, d);
        m->counters.drivers_waiting++;
        m->schedule = true;
        turn_record_master(t);
        turn_record(t, EFFECT_RECORD_PUT, RECORD_DRIVER, d->id);
        return d;
}

/* A new driver under an id of its own. NULL: no memory. */
static Driver *driver_new(Turn *t, const DriverDescription *desc, LineSet lines)
{
        Driver *d = driver_enqueue(t, id_choose(t), desc, lines);
        if (d && t->m->config.use_driver_id_as_app_name && name_after_id(d) < 0)
                t->error = -ENOMEM;
        return d;
}

static bool needs_are_sound(const ResourceRequirementSeq *needs)
{
        if (needs->length > LIMIT_RESOURCES)
                return false;
        for (size_t i = 0; i < needs->length; i++) {
                if (!needs->items[i].resource_name || needs->items[i].amount < 0)
                        return false;
                for (size_t k = 0; k < i; k++)
                        if (strcmp(needs->items[i].resource_name, needs->items[k].resource_name) ==
                            0)
                                return false;
        }
        return true;
}

static const char *submission_problem(Turn *t, LineSet lines)
{
        const DriverDescription *desc =
                &t->event->message->request_submit_driver.driver_description;
        if (t->m->unkept)
                return turn_printf(t, "The master takes no new drivers: %s", t->m->unkept);
        if (!lines) {
                char served[LINES_TEXT_MAX];
                return turn_printf(
                        t,
                        "The driver's Spark version is not served; Spark versions served: "
                        "%s",
                        lines_text(LINES_ALL, served));
        }
        if (desc->mem < 0 || desc->cores < 0)
                return "The driver's memory or cores are negative";
        if (!needs_are_sound(&desc->resource_reqs))
                return "The custom resources that the driver needs are unnamed, doubled or "
                       "negative";
        if (t->m->counters.drivers_waiting >= LIMIT_APPS)
                return "Too many drivers are waiting";
        return NULL;
}

void driver_submit(Turn *t)
{
        const DriverDescription *desc =
                &t->event->message->request_submit_driver.driver_description;
        const char *engine;
        LineSet lines = lines_of_command(&desc->command, t->event->lines, &engine);
        const char *problem = submission_problem(t, lines);
        Driver *d = problem ? NULL : driver_new(t, desc, lines);
        if (!d && !problem)
                return;

        Message *msg = turn_reply(t, MSG_SUBMIT_DRIVER_RESPONSE);
        if (d)
                turn_promise(t, d);
        msg->submit_driver_response.master = (EndpointRef){ "Master", t->m->config.address };
        msg->submit_driver_response.success = d != NULL;
        msg->submit_driver_response.driver_id = d ? d->id : NULL;
        msg->submit_driver_response.message =
                d ? turn_printf(t, "Driver successfully submitted as %s", d->id) : problem;
        if (d)
                turn_log_with(t, LOG_INFO, about(d), "Driver %s was submitted: %s.", d->id,
                              desc->command.main_class ? desc->command.main_class : "");
        else
                turn_log(t, LOG_WARNING, "Refused a driver: %s.", problem);
}

/* ---- start and end ---- */

/* From here on it holds what it needs there. */
static void driver_enter(Turn *t, Driver *d, Worker *w)
{
        Master *m = t->m;
        d->worker_id = arena_strdup(&d->arena, w->id);
        d->worker_address = arena_printf(&d->arena, "%s:%d", w->host, w->port);
        if (!d->worker_id || !d->worker_address)
                t->error = -ENOMEM;
        d->worker = w;
        d->state = DRIVER_RUNNING;
        d->waiting = false;
        DL_DELETE(m->waiting_drivers, d);
        DL_APPEND(m->drivers, d);
        DL_APPEND2(w->drivers, d, worker_prev, worker_next);
        m->counters.drivers_waiting--;
        m->counters.drivers_running++;
        worker_use(m, w, d->desc.cores, d->desc.mem, d->limit);
}

/* What it holds on its worker is free again. */
static void driver_leave(Turn *t, Driver *d)
{
        Worker *w = TAKE_PTR(d->worker);
        if (!w)
                return;
        grants_release(&d->grants);
        DL_DELETE2(w->drivers, d, worker_prev, worker_next);
        worker_use(t->m, w, -d->desc.cores, -d->desc.mem, -d->limit);
}

void driver_launch(Turn *t, Driver *d, Worker *w)
{
        if (grants_take(w, &d->desc.resource_reqs, &d->grants) < 0) {
                t->error = -ENOMEM;
                return;
        }
        d->conn = w->peer->conn;
        d->limit = fit_limit(w, &d->request);
        d->launch_batch = t->m->batch;
        driver_enter(t, d, w);
        turn_record(t, EFFECT_RECORD_PUT, RECORD_DRIVER, d->id);

        Message *msg = turn_send(t, w->peer, ENDPOINT_WORKER, MSG_LAUNCH_DRIVER);
        turn_promise(t, d);
        msg->launch_driver.driver_id = d->id;
        msg->launch_driver.driver_desc = d->desc;
        if (w->engines)
                turn_tell_lines(t, d->lines, &msg->launch_driver.driver_desc.command);
        msg->launch_driver.resources = turn_grants_map(t, &d->grants);
        LogFields fields = { .driver_id = d->id, .worker_id = w->id };
        turn_log_with(t, LOG_INFO, fields, "Launching driver %s on worker %s.", d->id, w->id);
}

void drivers_clear_completed(Master *m)
{
        while (m->completed_drivers) {
                Driver *d = m->completed_drivers;
                DL_DELETE(m->completed_drivers, d);
                master_bury(m, &d->grave, destroy_grave);
        }
        m->counters.drivers_completed = 0;
}

static void trim_completed(Master *m)
{
        size_t retained = (size_t)MAX_OF(m->config.retained_drivers, 0);
        if (m->counters.drivers_completed < retained)
                return;
        for (size_t n = MAX_OF(retained / 10, (size_t)1); n > 0 && m->completed_drivers; n--) {
                Driver *d = m->completed_drivers;
                DL_DELETE(m->completed_drivers, d);
                m->counters.drivers_completed--;
                master_bury(m, &d->grave, destroy_grave);
        }
}

/* From the waiting or the running ones. */
static void driver_unlist(Master *m, Driver *d)
{
        if (d->waiting) {
                DL_DELETE(m->waiting_drivers, d);
                m->counters.drivers_waiting--;
        } else {
                DL_DELETE(m->drivers, d);
                m->counters.drivers_running--;
        }
}

static void driver_remove(Turn *t, Driver *d, DriverState state, const char *exception)
{
        Master *m = t->m;
        turn_log_with(t, LOG_INFO,
                      (LogFields){ .driver_id = d->id, .message_id = MESSAGE_DRIVER_ENDED },
                      "Driver %s ended as %s%s%s.", d->id, driver_state_name(state),
                      exception ? ": " : "", exception ? exception : "");
        HASH_DEL(m->drivers_by_id, d);
        driver_unlist(m, d);
        m->schedule |= !d->waiting; /* spark.deploy.maxDrivers has room */
        d->waiting = false;
        d->state = state;
        d->exception = arena_strdup(&d->arena, exception);
        driver_leave(t, d);
        turn_record(t, EFFECT_RECORD_DELETE, RECORD_DRIVER, d->id);
        trim_completed(m);
        DL_APPEND(m->completed_drivers, d);
        m->counters.drivers_completed++;
}

void driver_worker_lost(Turn *t, Driver *d)
{
        if (d->kill || !d->desc.supervise) {
                driver_remove(t, d, d->kill ? DRIVER_KILLED : DRIVER_ERROR, NULL);
                return;
        }
        /* As the JVM: under a new id, as the old one may still be running behind a broken net. */
        driver_remove(t, d, DRIVER_RELAUNCHING, NULL);
        Driver *again = driver_new(t, &d->desc, d->lines);
        if (again)
                turn_log_with(t, LOG_INFO, about(again), "Driver %s starts again as %s.", d->id,
                              again->id);
}

void driver_state_changed(Turn *t)
{
        const Message *msg = t->event->message;
        const char *id = msg->driver_state_changed.driver_id;
        DriverState state = msg->driver_state_changed.state;
        Driver *d = driver_find(t->m, id);
        if (state != DRIVER_ERROR && state != DRIVER_FINISHED && state != DRIVER_KILLED &&
            state != DRIVER_FAILED)
                turn_log(t, LOG_WARNING, "Ignored state %s of driver %.256s.",
                         driver_state_name(state), id ? id : "");
        else if (d)
                driver_remove(t, d, state, msg->driver_state_changed.exception);
        else
                turn_log(t, LOG_WARNING, "Got state %s of unknown driver %.256s.",
                         driver_state_name(state), id ? id : "");
}

/* ---- after a restart, and when records cannot be kept ---- */

void driver_restore(Turn *t, const char *id, const DriverRecord *r, Worker *w, LineSet lines)
{
        if (driver_find(t->m, id) || r->desc.mem < 0 || r->desc.cores < 0 || r->limit < 0 ||
            !needs_are_sound(&r->desc.resource_reqs) || (r->worker && !w && !r->desc.supervise))
                return;
        Driver *d = driver_enqueue(t, id, &r->desc, lines);
        if (!d)
                return;
        d->start_wall = (uint64_t)r->start;
        if (!w)
                return;
        d->kill = r->kill;
        d->limit = r->limit;
        if (grants_restore(w, &r->resources, &d->grants) < 0)
                t->error = -ENOMEM;
        driver_enter(t, d, w);
}

void driver_unlaunch(Turn *t, Driver *d)
{
        Master *m = t->m;
        driver_leave(t, d);
        driver_unlist(m, d);
        d->state = DRIVER_SUBMITTED;
        d->waiting = true;
        DL_PREPEND(m->waiting_drivers, d);
        m->counters.drivers_waiting++;
}

void driver_forget(Turn *t, Driver *d)
{
        Master *m = t->m;
        driver_leave(t, d);
        driver_unlist(m, d);
        HASH_DEL(m->drivers_by_id, d);
        master_bury(m, &d->grave, destroy_grave);
}

/* ---- what submit clients ask ---- */

/* Its worker is away. */
static void driver_kill_later(Turn *t, Driver *d)
{
        if (d->kill)
                return;
        d->kill = true;
        turn_record(t, EFFECT_RECORD_PUT, RECORD_DRIVER, d->id);
}

void driver_kill(Turn *t, Driver *d)
{
        if (d->waiting)
                driver_remove(t, d, DRIVER_KILLED, NULL);
        else if (d->worker->peer)
                turn_send(t, d->worker->peer, ENDPOINT_WORKER, MSG_KILL_DRIVER)
                        ->kill_driver.driver_id = d->id;
        else
                driver_kill_later(t, d);
}

void driver_request_kill(Turn *t)
{
        const char *id = turn_strdup(t, t->event->message->request_kill_driver.driver_id);
        Driver *d = driver_find(t->m, id);
        if (d)
                driver_kill(t, d);
        Message *msg = turn_reply(t, MSG_KILL_DRIVER_RESPONSE);
        msg->kill_driver_response.master = (EndpointRef){ "Master", t->m->config.address };
        msg->kill_driver_response.driver_id = id;
        msg->kill_driver_response.success = d != NULL;
        msg->kill_driver_response.message =
                turn_printf(t,
                            d ? "Kill request for %s submitted"
                              : "Driver %s has already finished or does not exist",
                            id ? id : "null");
}

void driver_request_kill_all(Turn *t)
{
        Master *m = t->m;
        while (m->waiting_drivers)
                driver_kill(t, m->waiting_drivers);
        for (Driver *d = m->drivers; d; d = d->next)
                driver_kill(t, d);
        Message *msg = turn_reply(t, MSG_KILL_ALL_DRIVERS_RESPONSE);
        msg->kill_all_drivers_response.master = (EndpointRef){ "Master", m->config.address };
        msg->kill_all_drivers_response.success = true;
        msg->kill_all_drivers_response.message = "Kill request for all drivers submitted";
}

void driver_request_status(Turn *t)
{
        const Driver *d = master_driver(t->m, t->event->message->request_driver_status.driver_id);
        Message *msg = turn_reply(t, MSG_DRIVER_STATUS_RESPONSE);
        msg->driver_status_response.found = d != NULL;
        msg->driver_status_response.state = d ? d->state : DRIVER_STATE_NONE;
        if (!d)
                return;
        msg->driver_status_response.worker_id = d->worker_id;
        msg->driver_status_response.worker_host_port = d->worker_address;
        msg->driver_status_response.exception = d->exception;
}
