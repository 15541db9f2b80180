/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the master knows: workers, applications with their executors, drivers. Written by the state
 * machine only; the web UI and the JSON read it through the iterators of master.h. Numbers are
 * cores and MiB; times are microseconds (`*_wall` since the epoch, others monotonic).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/hash.h"
#include "cgroups/limits.h"
#include "daemons/master/event.h"
#include "daemons/master/worker-index.h"
#include "wire/deploy.h"
#include "wire/family.h"

typedef struct App App;
typedef struct Driver Driver;
typedef struct Executor Executor;
typedef struct Hosting Hosting;
typedef struct Peer Peer;
typedef struct Worker Worker;

typedef enum WorkerState {
        WORKER_ALIVE,
        WORKER_DEAD,
        WORKER_DECOMMISSIONED,
        WORKER_UNKNOWN, /* recovered, has not answered yet */
        WORKER_STATE_MAX,
} WorkerState;

typedef enum AppState {
        APP_WAITING,
        APP_RUNNING,
        APP_FINISHED,
        APP_FAILED,
        APP_KILLED,
        APP_UNKNOWN, /* recovered, has not answered yet */
        APP_STATE_MAX,
} AppState;

const char *worker_state_name(WorkerState s);
const char *app_state_name(AppState s);

/* Memory that effects may still point into: freed when the effects are. */
typedef struct Grave Grave;
struct Grave {
        Grave *next;
        void (*destroy)(Grave *grave);
};

/* A connection that a worker or an application registered on. */
struct Peer {
        ConnId conn;
        LineSet lines;   /* what it has shown, newest word */
        Worker *workers; /* list (peer_prev, peer_next) of workers on it */
        App *apps;       /* list (peer_prev, peer_next) of live applications on it */
        size_t n_workers, n_apps;
        bool identifying; /* EFFECT_IDENTIFY is under way */
        bool held;        /* not freed though nothing is on it: it is being closed */
        uint64_t identify_until;
        Peer *pending_prev, *pending_next; /* Master.identifying */
        UT_hash_handle hh;
};

/* A custom resource of a worker ("gpu") and which of its addresses are taken. */
typedef struct WorkerResource {
        const char *name;
        const char **addresses;
        bool *taken; /* as long as addresses */
        size_t n_addresses;
        size_t n_free;
        uint32_t bit; /* its bit in WorkerIndexWant.resources; 0: has none */
} WorkerResource;

/* Addresses of one resource lent to an executor or a driver. */
typedef struct ResourceGrant {
        WorkerResource *resource;
        uint32_t *indexes; /* into resource->addresses */
        size_t n;
} ResourceGrant;

typedef struct ResourceGrants {
        ResourceGrant *items; /* one allocation with the indexes; owned */
        size_t length;
} ResourceGrants;

/* What the executors and drivers of a worker of ours may take, all of them with all that they
 * need; MiB. */
typedef struct WorkerLimits {
        int32_t memory; /* 0: none declared, and nothing is checked */
        int32_t used;
        unsigned overhead_percent; /* of heap, where an application does not say ... */
        int32_t overhead_min;      /* ... and at least that */
} WorkerLimits;

struct Worker {
        const char *id, *host, *address; /* address: "host:port" of its endpoint */
        int32_t port;
        const char *web_ui_url;
        char *engines; /* "3.5.9, 4.3.0": what a worker of ours declared; NULL for a JVM's; owned */
        WorkerState state;
        int32_t cores, cores_used;
        int32_t memory, memory_used;
        WorkerLimits limits;
        WorkerResource *resources;
        size_t n_resources;
        LineSet lines;       /* what it can run; a JVM worker's candidates until identified */
        bool pending;        /* its identification is under way */
        bool decommissioned; /* when it is UNKNOWN: what it was */
        bool leaving;        /* it has said that it goes, for good */
        uint64_t last_heartbeat, last_heartbeat_wall;
        uint64_t died;
        uint64_t silent_until; /* UNKNOWN: when it is given up */
        Peer *peer;            /* NULL when DEAD or UNKNOWN */
        ConnId dialled;        /* on which it was told that this master took over; 0: none */
        Executor *executors;   /* list (worker_prev, worker_next) */
        size_t n_executors;
        Driver *drivers;   /* list (worker_prev, worker_next) */
        Hosting *hostings; /* list (worker_prev, worker_next): applications it ran executors of */
        WorkerIndexNode by_policy, by_id, by_size; /* places in the indexes; while ALIVE */
        Worker *prev, *next;           /* Master.workers: by registration, dead ones too */
        Worker *beat_prev, *beat_next; /* Master.beats by last heartbeat, .silent by its end, or
                                        * .dead by death */
        Worker *peer_prev, *peer_next;
        UT_hash_handle hh_id, hh_address;
        Arena arena; /* of the resources */
        Grave grave;
        char strings[]; /* id, host, address, web_ui_url */
};

/* A resource profile of an application and how many executors it wants of it. */
typedef struct AppProfile {
        int32_t id;
        ResourceProfile profile;          /* completed from the default one */
        LimitsRequest request;            /* what its executors' limits follow from */
        OptInt cores_per_executor;        /* unset: one executor takes all it can get on a worker */
        int32_t memory_per_executor;      /* MiB */
        ResourceRequirementSeq resources; /* custom ones */
        uint32_t resource_bits;
        int32_t target;
        int32_t n_executors; /* counted ones */
        bool told_unfit;     /* the log has that no worker could ever hold one */
} AppProfile;

