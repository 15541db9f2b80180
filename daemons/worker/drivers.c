/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/worker/drivers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "daemons/common/message-ids.h"

#define USEC_PER_SEC UINT64_C(1000000)

/* A supervised driver that fails pauses for a second, then twice as long each time; a run longer
 * than this begins anew with a second. */
#define GOOD_RUN_USEC (5 * USEC_PER_SEC)
#define PAUSE_MAX     86400u
/* A master has made durable what came over a connection that stands for so long. */
#define SETTLE_USEC (30 * USEC_PER_SEC)

static const char driver_wrapper[] = "org.apache.spark.deploy.worker.DriverWrapper";

void drivers_init(Drivers *x, const DriversConfig *config)
{
        *x = (Drivers){ .config = config };
}

static void driver_free(Driver *d)
{
        arena_done(&d->arena);
        free(d);
}

void drivers_done(Drivers *x)
{
        Driver *d, *next;

        HASH_ITER (hh, x->running, d, next) {
                HASH_DEL(x->running, d);
                driver_free(d);
        }
        DL_FOREACH_SAFE (x->finished, d, next)
                driver_free(d);
        *x = (Drivers){ 0 };
}

Driver *drivers_find(const Drivers *x, const char *id)
{
        Driver *d;

        HASH_FIND_STR(x->running, id, d);
        return d;
}

size_t drivers_running(const Drivers *x)
{
        return HASH_COUNT(x->running);
}

/* Copies: the effect may outlive the driver. */
static LogFields fields_of(const Drivers *x, const char *id, WorkerEffects *fx)
{
        return (LogFields){ .driver_id = effect_strdup(fx, id), .worker_id = x->config->worker_id };
}

/* ---- the end ---- */

static void fill_report(Message *m, const char *id, DriverState state, const char *exception,
                        WorkerEffects *fx)
{
        m->driver_state_changed.driver_id = effect_strdup(fx, id);
        m->driver_state_changed.state = state;
        m->driver_state_changed.exception = effect_strdup(fx, exception);
}

static void report(const char *id, DriverState state, const char *exception, uint64_t conn,
                   WorkerEffects *fx)
{
        fill_report(effect_message(fx, DO_SEND, conn, MSG_DRIVER_STATE_CHANGED), id, state,
                    exception, fx);
}

/* Until the master knows. */
static void keep_report(const Driver *d, WorkerEffects *fx)
{
        Message *m = effect_message(fx, DO_KEEP, 0, MSG_DRIVER_STATE_CHANGED);

        if (fx->last) {
                fx->last->record = RECORD_DRIVER_REPORT;
                fx->last->child = effect_strdup(fx, d->id);
        }
        fill_report(m, d->id, d->state, d->exception, fx);
}

/* As Spark's: a tenth goes at a time. */
static void trim_finished(Drivers *x)
{
        Driver *d, *next;
        unsigned n = MAX_OF(x->config->retained / 10, 1u);

        if (x->n_finished <= x->config->retained)
                return;
        DL_FOREACH_SAFE (x->finished, d, next) {
                if (d->unreported)
                        continue;
                DL_DELETE(x->finished, d);
                x->n_finished--;
                driver_free(d);
                if (--n == 0)
                        return;
        }
}

/* There is no acknowledgement: what was said on a connection that breaks is said again. */
static void tell(Driver *d, uint64_t conn, uint64_t now, WorkerEffects *fx)
{
        report(d->id, d->state, d->exception, conn, fx);
        d->told_on = conn;
        d->settled_at = now + SETTLE_USEC;
}

static void finish(Drivers *x, Driver *d, DriverState state, const char *exception, uint64_t conn,
                   uint64_t now, WorkerEffects *fx)
{
        const LogFields fields = fields_of(x, d->id, fx);

        effect_log(fx, LOG_INFO, &fields, "Driver %s finished with state %s%s%s.", d->id,
                   driver_state_name(state), exception ? ": " : "", exception ? exception : "");
        HASH_DEL(x->running, d);
        d->state = state;
        d->ending.kill_at = d->restart_at = 0;
        x->cores_used -= d->cores;
        x->memory_used_mb -= d->memory_mb;
        d->exception = arena_strdup(&d->arena, exception);
        d->unreported = !x->stopping;
        effect_drop(fx, RECORD_DRIVER, d->id);
        effect_drop(fx, RECORD_MARK, d->id);
        if (d->unreported)
                keep_report(d, fx);
        if (d->unreported && conn)
                tell(d, conn, now, fx);
        DL_APPEND(x->finished, d);
        x->n_finished++;
        trim_finished(x);
}

