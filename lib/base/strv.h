/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A NULL-terminated vector of owned strings, as argv and environ are.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"

typedef struct Strv {
        char **items; /* NULL-terminated when not NULL; owned with every string */
        size_t length;
} Strv;

#define CLEANUP_STRV CLEANUP(strv_done)

void strv_done(Strv *v);

/* Appends a copy. 0 or -ENOMEM. */
int strv_add(Strv *v, const char *s);
int strv_addf(Strv *v, const char *format, ...) PRINTF_LIKE(2, 3);
int strv_vaddf(Strv *v, const char *format, va_list args) PRINTF_LIKE(2, 0);
int strv_add_n(Strv *v, const char *s, size_t size);

/* Splits at any of the characters in `separators`; empty pieces are dropped. */
int strv_split(Strv *v, const char *s, const char *separators);

bool strv_contains(const Strv *v, const char *s);

/* As an environment: replaces or adds "name=value". */
int strv_env_set(Strv *v, const char *name, const char *value);
/* The value in "name=value", borrowed, or NULL. */
const char *strv_env_get(const Strv *v, const char *name);

/* Joined by `separator`; owned by the caller; NULL when out of memory. */
char *strv_join(const Strv *v, const char *separator);
