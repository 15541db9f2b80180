/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"
#include "wire/family.h"

#include <string.h>

#define LINES_SCALA_2_12 (LINE_BIT(LINE_3_4) | LINE_BIT(LINE_3_5))

#define CHECK_EXISTENCE "org.apache.spark.rpc.netty.RpcEndpointVerifier$CheckExistence"
#define PROFILE         "org.apache.spark.resource.ResourceProfile"
#define REF             "org.apache.spark.rpc.RpcEndpointRef"
#define SPARK_EXCEPTION "org.apache.spark.SparkException"

/* UIDs as JVMs of these versions were seen to use them. */
START_TEST(uids_tell_lines)
{
        ck_assert_uint_eq(lines_of_class(CHECK_EXISTENCE, 7789290765573734431), LINES_SCALA_2_12);
        ck_assert_uint_eq(lines_of_class(CHECK_EXISTENCE, 5378738997755484868),
                          LINES_ALL & ~LINES_SCALA_2_12);
        ck_assert_uint_eq(lines_of_class(REF, 3898290494905438830), LINE_BIT(LINE_4_0));
        ck_assert_uint_eq(lines_of_class(REF, -6062078299962416402),
                          LINE_BIT(LINE_4_1) | LINE_BIT(LINE_4_2) | LINE_BIT(LINE_4_3));
        ck_assert_uint_eq(lines_of_class(PROFILE, -7395610577463317059),
                          LINE_BIT(LINE_3_5_SCALA_2_13));
        ck_assert_uint_eq(lines_of_class(PROFILE, -2517983430696660228),
                          LINE_BIT(LINE_4_1) | LINE_BIT(LINE_4_2));
        ck_assert_uint_eq(lines_of_class(PROFILE, -1872747411836192885), LINE_BIT(LINE_4_3));
        ck_assert_uint_eq(lines_of_class(SPARK_EXCEPTION, -2151559301433228860),
                          LINE_BIT(LINE_3_4));
        ck_assert_uint_eq(lines_of_class(SPARK_EXCEPTION, -8295328470332075411),
                          LINE_BIT(LINE_3_5) | LINE_BIT(LINE_3_5_SCALA_2_13));
        ck_assert_uint_eq(lines_of_class(SPARK_EXCEPTION, -6239517610739762819),
                          LINE_BIT(LINE_4_1));
}
END_TEST

START_TEST(unknown_uids_and_classes)
{
        ck_assert_uint_eq(lines_of_class(PROFILE, 1), 0);
        ck_assert_uint_eq(lines_with_suid(PROFILE, 1), 0);
        ck_assert_uint_eq(lines_of_class("com.example.Unknown", 1), LINES_ALL);
        ck_assert_uint_eq(lines_with_suid("com.example.Unknown", 1), 0);
        ck_assert_uint_eq(lines_of_class("", 0), LINES_ALL);
        ck_assert_ptr_null(family_class(FAMILY_A, "com.example.Unknown"));
        ck_assert_ptr_null(known_class_name("zzz"));
        ck_assert_str_eq(known_class_name(PROFILE), PROFILE);
}
END_TEST

START_TEST(classes_of_families)
{
        const ClassInfo *c = family_class(FAMILY_B3, PROFILE);
        ck_assert_ptr_nonnull(c);
        ck_assert_int_eq(c->suid, -1872747411836192885);
        ck_assert_int_eq(c->flags, 0x02);
        ck_assert_int_eq(c->n_fields, 7);
        ck_assert_str_eq(c->fields[0].name, "_coresLimitKnown"); /* primitives come first */
        ck_assert_int_eq(c->fields[0].type, 'Z');
        ck_assert_ptr_null(c->fields[0].signature);
        ck_assert_str_eq(c->fields[2].signature, "Lscala/Option;");
        ck_assert_ptr_null(c->super);
        ck_assert_str_eq(
                family_class(FAMILY_A, "org.apache.spark.resource.TaskResourceProfile")->super,
                PROFILE);
        ck_assert_int_eq(family_class(FAMILY_A, "java.util.concurrent.TimeUnit")->flags, 0x12);
        /* Scala 2.12 and 2.13 have different list proxies. */
        ck_assert_ptr_nonnull(
                family_class(FAMILY_A, "scala.collection.immutable.List$SerializationProxy"));
        ck_assert_ptr_null(
                family_class(FAMILY_B0, "scala.collection.immutable.List$SerializationProxy"));
        /* Added in 4.0. */
        const char *readyz = "org.apache.spark.deploy.DeployMessages$RequestReadyz$";
        ck_assert_ptr_null(family_class(FAMILY_B0, readyz));
        ck_assert_ptr_nonnull(family_class(FAMILY_B1, readyz));
}
END_TEST

