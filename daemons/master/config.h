/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The settings of spark-master: one table (daemons/common/options.h), and what the state machine
 * gets of them.
 */

#include <stdbool.h>
#include <stdint.h>

#include "daemons/common/options.h"
#include "daemons/master/master.h"

/* As the table fills it; strings are owned by it. */
typedef struct MasterSettings {
        char *host;       /* NULL: what the host is called */
        char *webui_host; /* NULL: every address */
        uint16_t port, webui_port;
        char *state_dir;                    /* NULL: see master_state_dir() */
        char *recovery_mode, *recovery_dir; /* Spark's; NULL: not set */
        bool standby;
        uint64_t recovery_wait_usec, recovery_timeout_usec, grace_usec;
        char *log_level;
        uint64_t worker_timeout_usec, identify_timeout_usec;
        int dead_worker_persistence;
        int retained_applications, retained_drivers, retained_executors;
        int default_cores; /* 0: no bound */
        int max_executor_retries;
        int max_drivers;       /* 0: no bound */
        int app_number_modulo; /* 0: none */
        bool spread_out, spread_out_drivers;
        bool use_app_name_as_app_id, use_driver_id_as_app_name;
        bool kill_enabled;
        bool bare_lost_text, bare_removed_text;
        char *worker_selection_policy;
        char *app_id_pattern, *driver_id_pattern;
} MasterSettings;

extern const OptionsSpec master_options;

/* Where what outlives the process is kept, or NULL: state-dir, else what Spark's recoveryMode says,
 * else where the service manager has made room (`service_dir`: STATE_DIRECTORY, or NULL). */
const char *master_state_dir(const MasterSettings *s, const char *service_dir);

/* Sets what follows from the settings alone (all but addresses and URLs) in *ret, which borrows
 * strings. */
void master_settings_apply(const MasterSettings *s, MasterConfig *ret);
