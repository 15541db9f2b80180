/* SPDX-License-Identifier: Apache-2.0 */
#include "base/parse.h"

#include <errno.h>

#include "tests/unit/unit.h"

START_TEST(integers)
{
        static const struct {
                const char *text;
                int result;
                int64_t value;
        } cases[] = {
                { "0", 0, 0 },
                { "-0", 0, 0 },
                { "+7", 0, 7 },
                { "0042", 0, 42 },
                { "-5", 0, -5 },
                { "9223372036854775807", 0, INT64_MAX },
                { "-9223372036854775808", 0, INT64_MIN },
                { "9223372036854775808", -ERANGE, 0 },
                { "-9223372036854775809", -ERANGE, 0 },
                { "", -EINVAL, 0 },
                { " 1", -EINVAL, 0 },
                { "1 ", -EINVAL, 0 },
                { "-", -EINVAL, 0 },
                { "+-1", -EINVAL, 0 },
                { "1.5", -EINVAL, 0 },
                { "0x10", -EINVAL, 0 },
                { "1e3", -EINVAL, 0 },
                { "99999999999999999999x", -EINVAL, 0 },
        };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                int64_t v = 77;
                int r = parse_int64(cases[i].text, INT64_MIN, INT64_MAX, &v);
                ck_assert_msg(r == cases[i].result, "\"%s\": %d", cases[i].text, r);
                ck_assert_int_eq(v, r == 0 ? cases[i].value : 77);
        }
        int v = 77;
        ck_assert_int_eq(parse_int("5", 1, 5, &v), 0);
        ck_assert_int_eq(v, 5);
        ck_assert_int_eq(parse_int("6", 1, 5, &v), -ERANGE);
        ck_assert_int_eq(parse_int("0", 1, 5, &v), -ERANGE);
        ck_assert_int_eq(v, 5);
}
END_TEST

START_TEST(ports)
{
        uint16_t port = 1;
        ck_assert_int_eq(parse_port("7077", &port), 0);
        ck_assert_uint_eq(port, 7077);
        ck_assert_int_eq(parse_port("0", &port), 0);
        ck_assert_uint_eq(port, 0);
        ck_assert_int_eq(parse_port("65535", &port), 0);
        ck_assert_uint_eq(port, 65535);
        ck_assert_int_eq(parse_port("65536", &port), -ERANGE);
        ck_assert_int_eq(parse_port("-1", &port), -ERANGE);
        ck_assert_int_eq(parse_port("http", &port), -EINVAL);
        ck_assert_uint_eq(port, 65535);
}
END_TEST

START_TEST(truth)
{
        static const char *const yes[] = { "true", "yes", "on", "1", "TRUE", "Yes" };
        static const char *const no[] = { "false", "no", "off", "0", "False" };
        static const char *const bad[] = { "", "2", "t", "truee", " true" };
        bool v;
        for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
                v = false;
                ck_assert_int_eq(parse_bool(yes[i], &v), 0);
                ck_assert(v);
        }
        for (size_t i = 0; i < ARRAY_SIZE(no); i++) {
                v = true;
                ck_assert_int_eq(parse_bool(no[i], &v), 0);
                ck_assert(!v);
        }
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                ck_assert_int_eq(parse_bool(bad[i], &v), -EINVAL);
}
END_TEST

typedef struct Quantity {
        const char *text;
        int result;
        uint64_t value;
} Quantity;

START_TEST(memory)
{
        static const Quantity cases[] = {
                { "1024", 0, 1024 },
                { "3b", 0, 3 },
                { "2k", 0, 2048 },
                { "2kb", 0, 2048 },
                { "512m", 0, UINT64_C(512) << 20 },
                { "512MB", 0, UINT64_C(512) << 20 },
                { "4G", 0, UINT64_C(4) << 30 },
                { "1gb", 0, UINT64_C(1) << 30 },
                { "1t", 0, UINT64_C(1) << 40 },
                { "1tb", 0, UINT64_C(1) << 40 },
                { "1p", 0, UINT64_C(1) << 50 },
                { "1pb", 0, UINT64_C(1) << 50 },
                { "16383p", 0, UINT64_C(16383) << 50 },
                { "16384p", -ERANGE, 0 },
                { "99999999999999999999", -ERANGE, 0 },
                { "0", 0, 0 },
                { "", -EINVAL, 0 },
                { "m", -EINVAL, 0 },
                { "-1m", -EINVAL, 0 },
                { "+1m", -EINVAL, 0 },
                { "1.5g", -EINVAL, 0 }, /* Spark refuses fractions as well */
                { "1 g", -EINVAL, 0 },
                { "1gib", -EINVAL, 0 },
        };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                uint64_t v = 77;
                int r = parse_memory(cases[i].text, 1, &v);
                ck_assert_msg(r == cases[i].result, "\"%s\": %d", cases[i].text, r);
                ck_assert_uint_eq(v, r == 0 ? cases[i].value : 77);
        }
        uint64_t v;
        ck_assert_int_eq(parse_memory("512", 1 << 20, &v), 0);
        ck_assert_uint_eq(v, 512 << 20);
        ck_assert_int_eq(parse_memory("512b", 1 << 20, &v), 0);
        ck_assert_uint_eq(v, 512);
}
END_TEST

START_TEST(times)
{
        static const Quantity cases[] = {
                { "7us", 0, 7 },
                { "100ms", 0, 100000 },
                { "10s", 0, 10000000 },
                { "2m", 0, 120000000 },
                { "5min", 0, 300000000 },
                { "1h", 0, UINT64_C(3600000000) },
                { "1D", 0, UINT64_C(86400000000) },
                { "60", 0, 60000000 },
                { "213503983d", -ERANGE, 0 },
                { "5 s", -EINVAL, 0 },
                { "-1s", -EINVAL, 0 },
                { "1w", -EINVAL, 0 },
                { "", -EINVAL, 0 },
        };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                uint64_t v = 77;
                int r = parse_time(cases[i].text, 1000000, &v);
                ck_assert_msg(r == cases[i].result, "\"%s\": %d", cases[i].text, r);
                ck_assert_uint_eq(v, r == 0 ? cases[i].value : 77);
        }
}
END_TEST

START_TEST(fractions)
{
        static const struct {
                const char *text;
                int result;
                uint64_t value;
        } cases[] = {
                { "2.5", 0, 2500 },       { "0.1", 0, 100 },
                { "4", 0, 4000 },         { "0.0009", 0, 0 },
                { "1.2345", 0, 1234 },    { "10", 0, 10000 },
                { "10.001", -ERANGE, 0 }, { "11", -ERANGE, 0 },
                { "", -EINVAL, 0 },       { ".5", -EINVAL, 0 },
                { "5.", -EINVAL, 0 },     { "-1", -EINVAL, 0 },
                { "1e3", -EINVAL, 0 },    { "1.5 ", -EINVAL, 0 },
                { "1,5", -EINVAL, 0 },    { "99999999999999999999999", -ERANGE, 0 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                uint64_t value = 0;

                ck_assert_int_eq(parse_thousandths(cases[i].text, 10000, &value), cases[i].result);
                ck_assert_uint_eq(value, cases[i].value);
        }
}
END_TEST

UNIT_MAIN("parse", integers, ports, truth, memory, times, fractions)
