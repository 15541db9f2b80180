/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/launcher/check.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "tests/unit/unit.h"

/* A host in a directory: programs in bin, work in work, and what a request may name there. */
typedef struct Rig {
        UnitDir dir;
        Strv users, programs, work_roots;
        LauncherPolicy policy;
        LaunchMessage message;
        int fds[LAUNCH_FDS];
} Rig;

static void rig_done(Rig *r)
{
        for (size_t i = 0; i < LAUNCH_FDS; i++)
                close_fd(&r->fds[i]);
        launch_message_done(&r->message);
        strv_done(&r->users);
        strv_done(&r->programs);
        strv_done(&r->work_roots);
        unit_dir_done(&r->dir);
}

static char *at(const Rig *r, const char *name)
{
        char *path = path_join(r->dir.path, name);

        ck_assert_ptr_nonnull(path);
        return path;
}

static void make_program(const Rig *r, const char *name, mode_t mode)
{
        CLEANUP_FREE char *path = unit_write(&r->dir, name, "#!/bin/sh\n");

        ck_assert_int_eq(chmod(path, mode), 0);
}

static void make_link(const Rig *r, const char *target, const char *name)
{
        CLEANUP_FREE char *path = at(r, name);

        ck_assert_int_eq(symlink(target, path), 0);
}

static int make_environment(bool sealed)
{
        int fd = memfd_create("environment", MFD_CLOEXEC | MFD_ALLOW_SEALING);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(write(fd, "A=B", 4), 4);
        if (sealed)
                ck_assert_int_eq(fcntl(fd, F_ADD_SEALS,
                                       F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL),
                                 0);
        return fd;
}

static int open_output(const Rig *r, const char *name, int flags)
{
        CLEANUP_FREE char *path = at(r, name);
        int fd = open(path, flags | O_CLOEXEC, 0600);

        ck_assert_int_ge(fd, 0);
        return fd;
}

static void rig_set(char **field, char *value)
{
        free(*field);
        *field = value;
}

static void set_program(Rig *r, const char *name)
{
        CLEANUP_FREE char *path = at(r, name);

        strv_done(&r->message.argv);
        ck_assert_int_eq(strv_add(&r->message.argv, path), 0);
}

/* Makes a request that is fine. */
static void rig_init(Rig *r)
{
        *r = (Rig){ .dir = unit_dir(), .fds = { -1, -1, -1 } };
        CLEANUP_FREE char *programs = at(r, "bin"), *work = at(r, "work"), *app = at(r, "work/a/3");

        ck_assert_int_eq(dir_make(app, 0700), 0);
        make_program(r, "bin/jvm/bin/java", 0755);
        make_program(r, "elsewhere/java", 0755);
        ck_assert_int_eq(strv_add(&r->users, "spark-executor"), 0);
        ck_assert_int_eq(strv_add(&r->programs, programs), 0);
        ck_assert_int_eq(strv_add(&r->work_roots, "/nonexistent/work"), 0);
        ck_assert_int_eq(strv_addf(&r->work_roots, "%s/", work), 0);
        r->policy = (LauncherPolicy){
                .client = getuid(),
                .users = &r->users,
                .programs = &r->programs,
                .work_roots = &r->work_roots,
                .host_memory = MIB(4096),
        };
        r->message = (LaunchMessage){
                .verb = LAUNCH_START,
                .user = strdup("spark-executor"),
                .directory = TAKE_PTR(app),
                .limits = { .memory_max = MIB(1408) },
        };
        set_program(r, "bin/jvm/bin/java");
        r->fds[0] = make_environment(true);
        r->fds[1] = open_output(r, "work/a/3/stdout", O_WRONLY | O_APPEND | O_CREAT);
        r->fds[2] = open_output(r, "work/a/3/stderr", O_WRONLY | O_APPEND | O_CREAT);
}

static void check(const Rig *r, size_t n_fds, const char *expected)
{
        CLEANUP_FREE char *problem = NULL;
        int result = check_request(&r->policy, &r->message, r->fds, n_fds, &problem);

        if (!expected) {
                ck_assert_msg(result == 0, "%s", problem);
                return;
        }
        ck_assert_msg(result == LAUNCH_E_REFUSED, "taken, and not: %s", expected);
        /* The sentence, without the name of our directory. */
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        for (const char *s = problem; *s;) {
                size_t n = strlen(r->dir.path);
                if (strncmp(s, r->dir.path, n) == 0)
                        s += n;
                else
                        buffer_put_u8(&b, (uint8_t)*s++);
        }
        CLEANUP_FREE char *text = buffer_take_text(&b);
        ck_assert_str_eq(text, expected);
}

START_TEST(who_asks)
{
        CLEANUP_FREE char *problem = NULL;
        const LauncherPolicy policy = { .client = 990 };

        ck_assert_int_eq(check_client(&policy, 990, &problem), 0);
        ck_assert_int_eq(check_client(&policy, 0, &problem), LAUNCH_E_REFUSED);
        ck_assert_str_eq(problem, "user 0 may not ask for anything");
}
END_TEST

START_TEST(users_and_memory)
{
        CLEANUP(rig_done) Rig r;

        rig_init(&r);
        check(&r, LAUNCH_FDS, NULL);
        r.message.limits.memory_max = MIB(4097);
        check(&r, LAUNCH_FDS, "memory-max is 4097 MiB, but this host has 4096");
        r.message.limits.memory_max = MIB(1);
        rig_set(&r.message.user, strdup("root"));
        check(&r, LAUNCH_FDS, "executors do not run as root");
}
END_TEST

