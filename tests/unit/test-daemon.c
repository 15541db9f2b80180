/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/common/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <systemd/sd-daemon.h>

#include "tests/unit/unit.h"

static void assert_cannot_listen(const char *host, uint16_t port, const char *expected)
{
        CLEANUP_FREE char *problem = NULL;
        int fd = -1;
        uint16_t got = 0;
        ck_assert_int_eq(daemon_listen(host, port, &fd, &got, &problem), DAEMON_E_UNAVAILABLE);
        ck_assert_int_eq(fd, -1);
        ck_assert_int_eq(strncmp(problem, expected, strlen(expected)), 0);
}

static bool can_connect(int family, uint16_t port)
{
        struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
        struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
                                   .sin6_port = htons(port),
                                   .sin6_addr = IN6ADDR_LOOPBACK_INIT };
        v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        CLEANUP_CLOSE int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        return fd >= 0 &&
               (family == AF_INET ? connect(fd, (struct sockaddr *)&v4, sizeof(v4))
                                  : connect(fd, (struct sockaddr *)&v6, sizeof(v6))) == 0;
}

START_TEST(a_port_is_opened)
{
        CLEANUP_CLOSE int fd = -1;
        CLEANUP_FREE char *problem = NULL;
        uint16_t port = 0;
        ck_assert_int_eq(daemon_listen("127.0.0.1", 0, &fd, &port, &problem), 0);
        ck_assert_uint_ne(port, 0);
        ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
        ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
        ck_assert(can_connect(AF_INET, port));
        ck_assert(!can_connect(AF_INET6, port));

        char expected[128];
        (void)snprintf(expected, sizeof(expected),
                       "port %u on 127.0.0.1 is in use by another process", port);
        assert_cannot_listen("127.0.0.1", port, expected);
        (void)snprintf(expected, sizeof(expected),
                       "port %u on any address is in use by another process", port);
        assert_cannot_listen(NULL, port, expected);
}
END_TEST

START_TEST(any_address_is_both_families)
{
        static const char *const names[] = { NULL, "", "*" };
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                CLEANUP_CLOSE int fd = -1;
                CLEANUP_FREE char *problem = NULL;
                uint16_t port = 0;
                ck_assert_int_eq(daemon_listen(names[i], 0, &fd, &port, &problem), 0);
                ck_assert(can_connect(AF_INET, port));
                struct sockaddr_storage address;
                socklen_t size = sizeof(address);
                ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
                if (address.ss_family == AF_INET6) /* unless the kernel has none */
                        ck_assert(can_connect(AF_INET6, port));
        }
}
END_TEST

START_TEST(ipv6_literals_may_have_brackets)
{
        static const char *const names[] = { "::1", "[::1]" };
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                CLEANUP_CLOSE int fd = -1;
                CLEANUP_FREE char *problem = NULL;
                uint16_t port = 0;
                int r = daemon_listen(names[i], 0, &fd, &port, &problem);
                if (r != 0) {
                        /* a kernel without IPv6 on its loopback */
                        ck_assert(!can_connect(AF_INET6, 1) && errno != ECONNREFUSED);
                        continue;
                }
                ck_assert(can_connect(AF_INET6, port));
                ck_assert(!can_connect(AF_INET, port));
        }
}
END_TEST

START_TEST(what_cannot_be_listened_on)
{
        assert_cannot_listen("no-such-host.invalid", 0,
                             "host name no-such-host.invalid does not resolve: ");
        assert_cannot_listen("192.0.2.253", 0, "192.0.2.253 is not an address of this machine");
        ck_assert_int_eq(daemon_exit_status(DAEMON_E_UNAVAILABLE), EX_UNAVAILABLE);
        ck_assert_int_eq(daemon_exit_status(-EMFILE), EX_OSERR);
        ck_assert_int_eq(daemon_exit_status(0), EX_OK);
}
END_TEST

START_TEST(the_kernel_refusing_is_told)
{
        struct rlimit limit, none;
        CLEANUP_FREE char *problem = NULL;
        int fd = -1;
        uint16_t port;
        ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
        none = limit;
        none.rlim_cur = 0;
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
        int r = daemon_listen(NULL, 1234, &fd, &port, &problem);
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
        ck_assert_int_eq(r, -EMFILE);
        ck_assert_str_eq(problem, "cannot listen on port 1234 on any address: Too many open files");
}
END_TEST

typedef struct Taken {
        int result, fd, status_flags, fd_flags;
        uint16_t port;
        char *problem; /* owned */
} Taken;

