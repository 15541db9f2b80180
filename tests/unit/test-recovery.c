/* SPDX-License-Identifier: Apache-2.0 */
/* What a restart of the master finds and does: at every turn of a scripted run, and in detail. */
#include <stdlib.h>
#include <string.h>

#include "master-disk.h"
#include "master-rig.h"
#include "tests/unit/unit.h"

static Rig rig;
static Disk disk;
static MasterConfig config;

static void set_up(void)
{
        config = rig_config();
        config.grace_usec = 60 * SECOND;
        rig_init(&rig, &config);
        disk = (Disk){ 0 };
}

static void tear_down(void)
{
        rig_done(&rig);
        disk_done(&disk);
}

/* What the daemon does between the machine and the wire. */
static void keep(void)
{
        disk_keep(&disk, &rig);
}

/* The process is gone, and another one begins; nobody has answered yet. */
static void restart(void)
{
        disk_crash(&disk, &rig, &config);
}

static void connected(RecordKind kind, const char *id, ConnId conn)
{
        rig_event(&rig,
                  (MasterEvent){ .type = EVENT_CONNECTED, .kind = kind, .text = id, .conn = conn });
}

static void acknowledge(ConnId conn, const char *app)
{
        Message msg = { .type = MSG_MASTER_CHANGE_ACKNOWLEDGED,
                        .master_change_acknowledged = { .app_id = app } };
        rig_tell(&rig, conn, &msg);
        keep();
}

/* ---- workers that remember what they were told to run ---- */

static void copy_id(char id[static 64], const char *from)
{
        ck_assert_uint_lt(strlen(from), 64);
        memcpy(id, from, strlen(from) + 1);
}

typedef struct Running {
        ConnId conn;
        char app[64]; /* "" for a driver */
        int id;
        char driver[64];
} Running;

static Running running[64];
static size_t n_running;

static void forget(size_t i)
{
        running[i] = running[--n_running];
}

/* An executor there. */
static int runs_on(ConnId conn)
{
        for (size_t i = 0; i < n_running; i++)
                if (running[i].conn == conn)
                        return running[i].id;
        ck_abort_msg("nothing runs there");
        return -1;
}

/* Takes what was launched and killed out of the effects. */
static void obey(void)
{
        for (const MasterEffect *e = rig.out.first; e; e = e->next) {
                const Message *m = e->type == EFFECT_SEND ? e->message : NULL;
                Running *r = &running[n_running];
                if (!m)
                        continue;
                if (m->type == MSG_LAUNCH_EXECUTOR) {
                        *r = (Running){ .conn = e->conn, .id = m->launch_executor.exec_id };
                        copy_id(r->app, m->launch_executor.app_id);
                        n_running++;
                } else if (m->type == MSG_LAUNCH_DRIVER) {
                        *r = (Running){ .conn = e->conn };
                        copy_id(r->driver, m->launch_driver.driver_id);
                        n_running++;
                } else if (m->type == MSG_KILL_EXECUTOR) {
                        for (size_t i = 0; i < n_running; i++)
                                if (running[i].conn == e->conn &&
                                    running[i].id == m->kill_executor.exec_id &&
                                    strcmp(running[i].app, m->kill_executor.app_id) == 0)
                                        forget(i--);
                }
        }
}

/* The worker on this connection says what it runs. */
static void tell_state(ConnId conn, const char *id)
{
        WorkerExecutorStateResponse executors[64] = { 0 };
        WorkerDriverStateResponse drivers[64] = { 0 };
        Message msg = { .type = MSG_WORKER_SCHEDULER_STATE_RESPONSE };
        WorkerExecutorStateSeq *e = &msg.worker_scheduler_state_response.exec_responses;
        WorkerDriverStateSeq *d = &msg.worker_scheduler_state_response.driver_responses;
        msg.worker_scheduler_state_response.id = id;
        e->items = executors;
        d->items = drivers;
        for (size_t i = 0; i < n_running; i++) {
                if (running[i].conn != conn)
                        continue;
                if (*running[i].driver)
                        drivers[d->length++].driver_id = running[i].driver;
                else
                        executors[e->length++].desc = (ExecutorDescription){
                                .app_id = running[i].app,
                                .exec_id = running[i].id,
                                .state = EXECUTOR_RUNNING,
                        };
        }
        rig_tell(&rig, conn, &msg);
        keep();
}

/* ---- a scripted run, cut at every turn ---- */

static char app_a[64], app_b[64], driver_id[64];

static void register_ours(ConnId conn, const char *id)
{
        const char *engine = "4.3.0",
                   *limits[] = { "memory=6000", "overhead-percent=10", "overhead-min=384" };
        const char *gpus[] = { "0", "1", "2" };
        struct ResourceEntry declared[] = {
                { "sparkd.engines", { "sparkd.engines", { &engine, 1 } } },
                { "sparkd.limits", { "sparkd.limits", { limits, ARRAY_SIZE(limits) } } },
                { "gpu", { "gpu", { gpus, ARRAY_SIZE(gpus) } } },
        };
        Message msg = { .type = MSG_REGISTER_WORKER };
        msg.register_worker.id = id;
        msg.register_worker.host = "ours";
        msg.register_worker.port = (int32_t)conn;
        msg.register_worker.cores = 4;
        msg.register_worker.memory = 8192;
        msg.register_worker.worker = (EndpointRef){ "Worker", { "ours", (int32_t)conn } };
        msg.register_worker.worker_web_ui_url = "http://ours:8081";
        msg.register_worker.resources = (ResourceMap){ declared, ARRAY_SIZE(declared) };
        rig_tell(&rig, conn, &msg);
}

