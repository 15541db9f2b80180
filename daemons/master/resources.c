/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/master/internal.h"

#include <errno.h>
#include <string.h>

uint32_t resource_bit(Turn *t, const char *name)
{
        Master *m = t->m;
        for (size_t i = 0; i < m->n_resource_names; i++)
                if (strcmp(m->resource_names[i], name) == 0)
                        return UINT32_C(1) << i;
        if (m->n_resource_names == RESOURCE_BITS)
                return 0;
        const char *copy = arena_strdup(&m->arena, name);
        if (!copy) {
                t->error = -ENOMEM;
                return 0;
        }
        m->resource_names[m->n_resource_names] = copy;
        return UINT32_C(1) << m->n_resource_names++;
}

uint32_t worker_resource_bits(const Worker *w)
{
        uint32_t bits = 0;
        for (size_t i = 0; i < w->n_resources; i++)
                if (w->resources[i].n_free > 0)
                        bits |= w->resources[i].bit;
        return bits;
}

static WorkerResource *worker_resource(const Worker *w, const char *name)
{
        for (size_t i = 0; i < w->n_resources; i++)
                if (strcmp(w->resources[i].name, name) == 0)
                        return &w->resources[i];
        return NULL;
}

bool worker_has_resources(const Worker *w, const ResourceRequirementSeq *needs, int64_t in_use)
{
        for (size_t i = 0; i < needs->length; i++) {
                const WorkerResource *r = worker_resource(w, needs->items[i].resource_name);
                int64_t amount = needs->items[i].amount;
                if (!r || (int64_t)r->n_free - in_use * amount < amount)
                        return false;
        }
        return true;
}

int grants_take(Worker *w, const ResourceRequirementSeq *needs, ResourceGrants *ret)
{
        size_t n_indexes = 0;
        for (size_t i = 0; i < needs->length; i++)
                n_indexes += (size_t)needs->items[i].amount;
        *ret = (ResourceGrants){ 0 };
        if (needs->length == 0)
                return 0;

        ResourceGrant *grants =
                calloc(1, needs->length * sizeof(*grants) + n_indexes * sizeof(uint32_t));
        if (!grants)
                return -ENOMEM;
        uint32_t *indexes = (uint32_t *)(grants + needs->length);
        for (size_t i = 0; i < needs->length; i++) {
                WorkerResource *r = worker_resource(w, needs->items[i].resource_name);
                size_t amount = (size_t)needs->items[i].amount, taken = 0;
                for (size_t k = 0; r && k < r->n_addresses && taken < amount; k++) {
                        if (r->taken[k])
                                continue;
                        r->taken[k] = true;
                        indexes[taken++] = (uint32_t)k;
                }
                if (r)
                        r->n_free -= taken;
                grants[i] = (ResourceGrant){ .resource = r, .indexes = indexes, .n = taken };
                indexes += taken;
        }
        *ret = (ResourceGrants){ .items = grants, .length = needs->length };
        return 0;
}

void grants_release(ResourceGrants *grants)
{
        for (size_t i = 0; i < grants->length; i++) {
                ResourceGrant *g = &grants->items[i];
                for (size_t k = 0; k < g->n; k++)
                        g->resource->taken[g->indexes[k]] = false;
                if (g->resource)
                        g->resource->n_free += g->n;
        }
        free(grants->items);
        *grants = (ResourceGrants){ 0 };
}

/* The place of a free address, or n_addresses. */
static size_t free_address(const WorkerResource *r, const char *address)
{
        for (size_t i = 0; i < r->n_addresses; i++)
                if (!r->taken[i] && address && strcmp(r->addresses[i], address) == 0)
                        return i;
        return r->n_addresses;
}

int grants_restore(Worker *w, const ResourceMap *map, ResourceGrants *ret)
{
        size_t n = 0;
        for (size_t i = 0; i < map->length; i++)
                n += map->items[i].value.addresses.length;
        *ret = (ResourceGrants){ 0 };
        if (map->length == 0)
                return 0;
        ResourceGrant *grants = calloc(1, map->length * sizeof(*grants) + n * sizeof(uint32_t));
        if (!grants)
                return -ENOMEM;
        uint32_t *indexes = (uint32_t *)(grants + map->length);
        for (size_t i = 0; i < map->length; i++) {
                const StringSeq *addresses = &map->items[i].value.addresses;
                WorkerResource *r =
                        map->items[i].key ? worker_resource(w, map->items[i].key) : NULL;
                grants[i] = (ResourceGrant){ .resource = r, .indexes = indexes };
                for (size_t k = 0; r && k < addresses->length; k++) {
                        size_t at = free_address(r, addresses->items[k]);
                        if (at == r->n_addresses)
                                continue;
                        r->taken[at] = true;
                        r->n_free--;
                        indexes[grants[i].n++] = (uint32_t)at;
                }
                indexes += grants[i].n;
        }
        *ret = (ResourceGrants){ .items = grants, .length = map->length };
        return 0;
}

int grants_map(Arena *arena, const ResourceGrants *grants, ResourceMap *ret)
{
        ResourceMap map = { 0 };
        if (grants->length > 0) {
                map.items = arena_alloc_array(arena, grants->length, sizeof(*map.items));
                if (!map.items)
                        return -ENOMEM;
        }
        for (size_t i = 0; i < grants->length; i++) {
                const ResourceGrant *g = &grants->items[i];
                if (!g->resource)
                        continue;
                const char **items = arena_new_array(arena, g->n, const char *);
                if (!items)
                        return -ENOMEM;
                for (size_t k = 0; k < g->n; k++)
                        items[k] = g->resource->addresses[g->indexes[k]];
                map.items[map.length++] = (struct ResourceEntry){
                        .key = g->resource->name,
                        .value = { .name = g->resource->name, .addresses = { items, g->n } },
                };
        }
        *ret = map;
        return 0;
}

ResourceMap turn_grants_map(Turn *t, const ResourceGrants *grants)
{
        ResourceMap map = { 0 };
        if (grants_map(&t->out->arena, grants, &map) < 0)
                t->error = -ENOMEM;
        return map;
}
