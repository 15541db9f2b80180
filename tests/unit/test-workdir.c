/* SPDX-License-Identifier: Apache-2.0 */
/* Executors' directories, local directories, the clean-up, and custom resources' files. */
#include "daemons/worker/workdir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"
#include "daemons/worker/log-file.h"
#include "daemons/worker/resources.h"
#include "tests/unit/unit.h"

static char *top; /* a fresh directory for each test */

static void set_up(void)
{
        char template[] = "/tmp/test-workdir-XXXXXX";

        ck_assert_ptr_nonnull(mkdtemp(template));
        top = strdup(template);
}

static void tear_down(void)
{
        ck_assert_int_eq(dir_remove(top), 0);
        free(top);
}

static char *below(const char *name)
{
        char *path = path_join(top, name);

        ck_assert_ptr_nonnull(path);
        return path;
}

static bool exists(const char *name)
{
        CLEANUP_FREE char *path = below(name);
        struct stat st;

        return lstat(path, &st) == 0;
}

static void make_dir(const char *name)
{
        CLEANUP_FREE char *path = below(name);

        ck_assert_int_eq(dir_make(path, 0755), 0);
}

static void write_text(const char *name, const char *text)
{
        CLEANUP_FREE char *path = below(name);
        CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static char *content(const char *path)
{
        char *text = NULL;
        size_t size;

        ck_assert_int_eq(file_read(path, 65536, &text, &size), 0);
        return text;
}

/* Sets the time of what `name` is, link or not. */
static void set_age(const char *name, time_t seconds)
{
        CLEANUP_FREE char *path = below(name);
        const struct timespec t = { .tv_sec = time(NULL) - seconds };
        const struct timespec times[2] = { t, t };

        ck_assert_int_eq(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

START_TEST(test_ids)
{
        static const char *const good[] = {
                "app-20261121023340-0000", "my_app", "a", "ünï", "a..b", "a b"
        };
        static const char *const bad[] = { "",  ".",    "..",     ".hidden", "a/b",
                                           "/", "a\nb", "a\177b", "../etc" };
        char longest[300];

        for (size_t i = 0; i < ARRAY_SIZE(good); i++)
                ck_assert_msg(workdir_id_valid(good[i]), "%s", good[i]);
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                ck_assert_msg(!workdir_id_valid(bad[i]), "%s", bad[i]);
        ck_assert(!workdir_id_valid(NULL));
        memset(longest, 'a', sizeof(longest));
        longest[255] = '\0';
        ck_assert(workdir_id_valid(longest));
        longest[255] = 'a';
        longest[256] = '\0';
        ck_assert(!workdir_id_valid(longest));
}
END_TEST

START_TEST(test_executor_directory)
{
        CLEANUP_FREE char *path = NULL, *again = NULL, *err = NULL, *text = NULL;

        ck_assert_int_eq(workdir_make(top, "../app", 0, SHARE_NOBODY, &path), -EINVAL);
        ck_assert_int_eq(workdir_make(top, "app-1", 7, SHARE_NOBODY, &path), 0);
        ck_assert(exists("app-1/7"));
        ck_assert_int_eq(workdir_make(top, "app-1", 7, SHARE_NOBODY, &again), 0);
        write_text("app-1/7/stderr", "of an earlier life");
        ck_assert_int_eq(
                workdir_write_header(path, "Spark Executor Command", "\"java\" \"Main\"", false),
                0);
        err = path_join(path, "stderr");
        text = content(err);
        ck_assert_str_eq(text, "Spark Executor Command: \"java\" \"Main\"\n"
                               "========================================\n\n");
}
END_TEST

START_TEST(test_header_does_not_follow_links)
{
        CLEANUP_FREE char *victim = below("victim"), *link = below("stderr"), *text = NULL;

        write_text("victim", "precious");
        ck_assert_int_eq(symlink(victim, link), 0);
        ck_assert_int_eq(workdir_write_header(top, "T", "x", false), -ELOOP);
        text = content(victim);
        ck_assert_str_eq(text, "precious");
        ck_assert_int_eq(unlink(link), 0);
        ck_assert_int_eq(mkfifo(link, 0600), 0); /* nor waits for somebody who reads */
        ck_assert_int_eq(workdir_write_header(top, "T", "x", true), -ENXIO);
}
END_TEST

START_TEST(test_resources_of_an_executor)
{
        const char *addresses[] = { "0", "3" };
        struct ResourceEntry gpu = { .key = "gpu",
                                     .value = { .name = "gpu", .addresses = { addresses, 2 } } };
        const ResourceMap one = { &gpu, 1 }, none = { 0 };
        CLEANUP_FREE char *path = NULL, *text = NULL;

        ck_assert_int_eq(workdir_write_resources(top, "executor", &none, SHARE_NOBODY, &path), 0);
        ck_assert_ptr_null(path);
        ck_assert_int_eq(workdir_write_resources(top, "executor", &one, SHARE_NOBODY, &path), 0);
        ck_assert_ptr_nonnull(strstr(path, "/resource-executor-"));
        text = content(path);
        ck_assert_str_eq(text, "[{\"id\":{\"componentName\":\"spark.executor\","
                               "\"resourceName\":\"gpu\"},\"addresses\":[\"0\",\"3\"]}]");
}
END_TEST

START_TEST(test_of_a_driver)
{
        const char *addresses[] = { "7" };
        struct ResourceEntry gpu = { .key = "gpu",
                                     .value = { .name = "gpu", .addresses = { addresses, 1 } } };
        const ResourceMap one = { &gpu, 1 };
        CLEANUP_FREE char *dir = NULL, *path = NULL, *resources = NULL, *log = NULL;

        ck_assert_int_eq(workdir_make_driver(top, "../x", SHARE_NOBODY, &dir), -EINVAL);
        ck_assert_int_eq(workdir_make_driver(top, "driver-1", SHARE_NOBODY, &dir), 0);
        ck_assert_int_eq(workdir_write_resources(dir, "driver", &one, SHARE_NOBODY, &path), 0);
        ck_assert_int_eq(strncmp(path + strlen(dir), "/resource-driver-", 17), 0);
        resources = content(path);
        ck_assert_ptr_nonnull(strstr(resources, "\"componentName\":\"spark.driver\""));

        /* One header for each run, behind what the last one wrote. */
        ck_assert_int_eq(workdir_write_header(dir, "Launch Command", "a", true), 0);
        ck_assert_int_eq(workdir_write_header(dir, "Launch Command", "b", true), 0);
        free(TAKE_PTR(path));
        path = path_join(dir, "stderr");
        log = content(path);
        ck_assert_str_eq(log, "Launch Command: a\n========================================\n\n"
                              "Launch Command: b\n========================================\n\n");
}
END_TEST

START_TEST(test_resources_of_the_worker)
{
        static const char file[] =
                "[{\"id\":{\"componentName\":\"spark.worker\",\"resourceName\":\"gpu\"},"
                "\"addresses\":[\"0\",\"1\"]},"
                "{\"id\":{\"componentName\":\"spark.driver\",\"resourceName\":\"x\"},"
                "\"addresses\":[]}]";
        static const char *const bad[] = { "", "{}", "[1",
                                           "[{\"id\":{\"componentName\":"
                                           "\"spark.worker\"},\"addresses\":[]}]",
                                           "[{\"id\":{\"componentName\":\"spark.worker\","
                                           "\"resourceName\":\"g\"},\"addresses\":[1]}]" };
        static const char printed[] = "{\"name\":\"f\",\"addresses\":[\"a\"]}\n";
        CLEANUP_ARENA Arena a;
        ResourceInformation info;
        ResourceMap map;

        arena_init(&a, 1 << 20);
        ck_assert_int_eq(resources_parse_file(&a, file, strlen(file), &map), 0);
        ck_assert_uint_eq(map.length, 1);
        ck_assert_str_eq(map.items[0].key, "gpu");
        ck_assert_uint_eq(map.items[0].value.addresses.length, 2);
        ck_assert_str_eq(map.items[0].value.addresses.items[1], "1");
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                ck_assert_msg(resources_parse_file(&a, bad[i], strlen(bad[i]), &map) == -EBADMSG,
                              "%s", bad[i]);
        ck_assert_int_eq(resource_parse(&a, printed, strlen(printed), &info), 0);
        ck_assert_str_eq(info.name, "f");
        ck_assert_str_eq(info.addresses.items[0], "a");
        ck_assert_int_eq(resource_parse(&a, "{\"addresses\":[\"a\"]}", 19, &info), -EBADMSG);
        ck_assert_int_eq(resource_parse(&a, "", 0, &info), -EBADMSG);
}
END_TEST

START_TEST(test_local_directories)
{
        CLEANUP_FREE char *setting = NULL;
        CLEANUP_STRV Strv environment = { 0 }, taken = { 0 };
        const Strv *dirs, *again;
        LocalDirs l;
        struct stat st;

        make_dir("a");
        write_text("b", "no directory");
        ck_assert_int_gt(asprintf(&setting, "%s/a,%s/b/c,%s/new", top, top, top), 0);
        ck_assert_int_eq(strv_env_set(&environment, "SPARK_LOCAL_DIRS", setting), 0);
        ck_assert_int_eq(local_dirs_init(&l, &environment, "/not/this"), 0);
        ck_assert_int_eq(local_dirs_get(&l, "app-1", &dirs), 0);
        /* One root is broken; the others do. */
        ck_assert_uint_eq(dirs->length, 2);
        ck_assert_ptr_nonnull(strstr(dirs->items[0], "/a/spark-"));
        ck_assert_ptr_nonnull(strstr(dirs->items[0], "/executor-"));
        ck_assert_int_eq(stat(dirs->items[0], &st), 0);
        ck_assert_int_eq(st.st_mode & 07777, 0700);
        ck_assert_int_eq(local_dirs_get(&l, "app-1", &again), 0);
        ck_assert_ptr_eq(dirs, again);
        taken = local_dirs_take(&l, "app-1");
        ck_assert_uint_eq(taken.length, 2);
        ck_assert_uint_eq(local_dirs_take(&l, "app-1").length, 0);
        ck_assert_int_eq(local_dirs_get(&l, "app-2", &dirs), 0);
        local_dirs_done(&l);
        /* Nothing of this process is left, but the roots are. */
        ck_assert_int_eq(stat(taken.items[0], &st), -1);
        ck_assert(exists("a") && exists("new"));
        ck_assert_int_eq(rmdir(taken.items[0]), -1);
        ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(test_where_local_directories_are)
{
        CLEANUP_STRV Strv environment = { 0 };
        const Strv *dirs;
        LocalDirs l;

        ck_assert_int_eq(local_dirs_init(&l, &environment, NULL), 0);
        ck_assert_str_eq(l.roots.items[0], "/tmp");
        local_dirs_done(&l);
        ck_assert_int_eq(strv_env_set(&environment, "TMPDIR", "/t"), 0);
        ck_assert_int_eq(local_dirs_init(&l, &environment, NULL), 0);
        ck_assert_str_eq(l.roots.items[0], "/t");
        local_dirs_done(&l);
        ck_assert_int_eq(local_dirs_init(&l, &environment, "/c,/d"), 0);
        ck_assert_str_eq(l.roots.items[1], "/d");
        local_dirs_done(&l);
        ck_assert_int_eq(strv_env_set(&environment, "SPARK_LOCAL_DIRS", "/e,/f"), 0);
        ck_assert_int_eq(
                strv_env_set(&environment, "SPARK_EXECUTOR_DIRS", "/dev/null/g:/dev/null/h"), 0);
        ck_assert_int_eq(local_dirs_init(&l, &environment, "/c"), 0);
        ck_assert_uint_eq(l.roots.length, 2);
        ck_assert_str_eq(l.roots.items[1], "/dev/null/h");
        ck_assert_int_eq(local_dirs_get(&l, "app", &dirs), -ENOTDIR);
        local_dirs_done(&l);
}
END_TEST

START_TEST(test_clean)
{
        CLEANUP_STRV Strv keep = { 0 }, left = { 0 };
        CLEANUP_FREE char *outside = below("outside"), *link = below("work/link"),
                          *inner = below("work/old/0/link"), *work = below("work");
        const int64_t cutoff = (int64_t)time(NULL) - 1000;

        make_dir("outside");
        write_text("outside/file", "x");
        make_dir("work/old/0");
        write_text("work/old/0/stdout", "x");
        ck_assert_int_eq(symlink(outside, inner), 0);
        set_age("work/old/0/link", 5000);
        set_age("work/old/0/stdout", 5000);
        set_age("work/old/0", 5000);
        make_dir("work/young/0");
        write_text("work/young/0/stdout", "x");
        set_age("work/young/0", 5000);
        make_dir("work/running");
        make_dir("work/empty");
        write_text("work/file", "x");
        set_age("work/file", 5000);
        ck_assert_int_eq(symlink(outside, link), 0);
        set_age("work/link", 5000);
        ck_assert_int_eq(strv_add(&keep, "running"), 0);

        ck_assert_int_eq(workdir_clean(work, &keep, cutoff, &left), 2);
        ck_assert(!exists("work/old"));
        ck_assert(!exists("work/empty"));
        ck_assert(exists("work/young/0/stdout"));
        ck_assert(exists("work/running"));
        ck_assert(exists("work/file"));
        ck_assert(exists("work/link"));
        ck_assert(exists("outside/file"));
        ck_assert_int_eq(workdir_clean("/nowhere/at-all", &keep, cutoff, &left), -ENOENT);
}
END_TEST

START_TEST(test_log_pieces)
{
        static const struct {
                int64_t offset, length, start, end;
        } cases[] = {
                { LOG_FILE_END, 4, 6, 10 },
                { LOG_FILE_END, 100, 0, 10 },
                { 0, 3, 0, 3 },
                { 8, 100, 8, 10 },
                { -5, 3, 0, 3 },
                { 100, 5, 10, 10 },
                { 3, -1, 3, 3 },
                { INT64_MAX, INT64_MAX, 10, 10 },
        };

        make_dir("app/0");
        write_text("app/0/stdout", "0123456789");
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                CLEANUP(log_piece_done) LogPiece piece = { 0 };

                ck_assert_int_eq(log_file_read(top, "app", "0", "stdout", cases[i].offset,
                                               cases[i].length, &piece),
                                 0);
                ck_assert_int_eq(piece.start, cases[i].start);
                ck_assert_int_eq(piece.end, cases[i].end);
                ck_assert_int_eq(piece.total, 10);
                ck_assert_uint_eq(piece.text.size, (size_t)(piece.end - piece.start));
                ck_assert(piece.text.size == 0 ||
                          memcmp(piece.text.data, &"0123456789"[piece.start], piece.text.size) ==
                                  0);
        }
}
END_TEST

START_TEST(test_log_names)
{
        CLEANUP_FREE char *link = below("app/0/stderr"), *dir_link = below("app/1");
        LogPiece piece = { 0 };

        make_dir("app/0");
        write_text("secret", "x");
        ck_assert_int_eq(symlink("../../secret", link), 0);
        ck_assert_int_eq(symlink("/etc", dir_link), 0);
        ck_assert_int_eq(log_file_read(top, "app", "0", "stderr", 0, 9, &piece), -ELOOP);
        ck_assert_int_eq(log_file_read(top, "app", "1", "stdout", 0, 9, &piece), -ENOTDIR);
        ck_assert_int_eq(log_file_read(top, "..", "0", "stdout", 0, 9, &piece), LOG_FILE_E_NAME);
        ck_assert_int_eq(log_file_read(top, "app", "../..", "stdout", 0, 9, &piece),
                         LOG_FILE_E_NAME);
        ck_assert_int_eq(log_file_read(top, "app", "0", "../../secret", 0, 9, &piece),
                         LOG_FILE_E_TYPE);
        ck_assert_int_eq(log_file_read(top, "app", "0", "stdout", 0, 9, &piece), 0);
        ck_assert_int_eq(piece.total, 0);
        /* A pipe must not make us wait. */
        free(link);
        link = below("app/0/stdout");
        ck_assert_int_eq(mkfifo(link, 0644), 0);
        ck_assert_int_eq(log_file_read(top, "app", "0", "stdout", 0, 9, &piece), -EINVAL);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("workdir");
        TCase *tc = tcase_create("workdir");

        tcase_add_checked_fixture(tc, set_up, tear_down);
        tcase_add_test(tc, test_ids);
        tcase_add_test(tc, test_executor_directory);
        tcase_add_test(tc, test_header_does_not_follow_links);
        tcase_add_test(tc, test_resources_of_an_executor);
        tcase_add_test(tc, test_of_a_driver);
        tcase_add_test(tc, test_resources_of_the_worker);
        tcase_add_test(tc, test_local_directories);
        tcase_add_test(tc, test_where_local_directories_are);
        tcase_add_test(tc, test_clean);
        tcase_add_test(tc, test_log_pieces);
        tcase_add_test(tc, test_log_names);
        suite_add_tcase(suite, tc);
        return unit_run(suite);
}
