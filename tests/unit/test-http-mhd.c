/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP server over loopback; the client is a plain socket in the same loop. */
#include "http/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "tests/unit/unit.h"

#define MANY 300 /* more than LIMIT_HTTP_CONNECTIONS */

static sd_event *loop;
static HttpServer *server;
static struct sockaddr_in address;
static unsigned n_handled;

/* Answers with what it was asked. */
static void echo(void *user, const HttpRequest *request, HttpResponse *response)
{
        Buffer *out = &response->body;
        ck_assert_ptr_eq(user, &n_handled);
        n_handled++;
        ck_assert_ptr_nonnull(request->peer);
        ck_assert_int_eq(request->peer->sa_family, AF_INET);
        if (strcmp(request->path, "/missing") == 0) {
                http_error(response, 404, "No <such> page");
                return;
        }
        if (strcmp(request->path, "/moved") == 0) {
                http_redirect(response, "/here");
                return;
        }
        if (strcmp(request->path, "/json") == 0)
                response->content_type = "application/json; charset=utf-8";
        if (strcmp(request->path, "/big") == 0) {
                for (unsigned i = 0; i < 100000; i++)
                        buffer_put_text(out, "0123456789");
                return;
        }
        if (strcmp(request->path, "/broken") == 0)
                out->failed = true;
        buffer_printf(out, "%s %s\n", request->method, request->path);
        for (size_t i = 0; i < request->n_query; i++)
                buffer_printf(out, "query %s=[%s]\n", request->query[i].name,
                              request->query[i].value);
        for (size_t i = 0; i < request->n_form; i++)
                buffer_printf(out, "form %s=[%zu:%.40s]\n", request->form[i].name,
                              strlen(request->form[i].value), request->form[i].value);
}

static void setup(void)
{
        socklen_t size = sizeof(address);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ck_assert_int_ge(fd, 0);
        address = (struct sockaddr_in){ .sin_family = AF_INET,
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, size), 0);
        ck_assert_int_eq(listen(fd, 512), 0);
        ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
        ck_assert_int_ge(sd_event_new(&loop), 0);
        n_handled = 0;
        ck_assert_int_eq(http_server_new(loop, fd, echo, &n_handled, &server), 0);
}

static void teardown(void)
{
        http_server_free(server);
        loop = sd_event_unref(loop);
}

static int client_connect(void)
{
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        return fd;
}

/* Sends as the server takes it; false when the server has closed. */
static bool client_send(int fd, const void *data, size_t size)
{
        const char *p = data;
        while (size > 0) {
                ssize_t n = send(fd, p, size, MSG_DONTWAIT | MSG_NOSIGNAL);
                if (n < 0 && errno != EAGAIN)
                        return false;
                if (n > 0) {
                        p += n;
                        size -= (size_t)n;
                }
                ck_assert_int_ge(sd_event_run(loop, 1000), 0);
        }
        return true;
}

/* True when `in` begins with a whole response; a response to HEAD has no body. */
static bool response_complete(const Buffer *in, bool head)
{
        const char *text = (const char *)in->data;
        const char *end = in->size > 0 ? memmem(text, in->size, "\r\n\r\n", 4) : NULL;
        if (!end)
                return false;
        const char *length = memmem(text, (size_t)(end - text), "Content-Length: ", 16);
        size_t body = 0;
        if (length && !head)
                ck_assert_int_eq(sscanf(length, "Content-Length: %zu", &body), 1);
        return in->size >= (size_t)(end + 4 - text) + body;
}

/* The next response, or what came of it when the server closed. */
static char *client_receive(int fd, bool head)
{
        Buffer in = BUFFER_INIT(0);
        for (unsigned turns = 0; !response_complete(&in, head); turns++) {
                ck_assert_uint_lt(turns, 100000);
                char *p = (char *)buffer_reserve(&in, 65536);
                ssize_t n = recv(fd, p, 65536, MSG_DONTWAIT);
                if (n == 0 || (n < 0 && errno != EAGAIN))
                        break;
                if (n > 0)
                        buffer_added(&in, (size_t)n);
                ck_assert_int_ge(sd_event_run(loop, 1000), 0);
        }
        char *text = buffer_take_text(&in);
        ck_assert_ptr_nonnull(text);
        return text;
}

