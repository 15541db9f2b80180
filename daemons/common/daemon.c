/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/common/daemon.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sysexits.h>

#include <systemd/sd-daemon.h>

#include "base/problem.h"

#define STATUS_MAX 512

int daemon_exit_status(int result)
{
        return result == 0 ? EX_OK : result == DAEMON_E_UNAVAILABLE ? EX_UNAVAILABLE : EX_OSERR;
}

/* ---- loop and service manager ---- */

static int on_terminate(sd_event_source *source, const struct signalfd_siginfo *info, void *user)
{
        const DaemonHandlers *handlers = user;
        if (!handlers->terminate)
                return sd_event_exit(sd_event_source_get_event(source), 0);
        handlers->terminate(handlers->user, (int)info->ssi_signo);
        return 0;
}

static int on_reload(sd_event_source *source, const struct signalfd_siginfo *info, void *user)
{
        const DaemonHandlers *handlers = user;
        if (handlers->reload)
                handlers->reload(handlers->user);
        return 0;
}

int daemon_event_new(const DaemonHandlers *handlers, sd_event **ret)
{
        CLEANUP(sd_event_unrefp) sd_event *event = NULL;
        void *user = (void *)handlers;
        sigset_t mask;
        (void)sigemptyset(&mask);
        (void)sigaddset(&mask, SIGTERM);
        (void)sigaddset(&mask, SIGINT);
        (void)sigaddset(&mask, SIGHUP);
        (void)sigaddset(&mask, SIGPIPE);
        if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
                return -errno;
        int r = sd_event_new(&event);
        if (r >= 0)
                r = sd_event_add_signal(event, NULL, SIGTERM, on_terminate, user);
        if (r >= 0)
                r = sd_event_add_signal(event, NULL, SIGINT, on_terminate, user);
        if (r >= 0)
                r = sd_event_add_signal(event, NULL, SIGHUP, on_reload, user);
        if (r >= 0)
                r = sd_event_set_watchdog(event, true);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(event);
        return 0;
}

int daemon_raise_nofile(void)
{
        struct rlimit limit;
        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return -errno;
        limit.rlim_cur = limit.rlim_max;
        return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? -errno : 0;
}

static void PRINTF_LIKE(2, 0) notify_status(const char *prefix, const char *format, va_list args)
{
        char status[STATUS_MAX];
        (void)vsnprintf(status, sizeof(status), format, args);
        (void)sd_notifyf(false, "%sSTATUS=%s", prefix, status);
}

void daemon_notify_ready(const char *format, ...)
{
        va_list args;
        va_start(args, format);
        notify_status("READY=1\n", format, args);
        va_end(args);
}

void daemon_notify_status(const char *format, ...)
{
        va_list args;
        va_start(args, format);
        notify_status("", format, args);
        va_end(args);
}

void daemon_notify_stopping(void)
{
        (void)sd_notify(false, "STOPPING=1");
}

/* ---- sockets ---- */

static int socket_port(int fd, uint16_t *ret_port)
{
        struct sockaddr_storage address;
        socklen_t size = sizeof(address);
        if (getsockname(fd, (struct sockaddr *)&address, &size) < 0)
                return -errno;
        if (address.ss_family == AF_INET)
                *ret_port = ntohs(((struct sockaddr_in *)&address)->sin_port);
        else if (address.ss_family == AF_INET6)
                *ret_port = ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
        else
                return -EAFNOSUPPORT;
        return 0;
}

static int listen_at(const struct sockaddr *address, socklen_t size, bool v6_only, int *ret_fd,
                     uint16_t *ret_port)
{
        const int yes = 1, only = v6_only;
        CLEANUP_CLOSE int fd =
                socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0)
                return -errno;
        if (address->sa_family == AF_INET6 &&
            setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only)) < 0)
                return -errno;
        if (bind(fd, address, size) < 0 || listen(fd, SOMAXCONN) < 0)
                return -errno;
        int r = socket_port(fd, ret_port);
        if (r >= 0)
                *ret_fd = TAKE_FD(fd);
        return r;
}

