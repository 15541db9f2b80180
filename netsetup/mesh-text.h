/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Texts that the mesh's messages and files are made of, each with one form only: base64, names of
 * hosts, HOST:PORT.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/macro.h"

#define BASE64_SIZE(n) (((n) + 2) / 3 * 4 + 1) /* text of n bytes, with NUL */

/* Writes BASE64_SIZE(size) bytes at most; the alphabet for URLs has no padding. */
void base64_put(const void *data, size_t size, bool url, char *ret);
/* The whole text must be the one form of at most `room` bytes. 0 with their number, or -EINVAL;
 * what is at `to` then is undefined. */
int base64_get(const char *text, bool url, void *to, size_t room, size_t *ret_size);
/* Of exactly that many bytes. 0 or -EINVAL. */
int base64_get_exactly(const char *text, void *to, size_t size);

/* A label of the DNS, in lower case: what a member may be called. */
bool mesh_name_is_valid(const char *name);
/* Makes one of a host's name: its first label, in lower case. 0 or -EINVAL. */
int mesh_name_from_host(const char *host, char ret[LIMIT_MESH_NAME_BYTES + 1]);

typedef struct MeshEndpoint {
        char host[LIMIT_HOST_BYTES + 1]; /* a name or an address, of IPv6 without brackets */
        uint16_t port;
} MeshEndpoint;

/* "HOST:PORT" or "[ADDRESS]:PORT"; without a port the default, which 0 forbids. A host is of
 * letters, digits, '-', '_' and '.', or of what IPv6 addresses are. 0 or -EINVAL. */
int mesh_endpoint_parse(const char *text, uint16_t default_port, MeshEndpoint *ret);
void mesh_endpoint_format(const MeshEndpoint *endpoint, char ret[LIMIT_MESH_ENDPOINT_BYTES + 1]);

#define MESH_ADDRESS_SIZE 16

/* IPv4 addresses are in host order. */
int mesh_address_parse(const char *text, uint32_t *ret);
void mesh_address_format(uint32_t address, char ret[MESH_ADDRESS_SIZE]);
/* "10.1.2.0/24" with no bit set beyond the prefix, /16 to /30. 0 or -EINVAL. */
int pool_parse(const char *text, uint32_t *ret_pool, unsigned *ret_prefix);
uint32_t pool_mask(unsigned prefix);
/* The addresses of hosts are those between the first, which names the pool, and the last, which is
 * for broadcasts. */
bool pool_has_host(uint32_t pool, unsigned prefix, uint32_t address);
