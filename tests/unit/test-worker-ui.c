/* SPDX-License-Identifier: Apache-2.0 */
/* The worker's pages, without a socket. */
#include "daemons/worker/ui.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/limits.h"
#include "daemons/worker/usage.h"
#include "tests/unit/unit.h"

static char *work_dir;
static WorkerConfig config;
static Worker worker;
static Ui ui;
static sd_event *event_loop;
static Backend *backend;
static Budget budget = { .ceiling = MIB(4096), .cpu_quota_usec = 2500000 };
static HttpResponse response;
static struct ResourceEntry gpu;
static ResourceMap resources;

static void tell(WorkerEvent event)
{
        CLEANUP_WORKER_EFFECTS WorkerEffects fx;

        worker_effects_init(&fx);
        worker_handle(&worker, &event, 0, &fx);
        ck_assert(!fx.failed);
}

static void launch(int id)
{
        static const char *addresses[] = { "1" };
        static struct ResourceEntry used;
        const Message m = { .type = MSG_LAUNCH_EXECUTOR,
                            .launch_executor = { .master_url = "spark://m:7077",
                                                 .app_id = "app-1",
                                                 .exec_id = id,
                                                 .cores = 2,
                                                 .memory = 700,
                                                 .app_desc = { .name = "<b>evil</b>",
                                                               .user = "root",
                                                               .max_cores = { true, 2 } },
                                                 .resources = { &used, 1 } } };

        used = (struct ResourceEntry){ "gpu", { "gpu", { addresses, 1 } } };
        tell((WorkerEvent){ .type = ON_MESSAGE, .conn = 5, .message = &m });
}

static void set_up(void)
{
        static const char *addresses[] = { "0", "1" };
        static const HostPort master = { .host = "m", .port = 7077 };
        const Message accepted = { .type = MSG_REGISTERED_WORKER,
                                   .registered_worker = { .master = { "Master", { "m", 7077 } },
                                                          .master_web_ui_url = "http://m:8080",
                                                          .master_address = { "m", 7077 } } };
        char template[] = "/tmp/test-worker-ui-XXXXXX", *problem = NULL;

        ck_assert_ptr_nonnull(mkdtemp(template));
        work_dir = strdup(template);
        gpu = (struct ResourceEntry){ "gpu", { "gpu", { addresses, 2 } } };
        resources = (ResourceMap){ &gpu, 1 };
        config = (WorkerConfig){ .registration = { .masters = &master,
                                                   .n_masters = 1,
                                                   .worker_id = "worker-1",
                                                   .host = "w",
                                                   .cores = 8,
                                                   .memory_mb = 2048,
                                                   .resources = &resources,
                                                   .jitter = 1.0 },
                                 .executors = { .worker_id = "worker-1", .retained = 10 },
                                 .drivers = { .worker_id = "worker-1", .retained = 10 } };
        ck_assert_int_eq(worker_init(&worker, &config), 0);
        tell((WorkerEvent){ .type = ON_MESSAGE, .conn = 5, .message = &accepted });
        ck_assert_int_ge(sd_event_new(&event_loop), 0);
        ck_assert_int_eq(backend_none_new(event_loop, &(BackendConfig){ 0 },
                                          &(BackendHandlers){ 0 }, NULL, &backend, &problem),
                         0);
        ui = (Ui){ .worker = &worker, .work_dir = work_dir, .backend = backend, .budget = &budget };
}

static void tear_down(void)
{
        http_response_done(&response);
        backend_free(backend);
        (void)sd_event_unref(event_loop);
        worker_done(&worker);
        ck_assert_int_eq(dir_remove(work_dir), 0);
        free(work_dir);
}

/* Asks for `path` with up to 4 parameters, NULL-terminated; returns the body. */
static const char *get(const char *path, const HttpParam *query)
{
        HttpRequest request = { .method = "GET", .path = path, .query = query };

        while (query && query[request.n_query].name)
                request.n_query++;
        http_response_done(&response);
        response = (HttpResponse){ 0 };
        ui_handle(&ui, &request, &response);
        buffer_put_u8(&response.body, 0);
        return (const char *)response.body.data;
}

START_TEST(test_json_of_an_idle_worker)
{
        json_t *v = json_loads(get("/json/", NULL), 0, NULL);
        const char *key;
        json_t *item;
        CLEANUP_BUFFER Buffer keys = BUFFER_INIT(0);

        ck_assert_ptr_nonnull(v);
        json_object_foreach(v, key, item) buffer_printf(&keys, "%s ", key);
        buffer_put_u8(&keys, 0);
        ck_assert_str_eq((char *)keys.data,
                         "id masterurl masterwebuiurl cores coresused memory memoryused resources "
                         "resourcesused executors finishedexecutors drivers limits ");
        ck_assert_str_eq(json_string_value(json_object_get(v, "masterurl")), "spark://m:7077");
        ck_assert_str_eq(json_string_value(json_object_get(v, "masterwebuiurl")), "http://m:8080");
        ck_assert_int_eq(json_integer_value(json_object_get(v, "memory")), 2048);
        ck_assert_uint_eq(json_array_size(json_object_get(v, "executors")), 0);
        ck_assert_str_eq(response.content_type, "text/json;charset=utf-8");
        json_decref(v);
}
END_TEST

