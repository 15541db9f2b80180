/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/jvalue.h"

#include <string.h>

#include "base/limits.h"
#include "tests/unit/unit.h"

static Arena arena;

static void setup(void)
{
        arena_init(&arena, MIB(1));
}

static void teardown(void)
{
        arena_done(&arena);
}

static JValue string_of(const char *bytes, size_t size)
{
        return (JValue){ .kind = J_STRING, .string = { bytes, size } };
}

/* UTF-8 and modified UTF-8 of the same text. */
static const struct {
        const char *text, *modified;
} same[] = {
        { "", "" },
        { "spark://h:7077", "spark://h:7077" },
        { "\x01\x7f", "\x01\x7f" },
        { "\xc2\x80\xdf\xbf", "\xc2\x80\xdf\xbf" },
        { "\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf",
          "\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf" },
        { "\xf0\x90\x80\x80", "\xed\xa0\x80\xed\xb0\x80" },
        { "a\xf0\x9f\x98\x80z", "a\xed\xa0\xbd\xed\xb8\x80z" },
        { "\xf4\x8f\xbf\xbf", "\xed\xaf\xbf\xed\xbf\xbf" },
};

START_TEST(text_goes_both_ways)
{
        for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
                JValue *v = jvalue_from_text(&arena, same[i].text);
                ck_assert_ptr_nonnull(v);
                ck_assert_int_eq(v->kind, J_STRING);
                ck_assert_uint_eq(v->string.size, strlen(same[i].modified));
                ck_assert_str_eq(v->string.bytes, same[i].modified);
                ck_assert(jvalue_text_valid(v->string.bytes, v->string.size));
                ck_assert_str_eq(jvalue_text(&arena, v), same[i].text);
        }
}
END_TEST

START_TEST(what_utf8_cannot_hold_is_replaced)
{
        static const struct {
                const char *modified, *text;
        } all[] = {
                { "a\xc0\x80z", "a\xef\xbf\xbdz" },
                { "\xed\xa0\xbd", "\xef\xbf\xbd" },
                { "\xed\xa0\xbdz", "\xef\xbf\xbdz" },
                { "\xed\xb8\x80", "\xef\xbf\xbd" },
                { "\xed\xb8\x80\xed\xa0\xbd", "\xef\xbf\xbd\xef\xbf\xbd" },
                { "\xed\xa0\xbd\xed\xa0\xbd\xed\xb8\x80", "\xef\xbf\xbd\xf0\x9f\x98\x80" },
                { "\xed\xa0\xbd\xc2\x80", "\xef\xbf\xbd\xc2\x80" },
        };
        for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
                JValue v = string_of(all[i].modified, strlen(all[i].modified));
                ck_assert(jvalue_text_valid(v.string.bytes, v.string.size));
                ck_assert_str_eq(jvalue_text(&arena, &v), all[i].text);
        }
}
END_TEST

START_TEST(bad_modified_utf8_is_no_text)
{
        static const struct {
                const char *bytes;
                size_t size;
        } bad[] = {
                { "a\0b", 3 },
                { "\x80", 1 },
                { "\xc2", 1 },
                { "\xc2z", 2 },
                { "\xc1\xbf", 2 },
                { "\xc0\x81", 2 },
                { "\xe0\x80\x80", 3 },
                { "\xe0\x9f\xbf", 3 },
                { "\xe2\x82", 2 },
                { "\xe2\x82z", 3 },
                { "\xe2z\x82", 3 },
                { "\xf0\x9f\x98\x80", 4 },
                { "\xf8\x88\x80\x80", 4 },
                { "\xff", 1 },
                { "good\xc2", 5 },
        };
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                CLEANUP_FREE char *exact = malloc(bad[i].size);
                memcpy(exact, bad[i].bytes, bad[i].size);
                ck_assert_msg(!jvalue_text_valid(exact, bad[i].size), "case %zu", i);
                JValue v = string_of(exact, bad[i].size);
                ck_assert_ptr_nonnull(strstr(jvalue_text(&arena, &v), "\xef\xbf\xbd"));
        }
        ck_assert(jvalue_text_valid("", 0));
}
END_TEST

START_TEST(bad_utf8_makes_no_string)
{
        static const char *const bad[] = {
                "\x80",
                "\xc2",
                "\xc2z",
                "\xc0\x80",
                "\xc1\xbf",
                "\xe0\x9f\xbf",
                "\xe2\x82",
                "\xed\xa0\x80",
                "\xed\xbf\xbf",
                "\xf0\x8f\xbf\xbf",
                "\xf0\x9f\x98",
                "\xf4\x90\x80\x80",
                "\xf5\x80\x80\x80",
                "\xf8\x88\x80\x80\x80",
                "\xff",
                "good\xf0",
        };
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                CLEANUP_FREE char *exact = strdup(bad[i]);
                ck_assert_ptr_null(jvalue_from_text(&arena, exact));
                ck_assert_uint_eq(jvalue_text_encode(exact, NULL), SIZE_MAX);
        }
}
END_TEST

/* Every UTF-16 unit but the surrogates, and a pair at each end of their range, by the definition.
 */
