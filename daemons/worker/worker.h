/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The worker's whole state machine: registration.h, executors.h and drivers.h put
 * together, and the routing of
 * messages between them. Pure, as they are.
 */

#include "daemons/worker/drivers.h"
#include "daemons/worker/executors.h"
#include "daemons/worker/registration.h"

typedef struct WorkerConfig {
        RegistrationConfig registration;
        ExecutorsConfig executors;
        DriversConfig drivers;
        bool decommission_enabled; /* spark.decommission.enabled */
} WorkerConfig;

typedef struct Worker {
        const WorkerConfig *config; /* borrowed for the worker's life */
        Registration registration;
        Executors executors;
        Drivers drivers;
        bool decommissioned; /* takes no new executors */
        bool ended;          /* DO_EXIT was given */
} Worker;

/* 0 or -ENOMEM. A zeroed Worker can be worker_done(). */
int worker_init(Worker *w, const WorkerConfig *config);
void worker_done(Worker *w);

/* Takes up what an earlier process of this worker kept; see executors_restore(). */
int worker_restore(Worker *w, WorkerRecord record, const char *key, const Message *message,
                   RecordMark mark);

void worker_handle(Worker *w, const WorkerEvent *event, uint64_t now, WorkerEffects *fx);

/* What executors and drivers take together. */
int64_t worker_cores_used(const Worker *w);
int64_t worker_memory_used_mb(const Worker *w);

/* When ON_TICK is wanted next (microseconds); UINT64_MAX: not. */
uint64_t worker_deadline(const Worker *w);
