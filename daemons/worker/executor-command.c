/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/worker/executor-command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The decimals of the numbers that replace words. */
typedef struct Numbers {
        char exec_id[12], cores[12], rp_id[12];
} Numbers;

/* The command without the option by which an executor watches its worker and ends with it: it works
 * without. `items` has room for all arguments. */
static Command without_worker_url(const Command *command, const char **items)
{
        Command less = *command;

        less.arguments = (StringSeq){ .items = items };
        for (size_t i = 0; i < command->arguments.length; i++) {
                const char *argument = command->arguments.items[i];

                if (argument && strcmp(argument, "--worker-url") == 0)
                        i++; /* and its value */
                else
                        items[less.arguments.length++] = argument;
        }
        return less;
}

static int build(const CommandInput *in, const Command *command, const Numbers *n, const char *dirs,
                 const char *err, const char *out, JavaCommand *ret)
{
        StringPair options[] = { { "{{APP_ID}}", in->app_id }, { "{{EXECUTOR_ID}}", n->exec_id } };
        StringPair arguments[] = {
                { "{{WORKER_URL}}", in->worker_url }, { "{{EXECUTOR_ID}}", n->exec_id },
                { "{{HOSTNAME}}", in->worker_host },  { "{{CORES}}", n->cores },
                { "{{APP_ID}}", in->app_id },         { "{{RESOURCE_PROFILE_ID}}", n->rp_id },
        };
        StringPair variables[] = {
                { "SPARK_EXECUTOR_DIRS", dirs },
                /* else a wrapper would start java by way of the scala command */
                { "SPARK_LAUNCH_WITH_SCALA", "0" },
                { "SPARK_LOG_URL_STDERR", err },
                { "SPARK_LOG_URL_STDOUT", out },
        };
        const char *resources[] = { "--resourcesFile", in->resources_file };
        const JavaRequest request = {
                .site = &in->site,
                .command = command,
                .memory_mb = in->memory_mb,
                .in_options = { options, ARRAY_SIZE(options) },
                .arguments = { arguments, ARRAY_SIZE(arguments) },
                .add_arguments = { resources, in->resources_file ? ARRAY_SIZE(resources) : 0 },
                .variables = { variables, ARRAY_SIZE(variables) },
        };

        return java_command_build(&request, ret);
}

int executor_command_build(const CommandInput *in, JavaCommand *ret)
{
        CLEANUP_STRV Strv dirs = { 0 };
        CLEANUP_FREE char *joined = NULL, *out = NULL, *err = NULL;
        CLEANUP_FREE const char **items = NULL;
        Command command = in->app->command;
        Numbers n;
        int r = 0;

        if (!in->worker_url) {
                items = calloc(command.arguments.length + 1, sizeof(*items));
                if (!items)
                        return -ENOMEM;
                command = without_worker_url(&in->app->command, items);
        }

        for (size_t i = 0; r == 0 && in->local_dirs[i]; i++)
                r = strv_add(&dirs, in->local_dirs[i]);
        if (r < 0)
                return r;
        joined = strv_join(&dirs, ":");
        if (asprintf(&err, "%sstderr", in->log_url) < 0)
                err = NULL; /* asprintf() leaves it undefined */
        if (asprintf(&out, "%sstdout", in->log_url) < 0)
                out = NULL;
        if (!joined || !out || !err)
                return -ENOMEM;
        (void)snprintf(n.exec_id, sizeof(n.exec_id), "%d", in->exec_id);
        (void)snprintf(n.cores, sizeof(n.cores), "%d", in->cores);
        (void)snprintf(n.rp_id, sizeof(n.rp_id), "%d", in->rp_id);
        return build(in, &command, &n, joined, err, out, ret);
}
