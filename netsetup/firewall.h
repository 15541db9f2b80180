/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The rules by which the ports of a cluster are reached only over the mesh, as text for nft(8).
 */

#include "netsetup/conf.h"

/* Master, its REST server and web UI, worker's web UI, drivers' web UIs, history server, shuffle
 * service. The ports of drivers and executors are chosen by the kernel unless Spark is told. */
#define FIREWALL_PORTS "7077-7078, 6066, 8080-8081, 4040-4060, 18080, 7337"

/* A whole table, which takes the place of the one loaded before in one step. Pure; the caller's;
 * NULL when out of memory. The configuration must have an interface to let through
 * (firewall_has_interface()). */
char *firewall_rules(const Conf *conf);
bool firewall_has_interface(const Conf *conf);

/* What removes the table, whether it is there or not. */
#define FIREWALL_REMOVE "table inet spark_netsetup\ndelete table inet spark_netsetup\n"

/* Has nft(8) read the text. 0, -errno, or -EREMOTEIO when nft refuses it (it says why itself). */
int firewall_load(const char *text);
