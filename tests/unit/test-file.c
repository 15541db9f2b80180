/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "base/problem.h"
#include "tests/unit/unit.h"

START_TEST(a_file_is_read_whole_or_not_at_all)
{
        CLEANUP_UNIT_DIR UnitDir d = unit_dir();
        CLEANUP_FREE char *path = unit_write(&d, "f", "0123456789");
        CLEANUP_FREE char *text = NULL;
        size_t size = 0;
        ck_assert_int_eq(file_read(path, 9, &text, &size), -EFBIG);
        ck_assert_ptr_null(text);
        ck_assert_int_eq(file_read(path, 10, &text, &size), 0);
        ck_assert_uint_eq(size, 10);
        ck_assert_str_eq(text, "0123456789");
        CLEANUP_FREE char *again = NULL, *empty_path = unit_write(&d, "empty", "");
        ck_assert_int_eq(file_read(empty_path, 0, &again, &size), 0);
        ck_assert_str_eq(again, "");
        ck_assert_int_eq(file_read(d.path, 10, &text, &size), -EISDIR);
        ck_assert_int_eq(file_read("/nonexistent/file", 10, &text, &size), -ENOENT);
}
END_TEST

START_TEST(a_large_file_is_read)
{
        CLEANUP_UNIT_DIR UnitDir d = unit_dir();
        CLEANUP_FREE char *big = calloc(1, 300001), *text = NULL;
        memset(big, 'x', 300000);
        CLEANUP_FREE char *path = unit_write(&d, "f", big);
        size_t size;
        ck_assert_int_eq(file_read(path, MIB(1), &text, &size), 0);
        ck_assert_uint_eq(size, 300000);
        ck_assert_str_eq(text, big);
}
END_TEST

START_TEST(a_pipe_is_read_to_its_end_or_as_far_as_there_is_room)
{
        char text[8];
        int fds[2];

        ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
        ck_assert_int_eq(write(fds[1], "01234", 5), 5);
        ck_assert_int_eq(write(fds[1], "56789", 5), 5);
        close_fd(&fds[1]);
        ck_assert_int_eq(fd_read(fds[0], text, sizeof(text)), 8);
        ck_assert_mem_eq(text, "01234567", 8);
        ck_assert_int_eq(fd_read(fds[0], text, sizeof(text)), 2);
        ck_assert_int_eq(fd_read(fds[0], text, sizeof(text)), 0);
        close_fd(&fds[0]);
        ck_assert_int_eq(fd_read(fds[0], text, sizeof(text)), -EBADF);
}
END_TEST

START_TEST(a_problem_has_words_and_a_result)
{
        CLEANUP_FREE char *text = NULL;

        ck_assert_int_eq(problem_set(&text, 7, "no %s", "disk"), 7);
        ck_assert_str_eq(text, "no disk");
}
END_TEST

/* As users' code may leave it where a log is to be written. */
START_TEST(only_plain_files_are_opened)
{
        CLEANUP_UNIT_DIR UnitDir d = unit_dir();
        CLEANUP_FREE char *path = path_join(d.path, "log"), *link = path_join(d.path, "link");
        CLEANUP_FREE char *pipe = path_join(d.path, "pipe");
        CLEANUP_CLOSE int fd = file_open_plain(path, O_APPEND, 0640), reader = -1;
        struct stat st;

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK),
                         O_WRONLY | O_APPEND);
        ck_assert_int_eq(fstat(fd, &st), 0);
        ck_assert_uint_eq(st.st_mode & 0137, 0);
        ck_assert_int_eq(symlink(path, link), 0);
        ck_assert_int_eq(file_open_plain(link, O_APPEND, 0640), -ELOOP);
        ck_assert_int_eq(mkfifo(pipe, 0600), 0);
        ck_assert_int_eq(file_open_plain(pipe, O_APPEND, 0640), -ENXIO);
        reader = open(pipe, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        ck_assert_int_ge(reader, 0);
        ck_assert_int_eq(file_open_plain(pipe, O_TRUNC, 0640), -EINVAL);
        ck_assert_int_eq(file_open_plain(d.path, O_APPEND, 0640), -EISDIR);
}
END_TEST

