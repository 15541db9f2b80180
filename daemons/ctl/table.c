/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/ctl/table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#define COLUMNS_MAX 16

void table_done(Table *t)
{
        strv_done(&t->cells);
}

/* Bytes of the control character at s, or 0: C0, DEL, and C1 in its UTF-8 form (C2 80..9F). */
static size_t control_length(const unsigned char *s)
{
        if (*s < 0x20 || *s == 0x7f)
                return 1;
        return s[0] == 0xc2 && s[1] >= 0x80 && s[1] <= 0x9f ? 2 : 0;
}

void plain_put(Buffer *out, const char *text)
{
        const unsigned char *s = (const unsigned char *)text;

        while (*s != '\0') {
                const size_t control = control_length(s);

                buffer_put_u8(out, control > 0 ? '?' : *s);
                s += MAX_OF(control, (size_t)1);
        }
}

void table_add(Table *t, const char *text)
{
        CLEANUP_BUFFER Buffer plain = BUFFER_INIT(0);
        CLEANUP_FREE char *clean = NULL;

        if (text)
                plain_put(&plain, text);
        clean = text ? buffer_take_text(&plain) : NULL;
        if (t->failed || !clean || strv_add(&t->cells, clean) < 0)
                t->failed = true;
}

void table_addf(Table *t, const char *format, ...)
{
        CLEANUP_FREE char *text = NULL;
        va_list ap;
        int n;

        va_start(ap, format);
        n = vasprintf(&text, format, ap);
        va_end(ap);
        if (n < 0)
                text = NULL; /* vasprintf() leaves it undefined */
        table_add(t, text);
}

/* Columns a cell takes: characters, not bytes. */
static size_t text_width(const char *text)
{
        size_t width = 0;

        for (; *text != '\0'; text++)
                width += (*text & 0xc0) != 0x80;
        return width;
}

static void put_blanks(Buffer *out, size_t n)
{
        buffer_printf(out, "%*s", (int)n, "");
}

int table_put(const Table *t, Buffer *out)
{
        size_t widths[COLUMNS_MAX] = { 0 };

        if (t->failed)
                return -ENOMEM;
        for (size_t i = 0; i < t->cells.length; i++) {
                size_t *width = &widths[i % t->columns % COLUMNS_MAX];

                *width = MAX_OF(*width, text_width(t->cells.items[i]));
        }
        for (size_t i = 0; i < t->cells.length; i++) {
                const size_t column = i % t->columns;
                const char *text = t->cells.items[i];
                const size_t blanks = widths[column % COLUMNS_MAX] - text_width(text);
                const bool right = (t->right >> column & 1) != 0;
                const bool last = column + 1 == t->columns;

                if (right)
                        put_blanks(out, blanks);
                buffer_put_text(out, text);
                if (!right && !last)
                        put_blanks(out, blanks);
                buffer_put_text(out, last ? "\n" : "  ");
        }
        return 0;
}
