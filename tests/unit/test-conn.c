/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/conn.h"

#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "tests/unit/unit.h"

static Conn conn;

static void setup(void)
{
        conn_init(&conn);
}

static void teardown(void)
{
        conn_done(&conn);
}

/* Three frames of different kinds, the second with 1000 bytes. */
static void put_frames(Buffer *out)
{
        char body[1000];
        memset(body, 'b', sizeof(body));
        frame_put_one_way(out, "tell", 4);
        frame_put_request(out, 7, body, sizeof(body));
        frame_put_failure(out, 8, "no");
        ck_assert_int_eq(buffer_result(out), 0);
}

/* Counts frames of put_frames() as they come, checking each. */
static void take_frames(unsigned *n)
{
        Frame frame;
        int r;
        while ((r = conn_next(&conn, &frame)) == FRAME_OK) {
                switch ((*n)++ % 3) {
                case 0:
                        ck_assert_int_eq(frame.type, FRAME_ONE_WAY);
                        ck_assert_mem_eq(frame.body, "tell", 4);
                        ck_assert_uint_eq(frame.body_size, 4);
                        break;
                case 1:
                        ck_assert_int_eq(frame.type, FRAME_RPC_REQUEST);
                        ck_assert_int_eq(frame.request_id, 7);
                        ck_assert_uint_eq(frame.body_size, 1000);
                        ck_assert_int_eq(frame.body[999], 'b');
                        break;
                default:
                        ck_assert_int_eq(frame.type, FRAME_RPC_FAILURE);
                        ck_assert_int_eq(frame.request_id, 8);
                        ck_assert_mem_eq(frame.text, "no", 2);
                }
        }
        ck_assert_int_eq(r, FRAME_E_INCOMPLETE);
}

/* However the bytes are cut, the same frames come out. */
START_TEST(test_pieces)
{
        static const size_t pieces[] = { 1, 2, 7, 8, 9, 13, 20, 21, 22, 500, 1001, 4096 };
        size_t piece = pieces[_i];
        unsigned n = 0;
        Buffer bytes = BUFFER_INIT(0);
        for (unsigned i = 0; i < 20; i++)
                put_frames(&bytes);
        for (size_t at = 0; at < bytes.size; at += piece) {
                size_t size = MIN_OF(piece, bytes.size - at);
                uint8_t *copy = malloc(size); /* the input is borrowed for this long only */
                memcpy(copy, bytes.data + at, size);
                conn_feed(&conn, copy, size);
                take_frames(&n);
                free(copy);
        }
        ck_assert_uint_eq(n, 60);
        ck_assert(!conn_mid_frame(&conn));
        ck_assert_ptr_null(conn.partial.data);
        buffer_done(&bytes);
}
END_TEST

/* A length is only a claim. */
START_TEST(test_claimed_length)
{
        const uint8_t head[] = { 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, FRAME_ONE_WAY, 0, 0xff };
        Frame frame;
        conn_feed(&conn, head, sizeof(head));
        ck_assert_int_eq(conn_next(&conn, &frame), FRAME_E_INCOMPLETE);
        ck_assert(conn_mid_frame(&conn));
        ck_assert_uint_le(conn.partial.room, 64);
        for (unsigned i = 0; i < 100; i++) {
                conn_feed(&conn, head, sizeof(head));
                ck_assert_int_eq(conn_next(&conn, &frame), FRAME_E_INCOMPLETE);
        }
        ck_assert_uint_eq(conn.partial.size, 101 * sizeof(head));
        ck_assert_uint_le(conn.partial.room, 4096);
}
END_TEST