/* Whether its driver is still to be told that an executor has ended. As long as it is not
 * DEBT_NONE, the end is on record, and who comes after us tells it. */
typedef enum Debt {
        DEBT_NONE,
        DEBT_OPEN,
        DEBT_PAID, /* the word has left, or will with the effects of batch `paid_batch` */
} Debt;

struct Executor {
        App *app;
        Worker *worker;                      /* NULL once it does not hold anything there */
        const char *worker_id, *worker_host; /* stay valid */
        ConnId conn;                         /* on which it was launched */
        int32_t id;
        int32_t rp_id;
        int32_t cores, memory;
        int32_t limit; /* MiB of its worker's limits; 0 where there are none */
        ExecutorState state;
        bool counted; /* in the application's cores and the profile's executors */
        /* Of its end, what its driver is told: */
        Debt debt;
        bool lost; /* it was given up here, with its worker; nobody reported it */
        OptInt exit_status;
        char *message; /* owned */
        uint64_t paid_batch;
        uint64_t batch; /* Master.batch when it was launched */
        uint64_t seen;  /* number of the last WorkerLatestState that named it */
        uint64_t start_wall;
        ResourceGrants grants;
        Executor *prev, *next; /* App.executors or App.removed, by id or by removal */
        Executor *worker_prev, *worker_next;
        Executor *paid_prev, *paid_next; /* Master.paid */
        UT_hash_handle hh;               /* App.executors_by_id or App.owed */
        Grave grave;
        char strings[]; /* worker_id, worker_host */
};

/* This worker has run an executor of this application, so it is told of the application's end. */
struct Hosting {
        App *app;
        Worker *worker;
        Hosting *app_prev, *app_next;
        Hosting *worker_prev, *worker_next;
        UT_hash_handle hh;
};

struct App {
        const char *id;
        uint64_t seq;       /* registration order */
        uint64_t batch;     /* Master.batch when it registered ... */
        uint64_t state_put; /* ... and when its state was last recorded */
        bool restored;      /* which workers ran executors of it is not fully known */
        ApplicationDescription desc;
        EndpointRef driver;
        const char *driver_address; /* "host:port" of the driver, or NULL */
        LineSet lines;
        const char *engine; /* SPARKD_ENGINE of its executor environment, or NULL */
        AppState state;
        int32_t cores_requested, cores_granted;
        int32_t retry_count;
        int32_t next_executor_id;
        int32_t n_running;             /* executors that are RUNNING */
        uint64_t start_wall, end_wall; /* end_wall 0: live */
        const char *end_reason;        /* a sentence for FAILED and KILLED, or NULL */
        AppProfile **profiles;         /* by ascending id; owned */
        size_t n_profiles;
        Executor *executors; /* list (prev, next) by id: all that still run somewhere */
        size_t n_executors;
        Executor *executors_by_id; /* k: Executor.id -> v: Executor */
        Executor *removed;         /* list (prev, next): the last ones that ended */
        size_t n_removed;
        Executor *owed;              /* k: Executor.id -> v: removed Executor with a debt */
        Hosting *hostings;           /* list (app_prev, app_next) */
        Hosting *hostings_by_worker; /* k: Hosting.worker -> v: Hosting */
        bool wanting;                /* in Master.wanting: would take another executor */
        bool told_incompatible;      /* the log has the reason why it waits */
        bool asked;                  /* its driver was asked for its version, or need not be */
        uint64_t ask_until;          /* in Master.asking while not 0 */
        Peer *peer;                  /* NULL when completed or UNKNOWN */
        ConnId dialled;              /* on which it was told that this master took over; 0: none */
        App *prev, *next;            /* Master.apps by registration, or Master.completed by end */
        App *want_prev, *want_next;
        App *ask_prev, *ask_next;
        App *peer_prev, *peer_next;
        UT_hash_handle hh_id, hh_address;
        Arena arena; /* description, strings, profiles */
        Grave grave;
};

struct Driver {
        const char *id;
        DriverDescription desc;
        LimitsRequest request; /* what its limit follows from ... */
        int32_t limit;         /* ... on the worker where it runs */
        bool told_unfit;       /* the log has that no worker could ever hold it */
        LineSet lines;
        DriverState state;
        const char *exception; /* or NULL */
        uint64_t start_wall;
        uint64_t batch, launch_batch; /* Master.batch when it was submitted, launched */
        bool kill;                    /* was asked for while its worker was away */
        Worker *worker;               /* while it runs there */
        ConnId conn;                  /* on which it was launched */
        uint64_t seen;                /* number of the last WorkerLatestState that named it */
        const char *worker_id, *worker_address; /* where it ran or runs; "host:port"; or NULL */
        ResourceGrants grants;
        bool waiting;        /* in Master.waiting_drivers, else in .drivers (or .completed) */
        Driver *prev, *next; /* one of the three lists */
        Driver *worker_prev, *worker_next;
        UT_hash_handle hh;
        Arena arena;
        Grave grave;
};
