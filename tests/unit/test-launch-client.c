/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/launch-client.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "tests/unit/unit.h"

/* A launcher that says what the test wants. */
typedef struct Rig {
        UnitDir dir;
        char *path;
        int listening;
        sd_event *event;
        LaunchReply reply; /* as it came */
        bool called;
} Rig;

static void rig_init(Rig *r)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        *r = (Rig){ .dir = unit_dir(), .listening = -1 };
        r->path = path_join(r->dir.path, "launcher");
        r->listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        memcpy(address.sun_path, r->path, strlen(r->path) + 1);
        ck_assert_int_eq(bind(r->listening, (struct sockaddr *)&address, sizeof(address)), 0);
        ck_assert_int_eq(listen(r->listening, 4), 0);
        ck_assert_int_ge(sd_event_new(&r->event), 0);
}

static void rig_done(Rig *r)
{
        close_fd(&r->listening);
        free(r->path);
        (void)sd_event_unref(r->event);
        launch_reply_done(&r->reply);
        unit_dir_done(&r->dir);
}

static void on_reply(void *user, const LaunchReply *reply)
{
        Rig *r = user;

        ck_assert(!r->called);
        r->called = true;
        r->reply = *reply;
        r->reply.text = reply->text ? strdup(reply->text) : NULL;
        (void)sd_event_exit(r->event, 0);
}

/* Takes the request, and answers with `reply`, or hangs up. */
static void serve(Rig *r, const char *reply, size_t size)
{
        CLEANUP_CLOSE int fd = accept4(r->listening, NULL, NULL, SOCK_CLOEXEC);
        char data[4096];

        ck_assert_int_ge(fd, 0);
        ck_assert_int_gt(recv(fd, data, sizeof(data), 0), 0);
        if (reply)
                ck_assert_int_eq(send(fd, reply, size, 0), (ssize_t)size);
        /* closed here; what was sent stays readable */
}

static const LaunchMessage forget = { .verb = LAUNCH_FORGET,
                                      .role = (char *)"executor",
                                      .id = (char *)"a" };

static void check_reply(const char *reply, size_t size, LaunchResult result, const char *text)
{
        CLEANUP(rig_done) Rig r;

        rig_init(&r);
        ck_assert_int_eq(launch_call(r.event, r.path, &forget, NULL, 0, on_reply, &r, NULL), 0);
        serve(&r, reply, size);
        ck_assert_int_ge(sd_event_loop(r.event), 0);
        ck_assert(r.called);
        ck_assert_int_eq(r.reply.result, result);
        ck_assert_pstr_eq(r.reply.text, text);
}

START_TEST(replies_are_handed_out)
{
        static const char ok[] = "result=ok", failed[] = "result=failed\0text=why";
        static const char cut[] = "result=ok", odd[] = "result=fine";

        check_reply(ok, sizeof(ok), LAUNCH_OK, NULL);
        check_reply(failed, sizeof(failed), LAUNCH_FAILED, "why");
        check_reply(cut, sizeof(cut) - 1, LAUNCH_FAILED, "spark-launcher's reply makes no sense");
        check_reply(odd, sizeof(odd), LAUNCH_FAILED, "spark-launcher's reply makes no sense");
        check_reply(NULL, 0, LAUNCH_FAILED, "spark-launcher hung up");
}
END_TEST

START_TEST(nobody_there)
{
        CLEANUP(rig_done) Rig r;
        CLEANUP_BUFFER Buffer name = BUFFER_INIT(0);
        LaunchCall *call;

        rig_init(&r);
        CLEANUP_FREE char *none = path_join(r.dir.path, "none");
        ck_assert_int_eq(launch_call(r.event, none, &forget, NULL, 0, on_reply, &r, NULL), -ENOENT);
        while (name.size < 200)
                buffer_put_u8(&name, 'x');
        CLEANUP_FREE char *longest = buffer_take_text(&name);
        ck_assert_int_eq(launch_call(r.event, longest, &forget, NULL, 0, on_reply, &r, NULL),
                         -ENAMETOOLONG);
        ck_assert_int_eq(launch_call(r.event, r.path, &forget, NULL, 0, on_reply, &r, &call), 0);
        launch_call_free(call);
        ck_assert(!r.called);
        launch_call_free(NULL);
}
END_TEST

START_TEST(fds_go_along)
{
        CLEANUP(rig_done) Rig r;
        const char *const environment[] = { "A=1", "SECRET=x\ny", NULL };
        union {
                struct cmsghdr align;
                char room[CMSG_SPACE(sizeof(int) * 8)];
        } control;
        char data[4096];
        struct iovec iov = { data, sizeof(data) };
        struct msghdr msg = { .msg_iov = &iov,
                              .msg_iovlen = 1,
                              .msg_control = &control,
                              .msg_controllen = sizeof(control) };
        int got[LAUNCH_FDS];

        rig_init(&r);
        CLEANUP_CLOSE int memory = launch_environment(environment);
        ck_assert_int_ge(memory, 0);
        ck_assert_int_eq(write(memory, "x", 1), -1);
        const int fds[LAUNCH_FDS] = { memory, STDOUT_FILENO, STDERR_FILENO };
        LaunchCall *call;
        ck_assert_int_eq(
                launch_call(r.event, r.path, &forget, fds, LAUNCH_FDS, on_reply, &r, &call), 0);
        CLEANUP_CLOSE int fd = accept4(r.listening, NULL, NULL, SOCK_CLOEXEC);
        ssize_t n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
        ck_assert_int_gt(n, 0);

        CLEANUP_LAUNCH_MESSAGE LaunchMessage m = { 0 };
        CLEANUP_FREE char *problem = NULL;
        ck_assert_int_eq(launch_message_parse(data, (size_t)n, &m, &problem), 0);
        ck_assert_str_eq(m.id, "a");
        struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
        ck_assert_ptr_nonnull(c);
        ck_assert_uint_eq(c->cmsg_len, CMSG_LEN(sizeof(got)));
        memcpy(got, CMSG_DATA(c), sizeof(got));
        ck_assert_int_eq(pread(got[0], data, sizeof(data), 0), 15);
        ck_assert_int_eq(memcmp(data, "A=1\0SECRET=x\ny", 15), 0);
        for (size_t i = 0; i < LAUNCH_FDS; i++)
                close_fd(&got[i]);
        launch_call_free(call);
}
END_TEST

UNIT_MAIN("launch-client", replies_are_handed_out, nobody_there, fds_go_along)
