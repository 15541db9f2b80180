/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The actor with a worker and a driver on loopback: ours, so that no JVM is needed; they write as
 * Spark 4.3 does.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "daemons/common/daemon.h"
#include "daemons/master/actor.h"
#include "rpc/rpc.h"
#include "store/store.h"
#include "tests/unit/unit.h"

#define SEEN_MAX      32
#define PATIENCE_USEC UINT64_C(5000000)

/* One peer of the master: what it was sent, and the connection. */
typedef struct Client {
        Rpc *rpc;
        uint16_t port; /* on which it listens, as a recovering master expects */
        RpcConn *conn;
        bool connected;
        MessageType seen[SEEN_MAX];
        size_t n_seen;
        char app_id[64], removed[256];
        ExecutorState state; /* of the last EXECUTOR_UPDATED */
        RpcAnswer answer;
        bool answered, answer_value;
} Client;

typedef struct Stage {
        sd_event *event;
        const char *state_dir; /* NULL: nothing is durable */
        Actor *actor;
        uint16_t port;
        char url[64];
        Client worker, driver;
} Stage;

static void on_connected(void *user, RpcConn *conn)
{
        ((Client *)user)->connected = true;
}

static void on_request(void *user, RpcConn *conn, const RpcRequest *request)
{
        Client *c = user;
        const Message *m = request->message;

        ck_assert_uint_lt(c->n_seen, SEEN_MAX);
        c->seen[c->n_seen++] = m->type;
        if (m->type == MSG_REGISTERED_APPLICATION)
                (void)snprintf(c->app_id, sizeof(c->app_id), "%s",
                               m->registered_application.app_id);
        if (m->type == MSG_EXECUTOR_UPDATED)
                c->state = m->executor_updated.state;
        if (m->type == MSG_APPLICATION_REMOVED)
                (void)snprintf(c->removed, sizeof(c->removed), "%s",
                               m->application_removed.message);
        if (m->type == MSG_MASTER_CHANGED)
                c->conn = conn;
}

static void on_closed(void *user, RpcConn *conn, const char *reason)
{
        Client *c = user;

        if (c->conn == conn)
                c->conn = NULL;
}

static void on_foreign(void *user, RpcConn *conn, const char *problem)
{
        ck_abort_msg("%s", problem);
}

static bool saw(const Client *c, MessageType type)
{
        for (size_t i = 0; i < c->n_seen; i++)
                if (c->seen[i] == type)
                        return true;
        return false;
}

/* Runs the loop until the client has seen the message. */
static void wait_for(Stage *s, const Client *c, MessageType type)
{
        uint64_t now, end;

        (void)sd_event_now(s->event, CLOCK_MONOTONIC, &now);
        end = now + PATIENCE_USEC;
        while (!saw(c, type) && now < end) {
                ck_assert_int_ge(sd_event_run(s->event, 100000), 0);
                (void)sd_event_now(s->event, CLOCK_MONOTONIC, &now);
        }
        ck_assert_msg(saw(c, type), "%s did not come", message_type_name(type));
}

static void client_init(Stage *s, Client *c, const char *endpoint)
{
        CLEANUP_FREE char *problem = NULL;
        int fd = -1;

        static const RpcHandlers handlers = { .connected = on_connected,
                                              .request = on_request,
                                              .closed = on_closed,
                                              .foreign = on_foreign };
        const char *const endpoints[] = { endpoint, NULL };
        const HostPort to = { .host = "127.0.0.1", .port = s->port };

        *c = (Client){ 0 };
        ck_assert_int_eq(daemon_listen("127.0.0.1", 0, &fd, &c->port, &problem), 0);
        const RpcOptions options = { .endpoints = endpoints,
                                     .self = { "127.0.0.1", c->port },
                                     .default_line = LINE_4_3 };
        ck_assert_int_eq(rpc_new(s->event, &options, &handlers, c, &c->rpc), 0);
        ck_assert_int_eq(rpc_listen(c->rpc, fd), 0);
        ck_assert_int_eq(rpc_connect(c->rpc, &to, &c->conn), 0);
        for (unsigned i = 0; i < 100 && !c->connected; i++)
                ck_assert_int_ge(sd_event_run(s->event, 100000), 0);
        ck_assert(c->connected);
}

