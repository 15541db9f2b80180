/* SPDX-License-Identifier: Apache-2.0 */
/* What drivers hear of the end of their executors, whatever happens to the master meanwhile. */
#include <check.h>
#include <stdlib.h>

#include "master-disk.h"
#include "master-rig.h"

static Rig rig;
static Disk disk;
static MasterConfig config;
static const char *app;

static void keep(void)
{
        disk_keep(&disk, &rig);
}

/* An application at 11 with an executor on each of two workers, at 1 and 2. */
static void set_up(void)
{
        config = rig_config();
        rig_init(&rig, &config);
        disk = (Disk){ 0 };
        rig_register_worker(&rig, 1, "w1", 1, 1, 4096);
        keep();
        rig_register_worker(&rig, 2, "w2", 2, 1, 4096);
        keep();
        app = rig_new_app(&rig, 11, 2, 1, 1024);
        keep();
        ck_assert_uint_eq(rig_count(&rig, MSG_LAUNCH_EXECUTOR), 2);
        ck_assert_uint_eq(disk_count(&disk, RECORD_EXECUTOR), 2);
}

static void tear_down(void)
{
        rig_done(&rig);
        disk_done(&disk);
}

/* The process is gone, and what it has not sent; another one begins. */
static void restart(void)
{
        disk_crash(&disk, &rig, &config);
}

static void acknowledge(void)
{
        Message msg = { .type = MSG_MASTER_CHANGE_ACKNOWLEDGED,
                        .master_change_acknowledged = { .app_id = app } };
        rig_tell(&rig, 11, &msg);
        keep();
}

/* The worker runs executor `id` of the application, and nothing else; -1: nothing at all. */
static void tell_state(ConnId conn, const char *worker, int id)
{
        WorkerExecutorStateResponse executor = {
                .desc = { .app_id = app, .exec_id = id, .state = EXECUTOR_RUNNING }
        };
        Message msg = { .type = MSG_WORKER_SCHEDULER_STATE_RESPONSE };
        msg.worker_scheduler_state_response.id = worker;
        msg.worker_scheduler_state_response.exec_responses =
                (WorkerExecutorStateSeq){ &executor, id < 0 ? 0 : 1 };
        rig_tell(&rig, conn, &msg);
        keep();
}

/* The executor that runs on a worker. */
static int runs_on(const char *worker)
{
        const Worker *w = master_worker(rig.m, worker);
        ck_assert_ptr_nonnull(w->executors);
        return w->executors->id;
}

static const Message *hears(int id, ExecutorState state)
{
        const Message *msg = rig_sent(&rig, 11, MSG_EXECUTOR_UPDATED);
        ck_assert_int_eq(msg->executor_updated.id, id);
        ck_assert_int_eq(msg->executor_updated.state, state);
        return msg;
}

static void hears_no_more(void)
{
        ck_assert_uint_eq(rig_count(&rig, MSG_EXECUTOR_UPDATED), 0);
}

/* What was told is forgotten with the next records, and not for its own sake. */
START_TEST(told_and_forgotten)
{
        int id = runs_on("w2");
        rig_executor_state(&rig, 2, app, id, EXECUTOR_EXITED, 3);
        const Message *msg = hears(id, EXECUTOR_EXITED);
        ck_assert_ptr_null(msg->executor_updated.worker_host);
        keep();
        ck_assert_uint_eq(disk_count(&disk, RECORD_EXECUTOR), 3); /* with the one in its place */
        rig_heartbeat(&rig, 1, "w1");
        keep();
        ck_assert_uint_eq(disk_count(&disk, RECORD_EXECUTOR), 3);
        rig_register_worker(&rig, 3, "w3", 3, 1, 4096);
        keep();
        ck_assert_uint_eq(disk_count(&disk, RECORD_EXECUTOR), 2);
        ck_assert_uint_eq(master_app(rig.m, app)->n_removed, 1);
}
END_TEST

/* It ended while the driver was not there, and so did one master after the other. */
START_TEST(told_after_any_number_of_restarts)
{
        int lost = runs_on("w1"), exited = runs_on("w2");
        restart();
        tell_state(2, "w2", exited);
        rig_executor_state(&rig, 2, app, exited, EXECUTOR_EXITED, 137);
        keep();
        tell_state(1, "w1", -1);
        for (int i = 0; i <= _i; i++) {
                restart();
                tell_state(2, "w2", -1);
        }
        hears_no_more();
        ck_assert_uint_eq(disk_count(&disk, RECORD_EXECUTOR), 2);
        ck_assert_int_eq(master_app(rig.m, app)->next_executor_id, 2);
        acknowledge();
        const Message *msg = hears(exited, EXECUTOR_EXITED);
        ck_assert(msg->executor_updated.exit_status.set);
        ck_assert_int_eq(msg->executor_updated.exit_status.value, 137);
        ck_assert_str_eq(msg->executor_updated.message, "said");
        ck_assert_ptr_null(msg->executor_updated.worker_host);
        msg = hears(lost, EXECUTOR_LOST);
        ck_assert_str_eq(msg->executor_updated.message, "the worker does not know this executor");
        ck_assert_str_eq(msg->executor_updated.worker_host, "host");
        hears_no_more();
}
END_TEST

