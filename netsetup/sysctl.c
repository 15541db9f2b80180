/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"

static char *path_of(const char *name)
{
        char *path;

        if (strncmp(name, "net.", 4) != 0 || strstr(name, "..") ||
            asprintf(&path, "/proc/sys/%s", name) < 0)
                return NULL;
        for (char *c = path + strlen("/proc/sys/"); *c; c++)
                *c = (char)(*c == '.' ? '/' : *c == '/' ? '.' : *c);
        return path;
}

int sysctl_read(const char *name, char **ret)
{
        CLEANUP_FREE char *path = path_of(name);
        char *text;
        size_t size;
        int r = path ? file_read(path, 4096, &text, &size) : -ENOMEM;

        if (r < 0)
                return r;
        while (size > 0 && text[size - 1] == '\n')
                text[--size] = '\0';
        *ret = text;
        return 0;
}

int sysctl_write(const char *name, const char *value)
{
        CLEANUP_FREE char *path = path_of(name);
        CLEANUP_CLOSE int fd = path ? open(path, O_WRONLY | O_CLOEXEC) : -1;
        size_t size = strlen(value);

        if (!path)
                return -ENOMEM;
        if (fd < 0)
                return -errno;
        ssize_t n = write(fd, value, size);
        return n < 0 ? -errno : (size_t)n < size ? -EIO : 0;
}
