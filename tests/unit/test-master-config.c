/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/master/config.h"

#include <errno.h>
#include <limits.h>

#include "tests/unit/unit.h"

/* What spark-master's table makes of a command line. */
typedef struct Loaded {
        Options options;
        MasterSettings settings;
        int result;
} Loaded;

static void loaded_done(Loaded *l)
{
        options_done(&l->options);
        options_config_done(&master_options, &l->settings);
}

#define CLEANUP_LOADED CLEANUP(loaded_done)

static Loaded load(char *a, char *b)
{
        char *argv[] = { (char *)"spark-master", a, b, NULL };
        Loaded l = { 0 };

        /* Nothing of this machine's. */
        (void)setenv("SPARK_CONF_DIR", "/nonexistent", 1);
        (void)unsetenv("SPARK_LOCAL_IP");
        l.result = options_load(&l.options, &master_options, a ? b ? 3 : 2 : 1, argv, &l.settings);
        return l;
}

START_TEST(defaults_are_the_machines_own)
{
        CLEANUP_LOADED Loaded l = load(NULL, NULL);
        MasterConfig config, own;

        ck_assert_int_eq(l.result, 0);
        ck_assert_uint_eq(l.settings.port, 7077);
        ck_assert_uint_eq(l.settings.webui_port, 8080);
        ck_assert_ptr_null(l.settings.host);
        ck_assert(l.settings.kill_enabled);
        master_settings_apply(&l.settings, &config);
        master_config_init(&own);
        ck_assert_uint_eq(config.worker_timeout_usec, own.worker_timeout_usec);
        ck_assert_uint_eq(config.identify_timeout_usec, own.identify_timeout_usec);
        ck_assert_uint_eq(config.recovery_wait_usec, own.recovery_wait_usec);
        ck_assert_uint_eq(config.recovery_timeout_usec, own.recovery_timeout_usec);
        ck_assert_uint_eq(config.grace_usec, own.grace_usec);
        ck_assert_int_eq(config.dead_worker_persistence, own.dead_worker_persistence);
        ck_assert_int_eq(config.retained_applications, own.retained_applications);
        ck_assert_int_eq(config.retained_drivers, own.retained_drivers);
        ck_assert_int_eq(config.retained_executors, own.retained_executors);
        ck_assert_int_eq(config.default_cores, own.default_cores);
        ck_assert_int_eq(config.max_executor_retries, own.max_executor_retries);
        ck_assert_int_eq(config.max_drivers, own.max_drivers);
        ck_assert_int_eq(config.spread_out, own.spread_out);
        ck_assert_int_eq(config.spread_out_drivers, own.spread_out_drivers);
        ck_assert_int_eq(config.worker_selection_policy, own.worker_selection_policy);
        ck_assert_str_eq(config.app_id_pattern, own.app_id_pattern);
        ck_assert_str_eq(config.driver_id_pattern, own.driver_id_pattern);
        ck_assert_int_eq(config.app_number_modulo, own.app_number_modulo);
        ck_assert_int_eq(config.use_app_name_as_app_id, own.use_app_name_as_app_id);
        ck_assert_int_eq(config.use_driver_id_as_app_name, own.use_driver_id_as_app_name);
        ck_assert_int_eq(config.bare_lost_text, own.bare_lost_text);
        ck_assert_int_eq(config.bare_removed_text, own.bare_removed_text);
}
END_TEST

