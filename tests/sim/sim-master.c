/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The master's process around its state machine, as daemons/master/actor.c is: effects of one or
 * more turns are made durable together, then carried out. The process may end at each of these
 * points. The disk may be full for a while. There can be two masters on one disk: the first to
 * have it leads, the other one stands by until it is free.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemons/master/record.h"
#include "tests/sim/oracle.h"
#include "tests/sim/records.h"

#define WALL_START UINT64_C(1763690000000000)
#define RESYNC     (5 * SECOND)
#define STANDBY    SECOND

/* Whom the master has dialled. */
typedef struct Dialled {
        int kind;
        char *key;
        uint64_t conn;
        struct Dialled *prev, *next;
} Dialled;

/* Whom it had at which connection when it left. */
typedef struct Left {
        RecordKind kind;
        char *key;
        uint64_t conn;
        struct Left *next;
} Left;

typedef struct MasterNode {
        Node node;
        char url[32], web_ui[32];
        MasterConfig config;
        Master *machine;
        MasterEffects effects; /* of all turns since the last flush */
        bool flushing;         /* a flush is queued */
        bool unkept;           /* the last ones could not be made durable */
        Dialled *dialled;
        Left *left; /* list (next) */
} MasterNode;

struct MasterDisk {
        Records records;
        MasterNode *holder; /* NULL: nobody */
        bool full;
};

static void flush(Node *node, const Item *item);

static MasterDisk *disk_of(const MasterNode *n)
{
        return n->node.sim->disk;
}

static MasterTime time_of(const MasterNode *n)
{
        const Sim *sim = n->node.sim;
        return (MasterTime){ .now = sim->now,
                             .wall = WALL_START + sim->now + (uint64_t)sim->wall_offset };
}

static void turn(MasterNode *n, const MasterEvent *event)
{
        Sim *sim = n->node.sim;
        SIM_CHECK(sim, master_handle(n->machine, time_of(n), event, &n->effects) == 0,
                  "the master is out of memory");
        if (n->flushing)
                return;
        n->flushing = true;
        bool batch = sim_chance(sim, sim->plan.batches);
        sim_task(&n->node, batch ? sim_between(sim, 0, 5 * MSEC) : 0, flush, NULL, 0, false);
}

/* ---- the disk ---- */

static void put(MasterNode *n, RecordKind kind, const char *key)
{
        Buffer bytes = BUFFER_INIT(0);
        int r = master_record(n->machine, kind, key, &bytes);
        if (r == 0) {
                records_put_bytes(&disk_of(n)->records, (int)kind, key, bytes);
                return;
        }
        SIM_CHECK(n->node.sim, r == -ENOENT, "record %d of %s cannot be made", (int)kind, key);
        records_delete(&disk_of(n)->records, (int)kind, key);
}

static void commit(MasterNode *n)
{
        for (const MasterEffect *e = n->effects.first; e; e = e->next) {
                if (e->type == EFFECT_RECORD_PUT)
                        put(n, e->kind, e->key);
                else if (e->type == EFFECT_RECORD_DELETE)
                        records_delete(&disk_of(n)->records, (int)e->kind, e->key);
        }
}

static int put_each(void *user, RecordKind kind, const char *key)
{
        put(user, kind, key);
        return 0;
}

static void resync(Node *node, const Item *item)
{
        MasterNode *n = CONTAINER_OF(node, MasterNode, node);
        if (!n->unkept)
                return;
        if (disk_of(n)->full) {
                sim_task(node, RESYNC, resync, NULL, 0, false);
                return;
        }
        records_done(&disk_of(n)->records);
        (void)master_each_record(n->machine, put_each, n);
        n->unkept = false;
        sim_say(node->sim, "the master's disk is in order again");
        turn(n, &(MasterEvent){ .type = EVENT_STORE });
}

void master_disk_fill(Sim *sim, bool full)
{
        sim->disk->full = full;
        sim_say(sim, "the masters' disk %s", full ? "is full" : "has room");
}

void master_disk_done(Sim *sim)
{
        records_done(&sim->disk->records);
        free(sim->disk);
}

