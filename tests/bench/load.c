/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/load.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/macro.h"
#include "wire/frame.h"

#define MASTER_ENDPOINT   "Master"
#define WORKER_NET        UINT32_C(0x7f010000) /* worker i is at 127.1.0.0 + i */
#define DRIVER_NET        UINT32_C(0x7f020000)
#define HEARTBEAT_SECONDS 15

uint64_t now_nsec(void)
{
        struct timespec t;
        (void)clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

_Noreturn void die(const char *what)
{
        fprintf(stderr, "loadgen: %s: %s\n", what, strerror(errno));
        _exit(1);
}

static void fail(Load *load, const char *why)
{
        if (!load->failed)
                fprintf(stderr, "loadgen: %s\n", why);
        load->failed = true;
}

/* ---- the master's resource use ---- */

static uint64_t task_cpu_nsec(pid_t pid, const char *task)
{
        char path[320];
        unsigned long long nsec = 0;
        (void)snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", pid, task);
        FILE *f = fopen(path, "re");
        if (f) {
                if (fscanf(f, "%llu", &nsec) != 1)
                        nsec = 0;
                (void)fclose(f);
        }
        return nsec;
}

uint64_t master_cpu_nsec(const Load *load)
{
        char path[64];
        uint64_t total = 0;
        (void)snprintf(path, sizeof(path), "/proc/%d/task", load->pid);
        DIR *d = opendir(path);
        for (struct dirent *e; d && (e = readdir(d));)
                if (e->d_name[0] != '.')
                        total += task_cpu_nsec(load->pid, e->d_name);
        if (d)
                (void)closedir(d);
        return total;
}

long master_rss_kib(const Load *load)
{
        char path[64], row[128];
        long kib = -1;
        (void)snprintf(path, sizeof(path), "/proc/%d/status", load->pid);
        FILE *f = fopen(path, "re");
        while (f && fgets(row, sizeof(row), f))
                if (sscanf(row, "VmRSS: %ld kB", &kib) == 1)
                        break;
        if (f)
                (void)fclose(f);
        return kib;
}

/* ---- sending ---- */

/* A master that was killed loses what is sent to it. */
static void send_all(Load *load, Peer *p, const Buffer *b)
{
        size_t done = 0;
        while (done < b->size && !b->failed) {
                ssize_t n = send(p->fd, b->data + done, b->size - done, MSG_NOSIGNAL);
                if (n < 0 && errno != EINTR) {
                        if (!load->down)
                                die("send");
                        return;
                }
                done += n > 0 ? (size_t)n : 0;
        }
        if (b->failed)
                fail(load, "out of memory");
}

static void put_body(Load *load, Peer *p, const char *endpoint, const Message *m, Buffer *body)
{
        envelope_put(body, &p->self, &load->master_address, endpoint);
        if (message_encode(m, load->line, body) < 0)
                fail(load, "a message cannot be encoded");
}

static void tell(Load *load, Peer *p, const Message *m)
{
        CLEANUP_BUFFER Buffer body = BUFFER_INIT(0), frame = BUFFER_INIT(0);
        put_body(load, p, MASTER_ENDPOINT, m, &body);
        frame_put_one_way(&frame, body.data, body.size);
        send_all(load, p, &frame);
}

static void ask(Load *load, Peer *p, const char *endpoint, const Message *m)
{
        CLEANUP_BUFFER Buffer body = BUFFER_INIT(0), frame = BUFFER_INIT(0);
        put_body(load, p, endpoint, m, &body);
        frame_put_request(&frame, ++load->next_request, body.data, body.size);
        send_all(load, p, &frame);
}

static EndpointRef self_ref(const Peer *p)
{
        return (EndpointRef){ .name = p->driver ? "AppClient" : "Worker", .address = p->self };
}

static void register_worker(Load *load, Peer *p)
{
        Message m = { .type = MSG_REGISTER_WORKER };
        m.register_worker.id = p->id;
        m.register_worker.host = p->self.host;
        m.register_worker.port = p->self.port;
        m.register_worker.cores = WORKER_CORES;
        m.register_worker.memory = WORKER_MEMORY;
        m.register_worker.worker_web_ui_url = "http://127.0.0.1:1";
        m.register_worker.worker = self_ref(p);
        m.register_worker.master_address = load->master_address;
        tell(load, p, &m);
}

void heartbeat(Load *load, Peer *p)
{
        Message m = { .type = MSG_HEARTBEAT };
        m.heartbeat.worker_id = p->id;
        m.heartbeat.worker = self_ref(p);
        tell(load, p, &m);
}

/* As SparkContext fills it in, in size: what it starts executors with. */
static void fill_command(Command *c)
{
        static const char *arguments[] = { "--driver-url",
                                           "spark://CoarseGrainedScheduler@127.0.0.1:1",
                                           "--executor-id",
                                           "{{EXECUTOR_ID}}",
                                           "--hostname",
                                           "{{HOSTNAME}}",
                                           "--cores",
                                           "{{CORES}}",
                                           "--app-id",
                                           "{{APP_ID}}",
                                           "--worker-url",
                                           "{{WORKER_URL}}",
                                           "--resourceProfileId",
                                           "{{RESOURCE_PROFILE_ID}}" };
        static const char *java_opts[] = {
                "-Dspark.driver.port=1",
                "-Djava.net.preferIPv6Addresses=false",
                "-XX:+IgnoreUnrecognizedVMOptions",
                "--add-opens=java.base/java.lang=ALL-UNNAMED",
                "--add-opens=java.base/java.lang.invoke=ALL-UNNAMED",
                "--add-opens=java.base/java.lang.reflect=ALL-UNNAMED",
                "--add-opens=java.base/java.io=ALL-UNNAMED",
                "--add-opens=java.base/java.net=ALL-UNNAMED",
                "--add-opens=java.base/java.nio=ALL-UNNAMED",
                "--add-opens=java.base/java.util=ALL-UNNAMED",
                "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
                "--add-opens=java.base/java.util.concurrent.atomic=ALL-UNNAMED",
                "--add-opens=java.base/jdk.internal.ref=ALL-UNNAMED",
                "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
                "--add-opens=java.base/sun.nio.cs=ALL-UNNAMED",
                "--add-opens=java.base/sun.security.action=ALL-UNNAMED",
                "--add-opens=java.base/sun.util.calendar=ALL-UNNAMED",
                "--add-opens=java.security.jgss/sun.security.krb5=ALL-UNNAMED",
        };
        static StringPair environment[] = { { "SPARK_USER", "load" },
                                            { "SPARK_EXECUTOR_MEMORY", "512m" } };
        c->main_class = "org.apache.spark.executor.CoarseGrainedExecutorBackend";
        c->arguments = (StringSeq){ arguments, ARRAY_SIZE(arguments) };
        c->java_opts = (StringSeq){ java_opts, ARRAY_SIZE(java_opts) };
        c->environment = (StringMap){ environment, ARRAY_SIZE(environment) };
}

void register_application(Load *load, Peer *p)
{
        struct ExecutorResourceEntry resources[] = {
                { "cores",
                  { .resource_name = "cores",
                    .amount = EXECUTOR_CORES,
                    .discovery_script = "",
                    .vendor = "" } },
                { "memory",
                  { .resource_name = "memory",
                    .amount = EXECUTOR_MEMORY,
                    .discovery_script = "",
                    .vendor = "" } },
        };
        Message m = { .type = MSG_REGISTER_APPLICATION };
        ApplicationDescription *d = &m.register_application.app_description;
        d->name = "load";
        d->user = "load";
        d->app_ui_url = "http://127.0.0.1:1";
        d->max_cores = (OptInt){ true, (int32_t)load->executors * EXECUTOR_CORES };
        fill_command(&d->command);
        d->default_profile.executor_resources =
                (ExecutorResourceMap){ resources, ARRAY_SIZE(resources) };
        m.register_application.driver = self_ref(p);
        p->added = 0;
        tell(load, p, &m);
}

void unregister_application(Load *load, Peer *p)
{
        Message m = { .type = MSG_UNREGISTER_APPLICATION };
        m.unregister_application.app_id = p->id;
        tell(load, p, &m);
}

/* ---- what a worker does ---- */

static void tell_state(Load *load, Peer *p, const char *app_id, int32_t exec_id, ExecutorState s)
{
        Message m = { .type = MSG_EXECUTOR_STATE_CHANGED };
        m.executor_state_changed.app_id = app_id;
        m.executor_state_changed.exec_id = exec_id;
        m.executor_state_changed.state = s;
        ask(load, p, MASTER_ENDPOINT, &m);
}

static void registered(Load *load, Peer *p)
{
        if (p->state == PEER_READY)
                return;
        Message latest = { .type = MSG_WORKER_LATEST_STATE };
        latest.worker_latest_state.id = p->id;
        tell(load, p, &latest);
        p->state = PEER_READY;
        load->registered++;
}

static void launch(Load *load, Peer *p, const Message *m)
{
        if (p->n_running == ARRAY_SIZE(p->running)) {
                fail(load, "a worker got more executors than it has cores");
                return;
        }
        Running *r = &p->running[p->n_running++];
        *r = (Running){ .exec_id = m->launch_executor.exec_id,
                        .memory = m->launch_executor.memory };
        (void)snprintf(r->app_id, sizeof(r->app_id), "%s", m->launch_executor.app_id);
        tell_state(load, p, r->app_id, r->exec_id, EXECUTOR_RUNNING);
}

static void kill_executor(Load *load, Peer *p, const Message *m)
{
        if (load->down)
                fail(load, "an executor was killed by the recovery");
        for (unsigned i = 0; i < p->n_running; i++) {
                if (p->running[i].exec_id != m->kill_executor.exec_id ||
                    strcmp(p->running[i].app_id, m->kill_executor.app_id) != 0)
                        continue;
                p->running[i] = p->running[--p->n_running];
                break;
        }
        tell_state(load, p, m->kill_executor.app_id, m->kill_executor.exec_id, EXECUTOR_KILLED);
}

static void tell_all_states(Load *load, Peer *p)
{
        WorkerExecutorStateResponse states[ARRAY_SIZE(p->running)] = { 0 };
        for (unsigned i = 0; i < p->n_running; i++)
                states[i].desc = (ExecutorDescription){ .app_id = p->running[i].app_id,
                                                        .exec_id = p->running[i].exec_id,
                                                        .cores = EXECUTOR_CORES,
                                                        .memory_mb = p->running[i].memory,
                                                        .state = EXECUTOR_RUNNING };
        Message m = { .type = MSG_WORKER_SCHEDULER_STATE_RESPONSE };
        m.worker_scheduler_state_response.id = p->id;
        m.worker_scheduler_state_response.exec_responses =
                (WorkerExecutorStateSeq){ states, p->n_running };
        tell(load, p, &m);
}

/* ---- what a driver does ---- */

static void executor_added(Load *load, Peer *p)
{
        if (load->first_added_nsec == 0) {
                load->first_added_nsec = now_nsec();
                load->first_added_cpu = master_cpu_nsec(load);
        }
        if (++p->added == load->executors) {
                p->state = PEER_READY;
                load->served++;
        } else if (p->added > load->executors) {
                fail(load, "an application got more executors than it asked for");
        }
}

static void executor_updated(Load *load, const Message *m)
{
        ExecutorState s = m->executor_updated.state;
        if (load->down && s != EXECUTOR_LAUNCHING && s != EXECUTOR_RUNNING)
                fail(load, "an executor was lost by the recovery");
}

/* ---- receiving ---- */

static void master_changed(Load *load, Peer *p)
{
        if (!p->told) {
                load->last_told_nsec = now_nsec();
                if (load->told++ == 0)
                        load->first_told_nsec = load->last_told_nsec;
        }
        p->told = true;
        if (!p->driver) {
                tell_all_states(load, p);
                return;
        }
        Message m = { .type = MSG_MASTER_CHANGE_ACKNOWLEDGED };
        m.master_change_acknowledged.app_id = p->id;
        tell(load, p, &m);
}

static void peer_message(Load *load, Peer *p, const Message *m)
{
        switch (m->type) {
        case MSG_REGISTERED_WORKER:
                registered(load, p);
                break;
        case MSG_REGISTER_WORKER_FAILED:
                fail(load, m->register_worker_failed.message);
                break;
        case MSG_LAUNCH_EXECUTOR:
                launch(load, p, m);
                break;
        case MSG_KILL_EXECUTOR:
                kill_executor(load, p, m);
                break;
        case MSG_REGISTERED_APPLICATION:
                (void)snprintf(p->id, sizeof(p->id), "%s", m->registered_application.app_id);
                break;
        case MSG_EXECUTOR_ADDED:
                executor_added(load, p);
                break;
        case MSG_EXECUTOR_UPDATED:
                executor_updated(load, m);
                break;
        case MSG_MASTER_CHANGED:
                master_changed(load, p);
                break;
        default:
                break;
        }
}

/* What a process answers to an endpoint-verifier: a plain "no", which also confirms a probe. */
static void answer_no(Load *load, Peer *p, int64_t request_id)
{
        CLEANUP_BUFFER Buffer body = BUFFER_INIT(0), frame = BUFFER_INIT(0);
        Message no = { .type = MSG_BOOLEAN };
        if (message_encode(&no, load->line, &body) < 0)
                fail(load, "a message cannot be encoded");
        frame_put_response(&frame, request_id, body.data, body.size);
        send_all(load, p, &frame);
}

static void peer_frame(Load *load, Peer *p, const Frame *f)
{
        if (f->type == FRAME_RPC_RESPONSE) {
                if (p->state == PEER_VERIFYING) {
                        p->state = PEER_REGISTERING;
                        if (!p->driver)
                                register_worker(load, p);
                }
                return;
        }
        if (f->type == FRAME_RPC_REQUEST) {
                answer_no(load, p, f->request_id);
                return;
        }
        if (f->type != FRAME_ONE_WAY) {
                fail(load, "the master answered with a failure");
                return;
        }
        CLEANUP_ARENA Arena arena;
        arena_init(&arena, LIMIT_MESSAGE_ARENA_BYTES);
        Envelope envelope;
        Message m;
        DecodeInfo info;
        if (envelope_parse(&arena, f->body, f->body_size, &envelope) != 0 ||
            message_decode(&arena, envelope.stream, envelope.stream_size, &m, &info) != 0) {
                fail(load, "undecodable message");
                return;
        }
        peer_message(load, p, &m);
}

void peer_close(Load *load, Peer *p)
{
        if (p->fd >= 0)
                (void)close(p->fd);
        p->fd = -1;
        buffer_done(&p->in);
        p->state = PEER_AWAY;
}

static void peer_readable(Load *load, Peer *p)
{
        uint8_t *room = buffer_reserve(&p->in, 16384);
        ssize_t n = room ? recv(p->fd, room, 16384, MSG_DONTWAIT) : -1;
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
                if (!load->down || p->told)
                        fail(load, "the master closed a connection");
                peer_close(load, p);
                return;
        }
        buffer_added(&p->in, n > 0 ? (size_t)n : 0);
        Frame f;
        size_t size, used = 0;
        while (frame_parse(p->in.data + used, p->in.size - used, &f, &size) == FRAME_OK) {
                peer_frame(load, p, &f);
                used += size;
        }
        if (used > 0)
                buffer_consume(&p->in, used);
        if (p->in.size == 0)
                buffer_done(&p->in);
}