/* One request on a connection of its own. */
static char *fetch(const char *request)
{
        int fd = client_connect();
        (void)client_send(fd, request, strlen(request));
        char *response = client_receive(fd, strncmp(request, "HEAD", 4) == 0);
        close_fd(&fd);
        return response;
}

static void assert_fetch(const char *request, const char *status, const char *const *parts)
{
        char *response = fetch(request);
        ck_assert_msg(strncmp(response, status, strlen(status)) == 0, "%s", response);
        for (; *parts; parts++)
                ck_assert_msg(strstr(response, *parts) != NULL, "no %s in %s", *parts, response);
        free(response);
}

#define PARTS(...)                                                                                 \
        (const char *const[])                                                                      \
        {                                                                                          \
                __VA_ARGS__, NULL                                                                  \
        }

START_TEST(test_get)
{
        assert_fetch("GET /path HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 ",
                     PARTS("\r\n\r\nGET /path\n", "\r\nContent-Type: text/html; charset=utf-8\r\n",
                           "\r\nCache-Control: no-cache, no-store, must-revalidate\r\n",
                           "\r\nX-Frame-Options: SAMEORIGIN\r\n", "\r\nX-XSS-Protection: 0\r\n",
                           "\r\nX-Content-Type-Options: nosniff\r\n",
                           "\r\nContent-Security-Policy: default-src 'self'; "));
        assert_fetch("GET /json HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 ",
                     PARTS("\r\nContent-Type: application/json; charset=utf-8\r\n"));
}
END_TEST

START_TEST(test_query)
{
        assert_fetch("GET /a%20b/%C3%BC?x=1%262&y=a+b&self&x=&%3D=%3d HTTP/1.1\r\nHost: x\r\n\r\n",
                     "HTTP/1.1 200 ",
                     PARTS("GET /a b/\xc3\xbc\nquery x=[1&2]\nquery y=[a b]\nquery self=[]\n"
                           "query x=[]\nquery ==[=]\n"));
}
END_TEST

START_TEST(test_too_many_params)
{
        Buffer request = BUFFER_INIT(0);
        buffer_put_text(&request, "POST / HTTP/1.1\r\nHost: x\r\n"
                                  "Content-Type: application/x-www-form-urlencoded\r\n"
                                  "Content-Length: 4008\r\n\r\n");
        for (unsigned i = 0; i < LIMIT_HTTP_PARAMS + 2; i++)
                buffer_put_text(&request, "a=b&");
        char *text = buffer_take_text(&request);
        assert_fetch(text, "HTTP/1.1 400 ", PARTS("cannot be understood"));
        free(text);
        ck_assert_uint_eq(n_handled, 0);
}
END_TEST

START_TEST(test_form)
{
        assert_fetch("POST /app/kill/?q=1 HTTP/1.1\r\nHost: x\r\n"
                     "Content-Type: application/x-www-form-urlencoded\r\n"
                     "Content-Length: 34\r\n\r\nid=app-2026&terminate=true&e=%3C+y",
                     "HTTP/1.1 200 ",
                     PARTS("POST /app/kill/\nquery q=[1]\nform id=[8:app-2026]\n"
                           "form terminate=[4:true]\nform e=[3:< y]\n"));
        /* another encoding is not looked at */
        assert_fetch("POST /x HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                     "Content-Length: 4\r\n\r\na=bc",
                     "HTTP/1.1 200 ", PARTS("\r\n\r\nPOST /x\n"));
}
END_TEST

