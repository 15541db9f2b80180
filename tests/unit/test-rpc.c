/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/rpc.h"

#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "rpc/rpc-private.h"

#include "rpc-sides.h"

START_TEST(test_tell)
{
        RpcConn *conn = sides_dial();
        ck_assert_ptr_null(rpc_conn_sender(conn).host);
        tell_number(conn, 17);
        RUN_UNTIL(master.requests == 1);
        ck_assert_int_eq(master.type, MSG_KILL_EXECUTOR);
        ck_assert_int_eq(master.number, 17);
        ck_assert(!master.ask);
        ck_assert_str_eq(master.endpoint, "Master");
        ck_assert_str_eq(master.sender, "127.0.0.1:4711");
        ck_assert_str_eq(rpc_conn_sender(master.conn).host, "127.0.0.1");
        ck_assert_int_eq(rpc_conn_sender(master.conn).port, 4711);
        ck_assert_ptr_eq(rpc_find(master.rpc, rpc_conn_id(master.conn)), master.conn);
        ck_assert_uint_eq(rpc_connection_count(master.rpc), 1);
        ck_assert_ptr_nonnull(strstr(rpc_conn_peer(master.conn), "127.0.0.1:"));
        /* back over the same connection; the master does not listen under a known address */
        const Message back = { .type = MSG_APPLICATION_FINISHED, .application_finished.id = "a" };
        ck_assert_int_eq(rpc_tell(master.conn, "Worker", &back), 0);
        RUN_UNTIL(worker.requests == 1);
        ck_assert_int_eq(worker.type, MSG_APPLICATION_FINISHED);
        ck_assert_str_eq(worker.endpoint, "Worker");
        ck_assert_str_eq(worker.sender, "none:0");
}
END_TEST

START_TEST(test_before_connected)
{
        RpcConn *conn;
        ck_assert_int_eq(rpc_connect(worker.rpc, &master_at, &conn), 0);
        tell_number(conn, 1);
        RUN_UNTIL(master.requests == 1);
        ck_assert_int_eq(master.number, 1);
}
END_TEST

START_TEST(test_ask)
{
        Outcome o;
        const Message m = kill_executor(5);
        RpcConn *conn = sides_dial();
        master.on_ask = REPLY_TRUE;
        sides_ask(conn, "Master", &m, 10 * SEC, &o);
        RUN_UNTIL(o.n > 0);
        ck_assert_int_eq(o.answer, RPC_ANSWERED);
        ck_assert(o.value);
        ck_assert(master.ask);
        master.on_ask = FAIL;
        sides_ask(conn, "Master", &m, 10 * SEC, &o);
        RUN_UNTIL(o.n > 0);
        ck_assert_int_eq(o.answer, RPC_FAILED);
        ck_assert_str_eq(o.failure, "java.lang.Error: no");
        /* the reply may come later, and as an object that says failure */
        master.on_ask = KEEP_QUIET;
        sides_ask(conn, "Master", &m, 10 * SEC, &o);
        RUN_UNTIL(master.requests == 3);
        const Message failure = { .type = MSG_RPC_FAILURE, .rpc_failure.message = "not now" };
        ck_assert_int_eq(rpc_reply(master.conn, master.request_id, &failure), 0);
        RUN_UNTIL(o.n > 0);
        ck_assert_int_eq(o.answer, RPC_FAILED);
        ck_assert_str_eq(o.failure, "not now");
        /* a second reply has nobody waiting */
        ck_assert_int_eq(rpc_reply(master.conn, master.request_id, &failure), 0);
        assert_undisturbed(conn);
        ck_assert_uint_eq(o.n, 1);
}
END_TEST

