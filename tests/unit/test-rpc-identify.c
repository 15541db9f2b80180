/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/rpc.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "wire/probe.h"

#include "rpc-sides.h"

typedef struct Identity {
        unsigned n;
        int error;
        bool sparkd;
        LineSet lines;
} Identity;

static void on_identified(void *user, RpcConn *conn, int error, bool sparkd, LineSet lines)
{
        *(Identity *)user = (Identity){ 1 + ((Identity *)user)->n, error, sparkd, lines };
}

START_TEST(test_identify_ours)
{
        Identity id = { 0 };
        RpcConn *conn = sides_dial();
        ck_assert_int_eq(rpc_identify(conn, (Line)_i, on_identified, &id), 0);
        ck_assert_int_eq(rpc_identify(conn, LINE_3_5, on_identified, &id), -EBUSY);
        RUN_UNTIL(id.n > 0);
        ck_assert_int_eq(id.error, 0);
        ck_assert(id.sparkd);
        ck_assert_uint_eq(id.lines, LINES_ALL);
        /* neither side has taken the guess for knowledge */
        ck_assert_uint_eq(rpc_conn_lines(conn), LINES_ALL);
        tell_number(conn, 1);
        RUN_UNTIL(master.requests == 1);
        ck_assert_uint_eq(rpc_conn_lines(master.conn), LINES_ALL);
        ck_assert_uint_eq(master.foreign, 0);
}
END_TEST

/* Plays a JVM of `line` at `fd` for one probe: the quiet answer, or the words of a JVM whose class
 * of that name has another UID. */
static void play_jvm(int fd, Line line, const char *const *classes)
{
        Buffer in CLEANUP_BUFFER = BUFFER_INIT(0);
        Buffer b CLEANUP_BUFFER = BUFFER_INIT(0);
        Buffer body CLEANUP_BUFFER = BUFFER_INIT(0);
        Frame frame = raw_frame(fd, &in);
        ck_assert_int_eq(frame.type, FRAME_RPC_REQUEST);
        for (; *classes; classes++) {
                const uint8_t *at = memmem(frame.body, frame.body_size, *classes, strlen(*classes));
                const ClassInfo *local = line_class(line, *classes);
                if (!at || !local)
                        continue;
                int64_t theirs = 0;
                for (size_t i = 0; i < 8; i++)
                        theirs = (int64_t)((uint64_t)theirs << 8 | at[strlen(*classes) + i]);
                if (theirs == local->suid)
                        continue;
                char text[512];
                (void)snprintf(text, sizeof(text),
                               "java.io.InvalidClassException: %s; local class incompatible: "
                               "stream classdesc serialVersionUID = %lld, local class "
                               "serialVersionUID = %lld\n\tat java.base/java.io",
                               *classes, (long long)theirs, (long long)local->suid);
                frame_put_failure(&b, frame.request_id, text);
                raw_send(fd, b.data, b.size);
                return;
        }
        const Message no = { .type = MSG_BOOLEAN };
        ck_assert_int_eq(message_encode(&no, line, &body), 0);
        frame_put_response(&b, frame.request_id, body.data, body.size);
        raw_send(fd, b.data, b.size);
}

/* A connection from the worker's side to a plain socket. */
static RpcConn *dial_raw(int *ret_fd)
{
        HostPort to = { .host = "127.0.0.1" };
        RpcConn *conn;
        int fd = sides_listen(&to.port);
        ck_assert_int_eq(rpc_connect(worker.rpc, &to, &conn), 0);
        *ret_fd = accept(fd, NULL, NULL);
        ck_assert_int_ge(*ret_fd, 0);
        close_fd(&fd);
        RUN_UNTIL(worker.connected == 1);
        return conn;
}

START_TEST(test_identify_jvm)
{
        static const char *const classes[] = {
                "org.apache.spark.rpc.netty.RpcEndpointVerifier$CheckExistence",
                "org.apache.spark.SparkException",
                "org.apache.spark.rpc.RpcEndpointRef",
                "org.apache.spark.resource.ResourceProfile",
                NULL,
        };
        Line truth = (Line)(_i / LINE_MAX), guess = (Line)(_i % LINE_MAX);
        Identity id = { 0 };
        int fd;
        RpcConn *conn = dial_raw(&fd);
        ck_assert_int_eq(rpc_identify(conn, guess, on_identified, &id), 0);
        for (unsigned rounds = 0; id.n == 0; rounds++) {
                ck_assert_uint_lt(rounds, 6);
                play_jvm(fd, truth, classes);
                (void)sides_run_for(SEC / 100);
        }
        ck_assert_int_eq(id.error, 0);
        ck_assert(!id.sparkd);
        ck_assert_uint_ne(id.lines & LINE_BIT(truth), 0);
        Family family;
        ck_assert(lines_one_family(id.lines, &family));
        ck_assert_int_eq(family, line_family(truth));
        ck_assert_uint_eq(rpc_conn_lines(conn), id.lines);
        close_fd(&fd);
}
END_TEST

START_TEST(test_identify_failures)
{
        Identity id = { 0 };
        Buffer in CLEANUP_BUFFER = BUFFER_INIT(0);
        Buffer b CLEANUP_BUFFER = BUFFER_INIT(0);
        int fd;
        RpcConn *conn = dial_raw(&fd);
        /* a failure that says nothing */
        ck_assert_int_eq(rpc_identify(conn, LINE_3_5, on_identified, &id), 0);
        Frame frame = raw_frame(fd, &in);
        frame_put_failure(&b, frame.request_id, "java.lang.Error: what?");
        raw_send(fd, b.data, b.size);
        RUN_UNTIL(id.n == 1);
        ck_assert_int_eq(id.error, -EPROTO);
        /* a version that is not served */
        ck_assert_int_eq(rpc_identify(conn, LINE_3_5, on_identified, &id), 0);
        frame = raw_frame(fd, &in);
        buffer_clear(&b);
        frame_put_failure(&b, frame.request_id,
                          "java.io.InvalidClassException: org.apache.spark.rpc.RpcEndpointRef; "
                          "local class incompatible: stream classdesc serialVersionUID = 5, "
                          "local class serialVersionUID = 6");
        raw_send(fd, b.data, b.size);
        RUN_UNTIL(id.n == 2);
        ck_assert_int_eq(id.error, -EPROTONOSUPPORT);
        /* no answer */
        uint64_t start = sides_now();
        ck_assert_int_eq(rpc_identify(conn, LINE_3_5, on_identified, &id), 0);
        RUN_UNTIL(id.n == 3);
        ck_assert_int_eq(id.error, -ETIMEDOUT);
        ck_assert_uint_ge(sides_now() - start, 5 * SEC);
        /* the end of the connection */
        ck_assert_int_eq(rpc_identify(conn, LINE_3_5, on_identified, &id), 0);
        close_fd(&fd);
        RUN_UNTIL(id.n == 4);
        ck_assert_int_eq(id.error, -ENOTCONN);
        RUN_UNTIL(worker.closed == 1);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("rpc-identify");
        TCase *tcase = sides_case(suite, "rpc-identify");
        tcase_add_loop_test(tcase, test_identify_ours, 0, LINE_MAX);
        tcase_add_loop_test(tcase, test_identify_jvm, 0, LINE_MAX * LINE_MAX);
        tcase_add_test(tcase, test_identify_failures);
        return sides_run(suite);
}
