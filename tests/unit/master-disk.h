/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What a store would hold: the record effects of a machine, carried out in memory, and machines
 * made from it again.
 */

#include "daemons/master/record.h"
#include "tests/unit/master-rig.h"

#define SECOND UINT64_C(1000000)

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
/* What the daemon does between the machine and the wire: applies, and checks. */
void disk_keep(Disk *d, Rig *rig);
/* The process is gone, and what it has not sent; the next one has its machine, and no event yet. */
void disk_reload(const Disk *d, Rig *rig, const MasterConfig *config);
/* The same a second later, and it begins. */
void disk_crash(Disk *d, Rig *rig, const MasterConfig *config);
size_t disk_count(const Disk *d, RecordKind kind);
