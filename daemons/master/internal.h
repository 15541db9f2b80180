/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the files of the master's state machine share; nobody else includes it. A turn carries the
 * event, the time and the effects through the handlers. Running out of memory sticks to the turn
 * (Turn.error): handlers go on with what they have, master_handle() returns it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "daemons/master/master.h"

#define ENDPOINT_WORKER "Worker"
#define ENDPOINT_DRIVER "AppClient"

/* A worker of ours declares its engines as addresses of this resource in RegisterWorker. */
#define ENGINES_RESOURCE "sparkd.engines"
/* spark.executorEnv.SPARKD_ENGINE: the version an application says that it runs. */
#define ENGINE_VARIABLE "SPARKD_ENGINE"
/* What a worker of ours is told in the environment of a LaunchExecutor: App.lines by name. */
#define LINES_VARIABLE "SPARKD_LINES"
/* ... and what its executors may take as addresses of this one. */
#define LIMITS_RESOURCE "sparkd.limits"

#define DEFAULT_EXECUTOR_MEMORY 1024 /* MiB, of a profile that says nothing */

/* Custom resource names with a bit of their own in the worker index; further ones are only
 * compared worker by worker. */
#define RESOURCE_BITS 32

/* A worker that the scheduler places executors on, during one assignment. */
typedef struct Slot {
        Worker *worker;
        int32_t limit;            /* of one executor there */
        int32_t cores, executors; /* assigned so far */
} Slot;

typedef enum MasterStatus {
        MASTER_ALIVE,
        MASTER_STANDBY,
        MASTER_RECOVERING, /* does not schedule yet */
} MasterStatus;

struct Master {
        MasterStatus status;
        uint64_t batch;          /* number of the list of effects that is being filled */
        uint64_t record_batch;   /* the last that had records */
        char *unkept;            /* why nothing can be made durable, or NULL; owned */
        uint64_t wait_until;     /* RECOVERING ends */
        uint64_t recovery_until; /* UNKNOWN applications are given up; 0: there are none */
        uint64_t redial_at;      /* 0: nobody is dialled */
        MasterConfig config;
        Arena arena; /* the configuration's strings */

        Peer *peers;       /* k: Peer.conn -> v: Peer */
        Peer *identifying; /* list (pending_prev, pending_next) by identify_until */

        Worker *workers; /* list (prev, next) by registration; dead ones too */
        size_t n_workers;
        Worker *workers_by_id;        /* k: Worker.id -> v: Worker that is not dead */
        Worker *workers_by_address;   /* k: Worker.address -> v: Worker that is not dead */
        Worker *dead_by_id;           /* k: Worker.id -> v: dead Worker */
        Worker *dead_by_address;      /* k: Worker.address -> v: dead Worker */
        Worker *beats;                /* list (beat_prev, beat_next) by last heartbeat; not dead */
        Worker *silent;               /* list (beat_prev, beat_next) by silent_until; UNKNOWN */
        Worker *dead;                 /* list (beat_prev, beat_next) by death */
        WorkerIndex by_policy, by_id; /* ALIVE workers, for executors and for drivers ... */
        WorkerIndex by_size;          /* ... and by id, as if nothing were taken of them */
        size_t n_limited;             /* ALIVE workers with limits, and their mildest rule: */
        unsigned least_percent;
        int32_t least_min;
        uint32_t alive_by_line[LINE_MAX];          /* how many ALIVE workers serve a line ... */
        uint32_t alive_partly[LINE_MAX];           /* ... but not all lines of its family */
        const char *resource_names[RESOURCE_BITS]; /* bit -> name, in the arena */
        size_t n_resource_names;

        App *apps;           /* list (prev, next) by registration; live */
        App *apps_by_id;     /* k: App.id -> v: live App */
        App *apps_by_driver; /* k: App.driver_address -> v: live App */
        App *asking;         /* list (ask_prev, ask_next) by App.ask_until */
        App *wanting;        /* list (want_prev, want_next) by App.seq: FIFO for the scheduler */
        App *completed;      /* list (prev, next) by end */

        Driver *drivers;           /* list (prev, next): running */
        Driver *waiting_drivers;   /* list (prev, next): FIFO */
        Driver *completed_drivers; /* list (prev, next) by end */
        Driver *drivers_by_id;     /* k: Driver.id -> v: running or waiting Driver */

        MasterCounters counters;
        uint64_t next_app_seq, next_app_number, next_driver_number, latest_states;
        char driver_cursor[LIMIT_ID_BYTES + 1]; /* worker id that the last driver went to */
        bool schedule; /* something changed that lets or makes the scheduler place more */
        Slot *slots;   /* scratch of the scheduler */
        size_t n_slots_allocated;
        Executor *paid; /* list (paid_prev, paid_next) by paid_batch: DEBT_PAID */
        Grave *graves;  /* freed at the first turn that starts without effects */
};

