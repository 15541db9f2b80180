/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A disk that fails on demand, beneath SQLite: a VFS before the system's own. Calls that change a
 * file (write, truncate, sync, delete, make) are counted; the one with the wanted number fails, or
 * ends the process, or ends it as a power cut does: of what was not synced, a part is lost.
 */

#include <stdbool.h>
#include <stdint.h>

typedef enum FaultKind {
        FAULT_NONE,
        FAULT_ERROR,      /* the call returns `code`, with `error` as errno */
        FAULT_READ_ERROR, /* the same for the nth read; `at` counts reads */
        FAULT_EXIT,       /* the process ends before the call */
        FAULT_TORN,       /* the process ends when half of a write is done */
        FAULT_POWER_CUT,  /* the process ends; what isn't synced is there or not, by sectors */
} FaultKind;

typedef struct FaultPlan {
        FaultKind kind;
        unsigned at;    /* number of the call, from 1 */
        unsigned count; /* ERROR: calls that fail from there on; 0: one */
        int code;       /* SQLITE_FULL, SQLITE_IOERR_WRITE ... */
        int error;      /* errno */
        uint64_t seed;  /* POWER_CUT: which sectors survive */
} FaultPlan;

#define FAULT_EXIT_STATUS 77

/* Puts it before the default VFS, and what was counted to 0. From then on nothing is really synced:
 * FAULT_POWER_CUT knows what would be. */
void fault_vfs_plan(const FaultPlan *plan);

/* Whether a planned fault has come yet. */
bool fault_vfs_happened(void);
