/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/master/worker-index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "tests/unit/unit.h"

#define MANY 400

typedef struct Item {
        WorkerIndexNode node;
        char id[16];
        bool in;
} Item;

/* A fixed sequence: a failure comes again. */
static uint32_t next_random(uint64_t *state)
{
        *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (uint32_t)(*state >> 33);
}

static int32_t below(uint64_t *state, int32_t n)
{
        return (int32_t)(next_random(state) % (uint32_t)n);
}

static WorkerPolicy sort_policy;

/* The orders as Spark's documentation has them, spelled out once more. */
static int compare(const void *pa, const void *pb)
{
        const WorkerIndexNode *a = &(*(Item *const *)pa)->node, *b = &(*(Item *const *)pb)->node;
        int64_t x = 0, y = 0;
        bool reversed = false;
        if (sort_policy == POLICY_CORES_FREE_DESC || sort_policy == POLICY_CORES_FREE_ASC) {
                x = a->cores_free;
                y = b->cores_free;
        } else if (sort_policy != POLICY_WORKER_ID) {
                x = a->memory_free;
                y = b->memory_free;
        }
        reversed = sort_policy == POLICY_CORES_FREE_DESC || sort_policy == POLICY_MEMORY_FREE_DESC;
        int r = x != y ? (x < y ? -1 : 1) : strcmp(a->id, b->id);
        return reversed ? -r : r;
}

static size_t sorted(Item *items, size_t n, Item **ret)
{
        size_t k = 0;
        for (size_t i = 0; i < n; i++)
                if (items[i].in)
                        ret[k++] = &items[i];
        qsort(ret, k, sizeof(*ret), compare);
        return k;
}

static bool has(const WorkerIndexNode *n, const WorkerIndexWant *want)
{
        return n->cores_free >= want->cores && n->memory_free >= want->memory &&
               n->limit_free >= want->limit && (n->serves & want->serves) &&
               (n->resources & want->resources) == want->resources;
}

static void check_walk(WorkerIndex *index, Item *items, const WorkerIndexWant *want)
{
        Item *order[MANY];
        size_t n = sorted(items, MANY, order);
        const WorkerIndexNode *at = NULL;
        for (size_t i = 0; i < n; i++) {
                if (!has(&order[i]->node, want))
                        continue;
                at = worker_index_next(index, at, want);
                ck_assert_ptr_eq(at, &order[i]->node);
        }
        ck_assert_ptr_null(worker_index_next(index, at, want));
}

START_TEST(walks_in_order_of_policy)
{
        static Item items[MANY];
        WorkerIndex index;
        uint64_t random = 7;
        memset(items, 0, sizeof(items));
        sort_policy = (WorkerPolicy)_i;
        worker_index_init(&index, sort_policy);
        for (int round = 0; round < 3000; round++) {
                Item *item = &items[below(&random, MANY)];
                if (item->in) {
                        worker_index_remove(&index, &item->node);
                } else {
                        (void)snprintf(item->id, sizeof(item->id), "w%d", (int)(item - items));
                        item->node = (WorkerIndexNode){
                                .id = item->id,
                                .cores_free = below(&random, 8),
                                .memory_free = below(&random, 8) * 1024,
                                .limit_free = below(&random, 3) ? below(&random, 8) : INT32_MAX,
                                .serves = 1u << below(&random, 4),
                                .resources = (uint32_t)below(&random, 4),
                        };
                        worker_index_add(&index, &item->node);
                }
                item->in = !item->in;
                if (round % 50)
                        continue;
                const WorkerIndexWant want = {
                        .cores = below(&random, 6),
                        .memory = below(&random, 6) * 1024,
                        .limit = below(&random, 7),
                        .serves = (uint32_t)below(&random, 15) + 1,
                        .resources = (uint32_t)below(&random, 3),
                };
                check_walk(&index, items, &want);
        }
}
END_TEST

START_TEST(next_after_a_key_that_is_not_there)
{
        WorkerIndex index;
        WorkerIndexNode a = { .id = "a", .serves = 1 }, c = { .id = "c", .serves = 1 };
        WorkerIndexNode b = { .id = "b" };
        const WorkerIndexWant want = { .serves = 1 };
        worker_index_init(&index, POLICY_WORKER_ID);
        ck_assert_ptr_null(worker_index_next(&index, NULL, &want));
        ck_assert_int_eq(worker_index_max_cores(&index), 0);
        worker_index_add(&index, &c);
        worker_index_add(&index, &a);
        ck_assert_ptr_eq(worker_index_next(&index, NULL, &want), &a);
        ck_assert_ptr_eq(worker_index_next(&index, &b, &want), &c);
        ck_assert_ptr_null(worker_index_next(&index, &c, &want));
        worker_index_remove(&index, &a);
        ck_assert_ptr_eq(worker_index_next(&index, NULL, &want), &c);
}
END_TEST

/* A search for one that is rare must not look at all the others. */
START_TEST(search_looks_at_few)
{
        enum { N = 20000 };
        Item *items = calloc(N, sizeof(*items));
        WorkerIndex index;
        ck_assert_ptr_nonnull(items);
        worker_index_init(&index, POLICY_CORES_FREE_DESC);
        for (int i = 0; i < N; i++) {
                (void)snprintf(items[i].id, sizeof(items[i].id), "w%05d", i);
                items[i].node = (WorkerIndexNode){
                        .id = items[i].id,
                        .cores_free = 16,
                        .memory_free = 1024,
                        .serves = i == 12345 ? 2 : 1,
                };
                worker_index_add(&index, &items[i].node);
        }
        const WorkerIndexWant rare = { .cores = 1, .memory = 1, .serves = 2 };
        const WorkerIndexWant none = { .cores = 17, .memory = 1, .serves = 1 };
        index.steps = 0;
        ck_assert_ptr_eq(worker_index_next(&index, NULL, &rare), &items[12345].node);
        ck_assert_uint_le(index.steps, 150); /* twice the depth of the tree, about */
        index.steps = 0;
        ck_assert_ptr_null(worker_index_next(&index, NULL, &none));
        ck_assert_uint_eq(index.steps, 1);
        free(items);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("worker-index");
        TCase *c = tcase_create("index");
        tcase_add_loop_test(c, walks_in_order_of_policy, 0, POLICY_MAX);
        tcase_add_test(c, next_after_a_key_that_is_not_there);
        tcase_add_test(c, search_looks_at_few);
        suite_add_tcase(s, c);
        return unit_run(s);
}