/* ---- connections ---- */

static void peer_attach(Load *load, Peer *p, int fd)
{
        const int one = 1;
        p->fd = fd;
        p->in = BUFFER_INIT(LIMIT_FRAME_BYTES);
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        struct epoll_event e = { .events = EPOLLIN, .data.ptr = p };
        if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, fd, &e) < 0)
                die("epoll_ctl");
}

bool peer_connect(Load *load, Peer *p)
{
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                die("socket");
        if (connect(fd, (struct sockaddr *)&load->master, sizeof(load->master)) < 0) {
                if (errno != ECONNREFUSED)
                        die("connect");
                (void)close(fd);
                return false;
        }
        peer_attach(load, p, fd);
        Message m = { .type = MSG_CHECK_EXISTENCE };
        m.check_existence.name = MASTER_ENDPOINT;
        p->state = PEER_VERIFYING;
        ask(load, p, "endpoint-verifier", &m);
        return true;
}

/* Who is meant by a connection to this address; NULL: nobody. */
static Peer *peer_at(Load *load, uint32_t address)
{
        uint32_t worker = address - WORKER_NET, driver = address - DRIVER_NET;
        if (worker < load->n_workers)
                return &load->workers[worker];
        return driver < load->n_drivers ? &load->drivers[driver] : NULL;
}

