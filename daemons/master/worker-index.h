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

typedef struct WorkerIndexNode WorkerIndexNode;
struct WorkerIndexNode {
        WorkerIndexNode *left, *right;
        uint32_t priority;
        int32_t cores_free, memory_free; /* of this worker; part of the key */
        const char *id;                  /* tie breaker; borrowed */
        uint32_t serves, resources;      /* of this worker: bits */
        int32_t max_cores, max_memory;   /* over the subtree */
        uint32_t any_serves, any_resources;
};