typedef struct Turn {
        Master *m;
        MasterTime time;
        const MasterEvent *event;
        MasterEffects *out;
        int error;       /* 0 or -ENOMEM, sticky */
        Message scratch; /* what is filled in when there is no memory for the effect */
} Turn;

/* ---- effects.c ---- */

/* Each adds an effect and returns its message, zeroed but for the type, to be filled in. Strings
 * must live in the machine's objects or in the effects' arena. Never NULL. */
Message *turn_send(Turn *t, const Peer *peer, const char *endpoint, MessageType type);
Message *turn_answer(Turn *t, const char *endpoint, MessageType type); /* one-way, event's conn */
Message *turn_reply(Turn *t, MessageType type);                        /* to the event's ask */
/* Says of the effect added last that it must not leave before `of` is durable. */
void turn_promise(Turn *t, const void *of);
void turn_reply_boolean(Turn *t, bool value);
void turn_unsupported(Turn *t); /* as the JVM answers an ask that it does not know */
void turn_identify(Turn *t, ConnId conn, LineSet candidates);
void turn_ask_version(Turn *t, const char *app_id, const char *ui_url);
void turn_record(Turn *t, MasterEffectType type, RecordKind kind, const char *key);
void turn_record_master(Turn *t); /* record.c */
void turn_close(Turn *t, ConnId conn, const char *why);
void turn_dial(Turn *t, RecordKind kind, const char *key, RpcAddress address);

#define turn_log(t, level, ...) turn_log_with((t), (level), (LogFields){ 0 }, __VA_ARGS__)
void turn_log_with(Turn *t, int level, LogFields fields, const char *format, ...) PRINTF_LIKE(4, 5);

/* Copies into the effects' arena. NULL stays NULL; "" when there is no memory. */
const char *turn_strdup(Turn *t, const char *s);
const char *turn_printf(Turn *t, const char *format, ...) PRINTF_LIKE(2, 3);

/* Frees `grave` when no effect can point into it any more. */
void master_bury(Master *m, Grave *grave, void (*destroy)(Grave *grave));

/* ---- text.c ---- */

/* An id by a pattern as of java.lang.String.format: the first conversion is the time
 * (yyyyMMddHHmmss, local), the second the number; %s, %d, %0Nd and %% are known. 0, -EINVAL for
 * other patterns or an id without a number's worth of characters, -ENOBUFS when too long. */
int id_format(const char *pattern, uint64_t wall, uint64_t number, char *buffer, size_t size);

/* Copies `s` (NULL stays NULL) to *cursor, which moves behind it. */
const char *pack_string(char **cursor, const char *s);
size_t pack_size(const char *s);

/* ---- lines.c ---- */

/* Narrows `lines` by the default options that Spark's launcher put among `java_opts`; never to
 * nothing. */
LineSet lines_from_java_opts(const StringSeq *java_opts, LineSet lines);
/* The lines that a command may need, given what its connection has shown. *ret_engine: the value of
 * SPARKD_ENGINE, borrowed, or NULL. 0: none that is served. */
LineSet lines_of_command(const Command *command, LineSet shown, const char **ret_engine);
/* Tells a worker of ours which lines fit, by one more variable in the command's environment
 * (SPARKD_LINES=3.4,3.5). What is new of the command is in the turn's arena. */
void turn_tell_lines(Turn *t, LineSet lines, Command *command);
/* The line of "3.5.9" or "3.5.9/2.13", LINE_INVALID when not served. */
Line line_of_engine(const char *engine);
/* The index's bits for a worker that runs `lines`, and for an application that needs one of them. A
 * worker that is being identified has `lines` as candidates only: it serves those who would be
 * content with every one of them. */
uint32_t lines_serve_bits(LineSet lines, bool pending);
uint32_t lines_want_bits(LineSet lines);

/* ---- fit.c ---- */

/* What one executor or driver needs of a worker. */
typedef struct FitNeed {
        int32_t cores, memory;
        LineSet lines;
        const LimitsRequest *request;
} FitNeed;

FitNeed fit_need_of_executor(const App *app, const AppProfile *p);
FitNeed fit_need_of_driver(const Driver *d);

