/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The cluster-mode drivers of this worker as a pure state machine, beside executors.h: what runs,
 * what it takes, how it is ended, and when a supervised one runs again
 * (org.apache.spark.deploy.worker.DriverRunner). Starting and ending processes are effects.
 *
 * The master is told the final state only, and without an acknowledgement. It is kept until the
 * connection on which it was told has stood for a while, and told again on the next otherwise.
 */

#include "base/hash.h"
#include "daemons/worker/ending.h"

typedef struct DriversConfig {
        const char *worker_id;
        uint64_t terminate_usec; /* spark.worker.driverTerminateTimeout */
        unsigned retained;       /* spark.worker.ui.retainedDrivers */
} DriversConfig;

typedef struct Driver Driver;
struct Driver {
        const char *id; /* the key; this and what follows is in `arena` */
        const char *main_class;
        int32_t cores, memory_mb;
        bool supervise;
        Message launch; /* MSG_LAUNCH_DRIVER, for each run */
        DriverState state;
        Arena arena;
        Ending ending;
        uint64_t run_at;       /* when this run began */
        uint64_t restart_at;   /* when the next run begins; 0: none is due */
        unsigned pause;        /* seconds before it */
        const char *exception; /* of a finished one; or NULL */
        bool unreported;       /* finished, and perhaps no master knows */
        uint64_t told_on;      /* the connection to the last that was told; 0: none was */
        uint64_t settled_at;   /* when it knows, if the connection stands till then; 0: no matter */
        bool restored;         /* as Executor.restored */
        RecordMark mark;
        Driver *prev, *next; /* of the finished ones */
        UT_hash_handle hh;   /* of the others */
};

typedef struct Drivers {
        const DriversConfig *config;
        Driver *running;  /* by id: every one that has not come to its end */
        Driver *finished; /* oldest first */
        unsigned n_finished;
        int64_t cores_used, memory_used_mb;
        bool stopping;
} Drivers;

void drivers_init(Drivers *x, const DriversConfig *config);
void drivers_done(Drivers *x);

/* As executors_restore(). */
int drivers_restore(Drivers *x, WorkerRecord record, const char *key, const Message *message,
                    RecordMark mark);

Driver *drivers_find(const Drivers *x, const char *id);
size_t drivers_running(const Drivers *x);

/* `conn` is the connection to the master, or 0 while there is none, with each call. */
void drivers_launch(Drivers *x, const Message *launch, uint64_t conn, WorkerEffects *fx);
void drivers_kill(Drivers *x, const char *id, uint64_t conn, uint64_t now, WorkerEffects *fx);
/* Takes STARTED, LAUNCH_FAILED, EXITED, LISTED and TICK; others do nothing. */
void drivers_handle(Drivers *x, const WorkerEvent *event, uint64_t conn, uint64_t now,
                    WorkerEffects *fx);

/* What a master that has accepted us is told: in its messages, and what was left unreported. */
void drivers_describe_ids(const Drivers *x, StringSeq *ret, WorkerEffects *fx);
void drivers_describe(const Drivers *x, WorkerDriverStateSeq *ret, WorkerEffects *fx);
void drivers_send_unreported(Drivers *x, uint64_t conn, uint64_t now, WorkerEffects *fx);

/* Ends all and reports nothing more: the master learns it from the connection's end. */
void drivers_stop(Drivers *x, uint64_t now, WorkerEffects *fx);

uint64_t drivers_deadline(const Drivers *x);
