/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/oracle.h"

void *sim_alloc(size_t size)
{
        void *p = calloc(1, size);
        if (!p)
                abort();
        return p;
}

char *sim_strdup(const char *s)
{
        char *copy = strdup(s);
        if (!copy)
                abort();
        return copy;
}

/* ---- chance: splitmix64 ---- */

static uint64_t draw(Sim *sim)
{
        uint64_t x = sim->random += UINT64_C(0x9e3779b97f4a7c15);
        x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
        return x ^ (x >> 31);
}

uint64_t sim_between(Sim *sim, uint64_t low, uint64_t high)
{
        return high <= low ? low : low + draw(sim) % (high - low + 1);
}

bool sim_chance(Sim *sim, unsigned of_1000)
{
        return of_1000 > 0 && draw(sim) % 1000 < of_1000;
}

/* ---- words ---- */

static void PRINTF_LIKE(3, 0) say(const Sim *sim, FILE *to, const char *format, va_list args)
{
        (void)fprintf(to, "%10.3f ", (double)sim->now / SECOND);
        (void)vfprintf(to, format, args);
        (void)fputc('\n', to);
}

void sim_say(const Sim *sim, const char *format, ...)
{
        va_list args;
        if (!sim->verbose)
                return;
        va_start(args, format);
        say(sim, stdout, format, args);
        va_end(args);
}

void sim_fail(const Sim *sim, const char *format, ...)
{
        va_list args;
        (void)fflush(stdout);
        (void)fprintf(stderr, "sim: seed %llu fails:\n", (unsigned long long)sim->seed);
        va_start(args, format);
        say(sim, stderr, format, args);
        va_end(args);
        (void)fprintf(stderr, "sim: again, with all that happens: sim --verbose --seed %llu\n",
                      (unsigned long long)sim->seed);
        abort();
}

/* ---- the queue ---- */

static bool earlier(const Item *a, const Item *b)
{
        return a->at != b->at ? a->at < b->at : a->seq < b->seq;
}

static void queue_add(Sim *sim, Item *item)
{
        if (sim->n_queued == sim->n_queue_room) {
                sim->n_queue_room = sim->n_queue_room ? 2 * sim->n_queue_room : 256;
                sim->queue = reallocarray(sim->queue, sim->n_queue_room, sizeof(*sim->queue));
                if (!sim->queue)
                        abort();
        }
        size_t i = sim->n_queued++;
        for (; i > 0 && earlier(item, sim->queue[(i - 1) / 2]); i = (i - 1) / 2)
                sim->queue[i] = sim->queue[(i - 1) / 2];
        sim->queue[i] = item;
}

static Item *queue_take(Sim *sim)
{
        Item *first = sim->queue[0], *last = sim->queue[--sim->n_queued];
        size_t i = 0;
        for (size_t child; (child = 2 * i + 1) < sim->n_queued; i = child) {
                if (child + 1 < sim->n_queued && earlier(sim->queue[child + 1], sim->queue[child]))
                        child++;
                if (earlier(last, sim->queue[child]))
                        break;
                sim->queue[i] = sim->queue[child];
        }
        sim->queue[i] = last;
        return first;
}

Item *sim_later(Sim *sim, uint64_t delay, Node *node, ItemType type)
{
        Item *item = sim_alloc(sizeof(*item));
        *item = (Item){ .at = sim->now + delay, .seq = ++sim->next_seq, .type = type };
        item->node = node;
        item->life = node ? node->life : 0;
        arena_init(&item->arena, SIZE_MAX);
        queue_add(sim, item);
        return item;
}

void sim_task(Node *node, uint64_t delay, void (*run)(Node *node, const Item *item),
              const char *text, int number, bool any_life)
{
        Item *item = sim_later(node->sim, delay, node, ITEM_TASK);
        item->run = run;
        item->number = number;
        item->text = arena_strdup(&item->arena, text);
        if (any_life)
                item->life = 0;
}

