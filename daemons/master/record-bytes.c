/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/master/record-bytes.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/cursor.h"

/*
 *   struct:  u8 fields; each: u8 size and name, u32 size and value
 *   value:   u32 or u64 as the kind says; text without an end; a struct; for sequences and maps
 *            u32 items, each a struct, or when that has one field, u8 whether it is there, and if
 *            so u32 size and value
 *   text in EndpointRef and RpcAddress: u32 size, NO_TEXT for NULL
 *
 * A field that is empty (0, false, NULL, None, no items) is left out.
 */

#define NO_TEXT UINT32_MAX

typedef struct Reader {
        Arena *arena;
        Cursor cursor;
        int error; /* sticky: 0, RECORD_E_DAMAGED or -ENOMEM */
} Reader;

/* ---- writing ---- */

static bool text_is_empty(const void *value)
{
        const char *text;
        memcpy(&text, value, sizeof(text));
        return !text;
}

static bool container_is_empty(const void *value)
{
        Container c;
        memcpy(&c, value, sizeof(c));
        return c.length == 0;
}

static bool is_empty(const FieldInfo *f, const void *value)
{
        static const char zeros[sizeof(uint64_t)];
        switch (f->kind) {
        case KIND_INT:
                if (f->option)
                        return !((const OptInt *)value)->set;
                return memcmp(value, zeros, sizeof(int32_t)) == 0;
        case KIND_ENUM:
                return memcmp(value, zeros, sizeof(int32_t)) == 0;
        case KIND_LONG:
        case KIND_DOUBLE:
                return memcmp(value, zeros, sizeof(uint64_t)) == 0;
        case KIND_BOOL:
        case KIND_SUBCLASS:
                return !*(const bool *)value;
        case KIND_STRING:
        case KIND_URI:
        case KIND_EXCEPTION:
                return text_is_empty(value);
        case KIND_SEQ:
        case KIND_MAP:
                return f->option ? !((const OptMap *)value)->set : container_is_empty(value);
        case KIND_STRUCT:
        case KIND_REF:
        case KIND_ADDRESS:
                return false;
        case KIND_THROWABLE:
        default:
                return true;
        }
}

static void put_text(Buffer *out, const char *text)
{
        if (!text) {
                buffer_put_u32(out, NO_TEXT);
                return;
        }
        buffer_put_u32(out, (uint32_t)strlen(text));
        buffer_put_text(out, text);
}

static void put_address(Buffer *out, const RpcAddress *address)
{
        put_text(out, address->host);
        buffer_put_u32(out, (uint32_t)address->port);
}

static void put_field(Buffer *out, const FieldInfo *f, const void *value);

/* A value and, before it, its size. */
static void put_sized(Buffer *out, const FieldInfo *f, const void *value)
{
        size_t at = out->size;
        buffer_put_u32(out, 0);
        put_field(out, f, value);
        if (!out->failed)
                buffer_set_u32(out, at, (uint32_t)(out->size - at - sizeof(uint32_t)));
}

static void put_element(Buffer *out, const StructInfo *element, const char *item)
{
        const FieldInfo *f = &element->fields[0];
        if (element->n_fields != 1) {
                record_put_struct(out, element, item);
                return;
        }
        bool there = !is_empty(f, item + f->offset);
        buffer_put_u8(out, there);
        if (there)
                put_sized(out, f, item + f->offset);
}

static void put_container(Buffer *out, const FieldInfo *f, const char *value)
{
        Container c;
        memcpy(&c, value + (f->option ? offsetof(OptMap, map) : 0), sizeof(c));
        buffer_put_u32(out, (uint32_t)c.length);
        for (size_t i = 0; i < c.length; i++)
                put_element(out, f->sub, (const char *)c.items + i * f->sub->size);
}

