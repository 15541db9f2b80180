/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/jread.h"

#include <errno.h>
#include <string.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "tests/unit/unit.h"
#include "wire/jproto.h"
#include "wire/jwrite.h"

#define BASE JSTREAM_BASE_HANDLE

static Arena arena;
static Buffer stream;
static JValue *value; /* what read() read last */
static size_t n_seen;
static const char *last_seen;

static void setup(void)
{
        arena_init(&arena, LIMIT_MESSAGE_ARENA_BYTES);
        stream = BUFFER_INIT(0);
        buffer_put(&stream, "\xac\xed\0\5", 4);
}

static void teardown(void)
{
        arena_done(&arena);
        buffer_done(&stream);
}

/* Empties the stream but for its head. */
static void restart(void)
{
        teardown();
        setup();
}

/* ---- pieces of a stream ---- */

static void u8(unsigned v)
{
        buffer_put_u8(&stream, (uint8_t)v);
}

static void u16(unsigned v)
{
        buffer_put_u16(&stream, (uint16_t)v);
}

static void u32(uint32_t v)
{
        buffer_put_u32(&stream, v);
}

static void u64(uint64_t v)
{
        buffer_put_u64(&stream, v);
}

static void utf(const char *s)
{
        u16((unsigned)strlen(s));
        buffer_put_text(&stream, s);
}

static void string(const char *s)
{
        u8(TC_STRING);
        utf(s);
}

static void reference(uint32_t handle)
{
        u8(TC_REFERENCE);
        u32(BASE + handle);
}

static void class_head(const char *name, uint64_t suid, unsigned flags, unsigned n_fields)
{
        u8(TC_CLASSDESC);
        utf(name);
        u64(suid);
        u8(flags);
        u16(n_fields);
}

static void field(char type, const char *name)
{
        u8((unsigned char)type);
        utf(name);
}

static void class_end(void)
{
        u8(TC_ENDBLOCKDATA);
        u8(TC_NULL);
}

/* A descriptor without fields and superclass: one handle. */
static void class(const char *name, unsigned flags)
{
        class_head(name, 1, flags, 0);
        class_end();
}

static void enum_class(const char *name)
{
        class_head(name, 0, J_SC_ENUM | J_SC_SERIALIZABLE, 0);
        class_end();
}

/* ---- reading it ---- */

static void seen(void *user, const JClass *c)
{
        ck_assert_ptr_eq(user, &n_seen);
        ck_assert(!c->super || c->super->name);
        last_seen = c->name;
        n_seen++;
}

/* From a copy of the exact size, so that the sanitizer sees a read past the end. */
static int read_bytes(const uint8_t *bytes, size_t size)
{
        CLEANUP_FREE uint8_t *exact = malloc(size > 0 ? size : 1);
        if (size > 0)
                memcpy(exact, bytes, size);
        value = NULL;
        n_seen = 0;
        int r = jread(&arena, exact, size, seen, &n_seen, &value);
        ck_assert_msg((r == 0) == (value != NULL), "result %d, value %p", r, (void *)value);
        return r;
}

static int read_stream(void)
{
        return read_bytes(stream.data, stream.size);
}

/* Reads the stream, which must be good, and whose every shorter form must be called truncated, and
 * which the writer must give back. */
static void read_good(void)
{
        for (size_t n = 0; n < stream.size; n++)
                ck_assert_msg(read_bytes(stream.data, n) == JREAD_E_TRUNCATED, "cut at %zu", n);
        u8(TC_NULL);
        ck_assert_int_eq(read_stream(), JREAD_E_TRAILING);
        stream.size--;
        ck_assert_int_eq(read_stream(), 0);
        CLEANUP_BUFFER Buffer out = BUFFER_INIT(0);
        ck_assert_int_eq(jwrite(value, &out), 0);
        ck_assert_uint_eq(out.size, stream.size);
        ck_assert_mem_eq(out.data, stream.data, out.size);
}

static void assert_result(int expected)
{
        ck_assert_int_eq(read_stream(), expected);
        restart();
}

/* ---- what must be accepted ---- */

START_TEST(head)
{
        static const char *const bad[] = { "\xac\xee\0\5p", "\xac\xed\0\4p", "\xed\xac\5\0p" };
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                ck_assert_int_eq(read_bytes((const uint8_t *)bad[i], 5), JREAD_E_MALFORMED);
        ck_assert_int_eq(read_bytes(NULL, 0), JREAD_E_TRUNCATED);
        u8(TC_NULL);
        read_good();
        ck_assert_int_eq(value->kind, J_NULL);
}
END_TEST

