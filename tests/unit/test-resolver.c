/* SPDX-License-Identifier: Apache-2.0 */
/* Names to connections, through children. */
#include "daemons/common/resolver.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static sd_event *event;
static Rpc *rpc;
static Resolver *resolver;
static unsigned n_connected, n_closed;
static HostPort here;

static void on_connected(void *user, RpcConn *conn)
{
        n_connected++;
}

static void on_closed(void *user, RpcConn *conn, const char *reason)
{
        ck_assert_str_eq(reason, "The name does not resolve");
        n_closed++;
}

static void on_resolve(void *user, RpcConn *conn, const char *host)
{
        resolver_resolve(resolver, rpc, conn, host);
}

static void set_up(void)
{
        static const RpcHandlers handlers = { .connected = on_connected,
                                              .closed = on_closed,
                                              .resolve = on_resolve };
        const char *endpoints[] = { NULL };
        const RpcOptions options = { .endpoints = endpoints };
        struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t size = sizeof(a);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, size), 0);
        ck_assert_int_eq(listen(fd, 64), 0);
        ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &size), 0);
        here = (HostPort){ .host = "localhost", .port = ntohs(a.sin_port) };
        n_connected = n_closed = 0;
        ck_assert_int_ge(sd_event_new(&event), 0);
        ck_assert_int_eq(resolver_new(event, &resolver), 0);
        ck_assert_int_eq(rpc_new(event, &options, &handlers, NULL, &rpc), 0);
        ck_assert_int_eq(rpc_listen(rpc, fd), 0);
}

static void tear_down(void)
{
        resolver_free(resolver);
        rpc_free(rpc);
        ck_assert_ptr_null(sd_event_unref(event));
}

static void run_until(const unsigned *n, unsigned value)
{
        for (unsigned i = 0; i < 300 && *n < value; i++)
                ck_assert_int_ge(sd_event_run(event, 100000), 0);
        ck_assert_uint_eq(*n, value);
}

static void dial(const char *host)
{
        HostPort to = { .port = here.port };
        RpcConn *conn;

        (void)snprintf(to.host, sizeof(to.host), "%s", host);
        ck_assert_int_eq(rpc_connect(rpc, &to, &conn), 0);
}

START_TEST(names)
{
        dial("localhost");
        dial("localhost"); /* asked for once */
        dial("127.0.0.1");
        run_until(&n_connected, 3);
        ck_assert_uint_eq(n_closed, 0);
}
END_TEST

/* More than there are children; no server is asked for names that cannot be. */
START_TEST(no_names)
{
        char host[100];

        memset(host, 'x', sizeof(host));
        host[sizeof(host) - 1] = '\0';
        for (unsigned i = 0; i < 20; i++) {
                host[0] = (char)('a' + i);
                dial(host);
        }
        dial("localhost");
        run_until(&n_closed, 20);
        run_until(&n_connected, 1);
}
END_TEST

/* Its connections and the environment are gone before the answer. */
START_TEST(forgotten)
{
        RpcConn *conn;

        ck_assert_int_eq(rpc_connect(rpc, &here, &conn), 0);
        rpc_free(rpc);
        rpc = NULL;
}
END_TEST

int main(void)
{
        Suite *s = suite_create("resolver");
        TCase *c = tcase_create("resolver");

        tcase_add_checked_fixture(c, set_up, tear_down);
        tcase_add_test(c, names);
        tcase_add_test(c, no_names);
        tcase_add_test(c, forgotten);
        suite_add_tcase(s, c);
        SRunner *r = srunner_create(s);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
