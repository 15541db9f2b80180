/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Why an executor ended, in words: what a driver's log and the operator get to read. Pure.
 */

#include <stdbool.h>
#include <stdint.h>

#include "cgroups/limits.h"
#include "cgroups/stats.h"

typedef struct EndFacts {
        bool oom;                  /* the kernel killed it for its memory limit */
        bool exited;               /* with `code`; else by the signal `code` */
        int code;                  /* exit status or signal */
        const Limits *limits;      /* NULL: none were set */
        const MemorySplit *memory; /* the last sample before the end, or NULL */
        const char *role;          /* "executor" or "driver": spark.ROLE.memoryOverhead */
        const char *full_disk;     /* a directory of its own whose disk was full then, or NULL */
} EndFacts;

/* One sentence without a full stop, owned by the caller; NULL when out of memory. For memory:
 *   "Killed for memory: limit 1408 MiB; JVM 1012, Python workers (2) 371, page cache 9; raise
 *    spark.executor.memoryOverhead (384m now) to about 700m"
 * else "Command exited with code 52: the JVM ran out of memory (raise spark.executor.memory)" and
 * alike, with the code of cause_exit_code(). */
char *cause_text(const EndFacts *facts);

/* The exit status as Java counts: 128 + the signal, and 137 for whoever was killed for memory. */
int cause_exit_code(const EndFacts *facts);
