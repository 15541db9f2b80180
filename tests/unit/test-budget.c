/* SPDX-License-Identifier: Apache-2.0 */
/* What a host gives to executors: defaults, settings, and what is refused. */
#include "daemons/worker/budget.h"

#include <errno.h>

#include "base/limits.h"
#include "tests/unit/unit.h"

/* As the table's defaults leave them. */
static WorkerSettings defaults(void)
{
        return (WorkerSettings){ .cpu_limit = (char *)"ceiling",
                                 .cpu_burst = 200,
                                 .memory_high = 98,
                                 .pids_max = 4096,
                                 .overhead_factor = (char *)"0.10",
                                 .overhead_min = MIB(384) };
}

START_TEST(no_default_is_refused)
{
        const WorkerSettings s = defaults();

        for (uint64_t host_mb = 256; host_mb < 600000; host_mb += 77) {
                uint64_t host = MIB(host_mb) + 4096; /* a host's memory is no whole number */
                char *problem = NULL;
                Budget b;

                ck_assert_msg(budget_find(&s, host, &b, &problem) == 0, "%lu MiB: %s",
                              (unsigned long)host_mb, problem);
                ck_assert_uint_le(MIB((uint64_t)b.memory_mb), b.ceiling);
                /* What Spark's own worker offers, where that can be. */
                if (host_mb >= 2048)
                        ck_assert_int_eq(b.memory_mb, (int32_t)host_mb - 1024);
        }
}
END_TEST

START_TEST(settings_are_taken)
{
        WorkerSettings s = defaults();
        char *problem = NULL;
        Budget b;

        s.memory = MIB(2048);
        s.cores = 3;
        s.executor_memory = MIB(3000);
        s.cpu_quota = (char *)"2.5";
        s.cpu_limit = (char *)"burst";
        s.cpu_burst = 150;
        s.memory_high = 90;
        s.swap = 25;
        s.pids_max = 500;
        s.overhead_factor = (char *)"0.25";
        s.overhead_min = MIB(256);
        ck_assert_int_eq(budget_find(&s, MIB(8192), &b, &problem), 0);
        ck_assert_int_eq(b.memory_mb, 2048);
        ck_assert_int_eq(b.cores, 3);
        ck_assert_uint_eq(b.ceiling, MIB(3000));
        ck_assert_uint_eq(b.cpu_quota_usec, 2500000);
        ck_assert_int_eq(b.policy.cpu_mode, CPU_BURST);
        ck_assert_uint_eq(b.policy.burst_percent, 150);
        ck_assert_uint_eq(b.policy.high_percent, 90);
        ck_assert_uint_eq(b.policy.swap_percent, 25);
        ck_assert_uint_eq(b.policy.pids_max, 500);
        ck_assert_uint_eq(b.policy.overhead_percent, 25);
        ck_assert_uint_eq(b.policy.overhead_min_mb, 256);
        s.cpu_quota = NULL;
        s.memory = 0;
        ck_assert_int_eq(budget_find(&s, MIB(8192), &b, &problem), 0);
        ck_assert_uint_eq(b.cpu_quota_usec, LIMITS_UNLIMITED);
        /* Not more than there is for limits. */
        ck_assert_int_eq(b.memory_mb, 3000);
}
END_TEST

START_TEST(more_than_the_host_has_is_refused)
{
        WorkerSettings s = defaults();
        char *problem = NULL;
        Budget b;

        s.executor_memory = MIB(8000);
        ck_assert_int_eq(budget_find(&s, MIB(8192), &b, &problem), -ERANGE);
        ck_assert_str_eq(problem,
                         "8000 MiB for executors and 1024 MiB for the system are 9024 MiB, "
                         "but this host has 8192 MiB: give executors 7168 MiB at most");
        free(TAKE_PTR(problem));
        s.executor_memory = 0;
        s.memory = MIB(7169);
        ck_assert_int_eq(budget_find(&s, MIB(8192), &b, &problem), -ERANGE);
        ck_assert_ptr_nonnull(strstr(problem, "7169 MiB of heap are offered"));
        free(problem);
}
END_TEST

START_TEST(groups_above_count)
{
        CLEANUP_UNIT_DIR UnitDir dir = unit_dir();
        uint64_t host = budget_host_memory(dir.path, "");

        ck_assert_uint_gt(host, MIB(256));
        free(unit_write(&dir, "a/b/memory.max", "max\n"));
        free(unit_write(&dir, "a/memory.max", "134217728\n"));
        ck_assert_uint_eq(budget_host_memory(dir.path, "/a/b"), MIB(128));
        ck_assert_uint_eq(budget_host_memory(dir.path, "/a"), MIB(128));
        ck_assert_uint_eq(budget_host_memory(dir.path, "/other"), host);
        /* A container's topmost group has one. */
        free(unit_write(&dir, "memory.max", "67108864\n"));
        ck_assert_uint_eq(budget_host_memory(dir.path, "/a/b"), MIB(64));
        ck_assert_uint_eq(budget_host_memory(dir.path, ""), MIB(64));
        ck_assert_uint_eq(budget_host_memory(dir.path, "/"), MIB(64));
}
END_TEST

UNIT_MAIN("budget", no_default_is_refused, settings_are_taken, more_than_the_host_has_is_refused,
          groups_above_count)
