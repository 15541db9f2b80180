/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What unit tests share: a main from a list of tests, and files in a directory of their own.
 */

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/macro.h"

/* What main() returns: runs the suite, which is gone then. */
static inline int unit_run(Suite *s)
{
        SRunner *r = srunner_create(s);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static inline int unit_main(const char *name, const TTest *const *tests, size_t n)
{
        Suite *s = suite_create(name);
        TCase *t = tcase_create(name);
        tcase_set_timeout(t, 60); /* for one that hangs: a busy disk takes seconds for some */
        for (size_t i = 0; i < n; i++)
                tcase_add_test(t, tests[i]);
        suite_add_tcase(s, t);
        return unit_run(s);
}

#define UNIT_MAIN(name, ...)                                                                       \
        int main(void)                                                                             \
        {                                                                                          \
                const TTest *const tests[] = { __VA_ARGS__ };                                      \
                return unit_main(name, tests, ARRAY_SIZE(tests));                                  \
        }

/* A directory that is gone with the variable; ".path" is absolute. */
typedef struct UnitDir {
        char path[64];
} UnitDir;

static inline void unit_dir_done(UnitDir *d)
{
        ck_assert_int_eq(dir_remove(d->path), 0);
}

static inline UnitDir unit_dir(void)
{
        UnitDir d = { "/tmp/sparkd-test-XXXXXX" };
        ck_assert_ptr_nonnull(mkdtemp(d.path));
        return d;
}

#define CLEANUP_UNIT_DIR CLEANUP(unit_dir_done)

/* Writes DIR/NAME, with the directories it needs; returns the path, owned by the caller. */
static inline char *unit_write(const UnitDir *d, const char *name, const char *text)
{
        char *path = path_join(d->path, name);
        ck_assert_ptr_nonnull(path);
        char *slash = strrchr(path, '/');
        *slash = '\0';
        ck_assert_int_eq(dir_make(path, 0755), 0);
        *slash = '/';
        FILE *f = fopen(path, "we");
        ck_assert_ptr_nonnull(f);
        ck_assert_int_ge(fputs(text, f), 0);
        ck_assert_int_eq(fclose(f), 0);
        return path;
}

/* The same where the path does not matter. */
static inline void unit_put(const UnitDir *d, const char *name, const char *text)
{
        free(unit_write(d, name, text));
}
