/* SPDX-License-Identifier: Apache-2.0 */
/* The executors of a worker, by way of the whole machine (worker.h). Times are in seconds here. */
#include "daemons/worker/worker.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "daemons/common/message-ids.h"
#include "tests/unit/unit.h"

#define SEC    UINT64_C(1000000)
#define MASTER 11 /* the master's connection */
#define URL    "spark://m:7077"

static HostPort master;
static ResourceMap no_resources;
static WorkerConfig config;
static Worker worker;
static WorkerEffects fx;

/* ---- telling and looking ---- */

static void handle(WorkerEvent event, uint64_t seconds)
{
        worker_effects_done(&fx);
        worker_handle(&worker, &event, seconds * SEC, &fx);
}

static const WorkerEffect *nth(WorkerEffectType type, unsigned n)
{
        for (const WorkerEffect *e = fx.first; e; e = e->next)
                if (e->type == type && n-- == 0)
                        return e;
        return NULL;
}

static unsigned count(WorkerEffectType type)
{
        unsigned n = 0;

        while (nth(type, n))
                n++;
        return n;
}

static bool logged(const char *part)
{
        for (const WorkerEffect *e = fx.first; e; e = e->next)
                if (e->type == DO_LOG && strstr(e->text, part))
                        return true;
        return false;
}

static unsigned actions(void)
{
        unsigned n = 0;

        for (const WorkerEffect *e = fx.first; e; e = e->next)
                n += e->type != DO_LOG && e->type != DO_KEEP && e->type != DO_DROP;
        return n;
}

static void say(const Message *m, uint64_t seconds)
{
        handle(
                (WorkerEvent){
                        .type = ON_MESSAGE, .conn = MASTER, .message = m, .lines = LINES_ALL },
                seconds);
}

static Message launch_message(const char *app, int id)
{
        static const char *const addresses[] = { "1" };
        static struct ResourceEntry gpu = {
                .key = "gpu",
                .value = { .name = "gpu", .addresses = { (const char **)addresses, 1 } }
        };

        return (Message){ .type = MSG_LAUNCH_EXECUTOR,
                          .launch_executor = { .master_url = URL,
                                               .app_id = app,
                                               .exec_id = id,
                                               .rp_id = 2,
                                               .cores = 3,
                                               .memory = 512,
                                               .app_desc = { .name = "An app", .user = "ann" },
                                               .resources = { &gpu, 1 } } };
}

static void launch(const char *app, int id, uint64_t seconds)
{
        Message m = launch_message(app, id);

        say(&m, seconds);
}

static void order_kill(const char *app, int id, uint64_t seconds)
{
        const Message m = { .type = MSG_KILL_EXECUTOR,
                            .kill_executor = { .master_url = URL, .app_id = app, .exec_id = id } };

        say(&m, seconds);
}

static void app_finished(const char *app, uint64_t seconds)
{
        const Message m = { .type = MSG_APPLICATION_FINISHED, .application_finished.id = app };

        say(&m, seconds);
}

static void started(const char *executor, uint64_t seconds)
{
        handle((WorkerEvent){ .type = ON_STARTED, .child = executor }, seconds);
}

static void exited(const char *executor, int code, uint64_t seconds)
{
        handle((WorkerEvent){ .type = ON_EXITED, .child = executor, .code = code }, seconds);
}

static void answered(uint64_t ticket, bool ok, bool timed_out, uint64_t seconds)
{
        handle((WorkerEvent){ .type = ON_ANSWERED,
                              .ticket = ticket,
                              .ok = ok,
                              .timed_out = timed_out,
                              .text = ok ? NULL : "broken" },
               seconds);
}

static void tick(uint64_t seconds)
{
        handle((WorkerEvent){ .type = ON_TICK }, seconds);
}

static void expect_report_on(const WorkerEffect *e, int id, ExecutorState state,
                             const char *message, int status)
{
        const Message *m;

        ck_assert_ptr_nonnull(e);
        m = e->message;
        ck_assert_uint_eq(e->conn, worker.registration.conn);
        ck_assert_int_eq(m->type, MSG_EXECUTOR_STATE_CHANGED);
        ck_assert_str_eq(m->executor_state_changed.app_id, "app-1");
        ck_assert_int_eq(m->executor_state_changed.exec_id, id);
        ck_assert_int_eq(m->executor_state_changed.state, state);
        ck_assert_pstr_eq(m->executor_state_changed.message, message);
        ck_assert_int_eq(m->executor_state_changed.exit_status.set, status >= 0);
        if (status >= 0)
                ck_assert_int_eq(m->executor_state_changed.exit_status.value, status);
}

