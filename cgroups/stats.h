/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What a control group uses: read from its directory (cgroup v2), the same way whoever made it.
 *
 * What a group's files say is gone with the group, so whoever wants to explain an end samples while
 * it lasts: regularly, and when stats_watch() tells that the group came near its limit.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"

/* A figure that the kernel does not give here: no such file, or "max" where it is a limit. */
#define STATS_NONE UINT64_MAX

/* Pressure stall information: shares of the last 10 s in hundredths of a percent, and the sum. */
typedef struct Pressure {
        uint64_t some_avg10, full_avg10;
        uint64_t some_usec, full_usec;
} Pressure;

typedef struct CgroupStats {
        uint64_t memory_current, memory_peak, memory_max, memory_high, swap_current; /* bytes */
        uint64_t high_events, max_events, oom_events, oom_kills;
        uint64_t anon, file, shmem, kernel; /* bytes of memory_current; file is without shmem */
        uint64_t cpu_usec, cpu_user_usec, cpu_system_usec;
        uint64_t cpu_periods, cpu_throttled, cpu_throttled_usec;
        uint64_t cpu_weight;
        uint64_t cpu_quota_usec; /* per second */
        uint64_t pids_current, pids_max;
        Pressure memory_pressure, cpu_pressure, io_pressure;
} CgroupStats;

/* Reads what there is below the directory `group`; the rest is STATS_NONE. 0 or -errno: -ENOENT
 * (or -ENODEV) when the group is gone. */
int stats_read(int group, CgroupStats *ret);

/* Where the memory is, in bytes. */
typedef struct MemorySplit {
        uint64_t jvm;
        unsigned python_workers; /* processes */
        uint64_t python;
        unsigned others; /* processes */
        uint64_t other;
        uint64_t page_cache;
        uint64_t shmem;  /* tmpfs, /dev/shm */
        uint64_t kernel; /* page tables, sockets, ... */
        bool ending;     /* some process was: what it had is a guess */
} MemorySplit;

/* The processes of `group` by kind, with what each holds for itself. `proc` is /proc. Processes may
 * come and go meanwhile. Anonymous memory that processes share since a fork is counted once where
 * the kernel lets us see it (smaps_rollup: for processes of our own user), else the sum over all
 * Python workers is held to what the group has. What no process seems to have is counted for those
 * that are ending when they are of one kind, or else as others' when we may not see all processes.
 * 0 or -errno; -ESRCH when whoever had it has ended meanwhile. */
int stats_split(int group, int proc, MemorySplit *ret);

/* An inotify fd (non-blocking) that becomes readable whenever memory.events of a group added with
 * stats_watch_add() changes: it went over memory.high or was stopped at memory.max. Returns the fd
 * or -errno. */
int stats_watch_new(void);
/* `path`: of the group, absolute. Returns the watch (inotify_event.wd) or -errno. */
int stats_watch_add(int fd, const char *path);
