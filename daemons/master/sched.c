/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/master/internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/*
 * Who runs where: Master.schedule() of the JVM, with its results, but not its walk over all
 * workers.
 *
 * The JVM sorts all usable workers (ALIVE, room for one executor) and hands out cores in rounds
 * over them, one step per worker and round when spreading out, all it can at once otherwise; a
 * worker drops out when it cannot take another step. Here the usable workers come out of the index
 * one by one, in the same order, during the first round only, and the walk ends when
 *  - the cores to assign are used up: then no later worker could take a step, in this or any round;
 *  - or the executor target is reached: a worker not visited yet would start its first executor,
 *    and neither the executors assigned nor those running ever become fewer in an assignment;
 *  - or the index has no usable worker left.
 * A worker not visited would thus not get anything from the JVM either; and in later rounds both go
 * over the same workers in the same order, as one that does not fit once never fits again: free
 * cores, memory and addresses only shrink. The JVM also caps the cores to assign by the sum of all
 * free cores; a step needs free cores on its own worker, so that never decides anything.
 */

typedef struct Assignment {
        const AppProfile *profile;
        int32_t step; /* cores per step: those of an executor, or 1 */
        bool grow;    /* one executor per worker, which grows by every step */
        int32_t cores_left;
        int64_t room; /* executors until the target */
        Slot *slots;
        size_t n_slots;
} Assignment;

static bool slot_fits(const Assignment *a, const Slot *s)
{
        const Worker *w = s->worker;
        if (a->cores_left < a->step || w->cores - w->cores_used - s->cores < a->step)
                return false;
        if (a->grow && s->executors > 0)
                return true;
        int64_t memory = a->profile->memory_per_executor, limit = s->limit;
        return a->room > 0 &&
               (int64_t)w->memory - w->memory_used - s->executors * memory >= memory &&
               (int64_t)fit_free(w) - s->executors * limit >= limit &&
               worker_has_resources(w, &a->profile->resources, s->executors);
}

static void slot_step(Assignment *a, Slot *s)
{
        if (!a->grow || s->executors == 0) {
                s->executors++;
                a->room--;
        }
        s->cores += a->step;
        a->cores_left -= a->step;
}

static Worker *worker_of(WorkerIndexNode *node)
{
        return CONTAINER_OF(node, Worker, by_policy);
}

/* The next usable worker in the order of the policy, or NULL. */
static Worker *next_usable(Master *m, const App *app, const AppProfile *p, const Worker *after)
{
        const WorkerIndexWant want = {
                .cores = p->cores_per_executor.set ? p->cores_per_executor.value : 1,
                .memory = p->memory_per_executor,
                .limit = fit_least_limit(m, &p->request),
                .serves = lines_want_bits(app->lines),
                .resources = p->resource_bits,
        };
        const WorkerIndexNode *place = after ? &after->by_policy : NULL;
        WorkerIndexNode *node = worker_index_next(&m->by_policy, place, &want);
        while (node && (!worker_has_resources(worker_of(node), &p->resources, 0) ||
                        fit_limit(worker_of(node), &p->request) > fit_free(worker_of(node))))
                node = worker_index_next(&m->by_policy, node, &want);
        return node ? worker_of(node) : NULL;
}

static Slot *slot_add(Master *m, Assignment *a, Worker *w)
{
        if (a->n_slots == m->n_slots_allocated) {
                size_t n = MAX_OF(m->n_slots_allocated * 2, (size_t)16);
                Slot *grown = realloc(m->slots, n * sizeof(Slot));
                if (!grown)
                        return NULL;
                m->slots = grown;
                m->n_slots_allocated = n;
        }
        a->slots = m->slots;
        Slot *s = &a->slots[a->n_slots++];
        *s = (Slot){ .worker = w, .limit = fit_limit(w, &a->profile->request) };
        return s;
}

static int first_round(Master *m, const App *app, Assignment *a)
{
        Worker *w = NULL;
        while (a->cores_left >= a->step && a->room > 0 &&
               (w = next_usable(m, app, a->profile, w))) {
                Slot *s = slot_add(m, a, w);
                if (!s)
                        return -ENOMEM;
                do {
                        slot_step(a, s);
                } while (!m->config.spread_out && slot_fits(a, s));
        }
        return 0;
}

