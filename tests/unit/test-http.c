/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http.h"
#include "tests/unit/unit.h"

#include <string.h>

static void assert_body(const HttpResponse *response, const char *part)
{
        ck_assert_ptr_nonnull(memmem(response->body.data, response->body.size, part, strlen(part)));
}

static void assert_taken(Buffer *b, const char *expected)
{
        char *text = buffer_take_text(b);
        ck_assert_str_eq(text, expected);
        free(text);
}

START_TEST(test_params)
{
        const HttpParam query[] = { { "appId", "app-1" }, { "self", "" }, { "appId", "app-2" } };
        const HttpParam form[] = { { "id", "x" } };
        const HttpRequest request = { .query = query, .n_query = 3, .form = form, .n_form = 1 };
        ck_assert_str_eq(http_query(&request, "appId"), "app-1");
        ck_assert_str_eq(http_query(&request, "self"), "");
        ck_assert_ptr_null(http_query(&request, "id"));
        ck_assert_str_eq(http_form(&request, "id"), "x");
        ck_assert_ptr_null(http_form(&request, "appId"));
}
END_TEST

START_TEST(test_escape)
{
        Buffer b = BUFFER_INIT(0);
        html_put(&b, "<a href=\"x\" title='y'>&amp;</a> Z\xc3\xbcrich");
        assert_taken(&b, "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt; "
                         "Z\xc3\xbcrich");
        html_put(&b, "");
        html_put(&b, "<");
        assert_taken(&b, "&lt;");
}
END_TEST

START_TEST(test_escape_url)
{
        Buffer b = BUFFER_INIT(0);
        html_put_url(&b, "app-2026.1_~");
        html_put_url(&b, " a&b=c/\xc3\xbc%+?#\"<");
        assert_taken(&b, "app-2026.1_~%20a%26b%3Dc%2F%C3%BC%25%2B%3F%23%22%3C");
}
END_TEST

START_TEST(test_redirect)
{
        HttpResponse response = { 0 };
        buffer_put_text(&response.body, "left over");
        http_redirect(&response, "/app/?appId=1");
        ck_assert_uint_eq(response.status, 302);
        ck_assert_str_eq(response.location, "/app/?appId=1");
        ck_assert_uint_eq(response.body.size, 0);
        http_response_done(&response);
        ck_assert_uint_eq(response.status, 0);
        ck_assert_ptr_null(response.location);
        ck_assert_ptr_null(response.body.data);
}
END_TEST

START_TEST(test_error)
{
        HttpResponse response = { .content_type = "application/json" };
        buffer_put_text(&response.body, "half a page");
        response.body.failed = true;
        http_error(&response, 404, "No such <page>");
        ck_assert_uint_eq(response.status, 404);
        ck_assert_ptr_null(response.content_type);
        ck_assert(!response.body.failed);
        assert_body(&response, "<h1>Error 404</h1>");
        assert_body(&response, "<p>No such &lt;page&gt;</p>");
        ck_assert_ptr_null(memmem(response.body.data, response.body.size, "half", 4));
        http_response_done(&response);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("http");
        TCase *tcase = tcase_create("http");
        tcase_add_test(tcase, test_params);
        tcase_add_test(tcase, test_escape);
        tcase_add_test(tcase, test_escape_url);
        tcase_add_test(tcase, test_redirect);
        tcase_add_test(tcase, test_error);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
