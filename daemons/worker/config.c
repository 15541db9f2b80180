/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/worker/config.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "base/log.h"
#include "cgroups/launch-message.h"
#include "cgroups/limits.h"
#include "daemons/worker/command-text.h"
#include "base/parse.h"

#define AT(member)    .offset = offsetof(WorkerSettings, member)
#define SECONDS(n)    (INT64_C(1000000) * (n))
#define MIB_SIGNED(n) ((int64_t)MIB(n))

static bool is_id_pattern(const char *s)
{
        CLEANUP_FREE char *id = NULL;

        return worker_make_id(s, 0, "localhost", 7078, &id) != -EINVAL;
}

static bool is_redaction(const char *s)
{
        CLEANUP(redaction_done) Redaction redaction = { 0 };

        return redaction_init(&redaction, s) >= 0;
}

static bool is_limits(const char *s)
{
        static const char *const names[] = { "auto", "systemd", "libcgroup", "none" };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (strcmp(s, names[i]) == 0)
                        return true;
        return false;
}

static bool is_cpu_mode(const char *s)
{
        CpuMode mode;

        return cpu_mode_from_name(s, &mode) == 0;
}

static bool is_quota(const char *s)
{
        uint64_t thousandths;

        return parse_thousandths(s, LIMIT_CORES * 1000, &thousandths) == 0 && thousandths >= 10;
}

/* Percents, as the policy and our master count them. */
static bool is_factor(const char *s)
{
        uint64_t thousandths;

        return parse_thousandths(s, 10000, &thousandths) == 0 && thousandths % 10 == 0;
}

/* As the launcher takes it for the name of a slice. */
static bool is_instance(const char *s)
{
        return strlen(s) <= LAUNCH_SLICE_MAX &&
               s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] ==
                       '\0';
}

static bool is_group(const char *s)
{
        return *s == '/' && !strstr(s, "/..") && (s[1] == '\0' || s[strlen(s) - 1] != '/');
}