/* The master dials. */
static void accept_one(Load *load)
{
        struct sockaddr_in local;
        socklen_t size = sizeof(local);
        int fd = accept4(load->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0 || getsockname(fd, (struct sockaddr *)&local, &size) < 0)
                die("accept");
        Peer *p = peer_at(load, ntohl(local.sin_addr.s_addr));
        if (!p) {
                fail(load, "the master dialled a peer that is not there");
                (void)close(fd);
                return;
        }
        peer_close(load, p); /* what broke and was not yet noticed */
        peer_attach(load, p, fd);
        p->state = PEER_READY;
}

static void beat(Load *load)
{
        if (now_nsec() - load->beat_nsec < HEARTBEAT_SECONDS * UINT64_C(1000000000))
                return;
        load->beat_nsec = now_nsec();
        for (unsigned i = 0; i < load->n_workers; i++)
                if (load->workers[i].state == PEER_READY)
                        heartbeat(load, &load->workers[i]);
}

bool load_turn(Load *load, int wait_msec)
{
        struct epoll_event events[256];
        int n = epoll_wait(load->epoll, events, ARRAY_SIZE(events), wait_msec);
        for (int i = 0; i < n && !load->failed; i++) {
                Peer *p = events[i].data.ptr;
                if (!p)
                        accept_one(load);
                else if (p->fd >= 0)
                        peer_readable(load, p);
        }
        beat(load);
        return n > 0;
}

