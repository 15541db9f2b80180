/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections. What is sent on one arrives in order, each direction with delays of its own; other
 * connections overtake. A node that is apart gets and sends nothing: what is under way waits, as
 * TCP's repetitions do, unless the connection breaks meanwhile.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/oracle.h"
#include "tests/sim/sim.h"

#define CONNECT_USEC (5 * SECOND) /* until a dial is given up */

struct Conn {
        uint64_t id;
        Node *ends[2];    /* 0 has dialled */
        bool open[2];     /* as this end sees it */
        bool deaf[2];     /* nothing but its end reaches this end any more */
        bool connected;   /* ... and knows that it stands */
        bool broken;      /* nothing that is sent from now on arrives */
        uint64_t last[2]; /* when the last thing arrives at this end */
        UT_hash_handle hh;
};

static Conn *find(const Sim *sim, uint64_t id)
{
        Conn *c = NULL;
        HASH_FIND(hh, sim->conns, &id, sizeof(id), c);
        return c;
}

static int end_of(const Conn *c, const Node *node)
{
        return c->ends[0] == node ? 0 : 1;
}

static void forget_if_over(Sim *sim, Conn *c)
{
        if (c->open[0] || c->open[1])
                return;
        HASH_DEL(sim->conns, c);
        free(c);
}

static uint64_t delay(Sim *sim)
{
        if (sim_chance(sim, 10))
                return sim_between(sim, MSEC, sim->calm ? 50 * MSEC : 3 * SECOND);
        return sim_between(sim, 50, sim->plan.delay_usec);
}

/* Queues something for an end, behind all that is on its way there. */
static Item *to_end(Sim *sim, Conn *c, int end, uint64_t after, ItemType type)
{
        uint64_t at = MAX_OF(sim->now + after, c->last[end]);
        at = MAX_OF(at, MAX_OF(c->ends[0]->apart_until, c->ends[1]->apart_until));
        c->last[end] = at;
        Item *item = sim_later(sim, at - sim->now, c->ends[end], type);
        item->conn = c->id;
        return item;
}

uint64_t net_dial(Node *from, const char *host, int port)
{
        Sim *sim = from->sim;
        Node *to = sim_find(sim, host);
        Conn *c = sim_alloc(sizeof(*c));
        SIM_CHECK(sim, to && to != from, "%s dials %s:%d", from->host, host, port);
        *c = (Conn){ .id = ++sim->next_conn, .ends = { from, to }, .open = { true, false } };
        HASH_ADD(hh, sim->conns, id, sizeof(c->id), c);
        uint64_t apart = MAX_OF(from->apart_until, to->apart_until);
        if (!to->up || to->port != port) {
                (void)to_end(sim, c, 0, delay(sim), ITEM_CLOSED);
        } else if (apart > sim->now + CONNECT_USEC) {
                Item *item = sim_later(sim, CONNECT_USEC, from, ITEM_CLOSED);
                item->conn = c->id;
                c->broken = true;
        } else {
                c->open[1] = true; /* the other end's kernel accepts */
                (void)to_end(sim, c, 0, delay(sim), ITEM_CONNECTED);
        }
        return c->id;
}

const Node *net_peer(const Node *node, uint64_t conn)
{
        const Conn *c = find(node->sim, conn);
        return c ? c->ends[!end_of(c, node)] : NULL;
}

bool net_is_whole(const Node *node, uint64_t conn)
{
        const Conn *c = find(node->sim, conn);
        return c && c->open[0] && c->open[1] && !c->deaf[0] && !c->deaf[1] && !c->broken;
}

bool net_is_open(const Node *node, uint64_t conn)
{
        const Conn *c = find(node->sim, conn);
        return c && c->open[end_of(c, node)] && !c->deaf[end_of(c, node)];
}

void net_send(Node *from, uint64_t conn, ItemType type, int64_t request, const Message *message)
{
        Sim *sim = from->sim;
        Conn *c = find(sim, conn);
        if (!c)
                return;
        int end = end_of(c, from);
        if (!c->open[end] || c->deaf[end] || c->broken)
                return;
        Item *item = to_end(sim, c, !end, delay(sim), type);
        item->request = request;
        if (message) {
                Message *copy = arena_new(&item->arena, Message);
                if (!copy || message_copy(&item->arena, message, copy) < 0)
                        abort();
                item->message = copy;
        }
}

