/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include <errno.h>

#include "base/buffer.h"
#include "tests/unit/unit.h"

static Store *open_store(const UnitDir *d)
{
        char message[STORE_MESSAGE_MAX] = "";
        Store *s = NULL;
        int r = store_open(d->path, &s, message);
        ck_assert_msg(r == 0, "%d: %s", r, message);
        ck_assert_str_eq(store_message(s), "");
        return s;
}

static int put_text(Store *s, int kind, const char *key, const char *text)
{
        return store_put(s, kind, key, text, strlen(text));
}

static int add_record(void *userdata, int kind, const char *key, const void *data, size_t size)
{
        buffer_printf(userdata, "%d %s=%.*s;", kind, key, (int)size, (const char *)data);
        return 0;
}

/* Everything that is kept, as "kind key=data;" */
static void check_content(Store *s, const char *expected)
{
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        ck_assert_int_eq(store_load(s, add_record, &b), 0);
        CLEANUP_FREE char *text = buffer_take_text(&b);
        ck_assert_str_eq(text, expected);
}

START_TEST(records_come_back_in_order)
{
        CLEANUP_UNIT_DIR UnitDir d = unit_dir();
        CLEANUP_STORE Store *s = open_store(&d);
        check_content(s, "");
        ck_assert_uint_eq(store_index(s), 0);
        ck_assert_int_eq(put_text(s, 1, "w", "worker"), 0);
        ck_assert_int_eq(put_text(s, 0, "a", "one"), 0);
        ck_assert_int_eq(put_text(s, 0, "w", ""), 0); /* the same key of another kind */
        check_content(s, "");                         /* not before it is committed */
        ck_assert_int_eq(store_commit(s), 0);
        ck_assert_uint_eq(store_index(s), 1);
        check_content(s, "1 w=worker;0 a=one;0 w=;");
        s = store_close(s);
        s = open_store(&d);
        ck_assert_uint_eq(store_index(s), 1);
        check_content(s, "1 w=worker;0 a=one;0 w=;");
}
END_TEST

START_TEST(a_replaced_record_stays_in_its_place)
{
        CLEANUP_UNIT_DIR UnitDir d = unit_dir();
        CLEANUP_STORE Store *s = open_store(&d);
        ck_assert_int_eq(put_text(s, 0, "a", "1"), 0);
        ck_assert_int_eq(put_text(s, 0, "b", "1"), 0);
        ck_assert_int_eq(put_text(s, 0, "c", "1"), 0);
        ck_assert_int_eq(store_commit(s), 0);
        ck_assert_int_eq(put_text(s, 0, "a", "2"), 0);
        ck_assert_int_eq(put_text(s, 0, "a", "3"), 0); /* the last one counts */
        ck_assert_int_eq(store_delete(s, 0, "b"), 0);
        ck_assert_int_eq(put_text(s, 0, "b", "2"), 0); /* a new one */
        ck_assert_int_eq(put_text(s, 0, "d", "1"), 0);
        ck_assert_int_eq(store_delete(s, 0, "d"), 0);
        ck_assert_int_eq(store_delete(s, 7, "absent"), 0);
        ck_assert_int_eq(store_commit(s), 0);
        check_content(s, "0 a=3;0 c=1;0 b=2;");
        s = store_close(s);
        s = open_store(&d);
        ck_assert_int_eq(put_text(s, 0, "d", "2"), 0);
        ck_assert_int_eq(store_commit(s), 0);
        check_content(s, "0 a=3;0 c=1;0 b=2;0 d=2;");
        ck_assert_uint_eq(store_index(s), 3);
}
END_TEST

START_TEST(what_is_not_committed_is_dropped)
{
        CLEANUP_UNIT_DIR UnitDir d = unit_dir();
        CLEANUP_STORE Store *s = open_store(&d);
        ck_assert_int_eq(store_commit(s), 0); /* nothing to do, no index */
        ck_assert_uint_eq(store_index(s), 0);
        ck_assert_int_eq(put_text(s, 0, "a", "1"), 0);
        s = store_close(s);
        s = open_store(&d);
        check_content(s, "");
        ck_assert_uint_eq(store_index(s), 0);
        ck_assert_ptr_null(store_close(NULL));
}
END_TEST

START_TEST(any_bytes_and_large_ones_are_kept)
{
        CLEANUP_UNIT_DIR UnitDir d = unit_dir();
        CLEANUP_STORE Store *s = open_store(&d);
        const size_t size = 5000000;
        CLEANUP_FREE char *large = malloc(size);
        memset(large, 'x', size);
        ck_assert_int_eq(store_put(s, 2, "large", large, size), 0);
        ck_assert_int_eq(put_text(s, 0, "k\303\244y 'quoted\"", "v"), 0);
        ck_assert_int_eq(store_put(s, 1, "", "\0\377\0", 3), 0);
        ck_assert_int_eq(store_commit(s), 0);
        memset(large, 'y', size); /* was copied */
        s = store_close(s);
        s = open_store(&d);
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        ck_assert_int_eq(store_load(s, add_record, &b), 0);
        ck_assert_uint_gt(b.size, size);
        ck_assert_ptr_null(memchr(b.data, 'y', size));
        ck_assert_mem_eq(b.data, "2 large=xxx", 11);
        const uint8_t *rest = b.data + strlen("2 large=") + size;
        ck_assert_mem_eq(rest, ";0 k\303\244y 'quoted\"=v;1 =", 22);
}
END_TEST

static int stop_at_second(void *userdata, int kind, const char *key, const void *data, size_t size)
{
        unsigned *calls = userdata;
        return ++*calls == 2 ? -ECANCELED : 0;
}

START_TEST(loading_can_be_ended)
{
        CLEANUP_UNIT_DIR UnitDir d = unit_dir();
        CLEANUP_STORE Store *s = open_store(&d);
        for (int i = 0; i < 3; i++)
                ck_assert_int_eq(put_text(s, i, "k", "v"), 0);
        ck_assert_int_eq(store_commit(s), 0);
        unsigned calls = 0;
        ck_assert_int_eq(store_load(s, stop_at_second, &calls), -ECANCELED);
        ck_assert_uint_eq(calls, 2);
        check_content(s, "0 k=v;1 k=v;2 k=v;");
}
END_TEST

START_TEST(many_records_in_one_entry)
{
        CLEANUP_UNIT_DIR UnitDir d = unit_dir();
        CLEANUP_STORE Store *s = open_store(&d);
        CLEANUP_BUFFER Buffer expected = BUFFER_INIT(0);
        for (int i = 0; i < 10000; i++) {
                char key[32];
                (void)snprintf(key, sizeof(key), "worker-%d", i);
                ck_assert_int_eq(put_text(s, i % 3, key, key), 0);
                buffer_printf(&expected, "%d %s=%s;", i % 3, key, key);
        }
        ck_assert_int_eq(store_commit(s), 0);
        ck_assert_uint_eq(store_index(s), 1);
        s = store_close(s);
        s = open_store(&d);
        CLEANUP_FREE char *text = buffer_take_text(&expected);
        check_content(s, text);
}
END_TEST

UNIT_MAIN("store", records_come_back_in_order, a_replaced_record_stays_in_its_place,
          what_is_not_committed_is_dropped, any_bytes_and_large_ones_are_kept, loading_can_be_ended,
          many_records_in_one_entry)
