/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/rpc.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/log.h"
#include "rpc/rpc-private.h"

/* Deadlines are looked at this often while there are any: an idle environment never wakes up. */
#define TICK_USEC UINT64_C(500000)
/* Scratch memory beyond this is not kept after a large message. */
#define BODY_KEEP_BYTES KIB(64)
/* A connection that buffers less is not to blame when all together buffer too much. */
#define BUFFERED_SPARED_BYTES MIB(1)
/* What a frame adds to its body at most: length, type, request id, body length. */
#define FRAME_OVERHEAD_BYTES 21

uint64_t rpc_now(const Rpc *rpc)
{
        uint64_t now = 0;
        (void)sd_event_now(rpc->event, CLOCK_MONOTONIC, &now);
        return now;
}

/* ---- the two lists ---- */

static int arm_flush(Rpc *rpc)
{
        return sd_event_source_set_enabled(rpc->flush, SD_EVENT_ONESHOT);
}

static void mark_busy(RpcConn *conn)
{
        Rpc *rpc = conn->rpc;
        if (conn->busy)
                return;
        conn->busy = true;
        DL_APPEND2(rpc->busy, conn, busy_prev, busy_next);
        (void)arm_flush(rpc);
}

static void arm_tick(Rpc *rpc)
{
        (void)sd_event_source_set_time_relative(rpc->tick, TICK_USEC);
        (void)sd_event_source_set_enabled(rpc->tick, SD_EVENT_ONESHOT);
}

static void mark_timed(RpcConn *conn)
{
        Rpc *rpc = conn->rpc;
        if (conn->timed)
                return;
        if (!rpc->timed)
                arm_tick(rpc);
        conn->timed = true;
        DL_APPEND2(rpc->timed, conn, timed_prev, timed_next);
}

static void unmark_timed(RpcConn *conn)
{
        if (!conn->timed)
                return;
        conn->timed = false;
        DL_DELETE2(conn->rpc->timed, conn, timed_prev, timed_next);
}

/* ---- a connection's life ---- */

static void conn_free(RpcConn *conn)
{
        ConnAsk *ask;
        while ((ask = conn_ask_take_any(&conn->conn)))
                free(ask);
        link_done(&conn->link);
        conn_done(&conn->conn);
        free(conn->identify);
        free(conn->peer);
        free(conn->reason);
        free(conn->target);
        free(conn->sender_host);
        free(conn);
}

RpcConn *rpc_conn_new(Rpc *rpc, ConnPhase phase)
{
        RpcConn *conn = calloc(1, sizeof(*conn));
        if (!conn)
                return NULL;
        conn->rpc = rpc;
        conn->phase = phase;
        conn->lines = LINES_ALL;
        conn->id = rpc->last_id + 1;
        link_init(&conn->link, &rpc->transport);
        conn_init(&conn->conn);
        HASH_ADD(hh, rpc->conns, id, sizeof(conn->id), conn);
        if (!hash_added(conn)) {
                conn_free(conn);
                return NULL;
        }
        rpc->last_id = conn->id;
        return conn;
}

/* Takes it out of everything that knows it. */
static void conn_unlink(RpcConn *conn)
{
        Rpc *rpc = conn->rpc;
        unmark_timed(conn);
        if (conn->accepted)
                rpc->n_accepted--;
        rpc->buffered -= conn->buffered;
        HASH_DELETE(hh, rpc->conns, conn);
}

void rpc_conn_free(RpcConn *conn)
{
        conn_unlink(conn);
        conn_free(conn);
}

static void set_peer(RpcConn *conn)
{
        char text[PEER_TEXT_MAX];
        free(conn->peer);
        conn->peer = strdup(link_peer(&conn->link, text));
}

void rpc_conn_kill(RpcConn *conn, char *reason)
{
        if (conn->phase == PHASE_DEAD) {
                free(reason);
                return;
        }
        conn->phase = PHASE_DEAD;
        if (!conn->reason)
                conn->reason = TAKE_PTR(reason);
        free(reason);
        link_done(&conn->link);
        mark_busy(conn);
}

