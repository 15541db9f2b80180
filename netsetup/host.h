/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * This host's kernel: the sockets to it, and all that it has as a state.
 */

#include "netsetup/netlink.h"
#include "netsetup/state.h"

#define HOST_RUNTIME_DIR "/run/spark-netsetup"

typedef struct Host {
        Netlink *route, *generic;
        int wireguard; /* the number of its family; 0: there is none, or it is not looked up yet */
        const char *dir; /* for the record, the lock and the waiting confirmation */
} Host;

#define CLEANUP_HOST CLEANUP(host_done)

/* `dir` NULL: HOST_RUNTIME_DIR. It is made by whoever changes something. 0 or -errno. */
int host_open(Host *host, const char *dir);
void host_done(Host *host);

/* What there is, as far as it may be read, with the settings that `desired` names and those that
 * are recorded. `ret` is initialised. 0 or -errno. */
int host_read(Host *host, const NetState *desired, NetState *ret);

/* The number of the WireGuard family. -EOPNOTSUPP when the kernel has no WireGuard. */
int host_wireguard(Host *host, int *ret_family);
