/* SPDX-License-Identifier: Apache-2.0 */
/*
 * java.util.Properties in two steps, as its documentation describes them: natural lines are joined
 * to a logical line whose escapes still stand, then that is cut into key and value, which are
 * unescaped in place (no escape becomes longer).
 */
#include "base/properties.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buffer.h"
#include "base/limits.h"

typedef struct Reader {
        const char *text;
        size_t size, position;
        unsigned line; /* of the natural line at position */
} Reader;

static bool is_blank(char c)
{
        return c == ' ' || c == '\t' || c == '\f';
}

/* The next natural line without its terminator (\n, \r or \r\n); false at the end. */
static bool next_natural_line(Reader *r, const char **ret_line, size_t *ret_size)
{
        if (r->position >= r->size)
                return false;
        const char *start = r->text + r->position;
        size_t left = r->size - r->position, size = 0;
        while (size < left && start[size] != '\n' && start[size] != '\r')
                size++;
        size_t end = size;
        if (end < left)
                end += start[end] == '\r' && end + 1 < left && start[end + 1] == '\n' ? 2 : 1;
        r->position += end;
        r->line++;
        *ret_line = start;
        *ret_size = size;
        return true;
}

/* Joins natural lines to the next logical line in *b. 1, 0 at the end of the text, or -errno. */
static int next_logical_line(Reader *r, Buffer *b, unsigned *ret_line)
{
        const char *s;
        size_t size;
        bool joined = false; /* the line before ended in a backslash */
        buffer_clear(b);
        while (next_natural_line(r, &s, &size)) {
                while (size > 0 && is_blank(*s))
                        s++, size--;
                if (size == 0 && b->size == 0)
                        continue;
                if (!joined && (*s == '#' || *s == '!'))
                        continue;
                if (b->size == 0)
                        *ret_line = r->line;
                size_t slashes = 0;
                while (slashes < size && s[size - 1 - slashes] == '\\')
                        slashes++;
                joined = slashes % 2 == 1;
                buffer_put(b, s, joined ? size - 1 : size);
                if (b->failed)
                        return b->too_big ? -E2BIG : -ENOMEM;
                if (!joined)
                        break;
        }
        if (b->size == 0)
                return 0;
        if (memchr(b->data, 0, b->size))
                return -EINVAL;
        buffer_put_u8(b, 0);
        return !b->failed ? 1 : b->too_big ? -E2BIG : -ENOMEM;
}

static int hex_digit(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        c |= 0x20;
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The UTF-16 unit of "uXXXX" at s, or -EINVAL. */
static int read_unit(const char *s)
{
        int unit = 0;
        if (*s != 'u')
                return -EINVAL;
        for (int i = 1; i <= 4; i++) {
                int digit = hex_digit(s[i]);
                if (digit < 0)
                        return -EINVAL;
                unit = unit << 4 | digit;
        }
        return unit;
}

static char *put_utf8(char *to, uint32_t c)
{
        if (c < 0x80) {
                *to++ = (char)c;
        } else if (c < 0x800) {
                *to++ = (char)(0xc0 | c >> 6);
                *to++ = (char)(0x80 | (c & 0x3f));
        } else if (c < 0x10000) {
                *to++ = (char)(0xe0 | c >> 12);
                *to++ = (char)(0x80 | (c >> 6 & 0x3f));
                *to++ = (char)(0x80 | (c & 0x3f));
        } else {
                *to++ = (char)(0xf0 | c >> 18);
                *to++ = (char)(0x80 | (c >> 12 & 0x3f));
                *to++ = (char)(0x80 | (c >> 6 & 0x3f));
                *to++ = (char)(0x80 | (c & 0x3f));
        }
        return to;
}

/* Unescapes the \u at *from (standing at the 'u'), a surrogate pair at once. */
static int unescape_unicode(const char **from, char **to)
{
        int unit = read_unit(*from);
        if (unit <= 0) /* also \u0000: no value of ours can hold it */
                return -EINVAL;
        *from += 5;
        uint32_t c = (uint32_t)unit;
        if (unit >= 0xd800 && unit <= 0xdfff) {
                int low = unit <= 0xdbff && **from == '\\' ? read_unit(*from + 1) : -1;
                if (low >= 0xdc00 && low <= 0xdfff) {
                        c = 0x10000 + ((c & 0x3ff) << 10) + ((uint32_t)low & 0x3ff);
                        *from += 6;
                } else {
                        c = 0xfffd; /* half a pair has no UTF-8 */
                }
        }
        *to = put_utf8(*to, c);
        return 0;
}

static int unescape(char *s)
{
        const char *from = s;
        char *to = s;
        while (*from) {
                if (*from != '\\') {
                        *to++ = *from++;
                        continue;
                }
                from++;
                switch (*from) {
                case 'u': {
                        int r = unescape_unicode(&from, &to);
                        if (r < 0)
                                return r;
                        break;
                }
                case 't':
                        *to++ = '\t';
                        from++;
                        break;
                case 'n':
                        *to++ = '\n';
                        from++;
                        break;
                case 'r':
                        *to++ = '\r';
                        from++;
                        break;
                case 'f':
                        *to++ = '\f';
                        from++;
                        break;
                case '\0':
                        break;
                default:
                        *to++ = *from++;
                }
        }
        *to = '\0';
        return 0;
}

/* Cuts a logical line after its key: returns the value. */
static char *split_line(char *line)
{
        char *p = line;
        while (*p && *p != '=' && *p != ':' && !is_blank(*p))
                p += *p == '\\' && p[1] ? 2 : 1;
        char *end = p;
        while (is_blank(*p))
                p++;
        if (*p == '=' || *p == ':')
                p++;
        while (is_blank(*p))
                p++;
        *end = '\0';
        return p;
}

int properties_parse(const char *text, size_t size, PropertyHandler handler, void *user,
                     unsigned *ret_line)
{
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(LIMIT_CONFIG_LINE_BYTES);
        Reader reader = { .text = text, .size = size };
        unsigned line = 0;
        int r;
        while ((r = next_logical_line(&reader, &b, &line)) > 0) {
                char *key = (char *)b.data, *value = split_line(key);
                r = unescape(key);
                if (r >= 0)
                        r = unescape(value);
                if (r >= 0)
                        r = handler(user, key, value, line);
                if (r < 0)
                        break;
        }
        if (r < 0 && ret_line)
                *ret_line = line;
        return r;
}
