/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The forms in which JVMs write Scala and Java library values. A class's name decides how it is
 * read; one that is in no table here is refused, never guessed at.
 */
#include "wire/scala.h"

#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "base/macro.h"

#define IMMUTABLE "scala.collection.immutable."
#define MUTABLE   "scala.collection.mutable."
#define CONVERT   "scala.collection.convert."

#define MODULE_PROXY  "scala.runtime.ModuleSerializationProxy"
#define DEFAULT_PROXY "scala.collection.generic.DefaultSerializationProxy"

/* Wrappers around wrappers: nobody writes more than two. */
#define MAX_WRAPPERS 8

bool jvalue_is_null(const JValue *v)
{
        return !v || v->kind == J_NULL;
}

const JValue *jvalue_ref(const JValue *v, const char *name)
{
        char type;
        const JSlot *slot = jvalue_field(v, name, &type);
        if (!slot || (type != 'L' && type != '[') || jvalue_is_null(slot->ref))
                return NULL;
        return slot->ref;
}

static bool int_field(const JValue *v, const char *name, int32_t *ret)
{
        char type;
        const JSlot *slot = jvalue_field(v, name, &type);
        if (!slot || type != 'I')
                return false;
        *ret = (int32_t)slot->bits;
        return true;
}

const char *scala_class_name(const JValue *v)
{
        const char *name = jvalue_class_name(v);
        if (strcmp(name, MODULE_PROXY) != 0)
                return name;
        const JValue *class = jvalue_ref(v, "moduleClass");
        if (!class || class->kind != J_CLASS || !class->class)
                return "";
        return class->class->name;
}

static bool is_object(const JValue *v, const char *class_name)
{
        return strcmp(scala_class_name(v), class_name) == 0;
}

int scala_option(const JValue *v, const JValue **ret)
{
        if (jvalue_is_null(v) || is_object(v, "scala.None$")) {
                *ret = NULL;
                return 0;
        }
        if (strcmp(jvalue_class_name(v), "scala.Some") != 0)
                return SCALA_E_SHAPE;
        *ret = jvalue_ref(v, "value");
        return *ret ? 0 : SCALA_E_SHAPE;
}

int java_boxed(const JValue *v, char type, int64_t *ret)
{
        static const struct {
                char type;
                const char *class_name;
        } boxes[] = {
                { 'I', "java.lang.Integer" },
                { 'J', "java.lang.Long" },
                { 'D', "java.lang.Double" },
                { 'Z', "java.lang.Boolean" },
        };
        for (size_t i = 0; i < ARRAY_SIZE(boxes); i++) {
                if (boxes[i].type != type || strcmp(jvalue_class_name(v), boxes[i].class_name) != 0)
                        continue;
                char found;
                const JSlot *slot = jvalue_field(v, "value", &found);
                if (!slot || found != type)
                        return SCALA_E_SHAPE;
                *ret = slot->bits;
                return 0;
        }
        return SCALA_E_SHAPE;
}

int scala_enum(const JValue *v, const char *enumeration, int32_t *ret)
{
        if (strcmp(jvalue_class_name(v), "scala.Enumeration$Val") != 0)
                return SCALA_E_SHAPE;
        const JValue *outer = jvalue_ref(v, "$outer");
        if (outer && !is_object(outer, enumeration))
                return SCALA_E_SHAPE;
        return int_field(v, "i", ret) ? 0 : SCALA_E_SHAPE;
}

/* ---- collections ---- */

/* Room for n items, within the bounds. */
static int items_new(Arena *scratch, size_t n, size_t n_slots, ScalaItems *ret)
{
        if (n > LIMIT_SEQ_ITEMS || n_slots * sizeof(JValue *) > scratch->limit - scratch->used)
                return SCALA_E_LIMIT;
        const JValue **items = arena_new_array(scratch, n_slots, const JValue *);
        if (!items)
                return -ENOMEM;
        *ret = (ScalaItems){ .items = items, .length = n };
        return 0;
}

/* The first n elements of an array of references. */
static int take_array(Arena *scratch, const JValue *v, size_t n, ScalaItems *ret)
{
        if (!v || v->kind != J_ARRAY || !strchr("L[", v->array.class->name[1]) ||
            v->array.length < n)
                return SCALA_E_SHAPE;
        int r = items_new(scratch, n, n, ret);
        if (r != 0)
                return r;
        for (size_t i = 0; i < n; i++)
                ret->items[i] = v->array.items[i].ref;
        return 0;
}

