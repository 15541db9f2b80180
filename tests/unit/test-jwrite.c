/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/jwrite.h"

#include <check.h>
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "tests/unit/unit.h"

static void assert_same(const char *what, const Buffer *b, const uint8_t *bytes, size_t size)
{
        size_t at = 0;
        while (at < b->size && at < size && b->data[at] == bytes[at])
                at++;
        ck_assert_msg(at == size && b->size == size, "%s: %zu of %zu bytes, differ at %zu", what,
                      b->size, size, at);
}

static JValue string_of(const char *s)
{
        return (JValue){ .kind = J_STRING, .string = { s, strlen(s) } };
}

static void assert_written(const JValue *v, const char *bytes, size_t size)
{
        CLEANUP_BUFFER Buffer out = BUFFER_INIT(0);
        ck_assert_int_eq(jwrite(v, &out), 0);
        assert_same("tree", &out, (const uint8_t *)bytes, size);
}

#define HEAD                     "\xac\xed\0\5"
#define assert_bytes(v, literal) assert_written(v, HEAD literal, sizeof(HEAD literal) - 1)

START_TEST(nulls)
{
        JValue null = { .kind = J_NULL };
        assert_bytes(NULL, "p");
        assert_bytes(&null, "p");
}
END_TEST

START_TEST(strings)
{
        JValue v = string_of("ab");
        assert_bytes(&v, "t\0\2ab");
        v.long_form = true;
        assert_bytes(&v, "|\0\0\0\0\0\0\0\2ab");
        CLEANUP_FREE char *text = calloc(1, 65537);
        memset(text, 'x', 65536);
        CLEANUP_BUFFER Buffer out = BUFFER_INIT(0), long_out = BUFFER_INIT(0);
        v = string_of(text + 1); /* the longest of the short form */
        ck_assert_int_eq(jwrite(&v, &out), 0);
        ck_assert_mem_eq(out.data + 4, "t\xff\xffx", 4);
        v = string_of(text);
        ck_assert_int_eq(jwrite(&v, &long_out), 0);
        ck_assert_mem_eq(long_out.data + 4, "|\0\0\0\0\0\1\0\0x", 10);
}
END_TEST

START_TEST(a_tree_made_by_hand)
{
        JValue type = string_of("LA;"), text = string_of("x");
        JField fields[] = { { 'Z', "z", NULL }, { 'L', "a", &type }, { 'L', "b", &type } };
        JClass base = { .name = "B", .suid = -2, .flags = J_SC_SERIALIZABLE };
        JClass leaf = { .name = "A",
                        .suid = 1,
                        .flags = J_SC_SERIALIZABLE | J_SC_WRITE_METHOD,
                        .n_fields = 3,
                        .fields = fields,
                        .super = &base };
        JValue object = { .kind = J_OBJECT }, desc = { .kind = J_CLASSDESC, .class = &leaf };
        uint8_t bytes[300] = { 0 };
        JValue small = { .kind = J_BLOCK, .block = { bytes, 1 } };
        JValue large = { .kind = J_BLOCK, .long_form = true, .block = { bytes, 2 } };
        JValue *annotation[] = { &small, &large, &text, &desc, NULL };
        JSlot slots[] = { { .bits = 1 }, { .ref = &text }, { .ref = &object } };
        JData data[] = {
                { .class = &base },
                { .class = &leaf, .slots = slots, .annotation = annotation, .n_annotation = 5 }
        };
        object.object.class = &leaf;
        object.object.data = data;
        object.object.n_data = 2;
        for (int again = 0; again < 2; again++)
                assert_bytes(&object, "s"
                                      "r\0\1A\0\0\0\0\0\0\0\1\3\0\3" /* handle 0 */
                                      "Z\0\1z"
                                      "L\0\1at\0\3LA;" /* 1 */
                                      "L\0\1bq\0\x7e\0\1"
                                      "x"
                                      "r\0\1B\xff\xff\xff\xff\xff\xff\xff\xfe\2\0\0x" /* 2 */
                                      "p"        /* the object is 3 */
                                      "\1t\0\1x" /* 4 */
                                      "q\0\x7e\0\3"
                                      "w\1\0"
                                      "z\0\0\0\2\0\0"
                                      "q\0\x7e\0\4"
                                      "q\0\x7e\0\0"
                                      "p"
                                      "x");
        small.block.size = 256; /* the short tag's length is one byte */
        CLEANUP_BUFFER Buffer out = BUFFER_INIT(0);
        ck_assert_int_eq(jwrite(&object, &out), 0);
        ck_assert_ptr_nonnull(memmem(out.data, out.size, "z\0\0\1\0", 5));
        JValue *bare = annotation[0];
        ck_assert_int_eq(jwrite(bare, &out), -EINVAL);
}
END_TEST

