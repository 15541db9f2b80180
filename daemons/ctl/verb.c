/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/ctl/verb.h"

#include <errno.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/problem.h"
#include "daemons/ctl/address.h"
#include "daemons/ctl/fetch.h"

int verb_out_of_memory(void)
{
        (void)fprintf(stderr, "spark-cluster: out of memory\n");
        return EXIT_FAILURE;
}

int verb_master_url(const char *master, char **ret)
{
        int r = webui_url_from_environment(master, ret);

        if (r == 0)
                return EXIT_SUCCESS;
        if (r != -EINVAL)
                return verb_out_of_memory();
        (void)fprintf(stderr,
                      "spark-cluster: '%s' is no master: a URL, host or host:port of its web UI is "
                      "expected\n",
                      master ? master : "SPARK_MASTER_WEBUI, SPARK_MASTER_HOST");
        return EX_USAGE;
}

int verb_fetch_master(const char *url, Buffer *body, char **ret_problem)
{
        CLEANUP_FREE char *address = NULL, *why = NULL;
        int r;

        if (asprintf(&address, "%s/json/", url) < 0) {
                address = NULL; /* asprintf() leaves it undefined */
                return -ENOMEM;
        }
        r = fetch(address, body, &why);
        if (r != -EIO)
                return r;
        return problem_set(
                ret_problem, -EIO,
                "no master's web UI answers at %s: %s (is the master running? --master says "
                "where it is)",
                url, why);
}