static void step_ours(void)
{
        register_ours(1, "w1");
}

static void step_jvm(void)
{
        rig_register_worker(&rig, 2, "w2", 2, 4, 4096);
}

static void step_app(void)
{
        ApplicationDescription desc = rig_app(&rig, "A", 6, 1, 1024);
        desc.default_profile = rig_profile(&rig, 0, 1, 1024, "gpu", 1);
        desc.initial_executor_limit = (OptInt){ true, 2 };
        desc.command.environment = (StringMap){ &(StringPair){ .key = "EMPTY", .value = "" }, 1 };
        rig_register_app(&rig, 11, &desc);
}

static void step_plain_app(void)
{
        ApplicationDescription desc = rig_app(&rig, "B", 2, 0, 512);
        rig_register_app(&rig, 12, &desc);
}

static void step_more(void)
{
        ResourceProfile p = rig_profile(&rig, 7, 1, 2048, NULL, 0);
        rig_request_executors(&rig, 11, app_a, &p, 2);
}

static void step_runs(void)
{
        rig_executor_state(&rig, 1, app_a, 0, EXECUTOR_RUNNING, -1);
}

static void step_exits(void)
{
        rig_executor_state(&rig, 1, app_a, 1, EXECUTOR_EXITED, 1);
        for (size_t i = 0; i < n_running; i++)
                if (running[i].id == 1 && strcmp(running[i].app, app_a) == 0)
                        forget(i--);
}

static void step_fewer(void)
{
        const char *ids[] = { "0" };
        Message msg = { .type = MSG_KILL_EXECUTORS };
        msg.kill_executors.app_id = app_a;
        msg.kill_executors.executor_ids = (StringSeq){ ids, 1 };
        rig_ask(&rig, 11, &msg);
}

static void step_driver(void)
{
        Message msg = { .type = MSG_REQUEST_SUBMIT_DRIVER };
        msg.request_submit_driver.driver_description =
                (DriverDescription){ .jar_url = "file:/x.jar",
                                     .mem = 256,
                                     .cores = 1,
                                     .supervise = true,
                                     .command.main_class = "Main" };
        rig_ask(&rig, 13, &msg);
}

static void step_ends(void)
{
        Message msg = { .type = MSG_UNREGISTER_APPLICATION,
                        .unregister_application = { .app_id = app_b } };
        rig_tell(&rig, 12, &msg);
}

static void step_lost(void)
{
        for (size_t i = 0; i < n_running; i++)
                if (running[i].conn == 2)
                        forget(i--);
        rig_close(&rig, 2);
}

static void step_driver_killed(void)
{
        Message msg = { .type = MSG_DRIVER_STATE_CHANGED,
                        .driver_state_changed = { .driver_id = driver_id,
                                                  .state = DRIVER_KILLED } };
        for (size_t i = 0; i < n_running; i++)
                if (strcmp(running[i].driver, driver_id) == 0)
                        forget(i--);
        rig_tell(&rig, 1, &msg);
}

static void (*const steps[])(void) = {
        step_ours,  step_jvm,    step_app,   step_plain_app, step_runs, step_more,
        step_exits, step_driver, step_fewer, step_ends,      step_lost, step_driver_killed,
};

static void run_step(size_t i)
{
        steps[i]();
        obey();
        if (steps[i] == step_app)
                copy_id(app_a, master_apps(rig.m)->id);
        if (steps[i] == step_plain_app)
                copy_id(app_b, master_apps(rig.m)->next->id);
        if (master_drivers(rig.m))
                copy_id(driver_id, master_drivers(rig.m)->id);
        keep();
}

static bool runs(const char *app, int id)
{
        for (size_t i = 0; i < n_running; i++)
                if (running[i].id == id && strcmp(running[i].app, app) == 0)
                        return true;
        return false;
}

/* A driver may hear again of what has ended, and of nothing else. */
static void check_told(const char *app)
{
        for (const MasterEffect *e = rig.out.first; e; e = e->next)
                if (e->type == EFFECT_SEND && e->message->type == MSG_EXECUTOR_UPDATED)
                        ck_assert(!runs(app, e->message->executor_updated.id));
}

