/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A disk: records by (kind, key) in the order of their first put, as lib/store keeps them. The
 * workers' are messages, the master's are bytes.
 */

#include <stddef.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "wire/deploy.h"

typedef struct Record Record;
struct Record {
        Record *prev, *next;
        int kind;
        char *key;
        Buffer bytes;
        const Message *message; /* or NULL; in `arena` */
        int mark;
        Arena arena;
};

typedef struct Records {
        Record *first; /* list (prev, next) */
} Records;

Record *records_find(const Records *r, int kind, const char *key);
/* What was there under this key is replaced, in its place. `bytes` is taken. */
void records_put_bytes(Records *r, int kind, const char *key, Buffer bytes);
void records_put_message(Records *r, int kind, const char *key, const Message *message, int mark);
void records_delete(Records *r, int kind, const char *key);
size_t records_count(const Records *r);
void records_done(Records *r);
