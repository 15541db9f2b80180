/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the files of the store share, and its tests use; nobody else includes it.
 */

#include <errno.h>
#include <sqlite3.h>
#include <stdbool.h>

#include "base/buffer.h"
#include "store/store.h"

#define STORE_APPLICATION_ID 0x7370726b /* "sprk", in the header of the file */

typedef enum StoreStatement {
        STATEMENT_BEGIN,
        STATEMENT_COMMIT,
        STATEMENT_FIND,
        STATEMENT_INSERT,
        STATEMENT_UPDATE,
        STATEMENT_DELETE,
        STATEMENT_LOAD,
        STATEMENT_LAST,
        STATEMENT_MAX,
} StoreStatement;

struct Store {
        sqlite3 *db;
        sqlite3_stmt *statements[STATEMENT_MAX];
        char *path; /* of state.db */
        int lock_fd;
        Buffer entry;          /* this turn's operations, in order */
        uint64_t index;        /* of the last entry committed */
        int64_t last_position; /* the highest that a record ever got, as far as is known */
        int error;             /* sticky: what every further commit returns */
        char detail[STORE_MESSAGE_MAX / 2]; /* store_say() */
        char message[STORE_MESSAGE_MAX];    /* store_explain() */
};

/* The store's own record of the index; the caller's kinds are 0 or greater. */
#define STORE_KIND_INDEX (-1)

/* What is wrong, for store_explain(); "" where the result says it all. */
void store_say(Store *s, const char *text);
/* SQLite's last failure as one of the store's results (STORE_E_* or -errno), after store_say(). */
int store_sqlite_failed(Store *s, sqlite3 *db);
/* Makes the sentence that store_message() returns from `r` and what was said. */
void store_explain(Store *s, int r);

/* Brings the tables from PRAGMA user_version to version `n_steps`: step i leads from version i to
 * i + 1. SQLITE_OK; or SQLite's error, after which the transaction is open, for the caller to close
 * the file or roll back. */
int store_migrate(sqlite3 *db, int version, const char *const *steps, int n_steps);

/* Prepares the statements and reads index and last position. 0 or as store_load(). */
int store_prepare(Store *s);