/* ---- the beginning ---- */

static const char *main_class_of(const Command *c)
{
        /* DriverWrapper's arguments are the worker, the jar, and the user's class. */
        if (c->main_class && strcmp(c->main_class, driver_wrapper) == 0 && c->arguments.length > 2)
                return c->arguments.items[2];
        return c->main_class;
}

static Driver *driver_new(Drivers *x, const Message *launch)
{
        Driver *d = calloc(1, sizeof(*d));

        if (!d)
                return NULL;
        arena_init(&d->arena, LIMIT_MESSAGE_ARENA_BYTES);
        if (message_copy(&d->arena, launch, &d->launch) == 0) {
                const DriverDescription *desc = &d->launch.launch_driver.driver_desc;

                d->id = d->launch.launch_driver.driver_id;
                d->main_class = main_class_of(&desc->command);
                d->cores = desc->cores;
                d->memory_mb = desc->mem;
                d->supervise = desc->supervise;
                d->state = DRIVER_SUBMITTED;
                d->pause = 1;
                HASH_ADD_KEYPTR(hh, x->running, d->id, strlen(d->id), d);
        }
        if (!hash_added(d)) {
                driver_free(d);
                return NULL;
        }
        x->cores_used += d->cores;
        x->memory_used_mb += d->memory_mb;
        return d;
}

static void run(Driver *d, WorkerEffects *fx)
{
        WorkerEffect *effect = effect_add(fx, DO_LAUNCH);

        d->ending = (Ending){ 0 };
        d->restart_at = 0;
        effect->child = effect_strdup(fx, d->id);
        effect->message = &d->launch;
}

void drivers_launch(Drivers *x, const Message *launch, uint64_t conn, WorkerEffects *fx)
{
        const char *id = launch->launch_driver.driver_id, *problem = NULL;
        LogFields fields;
        Driver *d = NULL;

        if (x->stopping || !id)
                return;
        fields = fields_of(x, id, fx);
        if (drivers_find(x, id)) {
                effect_log(fx, LOG_WARNING, &fields, "Driver %s runs already; ignoring the order.",
                           id);
                return;
        }
        if (strchr(id, '/')) /* it would pass for an executor's */
                problem = "the driver's ID cannot be a directory's name";
        else if (drivers_running(x) >= LIMIT_DRIVERS)
                problem = "this worker runs as many drivers as it can hold";
        else if (!(d = driver_new(x, launch)))
                problem = "this worker is out of memory";
        if (!d) {
                effect_log(fx, LOG_WARNING, &fields, "Cannot launch driver %s: %s.", id, problem);
                report(id, DRIVER_ERROR, problem, conn, fx);
                return;
        }
        effect_keep(fx, RECORD_DRIVER, id, &d->launch, MARK_NONE);
        effect_log(fx, LOG_INFO, &fields,
                   "Asked to launch driver %s (%s) with %d cores and %d MiB.", id,
                   d->main_class ? d->main_class : "no class", d->cores, d->memory_mb);
        run(d, fx);
}

/* ---- life of one driver ---- */

/* One without a process comes to its end at once. */
static void end(Drivers *x, Driver *d, uint64_t conn, uint64_t now, WorkerEffects *fx)
{
        if (d->ending.started) {
                effect_keep(fx, RECORD_MARK, d->id, NULL, MARK_ENDING);
                ending_ask(&d->ending, d->id, now, x->config->terminate_usec, fx);
                return;
        }
        if (!d->restart_at)
                effect_add(fx, DO_CANCEL)->child = effect_strdup(fx, d->id);
        finish(x, d, DRIVER_KILLED, NULL, conn, now, fx);
}

void drivers_kill(Drivers *x, const char *id, uint64_t conn, uint64_t now, WorkerEffects *fx)
{
        const LogFields fields = fields_of(x, id, fx);
        Driver *d = drivers_find(x, id);

        if (!d) {
                effect_log(fx, LOG_ERR, &fields, "Asked to kill unknown driver %s.", id);
                return;
        }
        effect_log(fx, LOG_INFO, &fields, "Asked to kill driver %s.", id);
        end(x, d, conn, now, fx);
}

static void on_started(Drivers *x, Driver *d, uint64_t now, WorkerEffects *fx)
{
        d->state = DRIVER_RUNNING;
        d->run_at = now;
        d->ending.asked = d->restored && d->mark == MARK_ENDING;
        if (!ending_started(&d->ending, d->id, now, x->config->terminate_usec, fx) && !d->restored)
                effect_keep(fx, RECORD_MARK, d->id, NULL, MARK_RUNNING);
}

