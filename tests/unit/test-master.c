/* SPDX-License-Identifier: Apache-2.0 */
/* Whole conversations of workers, drivers and submit clients with the master's state machine. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "master-rig.h"
#include "tests/unit/unit.h"

#define SECOND UINT64_C(1000000)

static Rig rig;

static void setup(void)
{
        rig_init(&rig, NULL);
}

static void teardown(void)
{
        rig_done(&rig);
}

static void restart_with(const MasterConfig *config)
{
        rig_done(&rig);
        rig_init(&rig, config);
}

/* Reports of the executor: it started. */
static void run_executor(ConnId worker, ConnId driver, const char *app, int id)
{
        rig_executor_state(&rig, worker, app, id, EXECUTOR_RUNNING, -1);
        ck_assert_int_eq(rig_sent(&rig, driver, MSG_EXECUTOR_UPDATED)->executor_updated.id, id);
        rig_replied_boolean(&rig, true);
        rig_quiet(&rig);
}

static void ask_kill_app(const char *id)
{
        rig_event(&rig, (MasterEvent){ .type = EVENT_KILL_APP, .text = id });
}

/* ---- workers ---- */

START_TEST(worker_registers)
{
        rig_register_worker(&rig, 1, "w1", 700, 8, 8192);
        const Message *msg = rig_sent(&rig, 1, MSG_REGISTERED_WORKER);
        ck_assert_str_eq(msg->registered_worker.master.name, "Master");
        ck_assert_str_eq(msg->registered_worker.master.address.host, "m");
        ck_assert_int_eq(msg->registered_worker.master.address.port, 7077);
        ck_assert_str_eq(msg->registered_worker.master_web_ui_url, "http://m:8080");
        ck_assert_str_eq(msg->registered_worker.master_address.host, "dialled");
        ck_assert(!msg->registered_worker.duplicate);
        rig_recorded(&rig, EFFECT_RECORD_PUT, RECORD_WORKER, "w1");
        rig_quiet(&rig);

        MasterCounters c = master_counters(rig.m);
        ck_assert_uint_eq(c.workers_alive, 1);
        ck_assert_int_eq(c.cores, 8);
        ck_assert_int_eq(c.memory, 8192);
        const Worker *w = master_worker(rig.m, "w1");
        ck_assert_ptr_eq(w, master_workers(rig.m));
        ck_assert_str_eq(w->address, "host:700");
        ck_assert_str_eq(w->web_ui_url, "http://host:8081");
}
END_TEST

START_TEST(worker_registers_twice)
{
        rig_add_worker(&rig, 1, "w1");
        rig_register_worker(&rig, 1, "w1", 1, 8, 8192);
        ck_assert(rig_sent(&rig, 1, MSG_REGISTERED_WORKER)->registered_worker.duplicate);
        rig_quiet(&rig);
        ck_assert_uint_eq(master_counters(rig.m).workers_alive, 1);
}
END_TEST

START_TEST(worker_on_a_new_connection_outlives_the_old_one)
{
        rig_add_worker(&rig, 1, "w1");
        rig_register_worker(&rig, 2, "w1", 1, 8, 8192);
        ck_assert(rig_sent(&rig, 2, MSG_REGISTERED_WORKER)->registered_worker.duplicate);
        rig_close(&rig, 1);
        rig_quiet(&rig);
        ck_assert_uint_eq(master_counters(rig.m).workers_alive, 1);
        rig_new_app(&rig, 3, 1, 1, 1024);
        (void)rig_sent(&rig, 2, MSG_LAUNCH_EXECUTOR);
        rig_close(&rig, 2);
        ck_assert_uint_eq(master_counters(rig.m).workers_alive, 0);
}
END_TEST

START_TEST(address_is_held_by_another_worker)
{
        rig_add_worker(&rig, 1, "w1");
        rig_register_worker(&rig, 2, "w2", 1, 8, 8192);
        ck_assert_str_eq(
                rig_sent(&rig, 2, MSG_REGISTER_WORKER_FAILED)->register_worker_failed.message,
                "Attempted to re-register worker at same address: host:1");
        rig_quiet(&rig);
        /* When it is gone, its place on the list is taken. */
        rig_close(&rig, 1);
        ck_assert_uint_eq(master_counters(rig.m).workers_listed, 1);
        rig_register_worker(&rig, 2, "w2", 1, 8, 8192);
        (void)rig_sent(&rig, 2, MSG_REGISTERED_WORKER);
        ck_assert_uint_eq(master_counters(rig.m).workers_listed, 1);
        ck_assert_ptr_null(master_worker(rig.m, "w1"));
}
END_TEST

START_TEST(impossible_workers_are_refused)
{
        rig_register_worker(&rig, 1, "w1", 1, -1, 8192);
        (void)rig_sent(&rig, 1, MSG_REGISTER_WORKER_FAILED);
        rig_register_worker(&rig, 1, "w1", 1, 1, -8192);
        (void)rig_sent(&rig, 1, MSG_REGISTER_WORKER_FAILED);
        rig_register_worker(&rig, 1, NULL, 1, 1, 8192);
        (void)rig_sent(&rig, 1, MSG_REGISTER_WORKER_FAILED);
        rig.lines = 0;
        rig_register_worker(&rig, 1, "w1", 1, 1, 8192);
        const char *text =
                rig_sent(&rig, 1, MSG_REGISTER_WORKER_FAILED)->register_worker_failed.message;
        ck_assert_ptr_nonnull(strstr(text, "versions served: 3.4"));
        ck_assert_ptr_null(master_workers(rig.m));
}
END_TEST