START_TEST(strings)
{
        string("h\xc3\xa4\xc0\x80\xed\xa0\xbd\xed\xb8\x80");
        read_good();
        ck_assert_int_eq(value->kind, J_STRING);
        ck_assert_uint_eq(value->string.size, 11);
        ck_assert(!value->long_form);
        restart();
        u8(TC_LONGSTRING);
        u64(3);
        buffer_put_text(&stream, "abc");
        read_good();
        ck_assert(value->long_form);
        ck_assert_str_eq(value->string.bytes, "abc");
        restart();
        string("");
        read_good();
}
END_TEST

START_TEST(bad_strings)
{
        string("\xf0\x9f\x98\x80");
        assert_result(JREAD_E_MALFORMED);
        string("\xc3");
        assert_result(JREAD_E_MALFORMED);
        u8(TC_STRING);
        u16(1);
        u8(0);
        assert_result(JREAD_E_MALFORMED);
        u8(TC_LONGSTRING);
        u64(LIMIT_JAVA_STRING_BYTES + 1);
        assert_result(JREAD_E_LIMIT);
        u8(TC_LONGSTRING);
        u64(UINT64_MAX);
        assert_result(JREAD_E_LIMIT);
        u8(TC_LONGSTRING);
        u64(LIMIT_JAVA_STRING_BYTES);
        assert_result(JREAD_E_TRUNCATED);
}
END_TEST

START_TEST(primitive_fields)
{
        u8(TC_OBJECT);
        class_head("P", 0x8000000000000001, J_SC_SERIALIZABLE, 8);
        for (const char *t = "BCDFIJSZ"; *t; t++)
                field(*t, (const char[]){ *t, 0 });
        class_end();
        u8(0xff);
        u16(0xffff);
        u64(0x7ff8000000000123);
        u32(0xffc00001);
        u32(0xfffffffe);
        u64(0xfffffffffffffffd);
        u16(0xfffc);
        u8(1);
        read_good();
        ck_assert_int_eq(value->kind, J_OBJECT);
        ck_assert(value->object.class->suid == INT64_MIN + 1);
        static const int64_t expected[] = { -1, 0xffff, 0x7ff8000000000123, 0xffc00001, -2, -3,
                                            -4, 1 };
        for (size_t i = 0; i < 8; i++) {
                char type, name[] = { "BCDFIJSZ"[i], 0 };
                const JSlot *s = jvalue_field(value, name, &type);
                ck_assert_ptr_nonnull(s);
                ck_assert_int_eq(type, name[0]);
                ck_assert(s->bits == expected[i]);
        }
}
END_TEST

START_TEST(primitive_arrays)
{
        static const size_t sizes[] = { 1, 2, 8, 4, 4, 8, 2, 1 };
        for (size_t i = 0; i < 8; i++) {
                u8(TC_ARRAY);
                class((const char[]){ '[', "BCDFIJSZ"[i], 0 }, J_SC_SERIALIZABLE);
                u32(3);
                for (size_t b = 0; b < 3 * sizes[i]; b++)
                        u8((unsigned)(0xf0 + b));
                read_good();
                ck_assert_int_eq(value->kind, J_ARRAY);
                ck_assert_uint_eq(value->array.length, 3);
                restart();
        }
        u8(TC_ARRAY);
        class("[S", J_SC_SERIALIZABLE);
        u32(2);
        u32(0x00058000);
        read_good();
        ck_assert_int_eq(value->array.items[0].bits, 5);
        ck_assert_int_eq(value->array.items[1].bits, INT16_MIN);
        restart();
        u8(TC_ARRAY);
        class("[Ljava.lang.Object;", J_SC_SERIALIZABLE);
        u32(0);
        read_good();
        ck_assert_uint_eq(value->array.length, 0);
}
END_TEST

START_TEST(object_arrays_and_cycles)
{
        u8(TC_ARRAY);
        class("[[Ljava.lang.String;", J_SC_SERIALIZABLE); /* handle 0 */
        u32(5);
        reference(1); /* the array in itself */
        string("x");  /* 2 */
        reference(2);
        reference(0); /* its own class, as a value */
        u8(TC_NULL);
        read_good();
        const JSlot *items = value->array.items;
        ck_assert_ptr_eq(items[0].ref, value);
        ck_assert_ptr_eq(items[1].ref, items[2].ref);
        ck_assert_int_eq(items[3].ref->kind, J_CLASSDESC);
        ck_assert_ptr_eq(items[3].ref->class, value->array.class);
        ck_assert_int_eq(items[4].ref->kind, J_NULL);
}
END_TEST

