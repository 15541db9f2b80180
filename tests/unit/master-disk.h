/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What a store would hold: the record effects of a machine, carried out in memory, and machines
 * made from it again.
 */

#include "daemons/master/record.h"

typedef struct DiskRecord DiskRecord;

typedef struct Disk {
        DiskRecord *records; /* list (prev, next) in the order of their first put */
} Disk;

void disk_done(Disk *d);

/* Carries out the record effects, as the daemon does before it carries out the others. */
void disk_apply(Disk *d, const Master *m, const MasterEffects *effects);
/* Fails the test unless the disk holds just what the machine would write of all it has. */
void disk_check(const Disk *d, const Master *m);
/* A new machine that has all of it, before its first event. */
Master *disk_restart(const Disk *d, const MasterConfig *config, MasterTime time);
size_t disk_count(const Disk *d, RecordKind kind);
