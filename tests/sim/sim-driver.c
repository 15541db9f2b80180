/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A driver, as Spark's StandaloneAppClient is: registers, is told of executors, asks for more and
 * fewer of them, waits for MasterChanged when its master is gone, and never registers again.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/oracle.h"

#define REGISTER_USEC  (20 * SECOND) /* between attempts */
#define REGISTER_TIMES 3
#define PATIENCE       (150 * SECOND) /* without a master */
#define MAX_EXECUTORS  256

typedef struct DriverNode {
        Node node;
        uint64_t dialled[SIM_MASTERS_MAX]; /* a connection to each master; 0: none */
        bool stands[SIM_MASTERS_MAX];      /* ... and it is established */
        uint64_t conn;                     /* to the one that has taken the application; 0: none */
        char app[64];                      /* "" until registered */
        unsigned attempts;
        uint64_t register_at, act_at, finish_at, give_up_at; /* UINT64_MAX: not */
        int32_t max_cores, cores, memory;
        int executors[MAX_EXECUTORS]; /* that it believes to have */
        unsigned n_executors;
        int64_t asks;
} DriverNode;

/* The process ends; another application may begin here later. */
static void end(DriverNode *n, const char *why)
{
        oracle_driver_gone(n->node.sim->oracle, &n->node);
        node_crash(&n->node, why);
}

/* As "APP/N". */
static void key_of(const DriverNode *n, int id, char key[static 96])
{
        (void)snprintf(key, 96, "%s/%d", n->app, id);
}

/* ---- what it says ---- */

static ResourceProfile profile_of(const DriverNode *n, Arena *arena)
{
        static const char *const names[] = { "cores", "memory" };
        const int32_t amounts[] = { n->cores, n->memory };
        ResourceProfile p = { .id = 0 };
        p.executor_resources.items =
                arena_alloc_array(arena, ARRAY_SIZE(names), sizeof(*p.executor_resources.items));
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (amounts[i] > 0)
                        p.executor_resources.items[p.executor_resources.length++] =
                                (struct ExecutorResourceEntry){
                                        .key = names[i],
                                        .value = { .resource_name = names[i],
                                                   .amount = amounts[i],
                                                   .discovery_script = "",
                                                   .vendor = "" },
                                };
        return p;
}

static void send_registration(DriverNode *n, uint64_t conn)
{
        Arena arena CLEANUP_ARENA;
        arena_init(&arena, SIZE_MAX);
        Message m = { .type = MSG_REGISTER_APPLICATION };
        m.register_application.driver =
                (EndpointRef){ "AppClient", { n->node.host, n->node.port } };
        m.register_application.app_description = (ApplicationDescription){
                .name = n->node.host,
                .user = "somebody",
                .app_ui_url = "",
                .max_cores = { n->max_cores > 0, n->max_cores },
                .command = { .main_class = "Executor" },
                .default_profile = profile_of(n, &arena),
        };
        net_send(&n->node, conn, ITEM_MESSAGE, 0, &m);
}

/* As Spark's: with all masters, over the same connections as long as they stand. */
static void attempt(DriverNode *n)
{
        if (n->attempts++ == REGISTER_TIMES) {
                end(n, "no master takes its application");
                return;
        }
        for (unsigned i = 0; i < n->node.sim->plan.masters; i++) {
                if (n->stands[i])
                        send_registration(n, n->dialled[i]);
                else if (n->dialled[i] == 0)
                        n->dialled[i] =
                                net_dial(&n->node, master_host(n->node.sim, i), SIM_MASTER_PORT);
        }
        n->register_at = n->node.sim->now + REGISTER_USEC;
}

static void acknowledge(DriverNode *n)
{
        Message m = { .type = MSG_MASTER_CHANGE_ACKNOWLEDGED };
        m.master_change_acknowledged.app_id = n->app;
        net_send(&n->node, n->conn, ITEM_MESSAGE, 0, &m);
}

