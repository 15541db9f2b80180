/* SPDX-License-Identifier: Apache-2.0 */
#include "master-disk.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

struct DiskRecord {
        DiskRecord *prev, *next;
        RecordKind kind;
        char *key;
        Buffer data;
};

static DiskRecord *find(const Disk *d, RecordKind kind, const char *key)
{
        for (DiskRecord *r = d->records; r; r = r->next)
                if (r->kind == kind && strcmp(r->key, key) == 0)
                        return r;
        return NULL;
}

static void drop(Disk *d, DiskRecord *r)
{
        if (!r)
                return;
        DL_DELETE(d->records, r);
        buffer_done(&r->data);
        free(r->key);
        free(r);
}

void disk_done(Disk *d)
{
        while (d->records)
                drop(d, d->records);
}

static void put(Disk *d, const Master *m, RecordKind kind, const char *key)
{
        DiskRecord *r = find(d, kind, key);
        Buffer data = BUFFER_INIT(0);
        int error = master_record(m, kind, key, &data);
        if (error == -ENOENT) {
                drop(d, r);
                return;
        }
        ck_assert_int_eq(error, 0);
        if (!r) {
                r = calloc(1, sizeof(*r));
                ck_assert_ptr_nonnull(r);
                r->kind = kind;
                r->key = strdup(key);
                DL_APPEND(d->records, r);
        }
        buffer_done(&r->data);
        r->data = data;
}

void disk_apply(Disk *d, const Master *m, const MasterEffects *effects)
{
        for (const MasterEffect *e = effects->first; e; e = e->next) {
                if (e->type == EFFECT_RECORD_PUT)
                        put(d, m, e->kind, e->key);
                else if (e->type == EFFECT_RECORD_DELETE)
                        drop(d, find(d, e->kind, e->key));
        }
}

typedef struct Check {
        const Disk *disk;
        const Master *master;
        size_t n;
} Check;

static int check_one(void *user, RecordKind kind, const char *key)
{
        Check *c = user;
        CLEANUP_BUFFER Buffer data = BUFFER_INIT(0);
        const DiskRecord *r = find(c->disk, kind, key);
        c->n++;
        ck_assert_int_eq(master_record(c->master, kind, key, &data), 0);
        if (!r && kind == RECORD_MASTER) { /* nothing had a number yet */
                c->n--;
                return 0;
        }
        ck_assert_msg(r != NULL, "record %d of %s was never put", (int)kind, key);
        ck_assert_msg(r->data.size == data.size && memcmp(r->data.data, data.data, data.size) == 0,
                      "record %d of %s is out of date", (int)kind, key);
        return 0;
}

void disk_check(const Disk *d, const Master *m)
{
        Check c = { .disk = d, .master = m };
        size_t n = 0;
        const DiskRecord *r;
        ck_assert_int_eq(master_each_record(m, check_one, &c), 0);
        DL_COUNT(d->records, r, n);
        ck_assert_uint_eq(n, c.n);
}

Master *disk_restart(const Disk *d, const MasterConfig *config, MasterTime time)
{
        Master *m = NULL;
        ck_assert_int_eq(master_new(config, &m), 0);
        /* A driver may have been put before the worker that it runs on. */
        for (int pass = 0; pass < 2; pass++)
                for (const DiskRecord *r = d->records; r; r = r->next)
                        if ((r->kind == RECORD_EXECUTOR || r->kind == RECORD_DRIVER) == pass)
                                ck_assert_int_eq(master_restore(m, time, r->kind, r->key,
                                                                r->data.data, r->data.size),
                                                 0);
        return m;
}

void disk_keep(Disk *d, Rig *rig)
{
        disk_apply(d, rig->m, &rig->out);
        disk_check(d, rig->m);
}

void disk_reload(const Disk *d, Rig *rig, const MasterConfig *config)
{
        master_effects_clear(&rig->out);
        rig->m = master_free(rig->m);
        rig->m = disk_restart(d, config, rig->time);
}

void disk_crash(Disk *d, Rig *rig, const MasterConfig *config)
{
        rig->time.now += SECOND;
        disk_reload(d, rig, config);
        rig_event(rig, (MasterEvent){ .type = EVENT_START });
        disk_keep(d, rig);
}

size_t disk_count(const Disk *d, RecordKind kind)
{
        size_t n = 0;
        for (const DiskRecord *r = d->records; r; r = r->next)
                n += r->kind == kind;
        return n;
}
