/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "base/limits.h"
#include "rpc/rpc-private.h"

#include "rpc-sides.h"

/* What goes over to the next process. */
typedef struct Luggage {
        Buffer saved;
        int fd;
} Luggage;

/* The side's process ends, with this connection handed over. */
static Luggage leave(Side *side, RpcConn *conn)
{
        Luggage luggage = { .saved = BUFFER_INIT(MIB(80)) };
        rpc_conn_save(conn, &luggage.saved);
        ck_assert_int_eq(buffer_result(&luggage.saved), 0);
        luggage.fd = fcntl(rpc_conn_socket(conn), F_DUPFD_CLOEXEC, 0);
        ck_assert_int_ge(luggage.fd, 0);
        rpc_free_pointer(&side->rpc);
        return luggage;
}

/* The next process. */
static RpcConn *arrive(Side *side, const char *endpoint, Luggage *luggage)
{
        Cursor in = cursor_over(luggage->saved.data, luggage->saved.size);
        RpcConn *conn;
        side_init(side, endpoint, LINE_4_3);
        ck_assert_int_eq(rpc_conn_restore(side->rpc, luggage->fd, &in, &conn), 0);
        ck_assert_uint_eq(cursor_left(&in), 0);
        buffer_done(&luggage->saved);
        return conn;
}

static RpcConn *only_connection(Side *side)
{
        ck_assert_uint_eq(rpc_connection_count(side->rpc), 1);
        return rpc_find(side->rpc, 1);
}

static void count(void *user, RpcConn *conn)
{
        ++*(unsigned *)user;
}

START_TEST(test_everything_known)
{
        RpcConn *dialled = sides_dial();
        unsigned n = 0;
        tell_number(dialled, 1);
        RUN_UNTIL(master.requests == 1);
        rpc_conn_narrow(master.conn, LINE_BIT(LINE_4_0));
        rpc_visit(master.rpc, count, &n);
        ck_assert_uint_eq(n, 1);
        uint64_t id = rpc_conn_id(master.conn);
        Luggage luggage = leave(&master, master.conn);
        RpcConn *conn = arrive(&master, "Master", &luggage);
        ck_assert_uint_eq(rpc_conn_id(conn), id);
        ck_assert_ptr_eq(rpc_find(master.rpc, id), conn);
        ck_assert_uint_eq(rpc_conn_lines(conn), LINE_BIT(LINE_4_0));
        ck_assert_str_eq(rpc_conn_sender(conn).host, "127.0.0.1");
        ck_assert_int_eq(rpc_conn_sender(conn).port, 4711);
        ck_assert_ptr_nonnull(strstr(rpc_conn_peer(conn), "127.0.0.1:"));
        /* the peer has not noticed, and both directions work */
        tell_number(dialled, 2);
        RUN_UNTIL(master.requests == 1);
        ck_assert_int_eq(master.number, 2);
        assert_undisturbed(dialled);
        const Message back = { .type = MSG_APPLICATION_FINISHED, .application_finished.id = "a" };
        ck_assert_int_eq(rpc_tell(conn, "Worker", &back), 0);
        RUN_UNTIL(worker.requests == 1);
        ck_assert_uint_eq(worker.closed, 0);
        /* a later connection gets another id */
        master_at.port = 0;
        int fd = sides_listen(&master_at.port);
        ck_assert_int_eq(rpc_listen(master.rpc, fd), 0);
        tell_number(sides_dial(), 3);
        RUN_UNTIL(master.requests == 2);
        ck_assert_uint_eq(rpc_conn_id(master.conn), id + 1);
}
END_TEST

/* The side that dialled ends; its envelopes still name whom it dialled. */
START_TEST(test_dialler)
{
        RpcConn *conn = sides_dial();
        Outcome lost, o;
        const Message m = kill_executor(5);
        master.on_ask = KEEP_QUIET;
        sides_ask(conn, "Master", &m, 10 * SEC, &lost);
        RUN_UNTIL(master.requests == 1);
        int64_t first = master.request_id;
        Luggage luggage = leave(&worker, conn);
        conn = arrive(&worker, "Worker", &luggage);
        /* the answer to what the earlier process asked has nobody waiting */
        const Message yes = { .type = MSG_BOOLEAN, .boolean.value = true };
        ck_assert_int_eq(rpc_reply(master.conn, first, &yes), 0);
        master.on_ask = REPLY_TRUE;
        sides_ask(conn, "Master", &m, 10 * SEC, &o);
        RUN_UNTIL(o.n > 0);
        ck_assert_int_eq(o.answer, RPC_ANSWERED);
        ck_assert_int_ne(master.request_id, first);
        ck_assert_uint_eq(lost.n, 0);
        ck_assert_uint_eq(master.closed, 0);
}
END_TEST

START_TEST(test_half_a_frame)
{
        Buffer frame CLEANUP_BUFFER = BUFFER_INIT(0);
        const Message m = kill_executor(23);
        put_request(&frame, true, "Master", &m, LINE_3_5);
        for (size_t cut = 1; cut < frame.size; cut += 1 + frame.size / 7) {
                int fd = raw_connect();
                raw_send(fd, frame.data, cut);
                RUN_UNTIL(rpc_connection_count(master.rpc) == 1 &&
                          conn_mid_frame(&only_connection(&master)->conn));
                Luggage luggage = leave(&master, only_connection(&master));
                arrive(&master, "Master", &luggage);
                raw_send(fd, frame.data + cut, frame.size - cut);
                RUN_UNTIL(master.requests == 1);
                ck_assert_int_eq(master.number, 23);
                close_fd(&fd);
                sides_teardown();
                sides_setup();
        }
}
END_TEST