/* Asks for the socket `name` while `fd` is passed as "http". No assertion in here: the harness may
 * itself be using the descriptor 3 that has to stand in. */
static Taken take_passed(int fd, const char *name)
{
        Taken t = { .fd = -1 };
        char pid[16];
        int kept = fcntl(SD_LISTEN_FDS_START, F_DUPFD_CLOEXEC, 10);
        (void)snprintf(pid, sizeof(pid), "%ld", (long)getpid());
        (void)setenv("LISTEN_PID", pid, 1);
        (void)setenv("LISTEN_FDS", "1", 1);
        (void)setenv("LISTEN_FDNAMES", "http", 1);
        (void)dup2(fd, SD_LISTEN_FDS_START);
        t.result = daemon_passed_socket(name, &t.fd, &t.port, &t.problem);
        t.status_flags = fcntl(SD_LISTEN_FDS_START, F_GETFL);
        t.fd_flags = fcntl(SD_LISTEN_FDS_START, F_GETFD);
        if (kept >= 0)
                (void)dup3(kept, SD_LISTEN_FDS_START, O_CLOEXEC);
        else
                (void)close(SD_LISTEN_FDS_START);
        close_fd(&kept);
        (void)unsetenv("LISTEN_PID");
        (void)unsetenv("LISTEN_FDS");
        (void)unsetenv("LISTEN_FDNAMES");
        return t;
}

START_TEST(passed_sockets_are_taken_by_name)
{
        CLEANUP_FREE char *problem = NULL;
        CLEANUP_CLOSE int fd = -1;
        /* high, so that it is not the 3 that take_passed() works with */
        CLEANUP_CLOSE int high = -1, other = -1;
        uint16_t port = 0;
        Taken t = { 0 };
        ck_assert_int_eq(daemon_passed_socket("http", &t.fd, &t.port, &t.problem), 0);
        ck_assert_int_eq(t.fd, -1);
        ck_assert_int_eq(daemon_listen("127.0.0.1", 0, &fd, &port, &problem), 0);
        high = fcntl(fd, F_DUPFD_CLOEXEC, 20);
        ck_assert_int_eq(fcntl(high, F_SETFL, 0), 0); /* blocking, as systemd makes them */

        t = take_passed(high, "rpc");
        ck_assert_int_eq(t.result, 0);
        ck_assert_int_eq(t.fd, -1);
        t = take_passed(high, "http");
        ck_assert_int_eq(t.result, 0);
        ck_assert_int_eq(t.fd, SD_LISTEN_FDS_START);
        ck_assert_uint_eq(t.port, port);
        ck_assert_int_ne(t.status_flags & O_NONBLOCK, 0);
        ck_assert_int_ne(t.fd_flags & FD_CLOEXEC, 0);
        ck_assert_ptr_null(t.problem);

        CLEANUP_CLOSE int datagrams = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        other = fcntl(datagrams, F_DUPFD_CLOEXEC, 20);
        t = take_passed(other, "http");
        problem = t.problem;
        ck_assert_int_eq(t.result, DAEMON_E_UNAVAILABLE);
        ck_assert_str_eq(problem, "the socket \"http\" passed by the service manager is not a "
                                  "listening TCP socket");
}
END_TEST

typedef struct Seen {
        sd_event *event;
        int terminated, reloaded;
} Seen;

static void on_terminate(void *user, int signal)
{
        Seen *seen = user;
        seen->terminated = signal;
        (void)sd_event_exit(seen->event, 7);
}

static void on_reload(void *user)
{
        Seen *seen = user;
        seen->reloaded++;
        (void)kill(getpid(), SIGINT);
}

START_TEST(signals_come_through_the_loop)
{
        Seen seen = { 0 };
        const DaemonHandlers handlers = { .terminate = on_terminate,
                                          .reload = on_reload,
                                          .user = &seen };
        sigset_t before;
        ck_assert_int_eq(sigprocmask(SIG_SETMASK, NULL, &before), 0);
        ck_assert_int_eq(daemon_event_new(&handlers, &seen.event), 0);
        (void)kill(getpid(), SIGHUP);
        (void)kill(getpid(), SIGPIPE); /* blocked */
        ck_assert_int_eq(sd_event_loop(seen.event), 7);
        ck_assert_int_eq(seen.reloaded, 1);
        ck_assert_int_eq(seen.terminated, SIGINT);
        (void)sd_event_unref(seen.event);

        const DaemonHandlers plain = { 0 };
        ck_assert_int_eq(daemon_event_new(&plain, &seen.event), 0);
        (void)kill(getpid(), SIGTERM);
        ck_assert_int_eq(sd_event_loop(seen.event), 0);
        (void)sd_event_unref(seen.event);
        /* eat the SIGPIPE before the mask is put back */
        sigset_t pipe_only;
        (void)sigemptyset(&pipe_only);
        (void)sigaddset(&pipe_only, SIGPIPE);
        ck_assert_int_eq(sigtimedwait(&pipe_only, NULL, &(struct timespec){ 0 }), SIGPIPE);
        ck_assert_int_eq(sigprocmask(SIG_SETMASK, &before, NULL), 0);
}
END_TEST

