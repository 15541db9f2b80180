/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Java properties files, as java.util.Properties.load() reads them: '=', ':' or blanks between key
 * and value, '#' and '!' comments, backslash escapes and continuation lines. spark-defaults.conf
 * is one.
 */

#include "base/macro.h"

/* Called for each entry in file order; key and value are borrowed and are UTF-8; line counts from
 * 1 (where the entry starts). A negative result stops the parse and is passed on. */
typedef int (*PropertyHandler)(void *user, const char *key, const char *value, unsigned line);

/* Parses a whole file's text. 0, -EINVAL with *ret_line set (a malformed \u escape, a NUL byte),
 * -E2BIG for a line over LIMIT_CONFIG_LINE_BYTES, -ENOMEM, or the handler's result. */
int properties_parse(const char *text, size_t size, PropertyHandler handler, void *user,
                     unsigned *ret_line);
