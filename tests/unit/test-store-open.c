/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/limits.h"
#include "store/store-private.h"
#include "tests/unit/unit.h"

static int put_text(Store *s, const char *key, const char *text)
{
        return store_put(s, 0, key, text, strlen(text));
}

static Store *open_store(const UnitDir *d)
{
        char message[STORE_MESSAGE_MAX] = "";
        Store *s = NULL;
        int r = store_open(d->path, &s, message);
        ck_assert_msg(r == 0, "%d: %s", r, message);
        return s;
}

/* Opening fails so, in words that have `part`. */
static void check_refused(const char *directory, int expected, const char *part)
{
        char message[STORE_MESSAGE_MAX] = "";
        Store *s = NULL;
        ck_assert_int_eq(store_open(directory, &s, message), expected);
        ck_assert_ptr_null(s);
        ck_assert_msg(strstr(message, part), "\"%s\" has no \"%s\"", message, part);
}

typedef struct Bytes {
        char *data;
        size_t size;
} Bytes;

static Bytes read_state(const UnitDir *d)
{
        CLEANUP_FREE char *path = path_join(d->path, "state.db");
        Bytes b;
        ck_assert_int_eq(file_read(path, MIB(16), &b.data, &b.size), 0);
        return b;
}

static void write_state(const UnitDir *d, const void *data, size_t size)
{
        CLEANUP_FREE char *path = path_join(d->path, "state.db");
        FILE *f = fopen(path, "we");
        ck_assert_uint_eq(fwrite(data, 1, size, f), size);
        ck_assert_int_eq(fclose(f), 0);
}

/* Refused, and not a byte of it changed. */
static void check_refused_untouched(const UnitDir *d, int expected, const char *part)
{
        Bytes before = read_state(d);
        check_refused(d->path, expected, part);
        Bytes after = read_state(d);
        ck_assert_uint_eq(before.size, after.size);
        ck_assert(before.size == 0 || memcmp(before.data, after.data, after.size) == 0);
        free(before.data);
        free(after.data);
}

static void run_sql(const UnitDir *d, const char *name, const char *sql)
{
        CLEANUP_FREE char *path = path_join(d->path, name);
        sqlite3 *db;
        ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
        ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s",
                      sqlite3_errmsg(db));
        ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

START_TEST(a_second_process_is_refused_and_told_who_has_it)
{
        CLEANUP_UNIT_DIR UnitDir d = unit_dir();
        CLEANUP_STORE Store *s = open_store(&d);
        char who[64];
        (void)snprintf(who, sizeof(who), "is in use by process %d", (int)getpid());
        pid_t pid = fork();
        if (pid == 0) {
                char message[STORE_MESSAGE_MAX] = "";
                Store *second = NULL;
                int r = store_open(d.path, &second, message);
                _exit(r == STORE_E_HELD && strstr(message, who) ? 0 : 1);
        }
        int status;
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_int_eq(status, 0);
        /* and did the first one no harm */
        ck_assert_int_eq(put_text(s, "a", "1"), 0);
        ck_assert_int_eq(store_commit(s), 0);
}
END_TEST

START_TEST(a_copy_of_the_process_does_not_hold_it)
{
        CLEANUP_UNIT_DIR UnitDir d = unit_dir();
        Store *s = open_store(&d);
        int end[2];
        ck_assert_int_eq(pipe2(end, O_CLOEXEC), 0);
        pid_t pid = fork();
        if (pid == 0) {
                char c;
                close_fd(&end[1]);
                _exit((int)read(end[0], &c, 1)); /* until the parent is done */
        }
        s = store_close(s);
        s = open_store(&d);
        s = store_close(s);
        close_fd(&end[1]);
        int status;
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_int_eq(status, 0);
        close_fd(&end[0]);
}
END_TEST

START_TEST(only_the_owner_reads_it)
{
        CLEANUP_UNIT_DIR UnitDir d = unit_dir();
        CLEANUP_STORE Store *s = open_store(&d);
        ck_assert_int_eq(put_text(s, "a", "1"), 0);
        ck_assert_int_eq(store_commit(s), 0);
        static const char *const names[] = { "state.db", "state.db-wal", "lock" };
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                CLEANUP_FREE char *path = path_join(d.path, names[i]);
                struct stat st;
                ck_assert_int_eq(stat(path, &st), 0);
                ck_assert_uint_eq(st.st_mode & 07777, 0600);
        }
}
END_TEST

