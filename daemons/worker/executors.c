/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/worker/executors.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "daemons/common/message-ids.h"

/* What an executor's bookkeeping may hold of what the master sent: its resource addresses. */
#define EXECUTOR_ARENA_BYTES MIB(4)

/* ---- tables ---- */

void executors_init(Executors *x, const ExecutorsConfig *config)
{
        *x = (Executors){ .config = config };
}

static void app_release(Executors *x, WorkerApp *app)
{
        if (--app->executors > 0)
                return;
        HASH_DEL(x->apps, app);
        free(app->id);
        free(app->name);
        free(app->user);
        free(app->command);
        free(app);
}

static void executor_free(Executors *x, Executor *e)
{
        if (e->app)
                app_release(x, e->app);
        arena_done(&e->arena);
        free(e->id);
        free(e);
}

static void report_free(Executors *x, Report *report)
{
        DL_DELETE(x->reports, report);
        free(report->app_id);
        free(report->message);
        free(report);
}

void executors_done(Executors *x)
{
        Executor *e, *e_next;
        Report *report, *report_next;

        HASH_ITER (hh, x->running, e, e_next) {
                HASH_DEL(x->running, e);
                executor_free(x, e);
        }
        DL_FOREACH_SAFE (x->finished, e, e_next)
                executor_free(x, e);
        DL_FOREACH_SAFE (x->reports, report, report_next)
                report_free(x, report);
        *x = (Executors){ 0 };
}

Executor *executors_find(const Executors *x, const char *id)
{
        Executor *e;

        HASH_FIND_STR(x->running, id, e);
        return e;
}

size_t executors_running(const Executors *x)
{
        return HASH_COUNT(x->running);
}

static char *strdup_or_empty(const char *s)
{
        return strdup(s ? s : "");
}

/* The application of a launch, with one more reference; NULL when out of memory. */
static WorkerApp *app_take(Executors *x, const char *id, const ApplicationDescription *desc,
                           int32_t memory_mb)
{
        WorkerApp *app;

        HASH_FIND_STR(x->apps, id, app);
        if (app) {
                app->executors++;
                return app;
        }
        app = calloc(1, sizeof(*app));
        if (!app)
                return NULL;
        app->id = strdup(id);
        app->name = strdup_or_empty(desc->name);
        app->user = strdup_or_empty(desc->user);
        app->max_cores = desc->max_cores.set ? desc->max_cores.value : 0;
        app->memory_mb = memory_mb;
        app->executors = 1;
        if (app->id && app->name && app->user)
                HASH_ADD_KEYPTR(hh, x->apps, app->id, strlen(app->id), app);
        if (!hash_added(app)) {
                free(app->id);
                free(app->name);
                free(app->user);
                free(app);
                return NULL;
        }
        return app;
}

/* Copies: the effect may outlive the executor. */
static LogFields fields_of(const Executors *x, const Executor *e, WorkerEffects *fx)
{
        return (LogFields){ .app_id = effect_strdup(fx, e->app->id),
                            .executor_id = effect_text(fx, "%d", e->exec_id),
                            .worker_id = x->config->worker_id };
}

/* ---- reports ---- */

static const char *record_key(const Report *report, WorkerEffects *fx)
{
        return effect_text(fx, "%s/%d/%s", report->app_id, report->exec_id,
                           executor_state_name(report->state));
}

/* Fills the message of an effect. */
static void describe_report(const Report *report, Message *m, WorkerEffects *fx)
{
        m->executor_state_changed.app_id = effect_strdup(fx, report->app_id);
        m->executor_state_changed.exec_id = report->exec_id;
        m->executor_state_changed.state = report->state;
        m->executor_state_changed.message = effect_strdup(fx, report->message);
        m->executor_state_changed.exit_status = report->exit_status;
}

static void ask_report(Executors *x, Report *report, uint64_t conn, WorkerEffects *fx)
{
        Message *m = effect_message(fx, DO_ASK, conn, MSG_EXECUTOR_STATE_CHANGED);

        report->ticket = ++x->last_ticket;
        report->due = 0;
        if (fx->last)
                fx->last->ticket = report->ticket;
        describe_report(report, m, fx);
}

static void keep_report(const Report *report, WorkerEffects *fx)
{
        Message *m = effect_message(fx, DO_KEEP, 0, MSG_EXECUTOR_STATE_CHANGED);

        if (fx->last) {
                fx->last->record = RECORD_REPORT;
                fx->last->child = record_key(report, fx);
        }
        describe_report(report, m, fx);
}

