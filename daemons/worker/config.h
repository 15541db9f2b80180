/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The settings of spark-worker: one table (daemons/common/options.h), and the defaults that depend
 * on the host.
 */

#include <stdbool.h>
#include <stdint.h>

#include "daemons/common/options.h"
#include "daemons/common/sparkhome.h"
#include "wire/url.h"

/* As the table fills it; strings and lists are owned by it. */
typedef struct WorkerSettings {
        char *host;       /* NULL: what the host is called */
        char *webui_host; /* NULL: every address */
        uint16_t port, webui_port;
        int cores;        /* 0: all of the host's */
        uint64_t memory;  /* bytes; 0: the host's less 1 GiB */
        char *work_dir;   /* NULL: see worker_work_dir() */
        char *state_dir;  /* NULL: see worker_state_dir() */
        char *master;     /* where the command line names none */
        char *engines;    /* a directory of Spark homes, or NULL */
        char *spark_home; /* or NULL */
        char *log_level;
        char *id_pattern;
        uint64_t timeout_usec;
        uint64_t ask_timeout_usec;
        uint64_t terminate_usec;
        uint64_t driver_terminate_usec;
        uint64_t fetch_timeout_usec;
        int sync_attempts;
        int initial_retries, max_retries;
        bool prefer_configured_address;
        bool cleanup;
        uint64_t cleanup_interval_usec, cleanup_age_usec;
        int retained_executors, retained_drivers;
        bool decommission;
        char *redaction;
        char *local_dir;
        char *resources_file;
        bool reverse_proxy;
        char *reverse_proxy_url;
        char *limits;                     /* "auto", "systemd", "libcgroup" or "none" */
        char *run_as;                     /* NULL: see backend-choice.h */
        char *instance;                   /* NULL: the only worker on this host */
        char *cgroup_root;                /* NULL: the group that we are in */
        uint64_t executor_memory;         /* bytes for all together; 0: what the host can give */
        char *cpu_limit;                  /* as cpu_mode_from_name() knows it */
        char *cpu_quota;                  /* cores for all together, "2.5"; NULL: no bound */
        int cpu_burst, memory_high, swap; /* percent */
        int pids_max;
        char *overhead_factor; /* "0.1" */
        uint64_t overhead_min; /* bytes */
} WorkerSettings;

extern const OptionsSpec worker_options;

/* --work-dir, else SPARK_HOME/work when that can be written to, else /var/lib/spark/work. Owned by
 * the caller; NULL when out of memory. */
char *worker_work_dir(const WorkerSettings *s);

/* --state-dir, else the directory "worker" (or "worker@NAME") among those of $STATE_DIRECTORY.
 * Owned by the caller. 0, -ENOENT when there is none and nothing is kept, or -ENOMEM. */
int worker_state_dir(const WorkerSettings *s, char **ret);

/* Looks for engines where the settings say: the Spark homes below `engines`, and SPARK_HOME. 0 or
 * -errno; *ret may be empty. */
int worker_find_engines(const WorkerSettings *s, Engines *ret);

/* The worker's id of the pattern: three conversions, for the time (local), the host and the port.
 * Owned by the caller. 0, -EINVAL for a pattern with others, or -ENOMEM. */
int worker_make_id(const char *pattern, int64_t wall_seconds, const char *host, uint16_t port,
                   char **ret);
