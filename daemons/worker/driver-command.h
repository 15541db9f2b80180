/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * From what was submitted (DriverDescription.command) to the command line and environment of a
 * cluster-mode driver (org.apache.spark.deploy.worker.DriverRunner), by way of java-command.h.
 * Pure.
 */

#include "daemons/worker/java-command.h"

typedef struct DriverInput {
        JavaSite site;
        const DriverDescription *desc;
        const char *worker_url;     /* spark://Worker@host:port */
        const char *user_jar;       /* where it is on this host */
        const char *log_url;        /* up to and without the log's name */
        const char *resources_file; /* or NULL */
} DriverInput;

/* As java_command_build(). */
int driver_command_build(const DriverInput *in, JavaCommand *ret);
