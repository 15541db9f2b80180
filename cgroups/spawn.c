/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/spawn.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/parse.h"

/* Looks round a session at most so often: each finds only what was forked during the one before. */
#define KILL_ROUNDS 64

/* ---- in the child, between fork and exec ---- */

/* What the child tells when it fails: where, and errno. */
typedef enum SpawnStage {
        STAGE_PREPARE,
        STAGE_DIRECTORY,
        STAGE_STDOUT,
        STAGE_STDERR,
        STAGE_EXEC,
} SpawnStage;

typedef struct SpawnFailure {
        SpawnStage stage;
        int error;
} SpawnFailure;

static int reset_signals(void)
{
        const struct sigaction dfl = { .sa_handler = SIG_DFL };
        sigset_t none;

        for (int s = 1; s < _NSIG; s++)
                if (s != SIGKILL && s != SIGSTOP)
                        (void)sigaction(s, &dfl, NULL); /* EINVAL for those that libc keeps */
        (void)sigemptyset(&none);
        return sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Makes `path`, to append to, or else /dev/null the fd `as`. */
static int redirect(const char *path, int as)
{
        int fd = path ? file_open_plain(path, O_APPEND, 0644)
                      : open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY);

        if (fd < 0) {
                errno = path ? -fd : errno;
                return -1;
        }
        if (fd == as) /* it must survive exec, which dup2() to itself would not bring about */
                return fcntl(fd, F_SETFD, 0);
        return dup2(fd, as) < 0 ? -1 : close(fd);
}

static int die_with(pid_t parent)
{
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
                return -1;
        /* The signal comes only for a parent that dies after this call, so ask who it is now. */
        if (getppid() != parent) {
                errno = ESRCH;
                return -1;
        }
        return 0;
}

/* Returns only on failure, with errno. */
static SpawnStage child_run(const SpawnRequest *request, pid_t parent)
{
        if (die_with(parent) < 0)
                return STAGE_PREPARE;
        if (setsid() < 0 || reset_signals() < 0 || redirect(NULL, STDIN_FILENO) < 0)
                return STAGE_PREPARE;
        if (request->directory && chdir(request->directory) < 0)
                return STAGE_DIRECTORY;
        if (redirect(request->stdout_path, STDOUT_FILENO) < 0)
                return STAGE_STDOUT;
        if (redirect(request->stderr_path, STDERR_FILENO) < 0)
                return STAGE_STDERR;
        if (request->prepare) {
                int r = request->prepare(request->prepare_arg);

                if (r < 0) {
                        errno = -r;
                        return STAGE_PREPARE;
                }
        }
        /* Ours are close-on-exec; what we were started with need not be. */
        (void)close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
        (void)execve(request->argv[0], (char *const *)request->argv,
                     (char *const *)request->environment);
        return STAGE_EXEC;
}

static char *failure_text(const SpawnRequest *request, const SpawnFailure *failure)
{
        const char *error = strerror(failure->error);
        char *text = NULL;
        int n = -1;

        switch (failure->stage) {
        case STAGE_PREPARE:
                n = asprintf(&text, "cannot prepare a process: %s", error);
                break;
        case STAGE_DIRECTORY:
                n = asprintf(&text, "cannot enter %s: %s", request->directory, error);
                break;
        case STAGE_STDOUT:
                n = asprintf(&text, "cannot open %s: %s", request->stdout_path, error);
                break;
        case STAGE_STDERR:
                n = asprintf(&text, "cannot open %s: %s", request->stderr_path, error);
                break;
        case STAGE_EXEC:
                n = asprintf(&text, "cannot run %s: %s", request->argv[0], error);
                break;
        }
        return n < 0 ? NULL : text;
}

/* fork() with every signal blocked: no handler of ours may run in the child before the handlers are
 * reset. The caller restores the mask; the child's is reset with the handlers. */
static pid_t fork_blocked(sigset_t *ret_before)
{
        sigset_t all;

        (void)sigfillset(&all);
        (void)sigprocmask(SIG_BLOCK, &all, ret_before);
        return fork();
}

int spawn(const SpawnRequest *request, pid_t *ret_pid, char **ret_problem)
{
        CLEANUP_CLOSE int from_child = -1, to_parent = -1;
        SpawnFailure failure;
        pid_t parent = getpid(), pid;
        sigset_t before;
        int fds[2];

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        from_child = fds[0];
        to_parent = fds[1];

        pid = fork_blocked(&before);
        if (pid == 0) {
                failure.stage = child_run(request, parent);
                failure.error = errno;
                (void)!write(to_parent, &failure, sizeof(failure));
                _exit(127);
        }
        failure.error = errno;
        (void)sigprocmask(SIG_SETMASK, &before, NULL);
        if (pid < 0)
                return -failure.error;

        close_fd(&to_parent);
        if (fd_read(from_child, &failure, sizeof(failure)) == (ssize_t)sizeof(failure)) {
                (void)waitpid(pid, NULL, 0);
                *ret_problem = failure_text(request, &failure);
                return -failure.error;
        }
        *ret_pid = pid;
        return 0;
}

