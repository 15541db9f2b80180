/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/limits.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"

/* No amount above: the sum of four cannot overflow, nor can a percentage of it. */
#define MAX_MB    (UINT64_C(1) << 40)
#define MAX_CORES (UINT64_C(1) << 20)

/* The kernel rounds limits down to pages; 64 KiB is the largest page of any architecture we run on,
 * so what is read back is what was set. */
#define PAGE_ROUNDING KIB(64)

/* No more than this lies between memory.high and memory.max. */
#define MAX_HIGH_GAP MIB(256)

/* Only the ratio between executors counts, so ten per core leaves room for a thousand cores. */
#define WEIGHT_PER_CORE 10
#define WEIGHT_MAX      10000

#define USEC_PER_SEC UINT64_C(1000000)

int cpu_mode_from_name(const char *name, CpuMode *ret)
{
        static const char *const names[] = {
                [CPU_CEILING] = "ceiling",
                [CPU_BURST] = "burst",
                [CPU_WEIGHT] = "weight",
        };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (strcmp(name, names[i]) == 0) {
                        *ret = (CpuMode)i;
                        return 0;
                }
        return -EINVAL;
}

LimitsPolicy limits_policy_default(void)
{
        return (LimitsPolicy){
                .cpu_mode = CPU_CEILING,
                .burst_percent = 200,
                .high_percent = 98,
                .overhead_percent = 10,
                .overhead_min_mb = 384,
                .pids_max = 4096,
        };
}

uint64_t limits_overhead_mb(const LimitsPolicy *policy, const LimitsRequest *request)
{
        if (request->overhead_set)
                return request->overhead_mb;
        /* rounded down, as Spark does */
        return MAX_OF(policy->overhead_min_mb, request->heap_mb * policy->overhead_percent / 100);
}

static uint64_t percent_of(uint64_t bytes, unsigned percent)
{
        return bytes / 100 * percent / PAGE_ROUNDING * PAGE_ROUNDING;
}

/* Above memory.high the kernel slows whoever allocates, by the square of how far above it is: a
 * twentieth of a large limit would take many minutes to cross, and look like a hang. */
static uint64_t memory_high(const LimitsPolicy *policy, uint64_t max)
{
        uint64_t high;

        if (policy->high_percent >= 100)
                return LIMITS_UNLIMITED;
        high = percent_of(max, policy->high_percent);
        return MAX_OF(high, max - MIN_OF(max, MAX_HIGH_GAP));
}

static uint64_t quota_usec(const LimitsPolicy *policy, uint64_t cores)
{
        uint64_t quota = cores * USEC_PER_SEC;

        if (policy->cpu_mode == CPU_WEIGHT)
                return LIMITS_UNLIMITED;
        if (policy->cpu_mode == CPU_BURST) {
                quota = quota * policy->burst_percent / 100;
                /* A ceiling above what there is would only cost accounting. Under CPU_CEILING it is
                 * kept: the settings may promise more cores than the host has. */
                if (policy->host_cpus)
                        quota = MIN_OF(quota, MAX_OF(policy->host_cpus, cores) * USEC_PER_SEC);
        }
        return quota;
}

int limits_of(const LimitsPolicy *policy, const LimitsRequest *request, Limits *ret)
{
        Limits l = {
                .heap_mb = request->heap_mb,
                .off_heap_mb = request->off_heap_mb,
                .pyspark_mb = request->pyspark_mb,
                .pids_max = policy->pids_max,
        };

        if (request->heap_mb == 0 || request->heap_mb > MAX_MB || request->cores == 0 ||
            request->cores > MAX_CORES)
                return -ERANGE;
        l.overhead_mb = limits_overhead_mb(policy, request);
        if (l.overhead_mb > MAX_MB || l.off_heap_mb > MAX_MB || l.pyspark_mb > MAX_MB)
                return -ERANGE;
        l.memory_max = MIB(l.heap_mb + l.overhead_mb + l.off_heap_mb + l.pyspark_mb);
        l.memory_high = memory_high(policy, l.memory_max);
        l.swap_max = percent_of(l.memory_max, policy->swap_percent);
        l.cpu_weight = MIN_OF(request->cores * WEIGHT_PER_CORE, (uint64_t)WEIGHT_MAX);
        l.cpu_quota_usec = quota_usec(policy, request->cores);
        *ret = l;
        return 0;
}

