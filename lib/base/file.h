/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Files and directories: whole-file reads with a bound, trees made and removed.
 */

#include <stdint.h>
#include <sys/types.h>

#include "base/macro.h"

/* The whole file, NUL-terminated, owned by the caller. -EFBIG over `limit`, or -errno. */
int file_read(const char *path, size_t limit, char **ret_text, size_t *ret_size);

/* Reads to the end or until `room` is full. The size or -errno. */
ssize_t fd_read(int fd, void *to, size_t room);

/* Opens a file to write, made where there is none, that users' code may have replaced meanwhile:
 * never through a link (-ELOOP), and never a pipe, which would keep us waiting, or a device
 * (-ENXIO, -EINVAL). `flags`: O_APPEND, O_TRUNC, O_EXCL. An fd or -errno; safe between fork and
 * exec. */
int file_open_plain(const char *path, int flags, mode_t mode);

/* mkdir -p; an existing directory is fine. The last component gets `mode`, new parents 0755. */
int dir_make(const char *path, mode_t mode);

/* rm -r without following symbolic links or leaving the file system. 0 when absent. */
int dir_remove(const char *path);

/* path/a/b joined with single slashes; owned by the caller; NULL when out of memory. */
char *path_join(const char *dir, const char *name);