START_TEST(a_foreign_file_is_left_alone)
{
        CLEANUP_UNIT_DIR UnitDir d = unit_dir();
        unit_put(&d, "state.db", "these are somebody's notes\n");
        check_refused_untouched(&d, STORE_E_FOREIGN, "is not a state file of sparkd");
        CLEANUP_FREE char *path = path_join(d.path, "state.db");
        ck_assert_int_eq(unlink(path), 0);
        run_sql(&d, "state.db", "CREATE TABLE notes (note TEXT); PRAGMA user_version = 1");
        check_refused_untouched(&d, STORE_E_FOREIGN, "is not a state file of sparkd");
        run_sql(&d, "state.db", "PRAGMA application_id = 1");
        check_refused_untouched(&d, STORE_E_FOREIGN, "is not a state file of sparkd");
        ck_assert_int_eq(unlink(path), 0);
        ck_assert_int_eq(mkdir(path, 0755), 0);
        check_refused(d.path, -EISDIR, "directory");
        check_refused("/nonexistent/state", -ENOENT, "No such file or directory");
}
END_TEST

START_TEST(a_newer_format_is_left_alone)
{
        CLEANUP_UNIT_DIR UnitDir d = unit_dir();
        Store *s = open_store(&d);
        s = store_close(s);
        run_sql(&d, "state.db", "PRAGMA user_version = 7");
        check_refused_untouched(&d, STORE_E_NEWER,
                                "has format 7, and this version knows formats up to 1");
        run_sql(&d, "state.db", "PRAGMA user_version = 0"); /* never was ours */
        check_refused_untouched(&d, STORE_E_FOREIGN, "is not a state file of sparkd");
        run_sql(&d, "state.db", "PRAGMA user_version = 1");
        s = open_store(&d);
        s = store_close(s);
}
END_TEST

START_TEST(an_unwritten_log_is_not_written_back_when_refused)
{
        CLEANUP_UNIT_DIR UnitDir d = unit_dir();
        pid_t pid = fork();
        if (pid == 0) {
                /* ends without closing: all of it is in the log */
                Store *s = open_store(&d);
                int r = put_text(s, "a", "1");
                if (r == 0)
                        r = store_commit(s);
                if (r == 0 && sqlite3_exec(s->db, "PRAGMA user_version = 9", NULL, NULL, NULL))
                        r = 1;
                _exit(r != 0);
        }
        int status;
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_int_eq(status, 0);
        check_refused_untouched(&d, STORE_E_NEWER, "has format 9");
        CLEANUP_FREE char *wal = path_join(d.path, "state.db-wal");
        ck_assert_int_eq(access(wal, F_OK), 0);
}
END_TEST

START_TEST(a_missing_or_empty_file_is_damage_not_a_new_start)
{
        CLEANUP_UNIT_DIR UnitDir d = unit_dir();
        unit_put(&d, "state.db", "");
        check_refused_untouched(&d, STORE_E_DAMAGED, "is damaged (it is empty)");
        CLEANUP_FREE char *path = path_join(d.path, "state.db");
        CLEANUP_FREE char *wal = unit_write(&d, "state.db-wal", "x");
        ck_assert_int_eq(unlink(path), 0);
        check_refused(d.path, STORE_E_DAMAGED, "the file itself is not");
        ck_assert_int_eq(access(path, F_OK), -1);
        ck_assert_int_eq(unlink(wal), 0);
        /* what an interrupted creation leaves is no obstacle */
        unit_put(&d, "state.db.new", "half");
        unit_put(&d, "state.db.new-journal", "half");
        Store *s = open_store(&d);
        s = store_close(s);
}
END_TEST

typedef struct Loaded {
        unsigned records, wrong;
} Loaded;

static int compare_with_filled(void *userdata, int kind, const char *key, const void *data,
                               size_t size)
{
        Loaded *l = userdata;
        unsigned n = l->records++;
        char expected[32];
        (void)snprintf(expected, sizeof(expected), "key-%u", n);
        bool same = strcmp(key, expected) == 0 && kind == (int)(n % 3) && size == 100 + n;
        for (size_t i = 0; i < size && same; i++)
                same = ((const uint8_t *)data)[i] == (uint8_t)(n * 7 + i);
        l->wrong += !same;
        return 0;
}

#define FILLED 60

static void fill(Store *s)
{
        for (unsigned n = 0; n < FILLED; n++) {
                char key[32];
                uint8_t data[200];
                (void)snprintf(key, sizeof(key), "key-%u", n);
                for (size_t i = 0; i < sizeof(data); i++)
                        data[i] = (uint8_t)(n * 7 + i);
                ck_assert_int_eq(store_put(s, (int)(n % 3), key, data, 100 + n), 0);
        }
        ck_assert_int_eq(store_commit(s), 0);
}

