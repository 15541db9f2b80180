/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "daemons/master/ui.h"
#include "tests/unit/cluster.h"
#include "tests/unit/unit.h"

#define EVIL         "<script>alert('x')</script>&\"a"
#define EVIL_ESCAPED "&lt;script&gt;"
#define TOKEN        "0123456789abcdef0123456789abcdef"

static Cluster cluster;

static void set_up(void)
{
        (void)setenv("TZ", "UTC", 1);
        cluster_init(&cluster);
}

static void tear_down(void)
{
        cluster_done(&cluster);
}

static char *index_page(const char *token)
{
        CLEANUP_BUFFER Buffer out = BUFFER_INIT(0);

        ui_html_put_index(&out, cluster.master, CLUSTER_NOW + 65000000, token);
        return buffer_take_text(&out);
}

static char *app_page(const char *id, const char *token)
{
        CLEANUP_BUFFER Buffer out = BUFFER_INIT(0);

        ui_html_put_app(&out, cluster.master, CLUSTER_NOW + 65000000, token, id);
        return buffer_take_text(&out);
}

static void check_has(const char *page, const char *what)
{
        ck_assert_msg(strstr(page, what) != NULL, "'%s' is not in: %s", what, page);
}

static void check_lacks(const char *page, const char *what)
{
        ck_assert_msg(strstr(page, what) == NULL, "'%s' is in: %s", what, page);
}

/* Every element that was opened is closed, in order. */
static void check_well_formed(const char *page)
{
        static const char *const empty[] = { "meta", "input", "!DOCTYPE" };
        const char *stack[64];
        size_t depth = 0;

        for (const char *p = page; (p = strchr(p, '<')); p++) {
                const bool end = p[1] == '/';
                const char *name = p + (end ? 2 : 1);
                const size_t n = strcspn(name, " >");
                bool skip = false;

                for (size_t i = 0; i < ARRAY_SIZE(empty); i++)
                        skip = skip || (strlen(empty[i]) == n && strncmp(name, empty[i], n) == 0);
                if (skip)
                        continue;
                if (!end) {
                        ck_assert_uint_lt(depth, ARRAY_SIZE(stack));
                        stack[depth++] = name;
                        continue;
                }
                ck_assert_uint_gt(depth, 0);
                ck_assert_msg(strncmp(stack[--depth], name, n) == 0, "%.20s ends %.20s", name,
                              stack[depth]);
        }
        ck_assert_uint_eq(depth, 0);
}

START_TEST(limits)
{
        CLEANUP_FREE char *page = NULL;

        cluster_add_limited_worker(&cluster, 1, 4, 8192, 4096);
        (void)cluster_add_app(&cluster, "fits", 1024, 0);
        (void)cluster_add_app(&cluster, "does not", 4096, 0);
        page = index_page(TOKEN);
        check_well_formed(page);
        check_has(page, "2.8 GiB of 4.0 GiB with overhead");
        check_has(page, "needs a limit of 4505 MiB (heap 4096 + overhead 409)");
}
END_TEST

START_TEST(empty_cluster)
{
        CLEANUP_FREE char *page = index_page(TOKEN);

        check_well_formed(page);
        check_has(page, "<title>Spark Master at spark://master:7077</title>");
        check_has(page, "<code>spark-worker spark://master:7077</code>");
        check_has(page, "<code>spark-submit --master spark://master:7077</code>");
        check_lacks(page, "<script");
        check_lacks(page, "Completed applications");
}
END_TEST

START_TEST(busy_cluster)
{
        CLEANUP_FREE char *page = NULL;
        const App *app;

        cluster_add_worker(&cluster, 1, 4, 2048);
        app = cluster_add_app(&cluster, "Pi", 512, 1);
        (void)cluster_add_app(&cluster, "Too big", 9999, 0);
        cluster_add_driver(&cluster, "org.example.Main", 512);
        page = index_page(TOKEN);
        check_well_formed(page);
        check_has(page, "<a href=\"http://10.0.0.1:8081\">worker-1</a>");
        check_has(page, "gpu 2/2");
        check_has(page, "<td>3.5</td>");
        check_has(page, "<td class=\"n\">1 min 5 s ago</td>"); /* the heartbeat */
        check_has(page, "<td class=\"n\">1 min 5 s</td>");     /* the application */
        check_has(page, "<td>2025-11-20 23:16:14</td>");
        check_has(page, "<a href=\"http://10.0.1.1:4040\">Pi</a>");
        check_has(page, app->id);
        check_has(page, "<tr class=\"why\">"); /* the second waits, for memory */
        check_has(page, "<td class=\"wrap\">org.example.Main</td>");
        check_has(page, "action=\"/app/kill/\"");
        check_has(page, "action=\"/driver/kill/\"");
        check_has(page, "name=\"csrfToken\" value=\"" TOKEN "\"");
}
END_TEST

