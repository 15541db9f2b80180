/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A process's RPC environment: a listening socket, connections in both directions, asks with
 * deadlines, and the endpoint-verifier. It decodes what arrives and encodes what is sent in the
 * family that the peer has shown. Single-threaded on an sd-event loop; callbacks come from it.
 *
 * An RpcConn pointer is valid until its closed() callback returns. Its id is unique for the life of
 * the process and may be kept; rpc_find() turns it back into a connection, or NULL.
 */

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "base/buffer.h"
#include "base/cursor.h"
#include "wire/codec.h"
#include "wire/deploy.h"
#include "wire/family.h"
#include "wire/url.h"

typedef struct Rpc Rpc;
typedef struct RpcConn RpcConn;

typedef struct RpcRequest {
        const char *endpoint;
        RpcAddress sender; /* host NULL: the sender does not listen */
        bool ask;          /* wants rpc_reply() or rpc_fail() with request_id, now or later */
        int64_t request_id;
        const Message *message; /* valid until the callback returns: copy what is kept */
} RpcRequest;

typedef struct RpcHandlers {
        /* An outgoing connection is established. */
        void (*connected)(void *user, RpcConn *conn);
        /* A message for one of our endpoints. Undecodable ones, unknown endpoints and
         * CheckExistence are answered below this. */
        void (*request)(void *user, RpcConn *conn, const RpcRequest *request);
        /* The peer has asked, and was told, that one of our endpoints exists. Spark's processes do
         * so when they look for it by its address. */
        void (*looked_for)(void *user, RpcConn *conn);
        /* The connection is gone (or an outgoing one could not be made); `reason` is a sentence
         * part. Pending asks have had their callbacks. */
        void (*closed)(void *user, RpcConn *conn, const char *reason);
        /* A peer of a Spark version that is not served sent something; `problem` is a sentence
         * naming it and the versions served. Once per connection: the handler may log. Its asks
         * are answered with a failure, here and later. */
        void (*foreign)(void *user, RpcConn *conn, const char *problem);
        /* An outgoing connection needs the addresses of a name: rpc_conn_resolved() is to follow,
         * unless the connection is gone by then. Without this handler rpc_connect() looks names up
         * itself, and everybody waits. */
        void (*resolve)(void *user, RpcConn *conn, const char *host);
} RpcHandlers;

typedef struct RpcOptions {
        const char *const
                *endpoints; /* NULL-terminated names that exist here, e.g. {"Master", NULL} */
        RpcAddress self;    /* our listening address as peers know it; goes into envelopes */
        Line default_line;  /* to write in while a peer has shown nothing */
} RpcOptions;

/* `event` is referenced; handlers and strings in options are copied. 0 or -errno. */
int rpc_new(sd_event *event, const RpcOptions *options, const RpcHandlers *handlers, void *user,
            Rpc **ret);
/* Closes everything without closed() callbacks. Not from inside a callback. NULL is fine. */
void rpc_free(Rpc *rpc);
void rpc_free_pointer(Rpc **rpc); /* for CLEANUP */

/* After the port is known. Copies. */
int rpc_set_self(Rpc *rpc, const RpcAddress *self);

/* Accepts on a listening socket, whose ownership moves here. 0 or -errno. */
int rpc_listen(Rpc *rpc, int fd);

/* Starts a connection; connected() or closed() follows, never from inside this call. 0 with *ret,
 * or -errno; -ENXIO when the name does not resolve and there is no resolve(). */
int rpc_connect(Rpc *rpc, const HostPort *to, RpcConn **ret);
/* The answer to resolve(): addresses as text, a newline behind each; "" when there are none. */
void rpc_conn_resolved(RpcConn *conn, const char *addresses);