/* Where Spark 3.x and 4.x differ, the newest is the default. */
static const Setting settings[] = {
        TEXT_SETTING("host", host, .option = "host", .letter = 'h', .old_option = "ip",
                     .old_letter = 'i', .env = "SPARK_WORKER_HOST", .min = 1, .value = "HOST",
                     .help = "name or address to listen on, as masters and executors reach it"),
        PORT_SETTING("port", port, "0", .letter = 'p', .env = "SPARK_WORKER_PORT",
                     .help = "port for masters and executors; 0: any free one"),
        PORT_SETTING("webui-port", webui_port, "8081", .env = "SPARK_WORKER_WEBUI_PORT",
                     .properties = { "spark.worker.ui.port" }, .help = "port of the web UI"),
        TEXT_SETTING("webui-host", webui_host, .option = "webui-host", .env = "SPARK_LOCAL_IP",
                     .value = "HOST", .help = "address of the web UI; every address unless set"),
        INT_SETTING("cores", cores, NULL, 1, LIMIT_CORES, .option = "cores", .letter = 'c',
                    .env = "SPARK_WORKER_CORES", .value = "N",
                    .help = "cores for executors; all of the host's unless set"),
        MEMORY_SETTING("memory", memory, NULL, MIB_SIGNED(1), MIB_SIGNED(INT32_MAX),
                       .option = "memory", .letter = 'm', .env = "SPARK_WORKER_MEMORY",
                       .value = "M",
                       .help = "memory for executors' heaps (512m, 8g); the host's less 1g, or "
                               "executor-memory, unless set"),
        TEXT_SETTING("work-dir", work_dir, .option = "work-dir", .letter = 'd',
                     .env = "SPARK_WORKER_DIR", .min = 1, .value = "DIR",
                     .help = "directory for executors and their logs; SPARK_HOME/work, or "
                             "/var/lib/spark/work"),
        TEXT_SETTING("state-dir", state_dir, .option = "state-dir", .min = 1, .value = "DIR",
                     .help = "directory for what outlives a restart; the unit's unless set"),
        TEXT_SETTING("master", master, .min = 1,
                     .help = "spark://HOST:PORT[,HOST:PORT]... unless the command line names it"),
        TEXT_SETTING("engines", engines, .option = "engines", .min = 1, .value = "DIR",
                     .help = "directory with one Spark distribution per version"),
        TEXT_SETTING("spark-home", spark_home, .env = "SPARK_HOME", .min = 1,
                     .help = "a Spark distribution to run executors from"),
        LOG_LEVEL_SETTING(log_level),
        TEXT_SETTING("id-pattern", id_pattern, .fallback = "worker-%s-%s-%d",
                     .properties = { "spark.worker.idPattern" }, .min = 1, .accepts = is_id_pattern,
                     .wanted = "a pattern like worker-%s-%s-%d",
                     .help = "the worker's ID: of the date, the host and the port"),
        TIME_SETTING("timeout", timeout_usec, "60s", SECONDS(1), SECONDS(86400),
                     .properties = { "spark.worker.timeout" },
                     .help = "after which the master takes us for dead; it must use the same. A "
                             "heartbeat goes four times as often"),
        TIME_SETTING("ask-timeout", ask_timeout_usec, "120s", SECONDS(1), SECONDS(86400),
                     .properties = { "spark.rpc.askTimeout", "spark.network.timeout" },
                     .help = "how long the master may take to acknowledge a state"),
        TIME_SETTING("terminate-timeout", terminate_usec, "10s", 0, SECONDS(86400), .live = true,
                     .help = "how long an executor may take to end before it is killed"),
        TIME_SETTING("driver-terminate-timeout", driver_terminate_usec, "10s", 0, SECONDS(86400),
                     .properties = { "spark.worker.driverTerminateTimeout" }, .live = true,
                     .help = "the same for a driver"),
        TIME_SETTING(
                "fetch-timeout", fetch_timeout_usec, "60s", SECONDS(1), SECONDS(86400),
                .properties = { "spark.files.fetchTimeout" }, .live = true,
                .help = "how long a server may be silent while a driver's jar is fetched from it"),
        INT_SETTING("state-sync-attempts", sync_attempts, "5", 1, INT_MAX,
                    .properties = { "spark.worker.executorStateSync.maxAttempts" },
                    .help = "how often to report an executor's state before giving up"),
        INT_SETTING("initial-registration-retries", initial_retries, "6", 1, INT_MAX,
                    .properties = { "spark.worker.initialRegistrationRetries" },
                    .help = "attempts to register at about 10 s each"),
        INT_SETTING("max-registration-retries", max_retries, "16", 1, INT_MAX,
                    .properties = { "spark.worker.maxRegistrationRetries" },
                    .help = "attempts in all, the later ones at about 60 s each"),
        BOOL_SETTING(
                "prefer-configured-master-address", prefer_configured_address, "false",
                .properties = { "spark.worker.preferConfiguredMasterAddress" },
                .help = "reconnect to the address given here, not to the one the master names"),
        BOOL_SETTING("cleanup", cleanup, "true", .properties = { "spark.worker.cleanup.enabled" },
                     .live = true,
                     .help = "remove old directories of applications that have ended"),
        TIME_SETTING("cleanup-interval", cleanup_interval_usec, "1800s", SECONDS(1),
                     SECONDS(86400 * 365), .properties = { "spark.worker.cleanup.interval" },
                     .live = true, .help = "how often"),
        TIME_SETTING("cleanup-age", cleanup_age_usec, "604800s", 0, SECONDS(86400) * 36500,
                     .properties = { "spark.worker.cleanup.appDataTtl" }, .live = true,
                     .help = "how long such a directory must have been still"),
        INT_SETTING("retained-executors", retained_executors, "1000", 0, LIMIT_EXECUTORS,
                    .properties = { "spark.worker.ui.retainedExecutors" }, .live = true,
                    .help = "ended executors that stay listed"),
        INT_SETTING("retained-drivers", retained_drivers, "1000", 0, LIMIT_EXECUTORS,
                    .properties = { "spark.worker.ui.retainedDrivers" }, .live = true,
                    .help = "ended drivers that stay listed"),
        BOOL_SETTING("decommission", decommission, "false",
                     .properties = { "spark.decommission.enabled" },
                     .help = "take no new executors when the master says so"),
        TEXT_SETTING("redaction", redaction, .fallback = REDACTION_DEFAULT,
                     .properties = { "spark.redaction.regex" }, .accepts = is_redaction,
                     .wanted = "a regular expression",
                     .help = "what in a command line is not to be shown"),
        TEXT_SETTING("local-dir", local_dir, .properties = { "spark.local.dir" }, .min = 1,
                     .help = "directories for shuffle data, where SPARK_LOCAL_DIRS is not set"),
        TEXT_SETTING("resources-file", resources_file,
                     .properties = { "spark.worker.resourcesFile" }, .min = 1,
                     .help = "JSON file with this worker's custom resources"),
        BOOL_SETTING("reverse-proxy", reverse_proxy, "false",
                     .properties = { "spark.ui.reverseProxy" },
                     .help = "log links go by way of the master"),
        TEXT_SETTING("reverse-proxy-url", reverse_proxy_url,
                     .properties = { "spark.ui.reverseProxyUrl" },
                     .help = "... whose address this is"),
        TEXT_SETTING(
                "limits", limits, .fallback = "auto", .option = "limits", .accepts = is_limits,
                .wanted = "auto, systemd, libcgroup or none", .value = "HOW",
                .help = "who holds executors to their limits: systemd, libcgroup, none, or auto"),
        TEXT_SETTING("run-as", run_as, .option = "run-as", .min = 1, .value = "USER",
                     .help = "user for executors and drivers; spark-executor where that can be"),
        MEMORY_SETTING("executor-memory", executor_memory, NULL, MIB_SIGNED(64), 0,
                       .option = "executor-memory", .value = "M",
                       .help = "for the limits of all executors and drivers together, overhead and "
                               "all; the host's less an eighth (512m to 1g) unless set"),
        TEXT_SETTING(
                "cpu-quota", cpu_quota, .option = "cpu-quota", .accepts = is_quota,
                .wanted = "a number of cores like 4 or 2.5", .value = "CORES",
                .help = "processor time for all executors and drivers together, in cores (2.5)"),
        TEXT_SETTING("instance", instance, .option = "instance", .min = 1, .accepts = is_instance,
                     .wanted = "letters, digits and underscores", .value = "NAME",
                     .help = "tells apart what several workers on one host run"),
        TEXT_SETTING("cpu-limit", cpu_limit, .fallback = "ceiling", .accepts = is_cpu_mode,
                     .wanted = "ceiling, burst or weight",
                     .help = "ceiling: an executor never has more processor time than its cores; "
                             "burst: up to cpu-burst of it; weight: all that is idle"),
        INT_SETTING("cpu-burst", cpu_burst, "200", 100, 10000,
                    .help = "percent of its cores, for cpu-limit = burst"),
        INT_SETTING("memory-high", memory_high, "98", 50, 100,
                    .help = "percent of its limit above which an executor is slowed; 100: never"),
        INT_SETTING("swap", swap, "0", 0, 1000,
                    .help = "swap that an executor may use, in percent of its limit"),
        INT_SETTING("pids-max", pids_max, "4096", 64, 4194304,
                    .help = "processes and threads of an executor"),
        TEXT_SETTING("overhead-factor", overhead_factor, .fallback = "0.10", .accepts = is_factor,
                     .wanted = "a fraction like 0.1 or 0.25, of two digits",
                     .help = "memory overhead as a part of the heap, where the application does "
                             "not say ..."),
        MEMORY_SETTING("overhead-min", overhead_min, "384m", 0, MIB_SIGNED(INT32_MAX),
                       .help = "... and at least this much"),
        TEXT_SETTING("cgroup-root", cgroup_root, .accepts = is_group,
                     .wanted = "a control group as in /proc/PID/cgroup",
                     .help = "control group to manage, for libcgroup; the worker's own unless set"),
};

