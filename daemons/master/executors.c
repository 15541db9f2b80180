/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/master/record-internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/*
 * An executor holds cores, memory and addresses of its worker until it has ended there
 * (Executor.worker), and cores and a place in its profile's target of its application (counted).
 * The two go apart when a worker is decommissioned: the application may get a replacement at once.
 */

void executor_destroy(Executor *e)
{
        if (!e)
                return;
        free(e->grants.items);
        free(e->message);
        free(e);
}

static void destroy_grave(Grave *grave)
{
        executor_destroy(CONTAINER_OF(grave, Executor, grave));
}

Executor *executor_find(const App *app, int32_t id)
{
        Executor *e = NULL;
        HASH_FIND(hh, app->executors_by_id, &id, sizeof(id), e);
        return e;
}

Executor *executor_find_owed(const App *app, int32_t id)
{
        Executor *e = NULL;
        HASH_FIND(hh, app->owed, &id, sizeof(id), e);
        return e;
}

void executor_set_state(Executor *e, ExecutorState state)
{
        e->app->n_running += (state == EXECUTOR_RUNNING) - (e->state == EXECUTOR_RUNNING);
        e->state = state;
}

/* ---- which workers have files of an application ---- */

int hosting_ensure(App *app, Worker *w)
{
        Hosting *h = NULL;
        HASH_FIND(hh, app->hostings_by_worker, &w, sizeof(Worker *), h);
        if (h)
                return 0;
        h = calloc(1, sizeof(*h));
        if (!h)
                return -ENOMEM;
        h->app = app;
        h->worker = w;
        HASH_ADD(hh, app->hostings_by_worker, worker, sizeof(Worker *), h);
        if (!hash_added(h)) {
                free(h);
                return -ENOMEM;
        }
        DL_APPEND2(app->hostings, h, app_prev, app_next);
        DL_APPEND2(w->hostings, h, worker_prev, worker_next);
        return 0;
}

void hosting_forget(Hosting *h)
{
        HASH_DEL(h->app->hostings_by_worker, h);
        DL_DELETE2(h->app->hostings, h, app_prev, app_next);
        DL_DELETE2(h->worker->hostings, h, worker_prev, worker_next);
        free(h);
}

/* ---- start ---- */

/* On no list yet but one of its application by id: of those that run on a worker, or without one of
 * those that have ended and are owed to the driver. NULL: no memory. */
static Executor *executor_new(Turn *t, App *app, Worker *w, int32_t id, const ExecutorRecord *r)
{
        const char *worker = w ? w->id : r->worker, *host = w ? w->host : r->host;
        Executor *e = calloc(1, sizeof(*e) + pack_size(worker) + pack_size(host));
        if (!e)
                return NULL;
        char *cursor = e->strings;
        e->worker_id = pack_string(&cursor, worker);
        e->worker_host = pack_string(&cursor, host);
        e->app = app;
        e->id = id;
        e->rp_id = r->rp_id;
        e->cores = r->cores;
        e->memory = r->memory;
        e->limit = r->limit;
        e->state = EXECUTOR_LAUNCHING;
        e->start_wall = (uint64_t)r->start;
        e->batch = t->m->batch;
        if (!w)
                HASH_ADD(hh, app->owed, id, sizeof(e->id), e);
        else if (hosting_ensure(app, w) == 0)
                HASH_ADD(hh, app->executors_by_id, id, sizeof(e->id), e);
        if (!hash_added(e)) {
                executor_destroy(e);
                return NULL;
        }
        return e;
}

/* From here on it holds what it needs; the caller tells the worker's index. */
static void executor_enter(Executor *e, Worker *w, AppProfile *profile)
{
        App *app = e->app;
        e->worker = w;
        w->n_executors++;
        app->n_executors++;
        DL_APPEND(app->executors, e);
        DL_APPEND2(w->executors, e, worker_prev, worker_next);
        if (!profile)
                return;
        app->cores_granted += e->cores;
        profile->n_executors++;
        e->counted = true;
}

Executor *executor_restore(Turn *t, App *app, Worker *w, int32_t id, const ExecutorRecord *r)
{
        AppProfile *profile = app_profile(app, r->rp_id);
        if (executor_find(app, id) || r->cores < 0 || r->memory < 0 || r->limit < 0)
                return NULL;
        Executor *e = executor_new(t, app, w, id, r);
        if (!e || grants_restore(w, &r->resources, &e->grants) < 0)
                t->error = -ENOMEM;
        if (!e)
                return NULL;
        app->next_executor_id = MAX_OF(app->next_executor_id, id + 1);
        executor_enter(e, w, r->state == EXECUTOR_DECOMMISSIONED ? NULL : profile);
        executor_set_state(e, r->state);
        worker_use(t->m, w, e->cores, e->memory, e->limit);
        return e;
}