START_TEST(silent_worker_times_out_and_is_reaped)
{
        rig_add_worker(&rig, 1, "w1");
        rig_new_app(&rig, 9, 0, 1, 1024);
        ck_assert_uint_eq(rig_count(&rig, MSG_LAUNCH_EXECUTOR), 8);
        rig_pass(&rig, 59 * SECOND);
        rig_quiet(&rig);
        rig_heartbeat(&rig, 1, "w1");
        rig_pass(&rig, 59 * SECOND);
        rig_quiet(&rig);
        rig_pass(&rig, 1 * SECOND);
        ck_assert_uint_eq(rig_count(&rig, MSG_EXECUTOR_UPDATED), 8);
        const Message *msg = rig_sent(&rig, 9, MSG_EXECUTOR_UPDATED);
        ck_assert_int_eq(msg->executor_updated.state, EXECUTOR_LOST);
        ck_assert_str_eq(msg->executor_updated.message,
                         "worker lost: Not receiving heartbeat for 60 seconds");
        ck_assert_str_eq(msg->executor_updated.worker_host, "host");
        msg = rig_sent(&rig, 9, MSG_WORKER_REMOVED);
        ck_assert_str_eq(msg->worker_removed.id, "w1");
        ck_assert_str_eq(msg->worker_removed.message, "Not receiving heartbeat for 60 seconds");
        rig_recorded(&rig, EFFECT_RECORD_DELETE, RECORD_WORKER, "w1");
        ck_assert_int_eq(master_worker(rig.m, "w1")->state, WORKER_DEAD);
        ck_assert_int_eq(master_counters(rig.m).cores, 0);
        ck_assert_int_eq(master_counters(rig.m).cores_used, 0);

        /* It is alive after all. */
        rig_heartbeat(&rig, 1, "w1");
        ck_assert_str_eq(rig_sent(&rig, 1, MSG_RECONNECT_WORKER)->reconnect_worker.master_url,
                         "spark://m:7077");
        rig_pass(&rig, 15 * 60 * SECOND - 1);
        ck_assert_ptr_nonnull(master_worker(rig.m, "w1"));
        rig_pass(&rig, 1);
        ck_assert_ptr_null(master_worker(rig.m, "w1"));
        ck_assert(master_deadline(rig.m) == UINT64_MAX);
        rig_heartbeat(&rig, 1, "w1"); /* of which a process after this one might not know, either */
        (void)rig_sent(&rig, 1, MSG_RECONNECT_WORKER);
        rig_quiet(&rig);
}
END_TEST

START_TEST(dead_worker_comes_back_under_its_id)
{
        rig_add_worker(&rig, 1, "w1");
        rig_close(&rig, 1);
        ck_assert(rig_logged(&rig, "host:1 got disassociated"));
        rig_register_worker(&rig, 2, "w1", 1, 8, 8192);
        ck_assert(!rig_sent(&rig, 2, MSG_REGISTERED_WORKER)->registered_worker.duplicate);
        ck_assert_uint_eq(master_counters(rig.m).workers_listed, 1);
        ck_assert_int_eq(master_worker(rig.m, "w1")->state, WORKER_ALIVE);
}
END_TEST

START_TEST(latest_state_kills_what_is_unknown)
{
        rig_add_worker(&rig, 1, "w1");
        const char *app = rig_new_app(&rig, 9, 2, 1, 1024);
        ck_assert_uint_eq(rig_count(&rig, MSG_LAUNCH_EXECUTOR), 2);
        ExecutorDescription has[] = { { .app_id = app, .exec_id = 0 },
                                      { .app_id = app, .exec_id = 7 },
                                      { .app_id = "app-gone", .exec_id = 0 } };
        const char *drivers[] = { "driver-gone" };
        Message msg = { .type = MSG_WORKER_LATEST_STATE };
        msg.worker_latest_state.id = "w1";
        msg.worker_latest_state.executors = (ExecutorDescriptionSeq){ has, 3 };
        msg.worker_latest_state.driver_ids = (StringSeq){ drivers, 1 };
        rig_tell(&rig, 1, &msg);
        const Message *kill = rig_sent(&rig, 1, MSG_KILL_EXECUTOR);
        ck_assert_str_eq(kill->kill_executor.app_id, app);
        ck_assert_int_eq(kill->kill_executor.exec_id, 7);
        ck_assert_str_eq(kill->kill_executor.master_url, "spark://m:7077");
        kill = rig_sent(&rig, 1, MSG_KILL_EXECUTOR);
        ck_assert_str_eq(kill->kill_executor.app_id, "app-gone");
        ck_assert_str_eq(rig_sent(&rig, 1, MSG_KILL_DRIVER)->kill_driver.driver_id, "driver-gone");
        /* Executor 1 was just launched on this connection: the report may have crossed it. */
        rig_quiet(&rig);

        /* On a new connection the worker would know it. */
        rig_register_worker(&rig, 2, "w1", 1, 8, 8192);
        (void)rig_sent(&rig, 2, MSG_REGISTERED_WORKER);
        msg.worker_latest_state.executors.length = 1;
        msg.worker_latest_state.driver_ids.length = 0;
        rig_tell(&rig, 2, &msg);
        const Message *update = rig_sent(&rig, 9, MSG_EXECUTOR_UPDATED);
        ck_assert_int_eq(update->executor_updated.id, 1);
        ck_assert_int_eq(update->executor_updated.state, EXECUTOR_LOST);
        ck_assert_int_eq(rig_sent(&rig, 2, MSG_LAUNCH_EXECUTOR)->launch_executor.exec_id, 2);
        (void)rig_sent(&rig, 9, MSG_EXECUTOR_ADDED);
        rig_quiet(&rig);
}
END_TEST

