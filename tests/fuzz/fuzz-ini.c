/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ini.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct Seen {
        unsigned last_line;
        size_t bytes;
} Seen;

static int take(void *user, const char *file, unsigned line, const char *section, const char *key,
                const char *value)
{
        Seen *seen = user;
        /* one entry per line at most, with a key, from a section that was not cut */
        if (line <= seen->last_line || !*key || strlen(section) >= 50)
                abort();
        seen->last_line = line;
        seen->bytes += strlen(key) + strlen(value);
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Seen seen = { 0 };
        unsigned line = 0;
        int r = ini_read_text("fuzz", (const char *)data, size, take, &seen, &line);
        if (r != 0 && r != -EINVAL && r != -E2BIG)
                abort();
        if (r < 0 && line == 0)
                abort();
        if (seen.bytes > size)
                abort();
        return 0;
}