START_TEST(test_unsent)
{
        enum { N = 40 };
        int fd = raw_connect();
        Buffer request CLEANUP_BUFFER = BUFFER_INIT(0), in CLEANUP_BUFFER = BUFFER_INIT(0);
        const Message m = kill_executor(1);
        char *text = malloc(KIB(256));
        memset(text, 'x', KIB(256) - 1);
        text[KIB(256) - 1] = '\0';
        put_request(&request, true, "Master", &m, LINE_3_5);
        raw_send(fd, request.data, request.size);
        RUN_UNTIL(master.requests == 1);
        const Message big = { .type = MSG_APPLICATION_REMOVED,
                              .application_removed.message = text };
        for (int i = 0; i < N; i++)
                ck_assert_int_eq(rpc_tell(master.conn, "AppClient", &big), 0);
        (void)sides_run_for(SEC / 10);
        Luggage luggage = leave(&master, master.conn);
        ck_assert_uint_gt(luggage.saved.size, KIB(256));
        arrive(&master, "Master", &luggage);
        size_t frames = 0;
        while (frames < N) {
                Frame frame;
                size_t size;
                ssize_t n = recv(fd, buffer_reserve(&in, KIB(64)), KIB(64), MSG_DONTWAIT);
                if (n > 0)
                        buffer_added(&in, (size_t)n);
                else
                        ck_assert_int_ge(sd_event_run(loop, 1000), 0);
                while (frame_parse(in.data, in.size, &frame, &size) == FRAME_OK) {
                        ck_assert_int_eq(frame.type, FRAME_ONE_WAY);
                        ck_assert_uint_gt(size, KIB(256));
                        buffer_consume(&in, size);
                        frames++;
                }
        }
        ck_assert_uint_eq(in.size, 0);
        free(text);
        close_fd(&fd);
}
END_TEST

START_TEST(test_bad_records)
{
        RpcConn *dialled = sides_dial(), *conn;
        Side next;
        tell_number(dialled, 1);
        RUN_UNTIL(master.requests == 1);
        Luggage luggage = leave(&master, master.conn);
        side_init(&next, "Master", LINE_4_3);
        for (size_t size = 0; size < luggage.saved.size; size++) {
                Cursor in = cursor_over(luggage.saved.data, size);
                ck_assert_int_eq(rpc_conn_restore(next.rpc, luggage.fd, &in, &conn), -EBADMSG);
                ck_assert_uint_eq(rpc_connection_count(next.rpc), 0);
        }
        for (size_t at = 0; at < luggage.saved.size; at++) {
                /* every byte wrong once: refused or taken, never worse */
                int copy = fcntl(luggage.fd, F_DUPFD_CLOEXEC, 0);
                luggage.saved.data[at] ^= 0xff;
                Cursor in = cursor_over(luggage.saved.data, luggage.saved.size);
                if (rpc_conn_restore(next.rpc, copy, &in, &conn) == 0)
                        rpc_conn_free(conn);
                else
                        close_fd(&copy);
                luggage.saved.data[at] ^= 0xff;
        }
        rpc_free_pointer(&next.rpc);
        /* the socket is as good as before; an id that is taken is refused */
        Cursor in = cursor_over(luggage.saved.data, luggage.saved.size);
        side_init(&master, "Master", LINE_4_3);
        ck_assert_int_eq(rpc_conn_restore(master.rpc, luggage.fd, &in, &conn), 0);
        in.position = 0;
        RpcConn *again;
        ck_assert_int_eq(rpc_conn_restore(master.rpc, luggage.fd, &in, &again), -EEXIST);
        tell_number(dialled, 2);
        RUN_UNTIL(master.requests == 1);
        buffer_done(&luggage.saved);
}
END_TEST

START_TEST(test_kept)
{
        static const char noise[] = "half of a frame";
        int fd = raw_connect();
        RUN_UNTIL(rpc_connection_count(master.rpc) == 1);
        int copy = fcntl(rpc_conn_socket(only_connection(&master)), F_DUPFD_CLOEXEC, 0);
        unsigned n = 0;
        RpcConn *conn;
        rpc_free_pointer(&master.rpc);
        side_init(&master, "Master", LINE_4_3);
        ck_assert_int_eq(rpc_conn_keep(master.rpc, copy, &conn), 0);
        raw_send(fd, noise, sizeof(noise));
        (void)sides_run_for(SEC / 20);
        rpc_visit(master.rpc, count, &n);
        ck_assert_uint_eq(n, 0);
        ck_assert_uint_eq(master.closed + master.requests, 0);
        const Message m = kill_executor(1);
        ck_assert_int_eq(rpc_tell(conn, "Driver", &m), -ENOTCONN);
        close_fd(&fd);
        RUN_UNTIL(master.closed == 1);
        ck_assert_uint_eq(rpc_connection_count(master.rpc), 0);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("rpc-handover");
        TCase *tc = sides_case(suite, "rpc-handover");
        tcase_add_test(tc, test_everything_known);
        tcase_add_test(tc, test_dialler);
        tcase_add_test(tc, test_half_a_frame);
        tcase_add_test(tc, test_unsent);
        tcase_add_test(tc, test_bad_records);
        tcase_add_test(tc, test_kept);
        return sides_run(suite);
}
