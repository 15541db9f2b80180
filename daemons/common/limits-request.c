/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/common/limits-request.h"

#include <string.h>

#include "base/limits.h"
#include "base/parse.h"

const ExecutorResourceRequest *resource_profile_find(const ResourceProfile *profile,
                                                     const char *name)
{
        const ExecutorResourceMap *map = &profile->executor_resources;

        for (size_t i = 0; i < map->length; i++)
                if (map->items[i].key && strcmp(map->items[i].key, name) == 0)
                        return &map->items[i].value;
        return NULL;
}

/* MiB, or false when the profile does not name it. */
static bool profile_amount(const ResourceProfile *profile, const char *name, uint64_t *ret)
{
        const ExecutorResourceRequest *r = resource_profile_find(profile, name);

        if (!r || r->amount < 0)
                return false;
        *ret = (uint64_t)r->amount;
        return true;
}

static uint64_t positive(int32_t value)
{
        return value > 0 ? (uint64_t)value : 0;
}

LimitsRequest limits_request_of_executor(const ResourceProfile *profile, int32_t heap_mb,
                                         int32_t cores)
{
        LimitsRequest request = { .heap_mb = positive(heap_mb), .cores = positive(cores) };

        if (!profile)
                return request;
        request.overhead_set = profile_amount(profile, "memoryOverhead", &request.overhead_mb);
        (void)profile_amount(profile, "offHeap", &request.off_heap_mb);
        (void)profile_amount(profile, "pyspark.memory", &request.pyspark_mb);
        return request;
}

LimitsRequest limits_request_of_launch(const Message *launch)
{
        const ResourceProfile *profile = &launch->launch_executor.app_desc.default_profile;

        return limits_request_of_executor(
                profile->id == launch->launch_executor.rp_id ? profile : NULL,
                launch->launch_executor.memory, launch->launch_executor.cores);
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

LimitsRequest limits_request_of_driver(const LimitsPolicy *policy, const DriverDescription *desc)
{
        const char *factor = java_property(&desc->command, "spark.driver.memoryOverheadFactor");
        const char *off_heap = java_property(&desc->command, "spark.memory.offHeap.enabled");
        LimitsRequest request = { .heap_mb = positive(desc->mem),
                                  .cores = MAX_OF(positive(desc->cores),
                                                  1u) /* submit clients may ask for none */ };
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
