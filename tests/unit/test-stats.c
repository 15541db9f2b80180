/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/stats.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/inotify.h>

#include "base/limits.h"
#include "tests/unit/unit.h"

static void put(const UnitDir *d, const char *name, const char *text)
{
        free(unit_write(d, name, text));
}

/* A group as Linux 6.1 shows it. */
static void put_group(const UnitDir *d)
{
        put(d, "g/cgroup.events", "populated 1\nfrozen 0\n");
        put(d, "g/memory.current", "1476395008\n");
        put(d, "g/memory.peak", "1476399104\n");
        put(d, "g/memory.max", "1476395008\n");
        put(d, "g/memory.high", "max\n");
        put(d, "g/memory.swap.current", "0\n");
        put(d, "g/memory.events", "low 0\nhigh 12\nmax 68\noom 1\noom_kill 2\noom_group_kill 1\n");
        put(d, "g/memory.stat",
            "anon 209715200\nfile 20971520\nkernel 6291456\nkernel_stack 49152\nshmem 4194304\n"
            "anon_thp 0\ninactive_anon 4096\n");
        put(d, "g/cpu.stat",
            "usage_usec 7886375\nuser_usec 7000000\nsystem_usec 886375\nnr_periods 400\n"
            "nr_throttled 393\nthrottled_usec 1234\nnr_bursts 0\nburst_usec 0\n");
        put(d, "g/cpu.max", "150000 100000\n");
        put(d, "g/cpu.weight", "20\n");
        put(d, "g/pids.current", "31\n");
        put(d, "g/pids.max", "4096\n");
        put(d, "g/memory.pressure",
            "some avg10=12.34 avg60=5.00 avg300=0.07 total=987654\n"
            "full avg10=0.05 avg60=0.00 avg300=0.00 total=4321\n");
        put(d, "g/cpu.pressure", "some avg10=100.00 avg60=1.00 avg300=0.00 total=5\n");
        put(d, "g/cgroup.procs", "101\n102\n103\n104\n105\n");
}

static int open_dir(const UnitDir *d, const char *name)
{
        CLEANUP_FREE char *path = path_join(d->path, name);
        int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

        ck_assert_int_ge(fd, 0);
        return fd;
}

START_TEST(every_file_is_read)
{
        CLEANUP_UNIT_DIR UnitDir d = unit_dir();
        CgroupStats s;

        put_group(&d);
        CLEANUP_CLOSE int g = open_dir(&d, "g");
        ck_assert_int_eq(stats_read(g, &s), 0);
        ck_assert_uint_eq(s.memory_current, 1476395008);
        ck_assert_uint_eq(s.memory_peak, 1476399104);
        ck_assert_uint_eq(s.memory_max, 1476395008);
        ck_assert_uint_eq(s.memory_high, STATS_NONE);
        ck_assert_uint_eq(s.swap_current, 0);
        ck_assert_uint_eq(s.high_events, 12);
        ck_assert_uint_eq(s.max_events, 68);
        ck_assert_uint_eq(s.oom_events, 1);
        ck_assert_uint_eq(s.oom_kills, 2);
        ck_assert_uint_eq(s.anon, MIB(200));
        ck_assert_uint_eq(s.file, MIB(16));
        ck_assert_uint_eq(s.shmem, MIB(4));
        ck_assert_uint_eq(s.kernel, MIB(6));
        ck_assert_uint_eq(s.cpu_usec, 7886375);
        ck_assert_uint_eq(s.cpu_user_usec, 7000000);
        ck_assert_uint_eq(s.cpu_system_usec, 886375);
        ck_assert_uint_eq(s.cpu_periods, 400);
        ck_assert_uint_eq(s.cpu_throttled, 393);
        ck_assert_uint_eq(s.cpu_throttled_usec, 1234);
        ck_assert_uint_eq(s.cpu_quota_usec, 1500000);
        ck_assert_uint_eq(s.cpu_weight, 20);
        ck_assert_uint_eq(s.pids_current, 31);
        ck_assert_uint_eq(s.pids_max, 4096);
        ck_assert_uint_eq(s.memory_pressure.some_avg10, 1234);
        ck_assert_uint_eq(s.memory_pressure.some_usec, 987654);
        ck_assert_uint_eq(s.memory_pressure.full_avg10, 5);
        ck_assert_uint_eq(s.memory_pressure.full_usec, 4321);
        ck_assert_uint_eq(s.cpu_pressure.some_avg10, 10000);
        ck_assert_uint_eq(s.cpu_pressure.full_avg10, STATS_NONE);
        ck_assert_uint_eq(s.io_pressure.some_avg10, STATS_NONE);
}
END_TEST