static bool has_records(const MasterNode *n)
{
        for (const MasterEffect *e = n->effects.first; e; e = e->next)
                if (e->type == EFFECT_RECORD_PUT || e->type == EFFECT_RECORD_DELETE)
                        return true;
        return false;
}

static void keep(MasterNode *n)
{
        Sim *sim = n->node.sim;
        if (n->unkept || !has_records(n))
                return;
        if (!disk_of(n)->full) {
                commit(n);
                return;
        }
        n->unkept = true;
        sim_task(&n->node, RESYNC, resync, NULL, 0, false);
        SIM_CHECK(sim,
                  master_handle(n->machine, time_of(n),
                                &(MasterEvent){ .type = EVENT_STORE, .text = "the disk is full" },
                                &n->effects) == 0,
                  "the master is out of memory");
}

/* ---- effects ---- */

static void dial(MasterNode *n, const MasterEffect *e)
{
        Dialled *d;
        DL_FOREACH (n->dialled, d)
                if (d->kind == (int)e->kind && strcmp(d->key, e->key) == 0)
                        break;
        if (d && net_is_open(&n->node, d->conn))
                return;
        if (!d) {
                d = sim_alloc(sizeof(*d));
                d->kind = (int)e->kind;
                d->key = sim_strdup(e->key);
                DL_APPEND(n->dialled, d);
        }
        d->conn = net_dial(&n->node, e->address.host, e->address.port);
}

static const Node *driver_at(const Sim *sim, const EndpointRef *driver)
{
        Node *node = sim_find(sim, driver->address.host);
        SIM_CHECK(sim, node, "there is no driver %s", driver->address.host);
        return node;
}

/* The live application whose driver is at this connection, or NULL. */
static const App *app_on(const MasterNode *n, uint64_t conn)
{
        for (const App *app = master_apps(n->machine); app; app = app->next)
                if (app->peer && app->peer->conn == conn)
                        return app;
        return NULL;
}

static void watch_updated(const MasterNode *n, const MasterEffect *e)
{
        const App *app = app_on(n, e->conn);
        char key[96];
        if (!app || !executor_state_finished(e->message->executor_updated.state))
                return;
        (void)snprintf(key, sizeof(key), "%s/%d", app->id, e->message->executor_updated.id);
        oracle_tells_ended(n->node.sim->oracle, key);
}

static void watch_sent(const MasterNode *n, const MasterEffect *e)
{
        const Sim *sim = n->node.sim;
        if (e->type == EFFECT_SEND && e->message->type == MSG_EXECUTOR_UPDATED)
                watch_updated(n, e);
        if (e->type != EFFECT_SEND || e->message->type != MSG_REGISTERED_APPLICATION)
                return;
        const char *id = e->message->registered_application.app_id;
        const App *app = master_app(n->machine, id);
        if (app && net_is_open(&n->node, e->conn))
                oracle_accepted(sim->oracle, id, driver_at(sim, &app->driver),
                                !net_is_whole(&n->node, e->conn));
}

static void watch_replied(const MasterNode *n, const MasterEffect *e)
{
        const Message *m = e->message;
        if (m->type == MSG_SUBMIT_DRIVER_RESPONSE && m->submit_driver_response.success)
                oracle_job_accepted(n->node.sim->oracle, m->submit_driver_response.driver_id);
}

static void carry_out(MasterNode *n, const MasterEffect *e)
{
        const Sim *sim = n->node.sim;
        switch (e->type) {
        case EFFECT_SEND:
                watch_sent(n, e);
                sim_say(sim, "%s    -> #%" PRIu64 " %s", n->node.host, e->conn,
                        message_type_name(e->message->type));
                net_send(&n->node, e->conn, ITEM_MESSAGE, 0, e->message);
                break;
        case EFFECT_REPLY:
                watch_replied(n, e);
                net_send(&n->node, e->conn, ITEM_REPLY, e->request_id, e->message);
                break;
        case EFFECT_FAIL:
                net_send(&n->node, e->conn, ITEM_REPLY, e->request_id, NULL);
                break;
        case EFFECT_IDENTIFY:
                net_send(&n->node, e->conn, ITEM_PROBE, 0, NULL);
                break;
        case EFFECT_CLOSE:
                net_close(&n->node, e->conn);
                break;
        case EFFECT_DIAL:
                dial(n, e);
                break;
        case EFFECT_LOG:
                sim_say(sim, "%s    %s", n->node.host, e->text);
                break;
        case EFFECT_ASK_VERSION: /* may go unanswered */
        case EFFECT_RECORD_PUT:
        case EFFECT_RECORD_DELETE:
        case EFFECT_NONE:
                break;
        }
}