static void happen(Sim *sim, const Item *item)
{
        Node *node = item->node;
        if (item->life != 0 && (!node->up || item->life != node->life))
                return;
        if (item->type == ITEM_TASK) {
                item->run(node, item);
        } else if (item->type == ITEM_TICK) {
                if (item->at != node->ticking_at)
                        return;
                node->ticking_at = UINT64_MAX;
                if (node->methods->deadline(node) <= sim->now)
                        node->methods->tick(node);
        } else if (net_deliver(sim, item)) {
                node->methods->handle(node, item);
        }
        if (node->up)
                node_arm(node);
        sim->items++;
        oracle_check(sim->oracle);
}

void sim_run_until(Sim *sim, uint64_t until)
{
        while (sim->n_queued > 0 && sim->queue[0]->at <= until) {
                Item *item = queue_take(sim);
                SIM_CHECK(sim, item->at >= sim->now, "time goes back");
                sim->now = item->at;
                happen(sim, item);
                arena_done(&item->arena);
                free(item);
        }
        sim->now = until;
}

/* ---- nodes ---- */

Node *sim_node(const Sim *sim, NodeKind kind, size_t i)
{
        for (NodeKind k = 0; k < kind; k++)
                i += sim->n_of[k];
        return sim->nodes[i];
}

Node *sim_any(Sim *sim, NodeKind kind)
{
        return sim_node(sim, kind, sim_between(sim, 0, sim->n_of[kind] - 1));
}

Node *sim_find(const Sim *sim, const char *host)
{
        for (size_t i = 0; i < sim->n_nodes; i++)
                if (strcmp(sim->nodes[i]->host, host) == 0)
                        return sim->nodes[i];
        return NULL;
}

void node_init(Node *node, Sim *sim, const NodeMethods *methods, NodeKind kind, const char *host,
               uint16_t port)
{
        node->sim = sim;
        node->methods = methods;
        node->kind = kind;
        (void)snprintf(node->host, sizeof(node->host), "%s", host);
        node->port = port;
        node->ticking_at = UINT64_MAX;
}

void node_arm(Node *node)
{
        uint64_t at = node->methods->deadline(node);
        if (at == UINT64_MAX || at >= node->ticking_at)
                return;
        at = MAX_OF(at, node->sim->now);
        node->ticking_at = at;
        (void)sim_later(node->sim, at - node->sim->now, node, ITEM_TICK);
}

void node_start(Node *node)
{
        node->up = true;
        node->life++;
        node->ticking_at = UINT64_MAX;
        sim_say(node->sim, "%s starts", node->host);
        node->methods->start(node);
}

static void start_again(Node *node, const Item *item)
{
        if (!node->up)
                node_start(node);
}

/* Connections go over with what has arrived on them; everything else is of the process. */
static void hand_over(Node *node)
{
        Sim *sim = node->sim;
        const unsigned former = node->life++;
        for (size_t i = 0; i < sim->n_queued; i++) {
                Item *item = sim->queue[i];
                if (item->node == node && item->life == former && item->conn != 0)
                        item->life = node->life;
        }
        node->ticking_at = UINT64_MAX;
}

void node_restart(Node *node)
{
        if (!node->up || node->foreign)
                return;
        if (!node->methods->leave(node)) {
                node_crash(node, "it is restarted, and cannot leave anything");
                return;
        }
        sim_say(node->sim, "%s is restarted", node->host);
        node->methods->crash(node);
        net_drop_dials(node);
        hand_over(node);
        node->methods->resume(node);
        if (node->up)
                node_arm(node);
}

void node_crash(Node *node, const char *why)
{
        Sim *sim = node->sim;
        if (!node->up)
                return;
        sim_say(sim, "%s crashes: %s", node->host, why);
        node->up = false;
        net_forget(node);
        node->methods->crash(node);
        if (node->methods->start)
                sim_task(node, sim_between(sim, 10 * MSEC, sim->plan.down_usec), start_again, NULL,
                         0, true);
}