uint64_t rpc_conn_id(const RpcConn *conn);
RpcConn *rpc_find(Rpc *rpc, uint64_t id);
size_t rpc_connection_count(const Rpc *rpc);
/* "192.0.2.7:41234" of the other end, for logs. */
const char *rpc_conn_peer(const RpcConn *conn);
/* The lines that agree with all the peer has sent; LINES_ALL before anything, never empty. */
LineSet rpc_conn_lines(const RpcConn *conn);
/* Fixes what was learnt elsewhere (a probe, the peer's declaration): intersected. */
void rpc_conn_narrow(RpcConn *conn, LineSet lines);
/* The first listening address the peer named as sender; host NULL while it has none. */
RpcAddress rpc_conn_sender(const RpcConn *conn);

/* Closes after what is queued is sent (or at once); closed() follows from the loop. */
void rpc_conn_close(RpcConn *conn, const char *reason);

/* Sends one-way. 0, or -errno when it could not be encoded or queued (the connection is then
 * closed by the loop if it was the queue). */
int rpc_tell(RpcConn *conn, const char *endpoint, const Message *message);

/* How an ask ended. */
typedef enum RpcAnswer {
        RPC_ANSWERED, /* `message` is the reply (MSG_NONE when it could not be decoded) */
        RPC_FAILED,   /* an RpcFailure frame, or an RpcFailure object: `failure` is its text */
        RPC_TIMED_OUT,
        RPC_CLOSED,
} RpcAnswer;

typedef void (*RpcAnswerHandler)(void *user, RpcConn *conn, RpcAnswer answer,
                                 const Message *message, const char *failure);

/* Sends an ask; the handler is called exactly once unless the Rpc is freed first. */
int rpc_ask(RpcConn *conn, const char *endpoint, const Message *message, uint64_t timeout_usec,
            RpcAnswerHandler handler, void *user);

/* As rpc_ask() with a ready object stream as the message (probes). */
int rpc_ask_stream(RpcConn *conn, const char *endpoint, const void *stream, size_t size,
                   uint64_t timeout_usec, RpcAnswerHandler handler, void *user);

int rpc_reply(RpcConn *conn, int64_t request_id, const Message *message);
int rpc_fail(RpcConn *conn, int64_t request_id, const char *error);

/* Finds out what is at the other end (wire/probe.h): first whether it is one of ours (then `lines`
 * is LINES_ALL), else which line of Spark, starting from `guess` so that a right guess leaves no
 * trace in the JVM's log. The result also narrows rpc_conn_lines().
 *
 * `error`: 0; -EPROTONOSUPPORT for a JVM of a version that is not served; -ETIMEDOUT; -ENOTCONN; or
 * -EPROTO for a peer that answers otherwise. One at a time per connection (-EBUSY). */
typedef void (*RpcIdentified)(void *user, RpcConn *conn, int error, bool sparkd, LineSet lines);
int rpc_identify(RpcConn *conn, Line guess, RpcIdentified handler, void *user);

/* ---- handing connections over to the next process ---- */

/* Calls with each connection that could be handed over: it is open, and no end was decided. */
void rpc_visit(Rpc *rpc, void (*visit)(void *user, RpcConn *conn), void *user);

/* The connection's socket, borrowed. */
int rpc_conn_socket(const RpcConn *conn);

/* Appends what the next process has to know besides the socket: the id, what the peer has shown, a
 * half-read frame, and what is not sent yet. Nothing may be sent or received after it: the caller
 * ends. The handlers of asks stay behind; their answers will be ignored. */
void rpc_conn_save(const RpcConn *conn, Buffer *out);

/* Takes up a connection that an earlier process saved, under the id that it had there. The socket
 * is taken over when the result is 0; else -EBADMSG for bytes that are not of rpc_conn_save(),
 * -EEXIST for an id that is taken, or -errno. Before the first other connection. */
int rpc_conn_restore(Rpc *rpc, int fd, Cursor *saved, RpcConn **ret);

/* Takes up a connection of which nothing else is known, since the process that had it crashed: what
 * arrives is thrown away, nothing can be sent, and closed() tells of its end. For peers that only
 * watch whether we are there. The fd is taken over when the result is 0, or -errno. */
int rpc_conn_keep(Rpc *rpc, int fd, RpcConn **ret);