START_TEST(class_chains_and_annotations)
{
        u8(TC_OBJECT);
        class_head("Leaf", 2, J_SC_SERIALIZABLE | J_SC_WRITE_METHOD, 2); /* 0 */
        field('I', "n");
        field('L', "s");
        string("Ljava/lang/String;"); /* 1 */
        u8(TC_ENDBLOCKDATA);
        class_head("Base", 3, J_SC_SERIALIZABLE | J_SC_WRITE_METHOD, 1); /* 2 */
        field('L', "t");
        reference(1);
        class_end();
        /* the object is 3 */
        string("base"); /* 4 */
        u8(TC_ENDBLOCKDATA);
        u32(7);
        reference(4);
        u8(TC_BLOCKDATA);
        u8(2);
        buffer_put(&stream, "\0z", 2);
        u8(TC_BLOCKDATALONG);
        u32(1);
        u8('l');
        u8(TC_BLOCKDATA);
        u8(0);
        u8(TC_NULL);
        reference(3);
        u8(TC_ENDBLOCKDATA);
        read_good();
        ck_assert_uint_eq(n_seen, 2);
        ck_assert_str_eq(last_seen, "Leaf"); /* the superclass is complete first */
        ck_assert_uint_eq(value->object.n_data, 2);
        const JData *base = jvalue_data(value, "Base"), *leaf = jvalue_data(value, "Leaf");
        ck_assert_ptr_eq(base, &value->object.data[0]);
        ck_assert_ptr_eq(leaf, &value->object.data[1]);
        ck_assert_uint_eq(base->n_annotation, 0);
        ck_assert_uint_eq(leaf->n_annotation, 5);
        ck_assert_int_eq(leaf->annotation[0]->kind, J_BLOCK);
        ck_assert_uint_eq(leaf->annotation[0]->block.size, 2);
        ck_assert_mem_eq(leaf->annotation[0]->block.bytes, "\0z", 2);
        ck_assert(leaf->annotation[1]->long_form);
        ck_assert_uint_eq(leaf->annotation[2]->block.size, 0);
        ck_assert_int_eq(leaf->annotation[3]->kind, J_NULL);
        ck_assert_ptr_eq(leaf->annotation[4], value);
        char type;
        ck_assert_ptr_eq(jvalue_field(value, "s", &type)->ref,
                         jvalue_field(value, "t", &type)->ref);
}
END_TEST

START_TEST(enums)
{
        u8(TC_ENUM);
        class_head("java.util.concurrent.TimeUnit", 0, J_SC_ENUM | J_SC_SERIALIZABLE, 0);
        u8(TC_ENDBLOCKDATA);
        enum_class("java.lang.Enum");
        string("SECONDS");
        read_good();
        ck_assert_int_eq(value->kind, J_ENUM);
        ck_assert_str_eq(value->enumeration.constant->string.bytes, "SECONDS");
        ck_assert_str_eq(value->enumeration.class->super->name, "java.lang.Enum");
}
END_TEST

START_TEST(bad_enums)
{
        u8(TC_ENUM);
        class("E", J_SC_SERIALIZABLE);
        string("A");
        assert_result(JREAD_E_MALFORMED);
        u8(TC_ENUM);
        u8(TC_NULL);
        string("A");
        assert_result(JREAD_E_MALFORMED);
        u8(TC_ENUM);
        enum_class("E");
        u8(TC_NULL);
        assert_result(JREAD_E_MALFORMED);
        u8(TC_ENUM);
        enum_class("E");
        reference(1);
        assert_result(JREAD_E_MALFORMED);
        u8(TC_ENUM);
        class_head("E", 1, J_SC_ENUM | J_SC_SERIALIZABLE, 0);
        class_end();
        string("A");
        assert_result(JREAD_E_MALFORMED);
        u8(TC_ENUM);
        class_head("E", 0, J_SC_ENUM | J_SC_SERIALIZABLE, 1);
        field('I', "ordinal");
        class_end();
        string("A");
        assert_result(JREAD_E_MALFORMED);
        u8(TC_OBJECT); /* an enum constant that pretends to be an object */
        enum_class("E");
        assert_result(JREAD_E_MALFORMED);
}
END_TEST