START_TEST(no_kill_buttons_without_token)
{
        CLEANUP_FREE char *front = NULL, *page = NULL;
        const App *app;

        app = cluster_add_app(&cluster, "Pi", 512, 0);
        cluster_add_driver(&cluster, "org.example.Main", 512);
        front = index_page(NULL);
        page = app_page(app->id, NULL);
        check_well_formed(front);
        check_lacks(front, "<form");
        check_lacks(page, "<form");
}
END_TEST

START_TEST(escapes_all_text)
{
        CLEANUP_FREE char *front = NULL, *page = NULL;
        const App *app;

        cluster_add_worker(&cluster, 1, 4, 2048);
        app = cluster_add_app(&cluster, EVIL, 512, 0);
        cluster_add_driver(&cluster, EVIL, 512);
        front = index_page(TOKEN);
        check_well_formed(front);
        check_has(front, EVIL_ESCAPED);
        check_lacks(front, "<script");
        page = app_page(app->id, TOKEN);
        check_well_formed(page);
        check_has(page, "<h1>Application: " EVIL_ESCAPED);
        check_lacks(page, "<script");
}
END_TEST

START_TEST(links_only_to_the_web)
{
        CLEANUP_FREE char *front = NULL, *page = NULL;
        App *app = (App *)cluster_add_app(&cluster, "Pi", 512, 0);

        app->desc.app_ui_url = "javascript:alert(1)";
        front = index_page(TOKEN);
        page = app_page(app->id, TOKEN);
        check_lacks(front, "javascript:");
        check_lacks(page, "javascript:");
        check_has(front, "<td class=\"wrap\">Pi</td>");
}
END_TEST

START_TEST(app_page_with_executors)
{
        CLEANUP_FREE char *page = NULL;
        char log_link[256];
        const App *app;

        cluster_add_worker(&cluster, 1, 4, 2048);
        cluster_add_worker(&cluster, 2, 4, 2048);
        app = cluster_add_app(&cluster, "Pi", 512, 1);
        cluster_executor_state(&cluster, app, 0, EXECUTOR_RUNNING);
        cluster_executor_state(&cluster, app, 1, EXECUTOR_EXITED);
        page = app_page(app->id, TOKEN);
        check_well_formed(page);
        check_has(page, "<h1>Application: Pi</h1>");
        check_has(page, "<dd>2 granted, 2 asked for</dd>");
        check_has(page, "<span class=\"ok\">RUNNING</span>");
        check_has(page, "<span class=\"warn\">EXITED</span>");
        check_has(page, "Executors that ended");
        check_has(page, "gpu 1");
        (void)snprintf(log_link, sizeof(log_link),
                       ":8081/logPage/?appId=%s&amp;executorId=0&amp;logType=stdout\">stdout</a>",
                       app->id);
        check_has(page, log_link);
}
END_TEST

START_TEST(app_page_says_why)
{
        CLEANUP_FREE char *waiting = NULL, *killed = NULL;
        const App *app = cluster_add_app(&cluster, "Pi", 512, 0);

        waiting = app_page(app->id, TOKEN);
        check_has(waiting, "<p class=\"note\">");
        check_has(waiting, "<form");
        cluster_event(&cluster, &(MasterEvent){ .type = EVENT_KILL_APP, .text = app->id });
        killed = app_page(app->id, TOKEN);
        check_well_formed(killed);
        check_has(killed, "<span class=\"warn\">KILLED</span>");
        check_lacks(killed, "<form");
}
END_TEST

START_TEST(unknown_app)
{
        CLEANUP_FREE char *page = app_page(EVIL, TOKEN), *none = app_page(NULL, TOKEN);

        check_well_formed(page);
        check_has(page, "There is no application with the ID <b>" EVIL_ESCAPED);
        check_has(none, "(none given)");
}
END_TEST

int main(void)
{
        Suite *s = suite_create("ui-html");
        TCase *tc = tcase_create("ui-html");

        tcase_add_checked_fixture(tc, set_up, tear_down);
        tcase_add_test(tc, limits);
        tcase_add_test(tc, empty_cluster);
        tcase_add_test(tc, busy_cluster);
        tcase_add_test(tc, no_kill_buttons_without_token);
        tcase_add_test(tc, escapes_all_text);
        tcase_add_test(tc, links_only_to_the_web);
        tcase_add_test(tc, app_page_with_executors);
        tcase_add_test(tc, app_page_says_why);
        tcase_add_test(tc, unknown_app);
        suite_add_tcase(s, tc);
        return unit_run(s);
}