static int listen_anywhere(uint16_t port, int *ret_fd, uint16_t *ret_port)
{
        struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
        struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
        int r = listen_at((struct sockaddr *)&v6, sizeof(v6), false, ret_fd, ret_port);
        if (r == -EAFNOSUPPORT || r == -EADDRNOTAVAIL) /* a kernel without IPv6 */
                r = listen_at((struct sockaddr *)&v4, sizeof(v4), false, ret_fd, ret_port);
        return r;
}

/* At the first of the host's addresses that this machine has. -EADDRNOTAVAIL when it has none;
 * EAI_* (which are negative too) go to *ret_gai. */
static int listen_on_host(const char *host, uint16_t port, int *ret_fd, uint16_t *ret_port,
                          int *ret_gai)
{
        const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
        struct addrinfo *addresses;
        size_t size = strlen(host);
        bool brackets = size > 2 && host[0] == '[' && host[size - 1] == ']';
        CLEANUP_FREE char *name = brackets ? strndup(host + 1, size - 2) : strdup(host);
        char service[8];
        if (!name)
                return -ENOMEM;
        (void)snprintf(service, sizeof(service), "%u", port);
        *ret_gai = getaddrinfo(name, service, &hints, &addresses);
        if (*ret_gai != 0)
                return *ret_gai == EAI_MEMORY ? -ENOMEM : -EADDRNOTAVAIL;
        int r = -EADDRNOTAVAIL;
        for (const struct addrinfo *a = addresses; a && (r == -EADDRNOTAVAIL || r == -EAFNOSUPPORT);
             a = a->ai_next)
                r = listen_at(a->ai_addr, a->ai_addrlen, true, ret_fd, ret_port);
        freeaddrinfo(addresses);
        return r;
}

int daemon_listen(const char *host, uint16_t port, int *ret_fd, uint16_t *ret_port,
                  char **ret_problem)
{
        bool any = !host || !*host || strcmp(host, "*") == 0;
        const char *shown = any ? "any address" : host;
        int gai = 0;
        int result = any ? listen_anywhere(port, ret_fd, ret_port)
                         : listen_on_host(host, port, ret_fd, ret_port, &gai);
        if (gai != 0 && gai != EAI_MEMORY)
                return problem_set(ret_problem, DAEMON_E_UNAVAILABLE,
                                   "host name %s does not resolve: %s", shown, gai_strerror(gai));
        switch (result) {
        case 0:
                return 0;
        case -EADDRINUSE:
                return problem_set(ret_problem, DAEMON_E_UNAVAILABLE,
                                   "port %u on %s is in use by another process", port, shown);
        case -EADDRNOTAVAIL:
                return problem_set(ret_problem, DAEMON_E_UNAVAILABLE,
                                   "%s is not an address of this machine", shown);
        case -EACCES:
                return problem_set(ret_problem, DAEMON_E_UNAVAILABLE,
                                   "port %u on %s needs privileges that we do not have", port,
                                   shown);
        default:
                return problem_set(ret_problem, result, "cannot listen on port %u on %s: %s", port,
                                   shown, strerror(-result));
        }
}

void daemon_free_names(char ***names)
{
        for (char **p = *names; p && *p; p++)
                free(*p);
        free(*names);
}

