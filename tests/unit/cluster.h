/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A made-up cluster for tests of what reads the master's state: the real state machine, fed with
 * what workers and drivers would send.
 */

#include "daemons/master/master.h"

#define CLUSTER_NOW UINT64_C(1763680574000000) /* 2025-11-20 23:16:14 UTC, in microseconds */

typedef struct Cluster {
        Master *master;
        MasterTime time;
        ConnId next_conn;
} Cluster;

void cluster_init(Cluster *c);
void cluster_done(Cluster *c);

/* One event at the present time; probes are answered with the connection's lines. */
void cluster_event(Cluster *c, const MasterEvent *event);

/* A 3.5 JVM worker "worker-N" at 10.0.0.N:35000 with two GPUs. Returns its connection. */
ConnId cluster_add_worker(Cluster *c, unsigned n, int cores, int memory);

/* A worker of ours like it, whose executors may take `limit` MiB. */
ConnId cluster_add_limited_worker(Cluster *c, unsigned n, int cores, int memory, int limit);

/* A 3.5 application that wants executors of `memory` MiB with one core and `gpus` GPUs each, at
 * most two cores in all. Returns it. */
const App *cluster_add_app(Cluster *c, const char *name, int memory, int gpus);

/* A cluster-mode driver from a client. */
void cluster_add_driver(Cluster *c, const char *main_class, int memory);

/* The state of one executor, as its worker would report it. */
void cluster_executor_state(Cluster *c, const App *app, int id, ExecutorState state);
