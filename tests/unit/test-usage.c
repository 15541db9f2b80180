/* SPDX-License-Identifier: Apache-2.0 */
/* The form in which /json/ shows what an executor uses: others read it. */
#include "daemons/worker/usage.h"

#include "base/limits.h"
#include "tests/unit/unit.h"

static Usage a_usage(void)
{
        return (Usage){
                .stats = { .memory_current = 536870912,
                           .memory_peak = 601882624,
                           .memory_max = MIB(1408),
                           .memory_high = MIB(1380),
                           .swap_current = 0,
                           .high_events = 4,
                           .oom_kills = 1,
                           .cpu_usec = 12250000,
                           .cpu_user_usec = 11000000,
                           .cpu_system_usec = 1250000,
                           .cpu_periods = 480,
                           .cpu_throttled = 3,
                           .cpu_throttled_usec = 125000,
                           .cpu_weight = 20,
                           .cpu_quota_usec = 2000000,
                           .pids_current = 61,
                           .pids_max = 4096,
                           .memory_pressure = { .some_avg10 = 150, .full_avg10 = 25 },
                           .cpu_pressure = { .some_avg10 = 1200, .full_avg10 = STATS_NONE },
                           .io_pressure = { .some_avg10 = 0, .full_avg10 = 0 } },
                .split = { .jvm = 1000,
                           .python_workers = 2,
                           .python = 2000,
                           .others = 1,
                           .other = 3000,
                           .page_cache = 4000,
                           .shmem = 5000,
                           .kernel = 6000 },
                .limits = { .heap_mb = 1024, .overhead_mb = 384 },
        };
}

static void check_json(const Usage *u, const char *expected)
{
        json_t *value = usage_value(u);
        CLEANUP_FREE char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

        json_decref(value);
        ck_assert_str_eq(text, expected);
}

START_TEST(all_of_it)
{
        const Usage u = a_usage();

        check_json(&u,
                   "{\"memory\":536870912,\"memorypeak\":601882624,\"memorylimit\":1476395008,"
                   "\"memoryhigh\":1447034880,\"memoryhighevents\":4,\"oomkills\":1,\"swap\":0,"
                   "\"heap\":1024,\"overhead\":384,\"offheap\":0,\"pyspark\":0,"
                   "\"split\":{\"jvm\":1000,\"python\":2000,\"pythonworkers\":2,\"other\":3000,"
                   "\"others\":1,\"pagecache\":4000,\"shmem\":5000,\"kernel\":6000},"
                   "\"cpuseconds\":12.25,\"cpuuserseconds\":11.0,\"cpusystemseconds\":1.25,"
                   "\"cpuperiods\":480,\"cputhrottledperiods\":3,\"cputhrottledseconds\":0.125,"
                   "\"cpuceiling\":2.0,\"cpuweight\":20,\"pids\":61,\"pidslimit\":4096,"
                   "\"pressure\":{\"memory\":{\"some\":1.5,\"full\":0.25},"
                   "\"cpu\":{\"some\":12.0,\"full\":null},\"io\":{\"some\":0.0,\"full\":0.0}}}");
}
END_TEST

START_TEST(what_is_not_known_is_null)
{
        Usage u;
        json_t *value;
        const char *key;
        json_t *item;

        memset(&u, 0xff, sizeof(u)); /* STATS_NONE everywhere */
        u.limits = (Limits){ .memory_max = 1 };
        u.split = (MemorySplit){ 0 };
        value = usage_value(&u);
        ck_assert_uint_eq(json_object_size(value), 23);
        json_object_foreach(value, key, item) ck_assert_msg(
                json_is_null(item) || strcmp(key, "split") == 0 || strcmp(key, "pressure") == 0,
                "%s", key);
        json_decref(value);
        check_json(NULL, "null");
}
END_TEST

UNIT_MAIN("usage", all_of_it, what_is_not_known_is_null)
