/* SPDX-License-Identifier: Apache-2.0 */
/* Several Spark versions at once: who may run what, and how the master finds out. */
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

#define LINES_A  (LINE_BIT(LINE_3_4) | LINE_BIT(LINE_3_5))
#define LINES_B2 (LINE_BIT(LINE_4_1) | LINE_BIT(LINE_4_2))

START_TEST(engines_are_served)
{
        const char *engines[] = { "3.5.9", "4.3.0", "3.5.9/2.13", "17.0" };
        char text[APP_EXPLAIN_MAX];
        rig_add_worker_with(&rig, 1, "w1", "sparkd.engines", engines, 4);
        const Worker *w = master_worker(rig.m, "w1");
        ck_assert_str_eq(w->engines, "3.5.9, 4.3.0, 3.5.9/2.13, 17.0");
        ck_assert_uint_eq(w->n_resources, 0);
        ck_assert_uint_eq(w->lines,
                          LINE_BIT(LINE_3_5) | LINE_BIT(LINE_4_3) | LINE_BIT(LINE_3_5_SCALA_2_13));
        rig.lines = LINES_A;
        rig_new_app(&rig, 7, 1, 1, 1024);
        (void)rig_sent(&rig, 1, MSG_LAUNCH_EXECUTOR);
        rig.lines = LINE_BIT(LINE_4_0);
        const char *app = rig_new_app(&rig, 8, 1, 1, 1024);
        ck_assert_uint_eq(rig_count(&rig, MSG_LAUNCH_EXECUTOR), 0);
        ck_assert(rig_logged(&rig, "it runs Spark 4.0; registered workers run 3.5"));
        rig_waiting_told(&rig, 8, "waits: it runs Spark 4.0; registered workers run 3.5");
        master_explain_app(rig.m, master_app(rig.m, app), text);
        ck_assert_ptr_nonnull(strstr(text, "it runs Spark 4.0; registered workers run 3.5"));
        rig_heartbeat(&rig, 1, "w1");
        rig.lines = LINE_BIT(LINE_4_3);
        rig_new_app(&rig, 9, 1, 1, 1024);
        ck_assert(!rig_logged(&rig, "registered workers run")); /* once is enough */
        /* One that fits comes. */
        rig.lines = LINE_BIT(LINE_4_0);
        rig_register_worker(&rig, 2, "w2", 2, 8, 8192);
        ck_assert_str_eq(rig_sent(&rig, 2, MSG_LAUNCH_EXECUTOR)->launch_executor.app_id, app);
        ck_assert_str_eq(master_explain_app(rig.m, master_app(rig.m, app), text), "");
}
END_TEST

START_TEST(no_engine_at_all)
{
        rig_add_worker_with(&rig, 1, "w1", "sparkd.engines", NULL, 0);
        rig.lines = LINE_BIT(LINE_4_0);
        rig_new_app(&rig, 8, 1, 1, 1024);
        ck_assert(
                rig_logged(&rig, "waits: it runs Spark 4.0; no registered worker has any engine"));
        rig_waiting_told(&rig, 8, "waits: it runs Spark 4.0; no registered worker has any engine");
        ck_assert_uint_eq(rig_count(&rig, MSG_EXECUTOR_UPDATED), 0); /* nothing of its size */
}
END_TEST

START_TEST(new_engine_is_heard_of)
{
        const char *engines[] = { "3.5.9", "4.3.0" };
        rig_add_worker_with(&rig, 1, "w1", "sparkd.engines", engines, 1);
        rig.lines = LINE_BIT(LINE_4_3);
        const char *app = rig_new_app(&rig, 9, 1, 1, 1024);
        ck_assert_uint_eq(rig_count(&rig, MSG_LAUNCH_EXECUTOR), 0);
        rig_add_worker_with(&rig, 1, "w1", "sparkd.engines", engines, 2);
        ck_assert_str_eq(master_worker(rig.m, "w1")->engines, "3.5.9, 4.3.0");
        ck_assert_str_eq(rig_sent(&rig, 1, MSG_LAUNCH_EXECUTOR)->launch_executor.app_id, app);
        ck_assert(rig_logged(&rig, "for Spark 3.5, 4.3"));
        /* And of one that is gone. */
        rig_add_worker_with(&rig, 1, "w1", "sparkd.engines", engines, 1);
        ck_assert_uint_eq(master_worker(rig.m, "w1")->lines, LINE_BIT(LINE_3_5));
}
END_TEST

