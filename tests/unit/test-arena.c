/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>

#include "tests/unit/unit.h"

START_TEST(memory_is_zeroed_aligned_and_distinct)
{
        CLEANUP_ARENA Arena a;
        arena_init(&a, 1 << 20);
        unsigned char *last = NULL;
        for (size_t size = 0; size < 300; size++) {
                unsigned char *p = arena_alloc(&a, size);
                ck_assert_ptr_nonnull(p);
                ck_assert_uint_eq((uintptr_t)p % alignof(max_align_t), 0);
                for (size_t i = 0; i < size; i++)
                        ck_assert_uint_eq(p[i], 0);
                memset(p, 0xff, size);
                ck_assert_ptr_ne(p, last);
                last = p;
        }
}
END_TEST

START_TEST(the_limit_holds)
{
        CLEANUP_ARENA Arena a;
        arena_init(&a, 256);
        ck_assert_ptr_nonnull(arena_alloc(&a, 100)); /* takes 112 */
        ck_assert_ptr_null(arena_alloc(&a, 145));
        ck_assert_ptr_nonnull(arena_alloc(&a, 144));
        ck_assert_ptr_null(arena_alloc(&a, 0));
        ck_assert_uint_eq(a.used, 256);
        arena_done(&a);
        ck_assert_ptr_nonnull(arena_alloc(&a, 256));
}
END_TEST

START_TEST(absurd_sizes_fail)
{
        CLEANUP_ARENA Arena a;
        arena_init(&a, SIZE_MAX);
        ck_assert_ptr_null(arena_alloc(&a, SIZE_MAX));
        ck_assert_ptr_null(arena_alloc(&a, SIZE_MAX - 15));
        ck_assert_ptr_null(arena_alloc_array(&a, SIZE_MAX / 2, 3));
        ck_assert_ptr_null(arena_alloc(&a, PTRDIFF_MAX));
        ck_assert_uint_eq(a.used, 0);
}
END_TEST

START_TEST(a_large_block_does_not_waste_the_small_one)
{
        CLEANUP_ARENA Arena a;
        arena_init(&a, 1 << 20);
        char *small = arena_alloc(&a, 16);
        ck_assert_ptr_nonnull(small);
        ck_assert_ptr_nonnull(arena_alloc(&a, 100000));
        ck_assert_ptr_eq(arena_alloc(&a, 16), small + 16);
}
END_TEST

START_TEST(strings_are_copied)
{
        CLEANUP_ARENA Arena a;
        arena_init(&a, 1000);
        ck_assert_str_eq(arena_strdup(&a, "spark"), "spark");
        ck_assert_str_eq(arena_strndup(&a, "spark", 2), "sp");
        ck_assert_ptr_null(arena_strdup(&a, NULL));
        ck_assert_ptr_null(arena_strndup(&a, NULL, 3));
        ck_assert_str_eq(arena_printf(&a, "app-%04d", 7), "app-0007");
        ck_assert_ptr_null(arena_printf(&a, "%2000d", 7));
}
END_TEST

UNIT_MAIN("arena", memory_is_zeroed_aligned_and_distinct, the_limit_holds, absurd_sizes_fail,
          a_large_block_does_not_waste_the_small_one, strings_are_copied)
