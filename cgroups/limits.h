/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The policy: which limits follow from what an executor was asked to have, and whether they fit on
 * this host. Pure; the backends (backend.h) carry the limits out, and the master may ask the same
 * questions before it places an executor.
 *
 * Memory is counted in MiB as Spark counts it, limits are in bytes as the kernel counts them.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"

#define LIMITS_UNLIMITED UINT64_MAX /* "max" in the cgroup file */

/* The kernel's period of cpu.max, which systemd uses too (microseconds). */
#define LIMITS_CPU_PERIOD_USEC 100000

typedef enum CpuMode {
        CPU_CEILING, /* never more than its cores */
        CPU_BURST,   /* up to `burst_percent` of its cores while others leave room */
        CPU_WEIGHT,  /* all that is idle; its share by cores when others want it, too */
} CpuMode;

/* "ceiling", "burst", "weight"; -EINVAL for others. */
int cpu_mode_from_name(const char *name, CpuMode *ret);

/* The node's settings. */
typedef struct LimitsPolicy {
        CpuMode cpu_mode;
        unsigned burst_percent;    /* at least 100 */
        unsigned high_percent;     /* memory.high in percent of memory.max, 50..100, but at
                                    * most 256 MiB below it; 100: none */
        unsigned swap_percent;     /* memory.swap.max in percent of memory.max; 0: no swap */
        unsigned overhead_percent; /* of heap, where the application does not say ... */
        uint64_t overhead_min_mb;  /* ... and at least that */
        uint64_t pids_max;
        unsigned host_cpus; /* no ceiling is higher; 0: not known */
} LimitsPolicy;

/* Spark's rules for overhead, a hard ceiling, no swap. */
LimitsPolicy limits_policy_default(void);

/* What one executor or driver is to have. */
typedef struct LimitsRequest {
        uint64_t heap_mb;
        uint64_t cores;
        bool overhead_set; /* else the rule: max(overhead_min_mb, overhead_percent of heap) */
        uint64_t overhead_mb;
        uint64_t off_heap_mb;
        uint64_t pyspark_mb;
} LimitsRequest;

typedef struct Limits {
        uint64_t heap_mb, overhead_mb, off_heap_mb, pyspark_mb; /* what memory_max is the sum of */
        uint64_t memory_max;                                    /* bytes, all of them */
        uint64_t memory_high;
        uint64_t swap_max;
        uint64_t cpu_weight;     /* 1..10000 */
        uint64_t cpu_quota_usec; /* per second, may be over a million; LIMITS_UNLIMITED */
        uint64_t pids_max;
} Limits;

/* MiB that count as overhead for this request. */
uint64_t limits_overhead_mb(const LimitsPolicy *policy, const LimitsRequest *request);

/* 0, or -ERANGE when an amount is beyond what a host can have or there is no heap or core. */
int limits_of(const LimitsPolicy *policy, const LimitsRequest *request, Limits *ret);

/* ---- does it fit ---- */

enum {
        LIMITS_E_NEVER = 1, /* not even alone: place it elsewhere or refuse it */
        LIMITS_E_NOT_NOW,   /* only when others here have ended */
};

/* Whether the limit fits `ceiling` beside limits of `taken` bytes. 0, LIMITS_E_* with the
 * arithmetic in *ret_problem (owned by the caller, NULL when out of memory):
 *   "a limit of 9216 MiB (heap 8192 + overhead 1024) does not fit: executors on this host may take
 *    12288 MiB, and 4096 MiB of them are given to others"  */
int limits_fit(const Limits *limits, uint64_t ceiling, uint64_t taken, char **ret_problem);

/* The sum as in that sentence: "heap 8192 + overhead 1024"; parts that are 0 are left out, but heap
 * and overhead never. Owned by the caller; NULL when out of memory. */
char *limits_sum_text(const Limits *limits);

/* ---- the host ---- */

/* What the system keeps of `host` bytes: an eighth, at least 512 MiB and never more than half, but
 * at most the 1 GiB that Spark's own default for a worker's memory leaves. */
uint64_t limits_reserve(uint64_t host);

/* The ceiling for all executors together where none is set; whole MiB. */
uint64_t limits_default_ceiling(uint64_t host);

/* The largest heap (MiB) with which one executor's limit by the rule still fits the ceiling. */
uint64_t limits_largest_heap_mb(const LimitsPolicy *policy, uint64_t ceiling);

/* Whether the host has what it is asked to give: `ceiling` for executors, of which `heap_mb` may be
 * offered to masters as memory. 0, or LIMITS_E_NEVER with a sentence that shows the sum. */
int limits_check_budget(uint64_t host, uint64_t ceiling, uint64_t heap_mb, char **ret_problem);

/* The ceiling on the CPU time of the whole slice for `millicores` (2500: two and a half), in
 * microseconds per second; 0 millicores: LIMITS_UNLIMITED. */
uint64_t limits_slice_quota_usec(uint64_t millicores);