/* Steps over the workers found, until none takes another. */
static void later_rounds(Assignment *a)
{
        bool progress = a->n_slots > 0;
        while (progress && a->cores_left >= a->step) {
                progress = false;
                for (size_t i = 0; i < a->n_slots && a->cores_left >= a->step; i++) {
                        if (!slot_fits(a, &a->slots[i]))
                                continue;
                        slot_step(a, &a->slots[i]);
                        progress = true;
                }
        }
}

static void launch_on(Turn *t, App *app, AppProfile *p, const Slot *s)
{
        Worker *w = s->worker;
        int32_t n = s->executors, cores = s->cores / n;
        for (int32_t i = 0; i < n; i++)
                executor_launch(t, app, p, w, cores);
        worker_use(t->m, w, s->cores, n * p->memory_per_executor, n * s->limit);
}

/* Returns how many workers got something. */
static size_t schedule_profile(Turn *t, App *app, AppProfile *p)
{
        Assignment a = {
                .profile = p,
                .step = p->cores_per_executor.set ? p->cores_per_executor.value : 1,
                .grow = !p->cores_per_executor.set,
                .cores_left = app_cores_left(app),
                .room = (int64_t)p->target - p->n_executors,
        };
        if (first_round(t->m, app, &a) < 0) {
                t->error = -ENOMEM;
                return 0;
        }
        later_rounds(&a);
        for (size_t i = 0; i < a.n_slots && !t->error; i++)
                launch_on(t, app, p, &a.slots[i]);
        return a.n_slots;
}

static void schedule_app(Turn *t, App *app)
{
        Master *m = t->m;
        size_t n = 0;
        if (app_is_asked(t, app))
                return;
        for (size_t i = 0; i < app->n_profiles; i++)
                n += schedule_profile(t, app, app->profiles[i]);
        if (n > 0 && app->state == APP_WAITING) {
                app->state = APP_RUNNING;
                m->counters.apps_waiting--;
        }
        if (n == 0)
                app_tell_incompatible(t, app);
        fit_tell_app(t, app);
        app_update_wanting(m, app);
}

static void schedule_executors(Turn *t)
{
        for (App *app = t->m->wanting, *next; app; app = next) {
                next = app->want_next;
                if (worker_index_max_cores(&t->m->by_policy) <= 0)
                        return;
                schedule_app(t, app);
        }
}

/* ---- drivers ---- */

/* A worker for a driver, by worker id, behind `after` in the order (NULL: from the first). */
static Worker *next_for_driver(Master *m, const Driver *d, uint32_t resources, const char *after)
{
        const WorkerIndexWant want = {
                .cores = d->desc.cores,
                .memory = d->desc.mem,
                .limit = fit_least_limit(m, &d->request),
                .serves = lines_want_bits(d->lines),
                .resources = resources,
        };
        const WorkerIndexNode place = { .id = after };
        WorkerIndexNode *node = worker_index_next(&m->by_id, after ? &place : NULL, &want);
        for (; node; node = worker_index_next(&m->by_id, node, &want)) {
                Worker *w = CONTAINER_OF(node, Worker, by_id);
                if (worker_has_resources(w, &d->desc.resource_reqs, 0) &&
                    fit_limit(w, &d->request) <= fit_free(w))
                        return w;
        }
        return NULL;
}

/* The JVM shuffles the workers for every pass and goes on from one driver to the next; going round
 * by id is one of the orders it may come to, and spreads better. */
static void schedule_driver(Turn *t, Driver *d)
{
        Master *m = t->m;
        uint32_t resources = 0;
        for (size_t i = 0; i < d->desc.resource_reqs.length; i++)
                if (d->desc.resource_reqs.items[i].amount > 0)
                        resources |= resource_bit(t, d->desc.resource_reqs.items[i].resource_name);
        Worker *w = NULL;
        if (m->config.spread_out_drivers)
                w = next_for_driver(m, d, resources, m->driver_cursor);
        if (!w)
                w = next_for_driver(m, d, resources, NULL);
        if (!w) {
                fit_tell_driver(t, d);
                return;
        }
        (void)snprintf(m->driver_cursor, sizeof(m->driver_cursor), "%s", w->id);
        driver_launch(t, d, w);
}

static void schedule_drivers(Turn *t)
{
        Master *m = t->m;
        Driver *d, *next;
        DL_FOREACH_SAFE (m->waiting_drivers, d, next) {
                if (m->counters.drivers_running >= (size_t)MAX_OF(m->config.max_drivers, 0))
                        return;
                schedule_driver(t, d);
        }
}

void schedule(Turn *t)
{
        t->m->schedule = false;
        schedule_drivers(t);
        schedule_executors(t);
        t->m->schedule = false;
}