START_TEST(test_endpoints)
{
        static const struct {
                const char *name;
                bool exists;
        } cases[] = {
                { "Master", true }, { "endpoint-verifier", true },
                { "sparkd", true }, { "Worker", false },
                { "", false },
        };
        Outcome o;
        RpcConn *conn = sides_dial();
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const Message m = check_existence(cases[i].name);
                sides_ask(conn, "endpoint-verifier", &m, 10 * SEC, &o);
                RUN_UNTIL(o.n > 0);
                ck_assert_int_eq(o.answer, RPC_ANSWERED);
                ck_assert_int_eq(o.value, cases[i].exists);
        }
        const Message m = kill_executor(1);
        sides_ask(conn, "Nobody", &m, 10 * SEC, &o);
        RUN_UNTIL(o.n > 0);
        ck_assert_int_eq(o.answer, RPC_FAILED);
        ck_assert_str_eq(o.failure, "org.apache.spark.SparkException: Could not find Nobody.");
        sides_ask(conn, "endpoint-verifier", &m, 10 * SEC, &o);
        RUN_UNTIL(o.n > 0);
        ck_assert_int_eq(o.answer, RPC_FAILED);
        ck_assert_int_eq(rpc_tell(conn, "Nobody", &m), 0);
        assert_undisturbed(conn);
        ck_assert_uint_eq(master.requests, 0);
}
END_TEST

START_TEST(test_ask_time_out)
{
        Outcome slow, quick;
        const Message m = kill_executor(5);
        RpcConn *conn = sides_dial();
        uint64_t start = sides_now();
        sides_ask(conn, "Master", &m, 60 * SEC, &slow);
        sides_ask(conn, "Master", &m, SEC / 10, &quick);
        RUN_UNTIL(quick.n > 0);
        ck_assert_int_eq(quick.answer, RPC_TIMED_OUT);
        ck_assert_uint_ge(sides_now() - start, SEC / 10);
        ck_assert_uint_eq(slow.n, 0);
        /* the late reply is dropped */
        const Message yes = { .type = MSG_BOOLEAN, .boolean.value = true };
        RUN_UNTIL(master.requests == 2);
        ck_assert_int_eq(rpc_reply(master.conn, master.request_id, &yes), 0);
        assert_undisturbed(conn);
        ck_assert_uint_eq(quick.n, 1);
        ck_assert_uint_eq(slow.n, 0);
        ck_assert_uint_eq(worker.closed, 0);
}
END_TEST

START_TEST(test_close_during_ask)
{
        Outcome o[3];
        const Message m = kill_executor(5);
        RpcConn *conn = sides_dial();
        for (unsigned i = 0; i < 3; i++) {
                sides_ask(conn, "Master", &m, 60 * SEC, &o[i]);
                o[i].side = &worker;
        }
        RUN_UNTIL(master.requests == 3);
        rpc_conn_close(master.conn, "Enough");
        ck_assert_uint_eq(master.closed, 0);
        RUN_UNTIL(master.closed == 1 && worker.closed == 1);
        ck_assert_str_eq(master.reason, "Enough");
        ck_assert_str_eq(worker.reason, "The peer closed the connection");
        for (unsigned i = 0; i < 3; i++) {
                ck_assert_uint_eq(o[i].n, 1);
                ck_assert_int_eq(o[i].answer, RPC_CLOSED);
                ck_assert_uint_eq(o[i].side->closed_before_answer, 0);
        }
        ck_assert_uint_eq(rpc_connection_count(master.rpc), 0);
        ck_assert_uint_eq(rpc_connection_count(worker.rpc), 0);
}
END_TEST

START_TEST(test_connect_then_close)
{
        RpcConn *conn;
        ck_assert_int_eq(rpc_connect(worker.rpc, &master_at, &conn), 0);
        rpc_conn_close(conn, "Changed my mind");
        rpc_conn_close(conn, "Twice");
        ck_assert_uint_eq(worker.closed, 0);
        RUN_UNTIL(worker.closed == 1);
        ck_assert_str_eq(worker.reason, "Changed my mind");
        ck_assert_uint_eq(worker.connected, 0);
}
END_TEST

START_TEST(test_big_message)
{
        const size_t size = MIB(1);
        char *text = malloc(size + 1);
        memset(text, 't', size);
        text[size] = '\0';
        const Message m = { .type = MSG_APPLICATION_REMOVED, .application_removed.message = text };
        RpcConn *conn = sides_dial();
        ck_assert_int_eq(rpc_tell(conn, "Master", &m), 0);
        RUN_UNTIL(master.requests == 1);
        ck_assert_uint_eq(master.text_size, size);
        /* all of it is sent before a close, and the connection holds nothing after */
        master.text_size = 0;
        ck_assert_int_eq(rpc_tell(conn, "Master", &m), 0);
        ck_assert_int_eq(rpc_tell(conn, "Master", &m), 0);
        rpc_conn_close(conn, "Said all");
        RUN_UNTIL(master.requests == 3);
        ck_assert_uint_eq(master.text_size, size);
        RUN_UNTIL(worker.closed == 1 && master.closed == 1);
        ck_assert_str_eq(worker.reason, "Said all");
        free(text);
}
END_TEST

