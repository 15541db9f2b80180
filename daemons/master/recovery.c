/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/master/internal.h"

#include <errno.h>
#include <string.h>

#include "base/parse.h"
#include "daemons/common/message-ids.h"

/*
 * After a restart. Spark's protocol: the new master dials every worker and every driver that it
 * finds recorded and says MasterChanged; workers answer with what they run, drivers with an
 * acknowledgement, each over the connection that the master made. Spark places nothing until all
 * have answered or spark.deploy.recoveryTimeout has passed. This one places again after
 * recovery_wait_usec at the latest, on those and for those who have answered: who is silent keeps
 * what it has, gets nothing, and is given up at Spark's time-out; a worker of ours not before its
 * grace ends.
 */

#define REDIAL_USEC UINT64_C(2000000)

static void say_changed(Turn *t, ConnId conn, LineSet lines, const char *endpoint)
{
        const Master *m = t->m;
        const Peer to = { .conn = conn, .lines = lines };
        Message *msg = turn_send(t, &to, endpoint, MSG_MASTER_CHANGED);
        msg->master_changed.master = (EndpointRef){ "Master", m->config.address };
        msg->master_changed.master_web_ui_url = m->config.web_ui_url;
}

static void tell_app(Turn *t, const App *app)
{
        say_changed(t, app->dialled, app->lines, app->driver.name);
}

static void tell_worker(Turn *t, const Worker *w)
{
        say_changed(t, w->dialled, w->engines ? 0 : w->lines, ENDPOINT_WORKER);
}

static void dial_worker(Turn *t, const Worker *w)
{
        const char *colon = strrchr(w->address, ':');
        int port;
        if (!colon || colon == w->address || parse_int(colon + 1, 1, UINT16_MAX, &port) < 0)
                return;
        const char *host = turn_printf(t, "%.*s", (int)(colon - w->address), w->address);
        turn_dial(t, RECORD_WORKER, w->id, (RpcAddress){ host, port });
}

/* Those who have not answered are dialled if they have no connection, and told again if they have
 * one: a driver that hears MasterChanged before its RegisteredApplication, which can be on its way
 * on another connection, does not know yet for which application to answer. */
static void dial_all(Turn *t)
{
        Master *m = t->m;
        bool any = false;
        for (const App *app = m->recovery_until ? m->apps : NULL; app; app = app->next) {
                if (app->state != APP_UNKNOWN || !app->driver.address.host)
                        continue;
                turn_dial(t, RECORD_APP, app->id, app->driver.address);
                if (app->dialled)
                        tell_app(t, app);
                any = true;
        }
        for (const Worker *w = m->silent; w; w = w->beat_next) {
                dial_worker(t, w);
                if (w->dialled)
                        tell_worker(t, w);
                any = true;
        }
        m->redial_at = any ? t->time.now + REDIAL_USEC : 0;
}

static void set_time_limits(Turn *t)
{
        Master *m = t->m;
        const MasterConfig *c = &m->config;
        Worker *silent = m->silent;
        m->silent = NULL;
        m->counters.workers_silent = 0;
        for (Worker *w = silent, *next; w; w = next) {
                uint64_t wait = c->recovery_timeout_usec;
                next = w->beat_next;
                if (w->engines)
                        wait = MAX_OF(wait, c->grace_usec);
                worker_wait_until(m, w, t->time.now + wait);
        }
        m->wait_until = t->time.now + c->recovery_wait_usec;
        m->recovery_until = m->apps ? t->time.now + c->recovery_timeout_usec : 0;
}

