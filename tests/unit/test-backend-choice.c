/* SPDX-License-Identifier: Apache-2.0 */
/* Which backend it comes to on a host without systemd and groups, as the machine of a test often
 * is, and what the settings may ask for. */
#include "daemons/worker/backend-choice.h"

#include <errno.h>
#include <pwd.h>
#include <systemd/sd-daemon.h>

#include "tests/unit/unit.h"

static const Budget budget = { .ceiling = 1 << 30, .cpu_quota_usec = LIMITS_UNLIMITED };

static int choose(const char *limits, const char *run_as, BackendChoice *ret, char **ret_problem)
{
        static const BackendHandlers handlers = { 0 };
        const WorkerSettings s = { .limits = (char *)limits, .run_as = (char *)run_as };
        sd_event *event = NULL;
        int r;

        ck_assert_int_ge(sd_event_new(&event), 0);
        r = backend_choose(event, &s, &budget, &handlers, NULL, ret, ret_problem);
        (void)sd_event_unref(event);
        return r;
}

START_TEST(none_runs_as_ourselves)
{
        const struct passwd *us = getpwuid(geteuid());
        CLEANUP_FREE char *problem = NULL;
        BackendChoice choice;

        ck_assert_ptr_nonnull(us);
        ck_assert_int_eq(choose("none", us->pw_name, &choice, &problem), 0);
        ck_assert_str_eq(backend_name(choice.backend), "none");
        ck_assert(!backend_has_limits(choice.backend));
        ck_assert_ptr_null(choice.identity.user);
        ck_assert_ptr_null(choice.why);
        backend_choice_done(&choice);
}
END_TEST

START_TEST(a_user_must_be_there)
{
        CLEANUP_FREE char *problem = NULL;
        BackendChoice choice;

        ck_assert_int_eq(choose("none", "no-such-user", &choice, &problem), -EINVAL);
        ck_assert_str_eq(problem, "there is no user no-such-user to run executors as");
        backend_choice_done(&choice);
}
END_TEST

START_TEST(another_user_is_for_root)
{
        CLEANUP_FREE char *problem = NULL;
        BackendChoice choice;
        int r = choose("none", "nobody", &choice, &problem);

        if (geteuid() != 0) {
                ck_assert_int_eq(r, -EINVAL);
                ck_assert_ptr_nonnull(strstr(problem, "only root can start processes"));
                return;
        }
        ck_assert_int_eq(r, 0);
        ck_assert_str_eq(choice.identity.user, "nobody");
        ck_assert_uint_ne(choice.identity.uid, 0);
        ck_assert_ptr_nonnull(choice.identity.home);
        backend_choice_done(&choice);
}
END_TEST

START_TEST(auto_says_why_there_are_no_limits)
{
        CLEANUP_FREE char *problem = NULL;
        BackendChoice choice;

        if (sd_booted() > 0 || backend_libcgroup_is_delegated(NULL))
                return;
        ck_assert_int_eq(choose("auto", NULL, &choice, &problem), 0);
        ck_assert_str_eq(backend_name(choice.backend), "none");
        ck_assert_str_eq(choice.why, "systemd is not PID 1 here, and no control group is delegated "
                                     "to us");
        backend_choice_done(&choice);
}
END_TEST

START_TEST(what_is_asked_for_is_not_replaced)
{
        CLEANUP_FREE char *problem = NULL, *second = NULL;
        BackendChoice choice;

        if (sd_booted() > 0)
                return;
        /* Without the user, or without the launcher. */
        ck_assert_int_lt(choose("systemd", NULL, &choice, &problem), 0);
        ck_assert_ptr_nonnull(problem);
        ck_assert_ptr_null(choice.backend);
        ck_assert_int_eq(choose("systemd", "no-such-user", &choice, &second), -EINVAL);
}
END_TEST

UNIT_MAIN("backend-choice", none_runs_as_ourselves, a_user_must_be_there, another_user_is_for_root,
          auto_says_why_there_are_no_limits, what_is_asked_for_is_not_replaced)
