/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/worker/worker.h"

#include <stdlib.h>
#include <string.h>

int worker_init(Worker *w, const WorkerConfig *config)
{
        *w = (Worker){ .config = config };
        executors_init(&w->executors, &config->executors);
        drivers_init(&w->drivers, &config->drivers);
        return registration_init(&w->registration, &config->registration);
}

void worker_done(Worker *w)
{
        executors_done(&w->executors);
        drivers_done(&w->drivers);
        registration_done(&w->registration);
}

int64_t worker_cores_used(const Worker *w)
{
        return w->executors.cores_used + w->drivers.cores_used;
}

int64_t worker_memory_used_mb(const Worker *w)
{
        return w->executors.memory_used_mb + w->drivers.memory_used_mb;
}

uint64_t worker_deadline(const Worker *w)
{
        uint64_t of_children =
                MIN_OF(executors_deadline(&w->executors), drivers_deadline(&w->drivers));

        if (w->executors.stopping)
                return of_children;
        return MIN_OF(of_children, registration_deadline(&w->registration));
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

/* These orders do not say whose they are: the connection does. */
static void order_driver(Worker *w, const WorkerEvent *event, uint64_t now, WorkerEffects *fx)
{
        const Message *m = event->message;

        if (!registration_is_master(&w->registration, event->conn))
                effect_log(fx, LOG_WARNING, NULL,
                           "Someone who is not our master attempted to %s a driver.",
                           m->type == MSG_LAUNCH_DRIVER ? "launch" : "kill");
        else if (m->type == MSG_LAUNCH_DRIVER)
                drivers_launch(&w->drivers, m, event->conn, fx);
        else if (m->kill_driver.driver_id)
                drivers_kill(&w->drivers, m->kill_driver.driver_id, event->conn, now, fx);
}

/* A master has accepted us on conn: it is told what runs, and what was left unreported. */
static void send_latest_state(Worker *w, uint64_t now, WorkerEffects *fx)
{
        uint64_t conn = w->registration.conn;
        Message *m;

        /* First how those ended that are not named below: a master takes them for lost otherwise.
         */
        executors_send_unreported(&w->executors, conn, now, fx);
        drivers_send_unreported(&w->drivers, conn, now, fx);
        m = effect_message(fx, DO_SEND, conn, MSG_WORKER_LATEST_STATE);
        m->worker_latest_state.id = w->config->registration.worker_id;
        executors_describe(&w->executors, &m->worker_latest_state.executors, fx);
        drivers_describe_ids(&w->drivers, &m->worker_latest_state.driver_ids, fx);
}

/* Another master has taken over. */
static void send_scheduler_state(Worker *w, uint64_t now, WorkerEffects *fx)
{
        uint64_t conn = w->registration.conn;
        Message *m;

        executors_send_unreported(&w->executors, conn, now, fx);
        drivers_send_unreported(&w->drivers, conn, now, fx);
        m = effect_message(fx, DO_SEND, conn, MSG_WORKER_SCHEDULER_STATE_RESPONSE);
        m->worker_scheduler_state_response.id = w->config->registration.worker_id;
        executors_describe_with_resources(&w->executors,
                                          &m->worker_scheduler_state_response.exec_responses, fx);
        drivers_describe(&w->drivers, &m->worker_scheduler_state_response.driver_responses, fx);
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
        case MSG_KILL_DRIVER:
                order_driver(w, event, now, fx);
                break;
        case MSG_DECOMMISSION_WORKER:
                decommission(w, fx);
                break;
        default:
                switch (registration_handle(&w->registration, event, now, fx)) {
                case REGISTRATION_ACCEPTED:
                        send_latest_state(w, now, fx);
                        break;
                case REGISTRATION_CHANGED:
                        send_scheduler_state(w, now, fx);
                        break;
                case REGISTRATION_NOTHING:
                        break;
                }
        }
}

int worker_restore(Worker *w, WorkerRecord record, const char *key, const Message *message,
                   RecordMark mark)
{
        bool of_driver = record == RECORD_DRIVER || record == RECORD_DRIVER_REPORT ||
                         (record == RECORD_MARK && !strchr(key, '/'));

        return of_driver ? drivers_restore(&w->drivers, record, key, message, mark)
                         : executors_restore(&w->executors, record, key, message, mark);
}

static void exit_when_empty(Worker *w, WorkerEffects *fx)
{
        if (!w->executors.stopping || w->ended || executors_running(&w->executors) ||
            drivers_running(&w->drivers))
                return;
        w->ended = true;
        effect_exit(fx, EXIT_SUCCESS);
}

void worker_handle(Worker *w, const WorkerEvent *event, uint64_t now, WorkerEffects *fx)
{
        if (event->type == ON_STOP) {
                /* First the master, so that it sees the worker go and not each executor fail. */
                registration_leave(&w->registration, fx);
                executors_stop(&w->executors, now, fx);
                drivers_stop(&w->drivers, now, fx);
                exit_when_empty(w, fx);
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
        drivers_handle(&w->drivers, event, w->registration.conn, now, fx);
        exit_when_empty(w, fx);
}
