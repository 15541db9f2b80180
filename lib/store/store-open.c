/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of the store: who may use it, whether it is ours, how it is made and migrated.
 *
 * Nothing is changed before everything was looked at: the head of the file is read without SQLite,
 * which would roll back a foreign file's journal, and nothing is written back from the log before
 * version and structure are found good. A new file is made under another name, so that state.db is
 * never half of one and an empty state.db is damage.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cursor.h"
#include "base/file.h"
#include "store/store-private.h"

#define HEAD_MAGIC  "SQLite format 3" /* with its NUL, the first 16 bytes of any SQLite file */
#define HEAD_ID_AT  68
#define HEAD_SIZE   100
#define CACHE_PAGES 256 /* 1 MiB */

/* Step i leads from version i of the format to i + 1. What has been released is never changed. */
static const char *const steps[] = {
        "CREATE TABLE record ("
        "  position INTEGER PRIMARY KEY," /* order of the first put */
        "  kind INTEGER NOT NULL,"
        "  key TEXT NOT NULL,"
        "  data BLOB NOT NULL,"
        "  sum INTEGER NOT NULL," /* over all of these */
        "  UNIQUE (kind, key)"
        ") STRICT",
};

/* ---- who may use it ---- */

/* fcntl()'s lock tells its owner, and a child that is a copy of the daemon does not inherit it. */
static int take_lock(Store *s, const char *directory)
{
        CLEANUP_FREE char *path = path_join(directory, "lock");
        if (!path)
                return -ENOMEM;
        s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (s->lock_fd < 0)
                return -errno;
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
        if (fcntl(s->lock_fd, F_SETLK, &lock) >= 0)
                return 0;
        if (errno != EAGAIN && errno != EACCES)
                return -errno;
        bool known = fcntl(s->lock_fd, F_GETLK, &lock) >= 0 && lock.l_type != F_UNLCK;
        if (known && lock.l_pid > 0)
                (void)snprintf(s->detail, sizeof(s->detail), "process %d", (int)lock.l_pid);
        else /* it has ended by now, or is in another PID namespace */
                store_say(s, "another process");
        return STORE_E_HELD;
}

/* ---- SQLite ---- */

static int query_int(Store *s, const char *sql, int *ret)
{
        sqlite3_stmt *statement = NULL;
        int r = 0;
        if (sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL) == SQLITE_OK &&
            sqlite3_step(statement) == SQLITE_ROW)
                *ret = sqlite3_column_int(statement, 0);
        else
                r = store_sqlite_failed(s, s->db);
        (void)sqlite3_finalize(statement);
        return r;
}

/* `otherwise` when the statement yields another text. */
static int query_expect(Store *s, const char *sql, const char *expected, int otherwise)
{
        sqlite3_stmt *statement = NULL;
        int r = 0;
        if (sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL) == SQLITE_OK &&
            sqlite3_step(statement) == SQLITE_ROW) {
                const char *text = (const char *)sqlite3_column_text(statement, 0);
                if (!text || strcmp(text, expected) != 0) {
                        store_say(s, text ? text : "no answer");
                        r = otherwise;
                }
        } else {
                r = store_sqlite_failed(s, s->db);
        }
        (void)sqlite3_finalize(statement);
        return r;
}

int store_migrate(sqlite3 *db, int version, const char *const *list, int n_steps)
{
        int code = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
        for (int i = version; i < n_steps && code == SQLITE_OK; i++)
                code = sqlite3_exec(db, list[i], NULL, NULL, NULL);
        char pragma[64];
        (void)snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %d", n_steps);
        if (code == SQLITE_OK)
                code = sqlite3_exec(db, pragma, NULL, NULL, NULL);
        if (code == SQLITE_OK)
                code = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
        return code;
}

static int open_database(const char *path, sqlite3 **ret)
{
        return sqlite3_open_v2(path, ret,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                               NULL);
}

/* ---- a new one ---- */

static int fill_file(Store *s, sqlite3 *db)
{
        char id[64];
        (void)snprintf(id, sizeof(id), "PRAGMA application_id = %d", STORE_APPLICATION_ID);
        int code = sqlite3_exec(db, id, NULL, NULL, NULL);
        if (code == SQLITE_OK)
                code = store_migrate(db, 0, steps, ARRAY_SIZE(steps));
        return code == SQLITE_OK ? 0 : store_sqlite_failed(s, db);
}

static int make_file(Store *s, const char *path)
{
        /* SQLite gives its other files the mode of this one: environments have passwords. */
        int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        close_fd(&fd);
        sqlite3 *db = NULL;
        int r = -ENOMEM;
        if (open_database(path, &db) == SQLITE_OK)
                r = fill_file(s, db);
        else if (db)
                r = store_sqlite_failed(s, db);
        (void)sqlite3_close(db);
        return r;
}

/* Removes a file and what SQLite keeps beside it. */
static void remove_files(const char *path)
{
        static const char *const suffixes[] = { "", "-journal", "-wal", "-shm" };
        for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
                CLEANUP_FREE char *name = NULL;
                if (asprintf(&name, "%s%s", path, suffixes[i]) >= 0)
                        (void)unlink(name);
        }
}

