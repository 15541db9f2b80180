/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Quantities as people read them, the same in the web pages, the status line and spark-cluster.
 */

#include <stdint.h>

#include "base/buffer.h"

/* "512 MiB", "1.5 GiB", "2.0 TiB". Negative counts as 0. */
void display_memory(Buffer *out, int64_t mib);

/* "4 s", "3 min 20 s", "2 h 5 min", "8 d 3 h". Negative counts as 0. */
void display_duration(Buffer *out, int64_t msec);
