/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * spark:// URLs: "spark://host:port", and for several masters "spark://h1:p1,h2:p2".
 */

#include <stdint.h>

#include "base/limits.h"
#include "base/macro.h"

typedef struct HostPort {
        char host[LIMIT_HOST_BYTES + 1]; /* IPv6 literals keep their brackets, as Spark's do */
        uint16_t port;
} HostPort;

/* Parses a list of masters; the caller frees *ret. 0, -EINVAL with *ret_problem (a static
 * sentence part), -E2BIG beyond LIMIT_MASTERS, or -ENOMEM. */
int spark_url_parse(const char *url, HostPort **ret, size_t *ret_n, const char **ret_problem);

/* "host:port" with the port required; IPv6 in brackets. 0 or -EINVAL. */
int host_port_parse(const char *s, HostPort *ret);
