/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker's process around its state machine, as daemons/worker/actor.c is, and its host: the disk
 * with what it has kept, and executors that are units of their own, so that they go on when the
 * process ends. The process may end before and after its records are kept, and amid its effects.
 *
 * Some are a model of Spark's own worker: its children end with it, it keeps nothing, is a new
 * worker after each start, and knows nothing of what our daemons say to each other.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemons/worker/worker.h"
#include "tests/sim/oracle.h"
#include "tests/sim/records.h"

#define ASK_USEC (120 * SECOND)

/* A unit on the host. */
typedef struct Child {
        char *id;
        unsigned job; /* a driver's: which */
        bool running; /* else it has ended, and nobody has been told */
        int code;
        struct Child *prev, *next;
} Child;

typedef struct Ask {
        uint64_t ticket, conn;
        int64_t request;
        struct Ask *prev, *next;
} Ask;

typedef struct WorkerNode {
        Node node;
        char id[32], web_ui[32];
        bool jvm;
        bool stopped; /* the next process is another worker */
        WorkerConfig config;
        HostPort masters[SIM_MASTERS_MAX];
        Worker machine;
        json_t *left; /* its tie to the master, for the next process */
        int64_t requests;
        bool dying; /* the process ends when the present event is done with */
        Ask *asks;
        Records disk;
        Child *children;
} WorkerNode;

static void dispatch(WorkerNode *n, const WorkerEvent *event);

/* From outside: nothing of the machine is in use any more when the process ends. */
static void enter(WorkerNode *n, const WorkerEvent *event)
{
        dispatch(n, event);
        if (n->dying)
                node_crash(&n->node, "amid its effects, or because it wants to");
}

/* ---- the host ---- */

static Child *find_child(const WorkerNode *n, const char *id)
{
        Child *c;
        DL_FOREACH (n->children, c)
                if (strcmp(c->id, id) == 0)
                        return c;
        return NULL;
}

static void remove_child(WorkerNode *n, Child *c)
{
        DL_DELETE(n->children, c);
        free(c->id);
        free(c);
}

static void tell_exit(Node *node, const Item *item)
{
        WorkerNode *n = CONTAINER_OF(node, WorkerNode, node);
        Child *c = find_child(n, item->text);
        if (!c || c->running)
                return;
        const WorkerEvent event = { .type = ON_EXITED, .child = item->text, .code = c->code };
        enter(n, &event);
        if (node->up) /* it is forgotten when that is kept */
                remove_child(n, c);
}

static void end_child(Node *node, const Item *item)
{
        WorkerNode *n = CONTAINER_OF(node, WorkerNode, node);
        Child *c = find_child(n, item->text);
        if (!c || !c->running)
                return;
        sim_say(node->sim, "%s   %s ends with %d", node->host, c->id, item->number);
        c->running = false;
        c->code = item->number;
        oracle_ended(node->sim->oracle, c->id, c->job, item->number == 0);
        if (node->up)
                sim_task(node, sim_between(node->sim, 0, 20 * MSEC), tell_exit, c->id, 0, false);
}

static void kill_child(WorkerNode *n, const char *id, int with)
{
        Sim *sim = n->node.sim;
        if (with == SIGTERM && sim_chance(sim, 50))
                return; /* it does not care */
        sim_task(&n->node, sim_between(sim, 0, with == SIGTERM ? 3 * SECOND : 50 * MSEC), end_child,
                 id, 128 + with, true);
}

static bool is_known(const WorkerNode *n, const char *id)
{
        return executors_find(&n->machine.executors, id) || drivers_find(&n->machine.drivers, id);
}

static void tell_started(Node *node, const Item *item)
{
        WorkerNode *n = CONTAINER_OF(node, WorkerNode, node);
        Child *c = find_child(n, item->text);
        if (!c || !c->running)
                return;
        if (is_known(n, item->text))
                enter(n, &(WorkerEvent){ .type = ON_STARTED, .child = item->text });
        else
                kill_child(n, item->text, SIGKILL);
}

