/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What a host needs in order to join, as one word: where the join service is, by what key to know
 * it, and a secret. The secret stays with the host. From it comes a key pair of Ed25519; the
 * coordinator keeps only the public half, and a join request is signed with the private one. So
 * neither what is sent, even were it read, nor what the coordinator stores lets another host join.
 *
 * As bytes: version, 8 of id, 16 of secret, 32 of pin, 8 of expiry, 4 of pool, its prefix, the
 * number of endpoints, each a length and "HOST:PORT", and 4 of checksum, so that a token cut in
 * copying is known as such. As text: base64 for URLs. Pure.
 */

#include "netsetup/mesh-node.h"
#include "netsetup/mesh-text.h"

#define TOKEN_ID_SIZE      8
#define TOKEN_SECRET_SIZE  16
#define TOKEN_ID_TEXT_SIZE BASE64_SIZE(TOKEN_ID_SIZE)

typedef struct TokenId {
        uint8_t bytes[TOKEN_ID_SIZE];
} TokenId;

typedef struct Token {
        TokenId id;
        uint8_t secret[TOKEN_SECRET_SIZE];
        NodePin pin;      /* of the coordinator */
        uint64_t expires; /* seconds since 1970 */
        uint32_t pool;    /* so that a host can tell before it joins that it uses these itself */
        unsigned prefix;
        MeshEndpoint endpoints[LIMIT_MESH_ENDPOINTS];
        size_t n_endpoints;
} Token;

#define CLEANUP_TOKEN CLEANUP(token_wipe)
void token_wipe(Token *token);

/* Fills in an id and a secret. 0, or -EIO when the system has no randomness. */
int token_make_secret(Token *token);

/* Owned by the caller, who wipes it; NULL when out of memory. */
char *token_format(const Token *token);
/* 0 or -EINVAL. */
int token_parse(const char *text, Token *ret);

/* The key pair that comes from the secret. 0 or -EIO. */
int token_identity(const Token *token, NodeIdentity *ret);

void token_id_format(const TokenId *id, char ret[TOKEN_ID_TEXT_SIZE]);
int token_id_parse(const char *text, TokenId *ret);