static void restart_later(Drivers *x, Driver *d, uint64_t now, WorkerEffects *fx)
{
        const LogFields fields = fields_of(x, d->id, fx);

        if (now - d->run_at > GOOD_RUN_USEC)
                d->pause = 1;
        d->ending = (Ending){ 0 };
        effect_keep(fx, RECORD_MARK, d->id, NULL, MARK_NONE);
        d->restart_at = now + d->pause * USEC_PER_SEC;
        effect_log(fx, LOG_INFO, &fields, "Driver %s runs again after %u s.", d->id, d->pause);
        d->pause = MIN_OF(d->pause * 2, PAUSE_MAX);
}

static void log_cause(const Drivers *x, const Driver *d, const char *cause, bool out_of_memory,
                      WorkerEffects *fx)
{
        LogFields fields = fields_of(x, d->id, fx);

        if (out_of_memory)
                fields.message_id = MESSAGE_EXECUTOR_OOM;
        effect_log(fx, out_of_memory ? LOG_WARNING : LOG_INFO, &fields, "Driver %s: %s.", d->id,
                   cause);
}

/* A driver that ends well although it was killed has finished, as with Spark's own worker. That it
 * was killed for memory is told as an exception, which spark-submit prints; other ends are not,
 * because spark-submit fails for exceptions only and with Spark's own worker those are none. */
static void on_exited(Drivers *x, Driver *d, const WorkerEvent *event, uint64_t conn, uint64_t now,
                      WorkerEffects *fx)
{
        const char *cause = event->text;

        if (!cause)
                cause = effect_text(fx, "Command exited with code %d", event->code);
        if (event->code != 0)
                log_cause(x, d, cause, event->out_of_memory, fx);
        if (event->code == 0)
                finish(x, d, DRIVER_FINISHED, NULL, conn, now, fx);
        else if (d->ending.asked)
                finish(x, d, DRIVER_KILLED, NULL, conn, now, fx);
        else if (d->supervise)
                restart_later(x, d, now, fx);
        else
                finish(x, d, DRIVER_FAILED, event->out_of_memory ? cause : NULL, conn, now, fx);
}

/* What an earlier process left and nobody has told of: see executors.c. */
static void on_listed(Drivers *x, uint64_t conn, uint64_t now, WorkerEffects *fx)
{
        Driver *d, *next;

        if (conn) /* the connection was handed over, and so nobody registers */
                drivers_send_unreported(x, conn, now, fx);
        HASH_ITER (hh, x->running, d, next) {
                bool gone = d->restored && !d->ending.started && !d->restart_at;

                d->restored = false;
                if (gone && d->mark == MARK_NONE)
                        run(d, fx);
                else if (gone && d->mark == MARK_ENDING)
                        finish(x, d, DRIVER_KILLED, NULL, conn, now, fx);
                else if (gone && d->supervise)
                        restart_later(x, d, now, fx);
                else if (gone)
                        finish(x, d, DRIVER_FAILED, "it had gone when its worker came back", conn,
                               now, fx);
        }
}

/* The connection stood long enough for the master to have heard it. */
static void settle(Driver *d, uint64_t conn, uint64_t now, WorkerEffects *fx)
{
        if (!d->settled_at || now < d->settled_at)
                return;
        d->settled_at = 0;
        if (d->told_on != conn)
                return; /* it is told again on the next */
        d->unreported = false;
        effect_drop(fx, RECORD_DRIVER_REPORT, d->id);
}

static void on_tick(Drivers *x, uint64_t conn, uint64_t now, WorkerEffects *fx)
{
        Driver *d, *next;

        HASH_ITER (hh, x->running, d, next) {
                if (d->restart_at && now >= d->restart_at)
                        run(d, fx);
                else if (!ending_tick(&d->ending, d->id, now, x->config->terminate_usec, fx))
                        finish(x, d, DRIVER_KILLED, NULL, conn, now, fx);
        }
        DL_FOREACH (x->finished, d)
                settle(d, conn, now, fx);
}

void drivers_handle(Drivers *x, const WorkerEvent *event, uint64_t conn, uint64_t now,
                    WorkerEffects *fx)
{
        Driver *d = event->child ? drivers_find(x, event->child) : NULL;

        if (event->type == ON_TICK)
                on_tick(x, conn, now, fx);
        else if (event->type == ON_LISTED)
                on_listed(x, conn, now, fx);
        if (!d)
                return;
        if (event->type == ON_STARTED)
                on_started(x, d, now, fx);
        else if (event->type == ON_LAUNCH_FAILED)
                finish(x, d, DRIVER_ERROR, event->text, conn, now, fx);
        else if (event->type == ON_EXITED)
                on_exited(x, d, event, conn, now, fx);
}