/* What writeObject added to an object, by whichever class of its chain. */
static const JData *annotation_of(const JValue *v)
{
        for (size_t i = 0; i < v->object.n_data; i++)
                if (v->object.data[i].n_annotation > 0)
                        return &v->object.data[i];
        return NULL;
}

/* The big-endian int at an offset of an annotation's leading raw bytes. */
static bool annotation_int(const JData *d, size_t offset, int32_t *ret)
{
        if (!d || d->n_annotation == 0 || d->annotation[0]->kind != J_BLOCK ||
            d->annotation[0]->block.size < offset + 4)
                return false;
        const uint8_t *p = d->annotation[0]->block.bytes + offset;
        *ret = (int32_t)((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]);
        return true;
}

static int take_values(Arena *scratch, JValue *const *values, size_t n, ScalaItems *ret)
{
        int r = items_new(scratch, n, n, ret);
        if (r != 0)
                return r;
        for (size_t i = 0; i < n; i++)
                ret->items[i] = values[i];
        return 0;
}

/* Scala 2.12's List: the elements, then a marker. */
static int read_list_proxy(Arena *scratch, const JValue *v, ScalaItems *ret)
{
        const JData *d = annotation_of(v);
        for (size_t n = 0; d && n < d->n_annotation; n++)
                if (is_object(d->annotation[n], IMMUTABLE "ListSerializeEnd$"))
                        return take_values(scratch, d->annotation, n, ret);
        return SCALA_E_SHAPE;
}

/* Scala 2.13's way for nearly all collections: a count and so many elements, or -1, elements and a
 * marker. */
static int read_default_proxy(Arena *scratch, const JValue *v, ScalaItems *ret)
{
        const JData *d = annotation_of(v);
        int32_t count;
        if (!annotation_int(d, 0, &count) || count < -1)
                return SCALA_E_SHAPE;
        size_t n = 0, left = d->n_annotation - 1;
        if (count >= 0)
                n = (size_t)count;
        else
                while (n < left &&
                       !is_object(d->annotation[1 + n], "scala.collection.generic.SerializeEnd$"))
                        n++;
        if (count >= 0 ? n > left : n == left)
                return SCALA_E_SHAPE;
        return take_values(scratch, d->annotation + 1, n, ret);
}

/* Java's lists: a count or capacity, then the elements. */
static int read_java_list(Arena *scratch, const JValue *v, ScalaItems *ret)
{
        const JData *d = annotation_of(v);
        int32_t ignored;
        if (!annotation_int(d, 0, &ignored))
                return SCALA_E_SHAPE;
        return take_values(scratch, d->annotation + 1, d->n_annotation - 1, ret);
}

static int read_sized_array(Arena *scratch, const JValue *v, const char *size_name, ScalaItems *ret)
{
        int32_t size;
        if (!int_field(v, size_name, &size) || size < 0)
                return SCALA_E_SHAPE;
        return take_array(scratch, jvalue_ref(v, "array"), (size_t)size, ret);
}

static int read_mutable_array_seq(Arena *scratch, const JValue *v, ScalaItems *ret)
{
        return read_sized_array(scratch, v, "length", ret);
}

static int read_array_buffer(Arena *scratch, const JValue *v, ScalaItems *ret)
{
        return read_sized_array(scratch, v, "size0", ret);
}

/* Scala 2.12's Vector: a 32-way tree; the path to the block in focus hangs from display0..5, and
 * only what shares its upper index bits with the focus may be read from a lower display. */
static const JValue *vector_item(const JValue *v, uint32_t index, uint32_t focus)
{
        static const char *const displays[] = { "display0", "display1", "display2",
                                                "display3", "display4", "display5" };
        unsigned level = 0;
        while (level < ARRAY_SIZE(displays) - 1 && (index ^ focus) >> (5 * (level + 1)) != 0)
                level++;
        const JValue *node = jvalue_ref(v, displays[level]);
        for (;; level--) {
                if (!node || node->kind != J_ARRAY || !strchr("L[", node->array.class->name[1]))
                        return NULL;
                uint32_t i = index >> (5 * level) & 31;
                if (i >= node->array.length)
                        return NULL;
                node = node->array.items[i].ref;
                if (level == 0)
                        return node;
        }
}