/* It is of no use any more. */
static void drop_report(Executors *x, Report *report, WorkerEffects *fx)
{
        effect_drop(fx, RECORD_REPORT, record_key(report, fx));
        report_free(x, report);
}

static void send_report(Executors *x, const char *app_id, int32_t exec_id, ExecutorState state,
                        const char *message, OptInt exit_status, uint64_t conn, uint64_t now,
                        WorkerEffects *fx)
{
        Report *report;

        if (x->stopping)
                return;
        report = calloc(1, sizeof(*report));
        if (!report) {
                fx->failed = true;
                return;
        }
        DL_APPEND(x->reports, report);
        report->app_id = strdup(app_id);
        report->message = message ? strdup(message) : NULL;
        report->exec_id = exec_id;
        report->state = state;
        report->exit_status = exit_status;
        if (!report->app_id || (message && !report->message)) {
                fx->failed = true;
                return;
        }
        keep_report(report, fx);
        if (conn)
                ask_report(x, report, conn, fx);
        else
                report->due = now + x->config->sync_pause_usec;
}

static bool same_executor(const Report *a, const Report *b)
{
        return a->exec_id == b->exec_id && strcmp(a->app_id, b->app_id) == 0;
}

/* Has a later state of the same executor been reported? Then this one is of no use any more, and
 * would come out of order. */
static bool superseded(const Report *report)
{
        for (const Report *later = report->next; later; later = later->next)
                if (same_executor(report, later))
                        return true;
        return false;
}

static void on_answered(Executors *x, const WorkerEvent *event, uint64_t now, WorkerEffects *fx)
{
        Report *report;

        DL_FOREACH (x->reports, report)
                if (report->ticket == event->ticket)
                        break;
        if (!report)
                return;
        report->ticket = 0;
        if (event->ok || x->stopping || superseded(report)) {
                drop_report(x, report, fx);
                return;
        }
        report->failures++;
        if (report->failures >= x->config->sync_attempts) {
                effect_log(fx, LOG_ERR, NULL,
                           "Could not report executor %s/%d as %s to the master %u times (%s). "
                           "Giving up.",
                           report->app_id, report->exec_id, executor_state_name(report->state),
                           report->failures, event->text ? event->text : "no answer");
                effect_exit(fx, EXIT_FAILURE);
                drop_report(x, report, fx);
                return;
        }
        effect_log(fx, LOG_WARNING, NULL,
                   "Could not report executor %s/%d as %s to the master (%s); will retry (%u/%u).",
                   report->app_id, report->exec_id, executor_state_name(report->state),
                   event->text ? event->text : "no answer", report->failures,
                   x->config->sync_attempts);
        /* After a time-out there was pause enough. */
        report->due = event->timed_out ? now : now + x->config->sync_pause_usec;
}

/* Asks again whatever is due, or with `all` whatever is not under way. */
static void retry_reports(Executors *x, bool all, uint64_t conn, uint64_t now, WorkerEffects *fx)
{
        Report *report, *next;

        DL_FOREACH_SAFE (x->reports, report, next) {
                if (report->ticket || (!all && now < report->due))
                        continue;
                if (superseded(report))
                        drop_report(x, report, fx);
                else if (conn)
                        ask_report(x, report, conn, fx);
                else
                        report->due = now + x->config->sync_pause_usec;
        }
}

/* ---- life of one executor ---- */

static void clean_app_if_done(Executors *x, const char *app_id, WorkerEffects *fx)
{
        Executor *e, *next;

        HASH_ITER (hh, x->running, e, next)
                if (strcmp(e->app->id, app_id) == 0)
                        return;
        effect_add(fx, DO_CLEAN_APP)->text = effect_strdup(fx, app_id);
        effect_drop(fx, RECORD_APP, app_id);
}

/* Takes an executor out of the running ones; keeps it among the last finished for the pages. */
static void finish(Executors *x, Executor *e, ExecutorState state, const char *message,
                   OptInt exit_status, uint64_t conn, uint64_t now, WorkerEffects *fx)
{
        LogFields fields = fields_of(x, e, fx);
        char code[24] = "";

        fields.message_id = MESSAGE_EXECUTOR_ENDED;

        if (exit_status.set)
                (void)snprintf(code, sizeof(code), ", exit status %d", exit_status.value);
        effect_log(fx, LOG_INFO, &fields, "Executor %s finished with state %s%s%s%s.", e->id,
                   executor_state_name(state), code, message ? ": " : "", message ? message : "");
        send_report(x, e->app->id, e->exec_id, state, message, exit_status, conn, now, fx);

        effect_drop(fx, RECORD_EXECUTOR, e->id);
        effect_drop(fx, RECORD_MARK, e->id);
        HASH_DEL(x->running, e);
        e->state = state;
        e->ending.kill_at = 0;
        x->cores_used -= e->cores;
        x->memory_used_mb -= e->memory_mb;
        DL_APPEND(x->finished, e);
        x->n_finished++;
        if (e->app->finished)
                clean_app_if_done(x, e->app->id, fx);
        /* As Spark's: a tenth goes at a time. */
        if (x->n_finished > x->config->retained)
                for (unsigned n = MAX_OF(x->config->retained / 10, 1u); n && x->finished; n--) {
                        Executor *oldest = x->finished;

                        DL_DELETE(x->finished, oldest);
                        x->n_finished--;
                        executor_free(x, oldest);
                }
}