START_TEST(classes_as_values)
{
        u8(TC_ARRAY);
        class("[Ljava.lang.Class;", J_SC_SERIALIZABLE); /* 0, the array is 1 */
        u32(5);
        u8(TC_CLASS);
        class("A", 0); /* 2, the class 3 */
        u8(TC_CLASS);
        reference(2); /* 4 */
        reference(3);
        u8(TC_CLASS);
        u8(TC_NULL);                   /* 5 */
        class("B", J_SC_SERIALIZABLE); /* a descriptor itself: 6 */
        read_good();
        const JSlot *items = value->array.items;
        ck_assert_int_eq(items[0].ref->kind, J_CLASS);
        ck_assert_str_eq(items[0].ref->class->name, "A");
        ck_assert_ptr_ne(items[1].ref, items[0].ref);
        ck_assert_ptr_eq(items[1].ref->class, items[0].ref->class);
        ck_assert_ptr_eq(items[2].ref, items[0].ref);
        ck_assert_ptr_null(items[3].ref->class);
        ck_assert_int_eq(items[4].ref->kind, J_CLASSDESC);
        ck_assert_str_eq(items[4].ref->class->name, "B");
}
END_TEST

START_TEST(proxies)
{
        u8(TC_OBJECT);
        u8(TC_PROXYCLASSDESC); /* 0 */
        u32(2);
        utf("java.lang.Runnable");
        utf("x.Y");
        u8(TC_ENDBLOCKDATA);
        class_head("java.lang.reflect.Proxy", 5, J_SC_SERIALIZABLE, 1); /* 1 */
        field('L', "h");
        string("Ljava/lang/reflect/InvocationHandler;");
        class_end();
        u8(TC_NULL);
        read_good();
        const JClass *c = value->object.class;
        ck_assert(c->proxy);
        ck_assert_str_eq(c->name, "");
        ck_assert_uint_eq(c->n_interfaces, 2);
        ck_assert_str_eq(c->interfaces[1], "x.Y");
        ck_assert_uint_eq(value->object.n_data, 2);
        restart();
        u8(TC_PROXYCLASSDESC);
        u32(0);
        class_end();
        read_good();
        restart();
        u8(TC_PROXYCLASSDESC);
        u32(0x80000000);
        assert_result(JREAD_E_MALFORMED);
        u8(TC_PROXYCLASSDESC);
        u32(65535);
        utf("a.B");
        assert_result(JREAD_E_TRUNCATED);
}
END_TEST

START_TEST(externalizable)
{
        u8(TC_OBJECT);
        class_head("X", 5, J_SC_EXTERNALIZABLE | J_SC_BLOCK_DATA, 0);
        u8(TC_ENDBLOCKDATA);
        class("Base", J_SC_SERIALIZABLE); /* for which X writes itself */
        u8(TC_BLOCKDATA);
        u8(1);
        u8(9);
        string("s");
        u8(TC_ENDBLOCKDATA);
        read_good();
        ck_assert_uint_eq(value->object.n_data, 1);
        ck_assert_str_eq(value->object.data[0].class->name, "X");
        ck_assert_uint_eq(value->object.data[0].n_annotation, 2);
        restart();
        u8(TC_OBJECT);
        class("X", J_SC_EXTERNALIZABLE);
        u8(TC_BLOCKDATA);
        u8(0);
        u8(TC_ENDBLOCKDATA);
        assert_result(JREAD_E_MALFORMED);
}
END_TEST

START_TEST(class_annotations)
{
        class_head("A", 1, J_SC_SERIALIZABLE, 0); /* 0 */
        string("http://codebase/");               /* 1 */
        u8(TC_BLOCKDATA);
        u8(1);
        u8('b');
        u8(TC_OBJECT);
        class("B", J_SC_SERIALIZABLE); /* 2 and 3 */
        u8(TC_ENDBLOCKDATA);
        reference(2);
        read_good();
        ck_assert_int_eq(value->kind, J_CLASSDESC);
        ck_assert_uint_eq(value->class->n_annotation, 3);
        ck_assert_str_eq(value->class->super->name, "B");
}
END_TEST

START_TEST(resets)
{
        u8(TC_RESET);
        u8(TC_RESET);
        string("x");
        ck_assert_int_eq(read_stream(), 0);
        ck_assert_int_eq(value->kind, J_STRING);
        restart();
        u8(TC_RESET);
        assert_result(JREAD_E_TRUNCATED);
        u8(TC_ARRAY);
        class("[Ljava.lang.Object;", J_SC_SERIALIZABLE);
        u32(1);
        u8(TC_RESET);
        u8(TC_NULL);
        assert_result(JREAD_E_MALFORMED);
        string("x");
        u8(TC_RESET);
        assert_result(JREAD_E_TRAILING);
}
END_TEST

