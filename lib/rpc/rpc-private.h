/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the parts of lib/rpc share: rpc.c (environment, connections' life, sending), rpc-receive.c
 * (what arrives) and rpc-identify.c (what is at the other end).
 */

#include "base/hash.h"
#include "base/strv.h"
#include "rpc/conn.h"
#include "rpc/rpc.h"
#include "rpc/transport.h"

typedef struct Identify Identify;

typedef struct Ask {
        ConnAsk base; /* first */
        RpcAnswerHandler handler;
        void *user;
} Ask;

typedef enum ConnPhase {
        PHASE_CONNECTING,
        PHASE_OPEN,
        PHASE_KEPT,    /* only watched for its end */
        PHASE_CLOSING, /* what is queued goes out, nothing else happens */
        PHASE_DEAD,    /* waits for the loop to be buried */
} ConnPhase;

struct RpcConn {
        Rpc *rpc;
        Link link;
        Conn conn;
        ConnPhase phase;
        bool accepted;
        bool framed; /* a whole frame has arrived, or we opened the connection */
        bool sparkd; /* the peer is one of our own daemons: it reads every line */
        bool foreign_reported;
        uint64_t deadline_usec; /* of the first frame, or of PHASE_CLOSING */
        LineSet lines;
        char *peer;
        char *reason;     /* of the end; NULL: out of memory */
        HostPort *target; /* of an outgoing connection, for envelopes */
        char *sender_host;
        int32_t sender_port;
        Identify *identify; /* while it runs; owned, one piece of memory */
        size_t buffered;    /* its part of rpc->buffered */
        uint64_t id;
        UT_hash_handle hh;
        RpcConn *busy_prev, *busy_next;
        RpcConn *timed_prev, *timed_next;
        bool busy, timed; /* is in rpc->busy, rpc->timed */
};

typedef struct RpcListener {
        Listener *listener;
        struct RpcListener *next;
} RpcListener;

struct Rpc {
        sd_event *event;
        RpcHandlers handlers;
        void *user;
        Strv endpoints;
        char *self_host;
        int32_t self_port;
        Line default_line;
        Transport transport;
        RpcListener *listeners;
        RpcConn *conns; /* by id */
        uint64_t last_id;
        size_t n_accepted;
        size_t buffered; /* memory of all connections' buffers between turns of the loop */
        RpcConn *busy;   /* have something to send, or are to be buried */
        RpcConn *timed;  /* have a deadline or asks */
        sd_event_source *flush, *tick;
        Buffer body;             /* scratch for what is being encoded */
        Buffer probes[LINE_MAX]; /* k: guess -> v: the probe's object stream, empty until needed */
};

/* ---- rpc.c ---- */

uint64_t rpc_now(const Rpc *rpc);
/* The line to write to this peer in. */
Line rpc_conn_line(const RpcConn *conn);
/* Has frames in conn->conn.out sent at the end of this turn. 0, or -errno with the connection
 * broken. */
int rpc_conn_flush(RpcConn *conn);
/* To be called when the connection's buffers have changed; ends it when all together are too big.
 */
void rpc_conn_account(RpcConn *conn);
/* Ends the connection at once; closed() follows from the loop. Takes `reason`. */
void rpc_conn_kill(RpcConn *conn, char *reason);

/* A new connection in the environment's tables; NULL when out of memory. */
RpcConn *rpc_conn_new(Rpc *rpc, ConnPhase phase);
/* Takes it out of them and frees it, with its socket. */
void rpc_conn_free(RpcConn *conn);
/* An open or kept connection whose fields and socket are set takes up its work. */
void rpc_conn_resume(RpcConn *conn, bool accepted);

/* ---- rpc-receive.c ---- */

void rpc_conn_received(RpcConn *conn, const void *data, size_t size);
void rpc_answer(RpcConn *conn, Ask *ask, RpcAnswer answer, const Message *message,
                const char *failure);
