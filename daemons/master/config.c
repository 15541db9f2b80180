/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/master/config.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "base/limits.h"
#include "base/log.h"

#define AT(member) .offset = offsetof(MasterSettings, member)
#define SECONDS(n) (INT64_C(1000000) * (n))

static bool is_worker_policy(const char *s)
{
        return worker_policy_from_name(s) != POLICY_INVALID;
}

static bool is_recovery_mode(const char *s)
{
        return strcmp(s, "NONE") == 0 || strcmp(s, "FILESYSTEM") == 0 || strcmp(s, "ROCKSDB") == 0;
}

/* Where Spark 3.x and 4.x differ, the newest is the default. */
static const Setting settings[] = {
        TEXT_SETTING("host", host, .option = "host", .letter = 'h', .old_option = "ip",
                     .old_letter = 'i', .env = "SPARK_MASTER_HOST", .old_env = "SPARK_MASTER_IP",
                     .min = 1, .value = "HOST",
                     .help = "name or address to listen on, as workers and drivers reach it"),
        PORT_SETTING("port", port, "7077", .letter = 'p', .env = "SPARK_MASTER_PORT",
                     .help = "port for workers and drivers"),
        PORT_SETTING("webui-port", webui_port, "8080", .env = "SPARK_MASTER_WEBUI_PORT",
                     .properties = { "spark.master.ui.port" }, .help = "port of the web UI"),
        TEXT_SETTING("webui-host", webui_host, .option = "webui-host", .env = "SPARK_LOCAL_IP",
                     .value = "HOST", .help = "address of the web UI; every address unless set"),
        TEXT_SETTING("state-dir", state_dir, .option = "state-dir", .min = 1, .value = "DIR",
                     .help = "directory for what outlives a restart; without it what "
                             "spark.deploy.recoveryMode says, or STATE_DIRECTORY"),
        TEXT_SETTING("recovery-mode", recovery_mode, .properties = { "spark.deploy.recoveryMode" },
                     .accepts = is_recovery_mode, .wanted = "NONE, FILESYSTEM or ROCKSDB",
                     .help = "NONE: nothing outlives a restart; FILESYSTEM, ROCKSDB: what does is "
                             "in the recovery directory, in this master's own format"),
        TEXT_SETTING("recovery-directory", recovery_dir,
                     .properties = { "spark.deploy.recoveryDirectory" }, .min = 1,
                     .help = "the directory of those modes"),
        TIME_SETTING("recovery-wait", recovery_wait_usec, "5s", 0, SECONDS(3600),
                     .help = "after a restart, executors are started again when all workers and "
                             "applications have answered, or after this"),
        TIME_SETTING("recovery-timeout", recovery_timeout_usec, NULL, SECONDS(1), SECONDS(86400),
                     .properties = { "spark.deploy.recoveryTimeout" },
                     .help = "a worker or an application that has not answered so long after a "
                             "restart is gone; worker-timeout unless set"),
        TIME_SETTING("worker-grace", grace_usec, "60s", 0, SECONDS(86400), .live = true,
                     .help = "how long a worker of this kind that runs something may be away "
                             "before its executors are lost"),
        BOOL_SETTING("standby", standby, "false", .option = "standby",
                     .help = "while another master uses the state directory, wait and take over "
                             "from it"),
        LOG_LEVEL_SETTING(log_level),
        TIME_SETTING(
                "worker-timeout", worker_timeout_usec, "60s", SECONDS(1), SECONDS(86400),
                .properties = { "spark.worker.timeout" },
                .help = "a worker not heard of for so long is dead; workers must use the same"),
        TIME_SETTING("identify-timeout", identify_timeout_usec, "1s", 1000, SECONDS(3600),
                     .help = "how long a new worker may take to tell its Spark version"),
        INT_SETTING("dead-worker-persistence", dead_worker_persistence, "15", 0, INT_MAX,
                    .properties = { "spark.dead.worker.persistence" }, .live = true,
                    .help = "for how many timeouts a dead worker stays listed"),
        INT_SETTING("retained-applications", retained_applications, "200", 0, LIMIT_APPS,
                    .properties = { "spark.deploy.retainedApplications" }, .live = true,
                    .help = "completed applications that stay listed"),
        INT_SETTING("retained-drivers", retained_drivers, "200", 0, LIMIT_APPS,
                    .properties = { "spark.deploy.retainedDrivers" }, .live = true,
                    .help = "completed drivers that stay listed"),
        INT_SETTING("retained-executors", retained_executors, "200", 0, LIMIT_APPS, .live = true,
                    .help = "ended executors that stay listed per application"),
        INT_SETTING("default-cores", default_cores, NULL, 1, INT_MAX,
                    .properties = { "spark.deploy.defaultCores" }, .live = true,
                    .help = "cores of an application that sets no spark.cores.max"),
        INT_SETTING(
                "max-executor-retries", max_executor_retries, "10", -1, INT_MAX,
                .properties = { "spark.deploy.maxExecutorRetries" }, .live = true,
                .help = "an application whose executors fail so often in a row fails; -1: never"),
        INT_SETTING("max-drivers", max_drivers, NULL, 1, INT_MAX,
                    .properties = { "spark.deploy.maxDrivers" },
                    .help = "drivers that may run at a time"),
        BOOL_SETTING("spread-out-apps", spread_out, "true",
                     .properties = { "spark.deploy.spreadOutApps", "spark.deploy.spreadOut" },
                     .live = true,
                     .help = "spread an application over many workers rather than few"),
        BOOL_SETTING("spread-out-drivers", spread_out_drivers, "true",
                     .properties = { "spark.deploy.spreadOutDrivers" }, .live = true,
                     .help = "spread drivers over workers"),
        TEXT_SETTING(
                "worker-selection-policy", worker_selection_policy, .fallback = "CORES_FREE_DESC",
                .properties = { "spark.deploy.workerSelectionPolicy" }, .accepts = is_worker_policy,
                .wanted = "CORES_FREE_DESC, CORES_FREE_ASC, MEMORY_FREE_DESC, MEMORY_FREE_ASC or "
                          "WORKER_ID",
                .help = "CORES_FREE_DESC, CORES_FREE_ASC, MEMORY_FREE_DESC, MEMORY_FREE_ASC or "
                        "WORKER_ID"),
        TEXT_SETTING("app-id-pattern", app_id_pattern, .fallback = "app-%s-%04d",
                     .properties = { "spark.deploy.appIdPattern" }, .min = 1,
                     .accepts = master_id_pattern_ok, .wanted = "a pattern like app-%s-%04d",
                     .help = "an application's ID: of the date and a number"),
        TEXT_SETTING("driver-id-pattern", driver_id_pattern, .fallback = "driver-%s-%04d",
                     .properties = { "spark.deploy.driverIdPattern" }, .min = 1,
                     .accepts = master_id_pattern_ok, .wanted = "a pattern like driver-%s-%04d",
                     .help = "a driver's ID: of the date and a number"),
        INT_SETTING("app-number-modulo", app_number_modulo, NULL, 1, INT_MAX,
                    .properties = { "spark.deploy.appNumberModulo" },
                    .help = "where the numbers of applications begin again"),
        BOOL_SETTING("use-app-name-as-app-id", use_app_name_as_app_id, "false",
                     .properties = { "spark.master.useAppNameAsAppId.enabled" },
                     .help = "an application's ID is its name"),
        BOOL_SETTING("use-driver-id-as-app-name", use_driver_id_as_app_name, "false",
                     .properties = { "spark.master.useDriverIdAsAppName.enabled" },
                     .help = "the name of a submitted driver's application is the driver's ID"),
        BOOL_SETTING("kill-enabled", kill_enabled, "true", .properties = { "spark.ui.killEnabled" },
                     .help = "the web UI can end applications"),
        BOOL_SETTING("bare-lost-text", bare_lost_text, "false",
                     .help = "tell drivers of a lost worker without the reason, as Spark 3.4 does"),
        BOOL_SETTING(
                "bare-removed-text", bare_removed_text, "false",
                .help = "tell drivers FAILED or KILLED without the reason, as Spark's masters do"),
};

