/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A netlink socket whose requests tell the kernel's own words when they fail, and whose dumps leave
 * nothing of what they read in memory: libnl builds and takes apart the messages, but keeps
 * neither.
 */

#include <linux/netlink.h>
#include <stdbool.h>

#include <netlink/netlink.h>

#include "base/macro.h"

typedef struct Netlink Netlink;

#define CLEANUP_NETLINK CLEANUP(netlink_freep)

/* NETLINK_ROUTE or NETLINK_GENERIC. 0 or -errno. */
int netlink_open(int protocol, Netlink **ret);
void netlink_free(Netlink *n);
void netlink_freep(Netlink **n);

/* For libnl's own functions. */
struct nl_sock *netlink_sock(Netlink *n);

/* The number of an interface, 0 when there is none. The last one is remembered: a thousand routes
 * by one device ask once. */
unsigned netlink_ifindex(Netlink *n, const char *name);
/* After a device was made or removed. */
void netlink_forget_ifindex(Netlink *n);

/* Sends, waits for the answer and wipes the message, which is the caller's to free. 0 or the
 * kernel's -errno. */
int netlink_request(Netlink *n, struct nl_msg *msg);

/* Several requests in one system call, answered in their order: ret_results[i] is 0 or -errno. The
 * result is that of the talk itself. At most NETLINK_BATCH_MAX. */
#define NETLINK_BATCH_MAX 256
int netlink_request_many(Netlink *n, struct nl_msg **messages, size_t count, int *ret_results);

/* Asks for a list; `each` sees the messages of it, which are wiped afterwards; a negative result
 * ends it. -EAGAIN when the list changed while it was read. */
typedef int (*NetlinkEach)(void *user, struct nlmsghdr *message);
int netlink_dump(Netlink *n, struct nl_msg *msg, NetlinkEach each, void *user);

/* What the kernel said about the failure of the last request; "" when nothing. */
const char *netlink_said(const Netlink *n);

/* A result of libnl as -errno. */
int netlink_errno(int nl_error);

void netlink_msg_freep(struct nl_msg **msg);
#define CLEANUP_MSG CLEANUP(netlink_msg_freep)
