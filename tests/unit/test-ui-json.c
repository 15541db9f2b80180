/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <string.h>

#include "daemons/master/ui.h"
#include "tests/unit/cluster.h"
#include "tests/unit/unit.h"

/* A key of the JVM master's JSON and its type there. */
typedef struct Key {
        const char *name;
        json_type type;
} Key;

static const Key state_keys[] = {
        { "url", JSON_STRING },
        { "workers", JSON_ARRAY },
        { "aliveworkers", JSON_INTEGER },
        { "cores", JSON_INTEGER },
        { "coresused", JSON_INTEGER },
        { "memory", JSON_INTEGER },
        { "memoryused", JSON_INTEGER },
        { "resources", JSON_ARRAY },
        { "resourcesused", JSON_ARRAY },
        { "activeapps", JSON_ARRAY },
        { "completedapps", JSON_ARRAY },
        { "activedrivers", JSON_ARRAY },
        { "completeddrivers", JSON_ARRAY },
        { "status", JSON_STRING },
};

static const Key worker_keys[] = {
        { "id", JSON_STRING },
        { "host", JSON_STRING },
        { "port", JSON_INTEGER },
        { "webuiaddress", JSON_STRING },
        { "cores", JSON_INTEGER },
        { "coresused", JSON_INTEGER },
        { "coresfree", JSON_INTEGER },
        { "memory", JSON_INTEGER },
        { "memoryused", JSON_INTEGER },
        { "memoryfree", JSON_INTEGER },
        { "resources", JSON_OBJECT },
        { "resourcesused", JSON_OBJECT },
        { "resourcesfree", JSON_OBJECT },
        { "state", JSON_STRING },
        { "lastheartbeat", JSON_INTEGER },
};

static const Key app_keys[] = {
        { "id", JSON_STRING },
        { "starttime", JSON_INTEGER },
        { "name", JSON_STRING },
        { "cores", JSON_INTEGER },
        { "user", JSON_STRING },
        { "memoryperexecutor", JSON_INTEGER },
        { "memoryperslave", JSON_INTEGER },
        { "resourcesperexecutor", JSON_ARRAY },
        { "resourcesperslave", JSON_ARRAY },
        { "submitdate", JSON_STRING },
        { "state", JSON_STRING },
        { "duration", JSON_INTEGER },
};

static const Key driver_keys[] = {
        { "id", JSON_STRING },         { "starttime", JSON_STRING }, { "state", JSON_STRING },
        { "cores", JSON_INTEGER },     { "memory", JSON_INTEGER },   { "resources", JSON_OBJECT },
        { "submitdate", JSON_STRING }, { "worker", JSON_STRING },    { "mainclass", JSON_STRING },
};

static const Key utilization_keys[] = {
        { "waitingDrivers", JSON_INTEGER },
        { "cores", JSON_INTEGER },
        { "coresused", JSON_INTEGER },
        { "coresutilization", JSON_INTEGER },
        { "memory", JSON_INTEGER },
        { "memoryused", JSON_INTEGER },
        { "memoryutilization", JSON_INTEGER },
};

/* These keys come first, in this order. */
static void check_keys(json_t *object, const Key *keys, size_t n)
{
        void *iter = json_object_iter(object);

        for (size_t i = 0; i < n; i++) {
                ck_assert_msg(iter != NULL, "%s is missing", keys[i].name);
                ck_assert_str_eq(json_object_iter_key(iter), keys[i].name);
                ck_assert_msg(json_typeof(json_object_iter_value(iter)) == keys[i].type,
                              "%s has another type", keys[i].name);
                iter = json_object_iter_next(object, iter);
        }
}

static json_t *get(const Cluster *c, const char *field)
{
        CLEANUP_BUFFER Buffer out = BUFFER_INIT(0);
        json_error_t error;
        json_t *json;

        ck_assert_int_eq(ui_json_put(&out, c->master, CLUSTER_NOW + 5000000, field), 0);
        json = json_loadb((const char *)out.data, out.size, JSON_REJECT_DUPLICATES, &error);
        ck_assert_msg(json != NULL, "%s", error.text);
        return json;
}

static int64_t number(json_t *object, const char *key)
{
        return json_integer_value(json_object_get(object, key));
}

static const char *text(json_t *object, const char *key)
{
        const char *s = json_string_value(json_object_get(object, key));

        ck_assert_msg(s != NULL, "%s is no string", key);
        return s;
}

static json_t *item(json_t *root, const char *key, size_t n, size_t expected)
{
        json_t *list = json_object_get(root, key);

        ck_assert_uint_eq(json_array_size(list), expected);
        return json_array_get(list, n);
}

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