static MasterConfig stage_config(const Stage *s, uint64_t worker_timeout_usec)
{
        MasterConfig config;

        master_config_init(&config);
        config.url = s->url;
        config.address = (RpcAddress){ "127.0.0.1", s->port };
        config.web_ui_url = "http://127.0.0.1:8080";
        config.worker_timeout_usec = worker_timeout_usec;
        config.grace_usec = 0;
        return config;
}

static void stage_init_in(Stage *s, const char *state_dir, uint64_t worker_timeout_usec)
{
        CLEANUP_FREE char *problem = NULL;
        int fd = -1;

        *s = (Stage){ .state_dir = state_dir };
        ck_assert_int_ge(sd_event_new(&s->event), 0);
        ck_assert_int_eq(daemon_listen("127.0.0.1", 0, &fd, &s->port, &problem), 0);
        (void)snprintf(s->url, sizeof(s->url), "spark://127.0.0.1:%u", s->port);
        const MasterConfig config = stage_config(s, worker_timeout_usec);
        const ActorOptions options = { .config = &config, .state_dir = state_dir, .standby = true };
        ck_assert_int_eq(actor_new(s->event, &options, &s->actor, &problem), 0);
        ck_assert_int_eq(actor_listen(s->actor, fd), 0);
        client_init(s, &s->worker, "Worker");
        client_init(s, &s->driver, "AppClient");
}

static void stage_init(Stage *s, uint64_t worker_timeout_usec)
{
        stage_init_in(s, NULL, worker_timeout_usec);
}

static void stage_done(Stage *s)
{
        rpc_free(s->worker.rpc);
        rpc_free(s->driver.rpc);
        actor_free(s->actor);
        (void)sd_event_unref(s->event);
}

#define CLEANUP_STAGE CLEANUP(stage_done)

/* `number` tells several workers apart that speak over the one connection. */
static void tell_registration(Stage *s, int number)
{
        char id[32];
        const RpcAddress address = { "127.0.0.1", number == 1 ? s->worker.port : number };
        const char *engines[] = { "4.3.0" };
        struct ResourceEntry entry = { "sparkd.engines",
                                       { .name = "sparkd.engines", .addresses = { engines, 1 } } };
        const Message m = {
                .type = MSG_REGISTER_WORKER,
                .register_worker = {
                        .id = id,
                        .host = "127.0.0.1",
                        .port = address.port,
                        .cores = 2,
                        .memory = 2048,
                        .worker_web_ui_url = "http://127.0.0.1:8081",
                        .worker = { "Worker", address },
                        .master_address = { "127.0.0.1", s->port },
                        .resources = { &entry, 1 },
                },
        };

        (void)snprintf(id, sizeof(id), "worker-%d", number);
        ck_assert_int_eq(rpc_tell(s->worker.conn, "Master", &m), 0);
}

static void register_worker(Stage *s)
{
        tell_registration(s, 1);
        wait_for(s, &s->worker, MSG_REGISTERED_WORKER);
}

static void register_application_for(Stage *s, MessageType answer)
{
        struct ExecutorResourceEntry wanted[] = {
                { "cores", { .resource_name = "cores", .amount = 1, "", "" } },
                { "memory", { .resource_name = "memory", .amount = 512, "", "" } },
        };
        const Message m = {
                .type = MSG_REGISTER_APPLICATION,
                .register_application = {
                        .app_description = {
                                .name = "Pi",
                                .user = "ann",
                                .app_ui_url = "http://127.0.0.1:4040",
                                .max_cores = { true, 1 },
                                .command = { .main_class = "org.example.Backend" },
                                .default_profile = { .executor_resources = { wanted, 2 } },
                        },
                        .driver = { "AppClient", { "127.0.0.1", s->driver.port } },
                },
        };

        ck_assert_int_eq(rpc_tell(s->driver.conn, "Master", &m), 0);
        wait_for(s, &s->driver, answer);
}

