/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/common/handover.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <systemd/sd-daemon.h>

#include "base/limits.h"
#include "daemons/common/daemon.h"

#define MAGIC        "sparkd-handover-1"
#define NAME_SAVED   "handover"
#define NAME_WATCHED "watch-"

/* The kernel takes 253 descriptors in one message (SCM_MAX_FD). */
#define FDS_PER_MESSAGE 250
/* How long the service manager may take to have read all of them. */
#define BARRIER_USEC (UINT64_C(10) * 1000000)

/*
 * What is stored is one socket, in whose queue the rest waits: first a file with all bytes, then
 * the connections' sockets in the file's order. (The service manager compares each descriptor that
 * it is given with all that it has: 10,000 of them would keep it busy for long.)
 */

/* ---- the service manager ---- */

/* It polls what it stores, and forgets a socket whose peer is gone, unless told not to. */
static int store_fd(const char *name, int fd)
{
        char text[96];
        (void)snprintf(text, sizeof(text), "FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
        int r = sd_pid_notify_with_fds(0, false, text, &fd, 1);
        return r > 0 ? 0 : r < 0 ? r : -ENOTCONN;
}

static void drop_fds(const char *name)
{
        (void)sd_notifyf(false, "FDSTOREREMOVE=1\nFDNAME=%s", name);
}

/* ---- descriptors through a socket ---- */

typedef struct FdMessage {
        char byte; /* a message has to have something */
        struct iovec io;
        struct msghdr header;
        union {
                struct cmsghdr head;
                char room[CMSG_SPACE(sizeof(int) * FDS_PER_MESSAGE)];
        } control;
} FdMessage;

static void message_init(FdMessage *m, size_t n_fds)
{
        memset(m, 0, sizeof(*m));
        m->io = (struct iovec){ &m->byte, 1 };
        m->header = (struct msghdr){ .msg_iov = &m->io,
                                     .msg_iovlen = 1,
                                     .msg_control = &m->control,
                                     .msg_controllen = CMSG_SPACE(sizeof(int) * n_fds) };
}

static int send_fds(int to, const int *fds, size_t n)
{
        FdMessage m;
        message_init(&m, n);
        struct cmsghdr *c = CMSG_FIRSTHDR(&m.header);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int) * n);
        memcpy(CMSG_DATA(c), fds, sizeof(int) * n);
        return sendmsg(to, &m.header, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

/* Returns how many have come, at most FDS_PER_MESSAGE; 0 when there are no more. */
static int receive_fds(int from, int *fds)
{
        FdMessage m;
        message_init(&m, FDS_PER_MESSAGE);
        ssize_t size = recvmsg(from, &m.header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
        if (size < 0)
                return errno == EAGAIN ? 0 : -errno;
        struct cmsghdr *c = size > 0 ? CMSG_FIRSTHDR(&m.header) : NULL;
        if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
                return 0;
        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(fds, CMSG_DATA(c), n * sizeof(int));
        return (int)n;
}

/* ---- saving ---- */

typedef struct Saving {
        Buffer bytes; /* of the file */
        int *fds;
        size_t n_fds, room;
        bool failed;
} Saving;

static void save_conn(void *user, RpcConn *conn)
{
        Saving *s = user;
        if (s->n_fds == s->room) {
                size_t room = MAX_OF(s->room * 2, (size_t)64);
                int *fds = realloc(s->fds, room * sizeof(int));
                if (!fds) {
                        s->failed = true;
                        return;
                }
                s->fds = fds;
                s->room = room;
        }
        s->fds[s->n_fds++] = rpc_conn_socket(conn);
        rpc_conn_save(conn, &s->bytes);
}

static int collect(Rpc *rpc, const json_t *state, Saving *s)
{
        CLEANUP_FREE char *text = state ? json_dumps(state, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
        if (!text)
                return -ENOMEM;
        buffer_put(&s->bytes, MAGIC, sizeof(MAGIC));
        buffer_put_u64(&s->bytes, strlen(text));
        buffer_put_text(&s->bytes, text);
        rpc_visit(rpc, save_conn, s);
        return s->failed ? -ENOMEM : buffer_result(&s->bytes);
}

static int write_all(int fd, const Buffer *b)
{
        for (size_t at = 0; at < b->size;) {
                ssize_t n = write(fd, b->data + at, b->size - at);
                if (n < 0 && errno != EINTR)
                        return -errno;
                at += n > 0 ? (size_t)n : 0;
        }
        return 0;
}

static int fill_queue(int to, const Saving *s)
{
        CLEANUP_CLOSE int file = memfd_create("handover", MFD_CLOEXEC);
        int r = file < 0 ? -errno : write_all(file, &s->bytes);
        if (r == 0)
                r = send_fds(to, &file, 1);
        for (size_t at = 0; r == 0 && at < s->n_fds; at += FDS_PER_MESSAGE)
                r = send_fds(to, s->fds + at, MIN_OF(s->n_fds - at, (size_t)FDS_PER_MESSAGE));
        return r;
}

static int store_queue(const Saving *s)
{
        int ends[2];
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
                return -errno;
        int r = fill_queue(ends[0], s);
        if (r == 0)
                r = store_fd(NAME_SAVED, ends[1]);
        close_fd(&ends[0]);
        close_fd(&ends[1]);
        return r;
}

int handover_save(Rpc *rpc, json_t *state)
{
        Saving s = { .bytes = BUFFER_INIT(LIMIT_HANDOVER_BYTES) };
        int r = collect(rpc, state, &s);
        if (r == 0)
                r = store_queue(&s);
        json_decref(state);
        buffer_done(&s.bytes);
        free(s.fds);
        if (r < 0)
                return r;
        r = sd_notify_barrier(false, BARRIER_USEC);
        return r < 0 ? r : 0;
}

/* ---- restoring ---- */

static int read_file(int fd, Buffer *out)
{
        struct stat st;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (st.st_size < 0 || (uint64_t)st.st_size > LIMIT_HANDOVER_BYTES)
                return -EFBIG;
        size_t size = (size_t)st.st_size;
        if (size > 0 && !buffer_reserve(out, size))
                return buffer_result(out);
        for (size_t at = 0; at < size;) {
                ssize_t n = pread(fd, out->data + at, size - at, (off_t)at);
                if (n <= 0)
                        return n < 0 ? -errno : -EIO;
                buffer_added(out, (size_t)n);
                at += (size_t)n;
        }
        return 0;
}

static int read_first(int queue, Buffer *out)
{
        int fds[FDS_PER_MESSAGE], n = receive_fds(queue, fds);
        int r = n < 0 ? n : n == 1 ? read_file(fds[0], out) : -EBADMSG;
        for (int i = 0; i < n; i++)
                close_fd(&fds[i]);
        return r;
}

static int restore_conns(Rpc *rpc, int queue, Cursor *in)
{
        int fds[FDS_PER_MESSAGE], n, r = 0;
        while (r == 0 && (n = receive_fds(queue, fds)) > 0) {
                for (int i = 0; i < n; i++) {
                        RpcConn *conn;
                        if (r == 0)
                                r = rpc_conn_restore(rpc, fds[i], in, &conn);
                        if (r < 0)
                                close_fd(&fds[i]);
                }
        }
        if (r == 0 && n < 0)
                r = n;
        return r == 0 && cursor_left(in) > 0 ? -EBADMSG : r;
}

static int restore(Rpc *rpc, int queue, json_t **ret_state)
{
        Buffer bytes CLEANUP_BUFFER = BUFFER_INIT(LIMIT_HANDOVER_BYTES);
        int r = read_first(queue, &bytes);
        if (r < 0)
                return r;
        Cursor in = cursor_over(bytes.data, bytes.size);
        const uint8_t *magic = cursor_bytes(&in, sizeof(MAGIC));
        uint64_t size = cursor_u64(&in);
        if (!magic || memcmp(magic, MAGIC, sizeof(MAGIC)) != 0 || size > cursor_left(&in))
                return -EBADMSG;
        const char *text = (const char *)cursor_bytes(&in, (size_t)size);
        r = restore_conns(rpc, queue, &in);
        if (r < 0)
                return r;
        *ret_state = json_loadb(text, (size_t)size, JSON_DECODE_ANY, NULL);
        return *ret_state ? 0 : -EBADMSG;
}

static void close_conn(void *user, RpcConn *conn)
{
        rpc_conn_close(conn, "The process before did not hand everything over");
}

static int restore_queue(Rpc *rpc, int queue, json_t **ret_state)
{
        int r = restore(rpc, queue, ret_state);
        close_fd(&queue);
        drop_fds(NAME_SAVED);
        if (r < 0)
                rpc_visit(rpc, close_conn, NULL);
        return r < 0 ? r : 1;
}

/* ---- watched ---- */

int handover_watch(RpcConn *conn)
{
        char name[48];
        (void)snprintf(name, sizeof(name), NAME_WATCHED "%" PRIu64, rpc_conn_id(conn));
        return store_fd(name, rpc_conn_socket(conn));
}

void handover_unwatch(uint64_t conn_id)
{
        char name[48];
        (void)snprintf(name, sizeof(name), NAME_WATCHED "%" PRIu64, conn_id);
        drop_fds(name);
}

typedef struct Search {
        uint64_t inode;
        bool found;
} Search;

static void compare_conn(void *user, RpcConn *conn)
{
        Search *search = user;
        struct stat st;
        if (fstat(rpc_conn_socket(conn), &st) == 0 && st.st_ino == search->inode)
                search->found = true;
}

static int keep_watched(Rpc *rpc, const char *name, int passed)
{
        CLEANUP_CLOSE int fd = passed;
        struct stat st;
        RpcConn *conn;
        if (fstat(fd, &st) < 0)
                return -errno;
        Search search = { .inode = st.st_ino };
        rpc_visit(rpc, compare_conn, &search);
        if (search.found) /* handed over, with the id that it is stored under */
                return 0;
        drop_fds(name); /* it gets a new id */
        int r = rpc_conn_keep(rpc, fd, &conn);
        if (r < 0)
                return r;
        fd = -1;
        return handover_watch(conn);
}

/* ---- both ---- */

static int keep_all_watched(Rpc *rpc, char **names, int n)
{
        int result = 0;
        for (int i = 0; i < n; i++) {
                if (strncmp(names[i], NAME_WATCHED, strlen(NAME_WATCHED)) != 0)
                        continue;
                int r = keep_watched(rpc, names[i], SD_LISTEN_FDS_START + i);
                if (r < 0)
                        result = r;
        }
        return result;
}

int handover_restore(Rpc *rpc, json_t **ret_state)
{
        CLEANUP(daemon_free_names) char **names = NULL;
        int n = sd_listen_fds_with_names(false, &names), r = MIN_OF(n, 0);
        for (int i = 0; i < n; i++)
                if (strcmp(names[i], NAME_SAVED) == 0)
                        r = restore_queue(rpc, SD_LISTEN_FDS_START + i, ret_state);
        int k = keep_all_watched(rpc, names, n);
        return k < 0 && r == 0 ? k : r;
}
