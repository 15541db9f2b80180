/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/netlink.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/socket.h>

#include "base/macro.h"

/* More than the kernel puts into one datagram (32 KiB). */
#define DATAGRAM_BYTES 65536

struct Netlink {
        struct nl_sock *sock;
        char said[160];
        char name[IFNAMSIZ]; /* the interface asked for last */
        unsigned index;
        _Alignas(struct nlmsghdr) unsigned char data[DATAGRAM_BYTES]; /* wiped after each use */
};

unsigned netlink_ifindex(Netlink *n, const char *name)
{
        if (n->index == 0 || strcmp(n->name, name) != 0) {
                snprintf(n->name, sizeof n->name, "%s", name);
                n->index = if_nametoindex(name);
        }
        return n->index;
}

void netlink_forget_ifindex(Netlink *n)
{
        n->index = 0;
}

struct nl_sock *netlink_sock(Netlink *n)
{
        return n->sock;
}

const char *netlink_said(const Netlink *n)
{
        return n->said;
}

void netlink_free(Netlink *n)
{
        if (!n)
                return;
        nl_socket_free(n->sock);
        free(n);
}

void netlink_freep(Netlink **n)
{
        netlink_free(*n);
}

void netlink_msg_freep(struct nl_msg **msg)
{
        nlmsg_free(*msg);
}

int netlink_errno(int nl_error)
{
        switch (nl_error < 0 ? -nl_error : nl_error) {
        case NLE_SUCCESS:
                return 0;
        case NLE_NOMEM:
                return -ENOMEM;
        case NLE_PERM:
        case NLE_NOACCESS:
                return -EPERM;
        case NLE_OBJ_NOTFOUND:
                return -ENOENT;
        case NLE_NODEV:
                return -ENODEV;
        case NLE_EXIST:
                return -EEXIST;
        case NLE_INVAL:
                return -EINVAL;
        case NLE_OPNOTSUPP:
        case NLE_PROTO_MISMATCH:
                return -EOPNOTSUPP;
        case NLE_AF_NOSUPPORT:
                return -EAFNOSUPPORT;
        case NLE_DUMP_INTR:
        case NLE_AGAIN:
                return -EAGAIN;
        default:
                return -EIO;
        }
}

