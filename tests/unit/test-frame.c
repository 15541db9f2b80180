/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/frame.h"

#include <check.h>
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "tests/unit/samples.h"
#include "tests/unit/unit.h"

#define BYTES(...) ((const uint8_t[]){ __VA_ARGS__ }), sizeof((const uint8_t[]){ __VA_ARGS__ })

static int parse(const Buffer *b, Frame *ret)
{
        size_t size = 0;
        int r = frame_parse(b->data, b->size, ret, &size);
        if (r == FRAME_OK)
                ck_assert_uint_eq(size, b->size);
        return r;
}

/* A frame of any type with any bytes behind the type. */
static Buffer make(uint8_t type, const void *data, size_t size)
{
        Buffer b = BUFFER_INIT(0);
        buffer_put_u64(&b, 9 + size);
        buffer_put_u8(&b, type);
        buffer_put(&b, data, size);
        return b;
}

static int parse_made(uint8_t type, const void *data, size_t size)
{
        CLEANUP_BUFFER Buffer b = make(type, data, size);
        Frame f;
        return parse(&b, &f);
}

START_TEST(real_frames)
{
        CLEANUP_SAMPLES Samples s = samples_load();
        for (size_t i = 0; i < s.n; i++) {
                const Sample *sample = &s.items[i];
                CLEANUP_ARENA Arena a;
                arena_init(&a, LIMIT_MESSAGE_ARENA_BYTES);
                Frame f;
                size_t size;
                ck_assert_int_eq(frame_parse(sample->frame, sample->size, &f, &size), FRAME_OK);
                ck_assert_uint_eq(size, sample->size);

                CLEANUP_BUFFER Buffer out = BUFFER_INIT(0), body = BUFFER_INIT(0);
                if (f.type == FRAME_RPC_RESPONSE) {
                        ck_assert_ptr_eq(f.body, sample->frame + sample->stream);
                        frame_put_response(&out, f.request_id, f.body, f.body_size);
                } else {
                        Envelope e;
                        ck_assert_int_eq(envelope_parse(&a, f.body, f.body_size, &e), 0);
                        ck_assert_ptr_eq(e.stream, sample->frame + sample->stream);
                        ck_assert_uint_eq(e.stream_size, sample->size - sample->stream);
                        ck_assert_ptr_nonnull(e.receiver.host);
                        envelope_put(&body, &e.sender, &e.receiver, e.endpoint);
                        buffer_put(&body, e.stream, e.stream_size);
                        if (f.type == FRAME_ONE_WAY)
                                frame_put_one_way(&out, body.data, body.size);
                        else
                                frame_put_request(&out, f.request_id, body.data, body.size);
                }
                ck_assert_uint_eq(out.size, sample->size);
                ck_assert_mem_eq(out.data, sample->frame, out.size);
        }
}
END_TEST

START_TEST(a_frame_arrives_in_pieces)
{
        CLEANUP_SAMPLES Samples s = samples_load();
        for (size_t i = 0; i < s.n; i++)
                for (size_t n = 0; n < s.items[i].size; n++) {
                        Frame f;
                        size_t size = 1;
                        CLEANUP_FREE uint8_t *exact = malloc(n + 1);
                        memcpy(exact, s.items[i].frame, n);
                        ck_assert_int_eq(frame_parse(exact, n, &f, &size), FRAME_E_INCOMPLETE);
                        ck_assert_uint_eq(size, n < 8 ? 0 : s.items[i].size);
                }
}
END_TEST

START_TEST(bytes_behind_the_frame_are_left)
{
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        frame_put_one_way(&b, "abc", 3);
        size_t first = b.size, size;
        frame_put_response(&b, 7, "defg", 4);
        Frame f;
        ck_assert_int_eq(frame_parse(b.data, b.size, &f, &size), FRAME_OK);
        ck_assert_uint_eq(size, first);
        ck_assert_uint_eq(f.body_size, 3);
        ck_assert_mem_eq(f.body, "abc", 3);
        buffer_consume(&b, size);
        ck_assert_int_eq(parse(&b, &f), FRAME_OK);
        ck_assert_int_eq(f.type, FRAME_RPC_RESPONSE);
        ck_assert_int_eq(f.request_id, 7);
}
END_TEST

START_TEST(lengths_are_bounded)
{
        static const uint64_t bad[] = { 0,         1,          8,          LIMIT_FRAME_BYTES + 1,
                                        INT32_MAX, 1ull << 32, 1ull << 63, UINT64_MAX };
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
                buffer_put_u64(&b, bad[i]);
                Frame f;
                ck_assert_int_eq(parse(&b, &f), FRAME_E_LENGTH);
                buffer_put_u8(&b, 9);
                ck_assert_int_eq(parse(&b, &f), FRAME_E_LENGTH);
        }
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        size_t size;
        Frame f;
        buffer_put_u64(&b, LIMIT_FRAME_BYTES);
        ck_assert_int_eq(frame_parse(b.data, b.size, &f, &size), FRAME_E_INCOMPLETE);
        ck_assert_uint_eq(size, LIMIT_FRAME_BYTES);
}
END_TEST

