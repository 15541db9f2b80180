/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static size_t buffer_limit(const Buffer *b)
{
        return b->limit ? b->limit : SIZE_MAX / 2;
}

void buffer_done(Buffer *b)
{
        free(b->data);
        *b = BUFFER_INIT(b->limit);
}

void buffer_clear(Buffer *b)
{
        b->size = 0;
        b->failed = b->too_big = false;
}

uint8_t *buffer_reserve(Buffer *b, size_t size)
{
        if (b->failed)
                return NULL;
        if (size > buffer_limit(b) - b->size) {
                b->failed = b->too_big = true;
                return NULL;
        }
        if (b->room - b->size < size || !b->data) {
                size_t room = MAX_OF(b->room * 2, MAX_OF(b->size + size, (size_t)64));
                room = MIN_OF(room, MAX_OF(buffer_limit(b), (size_t)64));
                uint8_t *data = realloc(b->data, room);
                if (!data) {
                        b->failed = true;
                        return NULL;
                }
                b->data = data;
                b->room = room;
        }
        return b->data + b->size;
}

void buffer_added(Buffer *b, size_t size)
{
        b->size += size;
}

void buffer_put(Buffer *b, const void *data, size_t size)
{
        uint8_t *p = size > 0 ? buffer_reserve(b, size) : NULL;
        if (!p)
                return;
        memcpy(p, data, size);
        b->size += size;
}

static void store_be(uint8_t *p, uint64_t v, size_t size)
{
        for (size_t i = size; i > 0; i--, v >>= 8)
                p[i - 1] = (uint8_t)v;
}

static void put_be(Buffer *b, uint64_t v, size_t size)
{
        uint8_t *p = buffer_reserve(b, size);
        if (!p)
                return;
        store_be(p, v, size);
        b->size += size;
}

void buffer_put_u8(Buffer *b, uint8_t v)
{
        put_be(b, v, 1);
}

void buffer_put_u16(Buffer *b, uint16_t v)
{
        put_be(b, v, 2);
}

void buffer_put_u32(Buffer *b, uint32_t v)
{
        put_be(b, v, 4);
}

void buffer_put_u64(Buffer *b, uint64_t v)
{
        put_be(b, v, 8);
}

void buffer_put_text(Buffer *b, const char *s)
{
        buffer_put(b, s, strlen(s));
}

void buffer_printf(Buffer *b, const char *format, ...)
{
        va_list args, again;
        va_start(args, format);
        va_copy(again, args);
        int n = vsnprintf(NULL, 0, format, args);
        va_end(args);
        uint8_t *p = n < 0 ? NULL : buffer_reserve(b, (size_t)n + 1);
        if (p) {
                (void)vsnprintf((char *)p, (size_t)n + 1, format, again);
                b->size += (size_t)n;
        }
        va_end(again);
}

void buffer_set_u32(Buffer *b, size_t offset, uint32_t v)
{
        if (!b->failed)
                store_be(b->data + offset, v, 4);
}

void buffer_set_u64(Buffer *b, size_t offset, uint64_t v)
{
        if (!b->failed)
                store_be(b->data + offset, v, 8);
}

void buffer_consume(Buffer *b, size_t size)
{
        b->size -= size;
        if (b->size > 0)
                memmove(b->data, b->data + size, b->size);
}

int buffer_result(const Buffer *b)
{
        if (!b->failed)
                return 0;
        return b->too_big ? -EMSGSIZE : -ENOMEM;
}

char *buffer_take_text(Buffer *b)
{
        buffer_put_u8(b, 0);
        if (b->failed)
                return NULL;
        char *text = (char *)TAKE_PTR(b->data);
        *b = BUFFER_INIT(b->limit);
        return text;
}
