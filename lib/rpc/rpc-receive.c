/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What arrives: frames to requests and answers, with all that a Spark process answers below its
 * endpoints.
 */
#include "rpc/rpc-private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/log.h"
#include "wire/probe.h"

#define ENDPOINT_VERIFIER "endpoint-verifier"
/* An error text that we send; what of a peer's own words does not fit is cut off. */
#define ERROR_TEXT_MAX 1024

/* A peer that sends what nobody understands, at most a few times per while. */
static void warn_ignored(const RpcConn *conn, const char *what, const char *problem)
{
        static LogRate rate;
        if (log_rate_ok(&rate, 5))
                log_warning("Ignored %s from %s: %s", what, rpc_conn_peer(conn), problem);
}

/* ---- what the peer's classes say about its version ---- */

static void report_foreign(RpcConn *conn, const DecodeInfo *info)
{
        char served[LINES_TEXT_MAX], why[384], problem[768];
        const RpcHandlers *handlers = &conn->rpc->handlers;
        if (conn->foreign_reported || !handlers->foreign)
                return;
        conn->foreign_reported = true;
        if (info->foreign_class)
                (void)snprintf(why, sizeof(why), "class %s has serialVersionUID %" PRId64,
                               info->foreign_class, info->foreign_suid);
        else
                (void)snprintf(why, sizeof(why), "%s does not agree with what it sent before",
                               info->class_name[0] != '\0' ? info->class_name : "a message");
        (void)snprintf(problem, sizeof(problem),
                       "peer %s speaks a Spark version that is not served (%s); served are %s",
                       rpc_conn_peer(conn), why, lines_text(LINES_ALL, served));
        handlers->foreign(conn->rpc->user, conn, problem);
}

/* Takes in what a message's classes say. False, and reported, when no served line is left. The set
 * itself never becomes empty: something may still have to be written to this peer. */
static bool learn_lines(RpcConn *conn, const DecodeInfo *info)
{
        if (conn->sparkd)
                return true;
        if (info->foreign_class || (conn->lines & info->lines) == 0) {
                report_foreign(conn, info);
                return false;
        }
        conn->lines &= info->lines;
        return true;
}

/* ---- requests ---- */

static void fail_request(RpcConn *conn, const Frame *frame, const char *error)
{
        if (frame->type != FRAME_ONE_WAY)
                (void)rpc_fail(conn, frame->request_id, error);
}

/* The failure that a JVM's asker would see for a stream that cannot be read. */
static void fail_undecodable(RpcConn *conn, const Frame *frame, int result, const DecodeInfo *info)
{
        char error[ERROR_TEXT_MAX];
        if (info->foreign_class) {
                Line line = rpc_conn_line(conn);
                const ClassInfo *local = line_class(line, info->foreign_class);
                (void)snprintf(error, sizeof(error),
                               "java.io.InvalidClassException: %s; local class incompatible: "
                               "stream classdesc serialVersionUID = %" PRId64
                               ", local class serialVersionUID = %" PRId64,
                               info->foreign_class, info->foreign_suid, local ? local->suid : 0);
        } else if (result == DECODE_OK) {
                (void)snprintf(error, sizeof(error),
                               "java.io.InvalidClassException: %s; it does not agree with what "
                               "was sent on this connection before",
                               info->class_name);
        } else if (result == DECODE_E_UNKNOWN_CLASS) {
                (void)snprintf(error, sizeof(error), "java.lang.ClassNotFoundException: %s",
                               info->class_name);
        } else {
                (void)snprintf(error, sizeof(error), "java.io.StreamCorruptedException: %s",
                               info->problem);
        }
        fail_request(conn, frame, error);
}

static bool endpoint_exists(const Rpc *rpc, const char *name)
{
        return name &&
               (strv_contains(&rpc->endpoints, name) || strcmp(name, ENDPOINT_VERIFIER) == 0 ||
                strcmp(name, PROBE_SPARKD_ENDPOINT) == 0);
}

