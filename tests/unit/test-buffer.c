/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"

#include <errno.h>

#include "tests/unit/unit.h"

START_TEST(integers_are_big_endian)
{
        static const uint8_t expected[] = {
                1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 'x'
        };
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        buffer_put_u8(&b, 1);
        buffer_put_u16(&b, 0x0203);
        buffer_put_u32(&b, 0x04050607);
        buffer_put_u64(&b, UINT64_C(0x08090a0b0c0d0e0f));
        buffer_put(&b, "x", 1);
        ck_assert_uint_eq(b.size, sizeof(expected));
        ck_assert_mem_eq(b.data, expected, sizeof(expected));
        ck_assert_int_eq(buffer_result(&b), 0);
}
END_TEST

START_TEST(a_length_can_be_filled_in_later)
{
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        buffer_put_u64(&b, 0);
        buffer_put_u32(&b, 0);
        buffer_set_u64(&b, 0, 0x1122334455667788);
        buffer_set_u32(&b, 8, 0x99aabbcc);
        ck_assert_mem_eq(b.data, "\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc", 12);
}
END_TEST

START_TEST(the_limit_is_exact_and_sticky)
{
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(10);
        buffer_put_text(&b, "0123456789");
        ck_assert_int_eq(buffer_result(&b), 0);
        buffer_put_u8(&b, 0);
        ck_assert_int_eq(buffer_result(&b), -EMSGSIZE);
        buffer_consume(&b, 5);
        buffer_put_u8(&b, 0); /* there would be room now */
        ck_assert_uint_eq(b.size, 5);
        ck_assert_ptr_null(buffer_reserve(&b, 0));
        buffer_set_u32(&b, 0, 0);
        ck_assert_mem_eq(b.data, "56789", 5);
        ck_assert_ptr_null(buffer_take_text(&b));
        buffer_clear(&b);
        buffer_put_text(&b, "again");
        ck_assert_int_eq(buffer_result(&b), 0);
}
END_TEST

START_TEST(bytes_leave_at_the_front)
{
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        buffer_put_text(&b, "abcdef");
        buffer_consume(&b, 2);
        ck_assert_mem_eq(b.data, "cdef", 4);
        buffer_consume(&b, 4);
        ck_assert_uint_eq(b.size, 0);
}
END_TEST

START_TEST(reserved_room_can_be_written)
{
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(100000);
        for (int i = 0; i < 10; i++) {
                uint8_t *p = buffer_reserve(&b, 10000);
                ck_assert_ptr_nonnull(p);
                memset(p, i, 10000);
                buffer_added(&b, 10000);
        }
        ck_assert_uint_eq(b.size, 100000);
        ck_assert_uint_le(b.room, 100000);
        for (size_t i = 0; i < b.size; i++)
                ck_assert_uint_eq(b.data[i], i / 10000);
        ck_assert_ptr_null(buffer_reserve(&b, 1));
        ck_assert_int_eq(buffer_result(&b), -EMSGSIZE);
}
END_TEST

START_TEST(text_is_taken)
{
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        buffer_printf(&b, "%d %s", 42, "workers");
        buffer_put(&b, NULL, 0);
        CLEANUP_FREE char *text = buffer_take_text(&b);
        ck_assert_str_eq(text, "42 workers");
        ck_assert_uint_eq(b.size, 0);
        CLEANUP_FREE char *empty = buffer_take_text(&b);
        ck_assert_str_eq(empty, "");
}
END_TEST

UNIT_MAIN("buffer", integers_are_big_endian, a_length_can_be_filled_in_later,
          the_limit_is_exact_and_sticky, bytes_leave_at_the_front, reserved_room_can_be_written,
          text_is_taken)
