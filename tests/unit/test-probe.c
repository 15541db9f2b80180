/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/probe.h"

#include <string.h>

#include "base/arena.h"
#include "base/limits.h"
#include "tests/unit/unit.h"
#include "wire/codec.h"

/* A line's probe is CheckExistence to everyone, and carries the UIDs of that line. */
START_TEST(question)
{
        CLEANUP_ARENA Arena arena;
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        arena_init(&arena, LIMIT_MESSAGE_ARENA_BYTES);
        Message m;
        DecodeInfo info;
        ck_assert_int_eq(probe_encode(_i, "Master", &b), 0);
        ck_assert_int_eq(message_decode(&arena, b.data, b.size, &m, &info), 0);
        ck_assert_int_eq(m.type, MSG_CHECK_EXISTENCE);
        ck_assert_str_eq(m.check_existence.name, "Master");
        ck_assert_uint_eq(info.lines, probe_confirmed(_i, LINES_ALL));
}
END_TEST

START_TEST(confirmed)
{
        ck_assert_uint_eq(probe_confirmed(LINE_3_4, LINES_ALL), LINE_BIT(LINE_3_4));
        ck_assert_uint_eq(probe_confirmed(LINE_3_5, LINES_ALL), LINE_BIT(LINE_3_5));
        ck_assert_uint_eq(probe_confirmed(LINE_3_5_SCALA_2_13, LINES_ALL),
                          LINE_BIT(LINE_3_5_SCALA_2_13));
        ck_assert_uint_eq(probe_confirmed(LINE_4_0, LINES_ALL), LINE_BIT(LINE_4_0));
        ck_assert_uint_eq(probe_confirmed(LINE_4_1, LINES_ALL), LINE_BIT(LINE_4_1));
        ck_assert_uint_eq(probe_confirmed(LINE_4_2, LINES_ALL), LINE_BIT(LINE_4_2));
        ck_assert_uint_eq(probe_confirmed(LINE_4_3, LINES_ALL), LINE_BIT(LINE_4_3));
        ck_assert_uint_eq(probe_confirmed(LINE_4_3, LINE_BIT(LINE_3_4)), 0);
        ck_assert_uint_eq(probe_confirmed(LINE_INVALID, LINES_ALL), 0);
}
END_TEST

#define NARROW(text, candidates) probe_narrow(text, strlen(text), candidates)

#define INCOMPATIBLE(class, local)                                                                 \
        "java.io.InvalidClassException: " class "; local class incompatible: stream classdesc "    \
                                                "serialVersionUID = 1234, local class "            \
                                                "serialVersionUID = " local "\n\tat java.base/"    \
                                                "java.io.ObjectStreamClass.initNonProxy("          \
                                                "ObjectStreamClass.java:597)\n"

START_TEST(narrowed)
{
        LineSet scala_2_12 = LINE_BIT(LINE_3_4) | LINE_BIT(LINE_3_5);
        const char *text =
                INCOMPATIBLE("org.apache.spark.rpc.netty.RpcEndpointVerifier$CheckExistence",
                             "7789290765573734431");
        ck_assert_uint_eq(NARROW(text, LINES_ALL), scala_2_12);
        ck_assert_uint_eq(NARROW(text, LINE_BIT(LINE_3_5) | LINE_BIT(LINE_4_0)),
                          LINE_BIT(LINE_3_5));
        text = INCOMPATIBLE("org.apache.spark.SparkException", "-7990402199496604704");
        ck_assert_uint_eq(NARROW(text, LINES_ALL), LINE_BIT(LINE_4_2) | LINE_BIT(LINE_4_3));
        text = INCOMPATIBLE("org.apache.spark.resource.ResourceProfile", "-1872747411836192885");
        ck_assert_uint_eq(NARROW(text, LINES_ALL), LINE_BIT(LINE_4_3));
        text = INCOMPATIBLE("org.apache.spark.resource.ResourceProfile", "99");
        ck_assert_uint_eq(NARROW(text, LINES_ALL), 0);
}
END_TEST

/* The text is a peer's: whatever it is, it narrows only when it is what a JVM says. */
START_TEST(texts_that_say_nothing)
{
        static const char *const texts[] = {
                "",
                "org.apache.spark.SparkException: Could not find endpoint-verifier.",
                INCOMPATIBLE("com.example.Class", "99"),
                INCOMPATIBLE("org.apache.spark.SparkException", ""),
                /* of a patch release to come */
                INCOMPATIBLE("org.apache.spark.SparkException", "4711"),
                INCOMPATIBLE("org.apache.spark.SparkException", "99999999999999999999999999999"),
                INCOMPATIBLE("org.apache.spark.SparkException", "--5"),
                "; local class incompatible: , local class serialVersionUID = 5",
                "org.apache.spark.SparkException; local class incompatible: stream",
        };
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                ck_assert_uint_eq(NARROW(texts[i], LINES_ALL), LINES_ALL);
        static char class_name[2000];
        memset(class_name, 'x', sizeof(class_name));
        const char *tail = "; local class incompatible: a, local class serialVersionUID = 5";
        memcpy(class_name + sizeof(class_name) - strlen(tail), tail, strlen(tail));
        ck_assert_uint_eq(probe_narrow(class_name, sizeof(class_name), LINES_ALL), LINES_ALL);
        /* Cut off at any place it is not read beyond. */
        const char *text = INCOMPATIBLE("org.apache.spark.SparkException", "-7990402199496604704");
        for (size_t n = 0; n < strlen(text); n++) {
                char *cut = malloc(n ? n : 1);
                memcpy(cut, text, n);
                (void)probe_narrow(cut, n, LINES_ALL);
                free(cut);
        }
}
END_TEST

int main(void)
{
        Suite *s = suite_create("probe");
        TCase *t = tcase_create("probe");
        tcase_add_loop_test(t, question, 0, LINE_MAX);
        tcase_add_test(t, confirmed);
        tcase_add_test(t, narrowed);
        tcase_add_test(t, texts_that_say_nothing);
        suite_add_tcase(s, t);
        return unit_run(s);
}