/* ---- a job ---- */

START_TEST(job_from_start_to_end)
{
        rig_add_worker(&rig, 1, "w1");
        rig_add_worker(&rig, 2, "w2");
        rig_add_worker(&rig, 3, "w3");
        ApplicationDescription desc = rig_app(&rig, "My App", 4, 2, 1024);
        rig_register_app(&rig, 9, &desc);
        const Message *msg = rig_sent(&rig, 9, MSG_REGISTERED_APPLICATION);
        const char *app = arena_strdup(&rig.arena, msg->registered_application.app_id);
        ck_assert_str_eq(msg->registered_application.master.address.host, "m");
        ck_assert_uint_eq(strlen(app), strlen("app-20251121000000-0000"));
        ck_assert_str_eq(app + strlen(app) - 5, "-0000");
        rig_recorded(&rig, EFFECT_RECORD_PUT, RECORD_APP, app);
        /* Equal workers stand by id, reversed: w3 and w2. */
        for (int i = 0; i < 2; i++) {
                msg = rig_sent(&rig, (ConnId)(3 - i), MSG_LAUNCH_EXECUTOR);
                ck_assert_str_eq(msg->launch_executor.master_url, "spark://m:7077");
                ck_assert_str_eq(msg->launch_executor.app_id, app);
                ck_assert_int_eq(msg->launch_executor.exec_id, i);
                ck_assert_int_eq(msg->launch_executor.cores, 2);
                ck_assert_int_eq(msg->launch_executor.memory, 1024);
                ck_assert_str_eq(msg->launch_executor.app_desc.name, "My App");
                msg = rig_sent(&rig, 9, MSG_EXECUTOR_ADDED);
                ck_assert_int_eq(msg->executor_added.id, i);
                ck_assert_str_eq(msg->executor_added.worker_id, i ? "w2" : "w3");
                ck_assert_str_eq(msg->executor_added.host_port, i ? "host:2" : "host:3");
        }
        rig_quiet(&rig);
        ck_assert_int_eq(master_app(rig.m, app)->state, APP_RUNNING);
        ck_assert_int_eq(master_counters(rig.m).cores_used, 4);
        run_executor(3, 9, app, 0);
        run_executor(2, 9, app, 1);

        Message bye = { .type = MSG_UNREGISTER_APPLICATION, .unregister_application = { app } };
        rig_tell(&rig, 9, &bye);
        ck_assert_int_eq(rig_sent(&rig, 3, MSG_KILL_EXECUTOR)->kill_executor.exec_id, 0);
        ck_assert_int_eq(rig_sent(&rig, 2, MSG_KILL_EXECUTOR)->kill_executor.exec_id, 1);
        ck_assert_str_eq(rig_sent(&rig, 3, MSG_APPLICATION_FINISHED)->application_finished.id, app);
        ck_assert_str_eq(rig_sent(&rig, 2, MSG_APPLICATION_FINISHED)->application_finished.id, app);
        rig_recorded(&rig, EFFECT_RECORD_DELETE, RECORD_APP, app);
        rig_quiet(&rig); /* w1 never had anything of it */
        ck_assert_int_eq(master_counters(rig.m).cores_used, 0);
        ck_assert_int_eq(master_counters(rig.m).memory_used, 0);
        ck_assert_ptr_null(master_apps(rig.m));
        ck_assert_int_eq(master_app(rig.m, app)->state, APP_FINISHED);
        ck_assert_int_gt(master_app(rig.m, app)->cores_granted, 0); /* as it was at the end */
        ck_assert_ptr_eq(master_completed_apps(rig.m), master_app(rig.m, app));

        rig_executor_state(&rig, 3, app, 0, EXECUTOR_KILLED, 143);
        rig_replied_boolean(&rig, true);
        rig_quiet(&rig);
        rig_close(&rig, 9);
        rig_quiet(&rig);
}
END_TEST