int spawn_function(int (*work)(void *arg, int fd), void *arg, unsigned seconds, pid_t *ret_pid,
                   int *ret_fd)
{
        CLEANUP_CLOSE int from_child = -1, to_parent = -1;
        pid_t parent = getpid(), pid;
        sigset_t before;
        int fds[2], r;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        from_child = fds[0];
        to_parent = fds[1];

        pid = fork_blocked(&before);
        if (pid == 0) {
                if (die_with(parent) < 0 || reset_signals() < 0)
                        _exit(126);
                /* A peer must not wait for this child before it sees us hang up. */
                (void)close_range(STDERR_FILENO + 1, (unsigned)to_parent - 1, 0);
                (void)close_range((unsigned)to_parent + 1, ~0U, 0);
                (void)alarm(seconds);
                _exit(work(arg, to_parent));
        }
        r = errno;
        (void)sigprocmask(SIG_SETMASK, &before, NULL);
        if (pid < 0)
                return -r;
        if (fcntl(from_child, F_SETFL, O_NONBLOCK) < 0)
                return -errno;
        *ret_pid = pid;
        *ret_fd = TAKE_FD(from_child);
        return 0;
}

/* ---- sessions ---- */

typedef struct PidSet {
        pid_t *items;
        size_t n, room;
} PidSet;

static bool pid_set_has(const PidSet *set, pid_t pid)
{
        for (size_t i = 0; i < set->n; i++)
                if (set->items[i] == pid)
                        return true;
        return false;
}

static int pid_set_add(PidSet *set, pid_t pid)
{
        if (set->n == set->room) {
                size_t room = set->room ? 2 * set->room : 16;
                pid_t *items = reallocarray(set->items, room, sizeof(*items));

                if (!items)
                        return -ENOMEM;
                set->items = items;
                set->room = room;
        }
        set->items[set->n++] = pid;
        return 0;
}

/* The session of a process and whether it still runs, from /proc/PID/stat; -1 when it is gone.
 * (The name in parentheses may hold anything, so fields are counted from its last parenthesis.) */
static pid_t session_of(int proc, const char *name, bool *ret_alive)
{
        char path[32], text[1024], state;
        CLEANUP_CLOSE int fd = -1;
        int session;
        ssize_t n;
        char *p;

        (void)snprintf(path, sizeof(path), "%s/stat", name);
        fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -1;
        n = read(fd, text, sizeof(text) - 1);
        if (n <= 0)
                return -1;
        text[n] = '\0';
        p = strrchr(text, ')');
        if (!p || sscanf(p + 1, " %c %*d %*d %d", &state, &session) != 2)
                return -1;
        *ret_alive = state != 'Z' && state != 'X';
        return session;
}

/* One look at all processes. Returns how many were newly signalled, or -errno. */
static int kill_round(pid_t leader, bool leader_too, PidSet *done)
{
        DIR *dir = opendir("/proc");
        struct dirent *entry;
        int found = 0, pid;
        bool alive;

        if (!dir)
                return -errno;
        while ((entry = readdir(dir))) {
                if (parse_int(entry->d_name, 1, INT32_MAX, &pid) < 0)
                        continue;
                if (session_of(dirfd(dir), entry->d_name, &alive) != leader || !alive)
                        continue;
                if ((pid == leader && !leader_too) || pid_set_has(done, pid))
                        continue;
                if (kill(pid, SIGKILL) < 0 || pid_set_add(done, pid) < 0)
                        continue;
                found++;
        }
        (void)closedir(dir);
        return found;
}

int spawn_kill_session(pid_t leader, bool leader_too)
{
        PidSet done = { 0 };
        int r = 1, n;

        /* A process that has been signalled cannot fork any more, so once a look finds only those
         * there will be no others. */
        for (unsigned round = 0; r > 0 && round < KILL_ROUNDS; round++)
                r = kill_round(leader, leader_too, &done);
        n = (int)done.n;
        free(done.items);
        return r < 0 ? r : n;
}

int spawn_exit_code(const siginfo_t *info)
{
        return info->si_code == CLD_EXITED ? info->si_status : 128 + info->si_status;
}

/* ---- reaping ---- */

struct Reaper {
        sd_event_source *source;
        ReaperHandler handler;
        void *user;
};

static int on_sigchld(sd_event_source *source, const struct signalfd_siginfo *si, void *user)
{
        Reaper *reaper = user;
        siginfo_t info;

        /* One signal may stand for several children. */
        for (;;) {
                info.si_pid = 0;
                if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
                        return 0;
                reaper->handler(reaper->user, info.si_pid, &info);
                (void)waitid(P_PID, (id_t)info.si_pid, &info, WEXITED | WNOHANG);
        }
}

int reaper_new(sd_event *event, ReaperHandler handler, void *user, Reaper **ret)
{
        Reaper *reaper;
        sigset_t set;
        int r;

        (void)sigemptyset(&set);
        (void)sigaddset(&set, SIGCHLD);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
                return -errno;
        reaper = calloc(1, sizeof(*reaper));
        if (!reaper)
                return -ENOMEM;
        reaper->handler = handler;
        reaper->user = user;
        r = sd_event_add_signal(event, &reaper->source, SIGCHLD, on_sigchld, reaper);
        if (r < 0) {
                free(reaper);
                return r;
        }
        *ret = reaper;
        return 0;
}

void reaper_free(Reaper *reaper)
{
        if (!reaper)
                return;
        (void)sd_event_source_disable_unref(reaper->source);
        free(reaper);
}