/* Everybody who is dialled answers, on the connection that it has in the script. */
static void all_answer(void)
{
        struct {
                RecordKind kind;
                char id[64];
        } dialled[8];
        size_t n = 0;
        for (const MasterEffect *e = rig.out.first; e; e = e->next) {
                if (e->type != EFFECT_DIAL)
                        continue;
                dialled[n].kind = e->kind;
                copy_id(dialled[n++].id, e->key);
        }
        for (size_t i = 0; i < n; i++) {
                bool app = dialled[i].kind == RECORD_APP;
                ConnId conn = app ? (strcmp(dialled[i].id, app_a) == 0 ? 11 : 12)
                                  : (strcmp(dialled[i].id, "w1") == 0 ? 1 : 2);
                ck_assert_str_eq(master_status(rig.m), "RECOVERING");
                connected(dialled[i].kind, dialled[i].id, conn);
                const Message *msg = rig_sent(&rig, conn, MSG_MASTER_CHANGED);
                ck_assert_str_eq(msg->master_changed.master.address.host, "m");
                if (app)
                        acknowledge(conn, dialled[i].id);
                else
                        tell_state(conn, dialled[i].id);
                ck_assert_uint_eq(rig_count(&rig, MSG_KILL_EXECUTOR), 0);
                ck_assert_uint_eq(rig_count(&rig, MSG_KILL_DRIVER), 0);
                check_told(dialled[i].id);
                ck_assert_uint_eq(rig_count(&rig, MSG_LAUNCH_EXECUTOR), 0);
        }
}

static void check_same(const MasterCounters *a, const MasterCounters *b)
{
        ck_assert_uint_eq(a->workers_alive, b->workers_alive);
        ck_assert_int_eq(a->cores, b->cores);
        ck_assert_int_eq(a->cores_used, b->cores_used);
        ck_assert_int_eq(a->memory_used, b->memory_used);
        ck_assert_uint_eq(a->apps, b->apps);
        ck_assert_uint_eq(a->apps_waiting, b->apps_waiting);
        ck_assert_uint_eq(a->drivers_waiting, b->drivers_waiting);
        ck_assert_uint_eq(a->drivers_running, b->drivers_running);
}

static void check_limits(const Master *m, size_t expected)
{
        const Worker *w = master_worker(m, "w1");
        ck_assert_int_eq(w ? w->limits.used : 0, (int)expected);
}

/* The same end, wherever the run was cut. */
START_TEST(cut_at_every_turn)
{
        size_t cut = (size_t)_i;
        n_running = 0;
        for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
                run_step(i);
                if (i != cut)
                        continue;
                const MasterCounters before = master_counters(rig.m);
                const Worker *w = master_worker(rig.m, "w1");
                size_t limits = w ? (size_t)w->limits.used : 0;
                restart();
                all_answer();
                const MasterCounters after = master_counters(rig.m);
                ck_assert_str_eq(master_status(rig.m), "ALIVE");
                check_same(&before, &after);
                check_limits(rig.m, limits);
        }
        const MasterCounters end = master_counters(rig.m);
        ck_assert_uint_eq(end.workers_alive, 1);
        ck_assert_uint_eq(end.apps, 1);
        ck_assert_uint_eq(disk_count(&disk, RECORD_WORKER), 1);
        ck_assert_uint_eq(disk_count(&disk, RECORD_EXECUTOR), n_running);
        ck_assert_int_eq(end.cores_used, (int)n_running);
        ck_assert_uint_eq(disk_count(&disk, RECORD_DRIVER), 0);
        ck_assert_int_eq(master_apps(rig.m)->next_executor_id, 7);
        check_limits(rig.m, (size_t)end.memory_used + n_running * 384);
}
END_TEST

/* ---- in detail ---- */

static const char *start_app(ConnId conn, int max_cores)
{
        const char *id = rig_new_app(&rig, conn, max_cores, 1, 1024);
        keep();
        return id;
}

static const char *one_of_each(void)
{
        n_running = 0;
        register_ours(1, "w1");
        keep();
        rig_register_worker(&rig, 2, "w2", 2, 4, 4096);
        keep();
        const char *app = start_app(11, 8);
        obey();
        ck_assert_uint_eq(n_running, 8);
        return app;
}

START_TEST(nothing_kept)
{
        restart();
        ck_assert_str_eq(master_status(rig.m), "ALIVE");
        rig_quiet(&rig);
        ck_assert_uint_eq(master_deadline(rig.m), UINT64_MAX);
}
END_TEST

static void resumed(RecordKind kind, const char *id, ConnId conn)
{
        rig_event(&rig,
                  (MasterEvent){ .type = EVENT_RESUMED, .kind = kind, .text = id, .conn = conn });
        keep();
}

/* With the connections of the process before nobody is asked anything, and all goes on at once. */
START_TEST(connections_are_handed_over)
{
        const char *app = one_of_each();
        disk_reload(&disk, &rig, &config);
        resumed(RECORD_WORKER, "w1", 1);
        resumed(RECORD_APP, app, 11);
        if (_i == 0)
                resumed(RECORD_WORKER, "w2", 2);
        resumed(RECORD_WORKER, "nobody", 3);
        rig_quiet(&rig);
        rig_event(&rig, (MasterEvent){ .type = EVENT_START });
        keep();
        ck_assert_int_eq(master_app(rig.m, app)->state, APP_RUNNING);
        ck_assert_int_eq(master_worker(rig.m, "w1")->state, WORKER_ALIVE);
        ck_assert_str_eq(master_status(rig.m), _i == 0 ? "ALIVE" : "RECOVERING");
        if (_i == 0)
                rig_quiet(&rig);
        rig_heartbeat(&rig, 1, "w1");
        rig_executor_state(&rig, 1, app, runs_on(1), EXECUTOR_EXITED, 0);
        ck_assert_uint_eq(rig_count(&rig, MSG_LAUNCH_EXECUTOR), _i == 0);
}
END_TEST

