/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc-sides.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

sd_event *loop;
Side master, worker;
HostPort master_at;

uint64_t sides_now(void)
{
        struct timespec ts;
        (void)clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t)ts.tv_sec * SEC + (uint64_t)ts.tv_nsec / 1000;
}

/* Runs the loop for as long; tells how often it woke up. */
unsigned sides_run_for(uint64_t usec)
{
        unsigned n = 0;
        for (uint64_t end = sides_now() + usec; sides_now() < end;)
                n += sd_event_run(loop, end - MIN_OF(end, sides_now())) > 0;
        return n;
}

/* ---- handlers ---- */

static void on_connected(void *user, RpcConn *conn)
{
        Side *side = user;
        side->connected++;
        side->conn = conn;
}

static void on_request(void *user, RpcConn *conn, const RpcRequest *request)
{
        Side *side = user;
        const Message yes = { .type = MSG_BOOLEAN, .boolean.value = true };
        side->requests++;
        side->conn = conn;
        side->ask = request->ask;
        side->request_id = request->request_id;
        side->type = request->message->type;
        if (side->type == MSG_KILL_EXECUTOR)
                side->number = request->message->kill_executor.exec_id;
        if (side->type == MSG_APPLICATION_REMOVED)
                side->text_size = strlen(request->message->application_removed.message);
        (void)snprintf(side->endpoint, sizeof(side->endpoint), "%s", request->endpoint);
        (void)snprintf(side->sender, sizeof(side->sender), "%s:%d", request->sender.host ?: "none",
                       request->sender.port);
        if (!request->ask)
                return;
        if (side->on_ask == REPLY_TRUE)
                ck_assert_int_eq(rpc_reply(conn, request->request_id, &yes), 0);
        else if (side->on_ask == FAIL)
                ck_assert_int_eq(rpc_fail(conn, request->request_id, "java.lang.Error: no"), 0);
}

static void on_closed(void *user, RpcConn *conn, const char *reason)
{
        Side *side = user;
        side->closed++;
        side->conn = NULL;
        (void)snprintf(side->reason, sizeof(side->reason), "%s", reason);
        ck_assert_ptr_null(rpc_find(side->rpc, rpc_conn_id(conn)));
        /* nothing can be sent any more */
        const Message m = { .type = MSG_REQUEST_READYZ };
        ck_assert_int_eq(rpc_tell(conn, "Master", &m), -ENOTCONN);
}

static void on_foreign(void *user, RpcConn *conn, const char *problem)
{
        Side *side = user;
        side->foreign++;
        (void)snprintf(side->problem, sizeof(side->problem), "%s", problem);
}

void sides_on_answer(void *user, RpcConn *conn, RpcAnswer answer, const Message *message,
                     const char *failure)
{
        Outcome *o = user;
        o->n++;
        o->answer = answer;
        o->type = message ? message->type : MSG_NONE;
        o->value = o->type == MSG_BOOLEAN && message->boolean.value;
        (void)snprintf(o->failure, sizeof(o->failure), "%s", failure ?: "");
        if (o->side)
                o->side->closed_before_answer = o->side->closed;
        ck_assert((answer == RPC_ANSWERED) == (message != NULL));
        ck_assert((answer == RPC_FAILED) == (failure != NULL));
}

static const RpcHandlers handlers = {
        .connected = on_connected,
        .request = on_request,
        .closed = on_closed,
        .foreign = on_foreign,
};

/* ---- fixture ---- */

int sides_listen(uint16_t *ret_port)
{
        struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t size = sizeof(a);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, size), 0);
        ck_assert_int_eq(listen(fd, 1024), 0);
        ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &size), 0);
        *ret_port = ntohs(a.sin_port);
        return fd;
}

void side_init(Side *side, const char *endpoint, Line line)
{
        const char *endpoints[] = { endpoint, NULL };
        const RpcOptions options = { .endpoints = endpoints, .default_line = line };
        *side = (Side){ 0 };
        ck_assert_int_eq(rpc_new(loop, &options, &handlers, side, &side->rpc), 0);
}

void sides_setup(void)
{
        ck_assert_int_ge(sd_event_new(&loop), 0);
        side_init(&master, "Master", LINE_4_3);
        side_init(&worker, "Worker", LINE_4_0);
        master_at = (HostPort){ .host = "127.0.0.1" };
        int fd = sides_listen(&master_at.port);
        ck_assert_int_eq(rpc_listen(master.rpc, fd), 0);
        const RpcAddress self = { .host = "127.0.0.1", .port = 4711 };
        ck_assert_int_eq(rpc_set_self(worker.rpc, &self), 0);
}

void sides_teardown(void)
{
        rpc_free_pointer(&worker.rpc);
        rpc_free_pointer(&master.rpc);
        loop = sd_event_unref(loop);
}