START_TEST(test_bad_frames)
{
        static const struct {
                uint8_t bytes[12];
                int result;
        } cases[] = {
                { { 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 3 }, FRAME_E_LENGTH }, /* 2 GB */
                { { 0, 0, 0, 0, 0x01, 0, 0, 1, 3 }, FRAME_E_LENGTH },
                { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 3 }, FRAME_E_LENGTH },
                { { 0, 0, 0, 0, 0, 0, 0, 0, 3 }, FRAME_E_LENGTH },
                { { 'G', 'E', 'T', ' ', '/', ' ', 'H', 'T', 'T', 'P' }, FRAME_E_LENGTH },
                { { 0, 0, 0, 0, 0, 0, 1, 0, 13 }, FRAME_E_TYPE },
                { { 0, 0, 0, 0, 0, 0, 1, 0, 0xff }, FRAME_E_TYPE },
                { { 0, 0, 0, 0, 0, 0, 1, 0, FRAME_UPLOAD_STREAM }, FRAME_E_TYPE },
                { { 0, 0, 0, 0, 0, 0, 0, 12, 3, 1, 2, 3 }, FRAME_E_HEADER },
        };
        Frame frame;
        conn_feed(&conn, cases[_i].bytes, 12);
        ck_assert_int_eq(conn_next(&conn, &frame), cases[_i].result);
        /* and byte by byte */
        conn_done(&conn);
        conn_init(&conn);
        int r = FRAME_E_INCOMPLETE;
        for (size_t i = 0; i < 12 && r == FRAME_E_INCOMPLETE; i++) {
                conn_feed(&conn, cases[_i].bytes + i, 1);
                r = conn_next(&conn, &frame);
        }
        ck_assert_int_eq(r, cases[_i].result);
}
END_TEST

START_TEST(test_largest_frame)
{
        const size_t size = LIMIT_FRAME_BYTES - 13;
        uint8_t *body = malloc(size);
        Buffer bytes = BUFFER_INIT(0);
        Frame frame;
        int r = FRAME_E_INCOMPLETE;
        memset(body, 0x5a, size);
        frame_put_one_way(&bytes, body, size);
        ck_assert_uint_eq(bytes.size, LIMIT_FRAME_BYTES);
        for (size_t at = 0; at < bytes.size; at += KIB(64)) {
                ck_assert_int_eq(r, FRAME_E_INCOMPLETE);
                conn_feed(&conn, bytes.data + at, KIB(64));
                r = conn_next(&conn, &frame);
        }
        ck_assert_int_eq(r, FRAME_OK);
        ck_assert_uint_eq(frame.body_size, size);
        ck_assert_mem_eq(frame.body, body, size);
        ck_assert_int_eq(conn_next(&conn, &frame), FRAME_E_INCOMPLETE);
        ck_assert_ptr_null(conn.partial.data);
        buffer_done(&bytes);
        free(body);
}
END_TEST

START_TEST(test_outgoing)
{
        Buffer sent = BUFFER_INIT(0), expected = BUFFER_INIT(0);
        const uint8_t *data;
        ck_assert_uint_eq(conn_outgoing(&conn, &data), 0);
        for (unsigned i = 0; i < 50; i++) {
                put_frames(&conn.out);
                put_frames(&expected);
                size_t size = MIN_OF(conn_outgoing(&conn, &data), (size_t)(37 * i));
                buffer_put(&sent, data, size);
                conn_sent(&conn, size);
        }
        buffer_put(&sent, data, 0);
        size_t size = conn_outgoing(&conn, &data);
        buffer_put(&sent, data, size);
        conn_sent(&conn, size);
        ck_assert_uint_eq(conn_outgoing(&conn, &data), 0);
        ck_assert_ptr_null(conn.out.data); /* nothing queued, nothing kept */
        ck_assert_uint_eq(sent.size, expected.size);
        ck_assert_mem_eq(sent.data, expected.data, sent.size);
        buffer_done(&sent);
        buffer_done(&expected);
}
END_TEST