static void ask_for_executors(DriverNode *n)
{
        Arena arena CLEANUP_ARENA;
        arena_init(&arena, SIZE_MAX);
        struct ProfileTarget target = { .profile = profile_of(n, &arena),
                                        .total = (int)sim_between(n->node.sim, 0, 5) };
        Message m = { .type = MSG_REQUEST_EXECUTORS };
        m.request_executors.app_id = n->app;
        m.request_executors.targets = (ProfileTargets){ &target, 1 };
        net_send(&n->node, n->conn, ITEM_MESSAGE, ++n->asks, &m);
}

static void kill_one(DriverNode *n)
{
        char id[16], key[96];
        const char *ids[] = { id };
        if (n->n_executors == 0)
                return;
        int number = n->executors[sim_between(n->node.sim, 0, n->n_executors - 1)];
        (void)snprintf(id, sizeof(id), "%d", number);
        key_of(n, number, key);
        oracle_unwanted(n->node.sim->oracle, key);
        Message m = { .type = MSG_KILL_EXECUTORS };
        m.kill_executors.app_id = n->app;
        m.kill_executors.executor_ids = (StringSeq){ ids, 1 };
        net_send(&n->node, n->conn, ITEM_MESSAGE, ++n->asks, &m);
}

static void finish(DriverNode *n)
{
        Message m = { .type = MSG_UNREGISTER_APPLICATION };
        m.unregister_application.app_id = n->app;
        if (n->app[0] != '\0' && net_is_open(&n->node, n->conn))
                net_send(&n->node, n->conn, ITEM_MESSAGE, 0, &m);
        end(n, "it is done");
}

void driver_node_finish(Node *node)
{
        if (node->up)
                finish(CONTAINER_OF(node, DriverNode, node));
}

/* ---- what it is told ---- */

static void registered(DriverNode *n, const Item *item)
{
        const Message *m = item->message;
        const char *id = m->registered_application.app_id;
        if (n->app[0] != '\0' && strcmp(n->app, id) != 0 && n->node.sim->plan.clock_jumps > 0) {
                end(n, "it was taken for another one, by the wrong clock");
                return;
        }
        if (n->app[0] != '\0' && strcmp(n->app, id) != 0)
                sim_fail(n->node.sim, "%s is told to be %s, and was %s", n->node.host, id, n->app);
        (void)snprintf(n->app, sizeof(n->app), "%s", id);
        n->register_at = UINT64_MAX;
        n->conn = item->conn;
        n->give_up_at = UINT64_MAX;
        if (n->act_at == UINT64_MAX)
                n->act_at = n->node.sim->now + SECOND;
        sim_say(n->node.sim, "%s   is %s", n->node.host, id);
}

static void executor_added(DriverNode *n, const Message *m)
{
        char key[96];
        key_of(n, m->executor_added.id, key);
        oracle_told_added(n->node.sim->oracle, key);
        if (n->n_executors < MAX_EXECUTORS)
                n->executors[n->n_executors++] = m->executor_added.id;
        sim_say(n->node.sim, "%s   has %s", n->node.host, key);
}

static void executor_updated(DriverNode *n, const Message *m)
{
        char key[96];
        key_of(n, m->executor_updated.id, key);
        sim_say(n->node.sim, "%s   %s is %s", n->node.host, key,
                executor_state_name(m->executor_updated.state));
        if (!executor_state_finished(m->executor_updated.state))
                return;
        oracle_told_ended(n->node.sim->oracle, key);
        for (unsigned i = 0; i < n->n_executors; i++)
                if (n->executors[i] == m->executor_updated.id)
                        n->executors[i--] = n->executors[--n->n_executors];
}

static void on_message(DriverNode *n, const Item *item)
{
        switch (item->message->type) {
        case MSG_REGISTERED_APPLICATION:
                registered(n, item);
                break;
        case MSG_EXECUTOR_ADDED:
                executor_added(n, item->message);
                break;
        case MSG_EXECUTOR_UPDATED:
                executor_updated(n, item->message);
                break;
        case MSG_MASTER_CHANGED:
                if (n->app[0] == '\0') {
                        /* a later master is faster than the answer of the one before */
                        Message m = { .type = MSG_MASTER_CHANGE_ACKNOWLEDGED };
                        net_send(&n->node, item->conn, ITEM_MESSAGE, 0, &m);
                        break;
                }
                n->conn = item->conn;
                n->give_up_at = UINT64_MAX;
                acknowledge(n);
                break;
        case MSG_APPLICATION_REMOVED:
                end(n, "its application was removed");
                break;
        default:
                break;
        }
}

