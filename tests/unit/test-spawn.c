/* SPDX-License-Identifier: Apache-2.0 */
/* Children that are shells: what they get, what they leave behind, how they end. */
#include "cgroups/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/file.h"
#include "tests/unit/unit.h"

static char *directory; /* a fresh one for each test */

static void set_up(void)
{
        char template[] = "/tmp/test-spawn-XXXXXX";

        ck_assert_ptr_nonnull(mkdtemp(template));
        directory = strdup(template);
}

static void tear_down(void)
{
        ck_assert_int_eq(dir_remove(directory), 0);
        free(directory);
}

static void pause_ms(long ms)
{
        const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

        (void)nanosleep(&t, NULL);
}

/* Starts a shell script with output in `directory`; returns its pid. */
static int try_start(const char *script, pid_t *ret_pid, char **ret_problem)
{
        const char *argv[] = { "/bin/sh", "-c", script, "sh", NULL };
        const char *environment[] = { "PATH=/usr/bin:/bin", "GREETING=hello", NULL };
        CLEANUP_FREE char *out = path_join(directory, "stdout");
        CLEANUP_FREE char *err = path_join(directory, "stderr");
        SpawnRequest request = { .argv = argv,
                                 .environment = environment,
                                 .directory = directory,
                                 .stdout_path = out,
                                 .stderr_path = err };

        return spawn(&request, ret_pid, ret_problem);
}

static pid_t start(const char *script)
{
        CLEANUP_FREE char *problem = NULL;
        pid_t pid = 0;

        ck_assert_msg(try_start(script, &pid, &problem) == 0, "%s", problem);
        return pid;
}

static siginfo_t wait_for(pid_t pid)
{
        siginfo_t info;

        ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED), 0);
        return info;
}

static char *content(const char *name)
{
        CLEANUP_FREE char *path = path_join(directory, name);
        char *text = NULL;
        size_t size;

        ck_assert_int_eq(file_read(path, 65536, &text, &size), 0);
        return text;
}

/* Waits until a file has a line in it, at most 10 s. */
static int number_in(const char *name)
{
        for (int i = 0; i < 1000; i++) {
                CLEANUP_FREE char *path = path_join(directory, name);
                CLEANUP_FREE char *text = NULL;
                size_t size;
                int n;

                if (file_read(path, 100, &text, &size) == 0 && strchr(text, '\n') &&
                    sscanf(text, "%d", &n) == 1)
                        return n;
                pause_ms(10);
        }
        ck_abort_msg("no %s within 10 s", name);
}