/* What has become durable and takes an application from its driver. */
static void watch_kept(const MasterNode *n)
{
        for (const MasterEffect *e = n->effects.first; e; e = e->next) {
                if (e->type == EFFECT_RECORD_DELETE && e->kind == RECORD_APP) {
                        const App *app = master_app(n->machine, e->key);
                        if (app && app->state == APP_FAILED)
                                oracle_over(n->node.sim->oracle, e->key);
                } else if (e->type == EFFECT_RECORD_DELETE && e->kind == RECORD_DRIVER) {
                        oracle_job_over(n->node.sim->oracle, e->key);
                }
        }
}

static bool ends_here(const MasterNode *n)
{
        Sim *sim = n->node.sim;
        return !sim->calm && sim_between(sim, 1, 10000) <= sim->plan.crash_at_commit;
}

/* The process ends before these. That an executor was added is not told by its successor: the
 * driver hears of it by the executor itself. */
static void lose(const MasterNode *n, const MasterEffect *from)
{
        const Sim *sim = n->node.sim;
        for (const MasterEffect *e = from; e; e = e->next) {
                if (e->type != EFFECT_SEND || e->message->type != MSG_EXECUTOR_ADDED)
                        continue;
                const Node *driver = net_peer(&n->node, e->conn);
                const App *app = driver ? master_apps(n->machine) : NULL;
                char key[96];
                for (; app; app = app->next) {
                        if (strcmp(app->driver.address.host, driver->host) != 0)
                                continue;
                        (void)snprintf(key, sizeof(key), "%s/%d", app->id,
                                       e->message->executor_added.id);
                        oracle_unadded(sim->oracle, key);
                }
        }
}

static void flush(Node *node, const Item *item)
{
        MasterNode *n = CONTAINER_OF(node, MasterNode, node);
        n->flushing = false;
        if (has_records(n) && ends_here(n)) {
                node_crash(node, "before the commit");
                return;
        }
        keep(n);
        watch_kept(n);
        if (has_records(n) && ends_here(n)) {
                lose(n, n->effects.first);
                node_crash(node, "after the commit");
                return;
        }
        for (const MasterEffect *e = n->effects.first; e; e = e->next) {
                carry_out(n, e);
                if (e->type == EFFECT_SEND && ends_here(n)) {
                        lose(n, e->next);
                        node_crash(node, "with half of it sent");
                        return;
                }
        }
        master_effects_clear(&n->effects);
}

/* ---- events ---- */

static Dialled *dialled_on(const MasterNode *n, uint64_t conn)
{
        Dialled *d;
        DL_FOREACH (n->dialled, d)
                if (d->conn == conn)
                        return d;
        return NULL;
}

static void handle(Node *node, const Item *item)
{
        MasterNode *n = CONTAINER_OF(node, MasterNode, node);
        MasterEvent event = { .conn = item->conn, .lines = SIM_LINES };
        const Dialled *d;
        const Node *peer;
        switch (item->type) {
        case ITEM_CONNECTED:
                d = dialled_on(n, item->conn);
                event.type = EVENT_CONNECTED;
                event.kind = (RecordKind)d->kind;
                event.text = d->key;
                break;
        case ITEM_CLOSED:
                event.type = EVENT_CLOSED;
                event.text = "it broke";
                break;
        case ITEM_MESSAGE:
                event.type = EVENT_MESSAGE;
                event.ask = item->request != 0;
                event.request_id = item->request;
                event.message = item->message;
                break;
        case ITEM_PROBED:
                event.type = EVENT_IDENTIFIED;
                peer = net_peer(node, item->conn);
                event.sparkd = peer && !peer->foreign;
                event.lines = event.sparkd ? LINES_ALL : SIM_LINES;
                break;
        default:
                return;
        }
        turn(n, &event);
}

