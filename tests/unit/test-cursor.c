/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cursor.h"

#include "tests/unit/unit.h"

static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xff, 'x', 'y' };

START_TEST(integers_are_big_endian)
{
        Cursor c = cursor_over(bytes, sizeof(bytes));
        ck_assert_uint_eq(cursor_u16(&c), 0x0102);
        ck_assert_uint_eq(cursor_u32(&c), 0x03040506);
        ck_assert_uint_eq(cursor_u64(&c), UINT64_C(0x0708090a0b0c0d0e));
        ck_assert_uint_eq(cursor_u8(&c), 0xff);
        ck_assert_uint_eq(cursor_left(&c), 2);
        const uint8_t *rest = cursor_bytes(&c, 2);
        ck_assert_ptr_eq(rest, bytes + 15);
        ck_assert(!c.failed);
}
END_TEST

START_TEST(an_overrun_is_sticky)
{
        Cursor c = cursor_over(bytes, 5);
        ck_assert_uint_eq(cursor_u32(&c), 0x01020304);
        ck_assert_uint_eq(cursor_u16(&c), 0);
        ck_assert(c.failed);
        ck_assert_uint_eq(c.position, 4);
        ck_assert_uint_eq(cursor_u8(&c), 0); /* though one byte is there */
        ck_assert_uint_eq(cursor_left(&c), 0);
        ck_assert_ptr_null(cursor_bytes(&c, 0));
}
END_TEST

START_TEST(absurd_sizes_fail)
{
        Cursor c = cursor_over(bytes, 5);
        (void)cursor_u8(&c);
        ck_assert_ptr_null(cursor_bytes(&c, SIZE_MAX));
        ck_assert(c.failed);
}
END_TEST

START_TEST(nothing_of_nothing_is_no_failure)
{
        Cursor c = cursor_over(NULL, 0);
        ck_assert_ptr_nonnull(cursor_bytes(&c, 0));
        ck_assert(!c.failed);
        ck_assert_ptr_null(cursor_bytes(&c, 1));
}
END_TEST

UNIT_MAIN("cursor", integers_are_big_endian, an_overrun_is_sticky, absurd_sizes_fail,
          nothing_of_nothing_is_no_failure)