/* The process ended behind the commit, before the word has left. */
START_TEST(told_again_when_in_doubt)
{
        int id = runs_on("w2");
        rig_executor_state(&rig, 2, app, id, EXECUTOR_EXITED, 3);
        keep();
        restart();
        acknowledge();
        (void)hears(id, EXECUTOR_EXITED);
        hears_no_more();
}
END_TEST

/* ... but not when it ended in order: then all has left that was to. */
START_TEST(not_told_again_after_a_clean_restart)
{
        rig_executor_state(&rig, 2, app, runs_on("w2"), EXECUTOR_EXITED, 3);
        keep();
        disk_reload(&disk, &rig, &config);
        rig_event(&rig,
                  (MasterEvent){
                          .type = EVENT_RESUMED, .kind = RECORD_APP, .text = app, .conn = 11 });
        keep();
        hears_no_more();
        ck_assert_uint_eq(disk_count(&disk, RECORD_EXECUTOR), 2);
}
END_TEST

START_TEST(nothing_is_owed_to_an_application_that_ended)
{
        rig_executor_state(&rig, 2, app, runs_on("w2"), EXECUTOR_EXITED, 3);
        keep();
        rig_close(&rig, 11);
        keep();
        ck_assert_uint_eq(disk_count(&disk, RECORD_EXECUTOR), 0);
}
END_TEST

/* Who is owed something is remembered, however few may be. */
START_TEST(owed_ones_outlast_the_list)
{
        tear_down();
        set_up();
        config.retained_executors = 0;
        master_reconfigure(rig.m, &config);
        int first = runs_on("w1"), second = runs_on("w2");
        restart();
        tell_state(1, "w1", -1);
        tell_state(2, "w2", -1);
        acknowledge();
        (void)hears(first, EXECUTOR_LOST);
        (void)hears(second, EXECUTOR_LOST);
        ck_assert_uint_eq(rig_count(&rig, MSG_LAUNCH_EXECUTOR), 2);
        rig_register_worker(&rig, 3, "w3", 3, 1, 4096);
        keep();
        ck_assert_uint_eq(master_app(rig.m, app)->n_removed, 0);
}
END_TEST

/* ---- while nothing can be kept ---- */

static void store_fails(void)
{
        const MasterEvent event = { .type = EVENT_STORE, .text = "the disk is full" };
        ck_assert_int_eq(master_handle(rig.m, rig.time, &event, &rig.out), 0);
}

static void store_works(void)
{
        rig_event(&rig, (MasterEvent){ .type = EVENT_STORE });
}

/* That a worker and its executors are lost is this master's opinion: nobody hears it before the
 * next master would be of the same. */
START_TEST(lost_ones_wait_for_the_disk)
{
        int first = runs_on("w1"), second = runs_on("w2");
        rig_close(&rig, 1);
        store_fails(); /* what that turn was to tell ... */
        hears_no_more();
        rig_close(&rig, 2);
        hears_no_more(); /* ... and the next */
        if (_i == 1) {
                restart();
                tell_state(1, "w1", first);
                tell_state(2, "w2", second);
                acknowledge();
                hears_no_more();
                ck_assert_int_eq(master_counters(rig.m).cores_used, 2);
                return;
        }
        store_works();
        (void)hears(first, EXECUTOR_LOST);
        (void)hears(second, EXECUTOR_LOST);
        hears_no_more();
}
END_TEST

/* What a worker says is so for every master. */
START_TEST(reported_ones_do_not)
{
        int first = runs_on("w1"), second = runs_on("w2");
        rig_executor_state(&rig, 1, app, first, EXECUTOR_EXITED, 1);
        store_fails();
        (void)hears(first, EXECUTOR_EXITED);
        rig_executor_state(&rig, 2, app, second, EXECUTOR_EXITED, 1);
        (void)hears(second, EXECUTOR_EXITED);
        restart();
        tell_state(1, "w1", -1);
        acknowledge();
        (void)hears(first, EXECUTOR_LOST);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("executors");
        TCase *c = tcase_create("executors");
        tcase_add_checked_fixture(c, set_up, tear_down);
        tcase_add_test(c, told_and_forgotten);
        tcase_add_loop_test(c, told_after_any_number_of_restarts, 0, 3);
        tcase_add_test(c, told_again_when_in_doubt);
        tcase_add_test(c, not_told_again_after_a_clean_restart);
        tcase_add_test(c, nothing_is_owed_to_an_application_that_ended);
        tcase_add_test(c, owed_ones_outlast_the_list);
        tcase_add_loop_test(c, lost_ones_wait_for_the_disk, 0, 2);
        tcase_add_test(c, reported_ones_do_not);
        suite_add_tcase(s, c);
        SRunner *runner = srunner_create(s);
        srunner_run_all(runner, CK_NORMAL);
        int failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
