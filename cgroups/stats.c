/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/stats.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/parse.h"

/* The largest of these files is memory.stat, of about 1,500 bytes. */
#define TEXT_MAX 8192

#define USEC_PER_SEC UINT64_C(1000000)

/* So much memory may change hands while we look. */
#define UNEXPLAINED_MAX MIB(16)

/* The whole of a small file, NUL-terminated and cut at `size`. Bytes read or -errno. */
static ssize_t read_small(int dir, const char *name, char *text, size_t size)
{
        CLEANUP_CLOSE int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

        if (fd < 0)
                return -errno;
        ssize_t length = fd_read(fd, text, size - 1);

        if (length >= 0)
                text[length] = '\0';
        return length;
}

static uint64_t number(const char *text)
{
        int64_t value;

        return parse_int64(text, 0, INT64_MAX, &value) < 0 ? STATS_NONE : (uint64_t)value;
}

/* A file of one number; STATS_NONE for "max" and when there is none. */
static uint64_t read_number(int dir, const char *name)
{
        char text[64];
        ssize_t n = read_small(dir, name, text, sizeof(text));

        if (n <= 0)
                return STATS_NONE;
        text[strcspn(text, "\n")] = '\0';
        return number(text);
}

/* ---- files of "key number" lines ---- */

typedef struct Field {
        const char *key;
        uint64_t *value;
} Field;

static void read_fields(int dir, const char *name, const Field *fields, size_t n_fields)
{
        char text[TEXT_MAX], *line, *rest = text;

        if (read_small(dir, name, text, sizeof(text)) < 0)
                return;
        while ((line = strsep(&rest, "\n"))) {
                char *value = strchr(line, ' ');

                if (!value)
                        continue;
                *value++ = '\0';
                for (size_t i = 0; i < n_fields; i++)
                        if (strcmp(line, fields[i].key) == 0)
                                *fields[i].value = number(value);
        }
}

static void read_memory(int group, CgroupStats *s)
{
        const Field events[] = {
                { "high", &s->high_events },
                { "max", &s->max_events },
                { "oom", &s->oom_events },
                { "oom_kill", &s->oom_kills },
        };
        const Field stat[] = {
                { "anon", &s->anon },
                { "file", &s->file },
                { "shmem", &s->shmem },
                { "kernel", &s->kernel },
        };

        s->memory_current = read_number(group, "memory.current");
        s->memory_peak = read_number(group, "memory.peak");
        s->memory_max = read_number(group, "memory.max");
        s->memory_high = read_number(group, "memory.high");
        s->swap_current = read_number(group, "memory.swap.current");
        read_fields(group, "memory.events", events, ARRAY_SIZE(events));
        read_fields(group, "memory.stat", stat, ARRAY_SIZE(stat));
        /* The kernel counts shared memory as file, too. */
        if (s->file != STATS_NONE && s->shmem != STATS_NONE)
                s->file -= MIN_OF(s->file, s->shmem);
}

/* cpu.max: "QUOTA PERIOD" or "max PERIOD", both in microseconds. */
static uint64_t read_quota(int group)
{
        char text[64], *quota, *rest = text;
        uint64_t usec, period;

        if (read_small(group, "cpu.max", text, sizeof(text)) <= 0)
                return STATS_NONE;
        text[strcspn(text, "\n")] = '\0';
        quota = strsep(&rest, " ");
        usec = number(quota);
        period = rest ? number(rest) : STATS_NONE;
        if (usec == STATS_NONE || period == STATS_NONE || period == 0)
                return STATS_NONE;
        return usec * USEC_PER_SEC / period;
}

static void read_cpu(int group, CgroupStats *s)
{
        const Field stat[] = {
                { "usage_usec", &s->cpu_usec },
                { "user_usec", &s->cpu_user_usec },
                { "system_usec", &s->cpu_system_usec },
                { "nr_periods", &s->cpu_periods },
                { "nr_throttled", &s->cpu_throttled },
                { "throttled_usec", &s->cpu_throttled_usec },
        };

        read_fields(group, "cpu.stat", stat, ARRAY_SIZE(stat));
        s->cpu_weight = read_number(group, "cpu.weight");
        s->cpu_quota_usec = read_quota(group);
}

/* Lines "some avg10=0.00 avg60=0.00 avg300=0.00 total=0" and, but for the CPU of old kernels,
 * "full ...". */
