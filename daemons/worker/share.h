/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Directories and files of ours that executors of another user share with us by a group: that
 * user's own, of which we are a member. What executors make in them is the group's, too, as their
 * umask is 0007, so that we can read their logs and remove what they leave.
 */

#include <sys/types.h>

#include "base/strv.h"

#define SHARE_NOBODY ((gid_t)-1) /* executors are of our own user */

/* Modes of a directory that is shared: to be written to, or only to be walked through. */
#define SHARE_WRITE 02770
#define SHARE_WALK  0710

/* Makes the directory, with its parents as dir_make() does, or takes one that is there and is ours.
 * With SHARE_NOBODY it has `own_mode`, less the umask. 0, -EPERM when it is somebody else's, or
 * -errno. */
int share_make(const char *path, gid_t group, mode_t mode, mode_t own_mode);

/* Lets the group read a file, if it is ours. 0 or -errno. */
int share_file(const char *path, gid_t group);

/* Lets the group walk through a directory that is there, if nothing does so already: it must be
 * ours for that. 0 or -errno. */
int share_open_way(const char *path, gid_t group);

/* Adds to `ret` the directories at or directly below `path` that are shared to be written to. */
int share_find(const char *path, Strv *ret);
