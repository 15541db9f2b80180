/* SPDX-License-Identifier: Apache-2.0 */
#include "base/parse.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <strings.h>

typedef struct Unit {
        const char *suffix;
        uint64_t factor;
} Unit;

int parse_int64(const char *s, int64_t min, int64_t max, int64_t *ret)
{
        /* strtoll() itself would skip blanks and take "+-1" apart in its own way */
        const char *digits = *s == '-' || *s == '+' ? s + 1 : s;
        if (!isdigit((unsigned char)*digits))
                return -EINVAL;
        char *end;
        errno = 0;
        long long v = strtoll(s, &end, 10);
        if (*end != '\0')
                return -EINVAL;
        if (errno == ERANGE || v < min || v > max)
                return -ERANGE;
        *ret = v;
        return 0;
}

int parse_int(const char *s, int min, int max, int *ret)
{
        int64_t v;
        int r = parse_int64(s, min, max, &v);
        if (r < 0)
                return r;
        *ret = (int)v;
        return 0;
}

int parse_port(const char *s, uint16_t *ret)
{
        int64_t v;
        int r = parse_int64(s, 0, UINT16_MAX, &v);
        if (r < 0)
                return r;
        *ret = (uint16_t)v;
        return 0;
}

int parse_bool(const char *s, bool *ret)
{
        static const char *const words[][2] = {
                { "false", "true" },
                { "no", "yes" },
                { "off", "on" },
                { "0", "1" },
        };
        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                for (int value = 0; value < 2; value++)
                        if (strcasecmp(s, words[i][value]) == 0) {
                                *ret = value;
                                return 0;
                        }
        return -EINVAL;
}

/* Digits and a suffix of the table, or no suffix: then `plain` is the unit. */
static int parse_quantity(const char *s, const Unit *units, size_t n_units, uint64_t plain,
                          uint64_t *ret)
{
        if (!isdigit((unsigned char)*s))
                return -EINVAL;
        char *suffix;
        errno = 0;
        unsigned long long number = strtoull(s, &suffix, 10);
        bool overflow = errno == ERANGE;
        uint64_t factor = *suffix == '\0' ? plain : 0;
        for (size_t i = 0; i < n_units && factor == 0; i++)
                if (strcasecmp(suffix, units[i].suffix) == 0)
                        factor = units[i].factor;
        if (factor == 0)
                return -EINVAL;
        uint64_t v;
        if (overflow || __builtin_mul_overflow((uint64_t)number, factor, &v))
                return -ERANGE;
        *ret = v;
        return 0;
}

int parse_memory(const char *s, uint64_t default_unit, uint64_t *ret)
{
        static const Unit units[] = {
                { "b", 1 },
                { "k", UINT64_C(1) << 10 },
                { "kb", UINT64_C(1) << 10 },
                { "m", UINT64_C(1) << 20 },
                { "mb", UINT64_C(1) << 20 },
                { "g", UINT64_C(1) << 30 },
                { "gb", UINT64_C(1) << 30 },
                { "t", UINT64_C(1) << 40 },
                { "tb", UINT64_C(1) << 40 },
                { "p", UINT64_C(1) << 50 },
                { "pb", UINT64_C(1) << 50 },
        };
        return parse_quantity(s, units, ARRAY_SIZE(units), default_unit, ret);
}

int parse_time(const char *s, uint64_t default_unit_usec, uint64_t *ret)
{
        static const Unit units[] = {
                { "us", 1 },
                { "ms", 1000 },
                { "s", 1000000 },
                { "m", UINT64_C(60) * 1000000 },
                { "min", UINT64_C(60) * 1000000 },
                { "h", UINT64_C(3600) * 1000000 },
                { "d", UINT64_C(86400) * 1000000 },
        };
        return parse_quantity(s, units, ARRAY_SIZE(units), default_unit_usec, ret);
}

int parse_thousandths(const char *text, uint64_t max, uint64_t *ret)
{
        uint64_t value = 0, unit = 100;
        const char *p = text;

        if (!isdigit((unsigned char)*p))
                return -EINVAL;
        for (; isdigit((unsigned char)*p); p++) {
                value = value * 10 + (uint64_t)(*p - '0') * 1000;
                if (value > max)
                        return -ERANGE;
        }
        if (*p == '.' && !isdigit((unsigned char)*++p))
                return -EINVAL;
        for (; isdigit((unsigned char)*p); p++) {
                value += (uint64_t)(*p - '0') * unit;
                unit /= 10;
        }
        if (*p)
                return -EINVAL;
        if (value > max)
                return -ERANGE;
        *ret = value;
        return 0;
}
