/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Settings that change while a daemon runs: on SIGHUP they are read from the same sources again,
 * but for the environment, which is as it was. What is wrong is logged with its file, line and key,
 * and then nothing changes.
 */

#include <stdbool.h>
#include <stddef.h>

#include "daemons/common/options.h"

/* `settings`, of `size` bytes, is what options_load() filled with `o`. Live settings get their new
 * values in place (strings are freed: nobody may hold on to those of live settings); of others that
 * changed a warning names those that wait for a restart. systemd is told when it begins and ends.
 * True when something in *settings has changed. */
bool reload_settings(const Options *o, void *settings, size_t size);
