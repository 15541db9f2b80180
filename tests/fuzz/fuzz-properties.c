/* SPDX-License-Identifier: Apache-2.0 */
#include "base/properties.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct Seen {
        unsigned last_line;
        size_t bytes;
} Seen;

static int take(void *user, const char *key, const char *value, unsigned line)
{
        Seen *seen = user;
        if (line <= seen->last_line)
                abort();
        seen->last_line = line;
        seen->bytes += strlen(key) + strlen(value);
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Seen seen = { 0 };
        unsigned line = 0;
        int r = properties_parse((const char *)data, size, take, &seen, &line);
        if (r != 0 && r != -EINVAL && r != -E2BIG)
                abort();
        if (r < 0 && line <= seen.last_line)
                abort();
        /* no escape is longer than what it stands for: \ud800 becomes three bytes */
        if (seen.bytes > size)
                abort();
        return 0;
}
