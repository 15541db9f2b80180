/* SPDX-License-Identifier: Apache-2.0 */
/* The drivers of a worker, by way of the whole machine (worker.h). Times are in milliseconds. */
#include "daemons/worker/worker.h"
#include "tests/unit/unit.h"

#include <signal.h>
#include <string.h>

#define MSEC   UINT64_C(1000)
#define MASTER 11 /* the master's connection */
#define ID     "driver-1"

static HostPort master;
static ResourceMap no_resources;
static WorkerConfig config;
static Worker worker;
static WorkerEffects fx;

/* ---- telling and looking ---- */

static void handle(WorkerEvent event, uint64_t at)
{
        worker_effects_done(&fx);
        worker_handle(&worker, &event, at * MSEC, &fx);
}

static const WorkerEffect *only(WorkerEffectType type)
{
        const WorkerEffect *found = NULL;

        for (const WorkerEffect *e = fx.first; e; e = e->next)
                if (e->type == type) {
                        ck_assert_ptr_null(found);
                        found = e;
                }
        return found;
}

static unsigned actions(void)
{
        unsigned n = 0;

        for (const WorkerEffect *e = fx.first; e; e = e->next)
                n += e->type != DO_LOG && e->type != DO_KEEP && e->type != DO_DROP;
        return n;
}

static void say_on(uint64_t conn, const Message *m, uint64_t at)
{
        handle((WorkerEvent){ .type = ON_MESSAGE, .conn = conn, .message = m, .lines = LINES_ALL },
               at);
}

static void launch(const char *id, bool supervise, uint64_t at)
{
        static const char *const addresses[] = { "1" };
        static const char *arguments[] = { "{{WORKER_URL}}", "{{USER_JAR}}", "org.x.Main" };
        static struct ResourceEntry gpu = {
                .key = "gpu",
                .value = { .name = "gpu", .addresses = { (const char **)addresses, 1 } }
        };
        const Message m = { .type = MSG_LAUNCH_DRIVER,
                            .launch_driver = {
                                    .driver_id = id,
                                    .driver_desc = { .jar_url = "file:/x.jar",
                                                     .mem = 512,
                                                     .cores = 2,
                                                     .supervise = supervise,
                                                     .command = { .main_class =
                                                                          "org.apache.spark.deploy."
                                                                          "worker.DriverWrapper",
                                                                  .arguments = { arguments, 3 } } },
                                    .resources = { &gpu, 1 } } };

        say_on(MASTER, &m, at);
}

static void expect_launch(void)
{
        ck_assert_uint_eq(actions(), 1);
        ck_assert_ptr_nonnull(only(DO_LAUNCH));
        ck_assert_str_eq(only(DO_LAUNCH)->child, ID);
        ck_assert_int_eq(only(DO_LAUNCH)->message->type, MSG_LAUNCH_DRIVER);
        ck_assert_str_eq(only(DO_LAUNCH)->message->launch_driver.driver_desc.jar_url,
                         "file:/x.jar");
}

static void started(uint64_t at)
{
        handle((WorkerEvent){ .type = ON_STARTED, .child = ID }, at);
}

static void exited(int code, uint64_t at)
{
        handle((WorkerEvent){ .type = ON_EXITED, .child = ID, .code = code }, at);
}

static void tick(uint64_t at)
{
        handle((WorkerEvent){ .type = ON_TICK }, at);
}

static void order_kill(const char *id, uint64_t at)
{
        const Message m = { .type = MSG_KILL_DRIVER, .kill_driver.driver_id = id };

        say_on(MASTER, &m, at);
}

static void expect_state(uint64_t conn, const char *id, DriverState state, const char *exception)
{
        const WorkerEffect *e = only(DO_SEND);

        ck_assert_ptr_nonnull(e);
        ck_assert_uint_eq(e->conn, conn);
        ck_assert_int_eq(e->message->type, MSG_DRIVER_STATE_CHANGED);
        ck_assert_str_eq(e->message->driver_state_changed.driver_id, id);
        ck_assert_int_eq(e->message->driver_state_changed.state, state);
        ck_assert_pstr_eq(e->message->driver_state_changed.exception, exception);
}

static void expect_end(DriverState state, const char *exception)
{
        expect_state(MASTER, ID, state, exception);
        ck_assert_uint_eq(drivers_running(&worker.drivers), 0);
        ck_assert_int_eq(worker_cores_used(&worker), 0);
        ck_assert_int_eq(worker_memory_used_mb(&worker), 0);
}

