/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Asks join services of other hosts, by libcurl: over TLS, with the key of the host pinned, so that
 * neither a name nor an authority counts. In the foreground; several at once where they are pushed
 * to.
 */

#include "base/buffer.h"
#include "netsetup/mesh-members.h"

#define MESH_JOIN_PORT 7079

typedef struct MeshReply {
        long status;       /* of HTTP */
        Buffer body;       /* at most LIMIT_MESH_BODY_BYTES */
        char problem[256]; /* why there is no answer, or what the answer says is wrong; or "" */
} MeshReply;

#define MESH_REPLY_INIT    ((MeshReply){ .body = BUFFER_INIT(LIMIT_MESH_BODY_BYTES) })
#define CLEANUP_MESH_REPLY CLEANUP(mesh_reply_done)
void mesh_reply_done(MeshReply *reply);

/* POSTs the body. 0 when it was answered with status 200; -EREMOTEIO when with another,
 * -EKEYREJECTED when another host than the pinned one is there, -EIO when nobody answers; these
 * with .problem; -ENOPKG, with it too, when libcurl is missing; or -ENOMEM. */
int mesh_post(const MeshEndpoint *to, const NodePin *pin, const char *path, const char *body,
              MeshReply *reply);

/* Who is pushed to, and whether it took the list. */
typedef struct MeshPush {
        const MeshMember *member;
        int result; /* as of mesh_post() */
} MeshPush;

/* Pushes the sealed list to these members at their mesh addresses, all at once. 0 or -ENOMEM. */
int mesh_push(MeshPush *pushes, size_t n, const char *sealed);