void executor_restore_end(Turn *t, App *app, int32_t id, const ExecutorRecord *r)
{
        if (executor_find(app, id) || executor_find_owed(app, id) || !r->worker || !r->host)
                return;
        Executor *e = executor_new(t, app, NULL, id, r);
        if (!e) {
                t->error = -ENOMEM;
                return;
        }
        app->next_executor_id = MAX_OF(app->next_executor_id, id + 1);
        e->state = r->state;
        e->debt = DEBT_OPEN;
        e->lost = r->lost;
        e->exit_status = r->exit_status;
        e->message = r->message ? strdup(r->message) : NULL;
        DL_APPEND(app->removed, e);
        app->n_removed++;
}

/* ---- records ---- */

const char *executor_key(const Executor *e, char buffer[static EXECUTOR_KEY_MAX])
{
        (void)snprintf(buffer, EXECUTOR_KEY_MAX, "%s/%d", e->app->id, e->id);
        return buffer;
}

void turn_record_executor(Turn *t, MasterEffectType type, const Executor *e)
{
        char key[EXECUTOR_KEY_MAX];
        turn_record(t, type, RECORD_EXECUTOR, turn_strdup(t, executor_key(e, key)));
}

/* ---- what is said of it ---- */

void executor_tell(Turn *t, const Executor *e, ExecutorState state, const char *message,
                   OptInt exit_status, const char *worker_host)
{
        Message *msg = turn_send(t, e->app->peer, ENDPOINT_DRIVER, MSG_EXECUTOR_UPDATED);
        msg->executor_updated.id = e->id;
        msg->executor_updated.state = state;
        msg->executor_updated.message = turn_strdup(t, message);
        msg->executor_updated.exit_status = exit_status;
        msg->executor_updated.worker_host = worker_host;
}

/* A worker of ours limits the executor by what the description says. It only ever says what the
 * default profile is; here it is the profile that this executor has. */
static void tell_profile(Turn *t, const App *app, const AppProfile *p, ApplicationDescription *desc)
{
        turn_tell_lines(t, app->lines, &desc->command);
        desc->default_profile = p->profile;
}

static void say_launched(Turn *t, const Executor *e, const AppProfile *profile)
{
        const App *app = e->app;
        const Worker *w = e->worker;
        Message *msg = turn_send(t, w->peer, ENDPOINT_WORKER, MSG_LAUNCH_EXECUTOR);
        turn_promise(t, e);
        msg->launch_executor.master_url = t->m->config.url;
        msg->launch_executor.app_id = app->id;
        msg->launch_executor.exec_id = e->id;
        msg->launch_executor.rp_id = e->rp_id;
        msg->launch_executor.cores = e->cores;
        msg->launch_executor.memory = e->memory;
        msg->launch_executor.app_desc = app->desc;
        if (w->engines)
                tell_profile(t, app, profile, &msg->launch_executor.app_desc);
        msg->launch_executor.resources = turn_grants_map(t, &e->grants);

        msg = turn_send(t, app->peer, ENDPOINT_DRIVER, MSG_EXECUTOR_ADDED);
        turn_promise(t, e);
        msg->executor_added.id = e->id;
        msg->executor_added.cores = e->cores;
        msg->executor_added.memory = e->memory;
        msg->executor_added.worker_id = w->id;
        msg->executor_added.host_port = turn_printf(t, "%s:%d", w->host, w->port);
}

void executor_launch(Turn *t, App *app, AppProfile *profile, Worker *w, int32_t cores)
{
        const ExecutorRecord described = {
                .rp_id = profile->id,
                .cores = cores,
                .memory = profile->memory_per_executor,
                .limit = fit_limit(w, &profile->request),
                .start = (int64_t)t->time.wall,
        };
        Executor *e = executor_new(t, app, w, app->next_executor_id, &described);
        if (!e || grants_take(w, &profile->resources, &e->grants) < 0)
                t->error = -ENOMEM;
        if (!e)
                return;
        app->next_executor_id++;
        e->conn = w->peer->conn;
        executor_enter(e, w, profile);
        app_changed(t, app);
        turn_record_executor(t, EFFECT_RECORD_PUT, e);
        say_launched(t, e, profile);

        char id[16];
        (void)snprintf(id, sizeof(id), "%d", e->id);
        LogFields fields = { .app_id = app->id,
                             .worker_id = w->id,
                             .executor_id = turn_strdup(t, id) };
        turn_log_with(t, LOG_INFO, fields,
                      "Launching executor %s/%d on worker %s: %d cores, %d MiB.", app->id, e->id,
                      w->id, cores, e->memory);
}

/* ---- end ---- */

void executor_leave_worker(Turn *t, Executor *e)
{
        Worker *w = TAKE_PTR(e->worker);
        if (!w)
                return;
        grants_release(&e->grants);
        DL_DELETE2(w->executors, e, worker_prev, worker_next);
        w->n_executors--;
        worker_use(t->m, w, -e->cores, -e->memory, -e->limit);
}