START_TEST(test_many_messages)
{
        RpcConn *conn = sides_dial();
        for (int32_t i = 1; i <= 20000; i++) {
                tell_number(conn, i);
                if (i % 1000 == 0)
                        RUN_UNTIL(master.number == i);
        }
        ck_assert_uint_eq(master.requests, 20000);
        ck_assert_ptr_null(conn->conn.out.data);
        ck_assert_ptr_null(master.conn->conn.partial.data);
}
END_TEST

START_TEST(test_too_many_asks)
{
        Outcome o = { 0 };
        RpcConn *conn = sides_dial();
        const Message m = check_existence("Master");
        for (unsigned i = 0; i < LIMIT_PENDING_ASKS; i++)
                ck_assert_int_eq(rpc_ask(conn, "Master", &m, 60 * SEC, sides_on_answer, &o), 0);
        ck_assert_int_eq(rpc_ask(conn, "Master", &m, 60 * SEC, sides_on_answer, &o), -ENOBUFS);
        RUN_UNTIL(master.requests == LIMIT_PENDING_ASKS);
        rpc_conn_close(conn, "Enough");
        RUN_UNTIL(worker.closed == 1);
        ck_assert_uint_eq(o.n, LIMIT_PENDING_ASKS);
}
END_TEST

START_TEST(test_many_connections)
{
        RpcConn *conns[500];
        Outcome o = { 0 };
        const Message m = check_existence("Master");
        for (unsigned i = 0; i < ARRAY_SIZE(conns); i++)
                ck_assert_int_eq(rpc_connect(worker.rpc, &master_at, &conns[i]), 0);
        RUN_UNTIL(worker.connected == ARRAY_SIZE(conns));
        for (unsigned i = 0; i < ARRAY_SIZE(conns); i++)
                ck_assert_int_eq(
                        rpc_ask(conns[i], "endpoint-verifier", &m, 60 * SEC, sides_on_answer, &o),
                        0);
        RUN_UNTIL(o.n == ARRAY_SIZE(conns));
        ck_assert_uint_eq(rpc_connection_count(master.rpc), ARRAY_SIZE(conns));
        for (unsigned i = 0; i < ARRAY_SIZE(conns); i += 2)
                rpc_conn_close(conns[i], "Half of them");
        RUN_UNTIL(worker.closed == ARRAY_SIZE(conns) / 2 && master.closed == worker.closed);
        assert_undisturbed(conns[1]);
        ck_assert_uint_eq(rpc_connection_count(master.rpc), ARRAY_SIZE(conns) / 2);
        /* and with nothing going on, nothing wakes up */
        (void)sides_run_for(SEC);
        ck_assert_uint_eq(sides_run_for(SEC), 0);
}
END_TEST

START_TEST(test_free_with_pending)
{
        Outcome o;
        const Message m = kill_executor(5);
        RpcConn *conn = sides_dial();
        sides_ask(conn, "Master", &m, 60 * SEC, &o);
        RUN_UNTIL(master.requests == 1);
        tell_number(conn, 1);
        rpc_free_pointer(&worker.rpc);
        ck_assert_uint_eq(o.n, 0);
        ck_assert_uint_eq(worker.closed, 0);
        RUN_UNTIL(master.closed == 1);
}
END_TEST

