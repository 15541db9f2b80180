/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/transport.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "rpc-sides.h"

START_TEST(test_refused)
{
        Outcome o;
        RpcConn *conn;
        HostPort nobody = { .host = "127.0.0.1" };
        const Message m = kill_executor(5);
        int fd = sides_listen(&nobody.port);
        close_fd(&fd);
        ck_assert_int_eq(rpc_connect(worker.rpc, &nobody, &conn), 0);
        sides_ask(conn, "Master", &m, 60 * SEC, &o);
        ck_assert_uint_eq(worker.closed, 0);
        RUN_UNTIL(worker.closed == 1);
        ck_assert_str_eq(worker.reason, "Connection refused");
        ck_assert_int_eq(o.answer, RPC_CLOSED);
        ck_assert_uint_eq(worker.connected, 0);
        /* IPv6 literals come in brackets; there may be no IPv6 here */
        HostPort six = { .host = "[::1]", .port = nobody.port };
        ck_assert_int_eq(rpc_connect(worker.rpc, &six, &conn), 0);
        RUN_UNTIL(worker.closed == 2);
}
END_TEST

START_TEST(test_no_such_host)
{
        RpcConn *conn = NULL;
        HostPort nowhere = { .port = 1 };
        memset(nowhere.host, 'x', 100); /* longer than a label may be: no server is asked */
        ck_assert_int_eq(rpc_connect(worker.rpc, &nowhere, &conn), -ENXIO);
        ck_assert_ptr_null(conn);
        ck_assert_uint_eq(rpc_connection_count(worker.rpc), 0);
}
END_TEST

/* ---- names that are looked up while all else goes on ---- */

static RpcConn *asked_for;
static char asked_host[64];

static void on_resolve(void *user, RpcConn *conn, const char *host)
{
        asked_for = conn;
        (void)snprintf(asked_host, sizeof(asked_host), "%s", host);
}

static void on_connected(void *user, RpcConn *conn)
{
        ++*(unsigned *)user;
}

static void on_closed(void *user, RpcConn *conn, const char *reason)
{
        ck_assert_str_eq(reason, "The name does not resolve");
        ++*(unsigned *)user;
}

/* The second of the two addresses is the master's. */
START_TEST(test_resolved)
{
        static const RpcHandlers handlers = { .connected = on_connected, .resolve = on_resolve };
        const char *endpoints[] = { NULL };
        const RpcOptions options = { .endpoints = endpoints, .default_line = LINE_4_3 };
        HostPort to = { .host = "somewhere.example", .port = master_at.port };
        unsigned n = 0;
        Rpc *rpc;
        RpcConn *conn;
        ck_assert_int_eq(rpc_new(loop, &options, &handlers, &n, &rpc), 0);
        ck_assert_int_eq(rpc_connect(rpc, &master_at, &conn), 0);
        ck_assert_ptr_null(asked_for); /* it has an address */
        RUN_UNTIL(n == 1);
        ck_assert_int_eq(rpc_connect(rpc, &to, &conn), 0);
        ck_assert_ptr_eq(asked_for, conn);
        ck_assert_str_eq(asked_host, "somewhere.example");
        (void)sides_run_for(SEC / 20);
        rpc_conn_resolved(conn, "127.255.255.1\n\n127.0.0.1\n192.0.2.");
        rpc_conn_resolved(conn, ""); /* too late */
        RUN_UNTIL(n == 2);
        ck_assert_ptr_eq(rpc_find(rpc, rpc_conn_id(conn)), conn);
        RUN_UNTIL(rpc_connection_count(master.rpc) == 2);
        rpc_free(rpc);
}
END_TEST

START_TEST(test_not_resolved)
{
        static const RpcHandlers handlers = { .closed = on_closed, .resolve = on_resolve };
        const char *endpoints[] = { NULL };
        const RpcOptions options = { .endpoints = endpoints, .default_line = LINE_4_3 };
        const HostPort to = { .host = "somewhere.example", .port = 1 };
        unsigned n = 0;
        Rpc *rpc;
        RpcConn *conn;
        ck_assert_int_eq(rpc_new(loop, &options, &handlers, &n, &rpc), 0);
        ck_assert_int_eq(rpc_connect(rpc, &to, &conn), 0);
        rpc_conn_resolved(conn, "");
        ck_assert_uint_eq(n, 0);
        RUN_UNTIL(n == 1);
        ck_assert_int_eq(rpc_connect(rpc, &to, &conn), 0);
        rpc_free(rpc); /* before the answer */
}
END_TEST

