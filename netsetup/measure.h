/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * mtu = auto: the path MTU to the peers of a device, and what was found last, for the time before
 * they can be reached and for those who may not send echo requests (the unit at boot).
 */

#include "netsetup/state.h"

#define MEASURE_STATE_DIR "/var/lib/spark-netsetup"

/* The largest packet that can go through the tunnel to every peer that answers; *ret 0 when none
 * does. 0, or -EPERM: this user may not measure. */
int measure_device(const WgDevice *device, uint32_t *ret);

/* What was kept for the device; 0 when nothing was. */
uint32_t measure_recall(const char *dir, const char *device);
/* 0 or -errno. */
int measure_keep(const char *dir, const char *device, uint32_t mtu);
