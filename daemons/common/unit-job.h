/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What systemd is about to do with the unit that this process belongs to.
 */

/* 1 when it ends us in order to start us again (systemctl restart, an upgrade), 0 when it does not,
 * or -errno when it cannot be asked: -ESRCH or alike where we are no unit's. */
int unit_is_restarting(void);
