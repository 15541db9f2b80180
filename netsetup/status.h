/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What there should be beside what there is. Pure but for status_probe().
 */

#include "netsetup/pmtu.h"
#include "netsetup/session.h"

/* Of one peer: the way to its endpoint, and the one through the tunnel to its first address. */
typedef struct StatusProbe {
        const WgPeer *peer; /* of what is desired */
        PmtuProbe outside, inside;
} StatusProbe;

typedef struct Status {
        const Session *session;
        StatusProbe *probes; /* owned; NULL: not probed */
        size_t n_probes;
} Status;

#define CLEANUP_STATUS CLEANUP(status_done)
void status_done(Status *status);

/* Probes the peers (the first PMTU_MAX_PROBES / 2 of each device). 0, -EPERM or -ENOMEM. */
int status_probe(Status *status);

/* Owned by the caller; NULL when out of memory. */
char *status_text(const Status *status);
char *status_json(const Status *status);
