/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim: runs a range of seeds, or of hours. Each is a history of a cluster: trouble for a while,
 * then calm, in which all must come to agree, then the end of all applications, after which nothing
 * may be left.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/parse.h"
#include "tests/sim/oracle.h"

#define CALM_USEC (600 * SECOND)
#define END_USEC  (400 * SECOND)

typedef struct Totals {
        uint64_t seeds, simulated, items;
        size_t executors, apps, jobs;
} Totals;

/* ---- what a seed does ---- */

static unsigned weight(Sim *sim)
{
        return sim_chance(sim, 400) ? 0 : (unsigned)sim_between(sim, 1, 10);
}

static void make_plan(Sim *sim)
{
        static const uint64_t delays[] = { MSEC, 20 * MSEC, 300 * MSEC };
        Plan *p = &sim->plan;
        p->workers = (unsigned)sim_between(sim, 1, 5);
        p->apps = (unsigned)sim_between(sim, 1, 6);
        p->masters = sim_chance(sim, 600) ? 1 : 2;
        p->jvm_workers = sim_chance(sim, 500) ? 0 : (unsigned)sim_between(sim, 1, 1000);
        p->trouble_usec = sim_between(sim, 60, 900) * SECOND;
        p->fault_every = sim_between(sim, 2, 60) * SECOND;
        p->delay_usec = delays[sim_between(sim, 0, ARRAY_SIZE(delays) - 1)];
        p->down_usec = sim_between(sim, 1, 40) * SECOND;
        p->master_crashes = weight(sim);
        p->worker_crashes = weight(sim);
        p->driver_crashes = weight(sim);
        p->restarts = weight(sim);
        p->stops = weight(sim);
        p->reboots = weight(sim);
        p->breaks = weight(sim);
        p->partitions = weight(sim);
        p->clock_jumps = weight(sim);
        p->full_disks = weight(sim);
        p->crash_at_commit = sim_chance(sim, 500) ? 0 : (unsigned)sim_between(sim, 1, 300);
        p->executor_ends = sim_chance(sim, 300) ? 0 : (unsigned)sim_between(sim, 1, 500);
        p->batches = (unsigned)sim_between(sim, 0, 1000);
}

static void part(Sim *sim)
{
        Node *node = sim->nodes[sim_between(sim, 0, sim->n_nodes - 1)];
        node->apart_until = sim->now + sim_between(sim, SECOND, 90 * SECOND);
        sim_say(sim, "%s is cut off until %.3f", node->host, (double)node->apart_until / SECOND);
        /* whose driver is not heard of for so long may be taken for gone */
        for (size_t i = 0; i < sim->n_nodes; i++)
                if (node->kind == NODE_MASTER || node == sim->nodes[i])
                        oracle_connection_lost(sim->oracle, sim->nodes[i]);
        for (uint64_t n = sim_between(sim, 0, 3); n > 0; n--)
                net_break_one(sim);
}

static void make_room(Node *node, const Item *item)
{
        master_disk_fill(node->sim, false);
}

static void fill_disk(Sim *sim)
{
        master_disk_fill(sim, true);
        sim_task(sim->nodes[0], sim_between(sim, SECOND, 60 * SECOND), make_room, NULL, 0, true);
}

static void crash_master(Sim *sim)
{
        node_crash(sim_any(sim, NODE_MASTER), "a fault");
}

static void crash_worker(Sim *sim)
{
        node_crash(sim_any(sim, NODE_WORKER), "a fault");
}

static void crash_driver(Sim *sim)
{
        node_crash(sim_any(sim, NODE_DRIVER), "a fault");
}

static void restart(Sim *sim)
{
        node_restart(sim_any(sim, sim_chance(sim, 500) ? NODE_MASTER : NODE_WORKER));
}

static void stop(Sim *sim)
{
        worker_node_stop(sim_any(sim, NODE_WORKER));
}

static void reboot(Sim *sim)
{
        worker_node_reboot(sim_any(sim, NODE_WORKER));
}

static void jump(Sim *sim)
{
        sim->wall_offset +=
                (int64_t)(sim_between(sim, 0, 7200) * SECOND) - (int64_t)(3600 * SECOND);
}

static void one_fault(Sim *sim)
{
        const Plan *p = &sim->plan;
        const struct {
                void (*happen)(Sim *sim);
                unsigned weight;
        } faults[] = {
                { crash_master, p->master_crashes },
                { crash_worker, p->worker_crashes },
                { crash_driver, p->driver_crashes },
                { restart, p->restarts },
                { stop, p->stops },
                { reboot, p->reboots },
                { net_break_one, p->breaks },
                { part, p->partitions },
                { jump, p->clock_jumps },
                { fill_disk, p->full_disks },
        };
        unsigned sum = 0, which = 0;
        for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
                sum += faults[i].weight;
        if (sum == 0)
                return;
        unsigned chosen = (unsigned)sim_between(sim, 0, sum - 1);
        while (chosen >= faults[which].weight)
                chosen -= faults[which++].weight;
        faults[which].happen(sim);
}

static void fault(Node *node, const Item *item)
{
        Sim *sim = node->sim;
        if (sim->calm)
                return;
        one_fault(sim);
        sim_task(node, sim_between(sim, 0, 2 * sim->plan.fault_every), fault, NULL, 0, true);
}

/* ---- a history ---- */

static void begin(Node *node, const Item *item)
{
        if (!node->up)
                node_start(node);
}