START_TEST(registration_is_repeated)
{
        ApplicationDescription desc = rig_app(&rig, "app", 1, 1, 1024);
        const char *app = rig_new_app(&rig, 9, 1, 1, 1024);
        rig_register_app(&rig, 9, &desc);
        ck_assert_str_eq(
                rig_sent(&rig, 9, MSG_REGISTERED_APPLICATION)->registered_application.app_id, app);
        rig_quiet(&rig);
        ck_assert_uint_eq(master_counters(rig.m).apps, 1);

        /* Another process behind the same port: the former driver is no more. */
        Message msg = { .type = MSG_REGISTER_APPLICATION };
        msg.register_application.app_description = desc;
        msg.register_application.driver = (EndpointRef){ "AppClient", { "driver", 9 } };
        rig_tell(&rig, 10, &msg);
        const char *id =
                rig_sent(&rig, 10, MSG_REGISTERED_APPLICATION)->registered_application.app_id;
        ck_assert_str_ne(id, app);
        ck_assert_int_eq(master_app(rig.m, app)->state, APP_FINISHED);
        rig_close(&rig, 9);
        ck_assert_uint_eq(master_counters(rig.m).apps, 1);
}
END_TEST

START_TEST(driver_is_gone)
{
        rig_add_worker(&rig, 1, "w1");
        const char *app = rig_new_app(&rig, 9, 0, 0, 1024);
        ck_assert_int_eq(rig_sent(&rig, 1, MSG_LAUNCH_EXECUTOR)->launch_executor.cores, 8);
        rig_close(&rig, 9);
        ck_assert_int_eq(rig_sent(&rig, 1, MSG_KILL_EXECUTOR)->kill_executor.exec_id, 0);
        (void)rig_sent(&rig, 1, MSG_APPLICATION_FINISHED);
        rig_quiet(&rig);
        ck_assert_int_eq(master_app(rig.m, app)->state, APP_FINISHED);
}
END_TEST

START_TEST(app_is_killed_from_the_ui)
{
        rig_add_worker(&rig, 1, "w1");
        const char *app = rig_new_app(&rig, 9, 0, 0, 1024);
        (void)rig_sent(&rig, 1, MSG_LAUNCH_EXECUTOR);
        ask_kill_app("app-unknown");
        rig_quiet(&rig);
        ask_kill_app(app);
        const char *text = rig_sent(&rig, 9, MSG_APPLICATION_REMOVED)->application_removed.message;
        ck_assert_ptr_eq(strstr(text, "KILLED: "), text);
        (void)rig_sent(&rig, 1, MSG_KILL_EXECUTOR);
        (void)rig_sent(&rig, 1, MSG_APPLICATION_FINISHED);
        rig_quiet(&rig);
        ck_assert_int_eq(master_app(rig.m, app)->state, APP_KILLED);
        Message bye = { .type = MSG_UNREGISTER_APPLICATION, .unregister_application = { app } };
        rig_tell(&rig, 9, &bye);
        rig_quiet(&rig);
        ck_assert_uint_eq(master_counters(rig.m).apps_completed, 1);
}
END_TEST

/* One executor fails: the driver hears it and another is launched, or the application ends. */
static void fail_executor(const char *app, int id, int exit_status, bool last)
{
        rig_executor_state(&rig, 1, app, id, EXECUTOR_EXITED, exit_status);
        const Message *msg = rig_sent(&rig, 9, MSG_EXECUTOR_UPDATED);
        ck_assert_int_eq(msg->executor_updated.id, id);
        ck_assert_int_eq(msg->executor_updated.state, EXECUTOR_EXITED);
        ck_assert_str_eq(msg->executor_updated.message, "said");
        ck_assert_int_eq(msg->executor_updated.exit_status.value, exit_status);
        ck_assert_ptr_null(msg->executor_updated.worker_host);
        if (last)
                return;
        ck_assert_int_eq(rig_sent(&rig, 1, MSG_LAUNCH_EXECUTOR)->launch_executor.exec_id, id + 1);
        (void)rig_sent(&rig, 9, MSG_EXECUTOR_ADDED);
        rig_replied_boolean(&rig, true);
        rig_quiet(&rig);
}

START_TEST(executors_fail_until_the_limit)
{
        rig_add_worker(&rig, 1, "w1");
        const char *app = rig_new_app(&rig, 9, 0, 0, 1024);
        for (int id = 0; id < 9; id++)
                fail_executor(app, id, 1, false);
        fail_executor(app, 9, 1, true);
        const char *text = rig_sent(&rig, 9, MSG_APPLICATION_REMOVED)->application_removed.message;
        ck_assert_ptr_eq(strstr(text, "FAILED: 10 executors in a row failed"), text);
        (void)rig_sent(&rig, 1, MSG_APPLICATION_FINISHED);
        rig_replied_boolean(&rig, true);
        rig_quiet(&rig);
        ck_assert_int_eq(master_app(rig.m, app)->state, APP_FAILED);
        ck_assert_ptr_nonnull(strstr(master_app(rig.m, app)->end_reason, "said"));
}
END_TEST

START_TEST(running_forgives_failures)
{
        rig_add_worker(&rig, 1, "w1");
        const char *app = rig_new_app(&rig, 9, 0, 0, 1024);
        for (int id = 0; id < 9; id++)
                fail_executor(app, id, 1, false);
        run_executor(1, 9, app, 9);
        for (int id = 9; id < 18; id++)
                fail_executor(app, id, 1, false);
        fail_executor(app, 18, 0, false); /* a normal end is no failure */
        fail_executor(app, 19, 1, true);
        ck_assert_int_eq(master_app(rig.m, app)->state, APP_FAILED);
}
END_TEST

