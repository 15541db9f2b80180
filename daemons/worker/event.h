/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What goes into the worker's state machines and what comes out. The machines (registration.h,
 * executors.h, drivers.h, put together in worker.h) are pure: no fd, no clock, no log, no global.
 * Whatever they decide is an effect; actor.c carries effects out and answers with further events.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/log.h"
#include "wire/deploy.h"
#include "wire/family.h"
#include "wire/url.h"

typedef enum WorkerEventType {
        ON_START,
        ON_TICK,          /* time has passed: the deadline of worker_deadline() or later */
        ON_DIALLED,       /* the outcome of DO_DIAL: conn, or 0 and text */
        ON_CONNECTED,     /* a dialled connection is established */
        ON_IDENTIFIED,    /* what DO_IDENTIFY asked for */
        ON_MESSAGE,       /* a one-way message for us */
        ON_CLOSED,        /* a connection is gone, or could not be made */
        ON_ANSWERED,      /* the end of DO_ASK: ticket, ok or text */
        ON_STARTED,       /* DO_LAUNCH: the child's process runs */
        ON_LAUNCH_FAILED, /* DO_LAUNCH: it does not, and text says why */
        ON_EXITED,        /* a child's process has ended: code, text, and perhaps for memory */
        ON_ENGINES,       /* the engines of this host are others than they were */
        ON_LISTED,        /* what outlived an earlier process of ours has been told of */
        ON_STOP,          /* we were asked to end */
} WorkerEventType;

typedef struct WorkerEvent {
        WorkerEventType type;
        uint64_t conn;
        size_t target;          /* DIALLED: as in the effect */
        LineSet lines;          /* IDENTIFIED */
        int error;              /* IDENTIFIED: 0, or -errno when the peer did not say */
        bool sparkd;            /* IDENTIFIED: one of our own daemons */
        bool ok;                /* ANSWERED: acknowledged */
        bool timed_out;         /* ANSWERED, not ok: after the whole time for an answer */
        uint64_t ticket;        /* ANSWERED */
        const Message *message; /* MESSAGE; borrowed during the call */
        const char *child;      /* STARTED, LAUNCH_FAILED, EXITED: an executor's "APP/N", or a
                                   driver's id, in which there is no slash */
        int code;               /* EXITED: exit status, or 128 + signal as Java counts */
        bool out_of_memory;     /* EXITED: it was killed for its limit */
        const char *text;       /* DIALLED, CLOSED, ANSWERED, LAUNCH_FAILED: reason. EXITED: the
                                   cause in words; NULL: the code says all there is to say */
} WorkerEvent;

typedef enum WorkerEffectType {
        DO_DIAL,      /* connect to `address`; ON_DIALLED follows at once */
        DO_IDENTIFY,  /* find out what is at conn's other end; ON_IDENTIFIED or ON_CLOSED follows */
        DO_SEND,      /* message to the endpoint Master of conn */
        DO_ASK,       /* the same, as an ask; ON_ANSWERED follows */
        DO_CLOSE,     /* close conn */
        DO_RESCAN,    /* look for engines again; ON_ENGINES follows if they are others */
        DO_LAUNCH,    /* start `child` as message says; ON_STARTED or ON_LAUNCH_FAILED follows */
        DO_CANCEL,    /* give up a launch under way: nothing follows any more */
        DO_SIGNAL,    /* send the child's process `signal`; SIGKILL goes to its whole session */
        DO_CLEAN_APP, /* remove the local directories of application `text` */
        DO_KEEP,      /* have a record outlive this process: `record`, `child`, message or mark */
        DO_DROP,      /* it is of no use any more */
        DO_EXIT,      /* end with `status` */
        DO_LOG,
} WorkerEffectType;

/* What the next process of this worker needs to know, by kind and key. The numbers are on disk. */
typedef enum WorkerRecord {
        RECORD_WORKER = 1,   /* "id": the worker's own, with its address */
        RECORD_EXECUTOR = 2, /* executor: its MSG_LAUNCH_EXECUTOR */
        RECORD_MARK = 3,     /* executor or driver: how far it is, one of RecordMark */
        RECORD_REPORT = 4,   /* "APP/N/STATE": the MSG_EXECUTOR_STATE_CHANGED to be acknowledged */
        RECORD_APP = 5,      /* application: it has finished, but has executors here */
        RECORD_DRIVER = 6,   /* driver: its MSG_LAUNCH_DRIVER */
        RECORD_DRIVER_REPORT = 7, /* driver: the MSG_DRIVER_STATE_CHANGED to be sent */
        RECORD_LOCAL_DIRS = 8,    /* application: its directories for shuffle data */
} WorkerRecord;

typedef enum RecordMark {
        MARK_NONE,
        MARK_RUNNING, /* it was started, and its master was told */
        MARK_ENDING,  /* it was started, and is to end */
} RecordMark;

typedef struct WorkerEffect WorkerEffect;
struct WorkerEffect {
        WorkerEffect *next;
        WorkerEffectType type;
        uint64_t conn;
        size_t target;          /* DIAL */
        HostPort address;       /* DIAL */
        uint64_t ticket;        /* ASK */
        const Message *message; /* SEND, ASK; LAUNCH: the order, borrowed during the call; KEEP: or
                                 * NULL */
        const char *child;      /* LAUNCH, CANCEL, SIGNAL; KEEP, DROP: the key */
        WorkerRecord record;    /* KEEP, DROP */
        RecordMark mark;        /* KEEP */
        int signal;
        int status; /* EXIT */
        int level;  /* LOG */
        LogFields fields;
        const char *text; /* LOG, CLOSE, CLEAN_APP */
};

/* A list in order, all memory in its arena: effects, messages and strings live until
 * worker_effects_done(). When memory runs out `failed` is set and the list is not to be used; the
 * functions below then yield scratch space, so that callers need not test each. */
typedef struct WorkerEffects {
        Arena arena;
        WorkerEffect *first, *last;
        bool failed;
        WorkerEffect scratch_effect;
        Message scratch_message;
} WorkerEffects;

#define CLEANUP_WORKER_EFFECTS CLEANUP(worker_effects_done)

void worker_effects_init(WorkerEffects *fx);
void worker_effects_done(WorkerEffects *fx);

WorkerEffect *effect_add(WorkerEffects *fx, WorkerEffectType type);
/* DO_SEND or DO_ASK with an empty message of that type, to be filled in. */
Message *effect_message(WorkerEffects *fx, WorkerEffectType type, uint64_t conn,
                        MessageType message);
/* A copy in the arena; NULL stays NULL. */
const char *effect_strdup(WorkerEffects *fx, const char *s);
const char *effect_text(WorkerEffects *fx, const char *format, ...) PRINTF_LIKE(2, 3);
/* DO_LOG; `fields` may be NULL. */
void effect_log(WorkerEffects *fx, int level, const LogFields *fields, const char *format, ...)
        PRINTF_LIKE(4, 5);
void effect_exit(WorkerEffects *fx, int status);
/* DO_KEEP and DO_DROP; `key` is copied, `message` (may be NULL) is borrowed as long as the effects
 * live. */
void effect_keep(WorkerEffects *fx, WorkerRecord record, const char *key, const Message *message,
                 RecordMark mark);
void effect_drop(WorkerEffects *fx, WorkerRecord record, const char *key);