static void accept_worker(uint64_t conn, uint64_t at)
{
        const Message m = { .type = MSG_REGISTERED_WORKER,
                            .registered_worker = { .master = { "Master", { "m", 7077 } },
                                                   .master_web_ui_url = "http://m:8080",
                                                   .master_address = { "m", 7077 } } };

        say_on(conn, &m, at);
}

/* A registered worker. */
static void set_up(void)
{
        master = (HostPort){ .host = "m", .port = 7077 };
        config = (WorkerConfig){
                .registration = { .masters = &master,
                                  .n_masters = 1,
                                  .worker_id = "worker-1",
                                  .host = "w",
                                  .port = 4000,
                                  .cores = 8,
                                  .memory_mb = 2048,
                                  .web_ui_url = "http://w:8081",
                                  .resources = &no_resources,
                                  .heartbeat_usec = 10000000 * MSEC,
                                  .initial_retries = 6,
                                  .max_retries = 16,
                                  .jitter = 1.0 },
                .executors = { .worker_id = "worker-1", .sync_attempts = 5, .retained = 1000 },
                .drivers = { .worker_id = "worker-1",
                             .terminate_usec = 10000 * MSEC,
                             .retained = 10 },
        };
        ck_assert_int_eq(worker_init(&worker, &config), 0);
        registration_set_engines(&worker.registration, LINES_ALL, (StringSeq){ 0 });
        worker_effects_init(&fx);
        handle((WorkerEvent){ .type = ON_START }, 0);
        handle((WorkerEvent){ .type = ON_DIALLED, .conn = MASTER }, 0);
        handle((WorkerEvent){ .type = ON_CONNECTED, .conn = MASTER }, 0);
        handle((WorkerEvent){ .type = ON_IDENTIFIED, .conn = MASTER, .lines = LINES_ALL }, 0);
        accept_worker(MASTER, 0);
}

static void tear_down(void)
{
        ck_assert(!fx.failed);
        worker_effects_done(&fx);
        worker_done(&worker);
}

/* ---- the tests ---- */

START_TEST(test_runs_to_its_end)
{
        launch(ID, false, 0);
        expect_launch();
        ck_assert_int_eq(worker_cores_used(&worker), 2);
        ck_assert_int_eq(worker_memory_used_mb(&worker), 512);
        ck_assert_str_eq(drivers_find(&worker.drivers, ID)->main_class, "org.x.Main");
        started(100);
        ck_assert_uint_eq(actions(), 0); /* only the end is reported */
        exited(0, 5000);
        expect_end(DRIVER_FINISHED, NULL);
        ck_assert_uint_eq(worker.drivers.n_finished, 1);
}
END_TEST

START_TEST(test_fails)
{
        launch(ID, false, 0);
        started(1);
        exited(1, 2);
        expect_end(DRIVER_FAILED, NULL);
}
END_TEST

START_TEST(test_cannot_start)
{
        launch(ID, true, 0);
        handle((WorkerEvent){ .type = ON_LAUNCH_FAILED, .child = ID, .text = "no jar" }, 1);
        expect_end(DRIVER_ERROR, "no jar");
}
END_TEST

START_TEST(test_order_that_cannot_be)
{
        launch("a/0", false, 0);
        expect_state(MASTER, "a/0", DRIVER_ERROR, "the driver's ID cannot be a directory's name");
        launch(ID, false, 0);
        launch(ID, false, 1);
        ck_assert_uint_eq(actions(), 0);
        order_kill("driver-2", 2);
        ck_assert_uint_eq(actions(), 0);
}
END_TEST

START_TEST(test_order_of_someone_else)
{
        const Message order = { .type = MSG_LAUNCH_DRIVER, .launch_driver.driver_id = ID };
        const Message kill = { .type = MSG_KILL_DRIVER, .kill_driver.driver_id = ID };

        say_on(MASTER + 1, &order, 0);
        ck_assert_uint_eq(actions(), 0);
        launch(ID, false, 1);
        started(2);
        say_on(MASTER + 1, &kill, 3);
        ck_assert_uint_eq(actions(), 0);
}
END_TEST

START_TEST(test_killed)
{
        launch(ID, true, 0);
        started(0);
        order_kill(ID, 1000);
        ck_assert_int_eq(only(DO_SIGNAL)->signal, SIGTERM);
        ck_assert_str_eq(only(DO_SIGNAL)->child, ID);
        ck_assert_uint_eq(worker_deadline(&worker), 11000 * MSEC);
        tick(10999);
        ck_assert_uint_eq(actions(), 0);
        tick(11000);
        ck_assert_int_eq(only(DO_SIGNAL)->signal, SIGKILL);
        exited(137, 11001);
        expect_end(DRIVER_KILLED, NULL);
}
END_TEST

