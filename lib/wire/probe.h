/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Learning which Spark line a JVM runs, over an established connection and without side effects.
 *
 * A JVM's endpoint-verifier answers CheckExistence. Java's deserializer skips fields it does not
 * know but still checks the UID of every class in the stream, so a CheckExistence with one extra
 * field that names classes (as java.lang.Class objects) with the UIDs of a guessed line is answered
 * quietly when the guess is right, and otherwise by an RpcFailure frame whose text says the UID
 * that the JVM has ("local class serialVersionUID = ...").
 */

#include "base/buffer.h"
#include "wire/family.h"

/* Appends the object stream of the probe for `guess`, asking about endpoint `name`. 0 or -ENOMEM.
 */
int probe_encode(Line guess, const char *name, Buffer *out);

/* What a failure's text says: narrows `candidates` to the lines that agree with the class and local
 * UID in it. Returns `candidates` unchanged for a text that says nothing of the kind, 0 when the
 * JVM's UID is of no served line. */
LineSet probe_narrow(const char *failure, size_t size, LineSet candidates);

/* The lines that a quiet answer to the probe for `guess` leaves of `candidates`. */
LineSet probe_confirmed(Line guess, LineSet candidates);

/* The endpoint name whose existence only sparkd's own daemons confirm. */
#define PROBE_SPARKD_ENDPOINT "sparkd"
