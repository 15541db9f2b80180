/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Addresses and subnets of IPv4 and IPv6 as values, with their text form.
 */

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/macro.h"

#define ADDRESS_TEXT_SIZE  INET6_ADDRSTRLEN
#define PREFIX_TEXT_SIZE   (INET6_ADDRSTRLEN + 4)
#define ENDPOINT_TEXT_SIZE (INET6_ADDRSTRLEN + 8)

typedef struct NetAddress {
        uint8_t family;    /* AF_INET, AF_INET6; 0: there is none */
        uint8_t bytes[16]; /* in network order; the rest is zero */
} NetAddress;

/* A subnet, or an address with the length of its subnet: bits after the length may be set. */
typedef struct NetPrefix {
        NetAddress address;
        uint8_t length;
} NetPrefix;

typedef struct NetEndpoint {
        NetAddress address;
        uint16_t port;
} NetEndpoint;

/* 0 or -EINVAL. */
int address_parse(const char *s, NetAddress *ret);
/* "ADDRESS/LENGTH"; an address alone has all bits of its family. 0 or -EINVAL. */
int prefix_parse(const char *s, NetPrefix *ret);
/* A name or an address and a port: "host:51820", "10.0.0.1:51820", "[2001:db8::1]:51820". The host
 * is owned by the caller. 0, -EINVAL or -ENOMEM. */
int endpoint_split(const char *s, char **ret_host, uint16_t *ret_port);

const char *address_format(const NetAddress *a, char ret[ADDRESS_TEXT_SIZE]);
const char *prefix_format(const NetPrefix *p, char ret[PREFIX_TEXT_SIZE]);
const char *endpoint_format(const NetEndpoint *e, char ret[ENDPOINT_TEXT_SIZE]);

/* From the bytes that the kernel gives: 4 or 16 of them, else there is no address. */
NetAddress address_from_bytes(const void *bytes, size_t size);
unsigned address_bits(const NetAddress *a); /* 32 or 128 */
size_t address_size(const NetAddress *a);   /* 4 or 16 */

bool address_equal(const NetAddress *a, const NetAddress *b);
bool prefix_equal(const NetPrefix *a, const NetPrefix *b);
bool endpoint_equal(const NetEndpoint *a, const NetEndpoint *b);

/* The subnet: without the bits after the length. */
NetPrefix prefix_subnet(const NetPrefix *p);
/* The highest address in it. */
NetAddress prefix_last(const NetPrefix *p);
bool prefix_has_host_bits(const NetPrefix *p);
bool prefix_contains(const NetPrefix *p, const NetAddress *a);
/* Does one contain the other? */
bool prefix_overlaps(const NetPrefix *a, const NetPrefix *b);
bool address_is_link_local(const NetAddress *a);
bool address_is_multicast(const NetAddress *a);

/* For sockets. */
socklen_t endpoint_to_sockaddr(const NetEndpoint *e, struct sockaddr_storage *ret);
/* 0 or -EAFNOSUPPORT. */
int endpoint_from_sockaddr(const struct sockaddr *sa, NetEndpoint *ret);
