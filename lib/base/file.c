/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "base/limits.h"

ssize_t fd_read(int fd, void *to, size_t room)
{
        size_t size = 0;

        while (size < room) {
                ssize_t n = read(fd, (char *)to + size, room - size);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                size += (size_t)n;
        }
        return (ssize_t)size;
}

int file_read(const char *path, size_t limit, char **ret_text, size_t *ret_size)
{
        CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        for (;;) {
                /* one byte more than allowed, to see that there is more */
                size_t want = MIN_OF(limit - b.size + 1, (size_t)65536);
                uint8_t *p = buffer_reserve(&b, want);
                if (!p)
                        return buffer_result(&b);
                ssize_t n = fd_read(fd, p, want);
                if (n < 0)
                        return (int)n;
                buffer_added(&b, (size_t)n);
                if (b.size > limit)
                        return -EFBIG;
                if ((size_t)n < want)
                        break;
        }
        size_t size = b.size;
        char *text = buffer_take_text(&b);
        if (!text)
                return -ENOMEM;
        *ret_text = text;
        if (ret_size)
                *ret_size = size;
        return 0;
}

int file_open_plain(const char *path, int flags, mode_t mode)
{
        CLEANUP_CLOSE int fd = open(
                path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags,
                mode);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EINVAL;
        /* Others get it from us, and need not know. */
        if (fcntl(fd, F_SETFL, flags & O_APPEND) < 0)
                return -errno;
        return TAKE_FD(fd);
}

static int make_one(const char *path, mode_t mode)
{
        struct stat st;
        if (mkdir(path, mode) >= 0)
                return 0;
        int r = -errno;
        /* a parent above ours may be unwritable or read-only, and still be there */
        if (stat(path, &st) < 0)
                return r;
        return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int dir_make(const char *path, mode_t mode)
{
        CLEANUP_FREE char *copy = strdup(path);
        if (!copy)
                return -ENOMEM;
        for (char *p = copy; (p = strchr(p, '/')); p++) {
                if (p == copy || p[1] == '/' || p[1] == '\0')
                        continue;
                *p = '\0';
                int r = make_one(copy, 0755);
                *p = '/';
                if (r < 0)
                        return r;
        }
        return make_one(copy, mode);
}

static void close_dir(DIR **dir)
{
        if (*dir)
                (void)closedir(*dir);
}

/* Empties the directory `fd` (taken), goes on after a failure and returns the first one. */
static int dir_empty(int fd, dev_t device, unsigned depth)
{
        CLEANUP(close_dir) DIR *dir = fdopendir(fd);
        if (!dir) {
                int r = -errno;
                close_fd(&fd);
                return r;
        }
        int result = 0;
        struct dirent *entry;
        while ((entry = readdir(dir))) {
                const char *name = entry->d_name;
                struct stat st;
                int r = 0, flags = 0;
                if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
                        continue;
                if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
                        r = -errno;
                } else if (S_ISDIR(st.st_mode)) {
                        flags = AT_REMOVEDIR;
                        int child =
                                openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                        if (child < 0)
                                r = -errno;
                        else if (st.st_dev != device || depth >= LIMIT_DIR_DEPTH) {
                                r = st.st_dev != device ? -EXDEV : -ELOOP;
                                close_fd(&child);
                        } else
                                r = dir_empty(child, device, depth + 1);
                }
                if (r >= 0 && unlinkat(fd, name, flags) < 0)
                        r = -errno;
                if (r < 0 && r != -ENOENT && result == 0)
                        result = r;
        }
        return result;
}

int dir_remove(const char *path)
{
        struct stat st;
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0) {
                int r = -errno;
                close_fd(&fd);
                return r == -ENOENT ? 0 : r;
        }
        int r = dir_empty(fd, st.st_dev, 0);
        if (r < 0)
                return r;
        return rmdir(path) < 0 && errno != ENOENT ? -errno : 0;
}

char *path_join(const char *dir, const char *name)
{
        size_t size = strlen(dir);
        while (size > 0 && dir[size - 1] == '/')
                size--;
        name += strspn(name, "/");
        char *path;
        return asprintf(&path, "%.*s/%s", (int)size, dir, name) < 0 ? NULL : path;
}