static Executor *executor_new(Executors *x, const Message *launch)
{
        const char *app_id = launch->launch_executor.app_id;
        Executor *e = calloc(1, sizeof(*e));

        if (!e)
                return NULL;
        e->exec_id = launch->launch_executor.exec_id;
        e->rp_id = launch->launch_executor.rp_id;
        e->cores = launch->launch_executor.cores;
        e->memory_mb = launch->launch_executor.memory;
        e->state = EXECUTOR_LAUNCHING;
        arena_init(&e->arena, EXECUTOR_ARENA_BYTES);
        if (asprintf(&e->id, "%s/%d", app_id, e->exec_id) < 0)
                e->id = NULL;
        e->app = app_take(x, app_id, &launch->launch_executor.app_desc, e->memory_mb);
        if (e->id && e->app &&
            resource_map_copy(&e->arena, &launch->launch_executor.resources, &e->resources) == 0)
                HASH_ADD_KEYPTR(hh, x->running, e->id, strlen(e->id), e);
        if (!hash_added(e)) {
                executor_free(x, e);
                return NULL;
        }
        x->cores_used += e->cores;
        x->memory_used_mb += e->memory_mb;
        return e;
}

void executors_launch(Executors *x, const Message *launch, uint64_t conn, uint64_t now,
                      WorkerEffects *fx)
{
        const char *app_id = launch->launch_executor.app_id;
        const char *id = effect_text(fx, "%s/%d", app_id, launch->launch_executor.exec_id);
        WorkerEffect *effect;
        LogFields fields;
        Executor *e;

        if (x->stopping)
                return;
        if (executors_find(x, id)) {
                effect_log(fx, LOG_WARNING, NULL, "Executor %s runs already; ignoring the order.",
                           id);
                return;
        }
        if (executors_running(x) >= LIMIT_EXECUTORS) {
                send_report(x, app_id, launch->launch_executor.exec_id, EXECUTOR_FAILED,
                            "this worker runs as many executors as it can hold", (OptInt){ 0 },
                            conn, now, fx);
                return;
        }
        e = executor_new(x, launch);
        if (!e) {
                send_report(x, app_id, launch->launch_executor.exec_id, EXECUTOR_FAILED,
                            "this worker is out of memory", (OptInt){ 0 }, conn, now, fx);
                return;
        }
        effect_keep(fx, RECORD_EXECUTOR, id, launch, MARK_NONE);
        fields = fields_of(x, e, fx);
        effect_log(fx, LOG_INFO, &fields,
                   "Asked to launch executor %s for %s with %d cores and %d MiB.", id, e->app->name,
                   e->cores, e->memory_mb);
        effect = effect_add(fx, DO_LAUNCH);
        effect->child = id;
        effect->message = launch;
}

void executors_kill(Executors *x, const char *app_id, int32_t exec_id, uint64_t now,
                    WorkerEffects *fx)
{
        const char *id = effect_text(fx, "%s/%d", app_id, exec_id);
        Executor *e = executors_find(x, id);

        if (!e) {
                effect_log(fx, LOG_INFO, NULL, "Asked to kill unknown executor %s.", id);
                return;
        }
        effect_log(fx, LOG_INFO, NULL, "Asked to kill executor %s.", id);
        effect_keep(fx, RECORD_MARK, id, NULL, MARK_ENDING);
        ending_ask(&e->ending, e->id, now, x->config->terminate_usec, fx);
}

void executors_app_finished(Executors *x, const char *app_id, WorkerEffects *fx)
{
        WorkerApp *app;

        HASH_FIND_STR(x->apps, app_id, app);
        if (app)
                app->finished = true;
        if (app)
                effect_keep(fx, RECORD_APP, app_id, NULL, MARK_NONE);
        clean_app_if_done(x, app_id, fx);
}