/* Is the process gone, or a zombie? Waits for it at most 10 s. */
static bool gone(pid_t pid)
{
        for (int i = 0; i < 1000; i++) {
                char path[64];
                CLEANUP_FREE char *text = NULL;
                size_t size;

                (void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
                if (file_read(path, 4096, &text, &size) < 0)
                        return true;
                if (strstr(text, ") Z "))
                        return true;
                pause_ms(10);
        }
        return false;
}

START_TEST(test_output_and_environment)
{
        CLEANUP_FREE char *out = NULL, *err = NULL, *expected = NULL;
        siginfo_t info = wait_for(start("pwd; echo $GREETING; env | wc -l; echo oops >&2; exit 7"));

        ck_assert_int_eq(spawn_exit_code(&info), 7);
        out = content("stdout");
        err = content("stderr");
        /* The shell adds PWD (and dash OLDPWD no) to the two. */
        ck_assert_int_gt(asprintf(&expected, "%s\nhello\n", directory), 0);
        ck_assert_int_eq(strncmp(out, expected, strlen(expected)), 0);
        ck_assert_str_eq(err, "oops\n");
}
END_TEST

START_TEST(test_appends)
{
        CLEANUP_FREE char *out = NULL;

        (void)wait_for(start("echo one"));
        (void)wait_for(start("echo two"));
        out = content("stdout");
        ck_assert_str_eq(out, "one\ntwo\n");
}
END_TEST

START_TEST(test_no_inherited_descriptors_or_signals)
{
        CLEANUP_FREE char *out = NULL;
        int fds[2];
        sigset_t set;

        ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
        (void)sigemptyset(&set);
        (void)sigaddset(&set, SIGTERM);
        (void)sigaddset(&set, SIGCHLD);
        (void)sigprocmask(SIG_BLOCK, &set, NULL);
        (void)wait_for(start("grep -E 'Sig(Blk|Ign)' /proc/self/status; exec ls /proc/self/fd"));
        (void)sigprocmask(SIG_UNBLOCK, &set, NULL);
        out = content("stdout");
        /* 3 is the directory that ls reads. */
        ck_assert_ptr_nonnull(strstr(out, "\n0\n1\n2\n3\n"));
        ck_assert_ptr_nonnull(strstr(out, "SigBlk:\t0000000000000000"));
        /* Not the two that libc keeps to itself (32 and 33): posix_spawn() leaves them ignored, so
         * whoever was started by make has them so. */
        const char *ignored = strstr(out, "SigIgn:\t");
        ck_assert_ptr_nonnull(ignored);
        ck_assert_uint_eq(
                strtoull(ignored + strlen("SigIgn:\t"), NULL, 16) & ~UINT64_C(0x180000000), 0);
        close_fd(&fds[0]);
        close_fd(&fds[1]);
}
END_TEST

START_TEST(test_new_session)
{
        pid_t pid =
                start("sed 's/.*) . [0-9]* \\([0-9]*\\) \\([0-9]*\\) .*/\\1 \\2/' /proc/$$/stat");
        CLEANUP_FREE char *out = NULL, *expected = NULL;

        (void)wait_for(pid);
        out = content("stdout");
        ck_assert_int_gt(asprintf(&expected, "%d %d\n", pid, pid), 0);
        ck_assert_str_eq(out, expected);
}
END_TEST

START_TEST(test_problems_in_words)
{
        static const char *const environment[] = { NULL };
        const char *argv[] = { "/nowhere/java", NULL };
        SpawnRequest request = { .argv = argv, .environment = environment };
        CLEANUP_FREE char *a = NULL, *b = NULL, *c = NULL;
        pid_t pid = 0;

        ck_assert_int_eq(spawn(&request, &pid, &a), -ENOENT);
        ck_assert_str_eq(a, "cannot run /nowhere/java: No such file or directory");
        request.directory = "/nowhere/at-all";
        ck_assert_int_eq(spawn(&request, &pid, &b), -ENOENT);
        ck_assert_str_eq(b, "cannot enter /nowhere/at-all: No such file or directory");
        request.directory = NULL;
        request.stderr_path = "/nowhere/stderr";
        ck_assert_int_eq(spawn(&request, &pid, &c), -ENOENT);
        ck_assert_str_eq(c, "cannot open /nowhere/stderr: No such file or directory");
        ck_assert_int_eq(pid, 0);
        /* All three were reaped. */
        ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
        ck_assert_int_eq(errno, ECHILD);
}
END_TEST

START_TEST(test_does_not_follow_a_planted_link)
{
        static const char *const environment[] = { NULL };
        const char *argv[] = { "/bin/true", NULL };
        CLEANUP_FREE char *link = path_join(directory, "stdout");
        SpawnRequest request = { .argv = argv, .environment = environment, .stdout_path = link };
        CLEANUP_FREE char *problem = NULL;
        pid_t pid;

        ck_assert_int_eq(symlink("/tmp/elsewhere", link), 0);
        ck_assert_int_eq(spawn(&request, &pid, &problem), -ELOOP);
}
END_TEST

START_TEST(test_does_not_wait_for_a_planted_pipe)
{
        static const char *const environment[] = { NULL };
        const char *argv[] = { "/bin/true", NULL };
        CLEANUP_FREE char *pipe = path_join(directory, "stdout");
        SpawnRequest request = { .argv = argv, .environment = environment, .stdout_path = pipe };
        CLEANUP_FREE char *problem = NULL;
        pid_t pid;

        ck_assert_int_eq(mkfifo(pipe, 0600), 0);
        ck_assert_int_eq(spawn(&request, &pid, &problem), -ENXIO);
}
END_TEST

START_TEST(test_exit_by_signal)
{
        pid_t pid = start("kill -TERM $$");
        siginfo_t info = wait_for(pid);

        ck_assert_int_eq(spawn_exit_code(&info), 143);
}
END_TEST

/* A grandchild in a process group of its own, as pyspark's daemon makes one, goes with the rest. */
START_TEST(test_kills_whole_session)
{
        pid_t pid = start("python3 -c 'import os, time; os.setpgid(0, 0); "
                          "print(os.getpid(), file=open(\"a\", \"w\")); time.sleep(1000)' &\n"
                          "sh -c 'sh -c \"echo \\$\\$ > b; exec sleep 1000\" & exec sleep 1000' &\n"
                          "exec sleep 1000");
        pid_t a = number_in("a"), b = number_in("b");
        siginfo_t info;

        ck_assert_int_ne(getpgid(a), pid);
        ck_assert_int_eq(getsid(a), pid);
        ck_assert_int_ge(spawn_kill_session(pid, false), 2);
        ck_assert(gone(a));
        ck_assert(gone(b));
        ck_assert_int_eq(kill(pid, 0), 0);
        /* it, and what has been killed and is not gone yet */
        ck_assert_int_ge(spawn_kill_session(pid, true), 1);
        info = wait_for(pid);
        ck_assert_int_eq(spawn_exit_code(&info), 137);
}
END_TEST

/* Even one that forks as fast as it can. */
START_TEST(test_kills_what_forks)
{
        pid_t pid = start("echo $$ > a\n"
                          "f() { while :; do sleep 1000 & n=$((n+1)); "
                          "[ $n -lt 200 ] || sleep 1000; done; }\n"
                          "f & f & f");
        (void)number_in("a");
        ck_assert_int_gt(spawn_kill_session(pid, true), 0);
        (void)wait_for(pid);
        pause_ms(50);
        ck_assert_int_eq(spawn_kill_session(pid, true), 0);
}
END_TEST

/* The parent dies by SIGKILL: its child must go, too. */
START_TEST(test_dies_with_parent)
{
        pid_t middle = fork(), child;

        if (middle == 0) { /* no check in here: it would write to where ours do */
                char *problem;

                (void)try_start("echo $$ > a; exec sleep 1000", &child, &problem);
                pause_ms(60000);
                _exit(0);
        }
        child = number_in("a");
        ck_assert_int_eq(kill(child, 0), 0);
        ck_assert_int_eq(kill(middle, SIGKILL), 0);
        (void)waitpid(middle, NULL, 0);
        ck_assert(gone(child));
}
END_TEST

typedef struct Seen {
        sd_event *event;
        pid_t main, orphan;
        int code;
        unsigned others;
} Seen;

static void on_end(void *user, pid_t pid, const siginfo_t *info)
{
        Seen *seen = user;

        if (pid == seen->main) {
                seen->code = spawn_exit_code(info);
                /* It is not reaped yet. */
                ck_assert_int_eq(kill(pid, 0), 0);
                seen->main = 0;
        } else if (pid == seen->orphan) {
                seen->orphan = 0;
        } else {
                seen->others++;
        }
        if (!seen->main && !seen->orphan)
                (void)sd_event_exit(seen->event, 0);
}

START_TEST(test_reaps_children_and_orphans)
{
        Reaper *reaper = NULL;
        Seen seen = { 0 };
        sigset_t set;

        ck_assert_int_eq(sd_event_new(&seen.event), 0);
        ck_assert_int_eq(reaper_new(seen.event, on_end, &seen, &reaper), 0);
        seen.main =
                start("(sh -c 'echo $$ > a; sleep 0.3' &) ; while ! [ -s a ]; do :; done; exit 3");
        seen.orphan = number_in("a");
        ck_assert_int_eq(sd_event_loop(seen.event), 0);
        ck_assert_int_eq(seen.code, 3);
        reaper_free(reaper);
        (void)sd_event_unref(seen.event);
        ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
        (void)sigemptyset(&set);
        (void)sigaddset(&set, SIGCHLD);
        (void)sigprocmask(SIG_UNBLOCK, &set, NULL);
}
END_TEST

static int answer(void *arg, int fd)
{
        const char *text = arg;

        if (!text)
                for (;;)
                        pause_ms(1000);
        return write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 5 : 6;
}

START_TEST(test_function)
{
        char text[] = "an answer", out[64] = "";
        siginfo_t info;
        pid_t pid;
        int fd;

        ck_assert_int_eq(spawn_function(answer, text, 10, &pid, &fd), 0);
        info = wait_for(pid);
        ck_assert_int_eq(spawn_exit_code(&info), 5);
        ck_assert_int_eq(read(fd, out, sizeof(out)), (ssize_t)strlen(text));
        ck_assert_str_eq(out, text);
        ck_assert_int_eq(read(fd, out, sizeof(out)), 0);
        close_fd(&fd);
}
END_TEST

START_TEST(test_function_takes_too_long)
{
        siginfo_t info;
        char byte;
        pid_t pid;
        int fd;

        ck_assert_int_eq(spawn_function(answer, NULL, 1, &pid, &fd), 0);
        ck_assert_int_eq(read(fd, &byte, 1), -1);
        ck_assert_int_eq(errno, EAGAIN);
        info = wait_for(pid);
        ck_assert_int_eq(spawn_exit_code(&info), 128 + SIGALRM);
        ck_assert_int_eq(read(fd, &byte, 1), 0);
        close_fd(&fd);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("spawn");
        TCase *tc = tcase_create("spawn");

        tcase_set_timeout(tc, 60);
        tcase_add_checked_fixture(tc, set_up, tear_down);
        tcase_add_test(tc, test_output_and_environment);
        tcase_add_test(tc, test_appends);
        tcase_add_test(tc, test_no_inherited_descriptors_or_signals);
        tcase_add_test(tc, test_new_session);
        tcase_add_test(tc, test_problems_in_words);
        tcase_add_test(tc, test_does_not_follow_a_planted_link);
        tcase_add_test(tc, test_does_not_wait_for_a_planted_pipe);
        tcase_add_test(tc, test_exit_by_signal);
        tcase_add_test(tc, test_kills_whole_session);
        tcase_add_test(tc, test_kills_what_forks);
        tcase_add_test(tc, test_dies_with_parent);
        tcase_add_test(tc, test_reaps_children_and_orphans);
        tcase_add_test(tc, test_function);
        tcase_add_test(tc, test_function_takes_too_long);
        suite_add_tcase(suite, tc);
        return unit_run(suite);
}
