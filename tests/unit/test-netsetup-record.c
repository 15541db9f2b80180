/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/record.h"

#include <errno.h>

#include "tests/unit/unit.h"

static const char *original(const UnitDir *dir, NetState *state, const char *name)
{
        state_done(state);
        ck_assert_int_eq(record_read(dir->path, state), 0);
        const NetSetting *s = state_setting(state, name);

        return s ? s->original : NULL;
}

START_TEST(the_first_value_is_kept)
{
        CLEANUP_UNIT_DIR UnitDir dir = unit_dir();
        CLEANUP_STATE NetState state;

        state_init(&state);
        ck_assert_ptr_null(original(&dir, &state, "mtu/e0"));
        ck_assert_int_eq(record_keep(dir.path, "mtu/e0", "1500"), 0);
        ck_assert_int_eq(record_keep(dir.path, "net.ipv4.ip_local_port_range", "32768 60999"), 0);
        ck_assert_int_eq(record_keep(dir.path, "mtu/e0", "1400"), 0);
        ck_assert_str_eq(original(&dir, &state, "mtu/e0"), "1500");
        ck_assert_str_eq(original(&dir, &state, "net.ipv4.ip_local_port_range"), "32768 60999");
}
END_TEST

START_TEST(what_is_as_it_was_is_forgotten)
{
        CLEANUP_UNIT_DIR UnitDir dir = unit_dir();
        CLEANUP_STATE NetState state;

        state_init(&state);
        ck_assert_int_eq(record_keep(dir.path, "mtu/e0", "1500"), 0);
        ck_assert_int_eq(record_keep(dir.path, "mtu/e1", "1500"), 0);
        ck_assert_int_eq(record_forget(dir.path, "mtu/e0", "1400"), 0);
        ck_assert_str_eq(original(&dir, &state, "mtu/e0"), "1500");
        ck_assert_int_eq(record_forget(dir.path, "mtu/e0", "1500"), 0);
        ck_assert_ptr_null(original(&dir, &state, "mtu/e0"));
        ck_assert_str_eq(original(&dir, &state, "mtu/e1"), "1500");
        ck_assert_int_eq(record_forget(dir.path, "mtu/e1", NULL), 0);
        ck_assert_ptr_null(original(&dir, &state, "mtu/e1"));
}
END_TEST

START_TEST(what_is_no_record_is_passed_over)
{
        CLEANUP_UNIT_DIR UnitDir dir = unit_dir();
        CLEANUP_STATE NetState state;

        state_init(&state);
        unit_put(&dir, RECORD_NAME, "nonsense\n\nmtu/e0 1500\nmtu/e1");
        ck_assert_str_eq(original(&dir, &state, "mtu/e0"), "1500");
        ck_assert_ptr_null(original(&dir, &state, "mtu/e1"));
}
END_TEST

START_TEST(without_the_directory_nothing_is_kept)
{
        CLEANUP_STATE NetState state;

        state_init(&state);
        ck_assert_int_eq(record_read("/nonexistent", &state), 0);
        ck_assert_int_eq(record_keep("/nonexistent", "mtu/e0", "1500"), -ENOENT);
}
END_TEST

UNIT_MAIN("record", the_first_value_is_kept, what_is_as_it_was_is_forgotten,
          what_is_no_record_is_passed_over, without_the_directory_nothing_is_kept)
