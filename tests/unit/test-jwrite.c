/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/jwrite.h"

#include <check.h>
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "tests/unit/samples.h"
#include "wire/jread.h"

static void assert_same(const char *what, const Buffer *b, const uint8_t *bytes, size_t size)
{
        size_t at = 0;
        while (at < b->size && at < size && b->data[at] == bytes[at])
                at++;
        ck_assert_msg(at == size && b->size == size, "%s: %zu of %zu bytes, differ at %zu", what,
                      b->size, size, at);
}

START_TEST(real_frames_come_back_byte_for_byte)
{
        CLEANUP_SAMPLES Samples s = samples_load();
        ck_assert_uint_ge(s.n, 50);
        for (size_t i = 0; i < s.n; i++) {
                const Sample *f = &s.items[i];
                CLEANUP_ARENA Arena a;
                arena_init(&a, LIMIT_MESSAGE_ARENA_BYTES);
                JValue *v;
                ck_assert_int_eq(
                        jread(&a, f->frame + f->stream, f->size - f->stream, NULL, NULL, &v), 0);
                for (int again = 0; again < 2; again++) {
                        CLEANUP_BUFFER Buffer out = BUFFER_INIT(0);
                        ck_assert_int_eq(jwrite(v, &out), 0);
                        assert_same(f->path, &out, f->frame + f->stream, f->size - f->stream);
                }
        }
}
END_TEST

int main(void)
{
        Suite *s = suite_create("jwrite");
        TCase *t = tcase_create("jwrite");
        tcase_add_test(t, real_frames_come_back_byte_for_byte);
        suite_add_tcase(s, t);
        SRunner *r = srunner_create(s);
        srunner_run_all(r, CK_NORMAL);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