static void verify_endpoint(RpcConn *conn, const Frame *frame, const Message *message)
{
        if (message->type != MSG_CHECK_EXISTENCE) {
                fail_request(conn, frame, "org.apache.spark.SparkException: Unsupported message");
                return;
        }
        if (frame->type == FRAME_ONE_WAY)
                return;
        const RpcHandlers *handlers = &conn->rpc->handlers;
        const char *name = message->check_existence.name;
        const Message reply = {
                .type = MSG_BOOLEAN,
                .boolean.value = endpoint_exists(conn->rpc, name),
        };
        (void)rpc_reply(conn, frame->request_id, &reply);
        if (handlers->looked_for && name && strv_contains(&conn->rpc->endpoints, name))
                handlers->looked_for(conn->rpc->user, conn);
}

/* Our own daemons ask for an endpoint that no JVM has, in the classes of whatever line they guess
 * the peer to be: that says nothing about them but who they are. */
static bool is_sparkd_probe(const Message *message)
{
        return message->type == MSG_CHECK_EXISTENCE && message->check_existence.name &&
               strcmp(message->check_existence.name, PROBE_SPARKD_ENDPOINT) == 0;
}

static void learn_sender(RpcConn *conn, const RpcAddress *sender)
{
        if (conn->sender_host || !sender->host)
                return;
        conn->sender_host = strdup(sender->host);
        conn->sender_port = sender->port;
}

static void dispatch(RpcConn *conn, const Frame *frame, const Envelope *envelope,
                     const Message *message)
{
        Rpc *rpc = conn->rpc;
        if (strcmp(envelope->endpoint, ENDPOINT_VERIFIER) == 0) {
                verify_endpoint(conn, frame, message);
                return;
        }
        if (!strv_contains(&rpc->endpoints, envelope->endpoint)) {
                char error[ERROR_TEXT_MAX];
                (void)snprintf(error, sizeof(error),
                               "org.apache.spark.SparkException: Could not find %s.",
                               envelope->endpoint);
                fail_request(conn, frame, error);
                return;
        }
        const RpcRequest request = {
                .endpoint = envelope->endpoint,
                .sender = envelope->sender,
                .ask = frame->type == FRAME_RPC_REQUEST,
                .request_id = frame->request_id,
                .message = message,
        };
        rpc->handlers.request(rpc->user, conn, &request);
}

static void receive_request(RpcConn *conn, Arena *arena, const Frame *frame)
{
        Envelope envelope;
        Message message;
        DecodeInfo info;
        int r = envelope_parse(arena, frame->body, frame->body_size, &envelope);
        if (r < 0) {
                warn_ignored(conn, "a request",
                             r == -ENOMEM ? strerror(ENOMEM) : "its envelope is malformed");
                fail_request(conn, frame, "java.io.StreamCorruptedException: malformed envelope");
                return;
        }
        learn_sender(conn, &envelope.sender);
        r = message_decode(arena, envelope.stream, envelope.stream_size, &message, &info);
        if (r < 0) {
                warn_ignored(conn, "a message", strerror(-r));
                fail_request(conn, frame, "java.lang.OutOfMemoryError");
                return;
        }
        if (r == DECODE_OK && is_sparkd_probe(&message))
                conn->sparkd = true;
        bool served = learn_lines(conn, &info);
        if (r == DECODE_OK && served) {
                dispatch(conn, frame, &envelope, &message);
                return;
        }
        if (served && frame->type == FRAME_ONE_WAY)
                warn_ignored(conn, info.class_name[0] != '\0' ? info.class_name : "a message",
                             info.problem);
        fail_undecodable(conn, frame, r, &info);
}

/* ---- answers ---- */

void rpc_answer(RpcConn *conn, Ask *ask, RpcAnswer answer, const Message *message,
                const char *failure)
{
        ask->handler(ask->user, conn, answer, message, failure);
        free(ask);
}

