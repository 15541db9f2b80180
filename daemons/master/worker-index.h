/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Usable workers in the order in which the scheduler considers them, as a treap whose nodes know
 * the best of their subtree: "the next worker with at least c cores and m MiB free that serves one
 * of these lines" skips every subtree that has none. Nodes are embedded in the workers.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* spark.deploy.workerSelectionPolicy. Ties are broken by worker id, reversed for the DESC ones. */
typedef enum WorkerPolicy {
        POLICY_CORES_FREE_DESC, /* default */
        POLICY_CORES_FREE_ASC,
        POLICY_MEMORY_FREE_DESC,
        POLICY_MEMORY_FREE_ASC,
        POLICY_WORKER_ID,
        POLICY_MAX,
        POLICY_INVALID = -1,
} WorkerPolicy;

typedef struct WorkerIndexNode WorkerIndexNode;
/* What the index knows of a worker: set the first group before worker_index_add(). */
struct WorkerIndexNode {
        const char *id; /* borrowed; unique in the index */
        int32_t cores_free, memory_free;
        int32_t limit_free; /* INT32_MAX: has no limits */
        uint32_t serves;    /* bits, of which a want must share one */
        uint32_t resources; /* bits, all of which a want may ask for */

        WorkerIndexNode *left, *right;
        uint32_t priority;
        int32_t max_cores, max_memory, max_limit; /* over the subtree, this node included */
        uint32_t any_serves, any_resources;
};

typedef struct WorkerIndexWant {
        int32_t cores, memory, limit;
        uint32_t serves;    /* at least one of these bits */
        uint32_t resources; /* every one of these */
} WorkerIndexWant;

typedef struct WorkerIndex {
        WorkerPolicy policy;
        WorkerIndexNode *root;
        uint64_t added; /* gives each node its priority */
        uint64_t steps; /* nodes looked at, for tests and statistics */
} WorkerIndex;

void worker_index_init(WorkerIndex *index, WorkerPolicy policy);

void worker_index_add(WorkerIndex *index, WorkerIndexNode *node);
/* The node must be in the index, with the key it was added with. */
void worker_index_remove(WorkerIndex *index, WorkerIndexNode *node);

/* The first node behind `after` (NULL: of all) that has what is wanted, or NULL. `after` need not
 * be in the index: its key tells the place. Visits O(log n) nodes as long as the maxima tell; a
 * subtree with the cores in one worker and the memory in another costs a look at both. */
WorkerIndexNode *worker_index_next(WorkerIndex *index, const WorkerIndexNode *after,
                                   const WorkerIndexWant *want);

/* The most cores that one worker of the index has free; 0 when it is empty. */
int32_t worker_index_max_cores(const WorkerIndex *index);
