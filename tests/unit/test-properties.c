/* SPDX-License-Identifier: Apache-2.0 */
#include "base/properties.h"

#include <errno.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "tests/unit/unit.h"

/* "LINE:key=value|" for each entry; stops at the key "stop". */
static int write_entry(void *user, const char *key, const char *value, unsigned line)
{
        buffer_printf(user, "%u:%s=%s|", line, key, value);
        return strcmp(key, "stop") == 0 ? -ECANCELED : 0;
}

static void assert_entries_n(const char *text, size_t size, const char *expected)
{
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        ck_assert_int_eq(properties_parse(text, size, write_entry, &b, NULL), 0);
        CLEANUP_FREE char *got = buffer_take_text(&b);
        ck_assert_str_eq(got, expected);
}

static void assert_entries(const char *text, const char *expected)
{
        assert_entries_n(text, strlen(text), expected);
}

static void assert_error(const char *text, size_t size, int result, unsigned line)
{
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        unsigned at = 0;
        ck_assert_int_eq(properties_parse(text, size, write_entry, &b, &at), result);
        ck_assert_uint_eq(at, line);
}

START_TEST(separators)
{
        assert_entries("a=b", "1:a=b|");
        assert_entries("a:b\n", "1:a=b|");
        assert_entries("a b", "1:a=b|");
        assert_entries("  a \t\f =  b  \n", "1:a=b  |");
        assert_entries("a = = b", "1:a== b|");
        assert_entries("a b=c", "1:a=b=c|");
        assert_entries("a", "1:a=|");
        assert_entries("=b", "1:=b|");
        assert_entries("", "");
}
END_TEST

START_TEST(comments_and_line_ends)
{
        assert_entries("# x=1\n ! y=2\n\n \t\na=1\r\nb=2\rc=3#4\n", "5:a=1|6:b=2|7:c=3#4|");
        /* a comment is not continued */
        assert_entries("# x \\\na=1\n", "2:a=1|");
}
END_TEST

START_TEST(continuations)
{
        assert_entries("a=1,\\\n   2,\\\r\n\t3\nb=4\n", "1:a=1,2,3|4:b=4|");
        assert_entries("a=1\\\\\nb=2\n", "1:a=1\\|2:b=2|");
        assert_entries("a=1\\\\\\\n#2\n", "1:a=1\\#2|"); /* no comment inside a line */
        assert_entries("a=1\\", "1:a=1|");
        assert_entries("a=1\\\n\nb=2", "1:a=1|3:b=2|");
        assert_entries("\\\na=1\n", "2:a=1|");
        assert_entries("\\\n#a=1\n", "2:#a=1|");
}
END_TEST

START_TEST(escapes)
{
        assert_entries("a\\ b\\:c\\=d=x\\ty\\nz\\q\\r\\f\\\\", "1:a b:c=d=x\ty\nzq\r\f\\|");
        assert_entries("k=\\u0041\\u00e9\\u20AC", "1:k=A\xc3\xa9\xe2\x82\xac|");
        assert_entries("k=\\ud83d\\ude00", "1:k=\xf0\x9f\x98\x80|");
        assert_entries("k=\\ud83dx", "1:k=\xef\xbf\xbdx|");
        assert_entries("k=\\ude00\\ud83d", "1:k=\xef\xbf\xbd\xef\xbf\xbd|");
        assert_entries("k=\\ud83d\\u0041", "1:k=\xef\xbf\xbd"
                                           "A|");
        assert_entries("k=\xc3\xa9", "1:k=\xc3\xa9|"); /* the file is UTF-8 */
}
END_TEST

START_TEST(errors_name_the_line)
{
        static const char nul[] = "a=1\nb=2\0\n";
        assert_error("a=1\nb=\\u12\n", 11, -EINVAL, 2);
        assert_error("a=\\u00g0", 8, -EINVAL, 1);
        assert_error("a=\\u", 4, -EINVAL, 1);
        assert_error("\n\na=\\\n\\u0000", 12, -EINVAL, 3);
        assert_error("\\u0000=1", 8, -EINVAL, 1);
        assert_error(nul, sizeof(nul) - 1, -EINVAL, 2);
        assert_error("a=1\nstop\nb=1", 12, -ECANCELED, 2);
}
END_TEST

START_TEST(long_lines)
{
        size_t size = LIMIT_CONFIG_LINE_BYTES + 100;
        CLEANUP_FREE char *text = malloc(size);
        memset(text, 'x', size);
        memcpy(text, "a=1\nk=", 6);
        assert_error(text, size, -E2BIG, 2);
        /* the limit holds for what is joined, too */
        for (size_t i = 1000; i + 1 < size; i += 1000)
                memcpy(text + i, "\\\n", 2);
        assert_error(text, size, 0, 0);
        CLEANUP_FREE char *twice = malloc(2 * size);
        memset(twice, 'x', 2 * size);
        for (size_t i = 1000; i + 1 < 2 * size; i += 1000)
                memcpy(twice + i, "\\\n", 2);
        assert_error(twice, 2 * size, -E2BIG, 1);
}
END_TEST

UNIT_MAIN("properties", separators, comments_and_line_ends, continuations, escapes,
          errors_name_the_line, long_lines)