RpcConn *sides_dial(void)
{
        RpcConn *conn = NULL;
        unsigned before = worker.connected;
        ck_assert_int_eq(rpc_connect(worker.rpc, &master_at, &conn), 0);
        ck_assert_uint_eq(worker.connected, before);
        RUN_UNTIL(worker.connected == before + 1);
        ck_assert_ptr_eq(worker.conn, conn);
        return conn;
}

Message kill_executor(int32_t number)
{
        return (Message){ .type = MSG_KILL_EXECUTOR,
                          .kill_executor = { .master_url = "spark://h:1",
                                             .app_id = "app-1",
                                             .exec_id = number } };
}

Message check_existence(const char *name)
{
        return (Message){ .type = MSG_CHECK_EXISTENCE, .check_existence.name = name };
}

void tell_number(RpcConn *conn, int32_t number)
{
        const Message m = kill_executor(number);
        ck_assert_int_eq(rpc_tell(conn, "Master", &m), 0);
}

void sides_ask(RpcConn *conn, const char *endpoint, const Message *m, uint64_t timeout, Outcome *o)
{
        *o = (Outcome){ 0 };
        ck_assert_int_eq(rpc_ask(conn, endpoint, m, timeout, sides_on_answer, o), 0);
}

/* That another connection works as if nothing had happened. */
void assert_undisturbed(RpcConn *conn)
{
        Outcome o;
        const Message m = check_existence("Master");
        sides_ask(conn, "endpoint-verifier", &m, 10 * SEC, &o);
        RUN_UNTIL(o.n > 0);
        ck_assert_int_eq(o.answer, RPC_ANSWERED);
        ck_assert(o.value);
}

/* ---- plain sockets ---- */

int raw_connect(void)
{
        struct sockaddr_in a = { .sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                 .sin_port = htons(master_at.port) };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
        return fd;
}

void raw_send(int fd, const void *data, size_t size)
{
        ck_assert_int_eq(send(fd, data, size, MSG_NOSIGNAL), (ssize_t)size);
}

/* Reads without blocking what the loop brings; the end of the stream when `closed` is set. */
static void raw_read(int fd, Buffer *in, bool *closed)
{
        uint8_t *p = buffer_reserve(in, 65536);
        ssize_t n = recv(fd, p, 65536, MSG_DONTWAIT);
        if (n > 0)
                buffer_added(in, (size_t)n);
        else if (n == 0 || errno != EAGAIN)
                *closed = true;
        ck_assert_int_ge(sd_event_run(loop, 10000), 0);
}

/* The next frame sent to a plain socket; its bytes stay in `in`. */
Frame raw_frame(int fd, Buffer *in)
{
        Frame frame;
        size_t size;
        bool closed = false;
        uint64_t end = sides_now() + 10 * SEC;
        buffer_clear(in);
        while (in->size == 0 || frame_parse(in->data, in->size, &frame, &size) != FRAME_OK) {
                ck_assert(!closed && sides_now() < end);
                raw_read(fd, in, &closed);
        }
        ck_assert_uint_eq(size, in->size);
        return frame;
}

/* Waits for the other side to close, and asserts that it sent nothing. */
void raw_assert_closed(int fd)
{
        Buffer in CLEANUP_BUFFER = BUFFER_INIT(0);
        bool closed = false;
        uint64_t end = sides_now() + 10 * SEC;
        while (!closed) {
                ck_assert(sides_now() < end);
                raw_read(fd, &in, &closed);
        }
        ck_assert_uint_eq(in.size, 0);
}

void put_stream_request(Buffer *out, bool one_way, const char *endpoint, const void *stream,
                        size_t size)
{
        Buffer body CLEANUP_BUFFER = BUFFER_INIT(0);
        const RpcAddress none = { 0 };
        envelope_put(&body, &none, &none, endpoint);
        buffer_put(&body, stream, size);
        if (one_way)
                frame_put_one_way(out, body.data, body.size);
        else
                frame_put_request(out, 99, body.data, body.size);
}

void put_request(Buffer *out, bool one_way, const char *endpoint, const Message *m, Line line)
{
        Buffer stream CLEANUP_BUFFER = BUFFER_INIT(0);
        ck_assert_int_eq(message_encode(m, line, &stream), 0);
        put_stream_request(out, one_way, endpoint, stream.data, stream.size);
}

bool text_begins(const Frame *frame, const char *text)
{
        return frame->text_size >= strlen(text) && memcmp(frame->text, text, strlen(text)) == 0;
}

TCase *sides_case(Suite *suite, const char *name)
{
        TCase *tcase = tcase_create(name);
        tcase_add_checked_fixture(tcase, sides_setup, sides_teardown);
        tcase_set_timeout(tcase, 60);
        suite_add_tcase(suite, tcase);
        return tcase;
}

int sides_run(Suite *suite)
{
        return unit_run(suite);
}
