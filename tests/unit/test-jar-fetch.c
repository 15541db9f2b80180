/* SPDX-License-Identifier: Apache-2.0 */
/* Where a driver's jar comes from, and how it gets into the driver's directory. */
#include "daemons/worker/jar-fetch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/file.h"
#include "tests/unit/unit.h"

#define TIMEOUT UINT64_C(10000000)

static char top[] = "/tmp/test-jar-fetch.XXXXXX";

static void set_up(void)
{
        (void)snprintf(top, sizeof(top), "/tmp/test-jar-fetch.XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(top));
}

static void tear_down(void)
{
        ck_assert_int_eq(dir_remove(top), 0);
}

START_TEST(test_sources)
{
        static const struct {
                const char *url;
                JarKind kind;
                const char *from, *path;
        } good[] = {
                { "file:/a/b.jar", JAR_FILE, "/a/b.jar", "/d/b.jar" },
                { "file:///a/b%20c.jar", JAR_FILE, "/a/b c.jar", "/d/b c.jar" },
                { "file://localhost/b.jar#x", JAR_FILE, "/b.jar", "/d/b.jar" },
                { "/a/b%20c.jar", JAR_FILE, "/a/b%20c.jar", "/d/b%20c.jar" },
                { "local:/a/b.jar", JAR_LOCAL, "/a/b.jar", "/a/b.jar" },
                { "local:///a/b.jar", JAR_LOCAL, "/a/b.jar", "/a/b.jar" },
                { "HTTP://h:1/x/b.jar?q=/z", JAR_WEB, "HTTP://h:1/x/b.jar?q=/z", "/d/b.jar" },
                { "https://h/b.jar", JAR_WEB, "https://h/b.jar", "/d/b.jar" },
                { "ftp://h/a%2Fb.jar", JAR_WEB, "ftp://h/a%2Fb.jar", "/d/b.jar" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
                CLEANUP_JAR_SOURCE JarSource s = { 0 };
                char *problem = NULL;

                ck_assert_msg(jar_source_parse(good[i].url, "/d", &s, &problem) == 0, "%s",
                              good[i].url);
                ck_assert_int_eq(s.kind, good[i].kind);
                ck_assert_str_eq(s.from, good[i].from);
                ck_assert_str_eq(s.path, good[i].path);
        }
}
END_TEST

START_TEST(test_sources_that_are_none)
{
        static const char *const bad[] = { NULL,
                                           "",
                                           "b.jar",
                                           "hdfs://n/b.jar",
                                           "s3a://bucket/b.jar",
                                           "spark://h:1/jars/b.jar",
                                           "file:b.jar",
                                           "file:///a/",
                                           "file:///a/..",
                                           "http://h",
                                           "http://h/x%2F..",
                                           "file:/a/stdout",
                                           "file:/a/stderr" };

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                CLEANUP_JAR_SOURCE JarSource s = { 0 };
                CLEANUP_FREE char *problem = NULL;

                ck_assert_msg(jar_source_parse(bad[i], "/d", &s, &problem) == -EINVAL, "%s",
                              bad[i] ? bad[i] : "NULL");
                ck_assert_ptr_nonnull(strstr(problem, "this worker takes file:, local:, http:"));
        }
}
END_TEST

static void write_text(const char *path, const char *text)
{
        FILE *f = fopen(path, "we");

        ck_assert_ptr_nonnull(f);
        ck_assert_int_ge(fputs(text, f), 0);
        ck_assert_int_eq(fclose(f), 0);
}

static void expect_content(const char *path, const char *expected)
{
        CLEANUP_FREE char *text = NULL;
        size_t size;

        ck_assert_int_eq(file_read(path, 65536, &text, &size), 0);
        ck_assert_str_eq(text, expected);
}

/* Nothing else may be left in the directory: no part of a jar. */
static void expect_absent(const JarSource *s)
{
        char part[256];

        (void)snprintf(part, sizeof(part), "%s.part", s->path);
        ck_assert_int_lt(access(s->path, F_OK), 0);
        ck_assert_int_lt(access(part, F_OK), 0);
}

START_TEST(test_copy)
{
        char from[64], to[64];
        JarSource s = { .kind = JAR_FILE, .from = from, .path = to };
        CLEANUP_FREE char *problem = NULL;

        (void)snprintf(from, sizeof(from), "%s/from", top);
        (void)snprintf(to, sizeof(to), "%s/to.jar", top);
        ck_assert_int_eq(jar_fetch(&s, TIMEOUT, &problem), -ENOENT);
        ck_assert_ptr_nonnull(strstr(problem, from));
        expect_absent(&s);
        write_text(from, "one");
        ck_assert_int_eq(jar_fetch(&s, TIMEOUT, NULL), 0);
        expect_content(to, "one");
        /* What is there stays, as for the next run of a supervised driver. */
        write_text(from, "two");
        ck_assert_int_eq(jar_fetch(&s, TIMEOUT, NULL), 0);
        expect_content(to, "one");
}
END_TEST

START_TEST(test_copy_of_no_file)
{
        char to[64];
        JarSource s = { .kind = JAR_FILE, .from = top, .path = to };
        CLEANUP_FREE char *problem = NULL;

        (void)snprintf(to, sizeof(to), "%s/to.jar", top);
        ck_assert_int_eq(jar_fetch(&s, TIMEOUT, &problem), -EISDIR);
        expect_absent(&s);
}
END_TEST

/* Answers one request with `answer`. Returns the result of fetching from there. */
static int fetch_answer(const char *answer, const char *to, char **ret_problem)
{
        struct sockaddr_in address = { .sin_family = AF_INET };
        socklen_t length = sizeof(address);
        CLEANUP_CLOSE int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        char url[64], path[64];
        JarSource s = { .kind = JAR_WEB, .from = url, .path = path };
        pid_t pid;
        int r;

        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, length), 0);
        ck_assert_int_eq(listen(listener, 1), 0);
        ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &length), 0);
        (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/x.jar", ntohs(address.sin_port));
        (void)snprintf(path, sizeof(path), "%s", to);
        pid = fork();
        if (pid == 0) {
                char request[4096];
                int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
                bool ok = read(fd, request, sizeof(request)) > 0 &&
                          write(fd, answer, strlen(answer)) > 0;
                _exit(ok ? 0 : 1);
        }
        r = jar_fetch(&s, TIMEOUT, ret_problem);
        ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
        if (r < 0)
                expect_absent(&s);
        return r;
}

START_TEST(test_download)
{
        char to[64];
        char *problem = NULL;

        (void)snprintf(to, sizeof(to), "%s/to.jar", top);
        ck_assert_int_eq(fetch_answer("HTTP/1.0 404 Not Found\r\n\r\nnothing", to, &problem), -EIO);
        ck_assert_ptr_nonnull(strstr(problem, "/x.jar: HTTP"));
        free(TAKE_PTR(problem));
        /* A part is none. */
        ck_assert_int_eq(
                fetch_answer("HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\npart", to, &problem),
                -EIO);
        free(TAKE_PTR(problem));
        ck_assert_int_eq(
                fetch_answer("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nwhole", to, &problem), 0);
        expect_content(to, "whole");
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("jar-fetch");
        TCase *tc = tcase_create("jar-fetch");

        tcase_add_checked_fixture(tc, set_up, tear_down);
        tcase_add_test(tc, test_sources);
        tcase_add_test(tc, test_sources_that_are_none);
        tcase_add_test(tc, test_copy);
        tcase_add_test(tc, test_copy_of_no_file);
        tcase_add_test(tc, test_download);
        suite_add_tcase(suite, tc);
        return unit_run(suite);
}
