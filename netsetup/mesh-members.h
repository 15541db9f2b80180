/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The list of the mesh's members, which every host keeps whole: all it needs for its tunnels and
 * names. The coordinator signs it and counts its changes; a host takes a list that the coordinator
 * signed and whose number is higher than that of its own, from wherever it comes. Pure.
 *
 * A sealed list is JSON: {"list": TEXT, "signature": BASE64}, where TEXT is again JSON and signed
 * as it stands, so that nobody need agree on how JSON is written.
 */

#include "base/limits.h"
#include "base/strv.h"
#include "netsetup/keys.h"
#include "netsetup/mesh-node.h"
#include "netsetup/mesh-text.h"

typedef struct MeshMember {
        char name[LIMIT_MESH_NAME_BYTES + 1];
        uint32_t address; /* within the pool */
        NetKey key;       /* of WireGuard, public */
        NodeKey node;
        uint16_t port;         /* where WireGuard listens on the host */
        MeshEndpoint endpoint; /* where others reach that; no host when they cannot */
} MeshMember;

typedef struct MeshList {
        uint64_t sequence;
        uint32_t pool;
        unsigned prefix;
        NodeKey coordinator;
        char master[LIMIT_MESH_MASTER_BYTES + 1]; /* "spark://HOST:PORT[,...]", or empty */
        MeshEndpoint joins[LIMIT_MESH_ENDPOINTS]; /* where the coordinator's join service is */
        size_t n_joins;
        MeshMember *members; /* owned; in the order in which they came */
        size_t n;
} MeshList;

/* Conditions of the mesh. */
enum {
        MESH_E_INVALID = 1, /* this is not such a text */
        MESH_E_SIGNATURE,   /* it was not signed by whom it should */
        MESH_E_STALE,       /* ours is as new */
        MESH_E_FULL,        /* no address is left */
        MESH_E_TAKEN,       /* the name or a key is another member's */
};

#define CLEANUP_MESH_LIST CLEANUP(mesh_list_done)
void mesh_list_done(MeshList *list);
/* 0 or -ENOMEM. */
int mesh_list_copy(const MeshList *list, MeshList *ret);

const MeshMember *mesh_find_name(const MeshList *list, const char *name);
const MeshMember *mesh_find_node(const MeshList *list, const NodeKey *node);
const MeshMember *mesh_find_address(const MeshList *list, uint32_t address);

/* Adds a member and gives it the lowest free address, or replaces what is known of the one with
 * its node key, which keeps its address. 0, MESH_E_FULL, MESH_E_TAKEN or -ENOMEM; with 0
 * *ret_member is the list's own. */
int mesh_list_put(MeshList *list, const MeshMember *member, MeshMember **ret_member);
/* Whether there was one. */
bool mesh_list_remove(MeshList *list, const NodeKey *node);

/* The list as JSON; owned by the caller; NULL when out of memory. */
char *mesh_list_format(const MeshList *list);
/* 0, MESH_E_INVALID or -ENOMEM. Whatever it says twice, or that cannot be, is invalid. */
int mesh_list_parse(const char *text, size_t size, MeshList *ret);

/* 0 with a text owned by the caller, -ENOMEM or -EIO. */
int mesh_list_seal(const MeshList *list, const NodeIdentity *coordinator, char **ret_sealed);
/* Opens what the key has sealed. 0, MESH_E_INVALID, MESH_E_SIGNATURE or -ENOMEM. */
int mesh_list_open(const char *sealed, size_t size, const NodeKey *coordinator, MeshList *ret);
/* The same when only a hash of the key is known, as to a host that joins. */
int mesh_list_open_pinned(const char *sealed, size_t size, const NodePin *pin, MeshList *ret);
/* The same from a place that is trusted, whoever the list names. */
int mesh_list_open_own(const char *sealed, size_t size, MeshList *ret);

/* "spark://HOST:PORT" with further HOST:PORT after commas. */
bool mesh_master_is_valid(const char *url);
