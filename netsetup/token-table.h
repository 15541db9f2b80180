/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the coordinator keeps of the tokens it made: enough to tell who has one, not to be one.
 * Pure.
 */

#include "netsetup/mesh-node.h"
#include "netsetup/token.h"

typedef struct KnownToken {
        TokenId id;
        NodeKey verifier; /* token_identity()'s public half */
        uint64_t expires; /* seconds since 1970 */
        bool once;
        bool used;
        NodeKey used_by; /* if it is used: that host may ask again, should the answer be lost */
} KnownToken;

typedef struct TokenTable {
        KnownToken *items; /* owned */
        size_t n;
} TokenTable;

#define CLEANUP_TOKEN_TABLE CLEANUP(token_table_done)
void token_table_done(TokenTable *table);

/* Owned by the caller; NULL when out of memory. */
char *token_table_format(const TokenTable *table);
/* 0, MESH_E_INVALID or -ENOMEM. */
int token_table_parse(const char *text, size_t size, TokenTable *ret);

/* Adds one; those that expired by `now` go. 0, MESH_E_FULL or -ENOMEM. */
int token_table_add(TokenTable *table, const KnownToken *token, uint64_t now);

/* The token that this host may join with at `now`, or NULL: unknown, expired, used by another. */
KnownToken *token_table_find(TokenTable *table, const TokenId *id, const NodeKey *node,
                             uint64_t now);