/* Those who have answered go on after five seconds, the others keep what they have. */
START_TEST(silent_ones_are_waited_for)
{
        const char *app = one_of_each();
        restart();
        connected(RECORD_APP, app, 11);
        (void)rig_sent(&rig, 11, MSG_MASTER_CHANGED);
        acknowledge(11, app);
        connected(RECORD_WORKER, "w1", 1);
        (void)rig_sent(&rig, 1, MSG_MASTER_CHANGED);
        tell_state(1, "w1");
        const char *second = start_app(12, 1);
        ck_assert_str_eq(master_status(rig.m), "RECOVERING");
        rig_executor_state(&rig, 1, app, runs_on(1), EXECUTOR_EXITED, 0);
        keep();
        ck_assert_uint_eq(rig_count(&rig, MSG_LAUNCH_EXECUTOR), 0);
        rig_pass(&rig, 5 * SECOND);
        ck_assert_str_eq(master_status(rig.m), "ALIVE");
        ck_assert(rig_logged(&rig, "waiting on for 1 workers"));
        ck_assert_uint_eq(rig_count(&rig, MSG_LAUNCH_EXECUTOR), 1);
        ck_assert_int_eq(master_worker(rig.m, "w2")->state, WORKER_UNKNOWN);
        ck_assert_uint_eq(master_worker(rig.m, "w2")->n_executors, 4);
        rig_pass(&rig, 54 * SECOND);
        rig_heartbeat(&rig, 1, "w1");
        ck_assert_int_eq(master_worker(rig.m, "w2")->state, WORKER_UNKNOWN);
        rig_pass(&rig, 2 * SECOND);
        ck_assert_int_eq(master_worker(rig.m, "w2")->state, WORKER_DEAD);
        const Message *msg = rig_sent(&rig, 11, MSG_EXECUTOR_UPDATED);
        ck_assert_int_eq(msg->executor_updated.state, EXECUTOR_LOST);
        ck_assert_str_eq(rig_sent(&rig, 11, MSG_WORKER_REMOVED)->worker_removed.message,
                         "Not responding for recovery");
        ck_assert_ptr_nonnull(second);
}
END_TEST

START_TEST(silent_app_is_finished)
{
        const char *app = one_of_each();
        restart();
        tell_state(1, "w1");
        tell_state(2, "w2");
        ck_assert_str_eq(master_status(rig.m), "RECOVERING");
        for (int i = 0; i < 4; i++) {
                rig_pass(&rig, 14 * SECOND);
                keep();
                rig_heartbeat(&rig, 1, "w1");
                rig_heartbeat(&rig, 2, "w2");
        }
        rig_pass(&rig, 5 * SECOND);
        keep();
        ck_assert_int_eq(master_app(rig.m, app)->state, APP_FINISHED);
        ck_assert_int_eq(master_counters(rig.m).cores_used, 0);
        ck_assert_uint_eq(disk_count(&disk, RECORD_EXECUTOR), 0);
}
END_TEST

/* It dials again and again until they answer or are given up. */
START_TEST(dials_again)
{
        (void)one_of_each();
        restart();
        size_t n = 0;
        for (const MasterEffect *e = rig.out.first; e; e = e->next)
                n += e->type == EFFECT_DIAL;
        ck_assert_uint_eq(n, 3);
        tell_state(1, "w1");
        rig_pass(&rig, 2 * SECOND);
        n = 0;
        for (const MasterEffect *e = rig.out.first; e; e = e->next) {
                if (e->type != EFFECT_DIAL)
                        continue;
                ck_assert_str_eq(e->address.host, e->kind == RECORD_APP ? "driver" : "host");
                n++;
        }
        ck_assert_uint_eq(n, 2);
}
END_TEST

static size_t count_effects(MasterEffectType type)
{
        size_t n = 0;
        for (const MasterEffect *e = rig.out.first; e; e = e->next)
                n += e->type == type;
        return n;
}

/* A driver that does not know yet for which application to answer is told until it does. */
START_TEST(tells_again)
{
        const char *app = one_of_each();
        restart();
        connected(RECORD_APP, app, 12);
        (void)rig_sent(&rig, 12, MSG_MASTER_CHANGED);
        acknowledge(12, NULL);
        ck_assert_int_eq(master_app(rig.m, app)->state, APP_UNKNOWN);
        master_effects_clear(&rig.out);
        rig_pass(&rig, 2 * SECOND);
        (void)rig_sent(&rig, 12, MSG_MASTER_CHANGED);
        acknowledge(12, app);
        ck_assert_int_eq(master_app(rig.m, app)->state, APP_RUNNING);
        master_effects_clear(&rig.out);
        rig_pass(&rig, 2 * SECOND);
        ck_assert_uint_eq(rig_count(&rig, MSG_MASTER_CHANGED), 0);
}
END_TEST