static void handle(Node *node, const Item *item)
{
        DriverNode *n = CONTAINER_OF(node, DriverNode, node);
        for (unsigned i = 0; i < SIM_MASTERS_MAX; i++) {
                if (n->dialled[i] == 0 || n->dialled[i] != item->conn)
                        continue;
                if (item->type == ITEM_CONNECTED && n->app[0] == '\0')
                        send_registration(n, item->conn);
                n->stands[i] = item->type != ITEM_CLOSED;
                if (item->type == ITEM_CLOSED)
                        n->dialled[i] = 0;
        }
        if (item->type == ITEM_CLOSED && item->conn == n->conn) {
                n->conn = 0;
                n->give_up_at = node->sim->now + PATIENCE;
        } else if (item->type == ITEM_MESSAGE) {
                on_message(n, item);
        }
}

static void act(DriverNode *n)
{
        Sim *sim = n->node.sim;
        n->act_at = sim->now + sim_between(sim, MSEC, 20 * SECOND);
        if (n->conn == 0 || sim->calm)
                return;
        if (sim_chance(sim, 300))
                ask_for_executors(n);
        else if (sim_chance(sim, 300))
                kill_one(n);
}

static void tick(Node *node)
{
        DriverNode *n = CONTAINER_OF(node, DriverNode, node);
        uint64_t now = node->sim->now;
        if (n->give_up_at <= now)
                end(n, "no master comes back");
        else if (n->finish_at <= now && !node->sim->calm)
                finish(n);
        else if (n->register_at <= now)
                attempt(n);
        else if (n->act_at <= now)
                act(n);
}

static uint64_t deadline(const Node *node)
{
        const DriverNode *n = CONTAINER_OF(node, const DriverNode, node);
        uint64_t at = MIN_OF(n->register_at, n->act_at);
        if (!node->sim->calm)
                at = MIN_OF(at, n->finish_at);
        return MIN_OF(at, n->give_up_at);
}

static void crash(Node *node)
{
        oracle_driver_gone(node->sim->oracle, node);
}

/* Another application begins, at another port: one that is late to register at the same port would
 * be taken for the new owner of it. */
static void start(Node *node)
{
        DriverNode *n = CONTAINER_OF(node, DriverNode, node);
        Sim *sim = node->sim;
        if (sim->calm) {
                node->up = false;
                return;
        }
        *n = (DriverNode){ .node = *node, .act_at = UINT64_MAX, .give_up_at = UINT64_MAX };
        node->port++;
        n->max_cores = (int)sim_between(sim, 0, 8);
        n->cores = (int)sim_between(sim, 0, 2);
        n->memory = 512 * (int)sim_between(sim, 1, 4);
        n->finish_at = sim->now + sim_between(sim, SECOND, 200 * SECOND);
        attempt(n);
}

static void done(Node *node)
{
        free(CONTAINER_OF(node, DriverNode, node));
}

static const NodeMethods methods = { .handle = handle,
                                     .deadline = deadline,
                                     .tick = tick,
                                     .crash = crash,
                                     .start = start,
                                     .done = done };

Node *driver_node_new(Sim *sim, unsigned number)
{
        DriverNode *n = sim_alloc(sizeof(*n));
        char host[16];
        (void)snprintf(host, sizeof(host), "d%u", number);
        node_init(&n->node, sim, &methods, NODE_DRIVER, host, 40000);
        n->node.foreign = true;
        n->register_at = n->act_at = n->finish_at = n->give_up_at = UINT64_MAX;
        return &n->node;
}

const char *driver_node_app(const Node *node)
{
        const DriverNode *n = CONTAINER_OF(node, const DriverNode, node);
        return node->up && n->app[0] != '\0' ? n->app : NULL;
}

bool driver_node_connected(const Node *node)
{
        const DriverNode *n = CONTAINER_OF(node, const DriverNode, node);
        return node->up && n->conn != 0 && net_is_open(node, n->conn);
}
