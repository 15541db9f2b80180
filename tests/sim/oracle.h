/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What must hold, whatever happens. The nodes tell the oracle what has left their process and what
 * runs on their hosts; it knows nothing that a machine believes.
 */

#include "tests/sim/sim.h"

Oracle *oracle_new(Sim *sim);
Oracle *oracle_free(Oracle *o);

/* A driver was told (or will be: it has left the master) that it is registered. `lost`: it won't be
 * any more, and its master will notice. */
void oracle_accepted(Oracle *o, const char *app, const Node *driver, bool lost);
/* The application has ended, or is free to be ended: it is not missed any more. */
void oracle_over(Oracle *o, const char *app);
void oracle_driver_gone(Oracle *o, const Node *driver);
/* If it is a driver: the master may well take it for gone. */
void oracle_connection_lost(Oracle *o, const Node *node);

/* A process of executor "APP/N", or of a driver that is the client's job number `job`, begins and
 * ends, on that host. */
void oracle_started(Oracle *o, const char *id, unsigned job, const Node *worker);
void oracle_ended(Oracle *o, const char *id, unsigned job, bool well);
/* A driver has an id, and its client is told; it has ended for its master. */
void oracle_job_accepted(Oracle *o, const char *id);
void oracle_job_over(Oracle *o, const char *id);
/* What a driver was told of its executor. A master tells each thing once; the next may tell an end
 * again. A beginning that a master could not tell any more before it ended is not told by the next,
 * so that a driver may learn of the end of one whose beginning it was not told. */
void oracle_told_added(Oracle *o, const char *executor);
void oracle_tells_ended(Oracle *o, const char *executor); /* the master, and it is under way */
void oracle_told_ended(Oracle *o, const char *executor);
void oracle_unadded(Oracle *o, const char *executor);
/* The driver has asked for its end: Spark's master does not tell it. */
void oracle_unwanted(Oracle *o, const char *executor);

/* After every item. */
void oracle_check(Oracle *o);
/* When nothing was disturbed for long: everybody agrees on what runs. */
void oracle_check_calm(Oracle *o);
/* When all applications have ended, too: nothing is left. */
void oracle_check_end(Oracle *o);

size_t oracle_executors(const Oracle *o); /* that ever ran */
size_t oracle_apps(const Oracle *o);      /* that were ever accepted */
size_t oracle_jobs(const Oracle *o);      /* that were ever run */

/* ---- what it asks the nodes ---- */

/* Within the machine: sums and limits; fails the simulation if not so. */
void master_node_check(const Node *node);
bool master_node_has_app(const Node *node, const char *app);
bool master_node_has_executor(const Node *node, const char *app, int id);
bool master_node_has_job(const Node *node, const char *id);
/* Where it believes that a driver runs; NULL: nowhere. */
const char *master_node_job_host(const Node *node, const char *id);
void master_node_each_job(const Node *node,
                          void (*each)(Oracle *o, const char *id, const char *host));
void master_node_check_served(const Node *node); /* nobody waits for what is free */
void master_node_check_empty(const Node *node);

void worker_node_check(const Node *node);
void worker_node_check_empty(const Node *node);
bool worker_node_registered(const Node *node);
bool worker_node_is_jvm(const Node *node);
bool worker_node_has_job(const Node *node, const char *id);

/* Its application's id while it believes to be registered, or NULL. */
const char *driver_node_app(const Node *node);
/* Whether it hears its master. */
bool driver_node_connected(const Node *node);
