/* SPDX-License-Identifier: Apache-2.0 */
/* One process of the worker after another, on one state directory. */
#include "daemons/worker/keep.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "store/store.h"
#include "tests/unit/unit.h"

#define SEC  UINT64_C(1000000)
#define CONN 5 /* to the master */

static WorkerConfig config;
static char directory[32];
static Keep *keep;
static Worker w;
static WorkerEffects fx;
static Strv dirs_seen;

static int see_dirs(void *user, const char *app_id, const Strv *dirs)
{
        int r = strv_add(&dirs_seen, app_id);

        for (size_t i = 0; r == 0 && i < dirs->length; i++)
                r = strv_add(&dirs_seen, dirs->items[i]);
        return r;
}

static void start_process(void)
{
        CLEANUP_FREE char *problem = NULL;

        ck_assert_int_eq(keep_open(directory, &keep, &problem), 0);
        ck_assert_int_eq(worker_init(&w, &config), 0);
        ck_assert_int_eq(keep_load(keep, &w, see_dirs, NULL), 0);
        worker_effects_init(&fx);
}

static void end_process(void)
{
        worker_effects_done(&fx);
        worker_done(&w);
        keep = keep_close(keep);
        strv_done(&dirs_seen);
}

static void restart(void)
{
        end_process();
        start_process();
}

