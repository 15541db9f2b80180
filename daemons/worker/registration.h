/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The worker's tie to its master, as a pure state machine: which masters are tried and when, what
 * is learnt of them before the first word, who is the master now, heartbeats.
 *
 * A master is dialled, then asked what it is (probe.h of lib/wire), and only then sent
 * RegisterWorker: a JVM drops a one-way message of another Spark version in silence. A master is
 * bound to the connection on which it last spoke as one, be it ours or its own (MasterChanged).
 */

#include <jansson.h>

#include "daemons/worker/event.h"

/* The pseudo-resource that tells our own master which engines are here. */
#define REGISTRATION_ENGINES_RESOURCE "sparkd.engines"
/* ... and the one that tells it what executors here may take, so that it can place by limits. Its
 * addresses are "memory=MIB", "overhead-percent=N" and "overhead-min=MIB". */
#define REGISTRATION_LIMITS_RESOURCE "sparkd.limits"

/* What does not change; borrowed for the life of the machine. */
typedef struct RegistrationConfig {
        const HostPort *masters;
        size_t n_masters;
        const char *worker_id;
        const char *host;
        uint16_t port;
        int32_t cores;
        int32_t memory_mb;
        const char *web_ui_url;
        const ResourceMap *resources;
        uint64_t limits_memory_mb;        /* all executors and drivers here together, heap and all;
                                           * 0: there is no limit, and none is declared */
        unsigned limits_overhead_percent; /* of heap, as LimitsPolicy has it ... */
        uint64_t limits_overhead_min_mb;  /* ... and at least that */
        uint64_t heartbeat_usec;
        unsigned initial_retries; /* at about 10 s each ... */
        unsigned max_retries;     /* ... then at about 60 s each up to this; then giving up */
        double jitter;            /* 0.5 <= jitter < 1.5, drawn once per process: scales both */
        bool prefer_configured_address; /* spark.worker.preferConfiguredMasterAddress */
} RegistrationConfig;

typedef enum TargetPhase {
        TARGET_IDLE,
        TARGET_DIALLING,
        TARGET_IDENTIFYING,
        TARGET_READY, /* known for what it is: RegisterWorker may be sent, or was */
} TargetPhase;

typedef struct MasterTarget {
        HostPort address;
        TargetPhase phase;
        uint64_t conn; /* 0 while IDLE */
        LineSet lines;
        bool sparkd;
        bool unfit;          /* when last seen, no engine here served its line */
        LineSet unfit_lines; /* ... which was this: for saying so once */
} MasterTarget;

typedef struct Registration {
        const RegistrationConfig *config;
        LineSet engine_lines;
        StringSeq engines; /* names for our own master; borrowed */

        MasterTarget *targets; /* the configured ones, and one more for a master that was learnt */
        size_t n_targets;

        bool known;     /* some master has accepted us since the start */
        bool connected; /* ... and its connection stands */
        bool registered;
        bool told_engines;    /* the next RegisteredWorker answers that */
        uint64_t conn;        /* the master's connection; 0 when not connected */
        uint64_t former_conn; /* ... and the one before, of the same master; 0: none */
        HostPort address;     /* of its endpoint reference */
        HostPort dialled;     /* as it was dialled; where preferConfiguredMasterAddress goes */
        char *url;            /* spark://host:port of the reference; NULL while not known */
        char *web_ui_url;     /* NULL while not known */
        bool sparkd;          /* what it is, as far as asked */
        LineSet lines;

        bool retrying;
        unsigned attempts;
        uint64_t retry_at, retry_every;
        uint64_t heartbeat_at; /* 0: none */
} Registration;

/* What the handling of an event has brought. */
typedef enum RegistrationResult {
        REGISTRATION_NOTHING,
        REGISTRATION_ACCEPTED, /* RegisteredWorker: the caller sends WorkerLatestState */
        REGISTRATION_CHANGED,  /* MasterChanged: the caller sends WorkerSchedulerStateResponse */
} RegistrationResult;

/* 0 or -ENOMEM. A zeroed Registration can be registration_done(). */
int registration_init(Registration *r, const RegistrationConfig *config);
void registration_done(Registration *r);

/* What this worker can run. `names` is borrowed until the next call. */
void registration_set_engines(Registration *r, LineSet lines, StringSeq names);

/* Takes START, TICK, DIALLED, CONNECTED, IDENTIFIED, CLOSED and MESSAGE; others do nothing. */
RegistrationResult registration_handle(Registration *r, const WorkerEvent *event, uint64_t now,
                                       WorkerEffects *fx);

/* The worker goes, for good: ends the tie to the master, to whom it is said if it is ours. */
void registration_leave(const Registration *r, WorkerEffects *fx);

/* Whether orders on this connection count. One of Spark's masters may have two with us. */
bool registration_is_master(const Registration *r, uint64_t conn);

/* When ON_TICK is wanted next (microseconds); UINT64_MAX: not. */
uint64_t registration_deadline(const Registration *r);

/* Closes all connections but the one to our master: the next process would not know what they are.
 */
void registration_close_others(const Registration *r, WorkerEffects *fx);

/* The tie to the master that stands, for the next process of this worker, which is given the same
 * connections: a JSON object, or null when there is none. The caller's; NULL when out of memory. */
json_t *registration_save(const Registration *r);

/* Takes that up in a machine that has not started: it is registered as if nothing had happened, and
 * says so with a heartbeat at once. 0; -ENOENT when there was no tie, or the settings name other
 * masters now, when the effect closes the connection; -EBADMSG for another object; or -ENOMEM.
 * Unless it is 0 the machine is as before, and to be started (ON_START). If the connection has
 * broken meanwhile, ON_CLOSED will tell. */
int registration_resume(Registration *r, const json_t *saved, uint64_t now, WorkerEffects *fx);
