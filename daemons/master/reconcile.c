/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/master/internal.h"

#include <errno.h>

/*
 * What a worker says it runs, against what is known here. It says so after every registration
 * (WorkerLatestState) and when this master has told it that it took over
 * (WorkerSchedulerStateResponse), and from then on it listens to the connection that it says so on.
 * What is unknown here is ended there, and what was started and is
 * not named there is over. Spark's master makes its executors anew from such an answer, as it keeps
 * none; here each was recorded before its launch left, so that one without a record has ended.
 */

static void kill_unknown(Turn *t, Worker *w, const char *app_id, int32_t exec_id)
{
        turn_log_with(t, LOG_WARNING, (LogFields){ .worker_id = w->id },
                      "Worker %s runs executor %.256s/%d that is not known here: killing it.",
                      w->id, app_id ? app_id : "", exec_id);
        Message *msg = turn_send(t, w->peer, ENDPOINT_WORKER, MSG_KILL_EXECUTOR);
        msg->kill_executor.master_url = t->m->config.url;
        msg->kill_executor.app_id = turn_strdup(t, app_id);
        msg->kill_executor.exec_id = exec_id;
        /* Its files are there: have the worker remove them when the application ends. */
        App *app = app_find(t->m, app_id);
        if (app && hosting_ensure(app, w) < 0)
                t->error = -ENOMEM;
}

void executor_kill_unknown(Turn *t, const char *app_id, int32_t exec_id)
{
        const Peer *peer = peer_find(t->m, t->event->conn);
        if (peer && peer->workers && !peer->workers->peer_next)
                kill_unknown(t, peer->workers, app_id, exec_id);
}

static void hear_of_executor(Turn *t, Worker *w, const ExecutorDescription *desc)
{
        App *app = app_find(t->m, desc->app_id);
        Executor *e = app ? executor_find(app, desc->exec_id) : NULL;
        if (!e || e->worker != w) {
                kill_unknown(t, w, desc->app_id, desc->exec_id);
                return;
        }
        e->seen = t->m->latest_states;
        if (e->state == EXECUTOR_LAUNCHING && desc->state == EXECUTOR_RUNNING)
                executor_set_state(e, EXECUTOR_RUNNING);
}

static void hear_of_driver(Turn *t, Worker *w, const char *id)
{
        Driver *d = driver_find(t->m, id);
        bool ours = d && d->worker == w;
        if (ours)
                d->seen = t->m->latest_states;
        if (!ours || d->kill)
                turn_send(t, w->peer, ENDPOINT_WORKER, MSG_KILL_DRIVER)->kill_driver.driver_id =
                        turn_strdup(t, id);
}

/* Launches on another connection of the worker never reached it, will be refused by it, or have
 * ended since: it would have named them. */
static void lose_unheard_of(Turn *t, Worker *w)
{
        for (Executor *e = w->executors, *next; e; e = next) {
                next = e->worker_next;
                if (e->seen == t->m->latest_states || e->conn == w->peer->conn)
                        continue;
                executor_end_lost(t, e, "the worker does not know this executor");
        }
        for (Driver *d = w->drivers, *next; d; d = next) {
                next = d->worker_next;
                if (d->seen != t->m->latest_states && d->conn != w->peer->conn)
                        driver_worker_lost(t, d);
        }
}

/* The worker that speaks; NULL: it is not known, or there is no memory. */
static Worker *speaker(Turn *t, const char *id)
{
        Worker *w = worker_find(t->m, id);
        if (!w) {
                turn_log(t, LOG_WARNING, "Got the state of unknown worker %.256s.", id ? id : "");
                return NULL;
        }
        t->m->latest_states++;
        Peer *peer = peer_ensure(t, t->event->conn);
        if (!peer)
                return NULL;
        if (w->state == WORKER_UNKNOWN)
                worker_came_back(t, w, peer);
        else
                peer_attach_worker(t, w, peer);
        return w;
}

void worker_latest_state(Turn *t)
{
        const Message *msg = t->event->message;
        Worker *w = speaker(t, msg->worker_latest_state.id);
        if (!w)
                return;
        for (size_t i = 0; i < msg->worker_latest_state.executors.length; i++)
                hear_of_executor(t, w, &msg->worker_latest_state.executors.items[i]);
        for (size_t i = 0; i < msg->worker_latest_state.driver_ids.length; i++)
                hear_of_driver(t, w, msg->worker_latest_state.driver_ids.items[i]);
        lose_unheard_of(t, w);
}

void worker_scheduler_state(Turn *t)
{
        const Message *msg = t->event->message;
        const WorkerExecutorStateSeq *executors =
                &msg->worker_scheduler_state_response.exec_responses;
        const WorkerDriverStateSeq *drivers =
                &msg->worker_scheduler_state_response.driver_responses;
        Worker *w = speaker(t, msg->worker_scheduler_state_response.id);
        if (!w) {
                turn_answer(t, ENDPOINT_WORKER, MSG_RECONNECT_WORKER)->reconnect_worker.master_url =
                        t->m->config.url;
                return;
        }
        for (size_t i = 0; i < executors->length; i++)
                hear_of_executor(t, w, &executors->items[i].desc);
        for (size_t i = 0; i < drivers->length; i++)
                hear_of_driver(t, w, drivers->items[i].driver_id);
        lose_unheard_of(t, w);
}