START_TEST(test_json_of_a_busy_worker)
{
        json_t *v, *e;
        const char *text;

        launch(0);
        launch(1);
        tell((WorkerEvent){ .type = ON_EXITED, .child = "app-1/0" });
        v = json_loads(get("/json/", NULL), 0, NULL);
        ck_assert_int_eq(json_integer_value(json_object_get(v, "coresused")), 2);
        ck_assert_int_eq(json_integer_value(json_object_get(v, "memoryused")), 700);
        ck_assert_uint_eq(json_array_size(json_object_get(v, "executors")), 1);
        ck_assert_uint_eq(json_array_size(json_object_get(v, "finishedexecutors")), 1);
        e = json_array_get(json_object_get(v, "executors"), 0);
        ck_assert_int_eq(json_integer_value(json_object_get(e, "id")), 1);
        ck_assert_str_eq(json_string_value(json_object_get(e, "appid")), "app-1");
        e = json_object_get(e, "appdesc");
        ck_assert_str_eq(json_string_value(json_object_get(e, "name")), "<b>evil</b>");
        ck_assert_int_eq(json_integer_value(json_object_get(e, "cores")), 2);
        ck_assert_int_eq(json_integer_value(json_object_get(e, "memoryperslave")), 700);
        e = json_object_get(json_object_get(v, "resourcesused"), "gpu");
        ck_assert_uint_eq(json_array_size(json_object_get(e, "addresses")), 1);
        text = json_string_value(json_array_get(json_object_get(e, "addresses"), 0));
        ck_assert_str_eq(text, "1");
        e = json_object_get(json_object_get(v, "resources"), "gpu");
        ck_assert_uint_eq(json_array_size(json_object_get(e, "addresses")), 2);
        json_decref(v);
}
END_TEST

START_TEST(test_front_page)
{
        const char *page;

        launch(0);
        page = get("/", NULL);
        ck_assert_ptr_nonnull(strstr(page, "worker-1"));
        ck_assert_ptr_nonnull(strstr(page, "&lt;b&gt;evil&lt;/b&gt;"));
        ck_assert_ptr_null(strstr(page, "<b>evil"));
        ck_assert_ptr_nonnull(
                strstr(page, "/logPage/?appId=app-1&amp;executorId=0&amp;logType=stderr"));
        ck_assert_ptr_nonnull(strstr(page, "<a href=\"http://m:8080\">spark://m:7077</a>"));
        /* As Spark's, for any path that is none. */
        ck_assert_ptr_nonnull(strstr(get("/nothing", NULL), "worker-1"));
        ck_assert_uint_ne(response.status, 404);
}
END_TEST

/* Drivers are on the page; of the JSON they are part by what they take only, as the JVM's. */
START_TEST(test_drivers)
{
        static const char *addresses[] = { "0" };
        struct ResourceEntry used = { "gpu", { "gpu", { addresses, 1 } } };
        const Message m = { .type = MSG_LAUNCH_DRIVER,
                            .launch_driver = { .driver_id = "driver-<1>",
                                               .driver_desc = { .mem = 600,
                                                                .cores = 3,
                                                                .command.main_class = "a.<Main>" },
                                               .resources = { &used, 1 } } };
        const char *page;
        json_t *v, *gpus;

        launch(0);
        tell((WorkerEvent){ .type = ON_MESSAGE, .conn = 5, .message = &m });
        v = json_loads(get("/json/", NULL), 0, NULL);
        ck_assert_int_eq(json_integer_value(json_object_get(v, "coresused")), 5);
        ck_assert_int_eq(json_integer_value(json_object_get(v, "memoryused")), 1300);
        gpus = json_object_get(json_object_get(v, "resourcesused"), "gpu");
        ck_assert_uint_eq(json_array_size(json_object_get(gpus, "addresses")), 2);
        ck_assert_uint_eq(json_array_size(json_object_get(v, "executors")), 1);
        json_decref(v);

        page = get("/", NULL);
        ck_assert_ptr_nonnull(strstr(page, "Running drivers"));
        ck_assert_ptr_nonnull(strstr(page, "driver-&lt;1&gt;"));
        ck_assert_ptr_nonnull(strstr(page, "a.&lt;Main&gt;"));
        ck_assert_ptr_null(strstr(page, "Finished drivers"));
        tell((WorkerEvent){ .type = ON_LAUNCH_FAILED, .child = "driver-<1>", .text = "no <jar>" });
        page = get("/", NULL);
        ck_assert_ptr_null(strstr(page, "Running drivers"));
        ck_assert_ptr_nonnull(strstr(page, "Finished drivers"));
        ck_assert_ptr_nonnull(strstr(page, "no &lt;jar&gt;"));
}
END_TEST

