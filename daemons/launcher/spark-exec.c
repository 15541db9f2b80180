/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spark-exec PROGRAM [ARGUMENT...]: runs a program with the environment that it finds on its
 * standard input, a file of "name=value" entries with a NUL byte after each.
 *
 * This is what executors' units run, already as their user and within their limits. A unit could
 * carry the environment itself, but then every user of the host could read it, secrets and all.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/limits.h"
#include "base/strv.h"

/* Who we are now is for systemd to say, and not for the worker, who is somebody else. */
static const char *const ours[] = { "HOME", "LOGNAME", "SHELL", "USER" };

/* The whole file, from its beginning: others may have read it. 0 or -errno. */
static int read_input(char **ret_text, size_t *ret_size)
{
        CLEANUP_FREE char *text = NULL;
        size_t size, at = 0;
        struct stat st;

        if (fstat(STDIN_FILENO, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) || st.st_size < 0 || (uint64_t)st.st_size > LIMIT_LAUNCH_ENV_BYTES)
                return -EINVAL;
        size = (size_t)st.st_size;
        text = malloc(size + 1);
        if (!text)
                return -ENOMEM;
        while (at < size) {
                ssize_t n = pread(STDIN_FILENO, text + at, size - at, (off_t)at);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : -EINVAL;
                at += (size_t)n;
        }
        text[size] = '\0';
        *ret_text = TAKE_PTR(text);
        *ret_size = size;
        return 0;
}

static int read_environment(Strv *ret)
{
        CLEANUP_FREE char *text = NULL;
        size_t size = 0;
        int r = read_input(&text, &size);

        for (size_t at = 0; r == 0 && at < size; at += strlen(text + at) + 1)
                if (strchr(text + at, '='))
                        r = strv_add(ret, text + at);
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(ours); i++) {
                const char *value = getenv(ours[i]);

                if (value)
                        r = strv_env_set(ret, ours[i], value);
        }
        return r;
}

/* The program gets nothing to read. */
static int close_input(void)
{
        CLEANUP_CLOSE int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

        return fd < 0 || dup2(fd, STDIN_FILENO) < 0 ? -errno : 0;
}

int main(int argc, char *argv[])
{
        CLEANUP_STRV Strv environment = { 0 };
        char *none[] = { NULL };
        int r;

        if (argc < 2) {
                (void)fprintf(stderr, "usage: spark-exec PROGRAM [ARGUMENT...] <ENVIRONMENT\n");
                return EX_USAGE;
        }
        r = read_environment(&environment);
        if (r == 0)
                r = close_input();
        if (r < 0) {
                (void)fprintf(stderr, "spark-exec: cannot read the environment: %s\n",
                              strerror(-r));
                return EX_NOINPUT;
        }
        (void)execve(argv[1], argv + 1, environment.items ? environment.items : none);
        r = errno;
        (void)fprintf(stderr, "spark-exec: cannot run %s: %s\n", argv[1], strerror(r));
        return r == ENOENT ? 127 : 126; /* as shells do, and cause.c knows */
}
