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

/* A driver that workers run. */
typedef struct Job {
        char *id;
        unsigned number;  /* of the client: 0: it has never run */
        const Node *host; /* where a process of it runs; NULL: nowhere */
        bool accepted, over;
        UT_hash_handle hh;
} Job;

/* What the client has submitted; it can run under several ids, one after the other. */
typedef struct Order {
        unsigned number;
        bool done; /* it has run to its end, and all was well */
        UT_hash_handle hh;
} Order;

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
        Job *jobs;
        Order *orders;
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
        Job *job, *next_job;
        Order *order, *next_order;
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
        HASH_ITER (hh, o->jobs, job, next_job) {
                HASH_DEL(o->jobs, job);
                free(job->id);
                free(job);
        }
        HASH_ITER (hh, o->orders, order, next_order) {
                HASH_DEL(o->orders, order);
                free(order);
        }
        free(o);
        return NULL;
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

static Job *ensure_job(Oracle *o, const char *id)
{
        Job *job;
        HASH_FIND_STR(o->jobs, id, job);
        if (job)
                return job;
        job = sim_alloc(sizeof(*job));
        job->id = sim_strdup(id);
        HASH_ADD_KEYPTR(hh, o->jobs, job->id, strlen(job->id), job);
        return job;
}

static Order *ensure_order(Oracle *o, unsigned number)
{
        Order *order;
        HASH_FIND(hh, o->orders, &number, sizeof(number), order);
        if (order)
                return order;
        order = sim_alloc(sizeof(*order));
        order->number = number;
        HASH_ADD(hh, o->orders, number, sizeof(order->number), order);
        return order;
}

/* What nobody could see in the noise, or where what was known is lost with a host. */
static bool is_strict(const Oracle *o)
{
        const Plan *p = &o->sim->plan;
        return p->breaks == 0 && p->partitions == 0 && p->reboots == 0 && p->full_disks == 0 &&
               p->stops == 0 && p->jvm_workers == 0;
}

static void job_started(Oracle *o, const char *id, unsigned number, const Node *worker)
{
        Job *job = ensure_job(o, id);
        SIM_CHECK(o->sim, !job->host, "%s is started on %s, and runs on %s", id, worker->host,
                  job->host->host);
        SIM_CHECK(o->sim, !ensure_order(o, number)->done || !is_strict(o),
                  "%s runs again what was done", id);
        job->host = worker;
        job->number = number;
}

void oracle_started(Oracle *o, const char *id, unsigned job, const Node *worker)
{
        if (job > 0) {
                job_started(o, id, job, worker);
                return;
        }
        Attempt *a = ensure_attempt(o, id);
        SIM_CHECK(o->sim, ++a->starts == 1, "%s is started again, on %s", id, worker->host);
        a->host = worker;
}

void oracle_ended(Oracle *o, const char *id, unsigned job, bool well)
{
        if (job > 0) {
                ensure_job(o, id)->host = NULL;
                ensure_order(o, job)->done |= well;
        } else {
                ensure_attempt(o, id)->host = NULL;
        }
}

void oracle_job_accepted(Oracle *o, const char *id)
{
        ensure_job(o, id)->accepted = true;
}

void oracle_job_over(Oracle *o, const char *id)
{
        ensure_job(o, id)->over = true;
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
        SIM_CHECK(o->sim, a->ended_by != o->sim->reigns, "the master tells twice that %s has ended",
                  executor);
        a->ended_by = o->sim->reigns;
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
        const Node *master = master_leader(o->sim);
        if (!master)
                return;
        master_node_check(master);
        for (const SeenApp *app = o->apps; app; app = app->hh.next)
                SIM_CHECK(o->sim, app->excused || master_node_has_app(master, app->id),
                          "the master does not know %s, which it has accepted", app->id);
        for (const Job *job = o->jobs; job; job = job->hh.next)
                SIM_CHECK(o->sim,
                          !job->accepted || job->over || master_node_has_job(master, job->id),
                          "the master does not know %s, which it has accepted", job->id);
        for (size_t i = 0; i < o->sim->n_of[NODE_WORKER]; i++)
                worker_node_check(sim_node(o->sim, NODE_WORKER, i));
}

/* The driver that has this application and can hear of it, or NULL. */
static const Node *driver_of(const Oracle *o, const char *app, size_t length)
{
        for (size_t i = 0; i < o->sim->n_of[NODE_DRIVER]; i++) {
                const Node *node = sim_node(o->sim, NODE_DRIVER, i);
                const char *id = driver_node_app(node);
                if (id && strlen(id) == length && memcmp(id, app, length) == 0)
                        return node;
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
        bool known = master_node_has_executor(master_leader(o->sim), app, number);
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

static void check_job_runs(Oracle *o, const char *id, const char *host)
{
        SIM_CHECK(o->sim, worker_node_has_job(sim_find(o->sim, host), id),
                  "the master believes that %s runs on %s, but it does not", id, host);
}

/* Spark's worker takes orders of a former life of its master, however late, and does not say which
 * drivers it starts. */
static bool is_astray(const Oracle *o, const Job *job)
{
        const Plan *p = &o->sim->plan;
        return worker_node_is_jvm(job->host) && (p->partitions > 0 || p->breaks > 0);
}

static void check_job_calm(const Oracle *o, const Job *job)
{
        if (!job->host || is_astray(o, job))
                return;
        const char *known = master_node_job_host(master_leader(o->sim), job->id);
        SIM_CHECK(o->sim, known && strcmp(known, job->host->host) == 0,
                  "%s runs on %s, and the master does not know of it", job->id, job->host->host);
}

void oracle_check_calm(Oracle *o)
{
        const Node *master = master_leader(o->sim);
        oracle_check(o);
        SIM_CHECK(o->sim, master, "no master is there");
        for (size_t i = 0; i < o->sim->n_of[NODE_WORKER]; i++) {
                const Node *worker = sim_node(o->sim, NODE_WORKER, i);
                SIM_CHECK(o->sim, worker_node_registered(worker), "%s has no master", worker->host);
        }
        for (const Attempt *a = o->attempts; a; a = a->hh.next)
                check_attempt_calm(o, a);
        for (const Job *job = o->jobs; job; job = job->hh.next)
                check_job_calm(o, job);
        master_node_each_job(master, check_job_runs);
        master_node_check_served(master);
}

void oracle_check_end(Oracle *o)
{
        oracle_check_calm(o);
        for (const Attempt *a = o->attempts; a; a = a->hh.next)
                SIM_CHECK(o->sim, !a->host, "%s still runs on %s", a->id, a->host->host);
        for (const Job *job = o->jobs; job; job = job->hh.next)
                SIM_CHECK(o->sim, !job->host || is_astray(o, job), "%s still runs on %s", job->id,
                          job->host->host);
        master_node_check_empty(master_leader(o->sim));
        for (size_t i = 0; i < o->sim->n_of[NODE_WORKER]; i++)
                worker_node_check_empty(sim_node(o->sim, NODE_WORKER, i));
}

size_t oracle_jobs(const Oracle *o)
{
        return HASH_COUNT(o->orders);
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