START_TEST(test_quiet_connection)
{
        RpcConn *conn = sides_dial();
        int quiet = raw_connect(), spoke = raw_connect();
        Buffer b CLEANUP_BUFFER = BUFFER_INIT(0);
        const Message m = kill_executor(3);
        put_request(&b, true, "Master", &m, LINE_3_5);
        raw_send(spoke, b.data, b.size);
        RUN_UNTIL(master.requests == 1);
        RpcConn *spoken = master.conn, *c, *next;
        RUN_UNTIL(rpc_connection_count(master.rpc) == 3);
        /* time passes */
        HASH_ITER (hh, master.rpc->conns, c, next)
                c->deadline_usec = 1;
        RUN_UNTIL(master.closed > 0);
        raw_assert_closed(quiet);
        (void)sides_run_for(SEC);
        /* those who never said anything are gone: the dialled one too */
        ck_assert_uint_eq(master.closed, 2);
        ck_assert_str_eq(master.reason, "It sent no whole message in time");
        ck_assert_ptr_eq(rpc_find(master.rpc, rpc_conn_id(spoken)), spoken);
        ck_assert_uint_eq(worker.closed, 1);
        ck_assert_ptr_nonnull(conn);
        close_fd(&quiet);
        close_fd(&spoke);
}
END_TEST

/* Who asks without end and does not read the answers is cut off, at a bounded price. */
START_TEST(test_does_not_read)
{
        Buffer b CLEANUP_BUFFER = BUFFER_INIT(0);
        char *text = malloc(MIB(1) + 1);
        memset(text, 't', MIB(1));
        text[MIB(1)] = '\0';
        const Message m = kill_executor(3);
        const Message big = { .type = MSG_APPLICATION_REMOVED,
                              .application_removed.message = text };
        RpcConn *conn = sides_dial();
        int fd = raw_connect();
        put_request(&b, true, "Master", &m, LINE_3_5);
        raw_send(fd, b.data, b.size);
        RUN_UNTIL(master.requests == 1);
        RpcConn *deaf = master.conn;
        int r = 0;
        unsigned n = 0;
        for (; r == 0 && n < 200; n++) {
                r = rpc_tell(deaf, "AppClient", &big);
                ck_assert_int_ge(sd_event_run(loop, 0), 0);
        }
        ck_assert_int_eq(r, -EMSGSIZE);
        ck_assert_uint_ge(n, 60);
        RUN_UNTIL(master.closed == 1);
        ck_assert_str_eq(master.reason, "It does not read what is sent to it");
        assert_undisturbed(conn);
        close_fd(&fd);
        free(text);
}
END_TEST

/* Half-read frames of many peers together are bounded; who holds little is spared. */
START_TEST(test_too_much_buffered)
{
        static const uint8_t head[] = { 0, 0, 0, 0, 0, 0xf0, 0, 0, FRAME_ONE_WAY };
        uint8_t *body = calloc(1, MIB(1));
        RpcConn *conn = sides_dial();
        int small = raw_connect(), large = raw_connect();
        master.rpc->buffered += LIMIT_BUFFERED_BYTES - KIB(64);
        raw_send(small, head, sizeof(head));
        raw_send(large, head, sizeof(head));
        for (unsigned i = 0; i < 256 && master.closed == 0; i++) {
                raw_send(large, body, KIB(8));
                ck_assert_int_ge(sd_event_run(loop, 10000), 0);
        }
        raw_assert_closed(large);
        ck_assert_uint_eq(master.closed, 1);
        ck_assert_str_eq(master.reason, "Too much is buffered for all peers together");
        ck_assert_uint_eq(rpc_connection_count(master.rpc), 2);
        assert_undisturbed(conn);
        close_fd(&small);
        close_fd(&large);
        RUN_UNTIL(master.closed == 2);
        /* and all of it is counted back */
        ck_assert_uint_eq(master.rpc->buffered, LIMIT_BUFFERED_BYTES - KIB(64));
        free(body);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("rpc");
        TCase *tcase = sides_case(suite, "rpc");
        tcase_add_test(tcase, test_tell);
        tcase_add_test(tcase, test_before_connected);
        tcase_add_test(tcase, test_ask);
        tcase_add_test(tcase, test_endpoints);
        tcase_add_test(tcase, test_ask_time_out);
        tcase_add_test(tcase, test_close_during_ask);
        tcase_add_test(tcase, test_connect_then_close);
        tcase_add_test(tcase, test_big_message);
        tcase_add_test(tcase, test_many_messages);
        tcase_add_test(tcase, test_too_many_asks);
        tcase_add_test(tcase, test_many_connections);
        tcase_add_test(tcase, test_free_with_pending);
        tcase_add_test(tcase, test_quiet_connection);
        tcase_add_test(tcase, test_does_not_read);
        tcase_add_test(tcase, test_too_much_buffered);
        return sides_run(suite);
}