/* Opens and loads: either all of it is as it was, or the damage is noticed. */
static int open_damaged(const char *directory)
{
        char message[STORE_MESSAGE_MAX] = "";
        CLEANUP_STORE Store *s = NULL;
        Loaded l = { 0 };
        int r = store_open(directory, &s, message);
        if (r == 0) {
                r = store_load(s, compare_with_filled, &l);
                ck_assert_msg(r != 0 || (l.records == FILLED && l.wrong == 0),
                              "%u records, %u of them wrong, and no error", l.records, l.wrong);
                ck_assert_msg(r == 0 || strstr(store_message(s), "is damaged ("), "%s",
                              store_message(s));
        }
        ck_assert_msg(r == 0 || r == STORE_E_DAMAGED || r == STORE_E_FOREIGN ||
                              r == STORE_E_NEWER || r == -EIO,
                      "%d: %s", r, message);
        return r;
}

START_TEST(damage_anywhere_is_noticed_or_harmless)
{
        CLEANUP_UNIT_DIR UnitDir d = unit_dir();
        Store *s = open_store(&d);
        fill(s);
        s = store_close(s);
        Bytes whole = read_state(&d);
        unsigned noticed = 0, tries = 0;
        uint64_t random = 1;
        for (size_t at = 0; at < whole.size; at += 37, tries++) {
                random = random * UINT64_C(6364136223846793005) + 1;
                char kept = whole.data[at];
                whole.data[at] ^= (char)(1 << (random >> 61));
                write_state(&d, whole.data, whole.size);
                whole.data[at] = kept;
                if (open_damaged(d.path) != 0)
                        noticed++;
        }
        /* most of the bytes are data */
        ck_assert_uint_gt(noticed, tries / 3);
        for (size_t size = 1; size < whole.size; size += 251) {
                write_state(&d, whole.data, size);
                ck_assert_int_ne(open_damaged(d.path), 0);
        }
        free(whole.data);
}
END_TEST

START_TEST(a_record_out_of_place_is_noticed)
{
        CLEANUP_UNIT_DIR UnitDir d = unit_dir();
        static const char *const changes[] = {
                "UPDATE record SET position = 1000 WHERE key = 'key-3'",
                "UPDATE record SET key = 'other' WHERE key = 'key-3'",
                "UPDATE record SET kind = 5 WHERE key = 'key-3'",
                "UPDATE record SET data = x'' WHERE key = 'key-3'",
        };
        for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
                Store *s = open_store(&d);
                fill(s);
                s = store_close(s);
                run_sql(&d, "state.db", changes[i]);
                ck_assert_int_eq(open_damaged(d.path), STORE_E_DAMAGED);
                CLEANUP_FREE char *path = path_join(d.path, "state.db");
                ck_assert_int_eq(unlink(path), 0);
        }
        Store *s = open_store(&d);
        fill(s);
        s = store_close(s);
        run_sql(&d, "state.db", "DELETE FROM record WHERE kind = -1");
        check_refused_untouched(&d, STORE_E_DAMAGED, "the record of the index is not there");
}
END_TEST

/* The migrations to come, tried on tables of their own. */
START_TEST(a_format_is_migrated_whole_or_not_at_all)
{
        static const char *const good[] = {
                "CREATE TABLE t (a); INSERT INTO t VALUES (1)",
                "ALTER TABLE t ADD COLUMN b; UPDATE t SET b = a + 1",
                "UPDATE t SET b = b * 10",
        };
        static const char *const bad[] = { "", "UPDATE t SET a = 7", "UPDATE absent SET b = 1" };
        sqlite3 *db;
        ck_assert_int_eq(sqlite3_open(":memory:", &db), SQLITE_OK);
        ck_assert_int_eq(store_migrate(db, 0, good, 1), SQLITE_OK);
        ck_assert_int_ne(store_migrate(db, 1, bad, 3), SQLITE_OK);
        ck_assert_int_eq(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
        ck_assert_int_eq(store_migrate(db, 1, good, 3), SQLITE_OK);
        sqlite3_stmt *row;
        ck_assert_int_eq(sqlite3_prepare_v2(db,
                                            "SELECT a, b, (SELECT * FROM pragma_user_version) "
                                            "FROM t",
                                            -1, &row, NULL),
                         SQLITE_OK);
        ck_assert_int_eq(sqlite3_step(row), SQLITE_ROW);
        ck_assert_int_eq(sqlite3_column_int(row, 0), 1);
        ck_assert_int_eq(sqlite3_column_int(row, 1), 20);
        ck_assert_int_eq(sqlite3_column_int(row, 2), 3);
        ck_assert_int_eq(sqlite3_finalize(row), SQLITE_OK);
        ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}
END_TEST

/* ---- a file system of our own, where the system lets us mount one ---- */

#define NO_MOUNTS 99

static bool mount_small(const char *path)
{
        if (unshare(geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) < 0)
                return false;
        return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) >= 0 &&
               mount("tmpfs", path, "tmpfs", 0, "size=128k") >= 0;
}

