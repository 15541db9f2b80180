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
        { .option = "host",
          .letter = 'h',
          .old_option = "ip",
          .old_letter = 'i',
          .key = "host",
          .env = "SPARK_WORKER_HOST",
          .type = SETTING_STRING,
          AT(host),
          .min = 1,
          .value = "HOST",
          .help = "name or address to listen on, as masters and executors reach it" },
        { .option = "port",
          .letter = 'p',
          .key = "port",
          .env = "SPARK_WORKER_PORT",
          .type = SETTING_PORT,
          AT(port),
          .fallback = "0",
          .value = "PORT",
          .help = "port for masters and executors; 0: any free one" },
        { .option = "webui-port",
          .key = "webui-port",
          .env = "SPARK_WORKER_WEBUI_PORT",
          .properties = { "spark.worker.ui.port" },
          .type = SETTING_PORT,
          AT(webui_port),
          .fallback = "8081",
          .value = "PORT",
          .help = "port of the web UI" },
        { .option = "webui-host",
          .key = "webui-host",
          .env = "SPARK_LOCAL_IP",
          .type = SETTING_STRING,
          AT(webui_host),
          .value = "HOST",
          .help = "address of the web UI; every address unless set" },
        { .option = "cores",
          .letter = 'c',
          .key = "cores",
          .env = "SPARK_WORKER_CORES",
          .type = SETTING_INT,
          AT(cores),
          .min = 1,
          .max = LIMIT_CORES,
          .value = "N",
          .help = "cores for executors; all of the host's unless set" },
        { .option = "memory",
          .letter = 'm',
          .key = "memory",
          .env = "SPARK_WORKER_MEMORY",
          .type = SETTING_MEMORY,
          AT(memory),
          .min = MIB_SIGNED(1),
          .max = MIB_SIGNED(INT32_MAX),
          .value = "M",
          .help = "memory for executors' heaps (512m, 8g); the host's less 1g, or executor-memory, "
                  "unless set" },
        { .option = "work-dir",
          .letter = 'd',
          .key = "work-dir",
          .env = "SPARK_WORKER_DIR",
          .type = SETTING_STRING,
          AT(work_dir),
          .min = 1,
          .value = "DIR",
          .help = "directory for executors and their logs; SPARK_HOME/work, or "
                  "/var/lib/spark/work" },
        { .option = "state-dir",
          .key = "state-dir",
          .type = SETTING_STRING,
          AT(state_dir),
          .min = 1,
          .value = "DIR",
          .help = "directory for what outlives a restart; the unit's unless set" },
        { .key = "master",
          .type = SETTING_STRING,
          AT(master),
          .min = 1,
          .help = "spark://HOST:PORT[,HOST:PORT]... unless the command line names it" },
        { .option = "engines",
          .key = "engines",
          .type = SETTING_STRING,
          AT(engines),
          .min = 1,
          .value = "DIR",
          .help = "directory with one Spark distribution per version" },
        { .key = "spark-home",
          .env = "SPARK_HOME",
          .type = SETTING_STRING,
          AT(spark_home),
          .min = 1,
          .help = "a Spark distribution to run executors from" },
        { .option = "log-level",
          .key = "log-level",
          .type = SETTING_STRING,
          .live = true,
          AT(log_level),
          .fallback = "info",
          .accepts = log_level_is_name,
          .wanted = "debug, info, notice, warning or error",
          .value = "LEVEL",
          .help = "debug, info, notice, warning or error" },
        { .key = "id-pattern",
          .properties = { "spark.worker.idPattern" },
          .type = SETTING_STRING,
          AT(id_pattern),
          .fallback = "worker-%s-%s-%d",
          .min = 1,
          .accepts = is_id_pattern,
          .wanted = "a pattern like worker-%s-%s-%d",
          .help = "the worker's ID: of the date, the host and the port" },
        { .key = "timeout",
          .properties = { "spark.worker.timeout" },
          .type = SETTING_TIME,
          AT(timeout_usec),
          .fallback = "60s",
          .min = SECONDS(1),
          .max = SECONDS(86400),
          .help = "after which the master takes us for dead; it must use the same. A heartbeat "
                  "goes four times as often" },
        { .key = "ask-timeout",
          .properties = { "spark.rpc.askTimeout", "spark.network.timeout" },
          .type = SETTING_TIME,
          AT(ask_timeout_usec),
          .fallback = "120s",
          .min = SECONDS(1),
          .max = SECONDS(86400),
          .help = "how long the master may take to acknowledge a state" },
        { .key = "terminate-timeout",
          .type = SETTING_TIME,
          .live = true,
          AT(terminate_usec),
          .fallback = "10s",
          .min = 0,
          .max = SECONDS(86400),
          .help = "how long an executor may take to end before it is killed" },
        { .key = "driver-terminate-timeout",
          .properties = { "spark.worker.driverTerminateTimeout" },
          .type = SETTING_TIME,
          .live = true,
          AT(driver_terminate_usec),
          .fallback = "10s",
          .min = 0,
          .max = SECONDS(86400),
          .help = "the same for a driver" },
        { .key = "fetch-timeout",
          .properties = { "spark.files.fetchTimeout" },
          .type = SETTING_TIME,
          .live = true,
          AT(fetch_timeout_usec),
          .fallback = "60s",
          .min = SECONDS(1),
          .max = SECONDS(86400),
          .help = "how long a server may be silent while a driver's jar is fetched from it" },
        { .key = "state-sync-attempts",
          .properties = { "spark.worker.executorStateSync.maxAttempts" },
          .type = SETTING_INT,
          AT(sync_attempts),
          .fallback = "5",
          .min = 1,
          .max = INT_MAX,
          .help = "how often to report an executor's state before giving up" },
        { .key = "initial-registration-retries",
          .properties = { "spark.worker.initialRegistrationRetries" },
          .type = SETTING_INT,
          AT(initial_retries),
          .fallback = "6",
          .min = 1,
          .max = INT_MAX,
          .help = "attempts to register at about 10 s each" },
        { .key = "max-registration-retries",
          .properties = { "spark.worker.maxRegistrationRetries" },
          .type = SETTING_INT,
          AT(max_retries),
          .fallback = "16",
          .min = 1,
          .max = INT_MAX,
          .help = "attempts in all, the later ones at about 60 s each" },
        { .key = "prefer-configured-master-address",
          .properties = { "spark.worker.preferConfiguredMasterAddress" },
          .type = SETTING_BOOL,
          AT(prefer_configured_address),
          .fallback = "false",
          .help = "reconnect to the address given here, not to the one the master names" },
        { .key = "cleanup",
          .properties = { "spark.worker.cleanup.enabled" },
          .type = SETTING_BOOL,
          .live = true,
          AT(cleanup),
          .fallback = "true",
          .help = "remove old directories of applications that have ended" },
        { .key = "cleanup-interval",
          .properties = { "spark.worker.cleanup.interval" },
          .type = SETTING_TIME,
          .live = true,
          AT(cleanup_interval_usec),
          .fallback = "1800s",
          .min = SECONDS(1),
          .max = SECONDS(86400 * 365),
          .help = "how often" },
        { .key = "cleanup-age",
          .properties = { "spark.worker.cleanup.appDataTtl" },
          .type = SETTING_TIME,
          .live = true,
          AT(cleanup_age_usec),
          .fallback = "604800s",
          .min = 0,
          .max = SECONDS(86400) * 36500,
          .help = "how long such a directory must have been still" },
        { .key = "retained-executors",
          .properties = { "spark.worker.ui.retainedExecutors" },
          .type = SETTING_INT,
          .live = true,
          AT(retained_executors),
          .fallback = "1000",
          .min = 0,
          .max = LIMIT_EXECUTORS,
          .help = "ended executors that stay listed" },
        { .key = "retained-drivers",
          .properties = { "spark.worker.ui.retainedDrivers" },
          .type = SETTING_INT,
          .live = true,
          AT(retained_drivers),
          .fallback = "1000",
          .min = 0,
          .max = LIMIT_EXECUTORS,
          .help = "ended drivers that stay listed" },
        { .key = "decommission",
          .properties = { "spark.decommission.enabled" },
          .type = SETTING_BOOL,
          AT(decommission),
          .fallback = "false",
          .help = "take no new executors when the master says so" },
        { .key = "redaction",
          .properties = { "spark.redaction.regex" },
          .type = SETTING_STRING,
          AT(redaction),
          .fallback = REDACTION_DEFAULT,
          .accepts = is_redaction,
          .wanted = "a regular expression",
          .help = "what in a command line is not to be shown" },
        { .key = "local-dir",
          .properties = { "spark.local.dir" },
          .type = SETTING_STRING,
          AT(local_dir),
          .min = 1,
          .help = "directories for shuffle data, where SPARK_LOCAL_DIRS is not set" },
        { .key = "resources-file",
          .properties = { "spark.worker.resourcesFile" },
          .type = SETTING_STRING,
          AT(resources_file),
          .min = 1,
          .help = "JSON file with this worker's custom resources" },
        { .key = "reverse-proxy",
          .properties = { "spark.ui.reverseProxy" },
          .type = SETTING_BOOL,
          AT(reverse_proxy),
          .fallback = "false",
          .help = "log links go by way of the master" },
        { .key = "reverse-proxy-url",
          .properties = { "spark.ui.reverseProxyUrl" },
          .type = SETTING_STRING,
          AT(reverse_proxy_url),
          .help = "... whose address this is" },
        { .option = "limits",
          .key = "limits",
          .type = SETTING_STRING,
          AT(limits),
          .fallback = "auto",
          .accepts = is_limits,
          .wanted = "auto, systemd, libcgroup or none",
          .value = "HOW",
          .help = "who holds executors to their limits: systemd, libcgroup, none, or auto" },
        { .option = "run-as",
          .key = "run-as",
          .type = SETTING_STRING,
          AT(run_as),
          .min = 1,
          .value = "USER",
          .help = "user for executors and drivers; spark-executor where that can be" },
        { .option = "executor-memory",
          .key = "executor-memory",
          .type = SETTING_MEMORY,
          AT(executor_memory),
          .min = MIB_SIGNED(64),
          .value = "M",
          .help = "for the limits of all executors and drivers together, overhead and all; the "
                  "host's less an eighth (512m to 1g) unless set" },
        { .option = "cpu-quota",
          .key = "cpu-quota",
          .type = SETTING_STRING,
          AT(cpu_quota),
          .accepts = is_quota,
          .wanted = "a number of cores like 4 or 2.5",
          .value = "CORES",
          .help = "processor time for all executors and drivers together, in cores (2.5)" },
        { .option = "instance",
          .key = "instance",
          .type = SETTING_STRING,
          AT(instance),
          .min = 1,
          .accepts = is_instance,
          .wanted = "letters, digits and underscores",
          .value = "NAME",
          .help = "tells apart what several workers on one host run" },
        { .key = "cpu-limit",
          .type = SETTING_STRING,
          AT(cpu_limit),
          .fallback = "ceiling",
          .accepts = is_cpu_mode,
          .wanted = "ceiling, burst or weight",
          .help = "ceiling: an executor never has more processor time than its cores; burst: up "
                  "to cpu-burst of it; weight: all that is idle" },
        { .key = "cpu-burst",
          .type = SETTING_INT,
          AT(cpu_burst),
          .fallback = "200",
          .min = 100,
          .max = 10000,
          .help = "percent of its cores, for cpu-limit = burst" },
        { .key = "memory-high",
          .type = SETTING_INT,
          AT(memory_high),
          .fallback = "98",
          .min = 50,
          .max = 100,
          .help = "percent of its limit above which an executor is slowed; 100: never" },
        { .key = "swap",
          .type = SETTING_INT,
          AT(swap),
          .fallback = "0",
          .min = 0,
          .max = 1000,
          .help = "swap that an executor may use, in percent of its limit" },
        { .key = "pids-max",
          .type = SETTING_INT,
          AT(pids_max),
          .fallback = "4096",
          .min = 64,
          .max = 4194304,
          .help = "processes and threads of an executor" },
        { .key = "overhead-factor",
          .type = SETTING_STRING,
          AT(overhead_factor),
          .fallback = "0.10",
          .accepts = is_factor,
          .wanted = "a fraction like 0.1 or 0.25, of two digits",
          .help = "memory overhead as a part of the heap, where the application does not say ..." },
        { .key = "overhead-min",
          .type = SETTING_MEMORY,
          AT(overhead_min),
          .fallback = "384m",
          .min = 0,
          .max = MIB_SIGNED(INT32_MAX),
          .help = "... and at least this much" },
        { .key = "cgroup-root",
          .type = SETTING_STRING,
          AT(cgroup_root),
          .accepts = is_group,
          .wanted = "a control group as in /proc/PID/cgroup",
          .help = "control group to manage, for libcgroup; the worker's own unless set" },
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
