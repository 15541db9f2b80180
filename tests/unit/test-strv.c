/* SPDX-License-Identifier: Apache-2.0 */
#include "base/strv.h"

#include "tests/unit/unit.h"

START_TEST(strings_are_added_and_the_vector_ends_in_null)
{
        CLEANUP_STRV Strv v = { 0 };
        ck_assert_int_eq(strv_add(&v, "a"), 0);
        ck_assert_int_eq(strv_addf(&v, "-D%s=%d", "x", 3), 0);
        ck_assert_int_eq(strv_add_n(&v, "abcdef", 3), 0);
        ck_assert_uint_eq(v.length, 3);
        ck_assert_str_eq(v.items[0], "a");
        ck_assert_str_eq(v.items[1], "-Dx=3");
        ck_assert_str_eq(v.items[2], "abc");
        ck_assert_ptr_null(v.items[3]);
        ck_assert(strv_contains(&v, "abc"));
        ck_assert(!strv_contains(&v, "ab"));
        strv_done(&v);
        ck_assert_ptr_null(v.items);
        ck_assert(!strv_contains(&v, "abc"));
}
END_TEST

START_TEST(splitting_drops_empty_pieces)
{
        CLEANUP_STRV Strv v = { 0 };
        ck_assert_int_eq(strv_split(&v, ",/a,, /b c,", ", "), 0);
        ck_assert_uint_eq(v.length, 3);
        CLEANUP_FREE char *joined = strv_join(&v, "::");
        ck_assert_str_eq(joined, "/a::/b::c");
        ck_assert_int_eq(strv_split(&v, "", ","), 0);
        ck_assert_int_eq(strv_split(&v, ",,", ","), 0);
        ck_assert_uint_eq(v.length, 3);
}
END_TEST

START_TEST(nothing_joins_to_nothing)
{
        CLEANUP_STRV Strv v = { 0 };
        CLEANUP_FREE char *joined = strv_join(&v, ", ");
        ck_assert_str_eq(joined, "");
}
END_TEST

START_TEST(an_environment_is_set_and_replaced)
{
        CLEANUP_STRV Strv v = { 0 };
        ck_assert_int_eq(strv_env_set(&v, "SPARK_HOME", "/a"), 0);
        ck_assert_int_eq(strv_env_set(&v, "SPARK_HOME_2", "/b"), 0);
        ck_assert_int_eq(strv_env_set(&v, "SPARK_HOME", "/c"), 0);
        ck_assert_int_eq(strv_env_set(&v, "EMPTY", ""), 0);
        ck_assert_uint_eq(v.length, 3);
        ck_assert_str_eq(strv_env_get(&v, "SPARK_HOME"), "/c");
        ck_assert_str_eq(strv_env_get(&v, "SPARK_HOME_2"), "/b");
        ck_assert_str_eq(strv_env_get(&v, "EMPTY"), "");
        ck_assert_ptr_null(strv_env_get(&v, "SPARK_HOM"));
        ck_assert_str_eq(v.items[0], "SPARK_HOME=/c");
}
END_TEST

UNIT_MAIN("strv", strings_are_added_and_the_vector_ends_in_null, splitting_drops_empty_pieces,
          nothing_joins_to_nothing, an_environment_is_set_and_replaced)
