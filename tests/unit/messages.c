/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/messages.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "wire/message-tables.h"

/* ---- filling ---- */

typedef struct Filler {
        Arena *arena;
        Filling filling;
        int counter; /* makes every value differ from the others */
} Filler;

static void fill_struct(Filler *f, const StructInfo *info, void *dst);
static void fill_value(Filler *f, const FieldInfo *field, void *dst);

static const char *fill_text(Filler *f, const char *prefix)
{
        /* With characters of 1 to 4 bytes in UTF-8. */
        const char *text = arena_printf(f->arena, "%s%d-\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
                                        prefix, ++f->counter);
        assert(text);
        return text;
}

static void fill_container(Filler *f, const StructInfo *element, Container *c)
{
        c->length = f->filling == FILLING_CLIENT ? 6 : 2;
        c->items = arena_alloc_array(f->arena, c->length, element->size);
        assert(c->items);
        for (size_t i = 0; i < c->length; i++)
                fill_struct(f, element, (char *)c->items + i * element->size);
}

static void fill_option(Filler *f, const FieldInfo *field, void *dst)
{
        FieldInfo plain = *field;
        plain.option = false;
        if (f->filling == FILLING_CLIENT && ++f->counter % 2) {
                if (field->kind == KIND_ENUM)
                        *(int *)dst = -1;
        } else if (field->kind == KIND_INT) {
                *(OptInt *)dst = (OptInt){ .set = true, .value = -++f->counter };
        } else if (field->kind == KIND_MAP) {
                ((OptMap *)dst)->set = true;
                fill_container(f, field->sub, &((OptMap *)dst)->map);
        } else {
                fill_value(f, &plain, dst);
        }
}

static void fill_value(Filler *f, const FieldInfo *field, void *dst)
{
        bool client = f->filling == FILLING_CLIENT;
        if (field->option) {
                fill_option(f, field, dst);
                return;
        }
        switch (field->kind) {
        case KIND_INT:
                *(int32_t *)dst = ++f->counter;
                break;
        case KIND_LONG:
                *(int64_t *)dst = INT64_C(1) << 40 | ++f->counter;
                break;
        case KIND_DOUBLE:
                *(double *)dst = ++f->counter + 0.5;
                break;
        case KIND_BOOL:
                *(bool *)dst = !client;
                break;
        case KIND_SUBCLASS:
                *(bool *)dst = client;
                break;
        case KIND_STRING:
        case KIND_EXCEPTION:
                *(const char **)dst = fill_text(f, "s");
                break;
        case KIND_URI:
                *(const char **)dst = arena_printf(f->arena, "file:/events/%d", ++f->counter);
                break;
        case KIND_ENUM:
                *(int *)dst = ++f->counter % (int)field->max;
                break;
        case KIND_STRUCT:
                fill_struct(f, field->sub, dst);
                break;
        case KIND_REF:
                *(EndpointRef *)dst = (EndpointRef){
                        .name = fill_text(f, "Endpoint"),
                        .address = client ? (RpcAddress){} : (RpcAddress){ "ref.example", 7077 },
                };
                break;
        case KIND_ADDRESS:
                *(RpcAddress *)dst = (RpcAddress){ "[fd00::1]", ++f->counter };
                break;
        case KIND_SEQ:
        case KIND_MAP:
                fill_container(f, field->sub, dst);
                break;
        case KIND_THROWABLE:
                ((const char **)dst)[0] =
                        client ? "java.lang.RuntimeException" : "org.apache.spark.SparkException";
                ((const char **)dst)[1] = fill_text(f, "s");
                break;
        }
}

static void fill_struct(Filler *f, const StructInfo *info, void *dst)
{
        for (size_t i = 0; i < info->n_fields; i++)
                fill_value(f, &info->fields[i], (char *)dst + info->fields[i].offset);
}

void message_fill(Arena *arena, MessageType type, Filling filling, Message *ret)
{
        const StructInfo *info = message_info(type);
        Filler f = { .arena = arena, .filling = filling };
        *ret = (Message){ .type = type };
        if (filling != FILLING_NONE) {
                fill_struct(&f, info, ret);
                return;
        }
        for (size_t i = 0; i < info->n_fields; i++)
                if (info->fields[i].kind == KIND_ENUM && info->fields[i].option)
                        *(int *)((char *)ret + info->fields[i].offset) = -1;
}

/* ---- text ---- */

static void put_struct(Buffer *out, const StructInfo *info, const void *src);
static void put_value(Buffer *out, const FieldInfo *f, const void *src);

static const char *simple_name(const char *class_name)
{
        const char *dot = strrchr(class_name, '.');
        return dot ? dot + 1 : class_name;
}

static void put_quoted(Buffer *out, const char *text)
{
        if (text)
                buffer_printf(out, "\"%s\"", text);
        else
                buffer_put_text(out, "null");
}