START_TEST(empty_state)
{
        json_t *root = get(&cluster, NULL);

        check_keys(root, state_keys, ARRAY_SIZE(state_keys));
        ck_assert_str_eq(text(root, "url"), "spark://master:7077");
        ck_assert_str_eq(text(root, "status"), "ALIVE");
        ck_assert_str_eq(text(root, "server"), PACKAGE_STRING);
        ck_assert_uint_eq(json_array_size(json_object_get(root, "workers")), 0);
        json_decref(root);
}
END_TEST

START_TEST(workers)
{
        const ConnId conn = cluster_add_worker(&cluster, 1, 4, 2048);
        json_t *root, *w, *gpu;

        cluster_add_worker(&cluster, 2, 8, 4096);
        cluster_event(&cluster, &(MasterEvent){ .type = EVENT_CLOSED,
                                                .conn = conn,
                                                .sender = { "10.0.0.1", 35000 },
                                                .text = "reset" });
        (void)cluster_add_app(&cluster, "gpus", 512, 1);
        root = get(&cluster, NULL);
        ck_assert_int_eq(number(root, "aliveworkers"), 1);
        ck_assert_int_eq(number(root, "cores"), 8); /* only those alive count */
        ck_assert_int_eq(number(root, "coresused"), 2);
        ck_assert_int_eq(number(root, "memory"), 4096);
        ck_assert_int_eq(number(root, "memoryused"), 1024);
        ck_assert_str_eq(text(item(root, "workers", 0, 2), "state"), "DEAD");
        w = item(root, "workers", 1, 2);
        check_keys(w, worker_keys, ARRAY_SIZE(worker_keys));
        ck_assert_str_eq(text(w, "id"), "worker-2");
        ck_assert_str_eq(text(w, "host"), "10.0.0.2");
        ck_assert_int_eq(number(w, "port"), 35000);
        ck_assert_str_eq(text(w, "webuiaddress"), "http://10.0.0.2:8081");
        ck_assert_int_eq(number(w, "coresfree"), 6);
        ck_assert_int_eq(number(w, "memoryfree"), 3072);
        ck_assert_str_eq(text(w, "state"), "ALIVE");
        ck_assert_int_eq(number(w, "lastheartbeat"), CLUSTER_NOW / 1000);
        ck_assert_str_eq(text(w, "sparkversions"), "3.5");
        gpu = json_object_get(json_object_get(w, "resourcesused"), "gpu");
        ck_assert_str_eq(text(gpu, "name"), "gpu");
        ck_assert_uint_eq(json_array_size(json_object_get(gpu, "addresses")), 2);
        gpu = json_object_get(json_object_get(w, "resourcesfree"), "gpu");
        ck_assert_uint_eq(json_array_size(json_object_get(gpu, "addresses")), 0);
        gpu = json_object_get(item(root, "resources", 0, 1), "gpu");
        ck_assert_uint_eq(json_array_size(json_object_get(gpu, "addresses")), 2);
        json_decref(root);
}
END_TEST

START_TEST(limits)
{
        json_t *root, *w, *a;

        cluster_add_limited_worker(&cluster, 1, 4, 4096, 3000);
        (void)cluster_add_app(&cluster, "fits twice", 1024, 0);
        (void)cluster_add_app(&cluster, "does not", 2048, 0);
        root = get(&cluster, NULL);
        w = item(root, "workers", 0, 1);
        ck_assert_int_eq(number(w, "memoryused"), 2048);
        ck_assert_int_eq(number(w, "executormemory"), 3000);
        ck_assert_int_eq(number(w, "executormemoryused"), 2 * 1408);
        a = item(root, "activeapps", 1, 2);
        ck_assert_ptr_nonnull(strstr(text(a, "waitingreason"), "2432 MiB (heap 2048 + overhead"));
        json_decref(root);

        cluster_add_worker(&cluster, 2, 4, 512);
        root = get(&cluster, NULL);
        ck_assert_int_eq(number(item(root, "workers", 1, 2), "executormemory"), 0);
        json_decref(root);
}
END_TEST

