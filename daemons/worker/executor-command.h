/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * From what the driver asked for (ApplicationDescription.command) and what is here to the command
 * line and environment of an executor, exactly as the JVM worker builds them
 * (org.apache.spark.deploy.worker.{ExecutorRunner,CommandUtils} and the launcher library's
 * AbstractCommandBuilder). Pure: what must be looked up in the file system is an input.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/strv.h"
#include "wire/deploy.h"

/* Environment variables by which a driver, or our master on its behalf, chooses the engine. They
 * are not handed on. */
#define ENV_ENGINE "SPARKD_ENGINE" /* an exact version, from spark.executorEnv.SPARKD_ENGINE */
#define ENV_LINES  "SPARKD_LINES"  /* lines that fit the driver: "3.5,3.4" */

typedef struct CommandInput {
        const ApplicationDescription *app;
        const char *app_id;
        int32_t exec_id, rp_id, cores, memory_mb;

        const Strv *environment; /* the worker's own */
        const char *spark_home;  /* of the engine */
        const char *scala;       /* its Scala binary version: "2.12" */
        const char
                *slf4j_jar; /* its jars/slf4j-api-*.jar, for 4.x, which puts it first; else NULL */
        const char *java_home; /* where neither command nor environment has JAVA_HOME */
        const char *java_opts; /* the text of conf/java-opts, or NULL */
        bool (*is_directory)(const char *path);

        const char *worker_url; /* spark://Worker@host:port */
        const char *worker_host;
        const char *log_url;           /* up to and without the log's name:
                                          "http://h:8081/logPage/?...logType=" */
        const char *const *local_dirs; /* NULL-terminated */
        const char *resources_file;    /* or NULL */
        const StringMap *ssl_settings; /* the worker's own spark.ssl.* settings */
} CommandInput;

typedef struct ExecutorCommand {
        Strv argv; /* argv[0] is the java to run */
        Strv environment;
} ExecutorCommand;

/* 0, -EINVAL when the command lacks a string that it must have or the quotes of java-opts do not
 * match, or -ENOMEM. *ret must be executor_command_done() when 0. */
int executor_command_build(const CommandInput *in, ExecutorCommand *ret);
void executor_command_done(ExecutorCommand *c);

/* The value of a variable for the executor: the command's, else the worker's; NULL when neither has
 * it or it is empty. The directory of its configuration follows from it, hence public. */
const char *command_getenv(const Command *command, const Strv *environment, const char *name);

/* SPARK_CONF_DIR, else SPARK_HOME/conf; owned by the caller, NULL when out of memory. */
char *command_conf_dir(const Command *command, const Strv *environment, const char *spark_home);

/* Splits java-opts text into arguments by the launcher's rules for quotes and backslashes. 0,
 * -EINVAL for an unclosed quote, or -ENOMEM. */
int command_split_options(const char *text, Strv *ret);
