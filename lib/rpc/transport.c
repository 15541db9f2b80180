/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/transport.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/log.h"

#define SCRATCH_BYTES KIB(64)
/* Connections accepted per wake-up, so that a storm of them does not starve those that exist. */
#define ACCEPT_BATCH 64
/* Sockets served per wake-up. */
#define EVENT_BATCH 256
/* How long nothing is accepted after the system had no descriptor or memory for it. */
#define ACCEPT_PAUSE_USEC UINT64_C(1000000)

struct LinkAddress {
        LinkAddress *next;
        int family;
        socklen_t size;
        struct sockaddr_storage address;
};

/* ---- links ---- */

void transport_init(Transport *t, sd_event *event, const LinkHandlers *handlers)
{
        *t = (Transport){ .event = sd_event_ref(event), .handlers = handlers, .epoll = -1 };
}

void transport_done(Transport *t)
{
        free(t->scratch);
        sd_event_source_disable_unref(t->io);
        sd_event_unref(t->event);
        *t = (Transport){ .epoll = -1 };
}

void link_init(Link *l, Transport *t)
{
        *l = (Link){ .transport = t, .fd = -1 };
}

static void link_close_socket(Link *l)
{
        /* A child of ours may hold a copy for a while: closing alone would leave it in the set. */
        if (l->fd >= 0)
                (void)epoll_ctl(l->transport->epoll, EPOLL_CTL_DEL, l->fd, NULL);
        close_fd(&l->fd);
}

static void link_forget_addresses(Link *l)
{
        LinkAddress *address, *next;
        LL_FOREACH_SAFE (l->addresses, address, next)
                free(address);
        l->addresses = l->untried = NULL;
}

void link_done(Link *l)
{
        link_close_socket(l);
        link_forget_addresses(l);
}

/* Asks epoll for what the link's state needs. */
static int link_watch(Link *l, bool output)
{
        uint32_t events = (l->input_off ? 0 : EPOLLIN) | (output ? EPOLLOUT : 0);
        if (events == l->events)
                return 0;
        struct epoll_event e = { .events = events, .data.ptr = l };
        if (epoll_ctl(l->transport->epoll, EPOLL_CTL_MOD, l->fd, &e) < 0)
                return -errno;
        l->events = events;
        return 0;
}

static void link_break(Link *l, int error)
{
        link_close_socket(l);
        l->transport->handlers->broken(l, error);
}

static void link_read(Link *l)
{
        Transport *t = l->transport;
        if (!t->scratch) {
                t->scratch = malloc(SCRATCH_BYTES);
                if (!t->scratch) {
                        link_break(l, ENOMEM);
                        return;
                }
        }
        ssize_t n = recv(l->fd, t->scratch, SCRATCH_BYTES, 0);
        if (n > 0) {
                t->handlers->received(l, t->scratch, (size_t)n);
        } else if (n == 0) {
                link_stop_reading(l);
                t->handlers->finished(l);
        } else if (errno != EAGAIN && errno != EINTR) {
                link_break(l, errno);
        }
}

static int link_try_addresses(Link *l, int error);

static int socket_error(int fd)
{
        int error = 0;
        socklen_t size = sizeof(error);
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
                return errno;
        return error;
}

static void link_connect_result(Link *l)
{
        int error = socket_error(l->fd);
        if (error > 0) {
                int r = link_try_addresses(l, error);
                if (r < 0)
                        link_break(l, -r);
                return;
        }
        l->connecting = false;
        link_forget_addresses(l);
        int r = link_watch(l, false);
        if (r < 0)
                link_break(l, -r);
        else
                l->transport->handlers->established(l);
}

