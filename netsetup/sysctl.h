/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Settings of the kernel below /proc/sys/net, by name: "net.ipv4.ip_forward". A dot in the name of
 * an interface is written as a slash, as sysctl(8) does.
 */

#include "base/macro.h"

/* Without the newline; owned by the caller. 0 or -errno; -ENOENT when this kernel has none. */
int sysctl_read(const char *name, char **ret);
int sysctl_write(const char *name, const char *value);
