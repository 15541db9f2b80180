/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The members of the mesh as this host sees them: the list, and what the kernel says of each
 * tunnel.
 */

#include "netsetup/mesh-state.h"
#include "netsetup/state.h"

/* A host that has not shaken hands for so long is not there: WireGuard does it every two minutes
 * while there is traffic, and our keepalives are such. */
#define NODES_SILENT_SECONDS 180

/* What there is of our device; `ret` is initialised. 0 or -errno. */
int nodes_read(NetState *ret);

/* Tables of the members; owned by the caller; NULL when out of memory. `kernel` may lack the
 * device. */
char *nodes_text(const MeshState *state, const NetState *kernel);
char *nodes_json(const MeshState *state, const NetState *kernel);

/* Waits until hands were shaken with that key at `since` (seconds since 1970) or later. 0,
 * -ETIMEDOUT or -errno. */
int nodes_wait_for(const NetKey *key, uint64_t since, unsigned timeout_msec);
