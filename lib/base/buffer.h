/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A growing byte buffer with a hard maximum and a sticky error: appends after a failure do
 * nothing, and one check at the end tells. Integers are written big-endian.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/macro.h"

typedef struct Buffer {
        uint8_t *data; /* owned */
        size_t size;   /* bytes in use */
        size_t room;   /* bytes allocated */
        size_t limit;  /* size never exceeds it; 0 means SIZE_MAX / 2 */
        bool failed;   /* the limit or memory ran out ... */
        bool too_big;  /* ... and it was the limit */
} Buffer;

/* BUFFER_INIT(limit) makes a valid empty buffer; buffer_done() frees it and makes it empty again.
 */
#define BUFFER_INIT(max) ((Buffer){ .limit = (max) })
#define CLEANUP_BUFFER   CLEANUP(buffer_done)

void buffer_done(Buffer *b);
void buffer_clear(Buffer *b); /* empties, keeps the memory, forgets a failure */

void buffer_put(Buffer *b, const void *data, size_t size);
void buffer_put_u8(Buffer *b, uint8_t v);
void buffer_put_u16(Buffer *b, uint16_t v);
void buffer_put_u32(Buffer *b, uint32_t v);
void buffer_put_u64(Buffer *b, uint64_t v);
void buffer_put_text(Buffer *b, const char *s);
void buffer_printf(Buffer *b, const char *format, ...) PRINTF_LIKE(2, 3);

/* Overwrites 4 or 8 bytes at an offset that was already written (a length known only later). */
void buffer_set_u32(Buffer *b, size_t offset, uint32_t v);
void buffer_set_u64(Buffer *b, size_t offset, uint64_t v);

/* Drops `size` bytes from the front. */
void buffer_consume(Buffer *b, size_t size);

/* Room for at least `size` more bytes at the end: NULL on failure. After writing n bytes there,
 * add them with buffer_added(). For reads from a socket. */
uint8_t *buffer_reserve(Buffer *b, size_t size);
void buffer_added(Buffer *b, size_t size);

/* 0 or -ENOMEM / -EMSGSIZE according to why the buffer failed. */
int buffer_result(const Buffer *b);

/* The content as a NUL-terminated string owned by the caller, or NULL; the buffer becomes empty. */
char *buffer_take_text(Buffer *b);
