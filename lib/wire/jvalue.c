/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/jvalue.h"

#include <string.h>

#define REPLACEMENT 0xfffdu /* U+FFFD */

static bool is_continuation(uint8_t byte)
{
        return (byte & 0xc0) == 0x80;
}

/* The UTF-16 unit that modified UTF-8 has at p: how many bytes it takes, 0 if there is none. Java's
 * own encoder is the measure: no zero byte, no form longer than needed but for U+0000. */
static size_t next_unit(const uint8_t *p, size_t left, uint32_t *ret)
{
        if (p[0] >= 0x01 && p[0] <= 0x7f) {
                *ret = p[0];
                return 1;
        }
        if ((p[0] & 0xe0) == 0xc0 && left >= 2 && is_continuation(p[1])) {
                *ret = (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
                return *ret == 0 || *ret >= 0x80 ? 2 : 0;
        }
        if ((p[0] & 0xf0) == 0xe0 && left >= 3 && is_continuation(p[1]) && is_continuation(p[2])) {
                *ret = (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
                return *ret >= 0x800 ? 3 : 0;
        }
        return 0;
}

/* True for text that is the same in ASCII, UTF-8 and modified UTF-8: bytes 1 to 127. Nearly all is,
 * so it is worth a look at eight bytes at a time. */
static bool is_plain(const void *text, size_t size)
{
        const uint8_t *p = text;
        for (; size >= sizeof(uint64_t); p += sizeof(uint64_t), size -= sizeof(uint64_t)) {
                uint64_t w;
                memcpy(&w, p, sizeof(w));
                /* The high bit of a byte of (w - 0x01..) | w is set for 0 and for 128 and above. */
                if (((w - UINT64_C(0x0101010101010101)) | w) & UINT64_C(0x8080808080808080))
                        return false;
        }
        for (; size > 0; p++, size--)
                if (*p == 0 || *p > 0x7f)
                        return false;
        return true;
}

bool jvalue_text_valid(const void *bytes, size_t size)
{
        const uint8_t *p = bytes;
        if (is_plain(p, size))
                return true;
        while (size > 0) {
                uint32_t unit;
                size_t n = next_unit(p, size, &unit);
                if (n == 0)
                        return false;
                p += n;
                size -= n;
        }
        return true;
}

/* The code point at p: two units when they are a surrogate pair. What cannot stand in a C string of
 * UTF-8 becomes U+FFFD. Always moves on by at least one byte. */
static size_t next_point(const uint8_t *p, size_t left, uint32_t *ret)
{
        uint32_t unit, low;
        size_t n = next_unit(p, left, &unit), m;
        if (n == 0 || unit == 0 || (unit >= 0xdc00 && unit <= 0xdfff)) {
                *ret = REPLACEMENT;
                return n ? n : 1;
        }
        if (unit < 0xd800 || unit > 0xdbff) {
                *ret = unit;
                return n;
        }
        m = left > n ? next_unit(p + n, left - n, &low) : 0;
        if (m == 0 || low < 0xdc00 || low > 0xdfff) {
                *ret = REPLACEMENT;
                return n;
        }
        *ret = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
        return n + m;
}

/* Writes one code point (or UTF-16 unit) in the UTF-8 scheme; `out` NULL only measures. */
static size_t put_utf8(char *out, uint32_t c)
{
        uint8_t bytes[4];
        size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        static const uint8_t lead[] = { 0, 0x00, 0xc0, 0xe0, 0xf0 };
        for (size_t i = n - 1; i > 0; i--, c >>= 6)
                bytes[i] = (uint8_t)(0x80 | (c & 0x3f));
        bytes[0] = (uint8_t)(lead[n] | c);
        if (out)
                memcpy(out, bytes, n);
        return n;
}

static size_t to_utf8(const uint8_t *p, size_t size, char *out)
{
        size_t total = 0;
        for (size_t n; size > 0; p += n, size -= n) {
                uint32_t point;
                n = next_point(p, size, &point);
                total += put_utf8(out ? out + total : NULL, point);
        }
        return total;
}

const char *jvalue_text(Arena *a, const JValue *v)
{
        if (!v || v->kind != J_STRING)
                return NULL;
        const uint8_t *bytes = (const uint8_t *)v->string.bytes;
        if (is_plain(bytes, v->string.size))
                return arena_strndup(a, v->string.bytes, v->string.size);
        char *text = arena_alloc(a, to_utf8(bytes, v->string.size, NULL) + 1);
        if (text)
                to_utf8(bytes, v->string.size, text);
        return text;
}

/* The code point that strict UTF-8 has at p: how many bytes it takes, 0 if it is not valid. The
 * text ends with a zero byte, which is no continuation, so nothing beyond it is looked at. */
static size_t next_utf8(const uint8_t *p, uint32_t *ret)
{
        static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
        if (p[0] < 0x80) {
                *ret = p[0];
                return 1;
        }
        size_t n = p[0] >= 0xf8 ? 0 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc0 ? 2 : 0;
        if (n == 0)
                return 0;
        uint32_t c = p[0] & (0x7fu >> n);
        for (size_t i = 1; i < n; i++) {
                if (!is_continuation(p[i]))
                        return 0;
                c = c << 6 | (p[i] & 0x3fu);
        }
        *ret = c;
        return c >= least[n] && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff) ? n : 0;
}

size_t jvalue_text_encode(const char *s, char *ret)
{
        size_t total = 0, size = strlen(s);
        if (is_plain(s, size)) {
                if (ret)
                        memcpy(ret, s, size);
                return size;
        }
        for (const uint8_t *p = (const uint8_t *)s; *p;) {
                uint32_t c;
                size_t n = next_utf8(p, &c);
                if (n == 0)
                        return SIZE_MAX;
                p += n;
                if (c >= 0x10000) {
                        c -= 0x10000;
                        total += put_utf8(ret ? ret + total : NULL, 0xd800 | c >> 10);
                        c = 0xdc00 | (c & 0x3ff);
                }
                total += put_utf8(ret ? ret + total : NULL, c);
        }
        return total;
}

JValue *jvalue_from_text(Arena *a, const char *s)
{
        size_t size = jvalue_text_encode(s, NULL);
        if (size == SIZE_MAX)
                return NULL;
        JValue *v = arena_new(a, JValue);
        char *bytes = arena_alloc(a, size + 1);
        if (!v || !bytes)
                return NULL;
        jvalue_text_encode(s, bytes);
        v->kind = J_STRING;
        v->string.bytes = bytes;
        v->string.size = size;
        return v;
}

const JSlot *jvalue_field(const JValue *v, const char *name, char *ret_type)
{
        if (!v || v->kind != J_OBJECT)
                return NULL;
        for (size_t i = v->object.n_data; i > 0; i--) {
                const JData *d = &v->object.data[i - 1];
                for (size_t f = 0; f < d->class->n_fields; f++) {
                        if (strcmp(d->class->fields[f].name, name) != 0)
                                continue;
                        *ret_type = d->class->fields[f].type;
                        return &d->slots[f];
                }
        }
        return NULL;
}

const JData *jvalue_data(const JValue *v, const char *class_name)
{
        if (!v || v->kind != J_OBJECT)
                return NULL;
        for (size_t i = 0; i < v->object.n_data; i++)
                if (strcmp(v->object.data[i].class->name, class_name) == 0)
                        return &v->object.data[i];
        return NULL;
}

const char *jvalue_class_name(const JValue *v)
{
        if (!v)
                return "";
        switch (v->kind) {
        case J_OBJECT:
                return v->object.class->name;
        case J_ARRAY:
                return v->array.class->name;
        case J_ENUM:
                return v->enumeration.class->name;
        default:
                return "";
        }
}
