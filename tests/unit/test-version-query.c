/* SPDX-License-Identifier: Apache-2.0 */
/* What a driver's web UI says of its version, from an HTTP server of our own. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <check.h>

#include "base/macro.h"
#include "daemons/common/version-query.h"
#include "unit.h"

START_TEST(bodies)
{
        static const char *const bad[] = {
                "",
                "[\"spark\"]",
                "{\"spark\":3}",
                "{\"spark\":\"\"}",
                "{\"spark\":\"x3\"}",
                "{\"spark\":\"3.5/../..\"}",
                "{\"spark\":\"3.5",
                "{\"version\":\"3.5.9\"}",
                "<html>",
        };
        static const char good[] = "{\n  \"spark\" : \"3.5.9\"\n}";
        char version[VERSION_MAX];

        ck_assert_int_eq(version_from_body(good, strlen(good), version), 0);
        ck_assert_str_eq(version, "3.5.9");
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                ck_assert_msg(version_from_body(bad[i], strlen(bad[i]), version) == -EBADMSG, "%s",
                              bad[i]);
}
END_TEST

/* A listening socket on loopback; *ret_url is its address. */
static int listen_on_loopback(char *ret_url, size_t size)
{
        struct sockaddr_in address = { .sin_family = AF_INET };
        socklen_t length = sizeof(address);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, length), 0);
        ck_assert_int_eq(listen(fd, 8), 0);
        ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &length), 0);
        (void)snprintf(ret_url, size, "http://127.0.0.1:%u", ntohs(address.sin_port));
        return fd;
}

/* Gives each connection the next of `answers` (NULL ends them), in a child. Returns its pid. */
static pid_t serve(int listener, const char *const *answers)
{
        pid_t pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid > 0)
                return pid;
        for (; *answers; answers++) {
                char request[4096];
                int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
                ssize_t n = read(fd, request, sizeof(request) - 1);
                request[n > 0 ? n : 0] = '\0';
                if (!strstr(request, "GET /api/v1/version HTTP/1."))
                        _exit(1);
                if (write(fd, *answers, strlen(*answers)) < 0)
                        _exit(1);
                (void)close(fd);
        }
        _exit(0);
}

/* Asks and returns the result; what was written goes to `version`. */
static int query(const char *url, char version[static VERSION_MAX])
{
        int fds[2];
        ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
        int r = version_query((void *)url, fds[1]);
        (void)close(fds[1]);
        ssize_t n = read(fds[0], version, VERSION_MAX - 1);
        version[n > 0 ? n : 0] = '\0';
        (void)close(fds[0]);
        return r;
}

static void expect(const char *const *answers, const char *slash, int result, const char *version)
{
        char url[64], got[VERSION_MAX];
        int status;
        CLEANUP_CLOSE int listener = listen_on_loopback(url, sizeof(url) - 1);
        pid_t pid = serve(listener, answers);
        (void)strncat(url, slash, 1);
        ck_assert_int_eq(query(url, got), result);
        ck_assert_str_eq(got, version);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_int_eq(status, 0);
}

#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"

START_TEST(driver_that_starts)
{
        /* A UI that listens and does not serve yet: 404, nothing at all, its welcome page. */
        static const char *const answers[] = {
                "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                "",
                OK_HEAD "Spark is starting up.",
                OK_HEAD "{\"spark\" : \"4.1.4\"}",
                NULL,
        };
        expect(answers, "", 0, "4.1.4");
}
END_TEST

START_TEST(address_with_a_slash)
{
        static const char *const answers[] = { OK_HEAD "{\"spark\":\"3.4.4\"}", NULL };
        expect(answers, "/", 0, "3.4.4");
}
END_TEST

START_TEST(login_page)
{
        static const char *const answers[] = {
                "HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n"
                "Connection: close\r\n\r\n",
                NULL,
        };
        expect(answers, "", 1, "");
}
END_TEST

START_TEST(nobody_there)
{
        char url[64], version[VERSION_MAX];
        int fd = listen_on_loopback(url, sizeof(url));
        (void)close(fd);
        ck_assert_int_eq(query(url, version), 1);
        ck_assert_int_eq(query("file:///etc/passwd", version), 1);
        ck_assert_int_eq(query("", version), 1);
        ck_assert_str_eq(version, "");
}
END_TEST

UNIT_MAIN("version-query", bodies, driver_that_starts, address_with_a_slash, login_page,
          nobody_there)