static void register_application(Stage *s)
{
        register_application_for(s, MSG_REGISTERED_APPLICATION);
}

START_TEST(an_application_gets_an_executor)
{
        CLEANUP_STAGE Stage s;

        stage_init(&s, 60000000);
        register_worker(&s);
        register_application(&s);
        wait_for(&s, &s.worker, MSG_LAUNCH_EXECUTOR);
        wait_for(&s, &s.driver, MSG_EXECUTOR_ADDED);
        ck_assert_uint_eq(master_counters(actor_master(s.actor)).cores_used, 1);
}
END_TEST

static void on_answer(void *user, RpcConn *conn, RpcAnswer answer, const Message *message,
                      const char *failure)
{
        Client *c = user;

        c->answer = answer;
        c->answered = true;
        c->answer_value =
                answer == RPC_ANSWERED && message->type == MSG_BOOLEAN && message->boolean.value;
}

START_TEST(asks_are_answered)
{
        CLEANUP_STAGE Stage s;
        const Message m = {
                .type = MSG_EXECUTOR_STATE_CHANGED,
                .executor_state_changed = { .app_id = "app-x", .state = EXECUTOR_RUNNING },
        };

        stage_init(&s, 60000000);
        ck_assert_int_eq(rpc_ask(s.worker.conn, "Master", &m, PATIENCE_USEC, on_answer, &s.worker),
                         0);
        while (!s.worker.answered)
                ck_assert_int_ge(sd_event_run(s.event, 100000), 0);
        ck_assert_int_eq(s.worker.answer, RPC_ANSWERED);
        ck_assert(s.worker.answer_value); /* true also for what it does not know */
}
END_TEST

START_TEST(unsupported_asks_fail)
{
        CLEANUP_STAGE Stage s;
        const Message m = { .type = MSG_REGISTERED_WORKER,
                            .registered_worker = {
                                    .master = { "Master", { "127.0.0.1", 1 } },
                                    .master_web_ui_url = "",
                                    .master_address = { "127.0.0.1", 1 },
                            } };

        stage_init(&s, 60000000);
        ck_assert_int_eq(rpc_ask(s.driver.conn, "Master", &m, PATIENCE_USEC, on_answer, &s.driver),
                         0);
        while (!s.driver.answered)
                ck_assert_int_ge(sd_event_run(s.event, 100000), 0);
        ck_assert_int_eq(s.driver.answer, RPC_FAILED);
}
END_TEST

START_TEST(a_closed_connection_ends_its_worker)
{
        CLEANUP_STAGE Stage s;

        stage_init(&s, 60000000);
        register_worker(&s);
        register_application(&s);
        wait_for(&s, &s.driver, MSG_EXECUTOR_ADDED);
        rpc_conn_close(s.worker.conn, "gone");
        wait_for(&s, &s.driver, MSG_WORKER_REMOVED);
        ck_assert(saw(&s.driver, MSG_EXECUTOR_UPDATED));
        ck_assert_int_eq(s.driver.state, EXECUTOR_LOST);
        ck_assert_uint_eq(master_counters(actor_master(s.actor)).workers_alive, 0);
}
END_TEST

START_TEST(the_timer_ends_a_silent_worker)
{
        CLEANUP_STAGE Stage s;

        stage_init(&s, 100000);
        register_worker(&s);
        register_application(&s);
        wait_for(&s, &s.driver, MSG_WORKER_REMOVED);
        ck_assert_ptr_nonnull(s.worker.conn);
}
END_TEST

START_TEST(orders_of_the_web_reach_the_driver)
{
        CLEANUP_STAGE Stage s;

        stage_init(&s, 60000000);
        register_application(&s);
        actor_order(s.actor, EVENT_KILL_APP, "app-unknown");
        actor_order(s.actor, EVENT_KILL_APP, s.driver.app_id);
        wait_for(&s, &s.driver, MSG_APPLICATION_REMOVED);
        ck_assert_uint_eq(master_counters(actor_master(s.actor)).apps, 0);
}
END_TEST

