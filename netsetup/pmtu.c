/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/pmtu.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define TRIES      2
#define WAIT_USEC  400000
#define LIMIT_USEC 10000000
#define NEAR_BYTES 4 /* how exact it is found where routers are silent */

typedef struct Search {
        PmtuProbe *probe;
        int fd;
        bool raw;
        uint16_t id, sequence;
        uint32_t low;   /* the largest that was answered; 0: none yet */
        uint32_t high;  /* nothing larger arrives */
        uint32_t route; /* what the kernel thinks of the way now */
        uint32_t size;  /* being tried */
        int tries;
        uint64_t sent_usec;
        bool done;
} Search;

static uint64_t now_usec(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static bool is_v6(const Search *s)
{
        return s->probe->to.family == AF_INET6;
}

/* What every path carries, so whoever does not answer to this does not answer. */
static uint32_t smallest(const Search *s)
{
        return is_v6(s) ? 1280 : 576;
}

static int set_options(const Search *s)
{
        int on = 1, v4 = IP_PMTUDISC_PROBE, v6 = IPV6_PMTUDISC_PROBE;

        if (is_v6(s))
                return setsockopt(s->fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &v6, sizeof v6) < 0 ||
                                       setsockopt(s->fd, IPPROTO_IPV6, IPV6_RECVERR, &on,
                                                  sizeof on) < 0
                               ? -errno
                               : 0;
        return setsockopt(s->fd, IPPROTO_IP, IP_MTU_DISCOVER, &v4, sizeof v4) < 0 ||
                               setsockopt(s->fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on) < 0
                       ? -errno
                       : 0;
}

static int search_open(Search *s)
{
        NetEndpoint to = { .address = s->probe->to };
        int protocol = is_v6(s) ? IPPROTO_ICMPV6 : IPPROTO_ICMP, mtu = 0;
        socklen_t size = sizeof mtu;
        struct sockaddr_storage sa;

        s->fd = socket(s->probe->to.family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
        if (s->fd < 0) {
                s->fd = socket(s->probe->to.family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
                               protocol);
                s->raw = true;
        }
        if (s->fd < 0)
                return errno == EACCES ? -EPERM : -errno;
        if (connect(s->fd, (struct sockaddr *)&sa, endpoint_to_sockaddr(&to, &sa)) < 0)
                return -errno;
        if (getrandom(&s->id, sizeof s->id, 0) != sizeof s->id)
                return -EIO;
        if (getsockopt(s->fd, is_v6(s) ? IPPROTO_IPV6 : IPPROTO_IP, is_v6(s) ? IPV6_MTU : IP_MTU,
                       &mtu, &size) < 0)
                mtu = 0;
        s->route = (uint32_t)mtu;
        /* The kernel may remember a path that was smaller than it is now. */
        s->high = MIN_OF(MAX_OF((uint32_t)mtu, 1500), 9000);
        s->size = smallest(s);
        return set_options(s);
}

/* The sum that ICMP of IPv4 wants on raw sockets; elsewhere the kernel fills it in. */
static uint16_t checksum(const uint8_t *data, size_t size)
{
        uint32_t sum = 0;

        for (size_t i = 0; i + 1 < size; i += 2)
                sum += (uint32_t)data[i] << 8 | data[i + 1];
        if (size % 2 != 0)
                sum += (uint32_t)data[size - 1] << 8;
        sum = (sum >> 16) + (sum & 0xffff);
        return (uint16_t) ~(sum + (sum >> 16));
}

/* Type, code, checksum, identity, sequence: the same in both versions. */
static int search_send(Search *s)
{
        uint8_t packet[9000] = { is_v6(s) ? ICMP6_ECHO_REQUEST : ICMP_ECHO };
        size_t size = s->size - (is_v6(s) ? 40 : 20);

        s->sequence++;
        packet[4] = (uint8_t)(s->id >> 8);
        packet[5] = (uint8_t)s->id;
        packet[6] = (uint8_t)(s->sequence >> 8);
        packet[7] = (uint8_t)s->sequence;
        uint16_t sum = checksum(packet, size);

        packet[2] = (uint8_t)(sum >> 8);
        packet[3] = (uint8_t)sum;
        s->tries++;
        s->sent_usec = now_usec();
        return send(s->fd, packet, size, 0) < 0 ? -errno : 0;
}

static void finish(Search *s, int error)
{
        s->probe->mtu = s->low;
        s->probe->error = error;
        s->done = true;
}

/* Picks the next size after `low` or `high` has changed, and sends. */
static void next_try(Search *s, uint32_t hint)
{
        int r = -EMSGSIZE;

        while (r == -EMSGSIZE && !s->done) {
                s->tries = 0;
                if (s->low >= s->high || (s->low > 0 && s->high - s->low < NEAR_BYTES && !hint)) {
                        finish(s, 0);
                        return;
                }
                s->size = hint > s->low && hint <= s->high ? hint : (s->low + s->high + 1) / 2;
                r = search_send(s);
                hint = 0;
                if (r == -EMSGSIZE) /* larger than the network card takes */
                        s->high = s->size - 1;
        }
        if (r < 0 && !s->done)
                finish(s, r);
}

static void answered(Search *s)
{
        bool first = s->low == 0;

        if (first)
                s->probe->rtt_usec = (uint32_t)(now_usec() - s->sent_usec);
        s->low = s->size;
        next_try(s, first ? s->route : s->low == s->route ? s->high : 0);
}

/* `mtu`: what a router says that it takes; 0 when it was silent. */
static void too_large(Search *s, uint32_t mtu)
{
        uint32_t hint = mtu < s->size ? mtu : 0;

        s->high = hint > s->low ? hint : s->size - 1;
        next_try(s, hint);
}

/* Reads what came: an answer to the size that is being tried, or something else. */
static void take_answer(Search *s)
{
        uint8_t packet[9200];
        ssize_t n;

        while (!s->done && (n = recv(s->fd, packet, sizeof packet, 0)) > 0) {
                size_t skip = s->raw && !is_v6(s) ? (size_t)(packet[0] & 15) * 4 : 0;
                const uint8_t *p = packet + skip;

                if ((size_t)n < skip + 8 || p[0] != (is_v6(s) ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY))
                        continue;
                if (s->raw && (p[4] != (uint8_t)(s->id >> 8) || p[5] != (uint8_t)s->id))
                        continue;
                if (p[6] == (uint8_t)(s->sequence >> 8) && p[7] == (uint8_t)s->sequence)
                        answered(s);
        }
}

static void take_error(Search *s)
{
        char control[512];
        uint8_t packet[64];
        struct iovec part = { packet, sizeof packet };
        struct msghdr h = { .msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = control,
                            .msg_controllen = sizeof control };

        if (recvmsg(s->fd, &h, MSG_ERRQUEUE) < 0)
                return;
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&h); c; c = CMSG_NXTHDR(&h, c)) {
                struct sock_extended_err e;

                if (!(c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) &&
                    !(c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR))
                        continue;
                memcpy(&e, CMSG_DATA(c), sizeof e);
                if (e.ee_errno == EMSGSIZE && e.ee_info < s->size && !s->done)
                        too_large(s, e.ee_info);
        }
}

