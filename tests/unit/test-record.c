/* SPDX-License-Identifier: Apache-2.0 */
/* Records as bytes: all fields there and back, later versions' and damaged ones, and how long the
 * state of a large cluster takes. */
#include "daemons/master/record.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "master-disk.h"
#include "master-rig.h"
#include "tests/unit/unit.h"

typedef struct Old {
        const char *name;
        int32_t number;
        OptInt option;
} Old;

typedef struct New {
        int32_t number, added;
        StringSeq list;
        OptInt option;
        double real;
} New;

#define ROW(type, member, name, ...)                                                               \
        {                                                                                          \
                .java_name = (name), .offset = offsetof(type, member),                             \
                .size = sizeof(((type *)NULL)->member), .kind = __VA_ARGS__                        \
        }
static const FieldInfo old_fields[] = {
        ROW(Old, name, "name", KIND_STRING),
        ROW(Old, number, "number", KIND_INT),
        ROW(Old, option, "option", KIND_INT, .option = true),
};
static const StructInfo old_info = { .size = sizeof(Old), .fields = old_fields, .n_fields = 3 };

static const FieldInfo text_fields[] = {
        { .java_name = "element", .kind = KIND_STRING, .size = sizeof(const char *) },
};
static const StructInfo text_info = { .size = sizeof(const char *),
                                      .fields = text_fields,
                                      .n_fields = 1 };
static const FieldInfo new_fields[] = {
        ROW(New, option, "option", KIND_INT, .option = true),
        ROW(New, added, "added", KIND_INT),
        ROW(New, number, "number", KIND_INT),
        ROW(New, list, "list", KIND_SEQ, .sub = &text_info),
        ROW(New, real, "real", KIND_DOUBLE),
};
static const StructInfo new_info = { .size = sizeof(New), .fields = new_fields, .n_fields = 5 };

/* Fields that came, went and moved between two versions of a struct. */
START_TEST(versions_of_a_struct)
{
        const char *texts[] = { "a", NULL, "" };
        const Old old = { .name = "gone", .number = -7, .option = { true, 0 } };
        const New new = { .number = 5, .added = 6, .list = { texts, 3 }, .real = 0.25 };
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        CLEANUP_ARENA Arena arena;
        Old as_old;
        New as_new;

        arena_init(&arena, SIZE_MAX);
        record_put_struct(&b, &old_info, &old);
        ck_assert_int_eq(record_get_struct(&arena, &new_info, b.data, b.size, &as_new), 0);
        ck_assert_int_eq(as_new.number, -7);
        ck_assert_int_eq(as_new.added, 0);
        ck_assert(as_new.option.set);
        ck_assert_uint_eq(as_new.list.length, 0);

        buffer_clear(&b);
        record_put_struct(&b, &new_info, &new);
        ck_assert_int_eq(record_get_struct(&arena, &old_info, b.data, b.size, &as_old), 0);
        ck_assert_int_eq(as_old.number, 5);
        ck_assert_ptr_null(as_old.name);
        ck_assert(!as_old.option.set);
        ck_assert_int_eq(record_get_struct(&arena, &new_info, b.data, b.size, &as_new), 0);
        ck_assert_uint_eq(as_new.list.length, 3);
        ck_assert_str_eq(as_new.list.items[0], "a");
        ck_assert_ptr_null(as_new.list.items[1]);
        ck_assert_str_eq(as_new.list.items[2], "");
        ck_assert_double_eq(as_new.real, 0.25);
}
END_TEST

/* Every shorter piece of it is damaged, and none makes a noise. */
START_TEST(cut_short)
{
        const char *texts[] = { "a", "bcd" };
        const New new = { .number = 5, .added = 6, .list = { texts, 2 }, .option = { true, 1 } };
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        New ret;

        record_put_struct(&b, &new_info, &new);
        for (size_t n = 0; n < b.size; n++) {
                CLEANUP_ARENA Arena arena;
                char *piece = malloc(n + 1); /* so that a read beyond it is seen */
                ck_assert_ptr_nonnull(piece);
                memcpy(piece, b.data, n);
                arena_init(&arena, KIB(64));
                ck_assert_int_eq(record_get_struct(&arena, &new_info, piece, n, &ret),
                                 RECORD_E_DAMAGED);
                free(piece);
        }
        buffer_put_u8(&b, 0);
        CLEANUP_ARENA Arena arena;
        arena_init(&arena, KIB(64));
        ck_assert_int_eq(record_get_struct(&arena, &new_info, b.data, b.size, &ret),
                         RECORD_E_DAMAGED);
}
END_TEST