START_TEST(an_aborted_write)
{
        u8(TC_OBJECT);
        class_head("A", 1, J_SC_SERIALIZABLE, 1);
        field('[', "a");
        string("[I");
        class_end();
        u8(TC_EXCEPTION);
        u8(TC_NULL);
        assert_result(JREAD_E_ABORTED);
        u8(TC_OBJECT);
        u8(TC_EXCEPTION);
        assert_result(JREAD_E_ABORTED);
}
END_TEST

/* ---- what must be refused ---- */

START_TEST(tags_out_of_place)
{
        for (unsigned tag = 0; tag <= UINT8_MAX; tag++) {
                u8(tag);
                int r = read_stream();
                if (tag < TC_NULL || tag > TC_ENUM || tag == TC_BLOCKDATA ||
                    tag == TC_BLOCKDATALONG || tag == TC_ENDBLOCKDATA)
                        ck_assert_int_eq(r, JREAD_E_MALFORMED);
                else if (tag == TC_NULL)
                        ck_assert_int_eq(r, 0);
                else if (tag == TC_EXCEPTION)
                        ck_assert_int_eq(r, JREAD_E_ABORTED);
                else
                        ck_assert_int_eq(r, JREAD_E_TRUNCATED);
                restart();
        }
        static const uint8_t with_class[] = { TC_OBJECT, TC_ARRAY, TC_CLASS, TC_ENUM };
        static const uint8_t not_class[] = { TC_OBJECT, TC_STRING,     TC_ARRAY,
                                             TC_CLASS,  TC_BLOCKDATA,  TC_ENDBLOCKDATA,
                                             TC_RESET,  TC_LONGSTRING, TC_ENUM,
                                             0 };
        for (size_t i = 0; i < ARRAY_SIZE(with_class); i++)
                for (size_t j = 0; j < ARRAY_SIZE(not_class); j++) {
                        u8(with_class[i]);
                        u8(not_class[j]);
                        assert_result(JREAD_E_MALFORMED);
                }
        u8(TC_OBJECT);
        u8(TC_NULL);
        assert_result(JREAD_E_MALFORMED);
        u8(TC_ARRAY);
        u8(TC_NULL);
        u32(0);
        assert_result(JREAD_E_MALFORMED);
        u8(TC_OBJECT); /* block data where a field's value belongs */
        class_head("A", 1, J_SC_SERIALIZABLE, 1);
        field('L', "a");
        string("LA;");
        class_end();
        u8(TC_BLOCKDATA);
        u8(0);
        assert_result(JREAD_E_MALFORMED);
        u8(TC_OBJECT);
        class("A", J_SC_SERIALIZABLE | J_SC_WRITE_METHOD);
        u8(TC_BLOCKDATALONG);
        u32(0x80000000);
        assert_result(JREAD_E_MALFORMED);
}
END_TEST

START_TEST(handles_of_nothing)
{
        static const uint32_t bad[] = { 0, 1, UINT32_MAX, UINT32_MAX - BASE, 0x7fffffff };
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                reference(bad[i]);
                assert_result(JREAD_E_MALFORMED);
        }
        u8(TC_ARRAY);
        class("[Ljava.lang.Object;", J_SC_SERIALIZABLE);
        u32(1);
        reference(2); /* the next one to be given */
        assert_result(JREAD_E_MALFORMED);
}
END_TEST

START_TEST(handles_of_the_wrong_kind)
{
        u8(TC_ARRAY);
        class("[Ljava.lang.Object;", J_SC_SERIALIZABLE);
        u32(2);
        string("x"); /* 2 */
        u8(TC_OBJECT);
        reference(2); /* a string as a class */
        assert_result(JREAD_E_MALFORMED);
        class_head("A", 1, J_SC_SERIALIZABLE, 1);
        field('L', "a");
        string("LA;"); /* 1 */
        u8(TC_ENDBLOCKDATA);
        reference(1); /* a string as a superclass */
        assert_result(JREAD_E_MALFORMED);
        class_head("A", 1, J_SC_SERIALIZABLE, 1);
        field('L', "a");
        reference(0); /* a class as a signature */
        class_end();
        assert_result(JREAD_E_MALFORMED);
        u8(TC_ARRAY);
        class("[Ljava.lang.Object;", J_SC_SERIALIZABLE); /* 0; the array is 1 */
        u32(1);
        class_head("A", 1, J_SC_SERIALIZABLE, 1);
        field('L', "a");
        reference(1); /* an array as a signature */
        class_end();
        assert_result(JREAD_E_MALFORMED);
}
END_TEST