START_TEST(where_state_is_kept)
{
        static const struct {
                const char *text, *service, *expected;
        } cases[] = {
                { "", "/var/lib/m", "/var/lib/m" },
                { "", NULL, NULL },
                { "spark.deploy.recoveryMode NONE\n", "/var/lib/m", NULL },
                { "spark.deploy.recoveryMode FILESYSTEM\n"
                  "spark.deploy.recoveryDirectory /recovery\n",
                  "/var/lib/m", "/recovery" },
                { "spark.deploy.recoveryMode FILESYSTEM\n", "/var/lib/m", "/var/lib/m" },
                { "spark.deploy.recoveryDirectory /recovery\n", NULL, "/recovery" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                CLEANUP_UNIT_DIR UnitDir dir = unit_dir();
                CLEANUP_FREE char *path = unit_write(&dir, "p.conf", cases[i].text);
                CLEANUP_LOADED Loaded l = load((char *)"--properties-file", path);
                const char *state_dir;

                ck_assert_int_eq(l.result, 0);
                state_dir = master_state_dir(&l.settings, cases[i].service);
                ck_assert_pstr_eq(state_dir, cases[i].expected);
        }
        CLEANUP_LOADED Loaded l = load((char *)"--state-dir", (char *)"/mine");
        ck_assert_str_eq(master_state_dir(&l.settings, "/var/lib/m"), "/mine");
}
END_TEST

START_TEST(recovery_settings)
{
        CLEANUP_UNIT_DIR UnitDir dir = unit_dir();
        CLEANUP_FREE char *path = unit_write(&dir, "p.conf",
                                             "spark.worker.timeout 120\n"
                                             "spark.deploy.recoveryTimeout 30\n");
        CLEANUP_FREE char *zk = unit_write(&dir, "z.conf", "spark.deploy.recoveryMode ZOOKEEPER\n");
        CLEANUP_LOADED Loaded l = load((char *)"--properties-file", path);
        CLEANUP_LOADED Loaded z = load((char *)"--properties-file", zk);
        MasterConfig config;

        ck_assert_int_eq(l.result, 0);
        master_settings_apply(&l.settings, &config);
        ck_assert_uint_eq(config.recovery_timeout_usec, UINT64_C(30000000));
        l.settings.recovery_timeout_usec = 0;
        master_settings_apply(&l.settings, &config);
        ck_assert_uint_eq(config.recovery_timeout_usec, UINT64_C(120000000));
        ck_assert_int_eq(z.result, OPTIONS_E_CONFIG);
        ck_assert_ptr_nonnull(strstr(z.options.text, "NONE, FILESYSTEM or ROCKSDB"));
}
END_TEST

START_TEST(spark_properties_apply)
{
        CLEANUP_UNIT_DIR UnitDir dir = unit_dir();
        CLEANUP_FREE char *path = unit_write(&dir, "p.conf",
                                             "spark.worker.timeout 120\n"
                                             "spark.deploy.spreadOut false\n"
                                             "spark.deploy.defaultCores=3\n"
                                             "spark.deploy.maxExecutorRetries -1\n"
                                             "spark.deploy.workerSelectionPolicy WORKER_ID\n"
                                             "spark.master.ui.port 18080\n"
                                             "spark.ui.killEnabled false\n"
                                             "spark.executor.memory 7g\n");
        CLEANUP_LOADED Loaded l = load((char *)"--properties-file", path);
        MasterConfig config;

        ck_assert_int_eq(l.result, 0);
        master_settings_apply(&l.settings, &config);
        ck_assert_uint_eq(config.worker_timeout_usec, UINT64_C(120000000));
        ck_assert(!config.spread_out);
        ck_assert_int_eq(config.default_cores, 3);
        ck_assert_int_eq(config.max_executor_retries, -1);
        ck_assert_int_eq(config.worker_selection_policy, POLICY_WORKER_ID);
        ck_assert_uint_eq(l.settings.webui_port, 18080);
        ck_assert(!l.settings.kill_enabled);
}
END_TEST

START_TEST(the_ini_section_is_master)
{
        CLEANUP_UNIT_DIR UnitDir dir = unit_dir();
        CLEANUP_FREE char *good = unit_write(&dir, "good.conf",
                                             "[master]\nhost = m\nworker-timeout = 2min\n"
                                             "bare-lost-text = yes\n");
        CLEANUP_FREE char *bad = unit_write(&dir, "bad.conf", "[master]\nhots = m\n");
        CLEANUP_LOADED Loaded l = load((char *)"--config", good);
        CLEANUP_LOADED Loaded m = load((char *)"--config", bad);

        ck_assert_int_eq(l.result, 0);
        ck_assert_str_eq(l.settings.host, "m");
        ck_assert_uint_eq(l.settings.worker_timeout_usec, UINT64_C(120000000));
        ck_assert(l.settings.bare_lost_text);
        ck_assert_int_eq(m.result, OPTIONS_E_CONFIG);
        ck_assert_ptr_nonnull(strstr(m.options.text, "bad.conf:2"));
}
END_TEST

START_TEST(the_environment_applies)
{
        (void)setenv("SPARK_MASTER_PORT", "17077", 1);
        (void)setenv("SPARK_MASTER_OPTS", "-Dspark.deploy.defaultCores=5", 1);
        CLEANUP_LOADED Loaded l = load(NULL, NULL);

        ck_assert_int_eq(l.result, 0);
        ck_assert_uint_eq(l.settings.port, 17077);
        ck_assert_int_eq(l.settings.default_cores, 5);
        (void)unsetenv("SPARK_MASTER_PORT");
        (void)unsetenv("SPARK_MASTER_OPTS");
}
END_TEST

START_TEST(names_are_judged)
{
        CLEANUP_UNIT_DIR UnitDir dir = unit_dir();
        CLEANUP_FREE char *policy =
                unit_write(&dir, "policy", "# ours\nspark.deploy.workerSelectionPolicy BEST\n");
        CLEANUP_FREE char *pattern =
                unit_write(&dir, "pattern.conf", "[master]\ndriver-id-pattern = %d-%s\n");
        CLEANUP_LOADED Loaded l = load((char *)"--log-level", (char *)"loud");
        CLEANUP_LOADED Loaded m = load((char *)"--properties-file", policy);
        CLEANUP_LOADED Loaded n = load((char *)"--config", pattern);

        ck_assert_int_eq(l.result, OPTIONS_E_USAGE);
        ck_assert_str_eq(l.options.text, "--log-level: \"loud\" is not debug, info, notice, "
                                         "warning or error");
        ck_assert_int_eq(m.result, OPTIONS_E_CONFIG);
        ck_assert_ptr_nonnull(strstr(
                m.options.text, "policy:2: spark.deploy.workerSelectionPolicy: \"BEST\" is not "));
        ck_assert_int_eq(n.result, OPTIONS_E_CONFIG);
        ck_assert_ptr_nonnull(strstr(n.options.text, "pattern.conf:2: driver-id-pattern: "));
}
END_TEST

UNIT_MAIN("master-config", defaults_are_the_machines_own, where_state_is_kept, recovery_settings,
          spark_properties_apply, the_ini_section_is_master, the_environment_applies,
          names_are_judged)