static int read_vector(Arena *scratch, const JValue *v, ScalaItems *ret)
{
        int32_t start, end, focus;
        if (!int_field(v, "startIndex", &start) || !int_field(v, "endIndex", &end) ||
            !int_field(v, "focus", &focus) || start < 0 || end < start || focus < 0)
                return SCALA_E_SHAPE;
        int r = items_new(scratch, (size_t)(end - start), (size_t)(end - start), ret);
        if (r != 0)
                return r;
        for (size_t i = 0; i < ret->length; i++) {
                ret->items[i] = vector_item(v, (uint32_t)start + (uint32_t)i, (uint32_t)focus);
                if (!ret->items[i])
                        return SCALA_E_SHAPE;
        }
        return 0;
}

/* Collections that only wrap another. */
static const struct {
        const char *class_name, *field;
} wrappers[] = {
        { MUTABLE "WrappedArray$ofRef", "array" },
        { IMMUTABLE "ArraySeq$ofRef", "unsafeArray" },
        { MUTABLE "ArraySeq$ofRef", "array" },
        { CONVERT "Wrappers$JListWrapper", "underlying" },
        { CONVERT "JavaCollectionWrappers$JListWrapper", "underlying" },
        { CONVERT "Wrappers$JMapWrapper", "underlying" },
        { CONVERT "JavaCollectionWrappers$JMapWrapper", "underlying" },
        { IMMUTABLE "Map$WithDefault", "underlying" },
        { MUTABLE "Map$WithDefault", "underlying" },
        { "java.util.Arrays$ArrayList", "a" },
        { "java.util.Collections$UnmodifiableList", "list" },
        { "java.util.Collections$UnmodifiableRandomAccessList", "list" },
        { "java.util.Collections$UnmodifiableMap", "m" },
};

static const JValue *unwrap(const JValue *v)
{
        for (unsigned depth = 0; depth < MAX_WRAPPERS; depth++) {
                const char *name = jvalue_class_name(v), *field = NULL;
                for (size_t i = 0; i < ARRAY_SIZE(wrappers) && !field; i++)
                        if (strcmp(name, wrappers[i].class_name) == 0)
                                field = wrappers[i].field;
                if (!field)
                        return v;
                v = jvalue_ref(v, field);
        }
        return NULL;
}

typedef struct Form {
        const char *class_name;
        int (*read)(Arena *scratch, const JValue *v, ScalaItems *ret);
} Form;

static int read_nothing(Arena *scratch, const JValue *v, ScalaItems *ret)
{
        *ret = (ScalaItems){};
        return 0;
}

static int read_form(Arena *scratch, const JValue *v, const Form *forms, size_t n_forms,
                     ScalaItems *ret)
{
        if (!v || v->kind != J_OBJECT)
                return SCALA_E_SHAPE;
        const char *name = scala_class_name(v);
        bool stand_in = name != jvalue_class_name(v); /* for an object: an empty collection */
        for (size_t i = 0; i < n_forms; i++)
                if (strcmp(name, forms[i].class_name) == 0 &&
                    (!stand_in || forms[i].read == read_nothing))
                        return forms[i].read(scratch, v, ret);
        return SCALA_E_SHAPE;
}

int scala_items(Arena *scratch, const JValue *v, ScalaItems *ret)
{
        static const Form forms[] = {
                { IMMUTABLE "List$SerializationProxy", read_list_proxy },
                { DEFAULT_PROXY, read_default_proxy },
                { IMMUTABLE "Nil$", read_nothing },
                { IMMUTABLE "Vector", read_vector },
                { MUTABLE "ArraySeq", read_mutable_array_seq },
                { MUTABLE "ArrayBuffer", read_array_buffer },
                { "java.util.ArrayList", read_java_list },
                { "java.util.LinkedList", read_java_list },
                { "java.util.CollSer", read_java_list },
                { "java.util.Collections$EmptyList", read_nothing },
                { IMMUTABLE "Stream$Empty$", read_nothing },
        };
        v = unwrap(v);
        if (v && v->kind == J_ARRAY)
                return take_array(scratch, v, v->array.length, ret);
        return read_form(scratch, v, forms, ARRAY_SIZE(forms), ret);
}

