/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/confirm.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>

#include "base/file.h"

#define SOCKET_NAME "confirm"
#define ANSWER      "confirmed\n"

static int socket_address(const char *dir, struct sockaddr_un *ret)
{
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        int n = snprintf(sa.sun_path, sizeof sa.sun_path, "%s/" SOCKET_NAME,
                         dir ? dir : HOST_RUNTIME_DIR);

        if (n < 0 || (size_t)n >= sizeof sa.sun_path)
                return -ENAMETOOLONG;
        *ret = sa;
        return 0;
}

int confirm_send(const char *dir)
{
        CLEANUP_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_un sa;
        char answer[sizeof ANSWER];
        int r = socket_address(dir, &sa);

        if (fd < 0 || r < 0)
                return r < 0 ? r : -errno;
        if (connect(fd, (struct sockaddr *)&sa, sizeof sa) < 0)
                return errno == ENOENT || errno == ECONNREFUSED ? -ESRCH : -errno;
        return recv(fd, answer, sizeof answer, MSG_WAITALL) == sizeof ANSWER - 1 ? 0 : -ESRCH;
}

/* ---- the process that waits ---- */

/* The directory is root's alone, and so is the socket. */
static int listen_for_it(const char *dir, int *ret)
{
        CLEANUP_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        struct sockaddr_un sa;
        int r = socket_address(dir, &sa);

        if (fd < 0 || r < 0)
                return r < 0 ? r : -errno;
        (void)unlink(sa.sun_path); /* of one that was killed: the lock is ours */
        if (bind(fd, (struct sockaddr *)&sa, sizeof sa) < 0 || listen(fd, 4) < 0)
                return -errno;
        *ret = TAKE_FD(fd);
        return 0;
}