static int compare_texts(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Puts n texts between brackets, and frees them. */
static void put_list(Buffer *out, const char *open, char **texts, size_t n, bool sort,
                     const char *close)
{
        if (sort && n > 0)
                qsort(texts, n, sizeof(*texts), compare_texts);
        buffer_put_text(out, open);
        for (size_t i = 0; i < n; i++) {
                buffer_printf(out, "%s%s", i ? ", " : "", texts[i]);
                free(texts[i]);
        }
        buffer_put_text(out, close);
        free(texts);
}

static void put_container(Buffer *out, const FieldInfo *f, const Container *c)
{
        char **texts = calloc(c->length + 1, sizeof(*texts));
        for (size_t i = 0; i < c->length; i++) {
                const char *item = (const char *)c->items + i * f->sub->size;
                Buffer b = BUFFER_INIT(0);
                for (size_t part = 0; part < f->sub->n_fields; part++) {
                        buffer_put_text(&b, part ? ": " : "");
                        put_value(&b, &f->sub->fields[part], item + f->sub->fields[part].offset);
                }
                texts[i] = buffer_take_text(&b);
        }
        if (f->kind == KIND_MAP)
                put_list(out, "{", texts, c->length, true, "}");
        else
                put_list(out, "[", texts, c->length, false, "]");
}

static void put_address(Buffer *out, const RpcAddress *a)
{
        if (a->host)
                buffer_printf(out, "%s:%d", a->host, a->port);
        else
                buffer_put_text(out, "null");
}

static void put_ref(Buffer *out, const EndpointRef *ref)
{
        if (!ref->name) {
                buffer_put_text(out, "null");
                return;
        }
        buffer_printf(out, "%s@", ref->name);
        put_address(out, &ref->address);
}

static void put_option(Buffer *out, const FieldInfo *field, const void *src)
{
        FieldInfo f = *field;
        bool set;
        f.option = false;
        if (f.kind == KIND_INT) {
                set = ((const OptInt *)src)->set;
                src = &((const OptInt *)src)->value;
        } else if (f.kind == KIND_MAP) {
                set = ((const OptMap *)src)->set;
                src = &((const OptMap *)src)->map;
        } else if (f.kind == KIND_ENUM) {
                set = *(const int *)src >= 0;
        } else {
                set = *(const char *const *)src != NULL;
        }
        if (!set) {
                buffer_put_text(out, "None");
                return;
        }
        buffer_put_text(out, "Some(");
        put_value(out, &f, src);
        buffer_put_text(out, ")");
}

static void put_value(Buffer *out, const FieldInfo *f, const void *src)
{
        const char *const *texts = src;
        if (f->option) {
                put_option(out, f, src);
                return;
        }
        switch (f->kind) {
        case KIND_INT:
                buffer_printf(out, "%d", *(const int32_t *)src);
                break;
        case KIND_LONG:
                buffer_printf(out, "%lld", (long long)*(const int64_t *)src);
                break;
        case KIND_DOUBLE:
                buffer_printf(out, "%.1f", *(const double *)src);
                break;
        case KIND_BOOL:
                buffer_put_text(out, *(const bool *)src ? "true" : "false");
                break;
        case KIND_STRING:
        case KIND_URI:
                put_quoted(out, texts[0]);
                break;
        case KIND_ENUM:
                buffer_printf(out, "%s#%d", simple_name(f->sub->java_class), *(const int *)src);
                break;
        case KIND_STRUCT:
                put_struct(out, f->sub, src);
                break;
        case KIND_REF:
                put_ref(out, src);
                break;
        case KIND_ADDRESS:
                put_address(out, src);
                break;
        case KIND_SEQ:
        case KIND_MAP:
                put_container(out, f, src);
                break;
        case KIND_EXCEPTION:
                buffer_put_text(out, "RuntimeException ");
                put_quoted(out, texts[0]);
                break;
        case KIND_THROWABLE:
                buffer_printf(out, "%s ", texts[0] ? simple_name(texts[0]) : "SparkException");
                put_quoted(out, texts[1]);
                break;
        case KIND_SUBCLASS:
                break;
        }
}

static void put_struct(Buffer *out, const StructInfo *info, const void *src)
{
        const char *class_name = info->java_class;
        char **texts = calloc(info->n_fields + 1, sizeof(*texts));
        size_t n = 0;
        for (size_t i = 0; i < info->n_fields; i++) {
                const FieldInfo *f = &info->fields[i];
                const void *value = (const char *)src + f->offset;
                if (f->kind == KIND_SUBCLASS) {
                        class_name = *(const bool *)value ? f->java_name : class_name;
                        continue;
                }
                Buffer b = BUFFER_INIT(0);
                buffer_printf(&b, "%s=", f->java_name);
                put_value(&b, f, value);
                texts[n++] = buffer_take_text(&b);
        }
        buffer_put_text(out, simple_name(class_name));
        put_list(out, "{", texts, n, true, "}");
}

void message_put_text(Buffer *out, const Message *m)
{
        put_struct(out, message_info(m->type), m);
}

/* ---- golden files ---- */

static void golden_put(Line line, MessageType type, Filling filling, Buffer *out)
{
        CLEANUP_ARENA Arena arena;
        CLEANUP_BUFFER Buffer text = BUFFER_INIT(0), stream = BUFFER_INIT(0);
        arena_init(&arena, LIMIT_MESSAGE_ARENA_BYTES);
        Message m;
        message_fill(&arena, type, filling, &m);
        int r = message_encode(&m, line, &stream);
        if (r == -EOPNOTSUPP)
                return;
        if (r != 0)
                (void)fprintf(stderr, "%s, filling %d, for %s: %d\n", message_type_name(type),
                              filling, line_name(line), r);
        assert(r == 0);
        message_put_text(&text, &m);
        buffer_put_u32(out, (uint32_t)text.size);
        buffer_put(out, text.data, text.size);
        buffer_put_u32(out, (uint32_t)stream.size);
        buffer_put(out, stream.data, stream.size);
}

void golden_build(Line line, Buffer *out)
{
        for (int type = MSG_NONE + 1; type < MSG_TYPE_MAX; type++)
                for (int filling = 0; filling < FILLING_MAX; filling++)
                        golden_put(line, type, filling, out);
}
