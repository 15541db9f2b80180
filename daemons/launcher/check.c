/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/launcher/check.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"

int check_client(const LauncherPolicy *p, uid_t uid, char **ret_problem)
{
        if (uid == p->client)
                return 0;
        return launch_refuse(ret_problem, "user %u may not ask for anything", uid);
}

/* What of `path` lies below `root`, or NULL when it does not; "" never. */
static const char *below(const char *root, const char *path)
{
        size_t n = strlen(root);

        while (n > 0 && root[n - 1] == '/')
                n--;
        return strncmp(path, root, n) == 0 && path[n] == '/' && path[n + 1] ? path + n + 1 : NULL;
}

static const char *root_of(const Strv *roots, const char *path)
{
        for (size_t i = 0; i < roots->length; i++)
                if (below(roots->items[i], path))
                        return roots->items[i];
        return NULL;
}

static int check_program(const LauncherPolicy *p, const char *path, char **ret_problem)
{
        CLEANUP_FREE char *real = NULL;
        struct stat st;

        if (!root_of(p->programs, path))
                return launch_refuse(ret_problem,
                                     "%s is not below a directory of programs that may be run",
                                     path);
        real = realpath(path, NULL);
        if (!real)
                return launch_refuse(ret_problem, "cannot run %s: %s", path, strerror(errno));
        if (!root_of(p->programs, real))
                return launch_refuse(
                        ret_problem,
                        "%s leads to %s, which is not below a directory of programs that may "
                        "be run",
                        path, real);
        if (stat(real, &st) < 0)
                return launch_refuse(ret_problem, "cannot run %s: %s", path, strerror(errno));
        if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111))
                return launch_refuse(ret_problem, "cannot run %s: it is not a program", path);
        if (st.st_mode & (S_ISUID | S_ISGID))
                return launch_refuse(ret_problem, "%s would run as somebody else", path);
        return 0;
}

/* Opens a directory below `root`, name by name. No link is followed, so nothing that an executor
 * made can lead elsewhere; O_PATH needs no right to read it. (openat2() would do it at once, but
 * RestrictSUIDSGID= of our unit does not let it through.) */
static int open_below(const char *root, const char *path)
{
        CLEANUP_CLOSE int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
        const char *s = below(root, path);
        char name[NAME_MAX + 1];

        while (fd >= 0 && *s) {
                size_t n = strcspn(s, "/");
                int next;

                if (n >= sizeof(name))
                        return -ENAMETOOLONG;
                memcpy(name, s, n);
                name[n] = '\0';
                next = openat(fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
                if (next < 0)
                        return -errno;
                close_fd(&fd);
                fd = next;
                s += n + strspn(s + n, "/");
        }
        return fd < 0 ? -errno : TAKE_FD(fd);
}

static int check_directory(const LauncherPolicy *p, const char *path, char **ret_problem)
{
        const char *root = root_of(p->work_roots, path);
        CLEANUP_CLOSE int fd = -1;
        struct stat st;

        if (!root)
                return launch_refuse(ret_problem, "%s is not below a directory for work", path);
        fd = open_below(root, path);
        if (fd < 0)
                return launch_refuse(ret_problem, "cannot enter %s: %s", path, strerror(-fd));
        if (fstat(fd, &st) < 0 || st.st_uid != p->client)
                return launch_refuse(ret_problem, "%s does not belong to the worker", path);
        return 0;
}

static int check_user(const LauncherPolicy *p, const char *user, char **ret_problem)
{
        if (strv_contains(p->users, user))
                return 0;
        return launch_refuse(ret_problem, "executors do not run as %s", user);
}

static int check_fds(const int *fds, size_t n_fds, char **ret_problem)
{
        const int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;
        struct stat st;
        int has;

        if (n_fds != LAUNCH_FDS)
                return launch_refuse(ret_problem, "start takes %d fds and not %zu", LAUNCH_FDS,
                                     n_fds);
        /* Only memory files have seals: this cannot be a file of anybody else's. */
        has = fcntl(fds[0], F_GET_SEALS);
        if (has < 0 || (has & seals) != seals)
                return launch_refuse(ret_problem, "the environment is not a sealed memory file");
        if (fstat(fds[0], &st) < 0 || st.st_size < 0 ||
            (uint64_t)st.st_size > LIMIT_LAUNCH_ENV_BYTES)
                return launch_refuse(ret_problem, "the environment is too long");
        for (size_t i = 1; i < n_fds; i++) {
                int flags = fcntl(fds[i], F_GETFL);

                if (fstat(fds[i], &st) < 0 || !S_ISREG(st.st_mode))
                        return launch_refuse(ret_problem, "output does not go to a file");
                if (flags < 0 || (flags & O_ACCMODE) != O_WRONLY || !(flags & O_APPEND))
                        return launch_refuse(ret_problem, "output is not open for appending only");
        }
        return 0;
}

int check_request(const LauncherPolicy *p, const LaunchMessage *m, const int *fds, size_t n_fds,
                  char **ret_problem)
{
        int r = 0;

        if (m->verb != LAUNCH_START && n_fds > 0)
                return launch_refuse(ret_problem, "only start takes fds");
        if ((m->verb == LAUNCH_START || m->verb == LAUNCH_SLICE) &&
            m->limits.memory_max > p->host_memory)
                return launch_refuse(ret_problem,
                                     "memory-max is %" PRIu64 " MiB, but this host has %" PRIu64,
                                     m->limits.memory_max >> 20, p->host_memory >> 20);
        if (m->user)
                r = check_user(p, m->user, ret_problem);
        if (r == 0 && m->verb == LAUNCH_START)
                r = check_fds(fds, n_fds, ret_problem);
        if (r == 0 && m->verb == LAUNCH_START)
                r = check_program(p, m->argv.items[0], ret_problem);
        if (r == 0 && m->directory)
                r = check_directory(p, m->directory, ret_problem);
        return r;
}
