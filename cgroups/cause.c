/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/cause.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/limits.h"

/* Advice is rounded up to this: it is a guess, and should look like one. */
#define ADVICE_STEP_MB 100

static uint64_t mib(uint64_t bytes)
{
        return (bytes + MIB(1) / 2) >> 20;
}

/* ---- killed for memory ---- */

static void put_split(Buffer *b, const MemorySplit *m)
{
        buffer_printf(b, "; JVM %" PRIu64, mib(m->jvm));
        if (m->python_workers)
                buffer_printf(b, ", Python workers (%u) %" PRIu64, m->python_workers,
                              mib(m->python));
        if (mib(m->other))
                buffer_printf(b, ", other processes (%u) %" PRIu64, m->others, mib(m->other));
        if (mib(m->shmem))
                buffer_printf(b, ", shared memory and tmpfs %" PRIu64, mib(m->shmem));
        buffer_printf(b, ", page cache %" PRIu64, mib(m->page_cache));
        /* Page tables and stacks are always there; sockets' buffers can be worth a word. */
        if (mib(m->kernel) >= 16)
                buffer_printf(b, ", kernel %" PRIu64, mib(m->kernel));
}

static uint64_t round_up(uint64_t mb)
{
        return (mb + ADVICE_STEP_MB - 1) / ADVICE_STEP_MB * ADVICE_STEP_MB;
}

/* At least a quarter above what is set: it was not enough. */
static uint64_t advice(uint64_t needed_mb, uint64_t set_mb)
{
        return round_up(MAX_OF(needed_mb, set_mb + set_mb / 4));
}

/* What is to be had outside the heap: the JVM's own needs, of which a heap that was not full yet
 * says little (so at least a tenth of the heap), and once and a half what the others had when they
 * were stopped. */
static uint64_t needed_outside(const Limits *l, const MemorySplit *m)
{
        uint64_t jvm = mib(m->jvm), heap = l->heap_mb + l->off_heap_mb, native = 0;
        uint64_t rest = m->other + m->shmem + m->kernel;

        if (jvm > heap)
                native = (jvm - heap) * 3 / 2;
        native = MAX_OF(native, l->heap_mb / 10);
        /* With a limit of their own, Python workers are no overhead. */
        if (l->pyspark_mb == 0)
                rest += m->python;
        return native + mib(rest) * 3 / 2;
}

static void put_advice(Buffer *b, const EndFacts *f)
{
        const Limits *l = f->limits;
        const MemorySplit *m = f->memory;
        const char *role = f->role ? f->role : "executor";
        uint64_t needed = 0;

        /* One that was taken up from an earlier life: what its limit was made of is not known. */
        if (l->heap_mb == 0) {
                buffer_printf(b, "; raise spark.%s.memoryOverhead", role);
                return;
        }
        if (m && l->pyspark_mb && mib(m->python) >= l->pyspark_mb) {
                buffer_printf(b,
                              "; raise spark.executor.pyspark.memory (%" PRIu64
                              "m now) to about %" PRIu64 "m",
                              l->pyspark_mb, advice(mib(m->python) * 3 / 2, l->pyspark_mb));
                return;
        }
        if (m)
                needed = needed_outside(l, m);
        buffer_printf(b, "; raise spark.%s.memoryOverhead (%" PRIu64 "m now) to about %" PRIu64 "m",
                      role, l->overhead_mb, advice(needed, l->overhead_mb));
}

static void put_oom(Buffer *b, const EndFacts *f)
{
        if (!f->limits) {
                buffer_put_text(b, "Killed for memory, by a limit that is not ours or because the "
                                   "host ran out of it");
                return;
        }
        buffer_printf(b, "Killed for memory: limit %" PRIu64 " MiB", f->limits->memory_max >> 20);
        if (f->memory) {
                put_split(b, f->memory);
        } else {
                CLEANUP_FREE char *sum = limits_sum_text(f->limits);

                if (f->limits->heap_mb)
                        buffer_printf(b, " (%s)", sum ? sum : "");
                buffer_put_text(b, ", reached before its use could be measured");
        }
        put_advice(b, f);
}