START_TEST(types_are_refused_as_soon_as_they_are_seen)
{
        for (unsigned type = 0; type <= UINT8_MAX; type++) {
                bool served =
                        type <= 12 && type != FRAME_STREAM_RESPONSE && type != FRAME_UPLOAD_STREAM;
                CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
                buffer_put_u64(&b, 1000);
                buffer_put_u8(&b, (uint8_t)type);
                Frame f;
                ck_assert_int_eq(parse(&b, &f), served ? FRAME_E_INCOMPLETE : FRAME_E_TYPE);
        }
}
END_TEST

START_TEST(headers_must_fit)
{
        static const uint8_t zeros[64] = { 0 };
        /* the size of each type's header when its strings are empty, and whether a body may follow
         */
        static const struct {
                uint8_t type, size;
                bool body;
        } types[] = {
                { 0, 12, false }, { 1, 12, true },   { 2, 16, false }, { 3, 12, true },
                { 4, 12, true },  { 5, 12, false },  { 6, 4, false },  { 8, 8, false },
                { 9, 4, true },   { 11, 24, false }, { 12, 12, true },
        };
        for (size_t i = 0; i < ARRAY_SIZE(types); i++)
                for (size_t n = 0; n < sizeof(zeros); n++) {
                        bool fits = n == types[i].size || (n > types[i].size && types[i].body);
                        ck_assert_int_eq(parse_made(types[i].type, zeros, n),
                                         fits ? FRAME_OK : FRAME_E_HEADER);
                }
        ck_assert_int_eq(parse_made(FRAME_STREAM_REQUEST, BYTES(0, 0, 0, 2, 'x')), FRAME_E_HEADER);
        ck_assert_int_eq(parse_made(FRAME_STREAM_REQUEST, BYTES(0xff, 0xff, 0xff, 0xff, 'x')),
                         FRAME_E_HEADER);
        ck_assert_int_eq(parse_made(FRAME_STREAM_REQUEST, BYTES(0, 0, 0, 1, 'x', 'y')),
                         FRAME_E_HEADER);
}
END_TEST

START_TEST(failures)
{
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0), c = BUFFER_INIT(0), d = BUFFER_INIT(0);
        static const uint8_t chunk[12] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
        Frame f;
        frame_put_failure(&b, -2, "no such endpoint");
        ck_assert_int_eq(parse(&b, &f), FRAME_OK);
        ck_assert_int_eq(f.type, FRAME_RPC_FAILURE);
        ck_assert_int_eq(f.request_id, -2);
        ck_assert_uint_eq(f.text_size, 16);
        ck_assert_mem_eq(f.text, "no such endpoint", 16);

        frame_put_stream_failure(&c, "/jars/x", 7, "none");
        ck_assert_int_eq(parse(&c, &f), FRAME_OK);
        ck_assert_mem_eq(c.data, "\0\0\0\0\0\0\0\x1c\x08\0\0\0\x07/jars/x\0\0\0\x04none", 28);

        frame_put_chunk_failure(&d, chunk, "none");
        ck_assert_int_eq(parse(&d, &f), FRAME_OK);
        ck_assert_mem_eq(d.data + 9, chunk, 12);

        CLEANUP_BUFFER Buffer e = make(FRAME_CHUNK_FETCH_REQUEST, chunk, 12);
        ck_assert_int_eq(parse(&e, &f), FRAME_OK);
        ck_assert_mem_eq(f.stream_chunk, chunk, 12);

        CLEANUP_BUFFER Buffer g = make(FRAME_STREAM_REQUEST, "\0\0\0\x02/x", 6);
        ck_assert_int_eq(parse(&g, &f), FRAME_OK);
        ck_assert_uint_eq(f.text_size, 2);
        ck_assert_mem_eq(f.text, "/x", 2);
}
END_TEST

START_TEST(too_large_frames_are_not_written)
{
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0), c = BUFFER_INIT(0);
        frame_put_one_way(&b, "", LIMIT_FRAME_BYTES - 12);
        ck_assert_int_eq(buffer_result(&b), -EMSGSIZE);
        ck_assert_uint_eq(b.size, 0);
        frame_put_request(&c, 1, "", SIZE_MAX);
        ck_assert_int_eq(buffer_result(&c), -EMSGSIZE);
        CLEANUP_FREE char *body = calloc(1, LIMIT_FRAME_BYTES);
        CLEANUP_BUFFER Buffer d = BUFFER_INIT(0);
        Frame f;
        frame_put_one_way(&d, body, LIMIT_FRAME_BYTES - 13);
        ck_assert_int_eq(buffer_result(&d), 0);
        ck_assert_int_eq(parse(&d, &f), FRAME_OK);
}
END_TEST

