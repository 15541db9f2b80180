/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/backend.h"

#include <errno.h>
#include <signal.h>

#include "base/buffer.h"
#include "cgroups/backend-private.h"
#include "cgroups/spawn.h"
#include "tests/unit/unit.h"

/* What a worker would have, and what it was told: "started a/1; ended a/1: ...; ". */
typedef struct Rig {
        UnitDir dir;
        sd_event *event;
        Reaper *reaper;
        Backend *backend;
        Buffer told;
        unsigned running;
} Rig;

static void on_started(void *user, const char *id, pid_t pid)
{
        Rig *r = user;

        ck_assert_int_gt(pid, 0);
        r->running++;
        buffer_printf(&r->told, "started %s; ", id);
}

static void on_failed(void *user, const char *id, const char *problem)
{
        buffer_printf(&((Rig *)user)->told, "failed %s: %s; ", id, problem);
}

static void on_ended(void *user, const char *id, const EndFacts *facts)
{
        Rig *r = user;
        CLEANUP_FREE char *text = cause_text(facts);

        buffer_printf(&r->told, "ended %s: %s; ", id, text);
        ck_assert_int_eq(backend_forget(r->backend, id), 0);
        if (--r->running == 0)
                (void)sd_event_exit(r->event, 0);
}

static void on_trouble(void *user, const char *id, const char *problem)
{
        buffer_printf(&((Rig *)user)->told, "trouble %s; ", problem);
}

static void on_child(void *user, pid_t pid, const siginfo_t *info)
{
        Rig *r = user;

        if (r->backend)
                (void)backend_reaped(r->backend, pid, info);
}

static void rig_init(Rig *r)
{
        static const BackendHandlers handlers = { on_started, on_failed, on_ended, on_trouble };
        char *problem = NULL;

        *r = (Rig){ .dir = unit_dir() };
        ck_assert_int_ge(sd_event_new(&r->event), 0);
        ck_assert_int_ge(reaper_new(r->event, on_child, r, &r->reaper), 0);
        ck_assert_int_eq(backend_none_new(r->event, &(BackendConfig){ 0 }, &handlers, r,
                                          &r->backend, &problem),
                         0);
}

static void rig_done(Rig *r)
{
        backend_free(r->backend);
        reaper_free(r->reaper);
        (void)sd_event_unref(r->event);
        buffer_done(&r->told);
        unit_dir_done(&r->dir);
}

static int start(Rig *r, const char *id, const char *script, char **ret_problem)
{
        const char *const argv[] = { "/bin/sh", "-c", script, NULL };
        const char *const environment[] = { "PATH=/usr/bin:/bin", NULL };
        CLEANUP_FREE char *out = path_join(r->dir.path, "stdout");
        CLEANUP_FREE char *err = path_join(r->dir.path, "stderr");
        const Limits limits = { .memory_max = 1 };

        return backend_start(r->backend,
                             &(BackendRequest){
                                     .id = id,
                                     .role = "executor",
                                     .argv = argv,
                                     .environment = environment,
                                     .directory = r->dir.path,
                                     .stdout_path = out,
                                     .stderr_path = err,
                                     .limits = &limits,
                             },
                             ret_problem);
}

static void check_told(Rig *r, const char *expected)
{
        CLEANUP_FREE char *text = NULL;

        ck_assert_int_ge(sd_event_loop(r->event), 0);
        text = buffer_take_text(&r->told);
        ck_assert_str_eq(text, expected);
}

START_TEST(a_child_is_started_and_its_end_is_told)
{
        CLEANUP(rig_done) Rig r;
        CLEANUP_FREE char *problem = NULL, *path = NULL, *text = NULL;
        size_t size;

        rig_init(&r);
        ck_assert_str_eq(backend_name(r.backend), "none");
        ck_assert(!backend_is_lasting(r.backend));
        ck_assert_int_eq(backend_list(r.backend), 0);
        ck_assert_int_eq(start(&r, "app/1", "echo hello; exit 52", &problem), 0);
        check_told(&r, "started app/1; ended app/1: Command exited with code 52: the JVM ran out "
                       "of memory "
                       "(raise spark.executor.memory); ");
        path = path_join(r.dir.path, "stdout");
        ck_assert_int_eq(file_read(path, 100, &text, &size), 0);
        ck_assert_str_eq(text, "hello\n");
        ck_assert_int_eq(backend_forget(r.backend, "app/1"), -ENOENT);
}
END_TEST