static void tick(Node *node)
{
        turn(CONTAINER_OF(node, MasterNode, node), &(MasterEvent){ .type = EVENT_TICK });
}

static uint64_t deadline(const Node *node)
{
        return master_deadline(CONTAINER_OF(node, const MasterNode, node)->machine);
}

static void crash(Node *node)
{
        MasterNode *n = CONTAINER_OF(node, MasterNode, node);
        Dialled *d, *next;
        n->flushing = n->unkept = false;
        master_effects_clear(&n->effects);
        n->machine = master_free(n->machine);
        DL_FOREACH_SAFE (n->dialled, d, next) {
                DL_DELETE(n->dialled, d);
                free(d->key);
                free(d);
        }
        if (disk_of(n)->holder == n)
                disk_of(n)->holder = NULL;
}

/* As keeper_load(): those that name others come last. */
static void load(MasterNode *n)
{
        for (int pass = 0; pass < 2; pass++)
                for (const Record *r = disk_of(n)->records.first; r; r = r->next)
                        if ((r->kind == RECORD_EXECUTOR || r->kind == RECORD_DRIVER) == pass)
                                SIM_CHECK(n->node.sim,
                                          master_restore(n->machine, time_of(n),
                                                         (RecordKind)r->kind, r->key, r->bytes.data,
                                                         r->bytes.size) == 0,
                                          "record %d of %s cannot be used", r->kind, r->key);
}

static void take_up_left(MasterNode *n)
{
        while (n->left) {
                Left *l = n->left;
                n->left = l->next;
                if (net_is_open(&n->node, l->conn))
                        turn(n, &(MasterEvent){ .type = EVENT_RESUMED,
                                                .conn = l->conn,
                                                .lines = SIM_LINES,
                                                .kind = l->kind,
                                                .text = l->key });
                free(l->key);
                free(l);
        }
}

static void try_to_lead(Node *node, const Item *item)
{
        MasterNode *n = CONTAINER_OF(node, MasterNode, node);
        if (disk_of(n)->holder) {
                sim_task(node, STANDBY, try_to_lead, NULL, 0, false);
                return;
        }
        disk_of(n)->holder = n;
        node->sim->reigns++;
        if (node->apart_until >
            node->sim->now) /* it cannot reach those who were not there before */
                for (size_t i = 0; i < node->sim->n_of[NODE_DRIVER]; i++)
                        oracle_connection_lost(node->sim->oracle,
                                               sim_node(node->sim, NODE_DRIVER, i));
        load(n);
        take_up_left(n);
        turn(n, &(MasterEvent){ .type = EVENT_START });
}

static void start(Node *node)
{
        MasterNode *n = CONTAINER_OF(node, MasterNode, node);
        SIM_CHECK(node->sim, master_new(&n->config, &n->machine) == 0, "no master");
        try_to_lead(node, NULL);
}

static void leave_peer(MasterNode *n, RecordKind kind, const char *key, const Peer *peer)
{
        if (!peer)
                return;
        Left *l = sim_alloc(sizeof(*l));
        *l = (Left){ .kind = kind, .key = sim_strdup(key), .conn = peer->conn, .next = n->left };
        n->left = l;
}

/* As actor_terminate(). */
static bool leave(Node *node)
{
        MasterNode *n = CONTAINER_OF(node, MasterNode, node);
        if (disk_of(n)->holder != n)
                return false;
        if (n->effects.first)
                flush(node, NULL);
        if (!node->up || n->unkept)
                return false;
        for (const Worker *w = master_workers(n->machine); w; w = w->next)
                leave_peer(n, RECORD_WORKER, w->id, w->peer);
        for (const App *app = master_apps(n->machine); app; app = app->next)
                leave_peer(n, RECORD_APP, app->id, app->peer);
        return true;
}

static void done(Node *node)
{
        MasterNode *n = CONTAINER_OF(node, MasterNode, node);
        if (n->machine)
                crash(node);
        free(n);
}

const char *master_host(const Sim *sim, unsigned number)
{
        static const char *const hosts[SIM_MASTERS_MAX] = { "m", "n" };
        return hosts[number % sim->plan.masters];
}

