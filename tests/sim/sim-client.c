/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who submits drivers to be run by workers, and kills them again, as spark-submit does: it asks one
 * master, and another one when that does not know.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/oracle.h"

#define ANSWER_USEC (20 * SECOND)
#define IDS_MAX     64

typedef struct ClientNode {
        Node node;
        uint64_t conn; /* 0: none */
        unsigned master;
        bool stands;
        uint64_t act_at, answer_until; /* UINT64_MAX: none is awaited */
        int64_t asks;
        unsigned jobs;         /* submitted, or tried to */
        char ids[IDS_MAX][64]; /* of some drivers that were taken */
        unsigned n_ids;
        bool ending; /* all are to end */
} ClientNode;

/* ---- what it asks ---- */

static void ask(ClientNode *n, const Message *m)
{
        n->answer_until = n->node.sim->now + ANSWER_USEC;
        net_send(&n->node, n->conn, ITEM_MESSAGE, ++n->asks, m);
}

static void submit(ClientNode *n)
{
        Sim *sim = n->node.sim;
        char url[32];
        Message m = { .type = MSG_REQUEST_SUBMIT_DRIVER };
        (void)snprintf(url, sizeof(url), "file:/job-%u.jar", ++n->jobs);
        m.request_submit_driver.driver_description = (DriverDescription){
                .jar_url = url,
                .mem = 256 * (int)sim_between(sim, 1, 4),
                .cores = (int)sim_between(sim, 1, 2),
                .supervise = sim_chance(sim, 500),
                .command.main_class = "Main",
        };
        ask(n, &m);
}

static void kill_one(ClientNode *n)
{
        Message m = { .type = MSG_REQUEST_KILL_DRIVER };
        m.request_kill_driver.driver_id = n->ids[sim_between(n->node.sim, 0, n->n_ids - 1)];
        ask(n, &m);
}

static void kill_all(ClientNode *n)
{
        ask(n, &(Message){ .type = MSG_REQUEST_KILL_ALL_DRIVERS });
}

static void act(ClientNode *n)
{
        Sim *sim = n->node.sim;
        n->act_at = sim->now + (n->ending ? SECOND : sim_between(sim, SECOND, 40 * SECOND));
        if (sim->calm && !n->ending)
                return;
        if (n->conn == 0)
                n->conn = net_dial(&n->node, master_host(sim, n->master++), SIM_MASTER_PORT);
        if (!n->stands || n->answer_until != UINT64_MAX)
                return;
        if (n->ending)
                kill_all(n);
        else if (n->n_ids > 0 && sim_chance(sim, 300))
                kill_one(n);
        else
                submit(n);
}

void client_node_finish(Node *node)
{
        ClientNode *n = CONTAINER_OF(node, ClientNode, node);
        n->ending = true;
        n->act_at = node->sim->now;
        node_arm(node);
}

/* ---- what it hears ---- */

static void hang_up(ClientNode *n)
{
        if (n->conn != 0)
                net_close(&n->node, n->conn);
        n->stands = false;
        n->answer_until = UINT64_MAX;
}

static void take(ClientNode *n, const char *id)
{
        unsigned at = n->n_ids < IDS_MAX ? n->n_ids++
                                         : (unsigned)sim_between(n->node.sim, 0, IDS_MAX - 1);
        (void)snprintf(n->ids[at], sizeof(n->ids[at]), "%s", id);
        sim_say(n->node.sim, "%s   has %s taken", n->node.host, id);
}

static void on_answer(ClientNode *n, const Message *m)
{
        bool ok = true;
        n->answer_until = UINT64_MAX;
        if (m && m->type == MSG_SUBMIT_DRIVER_RESPONSE) {
                ok = m->submit_driver_response.success;
                if (ok)
                        take(n, m->submit_driver_response.driver_id);
        }
        if (!m || !ok || sim_chance(n->node.sim, 300))
                hang_up(n);
}

static void handle(Node *node, const Item *item)
{
        ClientNode *n = CONTAINER_OF(node, ClientNode, node);
        if (item->conn != n->conn)
                return;
        if (item->type == ITEM_CONNECTED) {
                n->stands = true;
        } else if (item->type == ITEM_CLOSED) {
                n->conn = 0;
                n->stands = false;
                n->answer_until = UINT64_MAX;
        } else if (item->type == ITEM_REPLY && item->request == n->asks) {
                on_answer(n, item->message);
        }
}

static void tick(Node *node)
{
        ClientNode *n = CONTAINER_OF(node, ClientNode, node);
        if (n->answer_until <= node->sim->now)
                hang_up(n);
        if (n->act_at <= node->sim->now)
                act(n);
}

static uint64_t deadline(const Node *node)
{
        const ClientNode *n = CONTAINER_OF(node, const ClientNode, node);
        return MIN_OF(n->act_at, n->answer_until);
}

static void start(Node *node)
{
        ClientNode *n = CONTAINER_OF(node, ClientNode, node);
        n->act_at = node->sim->now;
        n->answer_until = UINT64_MAX;
}

static void crash(Node *node)
{
        (void)node;
}

static void done(Node *node)
{
        free(CONTAINER_OF(node, ClientNode, node));
}

static const NodeMethods methods = { .handle = handle,
                                     .deadline = deadline,
                                     .tick = tick,
                                     .crash = crash,
                                     .start = start,
                                     .done = done };

Node *client_node_new(Sim *sim)
{
        ClientNode *n = sim_alloc(sizeof(*n));
        node_init(&n->node, sim, &methods, NODE_CLIENT, "c", 0);
        n->node.foreign = true;
        n->act_at = n->answer_until = UINT64_MAX;
        return &n->node;
}
