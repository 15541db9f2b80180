/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections that go from one process to the next: the socket by the service manager, the rest as
 * bytes. They are read by another version of this program at most, yet checked as a peer's are.
 */
#include "rpc/rpc-private.h"

#include <errno.h>
#include <string.h>

#include "base/limits.h"

#define RECORD_VERSION 1

enum {
        FLAG_ACCEPTED = 1,
        FLAG_FRAMED = 2,
        FLAG_SPARKD = 4,
        FLAG_FOREIGN = 8,
        FLAG_ALL = 15,
};

void rpc_visit(Rpc *rpc, void (*visit)(void *user, RpcConn *conn), void *user)
{
        RpcConn *conn, *next;
        HASH_ITER (hh, rpc->conns, conn, next)
                if (conn->phase == PHASE_OPEN)
                        visit(user, conn);
}

int rpc_conn_socket(const RpcConn *conn)
{
        return conn->link.fd;
}

/* ---- saving ---- */

static void put_bytes(Buffer *out, const void *data, size_t size)
{
        buffer_put_u32(out, (uint32_t)size);
        buffer_put(out, data, size);
}

/* "" for NULL: none of these may be empty. */
static void put_text(Buffer *out, const char *s)
{
        put_bytes(out, s ?: "", s ? strlen(s) : 0);
}

/* By name: their numbers are this version's own. */
static void put_lines(Buffer *out, LineSet lines)
{
        buffer_put_u8(out, (uint8_t)__builtin_popcount(lines));
        for (int line = 0; line < LINE_MAX; line++)
                if ((lines & LINE_BIT(line)) != 0)
                        put_text(out, line_name(line));
}

void rpc_conn_save(const RpcConn *conn, Buffer *out)
{
        const Conn *c = &conn->conn;
        const uint8_t *unsent;
        size_t n_unsent = conn_outgoing(c, &unsent);
        buffer_put_u8(out, RECORD_VERSION);
        buffer_put_u64(out, conn->id);
        buffer_put_u8(out, (uint8_t)((conn->accepted ? FLAG_ACCEPTED : 0) |
                                     (conn->framed ? FLAG_FRAMED : 0) |
                                     (conn->sparkd ? FLAG_SPARKD : 0) |
                                     (conn->foreign_reported ? FLAG_FOREIGN : 0)));
        put_lines(out, conn->lines);
        put_text(out, conn->target ? conn->target->host : NULL);
        buffer_put_u16(out, conn->target ? conn->target->port : 0);
        put_text(out, conn->sender_host);
        buffer_put_u32(out, (uint32_t)conn->sender_port);
        buffer_put_u64(out, (uint64_t)c->last_ask_id);
        put_bytes(out, c->partial.data, conn_mid_frame(c) ? c->partial.size : 0);
        put_bytes(out, unsent, n_unsent);
}

/* ---- restoring ---- */

typedef struct Record {
        uint64_t id;
        uint8_t flags;
        LineSet lines;
        char target[LIMIT_HOST_BYTES + 1], sender[LIMIT_HOST_BYTES + 1];
        uint16_t target_port;
        int32_t sender_port;
        int64_t last_ask_id;
        const uint8_t *partial, *unsent;
        size_t n_partial, n_unsent;
} Record;

static const uint8_t *get_bytes(Cursor *in, size_t limit, size_t *ret_size)
{
        uint32_t size = cursor_u32(in);
        if (size > limit)
                in->failed = true;
        *ret_size = in->failed ? 0 : size;
        return cursor_bytes(in, *ret_size);
}

static void get_text(Cursor *in, size_t room, char *ret)
{
        size_t size;
        const uint8_t *data = get_bytes(in, room - 1, &size);
        if (data && memchr(data, '\0', size))
                in->failed = true;
        if (data)
                memcpy(ret, data, size);
        ret[size] = '\0';
}

