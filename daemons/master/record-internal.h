/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The records as structs (record.c has their tables), and what makes objects of them.
 */

#include "daemons/master/internal.h"

/* What a worker says of itself, by its registration or by its record. */
typedef struct WorkerRecord {
        const char *id, *host, *address, *web_ui_url, *engines, *lines;
        int32_t port, cores, memory;
        int32_t limit_memory, overhead_percent, overhead_min; /* WorkerLimits */
        bool decommissioned;
        ResourceMap resources;
} WorkerRecord;

typedef struct AppRecord {
        const char *engine;
        EndpointRef driver;
        int64_t start;
        OptInt cores; /* that it may have in all, where it does not say */
        ApplicationDescription desc;
} AppRecord;

typedef struct ProfileRecord {
        int32_t id, target;
        ResourceProfile profile; /* empty for id 0: the description has it */
} ProfileRecord;

typedef struct ProfileRecordSeq {
        ProfileRecord *items;
        size_t length;
} ProfileRecordSeq;

typedef struct AppStateRecord {
        const char *lines;
        int32_t retry_count, next_executor_id;
        bool asked;
        ProfileRecordSeq profiles;
} AppStateRecord;

typedef struct ExecutorRecord {
        const char *worker;
        int32_t rp_id, cores, memory, limit;
        ExecutorState state;
        int64_t start;
        ResourceMap resources;
        /* Of one that has ended, by its state, and whose driver is owed that: */
        const char *host, *message;
        OptInt exit_status;
        bool lost;
} ExecutorRecord;

typedef struct DriverRecord {
        const char *lines, *worker, *worker_address; /* worker NULL: it waits */
        int32_t limit;
        bool kill;
        int64_t start;
        ResourceMap resources;
        DriverDescription desc;
} DriverRecord;

typedef struct MasterRecord {
        int64_t next_app_number, next_driver_number;
} MasterRecord;

/* Each makes the object and puts it where it belongs; without memory it sets t->error. `lines` are
 * those of the record. */
void worker_put_back(Turn *t, const char *id, const WorkerRecord *r, LineSet lines);
void app_restore(Turn *t, const char *id, const AppRecord *r);
void app_restore_state(Turn *t, App *app, const AppStateRecord *r, LineSet lines);
/* NULL: there is one of that id, or no memory. Also for what a worker tells of. */
Executor *executor_restore(Turn *t, App *app, Worker *w, int32_t id, const ExecutorRecord *r);
/* One that has ended. */
void executor_restore_end(Turn *t, App *app, int32_t id, const ExecutorRecord *r);
void driver_restore(Turn *t, const char *id, const DriverRecord *r, Worker *w, LineSet lines);
