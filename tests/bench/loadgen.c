/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A load generator for a Spark standalone master, JVM's or ours: workers and drivers that exist
 * only as connections. It speaks the deploy protocol of one line, so that both masters are given
 * the very same bytes, and prints one JSON object per measurement. tests/bench/run drives it.
 *
 *     loadgen --master HOST:PORT --pid PID --line 3.5 --workers 4000 --apps 20 --executors 8
 *
 * CPU is the master's own, from /proc/PID/schedstat summed over its threads (nanoseconds).
 */

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#include "base/buffer.h"
#include "base/parse.h"
#include "wire/codec.h"
#include "wire/frame.h"
#include "wire/url.h"

#define WINDOW          64 /* workers between connect and RegisteredWorker at any time */
#define WORKER_CORES    8
#define WORKER_MEMORY   16384
#define STALL_SECONDS   180
#define MASTER_ENDPOINT "Master"

typedef enum PeerState { PEER_NEW, PEER_VERIFYING, PEER_REGISTERING, PEER_READY } PeerState;

typedef struct Peer {
        int fd;
        PeerState state;
        bool driver;
        unsigned number;
        Buffer in;
        char id[64]; /* worker id, or the application id once known */
        RpcAddress self;
} Peer;

typedef struct Load {
        int epoll;
        struct sockaddr_in master;
        RpcAddress master_address;
        pid_t pid;
        Line line;
        Peer *workers;
        unsigned n_workers;
        Peer driver;
        unsigned registered; /* workers that got RegisteredWorker */
        unsigned added;      /* ExecutorAdded seen by the present application */
        uint64_t first_added_nsec;
        uint64_t first_added_cpu;
        int64_t next_request;
        bool failed;
} Load;