START_TEST(the_status_line_follows)
{
        CLEANUP_UNIT_DIR UnitDir dir = unit_dir();
        CLEANUP_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        CLEANUP_STAGE Stage s;
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        char text[256] = "";

        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", dir.path);
        ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        (void)setenv("NOTIFY_SOCKET", address.sun_path, 1);
        stage_init(&s, 60000000);
        register_worker(&s);
        for (unsigned i = 0; i < 50 && *text == '\0'; i++) {
                ck_assert_int_ge(sd_event_run(s.event, 100000), 0);
                if (recv(fd, text, sizeof(text) - 1, 0) < 0)
                        ck_assert_int_eq(errno, EAGAIN);
        }
        ck_assert_str_eq(text, "STATUS=1 worker, 0 applications, 0 of 2 cores");
        (void)unsetenv("NOTIFY_SOCKET");
}
END_TEST

START_TEST(a_bad_id_pattern_is_refused)
{
        CLEANUP_FREE char *problem = NULL;
        sd_event *event = NULL;
        MasterConfig config;
        Actor *actor = NULL;

        ck_assert_int_ge(sd_event_new(&event), 0);
        master_config_init(&config);
        config.url = "spark://m:7077";
        config.address = (RpcAddress){ "m", 7077 };
        config.web_ui_url = "http://m:8080";
        config.app_id_pattern = "app-%n";
        const ActorOptions options = { .config = &config };
        ck_assert_int_eq(actor_new(event, &options, &actor, &problem), -EINVAL);
        ck_assert_ptr_null(actor);
        (void)sd_event_unref(event);
}
END_TEST

/* ---- durable state ---- */

/* The process ends without a word, and another one begins. */
static void stage_restart(Stage *s)
{
        CLEANUP_FREE char *problem = NULL;
        const MasterConfig config = stage_config(s, 60000000);
        const ActorOptions options = { .config = &config, .state_dir = s->state_dir };

        actor_free(s->actor);
        s->actor = NULL;
        s->worker.n_seen = s->driver.n_seen = 0;
        ck_assert_int_eq(actor_new(s->event, &options, &s->actor, &problem), 0);
}

static void wait_for_status(Stage *s, const char *status)
{
        for (unsigned i = 0; i < 50 && strcmp(master_status(actor_master(s->actor)), status); i++)
                ck_assert_int_ge(sd_event_run(s->event, 100000), 0);
        ck_assert_str_eq(master_status(actor_master(s->actor)), status);
}

START_TEST(a_restarted_master_finds_everybody)
{
        CLEANUP_UNIT_DIR UnitDir dir = unit_dir();
        CLEANUP_STAGE Stage s;
        struct WorkerExecutorStateResponse running = { .desc = { .cores = 1, .memory_mb = 512 } };
        Message state = { .type = MSG_WORKER_SCHEDULER_STATE_RESPONSE };
        Message acknowledged = { .type = MSG_MASTER_CHANGE_ACKNOWLEDGED };

        stage_init_in(&s, dir.path, 60000000);
        register_worker(&s);
        register_application(&s);
        wait_for(&s, &s.driver, MSG_EXECUTOR_ADDED);
        stage_restart(&s);
        wait_for_status(&s, "RECOVERING");
        wait_for(&s, &s.driver, MSG_MASTER_CHANGED);
        wait_for(&s, &s.worker, MSG_MASTER_CHANGED);
        acknowledged.master_change_acknowledged.app_id = s.driver.app_id;
        ck_assert_int_eq(rpc_tell(s.driver.conn, "Master", &acknowledged), 0);
        running.desc.app_id = s.driver.app_id;
        running.desc.state = EXECUTOR_RUNNING;
        state.worker_scheduler_state_response.id = "worker-1";
        state.worker_scheduler_state_response.exec_responses =
                (WorkerExecutorStateSeq){ &running, 1 };
        ck_assert_int_eq(rpc_tell(s.worker.conn, "Master", &state), 0);
        wait_for_status(&s, "ALIVE");
        ck_assert_uint_eq(master_counters(actor_master(s.actor)).cores_used, 1);
        ck_assert(!saw(&s.driver, MSG_EXECUTOR_UPDATED));
        ck_assert(!saw(&s.worker, MSG_KILL_EXECUTOR));
}
END_TEST

