/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * May this request be carried out? What launch-message.h leaves open: who asks, which user it is
 * for, what is run, in which directory, with which files.
 */

#include <sys/types.h>

#include "base/strv.h"
#include "cgroups/launch-message.h"

typedef struct LauncherPolicy {
        uid_t client;           /* the only one who may ask */
        const Strv *users;      /* as whom executors may run */
        const Strv *programs;   /* directories that hold what may be run */
        const Strv *work_roots; /* directories below which executors work */
        uint64_t host_memory;   /* bytes; no ceiling is above it */
} LauncherPolicy;

/* 0, or LAUNCH_E_REFUSED with a sentence part (owned by the caller, NULL when out of memory). */
int check_client(const LauncherPolicy *p, uid_t uid, char **ret_problem);

/* `fds` are those that came with the message. Looks at the file system: the program must exist
 * below a directory of `programs`, with symbolic links resolved, too; the directory must lie below
 * a work root, be the client's, and be reached without a symbolic link. */
int check_request(const LauncherPolicy *p, const LaunchMessage *m, const int *fds, size_t n_fds,
                  char **ret_problem);
