/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trees of Scala and Java library values, in the least form that JVMs of a line read. Class
 * descriptors come from the line's table and from nowhere else.
 */
#include "wire/scala.h"

#include <errno.h>
#include <string.h>

#include "base/macro.h"

#define IMMUTABLE "scala.collection.immutable."

struct TreeClass {
        TreeClass *next;
        const ClassInfo *info;
        JClass *class;
};

struct TreeText {
        TreeText *next;
        const char *text;
        JValue *value;
};

static void *fail(TreeBuilder *b, int error)
{
        if (b->error == 0)
                b->error = error;
        return NULL;
}

void *tree_alloc(TreeBuilder *b, size_t n, size_t size)
{
        void *p = b->error ? NULL : arena_alloc_array(b->arena, n, size);
        if (p)
                return p;
        bool full = n > (b->arena->limit - b->arena->used) / size;
        return fail(b, full ? -EMSGSIZE : -ENOMEM);
}

static JValue *new_value(TreeBuilder *b, JKind kind)
{
        JValue *v = tree_alloc(b, 1, sizeof(*v));
        if (v)
                v->kind = kind;
        return v;
}

JValue *tree_null(TreeBuilder *b)
{
        if (!b->null)
                b->null = new_value(b, J_NULL);
        return b->null;
}

JValue *tree_text(TreeBuilder *b, const char *text)
{
        if (!text)
                return tree_null(b);
        size_t size = jvalue_text_encode(text, NULL);
        if (size == SIZE_MAX)
                return fail(b, -EINVAL);
        JValue *v = new_value(b, J_STRING);
        char *bytes = tree_alloc(b, size + 1, 1);
        if (!v || !bytes)
                return NULL;
        jvalue_text_encode(text, bytes);
        v->string.bytes = bytes;
        v->string.size = size;
        return v;
}

static JValue *signature(TreeBuilder *b, const char *text)
{
        for (TreeText *t = b->signatures; t; t = t->next)
                if (strcmp(t->text, text) == 0)
                        return t->value;
        TreeText *t = tree_alloc(b, 1, sizeof(*t));
        if (!t)
                return NULL;
        *t = (TreeText){ .next = b->signatures, .text = text, .value = tree_text(b, text) };
        b->signatures = t;
        return t->value;
}

static JClass *make_class(TreeBuilder *b, const ClassInfo *info)
{
        JClass *class = tree_alloc(b, 1, sizeof(*class));
        JField *fields = tree_alloc(b, info->n_fields, sizeof(*fields));
        if (!class || !fields)
                return NULL;
        *class = (JClass){
                .name = info->name,
                .suid = info->suid,
                .flags = info->flags,
                .n_fields = info->n_fields,
                .fields = fields,
        };
        for (size_t i = 0; i < info->n_fields; i++) {
                const ClassField *f = &info->fields[i];
                fields[i] = (JField){ .type = f->type, .name = f->name };
                if (f->signature)
                        fields[i].signature = signature(b, f->signature);
        }
        if (info->super)
                class->super = (JClass *)tree_class(b, info->super);
        return b->error ? NULL : class;
}

const JClass *tree_class(TreeBuilder *b, const char *class_name)
{
        const ClassInfo *info = line_class(b->line, class_name);
        if (!info)
                return fail(b, -EOPNOTSUPP);
        for (TreeClass *c = b->classes; c; c = c->next)
                if (c->info == info)
                        return c->class;
        JClass *class = make_class(b, info); /* adds those above it first */
        TreeClass *c = tree_alloc(b, 1, sizeof(*c));
        if (!c)
                return NULL;
        *c = (TreeClass){ .next = b->classes, .info = info, .class = class };
        b->classes = c;
        return c->class;
}

static bool fill_data(TreeBuilder *b, JData *d, JClass *class)
{
        d->class = class;
        d->slots = tree_alloc(b, class->n_fields, sizeof(JSlot));
        for (size_t i = 0; d->slots && i < class->n_fields; i++)
                if (class->fields[i].signature)
                        d->slots[i].ref = tree_null(b);
        return b->error == 0;
}

JValue *tree_object(TreeBuilder *b, const char *class_name)
{
        JClass *class = (JClass *)tree_class(b, class_name);
        JValue *v = new_value(b, J_OBJECT);
        if (!class || !v)
                return NULL;
        for (const JClass *c = class; c; c = c->super)
                v->object.n_data++;
        v->object.class = class;
        v->object.data = tree_alloc(b, v->object.n_data, sizeof(JData));
        if (!v->object.data)
                return NULL;
        size_t i = v->object.n_data;
        for (JClass *c = class; c; c = c->super)
                if (!fill_data(b, &v->object.data[--i], c))
                        return NULL;
        return v;
}

JSlot *tree_slot(TreeBuilder *b, JValue *object, const char *field, char *ret_type)
{
        if (!object)
                return NULL;
        JSlot *slot = (JSlot *)jvalue_field(object, field, ret_type);
        return slot ? slot : fail(b, -EINVAL);
}

void tree_set_ref(TreeBuilder *b, JValue *object, const char *field, JValue *value)
{
        char type;
        JSlot *slot = tree_slot(b, object, field, &type);
        if (slot && value)
                slot->ref = value;
}

void tree_set_bits(TreeBuilder *b, JValue *object, const char *field, int64_t bits)
{
        char type;
        JSlot *slot = tree_slot(b, object, field, &type);
        if (slot)
                slot->bits = bits;
}

