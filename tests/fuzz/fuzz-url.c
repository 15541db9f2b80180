/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/url.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buffer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
        if (!condition)
                abort();
}

/* The addresses of an accepted URL make an equal URL. */
static void check_masters(const HostPort *masters, size_t n)
{
        CLEANUP_BUFFER Buffer out = BUFFER_INIT(0);
        check(n > 0 && n <= LIMIT_MASTERS);
        for (size_t i = 0; i < n; i++) {
                check(masters[i].host[0] && masters[i].port > 0);
                buffer_printf(&out, "%s%s:%u", i == 0 ? "spark://" : ",", masters[i].host,
                              masters[i].port);
        }
        CLEANUP_FREE char *url = buffer_take_text(&out);
        CLEANUP_FREE HostPort *again = NULL;
        size_t n_again = 0;
        const char *problem;
        check(url && spark_url_parse(url, &again, &n_again, &problem) == 0 && n_again == n);
        for (size_t i = 0; i < n; i++)
                check(strcmp(again[i].host, masters[i].host) == 0 &&
                      again[i].port == masters[i].port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEANUP_FREE char *url = malloc(size + 1);
        CLEANUP_FREE HostPort *masters = NULL;
        size_t n = 0;
        const char *problem = NULL;
        check(url);
        memcpy(url, data, size);
        url[size] = 0;
        int r = spark_url_parse(url, &masters, &n, &problem);
        check(r == 0 || r == -EINVAL || r == -E2BIG);
        check((r == -EINVAL) == (problem != NULL));
        if (r == 0)
                check_masters(masters, n);
        HostPort one;
        if (host_port_parse(url, &one) == 0)
                check_masters(&one, 1);
        return 0;
}