/* As under load, when much arrives while the disk is synced. */
START_TEST(what_came_together_is_one_transaction)
{
        enum { MANY = 20 };
        CLEANUP_UNIT_DIR UnitDir dir = unit_dir();
        CLEANUP_STAGE Stage s;
        char message[STORE_MESSAGE_MAX];

        stage_init_in(&s, dir.path, 60000000);
        for (int i = 1; i <= MANY; i++)
                tell_registration(&s, i);
        for (unsigned i = 0; i < 100 && s.worker.n_seen < MANY; i++)
                ck_assert_int_ge(sd_event_run(s.event, 100000), 0);
        ck_assert_uint_eq(master_counters(actor_master(s.actor)).workers_alive, MANY);
        actor_free(s.actor);
        s.actor = NULL;
        CLEANUP_STORE Store *store = NULL;
        ck_assert_int_eq(store_open(dir.path, &store, message), 0);
        ck_assert_uint_ge(store_index(store), 1);
        ck_assert_uint_le(store_index(store), 2); /* what was read in two parts */
}
END_TEST

START_TEST(without_a_state_directory_nothing_is_found)
{
        CLEANUP_STAGE Stage s;

        stage_init(&s, 60000000);
        register_worker(&s);
        register_application(&s);
        stage_restart(&s);
        ck_assert_str_eq(master_status(actor_master(s.actor)), "ALIVE");
        ck_assert_uint_eq(master_counters(actor_master(s.actor)).apps, 0);
}
END_TEST

static uint64_t now_usec(const Stage *s)
{
        uint64_t now = 0;

        (void)sd_event_now(s->event, CLOCK_MONOTONIC, &now);
        return now;
}