START_TEST(a_running_executor_keeps_the_app)
{
        MasterConfig config = rig_config();
        config.max_executor_retries = 2;
        restart_with(&config);
        rig_add_worker(&rig, 1, "w1");
        const char *app = rig_new_app(&rig, 9, 0, 4, 1024);
        run_executor(1, 9, app, 0);
        rig_executor_state(&rig, 1, app, 1, EXECUTOR_EXITED, 1);
        for (int id = 2; id < 8; id++)
                fail_executor(app, id, 1, false);
        ck_assert_int_eq(master_app(rig.m, app)->state, APP_RUNNING);
        rig_executor_state(&rig, 1, app, 0, EXECUTOR_EXITED, 1);
        (void)rig_sent(&rig, 9, MSG_APPLICATION_REMOVED);
        ck_assert_int_eq(master_app(rig.m, app)->state, APP_FAILED);
}
END_TEST

START_TEST(older_texts_are_configurable)
{
        MasterConfig config = rig_config();
        config.bare_lost_text = config.bare_removed_text = true;
        restart_with(&config);
        rig_add_worker(&rig, 1, "w1");
        const char *app = rig_new_app(&rig, 9, 1, 1, 1024);
        rig_close(&rig, 1);
        ck_assert_str_eq(rig_sent(&rig, 9, MSG_EXECUTOR_UPDATED)->executor_updated.message,
                         "worker lost");
        ask_kill_app(app);
        ck_assert_str_eq(rig_sent(&rig, 9, MSG_APPLICATION_REMOVED)->application_removed.message,
                         "KILLED");
}
END_TEST

START_TEST(reports_of_strangers_are_answered)
{
        rig_executor_state(&rig, 1, "app-unknown", 3, EXECUTOR_RUNNING, -1);
        rig_replied_boolean(&rig, true);
        rig_quiet(&rig);
        rig_add_worker(&rig, 1, "w1");
        const char *app = rig_new_app(&rig, 9, 1, 1, 1024);
        rig_executor_state(&rig, 1, app, 17, EXECUTOR_FAILED, 1);
        rig_replied_boolean(&rig, true);
        rig_quiet(&rig);
        run_executor(1, 9, app, 0);
        run_executor(1, 9, app, 0); /* repeated: its answer was lost */
        ck_assert_int_eq(master_app(rig.m, app)->n_running, 1);
}
END_TEST

START_TEST(second_app_waits_for_the_first)
{
        char text[APP_EXPLAIN_MAX];
        rig_add_worker(&rig, 1, "w1");
        const char *first = rig_new_app(&rig, 8, 0, 0, 1024);
        const char *second = rig_new_app(&rig, 9, 2, 0, 1024);
        ck_assert_uint_eq(rig_count(&rig, MSG_LAUNCH_EXECUTOR), 0);
        ck_assert_int_eq(master_app(rig.m, second)->state, APP_WAITING);
        ck_assert_uint_eq(master_counters(rig.m).apps_waiting, 1);
        master_explain_app(rig.m, master_app(rig.m, second), text);
        ck_assert_ptr_nonnull(strstr(text, "no worker has enough free at present"));
        ck_assert_str_eq(master_explain_app(rig.m, master_app(rig.m, first), text), "");

        rig_close(&rig, 8);
        const Message *msg = rig_sent(&rig, 1, MSG_LAUNCH_EXECUTOR);
        ck_assert_str_eq(msg->launch_executor.app_id, second);
        ck_assert_int_eq(msg->launch_executor.cores, 2);
        ck_assert_uint_eq(master_counters(rig.m).apps_waiting, 0);
}
END_TEST

START_TEST(first_come_first_served)
{
        const char *ids[3];
        for (int i = 0; i < 3; i++)
                ids[i] = rig_new_app(&rig, (ConnId)(i + 7), 4, 4, 1024);
        rig_register_worker(&rig, 1, "w1", 1, 8, 8192);
        (void)rig_sent(&rig, 1, MSG_REGISTERED_WORKER);
        for (int i = 0; i < 2; i++)
                ck_assert_str_eq(rig_sent(&rig, 1, MSG_LAUNCH_EXECUTOR)->launch_executor.app_id,
                                 ids[i]);
        ck_assert_uint_eq(rig_count(&rig, MSG_LAUNCH_EXECUTOR), 0);
        /* The first one's executor ends: its replacement comes before the third. */
        rig_executor_state(&rig, 1, ids[0], 0, EXECUTOR_EXITED, 1);
        ck_assert_str_eq(rig_sent(&rig, 1, MSG_LAUNCH_EXECUTOR)->launch_executor.app_id, ids[0]);
        rig_close(&rig, 8);
        ck_assert_str_eq(rig_sent(&rig, 1, MSG_LAUNCH_EXECUTOR)->launch_executor.app_id, ids[2]);
}
END_TEST

/* ---- dynamic allocation, profiles, resources ---- */

static void kill_executors(ConnId conn, const char *app, const char *id)
{
        const char *ids[] = { "nonsense", id, NULL, "99" };
        Message msg = { .type = MSG_KILL_EXECUTORS };
        msg.kill_executors.app_id = app;
        msg.kill_executors.executor_ids = (StringSeq){ ids, ARRAY_SIZE(ids) };
        rig_ask(&rig, conn, &msg);
}

