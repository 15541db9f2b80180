/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What an executor or driver is to have, from the message that orders it: the input of the policy
 * in cgroups/limits.h. Pure.
 */

#include "cgroups/limits.h"
#include "wire/deploy.h"

/* Of MSG_LAUNCH_EXECUTOR. Heap and cores are the message's own. Overhead, off-heap and PySpark
 * memory are those of the application's resource profile, if the executor is of that profile: of
 * another one the message has nothing but the number, and the rule for overhead holds. (A master of
 * ours puts the executor's profile into the description.) */
LimitsRequest limits_request_of_executor(const Message *launch);

/* Of MSG_LAUNCH_DRIVER. A driver has no profile; all its Spark settings are among its Java options:
 * overhead is spark.driver.memoryOverhead, else spark.driver.memoryOverheadFactor of the heap (at
 * least the policy's minimum, or spark.driver.minMemoryOverhead); off-heap memory is
 * spark.memory.offHeap.size where that is enabled. What cannot be read is as if it was not there.
 */
LimitsRequest limits_request_of_driver(const LimitsPolicy *policy, const Message *launch);

/* A number with a fraction, "2.5", in thousandths, of which further digits are dropped; no sign and
 * no exponent. 0, -EINVAL, or -ERANGE above `max` thousandths. */
int parse_thousandths(const char *text, uint64_t max, uint64_t *ret);
