/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What a host of the mesh is known by: an Ed25519 key, made on the host and never leaving it. The
 * host signs its requests with it, the coordinator the list of members; and its join service shows
 * a certificate of this key in TLS, so that whoever has the public half, or a hash of it, can tell
 * that it speaks to the right host. What is signed begins with a line that says what it is, which
 * keeps the uses apart (TLS 1.3 puts its own words before what it signs).
 */

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

#define NODE_KEY_SIZE  32
#define NODE_PIN_SIZE  32
#define NODE_TEXT_SIZE 45 /* base64 of either, with NUL */
#define SIGNATURE_SIZE 64

/* The public half. */
typedef struct NodeKey {
        uint8_t bytes[NODE_KEY_SIZE];
} NodeKey;

typedef struct Signature {
        uint8_t bytes[SIGNATURE_SIZE];
} Signature;

/* What a certificate is recognised by: SHA-256 of its SubjectPublicKeyInfo, as curl and HPKP have
 * it. */
typedef struct NodePin {
        uint8_t bytes[NODE_PIN_SIZE];
} NodePin;

/* A key with its private half. */
typedef struct NodeIdentity {
        EVP_PKEY *pkey;
        NodeKey key;
} NodeIdentity;

#define CLEANUP_IDENTITY CLEANUP(identity_done)

/* 0 or -EIO. */
int identity_generate(NodeIdentity *ret);
/* From 32 secret bytes, always the same. 0 or -EIO. */
int identity_from_seed(const uint8_t seed[NODE_KEY_SIZE], NodeIdentity *ret);
/* From the private key's PEM. 0, or -EINVAL when it is none of Ed25519. */
int identity_from_pem(const char *pem, NodeIdentity *ret);
void identity_done(NodeIdentity *identity);

/* PKCS#8, owned by the caller, who wipes it (secret_text_free). NULL when out of memory. */
char *identity_private_pem(const NodeIdentity *identity);
/* A certificate that the key itself signed, of the common name `name`; owned by the caller. NULL
 * when out of memory. */
char *identity_certificate_pem(const NodeIdentity *identity, const char *name);

/* Signs `what`, a line, and the text after it. 0 or -EIO. */
int identity_sign(const NodeIdentity *identity, const char *what, const void *text, size_t size,
                  Signature *ret);
/* Whether that key signed this. */
bool node_verify(const NodeKey *key, const char *what, const void *text, size_t size,
                 const Signature *signature);

bool node_key_equal(const NodeKey *a, const NodeKey *b);
void node_pin(const NodeKey *key, NodePin *ret);

/* Wipes and frees. */
void secret_text_free(char **text);
#define CLEANUP_SECRET CLEANUP(secret_text_free)
