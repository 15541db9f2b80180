/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/master/internal.h"

#include <errno.h>
#include <string.h>

#include "daemons/common/message-ids.h"

/*
 * When records cannot be kept (the disk is full), and while another master has them.
 *
 * Effects of one batch leave together, after their records are durable. When that fails the batch
 * is still here: what it promises of new applications, executors and drivers is taken back, and
 * they themselves are undone. Everything else goes on: what a worker reports is told, as it would
 * be found out again by who comes after us, and what is known is recorded as a whole when there is
 * room again. Until then nothing new begins, and no driver hears of an executor that this master
 * has given up.
 */

/* A submit client gets its answer now, and it is no. */
static void refuse_submission(Turn *t, MasterEffect *e)
{
        Message *msg = arena_new(&t->out->arena, Message);
        if (!msg) {
                t->error = -ENOMEM;
                return;
        }
        *msg = *e->message;
        msg->submit_driver_response.success = false;
        msg->submit_driver_response.driver_id = NULL;
        msg->submit_driver_response.message =
                turn_printf(t, "The master takes no new drivers: %s", t->m->unkept);
        e->message = msg;
        e->promise = false;
}

static void take_back_promises(Turn *t)
{
        for (MasterEffect *e = t->out->first; e; e = e->next) {
                if (!e->promise)
                        continue;
                if (e->type == EFFECT_REPLY)
                        refuse_submission(t, e);
                else
                        e->type = EFFECT_NONE;
        }
}

/* Its launch never left. */
static void undo_executors(Turn *t, App *app)
{
        for (Executor *e = app->executors, *next; e; e = next) {
                next = e->next;
                if (e->batch == t->m->batch)
                        executor_end(t, e, EXECUTOR_KILLED);
        }
}

static void undo_apps(Turn *t)
{
        Master *m = t->m;
        for (App *app = m->apps, *next; app; app = next) {
                next = app->next;
                undo_executors(t, app);
                if (app->batch != m->batch)
                        continue;
                while (app->hostings)
                        hosting_forget(app->hostings);
                app_remove(t, app, APP_FAILED,
                           turn_printf(t, "the master takes no new applications: %s", m->unkept));
        }
}

static void undo_drivers(Turn *t)
{
        Master *m = t->m;
        for (Driver *d = m->drivers, *next; d; d = next) {
                next = d->next;
                if (d->launch_batch == m->batch)
                        driver_unlaunch(t, d);
        }
        for (Driver *d = m->waiting_drivers, *next; d; d = next) {
                next = d->next;
                if (d->batch == m->batch)
                        driver_forget(t, d);
        }
}

void store_changed(Turn *t)
{
        Master *m = t->m;
        const char *why = t->event->text;
        if (!why && m->unkept) {
                free(m->unkept);
                m->unkept = NULL;
                m->schedule = true;
                turn_log(t, LOG_NOTICE, "State is durable again; new work is taken.");
                for (App *app = m->apps; app; app = app->next)
                        executors_pay(t, app);
        }
        if (!why || m->unkept)
                return;
        m->unkept = strdup(why);
        if (!m->unkept) {
                t->error = -ENOMEM;
                return;
        }
        turn_log_with(
                t, LOG_ERR, (LogFields){ .message_id = MESSAGE_NOT_DURABLE },
                "State cannot be made durable: %s. New applications and drivers are refused and "
                "no executor is started until it can; what runs goes on.",
                why);
        take_back_promises(t);
        executors_take_back(t);
        undo_apps(t);
        undo_drivers(t);
}

/* ---- standby: Spark's answers, to the letter where clients look for them ---- */

#define NOT_ALIVE "Current state is not alive: STANDBY. "

static void refuse_kill(Turn *t)
{
        Message *msg = turn_reply(t, MSG_KILL_DRIVER_RESPONSE);
        msg->kill_driver_response.master = (EndpointRef){ "Master", t->m->config.address };
        msg->kill_driver_response.driver_id =
                turn_strdup(t, t->event->message->request_kill_driver.driver_id);
        msg->kill_driver_response.message = NOT_ALIVE "Can only kill drivers in ALIVE state.";
}

static void refuse_kill_all(Turn *t)
{
        Message *msg = turn_reply(t, MSG_KILL_ALL_DRIVERS_RESPONSE);
        msg->kill_all_drivers_response.master = (EndpointRef){ "Master", t->m->config.address };
        msg->kill_all_drivers_response.message = NOT_ALIVE "Can only kill drivers in ALIVE state.";
}

static void refuse_submit(Turn *t)
{
        Message *msg = turn_reply(t, MSG_SUBMIT_DRIVER_RESPONSE);
        msg->submit_driver_response.master = (EndpointRef){ "Master", t->m->config.address };
        msg->submit_driver_response.message =
                NOT_ALIVE "Can only accept driver submissions in ALIVE state.";
}

static void refuse_status(Turn *t)
{
        Message *msg = turn_reply(t, MSG_DRIVER_STATUS_RESPONSE);
        msg->driver_status_response.state = DRIVER_STATE_NONE;
        msg->driver_status_response.exception =
                NOT_ALIVE "Can only request driver status in ALIVE state.";
}

static void answer_worker(Turn *t)
{
        (void)turn_answer(t, ENDPOINT_WORKER, MSG_MASTER_IN_STANDBY);
}

static void not_ready(Turn *t)
{
        turn_reply_boolean(t, false);
}

/* The driver asks the other masters, too, and again. */
static void keep_silent(Turn *t)
{
        (void)t;
}

bool standby_answers(Turn *t)
{
        static const struct {
                MessageType type;
                bool ask;
                void (*answer)(Turn *t);
        } answers[] = {
                { MSG_REGISTER_WORKER, false, answer_worker },
                { MSG_REGISTER_APPLICATION, false, keep_silent },
                { MSG_REQUEST_SUBMIT_DRIVER, true, refuse_submit },
                { MSG_REQUEST_KILL_DRIVER, true, refuse_kill },
                { MSG_REQUEST_KILL_ALL_DRIVERS, true, refuse_kill_all },
                { MSG_REQUEST_DRIVER_STATUS, true, refuse_status },
                { MSG_REQUEST_READYZ, true, not_ready },
        };
        for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
                if (answers[i].type != t->event->message->type || answers[i].ask != t->event->ask)
                        continue;
                answers[i].answer(t);
                return true;
        }
        return false;
}