/* 3.4 and 3.5 differ in it, so their family has none. */
START_TEST(classes_within_a_family)
{
        ck_assert_ptr_null(family_class(FAMILY_A, SPARK_EXCEPTION));
        ck_assert_int_eq(line_class(LINE_3_4, SPARK_EXCEPTION)->suid, -2151559301433228860);
        ck_assert_int_eq(line_class(LINE_3_5, SPARK_EXCEPTION)->suid, -8295328470332075411);
        ck_assert_ptr_null(line_class(LINE_INVALID, SPARK_EXCEPTION));
        ck_assert_ptr_null(line_class(LINE_MAX, SPARK_EXCEPTION));
}
END_TEST

/* Every class that is in a table has its superclass there too. */
START_TEST(supers_are_known)
{
        for (int line = 0; line < LINE_MAX; line++) {
                const ClassInfo *c =
                        line_class(line, "org.apache.spark.rpc.netty.NettyRpcEndpointRef");
                ck_assert_ptr_nonnull(c);
                ck_assert_ptr_nonnull(line_class(line, c->super));
                c = line_class(line, SPARK_EXCEPTION);
                while (c->super) {
                        c = line_class(line, c->super);
                        ck_assert_ptr_nonnull(c);
                }
                ck_assert_str_eq(c->name, "java.lang.Throwable");
        }
}
END_TEST

START_TEST(names_and_sets)
{
        char text[LINES_TEXT_MAX];
        Family family = FAMILY_MAX;
        ck_assert_int_eq(line_family(LINE_3_4), FAMILY_A);
        ck_assert_int_eq(line_family(LINE_4_2), FAMILY_B2);
        ck_assert_int_eq(line_family(LINE_INVALID), FAMILY_MAX);
        ck_assert(line_is_scala_2_12(LINE_3_5) && !line_is_scala_2_12(LINE_3_5_SCALA_2_13));
        ck_assert_str_eq(line_name(LINE_3_5_SCALA_2_13), "3.5 (Scala 2.13)");
        ck_assert_str_eq(family_name(FAMILY_B1), "B1");
        ck_assert_uint_eq(family_lines(FAMILY_B2), LINE_BIT(LINE_4_1) | LINE_BIT(LINE_4_2));
        ck_assert_int_eq(lines_newest(LINES_SCALA_2_12), LINE_3_5);
        ck_assert_int_eq(lines_newest(0), LINE_INVALID);
        ck_assert(lines_one_family(LINES_SCALA_2_12, &family));
        ck_assert_int_eq(family, FAMILY_A);
        ck_assert(lines_one_family(LINE_BIT(LINE_4_3), &family));
        ck_assert_int_eq(family, FAMILY_B3);
        ck_assert(!lines_one_family(LINES_ALL, &family));
        ck_assert(!lines_one_family(0, &family));
        ck_assert_int_eq(family, FAMILY_B3);
        ck_assert_str_eq(lines_text(LINES_ALL, text),
                         "3.4, 3.5, 3.5 (Scala 2.13), 4.0, 4.1, 4.2, 4.3");
        ck_assert_str_eq(lines_text(0, text), "");
}
END_TEST

START_TEST(versions)
{
        static const struct {
                const char *version, *scala;
                Line line;
        } cases[] = {
                { "3.4.4", NULL, LINE_3_4 },
                { "3.5.9", NULL, LINE_3_5 },
                { "3.5.9", "2.12", LINE_3_5 },
                { "3.5.9", "2.12.18", LINE_3_5 },
                { "3.5.9", "2.13", LINE_3_5_SCALA_2_13 },
                { "4.0.2", NULL, LINE_4_0 },
                { "4.3.0", "2.13.18", LINE_4_3 },
                { "4.3.0-SNAPSHOT", NULL, LINE_4_3 },
                { "4.3", NULL, LINE_4_3 },
                { "4.3.0", "2.12", LINE_INVALID },
                { "3.4.4", "2.13", LINE_INVALID },
                { "3.3.1", NULL, LINE_INVALID },
                { "4.30.1", NULL, LINE_INVALID },
                { "4", NULL, LINE_INVALID },
                { "", NULL, LINE_INVALID },
        };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                ck_assert_int_eq(line_from_version(cases[i].version, cases[i].scala),
                                 cases[i].line);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("family");
        TCase *t = tcase_create("family");
        tcase_add_test(t, uids_tell_lines);
        tcase_add_test(t, unknown_uids_and_classes);
        tcase_add_test(t, classes_of_families);
        tcase_add_test(t, classes_within_a_family);
        tcase_add_test(t, supers_are_known);
        tcase_add_test(t, names_and_sets);
        tcase_add_test(t, versions);
        suite_add_tcase(s, t);
        return unit_run(s);
}
