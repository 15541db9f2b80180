/* SPDX-License-Identifier: Apache-2.0 */
/* Directories that are shared with executors of another user. Who gives a directory to a group has
 * to be a member of it: as root any will do, else our own. */
#include "daemons/worker/share.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "daemons/worker/workdir.h"
#include "tests/unit/unit.h"

static gid_t a_group(void)
{
        return geteuid() == 0 ? 12345 : getegid();
}

static void check_mode(const char *path, mode_t mode, gid_t group)
{
        struct stat st;

        ck_assert_int_eq(lstat(path, &st), 0);
        ck_assert_msg((st.st_mode & 07777) == mode, "%s is %o", path, st.st_mode & 07777);
        if (group != SHARE_NOBODY)
                ck_assert_uint_eq(st.st_gid, group);
}

static char *below(const UnitDir *dir, const char *name)
{
        char *path = path_join(dir->path, name);

        ck_assert_ptr_nonnull(path);
        return path;
}

START_TEST(an_executor_may_write_to_its_own_directory_only)
{
        CLEANUP_UNIT_DIR UnitDir dir = unit_dir();
        CLEANUP_FREE char *app = below(&dir, "app-1"), *path = NULL, *driver = NULL;

        (void)umask(0027);
        ck_assert_int_eq(workdir_make(dir.path, "app-1", 0, a_group(), &path), 0);
        check_mode(app, SHARE_WALK, a_group());
        check_mode(path, SHARE_WRITE, a_group());
        ck_assert_int_eq(workdir_make_driver(dir.path, "driver-1", a_group(), &driver), 0);
        check_mode(driver, SHARE_WRITE, a_group());
}
END_TEST

START_TEST(what_is_there_already_is_shared_too)
{
        CLEANUP_UNIT_DIR UnitDir dir = unit_dir();
        CLEANUP_FREE char *path = below(&dir, "a");

        ck_assert_int_eq(mkdir(path, 0755), 0);
        ck_assert_int_eq(share_make(path, a_group(), SHARE_WRITE, 0755), 0);
        check_mode(path, SHARE_WRITE, a_group());
        ck_assert_int_eq(share_make(path, SHARE_NOBODY, SHARE_WRITE, 0755), 0);
        check_mode(path, SHARE_WRITE, a_group()); /* without a group nothing is changed */
}
END_TEST

START_TEST(with_nobody_it_has_our_own_mode)
{
        CLEANUP_UNIT_DIR UnitDir dir = unit_dir();
        CLEANUP_FREE char *path = below(&dir, "a/b");

        (void)umask(0027);
        ck_assert_int_eq(share_make(path, SHARE_NOBODY, SHARE_WRITE, 0755), 0);
        check_mode(path, 0750, SHARE_NOBODY);
        ck_assert_int_eq(share_file("/nowhere", SHARE_NOBODY), 0);
        ck_assert_int_eq(share_open_way("/nowhere", SHARE_NOBODY), 0);
}
END_TEST

START_TEST(no_link_is_followed)
{
        CLEANUP_UNIT_DIR UnitDir dir = unit_dir();
        CLEANUP_FREE char *link = below(&dir, "link"), *other = below(&dir, "other");
        CLEANUP_FREE char *file = unit_write(&dir, "file", "x"), *file_link = below(&dir, "fl");

        ck_assert_int_eq(mkdir(other, 0700), 0);
        ck_assert_int_eq(symlink(other, link), 0);
        ck_assert_int_eq(symlink(file, file_link), 0);
        ck_assert_int_eq(share_make(link, a_group(), SHARE_WRITE, 0755), -ENOTDIR);
        check_mode(other, 0700, SHARE_NOBODY);
        ck_assert_int_eq(share_file(file_link, a_group()), -ELOOP);
        ck_assert_int_eq(share_file(file, a_group()), 0);
        check_mode(file, 0640, a_group());
}
END_TEST

START_TEST(a_way_is_opened_where_it_is_closed)
{
        CLEANUP_UNIT_DIR UnitDir dir = unit_dir();

        ck_assert_int_eq(chmod(dir.path, 0700), 0);
        ck_assert_int_eq(share_open_way(dir.path, a_group()), 0);
        check_mode(dir.path, 0710, a_group());
        /* For everybody, so for the group. */
        ck_assert_int_eq(chmod(dir.path, 0701), 0);
        ck_assert_int_eq(share_open_way(dir.path, a_group()), 0);
        check_mode(dir.path, 0701, SHARE_NOBODY);
}
END_TEST

