/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/common/display.h"

#include <inttypes.h>

void display_memory(Buffer *out, int64_t mib)
{
        if (mib < 1024)
                buffer_printf(out, "%" PRId64 " MiB", MAX_OF(mib, 0));
        else if (mib < 1024 * 1024)
                buffer_printf(out, "%.1f GiB", (double)mib / 1024);
        else
                buffer_printf(out, "%.1f TiB", (double)mib / (1024 * 1024));
}

void display_duration(Buffer *out, int64_t msec)
{
        const int64_t s = MAX_OF(msec, 0) / 1000;

        if (s < 60)
                buffer_printf(out, "%" PRId64 " s", s);
        else if (s < 3600)
                buffer_printf(out, "%" PRId64 " min %" PRId64 " s", s / 60, s % 60);
        else if (s < 86400)
                buffer_printf(out, "%" PRId64 " h %" PRId64 " min", s / 3600, s / 60 % 60);
        else
                buffer_printf(out, "%" PRId64 " d %" PRId64 " h", s / 86400, s / 3600 % 24);
}