START_TEST(executors_are_requested_and_killed)
{
        char text[APP_EXPLAIN_MAX];
        rig_add_worker(&rig, 1, "w1");
        ApplicationDescription desc = rig_app(&rig, "dynamic", 0, 2, 1024);
        desc.initial_executor_limit = (OptInt){ true, 0 };
        rig_register_app(&rig, 9, &desc);
        const char *app = arena_strdup(
                &rig.arena,
                rig_sent(&rig, 9, MSG_REGISTERED_APPLICATION)->registered_application.app_id);
        rig_quiet(&rig);
        master_explain_app(rig.m, master_app(rig.m, app), text);
        ck_assert_ptr_nonnull(strstr(text, "has not asked for executors"));

        rig_request_executors(&rig, 9, app, &desc.default_profile, 2);
        ck_assert_uint_eq(rig_count(&rig, MSG_LAUNCH_EXECUTOR), 2);
        rig_replied_boolean(&rig, true);
        rig_request_executors(&rig, 9, app, &desc.default_profile, 1); /* kills nothing */
        rig_replied_boolean(&rig, true);
        rig_quiet(&rig);
        kill_executors(9, app, "0");
        ck_assert_int_eq(rig_sent(&rig, 1, MSG_KILL_EXECUTOR)->kill_executor.exec_id, 0);
        rig_replied_boolean(&rig, true);
        rig_quiet(&rig); /* one is left, which is the target */
        ck_assert_int_eq(master_counters(rig.m).cores_used, 2);
        rig_request_executors(&rig, 9, app, &desc.default_profile, 2);
        ck_assert_int_eq(rig_sent(&rig, 1, MSG_LAUNCH_EXECUTOR)->launch_executor.exec_id, 2);

        rig_request_executors(&rig, 9, "app-unknown", &desc.default_profile, 2);
        rig_replied_boolean(&rig, false);
        kill_executors(9, "app-unknown", "0");
        rig_replied_boolean(&rig, false);
        rig_quiet(&rig);
}
END_TEST

START_TEST(profiles_have_sizes_of_their_own)
{
        rig_add_worker(&rig, 1, "w1");
        ApplicationDescription desc = rig_app(&rig, "profiles", 0, 2, 2048);
        desc.initial_executor_limit = (OptInt){ true, 1 };
        rig_register_app(&rig, 9, &desc);
        ck_assert_int_eq(rig_sent(&rig, 1, MSG_LAUNCH_EXECUTOR)->launch_executor.rp_id, 0);
        const char *app = master_apps(rig.m)->id;
        ResourceProfile big = rig_profile(&rig, 3, 4, 0, NULL, 0);
        rig_request_executors(&rig, 9, app, &big, 1);
        const Message *msg = rig_sent(&rig, 1, MSG_LAUNCH_EXECUTOR);
        ck_assert_int_eq(msg->launch_executor.rp_id, 3);
        ck_assert_int_eq(msg->launch_executor.cores, 4);
        ck_assert_int_eq(msg->launch_executor.memory, 2048); /* the default profile's */
        ResourceProfile endless = rig_profile(&rig, 4, -1, 1, NULL, 0);
        rig_request_executors(&rig, 9, app, &endless, 1);
        rig_replied_boolean(&rig, true);
        rig_quiet(&rig);
}
END_TEST

START_TEST(addresses_are_lent_and_given_back)
{
        const char *addresses[] = { "a0", "a1", "a2" };
        rig_add_worker(&rig, 1, "w1"); /* has none */
        rig_add_worker_with(&rig, 2, "w2", "gpu", addresses, 3);
        ApplicationDescription desc = rig_app(&rig, "gpu", 0, 1, 1024);
        desc.default_profile = rig_profile(&rig, 0, 1, 1024, "gpu", 1);
        rig_register_app(&rig, 9, &desc);
        const char *app = master_apps(rig.m)->id;
        for (size_t i = 0; i < 3; i++) {
                const Message *msg = rig_sent(&rig, 2, MSG_LAUNCH_EXECUTOR);
                ck_assert_uint_eq(msg->launch_executor.resources.length, 1);
                const ResourceInformation *info = &msg->launch_executor.resources.items[0].value;
                ck_assert_str_eq(info->name, "gpu");
                ck_assert_uint_eq(info->addresses.length, 1);
                ck_assert_str_eq(info->addresses.items[0], addresses[i]);
        }
        ck_assert_uint_eq(rig_count(&rig, MSG_LAUNCH_EXECUTOR), 0);
        ck_assert_uint_eq(master_worker(rig.m, "w2")->resources[0].n_free, 0);
        rig_executor_state(&rig, 2, app, 1, EXECUTOR_EXITED, 1);
        const Message *again = rig_sent(&rig, 2, MSG_LAUNCH_EXECUTOR);
        ck_assert_int_eq(again->launch_executor.exec_id, 3);
        ck_assert_str_eq(again->launch_executor.resources.items[0].value.addresses.items[0], "a1");
}
END_TEST

/* ---- decommissioning ---- */

