/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The verbs of the mesh: join-verbs.c has those that make a host a member, mesh-verbs.c the others.
 * Here is what they share.
 */

#include <stdbool.h>

#include "netsetup/join-client.h"
#include "netsetup/mesh-host.h"
#include "netsetup/verbs.h"

int verb_init(const VerbContext *context, int argc, char **argv);
int verb_token(const VerbContext *context, int argc, char **argv);
int verb_join(const VerbContext *context, int argc, char **argv);
int verb_leave(const VerbContext *context, int argc, char **argv);
int verb_remove(const VerbContext *context, int argc, char **argv);
int verb_rotate_key(const VerbContext *context, int argc, char **argv);
int verb_nodes(const VerbContext *context, int argc, char **argv);
int verb_pull(const VerbContext *context, int argc, char **argv);
int verb_serve(const VerbContext *context, int argc, char **argv);

/* Each complains on stderr. */

/* As mesh_state_open(); false when that fails. */
bool mesh_open_state(const MeshPlaces *places, MeshState *ret);
/* The same for what only a member, or only the coordinator, can do. */
bool mesh_open_member(const MeshPlaces *places, MeshState *ret);
bool mesh_open_coordinator(const MeshPlaces *places, MeshState *ret);

/* Writes the files and applies; gives the lock up between the two. 0 or -errno. */
int mesh_settle(const MeshPlaces *places, MeshState *state, bool measure);

/* Asks the other members for a newer list, and settles if there is one, or anyway to `measure` the
 * path MTU. 0 or -errno. */
int mesh_pull(const MeshPlaces *places, bool measure);

/* Runs systemctl with these words (NULL ends them), and waits. Nothing is done where systemd does
 * not run. 0 or -EIO. */
int mesh_systemctl(const char *const *words);
/* Enables the mesh's own services and starts them, and enables the worker, which the caller starts
 * when the mesh is there. 0, or -EIO when the worker could not be enabled; the rest is said. */
int mesh_services_start(bool services, bool worker);
void mesh_services_stop(void);

/* What a request to other hosts came to, for who reads it. */
const char *mesh_failure(int r);

uint64_t mesh_now(void); /* seconds since 1970 */