const OptionsSpec worker_options = {
        .program = "spark-worker",
        .arguments = "spark://HOST:PORT[,HOST:PORT]...",
        .max_arguments = 1,
        .summary = "A worker of a Spark standalone cluster: registers with a master and runs "
                   "executors from every Spark distribution that is on this host.",
        .section = "worker",
        .opts_env = "SPARK_WORKER_OPTS",
        .settings = settings,
        .n_settings = ARRAY_SIZE(settings),
};

char *worker_work_dir(const WorkerSettings *s)
{
        char *path = NULL;

        if (s->work_dir)
                return strdup(s->work_dir);
        if (!s->spark_home || access(s->spark_home, W_OK) < 0)
                return strdup("/var/lib/spark/work");
        return asprintf(&path, "%s/work", s->spark_home) < 0 ? NULL : path;
}

int worker_state_dir(const WorkerSettings *s, char **ret)
{
        const char *all = getenv("STATE_DIRECTORY");
        CLEANUP_STRV Strv dirs = { 0 };
        int r = 0;

        if (s->state_dir) {
                *ret = strdup(s->state_dir);
                return *ret ? 0 : -ENOMEM;
        }
        r = all ? strv_split(&dirs, all, ":") : 0;
        for (size_t i = 0; r == 0 && i < dirs.length; i++) {
                const char *name = strrchr(dirs.items[i], '/');
                const size_t n = strlen("/worker");

                if (!name || strncmp(name, "/worker", n) != 0 || (name[n] && name[n] != '@'))
                        continue;
                *ret = strdup(dirs.items[i]);
                return *ret ? 0 : -ENOMEM;
        }
        return r < 0 ? r : -ENOENT;
}

