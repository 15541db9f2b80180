/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What a table of settings says to a reader: the texts of --help and --version.
 */

#include <stdint.h>

#include "daemons/common/options.h"

/* Both owned by the caller; NULL when out of memory. */
char *options_help_text(const OptionsSpec *spec);
char *options_version_text(const OptionsSpec *spec);

/* Where the files are that no option names; borrowed. */
const char *options_config_dir(const OptionsSpec *spec);

/* A bound as a user would write it, in the largest unit that divides it: "1m", "10s". */
#define OPTIONS_QUANTITY_MAX 32
char *options_quantity_text(SettingType type, uint64_t v, char buffer[static OPTIONS_QUANTITY_MAX]);
