/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/launcher/properties.h"

#include <errno.h>
#include <stdio.h>

#define USEC_PER_SEC UINT64_C(1000000)

/* How long an executor may take to end when it is asked to, as Spark's worker waits. */
#define STOP_USEC (10 * USEC_PER_SEC)
/* What systemd lets a service have at most; a JVM takes all that it may. */
#define OPEN_FILES 524288
/* How long a directory may take to be emptied. */
#define REMOVE_USEC (600 * USEC_PER_SEC)

static int put_string(sd_bus_message *bus, const char *name, const char *value)
{
        return sd_bus_message_append(bus, "(sv)", name, "s", value);
}

static int put_number(sd_bus_message *bus, const char *name, uint64_t value)
{
        return sd_bus_message_append(bus, "(sv)", name, "t", value);
}

static int put_flag(sd_bus_message *bus, const char *name, int value)
{
        return sd_bus_message_append(bus, "(sv)", name, "b", value);
}

static int put_fd(sd_bus_message *bus, const char *name, int fd)
{
        return sd_bus_message_append(bus, "(sv)", name, "h", fd);
}

/* ExecStartEx, for its flag: without "no-env-expand" systemd would take "$NAME" in an argument for
 * a variable. `argv` may be preceded by one word more. */
typedef struct Program {
        const char *path;
        const char *before; /* argv[0], when argv does not have it */
        const char *const *argv;
        size_t n;
        const char *flag; /* besides */
} Program;

static int put_program(sd_bus_message *bus, const Program *p)
{
        int r = sd_bus_message_open_container(bus, 'r', "sasas");

        if (r >= 0)
                r = sd_bus_message_append(bus, "s", p->path);
        if (r >= 0)
                r = sd_bus_message_open_container(bus, 'a', "s");
        if (r >= 0 && p->before)
                r = sd_bus_message_append(bus, "s", p->before);
        for (size_t i = 0; r >= 0 && i < p->n; i++)
                r = sd_bus_message_append(bus, "s", p->argv[i]);
        if (r >= 0)
                r = sd_bus_message_close_container(bus);
        if (r >= 0)
                r = p->flag ? sd_bus_message_append(bus, "as", 2, "no-env-expand", p->flag)
                            : sd_bus_message_append(bus, "as", 1, "no-env-expand");
        return r < 0 ? r : sd_bus_message_close_container(bus);
}

static int put_programs(sd_bus_message *bus, const Program *programs, size_t n)
{
        int r = sd_bus_message_open_container(bus, 'r', "sv");

        if (r >= 0)
                r = sd_bus_message_append(bus, "s", "ExecStartEx");
        if (r >= 0)
                r = sd_bus_message_open_container(bus, 'v', "a(sasas)");
        if (r >= 0)
                r = sd_bus_message_open_container(bus, 'a', "(sasas)");
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = put_program(bus, &programs[i]);
        for (unsigned i = 0; r >= 0 && i < 3; i++)
                r = sd_bus_message_close_container(bus);
        return r;
}

static int put_limits(sd_bus_message *bus, const Limits *l)
{
        int r = put_number(bus, "MemoryMax", l->memory_max);

        if (r >= 0)
                r = put_number(bus, "MemoryHigh", l->memory_high);
        if (r >= 0)
                r = put_number(bus, "MemorySwapMax", l->swap_max);
        if (r >= 0)
                r = put_number(bus, "CPUWeight", l->cpu_weight);
        if (r >= 0)
                r = put_number(bus, "CPUQuotaPerSecUSec", l->cpu_quota_usec);
        if (r >= 0)
                r = put_number(bus, "TasksMax", l->pids_max);
        return r;
}

/* What users' code has no business with. Not here, because executors do need it: the network,
 * /proc of their own processes, devices (GPUs), memory that is writable and executable, and the
 * file system as far as its permissions go. */
static int put_walls(sd_bus_message *bus)
{
        static const char *const flags[] = {
                "NoNewPrivileges",       "RestrictSUIDSGID",     "ProtectControlGroups",
                "ProtectKernelTunables", "ProtectKernelModules", "ProtectKernelLogs",
                "ProtectClock",          "ProtectHostname",      "LockPersonality",
                "RestrictRealtime",
        };
        int r = put_number(bus, "CapabilityBoundingSet", 0);

        for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(flags); i++)
                r = put_flag(bus, flags[i], 1);
        if (r >= 0)
                r = put_number(bus, "RestrictNamespaces", 0); /* none may be made */
        if (r >= 0)
                r = put_string(bus, "ProtectProc", "invisible");
        if (r >= 0)
                r = put_string(bus, "KeyringMode", "private");
        if (r >= 0)
                r = sd_bus_message_append(bus, "(sv)", "UMask", "u", 0007U);
        return r;
}

