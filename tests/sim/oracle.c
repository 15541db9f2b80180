/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/oracle.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"

typedef struct SeenApp {
        char *id;
        const Node *driver;
        bool excused; /* need not be known to the master */
        UT_hash_handle hh;
} SeenApp;

typedef struct Attempt {
        char *id; /* "APP/N" */
        unsigned starts;
        const Node *host;  /* where a process of it runs; NULL: nowhere */
        bool added, ended; /* what its driver was told ... */
        unsigned ended_by; /* ... and the end by the master of this life, last ... */
        bool unadded; /* ... the beginning would have been, had the master not ended right there ...
                       */
        bool unwanted; /* ... or asked for itself, and is told no more of */
        UT_hash_handle hh;
} Attempt;

struct Oracle {
        Sim *sim;
        SeenApp *apps;
        Attempt *attempts;
};

Oracle *oracle_new(Sim *sim)
{
        Oracle *o = sim_alloc(sizeof(*o));
        o->sim = sim;
        return o;
}

Oracle *oracle_free(Oracle *o)
{
        SeenApp *app, *next_app;
        Attempt *a, *next;
        if (!o)
                return NULL;
        HASH_ITER (hh, o->apps, app, next_app) {
                HASH_DEL(o->apps, app);
                free(app->id);
                free(app);
        }
        HASH_ITER (hh, o->attempts, a, next) {
                HASH_DEL(o->attempts, a);
                free(a->id);
                free(a);
        }
        free(o);
        return NULL;
}

static const Node *master(const Oracle *o)
{
        return o->sim->nodes[0];
}

static SeenApp *find_app(const Oracle *o, const char *id)
{
        SeenApp *app;
        HASH_FIND_STR(o->apps, id, app);
        return app;
}

static Attempt *ensure_attempt(Oracle *o, const char *id)
{
        Attempt *a;
        HASH_FIND_STR(o->attempts, id, a);
        if (a)
                return a;
        a = sim_alloc(sizeof(*a));
        a->id = sim_strdup(id);
        HASH_ADD_KEYPTR(hh, o->attempts, a->id, strlen(a->id), a);
        return a;
}

/* ---- what is told ---- */

void oracle_accepted(Oracle *o, const char *id, const Node *driver, bool lost)
{
        SeenApp *app = find_app(o, id);
        if (app) {
                SIM_CHECK(o->sim, app->driver == driver, "%s is given to two drivers", id);
                return;
        }
        app = sim_alloc(sizeof(*app));
        *app = (SeenApp){ .id = sim_strdup(id), .driver = driver, .excused = lost };
        HASH_ADD_KEYPTR(hh, o->apps, app->id, strlen(app->id), app);
}

void oracle_over(Oracle *o, const char *id)
{
        SeenApp *app = find_app(o, id);
        if (app)
                app->excused = true;
}

void oracle_driver_gone(Oracle *o, const Node *driver)
{
        for (SeenApp *app = o->apps; app; app = app->hh.next)
                if (app->driver == driver)
                        app->excused = true;
}

void oracle_connection_lost(Oracle *o, const Node *node)
{
        oracle_driver_gone(o, node);
}

void oracle_started(Oracle *o, const char *executor, const Node *worker)
{
        Attempt *a = ensure_attempt(o, executor);
        SIM_CHECK(o->sim, ++a->starts == 1, "%s is started again, on %s", executor, worker->host);
        a->host = worker;
}

void oracle_ended(Oracle *o, const char *executor)
{
        ensure_attempt(o, executor)->host = NULL;
}

void oracle_told_added(Oracle *o, const char *executor)
{
        Attempt *a = ensure_attempt(o, executor);
        SIM_CHECK(o->sim, !a->added, "the driver of %s is told twice that it was added", executor);
        a->added = true;
}

void oracle_tells_ended(Oracle *o, const char *executor)
{
        Attempt *a = ensure_attempt(o, executor);
        SIM_CHECK(o->sim, a->ended_by != master(o)->life,
                  "the master tells twice that %s has ended", executor);
        a->ended_by = master(o)->life;
}