START_TEST(every_unit)
{
        for (uint32_t u = 1; u < 0x10000; u++) {
                if (u >= 0xd800 && u <= 0xdfff)
                        continue;
                char bytes[4] = { 0 };
                size_t n = 0;
                if (u < 0x80) {
                        bytes[n++] = (char)u;
                } else {
                        if (u < 0x800) {
                                bytes[n++] = (char)(0xc0 | u >> 6);
                        } else {
                                bytes[n++] = (char)(0xe0 | u >> 12);
                                bytes[n++] = (char)(0x80 | (u >> 6 & 0x3f));
                        }
                        bytes[n++] = (char)(0x80 | (u & 0x3f));
                }
                char modified[4] = { 0 };
                ck_assert_uint_eq(jvalue_text_encode(bytes, modified), n);
                ck_assert_str_eq(modified, bytes);
                Arena a;
                arena_init(&a, KIB(1));
                JValue v = string_of(bytes, n);
                ck_assert_str_eq(jvalue_text(&a, &v), bytes);
                arena_done(&a);
        }
}
END_TEST

START_TEST(memory_runs_out)
{
        Arena small;
        arena_init(&small, 8);
        JValue v = string_of("long enough not to fit", 22);
        ck_assert_ptr_null(jvalue_text(&small, &v));
        ck_assert_ptr_null(jvalue_from_text(&small, "x"));
        arena_done(&small);
}
END_TEST

START_TEST(fields_are_found_from_the_class_upwards)
{
        JField base_fields[] = { { 'I', "i", NULL }, { 'J', "j", NULL } };
        JField leaf_fields[] = { { 'Z', "z", NULL }, { 'S', "i", NULL } };
        JClass base = { .name = "Base", .n_fields = 2, .fields = base_fields };
        JClass leaf = { .name = "Leaf", .n_fields = 2, .fields = leaf_fields, .super = &base };
        JSlot base_slots[] = { { .bits = 1 }, { .bits = 2 } };
        JSlot leaf_slots[] = { { .bits = 3 }, { .bits = 4 } };
        JData data[] = { { .class = &base, .slots = base_slots },
                         { .class = &leaf, .slots = leaf_slots } };
        JValue v = { .kind = J_OBJECT, .object = { &leaf, data, 2 } };
        char type = 0;
        ck_assert_ptr_eq(jvalue_field(&v, "i", &type), &leaf_slots[1]);
        ck_assert_int_eq(type, 'S');
        ck_assert_ptr_eq(jvalue_field(&v, "j", &type), &base_slots[1]);
        ck_assert_int_eq(type, 'J');
        ck_assert_ptr_eq(jvalue_field(&v, "z", &type), &leaf_slots[0]);
        ck_assert_ptr_null(jvalue_field(&v, "k", &type));
        ck_assert_ptr_null(jvalue_field(NULL, "i", &type));
        ck_assert_ptr_eq(jvalue_data(&v, "Base"), &data[0]);
        ck_assert_ptr_eq(jvalue_data(&v, "Leaf"), &data[1]);
        ck_assert_ptr_null(jvalue_data(&v, "Other"));
        ck_assert_str_eq(jvalue_class_name(&v), "Leaf");
}
END_TEST

START_TEST(other_kinds_have_neither_fields_nor_text)
{
        JClass ints = { .name = "[I" }, unit = { .name = "Unit" };
        JValue array = { .kind = J_ARRAY, .array = { .class = &ints } };
        JValue constant = { .kind = J_ENUM, .enumeration = { .class = &unit } };
        JValue class = { .kind = J_CLASS, .class = &unit };
        JValue text = string_of("x", 1);
        char type;
        ck_assert_str_eq(jvalue_class_name(&array), "[I");
        ck_assert_str_eq(jvalue_class_name(&constant), "Unit");
        ck_assert_str_eq(jvalue_class_name(&class), "");
        ck_assert_str_eq(jvalue_class_name(&text), "");
        ck_assert_str_eq(jvalue_class_name(NULL), "");
        ck_assert_ptr_null(jvalue_field(&array, "x", &type));
        ck_assert_ptr_null(jvalue_data(&text, "x"));
        ck_assert_ptr_null(jvalue_data(NULL, "x"));
        ck_assert_ptr_null(jvalue_text(&arena, &array));
        ck_assert_ptr_null(jvalue_text(&arena, NULL));
}
END_TEST

int main(void)
{
        Suite *s = suite_create("jvalue");
        TCase *t = tcase_create("jvalue");
        tcase_add_checked_fixture(t, setup, teardown);
        tcase_add_test(t, text_goes_both_ways);
        tcase_add_test(t, what_utf8_cannot_hold_is_replaced);
        tcase_add_test(t, bad_modified_utf8_is_no_text);
        tcase_add_test(t, bad_utf8_makes_no_string);
        tcase_add_test(t, every_unit);
        tcase_add_test(t, memory_runs_out);
        tcase_add_test(t, fields_are_found_from_the_class_upwards);
        tcase_add_test(t, other_kinds_have_neither_fields_nor_text);
        suite_add_tcase(s, t);
        return unit_run(s);
}