START_TEST(jvm_worker_is_identified)
{
        rig.lines = LINES_A;
        rig_register_worker(&rig, 1, "w1", 1, 8, 8192);
        (void)rig_sent(&rig, 1, MSG_REGISTERED_WORKER);
        rig_identifies(&rig, 1, LINES_A);
        rig_quiet(&rig);
        /* Whoever is content with either may use it at once. */
        rig_new_app(&rig, 7, 1, 1, 1024);
        (void)rig_sent(&rig, 1, MSG_LAUNCH_EXECUTOR);
        rig.lines = LINE_BIT(LINE_3_5);
        const char *app = rig_new_app(&rig, 8, 1, 1, 1024);
        ck_assert_uint_eq(rig_count(&rig, MSG_LAUNCH_EXECUTOR), 0);

        rig_event(&rig, (MasterEvent){
                                .type = EVENT_IDENTIFIED, .conn = 1, .lines = LINE_BIT(LINE_3_5) });
        ck_assert_str_eq(rig_sent(&rig, 1, MSG_LAUNCH_EXECUTOR)->launch_executor.app_id, app);
        ck_assert_uint_eq(master_worker(rig.m, "w1")->lines, LINE_BIT(LINE_3_5));
        rig.lines = LINE_BIT(LINE_3_4);
        rig_new_app(&rig, 9, 1, 1, 1024);
        ck_assert_uint_eq(rig_count(&rig, MSG_LAUNCH_EXECUTOR), 0);
}
END_TEST

START_TEST(identification_times_out)
{
        rig.lines = LINES_A;
        rig_register_worker(&rig, 1, "w1", 1, 8, 8192);
        rig.lines = LINE_BIT(LINE_3_4);
        rig_new_app(&rig, 8, 1, 1, 1024);
        ck_assert_uint_eq(rig_count(&rig, MSG_LAUNCH_EXECUTOR), 0);
        rig_pass(&rig, SECOND - 1);
        rig_quiet(&rig);
        rig_pass(&rig, 1);
        (void)rig_sent(&rig, 1, MSG_LAUNCH_EXECUTOR);
        /* The answer comes late, and says nothing. */
        rig_event(&rig, (MasterEvent){ .type = EVENT_IDENTIFIED, .conn = 1, .error = -110 });
        rig_quiet(&rig);
        ck_assert_uint_eq(master_worker(rig.m, "w1")->lines, LINES_A);
        rig_event(&rig, (MasterEvent){ .type = EVENT_IDENTIFIED, .conn = 99 });
        rig_quiet(&rig);
}
END_TEST

START_TEST(connection_closes_while_identifying)
{
        rig.lines = LINES_A;
        rig_register_worker(&rig, 1, "w1", 1, 8, 8192);
        rig_close(&rig, 1);
        rig_event(&rig, (MasterEvent){ .type = EVENT_IDENTIFIED, .conn = 1, .lines = LINES_A });
        rig_pass(&rig, 3 * SECOND);
        rig_quiet(&rig);
}
END_TEST

/* Registers an application with one Java option and perhaps SPARKD_ENGINE; returns its lines. */
static LineSet lines_of_app(ConnId conn, const char *option, const char *engine)
{
        const char *opts[] = { "-Dspark.driver.port=1", option };
        StringPair env[] = { { "SPARK_USER", "u" }, { "SPARKD_ENGINE", engine } };
        ApplicationDescription desc = rig_app(&rig, "app", 1, 1, 1024);
        desc.command.java_opts = (StringSeq){ opts, option ? 2 : 1 };
        desc.command.environment = (StringMap){ env, engine ? 2 : 1 };
        rig_register_app(&rig, conn, &desc);
        if (rig_count(&rig, MSG_APPLICATION_REMOVED) > 0)
                return 0;
        const char *id =
                rig_sent(&rig, conn, MSG_REGISTERED_APPLICATION)->registered_application.app_id;
        return master_app(rig.m, id)->lines;
}

START_TEST(app_tells_its_line)
{
        rig.lines = LINES_B2;
        ck_assert_uint_eq(lines_of_app(1, NULL, NULL), LINES_B2);
        ck_assert_uint_eq(lines_of_app(2, "-Djdk.reflect.useDirectMethodHandle=false", NULL),
                          LINE_BIT(LINE_4_1));
        ck_assert_uint_eq(lines_of_app(3, "--sun-misc-unsafe-memory-access=allow", NULL),
                          LINE_BIT(LINE_4_2));
        ck_assert_uint_eq(lines_of_app(4, NULL, "4.2.1"), LINE_BIT(LINE_4_2));
        ck_assert_uint_eq(lines_of_app(5, NULL, "3.5.9"), 0);
        ck_assert_uint_eq(lines_of_app(6, NULL, "nonsense"), 0);
        rig.lines = LINES_A;
        ck_assert_uint_eq(lines_of_app(7, "-Djdk.reflect.useDirectMethodHandle=false", NULL),
                          LINES_A);
        /* A user's own option does not make a line up. */
        ck_assert_uint_eq(lines_of_app(8, "--sun-misc-unsafe-memory-access=allow", NULL), LINES_A);
        rig.lines = LINE_BIT(LINE_3_5_SCALA_2_13);
        ck_assert_uint_eq(lines_of_app(9, NULL, "3.5.9"), LINE_BIT(LINE_3_5_SCALA_2_13));
        ck_assert_uint_eq(lines_of_app(10, NULL, "3.5.9/2.13"), LINE_BIT(LINE_3_5_SCALA_2_13));
}
END_TEST

