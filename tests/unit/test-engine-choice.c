/* SPDX-License-Identifier: Apache-2.0 */
/* Which engine an application gets, and what a driver's answer is worth. */
#include "daemons/worker/engine-choice.h"

#include <check.h>
#include <errno.h>
#include <string.h>

#include "daemons/worker/config.h"
#include "tests/unit/unit.h"

/* Newest first, as engines_scan() leaves them. */
static Engine items[] = {
        { (char *)"/e/4.3.0", (char *)"4.3.0", (char *)"2.13", LINE_4_3 },
        { (char *)"/e/4.1.3", (char *)"4.1.3", (char *)"2.13", LINE_4_1 },
        { (char *)"/e/3.5.9", (char *)"3.5.9", (char *)"2.12", LINE_3_5 },
        { (char *)"/e/3.5.9-13", (char *)"3.5.9", (char *)"2.13", LINE_3_5_SCALA_2_13 },
        { (char *)"/e/3.5.6", (char *)"3.5.6", (char *)"2.12", LINE_3_5 },
        { (char *)"/e/2.4.8", (char *)"2.4.8", (char *)"2.11", LINE_INVALID },
};
static const Engines all = { items, ARRAY_SIZE(items) };

static EngineWish wish_of(const char *key, const char *value, bool sparkd, LineSet master)
{
        static StringPair pair;
        const Command command = { .environment = { &pair, key ? 1 : 0 } };

        pair = (StringPair){ key, value };
        return engine_wish(&command, sparkd, master);
}

static const char *home(const EngineWish *wish, const char *version)
{
        const Engine *e = engine_for(wish, version, &all);

        return e ? e->home : NULL;
}

START_TEST(test_under_a_jvm_master)
{
        EngineWish wish = wish_of("SPARKD_LINES", "4.3", false, LINE_BIT(LINE_3_5));

        ck_assert_uint_eq(wish.lines, LINE_BIT(LINE_3_5));
        ck_assert(engine_wish_is_open(&wish, &all));
        ck_assert_str_eq(home(&wish, NULL), "/e/3.5.9");
        ck_assert_str_eq(home(&wish, ""), "/e/3.5.9");
        ck_assert_str_eq(home(&wish, "3.5.6"), "/e/3.5.6");
        /* Not that patch: the newest of its line. */
        ck_assert_str_eq(home(&wish, "3.5.1"), "/e/3.5.9");
        wish = wish_of(NULL, NULL, false, LINE_BIT(LINE_4_1));
        ck_assert(!engine_wish_is_open(&wish, &all));
        ck_assert_str_eq(home(&wish, NULL), "/e/4.1.3");
}
END_TEST

START_TEST(test_under_our_master)
{
        EngineWish wish = wish_of("SPARKD_LINES", "4.1,4.2", true, LINES_ALL);
        CLEANUP_FREE char *text = NULL;

        ck_assert_uint_eq(wish.lines, LINE_BIT(LINE_4_1) | LINE_BIT(LINE_4_2));
        ck_assert(!engine_wish_is_open(&wish, &all));
        ck_assert_str_eq(home(&wish, NULL), "/e/4.1.3");
        /* The driver is of a line that is not here. */
        ck_assert_ptr_null(home(&wish, "4.2.0"));
        text = engine_missing_text(&wish, "4.2.0", &all);
        ck_assert_str_eq(text, "no engine for Spark 4.2.0 on this worker (it has 4.3.0, 4.1.3, "
                               "3.5.9, 3.5.9, 3.5.6, 2.4.8)");
        wish = wish_of("SPARKD_LINES", "3.5 (Scala 2.13)", true, LINES_ALL);
        ck_assert(!engine_wish_is_open(&wish, &all));
        ck_assert_str_eq(home(&wish, "3.5.9"), "/e/3.5.9-13");
        wish = wish_of("SPARKD_LINES", "9.9,,x", true, LINES_ALL);
        ck_assert_uint_eq(wish.lines, 0);
        ck_assert_ptr_null(home(&wish, NULL));
}
END_TEST

START_TEST(test_nothing_known)
{
        EngineWish wish = wish_of(NULL, NULL, true, 0);

        ck_assert_uint_eq(wish.lines, LINES_ALL);
        ck_assert(engine_wish_is_open(&wish, &all));
        ck_assert_str_eq(home(&wish, NULL), "/e/4.3.0");
        ck_assert_str_eq(home(&wish, "4.1.3"), "/e/4.1.3");
        ck_assert_ptr_null(home(&wish, "1.6.0"));
}
END_TEST