/* A value of many reads comes whole. */
START_TEST(test_large_form)
{
        const size_t size = 900000;
        char head[256], *value = malloc(size + 1);
        memset(value, 'v', size);
        value[size] = '\0';
        (void)snprintf(head, sizeof(head),
                       "POST /f HTTP/1.1\r\nHost: x\r\n"
                       "Content-Type: application/x-www-form-urlencoded\r\n"
                       "Content-Length: %zu\r\n\r\na=1&v=",
                       size + 10);
        int fd = client_connect();
        ck_assert(client_send(fd, head, strlen(head)));
        ck_assert(client_send(fd, value, size));
        ck_assert(client_send(fd, "&z=2", 4));
        char *response = client_receive(fd, false);
        ck_assert_ptr_nonnull(strstr(response, "form a=[1:1]\nform v=[900000:vvvv"));
        ck_assert_ptr_nonnull(strstr(response, "form z=[1:2]\n"));
        free(response);
        free(value);
        close_fd(&fd);
}
END_TEST

START_TEST(test_head)
{
        char *get = fetch("GET /h HTTP/1.1\r\nHost: x\r\n\r\n");
        char *head = fetch("HEAD /h HTTP/1.1\r\nHost: x\r\n\r\n");
        ck_assert_ptr_nonnull(strstr(get, "Content-Length: 7\r\n"));
        ck_assert_ptr_nonnull(strstr(head, "Content-Length: 7\r\n"));
        ck_assert_str_eq(strstr(head, "\r\n\r\n"), "\r\n\r\n");
        free(get);
        free(head);
}
END_TEST

START_TEST(test_keep_alive)
{
        int fd = client_connect();
        for (unsigned i = 0; i < 50; i++) {
                char request[64], expected[64];
                (void)snprintf(request, sizeof(request), "GET /%u HTTP/1.1\r\nHost: x\r\n\r\n", i);
                (void)snprintf(expected, sizeof(expected), "\r\n\r\nGET /%u\n", i);
                ck_assert(client_send(fd, request, strlen(request)));
                char *response = client_receive(fd, false);
                ck_assert_ptr_nonnull(strstr(response, expected));
                free(response);
        }
        close_fd(&fd);
        ck_assert_uint_eq(n_handled, 50);
}
END_TEST

START_TEST(test_statuses)
{
        assert_fetch("GET /missing HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404 ",
                     PARTS("No &lt;such&gt; page", "\r\nX-Frame-Options: SAMEORIGIN\r\n"));
        assert_fetch("GET /moved HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 302 ",
                     PARTS("\r\nLocation: /here\r\n"));
        assert_fetch("GET /broken HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 500 ",
                     PARTS("could not be made"));
}
END_TEST