static void begin(void)
{
        (void)snprintf(directory, sizeof(directory), "/tmp/test-keep-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(directory));
        config = (WorkerConfig){
                .executors = { .worker_id = "w", .sync_attempts = 5, .retained = 10 },
                .drivers = { .worker_id = "w", .retained = 10 },
        };
        start_process();
}

static void end(void)
{
        end_process();
        ck_assert_int_eq(dir_remove(directory), 0);
}

/* What one event brought about is kept, as the actor does it. */
static void kept(void)
{
        ck_assert(!fx.failed);
        ck_assert_int_eq(keep_effects(keep, &fx), 0);
        worker_effects_done(&fx);
}

static void launch(int32_t exec_id)
{
        const Message m = { .type = MSG_LAUNCH_EXECUTOR,
                            .launch_executor = { .master_url = "spark://m:7077",
                                                 .app_id = "app-1",
                                                 .exec_id = exec_id,
                                                 .rp_id = 0,
                                                 .app_desc = { .name = "pi", .user = "me" },
                                                 .cores = 2,
                                                 .memory = 512 } };

        executors_launch(&w.executors, &m, CONN, SEC, &fx);
        kept();
}

static void happens(WorkerEvent event)
{
        worker_effects_done(&fx);
        w.registration.conn = CONN;
        worker_handle(&w, &event, 9 * SEC, &fx);
}

static unsigned reports(ExecutorState state)
{
        unsigned n = 0;

        for (const WorkerEffect *e = fx.first; e; e = e->next)
                n += e->type == DO_ASK && e->message->executor_state_changed.state == state;
        return n;
}

static void acknowledge(void)
{
        uint64_t ticket = 0;

        for (const WorkerEffect *e = fx.first; e; e = e->next)
                if (e->type == DO_ASK)
                        ticket = e->ticket;
        kept();
        happens((WorkerEvent){ .type = ON_ANSWERED, .ticket = ticket, .ok = true });
        kept();
}

static void run_executor(void)
{
        launch(3);
        happens((WorkerEvent){ .type = ON_STARTED, .child = "app-1/3" });
        ck_assert_uint_eq(reports(EXECUTOR_RUNNING), 1);
        acknowledge();
}

START_TEST(an_executor_that_runs_on)
{
        const Executor *e;

        run_executor();
        restart();
        e = executors_find(&w.executors, "app-1/3");
        ck_assert_ptr_nonnull(e);
        ck_assert_str_eq(e->app->name, "pi");
        ck_assert_str_eq(e->app->user, "me");
        ck_assert_int_eq(w.executors.cores_used, 2);
        ck_assert_int_eq(w.executors.memory_used_mb, 512);
        happens((WorkerEvent){ .type = ON_STARTED, .child = "app-1/3" });
        happens((WorkerEvent){ .type = ON_LISTED });
        ck_assert_uint_eq(reports(EXECUTOR_RUNNING) + reports(EXECUTOR_LOST), 0);
        ck_assert_int_eq(e->state, EXECUTOR_RUNNING);
        happens((WorkerEvent){ .type = ON_EXITED, .child = "app-1/3", .code = 1 });
        ck_assert_uint_eq(reports(EXECUTOR_EXITED), 1);
        ck_assert_int_eq(w.executors.cores_used, 0);
        acknowledge();
        restart();
        ck_assert_uint_eq(executors_running(&w.executors), 0);
        ck_assert_ptr_null(w.executors.reports);
}
END_TEST

START_TEST(one_that_ended_meanwhile)
{
        run_executor();
        restart();
        happens((WorkerEvent){
                .type = ON_EXITED, .child = "app-1/3", .code = 137, .text = "Killed" });
        ck_assert_uint_eq(reports(EXECUTOR_EXITED), 1);
        kept();
        happens((WorkerEvent){ .type = ON_LISTED });
        ck_assert_uint_eq(reports(EXECUTOR_LOST), 0);
        /* Not acknowledged: the next process reports it again. */
        restart();
        ck_assert_uint_eq(executors_running(&w.executors), 0);
        happens((WorkerEvent){ .type = ON_TICK });
        ck_assert_uint_eq(reports(EXECUTOR_EXITED), 1);
        ck_assert_str_eq(fx.first->message->executor_state_changed.message, "Killed");
        ck_assert_int_eq(fx.first->message->executor_state_changed.exit_status.value, 137);
}
END_TEST

START_TEST(one_that_went_with_the_host)
{
        run_executor();
        restart();
        happens((WorkerEvent){ .type = ON_LISTED });
        ck_assert_uint_eq(reports(EXECUTOR_LOST), 1);
        ck_assert_int_eq(w.executors.cores_used, 0);
}
END_TEST

START_TEST(one_whose_start_was_not_reported)
{
        launch(3);
        restart();
        happens((WorkerEvent){ .type = ON_STARTED, .child = "app-1/3" });
        ck_assert_uint_eq(reports(EXECUTOR_RUNNING), 1);
}
END_TEST

START_TEST(one_that_is_to_end)
{
        run_executor();
        executors_kill(&w.executors, "app-1", 3, 2 * SEC, &fx);
        kept();
        restart();
        happens((WorkerEvent){ .type = ON_STARTED, .child = "app-1/3" });
        ck_assert_int_eq(fx.first->type, DO_SIGNAL);
        happens((WorkerEvent){ .type = ON_EXITED, .child = "app-1/3", .code = 143 });
        ck_assert_uint_eq(reports(EXECUTOR_KILLED), 1);
}
END_TEST

START_TEST(an_application_that_is_done)
{
        run_executor();
        executors_app_finished(&w.executors, "app-1", &fx);
        kept();
        restart();
        happens((WorkerEvent){ .type = ON_STARTED, .child = "app-1/3" });
        happens((WorkerEvent){ .type = ON_EXITED, .child = "app-1/3", .code = 0 });
        for (const WorkerEffect *e = fx.first; e; e = e->next)
                if (e->type == DO_CLEAN_APP)
                        return;
        ck_abort_msg("its directories are not cleaned up");
}
END_TEST

static void launch_driver(bool supervise)
{
        const Message m = { .type = MSG_LAUNCH_DRIVER,
                            .launch_driver = { .driver_id = "driver-1",
                                               .driver_desc = { .jar_url = "file:/x.jar",
                                                                .mem = 700,
                                                                .cores = 1,
                                                                .supervise = supervise,
                                                                .command.main_class = "Main" } } };

        drivers_launch(&w.drivers, &m, CONN, &fx);
        kept();
        happens((WorkerEvent){ .type = ON_STARTED, .child = "driver-1" });
        kept();
}

START_TEST(a_driver_that_runs_on)
{
        const Driver *d;

        launch_driver(true);
        restart();
        d = drivers_find(&w.drivers, "driver-1");
        ck_assert_ptr_nonnull(d);
        ck_assert_str_eq(d->main_class, "Main");
        happens((WorkerEvent){ .type = ON_STARTED, .child = "driver-1" });
        happens((WorkerEvent){ .type = ON_LISTED });
        ck_assert_int_eq(d->state, DRIVER_RUNNING);
        ck_assert_int_eq(w.drivers.cores_used, 1);
        /* Its order is whole: it can be run again. */
        happens((WorkerEvent){ .type = ON_EXITED, .child = "driver-1", .code = 1 });
        ck_assert_uint_ne(d->restart_at, 0);
        ck_assert_str_eq(d->launch.launch_driver.driver_desc.jar_url, "file:/x.jar");
}
END_TEST

START_TEST(a_driver_that_went_with_the_host)
{
        const Driver *d;

        launch_driver(_i == 1);
        restart();
        happens((WorkerEvent){ .type = ON_LISTED });
        d = drivers_find(&w.drivers, "driver-1");
        ck_assert_int_eq(d != NULL, _i == 1);
        if (_i == 0)
                ck_assert_int_eq(w.drivers.finished->state, DRIVER_FAILED);
}
END_TEST

START_TEST(a_drivers_end_that_nobody_heard_of)
{
        launch_driver(false);
        worker_effects_done(&fx);
        drivers_handle(&w.drivers,
                       &(WorkerEvent){ .type = ON_EXITED, .child = "driver-1", .code = 0 }, 0, SEC,
                       &fx);
        kept();
        restart();
        drivers_send_unreported(&w.drivers, CONN, SEC, &fx);
        ck_assert_int_eq(fx.first->message->type, MSG_DRIVER_STATE_CHANGED);
        ck_assert_int_eq(fx.first->message->driver_state_changed.state, DRIVER_FINISHED);
        kept();
        restart(); /* before it can be known that the master has heard it */
        ck_assert_ptr_nonnull(w.drivers.finished);
        drivers_send_unreported(&w.drivers, CONN, SEC, &fx);
        worker_effects_done(&fx);
        drivers_handle(&w.drivers, &(WorkerEvent){ .type = ON_TICK }, CONN,
                       drivers_deadline(&w.drivers), &fx);
        kept();
        restart();
        ck_assert_ptr_null(w.drivers.finished);
}
END_TEST

START_TEST(the_workers_id)
{
        CLEANUP_FREE char *same = NULL;

        ck_assert_ptr_null(keep_worker_id(keep, "h", 7078));
        ck_assert_int_eq(keep_set_worker_id(keep, "h", 7078, "worker-1"), 0);
        restart();
        same = keep_worker_id(keep, "h", 7078);
        ck_assert_str_eq(same, "worker-1");
        ck_assert_ptr_null(keep_worker_id(keep, "h", 7079));
        ck_assert_ptr_null(keep_worker_id(keep, "other", 7078));
        ck_assert_int_eq(keep_set_worker_id(keep, "h", 7078, NULL), 0);
        ck_assert_ptr_null(keep_worker_id(keep, "h", 7078));
}
END_TEST

START_TEST(directories)
{
        CLEANUP_STRV Strv dirs = { 0 };

        ck_assert_int_eq(strv_add(&dirs, "/a/spark-1/executor-1"), 0);
        ck_assert_int_eq(strv_add(&dirs, "/b/spark-2/executor-2"), 0);
        ck_assert_int_eq(keep_local_dirs(keep, "app-1", &dirs), 0);
        restart();
        ck_assert_uint_eq(dirs_seen.length, 3);
        ck_assert_str_eq(dirs_seen.items[0], "app-1");
        ck_assert_str_eq(dirs_seen.items[2], "/b/spark-2/executor-2");
        ck_assert_int_eq(keep_local_dirs(keep, "app-1", NULL), 0);
        restart();
        ck_assert_uint_eq(dirs_seen.length, 0);
}
END_TEST

START_TEST(it_is_for_us_alone)
{
        CLEANUP_FREE char *problem = NULL;
        Keep *other;
        struct stat st;

        ck_assert_int_eq(stat(directory, &st), 0);
        ck_assert_int_eq(st.st_mode & 0777, 0700);
        ck_assert_int_eq(keep_open(directory, &other, &problem), STORE_E_HELD);
        ck_assert_ptr_nonnull(strstr(problem, directory));
}
END_TEST

/* Records of another version, or damaged ones, are left out, and the rest is taken up. */
START_TEST(a_record_that_makes_no_sense)
{
        static const uint8_t records[][4] = { { 9, 0, 0, 0 }, { 1, 0, 0xac, 0xed }, { 1 } };
        char message[STORE_MESSAGE_MAX];
        Store *store;

        run_executor();
        keep = keep_close(keep);
        ck_assert_int_eq(store_open(directory, &store, message), 0);
        for (size_t i = 0; i < ARRAY_SIZE(records); i++)
                for (int kind = RECORD_EXECUTOR; kind <= RECORD_LOCAL_DIRS + 1; kind++) {
                        char key[16];

                        (void)snprintf(key, sizeof(key), "k/%zu", i);
                        ck_assert_int_eq(store_put(store, kind, key, records[i], 4 - i), 0);
                }
        ck_assert_int_eq(store_commit(store), 0);
        (void)store_close(store);
        worker_effects_done(&fx);
        worker_done(&w);
        start_process();
        ck_assert_uint_eq(executors_running(&w.executors), 1);
        ck_assert_uint_eq(dirs_seen.length, 0);
}
END_TEST

START_TEST(without_a_state_directory)
{
        launch(1);
        ck_assert_int_eq(keep_effects(NULL, &fx), 0);
        ck_assert_int_eq(keep_set_worker_id(NULL, "h", 1, "id"), 0);
        ck_assert_ptr_null(keep_worker_id(NULL, "h", 1));
        ck_assert_int_eq(keep_local_dirs(NULL, "app", NULL), 0);
        ck_assert_int_eq(keep_load(NULL, &w, see_dirs, NULL), 0);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("keep");
        TCase *tc = tcase_create("keep");

        tcase_add_checked_fixture(tc, begin, end);
        tcase_add_test(tc, an_executor_that_runs_on);
        tcase_add_test(tc, one_that_ended_meanwhile);
        tcase_add_test(tc, one_that_went_with_the_host);
        tcase_add_test(tc, one_whose_start_was_not_reported);
        tcase_add_test(tc, one_that_is_to_end);
        tcase_add_test(tc, an_application_that_is_done);
        tcase_add_test(tc, a_driver_that_runs_on);
        tcase_add_loop_test(tc, a_driver_that_went_with_the_host, 0, 2);
        tcase_add_test(tc, a_drivers_end_that_nobody_heard_of);
        tcase_add_test(tc, the_workers_id);
        tcase_add_test(tc, directories);
        tcase_add_test(tc, it_is_for_us_alone);
        tcase_add_test(tc, a_record_that_makes_no_sense);
        tcase_add_test(tc, without_a_state_directory);
        suite_add_tcase(suite, tc);
        return unit_run(suite);
}
