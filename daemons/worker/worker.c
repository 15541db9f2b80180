/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/worker/worker.h"

#include <string.h>

int worker_init(Worker *w, const WorkerConfig *config)
{
        *w = (Worker){ .config = config };
        executors_init(&w->executors, &config->executors);
        return registration_init(&w->registration, &config->registration);
}

void worker_done(Worker *w)
{
        executors_done(&w->executors);
        registration_done(&w->registration);
}

uint64_t worker_deadline(const Worker *w)
{
        uint64_t of_executors = executors_deadline(&w->executors);

        if (w->executors.stopping)
                return of_executors;
        return MIN_OF(of_executors, registration_deadline(&w->registration));
}

/* Only the master in charge may order executors about. A former one is told by its URL. */
static bool from_active_master(const Worker *w, const char *url, const char *what,
                               WorkerEffects *fx)
{
        if (w->registration.url && url && strcmp(url, w->registration.url) == 0)
                return true;
        effect_log(fx, LOG_WARNING, NULL, "Invalid master (%s) attempted to %s an executor.",
                   url ? url : "unnamed", what);
        return false;
}

static void launch(Worker *w, const Message *m, uint64_t now, WorkerEffects *fx)
{
        const char *app_id = m->launch_executor.app_id;

        if (!from_active_master(w, m->launch_executor.master_url, "launch", fx))
                return;
        if (w->decommissioned) {
                effect_log(fx, LOG_WARNING, NULL,
                           "Asked to launch an executor while decommissioned; not launching it.");
                return;
        }
        if (app_id)
                executors_launch(&w->executors, m, w->registration.conn, now, fx);
}

/* Cluster-mode drivers are not run here yet: the master hears so at once, and the client that waits
 * for the driver with it. */
static void refuse_driver(const WorkerEvent *event, WorkerEffects *fx)
{
        const char *driver_id = effect_strdup(fx, event->message->launch_driver.driver_id);
        const LogFields fields = { .driver_id = driver_id };
        Message *m = effect_message(fx, DO_SEND, event->conn, MSG_DRIVER_STATE_CHANGED);

        m->driver_state_changed.driver_id = driver_id;
        m->driver_state_changed.state = DRIVER_ERROR;
        m->driver_state_changed.exception =
                "This worker runs executors only: submit with --deploy-mode client.";
        effect_log(fx, LOG_WARNING, &fields,
                   "Asked to launch driver %s, which this worker cannot do; refused.",
                   driver_id ? driver_id : "");
}

static void decommission(Worker *w, WorkerEffects *fx)
{
        if (!w->config->decommission_enabled) {
                effect_log(fx, LOG_WARNING, NULL,
                           "Asked to decommission, but spark.decommission.enabled is not set.");
                return;
        }
        w->decommissioned = true;
        effect_log(fx, LOG_NOTICE, NULL, "Decommissioned: no new executors will be launched.");
}

static void on_message(Worker *w, const WorkerEvent *event, uint64_t now, WorkerEffects *fx)
{
        const Message *m = event->message;
        uint64_t conn = w->registration.conn;

        switch (m->type) {
        case MSG_LAUNCH_EXECUTOR:
                launch(w, m, now, fx);
                break;
        case MSG_KILL_EXECUTOR:
                if (from_active_master(w, m->kill_executor.master_url, "kill", fx) &&
                    m->kill_executor.app_id)
                        executors_kill(&w->executors, m->kill_executor.app_id,
                                       m->kill_executor.exec_id, now, fx);
                break;
        case MSG_APPLICATION_FINISHED:
                if (m->application_finished.id)
                        executors_app_finished(&w->executors, m->application_finished.id, fx);
                break;
        case MSG_LAUNCH_DRIVER:
                refuse_driver(event, fx);
                break;
        case MSG_DECOMMISSION_WORKER:
                decommission(w, fx);
                break;
        default:
                switch (registration_handle(&w->registration, event, now, fx)) {
                case REGISTRATION_ACCEPTED:
                        conn = w->registration.conn;
                        executors_send_latest_state(&w->executors, conn, now, fx);
                        break;
                case REGISTRATION_CHANGED:
                        conn = w->registration.conn;
                        executors_send_scheduler_state(&w->executors, conn, fx);
                        break;
                case REGISTRATION_NOTHING:
                        break;
                }
        }
}

void worker_handle(Worker *w, const WorkerEvent *event, uint64_t now, WorkerEffects *fx)
{
        if (event->type == ON_STOP) {
                /* First the master, so that it sees the worker go and not each executor fail. */
                if (w->registration.connected) {
                        WorkerEffect *e = effect_add(fx, DO_CLOSE);

                        e->conn = w->registration.conn;
                        e->text = "the worker ends";
                }
                executors_stop(&w->executors, now, fx);
                return;
        }
        if (!w->executors.stopping) {
                if (event->type == ON_MESSAGE) {
                        on_message(w, event, now, fx);
                        return;
                }
                (void)registration_handle(&w->registration, event, now, fx);
        }
        executors_handle(&w->executors, event, w->registration.conn, now, fx);
}
