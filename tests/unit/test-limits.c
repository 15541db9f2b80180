/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/limits.h"

#include <errno.h>

#include "base/limits.h"
#include "tests/unit/unit.h"

START_TEST(memory_is_the_sum_of_what_was_asked)
{
        static const struct {
                LimitsRequest request;
                uint64_t overhead_mb, max_mb;
        } cases[] = {
                { { .heap_mb = 1024, .cores = 1 }, 384, 1408 },
                { { .heap_mb = 1, .cores = 1 }, 384, 385 },
                { { .heap_mb = 3840, .cores = 1 }, 384, 4224 }, /* both rules give the same */
                { { .heap_mb = 3850, .cores = 1 }, 385, 4235 }, /* and here 10 % is the larger */
                { { .heap_mb = 8199, .cores = 2 }, 819, 9018 }, /* rounded down */
                { { .heap_mb = 65536, .cores = 16 }, 6553, 72089 },
                { { .heap_mb = 1024, .cores = 1, .overhead_set = true, .overhead_mb = 64 },
                  64,
                  1088 },
                { { .heap_mb = 1024, .cores = 1, .overhead_set = true }, 0, 1024 },
                { { .heap_mb = 1024, .cores = 1, .off_heap_mb = 512 }, 384, 1920 },
                { { .heap_mb = 1024, .cores = 1, .pyspark_mb = 300 }, 384, 1708 },
                { { .heap_mb = 2000,
                    .cores = 3,
                    .overhead_set = true,
                    .overhead_mb = 700,
                    .off_heap_mb = 50,
                    .pyspark_mb = 7 },
                  700,
                  2757 },
        };
        const LimitsPolicy policy = limits_policy_default();

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                Limits l;
                ck_assert_int_eq(limits_of(&policy, &cases[i].request, &l), 0);
                ck_assert_uint_eq(l.overhead_mb, cases[i].overhead_mb);
                ck_assert_uint_eq(l.memory_max, MIB(cases[i].max_mb));
                ck_assert_uint_lt(l.memory_high, l.memory_max);
                ck_assert_uint_ge(l.memory_high, l.memory_max / 100 * 97);
                ck_assert_uint_ge(l.memory_high, l.memory_max - MIN_OF(l.memory_max, MIB(256)));
                ck_assert_uint_eq(l.memory_high % 65536, 0);
                ck_assert_uint_eq(l.swap_max, 0);
        }
}
END_TEST

START_TEST(cpu_follows_the_mode)
{
        static const struct {
                CpuMode mode;
                unsigned burst_percent, host_cpus;
                uint64_t cores, weight, quota_usec;
        } cases[] = {
                { CPU_CEILING, 200, 8, 1, 10, 1000000 },
                { CPU_CEILING, 200, 8, 3, 30, 3000000 },
                { CPU_CEILING, 200, 2, 8, 80, 8000000 }, /* more promised than there is */
                { CPU_CEILING, 200, 0, 5000, 10000, UINT64_C(5000000000) },
                { CPU_BURST, 200, 8, 2, 20, 4000000 },
                { CPU_BURST, 150, 8, 1, 10, 1500000 },
                { CPU_BURST, 300, 8, 4, 40, 8000000 }, /* no more than there is */
                { CPU_BURST, 300, 2, 4, 40, 4000000 }, /* nor less than was promised */
                { CPU_BURST, 200, 0, 4, 40, 8000000 },
                { CPU_WEIGHT, 200, 8, 2, 20, LIMITS_UNLIMITED },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                LimitsPolicy policy = limits_policy_default();
                const LimitsRequest request = { .heap_mb = 512, .cores = cases[i].cores };
                Limits l;

                policy.cpu_mode = cases[i].mode;
                policy.burst_percent = cases[i].burst_percent;
                policy.host_cpus = cases[i].host_cpus;
                ck_assert_int_eq(limits_of(&policy, &request, &l), 0);
                ck_assert_uint_eq(l.cpu_weight, cases[i].weight);
                ck_assert_uint_eq(l.cpu_quota_usec, cases[i].quota_usec);
                ck_assert_uint_eq(l.pids_max, 4096);
        }
}
END_TEST