START_TEST(programs)
{
        CLEANUP(rig_done) Rig r;

        rig_init(&r);
        set_program(&r, "elsewhere/java");
        check(&r, LAUNCH_FDS,
              "/elsewhere/java is not below a directory of programs that may be run");
        set_program(&r, "bin");
        check(&r, LAUNCH_FDS, "/bin is not below a directory of programs that may be run");
        set_program(&r, "binary/java");
        check(&r, LAUNCH_FDS, "/binary/java is not below a directory of programs that may be run");
        set_program(&r, "bin/jvm/bin/javac");
        check(&r, LAUNCH_FDS, "cannot run /bin/jvm/bin/javac: No such file or directory");
        set_program(&r, "bin/jvm");
        check(&r, LAUNCH_FDS, "cannot run /bin/jvm: it is not a program");
        make_program(&r, "bin/plain", 0644);
        set_program(&r, "bin/plain");
        check(&r, LAUNCH_FDS, "cannot run /bin/plain: it is not a program");
        make_program(&r, "bin/su", 04755);
        set_program(&r, "bin/su");
        check(&r, LAUNCH_FDS, "/bin/su would run as somebody else");

        make_link(&r, "jvm", "bin/default");
        set_program(&r, "bin/default/bin/java");
        check(&r, LAUNCH_FDS, NULL);
        make_link(&r, "../elsewhere", "bin/trap");
        set_program(&r, "bin/trap/java");
        check(&r, LAUNCH_FDS,
              "/bin/trap/java leads to /elsewhere/java, which is not below a directory of programs "
              "that may be run");
}
END_TEST

START_TEST(directories)
{
        static const LaunchVerb start_and_remove[] = { LAUNCH_START, LAUNCH_REMOVE };
        CLEANUP(rig_done) Rig r;

        rig_init(&r);
        make_link(&r, "a", "work/link");
        make_link(&r, "../elsewhere", "work/out");
        for (size_t i = 0; i < ARRAY_SIZE(start_and_remove); i++) {
                size_t n_fds = i == 0 ? LAUNCH_FDS : 0;

                r.message.verb = start_and_remove[i];
                rig_set(&r.message.directory, at(&r, "elsewhere"));
                check(&r, n_fds, "/elsewhere is not below a directory for work");
                rig_set(&r.message.directory, at(&r, "work"));
                check(&r, n_fds, "/work is not below a directory for work");
                rig_set(&r.message.directory, at(&r, "work/a/4"));
                check(&r, n_fds, "cannot enter /work/a/4: No such file or directory");
                rig_set(&r.message.directory, at(&r, "work/a/3/stdout"));
                check(&r, n_fds, "cannot enter /work/a/3/stdout: Not a directory");
                rig_set(&r.message.directory, at(&r, "work/link/3"));
                check(&r, n_fds, "cannot enter /work/link/3: Not a directory");
                rig_set(&r.message.directory, at(&r, "work/out"));
                check(&r, n_fds, "cannot enter /work/out: Not a directory");
                rig_set(&r.message.directory, at(&r, "work/a/3"));
                check(&r, n_fds, NULL);
                r.policy.client = getuid() + 1;
                check(&r, n_fds, "/work/a/3 does not belong to the worker");
                r.policy.client = getuid();
        }
}
END_TEST

START_TEST(files_that_come_along)
{
        CLEANUP(rig_done) Rig r;
        int flags[] = { O_RDWR | O_APPEND, O_WRONLY, O_RDONLY };

        rig_init(&r);
        check(&r, 0, "start takes 3 fds and not 0");
        check(&r, 2, "start takes 3 fds and not 2");
        for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
                close_fd(&r.fds[2]);
                r.fds[2] = open_output(&r, "work/a/3/stderr", flags[i]);
                check(&r, LAUNCH_FDS, "output is not open for appending only");
        }
        close_fd(&r.fds[2]);
        r.fds[2] = open_output(&r, "work/a/3", O_DIRECTORY);
        check(&r, LAUNCH_FDS, "output does not go to a file");
        close_fd(&r.fds[2]);
        r.fds[2] = open_output(&r, "work/a/3/stderr", O_WRONLY | O_APPEND);
        close_fd(&r.fds[0]);
        r.fds[0] = make_environment(false);
        check(&r, LAUNCH_FDS, "the environment is not a sealed memory file");
        close_fd(&r.fds[0]);
        r.fds[0] = open_output(&r, "work/a/3/stdout", O_RDONLY);
        check(&r, LAUNCH_FDS, "the environment is not a sealed memory file");
        close_fd(&r.fds[0]);
        r.fds[0] = memfd_create("environment", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        ck_assert_int_eq(ftruncate(r.fds[0], LIMIT_LAUNCH_ENV_BYTES + 1), 0);
        ck_assert_int_eq(fcntl(r.fds[0], F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW),
                         0);
        check(&r, LAUNCH_FDS, "the environment is too long");

        r.message.verb = LAUNCH_FORGET;
        check(&r, 1, "only start takes fds");
}
END_TEST

UNIT_MAIN("launcher-check", who_asks, users_and_memory, programs, directories,
          files_that_come_along)