/* How it begins and ends. */
static int put_life(sd_bus_message *bus)
{
        /* The start job is over when the program runs, and tells when it could not be run. */
        int r = put_string(bus, "Type", "exec");

        /* One that ended well stays readable, too, until the worker forgets it. */
        if (r >= 0)
                r = put_flag(bus, "RemainAfterExit", 1);
        /* The whole executor at once: half of one would only hang. */
        if (r >= 0)
                r = put_string(bus, "OOMPolicy", "kill");
        /* When the host itself runs out, executors go before daemons. */
        if (r >= 0)
                r = sd_bus_message_append(bus, "(sv)", "OOMScoreAdjust", "i", 500);
        /* Shuffle blocks are files, and peers connections. A core would be as large as the heap. */
        if (r >= 0)
                r = put_number(bus, "LimitNOFILE", OPEN_FILES);
        if (r >= 0)
                r = put_number(bus, "LimitCORE", 0);
        if (r >= 0)
                r = put_number(bus, "TimeoutStopUSec", STOP_USEC);
        if (r >= 0)
                r = put_flag(bus, "MemoryAccounting", 1);
        if (r >= 0)
                r = put_flag(bus, "CPUAccounting", 1);
        if (r >= 0)
                r = put_flag(bus, "IOAccounting", 1);
        if (r >= 0)
                r = put_flag(bus, "TasksAccounting", 1);
        return r;
}

static int put_identity(sd_bus_message *bus, const LaunchMessage *m)
{
        CLEANUP_FREE char *slice = launch_slice_name(m->slice), *what = NULL;
        int r;

        if (!slice || asprintf(&what, "Spark %s %s", m->role, m->id) < 0) {
                what = NULL;
                return -ENOMEM;
        }
        r = put_string(bus, "Description", what);
        if (r >= 0)
                r = put_string(bus, "Slice", slice);
        if (r >= 0)
                r = put_string(bus, "User", m->user);
        if (r >= 0)
                r = put_string(bus, "WorkingDirectory", m->directory);
        return r;
}

int properties_start(sd_bus_message *bus, const LaunchMessage *m, const char *starter,
                     const int *fds)
{
        static const char *const names[LAUNCH_FDS] = {
                "StandardInputFileDescriptor",
                "StandardOutputFileDescriptor",
                "StandardErrorFileDescriptor",
        };
        const Program program = {
                .path = starter,
                .before = starter,
                .argv = (const char *const *)m->argv.items,
                .n = m->argv.length,
        };
        int r = sd_bus_message_open_container(bus, 'a', "(sv)");

        if (r >= 0)
                r = put_identity(bus, m);
        if (r >= 0)
                r = put_life(bus);
        if (r >= 0)
                r = put_limits(bus, &m->limits);
        if (r >= 0)
                r = put_walls(bus);
        for (size_t i = 0; r >= 0 && i < LAUNCH_FDS; i++)
                r = put_fd(bus, names[i], fds[i]);
        if (r >= 0)
                r = put_programs(bus, &program, 1);
        return r < 0 ? r : sd_bus_message_close_container(bus);
}

int properties_slice(sd_bus_message *bus, const LaunchMessage *m)
{
        return sd_bus_message_append(bus, "a(sv)", 2, "MemoryMax", "t", m->limits.memory_max,
                                     "CPUQuotaPerSecUSec", "t", m->limits.cpu_quota_usec);
}

/* As the user whose files they are, who can do no more to them here than anywhere else: whatever
 * links or races they left behind, nothing is done with root's rights. */
int properties_remove(sd_bus_message *bus, const LaunchMessage *m)
{
        const char *const open[] = { "chmod", "-R", "u+rwx", "--", m->directory };
        const char *const empty[] = { "rm", "-rf", "--one-file-system", "--", m->directory };
        const Program programs[] = {
                { "/bin/chmod", NULL, open, ARRAY_SIZE(open), "ignore-failure" },
                { "/bin/rm", NULL, empty, ARRAY_SIZE(empty), "ignore-failure" },
        };
        int r = sd_bus_message_open_container(bus, 'a', "(sv)");

        if (r >= 0)
                r = put_string(bus, "Description", "Spark: remove what executors left");
        if (r >= 0)
                r = put_string(bus, "Type", "oneshot");
        if (r >= 0)
                r = put_string(bus, "CollectMode", "inactive-or-failed");
        if (r >= 0)
                r = put_string(bus, "User", m->user);
        if (r >= 0)
                r = put_string(bus, "StandardOutput", "null");
        if (r >= 0)
                r = put_string(bus, "StandardError", "null");
        if (r >= 0)
                r = put_number(bus, "TimeoutStartUSec", REMOVE_USEC);
        if (r >= 0)
                r = put_string(bus, "ProtectSystem", "strict");
        if (r >= 0)
                r = sd_bus_message_append(bus, "(sv)", "ReadWritePaths", "as", 1, m->directory);
        if (r >= 0)
                r = put_flag(bus, "PrivateNetwork", 1);
        if (r >= 0)
                r = put_walls(bus);
        if (r >= 0)
                r = put_programs(bus, programs, ARRAY_SIZE(programs));
        return r < 0 ? r : sd_bus_message_close_container(bus);
}
