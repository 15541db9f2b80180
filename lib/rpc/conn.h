/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One connection without its socket: bytes in become frames, frames to send become bytes, and asks
 * wait for their replies. Pure: no fd, no clock. transport.h moves the bytes, rpc.c gives the
 * frames their meaning.
 *
 * There may be tens of thousands of these, nearly all idle, so an idle one owns no memory: input is
 * parsed where it was read, only the part of an unfinished frame is kept, and buffers are freed as
 * soon as they are empty.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/hash.h"
#include "wire/frame.h"

/* An ask of ours that waits. Embedded in what the caller keeps with it; owned by the caller, who
 * gets it back from exactly one of the three conn_ask_take functions. */
typedef struct ConnAsk {
        int64_t id;
        uint64_t deadline_usec;
        UT_hash_handle hh;
} ConnAsk;

typedef struct Conn {
        const uint8_t *fed; /* input not yet looked at, borrowed from conn_feed()'s caller */
        size_t fed_size;
        Buffer partial;      /* the part of a frame that came in earlier reads */
        size_t partial_need; /* the whole size of that frame, 0 while its head is not there */
        bool partial_used;   /* partial held the frame returned last */
        Buffer out;          /* append frames here with frame_put_*() */
        size_t out_sent;     /* bytes at its front that are already gone */
        ConnAsk *asks;
        int64_t last_ask_id;
        uint64_t next_deadline_usec; /* no ask's deadline is earlier */
} Conn;

void conn_init(Conn *c);
/* The asks must have been taken out. */
void conn_done(Conn *c);

/* Gives the bytes that one read brought. They are borrowed until conn_next() has returned something
 * other than FRAME_OK, which must be waited for before the next conn_feed(). */
void conn_feed(Conn *c, const void *data, size_t size);

/* The next frame; its pointers are valid until the next conn_next(). FRAME_OK; FRAME_E_INCOMPLETE
 * when all input is used up (an unfinished frame is kept, in memory proportional to what has
 * arrived of it); another FrameResult when the peer broke the protocol, or -ENOMEM: then the
 * connection is of no more use. */
int conn_next(Conn *c, Frame *ret);

/* True in the middle of a frame. */
bool conn_mid_frame(const Conn *c);

/* The bytes to send next, and what to do when some of them are sent. */
size_t conn_outgoing(const Conn *c, const uint8_t **ret);
void conn_sent(Conn *c, size_t size);

/* Adds an ask, gives it an id. 0, -ENOBUFS beyond LIMIT_PENDING_ASKS, or -ENOMEM. */
int conn_ask_add(Conn *c, ConnAsk *ask, uint64_t deadline_usec);

/* Takes the ask with that id out, or returns NULL. */
ConnAsk *conn_ask_take(Conn *c, int64_t id);
/* Takes out an ask whose deadline has come; call until NULL. */
ConnAsk *conn_ask_take_expired(Conn *c, uint64_t now_usec);
/* Takes out any ask; call until NULL. */
ConnAsk *conn_ask_take_any(Conn *c);
