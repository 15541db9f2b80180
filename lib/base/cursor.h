/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A bounded reader over borrowed bytes, big-endian as Java's DataInput. The error is sticky: after
 * the first overrun every read returns zero and moves nothing, so that a decoder reads straight
 * through and checks once.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"

typedef struct Cursor {
        const uint8_t *data;
        size_t size;
        size_t position;
        bool failed;
} Cursor;

static inline Cursor cursor_over(const void *data, size_t size)
{
        /* never NULL, so that NULL from cursor_bytes() always means failure */
        return (Cursor){ .data = data ? data : (const void *)"", .size = size };
}

static inline size_t cursor_left(const Cursor *c)
{
        return c->failed ? 0 : c->size - c->position;
}

uint8_t cursor_u8(Cursor *c);
uint16_t cursor_u16(Cursor *c);
uint32_t cursor_u32(Cursor *c);
uint64_t cursor_u64(Cursor *c);

/* The next `size` bytes, borrowed from what the cursor stands over, or NULL (and failed). */
const uint8_t *cursor_bytes(Cursor *c, size_t size);