void rpc_conn_close(RpcConn *conn, const char *reason)
{
        if (conn->phase == PHASE_CONNECTING || conn->phase == PHASE_KEPT) {
                rpc_conn_kill(conn, strdup(reason));
        } else if (conn->phase == PHASE_OPEN) {
                conn->phase = PHASE_CLOSING;
                conn->reason = strdup(reason);
                conn->deadline_usec = rpc_now(conn->rpc) + LIMIT_CLOSE_USEC;
                link_stop_reading(&conn->link);
                mark_timed(conn);
                mark_busy(conn);
        }
}

/* The owner learns that the connection is gone. */
static void conn_bury(RpcConn *conn)
{
        Rpc *rpc = conn->rpc;
        ConnAsk *ask;
        conn_unlink(conn);
        while ((ask = conn_ask_take_any(&conn->conn)))
                rpc_answer(conn, (Ask *)ask, RPC_CLOSED, NULL, NULL);
        if (rpc->handlers.closed)
                rpc->handlers.closed(rpc->user, conn, conn->reason ?: strerror(ENOMEM));
        conn_free(conn);
}

/* One peer's buffers are bounded, but many peers may conspire. Those that hold little are spared.
 */
void rpc_conn_account(RpcConn *conn)
{
        Rpc *rpc = conn->rpc;
        size_t buffered = conn->conn.partial.room + conn->conn.out.room;
        rpc->buffered = rpc->buffered - conn->buffered + buffered;
        conn->buffered = buffered;
        if (rpc->buffered > LIMIT_BUFFERED_BYTES && buffered > BUFFERED_SPARED_BYTES)
                rpc_conn_kill(conn, strdup("Too much is buffered for all peers together"));
}

static void conn_flush_now(RpcConn *conn)
{
        int r = link_send(&conn->link, &conn->conn);
        rpc_conn_account(conn);
        if (r < 0) {
                rpc_conn_kill(conn, strdup(strerror(-r)));
        } else if (r == 0 && conn->phase == PHASE_CLOSING) {
                link_discard_input(&conn->link);
                rpc_conn_kill(conn, NULL);
        }
}

static int on_flush(sd_event_source *source, void *user)
{
        Rpc *rpc = user;
        RpcConn *list = TAKE_PTR(rpc->busy); /* callbacks may start a new one */
        while (list) {
                RpcConn *conn = list;
                DL_DELETE2(list, conn, busy_prev, busy_next);
                conn->busy = false;
                if (conn->phase == PHASE_DEAD)
                        conn_bury(conn);
                else if (conn->phase != PHASE_CONNECTING)
                        conn_flush_now(conn);
        }
        return 0;
}

int rpc_conn_flush(RpcConn *conn)
{
        int r = buffer_result(&conn->conn.out);
        if (r == -EMSGSIZE)
                rpc_conn_kill(conn, strdup("It does not read what is sent to it"));
        else if (r < 0)
                rpc_conn_kill(conn, strdup(strerror(-r)));
        else if ((conn->link.events & EPOLLOUT) == 0)
                mark_busy(conn);
        return r;
}

/* ---- events of the transport ---- */

static RpcConn *conn_of_link(Link *link)
{
        return CONTAINER_OF(link, RpcConn, link);
}

static void on_established(Link *link)
{
        RpcConn *conn = conn_of_link(link);
        conn->phase = PHASE_OPEN;
        set_peer(conn);
        mark_busy(conn);
        if (conn->rpc->handlers.connected)
                conn->rpc->handlers.connected(conn->rpc->user, conn);
}

static void on_received(Link *link, const void *data, size_t size)
{
        RpcConn *conn = conn_of_link(link);
        if (conn->phase != PHASE_KEPT)
                rpc_conn_received(conn, data, size);
}

static void on_writable(Link *link)
{
        conn_flush_now(conn_of_link(link));
}

static void on_finished(Link *link)
{
        RpcConn *conn = conn_of_link(link);
        rpc_conn_close(conn, conn_mid_frame(&conn->conn)
                                     ? "The peer closed the connection inside a frame"
                                     : "The peer closed the connection");
}

static void on_broken(Link *link, int error)
{
        rpc_conn_kill(conn_of_link(link), strdup(strerror(error)));
}

static const LinkHandlers link_handlers = {
        .established = on_established,
        .received = on_received,
        .writable = on_writable,
        .finished = on_finished,
        .broken = on_broken,
};

