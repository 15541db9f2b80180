/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/master/internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define ID_WIDTH_MAX 64

/* One conversion behind a '%': its width with a leading 0 or none, and its letter. Returns what
 * comes behind it, or NULL when it is none of ours. */
static const char *parse_conversion(const char *p, bool *ret_zero, int *ret_width, char *ret_letter)
{
        bool zero = *p == '0';
        int width = 0;
        for (; *p >= '0' && *p <= '9'; p++) {
                width = width * 10 + (*p - '0');
                if (width > ID_WIDTH_MAX)
                        return NULL;
        }
        if (*p != 's' && *p != 'd' && *p != '%')
                return NULL;
        *ret_zero = zero;
        *ret_width = width;
        *ret_letter = *p;
        return p + 1;
}

int id_format(const char *pattern, uint64_t wall, uint64_t number, char *buffer, size_t size)
{
        time_t seconds = (time_t)(wall / 1000000);
        struct tm tm;
        char date[32];
        if (!localtime_r(&seconds, &tm) || !strftime(date, sizeof(date), "%Y%m%d%H%M%S", &tm))
                return -EINVAL;

        size_t used = 0;
        unsigned argument = 0; /* 0: the date, 1: the number */
        for (const char *p = pattern; *p;) {
                bool zero = false;
                int width = 0, n = 1;
                char letter = '%';
                size_t room = size - used;
                if (*p != '%') {
                        if (room < 2)
                                return -ENOBUFS;
                        buffer[used] = *p++;
                } else if (!(p = parse_conversion(p + 1, &zero, &width, &letter))) {
                        return -EINVAL;
                } else if (letter == '%') {
                        n = snprintf(buffer + used, room, "%%");
                } else if (argument == 0) {
                        if (letter != 's' || zero)
                                return -EINVAL;
                        n = snprintf(buffer + used, room, "%*s", width, date);
                        argument++;
                } else if (argument == 1) {
                        if (zero && letter != 'd')
                                return -EINVAL;
                        n = snprintf(buffer + used, room, zero ? "%0*" PRIu64 : "%*" PRIu64, width,
                                     number);
                        argument++;
                } else {
                        return -EINVAL;
                }
                if (n < 0 || (size_t)n >= room)
                        return -ENOBUFS;
                used += (size_t)n;
        }
        buffer[used] = '\0';
        /* Spark checks that an id has no white space in it. */
        return used && !strpbrk(buffer, " \t\r\n\f\v/") ? 0 : -EINVAL;
}

bool master_id_pattern_ok(const char *pattern)
{
        char id[LIMIT_ID_BYTES];
        return id_format(pattern, 0, 0, id, sizeof(id)) == 0;
}

const char *pack_string(char **cursor, const char *s)
{
        if (!s)
                return NULL;
        size_t size = strlen(s) + 1;
        char *copy = memcpy(*cursor, s, size);
        *cursor += size;
        return copy;
}

size_t pack_size(const char *s)
{
        return s ? strlen(s) + 1 : 0;
}
