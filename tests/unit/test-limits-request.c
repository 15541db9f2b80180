/* SPDX-License-Identifier: Apache-2.0 */
/* From the messages that order executors and drivers to what the policy is asked. */
#include "daemons/common/limits-request.h"

#include <errno.h>

#include "tests/unit/unit.h"

static struct ExecutorResourceEntry entries[] = {
        { "cores", { .resource_name = "cores", .amount = 9 } },
        { "memory", { .resource_name = "memory", .amount = 9999 } },
        { "memoryOverhead", { .resource_name = "memoryOverhead", .amount = 512 } },
        { "offHeap", { .resource_name = "offHeap", .amount = 256 } },
        { "pyspark.memory", { .resource_name = "pyspark.memory", .amount = 128 } },
};

static Message executor(size_t n_entries, int32_t rp_id)
{
        return (Message){
                .type = MSG_LAUNCH_EXECUTOR,
                .launch_executor = { .cores = 2,
                                     .memory = 1024,
                                     .rp_id = rp_id,
                                     .app_desc.default_profile = {
                                             .id = 3,
                                             .executor_resources = { entries, n_entries },
                                     } },
        };
}

static void check_sum(const LimitsRequest *request, const char *sum)
{
        const LimitsPolicy policy = limits_policy_default();
        CLEANUP_FREE char *text = NULL;
        Limits l;

        ck_assert_int_eq(limits_of(&policy, request, &l), 0);
        text = limits_sum_text(&l);
        ck_assert_str_eq(text, sum);
}

START_TEST(an_executor_has_what_its_profile_says)
{
        const Message m = executor(ARRAY_SIZE(entries), 3);
        const LimitsRequest request = limits_request_of_launch(&m);

        ck_assert_uint_eq(request.cores, 2);
        check_sum(&request, "heap 1024 + overhead 512 + off-heap 256 + PySpark 128");
}
END_TEST

START_TEST(a_profile_without_overhead_leaves_it_to_the_rule)
{
        const Message m = executor(2, 3);
        const LimitsRequest request = limits_request_of_launch(&m);

        check_sum(&request, "heap 1024 + overhead 384");
}
END_TEST

START_TEST(an_overhead_of_nothing_is_one_too)
{
        const LimitsPolicy policy = limits_policy_default();
        Message m = executor(ARRAY_SIZE(entries), 3);
        LimitsRequest request;

        entries[2].value.amount = 0;
        request = limits_request_of_launch(&m);
        ck_assert_uint_eq(limits_overhead_mb(&policy, &request), 0);
        entries[2].value.amount = -1;
        request = limits_request_of_launch(&m);
        ck_assert_uint_eq(limits_overhead_mb(&policy, &request), 384);
        entries[2].value.amount = 512;
}
END_TEST

START_TEST(of_another_profile_only_the_message_is_known)
{
        const Message m = executor(ARRAY_SIZE(entries), 4);
        const LimitsRequest request = limits_request_of_launch(&m);

        check_sum(&request, "heap 1024 + overhead 384");
}
END_TEST

START_TEST(nonsense_is_refused_by_the_policy)
{
        const LimitsPolicy policy = limits_policy_default();
        Message m = executor(0, 3);
        LimitsRequest request;
        Limits l;

        m.launch_executor.memory = -5;
        request = limits_request_of_launch(&m);
        ck_assert_int_eq(limits_of(&policy, &request, &l), -ERANGE);
        m.launch_executor.memory = 5;
        m.launch_executor.cores = 0;
        request = limits_request_of_launch(&m);
        ck_assert_int_eq(limits_of(&policy, &request, &l), -ERANGE);
}
END_TEST

static void check_driver(const char *const *options, size_t n, const char *sum)
{
        const LimitsPolicy policy = limits_policy_default();
        const DriverDescription desc = {
                .mem = 2048,
                .command.java_opts = { (const char **)options, n },
        };
        const LimitsRequest request = limits_request_of_driver(&policy, &desc);

        ck_assert_uint_eq(request.cores, 1);

        check_sum(&request, sum);
}

#define CHECK_DRIVER(sum, ...)                                                                     \
        do {                                                                                       \
                const char *const options[] = { __VA_ARGS__ };                                     \
                check_driver(options, ARRAY_SIZE(options), sum);                                   \
        } while (0)

START_TEST(a_driver_has_what_its_options_say)
{
        CHECK_DRIVER("heap 2048 + overhead 384", "-Xss4m");
        CHECK_DRIVER("heap 2048 + overhead 600", "-Dspark.driver.memoryOverhead=600");
        CHECK_DRIVER("heap 2048 + overhead 1024", "-Dspark.driver.memoryOverhead=600",
                     "-Dspark.driver.memoryOverhead=1g", "-Dspark.driver.memoryOverheadFactor=0.5");
        CHECK_DRIVER("heap 2048 + overhead 819", "-Dspark.driver.memoryOverheadFactor=0.4");
        CHECK_DRIVER("heap 2048 + overhead 384", "-Dspark.driver.memoryOverheadFactor=0.15");
        CHECK_DRIVER("heap 2048 + overhead 500", "-Dspark.driver.minMemoryOverhead=500m");
        CHECK_DRIVER("heap 2048 + overhead 384", "-Dspark.driver.memoryOverhead=lots",
                     "-Dspark.driver.memoryOverheadFactor=-1");
        CHECK_DRIVER("heap 2048 + overhead 384", "-Dspark.memory.offHeap.size=64m");
        CHECK_DRIVER("heap 2048 + overhead 384 + off-heap 64", "-Dspark.memory.offHeap.size=64m",
                     "-Dspark.memory.offHeap.enabled=true");
        CHECK_DRIVER("heap 2048 + overhead 384 + off-heap 1", "-Dspark.memory.offHeap.size=1000",
                     "-Dspark.memory.offHeap.enabled=true");
}
END_TEST

UNIT_MAIN("limits-request", an_executor_has_what_its_profile_says,
          a_profile_without_overhead_leaves_it_to_the_rule, an_overhead_of_nothing_is_one_too,
          of_another_profile_only_the_message_is_known, nonsense_is_refused_by_the_policy,
          a_driver_has_what_its_options_say)