static void on_accepted(void *user, int fd)
{
        static LogRate rate;
        Rpc *rpc = user;
        if (rpc->n_accepted >= LIMIT_CONNECTIONS) {
                if (log_rate_ok(&rate, 3))
                        log_warning("Refusing a connection: there are %zu already",
                                    rpc->n_accepted);
                close_fd(&fd);
                return;
        }
        RpcConn *conn = rpc_conn_new(rpc, PHASE_OPEN);
        if (!conn || link_open(&conn->link, fd) < 0) {
                if (log_rate_ok(&rate, 3))
                        log_warning("Refusing a connection: %s", strerror(ENOMEM));
                close_fd(&fd);
                if (conn) {
                        rpc_conn_free(conn);
                }
                return;
        }
        rpc_conn_resume(conn, true);
}

void rpc_conn_resume(RpcConn *conn, bool accepted)
{
        conn->accepted = accepted;
        if (accepted)
                conn->rpc->n_accepted++;
        set_peer(conn);
        if (conn->phase == PHASE_OPEN && !conn->framed) {
                conn->deadline_usec = rpc_now(conn->rpc) + LIMIT_FIRST_FRAME_USEC;
                mark_timed(conn);
        }
        if (conn->conn.out.size > 0)
                mark_busy(conn);
        rpc_conn_account(conn);
}

/* ---- deadlines ---- */

static void conn_tick(RpcConn *conn, uint64_t now)
{
        ConnAsk *ask;
        if (conn->phase == PHASE_OPEN && !conn->framed && now >= conn->deadline_usec)
                rpc_conn_close(conn, "It sent no whole message in time");
        else if (conn->phase == PHASE_CLOSING && now >= conn->deadline_usec)
                rpc_conn_kill(conn, NULL);
        while ((ask = conn_ask_take_expired(&conn->conn, now)))
                rpc_answer(conn, (Ask *)ask, RPC_TIMED_OUT, NULL, NULL);
}

static bool conn_has_deadline(const RpcConn *conn)
{
        return conn->conn.asks || conn->phase == PHASE_CLOSING ||
               (conn->phase == PHASE_OPEN && !conn->framed);
}

static int on_tick(sd_event_source *source, uint64_t usec, void *user)
{
        Rpc *rpc = user;
        uint64_t now = rpc_now(rpc);
        RpcConn *conn = rpc->timed;
        while (conn) {
                conn_tick(conn, now); /* callbacks append to the list at most */
                RpcConn *next = conn->timed_next;
                if (!conn_has_deadline(conn))
                        unmark_timed(conn);
                conn = next;
        }
        if (rpc->timed)
                arm_tick(rpc);
        return 0;
}

/* ---- the environment ---- */

