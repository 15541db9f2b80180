/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Reads a Java object stream into a tree: bounded in depth, handles, strings, arrays and total
 * memory (base/limits.h), instantiating nothing. Accepts every construct of the grammar that a
 * JVM writes, of classes known and unknown.
 */

#include "wire/jvalue.h"

typedef enum JReadResult {
        JREAD_OK = 0,
        JREAD_E_TRUNCATED = 1, /* the stream ends inside an object */
        JREAD_E_MALFORMED,     /* not in the grammar: bad magic, tag, handle, flags, text ... */
        JREAD_E_LIMIT,         /* a bound of base/limits.h */
        JREAD_E_TRAILING,      /* bytes after the top-level object */
        JREAD_E_ABORTED,       /* the writer failed midway and said so (TC_EXCEPTION) */
} JReadResult;

/* Called for each class descriptor as it is completed. */
typedef void (*JClassSeen)(void *user, const JClass *class);

/* Reads magic, version and exactly one object. 0 with *ret in `arena` (also for a null object), a
 * positive JReadResult, or -ENOMEM. `seen` may be NULL. Bytes are copied: `data` may go away. */
int jread(Arena *arena, const void *data, size_t size, JClassSeen seen, void *user, JValue **ret);

/* A sentence part for a result: "the stream ends inside an object". */
const char *jread_result_text(int result);
