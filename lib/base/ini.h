/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * INI files through inih, with drop-ins: FILE first, then FILE.d/ *.conf in name order.
 */

#include <stdbool.h>

#include "base/macro.h"

/* Called for each entry; all borrowed. A negative result stops. */
typedef int (*IniHandler)(void *user, const char *file, unsigned line, const char *section,
                          const char *key, const char *value);

/* Parses one text (for tests and fuzzing). 0, -EINVAL with *ret_line (syntax), -E2BIG, -ENOMEM, or
 * the handler's result (with *ret_line where it happened). */
int ini_parse_text(const char *file, const char *text, size_t size, IniHandler handler, void *user,
                   unsigned *ret_line);

/* Reads FILE and its drop-ins. On a problem *ret_problem is a sentence "file:line: ..." owned by
 * the caller. A missing FILE is -ENOENT (its drop-ins are read all the same when `optional`). */
int ini_parse_file(const char *file, bool optional, IniHandler handler, void *user,
                   char **ret_problem);