static uint64_t now_nsec(void)
{
        struct timespec t;
        (void)clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static _Noreturn void die(const char *what)
{
        fprintf(stderr, "loadgen: %s: %s\n", what, strerror(errno));
        _exit(1);
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

static uint64_t master_cpu_nsec(const Load *load)
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

static long master_rss_kib(const Load *load)
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

static void send_all(Load *load, Peer *p, const Buffer *b)
{
        size_t done = 0;
        while (done < b->size && !b->failed) {
                ssize_t n = send(p->fd, b->data + done, b->size - done, MSG_NOSIGNAL);
                if (n < 0 && errno != EINTR)
                        die("send");
                done += n > 0 ? (size_t)n : 0;
        }
        if (b->failed)
                load->failed = true;
}

static void put_body(Load *load, Peer *p, const char *endpoint, const Message *m, Buffer *body)
{
        envelope_put(body, &p->self, &load->master_address, endpoint);
        if (message_encode(m, load->line, body) < 0)
                load->failed = true;
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

static void heartbeat(Load *load, Peer *p)
{
        Message m = { .type = MSG_HEARTBEAT };
        m.heartbeat.worker_id = p->id;
        m.heartbeat.worker = self_ref(p);
        tell(load, p, &m);
}

static void register_application(Load *load, Peer *p, unsigned executors)
{
        struct ExecutorResourceEntry resources[] = {
                { "cores",
                  { .resource_name = "cores", .amount = 1, .discovery_script = "", .vendor = "" } },
                { "memory",
                  { .resource_name = "memory",
                    .amount = 512,
                    .discovery_script = "",
                    .vendor = "" } },
        };
        const char *arguments[] = { "--driver-url", "spark://CoarseGrainedScheduler@127.0.0.1:1" };
        Message m = { .type = MSG_REGISTER_APPLICATION };
        ApplicationDescription *d = &m.register_application.app_description;
        d->name = "load";
        d->user = "load";
        d->app_ui_url = "http://127.0.0.1:1";
        d->max_cores = (OptInt){ true, (int32_t)executors };
        d->command.main_class = "org.apache.spark.executor.CoarseGrainedExecutorBackend";
        d->command.arguments = (StringSeq){ arguments, ARRAY_SIZE(arguments) };
        d->default_profile.executor_resources =
                (ExecutorResourceMap){ resources, ARRAY_SIZE(resources) };
        m.register_application.driver = self_ref(p);
        tell(load, p, &m);
}

/* ---- receiving ---- */

static void peer_message(Load *load, Peer *p, const Message *m)
{
        switch (m->type) {
        case MSG_REGISTERED_WORKER:
                if (p->state != PEER_READY) {
                        Message latest = { .type = MSG_WORKER_LATEST_STATE };
                        latest.worker_latest_state.id = p->id;
                        tell(load, p, &latest);
                        p->state = PEER_READY;
                        load->registered++;
                }
                break;
        case MSG_REGISTER_WORKER_FAILED:
                fprintf(stderr, "loadgen: %s\n", m->register_worker_failed.message);
                load->failed = true;
                break;
        case MSG_LAUNCH_EXECUTOR: {
                Message running = { .type = MSG_EXECUTOR_STATE_CHANGED };
                running.executor_state_changed.app_id = m->launch_executor.app_id;
                running.executor_state_changed.exec_id = m->launch_executor.exec_id;
                running.executor_state_changed.state = EXECUTOR_RUNNING;
                ask(load, p, MASTER_ENDPOINT, &running);
                break;
        }
        case MSG_KILL_EXECUTOR: {
                Message killed = { .type = MSG_EXECUTOR_STATE_CHANGED };
                killed.executor_state_changed.app_id = m->kill_executor.app_id;
                killed.executor_state_changed.exec_id = m->kill_executor.exec_id;
                killed.executor_state_changed.state = EXECUTOR_KILLED;
                ask(load, p, MASTER_ENDPOINT, &killed);
                break;
        }
        case MSG_REGISTERED_APPLICATION:
                (void)snprintf(p->id, sizeof(p->id), "%s", m->registered_application.app_id);
                break;
        case MSG_EXECUTOR_ADDED:
                if (load->added++ == 0) {
                        load->first_added_nsec = now_nsec();
                        load->first_added_cpu = master_cpu_nsec(load);
                }
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
                load->failed = true;
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
                fprintf(stderr, "loadgen: %.*s\n", (int)f->text_size, f->text ? f->text : "");
                load->failed = true;
                return;
        }
        CLEANUP_ARENA Arena arena;
        arena_init(&arena, LIMIT_MESSAGE_ARENA_BYTES);
        Envelope envelope;
        Message m;
        DecodeInfo info;
        if (envelope_parse(&arena, f->body, f->body_size, &envelope) != 0 ||
            message_decode(&arena, envelope.stream, envelope.stream_size, &m, &info) != 0) {
                fprintf(stderr, "loadgen: undecodable message\n");
                load->failed = true;
                return;
        }
        peer_message(load, p, &m);
}

static void peer_readable(Load *load, Peer *p)
{
        uint8_t *room = buffer_reserve(&p->in, 16384);
        ssize_t n = room ? recv(p->fd, room, 16384, MSG_DONTWAIT) : -1;
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
                fprintf(stderr, "loadgen: the master closed a connection\n");
                load->failed = true;
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

/* One round of the loop; fails the run when nothing happens for a long time. */
static void turn(Load *load)
{
        struct epoll_event events[256];
        int n = epoll_wait(load->epoll, events, ARRAY_SIZE(events), STALL_SECONDS * 1000);
        if (n == 0) {
                fprintf(stderr, "loadgen: no answer for %d s\n", STALL_SECONDS);
                load->failed = true;
        }
        for (int i = 0; i < n && !load->failed; i++)
                peer_readable(load, events[i].data.ptr);
}

static void peer_connect(Load *load, Peer *p)
{
        p->in = BUFFER_INIT(LIMIT_FRAME_BYTES);
        p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (p->fd < 0)
                die("socket");
        const int one = 1;
        (void)setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        if (connect(p->fd, (struct sockaddr *)&load->master, sizeof(load->master)) < 0)
                die("connect");
        struct epoll_event e = { .events = EPOLLIN, .data.ptr = p };
        if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, p->fd, &e) < 0)
                die("epoll_ctl");
        Message m = { .type = MSG_CHECK_EXISTENCE };
        m.check_existence.name = MASTER_ENDPOINT;
        p->state = PEER_VERIFYING;
        ask(load, p, "endpoint-verifier", &m);
}

/* ---- the measurements ---- */

/* Waits until the master has used no CPU for a while, so that one measurement's late work is not
 * counted into the next. */
static void settle(const Load *load)
{
        uint64_t last = master_cpu_nsec(load);
        for (int quiet = 0; quiet < 3;) {
                (void)nanosleep(&(struct timespec){ .tv_nsec = 100 * 1000000 }, NULL);
                uint64_t cpu = master_cpu_nsec(load);
                quiet = cpu - last < 10 * 1000000 ? quiet + 1 : 0;
                last = cpu;
        }
}

static void measure_registration(Load *load)
{
        uint64_t start = now_nsec(), cpu = master_cpu_nsec(load);
        for (unsigned opened = 0; load->registered < load->n_workers && !load->failed;) {
                while (opened < load->n_workers && opened - load->registered < WINDOW)
                        peer_connect(load, &load->workers[opened++]);
                turn(load);
        }
        uint64_t wall = now_nsec() - start;
        settle(load);
        cpu = master_cpu_nsec(load) - cpu;
        printf("{\"measure\": \"register\", \"workers\": %u, \"wall_s\": %.6f, \"cpu_s\": %.6f, "
               "\"rss_kib\": %ld}\n",
               load->registered, (double)wall / 1e9, (double)cpu / 1e9, master_rss_kib(load));
}

static void measure_heartbeats(Load *load)
{
        uint64_t cpu = master_cpu_nsec(load);
        for (unsigned i = 0; i < load->n_workers; i++)
                heartbeat(load, &load->workers[i]);
        settle(load);
        cpu = master_cpu_nsec(load) - cpu;
        printf("{\"measure\": \"heartbeat\", \"workers\": %u, \"cpu_s\": %.6f}\n", load->n_workers,
               (double)cpu / 1e9);
}

static void measure_application(Load *load, unsigned executors)
{
        Peer *p = &load->driver;
        *p = (Peer){ .fd = -1, .driver = true, .self = { "127.0.0.1", 20000 } };
        peer_connect(load, p);
        while (p->state == PEER_VERIFYING && !load->failed)
                turn(load);
        load->added = 0;
        uint64_t start = now_nsec(), cpu = master_cpu_nsec(load);
        register_application(load, p, executors);
        while (load->added < executors && !load->failed)
                turn(load);
        uint64_t last = now_nsec() - start, last_cpu = master_cpu_nsec(load) - cpu;
        settle(load);
        printf("{\"measure\": \"application\", \"workers\": %u, \"executors\": %u, \"first_s\": "
               "%.6f, "
               "\"last_s\": %.6f, \"first_cpu_s\": %.6f, \"last_cpu_s\": %.6f, \"cpu_s\": %.6f}\n",
               load->n_workers, executors, (double)(load->first_added_nsec - start) / 1e9,
               (double)last / 1e9, (double)(load->first_added_cpu - cpu) / 1e9,
               (double)last_cpu / 1e9, (double)(master_cpu_nsec(load) - cpu) / 1e9);
        Message end = { .type = MSG_UNREGISTER_APPLICATION };
        end.unregister_application.app_id = p->id;
        tell(load, p, &end);
        settle(load);
        while (epoll_wait(load->epoll, &(struct epoll_event){ 0 }, 1, 0) > 0 && !load->failed)
                turn(load);
        (void)close(p->fd);
        buffer_done(&p->in);
        settle(load);
}

static void workers_init(Load *load)
{
        load->workers = calloc(load->n_workers, sizeof(*load->workers));
        if (!load->workers)
                die("calloc");
        for (unsigned i = 0; i < load->n_workers; i++) {
                Peer *p = &load->workers[i];
                *p = (Peer){ .fd = -1, .number = i, .self = { "127.0.0.1", (int32_t)(20001 + i) } };
                (void)snprintf(p->id, sizeof(p->id), "worker-20260101000000-127.0.0.1-%u",
                               20001 + i);
        }
}

int main(int argc, char *argv[])
{
        static const struct option options[] = {
                { "master", required_argument, NULL, 'm' },
                { "pid", required_argument, NULL, 'p' },
                { "line", required_argument, NULL, 'l' },
                { "workers", required_argument, NULL, 'w' },
                { "apps", required_argument, NULL, 'a' },
                { "executors", required_argument, NULL, 'e' },
                { 0 },
        };
        Load load = { .line = LINE_3_5 };
        HostPort to = { 0 };
        int workers = 100, apps = 5, executors = 8, pid = 0, bad = 0;
        for (int c; (c = getopt_long(argc, argv, "", options, NULL)) >= 0;) {
                if (c == 'm')
                        bad |= host_port_parse(optarg, &to);
                else if (c == 'p')
                        bad |= parse_int(optarg, 1, INT32_MAX, &pid);
                else if (c == 'l')
                        bad |= (load.line = line_from_version(optarg, NULL)) == LINE_INVALID;
                else if (c == 'w')
                        bad |= parse_int(optarg, 1, 40000, &workers);
                else if (c == 'a')
                        bad |= parse_int(optarg, 0, 100000, &apps);
                else if (c == 'e')
                        bad |= parse_int(optarg, 1, 40000 * WORKER_CORES, &executors);
                else
                        bad = 1;
        }
        if (bad || pid == 0 || to.port == 0) {
                fprintf(stderr, "usage: loadgen --master HOST:PORT --pid PID [--line VERSION] "
                                "[--workers N] [--apps N] [--executors N]\n");
                return 64;
        }
        struct rlimit files = { (rlim_t)workers + 64, (rlim_t)workers + 64 };
        (void)setrlimit(RLIMIT_NOFILE, &files);
        load.pid = pid;
        load.n_workers = (unsigned)workers;
        load.master = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(to.port) };
        if (inet_pton(AF_INET, to.host, &load.master.sin_addr) != 1)
                die("--master wants an IPv4 address");
        load.master_address = (RpcAddress){ to.host, to.port };
        load.epoll = epoll_create1(EPOLL_CLOEXEC);
        if (load.epoll < 0)
                die("epoll_create1");
        workers_init(&load);
        setvbuf(stdout, NULL, _IOLBF, 0);
        measure_registration(&load);
        measure_heartbeats(&load);
        for (int i = 0; i < apps && !load.failed; i++)
                measure_application(&load, (unsigned)executors);
        return load.failed ? 1 : 0;
}