static int envelope(Arena *a, const Buffer *b, Envelope *ret)
{
        CLEANUP_FREE uint8_t *exact = malloc(b->size + 1);
        memcpy(exact, b->data, b->size);
        int r = envelope_parse(a, exact, b->size, ret);
        if (r == 0)
                ret->stream = b->data + (ret->stream - exact);
        return r;
}

START_TEST(envelopes)
{
        CLEANUP_ARENA Arena a;
        arena_init(&a, KIB(64));
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        const RpcAddress none = { 0 }, here = { "[::1]", 65535 };
        Envelope e;
        envelope_put(&b, &none, &here, "gr\xc3\xbc\xf0\x9f\x98\x80");
        ck_assert_mem_eq(b.data,
                         "\0\x01\0\x05[::1]\0\0\xff\xff\0\x0agr\xc3\xbc\xed\xa0\xbd\xed\xb8\x80",
                         b.size);
        buffer_put(&b, "xyz", 3);
        ck_assert_int_eq(envelope(&a, &b, &e), 0);
        ck_assert_ptr_null(e.sender.host);
        ck_assert_str_eq(e.receiver.host, "[::1]");
        ck_assert_int_eq(e.receiver.port, 65535);
        ck_assert_str_eq(e.endpoint, "gr\xc3\xbc\xf0\x9f\x98\x80");
        ck_assert_uint_eq(e.stream_size, 3);
        ck_assert_mem_eq(e.stream, "xyz", 3);
        size_t whole = b.size;
        for (b.size = 0; b.size < whole - 3; b.size++)
                ck_assert_int_eq(envelope(&a, &b, &e), -EBADMSG);
        ck_assert_int_eq(envelope(&a, &b, &e), 0);
        ck_assert_uint_eq(e.stream_size, 0);
}
END_TEST

static int envelope_with_host(const char *host, size_t size, uint32_t port)
{
        CLEANUP_ARENA Arena a;
        arena_init(&a, KIB(64));
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        Envelope e;
        buffer_put_u8(&b, 1);
        buffer_put_u16(&b, (uint16_t)size);
        buffer_put(&b, host, size);
        buffer_put_u32(&b, port);
        buffer_put(&b, "\0\0\0", 3);
        return envelope(&a, &b, &e);
}

START_TEST(bad_envelopes)
{
        CLEANUP_ARENA Arena a;
        arena_init(&a, KIB(64));
        char host[LIMIT_HOST_BYTES + 1];
        memset(host, 'h', sizeof(host));
        ck_assert_int_eq(envelope_with_host("h", 1, 7077), 0);
        ck_assert_int_eq(envelope_with_host(host, LIMIT_HOST_BYTES, 0), 0);
        ck_assert_int_eq(envelope_with_host(host, LIMIT_HOST_BYTES + 1, 0), -EBADMSG);
        ck_assert_int_eq(envelope_with_host("", 0, 7077), -EBADMSG);
        ck_assert_int_eq(envelope_with_host("h", 1, 65536), -EBADMSG);
        ck_assert_int_eq(envelope_with_host("h", 1, UINT32_MAX), -EBADMSG);
        ck_assert_int_eq(envelope_with_host("h\0i", 3, 1), -EBADMSG);
        ck_assert_int_eq(envelope_with_host("h i", 3, 1), -EBADMSG);
        ck_assert_int_eq(envelope_with_host("h\n", 2, 1), -EBADMSG);
        ck_assert_int_eq(envelope_with_host("\xf0\x9f\x98\x80", 4, 1), -EBADMSG);

        Envelope e;
        ck_assert_int_eq(envelope_parse(&a, "\x02\0\0\0", 4, &e), -EBADMSG);
        arena_done(&a);
        arena_init(&a, 8);
        ck_assert_int_eq(envelope_parse(&a, "\0\0\0\x01x", 5, &e), -ENOMEM);
}
END_TEST

START_TEST(envelopes_of_bad_text_fail_the_buffer)
{
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0), c = BUFFER_INIT(0);
        envelope_put(&b, NULL, NULL, "\xff");
        ck_assert_int_eq(buffer_result(&b), -EMSGSIZE);
        char name[65537];
        memset(name, 'n', sizeof(name));
        name[65536] = 0;
        envelope_put(&c, NULL, NULL, name);
        ck_assert_int_eq(buffer_result(&c), -EMSGSIZE);
}
END_TEST

START_TEST(results_have_texts)
{
        for (int i = FRAME_OK; i <= FRAME_E_HEADER; i++)
                for (int j = FRAME_OK; j < i; j++)
                        ck_assert_str_ne(frame_result_text(i), frame_result_text(j));
}
END_TEST

UNIT_MAIN("frame", real_frames, a_frame_arrives_in_pieces, bytes_behind_the_frame_are_left,
          lengths_are_bounded, types_are_refused_as_soon_as_they_are_seen, headers_must_fit,
          failures, too_large_frames_are_not_written, envelopes, bad_envelopes,
          envelopes_of_bad_text_fail_the_buffer, results_have_texts)