/* ---- does it fit ---- */

char *limits_sum_text(const Limits *limits)
{
        char off_heap[40] = "", pyspark[40] = "", *text;

        if (limits->off_heap_mb)
                (void)snprintf(off_heap, sizeof(off_heap), " + off-heap %" PRIu64,
                               limits->off_heap_mb);
        if (limits->pyspark_mb)
                (void)snprintf(pyspark, sizeof(pyspark), " + PySpark %" PRIu64, limits->pyspark_mb);
        if (asprintf(&text, "heap %" PRIu64 " + overhead %" PRIu64 "%s%s", limits->heap_mb,
                     limits->overhead_mb, off_heap, pyspark) < 0)
                return NULL;
        return text;
}

int limits_fit(const Limits *limits, uint64_t ceiling, uint64_t taken, char **ret_problem)
{
        CLEANUP_FREE char *sum = NULL;
        char others[80] = "", *text;
        int r = LIMITS_E_NEVER;

        if (taken <= ceiling && limits->memory_max <= ceiling - taken)
                return 0;
        if (limits->memory_max <= ceiling) {
                r = LIMITS_E_NOT_NOW;
                (void)snprintf(others, sizeof(others),
                               ", and %" PRIu64 " MiB of them are given to others", taken >> 20);
        }
        sum = limits_sum_text(limits);
        if (!sum ||
            asprintf(&text,
                     "a limit of %" PRIu64 " MiB (%s) does not fit: executors on this host may "
                     "take %" PRIu64 " MiB%s",
                     limits->memory_max >> 20, sum, ceiling >> 20, others) < 0)
                text = NULL;
        *ret_problem = text;
        return r;
}

/* ---- the host ---- */

uint64_t limits_reserve(uint64_t host)
{
        uint64_t reserve = host / 8;

        reserve = MAX_OF(reserve, MIB(512));
        reserve = MIN_OF(reserve, MIB(1024));
        return MIN_OF(reserve, host / 2);
}

uint64_t limits_default_ceiling(uint64_t host)
{
        return (host - limits_reserve(host)) / MIB(1) * MIB(1);
}

uint64_t limits_largest_heap_mb(const LimitsPolicy *policy, uint64_t ceiling)
{
        uint64_t all = ceiling >> 20, heap;

        if (all <= policy->overhead_min_mb)
                return 0;
        /* Either the least overhead is the larger, or the percentage is: the smaller heap fits. */
        heap = all * 100 / (100 + policy->overhead_percent);
        /* the overhead is rounded down, which may leave room for one more */
        if (heap + 1 + (heap + 1) * policy->overhead_percent / 100 <= all)
                heap++;
        return MIN_OF(heap, all - policy->overhead_min_mb);
}

int limits_check_budget(uint64_t host, uint64_t ceiling, uint64_t heap_mb, char **ret_problem)
{
        uint64_t reserve = limits_reserve(host), sum = ceiling + reserve;
        char *text = NULL;
        int n;

        if (ceiling > UINT64_MAX - reserve || sum > host)
                n = asprintf(&text,
                             "%" PRIu64 " MiB for executors and %" PRIu64
                             " MiB for the system are %" PRIu64 " MiB, but this host has %" PRIu64
                             " MiB: give executors %" PRIu64 " MiB at most",
                             ceiling >> 20, reserve >> 20, (ceiling >> 20) + (reserve >> 20),
                             host >> 20, limits_default_ceiling(host) >> 20);
        else if (heap_mb > ceiling >> 20)
                n = asprintf(&text,
                             "%" PRIu64 " MiB of heap are offered, but executors on this host may "
                             "take %" PRIu64 " MiB, heap and overhead together",
                             heap_mb, ceiling >> 20);
        else
                return 0;
        *ret_problem = n < 0 ? NULL : text;
        return LIMITS_E_NEVER;
}

uint64_t limits_slice_quota_usec(uint64_t millicores)
{
        return millicores == 0 || millicores > MAX_CORES * 1000 ? LIMITS_UNLIMITED
                                                                : millicores * 1000;
}