/* What ended, or never began, while the master was away. */
START_TEST(worker_names_fewer)
{
        const char *app = one_of_each();
        restart();
        int gone = running[0].id;
        ConnId conn = running[0].conn;
        forget(0);
        tell_state(conn, conn == 1 ? "w1" : "w2"); /* before the driver has answered */
        ck_assert_uint_eq(rig_count(&rig, MSG_EXECUTOR_UPDATED), 0);
        acknowledge(11, app);
        const Message *msg = rig_sent(&rig, 11, MSG_EXECUTOR_UPDATED);
        ck_assert_int_eq(msg->executor_updated.id, gone);
        ck_assert_int_eq(msg->executor_updated.state, EXECUTOR_LOST);
        ck_assert_uint_eq(rig_count(&rig, MSG_EXECUTOR_UPDATED), 0);
        ck_assert_uint_eq(master_app(rig.m, app)->n_executors, 7);
}
END_TEST

START_TEST(executor_ends_before_the_driver_is_back)
{
        const char *app = one_of_each();
        restart();
        tell_state(1, "w1");
        tell_state(2, "w2");
        rig_executor_state(&rig, 1, app, running[0].id, EXECUTOR_EXITED, 137);
        keep();
        rig_replied_boolean(&rig, true);
        acknowledge(11, app);
        const Message *msg = rig_sent(&rig, 11, MSG_EXECUTOR_UPDATED);
        ck_assert_int_eq(msg->executor_updated.exit_status.value, 137);
        ck_assert_str_eq(msg->executor_updated.message, "said");
        ck_assert_int_eq(msg->executor_updated.state, EXECUTOR_EXITED);
}
END_TEST

START_TEST(worker_names_more)
{
        const char *app = one_of_each();
        rig_close(&rig, 11); /* the application ends; its executors are killed, but never hear it */
        keep();
        restart();
        tell_state(1, "w1");
        ck_assert_uint_eq(rig_count(&rig, MSG_KILL_EXECUTOR), 4);
        ck_assert_str_eq(rig_sent(&rig, 1, MSG_KILL_EXECUTOR)->kill_executor.app_id, app);
}
END_TEST

/* It noticed by itself, and registers before it is dialled. */
START_TEST(worker_registers_by_itself)
{
        const char *app = one_of_each();
        restart();
        register_ours(21, "w1");
        ck_assert(rig_sent(&rig, 21, MSG_REGISTERED_WORKER)->registered_worker.duplicate);
        ck_assert_int_eq(master_worker(rig.m, "w1")->state, WORKER_ALIVE);
        ck_assert_uint_eq(master_worker(rig.m, "w1")->n_executors, 4);
        keep();
        connected(RECORD_WORKER, "w1", 1); /* too late: it is not told */
        ck_assert_uint_eq(count_effects(EFFECT_SEND), 0);
        ck_assert_uint_eq(count_effects(EFFECT_CLOSE), 1);
        ck_assert_uint_eq(rig.out.last->conn, 1);
        ck_assert_ptr_nonnull(app);
}
END_TEST

/* Both have dialled. It is sent what it is to do where it says what it runs, and elsewhere if it
 * turns out to be there. */
START_TEST(one_connection_is_kept)
{
        (void)one_of_each();
        restart();
        connected(RECORD_WORKER, "w1", 31);
        register_ours(21, "w1");
        ck_assert_uint_eq(master_worker(rig.m, "w1")->peer->conn, 21);
        tell_state(31, "w1");
        ck_assert_uint_eq(master_worker(rig.m, "w1")->peer->conn, 31);
        rig_close(&rig, 21);
        ck_assert_int_eq(master_worker(rig.m, "w1")->state, WORKER_ALIVE);
        rig_heartbeat(&rig, 31, "w1");
        rig_quiet(&rig);
        ck_assert_uint_eq(count_effects(EFFECT_CLOSE), 0);
        restart();
        connected(RECORD_WORKER, "w1", 31);
        connected(RECORD_WORKER, "w2", 32);
        tell_state(31, "w1");
        tell_state(32, "w2");
        rig_heartbeat(&rig, 42, "w2"); /* a JVM */
        ck_assert_uint_eq(count_effects(EFFECT_CLOSE), 0);
        rig_heartbeat(&rig, 41, "w1");
        ck_assert_uint_eq(count_effects(EFFECT_CLOSE), 1);
        ck_assert_uint_eq(master_worker(rig.m, "w1")->peer->conn, 41);
        (void)rig_sent(&rig, 41, MSG_RECONNECT_WORKER);
}
END_TEST

/* Its connection of which this master knows is gone, and it has another one. */
START_TEST(heartbeat_of_one_that_is_away)
{
        (void)one_of_each();
        rig_close(&rig, 1);
        rig_heartbeat(&rig, 31, "w1");
        (void)rig_sent(&rig, 31, MSG_RECONNECT_WORKER);
        rig_quiet(&rig);
        ck_assert_int_eq(master_worker(rig.m, "w1")->state, WORKER_UNKNOWN);
}
END_TEST

