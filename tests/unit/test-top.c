/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/ctl/top.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "tests/unit/unit.h"

static const char master[] = "{\"url\":\"spark://m:7077\",\"status\":\"ALIVE\",\"workers\":["
                             "{\"id\":\"w-1\",\"host\":\"10.0.0.1\",\"port\":7078,\"cores\":4,"
                             "\"webuiaddress\":\"http://10.0.0.1:8081\",\"state\":\"ALIVE\"},"
                             "{\"id\":\"w-2\",\"host\":\"10.0.0.2\",\"port\":7078,\"cores\":2,"
                             "\"webuiaddress\":\"http://10.0.0.2:8081\",\"state\":\"ALIVE\"},"
                             "{\"id\":\"w-dead\",\"host\":\"10.0.0.9\",\"port\":7078,\"cores\":2,"
                             "\"webuiaddress\":\"http://10.0.0.9:8081\",\"state\":\"DEAD\"},"
                             "{\"id\":\"w-3\",\"host\":\"10.0.0.3\",\"port\":7078,\"cores\":2,"
                             "\"webuiaddress\":\"\",\"state\":\"DECOMMISSIONED\"}]}";

/* What a worker of ours said, but for the counters. */
#define USAGE(memory, cpu, periods, throttled, oom)                                                \
        "{\"memory\":" memory ",\"memorypeak\":734003200,\"memorylimit\":943718400,"               \
        "\"memoryhigh\":924844032,\"memoryhighevents\":0,\"oomkills\":" oom ",\"swap\":0,"         \
        "\"heap\":512,\"overhead\":384,\"offheap\":0,\"pyspark\":0,"                               \
        "\"split\":{\"jvm\":500,\"python\":0,\"pythonworkers\":0,\"other\":0,\"others\":0,"        \
        "\"pagecache\":0,\"shmem\":0,\"kernel\":0},\"cpuseconds\":" cpu                            \
        ",\"cpuuserseconds\":1.0,\"cpusystemseconds\":0.5,\"cpuperiods\":" periods                 \
        ",\"cputhrottledperiods\":" throttled ",\"cputhrottledseconds\":0.5,\"cpuceiling\":2.0,"   \
        "\"cpuweight\":200,\"pids\":61,\"pidslimit\":4096,\"pressure\":{"                          \
        "\"memory\":{\"some\":1.25,\"full\":0.5},\"cpu\":{\"some\":40.0,\"full\":0.0},"            \
        "\"io\":{\"some\":0.0,\"full\":null}}}"

#define EXECUTOR(id, app, name, cores, usage)                                                      \
        "{\"id\":" id ",\"memory\":512,\"resources\":{},\"appid\":\"" app                          \
        "\",\"appdesc\":{\"name\":\"" name "\"},\"cores\":" cores ",\"usage\":" usage "}"

#define WORKER(executors, drivers)                                                                 \
        "{\"id\":\"w-1\",\"executors\":[" executors                                                \
        "],\"finishedexecutors\":[],\"drivers\":[" drivers "],\"limits\":{\"backend\":"            \
        "\"systemd\",\"memoryceiling\":4294967296,\"memorygiven\":1887436800,\"cpuquota\":null}}"

#define DRIVER                                                                                     \
        "{\"id\":\"driver-1\",\"state\":\"RUNNING\",\"mainclass\":\"org.example.Main\","           \
        "\"cores\":1,\"memory\":1024,\"usage\":null}"

static const char first[] =
        WORKER(EXECUTOR("9", "app-1", "Pi", "2",
                        USAGE("471859200", "10.0", "100", "10",
                              "0")) "," EXECUTOR("10", "app-1", "Pi", "2",
                                                 USAGE("524288000", "4.0", "50", "0", "2")),
               DRIVER);