START_TEST(test_killed_but_ends_well)
{
        launch(ID, false, 0);
        started(0);
        order_kill(ID, 1);
        exited(0, 2);
        expect_end(DRIVER_FINISHED, NULL);
}
END_TEST

START_TEST(test_does_not_end_by_any_signal)
{
        launch(ID, false, 0);
        started(0);
        order_kill(ID, 0);
        tick(10000);
        tick(20000);
        expect_end(DRIVER_KILLED, NULL);
}
END_TEST

START_TEST(test_killed_before_it_runs)
{
        launch(ID, false, 0);
        order_kill(ID, 1);
        ck_assert_str_eq(only(DO_CANCEL)->child, ID);
        expect_end(DRIVER_KILLED, NULL);
}
END_TEST

START_TEST(test_supervised)
{
        uint64_t at = 0;

        launch(ID, true, 0);
        for (unsigned pause = 1000; pause <= 8000; pause *= 2) {
                started(at);
                exited(1, at + 5000);
                ck_assert_uint_eq(actions(), 0);
                at += 5000 + pause;
                ck_assert_uint_eq(worker_deadline(&worker), at * MSEC);
                ck_assert_int_eq(worker_cores_used(&worker), 2);
                tick(at - 1);
                ck_assert_uint_eq(actions(), 0);
                tick(at);
                expect_launch();
                tick(at + 1);
                ck_assert_uint_eq(actions(), 0);
        }
        /* After a longer run it is a second again. */
        started(at);
        exited(1, at + 5001);
        ck_assert_uint_eq(worker_deadline(&worker), (at + 6001) * MSEC);
        tick(at + 6001);
        expect_launch();
        started(at + 6001);
        exited(0, at + 6002);
        expect_end(DRIVER_FINISHED, NULL);
}
END_TEST

START_TEST(test_killed_between_two_runs)
{
        launch(ID, true, 0);
        started(0);
        exited(1, 1);
        order_kill(ID, 2);
        ck_assert_ptr_null(only(DO_CANCEL));
        expect_end(DRIVER_KILLED, NULL);
        tick(5000);
        ck_assert_uint_eq(actions(), 0);
}
END_TEST

START_TEST(test_masters_are_told)
{
        const Message changed = { .type = MSG_MASTER_CHANGED,
                                  .master_changed = { .master = { "Master", { "n", 7077 } },
                                                      .master_web_ui_url = "http://n:8080" } };
        const Message *m;

        launch(ID, false, 0);
        started(0);
        accept_worker(MASTER, 1);
        for (const WorkerEffect *e = fx.first; e; e = e->next)
                if (e->type == DO_SEND && e->message->type == MSG_WORKER_LATEST_STATE) {
                        ck_assert_uint_eq(e->message->worker_latest_state.driver_ids.length, 1);
                        ck_assert_str_eq(e->message->worker_latest_state.driver_ids.items[0], ID);
                }
        say_on(12, &changed, 2);
        ck_assert_ptr_nonnull(only(DO_SEND));
        m = only(DO_SEND)->message;
        ck_assert_int_eq(m->type, MSG_WORKER_SCHEDULER_STATE_RESPONSE);
        ck_assert_uint_eq(m->worker_scheduler_state_response.driver_responses.length, 1);
        ck_assert_str_eq(m->worker_scheduler_state_response.driver_responses.items[0].driver_id,
                         ID);
        ck_assert_str_eq(
                m->worker_scheduler_state_response.driver_responses.items[0].resources.items[0].key,
                "gpu");
}
END_TEST

START_TEST(test_end_without_a_master_is_told_later)
{
        unsigned told = 0;

        launch(ID, false, 0);
        started(0);
        handle((WorkerEvent){ .type = ON_CLOSED, .conn = MASTER, .text = "gone" }, 1);
        exited(0, 2);
        ck_assert_uint_eq(actions(), 0);
        accept_worker(13, 3);
        for (const WorkerEffect *e = fx.first; e; e = e->next)
                told += e->type == DO_SEND && e->conn == 13 &&
                        e->message->type == MSG_DRIVER_STATE_CHANGED &&
                        e->message->driver_state_changed.state == DRIVER_FINISHED;
        ck_assert_uint_eq(told, 1);
        accept_worker(13, 4);
        for (const WorkerEffect *e = fx.first; e; e = e->next)
                ck_assert(e->type != DO_SEND || e->message->type != MSG_DRIVER_STATE_CHANGED);
}
END_TEST