START_TEST(what_is_given_is_the_sum_of_limits)
{
        CLEANUP(rig_done) Rig r;
        Task *a, *b;
        Limits l;

        rig_init(&r);
        ck_assert(!backend_has_limits(r.backend));
        ck_assert_uint_eq(backend_given(r.backend), 0);
        ck_assert_int_eq(backend_task_add(r.backend, "app/1", "executor",
                                          &(Limits){ .memory_max = 100, .heap_mb = 7 }, &a),
                         0);
        ck_assert_int_eq(
                backend_task_add(r.backend, "app/2", "executor", &(Limits){ .memory_max = 20 }, &b),
                0);
        ck_assert_uint_eq(backend_given(r.backend), 120);
        ck_assert_int_eq(backend_limits(r.backend, "app/1", &l), 0);
        ck_assert_uint_eq(l.heap_mb, 7);
        ck_assert_int_eq(backend_limits(r.backend, "app/3", &l), -ENOENT);
        b->limits_set = false;
        ck_assert_int_eq(backend_limits(r.backend, "app/2", &l), -ENOENT);
        ck_assert_uint_eq(backend_given(r.backend), 100);
        /* One that was taken up may have no bound. */
        b->limits_set = true;
        b->limits.memory_max = UINT64_MAX;
        ck_assert_uint_eq(backend_given(r.backend), UINT64_MAX);
        a->state = TASK_ENDED;
        b->state = TASK_ENDED;
        ck_assert_uint_eq(backend_given(r.backend), 0);
        ck_assert_int_eq(backend_limits(r.backend, "app/1", &l), -ENOENT);
}
END_TEST

START_TEST(signals_reach_it)
{
        CLEANUP(rig_done) Rig r;
        CLEANUP_FREE char *problem = NULL;
        CgroupStats s;

        rig_init(&r);
        ck_assert_int_eq(start(&r, "app/1", "exec sleep 1000", &problem), 0);
        ck_assert_int_eq(start(&r, "app/1", "exec sleep 1000", &problem), -EEXIST);
        ck_assert_int_eq(backend_stats(r.backend, "app/1", &s, NULL), -ENOTSUP);
        ck_assert_int_eq(backend_stats(r.backend, "app/2", &s, NULL), -ENOENT);
        ck_assert_int_eq(backend_kill(r.backend, "app/2", SIGTERM), -ESRCH);
        ck_assert_int_eq(backend_kill(r.backend, "app/1", SIGTERM), 0);
        check_told(&r, "started app/1; ended app/1: Command exited with code 143: asked to end "
                       "(SIGTERM); ");
}
END_TEST

START_TEST(a_kill_ends_all_that_it_started)
{
        CLEANUP(rig_done) Rig r;
        CLEANUP_FREE char *problem = NULL;

        rig_init(&r);
        ck_assert_int_eq(start(&r, "app/1", "sleep 1000 & sleep 1000", &problem), 0);
        ck_assert_int_eq(backend_kill(r.backend, "app/1", SIGKILL), 0);
        check_told(&r,
                   "started app/1; ended app/1: Command exited with code 137: killed (SIGKILL), by "
                   "somebody or because the host ran out of memory; ");
}
END_TEST

START_TEST(what_cannot_start_is_forgotten)
{
        CLEANUP(rig_done) Rig r;
        CLEANUP_FREE char *problem = NULL;

        rig_init(&r);
        unit_dir_done(&r.dir);
        ck_assert_int_eq(start(&r, "app/1", "true", &problem), -ENOENT);
        ck_assert_ptr_nonnull(strstr(problem, "cannot enter /tmp/"));
        ck_assert_int_eq(backend_forget(r.backend, "app/1"), -ENOENT);
        ck_assert_ptr_nonnull(mkdtemp(
                memcpy(r.dir.path, "/tmp/sparkd-test-XXXXXX", sizeof("/tmp/sparkd-test-XXXXXX"))));
}
END_TEST

static int fail_to_prepare(void *arg)
{
        *(int *)arg = 1; /* in the child: not seen by us */
        return -EDQUOT;
}

START_TEST(a_child_that_cannot_be_prepared_does_not_run)
{
        const char *const argv[] = { "/bin/true", NULL };
        const char *const environment[] = { NULL };
        CLEANUP_FREE char *problem = NULL;
        int seen = 0;
        pid_t pid;

        ck_assert_int_eq(
                backend_spawn(&(BackendRequest){ .argv = argv, .environment = environment },
                              fail_to_prepare, &seen, &pid, &problem),
                -EDQUOT);
        ck_assert_str_eq(problem, "cannot prepare a process: Disk quota exceeded");
        ck_assert_int_eq(seen, 0);
        ck_assert_int_eq(backend_become(NULL), 0);
        ck_assert_int_eq(backend_become("no such user"), -ENOENT);
}
END_TEST

UNIT_MAIN("backend", a_child_is_started_and_its_end_is_told, what_is_given_is_the_sum_of_limits,
          signals_reach_it, a_kill_ends_all_that_it_started, what_cannot_start_is_forgotten,
          a_child_that_cannot_be_prepared_does_not_run)
