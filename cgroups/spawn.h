/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Children: started in a session of their own, watched, and ended with all that they started. This
 * is the backend for machines where executors are the worker's own children; none of them outlives
 * it (PR_SET_PDEATHSIG).
 *
 * The process is a child subreaper: what an executor leaves behind is re-parented to us, and reaped
 * here. Hence one handler for SIGCHLD instead of one watch per child.
 */

#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "base/macro.h"

typedef struct SpawnRequest {
        const char *const *argv;        /* argv[0] is the path of the program; NULL-terminated */
        const char *const *environment; /* NULL-terminated "name=value" */
        const char *directory;          /* to run in; NULL: ours */
        const char *stdout_path;        /* appended to, made if absent; NULL: /dev/null */
        const char *stderr_path;
        /* Called in the child when all else is ready, with its output open and its signals reset:
         * to enter a control group, to become somebody else. 0, or -errno to give up. */
        int (*prepare)(void *arg);
        void *prepare_arg;
} SpawnRequest;

/* Starts a program. It leads a new session, has default signal handlers and nothing blocked, no fd
 * but the standard ones, and dies with us. 0 with *ret_pid, or -errno with *ret_problem: a sentence
 * part owned by the caller ("cannot run /x/java: No such file or directory") or NULL. */
int spawn(const SpawnRequest *request, pid_t *ret_pid, char **ret_problem);

/* Runs work(arg, fd) in a child that is a copy of us, for what would block the loop: what it writes
 * to `fd` comes out of *ret_fd, non-blocking and ours, until end of file. The child has no other fd
 * of ours but the standard ones, ends by SIGALRM after `seconds`, and exits with work's result; it
 * must neither log nor touch the loop. 0 or -errno. */
int spawn_function(int (*work)(void *arg, int fd), void *arg, unsigned seconds, pid_t *ret_pid,
                   int *ret_fd);

/* Sends SIGKILL to every process of the session that `leader` leads but to the leader itself; to
 * that, too, with `leader_too`. Goes on until a look round finds none that was not signalled.
 * The leader must not have been reaped: that keeps its id from being given to others. Returns how
 * many were signalled or -errno. */
int spawn_kill_session(pid_t leader, bool leader_too);

/* As Java counts: the exit status, or 128 + the signal. */
int spawn_exit_code(const siginfo_t *info);

typedef struct Reaper Reaper;

/* Called when a child has ended, before it is reaped: its session can still be killed. */
typedef void (*ReaperHandler)(void *user, pid_t pid, const siginfo_t *info);

/* Blocks SIGCHLD. From here on every child that ends is reaped by this. 0 or -errno. */
int reaper_new(sd_event *event, ReaperHandler handler, void *user, Reaper **ret);
void reaper_free(Reaper *reaper);