static void read_pressure(int group, const char *name, Pressure *ret)
{
        char text[512], *line, *rest = text;
        uint64_t whole, hundredths, total;

        *ret = (Pressure){ STATS_NONE, STATS_NONE, STATS_NONE, STATS_NONE };
        if (read_small(group, name, text, sizeof(text)) < 0)
                return;
        while ((line = strsep(&rest, "\n"))) {
                bool full = strncmp(line, "full ", strlen("full ")) == 0;

                if (sscanf(line,
                           "%*s avg10=%" SCNu64 ".%2" SCNu64 " avg60=%*s avg300=%*s total=%" SCNu64,
                           &whole, &hundredths, &total) != 3)
                        continue;
                *(full ? &ret->full_avg10 : &ret->some_avg10) = whole * 100 + hundredths;
                *(full ? &ret->full_usec : &ret->some_usec) = total;
        }
}

int stats_read(int group, CgroupStats *ret)
{
        CgroupStats s;
        char text[TEXT_MAX];
        ssize_t n = read_small(group, "cgroup.events", text, sizeof(text));

        if (n < 0)
                return (int)n;
        memset(&s, 0xff, sizeof(s)); /* STATS_NONE everywhere */
        read_memory(group, &s);
        read_cpu(group, &s);
        s.pids_current = read_number(group, "pids.current");
        s.pids_max = read_number(group, "pids.max");
        read_pressure(group, "memory.pressure", &s.memory_pressure);
        read_pressure(group, "cpu.pressure", &s.cpu_pressure);
        read_pressure(group, "io.pressure", &s.io_pressure);
        *ret = s;
        return 0;
}

/* ---- who holds the memory ---- */

typedef enum ProcessKind {
        PROCESS_JVM,
        PROCESS_PYTHON,
        PROCESS_OTHER,
        PROCESS_HIDDEN, /* /proc does not show it to us */
        PROCESS_KINDS   /* none of them */
} ProcessKind;

/* Of each kind, while they are counted. */
typedef struct ProcessSum {
        unsigned n;
        unsigned ending; /* of n: those that have let go of their memory, to be freed any moment */
        uint64_t bytes;
} ProcessSum;

/* By the name of the program as it was called (argv[0]); a process may have renamed its threads,
 * but the first of a JVM keeps "java". */
static ProcessKind process_kind(int proc, int pid)
{
        char path[64], text[4096];
        const char *base;

        (void)snprintf(path, sizeof(path), "%d/cmdline", pid);
        if (read_small(proc, path, text, sizeof(text)) <= 0) {
                (void)snprintf(path, sizeof(path), "%d/comm", pid);
                if (read_small(proc, path, text, sizeof(text)) <= 0)
                        return PROCESS_OTHER;
                text[strcspn(text, "\n")] = '\0';
        }
        base = strrchr(text, '/');
        base = base ? base + 1 : text;
        if (strcmp(base, "java") == 0)
                return PROCESS_JVM;
        if (strncmp(base, "python", strlen("python")) == 0 ||
            strncmp(base, "pypy", strlen("pypy")) == 0)
                return PROCESS_PYTHON;
        return PROCESS_OTHER;
}

/* Bytes of anonymous memory, those that are shared with relatives in part. */
static bool pss_anon(int proc, int pid, uint64_t *ret)
{
        char path[64], text[TEXT_MAX];
        const char *line;
        uint64_t kib;

        (void)snprintf(path, sizeof(path), "%d/smaps_rollup", pid);
        if (read_small(proc, path, text, sizeof(text)) <= 0)
                return false;
        line = strstr(text, "\nPss_Anon:");
        if (!line || sscanf(line, " Pss_Anon: %" SCNu64 " kB", &kib) != 1)
                return false;
        *ret = kib << 10;
        return true;
}

/* The same of statm, which everybody may read: resident less what is backed by files or shared
 * memory. Pages shared since a fork count in full. *ret_size is 0 for a process that has let go of
 * its address space. False when it is hidden or gone. */
static bool resident_anon(int proc, int pid, uint64_t *ret, uint64_t *ret_size)
{
        char path[64], text[128];
        uint64_t size, resident, shared;

        (void)snprintf(path, sizeof(path), "%d/statm", pid);
        if (read_small(proc, path, text, sizeof(text)) <= 0 ||
            sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNu64, &size, &resident, &shared) != 3)
                return false;
        *ret = (resident - MIN_OF(resident, shared)) * (uint64_t)sysconf(_SC_PAGESIZE);
        *ret_size = size;
        return true;
}

