/* SPDX-License-Identifier: Apache-2.0 */
/* Cluster mode: submit clients and the workers that run drivers. */
#include <stdlib.h>
#include <string.h>

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

static const char *submit(bool supervise, int cores)
{
        const char *opts[] = { "-Dspark.app.name=theirs", "-Da=b" };
        const char *args[] = { "{{WORKER_URL}}", "-c", "spark.app.name=theirs" };
        Message msg = { .type = MSG_REQUEST_SUBMIT_DRIVER };
        msg.request_submit_driver.driver_description = (DriverDescription){
                .jar_url = "file:/x.jar",
                .mem = 1024,
                .cores = cores,
                .supervise = supervise,
                .command = { .main_class = "Wrapper",
                             .java_opts = { opts, 2 },
                             .arguments = { args, 3 } },
        };
        rig_ask(&rig, 5, &msg);
        const Message *reply = rig_replied(&rig, MSG_SUBMIT_DRIVER_RESPONSE);
        ck_assert(reply->submit_driver_response.success);
        const char *id = arena_strdup(&rig.arena, reply->submit_driver_response.driver_id);
        ck_assert_str_eq(reply->submit_driver_response.message,
                         arena_printf(&rig.arena, "Driver successfully submitted as %s", id));
        rig_recorded(&rig, EFFECT_RECORD_PUT, RECORD_DRIVER, id);
        return id;
}

static const Message *driver_status(const char *id)
{
        Message msg = { .type = MSG_REQUEST_DRIVER_STATUS, .request_driver_status = { id } };
        rig_ask(&rig, 5, &msg);
        return rig_replied(&rig, MSG_DRIVER_STATUS_RESPONSE);
}

static void kill_driver(const char *id, bool known)
{
        Message msg = { .type = MSG_REQUEST_KILL_DRIVER, .request_kill_driver = { id } };
        rig_ask(&rig, 5, &msg);
        const Message *reply = rig_replied(&rig, MSG_KILL_DRIVER_RESPONSE);
        ck_assert_int_eq(reply->kill_driver_response.success, known);
        ck_assert_str_eq(reply->kill_driver_response.driver_id, id);
}

static void driver_ended(ConnId worker, const char *id, DriverState state, const char *exception)
{
        Message msg = { .type = MSG_DRIVER_STATE_CHANGED };
        msg.driver_state_changed.driver_id = id;
        msg.driver_state_changed.state = state;
        msg.driver_state_changed.exception = exception;
        rig_tell(&rig, worker, &msg);
}

START_TEST(driver_from_submission_to_end)
{
        const char *id = submit(false, 2);
        rig_quiet(&rig);
        ck_assert_int_eq(driver_status(id)->driver_status_response.state, DRIVER_SUBMITTED);
        rig_register_worker(&rig, 1, "w1", 1, 8, 8192);
        (void)rig_sent(&rig, 1, MSG_REGISTERED_WORKER);
        const Message *msg = rig_sent(&rig, 1, MSG_LAUNCH_DRIVER);
        ck_assert_str_eq(msg->launch_driver.driver_id, id);
        ck_assert_str_eq(msg->launch_driver.driver_desc.jar_url, "file:/x.jar");
        rig_quiet(&rig);
        ck_assert_int_eq(master_counters(rig.m).cores_used, 2);
        ck_assert_int_eq(master_counters(rig.m).memory_used, 1024);
        msg = driver_status(id);
        ck_assert_int_eq(msg->driver_status_response.state, DRIVER_RUNNING);
        ck_assert_str_eq(msg->driver_status_response.worker_id, "w1");
        ck_assert_str_eq(msg->driver_status_response.worker_host_port, "host:1");

        driver_ended(1, id, DRIVER_RUNNING, NULL); /* not a final state: ignored */
        ck_assert_uint_eq(master_counters(rig.m).drivers_running, 1);
        driver_ended(1, id, DRIVER_FAILED, "exit 3");
        rig_recorded(&rig, EFFECT_RECORD_DELETE, RECORD_DRIVER, id);
        rig_quiet(&rig);
        ck_assert_int_eq(master_counters(rig.m).cores_used, 0);
        msg = driver_status(id);
        ck_assert(msg->driver_status_response.found);
        ck_assert_int_eq(msg->driver_status_response.state, DRIVER_FAILED);
        ck_assert_str_eq(msg->driver_status_response.exception, "exit 3");
        ck_assert_str_eq(msg->driver_status_response.worker_id, "w1");
        kill_driver(id, false);
        ck_assert(!driver_status("driver-unknown")->driver_status_response.found);
}
END_TEST

START_TEST(drivers_are_killed)
{
        rig_add_worker(&rig, 1, "w1");
        const char *running = submit(false, 8);
        (void)rig_sent(&rig, 1, MSG_LAUNCH_DRIVER);
        const char *waiting = submit(false, 1);
        rig_quiet(&rig);
        kill_driver(waiting, true);
        rig_quiet(&rig);
        ck_assert_int_eq(driver_status(waiting)->driver_status_response.state, DRIVER_KILLED);
        kill_driver(running, true);
        ck_assert_str_eq(rig_sent(&rig, 1, MSG_KILL_DRIVER)->kill_driver.driver_id, running);
        rig_quiet(&rig);
        const char *another = submit(false, 1);
        Message msg = { .type = MSG_REQUEST_KILL_ALL_DRIVERS };
        rig_ask(&rig, 5, &msg);
        ck_assert(rig_replied(&rig, MSG_KILL_ALL_DRIVERS_RESPONSE)
                          ->kill_all_drivers_response.success);
        ck_assert_str_eq(rig_sent(&rig, 1, MSG_KILL_DRIVER)->kill_driver.driver_id, running);
        rig_quiet(&rig);
        ck_assert_int_eq(driver_status(another)->driver_status_response.state, DRIVER_KILLED);
        rig_event(&rig, (MasterEvent){ .type = EVENT_KILL_DRIVER, .text = running });
        (void)rig_sent(&rig, 1, MSG_KILL_DRIVER);
        driver_ended(1, running, DRIVER_KILLED, NULL);
        ck_assert_uint_eq(master_counters(rig.m).drivers_completed, 3);

        Message clear = { .type = MSG_REQUEST_CLEAR_COMPLETED };
        rig_ask(&rig, 5, &clear);
        rig_replied_boolean(&rig, true);
        ck_assert_ptr_null(master_completed_drivers(rig.m));
}
END_TEST

