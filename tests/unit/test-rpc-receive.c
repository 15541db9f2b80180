/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/rpc.h"

#include <stdio.h>
#include <string.h>

#include "rpc/rpc-private.h"

#include "rpc-sides.h"

START_TEST(test_garbage)
{
        static const char *const garbage[] = {
                "GET / HTTP/1.1\r\n\r\n",
                "\0\0\0\0\x7f\xff\xff\xff\x03",
                "\0\0\0\0\0\0\x01\0\xff",
                ("\0\0\0\0\0\0\0\x0c\x03"
                 "abc"),
        };
        static const size_t sizes[] = { 18, 9, 9, 12 };
        RpcConn *conn = sides_dial();
        int fd = raw_connect();
        raw_send(fd, garbage[_i], sizes[_i]);
        raw_assert_closed(fd);
        close_fd(&fd);
        ck_assert_uint_eq(master.closed, 1);
        ck_assert_ptr_nonnull(strstr(master.reason, "It broke the protocol: "));
        assert_undisturbed(conn);
}
END_TEST

START_TEST(test_other_protocols)
{
        Buffer in CLEANUP_BUFFER = BUFFER_INIT(0);
        static const uint8_t stream[] = {
                0,   0,   0,   0,   0,   0,   0,   24,  FRAME_STREAM_REQUEST,
                0,   0,   0,   11,  '/', 'j', 'a', 'r', 's',
                '/', 'a', '.', 'j', 'a', 'r'
        };
        static const uint8_t chunk[] = { 0,  0,  0, 0, 0, 0, 0, 21, FRAME_CHUNK_FETCH_REQUEST,
                                         1,  2,  3, 4, 5, 6, 7, 8,  9,
                                         10, 11, 12 };
        static const uint8_t merged[] = {
                0, 0, 0, 0,   0, 0, 0, 34, FRAME_MERGED_BLOCK_META_REQUEST,
                0, 0, 0, 0,   0, 0, 0, 55, 0,
                0, 0, 1, 'a', 0, 0, 0, 1,  0,
                0, 0, 2, 0,   0, 0, 3
        };
        static const uint8_t upload[] = { 0, 0, 0, 0, 0, 0, 0, 30, FRAME_UPLOAD_STREAM, 0 };
        int fd = raw_connect();
        raw_send(fd, stream, sizeof(stream));
        Frame frame = raw_frame(fd, &in);
        ck_assert_int_eq(frame.type, FRAME_STREAM_FAILURE);
        ck_assert_ptr_nonnull(memmem(in.data, in.size, "Stream '/jars/a.jar' was not found.", 35));
        raw_send(fd, chunk, sizeof(chunk));
        frame = raw_frame(fd, &in);
        ck_assert_int_eq(frame.type, FRAME_CHUNK_FETCH_FAILURE);
        ck_assert_mem_eq(in.data + 9, chunk + 9, 12);
        raw_send(fd, merged, sizeof(merged) - 1);
        raw_send(fd, merged + sizeof(merged) - 1, 1);
        frame = raw_frame(fd, &in);
        ck_assert_int_eq(frame.type, FRAME_RPC_FAILURE);
        ck_assert_int_eq(frame.request_id, 55);
        ck_assert_uint_eq(master.closed, 0);
        raw_send(fd, upload, sizeof(upload));
        raw_assert_closed(fd);
        ck_assert_uint_eq(master.closed, 1);
        close_fd(&fd);
}
END_TEST

START_TEST(test_unknown_reply)
{
        Buffer b CLEANUP_BUFFER = BUFFER_INIT(0);
        const Message m = kill_executor(3);
        int fd = raw_connect();
        frame_put_response(&b, 12345, "\xac\xed\0\x05\x70", 5);
        frame_put_failure(&b, 12345, "no");
        put_request(&b, true, "Master", &m, LINE_3_5);
        raw_send(fd, b.data, b.size);
        RUN_UNTIL(master.requests == 1);
        ck_assert_uint_eq(master.closed, 0);
        close_fd(&fd);
}
END_TEST

START_TEST(test_undecodable)
{
        static const uint8_t unknown_class[] = {
                0xac, 0xed, 0, 5, 0x73, 0x72, 0, 5, 'x', '.', 'Y', '$',  'Z',
                0,    0,    0, 0, 0,    0,    0, 1, 2,   0,   0,   0x78, 0x70,
        };
        Buffer b CLEANUP_BUFFER = BUFFER_INIT(0);
        Buffer in CLEANUP_BUFFER = BUFFER_INIT(0);
        const Message m = kill_executor(3);
        int fd = raw_connect();
        put_stream_request(&b, true, "Master", unknown_class, sizeof(unknown_class));
        put_stream_request(&b, true, "Master", "nonsense", 8);
        frame_put_one_way(&b, "\x07", 1); /* no envelope */
        put_stream_request(&b, false, "Master", unknown_class, sizeof(unknown_class));
        raw_send(fd, b.data, b.size);
        Frame frame = raw_frame(fd, &in);
        ck_assert_int_eq(frame.type, FRAME_RPC_FAILURE);
        ck_assert_int_eq(frame.request_id, 99);
        ck_assert(text_begins(&frame, "java.lang.ClassNotFoundException: x.Y$Z"));
        buffer_clear(&b);
        put_stream_request(&b, false, "Master", "nonsense", 8);
        raw_send(fd, b.data, b.size);
        frame = raw_frame(fd, &in);
        ck_assert_int_eq(frame.type, FRAME_RPC_FAILURE);
        ck_assert(text_begins(&frame, "java.io.StreamCorruptedException"));
        buffer_clear(&b);
        frame_put_request(&b, 98, "\x07", 1);
        raw_send(fd, b.data, b.size);
        frame = raw_frame(fd, &in);
        ck_assert_int_eq(frame.request_id, 98);
        ck_assert_int_eq(frame.type, FRAME_RPC_FAILURE);
        /* none of that costs the connection */
        buffer_clear(&b);
        put_request(&b, true, "Master", &m, LINE_3_5);
        raw_send(fd, b.data, b.size);
        RUN_UNTIL(master.requests == 1);
        ck_assert_uint_eq(master.foreign, 0);
        ck_assert_uint_eq(master.closed, 0);
        close_fd(&fd);
}
END_TEST

