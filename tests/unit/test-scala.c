/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/scala.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/limits.h"
#include "tests/unit/unit.h"
#include "wire/jread.h"
#include "wire/jwrite.h"

static void check_string(const JValue *v, const char *letter, size_t number)
{
        char expected[32];
        (void)snprintf(expected, sizeof(expected), "%s%zu", letter, number);
        ck_assert_ptr_nonnull(v);
        ck_assert_int_eq(v->kind, J_STRING);
        ck_assert_str_eq(v->string.bytes, expected);
}

static int compare_keys(const void *a, const void *b)
{
        const JValue *const *x = a, *const *y = b;
        int by_length = (int)x[0]->string.size - (int)y[0]->string.size;
        return by_length ? by_length : strcmp(x[0]->string.bytes, y[0]->string.bytes);
}

static JValue *read_file(Arena *arena, const char *path)
{
        CLEANUP_FREE char *bytes = NULL;
        size_t size;
        JValue *root;
        ck_assert_int_eq(file_read(path, MIB(1), &bytes, &size), 0);
        ck_assert_int_eq(jread(arena, bytes, size, NULL, NULL, &root), JREAD_OK);
        return root;
}

/* A file's name says what is in it: tests/interop/WriteCollections.java. */
static void check_file(const char *path)
{
        CLEANUP_ARENA Arena arena;
        arena_init(&arena, LIMIT_MESSAGE_ARENA_BYTES);
        const char *name = strrchr(path, '/') + 1;
        unsigned n;
        ScalaItems items;
        bool is_map = strncmp(name, "map-", 4) == 0;
        ck_assert_int_eq(sscanf(name + 4, "%u", &n), 1);
        const JValue *root = read_file(&arena, path);
        int r = is_map ? scala_pairs(&arena, root, &items) : scala_items(&arena, root, &items);
        ck_assert_msg(r == 0, "%s: %d, a %s", path, r, scala_class_name(root));
        ck_assert_uint_eq(items.length, n);
        size_t first = strstr(name, "moved") ? 5 : 0;
        if (is_map && n > 0)
                qsort(items.items, n, 2 * sizeof(*items.items), compare_keys);
        for (size_t i = 0; i < n; i++) {
                check_string(items.items[is_map ? 2 * i : i], is_map ? "k" : "e", first + i);
                if (is_map)
                        check_string(items.items[2 * i + 1], "v", i);
        }
}

START_TEST(collections_of_jvms)
{
        char pattern[4096];
        const char *srcdir = getenv("srcdir");
        (void)snprintf(pattern, sizeof(pattern), "%s/tests/data/collections/*/*",
                       srcdir ? srcdir : ".");
        glob_t found;
        ck_assert_msg(glob(pattern, 0, NULL, &found) == 0, "no file matches %s", pattern);
        for (size_t i = 0; i < found.gl_pathc; i++)
                check_file(found.gl_pathv[i]);
        globfree(&found);
}
END_TEST

/* Writes and reads what was built, as another process would. */
static const JValue *passed_on(TreeBuilder *b, const JValue *v)
{
        CLEANUP_BUFFER Buffer out = BUFFER_INIT(0);
        JValue *back;
        ck_assert_int_eq(b->error, 0);
        ck_assert_int_eq(jwrite(v, &out), 0);
        ck_assert_int_eq(jread(b->arena, out.data, out.size, NULL, NULL, &back), JREAD_OK);
        return back;
}

