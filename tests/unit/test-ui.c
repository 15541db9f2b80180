/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "daemons/master/ui.h"
#include "tests/unit/cluster.h"
#include "tests/unit/unit.h"

static Cluster cluster;
static Ui ui;
static HttpResponse response;

/* What ui.order was called with. */
static unsigned orders;
static MasterEventType ordered;
static char ordered_id[64];

static void order(void *user, MasterEventType type, const char *id)
{
        orders++;
        ordered = type;
        (void)snprintf(ordered_id, sizeof(ordered_id), "%s", id);
}

static void set_up(void)
{
        cluster_init(&cluster);
        ck_assert_int_eq(ui_init(&ui, cluster.master, true, order, NULL), 0);
        orders = 0;
}

static void tear_down(void)
{
        http_response_done(&response);
        cluster_done(&cluster);
}

/* The response to a request, as text; `query` of one parameter or none. */
static const char *ask(const char *method, const char *path, const HttpParam *query, size_t n_query,
                       const HttpParam *form, size_t n_form)
{
        const HttpRequest request = { .method = method,
                                      .path = path,
                                      .query = query,
                                      .n_query = n_query,
                                      .form = form,
                                      .n_form = n_form };

        http_response_done(&response);
        response = (HttpResponse){ 0 };
        ui_handle(&ui, &request, &response);
        buffer_put_u8(&response.body, 0);
        return (const char *)response.body.data;
}

static const char *get(const char *path)
{
        return ask("GET", path, NULL, 0, NULL, 0);
}

START_TEST(serves_pages)
{
        const HttpParam id = { "appId", "app-x" };

        ck_assert_ptr_nonnull(strstr(get("/"), "<h1>Spark Master at"));
        ck_assert_ptr_null(response.content_type);
        ck_assert_uint_eq(response.status, 0);
        ck_assert_ptr_nonnull(strstr(get("/whatever/else"), "<h1>Spark Master at"));
        ck_assert_ptr_nonnull(strstr(ask("GET", "/app/", &id, 1, NULL, 0), "app-x"));
        ck_assert_ptr_nonnull(strstr(ask("HEAD", "/", NULL, 0, NULL, 0), "<h1>"));
        (void)get("/favicon.ico");
        ck_assert_uint_eq(response.status, 404);
        (void)ask("POST", "/", NULL, 0, NULL, 0);
        ck_assert_uint_eq(response.status, 405);
}
END_TEST

START_TEST(serves_json)
{
        ck_assert_ptr_nonnull(strstr(get("/json/"), "\"completeddrivers\""));
        ck_assert_str_eq(response.content_type, "text/json;charset=utf-8");
        ck_assert_ptr_null(strstr(get("/json/workers"), "\"completeddrivers\""));
        ck_assert_ptr_null(strstr(get("/json/workers/"), "\"completeddrivers\""));
        ck_assert_str_eq(get("/json/workerss"), "{\"workerss\": \"\"}");
        ck_assert_ptr_nonnull(strstr(get("/json/7"), "\"completeddrivers\""));
        ck_assert_str_eq(get("/app/json/"), "");
        ck_assert_str_eq(response.content_type, "text/json;charset=utf-8");
}
END_TEST

START_TEST(redirects)
{
        const HttpParam id = { "appId", "a&b\r\nX: y" };

        (void)get("/json");
        ck_assert_uint_eq(response.status, 302);
        ck_assert_str_eq(response.location, "/json/");
        (void)get("/app");
        ck_assert_str_eq(response.location, "/app/");
        (void)ask("GET", "/app", &id, 1, NULL, 0);
        ck_assert_str_eq(response.location, "/app/?appId=a%26b%0D%0AX%3A%20y");
}
END_TEST

static unsigned post_kill(const char *path, const char *id, const char *terminate,
                          const char *token)
{
        const HttpParam form[] = { { "id", id },
                                   { "terminate", terminate },
                                   { "csrfToken", token } };

        (void)ask("POST", path, NULL, 0, form, ARRAY_SIZE(form));
        return response.status;
}

START_TEST(kills)
{
        ck_assert_uint_eq(strlen(ui.csrf_token), 32);
        ck_assert_uint_eq(post_kill("/app/kill/", "app-1", "true", ui.csrf_token), 302);
        ck_assert_str_eq(response.location, "/");
        ck_assert_uint_eq(orders, 1);
        ck_assert_int_eq(ordered, EVENT_KILL_APP);
        ck_assert_str_eq(ordered_id, "app-1");
        ck_assert_uint_eq(post_kill("/driver/kill/", "driver-1", "true", ui.csrf_token), 302);
        ck_assert_uint_eq(orders, 2);
        ck_assert_int_eq(ordered, EVENT_KILL_DRIVER);
        ck_assert_str_eq(ordered_id, "driver-1");
}
END_TEST

START_TEST(does_not_kill)
{
        char wrong[UI_TOKEN_SIZE];

        memcpy(wrong, ui.csrf_token, sizeof(wrong));
        wrong[31] = wrong[31] == '0' ? '1' : '0';
        ck_assert_uint_eq(post_kill("/app/kill/", "app-1", "true", wrong), 403);
        ck_assert_uint_eq(post_kill("/app/kill/", "app-1", "true", ""), 403);
        (void)ask("POST", "/app/kill/", NULL, 0, NULL, 0);
        ck_assert_uint_eq(response.status, 403);
        (void)get("/app/kill/");
        ck_assert_uint_eq(response.status, 405);
        ck_assert_uint_eq(post_kill("/app/kill/", "app-1", "false", ui.csrf_token), 302);
        ui.kill_enabled = false;
        ck_assert_uint_eq(post_kill("/app/kill/", "app-1", "true", ui.csrf_token), 403);
        ck_assert_uint_eq(orders, 0);
        ck_assert_ptr_null(strstr(get("/"), ui.csrf_token));
}
END_TEST

START_TEST(tokens_differ)
{
        Ui other;

        ck_assert_int_eq(ui_init(&other, cluster.master, true, order, NULL), 0);
        ck_assert_str_ne(other.csrf_token, ui.csrf_token);
}
END_TEST

START_TEST(summary)
{
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        CLEANUP_FREE char *text = NULL;

        cluster_add_worker(&cluster, 1, 3, 2048);
        cluster_add_worker(&cluster, 2, 3, 2048);
        (void)cluster_add_app(&cluster, "Pi", 512, 0);
        ui_put_summary(&b, cluster.master);
        text = buffer_take_text(&b);
        ck_assert_str_eq(text, "2 workers, 1 application, 2 of 6 cores");
}
END_TEST

int main(void)
{
        Suite *s = suite_create("ui");
        TCase *tc = tcase_create("ui");

        tcase_add_checked_fixture(tc, set_up, tear_down);
        tcase_add_test(tc, serves_pages);
        tcase_add_test(tc, serves_json);
        tcase_add_test(tc, redirects);
        tcase_add_test(tc, kills);
        tcase_add_test(tc, does_not_kill);
        tcase_add_test(tc, tokens_differ);
        tcase_add_test(tc, summary);
        suite_add_tcase(s, tc);
        return unit_run(s);
}
