/* SPDX-License-Identifier: Apache-2.0 */
/* Directories go, and those that we may not empty are given to the backend: a made one here, which
 * opens what a mode has closed. */
#include "daemons/worker/remover.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "cgroups/backend-private.h"
#include "daemons/worker/share.h"
#include "tests/unit/unit.h"

/* Empties like the launcher's: here, by undoing what keeps us out. */
typedef struct FakeBackend {
        Backend base;
        Strv asked;
        bool helps;
} FakeBackend;

static int fake_remove(Backend *b, const char *directory, void (*removed)(void *), void *user)
{
        FakeBackend *self = CONTAINER_OF(b, FakeBackend, base);
        CLEANUP_FREE char *locked = path_join(directory, "locked");

        ck_assert_int_eq(strv_add(&self->asked, directory), 0);
        if (self->helps)
                ck_assert_int_eq(chmod(locked, 0700), 0);
        removed(user);
        return 0;
}

static const BackendOps fake_ops = { .name = "fake", .remove = fake_remove };

static void run(sd_event *event, const UnitDir *dir, unsigned gone)
{
        CLEANUP_FREE char *path = path_join(dir->path, "app");

        for (unsigned i = 0; i < 100 && (access(path, F_OK) < 0) != gone; i++)
                ck_assert_int_ge(sd_event_run(event, 100000), 0);
        /* What is left to be told. */
        for (unsigned i = 0; i < 5; i++)
                ck_assert_int_ge(sd_event_run(event, 20000), 0);
        ck_assert_int_eq(access(path, F_OK) < 0, gone);
}

static void remove_app(FakeBackend *fake, bool locked, bool gone)
{
        CLEANUP_UNIT_DIR UnitDir dir = unit_dir();
        CLEANUP_FREE char *app = path_join(dir.path, "app"), *own = path_join(dir.path, "app/0");
        CLEANUP_FREE char *inner = path_join(dir.path, "app/0/locked");
        CLEANUP_STRV Strv dirs = { 0 };
        sd_event *event = NULL;
        Remover *remover;

        ck_assert_int_ge(sd_event_new(&event), 0);
        ck_assert_int_eq(share_make(app, getegid(), SHARE_WALK, 0755), 0);
        ck_assert_int_eq(share_make(own, getegid(), SHARE_WRITE, 0755), 0);
        free(unit_write(&dir, "app/0/locked/file", "x"));
        if (locked)
                ck_assert_int_eq(chmod(inner, 0), 0);
        remover = remover_new(event, &fake->base);
        ck_assert_int_eq(strv_add(&dirs, app), 0);
        ck_assert_int_eq(remover_remove(remover, &dirs), 0);
        run(event, &dir, gone);
        if (fake->asked.length)
                ck_assert_str_eq(fake->asked.items[0], own);
        (void)chmod(inner, 0700);
        remover_free(remover);
        (void)sd_event_unref(event);
}

START_TEST(what_is_ours_goes_without_help)
{
        FakeBackend fake = { .base.ops = &fake_ops };

        remove_app(&fake, false, true);
        ck_assert_uint_eq(fake.asked.length, 0);
}
END_TEST

/* Root is not kept out by a mode: until stay_root() we are somebody else. */
static void leave_root(void)
{
        if (geteuid() == 0)
                ck_assert(setegid(65534) == 0 && seteuid(65534) == 0);
}

static void stay_root(void)
{
        if (getuid() == 0)
                ck_assert(seteuid(0) == 0 && setegid(0) == 0);
        /* For the leak checker, which looks at us from a child. */
        ck_assert_int_eq(prctl(PR_SET_DUMPABLE, 1), 0);
}

START_TEST(the_backend_empties_what_is_locked)
{
        FakeBackend fake = { .base.ops = &fake_ops, .helps = true };

        leave_root();
        remove_app(&fake, true, true);
        stay_root();
        ck_assert_uint_eq(fake.asked.length, 1);
        strv_done(&fake.asked);
}
END_TEST

START_TEST(it_is_asked_once)
{
        FakeBackend fake = { .base.ops = &fake_ops };

        leave_root();
        remove_app(&fake, true, false);
        stay_root();
        ck_assert_uint_eq(fake.asked.length, 1);
        strv_done(&fake.asked);
}
END_TEST

START_TEST(a_removal_can_be_given_up)
{
        FakeBackend fake = { .base.ops = &fake_ops };
        CLEANUP_UNIT_DIR UnitDir dir = unit_dir();
        CLEANUP_STRV Strv dirs = { 0 };
        sd_event *event = NULL;
        Remover *remover;

        ck_assert_int_ge(sd_event_new(&event), 0);
        remover = remover_new(event, &fake.base);
        ck_assert_int_eq(strv_addf(&dirs, "%s/none", dir.path), 0);
        ck_assert_int_eq(remover_remove(remover, &dirs), 0);
        remover_free(remover);
        remover_free(NULL);
        (void)sd_event_unref(event);
}
END_TEST

UNIT_MAIN("remover", what_is_ours_goes_without_help, the_backend_empties_what_is_locked,
          it_is_asked_once, a_removal_can_be_given_up)