/* Another worker at the place of one that is waited for. */
START_TEST(worker_is_replaced)
{
        const char *app = one_of_each();
        restart();
        acknowledge(11, app);
        rig_register_worker(&rig, 22, "w3", 2, 4, 4096);
        (void)rig_sent(&rig, 22, MSG_REGISTERED_WORKER);
        keep();
        ck_assert_ptr_null(master_worker(rig.m, "w2"));
        ck_assert_uint_eq(rig_count(&rig, MSG_EXECUTOR_UPDATED), 4);
}
END_TEST

START_TEST(unknown_worker_registers_again)
{
        tell_state(5, "w5");
        ck_assert_str_eq(rig_sent(&rig, 5, MSG_RECONNECT_WORKER)->reconnect_worker.master_url,
                         "spark://m:7077");
        rig_quiet(&rig);
}
END_TEST

/* The same address, a new driver: it takes the place of one that is waited for. */
START_TEST(driver_registers_anew)
{
        const char *app = one_of_each();
        restart();
        rig.time.wall += 61 * SECOND;
        const char *second = start_app(11, 1);
        ck_assert_str_ne(second, app);
        ck_assert_int_eq(master_app(rig.m, app)->state, APP_FINISHED);
}
END_TEST

/* It had not heard from the former master that it was registered, or was so while its registration
 * with this one was under way. */
START_TEST(driver_registers_again)
{
        const char *app = one_of_each();
        restart();
        if (_i == 1)
                acknowledge(12, app);
        ck_assert_str_eq(start_app(11, 1), app);
        ck_assert_int_eq(master_app(rig.m, app)->state, APP_RUNNING);
        ck_assert_uint_eq(master_counters(rig.m).apps, 1);
        ck_assert_uint_eq(master_app(rig.m, app)->peer->conn, _i == 1 ? 12 : 11);
}
END_TEST

START_TEST(cluster_drivers)
{
        n_running = 0;
        register_ours(1, "w1");
        keep();
        for (int i = 0; i < 2; i++) {
                step_driver();
                keep();
                obey();
        }
        Message msg = { .type = MSG_REQUEST_SUBMIT_DRIVER };
        msg.request_submit_driver.driver_description =
                (DriverDescription){ .jar_url = "file:/x.jar", .mem = 256, .cores = 1 };
        rig_ask(&rig, 13, &msg);
        keep();
        obey();
        ck_assert_uint_eq(n_running, 3);
        restart();
        /* One is to end, which its worker hears when it is back; one supervised one is gone, and
         * so is the one that nobody supervises. */
        rig_event(&rig, (MasterEvent){ .type = EVENT_KILL_DRIVER, .text = running[0].driver });
        keep();
        n_running = 1;
        tell_state(1, "w1");
        ck_assert_str_eq(rig_sent(&rig, 1, MSG_KILL_DRIVER)->kill_driver.driver_id,
                         running[0].driver);
        (void)rig_sent(&rig, 1, MSG_LAUNCH_DRIVER);
        const MasterCounters c = master_counters(rig.m);
        ck_assert_uint_eq(c.drivers_running, 2);
        ck_assert_uint_eq(c.drivers_completed, 2);
        ck_assert_int_eq(master_completed_drivers(rig.m)->next->state, DRIVER_ERROR);
}
END_TEST

START_TEST(decommissioned_stays_so)
{
        const char *app = one_of_each();
        Message msg = { .type = MSG_WORKER_DECOMMISSIONING, .worker_decommissioning.id = "w2" };
        rig_tell(&rig, 2, &msg);
        keep();
        restart();
        acknowledge(11, app);
        tell_state(1, "w1");
        tell_state(2, "w2");
        ck_assert_str_eq(master_status(rig.m), "ALIVE");
        ck_assert_int_eq(master_worker(rig.m, "w2")->state, WORKER_DECOMMISSIONED);
        ck_assert_uint_eq(master_worker(rig.m, "w2")->n_executors, 4);
        ck_assert_int_eq(master_apps(rig.m)->cores_granted, 4);
}
END_TEST

/* ---- a worker of ours that is away for a moment ---- */

START_TEST(grace)
{
        const char *app = one_of_each();
        rig_close(&rig, 1);
        keep();
        ck_assert(rig_logged(&rig, "waiting 60 s"));
        rig_quiet(&rig); /* no driver is told */
        ck_assert_int_eq(master_worker(rig.m, "w1")->state, WORKER_UNKNOWN);
        ck_assert_uint_eq(master_counters(rig.m).workers_silent, 1);
        /* What ends in the meantime is told when it is back. */
        const char *ids[] = { "0", "1", "2", "3", "4", "5", "6", "7" };
        Message msg = { .type = MSG_KILL_EXECUTORS };
        msg.kill_executors.app_id = app;
        msg.kill_executors.executor_ids = (StringSeq){ ids, ARRAY_SIZE(ids) };
        rig_ask(&rig, 11, &msg);
        keep();
        for (int i = 0; i < 4; i++)
                (void)rig_sent(&rig, 2, MSG_KILL_EXECUTOR);
        rig_pass(&rig, 30 * SECOND);
        register_ours(31, "w1");
        keep();
        ck_assert(rig_sent(&rig, 31, MSG_REGISTERED_WORKER)->registered_worker.duplicate);
        Message latest = { .type = MSG_WORKER_LATEST_STATE, .worker_latest_state.id = "w1" };
        ExecutorDescription descs[] = { { .app_id = app, .exec_id = 0 } };
        latest.worker_latest_state.executors = (ExecutorDescriptionSeq){ descs, 1 };
        rig_tell(&rig, 31, &latest);
        keep();
        ck_assert_uint_eq(master_counters(rig.m).workers_silent, 0);
}
END_TEST

