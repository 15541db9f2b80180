/* SPDX-License-Identifier: Apache-2.0 */
/* A client and a server of the join service over loopback; the server is in a child. */
#include "netsetup/join-client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "http/http.h"
#include "netsetup/mesh-request.h"
#include "tests/unit/mesh-rig.h"
#include "tests/unit/unit.h"

static NodeIdentity server_key;
static NodePin pin;
static MeshEndpoint at;
static pid_t child;

static void answer(void *user, const HttpRequest *request, HttpResponse *response)
{
        if (strcmp(request->path, "/error") == 0) {
                response->status = 403;
                buffer_put_text(&response->body, "{\"error\":\"not\\u001b you\"}");
        } else if (strcmp(request->path, "/page") == 0) {
                http_error(response, 500, "broken");
        } else if (strcmp(request->path, "/huge") == 0) {
                for (size_t i = 0; i <= LIMIT_MESH_BODY_BYTES / 16; i++)
                        buffer_put_text(&response->body, "0123456789abcdef");
        } else {
                buffer_printf(&response->body, "%s %s ", request->method, request->path);
                buffer_put(&response->body, request->body, request->body_size);
        }
}

static void serve(int fd)
{
        CLEANUP_SECRET char *key = identity_private_pem(&server_key);
        char *certificate = identity_certificate_pem(&server_key, "test");
        const HttpOptions options = { .tls_key = key,
                                      .tls_certificate = certificate,
                                      .body_limit = 1000 };
        sd_event *event;
        HttpServer *server;

        if (sd_event_new(&event) < 0 ||
            http_server_new_with(event, fd, &options, answer, NULL, &server) < 0)
                _exit(1);
        (void)sd_event_loop(event);
        _exit(0);
}

static void setup(void)
{
        struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t size = sizeof(address);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, size), 0);
        ck_assert_int_eq(listen(fd, 8), 0);
        ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
        at = (MeshEndpoint){ .host = "127.0.0.1", .port = ntohs(address.sin_port) };
        ck_assert_int_eq(identity_generate(&server_key), 0);
        node_pin(&server_key.key, &pin);
        child = fork();
        if (child == 0)
                serve(fd); /* no check before it: it would write to where ours do */
        ck_assert_int_gt(child, 0);
        close_fd(&fd);
}

static void teardown(void)
{
        (void)kill(child, SIGKILL);
        (void)waitpid(child, NULL, 0);
        identity_done(&server_key);
}

START_TEST(there_and_back)
{
        CLEANUP_MESH_REPLY MeshReply reply = MESH_REPLY_INIT;

        ck_assert_int_eq(mesh_post(&at, &pin, "/a", "{\"b\":1}", &reply), 0);
        ck_assert_uint_eq(reply.body.size, 15);
        ck_assert_mem_eq(reply.body.data, "POST /a {\"b\":1}", 15);
        ck_assert_str_eq(reply.problem, "");
        /* the same reply may be used again */
        ck_assert_int_eq(mesh_post(&at, &pin, "/c", "", &reply), 0);
        ck_assert_mem_eq(reply.body.data, "POST /c ", 8);
}
END_TEST

START_TEST(another_key)
{
        CLEANUP_MESH_REPLY MeshReply reply = MESH_REPLY_INIT;
        NodePin wrong = pin;

        wrong.bytes[31] ^= 1;
        ck_assert_int_eq(mesh_post(&at, &wrong, "/a", "secret", &reply), -EKEYREJECTED);
        ck_assert_ptr_nonnull(strstr(reply.problem, "key"));
        ck_assert_uint_eq(reply.body.size, 0);
}
END_TEST

START_TEST(refusals)
{
        CLEANUP_MESH_REPLY MeshReply reply = MESH_REPLY_INIT;
        char *body = malloc(1002);

        ck_assert_int_eq(mesh_post(&at, &pin, "/error", "", &reply), -EREMOTEIO);
        ck_assert_int_eq(reply.status, 403);
        ck_assert_str_eq(reply.problem, "not? you");
        ck_assert_int_eq(mesh_post(&at, &pin, "/page", "", &reply), -EREMOTEIO);
        ck_assert_str_eq(reply.problem, "HTTP status 500");
        /* what is too long for the server, and for us */
        memset(body, 'x', 1001);
        body[1001] = '\0';
        ck_assert_int_eq(mesh_post(&at, &pin, "/a", body, &reply), -EREMOTEIO);
        ck_assert_int_eq(reply.status, 413);
        body[1000] = '\0';
        ck_assert_int_eq(mesh_post(&at, &pin, "/a", body, &reply), 0);
        ck_assert_int_eq(mesh_post(&at, &pin, "/huge", "", &reply), -EIO);
        ck_assert_uint_le(reply.body.size, LIMIT_MESH_BODY_BYTES);
        free(body);
}
END_TEST

START_TEST(nobody_there)
{
        CLEANUP_MESH_REPLY MeshReply reply = MESH_REPLY_INIT;
        const MeshEndpoint closed = { .host = "127.0.0.1", .port = 1 };
        CLEANUP_IDENTITY NodeIdentity other = { 0 };

        ck_assert_int_eq(mesh_post(&closed, &pin, "/a", "", &reply), -EIO);
        ck_assert_str_ne(reply.problem, "");
        /* of several who are pushed to, each has a result */
        ck_assert_int_eq(identity_generate(&other), 0);
        MeshMember a = rig_member("a", &other), b = rig_member("b", &server_key);
        a.address = b.address = UINT32_C(127) << 24 | 1;
        MeshPush pushes[] = { { .member = &a }, { .member = &b } };
        ck_assert_int_eq(mesh_push(pushes, 2, "{}"), 0);
        ck_assert_int_eq(pushes[0].result, -EIO);
        ck_assert_int_eq(pushes[1].result, -EIO);
        ck_assert_int_eq(mesh_push(NULL, 0, "{}"), 0);
}
END_TEST

/* What does not speak TLS gets nothing, and the next one is served all the same. */
START_TEST(no_tls)
{
        CLEANUP_MESH_REPLY MeshReply reply = MESH_REPLY_INIT;
        struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_port = htons(at.port),
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        CLEANUP_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        char text[256];

        ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        ck_assert_int_gt(send(fd, "POST / HTTP/1.1\r\nHost: x\r\n\r\n", 28, MSG_NOSIGNAL), 0);
        ssize_t n = recv(fd, text, sizeof(text), 0);
        ck_assert(n <= 0 || !memmem(text, (size_t)n, "HTTP", 4));
        ck_assert_int_eq(mesh_post(&at, &pin, "/a", "", &reply), 0);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("join-client");
        TCase *t = tcase_create("join-client");
        const TTest *const tests[] = { there_and_back, another_key, refusals, nobody_there,
                                       no_tls };

        tcase_add_checked_fixture(t, setup, teardown);
        tcase_set_timeout(t, 30);
        for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
                tcase_add_test(t, tests[i]);
        suite_add_tcase(s, t);
        return unit_run(s);
}