START_TEST(what_is_not_there_is_not_invented)
{
        CLEANUP_UNIT_DIR UnitDir d = unit_dir();
        CgroupStats s;

        put(&d, "g/cgroup.events", "populated 0\n");
        put(&d, "g/memory.current", "");
        put(&d, "g/cpu.max", "max 100000\n");
        put(&d, "g/memory.events", "nonsense\nhigh x\nmax -1\n");
        put(&d, "g/memory.pressure", "some avg10=\nfull\n\n");
        CLEANUP_CLOSE int g = open_dir(&d, "g");
        ck_assert_int_eq(stats_read(g, &s), 0);
        ck_assert_uint_eq(s.memory_current, STATS_NONE);
        ck_assert_uint_eq(s.memory_max, STATS_NONE);
        ck_assert_uint_eq(s.cpu_quota_usec, STATS_NONE);
        ck_assert_uint_eq(s.high_events, STATS_NONE);
        ck_assert_uint_eq(s.max_events, STATS_NONE);
        ck_assert_uint_eq(s.anon, STATS_NONE);
        ck_assert_uint_eq(s.pids_current, STATS_NONE);
        ck_assert_uint_eq(s.memory_pressure.some_avg10, STATS_NONE);

        CLEANUP_CLOSE int none = open_dir(&d, ".");
        ck_assert_int_eq(stats_read(none, &s), -ENOENT);
}
END_TEST

/* Sizes are in pages in statm. */
static void put_process(const UnitDir *d, int pid, const char *cmdline, unsigned resident_mib,
                        unsigned shared_mib, unsigned pss_mib)
{
        const long per_mib = (1 << 20) / sysconf(_SC_PAGESIZE);
        char name[64], text[256];
        size_t n = strlen(cmdline) + 1;

        (void)snprintf(name, sizeof(name), "proc/%d/cmdline", pid);
        CLEANUP_FREE char *path = unit_write(d, name, "");
        FILE *f = fopen(path, "we");
        ck_assert_uint_eq(fwrite(cmdline, 1, n, f), n);
        ck_assert_int_eq(fclose(f), 0);
        (void)snprintf(name, sizeof(name), "proc/%d/statm", pid);
        (void)snprintf(text, sizeof(text), "99999999 %ld %ld 1 0 99 0\n", resident_mib * per_mib,
                       shared_mib * per_mib);
        put(d, name, text);
        if (!pss_mib)
                return;
        (void)snprintf(name, sizeof(name), "proc/%d/smaps_rollup", pid);
        (void)snprintf(text, sizeof(text),
                       "00400000-7ffd r--p 0 00:00 0 [rollup]\nRss: 1 kB\nPss: %u kB\n"
                       "Pss_Anon:       %u kB\nPss_File: 10 kB\n",
                       pss_mib << 11, pss_mib << 10);
        put(d, name, text);
}

START_TEST(memory_is_split_by_kind)
{
        CLEANUP_UNIT_DIR UnitDir d = unit_dir();
        MemorySplit m;

        put_group(&d);
        put(&d, "g/memory.stat",
            "anon 162529280\nfile 20971520\nkernel 6291456\nshmem 4194304\n"); /* 155 MiB */
        put_process(&d, 101, "/usr/lib/jvm/java-17/bin/java", 140, 20, 0);
        put_process(&d, 102, "python3.11", 25, 5, 0);
        put_process(&d, 103, "/usr/bin/python3", 30, 5, 10);
        put_process(&d, 104, "sort", 3, 1, 0);
        put(&d, "proc/105/cmdline", ""); /* a zombie, or gone */
        put(&d, "proc/105/comm", "pythonic\n");
        put(&d, "proc/105/statm", "0 0 0 0 0 0 0\n");
        CLEANUP_CLOSE int g = open_dir(&d, "g");
        CLEANUP_CLOSE int proc = open_dir(&d, "proc");
        ck_assert_int_eq(stats_split(g, proc, &m), 0);
        ck_assert_uint_eq(m.jvm, MIB(120));
        ck_assert_uint_eq(m.python_workers, 3);
        ck_assert_uint_eq(m.python, MIB(30));
        ck_assert_uint_eq(m.others, 1);
        ck_assert_uint_eq(m.other, MIB(2));
        ck_assert_uint_eq(m.page_cache, MIB(16));
        ck_assert_uint_eq(m.shmem, MIB(4));
        ck_assert_uint_eq(m.kernel, MIB(6));
}
END_TEST

START_TEST(forked_memory_is_not_counted_twice)
{
        CLEANUP_UNIT_DIR UnitDir d = unit_dir();
        MemorySplit m;

        put_group(&d); /* 200 MiB anonymous in all */
        put(&d, "g/cgroup.procs", "101\n102\n103\n104\n");
        put_process(&d, 101, "java", 120, 20, 0);
        put_process(&d, 102, "python3", 80, 10, 0);
        put_process(&d, 103, "python3", 80, 10, 0);
        put_process(&d, 104, "bash", 12, 2, 0);
        CLEANUP_CLOSE int g = open_dir(&d, "g");
        CLEANUP_CLOSE int proc = open_dir(&d, "proc");
        ck_assert_int_eq(stats_split(g, proc, &m), 0);
        ck_assert_uint_eq(m.jvm, MIB(100));
        ck_assert_uint_eq(m.python, MIB(90));
        ck_assert_uint_eq(m.other, MIB(10));
}
END_TEST