START_TEST(built_values)
{
        CLEANUP_ARENA Arena arena;
        arena_init(&arena, LIMIT_MESSAGE_ARENA_BYTES);
        TreeBuilder b = { .arena = &arena, .line = _i };
        const JValue *value;
        ScalaItems items;
        int64_t bits;
        int32_t ordinal;
        JValue *texts[] = { tree_text(&b, "e0"), tree_text(&b, "e1"), tree_text(&b, "e2"),
                            tree_text(&b, "e3") };

        ck_assert_int_eq(scala_option(passed_on(&b, scala_make_option(&b, NULL)), &value), 0);
        ck_assert_ptr_null(value);
        ck_assert_int_eq(scala_option(passed_on(&b, scala_make_option(&b, texts[1])), &value), 0);
        check_string(value, "e", 1);

        ck_assert_int_eq(scala_items(&arena, passed_on(&b, scala_make_list(&b, texts, 4)), &items),
                         0);
        ck_assert_uint_eq(items.length, 4);
        check_string(items.items[3], "e", 3);
        ck_assert_int_eq(scala_pairs(&arena, passed_on(&b, scala_make_map(&b, texts, 2)), &items),
                         0);
        ck_assert_uint_eq(items.length, 2);
        check_string(items.items[2], "e", 2);
        ck_assert_int_eq(scala_pairs(&arena, passed_on(&b, scala_make_map(&b, texts, 0)), &items),
                         0);
        ck_assert_uint_eq(items.length, 0);

        const char *states = "org.apache.spark.deploy.ExecutorState$";
        value = passed_on(&b, scala_make_enum(&b, states, 3));
        ck_assert_int_eq(scala_enum(value, states, &ordinal), 0);
        ck_assert_int_eq(ordinal, 3);
        ck_assert_int_eq(scala_enum(value, "org.apache.spark.deploy.master.DriverState$", &ordinal),
                         SCALA_E_SHAPE);

        value = passed_on(&b, tree_boxed(&b, 'J', -7));
        ck_assert_int_eq(java_boxed(value, 'J', &bits), 0);
        ck_assert_int_eq(bits, -7);
        ck_assert_int_eq(java_boxed(value, 'I', &bits), SCALA_E_SHAPE);
        ck_assert_str_eq(scala_class_name(passed_on(&b, scala_make_object(&b, states))), states);
}
END_TEST

/* Class descriptors and the strings in them are made once. */
START_TEST(descriptors_are_shared)
{
        CLEANUP_ARENA Arena arena;
        arena_init(&arena, LIMIT_MESSAGE_ARENA_BYTES);
        TreeBuilder b = { .arena = &arena, .line = LINE_4_3 };
        JValue *x = tree_boxed(&b, 'I', 1), *y = tree_boxed(&b, 'I', 2);
        ck_assert_ptr_eq(x->object.class, y->object.class);
        const JClass *some = tree_class(&b, "scala.Some"), *tuple = tree_class(&b, "scala.Tuple2");
        ck_assert_ptr_eq(some->fields[0].signature, tuple->fields[1].signature);
        ck_assert_ptr_eq(some->super, tree_class(&b, "scala.Option"));
}
END_TEST

START_TEST(failures_stick)
{
        CLEANUP_ARENA Arena arena;
        arena_init(&arena, LIMIT_MESSAGE_ARENA_BYTES);
        TreeBuilder b = { .arena = &arena, .line = LINE_3_4 };
        ck_assert_ptr_null(tree_object(&b, "com.example.Unknown"));
        ck_assert_int_eq(b.error, -EOPNOTSUPP);
        ck_assert_ptr_null(tree_text(&b, "\xff"));
        ck_assert_ptr_null(scala_make_option(&b, NULL));
        ck_assert_int_eq(b.error, -EOPNOTSUPP);

        b = (TreeBuilder){ .arena = &arena, .line = LINE_3_4 };
        ck_assert_ptr_null(tree_text(&b, "\xff"));
        ck_assert_int_eq(b.error, -EINVAL);

        b = (TreeBuilder){ .arena = &arena, .line = LINE_3_4 };
        tree_set_bits(&b, tree_boxed(&b, 'I', 1), "nothing", 0);
        ck_assert_int_eq(b.error, -EINVAL);

        arena_done(&arena);
        arena_init(&arena, 100);
        b = (TreeBuilder){ .arena = &arena, .line = LINE_3_4 };
        ck_assert_ptr_null(tree_boxed(&b, 'I', 1));
        ck_assert_int_eq(b.error, -EMSGSIZE);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("scala");
        TCase *t = tcase_create("scala");
        tcase_add_test(t, collections_of_jvms);
        tcase_add_loop_test(t, built_values, 0, LINE_MAX);
        tcase_add_test(t, descriptors_are_shared);
        tcase_add_test(t, failures_stick);
        suite_add_tcase(s, t);
        return unit_run(s);
}