static void on_started(Executors *x, Executor *e, uint64_t conn, uint64_t now, WorkerEffects *fx)
{
        if (e->restored && e->mark == MARK_ENDING)
                e->ending.asked = true;
        if (ending_started(&e->ending, e->id, now, x->config->terminate_usec, fx))
                return;
        e->state = EXECUTOR_RUNNING;
        if (e->restored && e->mark == MARK_RUNNING)
                return;
        effect_keep(fx, RECORD_MARK, e->id, NULL, MARK_RUNNING);
        send_report(x, e->app->id, e->exec_id, EXECUTOR_RUNNING, NULL, (OptInt){ 0 }, conn, now,
                    fx);
}

/* The message of a killed executor, as 4.x words it. */
static const char *killed_text(const Executor *e, WorkerEffects *fx)
{
        return effect_text(fx, "Runner thread for executor %s interrupted", e->id);
}

/* The first word of it to whoever watches the journal: the cause is in `text`. */
static void log_out_of_memory(const Executors *x, const Executor *e, const char *text,
                              WorkerEffects *fx)
{
        LogFields fields = fields_of(x, e, fx);

        fields.message_id = MESSAGE_EXECUTOR_OOM;
        effect_log(fx, LOG_WARNING, &fields, "Executor %s: %s.", e->id, text);
}

static void on_exited(Executors *x, Executor *e, const WorkerEvent *event, uint64_t conn,
                      uint64_t now, WorkerEffects *fx)
{
        const OptInt status = { .set = true, .value = event->code };
        const char *text = event->text;

        if (!text)
                text = effect_text(fx, "Command exited with code %d", event->code);
        if (event->out_of_memory)
                log_out_of_memory(x, e, text, fx);
        if (e->ending.asked)
                finish(x, e, EXECUTOR_KILLED, killed_text(e, fx), status, conn, now, fx);
        else
                finish(x, e, EXECUTOR_EXITED, text, status, conn, now, fx);
}

static void on_launch_failed(Executors *x, Executor *e, const char *text, uint64_t conn,
                             uint64_t now, WorkerEffects *fx)
{
        if (e->ending.asked)
                finish(x, e, EXECUTOR_KILLED, killed_text(e, fx), (OptInt){ 0 }, conn, now, fx);
        else
                finish(x, e, EXECUTOR_FAILED, text, (OptInt){ 0 }, conn, now, fx);
}

/* What an earlier process left and nobody has told of: it went with the host, or had not been
 * started when that process ended. */
static void on_listed(Executors *x, uint64_t conn, uint64_t now, WorkerEffects *fx)
{
        Executor *e, *next;

        HASH_ITER (hh, x->running, e, next) {
                if (e->restored && !e->ending.started && e->mark == MARK_ENDING)
                        finish(x, e, EXECUTOR_KILLED, killed_text(e, fx), (OptInt){ 0 }, conn, now,
                               fx);
                else if (e->restored && !e->ending.started)
                        finish(x, e, EXECUTOR_LOST, "it had gone when its worker came back",
                               (OptInt){ 0 }, conn, now, fx);
                else
                        e->restored = false;
        }
}

static void on_tick(Executors *x, uint64_t conn, uint64_t now, WorkerEffects *fx)
{
        Executor *e, *next;

        HASH_ITER (hh, x->running, e, next)
                /* Stuck in the kernel: Spark reports it ended without a status. */
                if (!ending_tick(&e->ending, e->id, now, x->config->terminate_usec, fx))
                        finish(x, e, EXECUTOR_KILLED, killed_text(e, fx), (OptInt){ 0 }, conn, now,
                               fx);
        retry_reports(x, false, conn, now, fx);
}

void executors_handle(Executors *x, const WorkerEvent *event, uint64_t conn, uint64_t now,
                      WorkerEffects *fx)
{
        Executor *e = event->child ? executors_find(x, event->child) : NULL;

        if (event->type == ON_TICK)
                on_tick(x, conn, now, fx);
        else if (event->type == ON_ANSWERED)
                on_answered(x, event, now, fx);
        else if (event->type == ON_LISTED)
                on_listed(x, conn, now, fx);
        if (!e)
                return;
        if (event->type == ON_STARTED)
                on_started(x, e, conn, now, fx);
        else if (event->type == ON_LAUNCH_FAILED)
                on_launch_failed(x, e, event->text, conn, now, fx);
        else if (event->type == ON_EXITED)
                on_exited(x, e, event, conn, now, fx);
}

/* ---- what an earlier process left ---- */