void recovery_resumed(Turn *t)
{
        const MasterEvent *event = t->event;
        App *app = event->kind == RECORD_APP ? app_find(t->m, event->text) : NULL;
        Worker *w = event->kind == RECORD_WORKER ? worker_find(t->m, event->text) : NULL;
        if (app) {
                executors_forgive(t, app); /* the process before told it all */
                app_came_back(t, app);
        } else if (w && w->state == WORKER_UNKNOWN) {
                Peer *peer = peer_ensure(t, event->conn);
                if (peer)
                        worker_came_back(t, w, peer);
                /* Launches may still be on their way there. */
                for (Executor *e = w->executors; e; e = e->worker_next)
                        e->conn = event->conn;
                for (Driver *d = w->drivers; d; d = d->worker_next)
                        d->conn = event->conn;
        }
}

static bool any_unknown_app(const Master *m)
{
        for (const App *app = m->apps; app; app = app->next)
                if (app->state == APP_UNKNOWN)
                        return true;
        return false;
}

void recovery_begin(Turn *t)
{
        Master *m = t->m;
        m->schedule = true;
        if (!m->silent && !any_unknown_app(m)) {
                m->status = MASTER_ALIVE;
                return;
        }
        turn_log_with(t, LOG_NOTICE, (LogFields){ .message_id = MESSAGE_RECOVERING },
                      "Recovering %zu workers and %zu applications.", m->counters.workers_silent,
                      m->counters.apps);
        m->status = MASTER_RECOVERING;
        set_time_limits(t);
        dial_all(t);
}

void recovery_connected(Turn *t)
{
        const Master *m = t->m;
        const MasterEvent *event = t->event;
        App *app = event->kind == RECORD_APP ? app_find(m, event->text) : NULL;
        Worker *w = event->kind == RECORD_WORKER ? worker_find(m, event->text) : NULL;
        if (app && app->state == APP_UNKNOWN) {
                app->dialled = event->conn;
                tell_app(t, app);
        } else if (w && w->state == WORKER_UNKNOWN) {
                w->dialled = event->conn;
                tell_worker(t, w);
        } else {
                turn_close(t, event->conn, "it was faster");
        }
}

void recovery_app_answered(Turn *t)
{
        const char *id = t->event->message->master_change_acknowledged.app_id;
        App *app = app_find(t->m, id);
        if (!app) {
                turn_log(t, LOG_WARNING,
                         "Application %.256s acknowledged this master, which does not know it.",
                         id ? id : "");
                return;
        }
        app_came_back(t, app);
        recovery_check(t);
}

void recovery_check(Turn *t)
{
        Master *m = t->m;
        if (m->status != MASTER_RECOVERING)
                return;
        bool waiting = m->silent || (m->recovery_until && any_unknown_app(m));
        if (waiting && t->time.now < m->wait_until)
                return;
        m->status = MASTER_ALIVE;
        m->schedule = true;
        if (waiting)
                turn_log(t, LOG_NOTICE,
                         "Scheduling again, though not all have answered; waiting on for %zu "
                         "workers and their applications.",
                         m->counters.workers_silent);
        else
                turn_log(t, LOG_NOTICE, "All workers and applications have answered.");
}

static void give_up_apps(Turn *t)
{
        Master *m = t->m;
        m->recovery_until = 0;
        for (App *app = m->apps, *next; app; app = next) {
                next = app->next;
                if (app->state == APP_UNKNOWN)
                        app_remove(t, app, APP_FINISHED,
                                   "its driver did not answer after a restart "
                                   "of the master");
        }
}

void recovery_tick(Turn *t)
{
        Master *m = t->m;
        if (m->recovery_until && m->recovery_until <= t->time.now)
                give_up_apps(t);
        recovery_check(t);
        if (m->redial_at && m->redial_at <= t->time.now)
                dial_all(t);
}

uint64_t recovery_deadline(const Master *m)
{
        uint64_t deadline = UINT64_MAX;
        if (m->status == MASTER_RECOVERING)
                deadline = MIN_OF(deadline, m->wait_until);
        if (m->recovery_until)
                deadline = MIN_OF(deadline, m->recovery_until);
        if (m->redial_at)
                deadline = MIN_OF(deadline, m->redial_at);
        return deadline;
}