/* ---- other ends ---- */

typedef struct CodeText {
        int code;
        const char *text;
} CodeText;

/* org.apache.spark.util.SparkExitCode and executor.ExecutorExitCode; 126 and 127 as shells and our
 * own starter use them; 128 + signal when a JVM's handler has run. */
static const CodeText exit_codes[] = {
        { 1, "an error while it started; its stderr has it" },
        { 50, "an exception that nothing caught" },
        { 51, "an exception that nothing caught, and another one while it was logged" },
        { 52, "the JVM ran out of memory (raise spark.executor.memory)" },
        { 53, "no local directory could be made (spark.local.dir)" },
        { 54, "the external block store could not be set up" },
        { 55, "the external block store had no local directory" },
        { 56, "its heartbeats did not reach the driver" },
        { 57, "a task could not be killed (spark.task.reaper)" },
        { 126, "its program may not be run" },
        { 127, "its program is missing" },
        { 130, "interrupted" },
        { 134, "the JVM aborted; hs_err_pid*.log in its directory has the reason" },
        { 137, "killed (SIGKILL)" },
        { 143, "asked to end (SIGTERM)" },
};

/* Exit statuses above 200 are systemd's, of what went wrong before the program ran
 * (systemd.exec(5), "Process Exit Codes"). */
static const CodeText systemd_codes[] = {
        { 200, "its directory could not be entered" },
        { 203, "its program could not be run" },
        { 204, "there was no memory to start it" },
        { 208, "its standard input could not be set up" },
        { 209, "its stdout file could not be opened" },
        { 216, "its group is not known" },
        { 217, "its user is not known" },
        { 219, "its control group could not be set up" },
        { 222, "its stderr file could not be opened" },
        { 226, "its sandbox could not be set up" },
};

static const CodeText signals[] = {
        { SIGKILL, "killed (SIGKILL), though not for a memory limit of its own" },
        { SIGTERM, "asked to end (SIGTERM)" },
        { SIGSEGV, "it crashed (SIGSEGV), in the JVM or native code" },
        { SIGBUS, "it crashed (SIGBUS), which a full disk or tmpfs under a mapped file can cause" },
        { SIGABRT, "it aborted (SIGABRT), as a JVM does that has crashed; hs_err_pid*.log in its "
                   "directory has the reason" },
        { SIGILL, "an instruction that this CPU lacks (SIGILL)" },
        { SIGXCPU, "it used up its CPU time (SIGXCPU)" },
        { SIGHUP, "hung up (SIGHUP)" },
        { SIGINT, "interrupted (SIGINT)" },
};

static const char *text_of(const CodeText *table, size_t n, int code)
{
        for (size_t i = 0; i < n; i++)
                if (table[i].code == code)
                        return table[i].text;
        return NULL;
}

/* It begins as with Spark's own worker, which counts as Java does; people look for these words. */
static void put_end(Buffer *b, const EndFacts *f)
{
        const char *text;

        if (f->exited) {
                text = text_of(exit_codes, ARRAY_SIZE(exit_codes), f->code);
                if (!text)
                        text = text_of(systemd_codes, ARRAY_SIZE(systemd_codes), f->code);
                buffer_printf(b, "Command exited with code %d", f->code);
        } else {
                text = text_of(signals, ARRAY_SIZE(signals), f->code);
                if (f->code == SIGKILL && !f->limits)
                        text = "killed (SIGKILL), by somebody or because the host ran out of "
                               "memory";
                buffer_printf(b, "Command exited with code %d", 128 + f->code);
        }
        if (text)
                buffer_printf(b, ": %s", text);
        if (f->full_disk && (!f->exited || f->code != 0))
                buffer_printf(b, "; the disk of %s was full", f->full_disk);
}

char *cause_text(const EndFacts *facts)
{
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(KIB(4));

        if (facts->oom)
                put_oom(&b, facts);
        else
                put_end(&b, facts);
        return buffer_take_text(&b);
}

int cause_exit_code(const EndFacts *facts)
{
        if (facts->oom)
                return 128 + SIGKILL;
        return facts->exited ? facts->code : 128 + facts->code;
}