START_TEST(foreign_app_is_told_what_is_served)
{
        rig.lines = 0;
        ApplicationDescription desc = rig_app(&rig, "app", 1, 1, 1024);
        rig_register_app(&rig, 9, &desc);
        const char *text = rig_sent(&rig, 9, MSG_APPLICATION_REMOVED)->application_removed.message;
        ck_assert_ptr_nonnull(strstr(text, "Spark versions served: 3.4"));
        ck_assert_ptr_null(master_apps(rig.m));
}
END_TEST

static void worker_of_line(ConnId conn, const char *id, const char *engine)
{
        rig_add_worker_with(&rig, conn, id, "sparkd.engines", &engine, 1);
}

static void version_told(const char *app, const char *version)
{
        rig_event(&rig, (MasterEvent){ .type = EVENT_VERSION, .text = app, .version = version });
}

START_TEST(driver_is_asked_where_workers_differ)
{
        rig.lines = LINES_A;
        worker_of_line(1, "w1", "3.5.9");
        /* Nothing to choose: no time is lost with a question. */
        (void)rig_new_app(&rig, 7, 1, 1, 1024);
        (void)rig_sent(&rig, 1, MSG_LAUNCH_EXECUTOR);
        worker_of_line(2, "w2", "3.4.4");
        const char *app = rig_new_app(&rig, 8, 1, 1, 1024);
        rig_asks_version(&rig, app);
        rig_quiet(&rig);
        /* It waits for the answer, and is not asked twice. */
        rig_heartbeat(&rig, 1, "w1");
        worker_of_line(3, "w3", "3.4.3");
        rig_quiet(&rig);
        version_told(app, "3.4.4");
        ck_assert_uint_eq(master_app(rig.m, app)->lines, LINE_BIT(LINE_3_4));
        const Message *launch = rig_sent(&rig, 3, MSG_LAUNCH_EXECUTOR);
        ck_assert_str_eq(launch->launch_executor.app_id, app);
        version_told(app, "3.5.9"); /* nobody asked */
        rig_quiet(&rig);
}
END_TEST

START_TEST(silent_driver_is_taken_for_any_line)
{
        rig.lines = LINES_A;
        worker_of_line(1, "w1", "3.5.9");
        worker_of_line(2, "w2", "3.4.4");
        const char *app = rig_new_app(&rig, 8, 1, 1, 1024);
        rig_asks_version(&rig, app);
        rig_pass(&rig, 30 * SECOND - 1);
        ck_assert_uint_eq(rig_count(&rig, MSG_LAUNCH_EXECUTOR), 0);
        rig_pass(&rig, 1);
        ck_assert_uint_eq(rig_count(&rig, MSG_LAUNCH_EXECUTOR), 1);

        app = rig_new_app(&rig, 9, 1, 1, 1024);
        rig_asks_version(&rig, app);
        version_told(app, NULL);
        ck_assert_uint_eq(rig_count(&rig, MSG_LAUNCH_EXECUTOR), 1);
        ck_assert_uint_eq(master_app(rig.m, app)->lines, LINES_A);

        app = rig_new_app(&rig, 10, 1, 1, 1024);
        rig_asks_version(&rig, app);
        version_told(app, "4.3.0"); /* cannot be */
        ck_assert(rig_logged(&rig, "is not what its messages look like"));
        ck_assert_uint_eq(master_app(rig.m, app)->lines, LINES_A);

        /* One that ends while it is asked leaves nothing behind. */
        app = rig_new_app(&rig, 11, 1, 1, 1024);
        rig_asks_version(&rig, app);
        rig_close(&rig, 11);
        rig_pass(&rig, 31 * SECOND);
        version_told(app, "3.5.9");
        rig_quiet(&rig);
}
END_TEST

