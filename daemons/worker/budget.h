/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What this host gives to executors and drivers, and by which policy: the settings, and the
 * defaults that depend on the host, checked against what the host has.
 */

#include "cgroups/limits.h"
#include "daemons/worker/config.h"

typedef struct Budget {
        uint64_t host;           /* bytes that there are */
        uint64_t ceiling;        /* bytes for the limits of all together */
        uint64_t cpu_quota_usec; /* per second, for all together; LIMITS_UNLIMITED */
        int32_t memory_mb;       /* offered to masters, who count heap only */
        int32_t cores;           /* the same */
        LimitsPolicy policy;
} Budget;

/* Bytes of memory that we may count on: the host's, or less where a control group above the
 * executors says so: our own, but where the system is systemd's, whose executors are not in ours,
 * the topmost there is (a container's). `mount` is where the groups are, `own` ours in it as
 * "/a/b". */
uint64_t budget_host_memory(const char *mount, const char *own);

/* 0, or -ERANGE with a sentence that shows the sum (owned by the caller, NULL when out of memory)
 * when the host does not have what it is told to give. */
int budget_find(const WorkerSettings *s, uint64_t host, Budget *ret, char **ret_problem);
