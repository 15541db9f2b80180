/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What goes into the master's state machine and what comes out. The machine (master.h) is pure: no
 * fd, no clock, no log, no global. Whatever it decides is an effect; actor.c carries effects out,
 * a store can persist the record ones first, and a simulator can do either under a virtual clock.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/log.h"
#include "wire/deploy.h"
#include "wire/family.h"

typedef uint64_t ConnId; /* rpc_conn_id(); 0 = none */

/* Time is microseconds: `now` monotonic, `wall` since the epoch (for ids and displays). */
typedef struct MasterTime {
        uint64_t now;
        uint64_t wall;
} MasterTime;

typedef enum MasterEventType {
        EVENT_MESSAGE,     /* a one-way message or an ask */
        EVENT_CLOSED,      /* a connection is gone */
        EVENT_IDENTIFIED,  /* what EFFECT_IDENTIFY asked for */
        EVENT_TICK,        /* time has passed: the deadline of master_deadline() or later */
        EVENT_VERSION,     /* what EFFECT_ASK_VERSION asked for */
        EVENT_KILL_APP,    /* from the web UI */
        EVENT_KILL_DRIVER, /* from the web UI */
        EVENT_RESUMED,     /* before it: conn was this worker's or application's, and stands */
        EVENT_START,       /* what was kept is restored (record.h): recovery begins */
        EVENT_CONNECTED,   /* what EFFECT_DIAL asked for */
        EVENT_STORE,       /* records can't be kept, or can again */
} MasterEventType;

/* What outlives the process (record.h). The numbers are in the files. */
typedef enum RecordKind {
        RECORD_APP = 1,       /* by id: what never changes of it */
        RECORD_APP_STATE = 2, /* by id: what does */
        RECORD_EXECUTOR = 3,  /* by application's id/number */
        RECORD_WORKER = 4,    /* by id */
        RECORD_DRIVER = 5,    /* by id */
        RECORD_MASTER = 6,    /* one, of what ids are made from */
} RecordKind;

typedef struct MasterEvent {
        MasterEventType type;
        ConnId conn;
        RpcAddress sender; /* listening address of the peer (MESSAGE, CLOSED) */
        LineSet lines;     /* what the connection has shown (MESSAGE), or the answer (IDENTIFIED) */
        int error;         /* IDENTIFIED: 0, or -errno when the peer did not say */
        bool sparkd;       /* IDENTIFIED: one of our own daemons */
        bool ask;
        int64_t request_id;
        const Message *message; /* MESSAGE; borrowed during the call */
        const char *text;       /* CLOSED: reason; VERSION, KILL_APP, KILL_DRIVER, CONNECTED,
                                 * RESUMED: the id; STORE: why not, NULL: they can again */
        RecordKind kind;        /* CONNECTED, RESUMED: APP or WORKER */
        const char *version;    /* VERSION: "3.5.9", or NULL when the driver did not say */
} MasterEvent;

typedef enum MasterEffectType {
        EFFECT_SEND,     /* message to `endpoint` of conn */
        EFFECT_REPLY,    /* message answers request_id on conn */
        EFFECT_FAIL,     /* text answers request_id on conn as an RpcFailure */
        EFFECT_IDENTIFY, /* find out conn's line; EVENT_IDENTIFIED must follow (or EVENT_CLOSED) */
        EFFECT_ASK_VERSION,   /* ask the driver's web UI at text for the version of application key;
                                 EVENT_VERSION may follow */
        EFFECT_CLOSE,         /* close conn */
        EFFECT_DIAL,          /* connect to `address` for kind and key, unless that is under way or
                                 stands; EVENT_CONNECTED may follow */
        EFFECT_RECORD_PUT,    /* durable: kind, key; the record is read from the machine by key when
                                 the effects are carried out, and is gone when that finds none */
        EFFECT_RECORD_DELETE, /* durable: kind, key */
        EFFECT_LOG,
        EFFECT_NONE, /* taken back */
} MasterEffectType;

typedef struct MasterEffect MasterEffect;
struct MasterEffect {
        MasterEffect *next;
        MasterEffectType type;
        ConnId conn;
        const char *endpoint; /* static: "Worker", "AppClient" */
        int64_t request_id;
        const Message *message;
        LineSet lines;  /* EFFECT_IDENTIFY: candidates; SEND: what the peer is known to be */
        bool promise;   /* SEND, REPLY: tells of what must be durable first */
        const void *of; /* promise: the application, executor or driver; compared only */
        RecordKind kind;
        const char *key;
        RpcAddress address; /* DIAL */
        int level;          /* LOG */
        LogFields fields;
        const char *text; /* LOG, FAIL, CLOSE, ASK_VERSION */
};

/* A list in order, all memory in its arena: effects, messages and strings live until
 * master_effects_clear(). */
typedef struct MasterEffects {
        Arena arena;
        MasterEffect *first, *last;
} MasterEffects;
