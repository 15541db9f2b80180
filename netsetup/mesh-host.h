/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Makes this host what the list of members says: the files (mesh-output.h), and then an apply in
 * this process.
 */

#include <stdio.h>

#include "netsetup/mesh-state.h"

/* Where things are. */
typedef struct MeshPlaces {
        const char *config;    /* /etc/spark/network.conf; Spark's files are beside it */
        const char *state_dir; /* MESH_STATE_DIR */
        const char *hosts;     /* /etc/hosts */
        const char *units;     /* /etc/systemd/system */
} MeshPlaces;

/* Those of a host that is set up by this configuration. */
MeshPlaces mesh_places(const char *config);

/* Writes the files that follow from the state, or removes them if this host is no member; those
 * that are right already are not touched. 1 when some were not, 0, or -errno after saying on
 * `err` what cannot be written. */
int mesh_host_write(const MeshPlaces *places, const MeshState *state, FILE *err);

/* Applies the configuration. With `measure` the path MTU is found out, which takes a second or two.
 * Waits for another apply, 10 s at most. 0 or -errno, after saying on `err` what is wrong. */
int mesh_host_apply(const MeshPlaces *places, const MeshList *list, bool measure, FILE *err);

/* Whether this kernel has WireGuard: 0, -EOPNOTSUPP, or another -errno. */
int mesh_host_has_wireguard(void);

/* What this host uses itself of addresses that would be the pool's: the first subnet, as text owned
 * by the caller, NULL when there is none. Our own device does not count. 0 or -errno. */
int mesh_host_clash(uint32_t pool, unsigned prefix, char **ret_subnet);
/* A /24 in 10.64.0.0/10 of which this host uses nothing. 0, -EADDRNOTAVAIL or -errno. */
int mesh_host_free_pool(uint32_t *ret_pool, unsigned *ret_prefix);

/* Addresses at which others may reach this host, best first: those from which it would speak to the
 * Internet, else those that its network cards have. The number, at most `room`. */
size_t mesh_host_addresses(MeshEndpoint *ret, size_t room);