static const char second[] =
        WORKER(EXECUTOR("9", "app-1", "Pi", "2",
                        USAGE("471859200", "13.5", "120", "15",
                              "0")) "," EXECUTOR("10", "app-1", "Pi", "2",
                                                 USAGE("524288000", "4.0", "50", "0",
                                                       "2")) "," EXECUTOR("0", "app-2",
                                                                          "evil\\u001b[2J", "1",
                                                                          USAGE("943718400", "0.5",
                                                                                "5", "0", "0")),
               DRIVER);

/* As Spark's own worker answers. */
static const char jvm[] =
        "{\"id\":\"w-2\",\"executors\":[{\"id\":3,\"memory\":512,\"appid\":\"app-1\","
        "\"appdesc\":{\"name\":\"Pi\",\"cores\":2}}],\"finishedexecutors\":[]}";

static void begin(Top *t)
{
        char problem[TOP_PROBLEM_MAX];

        ck_assert_int_eq(top_begin(t, master, strlen(master), problem), 0);
        ck_assert_uint_eq(t->n_workers, 3);
        ck_assert_ptr_null(t->workers[2].url);
        ck_assert_int_eq(top_failed(t, 2, "it has no web UI"), 0);
}

static void answer(Top *t, size_t i, const char *json, uint64_t seconds)
{
        ck_assert_int_eq(top_answer(t, i, json, strlen(json), seconds * 1000000), 0);
}

/* Two rounds, two seconds apart. */
static Top two_rounds(void)
{
        Top t = { 0 };

        begin(&t);
        answer(&t, 0, first, 100);
        answer(&t, 1, jvm, 100);
        top_end(&t);
        begin(&t);
        answer(&t, 0, second, 102);
        answer(&t, 1, jvm, 102);
        top_end(&t);
        return t;
}

static const TopTask *find(const Top *t, const char *id)
{
        for (size_t i = 0; i < t->n_tasks; i++)
                if (strcmp(t->tasks[i].id, id) == 0)
                        return &t->tasks[i];
        ck_abort_msg("no task %s", id);
        return NULL;
}

START_TEST(rates_need_two_rounds)
{
        CLEANUP(top_done) Top t = { 0 };
        const TopTask *task;

        begin(&t);
        answer(&t, 0, first, 100);
        top_end(&t);
        ck_assert_uint_eq(t.n_tasks, 3);
        ck_assert(isnan(find(&t, "app-1/9")->cpu));
        ck_assert(isnan(find(&t, "app-1/9")->throttled));

        begin(&t);
        answer(&t, 0, second, 102);
        top_end(&t);
        task = find(&t, "app-1/9");
        ck_assert_double_eq_tol(task->cpu, 1.75, 1e-9);
        ck_assert_double_eq_tol(task->throttled, 25, 1e-9);
        ck_assert_double_eq_tol(find(&t, "app-1/10")->cpu, 0, 1e-9);
        ck_assert_double_eq_tol(find(&t, "app-1/10")->throttled, 0, 1e-9);
        ck_assert(isnan(find(&t, "app-2/0")->cpu)); /* it is new */
        ck_assert(isnan(find(&t, "driver-1")->cpu));
        ck_assert(find(&t, "driver-1")->driver);

        /* counters that went back are another's */
        begin(&t);
        answer(&t, 0, first, 104);
        top_end(&t);
        ck_assert(isnan(find(&t, "app-1/9")->cpu));
}
END_TEST

