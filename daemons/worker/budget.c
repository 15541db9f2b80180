/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/worker/budget.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/parse.h"
#include "daemons/common/limits-request.h"

/* The JVM worker offers all but this. */
#define LEFT_MB 1024

static uint64_t physical_memory(void)
{
        long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);

        return pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : MIB(2048);
}

static int default_cores(void)
{
        cpu_set_t set;
        long online = sysconf(_SC_NPROCESSORS_ONLN);

        /* As a JVM counts: the processors that we may run on. */
        if (sched_getaffinity(0, sizeof(set), &set) == 0)
                return MAX_OF(CPU_COUNT(&set), 1);
        return online > 0 ? (int)online : 1;
}

/* UINT64_MAX when the group has no limit. */
static uint64_t limit_of_group(const char *path)
{
        CLEANUP_FREE char *file = path_join(path, "memory.max"), *text = NULL;
        int64_t value;
        size_t size;

        if (!file || file_read(file, 64, &text, &size) < 0)
                return UINT64_MAX;
        text[strcspn(text, "\n")] = '\0';
        return parse_int64(text, 0, INT64_MAX, &value) < 0 ? UINT64_MAX : (uint64_t)value;
}

uint64_t budget_host_memory(const char *mount, const char *own)
{
        CLEANUP_FREE char *path = NULL;
        uint64_t memory = physical_memory();
        size_t top = strlen(mount);

        if (asprintf(&path, "%s%s", mount, own) < 0) {
                path = NULL; /* asprintf() leaves it undefined */
                return memory;
        }
        for (;;) {
                char *slash;

                memory = MIN_OF(memory, limit_of_group(path));
                slash = strrchr(path, '/');
                if (!slash || (size_t)(slash - path) < top)
                        return memory;
                *slash = '\0';
        }
}

static LimitsPolicy policy_of(const WorkerSettings *s)
{
        LimitsPolicy policy = limits_policy_default();
        uint64_t thousandths = 0;

        (void)cpu_mode_from_name(s->cpu_limit, &policy.cpu_mode);
        (void)parse_thousandths(s->overhead_factor, UINT32_MAX, &thousandths);
        policy.overhead_percent = (unsigned)(thousandths / 10);
        policy.overhead_min_mb = s->overhead_min >> 20;
        policy.burst_percent = (unsigned)s->cpu_burst;
        policy.high_percent = (unsigned)s->memory_high;
        policy.swap_percent = (unsigned)s->swap;
        policy.pids_max = (uint64_t)s->pids_max;
        policy.host_cpus = (unsigned)default_cores();
        return policy;
}

int budget_find(const WorkerSettings *s, uint64_t host, Budget *ret, char **ret_problem)
{
        Budget b = { .host = host, .cpu_quota_usec = LIMITS_UNLIMITED, .policy = policy_of(s) };
        uint64_t host_mb = host >> 20, memory_mb, millicores = 0;

        b.ceiling = s->executor_memory ? s->executor_memory : limits_default_ceiling(host);
        if (s->memory) {
                memory_mb = s->memory >> 20;
        } else {
                /* As Spark's: at least 1 GiB; but no default offers what there is not. */
                memory_mb = host_mb > 2 * LEFT_MB ? host_mb - LEFT_MB : LEFT_MB;
                memory_mb = MIN_OF(memory_mb, b.ceiling >> 20);
        }
        if (s->cpu_quota)
                (void)parse_thousandths(s->cpu_quota, UINT32_MAX, &millicores);
        if (millicores)
                b.cpu_quota_usec = limits_slice_quota_usec(millicores);
        b.cores = s->cores ? s->cores : default_cores();
        b.memory_mb = (int32_t)MIN_OF(memory_mb, (uint64_t)INT32_MAX);
        if (limits_check_budget(host, b.ceiling, memory_mb, ret_problem) != 0)
                return -ERANGE;
        *ret = b;
        return 0;
}