static int rpc_init(Rpc *rpc, const RpcOptions *options)
{
        for (const char *const *name = options->endpoints; name && *name; name++) {
                int r = strv_add(&rpc->endpoints, *name);
                if (r < 0)
                        return r;
        }
        int r = rpc_set_self(rpc, &options->self);
        if (r >= 0)
                r = sd_event_add_defer(rpc->event, &rpc->flush, on_flush, rpc);
        if (r >= 0)
                r = sd_event_source_set_enabled(rpc->flush, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_time_relative(rpc->event, &rpc->tick, CLOCK_MONOTONIC, TICK_USEC,
                                               0, on_tick, rpc);
        if (r >= 0)
                r = sd_event_source_set_enabled(rpc->tick, SD_EVENT_OFF);
        return r;
}

int rpc_new(sd_event *event, const RpcOptions *options, const RpcHandlers *handlers, void *user,
            Rpc **ret)
{
        Rpc *rpc = calloc(1, sizeof(*rpc));
        if (!rpc)
                return -ENOMEM;
        rpc->event = sd_event_ref(event);
        rpc->handlers = *handlers;
        rpc->user = user;
        rpc->default_line = options->default_line;
        rpc->body = BUFFER_INIT(LIMIT_FRAME_BYTES - FRAME_OVERHEAD_BYTES);
        transport_init(&rpc->transport, event, &link_handlers);
        int r = rpc_init(rpc, options);
        if (r < 0) {
                rpc_free(rpc);
                return r;
        }
        *ret = rpc;
        return 0;
}

void rpc_free(Rpc *rpc)
{
        RpcConn *conn, *next;
        if (!rpc)
                return;
        while (rpc->listeners) {
                RpcListener *after = rpc->listeners->next;
                listener_free(rpc->listeners->listener);
                free(rpc->listeners);
                rpc->listeners = after;
        }
        HASH_ITER (hh, rpc->conns, conn, next) {
                rpc_conn_free(conn);
        }
        sd_event_source_disable_unref(rpc->flush);
        sd_event_source_disable_unref(rpc->tick);
        transport_done(&rpc->transport);
        buffer_done(&rpc->body);
        for (int line = 0; line < LINE_MAX; line++)
                buffer_done(&rpc->probes[line]);
        strv_done(&rpc->endpoints);
        free(rpc->self_host);
        sd_event_unref(rpc->event);
        free(rpc);
}

void rpc_free_pointer(Rpc **rpc)
{
        rpc_free(*rpc);
        *rpc = NULL;
}

int rpc_set_self(Rpc *rpc, const RpcAddress *self)
{
        char *host = self->host ? strdup(self->host) : NULL;
        if (self->host && !host)
                return -ENOMEM;
        free(rpc->self_host);
        rpc->self_host = host;
        rpc->self_port = self->port;
        return 0;
}

int rpc_listen(Rpc *rpc, int fd)
{
        RpcListener *l = calloc(1, sizeof(*l));
        if (!l)
                return -ENOMEM;
        int r = listener_new(rpc->event, fd, on_accepted, rpc, &l->listener);
        if (r < 0) {
                free(l);
                return r;
        }
        l->next = rpc->listeners;
        rpc->listeners = l;
        return 0;
}

static int conn_set_target(RpcConn *conn, const HostPort *to)
{
        char text[LIMIT_HOST_BYTES + sizeof(":65535")];
        (void)snprintf(text, sizeof(text), "%s:%u", to->host, to->port);
        conn->peer = strdup(text);
        conn->target = malloc(sizeof(*to));
        if (!conn->peer || !conn->target)
                return -ENOMEM;
        *conn->target = *to;
        return 0;
}

/* 0 when addresses are known, 1 when the owner is to find them. */
static int conn_find_addresses(RpcConn *conn, const HostPort *to)
{
        int r = conn_set_target(conn, to);
        if (r >= 0)
                r = link_add_literal(&conn->link, to);
        if (r != -ENXIO)
                return r;
        return conn->rpc->handlers.resolve ? 1 : link_add_name(&conn->link, to);
}

static void conn_connect(RpcConn *conn)
{
        int r = link_connect(&conn->link);
        if (r < 0)
                rpc_conn_kill(conn, strdup(strerror(-r)));
}

int rpc_connect(Rpc *rpc, const HostPort *to, RpcConn **ret)
{
        RpcConn *conn = rpc_conn_new(rpc, PHASE_CONNECTING);
        if (!conn)
                return -ENOMEM;
        int r = conn_find_addresses(conn, to);
        if (r < 0) {
                rpc_conn_free(conn);
                return r;
        }
        conn->framed = true;
        if (r == 0)
                conn_connect(conn);
        else
                rpc->handlers.resolve(rpc->user, conn, conn->target->host);
        *ret = conn;
        return 0;
}

void rpc_conn_resolved(RpcConn *conn, const char *addresses)
{
        if (conn->phase != PHASE_CONNECTING || conn->link.connecting)
                return;
        for (const char *p = addresses, *end; (end = strchr(p, '\n')); p = end + 1) {
                HostPort to = { .port = conn->target->port };
                if ((size_t)(end - p) >= sizeof(to.host))
                        continue;
                memcpy(to.host, p, (size_t)(end - p));
                (void)link_add_literal(&conn->link, &to); /* or do without this one */
        }
        if (conn->link.addresses)
                conn_connect(conn);
        else
                rpc_conn_kill(conn, strdup("The name does not resolve"));
}

uint64_t rpc_conn_id(const RpcConn *conn)
{
        return conn->id;
}

RpcConn *rpc_find(Rpc *rpc, uint64_t id)
{
        RpcConn *conn = NULL;
        HASH_FIND(hh, rpc->conns, &id, sizeof(id), conn);
        return conn;
}

size_t rpc_connection_count(const Rpc *rpc)
{
        return HASH_COUNT(rpc->conns);
}

const char *rpc_conn_peer(const RpcConn *conn)
{
        return conn->peer ?: "unknown";
}

LineSet rpc_conn_lines(const RpcConn *conn)
{
        return conn->lines;
}

void rpc_conn_narrow(RpcConn *conn, LineSet lines)
{
        if ((conn->lines & lines) != 0)
                conn->lines &= lines;
}

RpcAddress rpc_conn_sender(const RpcConn *conn)
{
        return (RpcAddress){ .host = conn->sender_host, .port = conn->sender_port };
}

Line rpc_conn_line(const RpcConn *conn)
{
        return conn->lines == LINES_ALL ? conn->rpc->default_line : lines_newest(conn->lines);
}

/* ---- sending ---- */

/* An empty scratch buffer for a body. */
static Buffer *body_begin(Rpc *rpc)
{
        if (rpc->body.room > BODY_KEEP_BYTES)
                buffer_done(&rpc->body);
        else
                buffer_clear(&rpc->body);
        return &rpc->body;
}

static bool conn_may_send(const RpcConn *conn)
{
        return conn->phase == PHASE_CONNECTING || conn->phase == PHASE_OPEN;
}

/* Begins a request's body with its envelope; the object stream is to follow. */
static Buffer *body_begin_request(RpcConn *conn, const char *endpoint)
{
        RpcAddress self = { .host = conn->rpc->self_host, .port = conn->rpc->self_port };
        RpcAddress receiver = rpc_conn_sender(conn);
        Buffer *body = body_begin(conn->rpc);
        if (conn->target)
                receiver = (RpcAddress){ .host = conn->target->host, .port = conn->target->port };
        envelope_put(body, &self, &receiver, endpoint);
        return body;
}

int rpc_tell(RpcConn *conn, const char *endpoint, const Message *message)
{
        if (!conn_may_send(conn))
                return -ENOTCONN;
        Buffer *body = body_begin_request(conn, endpoint);
        int r = message_encode(message, rpc_conn_line(conn), body);
        if (r >= 0)
                r = buffer_result(body);
        if (r < 0)
                return r;
        frame_put_one_way(&conn->conn.out, body->data, body->size);
        return rpc_conn_flush(conn);
}

/* Sends the body as an ask. */
static int ask_body(RpcConn *conn, const Buffer *body, uint64_t timeout_usec,
                    RpcAnswerHandler handler, void *user)
{
        int r = buffer_result(body);
        if (r < 0)
                return r;
        Ask *ask = calloc(1, sizeof(*ask));
        if (!ask)
                return -ENOMEM;
        ask->handler = handler;
        ask->user = user;
        r = conn_ask_add(&conn->conn, &ask->base, rpc_now(conn->rpc) + timeout_usec);
        if (r < 0) {
                free(ask);
                return r;
        }
        frame_put_request(&conn->conn.out, ask->base.id, body->data, body->size);
        mark_timed(conn);
        /* When the queue is full the connection ends, and this ask with it: no error twice. */
        (void)rpc_conn_flush(conn);
        return 0;
}

int rpc_ask(RpcConn *conn, const char *endpoint, const Message *message, uint64_t timeout_usec,
            RpcAnswerHandler handler, void *user)
{
        if (!conn_may_send(conn))
                return -ENOTCONN;
        Buffer *body = body_begin_request(conn, endpoint);
        int r = message_encode(message, rpc_conn_line(conn), body);
        return r < 0 ? r : ask_body(conn, body, timeout_usec, handler, user);
}

int rpc_ask_stream(RpcConn *conn, const char *endpoint, const void *stream, size_t size,
                   uint64_t timeout_usec, RpcAnswerHandler handler, void *user)
{
        if (!conn_may_send(conn))
                return -ENOTCONN;
        Buffer *body = body_begin_request(conn, endpoint);
        buffer_put(body, stream, size);
        return ask_body(conn, body, timeout_usec, handler, user);
}

int rpc_reply(RpcConn *conn, int64_t request_id, const Message *message)
{
        if (!conn_may_send(conn))
                return -ENOTCONN;
        Buffer *body = body_begin(conn->rpc);
        int r = message_encode(message, rpc_conn_line(conn), body);
        if (r >= 0)
                r = buffer_result(body);
        if (r < 0)
                return r;
        frame_put_response(&conn->conn.out, request_id, body->data, body->size);
        return rpc_conn_flush(conn);
}

int rpc_fail(RpcConn *conn, int64_t request_id, const char *error)
{
        if (!conn_may_send(conn))
                return -ENOTCONN;
        frame_put_failure(&conn->conn.out, request_id, error);
        return rpc_conn_flush(conn);
}