START_TEST(test_redirect_and_methods)
{
        const HttpRequest post = { .method = "POST", .path = "/" };

        (void)get("/json", NULL);
        ck_assert_uint_eq(response.status, 302);
        ck_assert_str_eq(response.location, "/json/");
        http_response_done(&response);
        response = (HttpResponse){ 0 };
        ui_handle(&ui, &post, &response);
        ck_assert_uint_eq(response.status, 405);
}
END_TEST

static void write_log(const char *text, size_t size)
{
        CLEANUP_FREE char *dir = NULL, *path = NULL;
        CLEANUP_CLOSE int fd = -1;

        ck_assert_int_gt(asprintf(&dir, "%s/app-1/0", work_dir), 0);
        ck_assert_int_eq(dir_make(dir, 0755), 0);
        path = path_join(dir, "stderr");
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        ck_assert_int_eq(write(fd, text, size), (ssize_t)size);
}

START_TEST(test_log_text)
{
        const HttpParam all[] = {
                { "appId", "app-1" }, { "executorId", "0" }, { "logType", "stderr" }, { NULL, NULL }
        };
        const HttpParam part[] = { { "appId", "app-1" },    { "executorId", "0" },
                                   { "logType", "stderr" }, { "offset", "2" },
                                   { "byteLength", "3" },   { NULL, NULL } };
        CLEANUP_FREE char *expected = NULL, *expected_part = NULL;

        write_log("<0123>", 6);
        ck_assert_int_gt(asprintf(&expected,
                                  "==== Bytes 0-6 of 6 of %s/app-1/0/stderr ====\n<0123>",
                                  work_dir),
                         0);
        ck_assert_str_eq(get("/log/", all), expected);
        ck_assert_str_eq(response.content_type, "text/plain;charset=utf-8");
        ck_assert_int_gt(asprintf(&expected_part,
                                  "==== Bytes 2-5 of 6 of %s/app-1/0/stderr ====\n123", work_dir),
                         0);
        ck_assert_str_eq(get("/log", part), expected_part);
}
END_TEST

START_TEST(test_log_errors)
{
        const HttpParam wrong_type[] = {
                { "appId", "app-1" }, { "executorId", "0" }, { "logType", "passwd" }, { NULL, NULL }
        };
        const HttpParam escaping[] = {
                { "appId", "../.." }, { "executorId", "0" }, { "logType", "stderr" }, { NULL, NULL }
        };
        const HttpParam no_id[] = { { "logType", "stderr" }, { NULL, NULL } };
        const HttpParam bad_offset[] = { { "appId", "app-1" },
                                         { "executorId", "0" },
                                         { "logType", "stderr" },
                                         { "offset", "x" },
                                         { NULL, NULL } };
        const HttpParam absent[] = {
                { "appId", "app-2" }, { "executorId", "0" }, { "logType", "stderr" }, { NULL, NULL }
        };

        ck_assert_ptr_nonnull(
                strstr(get("/log/", wrong_type), "Error: Log type must be one of stderr, stdout"));
        ck_assert_ptr_nonnull(strstr(get("/log/", escaping), "Error: invalid log directory ../.."));
        (void)get("/log/", no_id);
        ck_assert_uint_eq(response.status, 500);
        (void)get("/log/", bad_offset);
        ck_assert_uint_eq(response.status, 500);
        ck_assert_ptr_nonnull(strstr(get("/log/", absent), "==== Bytes 0-0 of 0 of"));
}
END_TEST

START_TEST(test_log_page)
{
        const HttpParam all[] = {
                { "appId", "app-1" }, { "executorId", "0" }, { "logType", "stderr" }, { NULL, NULL }
        };
        const HttpParam part[] = { { "appId", "app-1" },    { "executorId", "0" },
                                   { "logType", "stderr" }, { "offset", "4" },
                                   { "byteLength", "3" },   { NULL, NULL } };
        const char *page;

        write_log("<script>\0x&", 11);
        page = get("/logPage/", all);
        ck_assert_ptr_nonnull(strstr(page, "<pre>&lt;script&gt; x&amp;</pre>"));
        ck_assert_ptr_null(strstr(page, "Earlier"));
        page = get("/logPage/", part);
        ck_assert_ptr_nonnull(strstr(page, "<pre>ipt</pre>"));
        ck_assert_ptr_nonnull(strstr(page, "offset=1&amp;byteLength=3\">Earlier"));
        ck_assert_ptr_nonnull(strstr(page, "offset=7&amp;byteLength=3\">Later"));
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("worker-ui");
        TCase *tc = tcase_create("worker-ui");

        tcase_add_checked_fixture(tc, set_up, tear_down);
        tcase_add_test(tc, test_json_of_an_idle_worker);
        tcase_add_test(tc, test_json_of_a_busy_worker);
        tcase_add_test(tc, test_front_page);
        tcase_add_test(tc, test_drivers);
        tcase_add_test(tc, test_redirect_and_methods);
        tcase_add_test(tc, test_log_text);
        tcase_add_test(tc, test_log_errors);
        tcase_add_test(tc, test_log_page);
        suite_add_tcase(suite, tc);
        return unit_run(suite);
}