static void start_child(Node *node, const Item *item)
{
        Sim *sim = node->sim;
        WorkerNode *n = CONTAINER_OF(node, WorkerNode, node);
        if (sim_chance(sim, 20)) {
                enter(n, &(WorkerEvent){ .type = ON_LAUNCH_FAILED,
                                         .child = item->text,
                                         .text = "no such engine" });
                return;
        }
        if (item->number > 0 && !drivers_find(&n->machine.drivers, item->text))
                return; /* the launch was cancelled */
        Child *c = sim_alloc(sizeof(*c));
        c->id = sim_strdup(item->text);
        c->job = (unsigned)item->number;
        c->running = true;
        DL_APPEND(n->children, c);
        sim_say(sim, "%s   %s runs", node->host, c->id);
        oracle_started(sim->oracle, c->id, c->job, node);
        sim_task(node, sim_between(sim, 0, 50 * MSEC), tell_started, c->id, 0, false);
        if (sim_chance(sim, sim->plan.executor_ends))
                sim_task(node, sim_between(sim, 0, 60 * SECOND), end_child, c->id,
                         sim_chance(sim, 500) ? 1 : 0, true);
}

static void end_children(WorkerNode *n)
{
        while (n->children) {
                if (n->children->running)
                        oracle_ended(n->node.sim->oracle, n->children->id, n->children->job, false);
                remove_child(n, n->children);
        }
}

void worker_node_stop(Node *node)
{
        WorkerNode *n = CONTAINER_OF(node, WorkerNode, node);
        if (!node->up)
                return;
        sim_say(node->sim, "%s is stopped", node->host);
        n->stopped = true;
        enter(n, &(WorkerEvent){ .type = ON_STOP });
        if (node->up)
                node_arm(node);
}

void worker_node_reboot(Node *node)
{
        node_crash(node, "its host does");
        end_children(CONTAINER_OF(node, WorkerNode, node));
}

/* ---- asks ---- */

static Ask *find_ask(const WorkerNode *n, uint64_t ticket)
{
        Ask *ask;
        DL_FOREACH (n->asks, ask)
                if (ask->ticket == ticket)
                        return ask;
        return NULL;
}

/* What a former process has asked is nobody's. */
static uint64_t ticket_of(const WorkerNode *n, int64_t request)
{
        const Ask *ask;
        DL_FOREACH (n->asks, ask)
                if (ask->request == request)
                        return ask->ticket;
        return 0;
}

static void answer(WorkerNode *n, uint64_t ticket, bool ok, bool timed_out)
{
        Ask *ask = find_ask(n, ticket);
        if (!ask)
                return;
        DL_DELETE(n->asks, ask);
        free(ask);
        dispatch(n, &(WorkerEvent){ .type = ON_ANSWERED,
                                    .ticket = ticket,
                                    .ok = ok,
                                    .timed_out = timed_out,
                                    .text = ok ? NULL : "no answer" });
}

static void time_out(Node *node, const Item *item)
{
        WorkerNode *n = CONTAINER_OF(node, WorkerNode, node);
        answer(n, (uint64_t)item->number, false, true);
        if (n->dying)
                node_crash(node, "amid its effects");
}

static void fail_asks(WorkerNode *n, uint64_t conn)
{
        Ask *ask = n->asks;
        while (ask && !n->dying) {
                uint64_t ticket = ask->ticket;
                bool is_it = ask->conn == conn;
                ask = ask->next;
                if (is_it) {
                        answer(n, ticket, false, false);
                        ask = n->asks;
                }
        }
}

static void do_ask(WorkerNode *n, const WorkerEffect *e)
{
        Ask *ask = sim_alloc(sizeof(*ask));
        *ask = (Ask){ .ticket = e->ticket, .conn = e->conn, .request = ++n->requests };
        DL_APPEND(n->asks, ask);
        if (!net_is_open(&n->node, e->conn)) {
                answer(n, e->ticket, false, false);
                return;
        }
        net_send(&n->node, e->conn, ITEM_MESSAGE, ask->request, e->message);
        sim_task(&n->node, ASK_USEC, time_out, NULL, (int)e->ticket, false);
}

/* ---- effects ---- */

static void do_dial(WorkerNode *n, const WorkerEffect *e)
{
        uint64_t conn = net_dial(&n->node, e->address.host, e->address.port);
        dispatch(n, &(WorkerEvent){ .type = ON_DIALLED, .target = e->target, .conn = conn });
}

/* The client's number of a driver; 0: it is an executor. */
static unsigned job_of(const Message *launch)
{
        unsigned job = 0;
        if (launch->type == MSG_LAUNCH_DRIVER)
                (void)sscanf(launch->launch_driver.driver_desc.jar_url, "file:/job-%u.jar", &job);
        return job;
}