static void on_link_io(Link *l, uint32_t revents)
{
        if (l->connecting) {
                link_connect_result(l);
                return;
        }
        if (!l->input_off && (revents & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
                link_read(l);
        } else if ((revents & (EPOLLHUP | EPOLLERR)) != 0) {
                int error = socket_error(l->fd);
                link_break(l, error > 0 ? error : EPIPE);
        }
        if (l->fd >= 0 && (revents & EPOLLOUT) != 0)
                l->transport->handlers->writable(l);
}

/* A batch at a time, so that the loop's other sources have their turn. Links live until the loop
 * goes on (LinkHandlers), but one of the batch may have been closed by another's callback. */
static int on_transport_io(sd_event_source *source, int fd, uint32_t revents, void *user)
{
        struct epoll_event ready[EVENT_BATCH];
        int n = epoll_wait(fd, ready, EVENT_BATCH, 0);
        for (int i = 0; i < n; i++) {
                Link *l = ready[i].data.ptr;
                if (l->fd >= 0)
                        on_link_io(l, ready[i].events);
        }
        return 0;
}

static int transport_open(Transport *t)
{
        CLEANUP_CLOSE int fd = -1;
        if (t->io)
                return 0;
        fd = epoll_create1(EPOLL_CLOEXEC);
        if (fd < 0)
                return -errno;
        int r = sd_event_add_io(t->event, &t->io, fd, EPOLLIN, on_transport_io, t);
        if (r < 0)
                return r;
        (void)sd_event_source_set_io_fd_own(t->io, true);
        t->epoll = TAKE_FD(fd);
        return 0;
}

static int link_add_io(Link *l, uint32_t events)
{
        struct epoll_event e = { .events = events, .data.ptr = l };
        int r = transport_open(l->transport);
        if (r < 0)
                return r;
        if (epoll_ctl(l->transport->epoll, EPOLL_CTL_ADD, l->fd, &e) < 0)
                return -errno;
        l->events = events;
        return 0;
}

/* As Spark's clients set them. That they cannot be set is no reason to refuse a connection: it is
 * so for a Unix socket. */
static void socket_set_options(int fd)
{
        const int on = 1;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
}

int link_open(Link *l, int fd)
{
        socket_set_options(fd);
        l->fd = fd;
        int r = link_add_io(l, EPOLLIN);
        if (r < 0)
                l->fd = -1;
        return r;
}

static int link_try_address(Link *l, const LinkAddress *address)
{
        link_close_socket(l);
        l->fd = socket(address->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (l->fd < 0)
                return -errno;
        socket_set_options(l->fd);
        if (connect(l->fd, (const struct sockaddr *)&address->address, address->size) < 0 &&
            errno != EINPROGRESS)
                return -errno;
        return link_add_io(l, EPOLLOUT);
}

/* Begins with the next address that can be tried. `error` is why the one before failed. */
static int link_try_addresses(Link *l, int error)
{
        int r = -error;
        while (l->untried) {
                const LinkAddress *address = l->untried;
                l->untried = address->next;
                r = link_try_address(l, address);
                if (r >= 0)
                        return 0;
        }
        return r;
}

static int resolve(const HostPort *to, int flags, struct addrinfo **ret)
{
        const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
                                        .ai_flags = AI_NUMERICSERV | flags };
        char host[LIMIT_HOST_BYTES + 1], port[8];
        size_t size = strlen(to->host);
        bool brackets = to->host[0] == '[' && size >= 2 && to->host[size - 1] == ']';
        (void)snprintf(host, sizeof(host), "%.*s", (int)(brackets ? size - 2 : size),
                       to->host + brackets);
        (void)snprintf(port, sizeof(port), "%u", to->port);
        int r = getaddrinfo(host, port, &hints, ret);
        if (r == EAI_MEMORY)
                return -ENOMEM;
        return r == 0 ? 0 : -ENXIO;
}

static int link_add(Link *l, const struct addrinfo *info)
{
        LinkAddress *address = malloc(sizeof(*address));
        if (!address)
                return -ENOMEM;
        *address = (LinkAddress){ .family = info->ai_family, .size = info->ai_addrlen };
        memcpy(&address->address, info->ai_addr, info->ai_addrlen);
        LL_APPEND(l->addresses, address);
        return 0;
}

static int link_add_all(Link *l, const HostPort *to, int flags)
{
        struct addrinfo *all = NULL;
        int r = resolve(to, flags, &all);
        for (const struct addrinfo *info = all; info && r == 0; info = info->ai_next)
                r = link_add(l, info);
        if (all)
                freeaddrinfo(all);
        return r;
}

int link_add_literal(Link *l, const HostPort *to)
{
        return link_add_all(l, to, AI_NUMERICHOST);
}

int link_add_name(Link *l, const HostPort *to)
{
        return link_add_all(l, to, 0);
}

int link_connect(Link *l)
{
        l->untried = l->addresses;
        l->connecting = true;
        return link_try_addresses(l, EADDRNOTAVAIL);
}

int link_send(Link *l, Conn *c)
{
        for (;;) {
                const uint8_t *data;
                size_t size = conn_outgoing(c, &data);
                if (size == 0)
                        return link_watch(l, false);
                ssize_t n = send(l->fd, data, size, MSG_NOSIGNAL);
                if (n >= 0) {
                        conn_sent(c, (size_t)n);
                } else if (errno == EAGAIN) {
                        int r = link_watch(l, true);
                        return r < 0 ? r : 1;
                } else if (errno != EINTR) {
                        return -errno;
                }
        }
}

void link_stop_reading(Link *l)
{
        l->input_off = true;
        if (l->fd >= 0 && !l->connecting)
                (void)link_watch(l, (l->events & EPOLLOUT) != 0);
}

void link_discard_input(Link *l)
{
        uint8_t bytes[4096];
        size_t budget = SCRATCH_BYTES;
        while (l->fd >= 0 && !l->connecting && budget >= sizeof(bytes)) {
                if (recv(l->fd, bytes, sizeof(bytes), MSG_DONTWAIT) <= 0)
                        return;
                budget -= sizeof(bytes);
        }
}

const char *link_peer(const Link *l, char buffer[static PEER_TEXT_MAX])
{
        struct sockaddr_storage address;
        socklen_t size = sizeof(address);
        char host[NI_MAXHOST], port[NI_MAXSERV];
        if (getpeername(l->fd, (struct sockaddr *)&address, &size) < 0 ||
            getnameinfo((struct sockaddr *)&address, size, host, sizeof(host), port, sizeof(port),
                        NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
                (void)snprintf(buffer, PEER_TEXT_MAX, "unknown");
                return buffer;
        }
        /* A socket that listens on [::] shows IPv4 peers as ::ffff:192.0.2.7. */
        const char *text = strncmp(host, "::ffff:", 7) == 0 && strchr(host, '.') ? host + 7 : host;
        (void)snprintf(buffer, PEER_TEXT_MAX, strchr(text, ':') ? "[%.60s]:%.5s" : "%.60s:%.5s",
                       text, port);
        return buffer;
}

/* ---- listening ---- */

struct Listener {
        int fd;
        sd_event_source *io, *pause;
        AcceptHandler handler;
        void *user;
};

static int on_pause_over(sd_event_source *source, uint64_t usec, void *user)
{
        Listener *l = user;
        return sd_event_source_set_enabled(l->io, SD_EVENT_ON);
}

/* The connection that could not be accepted keeps the listening socket readable, so going on at
 * once would only spin. */
static int listener_pause(Listener *l, int error)
{
        static LogRate rate;
        if (log_rate_ok(&rate, 3))
                log_warning("Cannot accept connections for now: %s", strerror(error));
        int r = sd_event_source_set_time_relative(l->pause, ACCEPT_PAUSE_USEC);
        if (r >= 0)
                r = sd_event_source_set_enabled(l->pause, SD_EVENT_ONESHOT);
        if (r >= 0)
                r = sd_event_source_set_enabled(l->io, SD_EVENT_OFF);
        return r;
}

static int on_listener_io(sd_event_source *source, int fd, uint32_t revents, void *user)
{
        Listener *l = user;
        for (unsigned i = 0; i < ACCEPT_BATCH; i++) {
                int accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
                if (accepted >= 0) {
                        l->handler(l->user, accepted);
                        continue;
                }
                switch (errno) {
                case EAGAIN:
                        return 0;
                case EINTR:
                case EPERM: /* a firewall rule */
                case EPROTO:
                case ECONNABORTED: /* that connection died before it was accepted */
                        break;
                default:
                        return listener_pause(l, errno);
                }
        }
        return 0;
}

int listener_new(sd_event *event, int fd, AcceptHandler handler, void *user, Listener **ret)
{
        Listener *l = malloc(sizeof(*l));
        if (!l)
                return -ENOMEM;
        *l = (Listener){ .fd = -1, .handler = handler, .user = user };
        int flags = fcntl(fd, F_GETFL);
        int r = flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
        if (r >= 0)
                r = sd_event_add_io(event, &l->io, fd, EPOLLIN, on_listener_io, l);
        if (r >= 0)
                r = sd_event_add_time_relative(event, &l->pause, CLOCK_MONOTONIC, 0, 0,
                                               on_pause_over, l);
        if (r >= 0)
                r = sd_event_source_set_enabled(l->pause, SD_EVENT_OFF);
        if (r < 0) {
                listener_free(l);
                return r;
        }
        l->fd = fd;
        *ret = l;
        return 0;
}

void listener_free(Listener *l)
{
        if (!l)
                return;
        sd_event_source_disable_unref(l->io);
        sd_event_source_disable_unref(l->pause);
        close_fd(&l->fd);
        free(l);
}
