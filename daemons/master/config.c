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
        { .option = "host",
          .letter = 'h',
          .old_option = "ip",
          .old_letter = 'i',
          .key = "host",
          .env = "SPARK_MASTER_HOST",
          .old_env = "SPARK_MASTER_IP",
          .type = SETTING_STRING,
          AT(host),
          .min = 1,
          .value = "HOST",
          .help = "name or address to listen on, as workers and drivers reach it" },
        { .option = "port",
          .letter = 'p',
          .key = "port",
          .env = "SPARK_MASTER_PORT",
          .type = SETTING_PORT,
          AT(port),
          .fallback = "7077",
          .value = "PORT",
          .help = "port for workers and drivers" },
        { .option = "webui-port",
          .key = "webui-port",
          .env = "SPARK_MASTER_WEBUI_PORT",
          .properties = { "spark.master.ui.port" },
          .type = SETTING_PORT,
          AT(webui_port),
          .fallback = "8080",
          .value = "PORT",
          .help = "port of the web UI" },
        { .option = "webui-host",
          .key = "webui-host",
          .env = "SPARK_LOCAL_IP",
          .type = SETTING_STRING,
          AT(webui_host),
          .value = "HOST",
          .help = "address of the web UI; every address unless set" },
        { .option = "state-dir",
          .key = "state-dir",
          .type = SETTING_STRING,
          AT(state_dir),
          .min = 1,
          .value = "DIR",
          .help = "directory for what outlives a restart; without it what "
                  "spark.deploy.recoveryMode says, or STATE_DIRECTORY" },
        { .key = "recovery-mode",
          .properties = { "spark.deploy.recoveryMode" },
          .type = SETTING_STRING,
          AT(recovery_mode),
          .accepts = is_recovery_mode,
          .wanted = "NONE, FILESYSTEM or ROCKSDB",
          .help = "NONE: nothing outlives a restart; FILESYSTEM, ROCKSDB: what does is in the "
                  "recovery directory, in this master's own format" },
        { .key = "recovery-directory",
          .properties = { "spark.deploy.recoveryDirectory" },
          .type = SETTING_STRING,
          AT(recovery_dir),
          .min = 1,
          .help = "the directory of those modes" },
        { .key = "recovery-wait",
          .type = SETTING_TIME,
          AT(recovery_wait_usec),
          .fallback = "5s",
          .min = 0,
          .max = SECONDS(3600),
          .help = "after a restart, executors are started again when all workers and "
                  "applications have answered, or after this" },
        { .key = "recovery-timeout",
          .properties = { "spark.deploy.recoveryTimeout" },
          .type = SETTING_TIME,
          AT(recovery_timeout_usec),
          .min = SECONDS(1),
          .max = SECONDS(86400),
          .help = "a worker or an application that has not answered so long after a restart is "
                  "gone; worker-timeout unless set" },
        { .key = "worker-grace",
          .type = SETTING_TIME,
          .live = true,
          AT(grace_usec),
          .fallback = "60s",
          .min = 0,
          .max = SECONDS(86400),
          .help = "how long a worker of this kind that runs something may be away before its "
                  "executors are lost" },
        { .option = "standby",
          .key = "standby",
          .type = SETTING_BOOL,
          AT(standby),
          .fallback = "false",
          .help = "while another master uses the state directory, wait and take over from it" },
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
        { .key = "worker-timeout",
          .properties = { "spark.worker.timeout" },
          .type = SETTING_TIME,
          AT(worker_timeout_usec),
          .fallback = "60s",
          .min = SECONDS(1),
          .max = SECONDS(86400),
          .help = "a worker not heard of for so long is dead; workers must use the same" },
        { .key = "identify-timeout",
          .type = SETTING_TIME,
          AT(identify_timeout_usec),
          .fallback = "1s",
          .min = 1000,
          .max = SECONDS(3600),
          .help = "how long a new worker may take to tell its Spark version" },
        { .key = "dead-worker-persistence",
          .properties = { "spark.dead.worker.persistence" },
          .type = SETTING_INT,
          .live = true,
          AT(dead_worker_persistence),
          .fallback = "15",
          .min = 0,
          .max = INT_MAX,
          .help = "for how many timeouts a dead worker stays listed" },
        { .key = "retained-applications",
          .properties = { "spark.deploy.retainedApplications" },
          .type = SETTING_INT,
          .live = true,
          AT(retained_applications),
          .fallback = "200",
          .min = 0,
          .max = LIMIT_APPS,
          .help = "completed applications that stay listed" },
        { .key = "retained-drivers",
          .properties = { "spark.deploy.retainedDrivers" },
          .type = SETTING_INT,
          .live = true,
          AT(retained_drivers),
          .fallback = "200",
          .min = 0,
          .max = LIMIT_APPS,
          .help = "completed drivers that stay listed" },
        { .key = "retained-executors",
          .type = SETTING_INT,
          .live = true,
          AT(retained_executors),
          .fallback = "200",
          .min = 0,
          .max = LIMIT_APPS,
          .help = "ended executors that stay listed per application" },
        { .key = "default-cores",
          .properties = { "spark.deploy.defaultCores" },
          .type = SETTING_INT,
          .live = true,
          AT(default_cores),
          .min = 1,
          .max = INT_MAX,
          .help = "cores of an application that sets no spark.cores.max" },
        { .key = "max-executor-retries",
          .properties = { "spark.deploy.maxExecutorRetries" },
          .type = SETTING_INT,
          .live = true,
          AT(max_executor_retries),
          .fallback = "10",
          .min = -1,
          .max = INT_MAX,
          .help = "an application whose executors fail so often in a row fails; "
                  "-1: never" },
        { .key = "max-drivers",
          .properties = { "spark.deploy.maxDrivers" },
          .type = SETTING_INT,
          AT(max_drivers),
          .min = 1,
          .max = INT_MAX,
          .help = "drivers that may run at a time" },
        { .key = "spread-out-apps",
          .properties = { "spark.deploy.spreadOutApps", "spark.deploy.spreadOut" },
          .type = SETTING_BOOL,
          .live = true,
          AT(spread_out),
          .fallback = "true",
          .help = "spread an application over many workers rather than few" },
        { .key = "spread-out-drivers",
          .properties = { "spark.deploy.spreadOutDrivers" },
          .type = SETTING_BOOL,
          .live = true,
          AT(spread_out_drivers),
          .fallback = "true",
          .help = "spread drivers over workers" },
        { .key = "worker-selection-policy",
          .properties = { "spark.deploy.workerSelectionPolicy" },
          .type = SETTING_STRING,
          AT(worker_selection_policy),
          .fallback = "CORES_FREE_DESC",
          .accepts = is_worker_policy,
          .wanted = "CORES_FREE_DESC, CORES_FREE_ASC, MEMORY_FREE_DESC, MEMORY_FREE_ASC or "
                    "WORKER_ID",
          .help = "CORES_FREE_DESC, CORES_FREE_ASC, MEMORY_FREE_DESC, MEMORY_FREE_ASC or "
                  "WORKER_ID" },
        { .key = "app-id-pattern",
          .properties = { "spark.deploy.appIdPattern" },
          .type = SETTING_STRING,
          AT(app_id_pattern),
          .fallback = "app-%s-%04d",
          .min = 1,
          .accepts = master_id_pattern_ok,
          .wanted = "a pattern like app-%s-%04d",
          .help = "an application's ID: of the date and a number" },
        { .key = "driver-id-pattern",
          .properties = { "spark.deploy.driverIdPattern" },
          .type = SETTING_STRING,
          AT(driver_id_pattern),
          .fallback = "driver-%s-%04d",
          .min = 1,
          .accepts = master_id_pattern_ok,
          .wanted = "a pattern like driver-%s-%04d",
          .help = "a driver's ID: of the date and a number" },
        { .key = "app-number-modulo",
          .properties = { "spark.deploy.appNumberModulo" },
          .type = SETTING_INT,
          AT(app_number_modulo),
          .min = 1,
          .max = INT_MAX,
          .help = "where the numbers of applications begin again" },
        { .key = "use-app-name-as-app-id",
          .properties = { "spark.master.useAppNameAsAppId.enabled" },
          .type = SETTING_BOOL,
          AT(use_app_name_as_app_id),
          .fallback = "false",
          .help = "an application's ID is its name" },
        { .key = "use-driver-id-as-app-name",
          .properties = { "spark.master.useDriverIdAsAppName.enabled" },
          .type = SETTING_BOOL,
          AT(use_driver_id_as_app_name),
          .fallback = "false",
          .help = "the name of a submitted driver's application is the driver's ID" },
        { .key = "kill-enabled",
          .properties = { "spark.ui.killEnabled" },
          .type = SETTING_BOOL,
          AT(kill_enabled),
          .fallback = "true",
          .help = "the web UI can end applications" },
        { .key = "bare-lost-text",
          .type = SETTING_BOOL,
          AT(bare_lost_text),
          .fallback = "false",
          .help = "tell drivers of a lost worker without the reason, as Spark 3.4 does" },
        { .key = "bare-removed-text",
          .type = SETTING_BOOL,
          AT(bare_removed_text),
          .fallback = "false",
          .help = "tell drivers FAILED or KILLED without the reason, as Spark's masters do" },
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
