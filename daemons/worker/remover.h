/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Removes directories of ours in a child (helper.h), and has the backend empty them where
 * executors, who are of another user, left what we may not remove.
 */

#include "base/strv.h"
#include "cgroups/backend.h"

typedef struct Remover Remover;

/* Both are borrowed. NULL when out of memory. */
Remover *remover_new(sd_event *event, Backend *backend);
/* Removals under way are given up: the backend must be gone already, as it may have orders of ours.
 * NULL is fine. */
void remover_free(Remover *remover);

/* Begins to remove; `dirs` is copied. What is left in the end is logged. 0 or -errno. */
int remover_remove(Remover *remover, const Strv *dirs);
