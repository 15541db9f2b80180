/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * From what the driver asked for (ApplicationDescription.command) to the command line and
 * environment of an executor (org.apache.spark.deploy.worker.ExecutorRunner), by way of
 * java-command.h. Pure.
 */

#include "daemons/worker/java-command.h"

typedef struct CommandInput {
        JavaSite site;
        const ApplicationDescription *app;
        const char *app_id;
        int32_t exec_id, rp_id, cores, memory_mb;

        const char *worker_url; /* NULL: the executor is not to end with its worker */
        const char *worker_host;
        const char *log_url;           /* up to and without the log's name:
                                          "http://h:8081/logPage/?...logType=" */
        const char *const *local_dirs; /* NULL-terminated */
        const char *resources_file;    /* or NULL */
} CommandInput;

/* As java_command_build(). */
int executor_command_build(const CommandInput *in, JavaCommand *ret);