/* A JVM reads an enum constant's name only as a string, never as a back reference. */
START_TEST(the_name_of_an_enum_constant_is_never_a_reference)
{
        JValue name = string_of("S");
        JClass unit = { .name = "U", .flags = J_SC_ENUM | J_SC_SERIALIZABLE };
        JClass objects = { .name = "[LU;", .suid = 1, .flags = J_SC_SERIALIZABLE };
        JValue constant = { .kind = J_ENUM, .enumeration = { &unit, &name } };
        JSlot items[] = {
                { .ref = &name }, { .ref = &constant }, { .ref = &constant }, { .ref = &name }
        };
        JValue array = { .kind = J_ARRAY, .array = { &objects, items, 4 } };
        assert_bytes(&array, "ur\0\4[LU;\0\0\0\0\0\0\0\1\2\0\0xp\0\0\0\4" /* 0, 1 */
                             "t\0\1S"                                     /* 2 */
                             "~r\0\1U\0\0\0\0\0\0\0\0\x12\0\0xp"          /* 3, 4 */
                             "t\0\1S"                                     /* 5 */
                             "q\0\x7e\0\4"
                             "q\0\x7e\0\5");
}
END_TEST

START_TEST(classes_and_proxies)
{
        const char *interfaces[] = { "I", "J" };
        JClass proxy = { .name = "", .proxy = true, .interfaces = interfaces, .n_interfaces = 2 };
        JClass plain = { .name = "A" };
        JValue v = { .kind = J_CLASSDESC, .class = &proxy };
        JValue class = { .kind = J_CLASS, .class = &plain }, none = { .kind = J_CLASS };
        assert_bytes(&v, "}\0\0\0\2\0\1I\0\1Jxp");
        assert_bytes(&class, "vr\0\1A\0\0\0\0\0\0\0\0\0\0\0xp");
        assert_bytes(&none, "vp");
}
END_TEST

/* The scratch handles that another write has left do no harm. */
START_TEST(stale_handles_are_not_trusted)
{
        JClass objects = { .name = "[LA;", .flags = J_SC_SERIALIZABLE };
        JValue a = string_of("a"), b = string_of("b");
        JSlot items[] = { { .ref = &a }, { .ref = &b }, { .ref = &a } };
        JValue array = { .kind = J_ARRAY, .array = { &objects, items, 3 } };
        static const uint32_t stale[] = { 0, 1, 2, 3, 4, 1000, UINT32_MAX };
        CLEANUP_BUFFER Buffer first = BUFFER_INIT(0);
        ck_assert_int_eq(jwrite(&array, &first), 0);
        for (size_t i = 0; i < ARRAY_SIZE(stale); i++)
                for (size_t j = 0; j < ARRAY_SIZE(stale); j++) {
                        CLEANUP_BUFFER Buffer out = BUFFER_INIT(0);
                        a.handle = stale[i];
                        b.handle = objects.handle = array.handle = stale[j];
                        ck_assert_int_eq(jwrite(&array, &out), 0);
                        assert_same("again", &out, first.data, first.size);
                }
}
END_TEST

START_TEST(depth_is_bounded)
{
        static JValue nest[LIMIT_JAVA_DEPTH + 1];
        static JSlot items[LIMIT_JAVA_DEPTH + 1];
        JClass objects = { .name = "[LA;", .flags = J_SC_SERIALIZABLE };
        for (size_t i = 0; i < ARRAY_SIZE(nest); i++) {
                nest[i] = (JValue){ .kind = J_ARRAY, .array = { &objects, &items[i], 1 } };
                items[i].ref = i + 1 < ARRAY_SIZE(nest) ? &nest[i + 1] : NULL;
        }
        CLEANUP_BUFFER Buffer out = BUFFER_INIT(0);
        buffer_put_text(&out, "kept");
        ck_assert_int_eq(jwrite(&nest[0], &out), -ELOOP);
        ck_assert_uint_eq(out.size, 4);
        ck_assert_int_eq(jwrite(&nest[2], &out), 0); /* the null within counts as well */
        ck_assert_mem_eq(out.data, "kept\xac\xed", 6);
}
END_TEST

START_TEST(size_is_bounded)
{
        JValue v = string_of("more than there is room for");
        CLEANUP_BUFFER Buffer out = BUFFER_INIT(16);
        ck_assert_int_eq(jwrite(&v, &out), -EMSGSIZE);
        ck_assert_uint_eq(out.size, 0);
        CLEANUP_FREE char *name = calloc(1, 65537);
        memset(name, 'n', 65536);
        JClass c = { .name = name };
        JValue desc = { .kind = J_CLASSDESC, .class = &c };
        CLEANUP_BUFFER Buffer free_out = BUFFER_INIT(0);
        ck_assert_int_eq(jwrite(&desc, &free_out), -EMSGSIZE);
        name[65535] = 0;
        ck_assert_int_eq(jwrite(&desc, &free_out), 0);
}
END_TEST

UNIT_MAIN("jwrite", nulls, strings, a_tree_made_by_hand,
          the_name_of_an_enum_constant_is_never_a_reference, classes_and_proxies,
          stale_handles_are_not_trusted, depth_is_bounded, size_is_bounded)