START_TEST(hosts_are_decommissioned)
{
        const char *names[] = { "elsewhere", "HOST" };
        rig_add_worker(&rig, 1, "w1");
        const char *app = rig_new_app(&rig, 9, 8, 8, 1024);
        run_executor(1, 9, app, 0);
        Message msg = { .type = MSG_DECOMMISSION_WORKERS_ON_HOSTS };
        msg.decommission_workers_on_hosts.hostnames = (StringSeq){ names, 2 };
        rig_ask(&rig, 1, &msg);
        const Message *update = rig_sent(&rig, 9, MSG_EXECUTOR_UPDATED);
        ck_assert_int_eq(update->executor_updated.state, EXECUTOR_DECOMMISSIONED);
        ck_assert_str_eq(update->executor_updated.message, "worker decommissioned");
        ck_assert_str_eq(update->executor_updated.worker_host, "host");
        (void)rig_sent(&rig, 1, MSG_DECOMMISSION_WORKER);
        ck_assert_int_eq(rig_replied(&rig, MSG_INTEGER)->integer.value, 1);
        rig_recorded(&rig, EFFECT_RECORD_PUT, RECORD_WORKER, "w1");
        rig_quiet(&rig);
        ck_assert_uint_eq(master_counters(rig.m).workers_alive, 0);

        /* A replacement goes elsewhere at once; the end of the old one is nobody's news. */
        rig_register_worker(&rig, 2, "w2", 2, 8, 8192);
        ck_assert_int_eq(rig_sent(&rig, 2, MSG_LAUNCH_EXECUTOR)->launch_executor.exec_id, 1);
        rig_executor_state(&rig, 1, app, 0, EXECUTOR_EXITED, 1);
        rig_replied_boolean(&rig, true);
        rig_quiet(&rig);
        ck_assert_int_eq(master_app(rig.m, app)->retry_count, 0);
        ck_assert_int_eq(master_worker(rig.m, "w1")->cores_used, 0);
        rig_close(&rig, 1);
        (void)rig_sent(&rig, 9, MSG_WORKER_REMOVED);
        rig_quiet(&rig);
}
END_TEST

START_TEST(worker_decommissions_itself)
{
        rig_add_worker(&rig, 1, "w1");
        Message msg = { .type = MSG_WORKER_DECOMMISSIONING };
        msg.worker_decommissioning.id = "w1";
        rig_tell(&rig, 1, &msg);
        rig_quiet(&rig);
        ck_assert_int_eq(master_worker(rig.m, "w1")->state, WORKER_DECOMMISSIONED);
        rig_new_app(&rig, 9, 1, 1, 1024);
        rig_quiet(&rig);
        rig_heartbeat(&rig, 1, "w1");
        rig_quiet(&rig);
}
END_TEST

/* ---- the rest ---- */

START_TEST(unsupported_asks_fail)
{
        Message msg = { .type = MSG_REGISTERED_WORKER };
        rig_ask(&rig, 1, &msg);
        const char *text = rig_failed(&rig);
        ck_assert_ptr_eq(strstr(text, "org.apache.spark.SparkException: Unsupported message "),
                         text);
        rig_tell(&rig, 1, &msg);
        rig_quiet(&rig);
        msg.type = MSG_HEARTBEAT; /* no ask */
        rig_ask(&rig, 1, &msg);
        (void)rig_failed(&rig);
        msg.type = MSG_REQUEST_DRIVER_STATUS; /* only an ask */
        rig_tell(&rig, 1, &msg);
        rig_quiet(&rig);
}
END_TEST

START_TEST(small_asks)
{
        Message msg = { .type = MSG_REQUEST_READYZ };
        rig_ask(&rig, 1, &msg);
        rig_replied_boolean(&rig, true);
        msg.type = MSG_BOUND_PORTS_REQUEST;
        rig_ask(&rig, 1, &msg);
        const Message *reply = rig_replied(&rig, MSG_BOUND_PORTS_RESPONSE);
        ck_assert_int_eq(reply->bound_ports_response.rpc_endpoint_port, 7077);
        ck_assert_int_eq(reply->bound_ports_response.web_ui_port, 8080);
        ck_assert(!reply->bound_ports_response.rest_port.set);
        ck_assert_str_eq(master_status(rig.m), "ALIVE");
}
END_TEST

START_TEST(completed_are_retained_up_to_a_number)
{
        MasterConfig config = rig_config();
        config.retained_applications = 20;
        restart_with(&config);
        for (int i = 0; i < 50; i++) {
                rig_new_app(&rig, (ConnId)(i + 1), 1, 1, 1024);
                rig_close(&rig, (ConnId)(i + 1));
                ck_assert_uint_le(master_counters(rig.m).apps_completed, 20);
        }
        size_t n = 0;
        for (const App *app = master_completed_apps(rig.m); app; app = app->next)
                n++;
        ck_assert_uint_eq(n, master_counters(rig.m).apps_completed);
        ck_assert_uint_ge(n, 18);
}
END_TEST