static void carry_out(WorkerNode *n, const WorkerEffect *e)
{
        Sim *sim = n->node.sim;
        switch (e->type) {
        case DO_DIAL:
                do_dial(n, e);
                break;
        case DO_IDENTIFY:
                net_send(&n->node, e->conn, ITEM_PROBE, 0, NULL);
                break;
        case DO_SEND:
                net_send(&n->node, e->conn, ITEM_MESSAGE, 0, e->message);
                break;
        case DO_ASK:
                do_ask(n, e);
                break;
        case DO_CLOSE:
                net_close(&n->node, e->conn);
                break;
        case DO_LAUNCH:
                sim_task(&n->node, sim_between(sim, 0, 300 * MSEC), start_child, e->child,
                         (int)job_of(e->message), false);
                break;
        case DO_SIGNAL:
                kill_child(n, e->child, e->signal);
                break;
        case DO_EXIT:
                n->dying = true;
                break;
        case DO_LOG:
                sim_say(sim, "%s   %s", n->node.host, e->text);
                break;
        case DO_RESCAN:
        case DO_CANCEL: /* start_child() sees to it */
        case DO_CLEAN_APP:
        case DO_KEEP:
        case DO_DROP:
                break;
        }
}

static bool keep(WorkerNode *n, const WorkerEffects *fx)
{
        bool any = false;
        if (n->jvm)
                return false;
        for (const WorkerEffect *e = fx->first; e; e = e->next) {
                if (e->type == DO_KEEP)
                        records_put_message(&n->disk, (int)e->record, e->child, e->message,
                                            (int)e->mark);
                else if (e->type == DO_DROP)
                        records_delete(&n->disk, (int)e->record, e->child);
                any = any || e->type == DO_KEEP || e->type == DO_DROP;
        }
        return any;
}

static bool has_records(const WorkerEffects *fx)
{
        for (const WorkerEffect *e = fx->first; e; e = e->next)
                if (e->type == DO_KEEP || e->type == DO_DROP)
                        return true;
        return false;
}

static bool ends_here(const WorkerNode *n)
{
        Sim *sim = n->node.sim;
        return !sim->calm && sim_between(sim, 1, 10000) <= sim->plan.crash_at_commit;
}

static void dispatch(WorkerNode *n, const WorkerEvent *event)
{
        CLEANUP_WORKER_EFFECTS WorkerEffects fx;
        if (n->dying)
                return;
        worker_effects_init(&fx);
        worker_handle(&n->machine, event, n->node.sim->now, &fx);
        SIM_CHECK(n->node.sim, !fx.failed, "%s is out of memory", n->node.host);
        bool kept = has_records(&fx);
        if (kept && ends_here(n)) {
                n->dying = true;
                return;
        }
        (void)keep(n, &fx);
        for (const WorkerEffect *e = fx.first; e && !n->dying; e = e->next) {
                if (kept && ends_here(n)) {
                        n->dying = true;
                        return;
                }
                carry_out(n, e);
        }
}

/* ---- events ---- */

static void handle(Node *node, const Item *item)
{
        WorkerNode *n = CONTAINER_OF(node, WorkerNode, node);
        WorkerEvent event = { .conn = item->conn, .lines = SIM_LINES };
        switch (item->type) {
        case ITEM_CONNECTED:
                event.type = ON_CONNECTED;
                break;
        case ITEM_CLOSED:
                fail_asks(n, item->conn);
                event.type = ON_CLOSED;
                event.text = "it broke";
                break;
        case ITEM_MESSAGE:
                event.type = ON_MESSAGE;
                event.message = item->message;
                sim_say(node->sim, "%s   gets %s", node->host,
                        message_type_name(item->message->type));
                break;
        case ITEM_PROBED:
                event.type = ON_IDENTIFIED;
                event.sparkd = !n->jvm;
                event.lines = n->jvm ? SIM_LINES : LINES_ALL;
                break;
        case ITEM_REPLY:
                answer(n, ticket_of(n, item->request),
                       item->message && item->message->type == MSG_BOOLEAN, false);
                if (n->dying)
                        node_crash(node, "amid its effects");
                return;
        default:
                return;
        }
        enter(n, &event);
}

static void tick(Node *node)
{
        enter(CONTAINER_OF(node, WorkerNode, node), &(WorkerEvent){ .type = ON_TICK });
}

static uint64_t deadline(const Node *node)
{
        return worker_deadline(&CONTAINER_OF(node, const WorkerNode, node)->machine);
}