void net_close(Node *node, uint64_t conn)
{
        Sim *sim = node->sim;
        Conn *c = find(sim, conn);
        if (!c)
                return;
        int end = end_of(c, node);
        if (!c->open[end] || c->deaf[end])
                return;
        c->deaf[end] = true;
        Item *item = sim_later(sim, 0, node, ITEM_CLOSED);
        item->conn = conn;
        if (c->open[!end] && !c->broken)
                (void)to_end(sim, c, !end, delay(sim), ITEM_CLOSED);
}

void net_forget(Node *node)
{
        Sim *sim = node->sim;
        Conn *c, *next;
        HASH_ITER (hh, sim->conns, c, next) {
                if (c->ends[0] != node && c->ends[1] != node)
                        continue;
                int end = end_of(c, node);
                c->open[end] = false;
                if (c->open[!end] && !c->broken) {
                        c->broken = true;
                        (void)to_end(sim, c, !end, delay(sim), ITEM_CLOSED);
                }
                forget_if_over(sim, c);
        }
}

void net_drop_dials(Node *node)
{
        Sim *sim = node->sim;
        Conn *c, *next;
        HASH_ITER (hh, sim->conns, c, next) {
                if (c->ends[0] != node || c->connected || !c->open[0])
                        continue;
                c->open[0] = false;
                if (c->open[1] && !c->broken)
                        (void)to_end(sim, c, 1, delay(sim), ITEM_CLOSED);
                c->broken = true;
                forget_if_over(sim, c);
        }
}

void net_break_one(Sim *sim)
{
        size_t n = HASH_COUNT(sim->conns);
        if (n == 0)
                return;
        Conn *c = sim->conns;
        for (size_t i = sim_between(sim, 0, n - 1); i > 0; i--)
                c = c->hh.next;
        if (c->broken)
                return;
        c->broken = true;
        sim_say(sim, "connection %" PRIu64 " of %s and %s breaks", c->id, c->ends[0]->host,
                c->ends[1]->host);
        oracle_connection_lost(sim->oracle, c->ends[0]);
        oracle_connection_lost(sim->oracle, c->ends[1]);
        for (int end = 0; end < 2; end++) {
                if (!c->open[end])
                        continue;
                /* what is under way may be lost with it */
                c->deaf[end] = sim_chance(sim, 500);
                (void)to_end(sim, c, end, sim_between(sim, 0, 20 * SECOND), ITEM_CLOSED);
        }
}

bool net_deliver(Sim *sim, const Item *item)
{
        Conn *c = find(sim, item->conn);
        if (!c)
                return false;
        int end = end_of(c, item->node);
        if (!c->open[end])
                return false;
        if (item->type == ITEM_CLOSED) {
                c->open[end] = false;
                forget_if_over(sim, c);
                return true;
        }
        if (c->deaf[end])
                return false;
        if (item->type == ITEM_CONNECTED)
                c->connected = true;
        if (item->type == ITEM_PROBE) {
                net_send(item->node, c->id, ITEM_PROBED, 0, NULL);
                return false;
        }
        return true;
}

size_t net_count(const Node *node, const Node *other)
{
        size_t n = 0;
        for (const Conn *c = node->sim->conns; c; c = c->hh.next)
                for (int end = 0; end < 2; end++)
                        n += c->ends[end] == node && c->open[end] && c->ends[!end] == other;
        return n;
}

void net_list(const Node *node)
{
        for (const Conn *c = node->sim->conns; c; c = c->hh.next)
                if ((c->ends[0] == node && c->open[0]) || (c->ends[1] == node && c->open[1]))
                        (void)fprintf(stderr,
                                      "connection %" PRIu64 ": %s (%s) has dialled %s (%s)%s\n",
                                      c->id, c->ends[0]->host, c->open[0] ? "open" : "closed",
                                      c->ends[1]->host, c->open[1] ? "open" : "closed",
                                      c->broken ? ", broken" : "");
}

void net_done(Sim *sim)
{
        Conn *c, *next;
        HASH_ITER (hh, sim->conns, c, next) {
                HASH_DEL(sim->conns, c);
                free(c);
        }
}