START_TEST(settings_change_what_they_name)
{
        LimitsPolicy policy = limits_policy_default();
        const LimitsRequest request = { .heap_mb = 1000, .cores = 1 };
        CpuMode mode;
        Limits l;

        policy.high_percent = 100;
        policy.swap_percent = 50;
        policy.overhead_percent = 40;
        policy.pids_max = 77;
        ck_assert_int_eq(limits_of(&policy, &request, &l), 0);
        ck_assert_uint_eq(l.memory_max, MIB(1400));
        ck_assert_uint_eq(l.memory_high, LIMITS_UNLIMITED);
        ck_assert_uint_eq(l.swap_max, MIB(700));
        ck_assert_uint_eq(l.pids_max, 77);

        ck_assert_int_eq(cpu_mode_from_name("burst", &mode), 0);
        ck_assert_int_eq(mode, CPU_BURST);
        ck_assert_int_eq(cpu_mode_from_name("weight", &mode), 0);
        ck_assert_int_eq(mode, CPU_WEIGHT);
        ck_assert_int_eq(cpu_mode_from_name("ceiling", &mode), 0);
        ck_assert_int_eq(mode, CPU_CEILING);
        ck_assert_int_eq(cpu_mode_from_name("Ceiling", &mode), -EINVAL);
        ck_assert_int_eq(cpu_mode_from_name("", &mode), -EINVAL);

        ck_assert_uint_eq(limits_slice_quota_usec(0), LIMITS_UNLIMITED);
        ck_assert_uint_eq(limits_slice_quota_usec(2500), 2500000);
}
END_TEST