START_TEST(failing_executors_make_the_version_suspect)
{
        rig.lines = LINES_A;
        worker_of_line(1, "w1", "3.5.9");
        const char *app = rig_new_app(&rig, 8, 1, 1, 1024);
        (void)rig_sent(&rig, 1, MSG_LAUNCH_EXECUTOR);
        rig_executor_state(&rig, 1, app, 0, EXECUTOR_EXITED, 1);
        rig_asks_version(&rig, app);
        ck_assert_uint_eq(rig_count(&rig, MSG_LAUNCH_EXECUTOR), 0);
        version_told(app, "3.4.1");
        ck_assert_uint_eq(rig_count(&rig, MSG_LAUNCH_EXECUTOR), 0);
        ck_assert(rig_logged(&rig, "it runs Spark 3.4; registered workers run 3.5"));
}
END_TEST

START_TEST(our_workers_are_told_the_lines)
{
        rig.lines = LINES_A;
        worker_of_line(1, "w1", "3.5.9");
        (void)rig_new_app(&rig, 8, 1, 1, 1024);
        const Message *launch = rig_sent(&rig, 1, MSG_LAUNCH_EXECUTOR);
        const StringMap env = launch->launch_executor.app_desc.command.environment;
        ck_assert_uint_ge(env.length, 1);
        ck_assert_str_eq(env.items[env.length - 1].key, "SPARKD_LINES");
        ck_assert_str_eq(env.items[env.length - 1].value, "3.4,3.5");
        /* A JVM's executor would get it as an environment variable. */
        rig_close(&rig, 1);
        rig.lines = LINE_BIT(LINE_3_5);
        rig_add_worker(&rig, 2, "w2");
        launch = rig_sent(&rig, 2, MSG_LAUNCH_EXECUTOR);
        ck_assert_uint_eq(launch->launch_executor.app_desc.command.environment.length,
                          env.length - 1);
}
END_TEST

START_TEST(our_workers_are_told_the_lines_of_drivers)
{
        const char *opts[] = { "-Dspark.executorEnv.SPARKD_ENGINE=3.5.6" };
        Message msg = { .type = MSG_REQUEST_SUBMIT_DRIVER };
        msg.request_submit_driver.driver_description =
                (DriverDescription){ .jar_url = "file:/x.jar", .mem = 1, .cores = 1 };
        rig.lines = LINES_A;
        worker_of_line(1, "w1", "3.5.9");
        rig_ask(&rig, 5, &msg);
        const Message *launch = rig_sent(&rig, 1, MSG_LAUNCH_DRIVER);
        StringMap env = launch->launch_driver.driver_desc.command.environment;
        ck_assert_uint_eq(env.length, 1);
        ck_assert_str_eq(env.items[0].key, "SPARKD_LINES");
        ck_assert_str_eq(env.items[0].value, "3.4,3.5");
        /* Its own wish, which in cluster mode is a Java option. */
        msg.request_submit_driver.driver_description.command.java_opts = (StringSeq){ opts, 1 };
        rig_ask(&rig, 5, &msg);
        launch = rig_sent(&rig, 1, MSG_LAUNCH_DRIVER);
        env = launch->launch_driver.driver_desc.command.environment;
        ck_assert_str_eq(env.items[0].value, "3.5");
        /* A JVM worker gets the command as it came. */
        rig_close(&rig, 1);
        rig.lines = LINE_BIT(LINE_3_5);
        rig_add_worker(&rig, 2, "w2");
        rig_ask(&rig, 5, &msg);
        launch = rig_sent(&rig, 2, MSG_LAUNCH_DRIVER);
        ck_assert_uint_eq(launch->launch_driver.driver_desc.command.environment.length, 0);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("lines");
        TCase *c = tcase_create("conversations");
        tcase_add_checked_fixture(c, setup, teardown);
        tcase_add_test(c, engines_are_served);
        tcase_add_test(c, no_engine_at_all);
        tcase_add_test(c, new_engine_is_heard_of);
        tcase_add_test(c, jvm_worker_is_identified);
        tcase_add_test(c, identification_times_out);
        tcase_add_test(c, connection_closes_while_identifying);
        tcase_add_test(c, app_tells_its_line);
        tcase_add_test(c, foreign_app_is_told_what_is_served);
        tcase_add_test(c, driver_is_asked_where_workers_differ);
        tcase_add_test(c, silent_driver_is_taken_for_any_line);
        tcase_add_test(c, failing_executors_make_the_version_suspect);
        tcase_add_test(c, our_workers_are_told_the_lines);
        tcase_add_test(c, our_workers_are_told_the_lines_of_drivers);
        suite_add_tcase(s, c);
        return unit_run(s);
}
