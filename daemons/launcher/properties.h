/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The properties of the transient units: those that the request sets, and those that no request can
 * change. org.freedesktop.systemd1(5) has their types.
 */

#include <systemd/sd-bus.h>

#include "cgroups/launch-message.h"

/* Append an array "a(sv)". 0 or -errno. `fds` are LAUNCH_FDS. */
int properties_start(sd_bus_message *bus, const LaunchMessage *m, const char *starter,
                     const int *fds);
int properties_slice(sd_bus_message *bus, const LaunchMessage *m);
int properties_remove(sd_bus_message *bus, const LaunchMessage *m);