static int restore_executor(Executors *x, const char *key, const Message *m)
{
        Executor *e;

        if (!m || m->type != MSG_LAUNCH_EXECUTOR || !m->launch_executor.app_id ||
            executors_find(x, key))
                return -EBADMSG;
        e = executor_new(x, m);
        if (!e)
                return -ENOMEM;
        e->restored = true;
        return strcmp(e->id, key) == 0 ? 0 : -EBADMSG;
}

static int restore_report(Executors *x, const Message *m)
{
        Report *report;

        if (!m || m->type != MSG_EXECUTOR_STATE_CHANGED || !m->executor_state_changed.app_id)
                return -EBADMSG;
        report = calloc(1, sizeof(*report));
        if (!report)
                return -ENOMEM;
        DL_APPEND(x->reports, report);
        report->app_id = strdup(m->executor_state_changed.app_id);
        report->exec_id = m->executor_state_changed.exec_id;
        report->state = m->executor_state_changed.state;
        report->exit_status = m->executor_state_changed.exit_status;
        if (m->executor_state_changed.message)
                report->message = strdup(m->executor_state_changed.message);
        return report->app_id && !report->message == !m->executor_state_changed.message ? 0
                                                                                        : -ENOMEM;
}

int executors_restore(Executors *x, WorkerRecord record, const char *key, const Message *message,
                      RecordMark mark)
{
        Executor *e = record == RECORD_MARK ? executors_find(x, key) : NULL;
        WorkerApp *app = NULL;

        switch (record) {
        case RECORD_EXECUTOR:
                return restore_executor(x, key, message);
        case RECORD_REPORT:
                return restore_report(x, message);
        case RECORD_MARK:
                if (!e)
                        return -EBADMSG;
                e->mark = mark;
                return 0;
        case RECORD_APP:
                HASH_FIND_STR(x->apps, key, app);
                if (app)
                        app->finished = true;
                return 0;
        default:
                return -EBADMSG;
        }
}

uint64_t executors_deadline(const Executors *x)
{
        uint64_t deadline = UINT64_MAX;
        const Executor *e;
        const Report *report;

        for (e = x->running; e; e = e->hh.next)
                deadline = MIN_OF(deadline, ending_deadline(&e->ending));
        DL_FOREACH (x->reports, report)
                if (!report->ticket)
                        deadline = MIN_OF(deadline, report->due);
        return deadline;
}

/* ---- what a master is told at once ---- */

static void describe(const Executor *e, ExecutorDescription *ret, WorkerEffects *fx)
{
        *ret = (ExecutorDescription){
                .app_id = effect_strdup(fx, e->app->id),
                .exec_id = e->exec_id,
                .rp_id = e->rp_id,
                .cores = e->cores,
                .memory_mb = e->memory_mb,
                .state = e->state,
        };
}

void executors_describe(const Executors *x, ExecutorDescriptionSeq *ret, WorkerEffects *fx)
{
        ExecutorDescription *items =
                arena_new_array(&fx->arena, executors_running(x), ExecutorDescription);

        *ret = (ExecutorDescriptionSeq){ .items = items };
        if (!items) {
                fx->failed = true;
                return;
        }
        for (const Executor *e = x->running; e; e = e->hh.next)
                describe(e, &items[ret->length++], fx);
}

void executors_describe_with_resources(const Executors *x, WorkerExecutorStateSeq *ret,
                                       WorkerEffects *fx)
{
        WorkerExecutorStateResponse *items =
                arena_new_array(&fx->arena, executors_running(x), WorkerExecutorStateResponse);

        *ret = (WorkerExecutorStateSeq){ .items = items };
        if (!items) {
                fx->failed = true;
                return;
        }
        for (const Executor *e = x->running; e; e = e->hh.next) {
                WorkerExecutorStateResponse *item = &items[ret->length++];

                describe(e, &item->desc, fx);
                if (resource_map_copy(&fx->arena, &e->resources, &item->resources) < 0)
                        fx->failed = true;
        }
}

void executors_send_unreported(Executors *x, uint64_t conn, uint64_t now, WorkerEffects *fx)
{
        retry_reports(x, true, conn, now, fx);
}

void executors_stop(Executors *x, uint64_t now, WorkerEffects *fx)
{
        const Report *report;

        if (x->stopping)
                return;
        x->stopping = true;
        DL_FOREACH (x->reports, report)
                effect_drop(fx, RECORD_REPORT, record_key(report, fx));
        if (x->running)
                effect_log(fx, LOG_INFO, NULL, "Ending %zu executors.", executors_running(x));
        for (Executor *e = x->running; e; e = e->hh.next)
                ending_ask(&e->ending, e->id, now, x->config->terminate_usec, fx);
}
