/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Text in aligned columns for a terminal. What a cell shows comes from a server: control
 * characters are made harmless, so that no application name drives the operator's terminal. A
 * failure sticks: adding goes on doing nothing, table_put() tells.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/strv.h"

typedef struct Table {
        unsigned columns;
        uint32_t right; /* bit i: column i is flush right */
        Strv cells;     /* row by row; the first row is the heading */
        bool failed;    /* memory ran out */
} Table;

/* A valid empty table; table_done() frees the cells. */
#define TABLE_INIT(n, right_mask) ((Table){ .columns = (n), .right = (right_mask) })
#define CLEANUP_TABLE             CLEANUP(table_done)

void table_done(Table *t);

/* Adds the next cell; NULL text (where the caller's memory ran out) is a failure. */
void table_add(Table *t, const char *text);
void table_addf(Table *t, const char *format, ...) PRINTF_LIKE(2, 3);

/* Appends the rows; two spaces between columns, none at the end of a line. 0 or -ENOMEM. */
int table_put(const Table *t, Buffer *out);

/* Appends text with control characters as '?'. */
void plain_put(Buffer *out, const char *text);
