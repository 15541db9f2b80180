/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc_identify(): probes until it is known what is at the other end.
 */
#include "rpc/rpc-private.h"

#include <errno.h>
#include <string.h>

#include "wire/probe.h"

#define ROUND_TIMEOUT_USEC UINT64_C(5000000)
/* Each round excludes at least one line, and one mostly decides; this only bounds a peer that
 * answers nonsense. */
#define ROUNDS_MAX 6

struct Identify {
        RpcConn *conn;
        Line guess;
        LineSet candidates;
        unsigned rounds;
        RpcIdentified handler;
        void *user;
};

static int identify_round(Identify *id);

static void identify_end(Identify *id, int error, bool sparkd, LineSet lines)
{
        RpcConn *conn = id->conn;
        RpcIdentified handler = id->handler;
        void *user = id->user;
        conn->identify = NULL;
        free(id);
        if (error == 0) {
                conn->sparkd = sparkd;
                rpc_conn_narrow(conn, lines);
        }
        handler(user, conn, error, sparkd, lines);
}

/* The guess was wrong: goes on with what the failure leaves. */
static int identify_guess_again(Identify *id, const char *failure)
{
        LineSet left = probe_narrow(failure, strlen(failure), id->candidates);
        if (left == 0)
                return -EPROTONOSUPPORT;
        if (left == id->candidates)
                return -EPROTO;
        id->candidates = left;
        id->guess = lines_newest(left);
        return identify_round(id);
}

static void on_identify_answer(void *user, RpcConn *conn, RpcAnswer answer, const Message *message,
                               const char *failure)
{
        Identify *id = user;
        int r;
        switch (answer) {
        case RPC_ANSWERED:
                if (message->type != MSG_BOOLEAN) {
                        identify_end(id, -EPROTO, false, 0);
                } else if (message->boolean.value) {
                        identify_end(id, 0, true, LINES_ALL);
                } else {
                        LineSet left = probe_confirmed(id->guess, id->candidates);
                        identify_end(id, left == 0 ? -EPROTO : 0, false, left);
                }
                return;
        case RPC_FAILED:
                r = identify_guess_again(id, failure);
                break;
        case RPC_TIMED_OUT:
                r = -ETIMEDOUT;
                break;
        default:
                r = -ENOTCONN;
                break;
        }
        if (r < 0)
                identify_end(id, r, false, 0);
}

static int identify_round(Identify *id)
{
        Buffer *probe = &id->conn->rpc->probes[id->guess];
        if (++id->rounds > ROUNDS_MAX)
                return -EPROTO;
        /* The same for every peer, so it is made once. */
        int r = probe->size > 0 ? 0 : probe_encode(id->guess, PROBE_SPARKD_ENDPOINT, probe);
        if (r < 0) {
                buffer_done(probe);
                return r;
        }
        return rpc_ask_stream(id->conn, "endpoint-verifier", probe->data, probe->size,
                              ROUND_TIMEOUT_USEC, on_identify_answer, id);
}

int rpc_identify(RpcConn *conn, Line guess, RpcIdentified handler, void *user)
{
        if (conn->identify)
                return -EBUSY;
        Identify *id = malloc(sizeof(*id));
        if (!id)
                return -ENOMEM;
        *id = (Identify){
                .conn = conn,
                .guess = guess,
                .candidates = conn->lines,
                .handler = handler,
                .user = user,
        };
        int r = identify_round(id);
        if (r < 0) {
                free(id);
                return r;
        }
        conn->identify = id;
        return 0;
}
