/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * INI files through inih, with drop-ins: FILE first, then FILE.d/ *.conf in name order.
 *
 * "[section]", "key = value" or "key: value"; a line that starts with ';' or '#' is a comment, and
 * so is the rest of a line after a blank and ';'. Leading blanks mean nothing: there are no
 * continuation lines. What inih would cut or drop without a word is an error here: a line over
 * LIMIT_CONFIG_LINE_BYTES, a section name of 50 bytes or more, text after "]", an empty key, NUL.
 */

#include <stdbool.h>

#include "base/macro.h"

/* Called for each entry; all borrowed. A negative result stops. */
typedef int (*IniHandler)(void *user, const char *file, unsigned line, const char *section,
                          const char *key, const char *value);

/* Parses one text (for tests and fuzzing). 0, -EINVAL with *ret_line (syntax), -E2BIG, -ENOMEM, or
 * the handler's result (with *ret_line where it happened). The first bad line is the one reported,
 * though entries after a line without "=" may have been handed out. */
int ini_read_text(const char *file, const char *text, size_t size, IniHandler handler, void *user,
                  unsigned *ret_line);

/* Reads FILE and its drop-ins. On a problem *ret_problem is a sentence "file:line: ..." owned by
 * the caller (NULL when out of memory). A missing FILE is -ENOENT unless `optional`; then its
 * drop-ins are read all the same. */
int ini_read_file(const char *file, bool optional, IniHandler handler, void *user,
                  char **ret_problem);