static void limit_files(rlim_t size)
{
        const struct rlimit limit = { .rlim_cur = size, .rlim_max = RLIM_INFINITY };

        ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* No file may grow: nothing can be made durable, so nothing new is promised; and then it can. */
START_TEST(what_cannot_be_kept_is_refused)
{
        CLEANUP_UNIT_DIR UnitDir dir = unit_dir();
        CLEANUP_STAGE Stage s;
        const struct sigaction ignore = { .sa_handler = SIG_IGN };

        ck_assert_int_eq(sigaction(SIGXFSZ, &ignore, NULL), 0);
        stage_init_in(&s, dir.path, 60000000);
        register_worker(&s);
        limit_files(1);
        register_application_for(&s, MSG_APPLICATION_REMOVED);
        ck_assert(!saw(&s.driver, MSG_REGISTERED_APPLICATION));
        ck_assert(!saw(&s.driver, MSG_EXECUTOR_ADDED));
        ck_assert(!saw(&s.worker, MSG_LAUNCH_EXECUTOR));
        ck_assert_msg(strncmp(s.driver.removed,
                              "FAILED: the master takes no new applications: ", 46) == 0,
                      "%s", s.driver.removed);
        s.driver.n_seen = 0;
        register_application_for(&s, MSG_APPLICATION_REMOVED);
        ck_assert_uint_eq(master_counters(actor_master(s.actor)).workers_alive, 1);

        limit_files(RLIM_INFINITY);
        s.driver.n_seen = 0;
        const uint64_t end = now_usec(&s) + 2500000; /* it tries again after 2 s */
        while (now_usec(&s) < end)
                ck_assert_int_ge(sd_event_run(s.event, 100000), 0);
        register_application(&s);
}
END_TEST

static int refused(const char *state_dir, char **ret_problem)
{
        sd_event *event = NULL;
        Actor *actor = NULL;
        MasterConfig config;
        int r;

        ck_assert_int_ge(sd_event_new(&event), 0);
        master_config_init(&config);
        config.url = "spark://m:7077";
        config.address = (RpcAddress){ "m", 7077 };
        config.web_ui_url = "http://m:8080";
        const ActorOptions options = { .config = &config, .state_dir = state_dir };
        r = actor_new(event, &options, &actor, ret_problem);
        ck_assert_ptr_null(actor);
        (void)sd_event_unref(event);
        return r;
}

/* The lock is another process's. */
START_TEST(a_second_master_is_refused)
{
        CLEANUP_UNIT_DIR UnitDir dir = unit_dir();
        CLEANUP_STAGE Stage s;
        CLEANUP_FREE char *problem = NULL;
        int status;

        stage_init_in(&s, dir.path, 60000000);
        const pid_t child = fork();
        if (child == 0) {
                const int r = refused(dir.path, &problem);
                _exit(r == STORE_E_HELD && problem && strstr(problem, dir.path) ? 0 : 1);
        }
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_int_eq(status, 0);
}
END_TEST

/* A process that has the state until it is killed. */
static pid_t hold_state(const char *directory)
{
        char message[STORE_MESSAGE_MAX], byte;
        int ends[2];

        ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
        const pid_t child = fork();
        if (child == 0) {
                Store *store = NULL;
                if (store_open(directory, &store, message) == 0)
                        (void)!write(ends[1], "x", 1);
                for (;;)
                        (void)pause();
        }
        ck_assert_int_eq(read(ends[0], &byte, 1), 1);
        close_fd(&ends[0]);
        close_fd(&ends[1]);
        return child;
}

START_TEST(a_standby_takes_over)
{
        CLEANUP_UNIT_DIR UnitDir dir = unit_dir();
        CLEANUP_STAGE Stage s;
        const pid_t holder = hold_state(dir.path);
        const Message m = { .type = MSG_REQUEST_READYZ };

        stage_init_in(&s, dir.path, 60000000);
        ck_assert_str_eq(master_status(actor_master(s.actor)), "STANDBY");
        ck_assert_int_eq(rpc_ask(s.worker.conn, "Master", &m, PATIENCE_USEC, on_answer, &s.worker),
                         0);
        while (!s.worker.answered)
                ck_assert_int_ge(sd_event_run(s.event, 100000), 0);
        ck_assert(!s.worker.answer_value);
        ck_assert_int_eq(kill(holder, SIGKILL), 0);
        ck_assert_int_eq(waitpid(holder, NULL, 0), holder);
        wait_for_status(&s, "ALIVE");
        register_worker(&s);
}
END_TEST

START_TEST(a_record_that_is_damaged_is_refused)
{
        CLEANUP_UNIT_DIR UnitDir dir = unit_dir();
        CLEANUP_FREE char *problem = NULL;
        char message[STORE_MESSAGE_MAX];
        Store *store = NULL;

        ck_assert_int_eq(store_open(dir.path, &store, message), 0);
        ck_assert_int_eq(store_put(store, RECORD_APP, "app-7", "\1\2\3", 3), 0);
        ck_assert_int_eq(store_commit(store), 0);
        store = store_close(store);
        ck_assert_int_eq(refused(dir.path, &problem), STORE_E_DAMAGED);
        ck_assert_ptr_nonnull(strstr(problem, "app-7 is damaged"));
}
END_TEST

UNIT_MAIN("actor", an_application_gets_an_executor, asks_are_answered, unsupported_asks_fail,
          a_closed_connection_ends_its_worker, the_timer_ends_a_silent_worker,
          orders_of_the_web_reach_the_driver, the_status_line_follows, a_bad_id_pattern_is_refused,
          a_restarted_master_finds_everybody, what_came_together_is_one_transaction,
          without_a_state_directory_nothing_is_found, what_cannot_be_kept_is_refused,
          a_second_master_is_refused, a_standby_takes_over, a_record_that_is_damaged_is_refused)