/* ---- what an earlier process left ---- */

static int restore_driver(Drivers *x, const char *key, const Message *m)
{
        Driver *d;

        if (!m || m->type != MSG_LAUNCH_DRIVER || !m->launch_driver.driver_id ||
            strcmp(m->launch_driver.driver_id, key) != 0 || drivers_find(x, key))
                return -EBADMSG;
        d = driver_new(x, m);
        if (!d)
                return -ENOMEM;
        d->restored = true;
        return 0;
}

/* One that has ended, of which nothing but its end is known. */
static int restore_report(Drivers *x, const Message *m)
{
        Driver *d;

        if (!m || m->type != MSG_DRIVER_STATE_CHANGED || !m->driver_state_changed.driver_id)
                return -EBADMSG;
        d = calloc(1, sizeof(*d));
        if (!d)
                return -ENOMEM;
        arena_init(&d->arena, LIMIT_MESSAGE_ARENA_BYTES);
        d->id = arena_strdup(&d->arena, m->driver_state_changed.driver_id);
        d->state = m->driver_state_changed.state;
        d->exception = arena_strdup(&d->arena, m->driver_state_changed.exception);
        d->unreported = true;
        DL_APPEND(x->finished, d);
        x->n_finished++;
        return d->id ? 0 : -ENOMEM;
}

int drivers_restore(Drivers *x, WorkerRecord record, const char *key, const Message *message,
                    RecordMark mark)
{
        Driver *d = record == RECORD_MARK ? drivers_find(x, key) : NULL;

        switch (record) {
        case RECORD_DRIVER:
                return restore_driver(x, key, message);
        case RECORD_DRIVER_REPORT:
                return restore_report(x, message);
        case RECORD_MARK:
                if (!d)
                        return -EBADMSG;
                d->mark = mark;
                return 0;
        default:
                return -EBADMSG;
        }
}

uint64_t drivers_deadline(const Drivers *x)
{
        uint64_t deadline = UINT64_MAX;

        for (const Driver *d = x->running; d; d = d->hh.next) {
                deadline = MIN_OF(deadline, ending_deadline(&d->ending));
                if (d->restart_at)
                        deadline = MIN_OF(deadline, d->restart_at);
        }
        for (const Driver *d = x->finished; d; d = d->next)
                if (d->settled_at)
                        deadline = MIN_OF(deadline, d->settled_at);
        return deadline;
}

/* ---- what a master is told at once ---- */

void drivers_describe_ids(const Drivers *x, StringSeq *ret, WorkerEffects *fx)
{
        const char **items = arena_new_array(&fx->arena, drivers_running(x), const char *);

        *ret = (StringSeq){ .items = items };
        if (!items) {
                fx->failed = true;
                return;
        }
        for (const Driver *d = x->running; d; d = d->hh.next)
                items[ret->length++] = effect_strdup(fx, d->id);
}

void drivers_describe(const Drivers *x, WorkerDriverStateSeq *ret, WorkerEffects *fx)
{
        WorkerDriverStateResponse *items =
                arena_new_array(&fx->arena, drivers_running(x), WorkerDriverStateResponse);

        *ret = (WorkerDriverStateSeq){ .items = items };
        if (!items) {
                fx->failed = true;
                return;
        }
        for (const Driver *d = x->running; d; d = d->hh.next) {
                WorkerDriverStateResponse *item = &items[ret->length++];

                item->driver_id = effect_strdup(fx, d->id);
                if (resource_map_copy(&fx->arena, &d->launch.launch_driver.resources,
                                      &item->resources) < 0)
                        fx->failed = true;
        }
}

void drivers_send_unreported(Drivers *x, uint64_t conn, uint64_t now, WorkerEffects *fx)
{
        Driver *d;

        DL_FOREACH (x->finished, d)
                if (d->unreported && d->told_on != conn)
                        tell(d, conn, now, fx);
}

void drivers_stop(Drivers *x, uint64_t now, WorkerEffects *fx)
{
        Driver *d, *next;

        if (x->stopping)
                return;
        x->stopping = true;
        if (x->running)
                effect_log(fx, LOG_INFO, NULL, "Ending %zu drivers.", drivers_running(x));
        HASH_ITER (hh, x->running, d, next)
                end(x, d, 0, now, fx);
}