START_TEST(formats)
{
        MasterConfig config = rig_config();
        const MasterTime time = { 1, 1 };
        const uint8_t newer[] = { 2, 0 }, none[] = { 0, 0 }, empty[] = { 1, 0 };
        Master *m;
        ck_assert_int_eq(master_new(&config, &m), 0);
        ck_assert_int_eq(master_restore(m, time, RECORD_APP, "a", newer, 2), RECORD_E_NEWER);
        ck_assert_int_eq(master_restore(m, time, (RecordKind)77, "a", empty, 2), RECORD_E_NEWER);
        ck_assert_int_eq(master_restore(m, time, RECORD_APP, "a", none, 2), RECORD_E_DAMAGED);
        ck_assert_int_eq(master_restore(m, time, RECORD_APP, "a", NULL, 0), RECORD_E_DAMAGED);
        /* An empty worker is none, an executor needs its application. */
        ck_assert_int_eq(master_restore(m, time, RECORD_WORKER, "w", empty, 2), 0);
        ck_assert_int_eq(master_restore(m, time, RECORD_EXECUTOR, "a/1", empty, 2), 0);
        ck_assert_int_eq(master_restore(m, time, RECORD_EXECUTOR, "a", empty, 2), 0);
        ck_assert_ptr_null(master_workers(m));
        (void)master_free(m);
}
END_TEST

/* ---- a large cluster ---- */

static double seconds(void)
{
        struct timespec ts;
        ck_assert_int_eq(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts), 0);
        return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* An application as spark-submit describes one: its command has about this much in it. */
static ApplicationDescription usual_app(Rig *rig)
{
        static const char *opts[40];
        ApplicationDescription desc = rig_app(rig, "application", 4, 1, 1024);
        for (size_t i = 0; i < ARRAY_SIZE(opts); i++)
                opts[i] = "--add-opens=java.base/java.lang.reflect=ALL-UNNAMED";
        desc.command.java_opts = (StringSeq){ opts, ARRAY_SIZE(opts) };
        return desc;
}

typedef struct Flat {
        RecordKind kinds[16000];
        char keys[16000][48];
        Buffer data[16000];
        size_t n;
        const Master *master;
} Flat;

static int flatten(void *user, RecordKind kind, const char *key)
{
        Flat *f = user;
        size_t i = f->n++;
        ck_assert_uint_lt(i, ARRAY_SIZE(f->kinds));
        f->kinds[i] = kind;
        (void)snprintf(f->keys[i], sizeof(f->keys[i]), "%s", key);
        return master_record(f->master, kind, key, &f->data[i]);
}

/* 1,000 workers and 1,000 applications with 4 executors each. */
START_TEST(a_thousand_of_each)
{
        MasterConfig config = rig_config();
        Rig rig;
        Flat *f = calloc(1, sizeof(*f));
        Master *m = NULL;
        ck_assert_ptr_nonnull(f);
        rig_init(&rig, &config);
        for (int i = 0; i < 1000; i++) {
                char id[16];
                (void)snprintf(id, sizeof(id), "w%04d", i);
                rig_register_worker(&rig, (ConnId)(i + 1), id, i + 1, 16, 65536);
        }
        ApplicationDescription desc = usual_app(&rig);
        for (int i = 0; i < 1000; i++)
                rig_register_app(&rig, (ConnId)(i + 2000), &desc);
        f->master = rig.m;
        ck_assert_int_eq(master_each_record(rig.m, flatten, f), 0);
        ck_assert_uint_eq(f->n, 1 + 1000 + 1000 * 6);

        double begin = seconds();
        ck_assert_int_eq(master_new(&config, &m), 0);
        for (size_t i = 0; i < f->n; i++)
                ck_assert_int_eq(master_restore(m, rig.time, f->kinds[i], f->keys[i],
                                                f->data[i].data, f->data[i].size),
                                 0);
        double end = seconds();
        printf("7,001 records of 1,000 workers and 1,000 applications restored in %.1f ms\n",
               (end - begin) * 1e3);
        MasterCounters c = master_counters(m);
        ck_assert_uint_eq(c.apps, 1000);
        ck_assert_uint_eq(c.workers_silent, 1000);
        ck_assert_double_lt(end - begin, 1); /* also under sanitizers; 50 ms is the aim */
        (void)master_free(m);
        for (size_t i = 0; i < f->n; i++)
                buffer_done(&f->data[i]);
        free(f);
        rig_done(&rig);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("record");
        TCase *c = tcase_create("record");
        tcase_set_timeout(c, 60);
        tcase_add_test(c, versions_of_a_struct);
        tcase_add_test(c, cut_short);
        tcase_add_test(c, formats);
        tcase_add_test(c, a_thousand_of_each);
        suite_add_tcase(s, c);
        return unit_run(s);
}
