/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text as network.conf: read, judged, and made into what the kernel should have; a plan of it
 * for an empty host and back again has to come out even.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "netsetup/conf.h"
#include "netsetup/desired.h"
#include "netsetup/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void plan(const NetState *desired, const NetState *actual)
{
        CLEANUP_PLAN Plan plan;

        plan_init(&plan);
        int r = plan_make(desired, actual, &plan);

        if (r != 0 && (r != -EINVAL || plan.problems.length == 0 || plan.n_steps > 0))
                abort();
        for (size_t i = 0; i < plan.n_steps; i++)
                if (!plan.steps[i].what || !plan.steps[i].why ||
                    (!plan.steps[i].before && !plan.steps[i].after))
                        abort();
}

/* A state beside itself has nothing to do, as far as it has no settings (their values agree) and
 * its links are there. */
static void plan_same(const NetState *desired)
{
        CLEANUP_PLAN Plan plan;

        plan_init(&plan);
        if (plan_make(desired, desired, &plan) == 0 && plan.n_steps > 0)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEANUP_CONF Conf conf;
        CLEANUP_STATE NetState desired;
        CLEANUP_STATE NetState empty;

        conf_init(&conf);
        state_init(&desired);
        state_init(&empty);
        int r = conf_read_text(&conf, "fuzz", (const char *)data, size);

        if (r >= 0)
                r = conf_check(&conf);
        if (r != 0 && r != -EINVAL)
                abort();
        if ((r == -EINVAL) != (conf.problems.length > 0))
                abort();
        if (r < 0)
                return 0;
        if (desired_make(&conf, &desired) < 0)
                abort();
        plan(&desired, &empty);
        plan(&empty, &desired);
        plan_same(&desired);
        return 0;
}
