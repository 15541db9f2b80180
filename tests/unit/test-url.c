/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/url.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/unit.h"

START_TEST(one_master)
{
        CLEANUP_FREE HostPort *m = NULL;
        size_t n;
        const char *problem = NULL;
        ck_assert_int_eq(spark_url_parse("spark://node-1.example:7077", &m, &n, &problem), 0);
        ck_assert_uint_eq(n, 1);
        ck_assert_str_eq(m[0].host, "node-1.example");
        ck_assert_uint_eq(m[0].port, 7077);
        ck_assert_ptr_null(problem);
}
END_TEST

START_TEST(several_masters_and_addresses)
{
        CLEANUP_FREE HostPort *m = NULL;
        size_t n;
        const char *problem;
        ck_assert_int_eq(spark_url_parse("spark://h1:1,10.0.0.2:65535,[::1]:7078,[fe80::1:2]:9", &m,
                                         &n, &problem),
                         0);
        ck_assert_uint_eq(n, 4);
        ck_assert_str_eq(m[0].host, "h1");
        ck_assert_uint_eq(m[0].port, 1);
        ck_assert_str_eq(m[1].host, "10.0.0.2");
        ck_assert_uint_eq(m[1].port, 65535);
        ck_assert_str_eq(m[2].host, "[::1]");
        ck_assert_uint_eq(m[2].port, 7078);
        ck_assert_str_eq(m[3].host, "[fe80::1:2]");
}
END_TEST

static const struct {
        const char *rest, *problem; /* what follows spark://, and a word of the answer */
} bad[] = {
        { "", "empty" },
        { "h:1,", "empty" },
        { ",h:1", "empty" },
        { "h:1,,i:2", "empty" },
        { ":7077", "host is missing" },
        { "h", "port is missing" },
        { "[::1]", "port is missing" },
        { "[::1]7077", "port is missing" },
        { "h:", "65535" },
        { "h:0", "65535" },
        { "h:65536", "65535" },
        { "h:070777", "65535" },
        { "h:+77", "65535" },
        { "h:-1", "65535" },
        { "h:7x", "65535" },
        { "h:18446744073709551617", "65535" },
        { "u@h:1", "user" },
        { "u:p@h:1", "user" },
        { "h:1/", "path" },
        { "h:1/x", "path" },
        { "h:1?x=1", "path" },
        { "h:1#x", "path" },
        { "h:1 ", "blank" },
        { " h:1", "blank" },
        { "h:1, i:2", "blank" },
        { "h:1\n", "blank" },
        { "h\t:1", "blank" },
        { "h\x7f:1", "blank" },
        { "::1:7077", "host is missing" },
        { "fe80::1:7077", "needs brackets" },
        { "[::1:7077", "not closed" },
        { "[]:7077", "IPv6" },
        { "[h]:7077", "IPv6" },
        { "[::1%eth0]:7077", "IPv6" },
        { "[1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17:18:19:20]:7077", "IPv6" },
        { "h*:1", "character" },
        { "h\xc3\xa4:1", "character" },
        { "]:1", "character" },
};

START_TEST(bad_urls_are_refused_with_a_reason)
{
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                char url[128];
                HostPort *m = NULL;
                size_t n = 77;
                const char *problem = NULL;
                (void)snprintf(url, sizeof(url), "spark://%s", bad[i].rest);
                ck_assert_msg(spark_url_parse(url, &m, &n, &problem) == -EINVAL, "%s", url);
                ck_assert_msg(problem && strstr(problem, bad[i].problem), "%s: %s", url, problem);
                ck_assert_ptr_null(m);
                ck_assert_uint_eq(n, 77);
        }
}
END_TEST

START_TEST(other_schemes_are_refused)
{
        const char *const urls[] = { "",      "h:1",       "http://h:1", "Spark://h:1",
                                     "spark", "spark:h:1", "spark:/h:1", " spark://h:1" };
        for (size_t i = 0; i < ARRAY_SIZE(urls); i++) {
                HostPort *m;
                size_t n;
                const char *problem = NULL;
                ck_assert_int_eq(spark_url_parse(urls[i], &m, &n, &problem), -EINVAL);
                ck_assert_ptr_nonnull(strstr(problem, "start"));
        }
}
END_TEST

START_TEST(host_length_is_bounded)
{
        char s[LIMIT_HOST_BYTES + 16];
        HostPort h = { .port = 5 };
        memset(s, 'a', sizeof(s));
        memcpy(s + LIMIT_HOST_BYTES, ":7077", 6);
        ck_assert_int_eq(host_port_parse(s, &h), 0);
        ck_assert_uint_eq(strlen(h.host), LIMIT_HOST_BYTES);
        memcpy(s + LIMIT_HOST_BYTES, "a:1", 4);
        ck_assert_int_eq(host_port_parse(s, &h), -EINVAL);
        ck_assert_uint_eq(h.port, 7077); /* untouched */
}
END_TEST

START_TEST(number_of_masters_is_bounded)
{
        char url[1024] = "spark://h:1";
        HostPort *m = NULL;
        size_t n;
        const char *problem;
        for (size_t i = 1; i < LIMIT_MASTERS; i++)
                strncat(url, ",h:1", sizeof(url) - strlen(url) - 1);
        ck_assert_int_eq(spark_url_parse(url, &m, &n, &problem), 0);
        ck_assert_uint_eq(n, LIMIT_MASTERS);
        free(m);
        strncat(url, ",h:1", sizeof(url) - strlen(url) - 1);
        ck_assert_int_eq(spark_url_parse(url, &m, &n, &problem), -E2BIG);
}
END_TEST

START_TEST(one_address_alone)
{
        HostPort h;
        ck_assert_int_eq(host_port_parse("localhost:7077", &h), 0);
        ck_assert_str_eq(h.host, "localhost");
        ck_assert_int_eq(host_port_parse("[::1]:7077", &h), 0);
        ck_assert_str_eq(h.host, "[::1]");
        ck_assert_int_eq(host_port_parse("a:1,b:2", &h), -EINVAL);
        ck_assert_int_eq(host_port_parse("", &h), -EINVAL);
        ck_assert_int_eq(host_port_parse("spark://h:1", &h), -EINVAL);
}
END_TEST

UNIT_MAIN("url", one_master, several_masters_and_addresses, bad_urls_are_refused_with_a_reason,
          other_schemes_are_refused, host_length_is_bounded, number_of_masters_is_bounded,
          one_address_alone)