/* What a worker declared; -EINVAL when it is not what is agreed on. */
int fit_declaration(const StringSeq *addresses, WorkerLimits *ret);
/* Counts (sign 1) or forgets (-1) a worker that places are sought on. */
void fit_count(Master *m, const Worker *w, int sign);
/* MiB of the worker's limits that this takes there; 0 where there are none. */
int32_t fit_limit(const Worker *w, const LimitsRequest *request);
/* ... and at least anywhere, for the index. */
int32_t fit_least_limit(const Master *m, const LimitsRequest *request);
int32_t fit_free(const Worker *w); /* INT32_MAX: there are none */

/* Some worker that runs its version has the cores and the memory, all its own. */
bool fit_is_large_enough(const Master *m, const FitNeed *need);
/* ... but no such worker's limits are enough, even for it alone. */
bool fit_never(const Master *m, const FitNeed *need);
/* Says that of an executor of this profile: "app-1 waits: an executor needs a limit of 9216 MiB
 * (heap 8192 + overhead 1024), and ..."; false when it is not so. */
bool fit_explain_executor(const Master *m, const App *app, const AppProfile *p, char *buffer,
                          size_t size);
/* "app-1 waits: an executor needs 2 cores and ..." when there are workers, but none large enough.
 */
bool fit_explain_too_large(const Master *m, const App *app, const AppProfile *p, char *buffer,
                           size_t size);
/* "a limit of ..." when limits alone keep it waiting. */
bool fit_explain_wait(const Master *m, const FitNeed *need, char *buffer, size_t size);
#define FIT_SUM_MAX 256

void fit_tell_app(Turn *t, App *app);
void fit_tell_driver(Turn *t, Driver *d);

/* ---- resources.c ---- */

uint32_t resource_bit(Turn *t, const char *name); /* 0: has none */
uint32_t worker_resource_bits(const Worker *w);   /* of those with a free address */
/* `in_use` executors of the same needs are assumed to be there already. */
bool worker_has_resources(const Worker *w, const ResourceRequirementSeq *needs, int64_t in_use);
/* Takes the first free addresses. 0 or -ENOMEM. */
int grants_take(Worker *w, const ResourceRequirementSeq *needs, ResourceGrants *ret);
void grants_release(ResourceGrants *grants);
/* Takes those that the map names, as far as the worker has them and nobody else. 0 or -ENOMEM. */
int grants_restore(Worker *w, const ResourceMap *map, ResourceGrants *ret);
/* As a map, in the arena. 0 or -ENOMEM. */
int grants_map(Arena *arena, const ResourceGrants *grants, ResourceMap *ret);
/* ... of LaunchExecutor and LaunchDriver. */
ResourceMap turn_grants_map(Turn *t, const ResourceGrants *grants);

/* ---- workers.c ---- */

void worker_register(Turn *t);
void worker_heartbeat(Turn *t);
void worker_decommissioning(Turn *t);
void worker_decommission_hosts(Turn *t);
void worker_identified(Turn *t);
void worker_remove(Turn *t, Worker *w, const char *why);
/* Counts what runs there; negative: gives back. */
void worker_use(Master *m, Worker *w, int32_t cores, int32_t memory, int32_t limit);
void workers_tick(Turn *t);
void worker_destroy(Worker *w);
Worker *worker_find(const Master *m, const char *id); /* not a dead one; NULL-tolerant */
/* Its connection is gone: waits for it to come back, or removes it. */
void worker_lost(Turn *t, Worker *w, const char *why);
/* An UNKNOWN one is heard of on this connection. */
void worker_came_back(Turn *t, Worker *w, Peer *peer);
/* An UNKNOWN one that is on no list yet is given up then. */
void worker_wait_until(Master *m, Worker *w, uint64_t until);

/* ---- reconcile.c ---- */

void worker_latest_state(Turn *t);
void worker_scheduler_state(Turn *t);
/* The event's worker runs an executor that it should not. */
void executor_kill_unknown(Turn *t, const char *app_id, int32_t exec_id);

/* ---- peers.c ---- */

Peer *peer_find(const Master *m, ConnId conn);
Peer *peer_ensure(Turn *t, ConnId conn); /* NULL: no memory */
void peer_closed(Turn *t);
void peer_attach_worker(Turn *t, Worker *w, Peer *peer); /* leaves its former peer */
void peer_attach_app(Turn *t, App *app, Peer *peer);
void peer_detach_worker(Master *m, Worker *w);
void peer_detach_app(Master *m, App *app);
void peer_identify(Turn *t, Peer *peer, LineSet candidates);
void peer_identify_done(Master *m, Peer *peer);

/* ---- apps.c ---- */