int netlink_open(int protocol, Netlink **ret)
{
        CLEANUP_NETLINK Netlink *n = calloc(1, sizeof *n);
        int on = 1, r;

        if (!n)
                return -ENOMEM;
        n->sock = nl_socket_alloc();
        if (!n->sock)
                return -ENOMEM;
        nl_socket_disable_seq_check(n->sock); /* it does not see those that are answered here */
        nl_socket_disable_auto_ack(n->sock);
        r = nl_connect(n->sock, protocol); /* close-on-exec by itself */
        if (r < 0)
                return netlink_errno(r);
        /* Room for the answers to a batch, and for the texts with them; old kernels have none. */
        r = nl_socket_set_buffer_size(n->sock, 1 << 20, 1 << 20);
        if (r < 0)
                return netlink_errno(r);
        (void)setsockopt(nl_socket_get_fd(n->sock), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
        *ret = TAKE_PTR(n);
        return 0;
}

/* The text that a refusal may carry. */
static void keep_text(Netlink *n, struct nlmsghdr *h)
{
        const struct nlmsgerr *e = nlmsg_data(h);
        size_t echoed = h->nlmsg_flags & NLM_F_CAPPED ? 0 : e->msg.nlmsg_len - sizeof e->msg;
        size_t skip = sizeof *e + NLMSG_ALIGN(echoed);

        if (!(h->nlmsg_flags & NLM_F_ACK_TLVS) || (size_t)nlmsg_datalen(h) <= skip)
                return;
        const struct nlattr *a =
                nla_find((struct nlattr *)((char *)nlmsg_data(h) + skip),
                         (int)((size_t)nlmsg_datalen(h) - skip), NLMSGERR_ATTR_MSG);

        if (a)
                (void)nla_strlcpy(n->said, a, sizeof n->said);
}

/* One datagram of the kernel into n->data, which the caller wipes. Its size, or -errno. */
static int receive(Netlink *n)
{
        ssize_t size;

        do
                size = recv(nl_socket_get_fd(n->sock), n->data, sizeof n->data, MSG_TRUNC);
        while (size < 0 && errno == EINTR);
        if (size < 0)
                return -errno;
        return size == 0 ? -EPIPE : (size_t)size > sizeof n->data ? -EMSGSIZE : (int)size;
}

/* The answers in one datagram. */
static int take_answers(Netlink *n, int size, uint32_t first_seq, size_t count, int *results,
                        bool *ret_all)
{
        for (struct nlmsghdr *h = (struct nlmsghdr *)n->data; nlmsg_ok(h, size);
             h = nlmsg_next(h, &size)) {
                uint32_t i = h->nlmsg_seq - first_seq;
                const struct nlmsgerr *e = nlmsg_data(h);

                if (i >= count || h->nlmsg_type != NLMSG_ERROR)
                        continue; /* an echo, or late news of an earlier talk */
                if ((size_t)nlmsg_datalen(h) < sizeof *e)
                        return -EBADMSG;
                results[i] = e->error;
                if (e->error < 0 && !*n->said)
                        keep_text(n, h);
                *ret_all |= i == count - 1;
        }
        return 0;
}

/* The kernel answers every message that it refuses, and of the others those that ask for it: only
 * the last does, whose answer comes after all of them. */
static ssize_t send_all(Netlink *n, struct nl_msg **messages, size_t count)
{
        struct iovec parts[NETLINK_BATCH_MAX];
        struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
        struct msghdr h = { .msg_name = &kernel,
                            .msg_namelen = sizeof kernel,
                            .msg_iov = parts,
                            .msg_iovlen = count };

        for (size_t i = 0; i < count; i++) {
                struct nlmsghdr *m = nlmsg_hdr(messages[i]);

                m->nlmsg_flags |= i == count - 1 ? NLM_F_ACK : 0;
                m->nlmsg_seq = NL_AUTO_SEQ;
                nl_complete_msg(n->sock, messages[i]);
                parts[i] = (struct iovec){ m, NLMSG_ALIGN(m->nlmsg_len) };
        }
        ssize_t sent = sendmsg(nl_socket_get_fd(n->sock), &h, 0);

        for (size_t i = 0; i < count; i++) {
                struct nlmsghdr *m = nlmsg_hdr(messages[i]);

                explicit_bzero(nlmsg_data(m), (size_t)nlmsg_datalen(m));
        }
        return sent < 0 ? -errno : sent;
}

int netlink_request_many(Netlink *n, struct nl_msg **messages, size_t count, int *ret_results)
{
        bool all = false;

        if (count == 0 || count > NETLINK_BATCH_MAX)
                return -E2BIG;
        *n->said = '\0';
        memset(ret_results, 0, count * sizeof *ret_results);
        int r = (int)send_all(n, messages, count);
        uint32_t first_seq = nlmsg_hdr(messages[0])->nlmsg_seq;

        while (r >= 0 && !all) {
                int size = r = receive(n);

                if (r >= 0) {
                        r = take_answers(n, size, first_seq, count, ret_results, &all);
                        explicit_bzero(n->data, (size_t)size); /* a refusal repeats the question */
                }
        }
        return r;
}

int netlink_request(Netlink *n, struct nl_msg *msg)
{
        int result = 0;
        int r = netlink_request_many(n, &msg, 1, &result);

        return r < 0 ? r : result;
}

typedef struct Dump {
        uint32_t seq;
        NetlinkEach each;
        void *user;
        bool done, changed;
        int result; /* the first failure; the rest of the list is read all the same */
} Dump;

static void take_messages(Netlink *n, Dump *dump, int size)
{
        for (struct nlmsghdr *h = (struct nlmsghdr *)n->data; !dump->done && nlmsg_ok(h, size);
             h = nlmsg_next(h, &size)) {
                const struct nlmsgerr *e = nlmsg_data(h);

                if (h->nlmsg_seq != dump->seq)
                        continue;
                if (h->nlmsg_flags & NLM_F_DUMP_INTR)
                        dump->changed = true;
                if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR)
                        dump->done = true;
                /* Both begin with the error, of a list that ended early. */
                if (dump->done && dump->result == 0 && nlmsg_datalen(h) >= (int)sizeof e->error)
                        dump->result = MIN_OF(e->error, 0);
                if (!dump->done && dump->result == 0)
                        dump->result = dump->each(dump->user, h);
        }
}

int netlink_dump(Netlink *n, struct nl_msg *msg, NetlinkEach each, void *user)
{
        struct nlmsghdr *m = nlmsg_hdr(msg);
        Dump dump = { .each = each, .user = user };
        int r;

        *n->said = '\0';
        m->nlmsg_flags |= NLM_F_REQUEST | NLM_F_DUMP;
        nl_complete_msg(n->sock, msg);
        dump.seq = m->nlmsg_seq;
        r = nl_send(n->sock, msg);
        if (r < 0)
                return netlink_errno(r);
        while (!dump.done) {
                int size = receive(n);

                if (size < 0)
                        return size;
                take_messages(n, &dump, size);
                explicit_bzero(n->data, (size_t)size);
        }
        return dump.result < 0 ? dump.result : dump.changed ? -EAGAIN : 0;
}
