/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process before is this one; a child plays the service manager until it has been given all,
 * and becomes the next process.
 */
#include "daemons/common/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>

#include "base/limits.h"
#include "rpc-sides.h"

#define STATE "all that the machine knows"
#define FIRST 3
#define MOST  64

/* The store. */
static struct {
        int fd;
        char name[32];
} store[MOST];
static size_t n_stored;

static int notify_socket; /* the manager's end */
static bool barrier;      /* was asked for */

static void manager_setup(void)
{
        struct sockaddr_un a = { .sun_family = AF_UNIX };
        char dir[] = "/tmp/sparkd-handover-XXXXXX";
        sides_setup();
        n_stored = 0;
        ck_assert_ptr_nonnull(mkdtemp(dir));
        (void)snprintf(a.sun_path, sizeof(a.sun_path), "%s/notify", dir);
        notify_socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        ck_assert_int_eq(bind(notify_socket, (struct sockaddr *)&a, sizeof(a)), 0);
        ck_assert_int_eq(setenv("NOTIFY_SOCKET", a.sun_path, 1), 0);
}

static void manager_teardown(void)
{
        char *path = getenv("NOTIFY_SOCKET");
        (void)unlink(path);
        *strrchr(path, '/') = '\0';
        (void)rmdir(path);
        (void)unsetenv("NOTIFY_SOCKET");
        close_fd(&notify_socket);
        sides_teardown();
}

static void manager_store(const char *text, int fd)
{
        const char *name = strstr(text, "FDNAME=");
        if (!strstr(text, "FDPOLL=0") || n_stored == MOST)
                return; /* which will be missed */
        store[n_stored].fd = fcntl(fd, F_DUPFD_CLOEXEC, 100);
        (void)snprintf(store[n_stored].name, sizeof(store[n_stored].name), "%s", name + 7);
        n_stored++;
        close_fd(&fd);
}

static void manager_drop(const char *text)
{
        const char *name = strstr(text, "FDNAME=") + 7;
        for (size_t i = 0; i < n_stored; i++)
                if (strcmp(store[i].name, name) == 0)
                        store[i].name[0] = '\0';
}

/* One message; false when there is none. */
static bool manager_receive(int flags)
{
        char text[256], room[CMSG_SPACE(sizeof(int) * 253)];
        struct iovec io = { text, sizeof(text) - 1 };
        struct msghdr m = {
                .msg_iov = &io, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room)
        };
        ssize_t n = recvmsg(notify_socket, &m, flags | MSG_CMSG_CLOEXEC);
        if (n < 0)
                return false;
        text[n] = '\0';
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
                if (c->cmsg_type != SCM_RIGHTS)
                        continue;
                for (size_t at = CMSG_LEN(0); at < c->cmsg_len; at += sizeof(int)) {
                        int fd;
                        memcpy(&fd, (char *)c + at, sizeof(fd));
                        if (strstr(text, "FDSTORE=1"))
                                manager_store(text, fd);
                        else
                                close_fd(&fd); /* which is what the other side waits for */
                }
        }
        barrier = barrier || strstr(text, "BARRIER=1");
        if (strstr(text, "FDSTOREREMOVE=1"))
                manager_drop(text);
        return true;
}

/* In the next process check's own descriptors are gone. */
#define MUST(condition)                                                                            \
        do {                                                                                       \
                if (!(condition)) {                                                                \
                        (void)fprintf(stderr, "the next process: not %s\n", #condition);           \
                        _exit(EXIT_FAILURE);                                                       \
                }                                                                                  \
        } while (false)

/* As the manager starts a service: its store at descriptors from 3 on, and what they are. */
static void manager_pass(void)
{
        char names[MOST * 33] = "", number[16];
        for (int fd = FIRST; fd < 100; fd++)
                if (fd != notify_socket)
                        (void)close(fd);
        notify_socket = fcntl(notify_socket, F_DUPFD_CLOEXEC, 200);
        for (size_t i = 0; i < n_stored; i++) {
                MUST(dup3(store[i].fd, FIRST + (int)i, O_CLOEXEC) == FIRST + (int)i);
                close_fd(&store[i].fd);
                (void)snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
                               i > 0 ? ":" : "", store[i].name);
        }
        (void)snprintf(number, sizeof(number), "%zu", n_stored);
        (void)setenv("LISTEN_FDS", number, 1);
        (void)setenv("LISTEN_FDNAMES", names, 1);
        (void)snprintf(number, sizeof(number), "%d", getpid());
        (void)setenv("LISTEN_PID", number, 1);
}

