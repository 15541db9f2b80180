/* SPDX-License-Identifier: Apache-2.0 */
#include "base/strv.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void strv_done(Strv *v)
{
        for (size_t i = 0; i < v->length; i++)
                free(v->items[i]);
        free(v->items);
        *v = (Strv){ 0 };
}

/* Takes ownership of `s`, also on failure; NULL stands for an allocation that failed. */
static int strv_consume(Strv *v, char *s)
{
        if (!s)
                return -ENOMEM;
        char **items = reallocarray(v->items, v->length + 2, sizeof(*items));
        if (!items) {
                free(s);
                return -ENOMEM;
        }
        v->items = items;
        items[v->length++] = s;
        items[v->length] = NULL;
        return 0;
}

int strv_add(Strv *v, const char *s)
{
        return strv_consume(v, strdup(s));
}

int strv_add_n(Strv *v, const char *s, size_t size)
{
        return strv_consume(v, strndup(s, size));
}

int strv_vaddf(Strv *v, const char *format, va_list args)
{
        char *s;
        return strv_consume(v, vasprintf(&s, format, args) < 0 ? NULL : s);
}

int strv_addf(Strv *v, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        int r = strv_vaddf(v, format, args);
        va_end(args);
        return r;
}

int strv_split(Strv *v, const char *s, const char *separators)
{
        for (;;) {
                s += strspn(s, separators);
                size_t size = strcspn(s, separators);
                if (size == 0)
                        return 0;
                int r = strv_add_n(v, s, size);
                if (r < 0)
                        return r;
                s += size;
        }
}

bool strv_contains(const Strv *v, const char *s)
{
        for (size_t i = 0; i < v->length; i++)
                if (strcmp(v->items[i], s) == 0)
                        return true;
        return false;
}

/* The place of "name=..." or v->length. */
static size_t env_find(const Strv *v, const char *name)
{
        size_t size = strlen(name), i;
        for (i = 0; i < v->length; i++)
                if (strncmp(v->items[i], name, size) == 0 && v->items[i][size] == '=')
                        break;
        return i;
}

int strv_env_set(Strv *v, const char *name, const char *value)
{
        size_t i = env_find(v, name);
        if (i == v->length)
                return strv_addf(v, "%s=%s", name, value);
        char *entry;
        if (asprintf(&entry, "%s=%s", name, value) < 0)
                return -ENOMEM;
        free(v->items[i]);
        v->items[i] = entry;
        return 0;
}

const char *strv_env_get(const Strv *v, const char *name)
{
        size_t i = env_find(v, name);
        return i == v->length ? NULL : v->items[i] + strlen(name) + 1;
}

char *strv_join(const Strv *v, const char *separator)
{
        size_t gap = strlen(separator), total = 1;
        for (size_t i = 0; i < v->length; i++)
                total += strlen(v->items[i]) + (i > 0 ? gap : 0);
        char *joined = malloc(total), *p = joined;
        if (!joined)
                return NULL;
        for (size_t i = 0; i < v->length; i++) {
                if (i > 0)
                        p = mempcpy(p, separator, gap);
                p = mempcpy(p, v->items[i], strlen(v->items[i]));
        }
        *p = '\0';
        return joined;
}