START_TEST(directories_are_made)
{
        CLEANUP_UNIT_DIR UnitDir d = unit_dir();
        CLEANUP_FREE char *deep = path_join(d.path, "a//b/./c/");
        struct stat st;
        mode_t mask = umask(022);
        ck_assert_int_eq(dir_make(deep, 0700), 0);
        ck_assert_int_eq(dir_make(deep, 0755), 0); /* is there already, stays as it is */
        (void)umask(mask);
        ck_assert_int_eq(stat(deep, &st), 0);
        ck_assert_uint_eq(st.st_mode, S_IFDIR | 0700);
        CLEANUP_FREE char *parent = path_join(d.path, "a/b");
        ck_assert_int_eq(stat(parent, &st), 0);
        ck_assert_uint_eq(st.st_mode, S_IFDIR | 0755);
        CLEANUP_FREE char *file = unit_write(&d, "f", "");
        CLEANUP_FREE char *below = path_join(file, "x");
        ck_assert_int_eq(dir_make(file, 0755), -ENOTDIR);
        ck_assert_int_eq(dir_make(below, 0755), -ENOTDIR);
        ck_assert_int_eq(dir_make("/", 0755), 0);
}
END_TEST

START_TEST(a_tree_is_removed_but_not_what_links_point_to)
{
        CLEANUP_UNIT_DIR UnitDir d = unit_dir();
        CLEANUP_FREE char *kept = unit_write(&d, "kept/file", "x");
        CLEANUP_FREE char *inner = unit_write(&d, "tree/a/b/file", "x");
        CLEANUP_FREE char *tree = path_join(d.path, "tree");
        CLEANUP_FREE char *link = path_join(d.path, "tree/a/link");
        CLEANUP_FREE char *outer = path_join(d.path, "outer");
        ck_assert_int_eq(symlink("../../kept", link), 0);
        ck_assert_int_eq(symlink("tree", outer), 0);
        ck_assert_int_lt(dir_remove(outer), 0); /* a link itself is not a tree of ours */
        ck_assert_int_eq(access(inner, F_OK), 0);
        ck_assert_int_eq(dir_remove(tree), 0);
        ck_assert_int_eq(access(tree, F_OK), -1);
        ck_assert_int_eq(access(kept, F_OK), 0);
        ck_assert_int_eq(dir_remove(tree), 0); /* absent is fine */
        ck_assert_int_eq(dir_remove(kept), -ENOTDIR);
}
END_TEST

START_TEST(a_bottomless_tree_is_an_error)
{
        char path[64] = "/tmp/sparkd-test-XXXXXX";
        ck_assert_ptr_nonnull(mkdtemp(path));
        CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        for (int i = 0; i < LIMIT_DIR_DEPTH + 5; i++) {
                ck_assert_int_eq(mkdirat(fd, "d", 0755), 0);
                int next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                close_fd(&fd);
                fd = next;
        }
        ck_assert_int_eq(dir_remove(path), -ELOOP);
        /* from further down there is less below */
        char further[128];
        (void)snprintf(further, sizeof(further), "%s/d/d/d/d/d/d/d/d/d/d", path);
        ck_assert_int_eq(dir_remove(further), 0);
        ck_assert_int_eq(dir_remove(path), 0);
}
END_TEST

START_TEST(paths_are_joined)
{
        static const char *const cases[][3] = {
                { "/a", "b", "/a/b" }, { "/a/", "b", "/a/b" },  { "/a//", "//b", "/a/b" },
                { "/", "b", "/b" },    { "a", "b/c", "a/b/c" },
        };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                CLEANUP_FREE char *path = path_join(cases[i][0], cases[i][1]);
                ck_assert_str_eq(path, cases[i][2]);
        }
}
END_TEST

UNIT_MAIN("file", a_file_is_read_whole_or_not_at_all, a_large_file_is_read,
          a_pipe_is_read_to_its_end_or_as_far_as_there_is_room, a_problem_has_words_and_a_result,
          only_plain_files_are_opened, directories_are_made,
          a_tree_is_removed_but_not_what_links_point_to, a_bottomless_tree_is_an_error,
          paths_are_joined)
