/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The join service: one on every member, started by its socket when somebody connects, and gone
 * again when nobody does. What it answers is join-server.h's; here are the sockets, and what
 * follows from an answer.
 */

#include <stdint.h>

#include "netsetup/mesh-host.h"

/* Serves until SIGTERM, or, with passed sockets, until nothing was asked for a minute. `listen`
 * NULL: only passed sockets. 0 or -errno, after logging why. */
int mesh_serve(const MeshPlaces *places, const MeshEndpoint *listen);

/* Pushes the state's list to all members but this host, and to `also` (may be NULL), who is none
 * any more; those who are not reached so often, a second apart. Says on `err` who was not reached
 * at all. The lock should not be held. */
int mesh_push_all(const MeshState *state, const MeshMember *also, unsigned tries, FILE *err);