static const NodeMethods methods = { .handle = handle,
                                     .deadline = deadline,
                                     .tick = tick,
                                     .crash = crash,
                                     .start = start,
                                     .leave = leave,
                                     .resume = start,
                                     .done = done };

Node *master_node_new(Sim *sim, unsigned number)
{
        MasterNode *n = sim_alloc(sizeof(*n));
        node_init(&n->node, sim, &methods, NODE_MASTER, master_host(sim, number), SIM_MASTER_PORT);
        (void)snprintf(n->url, sizeof(n->url), "spark://%s:%d", n->node.host, SIM_MASTER_PORT);
        (void)snprintf(n->web_ui, sizeof(n->web_ui), "http://%s:8080", n->node.host);
        master_config_init(&n->config);
        n->config.url = n->url;
        n->config.address = (RpcAddress){ n->node.host, SIM_MASTER_PORT };
        n->config.web_ui_url = n->web_ui;
        n->config.web_ui_port = 8080;
        n->config.standby = true; /* until what was kept is loaded */
        master_effects_init(&n->effects);
        if (!sim->disk)
                sim->disk = sim_alloc(sizeof(*sim->disk));
        return &n->node;
}

/* ---- what the oracle asks ---- */

static const Master *machine_of(const Node *node)
{
        return CONTAINER_OF(node, const MasterNode, node)->machine;
}

Node *master_leader(const Sim *sim)
{
        MasterNode *n = sim->disk->holder;
        return n && n->node.up ? &n->node : NULL;
}

static void check_worker(const Sim *sim, const Worker *w)
{
        int64_t cores = 0, memory = 0, limit = 0;
        size_t n = 0;
        for (const Executor *e = w->executors; e; e = e->worker_next, n++) {
                SIM_CHECK(sim, e->worker == w, "executor %s/%d is on two workers", e->app->id,
                          e->id);
                SIM_CHECK(sim, !executor_state_finished(e->state),
                          "%s/%d has ended and holds cores", e->app->id, e->id);
                cores += e->cores;
                memory += e->memory;
                limit += e->limit;
        }
        for (const Driver *d = w->drivers; d; d = d->worker_next) {
                cores += d->desc.cores;
                memory += d->desc.mem;
                limit += d->limit;
        }
        SIM_CHECK(sim, n == w->n_executors, "%s counts its executors wrongly", w->id);
        SIM_CHECK(sim, cores == w->cores_used && memory == w->memory_used,
                  "%s: %d cores and %d MiB are taken, but what runs has %d and %d", w->id,
                  w->cores_used, w->memory_used, (int)cores, (int)memory);
        SIM_CHECK(sim, cores <= w->cores && memory <= w->memory,
                  "%s: cores or memory are given twice: %d of %d, %d of %d MiB", w->id, (int)cores,
                  w->cores, (int)memory, w->memory);
        SIM_CHECK(sim, !w->limits.memory || limit <= (int64_t)w->limits.memory,
                  "%s: limits of %d MiB are given, of %d", w->id, (int)limit,
                  (int)w->limits.memory);
}

static void check_app(const Sim *sim, const App *app)
{
        int64_t cores = 0;
        size_t n = 0;
        for (const Executor *e = app->executors; e; e = e->next, n++) {
                SIM_CHECK(sim, e->app == app, "%s/%d is of two applications", app->id, e->id);
                cores += e->counted ? e->cores : 0;
        }
        SIM_CHECK(sim, n == app->n_executors, "%s counts its executors wrongly", app->id);
        SIM_CHECK(sim, cores == app->cores_granted,
                  "%s: %d cores are granted, its executors have %d", app->id, app->cores_granted,
                  (int)cores);
}

void master_node_check(const Node *node)
{
        const Master *m = machine_of(node);
        for (const Worker *w = master_workers(m); w; w = w->next)
                if (w->state != WORKER_DEAD)
                        check_worker(node->sim, w);
        for (const App *app = master_apps(m); app; app = app->next)
                check_app(node->sim, app);
}

bool master_node_has_app(const Node *node, const char *id)
{
        const MasterNode *n = CONTAINER_OF(node, const MasterNode, node);
        const App *app = master_app(n->machine, id);
        /* its end is nobody's business until it is durable */
        return app && (app->end_wall == 0 || n->flushing);
}

