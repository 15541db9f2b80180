/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs one program through a backend, as the worker would, and tells what happens, a line each:
 *
 *   run-backend [-u USER] [-r ROOT] [-c CEILING_MIB] [-k SECONDS] [-l] BACKEND ID HEAP OVERHEAD
 *               CORES DIRECTORY PROGRAM [ARGUMENT...]
 *
 * -k kills it after some time, -l takes it up from an earlier run instead of starting it, -x leaves
 * without forgetting it as soon as it has started. The group's files are compared with the policy's
 * values; a difference is a line that begins with "wrong".
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/parse.h"
#include "cgroups/backend.h"
#include "cgroups/spawn.h"

extern char **environ;

typedef struct Run {
        sd_event *event;
        Backend *backend;
        const char *id, *kill_after, *result;
        Limits limits;
        bool adopt, leave;
        pid_t pid;
} Run;

/* ---- the group's files ---- */

static void compare(const char *group, const char *file, uint64_t expected)
{
        CLEANUP_FREE char *path = path_join(group, file), *text = NULL;
        char wanted[64] = "max";
        size_t size;

        if (expected != LIMITS_UNLIMITED)
                (void)snprintf(wanted, sizeof(wanted), "%" PRIu64, expected);
        if (file_read(path, KIB(4), &text, &size) < 0) {
                printf("wrong: no %s\n", path);
                return;
        }
        text[strcspn(text, "\n")] = '\0';
        if (strcmp(file, "cpu.max") == 0) {
                if (expected == LIMITS_UNLIMITED)
                        (void)snprintf(wanted, sizeof(wanted), "max 100000");
                else
                        (void)snprintf(wanted, sizeof(wanted), "%" PRIu64 " 100000", expected / 10);
        }
        if (strcmp(text, wanted) == 0)
                printf("limit %s %s\n", file, text);
        else
                printf("wrong: %s is %s and not %s\n", file, text, wanted);
}

static void compare_all(const Run *run)
{
        CLEANUP_FREE char *file = NULL, *text = NULL, *group = NULL;
        const Limits *l = &run->limits;
        size_t size;

        if (asprintf(&file, "/proc/%d/cgroup", run->pid) < 0 ||
            file_read(file, KIB(16), &text, &size) < 0 || strncmp(text, "0::", 3) != 0) {
                printf("wrong: no %s\n", file);
                return;
        }
        text[strcspn(text, "\n")] = '\0';
        printf("group %s\n", text + 3);
        group = path_join("/sys/fs/cgroup", text + 4);
        compare(group, "memory.max", l->memory_max);
        compare(group, "memory.high", l->memory_high);
        compare(group, "memory.swap.max", l->swap_max);
        compare(group, "memory.oom.group", 1);
        compare(group, "cpu.weight", l->cpu_weight);
        compare(group, "cpu.max", l->cpu_quota_usec);
        compare(group, "pids.max", l->pids_max);
}

static void print_stats(const Run *run)
{
        CgroupStats s;
        MemorySplit m;
        int r = backend_stats(run->backend, run->id, &s, &m);

        if (r < 0) {
                printf("stats: %s\n", strerror(-r));
                return;
        }
        printf("stats: memory %" PRIu64 " cpu %" PRIu64 " throttled %" PRIu64 " pids %" PRIu64
               " pressure %" PRIu64 " python %u other %u\n",
               s.memory_current, s.cpu_usec, s.cpu_throttled, s.pids_current,
               s.memory_pressure.some_avg10, m.python_workers, m.others);
}

/* ---- events ---- */

static int on_kill_time(sd_event_source *source, uint64_t usec, void *user)
{
        Run *run = user;
        int r;

        print_stats(run);
        r = backend_kill(run->backend, run->id, SIGKILL);
        if (r < 0)
                printf("wrong: cannot kill it: %s\n", strerror(-r));
        return 0;
}

static void on_started(void *user, const char *id, pid_t pid)
{
        Run *run = user;
        uint64_t usec;

        printf("started %s %d\n", id, pid);
        run->pid = pid;
        if (!run->adopt && strcmp(backend_name(run->backend), "none") != 0)
                compare_all(run);
        if (run->leave)
                (void)sd_event_exit(run->event, 0);
        if (run->kill_after && parse_time(run->kill_after, 1000000, &usec) == 0)
                (void)sd_event_add_time_relative(run->event, NULL, CLOCK_MONOTONIC, usec, 0,
                                                 on_kill_time, run);
        (void)fflush(stdout);
}

static void on_failed(void *user, const char *id, const char *text)
{
        Run *run = user;

        printf("failed %s: %s\n", id, text);
        (void)sd_event_exit(run->event, 1);
}

