/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/common/unit-job.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "base/macro.h"

#define SYSTEMD "org.freedesktop.systemd1"

/* PID 1 answers these from memory. */
#define CALL_USEC (UINT64_C(5) * 1000000)

/* The job that is pending for our unit; 0: none. */
static int find_job(sd_bus *bus, uint32_t *ret_id, char **ret_path)
{
        CLEANUP(sd_bus_message_unrefp) sd_bus_message *unit = NULL, *job = NULL;
        const char *path;
        int r = sd_bus_call_method(bus, SYSTEMD, "/org/freedesktop/systemd1", SYSTEMD ".Manager",
                                   "GetUnitByPID", NULL, &unit, "u", (uint32_t)getpid());

        if (r >= 0)
                r = sd_bus_message_read(unit, "o", &path);
        if (r >= 0)
                r = sd_bus_get_property(bus, SYSTEMD, path, SYSTEMD ".Unit", "Job", NULL, &job,
                                        "(uo)");
        if (r >= 0)
                r = sd_bus_message_read(job, "(uo)", ret_id, &path);
        if (r < 0)
                return r;
        *ret_path = strdup(path);
        return *ret_path ? 0 : -ENOMEM;
}

int unit_is_restarting(void)
{
        CLEANUP(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        CLEANUP_FREE char *job = NULL, *type = NULL;
        uint32_t id = 0;
        int r = sd_bus_open_system(&bus);

        if (r >= 0)
                r = sd_bus_set_method_call_timeout(bus, CALL_USEC);
        if (r >= 0)
                r = find_job(bus, &id, &job);
        if (r < 0 || id == 0)
                return r < 0 ? r : 0;
        r = sd_bus_get_property_string(bus, SYSTEMD, job, SYSTEMD ".Job", "JobType", NULL, &type);
        return r < 0 ? r : strcmp(type, "restart") == 0 || strcmp(type, "try-restart") == 0;
}