START_TEST(test_stop)
{
        launch("driver-2", false, 0); /* its jar is on its way */
        launch(ID, true, 0);
        started(0);
        handle((WorkerEvent){ .type = ON_STOP }, 1);
        ck_assert_str_eq(only(DO_SIGNAL)->child, ID);
        ck_assert_str_eq(only(DO_CANCEL)->child, "driver-2");
        ck_assert_ptr_null(only(DO_EXIT));
        exited(143, 2);
        ck_assert_ptr_null(only(DO_SEND));
        ck_assert_int_eq(only(DO_EXIT)->status, 0);
}
END_TEST

START_TEST(test_only_some_are_kept)
{
        for (int i = 0; i < 11; i++) {
                launch(ID, false, 0);
                started(0);
                exited(0, 1);
        }
        ck_assert_uint_eq(worker.drivers.n_finished, 11); /* the master may not know of any yet */
        tick(30001);
        launch(ID, false, 30002);
        started(30002);
        exited(0, 30003);
        ck_assert_uint_eq(worker.drivers.n_finished, 11);
        tick(60003);
        ck_assert_uint_eq(drivers_deadline(&worker.drivers), UINT64_MAX);
}
END_TEST

static unsigned ends_told(uint64_t conn)
{
        unsigned n = 0;

        for (const WorkerEffect *e = fx.first; e; e = e->next)
                n += e->type == DO_SEND && e->conn == conn &&
                     e->message->type == MSG_DRIVER_STATE_CHANGED;
        return n;
}

/* The master may have ended before it heard. */
START_TEST(test_end_is_told_again_on_the_next_connection)
{
        launch(ID, false, 0);
        started(0);
        exited(0, 1);
        ck_assert_uint_eq(ends_told(MASTER), 1);
        handle((WorkerEvent){ .type = ON_CLOSED, .conn = MASTER, .text = "gone" }, 2);
        accept_worker(12, 20);
        ck_assert_uint_eq(ends_told(12), 1);
        if (_i == 1) { /* it breaks, too */
                handle((WorkerEvent){ .type = ON_CLOSED, .conn = 12, .text = "gone" }, 21);
                tick(60000);
                accept_worker(13, 60001);
                ck_assert_uint_eq(ends_told(13), 1);
                tick(90001);
        } else {
                tick(30020);
        }
        accept_worker(14, 90002);
        ck_assert_uint_eq(ends_told(14), 0);
}
END_TEST

START_TEST(test_killed_for_memory)
{
        launch(ID, false, 10);
        started(10);
        handle((WorkerEvent){ .type = ON_EXITED,
                              .child = ID,
                              .code = 137,
                              .out_of_memory = true,
                              .text = "Killed for memory: limit 896 MiB" },
               20);
        /* As an exception, which spark-submit prints. */
        expect_end(DRIVER_FAILED, "Killed for memory: limit 896 MiB");
}
END_TEST

START_TEST(test_other_causes_are_no_exceptions)
{
        launch(ID, false, 10);
        started(10);
        handle((WorkerEvent){ .type = ON_EXITED,
                              .child = ID,
                              .code = 1,
                              .text = "Command exited with code 1: an error" },
               20);
        expect_end(DRIVER_FAILED, NULL);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("driver-fsm");
        TCase *tc = tcase_create("driver-fsm");

        tcase_add_checked_fixture(tc, set_up, tear_down);
        tcase_add_test(tc, test_runs_to_its_end);
        tcase_add_test(tc, test_fails);
        tcase_add_test(tc, test_cannot_start);
        tcase_add_test(tc, test_order_that_cannot_be);
        tcase_add_test(tc, test_order_of_someone_else);
        tcase_add_test(tc, test_killed);
        tcase_add_test(tc, test_killed_but_ends_well);
        tcase_add_test(tc, test_does_not_end_by_any_signal);
        tcase_add_test(tc, test_killed_before_it_runs);
        tcase_add_test(tc, test_supervised);
        tcase_add_test(tc, test_killed_between_two_runs);
        tcase_add_test(tc, test_masters_are_told);
        tcase_add_test(tc, test_end_without_a_master_is_told_later);
        tcase_add_test(tc, test_stop);
        tcase_add_test(tc, test_only_some_are_kept);
        tcase_add_loop_test(tc, test_end_is_told_again_on_the_next_connection, 0, 2);
        tcase_add_test(tc, test_killed_for_memory);
        tcase_add_test(tc, test_other_causes_are_no_exceptions);
        suite_add_tcase(suite, tc);
        return unit_run(suite);
}