static Ask *take_ask(RpcConn *conn, const Frame *frame)
{
        Ask *ask = (Ask *)conn_ask_take(&conn->conn, frame->request_id);
        if (!ask)
                log_debug("Ignored the reply to an unknown ask %" PRId64 " from %s",
                          frame->request_id, rpc_conn_peer(conn));
        return ask;
}

static void receive_response(RpcConn *conn, Arena *arena, const Frame *frame)
{
        Message message;
        DecodeInfo info;
        Ask *ask = take_ask(conn, frame);
        if (!ask)
                return;
        int r = message_decode(arena, frame->body, frame->body_size, &message, &info);
        bool served = r >= 0 && learn_lines(conn, &info);
        if (!served && message.type != MSG_RPC_FAILURE)
                message.type = MSG_NONE;
        if (r != DECODE_OK)
                warn_ignored(conn, "a reply", r < 0 ? strerror(-r) : info.problem);
        if (message.type == MSG_RPC_FAILURE)
                rpc_answer(conn, ask, RPC_FAILED, NULL, message.rpc_failure.message ?: "");
        else
                rpc_answer(conn, ask, RPC_ANSWERED, &message, NULL);
}

static void receive_failure(RpcConn *conn, Arena *arena, const Frame *frame)
{
        Ask *ask = take_ask(conn, frame);
        if (!ask)
                return;
        const char *text = arena_strndup(arena, frame->text, frame->text_size);
        rpc_answer(conn, ask, RPC_FAILED, NULL, text ?: strerror(ENOMEM));
}

/* ---- frames ---- */

/* Spark's file and shuffle protocols share the port; a master or worker serves neither. */
static void receive_frame(RpcConn *conn, Arena *arena, const Frame *frame)
{
        Buffer *out = &conn->conn.out;
        char error[ERROR_TEXT_MAX];
        switch (frame->type) {
        case FRAME_RPC_REQUEST:
        case FRAME_ONE_WAY:
                receive_request(conn, arena, frame);
                break;
        case FRAME_RPC_RESPONSE:
                receive_response(conn, arena, frame);
                break;
        case FRAME_RPC_FAILURE:
                receive_failure(conn, arena, frame);
                break;
        case FRAME_STREAM_REQUEST:
                (void)snprintf(error, sizeof(error), "Stream '%.*s' was not found.",
                               (int)MIN_OF(frame->text_size, sizeof(error)), frame->text);
                frame_put_stream_failure(out, frame->text, frame->text_size, error);
                (void)rpc_conn_flush(conn);
                break;
        case FRAME_CHUNK_FETCH_REQUEST:
                frame_put_chunk_failure(out, frame->stream_chunk,
                                        "java.lang.UnsupportedOperationException: no such chunk");
                (void)rpc_conn_flush(conn);
                break;
        case FRAME_MERGED_BLOCK_META_REQUEST:
                (void)rpc_fail(conn, frame->request_id,
                               "java.lang.UnsupportedOperationException: no merged blocks here");
                break;
        default: /* answers to what we never ask */
                rpc_conn_close(conn, "It answered what was not asked");
                break;
        }
}

void rpc_conn_received(RpcConn *conn, const void *data, size_t size)
{
        Frame frame;
        int r;
        conn_feed(&conn->conn, data, size);
        while ((r = conn_next(&conn->conn, &frame)) == FRAME_OK) {
                Arena arena CLEANUP_ARENA;
                arena_init(&arena, LIMIT_MESSAGE_ARENA_BYTES);
                conn->framed = true;
                receive_frame(conn, &arena, &frame);
                if (conn->phase != PHASE_OPEN)
                        return;
        }
        rpc_conn_account(conn);
        if (r < 0) {
                rpc_conn_kill(conn, strdup(strerror(-r)));
        } else if (r != FRAME_E_INCOMPLETE) {
                char reason[128];
                (void)snprintf(reason, sizeof(reason), "It broke the protocol: %s",
                               frame_result_text(r));
                rpc_conn_close(conn, reason);
        }
}