START_TEST(test_half_a_frame)
{
        Buffer b CLEANUP_BUFFER = BUFFER_INIT(0);
        const Message m = kill_executor(1);
        RpcConn *conn = sides_dial();
        int fd = raw_connect();
        put_request(&b, true, "Master", &m, LINE_3_5);
        raw_send(fd, b.data, b.size - 10);
        (void)sides_run_for(SEC / 20);
        close_fd(&fd);
        RUN_UNTIL(master.closed == 1);
        ck_assert_str_eq(master.reason, "The peer closed the connection inside a frame");
        ck_assert_uint_eq(master.requests, 0);
        assert_undisturbed(conn);
}
END_TEST

START_TEST(test_byte_by_byte)
{
        Buffer b CLEANUP_BUFFER = BUFFER_INIT(0);
        Buffer in CLEANUP_BUFFER = BUFFER_INIT(0);
        const Message m = kill_executor(3);
        int fd = raw_connect();
        master.on_ask = REPLY_TRUE;
        put_request(&b, true, "Master", &m, LINE_3_5);
        put_request(&b, false, "Master", &m, LINE_3_5);
        for (size_t i = 0; i < b.size; i++) {
                raw_send(fd, b.data + i, 1);
                ck_assert_int_ge(sd_event_run(loop, 1000), 0);
        }
        Frame frame = raw_frame(fd, &in);
        ck_assert_int_eq(frame.type, FRAME_RPC_RESPONSE);
        ck_assert_int_eq(frame.request_id, 99);
        ck_assert_uint_eq(master.requests, 2);
        close_fd(&fd);
}
END_TEST

/* What it asked for before it stopped sending is still answered. */
START_TEST(test_half_closed)
{
        Buffer b CLEANUP_BUFFER = BUFFER_INIT(0);
        Buffer in CLEANUP_BUFFER = BUFFER_INIT(0);
        const Message m = kill_executor(3);
        int fd = raw_connect();
        master.on_ask = REPLY_TRUE;
        put_request(&b, false, "Master", &m, LINE_3_5);
        raw_send(fd, b.data, b.size);
        ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
        Frame frame = raw_frame(fd, &in);
        ck_assert_int_eq(frame.type, FRAME_RPC_RESPONSE);
        raw_assert_closed(fd);
        close_fd(&fd);
        ck_assert_uint_eq(master.closed, 1);
}
END_TEST

START_TEST(test_reset)
{
        const struct linger at_once = { .l_onoff = 1 };
        RpcConn *conn = sides_dial();
        int fd = raw_connect();
        raw_send(fd, "\0\0", 2);
        (void)sides_run_for(SEC / 20);
        ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
        close_fd(&fd);
        RUN_UNTIL(master.closed == 1);
        ck_assert_str_eq(master.reason, "Connection reset by peer");
        assert_undisturbed(conn);
}
END_TEST

START_TEST(test_flood)
{
        Buffer b CLEANUP_BUFFER = BUFFER_INIT(0);
        const Message m = check_existence("Master");
        RpcConn *conn = sides_dial();
        int fd = raw_connect();
        for (unsigned i = 0; i < 2000; i++)
                put_request(&b, false, "endpoint-verifier", &m, LINE_3_5);
        for (unsigned i = 0; i < 20; i++) {
                for (size_t at = 0; at < b.size;) {
                        ssize_t k = send(fd, b.data + at, b.size - at, MSG_DONTWAIT | MSG_NOSIGNAL);
                        at += k > 0 ? (size_t)k : 0;
                        ck_assert_int_ge(sd_event_run(loop, 0), 0);
                }
                assert_undisturbed(conn);
        }
        ck_assert_uint_eq(master.closed, 0);
        close_fd(&fd);
        RUN_UNTIL(master.closed == 1);
        assert_undisturbed(conn);
}
END_TEST

START_TEST(test_no_descriptors)
{
        struct rlimit saved, few;
        RpcConn *conn = sides_dial();
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_in a = { .sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                 .sin_port = htons(master_at.port) };
        (void)sides_run_for(SEC / 20);
        ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &saved), 0);
        few = saved;
        few.rlim_cur = (rlim_t)fd + 1;
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
        ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
        ck_assert_uint_lt(sides_run_for(SEC / 4), 10); /* it does not spin */
        ck_assert_uint_eq(rpc_connection_count(master.rpc), 1);
        assert_undisturbed(conn);
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &saved), 0);
        RUN_UNTIL(rpc_connection_count(master.rpc) == 2);
        close_fd(&fd);
        RUN_UNTIL(master.closed == 1);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("transport");
        TCase *tcase = sides_case(suite, "transport");
        tcase_add_test(tcase, test_refused);
        tcase_add_test(tcase, test_no_such_host);
        tcase_add_test(tcase, test_resolved);
        tcase_add_test(tcase, test_not_resolved);
        tcase_add_test(tcase, test_half_a_frame);
        tcase_add_test(tcase, test_byte_by_byte);
        tcase_add_test(tcase, test_half_closed);
        tcase_add_test(tcase, test_reset);
        tcase_add_test(tcase, test_flood);
        tcase_add_test(tcase, test_no_descriptors);
        return sides_run(suite);
}