static void put_field(Buffer *out, const FieldInfo *f, const void *value)
{
        const char *text = NULL;
        uint32_t u32;
        uint64_t u64;
        switch (f->kind) {
        case KIND_INT:
        case KIND_ENUM:
                memcpy(&u32,
                       f->kind == KIND_INT && f->option ? &((const OptInt *)value)->value : value,
                       sizeof(u32));
                buffer_put_u32(out, u32);
                break;
        case KIND_LONG:
        case KIND_DOUBLE:
                memcpy(&u64, value, sizeof(u64));
                buffer_put_u64(out, u64);
                break;
        case KIND_BOOL:
        case KIND_SUBCLASS:
                buffer_put_u8(out, *(const bool *)value);
                break;
        case KIND_STRING:
        case KIND_URI:
        case KIND_EXCEPTION:
                memcpy(&text, value, sizeof(text));
                buffer_put_text(out, text);
                break;
        case KIND_STRUCT:
                record_put_struct(out, f->sub, value);
                break;
        case KIND_REF:
                put_text(out, ((const EndpointRef *)value)->name);
                put_address(out, &((const EndpointRef *)value)->address);
                break;
        case KIND_ADDRESS:
                put_address(out, value);
                break;
        case KIND_SEQ:
        case KIND_MAP:
                put_container(out, f, value);
                break;
        case KIND_THROWABLE:
                break;
        }
}

void record_put_struct(Buffer *out, const StructInfo *info, const void *value)
{
        size_t at = out->size;
        uint8_t n = 0;
        buffer_put_u8(out, 0);
        for (size_t i = 0; i < info->n_fields; i++) {
                const FieldInfo *f = &info->fields[i];
                const char *member = (const char *)value + f->offset;
                size_t name = strlen(f->java_name);
                if (is_empty(f, member))
                        continue;
                buffer_put_u8(out, (uint8_t)name);
                buffer_put(out, f->java_name, name);
                put_sized(out, f, member);
                n++;
        }
        if (!out->failed)
                out->data[at] = n;
}

/* ---- reading ---- */

static bool damaged(Reader *r)
{
        if (r->error == 0)
                r->error = RECORD_E_DAMAGED;
        return false;
}

static bool no_memory(Reader *r)
{
        r->error = -ENOMEM;
        return false;
}

static bool get_text(Reader *r, size_t size, const char **ret)
{
        const uint8_t *bytes = cursor_bytes(&r->cursor, size);
        if (!bytes || memchr(bytes, '\0', size))
                return damaged(r);
        *ret = arena_strndup(r->arena, (const char *)bytes, size);
        return *ret || no_memory(r);
}

static bool get_optional_text(Reader *r, const char **ret)
{
        uint32_t size = cursor_u32(&r->cursor);
        if (size != NO_TEXT)
                return get_text(r, size, ret);
        *ret = NULL;
        return true;
}

static bool get_address(Reader *r, RpcAddress *ret)
{
        if (!get_optional_text(r, &ret->host))
                return false;
        ret->port = (int32_t)cursor_u32(&r->cursor);
        return true;
}

static bool get_struct(Reader *r, const StructInfo *info, char *ret);
static bool get_field(Reader *r, const FieldInfo *f, void *ret);

/* A value behind its size, and nothing behind it within that. */
static bool get_sized(Reader *r, const FieldInfo *f, void *ret)
{
        uint32_t size = cursor_u32(&r->cursor);
        const uint8_t *bytes = cursor_bytes(&r->cursor, size);
        if (!bytes)
                return damaged(r);
        Cursor outer = r->cursor;
        r->cursor = cursor_over(bytes, size);
        bool good = get_field(r, f, ret) && (cursor_left(&r->cursor) == 0 || damaged(r)) &&
                    (!r->cursor.failed || damaged(r));
        r->cursor = outer;
        return good;
}

static bool get_element(Reader *r, const StructInfo *element, char *item)
{
        const FieldInfo *f = &element->fields[0];
        if (element->n_fields != 1)
                return get_struct(r, element, item);
        uint8_t there = cursor_u8(&r->cursor);
        return there == 0 || get_sized(r, f, item + f->offset);
}