START_TEST(hidden_processes_are_others)
{
        CLEANUP_UNIT_DIR UnitDir d = unit_dir();
        MemorySplit m;

        put_group(&d);                         /* 200 MiB anonymous in all */
        put(&d, "g/cgroup.procs", "101\n1\n"); /* there is a process 1 */
        put_process(&d, 101, "java", 120, 20, 0);
        CLEANUP_CLOSE int g = open_dir(&d, "g");
        CLEANUP_CLOSE int proc = open_dir(&d, "proc");
        ck_assert_int_eq(stats_split(g, proc, &m), 0);
        ck_assert_uint_eq(m.jvm, MIB(100));
        ck_assert_uint_eq(m.python, 0);
        ck_assert_uint_eq(m.others, 1);
        ck_assert_uint_eq(m.other, MIB(100));
}
END_TEST

/* A process on its way out has no address space, and its memory is freed only now. */
START_TEST(what_ends_has_what_is_left)
{
        CLEANUP_UNIT_DIR UnitDir d = unit_dir();
        MemorySplit m;

        put_group(&d); /* 200 MiB anonymous in all */
        put(&d, "g/cgroup.procs", "101\n102\n103\n");
        put_process(&d, 101, "java", 120, 20, 0);
        put_process(&d, 102, "python3", 30, 20, 0);
        put(&d, "proc/103/cmdline", "");
        put(&d, "proc/103/comm", "python3\n");
        put(&d, "proc/103/statm", "0 0 0 0 0 0 0\n");
        CLEANUP_CLOSE int g = open_dir(&d, "g");
        CLEANUP_CLOSE int proc = open_dir(&d, "proc");
        ck_assert_int_eq(stats_split(g, proc, &m), 0);
        ck_assert(m.ending);
        ck_assert_uint_eq(m.jvm, MIB(100));
        ck_assert_uint_eq(m.python_workers, 2);
        ck_assert_uint_eq(m.python, MIB(100));
        ck_assert_uint_eq(m.other, 0);

        put(&d, "proc/101/statm", "0 0 0 0 0 0 0\n"); /* both: nobody can tell */
        ck_assert_int_eq(stats_split(g, proc, &m), -ESRCH);
}
END_TEST

/* The group is read before its processes, of which some are gone by then. */
START_TEST(what_has_ended_is_nobodys)
{
        CLEANUP_UNIT_DIR UnitDir d = unit_dir();
        MemorySplit m;

        put_group(&d); /* 200 MiB anonymous in all */
        CLEANUP_CLOSE int g = open_dir(&d, "g");
        put(&d, "g/cgroup.procs", "");
        put(&d, "proc/1/comm", "init\n");
        CLEANUP_CLOSE int proc = open_dir(&d, "proc");
        ck_assert_int_eq(stats_split(g, proc, &m), -ESRCH);
        put(&d, "g/cgroup.procs", "101\n");
        put_process(&d, 101, "java", 120, 20, 0);
        ck_assert_int_eq(stats_split(g, proc, &m), -ESRCH);
        put(&d, "g/cgroup.procs", "101\n2147483647\n"); /* more than there can be */
        ck_assert_int_eq(stats_split(g, proc, &m), -ESRCH);
        put(&d, "g/cgroup.procs", "101\n0\n");
        ck_assert_int_eq(stats_split(g, proc, &m), 0);
        ck_assert_uint_eq(m.other, MIB(100));
}
END_TEST

START_TEST(a_change_of_events_wakes)
{
        CLEANUP_UNIT_DIR UnitDir d = unit_dir();
        CLEANUP_CLOSE int fd = stats_watch_new();
        char buffer[sizeof(struct inotify_event) + NAME_MAX + 1];

        put_group(&d);
        CLEANUP_FREE char *path = path_join(d.path, "g");
        ck_assert_int_ge(fd, 0);
        int wd = stats_watch_add(fd, path);
        ck_assert_int_ge(wd, 0);
        ck_assert_int_eq(read(fd, buffer, sizeof(buffer)), -1);
        ck_assert_int_eq(errno, EAGAIN);
        put(&d, "g/memory.events", "high 13\n");
        ck_assert_int_gt(read(fd, buffer, sizeof(buffer)), 0);
        ck_assert_int_eq(((struct inotify_event *)buffer)->wd, wd);
        ck_assert_int_eq(stats_watch_add(fd, "/nonexistent"), -ENOENT);
}
END_TEST

UNIT_MAIN("stats", every_file_is_read, what_is_not_there_is_not_invented, memory_is_split_by_kind,
          forked_memory_is_not_counted_twice, hidden_processes_are_others,
          what_ends_has_what_is_left, what_has_ended_is_nobodys, a_change_of_events_wakes)
