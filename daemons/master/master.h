/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The master's state machine: workers, applications, drivers and the scheduler. Pure: events and
 * the time go in, effects come out (event.h). actor.c feeds it and carries the effects out.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemons/master/event.h"
#include "daemons/master/state.h"

/* Spark's names, as "CORES_FREE_DESC"; POLICY_INVALID for another. */
WorkerPolicy worker_policy_from_name(const char *name);

/* All of it is copied by master_new(). */
typedef struct MasterConfig {
        const char *url;        /* "spark://host:port", as workers compare it */
        RpcAddress address;     /* what is bound and announced: host and port of url */
        const char *web_ui_url; /* "http://host:port" */
        int32_t web_ui_port;
        OptInt rest_port;
        uint64_t worker_timeout_usec;   /* spark.worker.timeout */
        uint64_t identify_timeout_usec; /* how long a worker may stay unused until identified */
        uint64_t version_timeout_usec;  /* how long an application may wait for its version */
        uint64_t recovery_wait_usec;    /* after a restart: schedules again when all have answered,
                                         * or after this ... */
        uint64_t recovery_timeout_usec; /* ... and who has not after this is gone */
        uint64_t grace_usec;            /* how long a worker of ours with executors may be away */
        bool standby;                   /* begins as a standby, until EVENT_START */
        int32_t dead_worker_persistence;
        int32_t retained_applications, retained_drivers;
        int32_t retained_executors; /* ended executors remembered per application */
        int32_t default_cores;
        int32_t max_executor_retries; /* negative: no limit */
        int32_t max_drivers;
        bool spread_out, spread_out_drivers;
        WorkerPolicy worker_selection_policy;
        const char *app_id_pattern, *driver_id_pattern; /* "app-%s-%04d" */
        int32_t app_number_modulo;                      /* 0: none */
        bool use_app_name_as_app_id;
        bool use_driver_id_as_app_name;
        /* As older masters speak: */
        bool bare_lost_text;    /* 3.4: executors lost with "worker lost", without the reason */
        bool bare_removed_text; /* ApplicationRemoved("FAILED"), without the reason */
} MasterConfig;

/* Everything that has a default; url, address and web_ui_url stay empty. */
void master_config_init(MasterConfig *config);

/* Would it do as one of the patterns of ids? */
bool master_id_pattern_ok(const char *pattern);

typedef struct Master Master;

/* 0, -EINVAL when an id pattern is none, or -ENOMEM. */
int master_new(const MasterConfig *config, Master **ret_master);
/* Takes over, for what happens from now on, the settings that bind nobody yet: how much stays
 * listed, how executors are placed, what an application gets that does not say. */
void master_reconfigure(Master *m, const MasterConfig *config);
/* NULL-tolerant; returns NULL. */
Master *master_free(Master *m);

/* One turn. Effects are appended to `out`, in the order in which they must be carried out; they may
 * point into the machine until `out` is cleared, so clear it before master_free(). Returns 0 or
 * -ENOMEM, after which the machine is not to be used. Nothing that a peer sends is an error. */
int master_handle(Master *m, MasterTime time, const MasterEvent *event, MasterEffects *out);

/* The `now` at which an EVENT_TICK is wanted; UINT64_MAX: never. Changes with every turn. */
uint64_t master_deadline(const Master *m);

void master_effects_init(MasterEffects *out);
/* Frees every effect; the list can be used again. */
void master_effects_clear(MasterEffects *out);

/* ---- reading, between turns: for the web UI, the JSON and a store ---- */

typedef struct MasterCounters {
        size_t workers_alive; /* and over these: */
        int64_t cores, cores_used;
        int64_t memory, memory_used; /* MiB */
        size_t workers_listed;       /* dead and decommissioned ones too */
        size_t apps, apps_waiting, apps_completed;
        size_t workers_silent; /* UNKNOWN: waited for */
        size_t drivers_waiting, drivers_running, drivers_completed;
        uint64_t index_steps; /* nodes of the worker index looked at since the start */
} MasterCounters;

MasterCounters master_counters(const Master *m);
const MasterConfig *master_config(const Master *m);
const char *master_status(const Master *m); /* "ALIVE", "STANDBY" or "RECOVERING" */

/* Heads of lists in order, all linked by ->next; NULL: empty. An application's executors are
 * App.executors and App.removed, a worker's are Worker.executors (by ->worker_next). */
const Worker *master_workers(const Master *m);
const App *master_apps(const Master *m);
const App *master_completed_apps(const Master *m); /* oldest first */
const Driver *master_waiting_drivers(const Master *m);
const Driver *master_drivers(const Master *m); /* running */
const Driver *master_completed_drivers(const Master *m);

/* By id: live ones first, then the completed. NULL: unknown. */
const Worker *master_worker(const Master *m, const char *id);
const App *master_app(const Master *m, const char *id);
const Driver *master_driver(const Master *m, const char *id);

/* Why an application has no executors: "app waits: it runs Spark 3.4; registered workers run 3.5".
 * Returns buffer, "" when there is nothing to explain. */
#define APP_EXPLAIN_MAX 512
const char *master_explain_app(const Master *m, const App *app,
                               char buffer[static APP_EXPLAIN_MAX]);