static int count_records(void *userdata, int kind, const char *key, const void *data, size_t size)
{
        ++*(int *)userdata;
        return 0;
}

/* Fills a disk of 128 KiB, frees some, goes on. 0 when all went as it must. */
static int on_a_small_disk(const char *path)
{
        char message[STORE_MESSAGE_MAX], key[16];
        static const char data[4000];
        CLEANUP_STORE Store *s = NULL;
        CLEANUP_FREE char *ballast = path_join(path, "ballast");
        int n = 0, loaded = 0, r = 0;
        if (store_open(path, &s, message) != 0)
                return 1;
        FILE *f = fopen(ballast, "we");
        if (!f || fwrite(data, 1, sizeof(data), f) != sizeof(data) || fclose(f) != 0)
                return 2;
        for (; r == 0; n++) {
                (void)snprintf(key, sizeof(key), "%d", n);
                r = store_put(s, 0, key, data, sizeof(data));
                if (r == 0)
                        r = store_commit(s);
        }
        n--;
        if (r != STORE_E_FULL || !strstr(store_message(s), "the disk is full") || n < 3)
                return 3;
        if (store_load(s, count_records, &loaded) != 0 || loaded != n)
                return 4;
        if (store_put(s, 0, "more", data, sizeof(data)) != 0 || store_commit(s) != STORE_E_FULL)
                return 5;
        if (store_index(s) != (uint64_t)n)
                return 6;
        /* room again */
        if (mount(NULL, path, NULL, MS_REMOUNT, "size=1m") < 0)
                return NO_MOUNTS;
        if (store_put(s, 0, "more", data, sizeof(data)) != 0 || store_commit(s) != 0)
                return 7;
        s = store_close(s);
        loaded = 0;
        if (store_open(path, &s, message) != 0 || store_load(s, count_records, &loaded) != 0 ||
            loaded != n + 1)
                return 8;
        return 0;
}

static int on_a_read_only_disk(const char *path)
{
        char message[STORE_MESSAGE_MAX];
        Store *s = NULL;
        if (store_open(path, &s, message) != 0)
                return 1;
        s = store_close(s);
        if (mount(NULL, path, NULL, MS_REMOUNT | MS_RDONLY, NULL) < 0)
                return NO_MOUNTS;
        if (store_open(path, &s, message) != -EROFS || !strstr(message, "Read-only file system"))
                return 2;
        return 0;
}

static void in_a_mount(int (*body)(const char *path))
{
        CLEANUP_UNIT_DIR UnitDir d = unit_dir();
        pid_t pid = fork();
        if (pid == 0)
                _exit(mount_small(d.path) ? body(d.path) : NO_MOUNTS);
        int status;
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFEXITED(status));
        if (WEXITSTATUS(status) == NO_MOUNTS)
                printf("no mount may be made here: only test-store-faults fills and locks disks\n");
        else
                ck_assert_int_eq(WEXITSTATUS(status), 0);
}

START_TEST(a_full_disk_loses_only_the_entry)
{
        in_a_mount(on_a_small_disk);
}
END_TEST

START_TEST(a_read_only_disk_is_refused)
{
        in_a_mount(on_a_read_only_disk);
}
END_TEST

UNIT_MAIN("store-open", a_second_process_is_refused_and_told_who_has_it,
          a_copy_of_the_process_does_not_hold_it, only_the_owner_reads_it,
          a_foreign_file_is_left_alone, a_newer_format_is_left_alone,
          an_unwritten_log_is_not_written_back_when_refused,
          a_missing_or_empty_file_is_damage_not_a_new_start, damage_anywhere_is_noticed_or_harmless,
          a_record_out_of_place_is_noticed, a_format_is_migrated_whole_or_not_at_all,
          a_full_disk_loses_only_the_entry, a_read_only_disk_is_refused)
