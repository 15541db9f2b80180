/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Durable state: an ordered log of records, kept in SQLite.
 *
 * A record is bytes under (kind, key); what the bytes mean is the caller's. A turn's puts and
 * deletes are collected in memory, in order, as one entry of a log; store_commit() makes the entry
 * durable as a whole or not at all, and gives it the next index. What is kept is the state that all
 * entries lead to. Nothing above needs more than that: a consensus library can carry the entries to
 * other hosts between store_put() and the commit, without a change to this interface.
 *
 * A commit costs one sync of the disk however many records the entry has (WAL, synchronous=FULL).
 * While a sync runs, the events that arrive wait in their sockets and share the next one: the rate
 * of a caller that commits once per turn of its loop does not fall with the disk's sync time.
 *
 * The directory holds state.db with SQLite's state.db-wal beside it, and a file `lock`. One process
 * uses it at a time. A file that is not ours, is damaged or is of a newer format is refused and
 * left as it is.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

enum {
        STORE_E_FULL = 1, /* the disk or the quota is full */
        STORE_E_HELD,     /* another process has this directory */
        STORE_E_FOREIGN,  /* state.db is not ours */
        STORE_E_DAMAGED,  /* state.db was ours, and can't be trusted any more */
        STORE_E_NEWER,    /* a later version has written it */
};

/* A failure in words: "/var/lib/spark-master is in use by process 4711". */
#define STORE_MESSAGE_MAX 512

typedef struct Store Store;

/* Opens the store in `directory`, which must exist; makes state.db when there is none and migrates
 * an older format. 0; a STORE_E_ above; -errno (-EROFS, -EACCES, -EIO ...). Unless 0 is returned,
 * the reason is in `ret_message`. */
int store_open(const char *directory, Store **ret_store,
               char ret_message[static STORE_MESSAGE_MAX]) WARN_UNUSED;

/* Drops what is not committed. NULL-tolerant; returns NULL. */
Store *store_close(Store *s);

#define CLEANUP_STORE CLEANUP(store_close_pointer)
static inline void store_close_pointer(Store **s)
{
        (void)store_close(*s);
}

/* One record; all of it is borrowed during the call. Anything but 0 ends the loading. */
typedef int (*StoreLoad)(void *userdata, int kind, const char *key, const void *data, size_t size);

/* Calls `load` for every record in the order in which they were first put; a record that was
 * replaced stays in its place, one that was deleted and put again is new. What isn't committed is
 * not seen. 0, STORE_E_DAMAGED, -errno, or what `load` returned. */
int store_load(Store *s, StoreLoad load, void *userdata) WARN_UNUSED;

/* Adds to this turn's entry. Data and key are copied; kinds are 0 or greater. 0 or -ENOMEM, after
 * which the entry is not complete and store_commit() returns -ENOMEM. */
int store_put(Store *s, int kind, const char *key, const void *data, size_t size);
int store_delete(Store *s, int kind, const char *key); /* an absent one is fine */

/* Makes the entry durable and starts an empty one. An empty entry costs nothing and has no index.
 *
 *   0             on the disk; store_index() has grown by one.
 *   STORE_E_FULL  nothing of the entry is kept, and never will be. The store works on, and later
 *                 commits may succeed.
 *   -errno        whether the entry was kept is not known until the store is opened again (after a
 *                 failed sync the disk may hold either). Every later commit fails with the same:
 *                 the caller should end and start anew from what is there.
 */
int store_commit(Store *s) WARN_UNUSED;

/* Index of the last entry committed; 0: none yet. */
uint64_t store_index(const Store *s);

/* Why the last store_load() or store_commit() failed; "" when none did. */
const char *store_message(const Store *s);