START_TEST(applications)
{
        const App *app;
        json_t *root, *a, *gpu;

        cluster_add_worker(&cluster, 1, 4, 2048);
        app = cluster_add_app(&cluster, "Pi \"1\" \u00e4\n", 512, 1);
        (void)cluster_add_app(&cluster, "too big", 9999, 0);
        root = get(&cluster, NULL);
        a = item(root, "activeapps", 0, 2);
        check_keys(a, app_keys, ARRAY_SIZE(app_keys));
        ck_assert_str_eq(text(a, "id"), app->id);
        ck_assert_str_eq(text(a, "name"), "Pi \"1\" \u00e4\n");
        ck_assert_str_eq(text(a, "user"), "ann");
        ck_assert_str_eq(text(a, "submitdate"), "Thu Nov 20 23:16:14 UTC 2025");
        ck_assert_int_eq(number(a, "starttime"), CLUSTER_NOW / 1000);
        ck_assert_int_eq(number(a, "duration"), 5000);
        ck_assert_int_eq(number(a, "cores"), 2);
        ck_assert_int_eq(number(a, "memoryperexecutor"), 512);
        ck_assert_int_eq(number(a, "memoryperslave"), 512);
        ck_assert_str_eq(text(a, "state"), "RUNNING");
        ck_assert_str_eq(text(a, "waitingreason"), "");
        gpu = item(a, "resourcesperexecutor", 0, 1);
        ck_assert_str_eq(text(gpu, "name"), "gpu");
        ck_assert_int_eq(number(gpu, "amount"), 1);
        a = item(root, "activeapps", 1, 2);
        ck_assert_str_eq(text(a, "state"), "WAITING");
        ck_assert_str_ne(text(a, "waitingreason"), "");
        json_decref(root);

        cluster_event(&cluster, &(MasterEvent){ .type = EVENT_KILL_APP, .text = app->id });
        root = get(&cluster, "completedapps");
        ck_assert_uint_eq(json_object_size(root), 1);
        a = item(root, "completedapps", 0, 1);
        check_keys(a, app_keys, ARRAY_SIZE(app_keys));
        ck_assert_str_eq(text(a, "state"), "KILLED");
        json_decref(root);
}
END_TEST

START_TEST(drivers)
{
        json_t *root, *d;

        cluster_add_worker(&cluster, 1, 4, 2048);
        cluster_add_driver(&cluster, "org.example.Main", 512);
        cluster_add_driver(&cluster, "org.example.Big", 9999);
        root = get(&cluster, "activedrivers");
        d = item(root, "activedrivers", 0, 2);
        check_keys(d, driver_keys, ARRAY_SIZE(driver_keys));
        ck_assert_str_eq(text(d, "state"), "RUNNING");
        ck_assert_str_eq(text(d, "starttime"), "1763680574000");
        ck_assert_str_eq(text(d, "worker"), "worker-1");
        ck_assert_str_eq(text(d, "mainclass"), "org.example.Main");
        d = item(root, "activedrivers", 1, 2);
        ck_assert_str_eq(text(d, "state"), "SUBMITTED");
        ck_assert_str_eq(text(d, "worker"), "None");
        json_decref(root);
}
END_TEST

START_TEST(one_field)
{
        json_t *root;

        cluster_add_worker(&cluster, 1, 4, 2048);
        for (size_t i = 0; i < ARRAY_SIZE(state_keys); i++) {
                root = get(&cluster, state_keys[i].name);
                ck_assert_uint_eq(json_object_size(root), 1);
                check_keys(root, &state_keys[i], 1);
                json_decref(root);
        }
        root = get(&cluster, "nonsense");
        ck_assert_uint_eq(json_object_size(root), 1);
        ck_assert_str_eq(text(root, "nonsense"), "");
        json_decref(root);
}
END_TEST

START_TEST(cluster_utilization)
{
        json_t *root = get(&cluster, "clusterutilization");

        check_keys(root, utilization_keys, ARRAY_SIZE(utilization_keys));
        ck_assert_uint_eq(json_object_size(root), ARRAY_SIZE(utilization_keys));
        ck_assert_int_eq(number(root, "coresutilization"), 100);
        ck_assert_int_eq(number(root, "memoryutilization"), 100);
        json_decref(root);

        cluster_add_worker(&cluster, 1, 3, 4096);
        (void)cluster_add_app(&cluster, "Pi", 512, 0);
        cluster_add_driver(&cluster, "org.example.Big", 9999);
        root = get(&cluster, "clusterutilization");
        ck_assert_int_eq(number(root, "waitingDrivers"), 1);
        ck_assert_int_eq(number(root, "coresutilization"), 66);
        ck_assert_int_eq(number(root, "memoryutilization"), 25);
        json_decref(root);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("ui-json");
        TCase *tc = tcase_create("ui-json");

        tcase_add_checked_fixture(tc, set_up, tear_down);
        tcase_add_test(tc, empty_state);
        tcase_add_test(tc, workers);
        tcase_add_test(tc, limits);
        tcase_add_test(tc, applications);
        tcase_add_test(tc, drivers);
        tcase_add_test(tc, one_field);
        tcase_add_test(tc, cluster_utilization);
        suite_add_tcase(s, tc);
        return unit_run(s);
}