static const char expected_text[] =
        "spark://m:7077  ALIVE  00:00:00\n"
        "2 of 3 workers answer, 4 executors, 1 driver; 1.75 of 8 cores busy, 1.8 GiB of 2.6 GiB in "
        "limits, 2 OOM kills\n"
        "w-2 at 10.0.0.2:7078: no figures: it is a worker of Spark's own\n"
        "w-3 at 10.0.0.3:7078: it has no web UI\n"
        "\n"
        "ID        WORKER         CORES   CPU  THROTTLED   MEMORY     PEAK    LIMIT  SHARE  CPU-PSI"
        "  MEM-PSI  IO-PSI  OOM  TASKS  NAME\n"
        "app-2/0   10.0.0.1:7078      1     -          -  900 MiB  700 MiB  900 MiB   100%      40%"
        "       1%      0%    0     61  evil?[2J\n"
        "app-1/10  10.0.0.1:7078      2  0.00         0%  500 MiB  700 MiB  900 MiB    56%      40%"
        "       1%      0%    2     61  Pi\n"
        "app-1/9   10.0.0.1:7078      2  1.75        25%  450 MiB  700 MiB  900 MiB    50%      40%"
        "       1%      0%    0     61  Pi\n"
        "app-1/3   10.0.0.2:7078      -     -          -        -        -        -      -        -"
        "        -       -    -      -  Pi\n"
        "driver-1  10.0.0.1:7078      1     -          -        -        -        -      -        -"
        "        -       -    -      -  org.example.Main\n";

static char *text_of(Top *t, TopView view)
{
        CLEANUP_BUFFER Buffer out = BUFFER_INIT(0);

        ck_assert_int_eq(top_put_text(t, &view, &out), 0);
        return buffer_take_text(&out);
}

START_TEST(shows_all)
{
        CLEANUP(top_done) Top t = two_rounds();
        CLEANUP_FREE char *text = text_of(&t, (TopView){ 0 });

        ck_assert_str_eq(text, expected_text);
}
END_TEST

START_TEST(shows_one_application)
{
        static const char *const names[] = { "app-1", "Pi" };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                CLEANUP(top_done) Top t = two_rounds();
                CLEANUP_FREE char *text = text_of(&t, (TopView){ .app = names[i] });

                ck_assert_ptr_nonnull(strstr(text, " 3 executors, 0 drivers; 1.75 of 8 cores"));
                ck_assert_ptr_nonnull(strstr(text, "\napp-1/10 "));
                ck_assert_ptr_null(strstr(text, "\napp-2"));
                ck_assert_ptr_null(strstr(text, "\ndriver"));
        }
        CLEANUP(top_done) Top t = two_rounds();
        CLEANUP_FREE char *text = text_of(&t, (TopView){ .app = "app" });
        ck_assert_ptr_nonnull(strstr(text, " 0 executors, 0 drivers;"));
        ck_assert_ptr_null(strstr(text, "\nID"));
}
END_TEST

START_TEST(orders)
{
        static const struct {
                const char *name, *ids;
        } cases[] = {
                { "share", "app-2/0 app-1/10 app-1/9 app-1/3 driver-1 " },
                { "memory", "app-2/0 app-1/10 app-1/9 app-1/3 driver-1 " },
                { "cpu", "app-1/9 app-1/10 app-1/3 app-2/0 driver-1 " },
                { "throttled", "app-1/9 app-1/10 app-1/3 app-2/0 driver-1 " },
                { "oom", "app-1/10 app-1/9 app-2/0 app-1/3 driver-1 " },
                { "peak", "app-1/9 app-1/10 app-2/0 app-1/3 driver-1 " },
                { "pressure", "app-1/9 app-1/10 app-2/0 app-1/3 driver-1 " },
                { "id", "app-1/3 app-1/9 app-1/10 app-2/0 driver-1 " },
        };
        TopOrder order;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                CLEANUP(top_done) Top t = two_rounds();
                CLEANUP_BUFFER Buffer ids = BUFFER_INIT(0);
                TopView view = { 0 };

                ck_assert_int_eq(top_order_from_name(cases[i].name, &view.order), 0);
                free(text_of(&t, view));
                for (size_t j = 0; j < t.n_tasks; j++)
                        buffer_printf(&ids, "%s ", t.tasks[j].id);
                CLEANUP_FREE char *text = buffer_take_text(&ids);
                ck_assert_str_eq(text, cases[i].ids);
        }
        ck_assert_int_eq(top_order_from_name("name", &order), -EINVAL);
}
END_TEST