static void time_out(Search *s)
{
        if (s->tries < TRIES) {
                int r = search_send(s);

                if (r == 0 || r == -ECONNREFUSED || r == -EHOSTUNREACH)
                        return;
                finish(s, r);
        } else if (s->low == 0) {
                finish(s, 0);
        } else {
                too_large(s, 0);
        }
}

static void step(Search *s, short events)
{
        if (events & POLLERR)
                take_error(s);
        if (!s->done && (events & POLLIN))
                take_answer(s);
        if (!s->done && now_usec() >= s->sent_usec + WAIT_USEC)
                time_out(s);
}

static void run(Search *searches, size_t count)
{
        struct pollfd fds[PMTU_MAX_PROBES];
        uint64_t end = now_usec() + LIMIT_USEC;

        while (now_usec() < end) {
                size_t left = 0;

                for (size_t i = 0; i < count; i++) {
                        fds[i] = (struct pollfd){ .fd = searches[i].done ? -1 : searches[i].fd,
                                                  .events = POLLIN };
                        left += !searches[i].done;
                }
                if (left == 0)
                        return;
                (void)poll(fds, count, 50);
                for (size_t i = 0; i < count; i++)
                        if (!searches[i].done)
                                step(&searches[i], fds[i].revents);
        }
        for (size_t i = 0; i < count; i++)
                if (!searches[i].done)
                        finish(&searches[i], 0);
}

int pmtu_probe(PmtuProbe *probes, size_t count)
{
        CLEANUP_FREE Search *searches = calloc(count + 1, sizeof *searches);
        int r = 0;

        if (count > PMTU_MAX_PROBES)
                return -E2BIG;
        if (!searches)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                Search *s = &searches[i];

                s->fd = -1;
                s->probe = &probes[i];
                probes[i].mtu = probes[i].rtt_usec = 0;
                int failure = search_open(s);

                if (failure == -EPERM)
                        r = failure;
                if (failure >= 0)
                        failure = search_send(s);
                if (failure < 0)
                        finish(s, failure);
        }
        if (r >= 0)
                run(searches, count);
        for (size_t i = 0; i < count; i++)
                close_fd(&searches[i].fd);
        return r;
}