/* The only ask of the last event; returns its ticket. */
static uint64_t expect_report(int id, ExecutorState state, const char *message, int status)
{
        ck_assert_uint_eq(count(DO_ASK), 1);
        expect_report_on(nth(DO_ASK, 0), id, state, message, status);
        return nth(DO_ASK, 0)->ticket;
}

static void accept_worker(uint64_t conn, uint64_t seconds)
{
        const Message m = { .type = MSG_REGISTERED_WORKER,
                            .registered_worker = { .master = { "Master", { "m", 7077 } },
                                                   .master_web_ui_url = "http://m:8080",
                                                   .master_address = { "m", 7077 } } };

        handle((WorkerEvent){ .type = ON_MESSAGE, .conn = conn, .message = &m, .lines = LINES_ALL },
               seconds);
}

/* A registered worker. */
static void set_up(void)
{
        master = (HostPort){ .host = "m", .port = 7077 };
        config = (WorkerConfig){ .registration = { .masters = &master,
                                                   .n_masters = 1,
                                                   .worker_id = "worker-1",
                                                   .host = "w",
                                                   .port = 4000,
                                                   .cores = 8,
                                                   .memory_mb = 2048,
                                                   .web_ui_url = "http://w:8081",
                                                   .resources = &no_resources,
                                                   .heartbeat_usec = 10000 * SEC,
                                                   .initial_retries = 6,
                                                   .max_retries = 16,
                                                   .jitter = 1.0 },
                                 .executors = { .worker_id = "worker-1",
                                                .sync_attempts = 5,
                                                .sync_pause_usec = 120 * SEC,
                                                .terminate_usec = 10 * SEC,
                                                .retained = 1000 } };
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

/* An executor app-1/N that runs and whose RUNNING the master has acknowledged. */
static void run(int id, uint64_t seconds)
{
        char executor[32];

        (void)snprintf(executor, sizeof(executor), "app-1/%d", id);
        launch("app-1", id, seconds);
        started(executor, seconds);
        answered(expect_report(id, EXECUTOR_RUNNING, NULL, -1), true, false, seconds);
}

/* ---- tests ---- */

START_TEST(test_first_registration_tells_of_nothing)
{
        const Message *m = nth(DO_SEND, 1)->message;

        ck_assert_uint_eq(actions(), 2);
        ck_assert_int_eq(nth(DO_SEND, 0)->message->type, MSG_HEARTBEAT);
        ck_assert_int_eq(m->type, MSG_WORKER_LATEST_STATE);
        ck_assert_str_eq(m->worker_latest_state.id, "worker-1");
        ck_assert_uint_eq(m->worker_latest_state.executors.length, 0);
        ck_assert_uint_eq(m->worker_latest_state.driver_ids.length, 0);
}
END_TEST

START_TEST(test_life)
{
        Message m = launch_message("app-1", 7);
        const Executor *e;

        say(&m, 1);
        ck_assert_uint_eq(actions(), 1);
        ck_assert_str_eq(nth(DO_LAUNCH, 0)->child, "app-1/7");
        ck_assert_ptr_eq(nth(DO_LAUNCH, 0)->message, &m);
        e = executors_find(&worker.executors, "app-1/7");
        ck_assert_int_eq(e->state, EXECUTOR_LAUNCHING);
        ck_assert_int_eq(worker.executors.cores_used, 3);
        ck_assert_int_eq(worker.executors.memory_used_mb, 512);
        ck_assert_str_eq(e->resources.items[0].value.addresses.items[0], "1");

        started("app-1/7", 2);
        ck_assert_uint_eq(actions(), 1);
        answered(expect_report(7, EXECUTOR_RUNNING, NULL, -1), true, false, 2);
        ck_assert_uint_eq(actions(), 0);
        ck_assert_int_eq(e->state, EXECUTOR_RUNNING);

        exited("app-1/7", 1, 3);
        ck_assert_uint_eq(actions(), 1);
        answered(expect_report(7, EXECUTOR_EXITED, "Command exited with code 1", 1), true, false,
                 3);
        ck_assert_int_eq(worker.executors.cores_used, 0);
        ck_assert_int_eq(worker.executors.memory_used_mb, 0);
        ck_assert_ptr_null(executors_find(&worker.executors, "app-1/7"));
        ck_assert_uint_eq(worker.executors.n_finished, 1);
        ck_assert_str_eq(worker.executors.finished->app->name, "An app");
        ck_assert_uint_eq(executors_deadline(&worker.executors), UINT64_MAX);
}
END_TEST

START_TEST(test_kill)
{
        run(0, 0);
        order_kill("app-1", 0, 5);
        ck_assert_uint_eq(actions(), 1);
        ck_assert_int_eq(nth(DO_SIGNAL, 0)->signal, SIGTERM);
        ck_assert_str_eq(nth(DO_SIGNAL, 0)->child, "app-1/0");
        /* Once is enough. */
        order_kill("app-1", 0, 6);
        ck_assert_uint_eq(actions(), 0);
        exited("app-1/0", 143, 7);
        ck_assert_uint_eq(actions(), 1);
        (void)expect_report(0, EXECUTOR_KILLED, "Runner thread for executor app-1/0 interrupted",
                            143);
}
END_TEST

START_TEST(test_kill_of_one_that_does_not_listen)
{
        run(0, 0);
        order_kill("app-1", 0, 5);
        ck_assert_uint_eq(worker_deadline(&worker), 15 * SEC);
        tick(14);
        ck_assert_uint_eq(actions(), 0);
        tick(15);
        ck_assert_uint_eq(actions(), 1);
        ck_assert_int_eq(nth(DO_SIGNAL, 0)->signal, SIGKILL);
        exited("app-1/0", 137, 15);
        (void)expect_report(0, EXECUTOR_KILLED, "Runner thread for executor app-1/0 interrupted",
                            137);
}
END_TEST

START_TEST(test_kill_of_one_stuck_in_the_kernel)
{
        run(0, 0);
        order_kill("app-1", 0, 5);
        tick(15);
        ck_assert_uint_eq(worker_deadline(&worker), 25 * SEC);
        tick(25);
        (void)expect_report(0, EXECUTOR_KILLED, "Runner thread for executor app-1/0 interrupted",
                            -1);
        ck_assert_int_eq(worker.executors.cores_used, 0);
        exited("app-1/0", 137, 99);
        ck_assert_uint_eq(actions(), 0);
}
END_TEST

START_TEST(test_kill_before_start)
{
        launch("app-1", 0, 0);
        order_kill("app-1", 0, 1);
        ck_assert_uint_eq(actions(), 0);
        started("app-1/0", 2);
        ck_assert_uint_eq(actions(), 1);
        ck_assert_int_eq(nth(DO_SIGNAL, 0)->signal, SIGTERM);
        exited("app-1/0", 143, 3);
        (void)expect_report(0, EXECUTOR_KILLED, "Runner thread for executor app-1/0 interrupted",
                            143);
}
END_TEST

START_TEST(test_kill_of_one_that_never_starts)
{
        launch("app-1", 0, 0);
        order_kill("app-1", 0, 1);
        handle((WorkerEvent){ .type = ON_LAUNCH_FAILED, .child = "app-1/0", .text = "no" }, 2);
        (void)expect_report(0, EXECUTOR_KILLED, "Runner thread for executor app-1/0 interrupted",
                            -1);
}
END_TEST

START_TEST(test_launch_failure)
{
        launch("app-1", 0, 0);
        handle((WorkerEvent){ .type = ON_LAUNCH_FAILED,
                              .child = "app-1/0",
                              .text = "Error running executor: cannot run /x" },
               1);
        (void)expect_report(0, EXECUTOR_FAILED, "Error running executor: cannot run /x", -1);
        ck_assert_int_eq(worker.executors.cores_used, 0);
        ck_assert_int_eq(worker.executors.finished->state, EXECUTOR_FAILED);
}
END_TEST

START_TEST(test_only_the_active_master_orders)
{
        Message m = launch_message("app-1", 0);

        m.launch_executor.master_url = "spark://other:7077";
        say(&m, 0);
        ck_assert_uint_eq(actions(), 0);
        ck_assert(logged("Invalid master (spark://other:7077) attempted to launch"));
        m.launch_executor.master_url = NULL;
        say(&m, 0);
        ck_assert_uint_eq(actions(), 0);
        run(0, 1);
        m = (Message){ .type = MSG_KILL_EXECUTOR,
                       .kill_executor = { .master_url = "spark://other:7077", .app_id = "app-1" } };
        say(&m, 2);
        ck_assert_uint_eq(actions(), 0);
        ck_assert(logged("attempted to kill"));
}
END_TEST

START_TEST(test_orders_that_make_no_sense)
{
        order_kill("app-9", 0, 0);
        ck_assert_uint_eq(actions(), 0);
        ck_assert(logged("unknown executor app-9/0"));
        order_kill(NULL, 0, 0);
        launch(NULL, 0, 0);
        app_finished(NULL, 0);
        ck_assert_uint_eq(actions(), 0);
        run(0, 0);
        launch("app-1", 0, 1);
        ck_assert_uint_eq(actions(), 0);
        ck_assert_int_eq(worker.executors.cores_used, 3);
        exited("app-8/0", 0, 2);
        started("app-8/0", 2);
        answered(12345, true, false, 2);
        ck_assert_uint_eq(actions(), 0);
}
END_TEST

START_TEST(test_application_finished)
{
        run(0, 0);
        run(1, 0);
        app_finished("app-1", 5);
        ck_assert_uint_eq(count(DO_CLEAN_APP), 0);
        exited("app-1/0", 0, 6);
        ck_assert_uint_eq(count(DO_CLEAN_APP), 0);
        exited("app-1/1", 0, 7);
        ck_assert_uint_eq(count(DO_CLEAN_APP), 1);
        ck_assert_str_eq(nth(DO_CLEAN_APP, 0)->text, "app-1");
        /* Of one that nobody here knows: harmless. */
        app_finished("app-2", 8);
        ck_assert_uint_eq(count(DO_CLEAN_APP), 1);
}
END_TEST

START_TEST(test_failed_report_is_repeated)
{
        uint64_t at = 1, ticket;

        launch("app-1", 0, 0);
        started("app-1/0", at);
        ticket = expect_report(0, EXECUTOR_RUNNING, NULL, -1);
        for (unsigned i = 1; i < 5; i++) {
                bool timed_out = i == 2; /* then there was pause enough already */

                answered(ticket, false, timed_out, at);
                ck_assert_uint_eq(actions(), 0);
                at += timed_out ? 0 : 120;
                ck_assert_uint_eq(executors_deadline(&worker.executors), at * SEC);
                tick(at);
                ticket = expect_report(0, EXECUTOR_RUNNING, NULL, -1);
                tick(at); /* one at a time */
                ck_assert_uint_eq(count(DO_ASK), 0);
        }
        answered(ticket, false, false, at);
        ck_assert_int_eq(nth(DO_EXIT, 0)->status, 1);
        ck_assert(logged("Giving up"));
}
END_TEST

START_TEST(test_later_state_replaces_earlier)
{
        uint64_t first, second;

        launch("app-1", 0, 0);
        started("app-1/0", 0);
        first = expect_report(0, EXECUTOR_RUNNING, NULL, -1);
        exited("app-1/0", 0, 1);
        second = expect_report(0, EXECUTOR_EXITED, "Command exited with code 0", 0);
        answered(first, false, false, 2);
        answered(second, false, false, 2);
        tick(122);
        (void)expect_report(0, EXECUTOR_EXITED, "Command exited with code 0", 0);
}
END_TEST

/* Logged with a message of its own for whoever watches the journal. */
static unsigned told_of_memory(void)
{
        unsigned n = 0;

        for (const WorkerEffect *e = fx.first; e; e = e->next)
                if (e->type == DO_LOG && e->fields.message_id &&
                    strcmp(e->fields.message_id, MESSAGE_EXECUTOR_OOM) == 0)
                        n++;
        return n;
}

START_TEST(test_the_cause_is_reported)
{
        WorkerEvent event = { .type = ON_EXITED,
                              .child = "app-1/0",
                              .code = 137,
                              .out_of_memory = true,
                              .text = "Killed for memory: limit 896 MiB" };

        run(0, 0);
        run(1, 0);
        handle(event, 5);
        ck_assert_uint_eq(told_of_memory(), 1);
        (void)expect_report(0, EXECUTOR_EXITED, "Killed for memory: limit 896 MiB", 137);
        event = (WorkerEvent){ .type = ON_EXITED,
                               .child = "app-1/1",
                               .code = 139,
                               .text = "Command exited with code 139: it crashed (SIGSEGV)" };
        handle(event, 6);
        ck_assert_uint_eq(told_of_memory(), 0);
        (void)expect_report(1, EXECUTOR_EXITED,
                            "Command exited with code 139: it crashed (SIGSEGV)", 139);
}
END_TEST

START_TEST(test_reports_wait_for_a_master)
{
        const Message *m;

        run(0, 0);
        run(1, 0);
        handle((WorkerEvent){ .type = ON_CLOSED, .conn = MASTER, .text = "reset" }, 10);
        exited("app-1/0", 3, 11);
        ck_assert_uint_eq(count(DO_ASK), 0);
        accept_worker(22, 20);
        /* The one that runs is told of; the end of the other follows. */
        m = nth(DO_SEND, 1)->message;
        ck_assert_int_eq(m->type, MSG_WORKER_LATEST_STATE);
        ck_assert_uint_eq(m->worker_latest_state.executors.length, 1);
        ck_assert_str_eq(m->worker_latest_state.executors.items[0].app_id, "app-1");
        ck_assert_int_eq(m->worker_latest_state.executors.items[0].exec_id, 1);
        ck_assert_int_eq(m->worker_latest_state.executors.items[0].rp_id, 2);
        ck_assert_int_eq(m->worker_latest_state.executors.items[0].cores, 3);
        ck_assert_int_eq(m->worker_latest_state.executors.items[0].memory_mb, 512);
        ck_assert_int_eq(m->worker_latest_state.executors.items[0].state, EXECUTOR_RUNNING);
        (void)expect_report(0, EXECUTOR_EXITED, "Command exited with code 3", 3);
        ck_assert_uint_eq(nth(DO_ASK, 0)->conn, 22);
}
END_TEST

START_TEST(test_master_changed)
{
        const Message changed = { .type = MSG_MASTER_CHANGED,
                                  .master_changed = { .master = { "Master", { "n", 7078 } },
                                                      .master_web_ui_url = "http://n:8080" } };
        const Message *m;
        Message order = launch_message("app-1", 1);

        run(0, 0);
        handle(
                (WorkerEvent){
                        .type = ON_MESSAGE, .conn = 33, .message = &changed, .lines = LINES_ALL },
                5);
        m = nth(DO_SEND, 0)->message;
        ck_assert_uint_eq(nth(DO_SEND, 0)->conn, 33);
        ck_assert_int_eq(m->type, MSG_WORKER_SCHEDULER_STATE_RESPONSE);
        ck_assert_str_eq(m->worker_scheduler_state_response.id, "worker-1");
        ck_assert_uint_eq(m->worker_scheduler_state_response.exec_responses.length, 1);
        ck_assert_uint_eq(m->worker_scheduler_state_response.driver_responses.length, 0);
        ck_assert_str_eq(m->worker_scheduler_state_response.exec_responses.items[0].desc.app_id,
                         "app-1");
        ck_assert_str_eq(
                m->worker_scheduler_state_response.exec_responses.items[0].resources.items[0].key,
                "gpu");
        /* The old one has nothing to say any more. */
        say(&order, 6);
        ck_assert_uint_eq(actions(), 0);
        order.launch_executor.master_url = "spark://n:7078";
        say(&order, 6);
        ck_assert_uint_eq(count(DO_LAUNCH), 1);
}
END_TEST

START_TEST(test_finished_ones_are_trimmed)
{
        config.executors.retained = 20;
        for (int i = 0; i < 21; i++) {
                char executor[32];

                (void)snprintf(executor, sizeof(executor), "app-1/%d", i);
                launch("app-1", i, 0);
                started(executor, 0);
                exited(executor, 0, 0);
        }
        /* A tenth at a time, the oldest first. */
        ck_assert_uint_eq(worker.executors.n_finished, 19);
        ck_assert_int_eq(worker.executors.finished->exec_id, 2);
}
END_TEST

START_TEST(test_none_retained)
{
        config.executors.retained = 0;
        run(0, 0);
        exited("app-1/0", 0, 1);
        (void)expect_report(0, EXECUTOR_EXITED, "Command exited with code 0", 0);
        ck_assert(logged("Executor app-1/0 finished with state EXITED, exit status 0"));
        ck_assert_ptr_null(worker.executors.finished);
        ck_assert_ptr_null(worker.executors.apps);
}
END_TEST

START_TEST(test_stop)
{
        run(0, 0);
        run(1, 0);
        launch("app-1", 2, 0);
        handle((WorkerEvent){ .type = ON_STOP }, 5);
        /* The master first: it must not take each executor's end for a failure. */
        ck_assert_int_eq(fx.first->type, DO_CLOSE);
        ck_assert_uint_eq(fx.first->conn, MASTER);
        ck_assert_uint_eq(count(DO_SIGNAL), 2);
        ck_assert_uint_eq(count(DO_EXIT), 0);
        handle((WorkerEvent){ .type = ON_CLOSED, .conn = MASTER, .text = "closed" }, 5);
        ck_assert_uint_eq(actions(), 0);
        exited("app-1/0", 143, 6);
        ck_assert_uint_eq(actions(), 0);
        started("app-1/2", 6);
        ck_assert_uint_eq(count(DO_SIGNAL), 1);
        exited("app-1/2", 143, 7);
        launch("app-1", 3, 8);
        ck_assert_uint_eq(actions(), 0);
        ck_assert_uint_eq(worker_deadline(&worker), 15 * SEC);
        tick(15);
        ck_assert_int_eq(nth(DO_SIGNAL, 0)->signal, SIGKILL);
        exited("app-1/1", 137, 15);
        ck_assert_uint_eq(actions(), 1);
        ck_assert_int_eq(nth(DO_EXIT, 0)->status, 0);
}
END_TEST

/* A master of ours would wait for us to come back, as after a crash. */
START_TEST(test_stop_is_told_to_our_master)
{
        const Message *said;

        run(0, 0);
        worker.registration.sparkd = true;
        handle((WorkerEvent){ .type = ON_STOP }, 5);
        said = nth(DO_SEND, 0)->message;
        ck_assert_int_eq(said->type, MSG_WORKER_DECOMMISSIONING);
        ck_assert_str_eq(said->worker_decommissioning.id, config.executors.worker_id);
        ck_assert_str_eq(said->worker_decommissioning.worker.name, "Worker");
        ck_assert_ptr_eq(fx.first, nth(DO_SEND, 0));
        ck_assert_ptr_eq(fx.first->next, nth(DO_CLOSE, 0));
}
END_TEST

START_TEST(test_stop_of_an_idle_worker)
{
        handle((WorkerEvent){ .type = ON_STOP }, 5);
        ck_assert_int_eq(nth(DO_EXIT, 0)->status, 0);
        ck_assert_uint_eq(worker_deadline(&worker), UINT64_MAX);
}
END_TEST

START_TEST(test_decommissioned)
{
        const Message m = { .type = MSG_DECOMMISSION_WORKER };

        say(&m, 0);
        ck_assert(logged("spark.decommission.enabled"));
        run(0, 0);
        config.decommission_enabled = true;
        say(&m, 1);
        launch("app-1", 1, 2);
        ck_assert_uint_eq(actions(), 0);
        /* What runs goes on. */
        exited("app-1/0", 0, 3);
        (void)expect_report(0, EXECUTOR_EXITED, "Command exited with code 0", 0);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("executor-fsm");
        TCase *tc = tcase_create("executor-fsm");

        tcase_add_checked_fixture(tc, set_up, tear_down);
        tcase_add_test(tc, test_first_registration_tells_of_nothing);
        tcase_add_test(tc, test_life);
        tcase_add_test(tc, test_kill);
        tcase_add_test(tc, test_kill_of_one_that_does_not_listen);
        tcase_add_test(tc, test_kill_of_one_stuck_in_the_kernel);
        tcase_add_test(tc, test_kill_before_start);
        tcase_add_test(tc, test_kill_of_one_that_never_starts);
        tcase_add_test(tc, test_launch_failure);
        tcase_add_test(tc, test_only_the_active_master_orders);
        tcase_add_test(tc, test_orders_that_make_no_sense);
        tcase_add_test(tc, test_application_finished);
        tcase_add_test(tc, test_failed_report_is_repeated);
        tcase_add_test(tc, test_later_state_replaces_earlier);
        tcase_add_test(tc, test_the_cause_is_reported);
        tcase_add_test(tc, test_reports_wait_for_a_master);
        tcase_add_test(tc, test_master_changed);
        tcase_add_test(tc, test_finished_ones_are_trimmed);
        tcase_add_test(tc, test_none_retained);
        tcase_add_test(tc, test_stop);
        tcase_add_test(tc, test_stop_is_told_to_our_master);
        tcase_add_test(tc, test_stop_of_an_idle_worker);
        tcase_add_test(tc, test_decommissioned);
        suite_add_tcase(suite, tc);
        return unit_run(suite);
}