/* Is the directory, by whatever name, one of them already? */
static bool has_home(const Engines *engines, const char *home)
{
        CLEANUP_FREE char *wanted = realpath(home, NULL);

        for (size_t i = 0; wanted && i < engines->length; i++) {
                CLEANUP_FREE char *path = realpath(engines->items[i].home, NULL);

                if (path && strcmp(path, wanted) == 0)
                        return true;
        }
        return false;
}

int worker_find_engines(const WorkerSettings *s, Engines *ret)
{
        Engines found = { 0 };
        int r = 0;

        if (s->engines)
                r = engines_scan(&found, s->engines);
        if (r == -ENOENT)
                r = 0;
        if (r == 0 && s->spark_home && !has_home(&found, s->spark_home))
                r = engines_add_home(&found, s->spark_home);
        if (r < 0) {
                engines_done(&found);
                return r;
        }
        *ret = found;
        return 0;
}

int worker_make_id(const char *pattern, int64_t wall_seconds, const char *host, uint16_t port,
                   char **ret)
{
        CLEANUP_BUFFER Buffer out = BUFFER_INIT(LIMIT_ID_BYTES);
        const time_t seconds = (time_t)wall_seconds;
        unsigned conversions = 0;
        char date[32] = "";
        struct tm tm;

        if (localtime_r(&seconds, &tm))
                (void)strftime(date, sizeof(date), "%Y%m%d%H%M%S", &tm);
        for (const char *p = pattern; *p; p++) {
                if (*p != '%') {
                        buffer_put_u8(&out, (uint8_t)*p);
                        continue;
                }
                p++;
                if (*p == '%') {
                        buffer_put_u8(&out, '%');
                        continue;
                }
                conversions++;
                if (conversions == 1 && *p == 's')
                        buffer_put_text(&out, date);
                else if (conversions == 2 && *p == 's')
                        buffer_put_text(&out, host);
                else if (conversions == 3 && *p == 'd')
                        buffer_printf(&out, "%u", port);
                else
                        return -EINVAL;
        }
        if (conversions != 3 || buffer_result(&out) == -EMSGSIZE)
                return -EINVAL;
        *ret = buffer_take_text(&out);
        return *ret ? 0 : -ENOMEM;
}
