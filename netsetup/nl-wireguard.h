/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * WireGuard devices through the kernel's generic netlink family: read whole, and changed without
 * touching what stays. A message holds what fits; a peer with many allowed IPs goes on in the next
 * one. All return 0 or -errno.
 */

#include "netsetup/netlink.h"
#include "netsetup/state.h"

/* On a NETLINK_GENERIC socket: the number of the family. -ENOENT: this kernel has no WireGuard. */
int wg_family(Netlink *n, int *ret_family);

/* Adds the device to the state; -EPERM for all but root: then it is there and unreadable. */
int wg_read(Netlink *n, int family, NetState *state, const char *name);

/* What `set` (STEP_SET_* of plan.h) says of its key, port and mark. */
int wg_set_device(Netlink *n, int family, const WgDevice *device, unsigned set);

typedef struct WgPeerChange {
        const WgPeer *peer;
        bool remove;
        unsigned set; /* STEP_SET_* */
        /* Allowed IPs that it shall have no longer and no other peer of the device takes. */
        const NetPrefix *release;
        size_t n_release;
} WgPeerChange;

/* In order; any number. What a failure leaves is some of the changes. */
int wg_set_peers(Netlink *n, int family, const char *device, const WgPeerChange *changes,
                 size_t count);
