/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/master/worker-index.h"

#include <string.h>

#include "base/macro.h"

void worker_index_init(WorkerIndex *index, WorkerPolicy policy)
{
        *index = (WorkerIndex){ .policy = policy };
}

/* Order of two nodes; 0 only for the same worker. The reference is Master.scala's sort: by the
 * number and then the id, the whole reversed for the descending policies. */
static int node_compare(WorkerPolicy policy, const WorkerIndexNode *a, const WorkerIndexNode *b)
{
        int by_cores = (a->cores_free > b->cores_free) - (a->cores_free < b->cores_free);
        int by_memory = (a->memory_free > b->memory_free) - (a->memory_free < b->memory_free);
        int by_id = strcmp(a->id, b->id);
        switch (policy) {
        case POLICY_CORES_FREE_ASC:
                return by_cores ? by_cores : by_id;
        case POLICY_MEMORY_FREE_DESC:
                return by_memory ? -by_memory : -by_id;
        case POLICY_MEMORY_FREE_ASC:
                return by_memory ? by_memory : by_id;
        case POLICY_WORKER_ID:
                return by_id;
        case POLICY_CORES_FREE_DESC:
        default:
                return by_cores ? -by_cores : -by_id;
        }
}

/* Recomputes what a node knows of its subtree. */
static WorkerIndexNode *node_summarize(WorkerIndexNode *n)
{
        n->max_cores = n->cores_free;
        n->max_memory = n->memory_free;
        n->max_limit = n->limit_free;
        n->any_serves = n->serves;
        n->any_resources = n->resources;
        const WorkerIndexNode *const children[] = { n->left, n->right };
        for (size_t i = 0; i < ARRAY_SIZE(children); i++) {
                const WorkerIndexNode *c = children[i];
                if (!c)
                        continue;
                n->max_cores = MAX_OF(n->max_cores, c->max_cores);
                n->max_memory = MAX_OF(n->max_memory, c->max_memory);
                n->max_limit = MAX_OF(n->max_limit, c->max_limit);
                n->any_serves |= c->any_serves;
                n->any_resources |= c->any_resources;
        }
        return n;
}

/* Parts a tree into what comes before `key` and what comes behind it. */
static void tree_split(WorkerIndex *index, WorkerIndexNode *tree, const WorkerIndexNode *key,
                       WorkerIndexNode **ret_before, WorkerIndexNode **ret_behind)
{
        if (!tree) {
                *ret_before = *ret_behind = NULL;
                return;
        }
        index->steps++;
        if (node_compare(index->policy, tree, key) < 0) {
                tree_split(index, tree->right, key, &tree->right, ret_behind);
                *ret_before = node_summarize(tree);
        } else {
                tree_split(index, tree->left, key, ret_before, &tree->left);
                *ret_behind = node_summarize(tree);
        }
}

/* Joins two trees of which all of `a` comes before all of `b`. */
static WorkerIndexNode *tree_join(WorkerIndex *index, WorkerIndexNode *a, WorkerIndexNode *b)
{
        if (!a || !b)
                return a ? a : b;
        index->steps++;
        if (a->priority > b->priority) {
                a->right = tree_join(index, a->right, b);
                return node_summarize(a);
        }
        b->left = tree_join(index, a, b->left);
        return node_summarize(b);
}

static WorkerIndexNode *tree_add(WorkerIndex *index, WorkerIndexNode *tree, WorkerIndexNode *node)
{
        if (!tree || tree->priority < node->priority) {
                tree_split(index, tree, node, &node->left, &node->right);
                return node_summarize(node);
        }
        index->steps++;
        if (node_compare(index->policy, node, tree) < 0)
                tree->left = tree_add(index, tree->left, node);
        else
                tree->right = tree_add(index, tree->right, node);
        return node_summarize(tree);
}

static WorkerIndexNode *tree_remove(WorkerIndex *index, WorkerIndexNode *tree,
                                    const WorkerIndexNode *node)
{
        if (!tree)
                return NULL;
        index->steps++;
        if (tree == node)
                return tree_join(index, tree->left, tree->right);
        if (node_compare(index->policy, node, tree) < 0)
                tree->left = tree_remove(index, tree->left, node);
        else
                tree->right = tree_remove(index, tree->right, node);
        return node_summarize(tree);
}

/* A treap stays flat when its priorities look random; a counter stirred by splitmix64's finisher
 * does, and gives the same tree in every run. No peer chooses it. */
static uint32_t priority_of(uint64_t n)
{
        n *= UINT64_C(0x9E3779B97F4A7C15);
        n = (n ^ (n >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
        n = (n ^ (n >> 27)) * UINT64_C(0x94D049BB133111EB);
        return (uint32_t)(n >> 32);
}

void worker_index_add(WorkerIndex *index, WorkerIndexNode *node)
{
        node->left = node->right = NULL;
        node->priority = priority_of(++index->added);
        index->root = tree_add(index, index->root, node);
}

void worker_index_remove(WorkerIndex *index, WorkerIndexNode *node)
{
        index->root = tree_remove(index, index->root, node);
        node->left = node->right = NULL;
}

static bool subtree_may(const WorkerIndexNode *n, const WorkerIndexWant *want)
{
        return n->max_cores >= want->cores && n->max_memory >= want->memory &&
               n->max_limit >= want->limit && (n->any_serves & want->serves) &&
               (n->any_resources & want->resources) == want->resources;
}

static bool node_has(const WorkerIndexNode *n, const WorkerIndexWant *want)
{
        return n->cores_free >= want->cores && n->memory_free >= want->memory &&
               n->limit_free >= want->limit && (n->serves & want->serves) &&
               (n->resources & want->resources) == want->resources;
}

/* `after` NULL: the whole subtree lies behind it. */
static WorkerIndexNode *tree_next(WorkerIndex *index, WorkerIndexNode *tree,
                                  const WorkerIndexNode *after, const WorkerIndexWant *want)
{
        while (tree) {
                index->steps++;
                if (!subtree_may(tree, want))
                        return NULL;
                if (!after || node_compare(index->policy, tree, after) > 0) {
                        WorkerIndexNode *found = tree_next(index, tree->left, after, want);
                        if (found)
                                return found;
                        if (node_has(tree, want))
                                return tree;
                        after = NULL;
                }
                tree = tree->right;
        }
        return NULL;
}

WorkerIndexNode *worker_index_next(WorkerIndex *index, const WorkerIndexNode *after,
                                   const WorkerIndexWant *want)
{
        return tree_next(index, index->root, after, want);
}

int32_t worker_index_max_cores(const WorkerIndex *index)
{
        return index->root ? index->root->max_cores : 0;
}