START_TEST(grace_ends)
{
        (void)one_of_each();
        rig_close(&rig, 1);
        rig_pass(&rig, 59 * SECOND);
        ck_assert_uint_eq(rig_count(&rig, MSG_WORKER_REMOVED), 0);
        rig_heartbeat(&rig, 2, "w2");
        rig_pass(&rig, SECOND);
        (void)rig_sent(&rig, 11, MSG_WORKER_REMOVED);
        ck_assert_int_eq(master_worker(rig.m, "w1")->state, WORKER_DEAD);
}
END_TEST

START_TEST(no_grace_for_who_leaves)
{
        (void)one_of_each();
        Message msg = { .type = MSG_WORKER_DECOMMISSIONING, .worker_decommissioning.id = "w1" };
        rig_tell(&rig, 1, &msg);
        rig_close(&rig, 1);
        keep();
        ck_assert_int_eq(master_worker(rig.m, "w1")->state, WORKER_DEAD);
        ck_assert_uint_eq(rig_count(&rig, MSG_WORKER_REMOVED), 1);
}
END_TEST

START_TEST(no_grace_for_nothing)
{
        register_ours(1, "w1");
        rig_close(&rig, 1); /* it runs nothing */
        ck_assert_int_eq(master_worker(rig.m, "w1")->state, WORKER_DEAD);
        (void)one_of_each();
        rig_close(&rig, 2); /* a JVM's executors end with it */
        ck_assert_int_eq(master_worker(rig.m, "w2")->state, WORKER_DEAD);
}
END_TEST

/* A launch that a former connection still carried. */
START_TEST(unknown_executor_that_runs_is_killed)
{
        const char *app = one_of_each();
        rig_executor_state(&rig, 1, app, 99, EXECUTOR_RUNNING, -1);
        rig_replied_boolean(&rig, true);
        ck_assert_int_eq(rig_sent(&rig, 1, MSG_KILL_EXECUTOR)->kill_executor.exec_id, 99);
        rig_executor_state(&rig, 1, app, 99, EXECUTOR_KILLED, -1);
        rig_replied_boolean(&rig, true);
        rig_quiet(&rig);
}
END_TEST

/* ---- when nothing can be kept ---- */

static void store_fails(const char *why)
{
        const MasterEvent event = { .type = EVENT_STORE, .text = why };
        ck_assert_int_eq(master_handle(rig.m, rig.time, &event, &rig.out), 0);
}

START_TEST(new_app_is_taken_back)
{
        register_ours(1, "w1");
        keep();
        const char *first = start_app(11, 1);
        ApplicationDescription desc = rig_app(&rig, "app", 2, 1, 1024);
        rig_register_app(&rig, 12, &desc);
        store_fails("the disk is full");
        ck_assert_uint_eq(rig_count(&rig, MSG_REGISTERED_APPLICATION), 0);
        ck_assert_uint_eq(rig_count(&rig, MSG_LAUNCH_EXECUTOR), 0);
        ck_assert_uint_eq(rig_count(&rig, MSG_EXECUTOR_ADDED), 0);
        ck_assert_uint_eq(rig_count(&rig, MSG_KILL_EXECUTOR), 0);
        ck_assert_str_eq(rig_sent(&rig, 12, MSG_APPLICATION_REMOVED)->application_removed.message,
                         "FAILED: the master takes no new applications: the disk is full");
        rig_quiet(&rig);
        ck_assert_uint_eq(master_counters(rig.m).apps, 1);
        ck_assert_int_eq(master_counters(rig.m).cores_used, 1);

        /* The next one hears it at once; what runs goes on, and what ends is told. */
        rig_register_app(&rig, 13, &desc);
        ck_assert_str_eq(rig_sent(&rig, 13, MSG_APPLICATION_REMOVED)->application_removed.message,
                         "The master takes no new applications: the disk is full");
        rig_executor_state(&rig, 1, first, 0, EXECUTOR_EXITED, 0);
        (void)rig_sent(&rig, 11, MSG_EXECUTOR_UPDATED);
        rig_replied_boolean(&rig, true);
        rig_quiet(&rig);

        rig_event(&rig, (MasterEvent){ .type = EVENT_STORE });
        ck_assert_int_eq(rig_sent(&rig, 1, MSG_LAUNCH_EXECUTOR)->launch_executor.exec_id, 1);
        rig_register_app(&rig, 13, &desc);
        (void)rig_sent(&rig, 13, MSG_REGISTERED_APPLICATION);
}
END_TEST