START_TEST(class_cycles)
{
        class_head("A", 1, J_SC_SERIALIZABLE, 0);
        u8(TC_ENDBLOCKDATA);
        reference(0); /* its own superclass */
        assert_result(JREAD_E_MALFORMED);
        class_head("A", 1, J_SC_SERIALIZABLE, 0);
        u8(TC_ENDBLOCKDATA);
        class_head("B", 1, J_SC_SERIALIZABLE, 0);
        u8(TC_ENDBLOCKDATA);
        reference(0);
        assert_result(JREAD_E_MALFORMED);
        class_head("A", 1, J_SC_SERIALIZABLE, 0);
        u8(TC_OBJECT); /* an object of a class in that class's annotation */
        reference(0);
        u8(TC_ENDBLOCKDATA);
        u8(TC_NULL);
        assert_result(JREAD_E_MALFORMED);
        class_head("A", 1, J_SC_SERIALIZABLE, 0);
        reference(0);
        u8(TC_ENDBLOCKDATA);
        u8(TC_NULL);
        assert_result(JREAD_E_MALFORMED);
        class_head("A", 1, J_SC_SERIALIZABLE, 0);
        u8(TC_CLASS);
        reference(0);
        u8(TC_ENDBLOCKDATA);
        u8(TC_NULL);
        assert_result(JREAD_E_MALFORMED);
}
END_TEST

START_TEST(bad_descriptors)
{
        class("A", J_SC_SERIALIZABLE | J_SC_EXTERNALIZABLE | J_SC_BLOCK_DATA);
        assert_result(JREAD_E_MALFORMED);
        class("", J_SC_SERIALIZABLE);
        assert_result(JREAD_E_MALFORMED);
        class("A\xff", J_SC_SERIALIZABLE);
        assert_result(JREAD_E_MALFORMED);
        class_head("A", 1, J_SC_EXTERNALIZABLE | J_SC_BLOCK_DATA, 1);
        field('I', "i");
        class_end();
        assert_result(JREAD_E_MALFORMED);
        u8(TC_OBJECT); /* of a class that is not serializable */
        class("A", 0);
        assert_result(JREAD_E_MALFORMED);
        static const unsigned super_flags[] = { 0, J_SC_EXTERNALIZABLE | J_SC_BLOCK_DATA };
        for (size_t i = 0; i < ARRAY_SIZE(super_flags); i++) {
                u8(TC_OBJECT);
                class_head("A", 1, J_SC_SERIALIZABLE, 0);
                u8(TC_ENDBLOCKDATA);
                class("B", super_flags[i]);
                assert_result(JREAD_E_MALFORMED);
        }
        u8(TC_OBJECT);
        class("[I", J_SC_SERIALIZABLE);
        assert_result(JREAD_E_MALFORMED);
        class("A", J_SC_SERIALIZABLE | 0xe0); /* bits without a meaning are kept, as in a JVM */
        read_good();
}
END_TEST

START_TEST(bad_fields)
{
        for (unsigned type = 0; type <= UINT8_MAX; type++) {
                bool good = type && strchr("BCDFIJSZ", (int)type);
                if (type == 'L' || type == '[')
                        continue;
                class_head("A", 1, J_SC_SERIALIZABLE, 1);
                field((char)type, "f");
                class_end();
                assert_result(good ? 0 : JREAD_E_MALFORMED);
        }
        static const char *const bad[] = { "",     "L", "L;", "LA",  "LA;x", "LA;;", "[I", "I",
                                           "[LA;", "[", "[[", "[L;", "[LA",  "[V",   "[II" };
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                class_head("A", 1, J_SC_SERIALIZABLE, 1);
                field(i < 9 ? 'L' : '[', "f");
                string(bad[i]);
                class_end();
                assert_result(JREAD_E_MALFORMED);
        }
        static const char *const good[] = { "LA;", "[I", "[[LA/b/C;", "[[[Z" };
        for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
                class_head("A", 1, J_SC_SERIALIZABLE, 1);
                field(good[i][0], "f");
                string(good[i]);
                class_end();
                read_good();
                restart();
        }
        static const uint8_t not_string[] = { TC_NULL, TC_OBJECT, TC_CLASSDESC, TC_BLOCKDATA };
        for (size_t i = 0; i < ARRAY_SIZE(not_string); i++) {
                class_head("A", 1, J_SC_SERIALIZABLE, 1);
                field('L', "f");
                u8(not_string[i]);
                assert_result(JREAD_E_MALFORMED);
        }
        class_head("A", 1, J_SC_SERIALIZABLE, 2); /* a primitive field behind a reference */
        field('L', "f");
        string("LA;");
        field('I', "i");
        class_end();
        assert_result(JREAD_E_MALFORMED);
}
END_TEST

