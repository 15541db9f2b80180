/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/master/keeper.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"

struct Keeper {
        char *directory;
        Store *store;  /* NULL after a failure that only opening it again can mend */
        Buffer record; /* scratch */
        char message[KEEPER_MESSAGE_MAX];
};

int keeper_open(const char *directory, Keeper **ret, char ret_message[static KEEPER_MESSAGE_MAX])
{
        CLEANUP(keeper_free_pointer) Keeper *k = calloc(1, sizeof(*k));
        char message[STORE_MESSAGE_MAX] = "out of memory";
        int r = -ENOMEM;

        if (k)
                k->directory = strdup(directory);
        if (k && k->directory)
                r = store_open(directory, &k->store, message);
        if (r != 0) {
                (void)snprintf(ret_message, KEEPER_MESSAGE_MAX, "%s", message);
                return r;
        }
        *ret = TAKE_PTR(k);
        return 0;
}

void keeper_free(Keeper *k)
{
        if (!k)
                return;
        (void)store_close(k->store);
        buffer_done(&k->record);
        free(k->directory);
        free(k);
}

void keeper_free_pointer(Keeper **k)
{
        keeper_free(*k);
}

const char *keeper_message(const Keeper *k)
{
        return k->message;
}

/* ---- loading ---- */

typedef struct Loading {
        Master *master;
        MasterTime time;
        Buffer later; /* records that name others, which may have been put after them */
        const char *directory;
        char *message; /* KEEPER_MESSAGE_MAX */
} Loading;

static int restore(Loading *l, int kind, const char *key, const void *data, size_t size)
{
        int r = master_restore(l->master, l->time, (RecordKind)kind, key, data, size);

        if (r <= 0)
                return r;
        (void)snprintf(l->message, KEEPER_MESSAGE_MAX, "%s: record %d of %.128s %s", l->directory,
                       kind, key,
                       r == RECORD_E_NEWER ? "was written by a later version" : "is damaged");
        return r == RECORD_E_NEWER ? STORE_E_NEWER : STORE_E_DAMAGED;
}

static int load_record(void *user, int kind, const char *key, const void *data, size_t size)
{
        Loading *l = user;
        const size_t key_size = strlen(key) + 1;

        if (kind != RECORD_EXECUTOR && kind != RECORD_DRIVER)
                return restore(l, kind, key, data, size);
        buffer_put_u32(&l->later, (uint32_t)kind);
        buffer_put_u64(&l->later, key_size);
        buffer_put(&l->later, key, key_size);
        buffer_put_u64(&l->later, size);
        buffer_put(&l->later, data, size);
        return buffer_result(&l->later);
}

static int load_later(Loading *l)
{
        Cursor c = cursor_over(l->later.data, l->later.size);
        int r = 0;

        while (r == 0 && cursor_left(&c) > 0) {
                const int kind = (int)cursor_u32(&c);
                const char *key = (const char *)cursor_bytes(&c, (size_t)cursor_u64(&c));
                const size_t size = (size_t)cursor_u64(&c);
                const void *data = cursor_bytes(&c, size);

                r = restore(l, kind, key, data, size);
        }
        return r;
}

int keeper_load(Keeper *k, Master *m, MasterTime time, char ret_message[static KEEPER_MESSAGE_MAX])
{
        Loading l = { .master = m,
                      .time = time,
                      .later = BUFFER_INIT(0),
                      .directory = k->directory,
                      .message = ret_message };
        int r;

        ret_message[0] = '\0';
        r = store_load(k->store, load_record, &l);
        if (r == 0)
                r = load_later(&l);
        buffer_done(&l.later);
        if (r != 0 && ret_message[0] == '\0')
                (void)snprintf(ret_message, KEEPER_MESSAGE_MAX, "%s",
                               *store_message(k->store) ? store_message(k->store) : strerror(-r));
        return r;
}

/* ---- keeping ---- */

static int put(Keeper *k, const Master *m, RecordKind kind, const char *key)
{
        int r;

        buffer_clear(&k->record);
        r = master_record(m, kind, key, &k->record);
        if (r == -ENOENT)
                return store_delete(k->store, kind, key);
        return r < 0 ? r : store_put(k->store, kind, key, k->record.data, k->record.size);
}

/* After an error the disk may hold the entry or not: only opening the store anew tells. */
static int commit(Keeper *k)
{
        int r = store_commit(k->store);

        if (r == 0)
                return 0;
        (void)snprintf(k->message, sizeof(k->message), "%s", store_message(k->store));
        if (r < 0)
                k->store = store_close(k->store);
        return r;
}

int keeper_commit(Keeper *k, const Master *m, const MasterEffects *effects)
{
        int r = 0;

        for (const MasterEffect *e = effects->first; e && r == 0; e = e->next) {
                if (e->type == EFFECT_RECORD_PUT)
                        r = put(k, m, e->kind, e->key);
                else if (e->type == EFFECT_RECORD_DELETE)
                        r = store_delete(k->store, e->kind, e->key);
        }
        return r < 0 ? r : commit(k);
}

typedef struct Resync {
        Keeper *keeper;
        const Master *master;
} Resync;

static int delete_stale(void *user, int kind, const char *key, const void *data, size_t size)
{
        Resync *s = user;
        int r;

        buffer_clear(&s->keeper->record);
        r = master_record(s->master, (RecordKind)kind, key, &s->keeper->record);
        return r == -ENOENT ? store_delete(s->keeper->store, kind, key) : r;
}

static int put_each(void *user, RecordKind kind, const char *key)
{
        Resync *s = user;

        return put(s->keeper, s->master, kind, key);
}

int keeper_resync(Keeper *k, const Master *m)
{
        Resync s = { .keeper = k, .master = m };
        char message[STORE_MESSAGE_MAX];
        int r = 0;

        if (!k->store)
                r = store_open(k->directory, &k->store, message);
        if (r != 0) {
                (void)snprintf(k->message, sizeof(k->message), "%s", message);
                return r;
        }
        r = store_load(k->store, delete_stale, &s);
        if (r == 0)
                r = master_each_record(m, put_each, &s);
        return r == 0 ? commit(k) : r;
}
