/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/conn.h"

#include <errno.h>

#include "base/limits.h"

/* Every frame begins with its length, an int64, and its type: enough to refuse it. */
#define HEAD_BYTES 9

void conn_init(Conn *c)
{
        *c = (Conn){
                .partial = BUFFER_INIT(LIMIT_FRAME_BYTES),
                .out = BUFFER_INIT(LIMIT_OUTGOING_BYTES),
                .next_deadline_usec = UINT64_MAX,
        };
}

void conn_done(Conn *c)
{
        buffer_done(&c->partial);
        buffer_done(&c->out);
}

void conn_feed(Conn *c, const void *data, size_t size)
{
        c->fed = data;
        c->fed_size = size;
}

/* Moves up to `size` bytes of input behind the partial frame. */
static int partial_add(Conn *c, size_t size)
{
        size = MIN_OF(size, c->fed_size);
        buffer_put(&c->partial, c->fed, size);
        c->fed += size;
        c->fed_size -= size;
        return buffer_result(&c->partial);
}

/* Completes the partial frame from the input as far as that goes. */
static int next_from_partial(Conn *c, Frame *ret)
{
        for (;;) {
                size_t need = c->partial_need ?: HEAD_BYTES;
                if (c->partial.size < need) {
                        int r = partial_add(c, need - c->partial.size);
                        if (r < 0)
                                return r;
                }
                if (c->partial.size < need)
                        return FRAME_E_INCOMPLETE;
                int r = frame_parse(c->partial.data, c->partial.size, ret, &c->partial_need);
                if (r == FRAME_OK) {
                        c->partial_used = true;
                        c->partial_need = 0;
                }
                if (r != FRAME_E_INCOMPLETE)
                        return r;
        }
}

int conn_next(Conn *c, Frame *ret)
{
        if (c->partial_used) {
                buffer_done(&c->partial);
                c->partial_used = false;
        }
        if (c->partial.size > 0)
                return next_from_partial(c, ret);
        size_t size = 0;
        int r = c->fed_size < HEAD_BYTES ? FRAME_E_INCOMPLETE
                                         : frame_parse(c->fed, c->fed_size, ret, &size);
        if (r == FRAME_OK) {
                c->fed += size;
                c->fed_size -= size;
        }
        if (r != FRAME_E_INCOMPLETE)
                return r;
        c->partial_need = size;
        int k = partial_add(c, c->fed_size);
        return k < 0 ? k : r;
}

bool conn_mid_frame(const Conn *c)
{
        return c->partial.size > 0 && !c->partial_used;
}

size_t conn_outgoing(const Conn *c, const uint8_t **ret)
{
        *ret = c->out.data ? c->out.data + c->out_sent : NULL;
        return c->out.size - c->out_sent;
}

void conn_sent(Conn *c, size_t size)
{
        c->out_sent += size;
        if (c->out_sent == c->out.size) {
                buffer_done(&c->out);
                c->out_sent = 0;
        } else if (c->out_sent > c->out.size / 2) {
                /* Only now, so that a long queue is not moved at every write. */
                buffer_consume(&c->out, c->out_sent);
                c->out_sent = 0;
        }
}

int conn_ask_add(Conn *c, ConnAsk *ask, uint64_t deadline_usec)
{
        if (HASH_COUNT(c->asks) >= LIMIT_PENDING_ASKS)
                return -ENOBUFS;
        ask->id = c->last_ask_id + 1;
        ask->deadline_usec = deadline_usec;
        HASH_ADD(hh, c->asks, id, sizeof(ask->id), ask);
        if (!hash_added(ask))
                return -ENOMEM;
        c->last_ask_id = ask->id;
        c->next_deadline_usec = MIN_OF(c->next_deadline_usec, deadline_usec);
        return 0;
}

ConnAsk *conn_ask_take(Conn *c, int64_t id)
{
        ConnAsk *ask = NULL;
        HASH_FIND(hh, c->asks, &id, sizeof(id), ask);
        if (ask)
                HASH_DELETE(hh, c->asks, ask);
        return ask;
}

ConnAsk *conn_ask_take_expired(Conn *c, uint64_t now_usec)
{
        ConnAsk *ask, *next;
        if (now_usec < c->next_deadline_usec)
                return NULL;
        uint64_t earliest = UINT64_MAX;
        HASH_ITER (hh, c->asks, ask, next) {
                if (ask->deadline_usec <= now_usec) {
                        HASH_DELETE(hh, c->asks, ask);
                        return ask;
                }
                earliest = MIN_OF(earliest, ask->deadline_usec);
        }
        c->next_deadline_usec = earliest;
        return NULL;
}

ConnAsk *conn_ask_take_any(Conn *c)
{
        ConnAsk *ask = c->asks;
        if (ask)
                HASH_DELETE(hh, c->asks, ask);
        return ask;
}
