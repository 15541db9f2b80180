/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/worker/limits-request.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "base/parse.h"

int parse_thousandths(const char *text, uint64_t max, uint64_t *ret)
{
        uint64_t value = 0, unit = 100;
        const char *p = text;

        if (!isdigit((unsigned char)*p))
                return -EINVAL;
        for (; isdigit((unsigned char)*p); p++) {
                value = value * 10 + (uint64_t)(*p - '0') * 1000;
                if (value > max)
                        return -ERANGE;
        }
        if (*p == '.' && !isdigit((unsigned char)*++p))
                return -EINVAL;
        for (; isdigit((unsigned char)*p); p++) {
                value += (uint64_t)(*p - '0') * unit;
                unit /= 10;
        }
        if (*p)
                return -EINVAL;
        if (value > max)
                return -ERANGE;
        *ret = value;
        return 0;
}

/* ---- executors ---- */

/* MiB, or false when the profile does not name it. */
static bool profile_amount(const ResourceProfile *profile, const char *key, uint64_t *ret)
{
        const ExecutorResourceMap *map = &profile->executor_resources;

        for (size_t i = 0; i < map->length; i++)
                if (map->items[i].key && strcmp(map->items[i].key, key) == 0 &&
                    map->items[i].value.amount >= 0) {
                        *ret = (uint64_t)map->items[i].value.amount;
                        return true;
                }
        return false;
}

static uint64_t positive(int32_t value)
{
        return value > 0 ? (uint64_t)value : 0;
}

LimitsRequest limits_request_of_executor(const Message *launch)
{
        const ResourceProfile *profile = &launch->launch_executor.app_desc.default_profile;
        LimitsRequest request = { .heap_mb = positive(launch->launch_executor.memory),
                                  .cores = positive(launch->launch_executor.cores) };

        if (profile->id != launch->launch_executor.rp_id)
                return request;
        request.overhead_set = profile_amount(profile, "memoryOverhead", &request.overhead_mb);
        (void)profile_amount(profile, "offHeap", &request.off_heap_mb);
        (void)profile_amount(profile, "pyspark.memory", &request.pyspark_mb);
        return request;
}

/* ---- drivers ---- */

/* The value of -DKEY=VALUE; the last one counts, as with Java. NULL when there is none. */
static const char *java_property(const Command *command, const char *key)
{
        size_t n = strlen(key);

        for (size_t i = command->java_opts.length; i > 0; i--) {
                const char *option = command->java_opts.items[i - 1];

                if (option && strncmp(option, "-D", 2) == 0 && strncmp(option + 2, key, n) == 0 &&
                    option[2 + n] == '=')
                        return option + 2 + n + 1;
        }
        return NULL;
}

/* In MiB, rounded up. */
static bool java_memory(const Command *command, const char *key, uint64_t unit, uint64_t *ret)
{
        const char *text = java_property(command, key);
        uint64_t bytes;

        if (!text || parse_memory(text, unit, &bytes) < 0)
                return false;
        *ret = (bytes >> 20) + ((bytes & (MIB(1) - 1)) != 0);
        return true;
}

LimitsRequest limits_request_of_driver(const LimitsPolicy *policy, const Message *launch)
{
        const DriverDescription *desc = &launch->launch_driver.driver_desc;
        const char *factor = java_property(&desc->command, "spark.driver.memoryOverheadFactor");
        const char *off_heap = java_property(&desc->command, "spark.memory.offHeap.enabled");
        LimitsRequest request = { .heap_mb = positive(desc->mem), .cores = positive(desc->cores) };
        uint64_t min = policy->overhead_min_mb, thousandths;
        bool has_min = java_memory(&desc->command, "spark.driver.minMemoryOverhead", MIB(1), &min);

        request.overhead_set = java_memory(&desc->command, "spark.driver.memoryOverhead", MIB(1),
                                           &request.overhead_mb);
        if (!request.overhead_set && (factor || has_min)) {
                if (!factor || parse_thousandths(factor, 1000000, &thousandths) < 0)
                        thousandths = policy->overhead_percent * 10;
                request.overhead_set = true;
                request.overhead_mb = MAX_OF(request.heap_mb * thousandths / 1000, min);
        }
        if (off_heap && strcmp(off_heap, "true") == 0)
                (void)java_memory(&desc->command, "spark.memory.offHeap.size", 1,
                                  &request.off_heap_mb);
        return request;
}