void oracle_told_ended(Oracle *o, const char *executor)
{
        ensure_attempt(o, executor)->ended = true;
}

void oracle_unadded(Oracle *o, const char *executor)
{
        ensure_attempt(o, executor)->unadded = true;
}

void oracle_unwanted(Oracle *o, const char *executor)
{
        ensure_attempt(o, executor)->unwanted = true;
}

/* ---- what must hold ---- */

void oracle_check(Oracle *o)
{
        if (!master_node_leads(master(o)))
                return;
        master_node_check(master(o));
        for (const SeenApp *app = o->apps; app; app = app->hh.next)
                SIM_CHECK(o->sim, app->excused || master_node_has_app(master(o), app->id),
                          "the master does not know %s, which it has accepted", app->id);
        for (size_t i = 1; i <= o->sim->plan.workers; i++)
                worker_node_check(o->sim->nodes[i]);
}

/* The driver that has this application and can hear of it, or NULL. */
static const Node *driver_of(const Oracle *o, const char *app, size_t length)
{
        for (size_t i = 1 + o->sim->plan.workers; i < o->sim->n_nodes; i++) {
                const char *id = driver_node_app(o->sim->nodes[i]);
                if (id && strlen(id) == length && memcmp(id, app, length) == 0)
                        return o->sim->nodes[i];
        }
        return NULL;
}

static void check_attempt_calm(const Oracle *o, const Attempt *a)
{
        const char *slash = strrchr(a->id, '/');
        const size_t length = (size_t)(slash - a->id);
        char app[64];
        int number = -1;
        (void)snprintf(app, sizeof(app), "%.*s", (int)length, a->id);
        (void)parse_int(slash + 1, 0, INT_MAX, &number);
        bool known = master_node_has_executor(master(o), app, number);
        const Node *driver = driver_of(o, app, length);
        SIM_CHECK(o->sim, !a->host || known, "%s runs on %s, and the master does not know of it",
                  a->id, a->host->host);
        SIM_CHECK(o->sim, a->host || !known, "the master believes that %s runs, but it does not",
                  a->id);
        if (!driver || !driver_node_connected(driver))
                return;
        SIM_CHECK(o->sim, !a->host || !a->ended,
                  "%s runs, but its driver was told that it does not", a->id);
        const SeenApp *seen = find_app(o, app);
        if (!seen || seen->excused) /* what was on its way may be lost */
                return;
        SIM_CHECK(o->sim, !a->host || a->added || a->unadded,
                  "%s runs, and its driver was not told", a->id);
        SIM_CHECK(o->sim, a->host || !a->added || a->ended || a->unwanted,
                  "%s does not run, and its driver was not told", a->id);
}

void oracle_check_calm(Oracle *o)
{
        oracle_check(o);
        SIM_CHECK(o->sim, master_node_leads(master(o)), "the master is not there");
        for (size_t i = 1; i <= o->sim->plan.workers; i++)
                SIM_CHECK(o->sim, worker_node_registered(o->sim->nodes[i]), "%s has no master",
                          o->sim->nodes[i]->host);
        for (const Attempt *a = o->attempts; a; a = a->hh.next)
                check_attempt_calm(o, a);
        master_node_check_served(master(o));
}

void oracle_check_end(Oracle *o)
{
        oracle_check_calm(o);
        for (const Attempt *a = o->attempts; a; a = a->hh.next)
                SIM_CHECK(o->sim, !a->host, "%s still runs on %s", a->id, a->host->host);
        master_node_check_empty(master(o));
        for (size_t i = 1; i <= o->sim->plan.workers; i++)
                worker_node_check_empty(o->sim->nodes[i]);
}

size_t oracle_executors(const Oracle *o)
{
        size_t n = 0;
        for (const Attempt *a = o->attempts; a; a = a->hh.next)
                n += a->starts;
        return n;
}

size_t oracle_apps(const Oracle *o)
{
        return HASH_COUNT(o->apps);
}