void app_register(Turn *t);
void app_unregister(Turn *t);
void app_request_executors(Turn *t);
void app_kill_executors(Turn *t);
void app_executor_state_changed(Turn *t);
void app_remove(Turn *t, App *app, AppState state, const char *reason);
/* There are workers, but none runs its version of Spark. */
bool app_is_incompatible(const Master *m, const App *app);
void app_tell_incompatible(Turn *t, App *app);
/* `why` is the sentence of master_explain_app(): for the log, and for the user's console. */
void app_tell_why(Turn *t, const App *app, const char *message_id, const char *why);
void apps_clear_completed(Master *m);
void app_destroy(App *app);
App *app_find(const Master *m, const char *id);
/* Its state is to be recorded. */
void app_changed(Turn *t, App *app);
/* Its driver has answered after a restart of the master, on the event's connection. */
void app_came_back(Turn *t, App *app);
AppProfile *app_profile(const App *app, int32_t id);
int32_t app_cores_left(const App *app);
void app_update_wanting(Master *m, App *app);

/* ---- app-version.c ---- */

/* True while the application must not be placed because its driver is being asked which line it
 * runs; begins to ask where the registered workers make that matter. */
bool app_is_asked(Turn *t, App *app);
/* Its executors fail, and it may be for this reason: asks if that has not been done. */
void app_suspect_version(Turn *t, App *app);
void app_version_told(Turn *t);
void app_versions_tick(Turn *t);
void app_forget_asking(Master *m, App *app);

/* ---- executors.c ---- */

/* Starts an executor on a worker that has room for it; the caller reindexes the worker. */
void executor_launch(Turn *t, App *app, AppProfile *profile, Worker *w, int32_t cores);
Executor *executor_find(const App *app, int32_t id);
/* ... among those that ended and are owed to its driver. */
Executor *executor_find_owed(const App *app, int32_t id);
/* Gives back what it holds on its worker / of its application. */
void executor_leave_worker(Turn *t, Executor *e);
void executor_leave_app(Turn *t, Executor *e);
/* Both, and moves it to the application's ended ones in this state. */
void executor_end(Turn *t, Executor *e, ExecutorState state);
void executor_kill(Turn *t, Executor *e); /* and tells the worker */
/* Tells the driver of its state, if the driver is there. */
void executor_tell(Turn *t, const Executor *e, ExecutorState state, const char *message,
                   OptInt exit_status, const char *worker_host);
/* It ended as its worker says: the driver is told, now or when it is back. */
void executor_end_reported(Turn *t, Executor *e, ExecutorState state, const char *message,
                           OptInt exit_status);
/* It is given up. The driver is told of it when it is durable, since its worker may think otherwise
 * and would be believed by who comes after us. */
void executor_end_lost(Turn *t, Executor *e, const char *why);

/* Tells the driver what it has missed. */
void executors_pay(Turn *t, App *app);
/* ... which it has not, or never will. */
void executors_forgive(Turn *t, App *app);
/* Forgets what earlier batches have told, if this one has records anyway. */
void executors_settle(Turn *t);
/* What this batch would tell of lost executors is to be told later: it could not be kept. */
void executors_take_back(Turn *t);
#define EXECUTOR_KEY_MAX (LIMIT_ID_BYTES + 16)
void turn_record_executor(Turn *t, MasterEffectType type, const Executor *e);
const char *executor_key(const Executor *e, char buffer[static EXECUTOR_KEY_MAX]);
void executor_set_state(Executor *e, ExecutorState state);
void executor_destroy(Executor *e);
void hosting_forget(Hosting *h);
int hosting_ensure(App *app, Worker *w);

/* ---- drivers.c ---- */

void driver_submit(Turn *t);
void driver_request_kill(Turn *t);
void driver_request_kill_all(Turn *t);
void driver_request_status(Turn *t);
void driver_state_changed(Turn *t);
void driver_kill(Turn *t, Driver *d);
void driver_worker_lost(Turn *t, Driver *d);
void driver_launch(Turn *t, Driver *d, Worker *w);
void drivers_clear_completed(Master *m);
void driver_destroy(Driver *d);
Driver *driver_find(const Master *m, const char *id);

/* Takes back that it was launched. */
void driver_unlaunch(Turn *t, Driver *d);
void driver_forget(Turn *t, Driver *d); /* as if it had never been */

/* ---- recovery.c ---- */

void recovery_begin(Turn *t);
void recovery_resumed(Turn *t);
void recovery_connected(Turn *t);
void recovery_app_answered(Turn *t);
/* Goes on when nobody is left to wait for, or time is up. */
void recovery_check(Turn *t);
void recovery_tick(Turn *t);
uint64_t recovery_deadline(const Master *m);
bool standby_answers(Turn *t); /* true: that was all */
void store_changed(Turn *t);

/* ---- sched.c ---- */

/* Places waiting drivers and executors. */
void schedule(Turn *t);
