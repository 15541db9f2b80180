/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries and records; store-open.c has the file. A turn's entry is kept as bytes and written to
 * SQLite in store_commit() only, so that every failure of the disk shows up there. A record keeps
 * the position of its first put, and a checksum over all of it: SQLite notices most damage to its
 * own structures, but none within a record.
 */
#include "store/store.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/cursor.h"
#include "store/store-private.h"

enum { OPERATION_PUT = 1, OPERATION_DELETE };

static const char *const statement_texts[STATEMENT_MAX] = {
        [STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
        [STATEMENT_COMMIT] = "COMMIT",
        [STATEMENT_FIND] = "SELECT position FROM record WHERE kind = ?1 AND key = ?2",
        [STATEMENT_INSERT] = ("INSERT INTO record (position, kind, key, data, sum)"
                              " VALUES (?1, ?2, ?3, ?4, ?5)"),
        [STATEMENT_UPDATE] = "UPDATE record SET data = ?4, sum = ?5 WHERE position = ?1",
        [STATEMENT_DELETE] = "DELETE FROM record WHERE kind = ?1 AND key = ?2",
        [STATEMENT_LOAD] = "SELECT position, kind, key, data, sum FROM record ORDER BY position",
        [STATEMENT_LAST] = "SELECT max(position) FROM record",
};

typedef struct Record {
        int64_t position;
        int kind;
        const char *key;
        size_t key_size;
        const void *data;
        size_t size;
} Record;

static void pack_u64(uint8_t *p, uint64_t v)
{
        for (int i = 0; i < 8; i++)
                p[i] = (uint8_t)(v >> (56 - 8 * i));
}

/* FNV-1a: against accidents, not against people. */
static uint64_t sum_bytes(uint64_t sum, const void *data, size_t size)
{
        const uint8_t *p = data;
        for (size_t i = 0; i < size; i++)
                sum = (sum ^ p[i]) * UINT64_C(0x100000001b3);
        return sum;
}

static int64_t record_sum(const Record *r)
{
        uint8_t head[16];
        pack_u64(head, (uint64_t)r->position);
        pack_u64(head + 8, (uint64_t)r->kind);
        uint64_t sum = sum_bytes(UINT64_C(0xcbf29ce484222325), head, sizeof(head));
        sum = sum_bytes(sum, r->key, r->key_size + 1); /* its NUL parts it from the data */
        return (int64_t)sum_bytes(sum, r->data, r->size);
}

void store_say(Store *s, const char *text)
{
        (void)snprintf(s->detail, sizeof(s->detail), "%s", text);
        for (char *p = s->detail; (p = strchr(p, '\n'));)
                *p = ' ';
}

/* Why an operation on a file has failed. A failing COMMIT leaves it only with the VFS, where it may
 * be older: taken for the cases that matter. */
static int io_error(sqlite3 *db)
{
        sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
        int error = sqlite3_system_errno(db);
        if (error > 0)
                return error;
        error = vfs && vfs->xGetLastError ? vfs->xGetLastError(vfs, 0, NULL) : 0;
        return error == EDQUOT || error == EROFS ? error : EIO;
}

static int sqlite_result(sqlite3 *db)
{
        int code = sqlite3_extended_errcode(db), error = io_error(db);
        switch (code & 0xff) {
        case SQLITE_FULL:
                return STORE_E_FULL;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_CONSTRAINT: /* our own table's: it holds what we never wrote */
                return STORE_E_DAMAGED;
        case SQLITE_BUSY:
                return STORE_E_HELD;
        case SQLITE_NOMEM:
                return -ENOMEM;
        case SQLITE_READONLY:
                return -EROFS;
        case SQLITE_PERM:
                return -EACCES;
        case SQLITE_IOERR:
                /* SQLite takes only ENOSPC for a full disk. After a failed sync nothing is sure. */
                if (code == SQLITE_IOERR_WRITE && error == EDQUOT)
                        return STORE_E_FULL;
                return -error;
        case SQLITE_CANTOPEN:
                return -error;
        default:
                return -EIO;
        }
}

int store_sqlite_failed(Store *s, sqlite3 *db)
{
        int r = sqlite_result(db);
        store_say(s, r == STORE_E_HELD ? "another program" : sqlite3_errmsg(db));
        return r;
}

static int damaged(Store *s, const char *text)
{
        store_say(s, text);
        return STORE_E_DAMAGED;
}

/* Runs a statement that yields no row. SQLITE_OK or SQLite's error. */
static int run(sqlite3_stmt *statement)
{
        (void)sqlite3_step(statement);
        return sqlite3_reset(statement); /* tells the error of the step, too */
}

/* ---- entries ---- */

static void entry_add(Store *s, uint8_t operation, int kind, const char *key, const void *data,
                      size_t size)
{
        size_t key_size = strlen(key);
        assert(kind >= 0);
        buffer_put_u8(&s->entry, operation);
        buffer_put_u32(&s->entry, (uint32_t)kind);
        buffer_put_u64(&s->entry, key_size);
        buffer_put(&s->entry, key, key_size + 1);
        buffer_put_u64(&s->entry, size);
        buffer_put(&s->entry, data, size);
}

int store_put(Store *s, int kind, const char *key, const void *data, size_t size)
{
        entry_add(s, OPERATION_PUT, kind, key, data, size);
        return s->entry.failed ? -ENOMEM : 0;
}

int store_delete(Store *s, int kind, const char *key)
{
        entry_add(s, OPERATION_DELETE, kind, key, NULL, 0);
        return s->entry.failed ? -ENOMEM : 0;
}

static uint8_t entry_next(Cursor *c, Record *ret)
{
        uint8_t operation = cursor_u8(c);
        ret->kind = (int)cursor_u32(c);
        ret->key_size = (size_t)cursor_u64(c);
        ret->key = (const char *)cursor_bytes(c, ret->key_size + 1);
        ret->size = (size_t)cursor_u64(c);
        ret->data = cursor_bytes(c, ret->size);
        assert(!c->failed); /* we have written it ourselves */
        return operation;
}

static void bind_key(sqlite3_stmt *statement, int column, const Record *r)
{
        (void)sqlite3_bind_int(statement, column, r->kind);
        (void)sqlite3_bind_text64(statement, column + 1, r->key, r->key_size, SQLITE_STATIC,
                                  SQLITE_UTF8);
}

/* The record's position when it is there already. SQLITE_ROW, SQLITE_DONE or SQLite's error. */
static int find_position(Store *s, Record *r)
{
        sqlite3_stmt *find = s->statements[STATEMENT_FIND];
        bind_key(find, 1, r);
        int found = sqlite3_step(find);
        if (found == SQLITE_ROW)
                r->position = sqlite3_column_int64(find, 0);
        int error = sqlite3_reset(find);
        return error == SQLITE_OK ? found : error;
}

static int apply_put(Store *s, Record *r)
{
        int found = find_position(s, r);
        if (found != SQLITE_ROW && found != SQLITE_DONE)
                return found;
        if (found == SQLITE_DONE)
                r->position = ++s->last_position;
        sqlite3_stmt *put =
                s->statements[found == SQLITE_ROW ? STATEMENT_UPDATE : STATEMENT_INSERT];
        (void)sqlite3_bind_int64(put, 1, r->position);
        if (found == SQLITE_DONE)
                bind_key(put, 2, r);
        /* never NULL, which would be SQL's NULL */
        (void)sqlite3_bind_blob64(put, 4, r->size ? r->data : "", r->size, SQLITE_STATIC);
        (void)sqlite3_bind_int64(put, 5, record_sum(r));
        return run(put);
}

static int apply_delete(Store *s, const Record *r)
{
        sqlite3_stmt *delete = s->statements[STATEMENT_DELETE];
        bind_key(delete, 1, r);
        return run(delete);
}

static int apply_index(Store *s, uint64_t index)
{
        uint8_t data[8];
        pack_u64(data, index);
        Record r = { .kind = STORE_KIND_INDEX,
                     .key = "index",
                     .key_size = strlen("index"),
                     .data = data,
                     .size = sizeof(data) };
        return apply_put(s, &r);
}

static int apply_entry(Store *s)
{
        Cursor c = cursor_over(s->entry.data, s->entry.size);
        int code = run(s->statements[STATEMENT_BEGIN]);
        /* before all others: find_index() counts on its being the first record of all */
        if (code == SQLITE_OK)
                code = apply_index(s, s->index + 1);
        while (code == SQLITE_OK && cursor_left(&c) > 0) {
                Record r = { 0 };
                if (entry_next(&c, &r) == OPERATION_PUT)
                        code = apply_put(s, &r);
                else
                        code = apply_delete(s, &r);
        }
        return code == SQLITE_OK ? run(s->statements[STATEMENT_COMMIT]) : code;
}

static int commit_entry(Store *s)
{
        if (s->entry.failed)
                return -ENOMEM;
        if (apply_entry(s) == SQLITE_OK) {
                s->index++;
                return 0;
        }
        int r = store_sqlite_failed(s, s->db);
        /* After some failures SQLite has rolled back by itself. What this one's result may be does
         * not matter: the log counts only up to the last commit in it. */
        if (!sqlite3_get_autocommit(s->db))
                (void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
        return r == STORE_E_FULL || r < 0 ? r : -EIO;
}

int store_commit(Store *s)
{
        if (s->error < 0)
                return s->error;
        if (s->entry.size == 0 && !s->entry.failed)
                return 0;
        s->detail[0] = s->message[0] = '\0';
        int r = commit_entry(s);
        buffer_clear(&s->entry);
        if (r != 0)
                store_explain(s, r);
        if (r < 0)
                s->error = r;
        return r;
}

uint64_t store_index(const Store *s)
{
        return s->index;
}

const char *store_message(const Store *s)
{
        return s->message;
}

/* ---- loading ---- */

static int read_record(Store *s, sqlite3_stmt *row, Record *ret)
{
        /* A damaged length may ask for more than there is memory. */
        const char *key = (const char *)sqlite3_column_text(row, 2);
        if (!key)
                return damaged(s, "a record has no key");
        *ret = (Record){ .position = sqlite3_column_int64(row, 0),
                         .kind = sqlite3_column_int(row, 1),
                         .key = key,
                         .key_size = strlen(key),
                         .data = sqlite3_column_blob(row, 3),
                         .size = (size_t)sqlite3_column_bytes(row, 3) };
        if (!ret->data)
                ret->data = "";
        if (record_sum(ret) != sqlite3_column_int64(row, 4))
                return damaged(s, "a record does not match its checksum");
        return 0;
}

/* *ret_refused: what `load` has returned. */
static int load_rows(Store *s, StoreLoad load, void *userdata, int *ret_refused)
{
        sqlite3_stmt *rows = s->statements[STATEMENT_LOAD];
        int code;
        while ((code = sqlite3_step(rows)) == SQLITE_ROW) {
                Record record;
                int r = read_record(s, rows, &record);
                if (r == 0 && record.kind >= 0)
                        *ret_refused =
                                load(userdata, record.kind, record.key, record.data, record.size);
                if (r != 0 || *ret_refused != 0)
                        return r;
        }
        if (code == SQLITE_DONE)
                return 0;
        return store_sqlite_failed(s, s->db);
}

int store_load(Store *s, StoreLoad load, void *userdata)
{
        s->detail[0] = s->message[0] = '\0';
        int refused = 0, r = load_rows(s, load, userdata, &refused);
        (void)sqlite3_reset(s->statements[STATEMENT_LOAD]);
        if (r != 0)
                store_explain(s, r);
        return r != 0 ? r : refused;
}

/* ---- what opening needs ---- */

static int read_index(Store *s)
{
        sqlite3_stmt *rows = s->statements[STATEMENT_LOAD];
        Record record;
        int r = read_record(s, rows, &record);
        if (r != 0)
                return r;
        Cursor c = cursor_over(record.data, record.size);
        uint64_t index = cursor_u64(&c);
        if (record.kind != STORE_KIND_INDEX || c.failed || cursor_left(&c) > 0)
                return damaged(s, "the record of the index is not there");
        s->index = index;
        return 0;
}

/* The index was put before everything else, so it is the first record. */
static int find_index(Store *s)
{
        sqlite3_stmt *rows = s->statements[STATEMENT_LOAD];
        int code = sqlite3_step(rows), r = 0;
        if (code == SQLITE_ROW)
                r = read_index(s);
        else if (code != SQLITE_DONE)
                r = store_sqlite_failed(s, s->db);
        (void)sqlite3_reset(rows);
        return r;
}

static int find_last_position(Store *s)
{
        sqlite3_stmt *last = s->statements[STATEMENT_LAST];
        int r = 0;
        if (sqlite3_step(last) == SQLITE_ROW)
                s->last_position = sqlite3_column_int64(last, 0);
        else
                r = store_sqlite_failed(s, s->db);
        (void)sqlite3_reset(last);
        return r;
}

int store_prepare(Store *s)
{
        for (int i = 0; i < STATEMENT_MAX; i++) {
                int code = sqlite3_prepare_v3(s->db, statement_texts[i], -1,
                                              SQLITE_PREPARE_PERSISTENT, &s->statements[i], NULL);
                if (code != SQLITE_OK)
                        return store_sqlite_failed(s, s->db);
        }
        int r = find_index(s);
        return r == 0 ? find_last_position(s) : r;
}