START_TEST(bad_arrays)
{
        static const char *const bad[] = {
                "[", "[X", "[V", "[II", "[L;", "[LA", "[[", "[LA;;", "I"
        };
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                u8(TC_ARRAY);
                class(bad[i], J_SC_SERIALIZABLE);
                u32(0);
                assert_result(JREAD_E_MALFORMED);
        }
        char deep[258];
        memset(deep, '[', sizeof(deep));
        memcpy(deep + 256, "I", 2);
        u8(TC_ARRAY);
        class(deep, J_SC_SERIALIZABLE);
        u32(0);
        assert_result(JREAD_E_MALFORMED);
        u8(TC_ARRAY);
        class(deep + 1, J_SC_SERIALIZABLE);
        u32(0);
        assert_result(0);
        u8(TC_ARRAY);
        class("[I", J_SC_SERIALIZABLE);
        u32(UINT32_MAX);
        assert_result(JREAD_E_MALFORMED);
        u8(TC_ARRAY);
        class("[I", J_SC_SERIALIZABLE);
        u32(LIMIT_JAVA_ARRAY_LENGTH + 1);
        assert_result(JREAD_E_LIMIT);
}
END_TEST

/* A count that the bytes left cannot hold costs no memory. */
START_TEST(announced_counts_are_checked_before_allocating)
{
        static const char *const types[] = { "[J", "[I", "[B", "[LA;" };
        for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
                u8(TC_ARRAY);
                class(types[i], J_SC_SERIALIZABLE);
                u32(LIMIT_JAVA_ARRAY_LENGTH);
                u64(0);
                ck_assert_int_eq(read_stream(), JREAD_E_TRUNCATED);
                ck_assert_uint_lt(arena.used, 8192);
                restart();
        }
        u8(TC_ARRAY);
        class("[J", J_SC_SERIALIZABLE);
        u32(2);
        u64(0);
        for (int i = 0; i < 7; i++)
                u8(0);
        assert_result(JREAD_E_TRUNCATED);
}
END_TEST

/* ---- bounds ---- */

static void nest_arrays(size_t n)
{
        u8(TC_ARRAY);
        class("[Ljava.lang.Object;", J_SC_SERIALIZABLE);
        u32(1);
        for (size_t i = 1; i < n; i++) {
                u8(TC_ARRAY);
                reference(0);
                u32(i < n - 1);
        }
}

START_TEST(depth)
{
        nest_arrays(LIMIT_JAVA_DEPTH);
        ck_assert_int_eq(read_stream(), 0);
        CLEANUP_BUFFER Buffer out = BUFFER_INIT(0);
        ck_assert_int_eq(jwrite(value, &out), 0); /* what can be read can be written */
        restart();
        nest_arrays(LIMIT_JAVA_DEPTH + 1);
        assert_result(JREAD_E_LIMIT);
        nest_arrays(100000);
        assert_result(JREAD_E_LIMIT);
        for (size_t i = 0; i < 100000; i++) /* descriptors in descriptors' annotations */
                class_head("A", 1, J_SC_SERIALIZABLE, 0);
        assert_result(JREAD_E_LIMIT);
}
END_TEST

static void chain(size_t n)
{
        for (size_t i = 0; i < n; i++) {
                class_head("A", 1, J_SC_SERIALIZABLE, 0);
                u8(TC_ENDBLOCKDATA);
        }
}

START_TEST(class_chain)
{
        u8(TC_OBJECT);
        chain(LIMIT_JAVA_CLASS_CHAIN + 1);
        u8(TC_NULL);
        read_good();
        restart();
        u8(TC_OBJECT);
        chain(LIMIT_JAVA_CLASS_CHAIN + 2);
        u8(TC_NULL);
        assert_result(JREAD_E_LIMIT);
        u8(TC_ARRAY); /* the same by reference */
        class("[Ljava.lang.Object;", J_SC_SERIALIZABLE);
        u32(2);
        chain(LIMIT_JAVA_CLASS_CHAIN + 1); /* the first of them is handle 2 */
        u8(TC_NULL);
        chain(1);
        reference(2);
        assert_result(JREAD_E_LIMIT);
}
END_TEST

