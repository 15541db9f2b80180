/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/worker/driver-command.h"

#include <errno.h>
#include <stdio.h>

int driver_command_build(const DriverInput *in, JavaCommand *ret)
{
        CLEANUP_FREE char *out = NULL, *err = NULL, *resources = NULL;

        if (asprintf(&err, "%sstderr", in->log_url) < 0)
                err = NULL; /* asprintf() leaves it undefined */
        if (asprintf(&out, "%sstdout", in->log_url) < 0)
                out = NULL;
        if (in->resources_file &&
            asprintf(&resources, "-Dspark.driver.resourcesFile=%s", in->resources_file) < 0)
                resources = NULL;
        if (!out || !err || (in->resources_file && !resources))
                return -ENOMEM;

        StringPair arguments[] = { { "{{WORKER_URL}}", in->worker_url },
                                   { "{{USER_JAR}}", in->user_jar } };
        StringPair variables[] = { { "SPARK_DRIVER_LOG_URL_STDERR", err },
                                   { "SPARK_DRIVER_LOG_URL_STDOUT", out } };
        const char *options[] = { resources };
        const JavaRequest request = {
                .site = &in->site,
                .command = &in->desc->command,
                .memory_mb = in->desc->mem,
                .arguments = { arguments, ARRAY_SIZE(arguments) },
                .add_options = { options, resources ? 1 : 0 },
                .variables = { variables, ARRAY_SIZE(variables) },
        };
        return java_command_build(&request, ret);
}