static int64_t now_msec(void)
{
        struct timespec t;

        clock_gettime(CLOCK_BOOTTIME, &t);
        return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Who came in time: a connection that waits for the answer; or -1. */
static int wait_for_it(int fd, unsigned seconds)
{
        int64_t end = now_msec() + (int64_t)seconds * 1000;

        for (int64_t left; (left = end - now_msec()) > 0;) {
                struct pollfd p = { .fd = fd, .events = POLLIN };

                if (poll(&p, 1, (int)MIN_OF(left, 1000)) <= 0)
                        continue;
                int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

                if (peer >= 0)
                        return peer;
        }
        return -1;
}

/* A scope of systemd protects from the end of a session, this from the kernel's choice when memory
 * runs out. */
static void protect(void)
{
        CLEANUP_CLOSE int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

        if (fd >= 0)
                (void)!write(fd, "-1000", 5);
}

/* NUL and the status end the report. */
static void report_status(FILE *report, int status)
{
        fputc('\0', report);
        fputc(status, report);
        (void)fclose(report);
}

static void roll_back(Applied *applied, const SessionOptions *options)
{
        size_t failures = session_undo(applied, options);

        syslog(failures > 0 ? LOG_ERR : LOG_NOTICE,
               "the network is as it was before: nobody confirmed the change; the configuration "
               "still has it (%zu steps could not be undone)",
               failures);
}

static void ignore_signals(const int *signals, size_t n)
{
        const struct sigaction ignore = { .sa_handler = SIG_IGN };

        for (size_t i = 0; i < n; i++)
                (void)sigaction(signals[i], &ignore, NULL);
}

/* Never returns. The process that waits says a word at the end; a silent end is that of one that
 * was killed. */
static void be_guard(int fd, Applied *applied, const SessionOptions *options)
{
        static const int signals[] = { SIGTERM, SIGINT, SIGQUIT };
        ssize_t n;
        char word;

        ignore_signals(signals, ARRAY_SIZE(signals));
        do
                n = read(fd, &word, sizeof word);
        while (n < 0 && errno == EINTR);
        if (n <= 0)
                roll_back(applied, options);
        _exit(VERB_OK);
}

typedef struct Guard {
        pid_t pid;
        int fd; /* closed: it rolls back */
} Guard;

/* A process that undoes the change should the one that waits be killed. Not these, which others
 * wait for the end of, are its own: the socket `listener`, and the report. */
static int start_guard(Applied *applied, const SessionOptions *options, int listener, FILE *report,
                       Guard *ret)
{
        int fds[2];

        if (fflush(report) != 0 || pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        pid_t child = fork();

        if (child == 0) {
                (void)close(fds[1]);
                (void)close(listener);
                (void)close(fileno(report));
                be_guard(fds[0], applied, options);
        }
        (void)close(fds[0]);
        if (child < 0) {
                int r = -errno;

                (void)close(fds[1]);
                return r;
        }
        *ret = (Guard){ child, fds[1] };
        return 0;
}

static void end_guard(Guard *guard)
{
        (void)!write(guard->fd, "", 1);
        close_fd(&guard->fd);
        (void)waitpid(guard->pid, NULL, 0);
}

int confirm_run(const SessionOptions *options, unsigned seconds, int report_fd)
{
        /* Whoever started this may be gone when it is read what is written. */
        static const int signals[] = { SIGPIPE, SIGHUP };
        CLEANUP_CLOSE int fd = -1, peer = -1;
        CLEANUP_APPLIED Applied applied;
        Guard guard = { .fd = -1 };
        FILE *report = fdopen(report_fd, "w");
        int r;

        if (!report)
                return VERB_FAILED;
        ignore_signals(signals, ARRAY_SIZE(signals));
        protect();
        openlog("spark-netsetup", LOG_PID, LOG_DAEMON);
        applied_init(&applied);
        r = session_apply(options, report, report, &applied);
        if (r >= 0 && applied.n_steps > 0) {
                r = listen_for_it(options->dir, &fd);
                if (r >= 0)
                        r = start_guard(&applied, options, fd, report, &guard);
                if (r < 0)
                        roll_back(&applied, options);
        }
        if (r < 0 || applied.n_steps == 0) {
                report_status(report, r == -EINVAL ? VERB_CONFIG : r < 0 ? VERB_FAILED : VERB_OK);
                return r < 0 ? VERB_FAILED : VERB_OK;
        }
        fprintf(report,
                "This is undone in %u seconds, unless `spark-netsetup confirm` comes before. Run "
                "it "
                "from a new login: then it is proved that one is possible.\n",
                seconds);
        report_status(report, VERB_OK);
        peer = wait_for_it(fd, seconds);
        if (peer < 0)
                roll_back(&applied, options);
        end_guard(&guard);
        if (peer < 0)
                return VERB_FAILED;
        syslog(LOG_NOTICE, "the change of the network is confirmed");
        close_fd(&applied.lock_fd); /* before it is heard of, so that the next one gets it */
        (void)send(peer, ANSWER, sizeof ANSWER - 1, MSG_NOSIGNAL);
        return VERB_OK;
}

/* ---- the one who starts it ---- */

/* Never returns. */
static void become_worker(const char *config, unsigned seconds, int report_fd)
{
        char self[4096], scope[64], time[16], fd[16];
        ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
        char *const argv[] = { (char *)"systemd-run",
                               (char *)"--scope",
                               (char *)"--quiet",
                               (char *)"--collect",
                               scope,
                               self,
                               (char *)"--config",
                               (char *)config,
                               (char *)"apply",
                               (char *)"--confirm",
                               time,
                               (char *)"--report-fd",
                               fd,
                               NULL };

        if (n < 0)
                _exit(VERB_FAILED);
        self[n] = '\0';
        snprintf(scope, sizeof scope, "--unit=spark-netsetup-confirm-%d", (int)getpid());
        snprintf(time, sizeof time, "%u", seconds);
        snprintf(fd, sizeof fd, "%d", report_fd);
        (void)fcntl(report_fd, F_SETFD, 0);
        (void)setsid();
        CLEANUP_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);

        for (int i = 0; i < 3 && null >= 0; i++)
                (void)dup2(null, i);
        if (access("/run/systemd/system", F_OK) == 0)
                (void)execvp(argv[0], argv);
        (void)execv(self, argv + 5);
        _exit(VERB_FAILED);
}

int confirm_start(const char *config, unsigned seconds)
{
        int fds[2], status = VERB_FAILED, c;

        if (pipe2(fds, O_CLOEXEC) < 0) {
                perror("spark-netsetup");
                return VERB_FAILED;
        }
        pid_t child = fork();

        if (child == 0)
                become_worker(config, seconds, fds[1]);
        (void)close(fds[1]);
        FILE *report = child < 0 ? NULL : fdopen(fds[0], "r");

        if (!report) {
                perror("spark-netsetup");
                (void)close(fds[0]);
                return VERB_FAILED;
        }
        while ((c = fgetc(report)) > 0)
                putchar(c);
        if (c == 0 && (c = fgetc(report)) != EOF)
                status = c;
        else
                fputs("spark-netsetup: the process that makes the change has died\n", stderr);
        (void)fclose(report);
        return status;
}
