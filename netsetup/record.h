/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What settings that are not ours were before they were changed: lines "NAME VALUE" in a file in
 * /run, which the kernel's state does not outlive either. It is written before the change is made,
 * so that a change without a record cannot be, whenever we are killed.
 */

#include "netsetup/state.h"

#define RECORD_NAME "originals"

/* Gives the settings of the state that are in the record their originals, and adds those that it
 * does not have (without a value). No file: nothing. 0 or -errno. */
int record_read(const char *dir, NetState *state);

/* Keeps a value unless there is one for the name. 0 or -errno. */
int record_keep(const char *dir, const char *name, const char *value);

/* Forgets a name, if its original is `value` (NULL: whatever it is). 0 or -errno. */
int record_forget(const char *dir, const char *name, const char *value);
