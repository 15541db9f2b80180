/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Structs as bytes that outlive the program, by the tables that also describe them to the wire
 * (wire/message-tables.h). A field travels with its name and its size, so that a later version may
 * add, move and drop fields: what is not known is passed over, what is missing is empty.
 */

#include "base/arena.h"
#include "base/buffer.h"
#include "wire/message-tables.h"

#define RECORD_E_DAMAGED 1 /* not what was once written */

/* Appends; a failure is in buffer_result(). KIND_THROWABLE is not supported. */
void record_put_struct(Buffer *out, const StructInfo *info, const void *value);

/* All of `data` must be one struct. Strings and items are copied into `arena`. 0, RECORD_E_DAMAGED
 * or -ENOMEM, after which *ret is not to be used. */
int record_get_struct(Arena *arena, const StructInfo *info, const void *data, size_t size,
                      void *ret);