START_TEST(test_outgoing_limit)
{
        uint8_t *body = calloc(1, MIB(1));
        unsigned n = 0;
        while (buffer_result(&conn.out) == 0 && n < 100) {
                frame_put_one_way(&conn.out, body, MIB(1));
                n++;
        }
        ck_assert_uint_eq(n, 64); /* the 64th does not fit with its header */
        ck_assert_int_eq(buffer_result(&conn.out), -EMSGSIZE);
        ck_assert_uint_le(conn.out.size, LIMIT_OUTGOING_BYTES);
        free(body);
}
END_TEST

START_TEST(test_asks)
{
        ConnAsk asks[3];
        for (unsigned i = 0; i < 3; i++)
                ck_assert_int_eq(conn_ask_add(&conn, &asks[i], 1000), 0);
        ck_assert_int_ne(asks[0].id, asks[1].id);
        ck_assert_ptr_null(conn_ask_take(&conn, 999));
        ck_assert_ptr_eq(conn_ask_take(&conn, asks[1].id), &asks[1]);
        ck_assert_ptr_null(conn_ask_take(&conn, asks[1].id));
        ck_assert_ptr_eq(conn_ask_take_any(&conn), &asks[0]);
        ck_assert_ptr_eq(conn_ask_take_any(&conn), &asks[2]);
        ck_assert_ptr_null(conn_ask_take_any(&conn));
}
END_TEST

START_TEST(test_ask_deadlines)
{
        ConnAsk asks[4];
        static const uint64_t deadlines[] = { 400, 100, 300, 100 };
        for (unsigned i = 0; i < 4; i++)
                ck_assert_int_eq(conn_ask_add(&conn, &asks[i], deadlines[i]), 0);
        ck_assert_ptr_null(conn_ask_take_expired(&conn, 99));
        ck_assert_ptr_eq(conn_ask_take_expired(&conn, 100), &asks[1]);
        ck_assert_ptr_eq(conn_ask_take_expired(&conn, 100), &asks[3]);
        ck_assert_ptr_null(conn_ask_take_expired(&conn, 100));
        ck_assert_uint_eq(conn.next_deadline_usec, 300);
        ck_assert_ptr_null(conn_ask_take(&conn, asks[1].id));
        ck_assert_ptr_null(conn_ask_take_expired(&conn, 299));
        ck_assert_ptr_eq(conn_ask_take_expired(&conn, 350), &asks[2]);
        ck_assert_ptr_null(conn_ask_take_expired(&conn, 399));
        ck_assert_ptr_eq(conn_ask_take_expired(&conn, UINT64_MAX - 1), &asks[0]);
        ck_assert_ptr_null(conn_ask_take_expired(&conn, UINT64_MAX - 1));
}
END_TEST

START_TEST(test_ask_limit)
{
        ConnAsk *asks = calloc(LIMIT_PENDING_ASKS + 1, sizeof(*asks));
        for (unsigned i = 0; i < LIMIT_PENDING_ASKS; i++)
                ck_assert_int_eq(conn_ask_add(&conn, &asks[i], i), 0);
        ck_assert_int_eq(conn_ask_add(&conn, &asks[LIMIT_PENDING_ASKS], 1), -ENOBUFS);
        ck_assert_ptr_eq(conn_ask_take(&conn, asks[17].id), &asks[17]);
        ck_assert_int_eq(conn_ask_add(&conn, &asks[LIMIT_PENDING_ASKS], 1), 0);
        unsigned n = 0;
        while (conn_ask_take_any(&conn))
                n++;
        ck_assert_uint_eq(n, LIMIT_PENDING_ASKS);
        free(asks);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("conn");
        TCase *tcase = tcase_create("conn");
        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_loop_test(tcase, test_pieces, 0, 12);
        tcase_add_test(tcase, test_claimed_length);
        tcase_add_loop_test(tcase, test_bad_frames, 0, 9);
        tcase_add_test(tcase, test_largest_frame);
        tcase_add_test(tcase, test_outgoing);
        tcase_add_test(tcase, test_outgoing_limit);
        tcase_add_test(tcase, test_asks);
        tcase_add_test(tcase, test_ask_deadlines);
        tcase_add_test(tcase, test_ask_limit);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