static Node *new_node(Sim *sim, NodeKind kind, unsigned number)
{
        switch (kind) {
        case NODE_MASTER:
                return master_node_new(sim, number);
        case NODE_WORKER:
                return worker_node_new(sim, number);
        case NODE_DRIVER:
                return driver_node_new(sim, number);
        default:
                return client_node_new(sim);
        }
}

static void build(Sim *sim)
{
        const Plan *p = &sim->plan;
        make_plan(sim);
        const size_t counts[] = { p->masters, p->workers, p->apps, 1 };
        sim->nodes = sim_alloc((p->masters + p->workers + p->apps + 1) * sizeof(sim->nodes[0]));
        for (NodeKind kind = 0; kind < NODE_KIND_MAX; kind++) {
                sim->n_of[kind] = counts[kind];
                for (unsigned i = 0; i < counts[kind]; i++)
                        sim->nodes[sim->n_nodes++] = new_node(sim, kind, i);
        }
        for (size_t i = 0; i < sim->n_nodes; i++) {
                bool late = sim->nodes[i]->kind == NODE_DRIVER;
                sim_task(sim->nodes[i],
                         sim_between(sim, 0, late ? p->trouble_usec / 2 : 5 * SECOND), begin, NULL,
                         0, true);
        }
        sim_task(sim->nodes[0], p->fault_every, fault, NULL, 0, true);
}

static void calm_down(Sim *sim)
{
        sim_say(sim, "calm");
        sim->calm = true;
        master_disk_fill(sim, false);
        for (size_t i = 0; i < sim->n_nodes; i++)
                sim->nodes[i]->apart_until = 0;
}

static void live(Sim *sim)
{
        build(sim);
        sim_run_until(sim, sim->now + sim->plan.trouble_usec);
        calm_down(sim);
        sim_run_until(sim, sim->now + CALM_USEC);
        oracle_check_calm(sim->oracle);
        sim_say(sim, "the end of all applications");
        for (size_t i = 0; i < sim->n_of[NODE_DRIVER]; i++)
                driver_node_finish(sim_node(sim, NODE_DRIVER, i));
        client_node_finish(sim_node(sim, NODE_CLIENT, 0));
        sim_run_until(sim, sim->now + END_USEC);
        oracle_check_end(sim->oracle);
}

static void sim_done(Sim *sim)
{
        for (size_t i = 0; i < sim->n_nodes; i++)
                sim->nodes[i]->methods->done(sim->nodes[i]);
        while (sim->n_queued > 0) {
                Item *item = sim->queue[--sim->n_queued];
                arena_done(&item->arena);
                free(item);
        }
        free(sim->queue);
        master_disk_done(sim);
        net_done(sim);
        free(sim->nodes);
        sim->oracle = oracle_free(sim->oracle);
}

static void run_seed(uint64_t seed, bool verbose, Totals *totals)
{
        Sim sim = { .seed = seed, .random = seed, .now = SECOND, .verbose = verbose };
        sim.oracle = oracle_new(&sim);
        live(&sim);
        totals->seeds++;
        totals->simulated += sim.now;
        totals->items += sim.items;
        totals->executors += oracle_executors(sim.oracle);
        totals->apps += oracle_apps(sim.oracle);
        totals->jobs += oracle_jobs(sim.oracle);
        sim_done(&sim);
}

/* ---- the command ---- */

static void usage(FILE *to)
{
        (void)fputs("usage: sim [--seed N] [--seeds COUNT] [--hours N] [--verbose]\n\n"
                    "Runs COUNT seeds from N on (1 from 1), or as many as there is time for.\n",
                    to);
}

static uint64_t elapsed(void)
{
        struct timespec t;
        (void)clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec;
}

int main(int argc, char **argv)
{
        static const struct option options[] = {
                { "seed", required_argument, NULL, 's' },
                { "seeds", required_argument, NULL, 'n' },
                { "hours", required_argument, NULL, 'H' },
                { "verbose", no_argument, NULL, 'v' },
                { "help", no_argument, NULL, 'h' },
                { NULL, 0, NULL, 0 },
        };
        int64_t first = 1, count = 1, hours = 0;
        bool verbose = false;
        for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
                int r = 0;
                if (c == 's')
                        r = parse_int64(optarg, 0, INT64_MAX, &first);
                else if (c == 'n')
                        r = parse_int64(optarg, 1, INT64_MAX, &count);
                else if (c == 'H')
                        r = parse_int64(optarg, 1, 10000, &hours);
                else if (c == 'v')
                        verbose = true;
                if (c == 'h' || c == '?' || r < 0) {
                        usage(c == 'h' ? stdout : stderr);
                        return c == 'h' ? EXIT_SUCCESS : 2;
                }
        }
        uint64_t start = elapsed();
        Totals totals = { 0 };
        for (int64_t i = 0; hours > 0 ? elapsed() - start < (uint64_t)hours * 3600 : i < count; i++)
                run_seed((uint64_t)(first + i), verbose, &totals);
        printf("%" PRIu64 " seeds from %" PRId64 " on, %.1f simulated hours, %" PRIu64
               " events, %zu applications, %zu executors, %zu drivers\n",
               totals.seeds, first, (double)totals.simulated / SECOND / 3600, totals.items,
               totals.apps, totals.executors, totals.jobs);
        return EXIT_SUCCESS;
}