/* The launcher's answer to "forget" is not waited for in backend.h; give it the time. */
static int on_gone(sd_event_source *source, uint64_t usec, void *user)
{
        return sd_event_exit(sd_event_source_get_event(source), 0);
}

static void on_ended(void *user, const char *id, const EndFacts *facts)
{
        Run *run = user;
        CLEANUP_FREE char *text = cause_text(facts);

        printf("ended %s: %s\n", id, text);
        if (backend_forget(run->backend, id) < 0)
                printf("wrong: it cannot be forgotten\n");
        (void)sd_event_add_time_relative(run->event, NULL, CLOCK_MONOTONIC, 1000000, 0, on_gone,
                                         run);
}

static void on_trouble(void *user, const char *id, const char *text)
{
        printf("trouble %s: %s\n", id ? id : "-", text);
}

static void on_child(void *user, pid_t pid, const siginfo_t *info)
{
        Run *run = user;

        if (run->backend)
                (void)backend_reaped(run->backend, pid, info);
}

/* ---- start ---- */

static int make_backend(Run *run, const char *name, const BackendConfig *config)
{
        static const BackendHandlers handlers = { on_started, on_failed, on_ended, on_trouble };
        static const struct {
                const char *name;
                int (*make)(sd_event *, const BackendConfig *, const BackendHandlers *, void *,
                            Backend **, char **);
        } backends[] = {
                { "systemd", backend_systemd_new },
                { "libcgroup", backend_libcgroup_new },
                { "none", backend_none_new },
        };
        CLEANUP_FREE char *text = NULL;
        int r = -ENOENT;

        for (size_t i = 0; i < ARRAY_SIZE(backends); i++)
                if (strcmp(backends[i].name, name) == 0)
                        r = backends[i].make(run->event, config, &handlers, run, &run->backend,
                                             &text);
        if (r < 0)
                printf("unusable %s: %s\n", name, text ? text : strerror(-r));
        return r;
}

static int start(Run *run, char *argv[])
{
        const LimitsPolicy policy = limits_policy_default();
        CLEANUP_FREE char *text = NULL, *out = path_join(argv[5], "stdout"),
                          *err = path_join(argv[5], "stderr");
        LimitsRequest want = { .overhead_set = true };
        int64_t heap, overhead, cores;
        int r;

        if (parse_int64(argv[2], 1, INT32_MAX, &heap) < 0 ||
            parse_int64(argv[3], 0, INT32_MAX, &overhead) < 0 ||
            parse_int64(argv[4], 1, INT32_MAX, &cores) < 0)
                return -EINVAL;
        want.heap_mb = (uint64_t)heap;
        want.overhead_mb = (uint64_t)overhead;
        want.cores = (uint64_t)cores;
        r = limits_of(&policy, &want, &run->limits);
        if (r < 0)
                return r;
        run->id = argv[1];
        const BackendRequest request = {
                .id = argv[1],
                .role = "executor",
                .argv = (const char *const *)argv + 6,
                .environment = (const char *const *)environ,
                .directory = argv[5],
                .stdout_path = out,
                .stderr_path = err,
                .limits = &run->limits,
        };
        r = run->adopt ? backend_list(run->backend) : backend_start(run->backend, &request, &text);
        if (r < 0)
                printf("failed %s: %s\n", argv[1], text ? text : strerror(-r));
        return r;
}

int main(int argc, char *argv[])
{
        BackendConfig config = { .ceiling = MIB(512), .cpu_quota_usec = LIMITS_UNLIMITED };
        Reaper *reaper = NULL;
        Run run = { 0 };
        int64_t mib;
        int r, option;

        while ((option = getopt(argc, argv, "+u:r:c:k:lx")) != -1) {
                if (option == 'u')
                        config.user = optarg;
                else if (option == 'r')
                        config.root = optarg;
                else if (option == 'c' && parse_int64(optarg, 1, INT32_MAX, &mib) == 0)
                        config.ceiling = MIB((uint64_t)mib);
                else if (option == 'k')
                        run.kill_after = optarg;
                else if (option == 'l')
                        run.adopt = true;
                else if (option == 'x')
                        run.leave = true;
                else
                        return EX_USAGE;
        }
        if (argc - optind < 7)
                return EX_USAGE;
        argv += optind;
        r = sd_event_new(&run.event);
        if (r >= 0)
                r = reaper_new(run.event, on_child, &run, &reaper);
        if (r >= 0)
                r = make_backend(&run, argv[0], &config);
        if (r >= 0)
                r = start(&run, argv);
        if (r >= 0)
                r = sd_event_loop(run.event);
        backend_free(run.backend);
        reaper_free(reaper);
        (void)sd_event_unref(run.event);
        return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
