/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The executors of this worker as a pure state machine: what runs, what it takes, how it is ended,
 * and what the master is told of it. Starting and ending processes are effects (event.h).
 *
 * Every change of an executor's state is reported by an ask and asked again until the master has
 * acknowledged it, as org.apache.spark.deploy.worker.Worker does; states, messages and exit codes
 * are those of its newest release.
 */

#include "base/hash.h"
#include "daemons/worker/ending.h"

typedef struct ExecutorsConfig {
        const char *worker_id;
        unsigned sync_attempts;   /* spark.worker.executorStateSync.maxAttempts */
        uint64_t sync_pause_usec; /* between attempts: spark.rpc.askTimeout */
        uint64_t terminate_usec;  /* from SIGTERM to SIGKILL */
        unsigned retained;        /* spark.worker.ui.retainedExecutors */
} ExecutorsConfig;

/* What the pages show of an application; shared by its executors. */
typedef struct WorkerApp {
        char *id;
        char *name;
        char *user;
        char *command;      /* a redacted one-line form, set by whoever knows how (may stay NULL) */
        int32_t max_cores;  /* 0: no limit */
        int32_t memory_mb;  /* per executor */
        unsigned executors; /* that refer to it */
        bool finished;      /* the master has said so */
        UT_hash_handle hh;
} WorkerApp;

typedef struct Executor Executor;
struct Executor {
        char *id; /* "APP/N", the key */
        WorkerApp *app;
        int32_t exec_id, rp_id, cores, memory_mb;
        ExecutorState state;
        Arena arena; /* of `resources` */
        ResourceMap resources;
        Ending ending;
        bool restored;         /* an earlier process left it; whether it runs is not known yet */
        RecordMark mark;       /* of such a one */
        Executor *prev, *next; /* of the finished ones */
        UT_hash_handle hh;     /* of the running ones */
};

/* A state that the master has not acknowledged yet. */
typedef struct Report Report;
struct Report {
        char *app_id;
        int32_t exec_id;
        ExecutorState state;
        char *message; /* or NULL */
        OptInt exit_status;
        unsigned failures;
        uint64_t ticket; /* of the ask under way; 0: none */
        uint64_t due;    /* when to ask again, while none is under way */
        Report *prev, *next;
};

typedef struct Executors {
        const ExecutorsConfig *config;
        WorkerApp *apps;
        Executor *running;  /* by id: every one whose end was not reported yet */
        Executor *finished; /* oldest first */
        unsigned n_finished;
        int64_t cores_used, memory_used_mb;
        Report *reports;
        uint64_t last_ticket;
        bool stopping;
} Executors;

void executors_init(Executors *x, const ExecutorsConfig *config);
void executors_done(Executors *x);

/* Takes up a record of an earlier process, in the order in which they were kept, before any event;
 * then STARTED or EXITED comes for what is still there, and LISTED. `message` is NULL for those
 * that have none. 0, -EBADMSG for a record that cannot be, or -ENOMEM. */
int executors_restore(Executors *x, WorkerRecord record, const char *key, const Message *message,
                      RecordMark mark);

Executor *executors_find(const Executors *x, const char *id);
size_t executors_running(const Executors *x);

/* The connection to the master, or 0 while there is none: given with each call, since reports go
 * over whichever connection is the master's at the time. */
void executors_launch(Executors *x, const Message *launch, uint64_t conn, uint64_t now,
                      WorkerEffects *fx);
void executors_kill(Executors *x, const char *app_id, int32_t exec_id, uint64_t now,
                    WorkerEffects *fx);
void executors_app_finished(Executors *x, const char *app_id, WorkerEffects *fx);
/* Takes STARTED, LAUNCH_FAILED, EXITED, LISTED, ANSWERED and TICK; others do nothing. */
void executors_handle(Executors *x, const WorkerEvent *event, uint64_t conn, uint64_t now,
                      WorkerEffects *fx);
/* What a master that has accepted us is told: in its messages, and what was left unreported. */
void executors_describe(const Executors *x, ExecutorDescriptionSeq *ret, WorkerEffects *fx);
void executors_describe_with_resources(const Executors *x, WorkerExecutorStateSeq *ret,
                                       WorkerEffects *fx);
void executors_send_unreported(Executors *x, uint64_t conn, uint64_t now, WorkerEffects *fx);
/* Ends all and reports nothing more: the master learns it from the connection's end, as LOST,
 * which drivers do not hold against the application. */
void executors_stop(Executors *x, uint64_t now, WorkerEffects *fx);

uint64_t executors_deadline(const Executors *x);
