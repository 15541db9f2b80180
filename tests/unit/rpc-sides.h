/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * For the tests of lib/rpc: two RPC environments over loopback in one event loop, a record of what
 * happens to each, and plain sockets for peers that misbehave.
 */

#include <check.h>

#include "base/buffer.h"
#include "rpc/rpc.h"
#include "wire/frame.h"

#define SEC UINT64_C(1000000)

/* What a side does with an ask. */
typedef enum OnAsk {
        KEEP_QUIET,
        REPLY_TRUE,
        FAIL,
} OnAsk;

/* One environment and what has happened to it. */
typedef struct Side {
        Rpc *rpc;
        OnAsk on_ask;
        unsigned connected, requests, closed, foreign;
        RpcConn *conn; /* of the last event */
        bool ask;
        int64_t request_id;
        MessageType type;
        int32_t number;   /* of a KillExecutor */
        size_t text_size; /* of an ApplicationRemoved */
        char endpoint[64], sender[64], reason[256], problem[512];
        unsigned closed_before_answer; /* order of the end */
} Side;

/* How an ask of a test ended. */
typedef struct Outcome {
        unsigned n;
        RpcAnswer answer;
        MessageType type;
        bool value;
        char failure[256];
        Side *side;
} Outcome;

extern sd_event *loop;
extern Side master, worker; /* the master listens */
extern HostPort master_at;

/* The fixture: both sides, not connected. */
void sides_setup(void);
void sides_teardown(void);

/* A new environment, of which nothing is recorded yet. */
void side_init(Side *side, const char *endpoint, Line line);

uint64_t sides_now(void);

/* Runs the loop until the condition holds, for ten seconds at most. */
#define RUN_UNTIL(condition)                                                                       \
        do {                                                                                       \
                uint64_t end_ = sides_now() + 10 * SEC;                                            \
                while (!(condition)) {                                                             \
                        ck_assert_msg(sides_now() < end_, "in vain: " #condition);                 \
                        ck_assert_int_ge(sd_event_run(loop, 50000), 0);                            \
                }                                                                                  \
        } while (false)

/* Runs the loop for as long; tells how often it woke up. */
unsigned sides_run_for(uint64_t usec);

/* A listening socket on loopback. */
int sides_listen(uint16_t *ret_port);
/* A connection from worker to master, established. */
RpcConn *sides_dial(void);
/* Asks, to be recorded in *o, which is cleared first. */
void sides_ask(RpcConn *conn, const char *endpoint, const Message *m, uint64_t timeout, Outcome *o);
/* An RpcAnswerHandler whose user is an Outcome. */
void sides_on_answer(void *user, RpcConn *conn, RpcAnswer answer, const Message *message,
                     const char *failure);

Message kill_executor(int32_t number);
Message check_existence(const char *name);
void tell_number(RpcConn *conn, int32_t number);
/* That another connection works as if nothing had happened. */
void assert_undisturbed(RpcConn *conn);

/* A plain socket connected to the master. */
int raw_connect(void);
void raw_send(int fd, const void *data, size_t size);
/* Runs the loop until one frame has come; its bytes stay in `in`. */
Frame raw_frame(int fd, Buffer *in);
/* Runs the loop until the other side has closed, and asserts that it sent nothing. */
void raw_assert_closed(int fd);

/* A whole request frame, with request id 99 when it is an ask. */
void put_request(Buffer *out, bool one_way, const char *endpoint, const Message *m, Line line);
void put_stream_request(Buffer *out, bool one_way, const char *endpoint, const void *stream,
                        size_t size);
bool text_begins(const Frame *frame, const char *text);

/* A test case with the fixture. */
TCase *sides_case(Suite *suite, const char *name);
int sides_run(Suite *suite);