void executor_leave_app(Turn *t, Executor *e)
{
        if (!e->counted)
                return;
        e->counted = false;
        e->app->cores_granted -= e->cores;
        AppProfile *profile = app_profile(e->app, e->rp_id);
        if (profile)
                profile->n_executors--;
        app_update_wanting(t->m, e->app);
}

/* As many of those that ended as are to be remembered, and those that are owed. */
static void trim_removed(Turn *t, App *app)
{
        size_t retained = (size_t)MAX_OF(t->m->config.retained_executors, 0);
        for (Executor *e = app->removed, *next; e && app->n_removed > retained; e = next) {
                next = e->next;
                if (e->debt != DEBT_NONE)
                        continue;
                DL_DELETE(app->removed, e);
                app->n_removed--;
                master_bury(t->m, &e->grave, destroy_grave);
        }
}

static void leave(Turn *t, Executor *e, ExecutorState state)
{
        App *app = e->app;
        executor_set_state(e, state);
        executor_leave_worker(t, e);
        executor_leave_app(t, e);
        HASH_DEL(app->executors_by_id, e);
        DL_DELETE(app->executors, e);
        app->n_executors--;
        DL_APPEND(app->removed, e);
        app->n_removed++;
}

void executor_end(Turn *t, Executor *e, ExecutorState state)
{
        turn_record_executor(t, EFFECT_RECORD_DELETE, e);
        leave(t, e, state);
        trim_removed(t, e->app);
}

void executor_kill(Turn *t, Executor *e)
{
        Message *msg = turn_send(t, e->worker->peer, ENDPOINT_WORKER, MSG_KILL_EXECUTOR);
        msg->kill_executor.master_url = t->m->config.url;
        msg->kill_executor.app_id = e->app->id;
        msg->kill_executor.exec_id = e->id;
        executor_end(t, e, EXECUTOR_KILLED);
}

/* ---- what a driver is owed: the end of an executor that it has not asked for ----
 *
 * The end is put on record in the executor's place, and forgotten with the records of a batch after
 * the one that told it. So it is told by some master, and twice when that one ends in between,
 * which a driver does not mind. */

static void pay(Turn *t, Executor *e)
{
        Master *m = t->m;
        if (e->debt != DEBT_OPEN || !e->app->peer || (e->lost && m->unkept))
                return;
        executor_tell(t, e, e->state, e->message, e->exit_status, e->lost ? e->worker_host : NULL);
        if (e->lost)
                turn_promise(t, e);
        e->debt = DEBT_PAID;
        e->paid_batch = m->batch;
        DL_APPEND2(m->paid, e, paid_prev, paid_next);
}

static void owe(Turn *t, Executor *e, ExecutorState state, const char *message)
{
        App *app = e->app;
        e->message = message ? strdup(message) : NULL;
        e->debt = DEBT_OPEN;
        turn_record_executor(t, EFFECT_RECORD_PUT, e);
        leave(t, e, state);
        HASH_ADD(hh, app->owed, id, sizeof(e->id), e);
        if (!hash_added(e) || (message && !e->message))
                t->error = -ENOMEM;
        pay(t, e);
}

void executor_end_reported(Turn *t, Executor *e, ExecutorState state, const char *message,
                           OptInt exit_status)
{
        e->exit_status = exit_status;
        owe(t, e, state, message);
}

void executor_end_lost(Turn *t, Executor *e, const char *why)
{
        e->lost = true;
        owe(t, e, EXECUTOR_LOST, why);
}

static void forgive(Turn *t, Executor *e)
{
        App *app = e->app;
        if (e->debt == DEBT_PAID)
                DL_DELETE2(t->m->paid, e, paid_prev, paid_next);
        e->debt = DEBT_NONE;
        HASH_DEL(app->owed, e);
        turn_record_executor(t, EFFECT_RECORD_DELETE, e);
        trim_removed(t, app);
}

void executors_pay(Turn *t, App *app)
{
        for (Executor *e = app->owed; e; e = e->hh.next)
                pay(t, e);
}

void executors_forgive(Turn *t, App *app)
{
        while (app->owed)
                forgive(t, app->owed);
}

void executors_settle(Turn *t)
{
        Master *m = t->m;
        if (m->record_batch != m->batch)
                return;
        while (m->paid && m->paid->paid_batch < m->batch)
                forgive(t, m->paid);
}

void executors_take_back(Turn *t)
{
        Master *m = t->m;
        for (Executor *e = m->paid, *next; e; e = next) {
                next = e->paid_next;
                if (!e->lost || e->paid_batch != m->batch)
                        continue;
                DL_DELETE2(m->paid, e, paid_prev, paid_next);
                e->debt = DEBT_OPEN;
        }
}