START_TEST(amounts_beyond_reason_are_refused)
{
        const LimitsPolicy policy = limits_policy_default();
        const LimitsRequest bad[] = {
                { .heap_mb = 0, .cores = 1 },
                { .heap_mb = 1, .cores = 0 },
                { .heap_mb = UINT64_MAX, .cores = 1 },
                { .heap_mb = 1, .cores = UINT64_MAX },
                { .heap_mb = 1, .cores = 1, .overhead_set = true, .overhead_mb = UINT64_MAX },
                { .heap_mb = 1, .cores = 1, .off_heap_mb = UINT64_MAX - 300 },
                { .heap_mb = 1, .cores = 1, .pyspark_mb = UINT64_C(1) << 44 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                Limits l;
                ck_assert_int_eq(limits_of(&policy, &bad[i], &l), -ERANGE);
        }
}
END_TEST

static void check_fit(const LimitsRequest *request, uint64_t ceiling_mb, uint64_t taken_mb,
                      int result, const char *text)
{
        const LimitsPolicy policy = limits_policy_default();
        CLEANUP_FREE char *problem = NULL;
        Limits l;

        ck_assert_int_eq(limits_of(&policy, request, &l), 0);
        ck_assert_int_eq(limits_fit(&l, MIB(ceiling_mb), MIB(taken_mb), &problem), result);
        if (text)
                ck_assert_str_eq(problem, text);
        else
                ck_assert_ptr_null(problem);
}

START_TEST(what_does_not_fit_is_told_with_the_sum)
{
        const LimitsRequest plain = { .heap_mb = 8192, .cores = 1 };
        const LimitsRequest all = {
                .heap_mb = 1024, .cores = 1, .off_heap_mb = 100, .pyspark_mb = 200
        };

        check_fit(&plain, 9011, 0, 0, NULL);
        check_fit(&plain, 9010, 0, LIMITS_E_NEVER,
                  "a limit of 9011 MiB (heap 8192 + overhead 819) does not fit: executors on this "
                  "host may take 9010 MiB");
        check_fit(&plain, 12288, 3277, 0, NULL);
        check_fit(&plain, 12288, 4096, LIMITS_E_NOT_NOW,
                  "a limit of 9011 MiB (heap 8192 + overhead 819) does not fit: executors on this "
                  "host may take 12288 MiB, and 4096 MiB of them are given to others");
        /* the ceiling was lowered below what runs */
        check_fit(&all, 2048, 4096, LIMITS_E_NOT_NOW,
                  "a limit of 1708 MiB (heap 1024 + overhead 384 + off-heap 100 + PySpark 200) "
                  "does not fit: executors on this host may take 2048 MiB, and 4096 MiB of them "
                  "are given to others");
}
END_TEST

START_TEST(the_system_keeps_its_share)
{
        static const struct {
                uint64_t host_mb, ceiling_mb;
        } cases[] = {
                { 512, 256 },     { 1024, 512 },    { 2048, 1536 },
                { 4096, 3584 },   { 8192, 7168 },   { 16384, 15360 },
                { 32768, 31744 }, { 65536, 64512 }, { 524288, 523264 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                ck_assert_uint_eq(limits_default_ceiling(MIB(cases[i].host_mb)),
                                  MIB(cases[i].ceiling_mb));
        ck_assert_uint_eq(limits_default_ceiling(MIB(2048) + 4096), MIB(1536));
}
END_TEST

START_TEST(the_largest_heap_fits_and_no_larger_one)
{
        const LimitsPolicy policy = limits_policy_default();

        ck_assert_uint_eq(limits_largest_heap_mb(&policy, MIB(384)), 0);
        ck_assert_uint_eq(limits_largest_heap_mb(&policy, MIB(1408)), 1024);
        for (uint64_t all = 385; all < 20000; all++) {
                uint64_t heap = limits_largest_heap_mb(&policy, MIB(all));
                Limits l;

                ck_assert_int_eq(
                        limits_of(&policy, &(LimitsRequest){ .heap_mb = heap, .cores = 1 }, &l), 0);
                ck_assert_uint_le(l.memory_max, MIB(all));
                ck_assert_int_eq(
                        limits_of(&policy, &(LimitsRequest){ .heap_mb = heap + 1, .cores = 1 }, &l),
                        0);
                ck_assert_uint_gt(l.memory_max, MIB(all));
        }
}
END_TEST

START_TEST(a_host_gives_what_it_has)
{
        char *problem = NULL;

        ck_assert_int_eq(limits_check_budget(MIB(16384), MIB(15360), 15360, &problem), 0);
        ck_assert_ptr_null(problem);
        ck_assert_int_eq(limits_check_budget(MIB(16384), MIB(15361), 1024, &problem),
                         LIMITS_E_NEVER);
        ck_assert_str_eq(problem, "15361 MiB for executors and 1024 MiB for the system are 16385 "
                                  "MiB, but this host has 16384 MiB: give executors 15360 MiB at "
                                  "most");
        free(problem);
        ck_assert_int_eq(limits_check_budget(MIB(16384), MIB(8192), 8193, &problem),
                         LIMITS_E_NEVER);
        ck_assert_str_eq(problem, "8193 MiB of heap are offered, but executors on this host may "
                                  "take 8192 MiB, heap and overhead together");
        free(problem);
        problem = NULL;
        ck_assert_int_eq(limits_check_budget(MIB(1024), UINT64_MAX, 1, &problem), LIMITS_E_NEVER);
        ck_assert_ptr_nonnull(problem);
        free(problem);
}
END_TEST

UNIT_MAIN("limits", memory_is_the_sum_of_what_was_asked, cpu_follows_the_mode,
          settings_change_what_they_name, amounts_beyond_reason_are_refused,
          what_does_not_fit_is_told_with_the_sum, the_system_keeps_its_share,
          the_largest_heap_fits_and_no_larger_one, a_host_gives_what_it_has)
