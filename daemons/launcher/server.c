/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/launcher/server.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/log.h"

/* More fds than a request may have, so that one with too many is refused and not cut. */
#define MAX_FDS 8

typedef struct Connection Connection;
struct Connection {
        Server *server;
        int fd;
        sd_event_source *input, *deadline;
        UnitJob *job; /* under way */
        char *what;   /* for the log: "start of executor ID" */
        Connection *prev, *next;
};

struct Server {
        sd_event *event;
        int fd;
        sd_event_source *listening, *idle;
        uint64_t idle_usec;
        const LauncherPolicy *policy;
        Units *units;
        Connection *connections;
        unsigned n_connections;
};

/* ---- connections ---- */

static void idle_restart(Server *server)
{
        if (!server->idle)
                return;
        if (sd_event_source_set_time_relative(server->idle, server->idle_usec) >= 0)
                (void)sd_event_source_set_enabled(server->idle, SD_EVENT_ONESHOT);
}

static void connection_free(Connection *c)
{
        Server *server = c->server;

        DL_DELETE(server->connections, c);
        if (c->job)
                unit_job_abandon(c->job);
        (void)sd_event_source_disable_unref(c->input);
        (void)sd_event_source_disable_unref(c->deadline);
        close_fd(&c->fd);
        free(c->what);
        free(c);
        if (--server->n_connections == 0)
                idle_restart(server);
}

/* Whoever hangs up on a message that he has not read has his answer thrown away by the kernel. */
static void discard_input(int fd)
{
        char byte;

        (void)shutdown(fd, SHUT_RD);
        while (recv(fd, &byte, 1, MSG_DONTWAIT) > 0)
                ;
}

/* Answers and hangs up. A peer that does not take the answer goes without. */
static void reply(Connection *c, LaunchResult result, pid_t pid, const char *text)
{
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(LIMIT_LAUNCH_BYTES);

        discard_input(c->fd);
        if (launch_reply_write(result, pid, text, &b) == 0)
                (void)send(c->fd, b.data, b.size, MSG_NOSIGNAL | MSG_DONTWAIT);
        connection_free(c);
}

static void refuse(Connection *c, const char *problem)
{
        if (!problem)
                problem = "out of memory";
        log_warning("Refused %s: %s.", c->what ? c->what : "a request", problem);
        reply(c, LAUNCH_REFUSED, 0, problem);
}

static void on_done(void *user, const char *problem, pid_t pid)
{
        Connection *c = user;

        c->job = NULL;
        if (problem)
                log_warning("Failed %s: %s.", c->what, problem);
        else if (pid > 0)
                log_info("Done: %s, process %d.", c->what, pid);
        else
                log_info("Done: %s.", c->what);
        reply(c, problem ? LAUNCH_FAILED : LAUNCH_OK, pid, problem);
}

/* ---- one request ---- */

static char *describe(const LaunchMessage *m)
{
        char *text;
        int n;

        switch (m->verb) {
        case LAUNCH_START:
                n = asprintf(&text, "start of %s %s", m->role, m->id);
                break;
        case LAUNCH_STOP:
                n = asprintf(&text, "signal %d to %s %s", m->signal, m->role, m->id);
                break;
        case LAUNCH_FORGET:
                n = asprintf(&text, "end of %s %s", m->role, m->id);
                break;
        case LAUNCH_SLICE:
                n = asprintf(&text, "ceiling of %s%s", m->slice ? "slice " : "all executors",
                             m->slice ? m->slice : "");
                break;
        default:
                n = asprintf(&text, "removal of what is in %s", m->directory);
                break;
        }
        return n < 0 ? NULL : text;
}

typedef struct Fds {
        int items[MAX_FDS];
        size_t n;
} Fds;

static void fds_done(Fds *fds)
{
        for (size_t i = 0; i < fds->n; i++)
                close_fd(&fds->items[i]);
        fds->n = 0;
}

/* One message with its fds. Its size, 0 when the peer hung up, or -errno; -EMSGSIZE when it was
 * cut. What came before a failure is in *fds. */
static ssize_t receive(int fd, void *data, size_t size, Fds *fds)
{
        union {
                struct cmsghdr align;
                char room[CMSG_SPACE(sizeof(int) * MAX_FDS)];
        } control;
        struct iovec iov = { .iov_base = data, .iov_len = size };
        struct msghdr msg = {
                .msg_iov = &iov,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control),
        };
        ssize_t n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

        if (n < 0)
                return -errno;
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
                if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
                        continue;
                fds->n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
                memcpy(fds->items, CMSG_DATA(c), fds->n * sizeof(int));
        }
        return msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ? -EMSGSIZE : n;
}