/* The stream of a message with another serialVersionUID in its first class. */
static void put_foreign_stream(Buffer *out, const Message *m, const char *class, Line line)
{
        ck_assert_int_eq(message_encode(m, line, out), 0);
        uint8_t *at = memmem(out->data, out->size, class, strlen(class));
        ck_assert_ptr_nonnull(at);
        memset(at + strlen(class), 0x11, 8);
}

START_TEST(test_foreign)
{
        static const char class[] = "org.apache.spark.rpc.netty.RpcEndpointVerifier$CheckExistence";
        Buffer stream CLEANUP_BUFFER = BUFFER_INIT(0);
        Buffer b CLEANUP_BUFFER = BUFFER_INIT(0);
        Buffer in CLEANUP_BUFFER = BUFFER_INIT(0);
        const Message m = check_existence("Master");
        char expected[512];
        int fd = raw_connect();
        put_foreign_stream(&stream, &m, class, LINE_3_5);
        put_stream_request(&b, false, "endpoint-verifier", stream.data, stream.size);
        raw_send(fd, b.data, b.size);
        Frame frame = raw_frame(fd, &in);
        ck_assert_int_eq(frame.type, FRAME_RPC_FAILURE);
        (void)snprintf(expected, sizeof(expected),
                       "java.io.InvalidClassException: %s; local class incompatible: stream "
                       "classdesc serialVersionUID = 1229782938247303441, local class "
                       "serialVersionUID = 5378738997755484868",
                       class);
        ck_assert(text_begins(&frame, expected));
        ck_assert_uint_eq(master.foreign, 1);
        ck_assert_ptr_nonnull(strstr(master.problem, "peer 127.0.0.1:"));
        ck_assert_ptr_nonnull(
                strstr(master.problem, "speaks a Spark version that is not served (class "));
        ck_assert_ptr_nonnull(strstr(master.problem, "serialVersionUID 1229782938247303441"));
        ck_assert_ptr_nonnull(strstr(master.problem, "served are 3.4, 3.5"));
        /* one way: silent on the wire; and once is enough to be told */
        buffer_clear(&b);
        put_stream_request(&b, true, "Master", stream.data, stream.size);
        put_stream_request(&b, false, "endpoint-verifier", stream.data, stream.size);
        raw_send(fd, b.data, b.size);
        frame = raw_frame(fd, &in);
        ck_assert_int_eq(frame.type, FRAME_RPC_FAILURE);
        ck_assert_uint_eq(master.foreign, 1);
        ck_assert_uint_eq(master.requests, 0);
        close_fd(&fd);
}
END_TEST

START_TEST(test_narrowing)
{
        Buffer b CLEANUP_BUFFER = BUFFER_INIT(0);
        const Message exists = check_existence("Master");
        const Message heartbeat = {
                .type = MSG_HEARTBEAT,
                .heartbeat = { .worker_id = "w",
                               .worker = { .name = "Worker", .address = { "10.0.0.1", 7 } } },
        };
        RpcConn *c;
        int fd = raw_connect();
        RUN_UNTIL(rpc_connection_count(master.rpc) == 1);
        c = master.rpc->conns;
        ck_assert_uint_eq(rpc_conn_lines(c), LINES_ALL);
        put_request(&b, true, "endpoint-verifier", &exists, LINE_4_0);
        put_request(&b, true, "Master", &heartbeat, LINE_4_0);
        raw_send(fd, b.data, b.size);
        RUN_UNTIL(master.requests == 1);
        ck_assert_uint_eq(rpc_conn_lines(c), LINE_BIT(LINE_4_0));
        /* it cannot be another one now */
        buffer_clear(&b);
        put_request(&b, true, "Master", &heartbeat, LINE_3_5);
        raw_send(fd, b.data, b.size);
        RUN_UNTIL(master.foreign == 1);
        ck_assert_uint_eq(rpc_conn_lines(c), LINE_BIT(LINE_4_0));
        rpc_conn_narrow(c, LINE_BIT(LINE_3_5));
        ck_assert_uint_eq(rpc_conn_lines(c), LINE_BIT(LINE_4_0));
        ck_assert_uint_eq(master.requests, 1);
        close_fd(&fd);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("rpc-receive");
        TCase *tcase = sides_case(suite, "rpc-receive");
        tcase_add_loop_test(tcase, test_garbage, 0, 4);
        tcase_add_test(tcase, test_other_protocols);
        tcase_add_test(tcase, test_unknown_reply);
        tcase_add_test(tcase, test_undecodable);
        tcase_add_test(tcase, test_foreign);
        tcase_add_test(tcase, test_narrowing);
        return sides_run(suite);
}
