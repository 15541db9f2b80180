/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The frames captured from real Spark processes (tests/data/frames), for the tests of the wire
 * layer. Failing to find them fails the test that asks.
 */

#include <stdint.h>

#include "base/macro.h"

typedef struct Sample {
        char *path;
        uint8_t *frame; /* the whole frame, owned */
        size_t size;
        size_t stream; /* where the object stream starts in it */
} Sample;

typedef struct Samples {
        Sample *items;
        size_t n;
} Samples;

Samples samples_load(void);
void samples_done(Samples *s);
#define CLEANUP_SAMPLES CLEANUP(samples_done)