START_TEST(test_exact_wish)
{
        EngineWish wish = wish_of("SPARKD_ENGINE", "3.5.6", true, LINES_ALL);
        const Engines none = { 0 };
        CLEANUP_FREE char *text = NULL;

        ck_assert(!engine_wish_is_open(&wish, &all));
        ck_assert_str_eq(home(&wish, "3.5.9"), "/e/3.5.6");
        wish.exact = "3.5.7";
        ck_assert_ptr_null(home(&wish, NULL));
        text = engine_missing_text(&wish, NULL, &none);
        ck_assert_str_eq(text, "no engine for Spark 3.5.7 on this worker (it has none)");
}
END_TEST

/* A cluster-mode driver has its application's settings as Java options. */
START_TEST(test_exact_wish_in_java_options)
{
        const char *options[] = { "-Da=b", "-Dspark.executorEnv.SPARKD_ENGINE=3.5.6", "-Dc=d" };
        StringPair lines = { "SPARKD_LINES", "3.5" };
        const Command command = { .environment = { &lines, 1 }, .java_opts = { options, 3 } };
        EngineWish wish = engine_wish(&command, true, LINES_ALL);

        ck_assert_str_eq(wish.exact, "3.5.6");
        ck_assert_str_eq(home(&wish, NULL), "/e/3.5.6");
}
END_TEST

START_TEST(test_names_for_our_master)
{
        CLEANUP_STRV Strv names = { 0 };
        CLEANUP_FREE char *joined = NULL;

        ck_assert_int_eq(engine_names(&all, &names), 0);
        joined = strv_join(&names, " ");
        ck_assert_str_eq(joined, "4.3.0 4.1.3 3.5.9 3.5.9/2.13 3.5.6");
}
END_TEST

START_TEST(test_worker_ids)
{
        CLEANUP_FREE char *id = NULL, *other = NULL;

        ck_assert_int_eq(setenv("TZ", "UTC", 1), 0);
        ck_assert_int_eq(worker_make_id("worker-%s-%s-%d", 1795228413, "10.0.0.1", 7078, &id), 0);
        ck_assert_str_eq(id, "worker-20261121023333-10.0.0.1-7078");
        ck_assert_int_eq(worker_make_id("%s/100%%/%s%d", 0, "h", 1, &other), 0);
        ck_assert_str_eq(other, "19700101000000/100%/h1");
        ck_assert_int_eq(worker_make_id("worker-%s-%d-%s", 0, "h", 1, &id), -EINVAL);
        ck_assert_int_eq(worker_make_id("worker-%s-%s", 0, "h", 1, &id), -EINVAL);
        ck_assert_int_eq(worker_make_id("%s%s%d%d", 0, "h", 1, &id), -EINVAL);
        ck_assert_int_eq(worker_make_id("%s%s%d%", 0, "h", 1, &id), -EINVAL);
        ck_assert_int_eq(worker_make_id("%s%s%n", 0, "h", 1, &id), -EINVAL);
}
END_TEST

START_TEST(test_bad_settings)
{
        static const char *const lines[][2] = {
                { "id-pattern = %d", ":2: id-pattern: \"%d\" is not a pattern like" },
                { "redaction = (", ":2: redaction: \"(\" is not a regular expression" },
                { "log-level = loud", ":2: log-level: \"loud\" is not debug, info" },
        };
        CLEANUP_UNIT_DIR UnitDir dir = unit_dir();

        for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
                CLEANUP_OPTIONS Options options = { 0 };
                WorkerSettings settings = { 0 };
                CLEANUP_FREE char *text = NULL, *file = NULL;

                ck_assert_int_gt(asprintf(&text, "[worker]\n%s\n", lines[i][0]), 0);
                file = unit_write(&dir, "bad.conf", text);
                char *argv[] = { (char *)"spark-worker", (char *)"--config", file, NULL };
                ck_assert_int_eq(options_load(&options, &worker_options, 3, argv, &settings),
                                 OPTIONS_E_CONFIG);
                ck_assert_ptr_nonnull(strstr(options.text, lines[i][1]));
                options_config_done(&worker_options, &settings);
        }
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("engine-choice");
        TCase *tc = tcase_create("engine-choice");

        tcase_add_test(tc, test_under_a_jvm_master);
        tcase_add_test(tc, test_under_our_master);
        tcase_add_test(tc, test_nothing_known);
        tcase_add_test(tc, test_exact_wish);
        tcase_add_test(tc, test_exact_wish_in_java_options);
        tcase_add_test(tc, test_names_for_our_master);
        tcase_add_test(tc, test_worker_ids);
        tcase_add_test(tc, test_bad_settings);
        suite_add_tcase(suite, tc);
        return unit_run(suite);
}