const OptionsSpec master_options = {
        .program = "spark-master",
        .summary = "The master of a Spark standalone cluster: registers workers and applications "
                   "of every served version of Spark and starts executors.",
        .section = "master",
        .opts_env = "SPARK_MASTER_OPTS",
        .settings = settings,
        .n_settings = ARRAY_SIZE(settings),
};

void master_settings_apply(const MasterSettings *s, MasterConfig *ret)
{
        master_config_init(ret);
        ret->worker_timeout_usec = s->worker_timeout_usec;
        ret->identify_timeout_usec = s->identify_timeout_usec;
        ret->recovery_wait_usec = s->recovery_wait_usec;
        ret->recovery_timeout_usec =
                s->recovery_timeout_usec ? s->recovery_timeout_usec : s->worker_timeout_usec;
        ret->grace_usec = s->grace_usec;
        ret->dead_worker_persistence = s->dead_worker_persistence;
        ret->retained_applications = s->retained_applications;
        ret->retained_drivers = s->retained_drivers;
        ret->retained_executors = s->retained_executors;
        ret->default_cores = s->default_cores > 0 ? s->default_cores : INT_MAX;
        ret->max_executor_retries = s->max_executor_retries;
        ret->max_drivers = s->max_drivers > 0 ? s->max_drivers : INT_MAX;
        ret->spread_out = s->spread_out;
        ret->spread_out_drivers = s->spread_out_drivers;
        ret->worker_selection_policy = worker_policy_from_name(s->worker_selection_policy);
        ret->app_id_pattern = s->app_id_pattern;
        ret->driver_id_pattern = s->driver_id_pattern;
        ret->app_number_modulo = s->app_number_modulo;
        ret->use_app_name_as_app_id = s->use_app_name_as_app_id;
        ret->use_driver_id_as_app_name = s->use_driver_id_as_app_name;
        ret->bare_lost_text = s->bare_lost_text;
        ret->bare_removed_text = s->bare_removed_text;
}

const char *master_state_dir(const MasterSettings *s, const char *service_dir)
{
        if (s->state_dir)
                return s->state_dir;
        if (!s->recovery_mode)
                return s->recovery_dir ? s->recovery_dir : service_dir;
        if (strcmp(s->recovery_mode, "NONE") == 0)
                return NULL;
        return s->recovery_dir ? s->recovery_dir : service_dir;
}
