/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/records.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "tests/sim/sim.h"

Record *records_find(const Records *r, int kind, const char *key)
{
        for (Record *record = r->first; record; record = record->next)
                if (record->kind == kind && strcmp(record->key, key) == 0)
                        return record;
        return NULL;
}

static void clear(Record *record)
{
        buffer_done(&record->bytes);
        arena_done(&record->arena);
        record->message = NULL;
}

static Record *ensure(Records *r, int kind, const char *key)
{
        Record *record = records_find(r, kind, key);
        if (record) {
                clear(record);
                return record;
        }
        record = sim_alloc(sizeof(*record));
        record->kind = kind;
        record->key = sim_strdup(key);
        arena_init(&record->arena, SIZE_MAX);
        DL_APPEND(r->first, record);
        return record;
}

void records_put_bytes(Records *r, int kind, const char *key, Buffer bytes)
{
        ensure(r, kind, key)->bytes = bytes;
}

void records_put_message(Records *r, int kind, const char *key, const Message *message, int mark)
{
        Record *record = ensure(r, kind, key);
        record->mark = mark;
        if (!message)
                return;
        Message *copy = arena_new(&record->arena, Message);
        if (!copy || message_copy(&record->arena, message, copy) < 0)
                abort();
        record->message = copy;
}

void records_delete(Records *r, int kind, const char *key)
{
        Record *record = records_find(r, kind, key);
        if (!record)
                return;
        DL_DELETE(r->first, record);
        clear(record);
        free(record->key);
        free(record);
}

size_t records_count(const Records *r)
{
        size_t n = 0;
        for (const Record *record = r->first; record; record = record->next)
                n++;
        return n;
}

void records_done(Records *r)
{
        while (r->first)
                records_delete(r, r->first->kind, r->first->key);
}
