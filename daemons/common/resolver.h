/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Looks names up for outgoing connections without holding the loop: a few children ask the
 * system's resolver, so that a name server that does not answer delays those who need it and nobody
 * else.
 */

#include <systemd/sd-event.h>

#include "rpc/rpc.h"

typedef struct Resolver Resolver;

/* 0 or -ENOMEM. */
int resolver_new(sd_event *event, Resolver **ret);
/* What is under way is forgotten. NULL is fine. */
void resolver_free(Resolver *resolver);

/* For RpcHandlers.resolve: rpc_conn_resolved() follows. */
void resolver_resolve(Resolver *resolver, Rpc *rpc, RpcConn *conn, const char *host);
