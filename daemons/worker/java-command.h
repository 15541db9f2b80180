/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * From a Command of the protocol and what is here to the command line and environment of a JVM,
 * exactly as the JVM worker builds them (org.apache.spark.deploy.worker.CommandUtils and the
 * launcher library's AbstractCommandBuilder): what executors (executor-command.h) and cluster-mode
 * drivers (driver-command.h) have in common. Pure: what must be looked up in the file system is an
 * input.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/strv.h"
#include "wire/deploy.h"

/* Environment variables by which a driver, or our master on its behalf, chooses the engine. They
 * are not handed on. */
#define ENV_ENGINE "SPARKD_ENGINE" /* an exact version, from spark.executorEnv.SPARKD_ENGINE */
#define ENV_LINES  "SPARKD_LINES"  /* lines that fit the driver: "3.5,3.4" */

/* The engine and this host. */
typedef struct JavaSite {
        const Strv *environment; /* the worker's own */
        const char *spark_home;  /* of the engine */
        const char *scala;       /* its Scala binary version: "2.12" */
        const char
                *slf4j_jar; /* its jars/slf4j-api-*.jar, for 4.x, which puts it first; else NULL */
        const char *java_home; /* where neither command nor environment has JAVA_HOME */
        const char *java_opts; /* the text of conf/java-opts, or NULL */
        bool (*is_directory)(const char *path);
        const StringMap *ssl_settings; /* the worker's own spark.ssl.* settings */
} JavaSite;

/* What is to run on it. */
typedef struct JavaRequest {
        const JavaSite *site;
        const Command *command;
        int32_t memory_mb;
        StringMap in_options;  /* "{{WORD}}" anywhere in a Java option, and what it becomes */
        StringMap arguments;   /* "{{WORD}}" as a whole argument, and what it becomes */
        StringSeq add_options; /* behind the command's own Java options */
        StringSeq add_arguments;
        StringMap variables; /* win over all others */
} JavaRequest;

typedef struct JavaCommand {
        Strv argv; /* argv[0] is the java to run */
        Strv environment;
} JavaCommand;

/* 0, -EINVAL when the command lacks a string that it must have or the quotes of java-opts do not
 * match, or -ENOMEM. *ret must be java_command_done() when 0. */
int java_command_build(const JavaRequest *request, JavaCommand *ret);
void java_command_done(JavaCommand *c);

/* The value of a variable for the JVM: the command's, else the worker's; NULL when neither has it
 * or it is empty. The directory of its configuration follows from it, hence public. */
const char *command_getenv(const Command *command, const Strv *environment, const char *name);

/* SPARK_CONF_DIR, else SPARK_HOME/conf; owned by the caller, NULL when out of memory. */
char *command_conf_dir(const Command *command, const Strv *environment, const char *spark_home);

/* Splits java-opts text into arguments by the launcher's rules for quotes and backslashes. 0,
 * -EINVAL for an unclosed quote, or -ENOMEM. */
int command_split_options(const char *text, Strv *ret);