static Peer *peers_new(const Load *load, unsigned n, uint32_t net, bool driver)
{
        Peer *peers = calloc(n, sizeof(*peers));
        if (!peers && n > 0)
                die("calloc");
        for (unsigned i = 0; i < n; i++) {
                Peer *p = &peers[i];
                struct in_addr address = { .s_addr = htonl(net + i) };
                *p = (Peer){ .fd = -1, .driver = driver };
                (void)inet_ntop(AF_INET, &address, p->host, sizeof(p->host));
                p->self = (RpcAddress){ p->host, load->port };
                if (!driver)
                        (void)snprintf(p->id, sizeof(p->id), "worker-20260101000000-%s-%u", p->host,
                                       load->port);
        }
        return peers;
}

void load_init(Load *load, unsigned n_workers, unsigned n_drivers)
{
        struct sockaddr_in any = { .sin_family = AF_INET };
        socklen_t size = sizeof(any);
        load->epoll = epoll_create1(EPOLL_CLOEXEC);
        load->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (load->epoll < 0 || load->listener < 0 ||
            bind(load->listener, (struct sockaddr *)&any, sizeof(any)) < 0 ||
            listen(load->listener, SOMAXCONN) < 0 ||
            getsockname(load->listener, (struct sockaddr *)&any, &size) < 0)
                die("cannot listen");
        struct epoll_event e = { .events = EPOLLIN, .data.ptr = NULL };
        if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, load->listener, &e) < 0)
                die("epoll_ctl");
        load->port = ntohs(any.sin_port);
        load->n_workers = n_workers;
        load->n_drivers = n_drivers;
        load->workers = peers_new(load, n_workers, WORKER_NET, false);
        load->drivers = peers_new(load, n_drivers, DRIVER_NET, true);
        load->beat_nsec = now_nsec();
}

void load_done(Load *load)
{
        for (unsigned i = 0; i < load->n_workers; i++)
                peer_close(load, &load->workers[i]);
        for (unsigned i = 0; i < load->n_drivers; i++)
                peer_close(load, &load->drivers[i]);
        free(load->workers);
        free(load->drivers);
        (void)close(load->listener);
        (void)close(load->epoll);
}