int daemon_passed_socket(const char *name, int *ret_fd, uint16_t *ret_port, char **ret_problem)
{
        CLEANUP(daemon_free_names) char **names = NULL;
        int n = sd_listen_fds_with_names(false, &names);
        for (int i = 0; i < n; i++) {
                if (strcmp(names[i], name) != 0)
                        continue;
                int fd = SD_LISTEN_FDS_START + i, flags;
                if (sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, 1) <= 0 ||
                    socket_port(fd, ret_port) < 0)
                        return problem_set(ret_problem, DAEMON_E_UNAVAILABLE,
                                           "the socket \"%s\" passed by the service manager is not "
                                           "a listening TCP socket",
                                           name);
                flags = fcntl(fd, F_GETFL);
                if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
                        return problem_set(ret_problem, -errno, "the socket \"%s\": %s", name,
                                           strerror(errno));
                *ret_fd = fd;
                return 0;
        }
        if (n < 0)
                return problem_set(ret_problem, n, "cannot take the sockets passed to us: %s",
                                   strerror(-n));
        *ret_fd = -1;
        return 0;
}

int daemon_open_socket(const char *name, const char *host, uint16_t port, int *ret_fd,
                       uint16_t *ret_port, char **ret_problem)
{
        int fd = -1, r = daemon_passed_socket(name, &fd, ret_port, ret_problem);
        if (r == 0 && fd < 0)
                return daemon_listen(host, port, ret_fd, ret_port, ret_problem);
        if (r == 0)
                *ret_fd = fd;
        return r;
}

/* ---- names ---- */

static bool is_loopback(const struct sockaddr *address)
{
        if (address->sa_family == AF_INET)
                return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 == 127;
        return address->sa_family == AF_INET6 &&
               IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

static bool is_link_local(const struct sockaddr *address)
{
        if (address->sa_family == AF_INET)
                return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 16 ==
                       0xa9fe; /* 169.254/16 */
        return address->sa_family == AF_INET6 &&
               IN6_IS_ADDR_LINKLOCAL(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

static bool resolves_elsewhere(const char *name)
{
        const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
        struct addrinfo *addresses = NULL;
        if (getaddrinfo(name, NULL, &hints, &addresses) != 0)
                return false;
        /* the first one: what a peer on this host, or InetAddress.getLocalHost(), would take */
        bool elsewhere = !is_loopback(addresses->ai_addr);
        freeaddrinfo(addresses);
        return elsewhere;
}

/* Into `text`, of INET6_ADDRSTRLEN bytes: the first address of this family, as
 * Utils.findLocalInetAddress looks for one. */
static bool first_address(const struct ifaddrs *all, int family, char *text)
{
        for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
                const struct sockaddr *address = i->ifa_addr;
                if (!address || address->sa_family != family || !(i->ifa_flags & IFF_UP) ||
                    is_loopback(address) || is_link_local(address))
                        continue;
                const void *bytes =
                        family == AF_INET
                                ? (const void *)&((const struct sockaddr_in *)address)->sin_addr
                                : (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr;
                return inet_ntop(family, bytes, text, INET6_ADDRSTRLEN) != NULL;
        }
        return false;
}

char *daemon_url_host(const char *host)
{
        char *text;
        bool bare = strchr(host, ':') && host[0] != '[';
        return asprintf(&text, bare ? "[%s]" : "%s", host) < 0 ? NULL : text;
}

char *daemon_local_host(void)
{
        const char *variables[] = { "SPARK_LOCAL_HOSTNAME", "SPARK_LOCAL_IP" };
        for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
                const char *value = getenv(variables[i]);
                if (value && *value)
                        return daemon_url_host(value);
        }
        char text[MAX_OF(256, INET6_ADDRSTRLEN)];
        if (gethostname(text, sizeof(text) - 1) == 0) {
                text[sizeof(text) - 1] = '\0';
                if (resolves_elsewhere(text))
                        return strdup(text);
        }
        struct ifaddrs *all = NULL;
        bool found = getifaddrs(&all) == 0 &&
                     (first_address(all, AF_INET, text) || first_address(all, AF_INET6, text));
        if (all)
                freeifaddrs(all);
        return daemon_url_host(found ? text : "127.0.0.1");
}

const char *daemon_public_host(const char *host)
{
        const char *public_name = getenv("SPARK_PUBLIC_DNS");
        return public_name && *public_name ? public_name : host;
}