/* Raw bytes, then key, value, key, value: Java's maps and Scala 2.12's. The bytes have a count,
 * which the values must agree with. */
static int read_counted_pairs(Arena *scratch, const JValue *v, size_t count_offset, ScalaItems *ret)
{
        const JData *d = annotation_of(v);
        int32_t count;
        if (!annotation_int(d, count_offset, &count) || count < 0 ||
            (size_t)count * 2 != d->n_annotation - 1)
                return SCALA_E_SHAPE;
        int r = items_new(scratch, (size_t)count, (size_t)count * 2, ret);
        if (r != 0)
                return r;
        for (size_t i = 0; i < (size_t)count * 2; i++)
                ret->items[i] = d->annotation[1 + i];
        return 0;
}

static int read_count_first(Arena *scratch, const JValue *v, ScalaItems *ret)
{
        return read_counted_pairs(scratch, v, 0, ret);
}

static int read_count_second(Arena *scratch, const JValue *v, ScalaItems *ret)
{
        return read_counted_pairs(scratch, v, 4, ret);
}

static int read_tuples(Arena *scratch, const JValue *v, ScalaItems *ret)
{
        ScalaItems tuples;
        int r = read_default_proxy(scratch, v, &tuples);
        if (r == 0)
                r = items_new(scratch, tuples.length, tuples.length * 2, ret);
        if (r != 0)
                return r;
        for (size_t i = 0; i < tuples.length; i++) {
                if (strcmp(jvalue_class_name(tuples.items[i]), "scala.Tuple2") != 0)
                        return SCALA_E_SHAPE;
                ret->items[2 * i] = jvalue_ref(tuples.items[i], "_1");
                ret->items[2 * i + 1] = jvalue_ref(tuples.items[i], "_2");
        }
        return 0;
}

/* Map1 to Map4 have a field per key and value: "key1" ..., in Scala 2.13 with a prefix. */
static int read_small_map(Arena *scratch, const JValue *v, ScalaItems *ret)
{
        const char *class_name = jvalue_class_name(v);
        const JData *d = jvalue_data(v, class_name);
        size_t n = (size_t)(class_name[strlen(class_name) - 1] - '0');
        int r = items_new(scratch, n, 2 * n, ret);
        if (r != 0)
                return r;
        for (size_t i = 0; i < d->class->n_fields; i++) {
                const char *name = d->class->fields[i].name;
                size_t length = strlen(name);
                unsigned number = length > 0 ? (unsigned)name[length - 1] - '0' : 0;
                if (number < 1 || number > n || !strchr("L[", d->class->fields[i].type))
                        continue;
                if (length >= 4 && strncmp(name + length - 4, "key", 3) == 0)
                        ret->items[2 * (number - 1)] = d->slots[i].ref;
                else if (length >= 6 && strncmp(name + length - 6, "value", 5) == 0)
                        ret->items[2 * (number - 1) + 1] = d->slots[i].ref;
        }
        return 0;
}

int scala_pairs(Arena *scratch, const JValue *v, ScalaItems *ret)
{
        static const Form forms[] = {
                { IMMUTABLE "HashMap$SerializationProxy", read_count_first },
                { DEFAULT_PROXY, read_tuples },
                { IMMUTABLE "Map$EmptyMap$", read_nothing },
                { IMMUTABLE "Map$Map1", read_small_map },
                { IMMUTABLE "Map$Map2", read_small_map },
                { IMMUTABLE "Map$Map3", read_small_map },
                { IMMUTABLE "Map$Map4", read_small_map },
                { IMMUTABLE "HashMap$EmptyHashMap$", read_nothing },
                { MUTABLE "HashMap", read_count_second },
                { MUTABLE "LinkedHashMap", read_count_second },
                { "java.util.HashMap", read_count_second },
                { "java.util.LinkedHashMap", read_count_second },
                { "java.util.TreeMap", read_count_first },
                { "java.util.Collections$EmptyMap", read_nothing },
        };
        return read_form(scratch, unwrap(v), forms, ARRAY_SIZE(forms), ret);
}