static const char *const endpoints[] = { "Master", NULL };

/* The next process: ends when its connections have. `next` says what it must find. */
static pid_t start_next(void (*next)(Rpc *rpc))
{
        static const RpcHandlers nothing;
        const RpcOptions options = { .endpoints = endpoints, .default_line = LINE_4_3 };
        sd_event *event = NULL;
        Rpc *rpc = NULL;
        pid_t pid = fork();
        if (pid != 0) { /* no check in the child: it would write to where ours do */
                ck_assert_int_gt(pid, 0);
                return pid;
        }
        while (!barrier)
                (void)manager_receive(0);
        manager_pass();
        MUST(sd_event_new(&event) >= 0);
        MUST(rpc_new(event, &options, &nothing, NULL, &rpc) == 0);
        next(rpc);
        for (int i = 0; rpc_connection_count(rpc) > 0; i++) {
                MUST(i < 1000);
                MUST(sd_event_run(event, 50000) >= 0);
        }
        _exit(EXIT_SUCCESS);
}

static void expect_all(Rpc *rpc)
{
        json_t *state = NULL;
        MUST(handover_restore(rpc, &state) == 1);
        MUST(json_is_string(state) && strcmp(json_string_value(state), STATE) == 0);
        MUST(rpc_connection_count(rpc) == 3);
        /* nothing but what is watched stays in the store */
        while (manager_receive(MSG_DONTWAIT))
                ;
        for (size_t i = 0; i < n_stored; i++)
                MUST(store[i].name[0] == '\0' || strncmp(store[i].name, "watch-", 6) == 0);
}

static void assert_ends_well(pid_t pid)
{
        int status;
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_int_eq(status, 0);
}

static void save_and_end(void)
{
        ck_assert_int_eq(handover_save(master.rpc, json_string(STATE)), 0);
        rpc_free_pointer(&master.rpc);
}

START_TEST(test_handover)
{
        RpcConn *conns[3];
        for (int i = 0; i < 3; i++) {
                conns[i] = sides_dial();
                tell_number(conns[i], i);
                RUN_UNTIL(master.requests == (unsigned)i + 1);
        }
        pid_t pid = start_next(expect_all);
        ck_assert_int_eq(handover_watch(master.conn), 0);
        save_and_end();
        for (int i = 0; i < 3; i++)
                assert_undisturbed(conns[i]);
        ck_assert_uint_eq(worker.closed, 0);
        rpc_free_pointer(&worker.rpc);
        assert_ends_well(pid);
}
END_TEST

static void expect_watched(Rpc *rpc)
{
        json_t *state = NULL;
        MUST(handover_restore(rpc, &state) == 0);
        MUST(rpc_connection_count(rpc) == 1);
}

/* Our end of it is closed without a word; the copy in the store holds the connection. */
START_TEST(test_crash)
{
        RpcConn *conn = sides_dial();
        tell_number(conn, 1);
        RUN_UNTIL(master.requests == 1);
        pid_t pid = start_next(expect_watched);
        ck_assert_int_eq(handover_watch(master.conn), 0);
        ck_assert_int_ge(sd_notify_barrier(false, 10 * SEC), 0);
        rpc_free_pointer(&master.rpc);
        (void)sides_run_for(SEC / 5);
        ck_assert_uint_eq(worker.closed, 0);
        rpc_free_pointer(&worker.rpc);
        assert_ends_well(pid);
}
END_TEST

START_TEST(test_alone)
{
        json_t *state = NULL;
        (void)sides_dial();
        (void)unsetenv("NOTIFY_SOCKET");
        ck_assert_int_eq(handover_save(worker.rpc, json_null()), -ENOTCONN);
        ck_assert_int_eq(handover_restore(worker.rpc, &state), 0);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("handover");
        TCase *tc = tcase_create("handover");
        tcase_add_checked_fixture(tc, manager_setup, manager_teardown);
        tcase_set_timeout(tc, 60);
        tcase_add_test(tc, test_handover);
        tcase_add_test(tc, test_crash);
        suite_add_tcase(suite, tc);
        tc = tcase_create("alone");
        tcase_add_checked_fixture(tc, sides_setup, sides_teardown);
        tcase_add_test(tc, test_alone);
        suite_add_tcase(suite, tc);
        return sides_run(suite);
}
