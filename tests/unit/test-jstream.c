/* SPDX-License-Identifier: Apache-2.0 */
/* The reader and the writer together on the streams of real Spark: whole, cut and broken. */
#include <string.h>

#include "base/limits.h"
#include "tests/unit/samples.h"
#include "tests/unit/unit.h"
#include "wire/jread.h"
#include "wire/jwrite.h"

static Arena arena;
static Samples samples;
static JValue *value; /* what read_bytes() read last */

static void setup(void)
{
        arena_init(&arena, LIMIT_MESSAGE_ARENA_BYTES);
        samples = samples_load();
        ck_assert_uint_ge(samples.n, 50);
}

static void teardown(void)
{
        arena_done(&arena);
        samples_done(&samples);
}

static void seen(void *user, const JClass *c)
{
        ck_assert_ptr_nonnull(c->name);
        ++*(size_t *)user;
}

/* From a copy of the exact size, so that the sanitizer sees a read past the end. A tree is there if
 * and only if the stream was good. */
static int read_bytes(const uint8_t *bytes, size_t size)
{
        CLEANUP_FREE uint8_t *exact = malloc(size + 1);
        memcpy(exact + 1, bytes, size);
        size_t n_seen = 0;
        value = NULL;
        arena_done(&arena);
        int r = jread(&arena, exact + 1, size, seen, &n_seen, &value);
        ck_assert_msg((r == 0) == (value != NULL), "result %d, value %p", r, (void *)value);
        ck_assert(r != 0 || n_seen > 0);
        return r;
}

static int read_sample(const Sample *s, size_t size)
{
        return read_bytes(s->frame + s->stream, size);
}

static size_t stream_size(const Sample *s)
{
        return s->size - s->stream;
}

static void assert_written(const char *what, const uint8_t *bytes, size_t size)
{
        CLEANUP_BUFFER Buffer out = BUFFER_INIT(0);
        ck_assert_int_eq(jwrite(value, &out), 0);
        size_t at = 0;
        while (at < out.size && at < size && out.data[at] == bytes[at])
                at++;
        ck_assert_msg(at == size && out.size == size, "%s: %zu of %zu bytes, differ at %zu", what,
                      out.size, size, at);
}

START_TEST(they_come_back_byte_for_byte)
{
        for (size_t i = 0; i < samples.n; i++) {
                const Sample *s = &samples.items[i];
                ck_assert_int_eq(read_sample(s, stream_size(s)), 0);
                for (int again = 0; again < 2; again++)
                        assert_written(s->path, s->frame + s->stream, stream_size(s));
        }
}
END_TEST

START_TEST(cut_anywhere_they_are_truncated)
{
        for (size_t i = 0; i < samples.n; i++)
                for (size_t n = 0; n < stream_size(&samples.items[i]); n++)
                        ck_assert_msg(read_sample(&samples.items[i], n) == JREAD_E_TRUNCATED,
                                      "%s cut at %zu", samples.items[i].path, n);
}
END_TEST

static uint32_t random_next(uint32_t *state)
{
        *state = *state * 1664525u + 1013904223u; /* any generator will do, if always the same */
        return *state >> 8;
}

/* Whatever a few wrong bytes make of a stream: an answer, and if the answer is a tree, one that is
 * written back as it came. */
START_TEST(with_wrong_bytes_they_are_refused_or_kept)
{
        uint32_t state = 1;
        size_t n_good = 0, n_bad = 0;
        for (size_t round = 0; round < 400 * samples.n; round++) {
                const Sample *s = &samples.items[round % samples.n];
                size_t size = stream_size(s);
                CLEANUP_FREE uint8_t *copy = malloc(size);
                memcpy(copy, s->frame + s->stream, size);
                for (uint32_t n = random_next(&state) % 3 + 1; n > 0; n--)
                        copy[4 + random_next(&state) % (size - 4)] = (uint8_t)random_next(&state);
                if (read_bytes(copy, size) == 0) {
                        assert_written(s->path, copy, size);
                        n_good++;
                } else {
                        n_bad++;
                }
        }
        ck_assert_uint_gt(n_good, 100);
        ck_assert_uint_gt(n_bad, 100);
}
END_TEST

/* Whatever the arena's bound, it is kept and named. */
START_TEST(without_room_they_are_over_the_limit)
{
        const Sample *s = &samples.items[0];
        int r = 1;
        for (size_t limit = 0; r != 0; limit += 48) {
                arena_done(&arena);
                arena_init(&arena, limit);
                r = read_sample(s, stream_size(s));
                ck_assert(r == 0 || r == JREAD_E_LIMIT);
                ck_assert_uint_le(arena.used, limit);
        }
}
END_TEST

int main(void)
{
        Suite *s = suite_create("jstream");
        TCase *t = tcase_create("real streams");
        tcase_set_timeout(t, 60);
        tcase_add_checked_fixture(t, setup, teardown);
        tcase_add_test(t, they_come_back_byte_for_byte);
        tcase_add_test(t, cut_anywhere_they_are_truncated);
        tcase_add_test(t, with_wrong_bytes_they_are_refused_or_kept);
        tcase_add_test(t, without_room_they_are_over_the_limit);
        suite_add_tcase(s, t);
        return unit_run(s);
}