static void crash(Node *node)
{
        WorkerNode *n = CONTAINER_OF(node, WorkerNode, node);
        Ask *ask, *next;
        DL_FOREACH_SAFE (n->asks, ask, next) {
                DL_DELETE(n->asks, ask);
                free(ask);
        }
        worker_done(&n->machine);
        n->machine = (Worker){ 0 };
        if (n->jvm)
                end_children(n);
}

/* What the host has of an earlier life. */
static void tell_children(WorkerNode *n)
{
        Child *c, *next;
        DL_FOREACH_SAFE (n->children, c, next) {
                if (!c->running) {
                        dispatch(n, &(WorkerEvent){
                                            .type = ON_EXITED, .child = c->id, .code = c->code });
                        if (n->dying)
                                return;
                        remove_child(n, c);
                } else if (is_known(n, c->id)) {
                        dispatch(n, &(WorkerEvent){ .type = ON_STARTED, .child = c->id });
                } else {
                        kill_child(n, c->id, SIGKILL);
                }
        }
}

static void begin(WorkerNode *n)
{
        static const char *engines[] = { "4.3.0" };
        n->dying = false;
        SIM_CHECK(n->node.sim, worker_init(&n->machine, &n->config) == 0, "no worker");
        registration_set_engines(&n->machine.registration, SIM_LINES,
                                 (StringSeq){ engines, ARRAY_SIZE(engines) });
        for (const Record *r = n->disk.first; r; r = r->next)
                SIM_CHECK(n->node.sim,
                          worker_restore(&n->machine, (WorkerRecord)r->kind, r->key, r->message,
                                         (RecordMark)r->mark) == 0,
                          "%s: record %d of %s cannot be used", n->node.host, r->kind, r->key);
}

static void start(Node *node)
{
        WorkerNode *n = CONTAINER_OF(node, WorkerNode, node);
        if (n->jvm || n->stopped)
                (void)snprintf(n->id, sizeof(n->id), "worker-%s.%u", node->host, node->life);
        n->stopped = false;
        begin(n);
        tell_children(n);
        dispatch(n, &(WorkerEvent){ .type = ON_LISTED });
        enter(n, &(WorkerEvent){ .type = ON_START });
}

/* As actor.c's. */
static bool leave(Node *node)
{
        WorkerNode *n = CONTAINER_OF(node, WorkerNode, node);
        CLEANUP_WORKER_EFFECTS WorkerEffects fx;
        worker_effects_init(&fx);
        if (n->stopped)
                return false;
        registration_close_others(&n->machine.registration, &fx);
        for (const WorkerEffect *e = fx.first; e; e = e->next)
                carry_out(n, e);
        n->left = registration_save(&n->machine.registration);
        return true;
}

static void resume(Node *node)
{
        WorkerNode *n = CONTAINER_OF(node, WorkerNode, node);
        CLEANUP_WORKER_EFFECTS WorkerEffects fx;
        json_t *left = TAKE_PTR(n->left);
        begin(n);
        worker_effects_init(&fx);
        int r = registration_resume(&n->machine.registration, left, node->sim->now, &fx);
        json_decref(left);
        SIM_CHECK(node->sim, r == 0 || r == -ENOENT, "%s cannot take up its tie", node->host);
        for (const WorkerEffect *e = fx.first; e; e = e->next)
                carry_out(n, e);
        tell_children(n);
        dispatch(n, &(WorkerEvent){ .type = ON_LISTED });
        enter(n, &(WorkerEvent){ .type = r == 0 ? ON_ENGINES : ON_START });
}

static void done(Node *node)
{
        WorkerNode *n = CONTAINER_OF(node, WorkerNode, node);
        if (node->up)
                crash(node);
        while (n->children)
                remove_child(n, n->children);
        records_done(&n->disk);
        json_decref(n->left);
        free(n);
}