START_TEST(counts)
{
        class_head("A", 1, J_SC_SERIALIZABLE, LIMIT_JAVA_FIELDS + 1);
        assert_result(JREAD_E_LIMIT);
        class_head("A", 1, J_SC_SERIALIZABLE, LIMIT_JAVA_FIELDS);
        assert_result(JREAD_E_TRUNCATED);

        u8(TC_OBJECT);
        class("A", J_SC_SERIALIZABLE | J_SC_WRITE_METHOD);
        for (size_t i = 0; i < LIMIT_JAVA_ANNOTATIONS; i++)
                u8(TC_NULL);
        u8(TC_ENDBLOCKDATA);
        ck_assert_int_eq(read_stream(), 0);
        ck_assert_uint_eq(value->object.data[0].n_annotation, LIMIT_JAVA_ANNOTATIONS);
        stream.size--;
        u8(TC_NULL);
        assert_result(JREAD_E_LIMIT);

        u8(TC_ARRAY);
        class("[Ljava.lang.Object;", J_SC_SERIALIZABLE);
        u32(LIMIT_JAVA_HANDLES - 1);
        for (size_t i = 0; i < LIMIT_JAVA_HANDLES - 1; i++)
                string("");
        assert_result(JREAD_E_LIMIT);
        u8(TC_ARRAY);
        class("[Ljava.lang.Object;", J_SC_SERIALIZABLE);
        u32(LIMIT_JAVA_HANDLES - 2);
        for (size_t i = 0; i < LIMIT_JAVA_HANDLES - 2; i++)
                string("");
        ck_assert_int_eq(read_stream(), 0);
}
END_TEST

/* A few bytes each, and each object as many records as its class has ancestors. */
START_TEST(memory)
{
        u8(TC_OBJECT);
        class_head("Holder", 1, J_SC_SERIALIZABLE | J_SC_WRITE_METHOD, 0);
        class_end();
        u8(TC_OBJECT);
        chain(LIMIT_JAVA_CLASS_CHAIN + 1); /* the first of them is handle 2 */
        u8(TC_NULL);
        for (size_t i = 0; i < 150000; i++) {
                u8(TC_OBJECT);
                reference(2);
        }
        u8(TC_ENDBLOCKDATA);
        ck_assert_int_eq(read_stream(), JREAD_E_LIMIT);
        ck_assert_uint_le(arena.used, LIMIT_MESSAGE_ARENA_BYTES);
}
END_TEST

START_TEST(results_have_texts)
{
        for (int i = -ENOMEM; i <= JREAD_E_ABORTED; i = i < 0 ? 0 : i + 1)
                for (int j = 0; j < i; j++)
                        ck_assert_str_ne(jread_result_text(i), jread_result_text(j));
}
END_TEST

static TCase *good_case(void)
{
        TCase *t = tcase_create("accepted");
        tcase_add_test(t, head);
        tcase_add_test(t, strings);
        tcase_add_test(t, primitive_fields);
        tcase_add_test(t, primitive_arrays);
        tcase_add_test(t, object_arrays_and_cycles);
        tcase_add_test(t, class_chains_and_annotations);
        tcase_add_test(t, enums);
        tcase_add_test(t, classes_as_values);
        tcase_add_test(t, proxies);
        tcase_add_test(t, externalizable);
        tcase_add_test(t, class_annotations);
        tcase_add_test(t, resets);
        tcase_add_test(t, results_have_texts);
        return t;
}

static TCase *bad_case(void)
{
        TCase *t = tcase_create("refused");
        tcase_add_test(t, bad_strings);
        tcase_add_test(t, bad_enums);
        tcase_add_test(t, an_aborted_write);
        tcase_add_test(t, tags_out_of_place);
        tcase_add_test(t, handles_of_nothing);
        tcase_add_test(t, handles_of_the_wrong_kind);
        tcase_add_test(t, class_cycles);
        tcase_add_test(t, bad_descriptors);
        tcase_add_test(t, bad_fields);
        tcase_add_test(t, bad_arrays);
        tcase_add_test(t, announced_counts_are_checked_before_allocating);
        return t;
}

static TCase *bounds_case(void)
{
        TCase *t = tcase_create("bounds");
        tcase_set_timeout(t, 60);
        tcase_add_test(t, depth);
        tcase_add_test(t, class_chain);
        tcase_add_test(t, counts);
        tcase_add_test(t, memory);
        return t;
}

int main(void)
{
        Suite *s = suite_create("jread");
        TCase *cases[] = { good_case(), bad_case(), bounds_case() };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                tcase_add_checked_fixture(cases[i], setup, teardown);
                suite_add_tcase(s, cases[i]);
        }
        return unit_run(s);
}
