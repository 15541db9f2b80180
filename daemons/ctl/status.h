/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What `spark-cluster status` shows of a master's /json/: pure, from text to text. Understands the
 * JVM master's answer too, which only lacks the reasons why an application waits.
 */

#include "base/buffer.h"

/* 0; -EINVAL when `json` is no master's status, with *ret_problem (static or in `problem`)
 * saying why; -ENOMEM. */
#define STATUS_PROBLEM_MAX 256
int status_put(Buffer *out, const char *json, size_t size, char problem[static STATUS_PROBLEM_MAX]);
