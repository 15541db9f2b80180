/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Links, addresses, routes and rules of this network namespace: read, and changed one by one.
 * A NETLINK_ROUTE socket is the caller's. All return 0 or -errno.
 */

#include "netsetup/netlink.h"
#include "netsetup/state.h"

/* Adds all there is to the state. */
int nl_route_read(Netlink *n, NetState *state);

int nl_link_add_wireguard(Netlink *n, const char *name);
int nl_link_remove(Netlink *n, const char *name);
/* "mtu/NAME" or "up/NAME" */
int nl_link_set(Netlink *n, const char *setting, const char *value);

int nl_address_add(Netlink *n, const NetAddr *address);
int nl_address_remove(Netlink *n, const NetAddr *address);

/* Messages for netlink_request_many(), owned by the caller. `replace`: there may be one with the
 * same key. */
int nl_route_add_message(Netlink *n, const NetRoute *route, bool replace, struct nl_msg **ret);
int nl_route_remove_message(Netlink *n, const NetRoute *route, struct nl_msg **ret);
int nl_rule_add_message(const NetRule *rule, struct nl_msg **ret);
int nl_rule_remove_message(const NetRule *rule, struct nl_msg **ret);