START_TEST(json)
{
        CLEANUP(top_done) Top t = two_rounds();
        CLEANUP_BUFFER Buffer out = BUFFER_INIT(0);
        const TopView view = { .app = "app-1", .wall_seconds = 42 };
        json_t *root, *task;

        ck_assert_int_eq(top_put_json(&t, &view, &out), 0);
        ck_assert_ptr_eq(memchr(out.data, '\n', out.size), out.data + out.size - 1);
        root = json_loadb((const char *)out.data, out.size, 0, NULL);
        ck_assert_int_eq(json_integer_value(json_object_get(root, "time")), 42);
        ck_assert_uint_eq(json_array_size(json_object_get(root, "workers")), 3);
        ck_assert_uint_eq(json_array_size(json_object_get(root, "tasks")), 3);
        task = json_array_get(json_object_get(root, "tasks"), 1);
        ck_assert_str_eq(json_string_value(json_object_get(task, "id")), "app-1/9");
        ck_assert_str_eq(json_string_value(json_object_get(task, "worker")), "w-1");
        ck_assert_double_eq_tol(json_real_value(json_object_get(task, "cpu")), 1.75, 1e-9);
        ck_assert_int_eq(
                json_integer_value(json_object_get(json_object_get(task, "usage"), "memorypeak")),
                734003200);
        task = json_array_get(json_object_get(root, "tasks"), 2);
        ck_assert(json_is_null(json_object_get(task, "usage")));
        ck_assert(json_is_null(json_object_get(task, "cores")));
        json_decref(root);
}
END_TEST

START_TEST(what_is_no_answer)
{
        static const char *const masters[] = { "", "[]", "{\"url\":1,\"workers\":[]}",
                                               "{\"url\":\"\"}" };
        static const char *const workers[] = { "", "{}", "{\"id\":\"w\"}",
                                               "{\"id\":1,\"executors\":[]}" };
        char problem[TOP_PROBLEM_MAX];

        for (size_t i = 0; i < ARRAY_SIZE(masters); i++) {
                CLEANUP(top_done) Top t = { 0 };

                ck_assert_int_eq(top_begin(&t, masters[i], strlen(masters[i]), problem), -EINVAL);
                ck_assert_uint_eq(t.n_workers, 0);
        }
        for (size_t i = 0; i < ARRAY_SIZE(workers); i++) {
                CLEANUP(top_done) Top t = { 0 };

                begin(&t);
                answer(&t, 0, workers[i], 1);
                ck_assert_str_eq(t.workers[0].problem, "its answer is no worker's");
                ck_assert_uint_eq(t.n_tasks, 0);
        }
}
END_TEST

/* Figures of the wrong type, and none at all, are not known. */
START_TEST(odd_figures)
{
        CLEANUP(top_done) Top t = { 0 };

        begin(&t);
        answer(&t, 0,
               "{\"id\":\"w-1\",\"limits\":3,\"drivers\":{},\"executors\":[7,{},"
               "{\"appid\":\"a\",\"id\":\"x\",\"usage\":{\"memory\":\"much\"}},"
               "{\"appid\":\"a\",\"id\":2,\"usage\":{\"pressure\":[]}}]}",
               1);
        top_end(&t);
        ck_assert_uint_eq(t.n_tasks, 4);
        CLEANUP_FREE char *text = text_of(&t, (TopView){ 0 });
        ck_assert_ptr_nonnull(strstr(text, "\na/0 "));
}
END_TEST

int main(void)
{
        const TTest *const tests[] = {
                rates_need_two_rounds, shows_all,  shows_one_application, orders, json,
                what_is_no_answer,     odd_figures
        };

        (void)setenv("TZ", "UTC", 1);
        tzset();
        return unit_main("top", tests, ARRAY_SIZE(tests));
}