START_TEST(new_executor_is_taken_back)
{
        const char *app = start_app(11, 2);
        register_ours(1, "w1");
        ck_assert_uint_eq(rig_count(&rig, MSG_LAUNCH_EXECUTOR), 2);
        store_fails("the disk is full");
        (void)rig_sent(&rig, 1, MSG_REGISTERED_WORKER); /* a worker would end itself */
        rig_quiet(&rig);
        ck_assert_uint_eq(master_app(rig.m, app)->n_executors, 0);
        ck_assert_int_eq(master_counters(rig.m).cores_used, 0);
        rig_event(&rig, (MasterEvent){ .type = EVENT_STORE });
        ck_assert_uint_eq(rig_count(&rig, MSG_LAUNCH_EXECUTOR), 2);
}
END_TEST

START_TEST(new_driver_is_taken_back)
{
        register_ours(1, "w1");
        keep();
        step_driver();
        store_fails("the disk is full");
        const Message *msg = rig_replied(&rig, MSG_SUBMIT_DRIVER_RESPONSE);
        ck_assert(!msg->submit_driver_response.success);
        ck_assert_ptr_null(msg->submit_driver_response.driver_id);
        ck_assert_str_eq(msg->submit_driver_response.message,
                         "The master takes no new drivers: the disk is full");
        rig_quiet(&rig);
        const MasterCounters c = master_counters(rig.m);
        ck_assert_uint_eq(c.drivers_running + c.drivers_waiting + c.drivers_completed, 0);
        step_driver();
        ck_assert(!rig_replied(&rig, MSG_SUBMIT_DRIVER_RESPONSE)->submit_driver_response.success);
}
END_TEST

START_TEST(launch_of_a_waiting_driver_is_taken_back)
{
        step_driver();
        keep();
        register_ours(1, "w1");
        store_fails("the disk is full");
        (void)rig_sent(&rig, 1, MSG_REGISTERED_WORKER);
        rig_quiet(&rig);
        ck_assert_uint_eq(master_counters(rig.m).drivers_waiting, 1);
        rig_event(&rig, (MasterEvent){ .type = EVENT_STORE });
        (void)rig_sent(&rig, 1, MSG_LAUNCH_DRIVER);
}
END_TEST

/* ---- standby ---- */

START_TEST(standby)
{
        rig_done(&rig);
        config.standby = true;
        rig_init(&rig, &config);
        ck_assert_str_eq(master_status(rig.m), "STANDBY");
        register_ours(1, "w1");
        (void)rig_sent(&rig, 1, MSG_MASTER_IN_STANDBY);
        rig_quiet(&rig);
        ApplicationDescription desc = rig_app(&rig, "app", 1, 1, 1024);
        rig_register_app(&rig, 2, &desc);
        rig_quiet(&rig);
        step_driver();
        ck_assert_str_eq(
                rig_replied(&rig, MSG_SUBMIT_DRIVER_RESPONSE)->submit_driver_response.message,
                "Current state is not alive: STANDBY. Can only accept driver submissions "
                "in ALIVE state.");
        Message msg = { .type = MSG_REQUEST_READYZ };
        rig_ask(&rig, 3, &msg);
        rig_replied_boolean(&rig, false);
        ck_assert_uint_eq(master_counters(rig.m).workers_listed, 0);
        rig_event(&rig, (MasterEvent){ .type = EVENT_START });
        ck_assert_str_eq(master_status(rig.m), "ALIVE");
        register_ours(1, "w1");
        (void)rig_sent(&rig, 1, MSG_REGISTERED_WORKER);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("recovery");
        TCase *c = tcase_create("recovery");
        tcase_add_checked_fixture(c, set_up, tear_down);
        tcase_add_loop_test(c, cut_at_every_turn, 0, (int)ARRAY_SIZE(steps));
        tcase_add_test(c, nothing_kept);
        tcase_add_loop_test(c, connections_are_handed_over, 0, 2);
        tcase_add_test(c, silent_ones_are_waited_for);
        tcase_add_test(c, silent_app_is_finished);
        tcase_add_test(c, dials_again);
        tcase_add_test(c, tells_again);
        tcase_add_test(c, worker_names_fewer);
        tcase_add_test(c, executor_ends_before_the_driver_is_back);
        tcase_add_test(c, worker_names_more);
        tcase_add_test(c, worker_registers_by_itself);
        tcase_add_test(c, one_connection_is_kept);
        tcase_add_test(c, heartbeat_of_one_that_is_away);
        tcase_add_test(c, worker_is_replaced);
        tcase_add_test(c, unknown_worker_registers_again);
        tcase_add_test(c, driver_registers_anew);
        tcase_add_loop_test(c, driver_registers_again, 0, 2);
        tcase_add_test(c, cluster_drivers);
        tcase_add_test(c, decommissioned_stays_so);
        tcase_add_test(c, grace);
        tcase_add_test(c, grace_ends);
        tcase_add_test(c, no_grace_for_who_leaves);
        tcase_add_test(c, no_grace_for_nothing);
        tcase_add_test(c, unknown_executor_that_runs_is_killed);
        tcase_add_test(c, new_app_is_taken_back);
        tcase_add_test(c, new_executor_is_taken_back);
        tcase_add_test(c, new_driver_is_taken_back);
        tcase_add_test(c, launch_of_a_waiting_driver_is_taken_back);
        tcase_add_test(c, standby);
        suite_add_tcase(s, c);
        return unit_run(s);
}
