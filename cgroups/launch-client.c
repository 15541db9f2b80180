/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/launch-client.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/limits.h"

/* A start job may take as long as systemd lets it, which is 90 s. */
#define REPLY_USEC (UINT64_C(120) * 1000000)

struct LaunchCall {
        int fd;
        sd_event_source *input, *deadline;
        LaunchHandler handler;
        void *user;
};

void launch_call_free(LaunchCall *call)
{
        if (!call)
                return;
        (void)sd_event_source_disable_unref(call->input);
        (void)sd_event_source_disable_unref(call->deadline);
        close_fd(&call->fd);
        free(call);
}

static void end(LaunchCall *call, const LaunchReply *reply)
{
        LaunchHandler handler = call->handler;
        void *user = call->user;

        launch_call_free(call);
        handler(user, reply);
}

static void end_failed(LaunchCall *call, const char *text)
{
        end(call, &(LaunchReply){ .result = LAUNCH_FAILED, .text = (char *)text });
}

static int on_reply(sd_event_source *source, int fd, uint32_t revents, void *user)
{
        CLEANUP(launch_reply_done) LaunchReply reply = { 0 };
        LaunchCall *call = user;
        char data[16384];
        ssize_t n = recv(fd, data, sizeof(data), MSG_DONTWAIT);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n <= 0)
                end_failed(call, "spark-launcher hung up");
        else if (launch_reply_parse(data, (size_t)n, &reply) < 0)
                end_failed(call, "spark-launcher's reply makes no sense");
        else
                end(call, &reply);
        return 0;
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *user)
{
        end_failed(user, "spark-launcher did not answer");
        return 0;
}

static int connect_to(const char *path)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        CLEANUP_CLOSE int fd = -1;

        if (strlen(path) >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        memcpy(address.sun_path, path, strlen(path) + 1);
        fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        /* systemd listens: this does not wait for the launcher to start */
        if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
                return -errno;
        return TAKE_FD(fd);
}

static int send_message(int fd, const Buffer *b, const int *fds, size_t n_fds)
{
        union {
                struct cmsghdr align;
                char room[CMSG_SPACE(sizeof(int) * LAUNCH_FDS)];
        } control = { 0 };
        struct iovec iov = { .iov_base = b->data, .iov_len = b->size };
        struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

        if (n_fds > LAUNCH_FDS)
                return -EINVAL;
        if (n_fds > 0) {
                struct cmsghdr *c;

                msg.msg_control = &control;
                msg.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
                c = CMSG_FIRSTHDR(&msg);
                c->cmsg_level = SOL_SOCKET;
                c->cmsg_type = SCM_RIGHTS;
                c->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
                memcpy(CMSG_DATA(c), fds, sizeof(int) * n_fds);
        }
        /* One that may not ask is refused before it speaks: its reply is there to be read. */
        return sendmsg(fd, &msg, MSG_NOSIGNAL) < 0 && errno != EPIPE ? -errno : 0;
}

int launch_call(sd_event *event, const char *path, const LaunchMessage *m, const int *fds,
                size_t n_fds, LaunchHandler handler, void *user, LaunchCall **ret_call)
{
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(LIMIT_LAUNCH_BYTES);
        LaunchCall *call;
        int r = launch_message_write(m, &b), fd;

        if (r < 0)
                return r;
        fd = connect_to(path);
        if (fd < 0)
                return fd;
        call = calloc(1, sizeof(*call));
        if (!call) {
                close_fd(&fd);
                return -ENOMEM;
        }
        call->fd = fd;
        call->handler = handler;
        call->user = user;
        r = send_message(fd, &b, fds, n_fds);
        if (r >= 0)
                r = sd_event_add_io(event, &call->input, fd, EPOLLIN, on_reply, call);
        if (r >= 0)
                r = sd_event_add_time_relative(event, &call->deadline, CLOCK_MONOTONIC, REPLY_USEC,
                                               0, on_deadline, call);
        if (r < 0) {
                launch_call_free(call);
                return r;
        }
        if (ret_call)
                *ret_call = call;
        return 0;
}

int launch_environment(const char *const *environment)
{
        CLEANUP_CLOSE int fd = memfd_create("environment", MFD_CLOEXEC | MFD_ALLOW_SEALING);

        if (fd < 0)
                return -errno;
        for (; *environment; environment++) {
                size_t size = strlen(*environment) + 1;

                if (write(fd, *environment, size) != (ssize_t)size)
                        return errno ? -errno : -EIO;
        }
        if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
                return -errno;
        return TAKE_FD(fd);
}