bool master_node_has_executor(const Node *node, const char *id, int number)
{
        const App *app = master_app(machine_of(node), id);
        if (!app || app->end_wall != 0)
                return false;
        for (const Executor *e = app->executors; e; e = e->next)
                if (e->id == number)
                        return true;
        return false;
}

bool master_node_has_job(const Node *node, const char *id)
{
        const MasterNode *n = CONTAINER_OF(node, const MasterNode, node);
        const Driver *d = master_driver(n->machine, id);
        return d && (n->flushing || d->state == DRIVER_SUBMITTED || d->state == DRIVER_RUNNING);
}

const char *master_node_job_host(const Node *node, const char *id)
{
        const Driver *d = master_drivers(machine_of(node));
        while (d && strcmp(d->id, id) != 0)
                d = d->next;
        return d && d->worker ? d->worker->host : NULL;
}

void master_node_each_job(const Node *node,
                          void (*each)(Oracle *o, const char *id, const char *host))
{
        for (const Driver *d = master_drivers(machine_of(node)); d; d = d->next)
                if (d->worker)
                        each(node->sim->oracle, d->id, d->worker->host);
}

static bool has_room(const Worker *w, int32_t cores, int32_t memory)
{
        /* about what a limit follows from, and no less */
        const int32_t limit = memory + memory / 5 + 384;
        return w->state == WORKER_ALIVE && !w->pending && w->cores - w->cores_used >= cores &&
               w->memory - w->memory_used >= memory &&
               (w->limits.memory == 0 || w->limits.memory - w->limits.used >= limit);
}

static bool could_host(const Worker *w, const AppProfile *p)
{
        const int32_t cores = p->cores_per_executor.set ? p->cores_per_executor.value : 1;
        return has_room(w, cores, p->memory_per_executor);
}

void master_node_check_served(const Node *node)
{
        const Master *m = machine_of(node);
        for (const App *app = master_apps(m); app; app = app->next) {
                const AppProfile *p = app->profiles[0];
                if (app->n_executors > 0 || p->target == 0 ||
                    (p->cores_per_executor.set &&
                     app->cores_requested < p->cores_per_executor.value))
                        continue;
                for (const Worker *w = master_workers(m); w; w = w->next)
                        SIM_CHECK(node->sim, !could_host(w, p),
                                  "%s has no executor, though %s could run one", app->id, w->id);
        }
        for (const Driver *d = master_waiting_drivers(m); d; d = d->next)
                for (const Worker *w = master_workers(m); w; w = w->next)
                        SIM_CHECK(node->sim, !has_room(w, d->desc.cores, d->desc.mem),
                                  "%s waits, though %s could run it", d->id, w->id);
}

void master_node_check_empty(const Node *node)
{
        const MasterNode *n = CONTAINER_OF(node, const MasterNode, node);
        const Sim *sim = node->sim;
        const MasterCounters c = master_counters(n->machine);
        SIM_CHECK(sim, c.apps == 0, "%zu applications are left", c.apps);
        SIM_CHECK(sim, c.workers_alive == sim->plan.workers, "%zu of %u workers are alive",
                  c.workers_alive, sim->plan.workers);
        SIM_CHECK(sim, c.cores_used == 0 && c.memory_used == 0, "%d cores and %d MiB are not free",
                  (int)c.cores_used, (int)c.memory_used);
        for (const Record *r = disk_of(n)->records.first; r; r = r->next)
                SIM_CHECK(sim, r->kind == RECORD_WORKER || r->kind == RECORD_MASTER,
                          "record %d of %s is left", r->kind, r->key);
        SIM_CHECK(sim, c.drivers_running == 0 && c.drivers_waiting == 0, "drivers are left");
        for (size_t i = 0; i < sim->n_of[NODE_WORKER]; i++) {
                const Node *w = sim_node(sim, NODE_WORKER, i);
                size_t connections = net_count(node, w);
                if (connections == 1 || worker_node_is_jvm(w)) /* which may keep more */
                        continue;
                net_list(node);
                sim_fail(sim, "the master and %s have %zu connections", w->host, connections);
        }
}