START_TEST(systemd_is_told)
{
        CLEANUP_UNIT_DIR UnitDir d = unit_dir();
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        CLEANUP_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        char text[256] = "";
        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", d.path);
        ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        (void)setenv("NOTIFY_SOCKET", address.sun_path, 1);
        daemon_notify_ready("%d workers", 3);
        ck_assert_int_gt(recv(fd, text, sizeof(text) - 1, 0), 0);
        ck_assert_str_eq(text, "READY=1\nSTATUS=3 workers");
        memset(text, 0, sizeof(text));
        daemon_notify_status("%d workers", 4);
        ck_assert_int_gt(recv(fd, text, sizeof(text) - 1, 0), 0);
        ck_assert_str_eq(text, "STATUS=4 workers");
        memset(text, 0, sizeof(text));
        daemon_notify_stopping();
        ck_assert_int_gt(recv(fd, text, sizeof(text) - 1, 0), 0);
        ck_assert_str_eq(text, "STOPPING=1");
        (void)unsetenv("NOTIFY_SOCKET");
        daemon_notify_stopping(); /* to nobody */
}
END_TEST

START_TEST(files_up_to_the_hard_limit)
{
        struct rlimit before, after;
        ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
        ck_assert_int_eq(
                setrlimit(RLIMIT_NOFILE, &(struct rlimit){ MIN_OF(before.rlim_max, (rlim_t)100),
                                                           before.rlim_max }),
                0);
        ck_assert_int_eq(daemon_raise_nofile(), 0);
        ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &after), 0);
        ck_assert_uint_eq(after.rlim_cur, before.rlim_max);
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
}
END_TEST

static void assert_local_host(const char *expected)
{
        CLEANUP_FREE char *host = daemon_local_host();
        ck_assert_str_eq(host, expected);
}

START_TEST(the_host_has_a_name)
{
        (void)setenv("SPARK_LOCAL_HOSTNAME", "name.example", 1);
        (void)setenv("SPARK_LOCAL_IP", "10.1.2.3", 1);
        assert_local_host("name.example");
        (void)unsetenv("SPARK_LOCAL_HOSTNAME");
        assert_local_host("10.1.2.3");
        (void)setenv("SPARK_LOCAL_IP", "fd00::1", 1);
        assert_local_host("[fd00::1]");
        (void)unsetenv("SPARK_LOCAL_IP");
        /* what it finds by itself can be listened on */
        CLEANUP_FREE char *host = daemon_local_host(), *problem = NULL;
        CLEANUP_CLOSE int fd = -1;
        uint16_t port;
        ck_assert_int_eq(daemon_listen(host, 0, &fd, &port, &problem), 0);

        (void)setenv("SPARK_PUBLIC_DNS", "public.example", 1);
        ck_assert_str_eq(daemon_public_host("h"), "public.example");
        (void)setenv("SPARK_PUBLIC_DNS", "", 1);
        ck_assert_str_eq(daemon_public_host("h"), "h");
        (void)unsetenv("SPARK_PUBLIC_DNS");
}
END_TEST

START_TEST(ipv6_literals_get_brackets)
{
        static const char *const hosts[][2] = {
                { "::1", "[::1]" },
                { "[::1]", "[::1]" },
                { "127.0.0.1", "127.0.0.1" },
                { "name.example", "name.example" },
        };
        for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
                CLEANUP_FREE char *host = daemon_url_host(hosts[i][0]);
                ck_assert_str_eq(host, hosts[i][1]);
        }
}
END_TEST

UNIT_MAIN("daemon", a_port_is_opened, any_address_is_both_families, ipv6_literals_may_have_brackets,
          what_cannot_be_listened_on, the_kernel_refusing_is_told, passed_sockets_are_taken_by_name,
          signals_come_through_the_loop, systemd_is_told, files_up_to_the_hard_limit,
          the_host_has_a_name, ipv6_literals_get_brackets)