static LineSet get_lines(Cursor *in)
{
        char name[LINES_TEXT_MAX];
        LineSet lines = 0;
        for (unsigned n = cursor_u8(in); n > 0; n--) {
                get_text(in, sizeof(name), name);
                for (int line = 0; line < LINE_MAX; line++)
                        if (strcmp(name, line_name(line)) == 0)
                                lines |= LINE_BIT(line);
        }
        return lines;
}

static int record_parse(Cursor *in, Record *ret)
{
        if (cursor_u8(in) != RECORD_VERSION)
                return -EBADMSG;
        ret->id = cursor_u64(in);
        ret->flags = cursor_u8(in);
        ret->lines = get_lines(in);
        get_text(in, sizeof(ret->target), ret->target);
        ret->target_port = cursor_u16(in);
        get_text(in, sizeof(ret->sender), ret->sender);
        ret->sender_port = (int32_t)cursor_u32(in);
        ret->last_ask_id = (int64_t)cursor_u64(in);
        ret->partial = get_bytes(in, LIMIT_FRAME_BYTES, &ret->n_partial);
        ret->unsent = get_bytes(in, LIMIT_OUTGOING_BYTES, &ret->n_unsent);
        if (in->failed || ret->id == 0 || ret->id == UINT64_MAX || (ret->flags & ~FLAG_ALL) != 0 ||
            ret->lines == 0)
                return -EBADMSG;
        return 0;
}

/* A connection of that id on the socket. */
static int conn_new_of(Rpc *rpc, const Record *record, RpcConn **ret)
{
        uint64_t last = rpc->last_id;
        if (rpc_find(rpc, record->id))
                return -EEXIST;
        rpc->last_id = record->id - 1;
        RpcConn *conn = rpc_conn_new(rpc, PHASE_OPEN);
        rpc->last_id = MAX_OF(last, record->id);
        if (!conn)
                return -ENOMEM;
        *ret = conn;
        return 0;
}

static int conn_fill(RpcConn *conn, const Record *record)
{
        Conn *c = &conn->conn;
        conn->framed = (record->flags & FLAG_FRAMED) != 0;
        conn->sparkd = (record->flags & FLAG_SPARKD) != 0;
        conn->foreign_reported = (record->flags & FLAG_FOREIGN) != 0;
        conn->lines = record->lines;
        conn->sender_port = record->sender_port;
        if (record->sender[0] != '\0') {
                conn->sender_host = strdup(record->sender);
                if (!conn->sender_host)
                        return -ENOMEM;
        }
        if (record->target[0] != '\0') {
                conn->target = calloc(1, sizeof(*conn->target));
                if (!conn->target)
                        return -ENOMEM;
                memcpy(conn->target->host, record->target, sizeof(record->target));
                conn->target->port = record->target_port;
        }
        c->last_ask_id = record->last_ask_id;
        buffer_put(&c->partial, record->partial, record->n_partial);
        buffer_put(&c->out, record->unsent, record->n_unsent);
        int r = buffer_result(&c->partial);
        return r < 0 ? r : buffer_result(&c->out);
}

int rpc_conn_restore(Rpc *rpc, int fd, Cursor *saved, RpcConn **ret)
{
        Record record;
        RpcConn *conn;
        int r = record_parse(saved, &record);
        if (r == 0)
                r = conn_new_of(rpc, &record, &conn);
        if (r < 0)
                return r;
        r = conn_fill(conn, &record);
        if (r == 0)
                r = link_open(&conn->link, fd);
        if (r < 0) {
                rpc_conn_free(conn);
                return r;
        }
        rpc_conn_resume(conn, (record.flags & FLAG_ACCEPTED) != 0);
        *ret = conn;
        return 0;
}

int rpc_conn_keep(Rpc *rpc, int fd, RpcConn **ret)
{
        RpcConn *conn = rpc_conn_new(rpc, PHASE_KEPT);
        int r = conn ? link_open(&conn->link, fd) : -ENOMEM;
        if (r < 0) {
                if (conn)
                        rpc_conn_free(conn);
                return r;
        }
        rpc_conn_resume(conn, true);
        *ret = conn;
        return 0;
}
