/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What a member of the mesh keeps, below /var/lib/spark-netsetup, readable by root only:
 *
 *   node.key       its Ed25519 key (PEM)
 *   wireguard.key  its WireGuard key, which the configuration names
 *   members.json   the sealed list of members
 *   tokens.json    of the coordinator: what it knows of its tokens
 *   lock           held while any of this is read in order to be changed
 *
 * Not below /var/lib/spark, which is the user spark's, who could put another directory there.
 *
 * Files are replaced whole, so one that is there is complete.
 */

#include "netsetup/mesh-members.h"
#include "netsetup/token-table.h"

#define MESH_STATE_DIR "/var/lib/spark-netsetup"

typedef struct MeshState {
        const char *dir; /* borrowed */
        int lock_fd;
        NodeIdentity identity;
        char *sealed;  /* the list as its coordinator sealed it; NULL: a member of no mesh */
        MeshList list; /* the same */
        TokenTable tokens;
} MeshState;

#define MESH_STATE_INIT    ((MeshState){ .lock_fd = -1 })
#define CLEANUP_MESH_STATE CLEANUP(mesh_state_done)
/* Also gives the lock up. */
void mesh_state_done(MeshState *state);

/* Takes the lock, and reads what is there. Without a node key one is made, with the directory. 0;
 * -EINVAL or MESH_E_* when a file holds something else, with *ret_file its name (static); or
 * another -errno. */
int mesh_state_open(const char *dir, MeshState *ret, const char **ret_file);

bool mesh_state_is_coordinator(const MeshState *state);
/* This host among the members; NULL when it is none of them. */
const MeshMember *mesh_state_self(const MeshState *state);

/* Becomes the list (taken), with `sealed` (taken) as its sealed form. In memory only. */
void mesh_state_set_list(MeshState *state, MeshList *list, char **sealed);
/* As the coordinator: counts the change, seals the list (taken) and has it as its own. 0 or
 * -errno; then nothing is changed. In memory only. */
int mesh_state_change_list(MeshState *state, MeshList *list);

/* 0 or -errno. */
int mesh_state_save_list(const MeshState *state);
int mesh_state_save_tokens(const MeshState *state);
int mesh_state_save_key(const MeshState *state, const NetKey *private_key);
int mesh_state_read_key(const MeshState *state, NetKey *ret_private);
/* Forgets it all, but the lock: 0 or the first -errno. */
int mesh_state_forget(MeshState *state);

/* Replaces a file by another with this text, durably, or writes it where it is if it cannot be
 * replaced, being a mount. A symbolic link is followed. 0 or -errno. */
int mesh_file_write(const char *path, const char *text, mode_t mode);