static const char *id_with(const char *pattern, int modulo, bool by_name, const char *name)
{
        MasterConfig config = rig_config();
        config.app_id_pattern = pattern;
        config.app_number_modulo = modulo;
        config.use_app_name_as_app_id = by_name;
        restart_with(&config);
        ApplicationDescription desc = rig_app(&rig, name, 1, 1, 1024);
        const char *id = NULL;
        for (ConnId conn = 1; conn < 4; conn++) {
                rig_register_app(&rig, conn, &desc);
                id = rig_sent(&rig, conn, MSG_REGISTERED_APPLICATION)
                             ->registered_application.app_id;
                id = arena_strdup(&rig.arena, id);
        }
        return id; /* of the third */
}

START_TEST(ids_follow_their_patterns)
{
        static const char *const bad[] = { "app-%x", "app-%d", "%s %d", "%s-%d-%d", "",
                                           "app-%n", "%s/%d",  "%",     "%s-%999d" };
        ck_assert_str_eq(id_with("%s-x%06d", 0, false, "n") + 14, "-x000002");
        ck_assert_str_eq(id_with("%s-%d%%", 0, false, "n") + 14, "-2%");
        ck_assert_str_eq(id_with("%s-%d", 2, false, "n") + 14, "-0-2"); /* a live one has -0 */
        ck_assert_str_eq(id_with("%s-%d", 0, true, "../My  App"), "myapp-2");
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                MasterConfig config = rig_config();
                Master *m = NULL;
                config.app_id_pattern = bad[i];
                ck_assert_int_eq(master_new(&config, &m), -EINVAL);
        }
}
END_TEST

START_TEST(policies_have_names)
{
        ck_assert_int_eq(worker_policy_from_name("MEMORY_FREE_ASC"), POLICY_MEMORY_FREE_ASC);
        ck_assert_int_eq(worker_policy_from_name("BEST"), POLICY_INVALID);
}
END_TEST

START_TEST(waiting_is_explained)
{
        char text[APP_EXPLAIN_MAX];
        const char *app = rig_new_app(&rig, 9, 0, 16, 1024);
        master_explain_app(rig.m, master_app(rig.m, app), text);
        ck_assert_ptr_nonnull(strstr(text, "no worker is registered"));
        rig_add_worker(&rig, 1, "w1");
        master_explain_app(rig.m, master_app(rig.m, app), text);
        ck_assert_ptr_nonnull(strstr(text, "an executor needs 16 cores and 1024 MiB"));
        app = rig_new_app(&rig, 8, 2, 4, 1024);
        master_explain_app(rig.m, master_app(rig.m, app), text);
        ck_assert_ptr_nonnull(strstr(text, "it may use 2 cores, but one executor needs 4"));
}
END_TEST

START_TEST(a_flood_costs_its_own_connection)
{
        char id[16];
        for (int i = 0; i < 200; i++) {
                (void)snprintf(id, sizeof(id), "w%d", i);
                rig_register_worker(&rig, 1, id, i + 1000, 1, 1024);
        }
        (void)rig_sent(&rig, 1, MSG_REGISTER_WORKER_FAILED);
        ck_assert_uint_eq(master_counters(rig.m).workers_alive, LIMIT_PER_CONNECTION);
        rig_add_worker(&rig, 2, "other");
        rig_close(&rig, 1);
        ck_assert_uint_eq(master_counters(rig.m).workers_alive, 1);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("master");
        TCase *c = tcase_create("conversations");
        tcase_add_checked_fixture(c, setup, teardown);
        tcase_add_test(c, worker_registers);
        tcase_add_test(c, worker_registers_twice);
        tcase_add_test(c, worker_on_a_new_connection_outlives_the_old_one);
        tcase_add_test(c, address_is_held_by_another_worker);
        tcase_add_test(c, impossible_workers_are_refused);
        tcase_add_test(c, silent_worker_times_out_and_is_reaped);
        tcase_add_test(c, dead_worker_comes_back_under_its_id);
        tcase_add_test(c, latest_state_kills_what_is_unknown);
        tcase_add_test(c, job_from_start_to_end);
        tcase_add_test(c, registration_is_repeated);
        tcase_add_test(c, driver_is_gone);
        tcase_add_test(c, app_is_killed_from_the_ui);
        tcase_add_test(c, executors_fail_until_the_limit);
        tcase_add_test(c, running_forgives_failures);
        tcase_add_test(c, a_running_executor_keeps_the_app);
        tcase_add_test(c, older_texts_are_configurable);
        tcase_add_test(c, reports_of_strangers_are_answered);
        tcase_add_test(c, second_app_waits_for_the_first);
        tcase_add_test(c, first_come_first_served);
        tcase_add_test(c, executors_are_requested_and_killed);
        tcase_add_test(c, profiles_have_sizes_of_their_own);
        tcase_add_test(c, addresses_are_lent_and_given_back);
        tcase_add_test(c, hosts_are_decommissioned);
        tcase_add_test(c, worker_decommissions_itself);
        tcase_add_test(c, unsupported_asks_fail);
        tcase_add_test(c, small_asks);
        tcase_add_test(c, completed_are_retained_up_to_a_number);
        tcase_add_test(c, ids_follow_their_patterns);
        tcase_add_test(c, policies_have_names);
        tcase_add_test(c, waiting_is_explained);
        tcase_add_test(c, a_flood_costs_its_own_connection);
        suite_add_tcase(s, c);
        return unit_run(s);
}
