/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/common/sparkhome.h"

#include <errno.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static int sign(int v)
{
        return (v > 0) - (v < 0);
}

START_TEST(versions_compare_by_number)
{
        static const char *const rising[] = {
                "3.4.4",          "3.5",   "3.5.0-SNAPSHOT", "3.5.0",  "3.5.1",
                "3.5.1.2",        "3.5.9", "3.5.10",         "3.6.0",  "4.0.0-preview1",
                "4.0.0-preview2", "4.0.0", "4.0.1",          "4.10.0", "10.0.0",
        };
        for (size_t i = 0; i < ARRAY_SIZE(rising); i++)
                for (size_t j = 0; j < ARRAY_SIZE(rising); j++)
                        ck_assert_msg(sign(version_compare(rising[i], rising[j])) ==
                                              (i > j) - (i < j),
                                      "%s and %s", rising[i], rising[j]);
        ck_assert_int_eq(version_compare("3.05.1", "3.5.1"), 0);
}
END_TEST

/* A Spark home DIR/NAME with that jar. */
static void make_home(const UnitDir *d, const char *name, const char *jar)
{
        char path[256];
        (void)snprintf(path, sizeof(path), "%s/jars/%s", name, jar);
        unit_put(d, path, "");
}

START_TEST(a_home_is_read_off_its_jar)
{
        CLEANUP_UNIT_DIR UnitDir d = unit_dir();
        CLEANUP_ENGINES Engines e = { 0 };
        CLEANUP_FREE char *home = path_join(d.path, "spark");
        make_home(&d, "spark", "spark-core_2.12-3.5.9.jar");
        make_home(&d, "spark", "spark-core_2.12-3.5.9-tests.jar");
        make_home(&d, "spark", "spark-sql_2.12-3.5.9.jar");
        make_home(&d, "spark", "spark-core_2.12-3.5.9.jar.asc");
        ck_assert_int_eq(engines_add_home(&e, home), 0);
        ck_assert_uint_eq(e.length, 1);
        ck_assert_str_eq(e.items[0].home, home);
        ck_assert_str_eq(e.items[0].version, "3.5.9");
        ck_assert_str_eq(e.items[0].scala, "2.12");
        ck_assert_int_eq(e.items[0].line, LINE_3_5);
        ck_assert_uint_eq(engines_lines(&e), LINE_BIT(LINE_3_5));
}
END_TEST

START_TEST(what_is_no_home)
{
        CLEANUP_UNIT_DIR UnitDir d = unit_dir();
        CLEANUP_ENGINES Engines e = { 0 };
        static const char *const jars[] = { "spark-core_2.12.jar", "spark-core_-3.5.9.jar",
                                            "spark-core_2.12-.jar", "spark-core_2.12-x.jar",
                                            "spark-core_.jar" };
        ck_assert_int_eq(engines_add_home(&e, d.path), ENGINE_E_NONE);
        for (size_t i = 0; i < ARRAY_SIZE(jars); i++)
                make_home(&d, ".", jars[i]);
        ck_assert_int_eq(engines_add_home(&e, d.path), ENGINE_E_NONE);
        make_home(&d, ".", "spark-core_2.12-3.5.9.jar");
        make_home(&d, ".", "spark-core_2.13-4.0.1.jar");
        ck_assert_int_eq(engines_add_home(&e, d.path), ENGINE_E_MANY);
        ck_assert_int_eq(engines_add_home(&e, "/nonexistent"), ENGINE_E_NONE);
        ck_assert_uint_eq(e.length, 0);
}
END_TEST

static const char *chosen(const Engines *e, LineSet lines, const char *version)
{
        const Engine *engine = engine_choose(e, lines, version);
        return engine ? strrchr(engine->home, '/') + 1 : NULL;
}

START_TEST(an_engine_is_chosen)
{
        CLEANUP_UNIT_DIR UnitDir d = unit_dir();
        CLEANUP_ENGINES Engines e = { 0 };
        make_home(&d, "a", "spark-core_2.12-3.5.9.jar");
        make_home(&d, "b", "spark-core_2.12-3.5.10.jar");
        make_home(&d, "c", "spark-core_2.12-3.5.1.jar");
        make_home(&d, "d", "spark-core_2.13-3.5.10.jar");
        make_home(&d, "e", "spark-core_2.13-4.1.3.jar");
        make_home(&d, "f", "spark-core_2.12-2.4.8.jar");
        unit_put(&d, "README", "");
        unit_put(&d, "empty/file", "");
        ck_assert_int_eq(engines_scan(&e, d.path), 0);
        ck_assert_uint_eq(e.length, 6);
        ck_assert_str_eq(e.items[0].version, "4.1.3");
        ck_assert_str_eq(e.items[5].version, "2.4.8");
        ck_assert_int_eq(e.items[5].line, LINE_INVALID);
        ck_assert_uint_eq(engines_lines(&e),
                          LINE_BIT(LINE_3_5) | LINE_BIT(LINE_3_5_SCALA_2_13) | LINE_BIT(LINE_4_1));

        ck_assert_str_eq(chosen(&e, LINE_BIT(LINE_3_5), "3.5.9"), "a");
        ck_assert_str_eq(chosen(&e, LINE_BIT(LINE_3_5), "3.5.1"), "c");
        ck_assert_str_eq(chosen(&e, LINE_BIT(LINE_3_5), "3.5.4"), "b");
        ck_assert_str_eq(chosen(&e, LINE_BIT(LINE_3_5), NULL), "b");
        ck_assert_str_eq(chosen(&e, LINE_BIT(LINE_3_5_SCALA_2_13), "3.5.9"), "d");
        ck_assert_str_eq(chosen(&e, LINE_BIT(LINE_4_1) | LINE_BIT(LINE_4_2), NULL), "e");
        ck_assert_str_eq(chosen(&e, LINE_BIT(LINE_3_4) | LINE_BIT(LINE_3_5), NULL), "b");
        ck_assert_ptr_null(chosen(&e, LINE_BIT(LINE_4_3), NULL));
        ck_assert_ptr_null(chosen(&e, 0, "3.5.9"));
        ck_assert_ptr_null(chosen(&e, LINES_ALL & ~engines_lines(&e), "2.4.8"));
}
END_TEST

START_TEST(a_link_to_a_sibling_is_no_engine)
{
        CLEANUP_UNIT_DIR UnitDir d = unit_dir(), elsewhere = unit_dir();
        CLEANUP_ENGINES Engines e = { 0 };
        CLEANUP_FREE char *sibling = path_join(d.path, "default");
        CLEANUP_FREE char *other = path_join(d.path, "b");
        make_home(&d, "a", "spark-core_2.12-3.5.9.jar");
        make_home(&elsewhere, ".", "spark-core_2.13-4.1.3.jar");
        ck_assert_int_eq(symlink("a", sibling), 0);
        ck_assert_int_eq(symlink(elsewhere.path, other), 0);
        ck_assert_int_eq(engines_scan(&e, d.path), 0);
        ck_assert_uint_eq(e.length, 2);
        ck_assert_str_eq(e.items[0].home, other);
        ck_assert_str_eq(strrchr(e.items[1].home, '/'), "/a");
}
END_TEST

START_TEST(a_missing_directory_is_told)
{
        CLEANUP_ENGINES Engines e = { 0 };
        ck_assert_int_eq(engines_scan(&e, "/nonexistent"), -ENOENT);
}
END_TEST

UNIT_MAIN("sparkhome", versions_compare_by_number, a_home_is_read_off_its_jar, what_is_no_home,
          an_engine_is_chosen, a_link_to_a_sibling_is_no_engine, a_missing_directory_is_told)
