/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What each running executor and driver uses, read when somebody asks and not before: for the
 * worker's /json/ and whoever shows it (`spark-cluster top`).
 *
 * What /json/ has beyond that of the JVM worker, behind its keys:
 *
 *   "executors": [ { ..., "cores": 2, "usage": USAGE } ]      running ones only
 *   "drivers": [ { "id": "driver-...", "state": "RUNNING", "mainclass": "org.example.Main",
 *                  "cores": 1, "memory": 1024, "usage": USAGE } ]               running ones only
 *   "limits": { "backend": "systemd" | "libcgroup" | "none",
 *               "memoryceiling": bytes for all executors and drivers together, null for "none",
 *               "memorygiven": bytes, the sum of the limits of those that run,
 *               "cpuquota": cores for all of them together, or null }
 *
 * USAGE is null where nothing can be read (backend "none", or one that is starting), else
 *
 *   { "memory": 536870912,           bytes now, with what the kernel holds for it
 *     "memorypeak": 601882624,       the most there was
 *     "memorylimit": 1476395008,     above which it is killed
 *     "memoryhigh": 1446866944,      above which it is slowed
 *     "memoryhighevents": 0,         how often it was
 *     "oomkills": 0,                 processes killed for memory
 *     "swap": 0,
 *     "heap": 1024, "overhead": 384, "offheap": 0, "pyspark": 0,
 *                                    MiB that the limit is the sum of
 *     "split": { "jvm": bytes, "python": bytes, "pythonworkers": 2, "other": bytes,
 *                "others": 0, "pagecache": bytes, "shmem": bytes, "kernel": bytes },
 *     "cpuseconds": 12.25,           of all cores together
 *     "cpuuserseconds": 11.0, "cpusystemseconds": 1.25,
 *     "cpuperiods": 480,             of 100 ms in which it ran under a ceiling
 *     "cputhrottledperiods": 3,      those in which it came to it
 *     "cputhrottledseconds": 0.125,
 *     "cpuceiling": 2.0,             cores
 *     "cpuweight": 200,
 *     "pids": 61, "pidslimit": 4096, processes and threads
 *     "pressure": { "memory": { "some": 0.0, "full": 0.0 }, "cpu": {...}, "io": {...} } }
 *                                    percent of the last 10 s that some, or all, were waiting
 *
 * Each of these keys is always there; a number is null where the kernel does not give it or, of a
 * limit, where there is none; "split" is null as a whole. "heap" and what follows it are null for
 * one that an earlier life of the worker started.
 */

#include <jansson.h>

#include "cgroups/backend.h"

typedef struct Usage {
        CgroupStats stats;
        MemorySplit split;
        Limits limits; /* as given at the start; heap_mb 0: not known */
} Usage;

/* 0, or as backend_stats(). */
int usage_read(Backend *b, const char *child, Usage *ret);

/* USAGE; `u` may be NULL. A new reference, or NULL when out of memory, as with jansson's own. */
json_t *usage_value(const Usage *u);

/* USAGE of what runs by this id, read now. */
json_t *usage_of(Backend *b, const char *child);

/* Seconds or cores from microseconds; null for STATS_NONE and LIMITS_UNLIMITED. */
json_t *usage_seconds(uint64_t usec);
