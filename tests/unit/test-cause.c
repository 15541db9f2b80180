/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/cause.h"

#include <signal.h>

#include "base/limits.h"
#include "tests/unit/unit.h"

static Limits limits_for(LimitsRequest request)
{
        const LimitsPolicy policy = limits_policy_default();
        Limits l;

        request.cores = 1;
        ck_assert_int_eq(limits_of(&policy, &request, &l), 0);
        return l;
}

static void check_cause(const EndFacts *facts, const char *expected)
{
        CLEANUP_FREE char *text = cause_text(facts);

        ck_assert_str_eq(text, expected);
}

START_TEST(python_over_the_limit)
{
        const Limits l = limits_for((LimitsRequest){ .heap_mb = 1024 });
        const MemorySplit m = {
                .jvm = MIB(1012),
                .python_workers = 2,
                .python = MIB(371),
                .page_cache = MIB(9),
                .kernel = MIB(6),
        };

        check_cause(&(EndFacts){ .oom = true, .limits = &l, .memory = &m },
                    "Killed for memory: limit 1408 MiB; JVM 1012, Python workers (2) 371, page "
                    "cache 9; raise spark.executor.memoryOverhead (384m now) to about 700m");
}
END_TEST

START_TEST(native_memory_of_the_jvm)
{
        const Limits l = limits_for((LimitsRequest){ .heap_mb = 4096, .off_heap_mb = 1024 });
        const MemorySplit m = { .jvm = MIB(5500), .page_cache = MIB(4) };

        /* 380 outside the heap and off-heap memory, once and a half; at least a tenth of the heap
         * and a quarter above what is set */
        check_cause(&(EndFacts){ .oom = true, .limits = &l, .memory = &m },
                    "Killed for memory: limit 5529 MiB; JVM 5500, page cache 4; raise "
                    "spark.executor.memoryOverhead (409m now) to about 600m");
}
END_TEST

START_TEST(python_with_a_limit_of_its_own)
{
        const Limits l = limits_for((LimitsRequest){ .heap_mb = 512, .pyspark_mb = 256 });
        MemorySplit m = { .jvm = MIB(400), .python_workers = 1, .python = MIB(740) };

        check_cause(&(EndFacts){ .oom = true, .limits = &l, .memory = &m },
                    "Killed for memory: limit 1152 MiB; JVM 400, Python workers (1) 740, page "
                    "cache 0; raise spark.executor.pyspark.memory (256m now) to about 1200m");
        m.python = MIB(100);
        m.jvm = MIB(1040);
        check_cause(&(EndFacts){ .oom = true, .limits = &l, .memory = &m },
                    "Killed for memory: limit 1152 MiB; JVM 1040, Python workers (1) 100, page "
                    "cache 0; raise spark.executor.memoryOverhead (384m now) to about 800m");
}
END_TEST

START_TEST(whatever_else_used_it_is_named)
{
        const Limits adopted = { .memory_max = MIB(2048) };
        const Limits l = limits_for((LimitsRequest){ .heap_mb = 1024 });
        const MemorySplit m = {
                .jvm = MIB(700),
                .others = 3,
                .other = MIB(200),
                .shmem = MIB(450),
                .page_cache = MIB(5),
                .kernel = MIB(50),
        };

        check_cause(&(EndFacts){ .oom = true, .limits = &l, .memory = &m, .role = "driver" },
                    "Killed for memory: limit 1408 MiB; JVM 700, other processes (3) 200, shared "
                    "memory and tmpfs 450, page cache 5, kernel 50; raise "
                    "spark.driver.memoryOverhead (384m now) to about 1200m");
        check_cause(&(EndFacts){ .oom = true, .limits = &l },
                    "Killed for memory: limit 1408 MiB (heap 1024 + overhead 384), reached before "
                    "its use could be measured; raise spark.executor.memoryOverhead (384m now) to "
                    "about 500m");
        check_cause(&(EndFacts){ .oom = true, .limits = &adopted, .memory = &m },
                    "Killed for memory: limit 2048 MiB; JVM 700, other processes (3) 200, shared "
                    "memory and tmpfs 450, page cache 5, kernel 50; raise "
                    "spark.executor.memoryOverhead");
        check_cause(&(EndFacts){ .oom = true, .limits = &adopted },
                    "Killed for memory: limit 2048 MiB, reached before its use could be measured; "
                    "raise spark.executor.memoryOverhead");
        check_cause(&(EndFacts){ .oom = true },
                    "Killed for memory, by a limit that is not ours or because the host ran out "
                    "of it");
}
END_TEST

START_TEST(codes_are_as_java_counts)
{
        ck_assert_int_eq(cause_exit_code(&(EndFacts){ .exited = true, .code = 52 }), 52);
        ck_assert_int_eq(cause_exit_code(&(EndFacts){ .code = SIGTERM }), 143);
        ck_assert_int_eq(cause_exit_code(&(EndFacts){ .oom = true, .code = SIGKILL }), 137);
        /* Another process than the first was chosen. */
        ck_assert_int_eq(cause_exit_code(&(EndFacts){ .oom = true, .exited = true, .code = 1 }),
                         137);
}
END_TEST

START_TEST(exits_and_signals)
{
        check_cause(&(EndFacts){ .exited = true, .code = 0 }, "Command exited with code 0");
        check_cause(&(EndFacts){ .exited = true, .code = 77 }, "Command exited with code 77");
        check_cause(&(EndFacts){ .exited = true, .code = 52 },
                    "Command exited with code 52: the JVM ran out of memory (raise "
                    "spark.executor.memory)");
        check_cause(&(EndFacts){ .exited = true, .code = 127 },
                    "Command exited with code 127: its program is missing");
        check_cause(&(EndFacts){ .exited = true, .code = 200 },
                    "Command exited with code 200: its directory could not be entered");
        check_cause(
                &(EndFacts){ .code = SIGKILL },
                "Command exited with code 137: killed (SIGKILL), by somebody or because the host "
                "ran out of memory");
        check_cause(&(EndFacts){ .code = SIGKILL, .limits = &(Limits){ 0 } },
                    "Command exited with code 137: killed (SIGKILL), though not for a memory "
                    "limit of its own");
        check_cause(&(EndFacts){ .code = 60 }, "Command exited with code 188");
        check_cause(&(EndFacts){ .exited = true, .code = 1, .full_disk = "/var/lib/spark/local" },
                    "Command exited with code 1: an error while it started; its stderr has it; the "
                    "disk "
                    "of /var/lib/spark/local was full");
        check_cause(&(EndFacts){ .exited = true, .full_disk = "/x" }, "Command exited with code 0");
}
END_TEST

UNIT_MAIN("cause", python_over_the_limit, native_memory_of_the_jvm, python_with_a_limit_of_its_own,
          whatever_else_used_it_is_named, exits_and_signals, codes_are_as_java_counts)
