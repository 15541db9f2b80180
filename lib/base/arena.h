/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * An arena: memory that is given out piece by piece and freed all at once, with a hard upper
 * bound. A decoded message lives in one, so a peer cannot make us hold more than the bound and no
 * path can leak a part of it.
 */

#include <stdarg.h>
#include <stdint.h>

#include "base/macro.h"

typedef struct ArenaBlock ArenaBlock;

typedef struct Arena {
        ArenaBlock *blocks;
        size_t used;  /* bytes given out, rounded */
        size_t limit; /* arena_alloc() fails beyond it */
} Arena;

/* An arena that gives out at most `limit` bytes. Allocates nothing yet. */
void arena_init(Arena *a, size_t limit);

/* Frees everything; the arena can be used again with the same limit. NULL blocks are fine. */
void arena_done(Arena *a);

/* Zeroed memory aligned for any type, or NULL when the limit or the system's memory is reached.
 * Owned by the arena. A size of 0 yields a valid pointer. */
void *arena_alloc(Arena *a, size_t size) WARN_UNUSED;

/* As arena_alloc() for `n` items; NULL also when n * size overflows. */
void *arena_alloc_array(Arena *a, size_t n, size_t size) WARN_UNUSED;

/* Copies; NULL input gives NULL output (and is no error), so test the input where that matters. */
char *arena_strdup(Arena *a, const char *s) WARN_UNUSED;
char *arena_strndup(Arena *a, const char *s, size_t size) WARN_UNUSED;
char *arena_printf(Arena *a, const char *format, ...) PRINTF_LIKE(2, 3) WARN_UNUSED;

#define arena_new(a, type)          ((type *)arena_alloc((a), sizeof(type)))
#define arena_new_array(a, n, type) ((type *)arena_alloc_array((a), (n), sizeof(type)))
#define CLEANUP_ARENA               CLEANUP(arena_done)
