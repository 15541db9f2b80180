/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Keys of WireGuard: X25519 keys and preshared keys, 32 bytes, in base64 as wg(8) writes them.
 * Whoever holds a private or preshared one wipes it with key_wipe() before the memory is left.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"

#define KEY_SIZE      32
#define KEY_TEXT_SIZE 45 /* 44 characters and NUL */

typedef struct NetKey {
        uint8_t bytes[KEY_SIZE];
} NetKey;

#define CLEANUP_KEY CLEANUP(key_wipe)

/* The whole text must be the key: 44 characters, the only form that these bytes have. 0 or
 * -EINVAL. */
int key_parse(const char *base64, NetKey *ret);
void key_format(const NetKey *key, char ret[KEY_TEXT_SIZE]);

/* A new private key. 0 or -EIO, when the system has no randomness. */
int key_generate(NetKey *ret_private);
/* The public half. 0 or -EIO. */
int key_public(const NetKey *private_key, NetKey *ret_public);

/* Reads a file that holds one key and at most white space besides. 0, -EINVAL when it holds
 * something else, or the errno of reading. Nothing of the file stays in memory. */
int key_read_file(const char *path, NetKey *ret);

void key_wipe(NetKey *key);
/* In a time that does not depend on the keys. */
bool key_equal(const NetKey *a, const NetKey *b);
