/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Where executors and drivers live in the file system: their directory, WORK/APP/N or WORK/DRIVER,
 * with stdout, stderr and the resources file, the local directories for their shuffle data, and the
 * clean-up of old work. No symbolic link is followed below these.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/strv.h"
#include "daemons/worker/share.h"
#include "wire/deploy.h"

/* May this id from a peer be a directory's name? Masters choose their own patterns, so: one path
 * component of printable text that does not begin with a dot. */
bool workdir_id_valid(const char *id);

/* Makes WORK/APP/N, to be shared with `group` (share.h), if it is not there and yields its path
 * (owned by the caller). 0 or -errno. */
int workdir_make(const char *work_dir, const char *app_id, int exec_id, gid_t group,
                 char **ret_path);

/* The same for WORK/DRIVER. */
int workdir_make_driver(const char *work_dir, const char *driver_id, gid_t group, char **ret_path);

/* Tells in `dir`/stderr which command writes what follows, as "TITLE: COMMAND": a file that begins
 * anew, or with `append` behind what there is. 0 or -errno. */
int workdir_write_header(const char *dir, const char *title, const char *command_line, bool append);

/* Writes custom resources for `who`, "executor" or "driver", to read. 0 with *ret_path owned by the
 * caller, NULL when there are no resources; or -errno. */
int workdir_write_resources(const char *dir, const char *who, const ResourceMap *resources,
                            gid_t group, char **ret_path);

/* Removes the directories in the work directory that are not in `keep` and in which nothing was
 * modified after `cutoff` (seconds since the epoch). What we may not look into does not count.
 * Returns how many, or -errno; those that could not be removed are added to `ret_left`. It may take
 * long: it belongs into a child. */
int workdir_clean(const char *work_dir, const Strv *keep, int64_t cutoff, Strv *ret_left);

/* Is there no room left where this directory is, or no more files? */
bool workdir_disk_is_full(const char *path);

/* ---- local directories ---- */

typedef struct AppDirs {
        char *app_id;
        Strv dirs;
        UT_hash_handle hh;
} AppDirs;

typedef struct LocalDirs {
        Strv roots;  /* as configured */
        gid_t group; /* that they are shared with, or SHARE_NOBODY; to be set before the first use
                      */
        Strv bases;  /* ROOT/spark-UUID of this process, as far as they could be made */
        AppDirs *apps;
} LocalDirs;

/* Takes the roots from where Spark takes them: $SPARK_EXECUTOR_DIRS, $SPARK_LOCAL_DIRS,
 * `spark_local_dir` (may be NULL), then for a service the directory "local" among those of
 * $STATE_DIRECTORY, as executors do not see its private /tmp, then $TMPDIR or /tmp. 0 or
 * -ENOMEM. */
int local_dirs_init(LocalDirs *l, const Strv *environment, const char *spark_local_dir);
/* Removes the directories of this process. */
void local_dirs_done(LocalDirs *l);

/* The application's directories, one below each root that works, made when first asked for. Valid
 * until local_dirs_take(). 0, or -errno when none could be made, of the last. */
int local_dirs_get(LocalDirs *l, const char *app_id, const Strv **ret);

/* Takes up those that an earlier process of this worker made, as far as they are there. 0 or
 * -ENOMEM. */
int local_dirs_adopt(LocalDirs *l, const char *app_id, const Strv *dirs);
/* Leaves all as it is for the next process: local_dirs_done() removes nothing any more. */
void local_dirs_leave(LocalDirs *l);

/* The application's directories, to be removed by the caller; empty when it has none. */
Strv local_dirs_take(LocalDirs *l, const char *app_id);