/* Reads, checks and begins. Whatever the outcome, the connection is answered now or later. */
static void serve(Connection *c, const char *data, size_t size, const Fds *fds)
{
        Server *server = c->server;
        CLEANUP_LAUNCH_MESSAGE LaunchMessage m = { 0 };
        CLEANUP_FREE char *problem = NULL;
        int r = launch_message_parse(data, size, &m, &problem);

        if (r == 0) {
                c->what = describe(&m);
                r = check_request(server->policy, &m, fds->items, fds->n, &problem);
        }
        if (r != 0) {
                refuse(c, problem);
                return;
        }
        (void)sd_event_source_set_enabled(c->input, SD_EVENT_OFF);
        (void)sd_event_source_set_enabled(c->deadline, SD_EVENT_OFF);
        r = units_request(server->units, &m, fds->items, on_done, c, &c->job);
        if (r < 0) {
                log_error("Failed %s: %s.", c->what, strerror(-r));
                reply(c, LAUNCH_FAILED, 0, strerror(-r));
        }
}

static int on_input(sd_event_source *source, int fd, uint32_t revents, void *user)
{
        const size_t room = LIMIT_LAUNCH_BYTES + 1; /* so that one too long is seen to be */
        CLEANUP_FREE char *data = malloc(room);
        CLEANUP(fds_done) Fds fds = { 0 };
        Connection *c = user;
        ssize_t n;

        if (!data) {
                refuse(c, NULL);
                return 0;
        }
        n = receive(fd, data, room, &fds);
        if (n == -EAGAIN || n == -EINTR)
                return 0;
        if (n == -EMSGSIZE)
                refuse(c, "it is too long, or has too many fds");
        else if (n <= 0)
                connection_free(c);
        else
                serve(c, data, (size_t)n, &fds);
        return 0;
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *user)
{
        refuse(user, "it did not come in time");
        return 0;
}

/* ---- listening ---- */

static int connection_add(Server *server, int fd)
{
        Connection *c = calloc(1, sizeof(*c));
        CLEANUP_FREE char *problem = NULL;
        struct ucred peer = { .uid = (uid_t)-1 };
        socklen_t size = sizeof(peer);
        int r;

        if (!c) {
                close_fd(&fd);
                return -ENOMEM;
        }
        c->server = server;
        c->fd = fd;
        DL_APPEND(server->connections, c);
        server->n_connections++;
        if (server->idle)
                (void)sd_event_source_set_enabled(server->idle, SD_EVENT_OFF);
        /* As it was when the peer connected, by the kernel's word. */
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 ||
            check_client(server->policy, peer.uid, &problem) != 0) {
                refuse(c, problem);
                return 0;
        }
        r = sd_event_add_io(server->event, &c->input, fd, EPOLLIN, on_input, c);
        if (r >= 0)
                r = sd_event_add_time_relative(server->event, &c->deadline, CLOCK_MONOTONIC,
                                               LIMIT_LAUNCH_WAIT_USEC, 0, on_deadline, c);
        if (r < 0)
                connection_free(c);
        return r;
}

static int on_connection(sd_event_source *source, int fd, uint32_t revents, void *user)
{
        Server *server = user;
        int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), r;

        if (peer < 0)
                return 0;
        if (server->n_connections >= LIMIT_LAUNCH_CONNECTIONS) {
                log_warning("Refused a connection: there are %u.", server->n_connections);
                close_fd(&peer);
                return 0;
        }
        r = connection_add(server, peer);
        if (r < 0)
                log_error("Cannot serve a connection: %s.", strerror(-r));
        return 0;
}

static int on_idle(sd_event_source *source, uint64_t usec, void *user)
{
        return sd_event_exit(sd_event_source_get_event(source), 0);
}

int server_new(sd_event *event, int fd, const LauncherPolicy *policy, Units *units,
               uint64_t idle_usec, Server **ret)
{
        Server *server = calloc(1, sizeof(*server));
        int r;

        if (!server) {
                close_fd(&fd);
                return -ENOMEM;
        }
        server->event = sd_event_ref(event);
        server->fd = fd;
        server->policy = policy;
        server->units = units;
        server->idle_usec = idle_usec;
        r = sd_event_add_io(event, &server->listening, fd, EPOLLIN, on_connection, server);
        if (r >= 0 && idle_usec)
                r = sd_event_add_time_relative(event, &server->idle, CLOCK_MONOTONIC, idle_usec, 0,
                                               on_idle, server);
        if (r < 0) {
                server_free(server);
                return r;
        }
        *ret = server;
        return 0;
}

void server_free(Server *server)
{
        Connection *c, *next;

        if (!server)
                return;
        DL_FOREACH_SAFE (server->connections, c, next)
                connection_free(c);
        (void)sd_event_source_disable_unref(server->listening);
        (void)sd_event_source_disable_unref(server->idle);
        close_fd(&server->fd);
        (void)sd_event_unref(server->event);
        free(server);
}