START_TEST(supervised_driver_starts_again)
{
        rig_add_worker(&rig, 1, "w1");
        const char *id = submit(true, 1);
        (void)rig_sent(&rig, 1, MSG_LAUNCH_DRIVER);
        const char *other = submit(false, 1);
        (void)rig_sent(&rig, 1, MSG_LAUNCH_DRIVER);
        rig_close(&rig, 1);
        rig_recorded(&rig, EFFECT_RECORD_DELETE, RECORD_DRIVER, id);
        rig_quiet(&rig);
        ck_assert_int_eq(driver_status(id)->driver_status_response.state, DRIVER_RELAUNCHING);
        ck_assert_int_eq(driver_status(other)->driver_status_response.state, DRIVER_ERROR);
        const Driver *again = master_waiting_drivers(rig.m);
        ck_assert_ptr_nonnull(again);
        ck_assert_str_ne(again->id, id);
        ck_assert_str_eq(again->desc.jar_url, "file:/x.jar");
        rig_register_worker(&rig, 2, "w2", 2, 8, 8192);
        ck_assert_str_eq(rig_sent(&rig, 2, MSG_LAUNCH_DRIVER)->launch_driver.driver_id, again->id);
}
END_TEST

START_TEST(drivers_go_round_or_pack)
{
        for (int spread = 0; spread < 2; spread++) {
                MasterConfig config = rig_config();
                config.spread_out_drivers = spread;
                config.max_drivers = 3;
                restart_with(&config);
                rig_add_worker(&rig, 1, "w1");
                rig_add_worker(&rig, 2, "w2");
                for (int i = 0; i < 3; i++) {
                        (void)submit(false, 1);
                        (void)rig_sent(&rig, (ConnId)(spread ? 1 + i % 2 : 1), MSG_LAUNCH_DRIVER);
                }
                const char *id = submit(false, 1);
                rig_quiet(&rig); /* spark.deploy.maxDrivers */
                driver_ended(1, master_drivers(rig.m)->id, DRIVER_FINISHED, NULL);
                ck_assert_str_eq(rig_sent(&rig, 0, MSG_LAUNCH_DRIVER)->launch_driver.driver_id, id);
        }
}
END_TEST

START_TEST(driver_names_its_app)
{
        MasterConfig config = rig_config();
        config.use_driver_id_as_app_name = true;
        restart_with(&config);
        rig_add_worker(&rig, 1, "w1");
        const char *id = submit(false, 1);
        const Command *c = &rig_sent(&rig, 1, MSG_LAUNCH_DRIVER)->launch_driver.driver_desc.command;
        ck_assert_uint_eq(c->java_opts.length, 2);
        ck_assert_str_eq(c->java_opts.items[0], "-Da=b");
        ck_assert_str_eq(c->java_opts.items[1],
                         arena_printf(&rig.arena, "-Dspark.app.name=%s", id));
        ck_assert_str_eq(c->arguments.items[2], arena_printf(&rig.arena, "spark.app.name=%s", id));
}
END_TEST

START_TEST(launch_that_went_down_with_a_connection)
{
        rig_add_worker(&rig, 1, "w1");
        const char *heard = submit(false, 1), *unheard = NULL;
        (void)rig_sent(&rig, 1, MSG_LAUNCH_DRIVER);
        unheard = submit(true, 1);
        (void)rig_sent(&rig, 1, MSG_LAUNCH_DRIVER);
        Message msg = { .type = MSG_WORKER_LATEST_STATE };
        msg.worker_latest_state.id = "w1";
        msg.worker_latest_state.driver_ids = (StringSeq){ &heard, 1 };
        rig_tell(&rig, 1, &msg); /* may have crossed the launch */
        rig_quiet(&rig);
        rig_register_worker(&rig, 2, "w1", 1, 8, 8192);
        (void)rig_sent(&rig, 2, MSG_REGISTERED_WORKER);
        rig_tell(&rig, 2, &msg);
        const char *again = rig_sent(&rig, 2, MSG_LAUNCH_DRIVER)->launch_driver.driver_id;
        ck_assert_str_ne(again, unheard);
        rig_quiet(&rig);
        ck_assert_int_eq(driver_status(unheard)->driver_status_response.state, DRIVER_RELAUNCHING);
        ck_assert_int_eq(driver_status(heard)->driver_status_response.state, DRIVER_RUNNING);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("drivers");
        TCase *c = tcase_create("conversations");
        tcase_add_checked_fixture(c, setup, teardown);
        tcase_add_test(c, driver_from_submission_to_end);
        tcase_add_test(c, drivers_are_killed);
        tcase_add_test(c, supervised_driver_starts_again);
        tcase_add_test(c, drivers_go_round_or_pack);
        tcase_add_test(c, driver_names_its_app);
        tcase_add_test(c, launch_that_went_down_with_a_connection);
        suite_add_tcase(s, c);
        return unit_run(s);
}
