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
        size_t executors, apps;
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
        p->trouble_usec = sim_between(sim, 60, 900) * SECOND;
        p->fault_every = sim_between(sim, 2, 60) * SECOND;
        p->delay_usec = delays[sim_between(sim, 0, ARRAY_SIZE(delays) - 1)];
        p->down_usec = sim_between(sim, 1, 40) * SECOND;
        p->master_crashes = weight(sim);
        p->worker_crashes = weight(sim);
        p->driver_crashes = weight(sim);
        p->reboots = weight(sim);
        p->breaks = weight(sim);
        p->partitions = weight(sim);
        p->clock_jumps = weight(sim);
        p->full_disks = weight(sim);
        p->crash_at_commit = sim_chance(sim, 500) ? 0 : (unsigned)sim_between(sim, 1, 300);
        p->executor_ends = sim_chance(sim, 300) ? 0 : (unsigned)sim_between(sim, 1, 500);
        p->batches = (unsigned)sim_between(sim, 0, 1000);
}

static Node *any_worker(Sim *sim)
{
        return sim->nodes[sim_between(sim, 1, sim->plan.workers)];
}

static Node *any_driver(Sim *sim)
{
        return sim->nodes[1 + sim->plan.workers + sim_between(sim, 0, sim->plan.apps - 1)];
}

static void part(Sim *sim)
{
        Node *node = sim->nodes[sim_between(sim, 0, sim->n_nodes - 1)];
        node->apart_until = sim->now + sim_between(sim, SECOND, 90 * SECOND);
        sim_say(sim, "%s is cut off until %.3f", node->host, (double)node->apart_until / SECOND);
        /* whose driver is not heard of for so long may be taken for gone */
        for (size_t i = 0; i < sim->n_nodes; i++)
                if (node == sim->nodes[0] || node == sim->nodes[i])
                        oracle_connection_lost(sim->oracle, sim->nodes[i]);
        for (uint64_t n = sim_between(sim, 0, 3); n > 0; n--)
                net_break_one(sim);
}

static void make_room(Node *node, const Item *item)
{
        master_node_fill_disk(node, false);
}

static void fill_disk(Sim *sim)
{
        master_node_fill_disk(sim->nodes[0], true);
        sim_task(sim->nodes[0], sim_between(sim, SECOND, 60 * SECOND), make_room, NULL, 0, true);
}

static void one_fault(Sim *sim)
{
        const Plan *p = &sim->plan;
        const unsigned weights[] = { p->master_crashes, p->worker_crashes, p->driver_crashes,
                                     p->reboots,        p->breaks,         p->partitions,
                                     p->clock_jumps,    p->full_disks };
        unsigned sum = 0, which = 0;
        for (size_t i = 0; i < ARRAY_SIZE(weights); i++)
                sum += weights[i];
        if (sum == 0)
                return;
        unsigned chosen = (unsigned)sim_between(sim, 0, sum - 1);
        while (chosen >= weights[which])
                chosen -= weights[which++];
        if (which == 0)
                node_crash(sim->nodes[0], "a fault");
        else if (which == 1)
                node_crash(any_worker(sim), "a fault");
        else if (which == 2)
                node_crash(any_driver(sim), "a fault");
        else if (which == 3)
                worker_node_reboot(any_worker(sim));
        else if (which == 4)
                net_break_one(sim);
        else if (which == 5)
                part(sim);
        else if (which == 6)
                sim->wall_offset +=
                        (int64_t)(sim_between(sim, 0, 7200) * SECOND) - (int64_t)(3600 * SECOND);
        else
                fill_disk(sim);
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

static void build(Sim *sim)
{
        make_plan(sim);
        sim->n_nodes = 1 + sim->plan.workers + sim->plan.apps;
        sim->nodes = sim_alloc(sim->n_nodes * sizeof(sim->nodes[0]));
        sim->nodes[0] = master_node_new(sim);
        for (unsigned i = 0; i < sim->plan.workers; i++)
                sim->nodes[1 + i] = worker_node_new(sim, i);
        for (unsigned i = 0; i < sim->plan.apps; i++)
                sim->nodes[1 + sim->plan.workers + i] = driver_node_new(sim, i);
        for (size_t i = 0; i < sim->n_nodes; i++) {
                bool driver = i > sim->plan.workers;
                sim_task(sim->nodes[i],
                         sim_between(sim, 0, driver ? sim->plan.trouble_usec / 2 : 5 * SECOND),
                         begin, NULL, 0, true);
        }
        sim_task(sim->nodes[0], sim->plan.fault_every, fault, NULL, 0, true);
}

static void calm_down(Sim *sim)
{
        sim_say(sim, "calm");
        sim->calm = true;
        master_node_fill_disk(sim->nodes[0], false);
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
        for (size_t i = 1 + sim->plan.workers; i < sim->n_nodes; i++)
                driver_node_finish(sim->nodes[i]);
        sim_run_until(sim, sim->now + END_USEC);
        oracle_check_end(sim->oracle);
}

static void sim_done(Sim *sim)
{
        for (size_t i = 0; i < sim->n_nodes; i++)
                sim->nodes[i]->done(sim->nodes[i]);
        while (sim->n_queued > 0) {
                Item *item = sim->queue[--sim->n_queued];
                arena_done(&item->arena);
                free(item);
        }
        free(sim->queue);
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
               " events, %zu applications, %zu executors\n",
               totals.seeds, first, (double)totals.simulated / SECOND / 3600, totals.items,
               totals.apps, totals.executors);
        return EXIT_SUCCESS;
}
