/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * For tests of the codec: messages of every type filled with values, messages as text, and the
 * golden file of a line (tests/data/encoded), which holds all of them encoded, each with its text.
 * tests/interop/DecodeGolden.java reads the same files with Spark's own classes and makes the same
 * text from what it gets.
 */

#include "base/buffer.h"
#include "wire/codec.h"

typedef enum Filling {
        FILLING_NONE,   /* zero, null, None, empty */
        FILLING_FULL,   /* every field has a value of its own, collections two elements */
        FILLING_CLIENT, /* ... six; some options None; references to what does not listen */
        FILLING_MAX,
} Filling;

/* Fills a message of a type; out of memory fails the test. */
void message_fill(Arena *arena, MessageType type, Filling filling, Message *ret);

/* "KillExecutor{appId="s3-\u20ac", execId=2, masterUrl=null}": fields and map entries sorted. */
void message_put_text(Buffer *out, const Message *m);

/* The golden file of a line: for each message that it has, and each filling, the text and the
 * stream, each behind its length in 32 bits. */
void golden_build(Line line, Buffer *out);