START_TEST(what_is_shared_is_found)
{
        CLEANUP_UNIT_DIR UnitDir dir = unit_dir();
        CLEANUP_FREE char *app = below(&dir, "app"), *path = NULL, *joined = NULL;
        CLEANUP_FREE char *own = below(&dir, "app/own");
        CLEANUP_STRV Strv found = { 0 };

        ck_assert_int_eq(workdir_make(dir.path, "app", 3, a_group(), &path), 0);
        ck_assert_int_eq(mkdir(own, 0700), 0);
        ck_assert_int_eq(share_find(app, &found), 0);
        joined = strv_join(&found, " ");
        ck_assert_str_eq(joined, path);
        ck_assert_int_eq(share_find(path, &found), 0);
        ck_assert_uint_eq(found.length, 2);
        ck_assert_str_eq(found.items[1], path);
        ck_assert_int_eq(share_find("/nowhere", &found), -ENOENT);
}
END_TEST

START_TEST(a_state_directory_is_for_shuffle_data)
{
        CLEANUP_STRV Strv environment = { 0 };
        LocalDirs l;

        ck_assert_int_eq(strv_env_set(&environment, "STATE_DIRECTORY",
                                      "/var/lib/spark/work:/var/lib/spark/local"),
                         0);
        ck_assert_int_eq(strv_env_set(&environment, "TMPDIR", "/t"), 0);
        ck_assert_int_eq(local_dirs_init(&l, &environment, NULL), 0);
        ck_assert_uint_eq(l.roots.length, 1);
        ck_assert_str_eq(l.roots.items[0], "/var/lib/spark/local");
        local_dirs_done(&l);
        ck_assert_int_eq(strv_env_set(&environment, "STATE_DIRECTORY", "/var/lib/other"), 0);
        ck_assert_int_eq(local_dirs_init(&l, &environment, NULL), 0);
        ck_assert_str_eq(l.roots.items[0], "/t");
        local_dirs_done(&l);
}
END_TEST

START_TEST(local_directories_are_shared)
{
        CLEANUP_UNIT_DIR UnitDir dir = unit_dir();
        CLEANUP_STRV Strv environment = { 0 };
        const Strv *dirs;
        LocalDirs l;

        ck_assert_int_eq(chmod(dir.path, 0700), 0);
        ck_assert_int_eq(local_dirs_init(&l, &environment, dir.path), 0);
        l.group = a_group();
        ck_assert_int_eq(local_dirs_get(&l, "app-1", &dirs), 0);
        check_mode(dir.path, 0710, a_group());
        check_mode(l.bases.items[0], SHARE_WALK, a_group());
        check_mode(dirs->items[0], SHARE_WRITE, a_group());
        local_dirs_done(&l);
}
END_TEST

/* The next process of the worker has what the one before left, and only that. */
START_TEST(local_directories_are_taken_up)
{
        CLEANUP_UNIT_DIR UnitDir dir = unit_dir();
        CLEANUP_STRV Strv environment = { 0 }, left = { 0 };
        const Strv *dirs;
        LocalDirs l;

        ck_assert_int_eq(local_dirs_init(&l, &environment, dir.path), 0);
        ck_assert_int_eq(local_dirs_get(&l, "app-1", &dirs), 0);
        ck_assert_int_eq(strv_add(&left, dirs->items[0]), 0);
        local_dirs_leave(&l);
        local_dirs_done(&l);

        ck_assert_int_eq(local_dirs_init(&l, &environment, dir.path), 0);
        ck_assert_int_eq(local_dirs_adopt(&l, "app-1", &left), 0);
        ck_assert_int_eq(local_dirs_get(&l, "app-1", &dirs), 0);
        ck_assert_str_eq(dirs->items[0], left.items[0]);
        local_dirs_done(&l);
        ck_assert_int_ne(access(left.items[0], F_OK), 0);

        ck_assert_int_eq(local_dirs_init(&l, &environment, dir.path), 0);
        ck_assert_int_eq(local_dirs_adopt(&l, "app-1", &left), 0);
        ck_assert_int_eq(local_dirs_get(&l, "app-1", &dirs), 0);
        ck_assert_str_ne(dirs->items[0], left.items[0]);
        ck_assert_int_eq(access(dirs->items[0], F_OK), 0);
        local_dirs_done(&l);
}
END_TEST

START_TEST(a_full_disk_is_seen)
{
        ck_assert(!workdir_disk_is_full("/tmp"));
        ck_assert(!workdir_disk_is_full("/nowhere"));
        ck_assert(workdir_disk_is_full("/proc")); /* no room at all */
}
END_TEST

UNIT_MAIN("share", an_executor_may_write_to_its_own_directory_only,
          what_is_there_already_is_shared_too, with_nobody_it_has_our_own_mode, no_link_is_followed,
          a_way_is_opened_where_it_is_closed, what_is_shared_is_found,
          a_state_directory_is_for_shuffle_data, local_directories_are_shared,
          local_directories_are_taken_up, a_full_disk_is_seen)
