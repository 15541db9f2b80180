/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The files that follow from the list of members, as texts. Pure. All results are owned by the
 * caller and NULL when out of memory.
 */

#include "netsetup/mesh-members.h"

#define MESH_DEVICE      "spark-mesh"
#define MESH_DOMAIN      "mesh" /* NODE.mesh is a node's name whatever else is called NODE */
#define MESH_MASTER_PORT 7077

/* The drop-in of network.conf: our tunnels to all others. */
char *mesh_render_network(const MeshList *list, const MeshMember *self, const char *key_file);

/* /etc/hosts with the names of all members in a block of ours, at its end or where it was. A short
 * name that the rest of the file has already stays what it is there. `list` NULL: without the
 * block. */
char *mesh_render_hosts(const char *hosts, const MeshList *list);

/* Drop-ins of spark-worker.conf and spark-master.conf, and of the worker's unit. */
char *mesh_render_worker(const MeshList *list, const MeshMember *self);
char *mesh_render_master(const MeshMember *self);
char *mesh_render_worker_unit(const MeshMember *self);
