/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What of the master outlives its process: from the machine's state to bytes and back. The machine
 * says by EFFECT_RECORD_* which records changed; whoever carries the effects out reads them here
 * and gives them to a store. After a restart they are given back before EVENT_START, in the order
 * in which they were first put.
 *
 * Not kept, as with Spark: completed applications and drivers, dead workers, and ended executors
 * whose drivers have been told.
 */

#include "base/buffer.h"
#include "daemons/master/master.h"
#include "daemons/master/record-bytes.h"

#define RECORD_E_NEWER 2 /* a later version has written it; beside RECORD_E_DAMAGED */

/* Appends the record. 0, -ENOENT when there is none of that key (any more), -ENOMEM. */
int master_record(const Master *m, RecordKind kind, const char *key, Buffer *out);

/* One record into a machine that has had no event yet. 0; a RECORD_E_; -ENOMEM. What refers to
 * something that is not there is passed over. */
int master_restore(Master *m, MasterTime time, RecordKind kind, const char *key, const void *data,
                   size_t size);

/* Every record that there is, in an order in which they can be restored; `key` is borrowed during
 * the call. What `each` returns other than 0 ends it and is returned. */
typedef int (*MasterRecordHandler)(void *user, RecordKind kind, const char *key);
int master_each_record(const Master *m, MasterRecordHandler each, void *user);
