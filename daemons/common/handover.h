/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * From one process of a daemon to the next: open connections and the daemon's own state, left in
 * the service manager's FD store (sd_pid_notify_with_fds(3); the unit needs
 * FileDescriptorStoreMax=). Peers do not notice such a restart.
 *
 * systemd 252 keeps the store over `systemctl restart` and over a crash with Restart=, and drops it
 * at `systemctl stop`.
 */

#include <jansson.h>

#include "rpc/rpc.h"

/* Stores every open connection of `rpc` and `state`, whose reference is taken (NULL: there was no
 * memory for it). The daemon ends then, without another word to anyone. 0; -ENOTCONN when there is
 * no service manager; or -errno, and nothing will be found. */
int handover_save(Rpc *rpc, json_t *state);

/* Takes up what the process before left, into an environment without connections, and lets the
 * store go. 1 with what it saved in *ret_state (the caller's reference), 0 when it left nothing, or
 * -errno when that cannot be used: then its connections are closed. What it watched is watched on:
 * as the connection that it was, or after a crash as one that is only kept (rpc_conn_keep()). Once,
 * and after the listening sockets were taken (daemon.h). */
int handover_restore(Rpc *rpc, json_t **ret_state);

/* Keeps a copy of the connection's socket in the store over a crash, until handover_unwatch(), for
 * a peer that ends itself when the connection breaks. 0 or -errno. */
int handover_watch(RpcConn *conn);
void handover_unwatch(uint64_t conn_id);