START_TEST(test_big_response)
{
        char *response = fetch("GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
        const char *body = strstr(response, "\r\n\r\n");
        ck_assert_ptr_nonnull(body);
        ck_assert_uint_eq(strlen(body + 4), 1000000);
        free(response);
}
END_TEST

/* A request in single bytes, with others in between. */
START_TEST(test_slow_client)
{
        const char *request = "GET /slow?a=b HTTP/1.1\r\nHost: x\r\n\r\n";
        int fd = client_connect();
        for (const char *p = request; *p; p++) {
                ck_assert(client_send(fd, p, 1));
                if (p - request == 10)
                        assert_fetch("GET /quick HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 ",
                                     PARTS("GET /quick\n"));
        }
        char *response = client_receive(fd, false);
        ck_assert_ptr_nonnull(strstr(response, "GET /slow\nquery a=[b]\n"));
        free(response);
        close_fd(&fd);
}
END_TEST

START_TEST(test_body_too_long)
{
        /* announced: refused without reading it */
        assert_fetch("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\nabc",
                     "HTTP/1.1 413 ", PARTS("too long"));
        assert_fetch("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999\r\n\r\n",
                     "HTTP/1.1 413 ", PARTS("too long"));
        ck_assert_uint_eq(n_handled, 0);
        /* not announced: cut off */
        char chunk[8192 + 9];
        (void)snprintf(chunk, sizeof(chunk), "2000\r\n%08192d\r\n", 0);
        int fd = client_connect();
        const char *head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
        ck_assert(client_send(fd, head, strlen(head)));
        unsigned sent = 0;
        while (sent < 10000 && client_send(fd, chunk, 8192 + 8))
                sent++;
        ck_assert_uint_ge(sent, 100);
        ck_assert_uint_lt(sent, 10000);
        ck_assert_uint_eq(n_handled, 0);
        close_fd(&fd);
        assert_fetch("GET /after HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 ",
                     PARTS("GET /after\n"));
}
END_TEST

START_TEST(test_garbage)
{
        char *response = fetch("\x01\x02garbage\r\n\r\n");
        ck_assert_ptr_null(strstr(response, "HTTP/1.1 200"));
        free(response);
        assert_fetch("GET /after HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 ",
                     PARTS("GET /after\n"));
}
END_TEST

/* More than are served at once: those that were answered make room, and nobody misses a word. */
START_TEST(test_many_connections)
{
        const char *request = "GET /many HTTP/1.1\r\nHost: x\r\n\r\n";
        int fds[MANY];
        _Static_assert(MANY > LIMIT_HTTP_CONNECTIONS, "this is to reach the limit");
        for (unsigned i = 0; i < MANY; i++) {
                fds[i] = client_connect();
                ck_assert(client_send(fds[i], request, strlen(request)));
        }
        for (unsigned i = 0; i < 4 * MANY; i++)
                ck_assert_int_ge(sd_event_run(loop, 100), 0);
        ck_assert_uint_eq(n_handled, MANY);
        for (unsigned i = 0; i < MANY; i++) {
                char *response = client_receive(fds[i], false);
                ck_assert_ptr_nonnull(strstr(response, "GET /many\n"));
                free(response);
                close_fd(&fds[i]);
        }
}
END_TEST

/* Connections that ask for nothing, or for half of something, keep nobody out. */
START_TEST(test_idle_connections)
{
        const char *half = "POST /half HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx";
        int fds[2 * MANY];
        for (unsigned i = 0; i < 2 * MANY; i++) {
                fds[i] = client_connect();
                if (i < MANY)
                        ck_assert(client_send(fds[i], half, strlen(half)));
        }
        assert_fetch("GET /other HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\n",
                     PARTS("GET /other\n"));
        for (unsigned i = 0; i < 2 * MANY; i++)
                close_fd(&fds[i]);
}
END_TEST

/* With open connections, or none: nothing is left behind, and nothing spins. */
START_TEST(test_free_with_connections)
{
        int fd = client_connect();
        ck_assert(client_send(fd, "GET /half", 9));
        for (unsigned i = 0; i < 50; i++)
                ck_assert_int_ge(sd_event_run(loop, 100), 0);
        ck_assert_int_eq(sd_event_run(loop, 20000), 0);
        http_server_free(server);
        server = NULL;
        char byte;
        ck_assert_int_eq(recv(fd, &byte, 1, MSG_DONTWAIT), 0);
        close_fd(&fd);
        http_server_free(NULL);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("http-mhd");
        TCase *tcase = tcase_create("http-mhd");
        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_set_timeout(tcase, 60);
        tcase_add_test(tcase, test_get);
        tcase_add_test(tcase, test_query);
        tcase_add_test(tcase, test_too_many_params);
        tcase_add_test(tcase, test_form);
        tcase_add_test(tcase, test_large_form);
        tcase_add_test(tcase, test_head);
        tcase_add_test(tcase, test_keep_alive);
        tcase_add_test(tcase, test_statuses);
        tcase_add_test(tcase, test_big_response);
        tcase_add_test(tcase, test_slow_client);
        tcase_add_test(tcase, test_body_too_long);
        tcase_add_test(tcase, test_garbage);
        tcase_add_test(tcase, test_many_connections);
        tcase_add_test(tcase, test_idle_connections);
        tcase_add_test(tcase, test_free_with_connections);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
