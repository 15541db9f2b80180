/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/worker/share.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

static int open_directory(const char *path)
{
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

/* Where RestrictSUIDSGID= does not let us set the set-group-id bit, the mode does without it: it
 * only gives the group to what we make in there ourselves. */
static int set_mode(int fd, mode_t mode)
{
        if (fchmod(fd, mode) == 0)
                return 0;
        return errno == EPERM && (mode & S_ISGID) && fchmod(fd, mode & ~(mode_t)S_ISGID) == 0
                       ? 0
                       : -errno;
}

int share_make(const char *path, gid_t group, mode_t mode, mode_t own_mode)
{
        CLEANUP_CLOSE int fd = -1;
        struct stat st;
        int r = dir_make(path, group == SHARE_NOBODY ? own_mode : 0700);

        if (r < 0 || group == SHARE_NOBODY)
                return r;
        fd = open_directory(path);
        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (st.st_uid != geteuid())
                return -EPERM;
        if (st.st_gid != group && fchown(fd, (uid_t)-1, group) < 0)
                return -errno;
        return set_mode(fd, mode);
}

int share_file(const char *path, gid_t group)
{
        CLEANUP_CLOSE int fd = -1;
        struct stat st;

        if (group == SHARE_NOBODY)
                return 0;
        fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (st.st_uid != geteuid())
                return 0;
        return fchown(fd, (uid_t)-1, group) < 0 || fchmod(fd, 0640) < 0 ? -errno : 0;
}

int share_open_way(const char *path, gid_t group)
{
        CLEANUP_CLOSE int fd = -1;
        struct stat st;

        if (group == SHARE_NOBODY)
                return 0;
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if ((st.st_mode & S_IXOTH) || (st.st_gid == group && (st.st_mode & S_IXGRP)))
                return 0;
        if (fchown(fd, (uid_t)-1, group) < 0)
                return -errno;
        /* The group was another's: what that could do here, this one need not. */
        return set_mode(fd, (st.st_mode & 07707) | S_IXGRP);
}

static bool is_shared(int at, const char *name)
{
        struct stat st;

        return fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode) &&
               (st.st_mode & S_IWGRP) && st.st_uid == geteuid();
}

int share_find(const char *path, Strv *ret)
{
        DIR *dir;
        struct dirent *entry;
        int r = 0, fd;

        if (is_shared(AT_FDCWD, path))
                return strv_add(ret, path);
        fd = open_directory(path);
        dir = fd < 0 ? NULL : fdopendir(fd);
        if (!dir)
                return fd < 0 ? fd : -ENOMEM;
        while (r == 0 && (entry = readdir(dir)))
                if (entry->d_name[0] != '.' && is_shared(dirfd(dir), entry->d_name))
                        r = strv_addf(ret, "%s/%s", path, entry->d_name);
        (void)closedir(dir);
        return r;
}
