/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What an executor or a driver asks to have, out of what Spark says of it: the input of the policy
 * in cgroups/limits.h. The master places by it and the worker sets limits by it, so both must read
 * it alike. Pure.
 */

#include "cgroups/limits.h"
#include "wire/deploy.h"

/* Of an executor: its heap (MiB) and cores, and by its profile overhead, off-heap and PySpark
 * memory. `profile` NULL: nothing is known of those, and the rule for overhead holds. */
LimitsRequest limits_request_of_executor(const ResourceProfile *profile, int32_t heap_mb,
                                         int32_t cores);

/* Of MSG_LAUNCH_EXECUTOR, which has the application's default profile only; of an executor of
 * another profile it has nothing but the number. (A master of ours puts the executor's own profile
 * there.) */
LimitsRequest limits_request_of_launch(const Message *launch);

/* Of a driver in cluster mode. It has no profile; all its Spark settings are among its Java
 * options: overhead is spark.driver.memoryOverhead, else spark.driver.memoryOverheadFactor of the
 * heap (at least the policy's minimum, or spark.driver.minMemoryOverhead); off-heap memory is
 * spark.memory.offHeap.size where that is enabled. What cannot be read is as if it was not there.
 */
LimitsRequest limits_request_of_driver(const LimitsPolicy *policy, const DriverDescription *desc);

/* What a profile has of a resource by name ("memoryOverhead"), or NULL. */
const ExecutorResourceRequest *resource_profile_find(const ResourceProfile *profile,
                                                     const char *name);