static void configure(WorkerNode *n, unsigned number)
{
        static const ResourceMap no_resources;
        (void)snprintf(n->id, sizeof(n->id), "worker-%u", number);
        n->jvm = sim_chance(n->node.sim, n->node.sim->plan.jvm_workers);
        (void)snprintf(n->web_ui, sizeof(n->web_ui), "http://%s:8081", n->node.host);
        for (unsigned i = 0; i < n->node.sim->plan.masters; i++) {
                n->masters[i].port = SIM_MASTER_PORT;
                (void)snprintf(n->masters[i].host, sizeof(n->masters[i].host), "%s",
                               master_host(n->node.sim, i));
        }
        n->config = (WorkerConfig){
                .registration = { .masters = n->masters,
                                  .n_masters = n->node.sim->plan.masters,
                                  .worker_id = n->id,
                                  .host = n->node.host,
                                  .port = n->node.port,
                                  .cores = (int)sim_between(n->node.sim, 2, 8),
                                  .memory_mb = 1024 * (int)sim_between(n->node.sim, 2, 8),
                                  .web_ui_url = n->web_ui,
                                  .resources = &no_resources,
                                  .limits_overhead_percent = 10,
                                  .limits_overhead_min_mb = 384,
                                  .heartbeat_usec = 15 * SECOND,
                                  .initial_retries = 6,
                                  .max_retries = 16,
                                  .jitter = 1 },
                .executors = { .worker_id = n->id,
                               .sync_attempts = 5,
                               .sync_pause_usec = 120 * SECOND,
                               .terminate_usec = 10 * SECOND,
                               .retained = 100 },
                .drivers = { .worker_id = n->id, .terminate_usec = 10 * SECOND, .retained = 10 },
        };
        if (!n->jvm && sim_chance(n->node.sim, 500))
                n->config.registration.limits_memory_mb = sim_between(n->node.sim, 4000, 8000);
}

static const NodeMethods methods = { .handle = handle,
                                     .deadline = deadline,
                                     .tick = tick,
                                     .crash = crash,
                                     .start = start,
                                     .leave = leave,
                                     .resume = resume,
                                     .done = done };

Node *worker_node_new(Sim *sim, unsigned number)
{
        WorkerNode *n = sim_alloc(sizeof(*n));
        char host[16];
        (void)snprintf(host, sizeof(host), "w%u", number);
        node_init(&n->node, sim, &methods, NODE_WORKER, host, 35000);
        configure(n, number);
        n->node.foreign = n->jvm;
        return &n->node;
}

/* ---- what the oracle asks ---- */

void worker_node_check(const Node *node)
{
        const WorkerNode *n = CONTAINER_OF(node, const WorkerNode, node);
        int64_t cores = 0, memory = 0;
        if (!node->up)
                return;
        for (const Executor *e = n->machine.executors.running; e; e = e->hh.next) {
                cores += e->cores;
                memory += e->memory_mb;
        }
        SIM_CHECK(node->sim,
                  cores == n->machine.executors.cores_used &&
                          memory == n->machine.executors.memory_used_mb,
                  "%s: %d cores and %d MiB are taken, but what runs has %d and %d", node->host,
                  (int)n->machine.executors.cores_used, (int)n->machine.executors.memory_used_mb,
                  (int)cores, (int)memory);
}

bool worker_node_registered(const Node *node)
{
        const WorkerNode *n = CONTAINER_OF(node, const WorkerNode, node);
        return node->up && n->machine.registration.connected;
}

void worker_node_check_empty(const Node *node)
{
        const WorkerNode *n = CONTAINER_OF(node, const WorkerNode, node);
        const Sim *sim = node->sim;
        if (n->jvm)
                return; /* is_astray() */
        SIM_CHECK(sim, executors_running(&n->machine.executors) == 0, "%s has executors left",
                  node->host);
        SIM_CHECK(sim, drivers_running(&n->machine.drivers) == 0, "%s has drivers left",
                  node->host);
        SIM_CHECK(sim, worker_cores_used(&n->machine) == 0, "%s has cores that are not free",
                  node->host);
        SIM_CHECK(sim, !n->children, "%s: %s is left on the host", node->host, n->children->id);
        SIM_CHECK(sim, !n->machine.executors.reports, "%s has reports left", node->host);
        SIM_CHECK(sim, !n->disk.first, "%s: record %d of %s is left", node->host,
                  n->disk.first->kind, n->disk.first->key);
        for (size_t i = 0; i < sim->n_of[NODE_MASTER]; i++)
                SIM_CHECK(sim, net_count(node, sim_node(sim, NODE_MASTER, i)) <= 1,
                          "%s has more than one connection to a master", node->host);
}

bool worker_node_is_jvm(const Node *node)
{
        return CONTAINER_OF(node, const WorkerNode, node)->jvm;
}

bool worker_node_has_job(const Node *node, const char *id)
{
        const WorkerNode *n = CONTAINER_OF(node, const WorkerNode, node);
        return node->up && drivers_find(&n->machine.drivers, id);
}