static bool get_container(Reader *r, const FieldInfo *f, char *value)
{
        size_t n = cursor_u32(&r->cursor);
        if (n > cursor_left(&r->cursor)) /* each takes a byte at least */
                return damaged(r);
        Container c = { .items = arena_alloc_array(r->arena, n, f->sub->size), .length = n };
        if (!c.items)
                return no_memory(r);
        for (size_t i = 0; i < n; i++)
                if (!get_element(r, f->sub, (char *)c.items + i * f->sub->size))
                        return false;
        if (n == 0)
                c.items = NULL;
        if (f->option)
                ((OptMap *)(void *)value)->set = true;
        memcpy(value + (f->option ? offsetof(OptMap, map) : 0), &c, sizeof(c));
        return true;
}

static bool get_u32(Reader *r, const FieldInfo *f, void *value)
{
        uint32_t v = cursor_u32(&r->cursor);
        int32_t number = (int32_t)v;
        if (f->kind == KIND_ENUM &&
            (number < (f->option ? -1 : 0) || (f->max && number >= (int32_t)f->max)))
                return damaged(r);
        if (f->kind == KIND_INT && f->option)
                *(OptInt *)value = (OptInt){ true, number };
        else
                memcpy(value, &v, sizeof(v));
        return true;
}

static bool get_field(Reader *r, const FieldInfo *f, void *value)
{
        const char *text;
        uint64_t u64;
        switch (f->kind) {
        case KIND_INT:
        case KIND_ENUM:
                return get_u32(r, f, value);
        case KIND_LONG:
        case KIND_DOUBLE:
                u64 = cursor_u64(&r->cursor);
                memcpy(value, &u64, sizeof(u64));
                return true;
        case KIND_BOOL:
        case KIND_SUBCLASS:
                *(bool *)value = cursor_u8(&r->cursor) != 0;
                return true;
        case KIND_STRING:
        case KIND_URI:
        case KIND_EXCEPTION:
                if (!get_text(r, cursor_left(&r->cursor), &text))
                        return false;
                memcpy(value, &text, sizeof(text));
                return true;
        case KIND_STRUCT:
                return get_struct(r, f->sub, value);
        case KIND_REF:
                return get_optional_text(r, &((EndpointRef *)value)->name) &&
                       get_address(r, &((EndpointRef *)value)->address);
        case KIND_ADDRESS:
                return get_address(r, value);
        case KIND_SEQ:
        case KIND_MAP:
                return get_container(r, f, value);
        case KIND_THROWABLE:
        default:
                return damaged(r);
        }
}

/* Fields mostly come in the table's order: the search begins where the last one ended. */
static const FieldInfo *find_field(const StructInfo *info, const uint8_t *name, size_t size,
                                   size_t *place)
{
        for (size_t i = 0; i < info->n_fields; i++) {
                size_t at = (*place + i) % info->n_fields;
                const char *candidate = info->fields[at].java_name;
                if (strlen(candidate) != size || memcmp(candidate, name, size) != 0)
                        continue;
                *place = at + 1;
                return &info->fields[at];
        }
        return NULL;
}

static bool get_struct(Reader *r, const StructInfo *info, char *ret)
{
        size_t n = cursor_u8(&r->cursor), place = 0;
        memset(ret, 0, info->size);
        for (size_t i = 0; i < n; i++) {
                size_t size = cursor_u8(&r->cursor);
                const uint8_t *name = cursor_bytes(&r->cursor, size);
                const FieldInfo *f = name ? find_field(info, name, size, &place) : NULL;
                if (f ? !get_sized(r, f, ret + f->offset)
                      : !cursor_bytes(&r->cursor, cursor_u32(&r->cursor)))
                        return damaged(r);
        }
        return !r->cursor.failed || damaged(r);
}

int record_get_struct(Arena *arena, const StructInfo *info, const void *data, size_t size,
                      void *ret)
{
        Reader r = { .arena = arena, .cursor = cursor_over(data, size) };
        if (get_struct(&r, info, ret) && cursor_left(&r.cursor) > 0)
                (void)damaged(&r);
        return r.error;
}
