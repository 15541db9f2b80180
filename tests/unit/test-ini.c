/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ini.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "tests/unit/unit.h"

/* "LINE:[section]key=value|" for each entry; stops at the key "stop". */
static int write_entry(void *user, const char *file, unsigned line, const char *section,
                       const char *key, const char *value)
{
        buffer_printf(user, "%u:[%s]%s=%s|", line, section, key, value);
        return strcmp(key, "stop") == 0 ? -ECANCELED : 0;
}

static void assert_entries(const char *text, const char *expected)
{
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        unsigned line = 0;
        int r = ini_read_text("t", text, strlen(text), write_entry, &b, &line);
        ck_assert_int_eq(r, 0);
        CLEANUP_FREE char *got = buffer_take_text(&b);
        ck_assert_str_eq(got, expected);
}

static void assert_error(const char *text, size_t size, int result, unsigned line)
{
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        unsigned at = 0;
        int r = ini_read_text("t", text, size, write_entry, &b, &at);
        ck_assert_msg(r == result, "\"%.*s\": %d", (int)MIN_OF(size, (size_t)80), text, r);
        ck_assert_uint_eq(at, line);
}

static void assert_syntax_error(const char *text, unsigned line)
{
        assert_error(text, strlen(text), -EINVAL, line);
}

START_TEST(entries)
{
        assert_entries("", "");
        assert_entries("k=v", "1:[]k=v|");
        assert_entries("; a\n# b\n[master]\n\nport = 7077 ; why\nhost: x\nempty =\n[spark]\n"
                       "a.b=c;d # e\n",
                       "5:[master]port=7077|6:[master]host=x|7:[master]empty=|"
                       "9:[spark]a.b=c;d # e|");
        assert_entries("\xef\xbb\xbf[a]\r\nk = v\r\n", "2:[a]k=v|");
        assert_entries("\v\xef\xbb\xbf:\n", "1:[]\xef\xbb\xbf=|"); /* no longer a mark */
        assert_entries("[a] ; why\nk=v=w\n", "2:[a]k=v=w|");
}
END_TEST

START_TEST(indented_lines_are_no_continuations)
{
        assert_entries("[a]\nk = v\n  l = w\n", "2:[a]k=v|3:[a]l=w|");
        assert_syntax_error("[a]\nk = v\n  more\n", 3);
}
END_TEST

START_TEST(nothing_is_dropped_in_silence)
{
        assert_syntax_error("[a]\n\nnothing\nk=v\n", 3);
        assert_syntax_error("[a\nk=v\n", 1);
        assert_syntax_error("[a] k=v\n", 1);
        assert_syntax_error("k=v\n = v\n", 2);
        assert_syntax_error("key ; = v\n", 1);
        assert_syntax_error("[sssssssssssssssssssssssssssssssssssssssssssssssssss]\n", 1);
        assert_error("a=1\nb=2\0003\n", 10, -EINVAL, 2);
        assert_error("a=1\nstop=1\nb=1\n", 15, -ECANCELED, 2);
        assert_error("bad\nstop=1\n", 11, -EINVAL, 1); /* the first one counts */
}
END_TEST

START_TEST(long_lines_are_whole_or_refused)
{
        size_t size = LIMIT_CONFIG_LINE_BYTES + 8;
        CLEANUP_FREE char *text = malloc(size);
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        unsigned line = 0;
        memset(text, 'x', size);
        memcpy(text, "[a]\nk=", 6);
        ck_assert_int_eq(
                ini_read_text("t", text, LIMIT_CONFIG_LINE_BYTES + 4, write_entry, &b, &line), 0);
        ck_assert_uint_eq(b.size, strlen("2:[a]k=|") + LIMIT_CONFIG_LINE_BYTES - 2);
        assert_error(text, LIMIT_CONFIG_LINE_BYTES + 5, -E2BIG, 2);
}
END_TEST

static void assert_problem(const char *file, bool optional, int result, const char *rest)
{
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        CLEANUP_FREE char *problem = NULL, *expected = NULL;
        ck_assert_int_ge(asprintf(&expected, "%s%s", file, rest), 0);
        ck_assert_int_eq(ini_read_file(file, optional, write_entry, &b, &problem), result);
        ck_assert_str_eq(problem, expected);
}

START_TEST(drop_ins_come_after_the_file_in_order)
{
        CLEANUP_UNIT_DIR UnitDir d = unit_dir();
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        CLEANUP_FREE char *file = unit_write(&d, "x.conf", "[a]\nk=1\n"), *problem = NULL;
        unit_put(&d, "x.conf.d/20-b.conf", "[a]\nk=3\n");
        unit_put(&d, "x.conf.d/10-a.conf", "\nk=2\n");
        unit_put(&d, "x.conf.d/README", "not me");
        unit_put(&d, "x.conf.d/.x.conf", "nor me");
        ck_assert_int_eq(ini_read_file(file, false, write_entry, &b, &problem), 0);
        ck_assert_ptr_null(problem);
        CLEANUP_FREE char *got = buffer_take_text(&b);
        ck_assert_str_eq(got, "2:[a]k=1|2:[]k=2|2:[a]k=3|");

        ck_assert_int_eq(unlink(file), 0);
        ck_assert_int_eq(ini_read_file(file, true, write_entry, &b, &problem), 0);
        CLEANUP_FREE char *rest = buffer_take_text(&b);
        ck_assert_str_eq(rest, "2:[]k=2|2:[a]k=3|");
        assert_problem(file, false, -ENOENT, ": No such file or directory");
}
END_TEST

START_TEST(problems_name_file_and_line)
{
        CLEANUP_UNIT_DIR UnitDir d = unit_dir();
        CLEANUP_FREE char *file = unit_write(&d, "x.conf", "[a]\noops\n");
        assert_problem(file, false, -EINVAL, ":2: neither [section] nor key = value");
        CLEANUP_FREE char *again = unit_write(&d, "x.conf", "[a]\nstop=1\n");
        assert_problem(again, false, -ECANCELED, ":2: Operation canceled");
        CLEANUP_FREE char *good = unit_write(&d, "x.conf", "[a]\n");
        unit_put(&d, "x.conf.d/a.conf", "oops");
        assert_problem(good, false, -EINVAL, ".d/a.conf:1: neither [section] nor key = value");
        assert_problem(d.path, true, -EISDIR, ": Is a directory");

        size_t size = LIMIT_CONFIG_LINE_BYTES + 2;
        CLEANUP_FREE char *text = calloc(1, size);
        memset(text, '=', size - 1);
        text[0] = 'k';
        CLEANUP_FREE char *longer = unit_write(&d, "long.conf", text);
        assert_problem(longer, false, -E2BIG, ":1: the line is too long");
}
END_TEST

UNIT_MAIN("ini", entries, indented_lines_are_no_continuations, nothing_is_dropped_in_silence,
          long_lines_are_whole_or_refused, drop_ins_come_after_the_file_in_order,
          problems_name_file_and_line)
