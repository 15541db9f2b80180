/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#define BLOCK_BYTES 4096 /* the usual block; larger requests get one of their own */

struct ArenaBlock {
        ArenaBlock *next;
        size_t used, room;
        alignas(max_align_t) unsigned char bytes[];
};

void arena_init(Arena *a, size_t limit)
{
        *a = (Arena){ .limit = limit };
}

void arena_done(Arena *a)
{
        while (a->blocks) {
                ArenaBlock *next = a->blocks->next;
                free(a->blocks);
                a->blocks = next;
        }
        a->used = 0;
}

/* A block with room for `size`, put first unless the present first one has more room left. */
static ArenaBlock *block_new(Arena *a, size_t size)
{
        size_t room = MAX_OF(size, (size_t)BLOCK_BYTES - sizeof(ArenaBlock));
        ArenaBlock *b = malloc(sizeof(*b) + room);
        if (!b)
                return NULL;
        b->used = 0;
        b->room = room;
        if (a->blocks && a->blocks->room - a->blocks->used > room - size) {
                b->next = a->blocks->next;
                a->blocks->next = b;
        } else {
                b->next = a->blocks;
                a->blocks = b;
        }
        return b;
}

void *arena_alloc(Arena *a, size_t size)
{
        const size_t align = alignof(max_align_t);
        if (size > a->limit - a->used || size > PTRDIFF_MAX - BLOCK_BYTES)
                return NULL;
        size = (MAX_OF(size, (size_t)1) + align - 1) / align * align;
        if (size > a->limit - a->used)
                return NULL;
        ArenaBlock *b = a->blocks;
        if (!b || b->room - b->used < size)
                b = block_new(a, size);
        if (!b)
                return NULL;
        void *p = b->bytes + b->used;
        b->used += size;
        a->used += size;
        return memset(p, 0, size);
}

void *arena_alloc_array(Arena *a, size_t n, size_t size)
{
        size_t total;
        if (__builtin_mul_overflow(n, size, &total))
                return NULL;
        return arena_alloc(a, total);
}

char *arena_strndup(Arena *a, const char *s, size_t size)
{
        if (!s)
                return NULL;
        char *copy = arena_alloc(a, size + 1);
        if (copy)
                memcpy(copy, s, size);
        return copy;
}

char *arena_strdup(Arena *a, const char *s)
{
        return s ? arena_strndup(a, s, strlen(s)) : NULL;
}

char *arena_printf(Arena *a, const char *format, ...)
{
        va_list args, again;
        va_start(args, format);
        va_copy(again, args);
        int n = vsnprintf(NULL, 0, format, args);
        va_end(args);
        char *s = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1);
        if (s)
                (void)vsnprintf(s, (size_t)n + 1, format, again);
        va_end(again);
        return s;
}