JValue *tree_array(TreeBuilder *b, const char *class_name, JValue *const *items, size_t n)
{
        JValue *v = new_value(b, J_ARRAY);
        const JClass *class = tree_class(b, class_name);
        JSlot *slots = tree_alloc(b, n, sizeof(*slots));
        if (!v || !class || !slots)
                return NULL;
        for (size_t i = 0; i < n; i++)
                slots[i].ref = items[i];
        v->array.class = (JClass *)class;
        v->array.items = slots;
        v->array.length = n;
        return v;
}

JValue *tree_boxed(TreeBuilder *b, char type, int64_t bits)
{
        JValue *v = tree_object(b, type == 'I'   ? "java.lang.Integer"
                                   : type == 'J' ? "java.lang.Long"
                                   : type == 'D' ? "java.lang.Double"
                                                 : "java.lang.Boolean");
        tree_set_bits(b, v, "value", bits);
        return v;
}

JValue *tree_java_enum(TreeBuilder *b, const char *class_name, const char *constant)
{
        JValue *v = new_value(b, J_ENUM);
        const JClass *class = tree_class(b, class_name);
        JValue *name = tree_text(b, constant);
        if (!v || !class || !name)
                return NULL;
        v->enumeration.class = (JClass *)class;
        v->enumeration.constant = name;
        return v;
}

/* What writeObject adds: raw bytes if any, then the values. */
static void annotate(TreeBuilder *b, JValue *object, JValue *block, JValue *const *values, size_t n)
{
        if (!object || b->error)
                return;
        size_t extra = block ? 1 : 0;
        JValue **annotation = tree_alloc(b, n + extra, sizeof(*annotation));
        if (!annotation)
                return;
        if (block)
                annotation[0] = block;
        if (n > 0)
                memcpy(annotation + extra, values, n * sizeof(*values));
        JData *d = &object->object.data[object->object.n_data - 1];
        d->annotation = annotation;
        d->n_annotation = n + extra;
}

static JValue *int_block(TreeBuilder *b, size_t n)
{
        JValue *v = new_value(b, J_BLOCK);
        uint8_t *bytes = tree_alloc(b, 4, 1);
        if (!v || !bytes)
                return NULL;
        for (unsigned i = 0; i < 4; i++)
                bytes[i] = (uint8_t)(n >> (8 * (3 - i)));
        v->block.bytes = bytes;
        v->block.size = 4;
        return v;
}

JValue *scala_make_object(TreeBuilder *b, const char *class_name)
{
        if (line_is_scala_2_12(b->line))
                return tree_object(b, class_name);
        JValue *v = tree_object(b, "scala.runtime.ModuleSerializationProxy");
        JValue *class = new_value(b, J_CLASS);
        if (!v || !class)
                return NULL;
        class->class = (JClass *)tree_class(b, class_name);
        tree_set_ref(b, v, "moduleClass", class);
        return v;
}

JValue *scala_make_option(TreeBuilder *b, JValue *value)
{
        if (!value)
                return b->error ? NULL : scala_make_object(b, "scala.None$");
        JValue *v = tree_object(b, "scala.Some");
        tree_set_ref(b, v, "value", value);
        return v;
}

/* Scala 2.13: count and elements, to be put together by a factory made from a companion object. */
static JValue *make_proxy(TreeBuilder *b, const char *to_factory, const char *companion,
                          JValue *const *items, size_t n)
{
        JValue *v = tree_object(b, "scala.collection.generic.DefaultSerializationProxy");
        JValue *factory = tree_object(b, to_factory);
        tree_set_ref(b, factory, "factory", scala_make_object(b, companion));
        tree_set_ref(b, v, "factory", factory);
        annotate(b, v, int_block(b, n), items, n);
        return v;
}

JValue *scala_make_list(TreeBuilder *b, JValue *const *items, size_t n)
{
        if (!line_is_scala_2_12(b->line))
                return make_proxy(b, "scala.collection.IterableFactory$ToFactory",
                                  IMMUTABLE "List$", items, n);
        JValue *v = tree_object(b, IMMUTABLE "List$SerializationProxy");
        JValue **values = tree_alloc(b, n + 1, sizeof(*values));
        if (!values)
                return NULL;
        if (n > 0)
                memcpy(values, items, n * sizeof(*items));
        values[n] = tree_object(b, IMMUTABLE "ListSerializeEnd$");
        annotate(b, v, NULL, values, n + 1);
        return v;
}

JValue *scala_make_map(TreeBuilder *b, JValue *const *pairs, size_t n)
{
        if (line_is_scala_2_12(b->line)) {
                if (n == 0)
                        return tree_object(b, IMMUTABLE "Map$EmptyMap$");
                JValue *v = tree_object(b, IMMUTABLE "HashMap$SerializationProxy");
                annotate(b, v, int_block(b, n), pairs, 2 * n);
                return v;
        }
        JValue **tuples = tree_alloc(b, n, sizeof(*tuples));
        for (size_t i = 0; tuples && i < n; i++) {
                tuples[i] = tree_object(b, "scala.Tuple2");
                tree_set_ref(b, tuples[i], "_1", pairs[2 * i]);
                tree_set_ref(b, tuples[i], "_2", pairs[2 * i + 1]);
        }
        return make_proxy(b, "scala.collection.MapFactory$ToFactory", IMMUTABLE "Map$", tuples, n);
}

JValue *scala_make_enum(TreeBuilder *b, const char *enumeration, int32_t ordinal)
{
        JValue *v = tree_object(b, "scala.Enumeration$Val");
        tree_set_bits(b, v, "i", ordinal);
        tree_set_ref(b, v, "$outer", scala_make_object(b, enumeration));
        return v;
}
