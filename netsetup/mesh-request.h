/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What a host asks of another's join service: JSON, signed by the host that asks. Pure.
 *
 *   {"request": TEXT, "node": KEY, "signature": BASE64}  and, to join,
 *   "token": ID, "proof": BASE64
 *
 * TEXT is again JSON, signed as it stands together with the path and the key of the host that is
 * asked: a request that one host was sent is worth nothing at another. `proof` is the same text
 * signed with the key that comes from a token's secret (token.h), so the secret is never sent.
 */

#include "netsetup/keys.h"
#include "netsetup/mesh-members.h"
#include "netsetup/token.h"

#define MESH_PATH_JOIN    "/v1/join"    /* with a token: become a member */
#define MESH_PATH_LEAVE   "/v1/leave"   /* of the coordinator: no longer be one */
#define MESH_PATH_ROTATE  "/v1/rotate"  /* of the coordinator: have another WireGuard key */
#define MESH_PATH_PULL    "/v1/pull"    /* of any member: its list, if it is newer */
#define MESH_PATH_MEMBERS "/v1/members" /* to any member: a sealed list, nothing around it */

/* The status for a host that asks as a member and is none. */
#define MESH_STATUS_GONE 410

typedef struct MeshRequest {
        char name[LIMIT_MESH_NAME_BYTES + 1]; /* join */
        NetKey key;                           /* join, rotate */
        uint16_t port;                        /* join */
        MeshEndpoint endpoint;                /* join; no host: where the request comes from */
        uint64_t sequence;                    /* pull, rotate: of the list it has */
        /* around it */
        NodeKey node;
        bool has_token;
        TokenId token;
        Signature proof;
} MeshRequest;

/* Writes and signs a request for `path` of the host that `server` is a pin of. With a token the
 * proof is made. 0 with a text owned by the caller, -ENOMEM or -EIO. */
int mesh_request_format(const MeshRequest *request, const char *path, const NodePin *server,
                        const NodeIdentity *identity, const Token *token, char **ret_text);

/* Reads one and verifies that `node` signed it. If it has a token, *ret_signed is the text that the
 * proof must be of (owned by the caller). 0, MESH_E_INVALID, MESH_E_SIGNATURE or -ENOMEM. */
int mesh_request_parse(const void *text, size_t size, const char *path, const NodePin *server,
                       MeshRequest *ret, char **ret_signed);
/* Whether the holder of the token made the request. */
bool mesh_request_proves(const MeshRequest *request, const char *signed_text,
                         const NodeKey *verifier);
