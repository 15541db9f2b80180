/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/launcher/server.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "tests/unit/unit.h"

/* A server whose only client is `client`, and a connection of ours to it. */
typedef struct Rig {
        UnitDir dir;
        LauncherPolicy policy;
        sd_event *event;
        Server *server;
        int fd;
} Rig;

static void rig_init(Rig *r, uid_t client)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        *r = (Rig){ .dir = unit_dir(), .policy = { .client = client } };
        CLEANUP_FREE char *path = path_join(r->dir.path, "launcher");
        memcpy(address.sun_path, path, strlen(path) + 1);
        ck_assert_int_eq(bind(listening, (struct sockaddr *)&address, sizeof(address)), 0);
        ck_assert_int_eq(listen(listening, 4), 0);
        ck_assert_int_ge(sd_event_new(&r->event), 0);
        ck_assert_int_eq(server_new(r->event, listening, &r->policy, NULL, 0, &r->server), 0);
        r->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        ck_assert_int_eq(connect(r->fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

static void rig_done(Rig *r)
{
        server_free(r->server);
        (void)sd_event_unref(r->event);
        close_fd(&r->fd);
        unit_dir_done(&r->dir);
}

static void check_refused(Rig *r, const char *text)
{
        LaunchReply reply = { 0 };
        char data[1024];
        ssize_t n;

        while (sd_event_run(r->event, 100000) > 0)
                ;
        n = recv(r->fd, data, sizeof(data), MSG_DONTWAIT);
        ck_assert_msg(n > 0, "no reply: %m");
        ck_assert_int_eq(launch_reply_parse(data, (size_t)n, &reply), 0);
        ck_assert_int_eq(reply.result, LAUNCH_REFUSED);
        ck_assert_ptr_nonnull(strstr(reply.text, text));
        launch_reply_done(&reply);
}

START_TEST(a_stranger_is_told_so_whenever_he_speaks)
{
        CLEANUP(rig_done) Rig early, silent;

        rig_init(&early, getuid() + 1);
        ck_assert_int_eq(send(early.fd, "x", 1, 0), 1);
        ck_assert_int_eq(send(early.fd, "y", 1, 0), 1);
        check_refused(&early, "may not ask for anything");
        rig_init(&silent, getuid() + 1);
        check_refused(&silent, "may not ask for anything");
}
END_TEST

START_TEST(nonsense_is_refused)
{
        CLEANUP(rig_done) Rig r;

        rig_init(&r, getuid());
        ck_assert_int_eq(send(r.fd, "nonsense", 8, 0), 8);
        ck_assert_int_eq(send(r.fd, "more", 4, 0), 4);
        check_refused(&r, "");
}
END_TEST

UNIT_MAIN("launcher-server", a_stranger_is_told_so_whenever_he_speaks, nonsense_is_refused)
