/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cursor.h"

const uint8_t *cursor_bytes(Cursor *c, size_t size)
{
        if (c->failed || size > c->size - c->position) {
                c->failed = true;
                return NULL;
        }
        const uint8_t *p = c->data + c->position;
        c->position += size;
        return p;
}

static uint64_t cursor_unsigned(Cursor *c, size_t size)
{
        const uint8_t *p = cursor_bytes(c, size);
        uint64_t v = 0;
        for (size_t i = 0; p && i < size; i++)
                v = v << 8 | p[i];
        return v;
}

uint8_t cursor_u8(Cursor *c)
{
        return (uint8_t)cursor_unsigned(c, 1);
}

uint16_t cursor_u16(Cursor *c)
{
        return (uint16_t)cursor_unsigned(c, 2);
}

uint32_t cursor_u32(Cursor *c)
{
        return (uint32_t)cursor_unsigned(c, 4);
}

uint64_t cursor_u64(Cursor *c)
{
        return cursor_unsigned(c, 8);
}