static void count_process(int proc, int pid, ProcessSum sums[PROCESS_KINDS])
{
        ProcessSum *sum = &sums[process_kind(proc, pid)];
        uint64_t bytes = 0, size = 1;

        if (!pss_anon(proc, pid, &bytes) && !resident_anon(proc, pid, &bytes, &size)) {
                if (kill(pid, 0) < 0 && errno == ESRCH)
                        return;
                sum = &sums[PROCESS_HIDDEN];
        }
        sum->n++;
        sum->bytes += bytes;
        if (size == 0)
                sum->ending++;
}

static int count_processes(int group, int proc, ProcessSum sums[PROCESS_KINDS])
{
        CLEANUP_CLOSE int fd = openat(group, "cgroup.procs", O_RDONLY | O_CLOEXEC);
        char *line = NULL;
        size_t room = 0;
        FILE *procs;
        int pid;

        procs = fd < 0 ? NULL : fdopen(fd, "r");
        if (!procs)
                return -errno;
        fd = -1;
        while (getline(&line, &room, procs) > 0) {
                line[strcspn(line, "\n")] = '\0';
                /* 0: in a pid namespace that is not below ours */
                if (parse_int(line, 0, INT32_MAX, &pid) == 0)
                        count_process(proc, pid, sums);
        }
        free(line);
        (void)fclose(procs);
        return 0;
}

/* Whose is what no process owned up to? A process that is being killed has no memory to show long
 * before all of it is freed. And /proc may hide somebody from us. */
static ProcessKind silent_kind(const ProcessSum sums[PROCESS_KINDS])
{
        ProcessKind kind = sums[PROCESS_HIDDEN].n ? PROCESS_HIDDEN : PROCESS_KINDS;
        unsigned kinds = 0;

        for (unsigned k = 0; k < PROCESS_KINDS; k++) {
                if (sums[k].ending == 0)
                        continue;
                kind = (ProcessKind)k;
                kinds++;
        }
        return kinds <= 1 ? kind : PROCESS_KINDS;
}

/* What the group had in all, beside what its processes say. Python workers are forked from one
 * daemon and share what it had loaded: where that could not be told apart, the group's figure
 * bounds theirs. 0 or -ESRCH.
 */
static int settle_with_group(ProcessSum sums[PROCESS_KINDS], uint64_t anon)
{
        uint64_t fixed = sums[PROCESS_JVM].bytes + sums[PROCESS_OTHER].bytes;
        uint64_t sum = fixed + sums[PROCESS_PYTHON].bytes;

        if (anon == STATS_NONE)
                return 0;
        if (sum > anon) {
                sums[PROCESS_PYTHON].bytes =
                        MIN_OF(sums[PROCESS_PYTHON].bytes, anon - MIN_OF(anon, fixed));
        } else if (anon - sum > UNEXPLAINED_MAX) {
                ProcessKind kind = silent_kind(sums);

                if (kind == PROCESS_KINDS)
                        return -ESRCH;
                sums[kind].bytes += anon - sum;
        }
        return 0;
}

int stats_split(int group, int proc, MemorySplit *ret)
{
        ProcessSum sums[PROCESS_KINDS] = { 0 };
        CgroupStats s;
        int r = stats_read(group, &s);

        if (r >= 0)
                r = count_processes(group, proc, sums);
        if (r >= 0)
                r = settle_with_group(sums, s.anon);
        if (r < 0)
                return r;
        *ret = (MemorySplit){
                .jvm = sums[PROCESS_JVM].bytes,
                .python_workers = sums[PROCESS_PYTHON].n,
                .python = sums[PROCESS_PYTHON].bytes,
                .others = sums[PROCESS_OTHER].n + sums[PROCESS_HIDDEN].n,
                .other = sums[PROCESS_OTHER].bytes + sums[PROCESS_HIDDEN].bytes,
                .page_cache = s.file == STATS_NONE ? 0 : s.file,
                .shmem = s.shmem == STATS_NONE ? 0 : s.shmem,
                .kernel = s.kernel == STATS_NONE ? 0 : s.kernel,
        };
        for (unsigned k = 0; k < PROCESS_KINDS; k++)
                ret->ending |= sums[k].ending > 0;
        return 0;
}

/* ---- being told ---- */

int stats_watch_new(void)
{
        int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

        return fd < 0 ? -errno : fd;
}

int stats_watch_add(int fd, const char *path)
{
        char file[4096];
        int n = snprintf(file, sizeof(file), "%s/memory.events", path);

        if (n < 0 || (size_t)n >= sizeof(file))
                return -ENAMETOOLONG;
        n = inotify_add_watch(fd, file, IN_MODIFY);
        return n < 0 ? -errno : n;
}