static int sync_directory(const char *directory)
{
        CLEANUP_CLOSE int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int create(Store *s, const char *directory)
{
        CLEANUP_FREE char *fresh = path_join(directory, "state.db.new");
        if (!fresh)
                return -ENOMEM;
        remove_files(fresh); /* what an interrupted attempt has left */
        int r = make_file(s, fresh);
        if (r == 0 && rename(fresh, s->path) < 0)
                r = -errno;
        if (r == 0)
                r = sync_directory(directory);
        if (r != 0)
                remove_files(fresh);
        return r;
}

static int create_if_absent(Store *s, const char *directory)
{
        struct stat st;
        CLEANUP_FREE char *wal = path_join(directory, "state.db-wal");
        if (!wal)
                return -ENOMEM;
        if (stat(s->path, &st) >= 0)
                return 0;
        if (errno != ENOENT)
                return -errno;
        if (stat(wal, &st) < 0)
                return errno == ENOENT ? create(s, directory) : -errno;
        /* SQLite would take it for the new file's. */
        store_say(s, "its log state.db-wal is there, the file itself is not");
        return STORE_E_DAMAGED;
}

/* ---- one that is there ---- */

static int check_head(Store *s)
{
        CLEANUP_CLOSE int fd = open(s->path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        uint8_t head[HEAD_SIZE] = { 0 };
        ssize_t n = pread(fd, head, sizeof(head), 0);
        if (n < 0)
                return -errno;
        if (n == 0) {
                store_say(s, "it is empty");
                return STORE_E_DAMAGED;
        }
        Cursor c = cursor_over(head + HEAD_ID_AT, 4);
        if (memcmp(head, HEAD_MAGIC, sizeof(HEAD_MAGIC)) != 0 ||
            cursor_u32(&c) != STORE_APPLICATION_ID)
                return STORE_E_FOREIGN;
        return 0;
}

static int check_version(Store *s, int *ret_version)
{
        int r = query_int(s, "PRAGMA user_version", ret_version);
        if (r != 0)
                return r;
        if (*ret_version > (int)ARRAY_SIZE(steps)) {
                (void)snprintf(s->detail, sizeof(s->detail), "%d", *ret_version);
                return STORE_E_NEWER;
        }
        return *ret_version < 1 ? STORE_E_FOREIGN : 0;
}

static int open_file(Store *s)
{
        if (open_database(s->path, &s->db) != SQLITE_OK)
                return s->db ? store_sqlite_failed(s, s->db) : -ENOMEM;
        if (sqlite3_db_readonly(s->db, NULL) == 1)
                return -EACCES;
        /* Until the file is accepted, closing it must not write the log back into it. */
        (void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        char pragmas[256];
        (void)snprintf(pragmas, sizeof(pragmas),
                       "PRAGMA locking_mode = EXCLUSIVE;" /* before the log is touched: no -shm */
                       "PRAGMA synchronous = FULL;"
                       "PRAGMA temp_store = MEMORY;"
                       "PRAGMA trusted_schema = OFF;"
                       "PRAGMA cell_size_check = ON;"
                       "PRAGMA cache_size = %d",
                       CACHE_PAGES);
        if (sqlite3_exec(s->db, pragmas, NULL, NULL, NULL) != SQLITE_OK)
                return store_sqlite_failed(s, s->db);
        int version = 0, r = check_version(s, &version);
        if (r == 0)
                r = query_expect(s, "PRAGMA quick_check(1)", "ok", STORE_E_DAMAGED);
        if (r == 0) /* changes a new file */
                r = query_expect(s, "PRAGMA journal_mode = WAL", "wal", -EIO);
        if (r == 0 && version < (int)ARRAY_SIZE(steps) &&
            store_migrate(s->db, version, steps, ARRAY_SIZE(steps)) != SQLITE_OK)
                r = store_sqlite_failed(s, s->db);
        if (r == 0)
                r = store_prepare(s);
        if (r == 0)
                (void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
        return r;
}

/* ---- both ---- */

void store_explain(Store *s, int r)
{
        const char *what = s->detail;
        char *message = s->message;
        const size_t size = sizeof(s->message);
        const char *path = s->path ? s->path : "state.db";
        if (r == STORE_E_FULL)
                (void)snprintf(message, size, "%s: the disk is full", path);
        else if (r == STORE_E_HELD)
                (void)snprintf(message, size, "%s is in use by %s", path, what);
        else if (r == STORE_E_FOREIGN)
                (void)snprintf(message, size,
                               "%s is not a state file of sparkd; it is left as it is", path);
        else if (r == STORE_E_DAMAGED)
                (void)snprintf(message, size, "%s is damaged (%s); it is left as it is", path,
                               what);
        else if (r == STORE_E_NEWER)
                (void)snprintf(message, size,
                               "%s has format %s, and this version knows formats up to %zu; it is "
                               "left as it is",
                               path, what, ARRAY_SIZE(steps));
        else
                (void)snprintf(message, size, "%s: %s", path, *what ? what : strerror(-r));
}

int store_open(const char *directory, Store **ret_store, char ret_message[static STORE_MESSAGE_MAX])
{
        CLEANUP_STORE Store *s = calloc(1, sizeof(*s));
        if (!s) {
                (void)snprintf(ret_message, STORE_MESSAGE_MAX, "out of memory");
                return -ENOMEM;
        }
        s->lock_fd = -1;
        s->entry = BUFFER_INIT(0);
        s->path = path_join(directory, "state.db");
        int r = s->path ? take_lock(s, directory) : -ENOMEM;
        if (r == 0)
                r = create_if_absent(s, directory);
        if (r == 0)
                r = check_head(s);
        if (r == 0)
                r = open_file(s);
        if (r != 0) {
                store_explain(s, r);
                memcpy(ret_message, s->message, sizeof(s->message));
                return r;
        }
        *ret_store = TAKE_PTR(s);
        return 0;
}

Store *store_close(Store *s)
{
        if (!s)
                return NULL;
        for (int i = 0; i < STATEMENT_MAX; i++)
                (void)sqlite3_finalize(s->statements[i]);
        (void)sqlite3_close(s->db);
        close_fd(&s->lock_fd); /* last: the next one may come now */
        buffer_done(&s->entry);
        free(s->path);
        free(s);
        return NULL;
}
