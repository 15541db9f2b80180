/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/master/record-internal.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemons/common/message-ids.h"

const char *worker_state_name(WorkerState s)
{
        static const char *const names[] = {
                [WORKER_ALIVE] = "ALIVE",
                [WORKER_DEAD] = "DEAD",
                [WORKER_DECOMMISSIONED] = "DECOMMISSIONED",
                [WORKER_UNKNOWN] = "UNKNOWN",
        };
        return (unsigned)s < ARRAY_SIZE(names) ? names[s] : "UNKNOWN";
}

static LogFields about(const Worker *w)
{
        return (LogFields){ .worker_id = w->id };
}

static Worker *find_by_id(Worker *table, const char *id)
{
        Worker *w = NULL;
        if (id)
                HASH_FIND(hh_id, table, id, strlen(id), w);
        return w;
}

Worker *worker_find(const Master *m, const char *id)
{
        return find_by_id(m->workers_by_id, id);
}

static Worker *find_by_address(Worker *table, const char *address)
{
        Worker *w = NULL;
        HASH_FIND(hh_address, table, address, strlen(address), w);
        return w;
}

/* ---- the indexes and the sums over ALIVE workers ---- */

static void index_node(Worker *w, WorkerIndexNode *node)
{
        *node = (WorkerIndexNode){
                .id = w->id,
                .cores_free = w->cores - w->cores_used,
                .memory_free = w->memory - w->memory_used,
                .limit_free = fit_free(w),
                .serves = lines_serve_bits(w->lines, w->pending),
                .resources = worker_resource_bits(w),
        };
}

static void index_enter(Master *m, Worker *w)
{
        index_node(w, &w->by_policy);
        index_node(w, &w->by_id);
        worker_index_add(&m->by_policy, &w->by_policy);
        worker_index_add(&m->by_id, &w->by_id);
}

static void index_leave(Master *m, Worker *w)
{
        worker_index_remove(&m->by_policy, &w->by_policy);
        worker_index_remove(&m->by_id, &w->by_id);
}

/* Adds (sign 1) or takes away (-1) a worker from what is counted of ALIVE ones. */
static void count_alive(Master *m, const Worker *w, int sign)
{
        MasterCounters *c = &m->counters;
        c->workers_alive += (size_t)sign;
        c->cores += (int64_t)sign * w->cores;
        c->cores_used += (int64_t)sign * w->cores_used;
        c->memory += (int64_t)sign * w->memory;
        c->memory_used += (int64_t)sign * w->memory_used;
        for (int line = 0; line < LINE_MAX; line++) {
                if (!(w->lines & LINE_BIT(line)))
                        continue;
                m->alive_by_line[line] += (uint32_t)sign;
                if (family_lines(line_family((Line)line)) & ~w->lines)
                        m->alive_partly[line] += (uint32_t)sign;
        }
}

/* Makes an ALIVE worker known to the scheduler, as it is now. */
static void appear(Master *m, Worker *w)
{
        w->by_size = (WorkerIndexNode){
                .id = w->id,
                .cores_free = w->cores,
                .memory_free = w->memory,
                .limit_free = w->limits.memory ? w->limits.memory : INT32_MAX,
                .serves = w->lines,
        };
        worker_index_add(&m->by_size, &w->by_size);
        count_alive(m, w, 1);
        fit_count(m, w, 1);
        index_enter(m, w);
        m->schedule = true;
}

/* Before anything changes that appear() has told. */
static void disappear(Master *m, Worker *w)
{
        worker_index_remove(&m->by_size, &w->by_size);
        count_alive(m, w, -1);
        fit_count(m, w, -1);
        index_leave(m, w);
}

static void become_alive(Master *m, Worker *w)
{
        w->state = WORKER_ALIVE;
        appear(m, w);
}

static void leave_alive(Master *m, Worker *w, WorkerState state)
{
        if (w->state == WORKER_ALIVE)
                disappear(m, w);
        w->state = state;
}

void worker_use(Master *m, Worker *w, int32_t cores, int32_t memory, int32_t limit)
{
        bool alive = w->state == WORKER_ALIVE;
        if (alive)
                index_leave(m, w);
        w->cores_used += cores;
        w->memory_used += memory;
        w->limits.used += limit;
        if (!alive)
                return;
        m->counters.cores_used += cores;
        m->counters.memory_used += memory;
        index_enter(m, w);
        if (cores < 0 || memory < 0)
                m->schedule = true;
}

static void set_lines(Master *m, Worker *w, LineSet lines, bool pending)
{
        bool alive = w->state == WORKER_ALIVE;
        if (alive)
                disappear(m, w);
        w->lines = lines;
        w->pending = pending;
        if (alive)
                appear(m, w);
}

/* ---- registration ---- */

void worker_destroy(Worker *w)
{
        if (!w)
                return;
        arena_done(&w->arena);
        free(w->engines);
        free(w);
}

static void destroy_grave(Grave *grave)
{
        worker_destroy(CONTAINER_OF(grave, Worker, grave));
}

static int copy_resource(Turn *t, Worker *w, const char *name, const StringSeq *addresses)
{
        WorkerResource *r = &w->resources[w->n_resources];
        r->name = arena_strdup(&w->arena, name);
        r->addresses = arena_new_array(&w->arena, addresses->length, const char *);
        r->taken = arena_new_array(&w->arena, addresses->length, bool);
        if (!r->name || !r->addresses || !r->taken)
                return -ENOMEM;
        for (size_t i = 0; i < addresses->length; i++) {
                const char *address = addresses->items[i] ? addresses->items[i] : "";
                r->addresses[i] = arena_strdup(&w->arena, address);
                if (!r->addresses[i])
                        return -ENOMEM;
        }
        r->n_addresses = r->n_free = addresses->length;
        r->bit = resource_bit(t, name);
        w->n_resources++;
        return 0;
}

/* What a worker of ours declares is no resource to anybody. */
static bool is_declaration(const char *name)
{
        return strcmp(name, ENGINES_RESOURCE) == 0 || strcmp(name, LIMITS_RESOURCE) == 0;
}

static int copy_resources(Turn *t, Worker *w, const ResourceMap *map)
{
        size_t n = 0;
        for (size_t i = 0; i < map->length; i++)
                n += map->items[i].key && !is_declaration(map->items[i].key);
        if (n == 0)
                return 0;
        w->resources = arena_new_array(&w->arena, n, WorkerResource);
        if (!w->resources)
                return -ENOMEM;
        for (size_t i = 0; i < map->length; i++) {
                const char *name = map->items[i].key;
                if (!name || is_declaration(name))
                        continue;
                int r = copy_resource(t, w, name, &map->items[i].value.addresses);
                if (r < 0)
                        return r;
        }
        return 0;
}

static const StringSeq *declared(const ResourceMap *map, const char *name)
{
        for (size_t i = 0; i < map->length; i++)
                if (map->items[i].key && strcmp(map->items[i].key, name) == 0)
                        return &map->items[i].value.addresses;
        return NULL;
}

static const StringSeq *declared_engines(const ResourceMap *map)
{
        return declared(map, ENGINES_RESOURCE);
}

/* Of a worker of ours; all 0 when it has none, or what it says of them cannot be understood. */
static WorkerLimits declared_limits(Turn *t, const ResourceMap *map)
{
        const StringSeq *addresses = declared(map, LIMITS_RESOURCE);
        const char *id = t->event->message->register_worker.id;
        WorkerLimits limits = { 0 };
        if (addresses && declared_engines(map) && fit_declaration(addresses, &limits) < 0)
                turn_log_with(t, LOG_WARNING, (LogFields){ .worker_id = turn_strdup(t, id) },
                              "Worker %s declares limits that cannot be understood; placing on it "
                              "by heap alone.",
                              id);
        return limits;
}

/* "3.5.9, 4.3.0" and the lines of those that are served. */
static const char *engines_text(Turn *t, const StringSeq *engines, LineSet *ret_lines)
{
        const char *text = "";
        LineSet lines = 0;
        for (size_t i = 0; i < engines->length && i < LIMIT_ENGINES; i++) {
                const char *engine = engines->items[i] ? engines->items[i] : "";
                Line line = line_of_engine(engine);
                if (line != LINE_INVALID)
                        lines |= LINE_BIT(line);
                text = turn_printf(t, "%s%s%.64s", text, *text ? ", " : "", engine);
        }
        *ret_lines = lines;
        return text;
}

/* A worker as it is described, on no list yet. NULL: no memory. */
static Worker *worker_new(Turn *t, const WorkerRecord *r, LineSet lines)
{
        size_t strings = pack_size(r->id) + pack_size(r->host) + pack_size(r->address) +
                         pack_size(r->web_ui_url);
        Worker *w = calloc(1, sizeof(*w) + strings);
        if (!w)
                return NULL;
        char *cursor = w->strings;
        w->id = pack_string(&cursor, r->id);
        w->host = pack_string(&cursor, r->host);
        w->address = pack_string(&cursor, r->address);
        w->web_ui_url = pack_string(&cursor, r->web_ui_url);
        w->engines = r->engines ? strdup(r->engines) : NULL;
        w->port = r->port;
        w->cores = r->cores;
        w->memory = r->memory;
        w->limits = (WorkerLimits){
                .memory = r->limit_memory,
                .overhead_percent = (unsigned)r->overhead_percent,
                .overhead_min = r->overhead_min,
        };
        w->decommissioned = r->decommissioned;
        w->lines = lines;
        w->last_heartbeat = t->time.now;
        w->last_heartbeat_wall = t->time.wall;
        arena_init(&w->arena, SIZE_MAX); /* bounded by its message */
        if ((r->engines && !w->engines) || copy_resources(t, w, &r->resources) < 0) {
                worker_destroy(w);
                return NULL;
        }
        return w;
}

/* What the event's message says of its worker. */
static WorkerRecord describe(Turn *t, const char *address, LineSet *ret_lines)
{
        const Message *msg = t->event->message;
        const ResourceMap *map = &msg->register_worker.resources;
        const StringSeq *engines = declared_engines(map);
        const WorkerLimits limits = declared_limits(t, map);
        *ret_lines = t->event->lines;
        return (WorkerRecord){
                .id = msg->register_worker.id,
                .host = msg->register_worker.host,
                .address = address,
                .web_ui_url = msg->register_worker.worker_web_ui_url,
                .engines = engines ? engines_text(t, engines, ret_lines) : NULL,
                .port = msg->register_worker.port,
                .cores = msg->register_worker.cores,
                .memory = msg->register_worker.memory,
                .limit_memory = limits.memory,
                .overhead_percent = (int32_t)limits.overhead_percent,
                .overhead_min = limits.overhead_min,
                .resources = *map,
        };
}

static void send_registered(Turn *t, bool duplicate)
{
        const Master *m = t->m;
        const RpcAddress *dialled = &t->event->message->register_worker.master_address;
        Message *msg = turn_answer(t, ENDPOINT_WORKER, MSG_REGISTERED_WORKER);
        msg->registered_worker.master = (EndpointRef){ "Master", m->config.address };
        msg->registered_worker.master_web_ui_url = m->config.web_ui_url;
        msg->registered_worker.master_address.host = turn_strdup(t, dialled->host);
        msg->registered_worker.master_address.port = dialled->port;
        msg->registered_worker.duplicate = duplicate;
}

static void refuse(Turn *t, const char *why)
{
        const char *id = t->event->message->register_worker.id;
        turn_answer(t, ENDPOINT_WORKER, MSG_REGISTER_WORKER_FAILED)
                ->register_worker_failed.message = why;
        turn_log_with(t, LOG_WARNING, (LogFields){ .message_id = MESSAGE_WORKER_REFUSED },
                      "Refused worker %s: %s.", id ? id : "without an id", why);
}

/* What keeps this worker out, as a sentence, or NULL. */
static const char *registration_problem(Turn *t, const char *address)
{
        const Message *msg = t->event->message;
        const char *id = msg->register_worker.id, *host = msg->register_worker.host;
        const char *url = msg->register_worker.worker_web_ui_url;
        if (!id || !*id || strlen(id) > LIMIT_ID_BYTES || !host ||
            strlen(host) > LIMIT_HOST_BYTES ||
            strlen(address) > LIMIT_HOST_BYTES + sizeof(":65535") ||
            (url && strlen(url) > LIMIT_URL_BYTES))
                return "The worker's id, host or web UI address is missing or too long";
        if (msg->register_worker.resources.length > LIMIT_RESOURCES)
                return "The worker has too many custom resources";
        if (msg->register_worker.cores < 0 || msg->register_worker.cores > LIMIT_CORES ||
            msg->register_worker.memory < 0)
                return "The worker's cores or memory are out of range";
        const Worker *there = find_by_address(t->m->workers_by_address, address);
        if (there && there->state != WORKER_UNKNOWN)
                return turn_printf(t, "Attempted to re-register worker at same address: %s",
                                   address);
        const Peer *peer = peer_find(t->m, t->event->conn);
        if (HASH_CNT(hh_id, t->m->workers_by_id) >= LIMIT_WORKERS ||
            (peer && peer->n_workers >= LIMIT_PER_CONNECTION))
                return "Too many workers are registered";
        if (!t->event->lines && !declared_engines(&msg->register_worker.resources)) {
                char served[LINES_TEXT_MAX];
                return turn_printf(t,
                                   "This worker's Spark version is not served; Spark versions "
                                   "served: %s",
                                   lines_text(LINES_ALL, served));
        }
        return NULL;
}

static void forget_dead(Master *m, Worker *w)
{
        HASH_DELETE(hh_id, m->dead_by_id, w);
        HASH_DELETE(hh_address, m->dead_by_address, w);
        DL_DELETE2(m->dead, w, beat_prev, beat_next);
        DL_DELETE(m->workers, w);
        m->counters.workers_listed--;
        master_bury(m, &w->grave, destroy_grave);
}

static int link_worker(Master *m, Worker *w)
{
        HASH_ADD_KEYPTR(hh_id, m->workers_by_id, w->id, strlen(w->id), w);
        if (!w->hh_id.tbl)
                return -ENOMEM;
        HASH_ADD_KEYPTR(hh_address, m->workers_by_address, w->address, strlen(w->address), w);
        if (!w->hh_address.tbl) {
                HASH_DELETE(hh_id, m->workers_by_id, w);
                return -ENOMEM;
        }
        DL_APPEND(m->workers, w);
        m->counters.workers_listed++;
        return 0;
}

static bool same_limits(const WorkerLimits *a, const WorkerLimits *b)
{
        return a->memory == b->memory && a->overhead_percent == b->overhead_percent &&
               a->overhead_min == b->overhead_min;
}

/* ... or started again with other settings. */
static void update_sizes(Turn *t, Worker *w)
{
        const Message *msg = t->event->message;
        int32_t cores = msg->register_worker.cores, memory = msg->register_worker.memory;
        WorkerLimits limits = declared_limits(t, &t->event->message->register_worker.resources);
        limits.used = w->limits.used;
        if (cores < 0 || cores > LIMIT_CORES || memory < 0 ||
            (same_limits(&limits, &w->limits) && cores == w->cores && memory == w->memory))
                return;
        bool alive = w->state == WORKER_ALIVE;
        if (alive)
                disappear(t->m, w);
        w->limits = limits;
        w->cores = cores;
        w->memory = memory;
        if (alive)
                appear(t->m, w);
        turn_log_with(t, LOG_INFO, about(w),
                      "Worker %s has %d cores and %d MiB of memory now, and executors may take %d "
                      "MiB (0: any amount).",
                      w->id, cores, memory, limits.memory);
        turn_record(t, EFFECT_RECORD_PUT, RECORD_WORKER, w->id);
}

/* A JVM's of which more than one line is possible. */
static bool is_unclear(const Worker *w)
{
        return !w->engines && (w->lines & (w->lines - 1));
}

/* ---- away and back ---- */

void worker_wait_until(Master *m, Worker *w, uint64_t until)
{
        Worker *behind = m->silent ? m->silent->beat_prev : NULL;
        w->silent_until = until;
        m->counters.workers_silent++;
        while (behind && behind->silent_until > until)
                behind = behind == m->silent ? NULL : behind->beat_prev;
        if (!behind)
                DL_PREPEND2(m->silent, w, beat_prev, beat_next);
        else
                DL_APPEND_ELEM2(m->silent, behind, w, beat_prev, beat_next);
}

static void stop_waiting(Master *m, Worker *w)
{
        DL_DELETE2(m->silent, w, beat_prev, beat_next);
        m->counters.workers_silent--;
}

void worker_lost(Turn *t, Worker *w, const char *why)
{
        Master *m = t->m;
        uint64_t grace = m->config.grace_usec;
        /* What a JVM worker ran has ended with it. Executors of ours are not its children. */
        if (!w->engines || w->leaving || grace == 0 || (!w->executors && !w->drivers)) {
                worker_remove(t, w, why);
                return;
        }
        turn_log_with(t, LOG_NOTICE,
                      (LogFields){ .worker_id = w->id, .message_id = MESSAGE_WORKER_AWAY },
                      "Worker %s on %s is away (%s); waiting %" PRIu64 " s for it to come back.",
                      w->id, w->address, why, grace / 1000000);
        w->decommissioned = w->state == WORKER_DECOMMISSIONED;
        leave_alive(m, w, WORKER_UNKNOWN);
        peer_detach_worker(m, w);
        w->pending = false;
        DL_DELETE2(m->beats, w, beat_prev, beat_next);
        worker_wait_until(m, w, t->time.now + grace);
}

void worker_came_back(Turn *t, Worker *w, Peer *peer)
{
        Master *m = t->m;
        stop_waiting(m, w);
        DL_APPEND2(m->beats, w, beat_prev, beat_next);
        w->last_heartbeat = t->time.now;
        w->last_heartbeat_wall = t->time.wall;
        peer_attach_worker(t, w, peer);
        turn_log_with(t, LOG_INFO, about(w), "Worker %s is back.", w->id);
        if (w->decommissioned) {
                w->state = WORKER_DECOMMISSIONED;
        } else {
                w->pending = is_unclear(w);
                become_alive(m, w);
                if (w->pending)
                        peer_identify(t, peer, w->lines);
        }
        recovery_check(t);
}

void worker_put_back(Turn *t, const char *id, const WorkerRecord *r, LineSet lines)
{
        WorkerRecord with_id = *r;
        with_id.id = id;
        if (worker_find(t->m, id) || !r->address || !strchr(r->address, ':') || !r->host ||
            r->cores < 0 || r->memory < 0 || find_by_address(t->m->workers_by_address, r->address))
                return;
        Worker *w = worker_new(t, &with_id, lines);
        if (!w || link_worker(t->m, w) < 0) {
                worker_destroy(w);
                t->error = -ENOMEM;
                return;
        }
        w->state = WORKER_UNKNOWN;
        worker_wait_until(t->m, w, UINT64_MAX);
}

/* ---- registering again ---- */

/* A worker of ours registers again when an engine was installed or removed. */
static void update_declared_engines(Turn *t, Worker *w)
{
        const StringSeq *declared = declared_engines(&t->event->message->register_worker.resources);
        char served[LINES_TEXT_MAX];
        LineSet lines;
        if (!declared || !w->engines)
                return;
        const char *text = engines_text(t, declared, &lines);
        if (strcmp(text, w->engines) == 0)
                return;
        char *copy = strdup(text);
        if (!copy) {
                t->error = -ENOMEM;
                return;
        }
        free(w->engines);
        w->engines = copy;
        set_lines(t->m, w, lines, false);
        turn_log_with(t, LOG_INFO, about(w), "Worker %s has other engines now, for Spark %s.",
                      w->id, lines_text(w->lines, served));
        turn_record(t, EFFECT_RECORD_PUT, RECORD_WORKER, w->id);
}

/* A worker that is known: it dialled again, or asks again. What it sits on is its newest
 * connection, so that the end of an older one does not take it away. */
static void register_again(Turn *t, Worker *w)
{
        Peer *peer = peer_ensure(t, t->event->conn);
        if (!peer)
                return;
        if (w->state == WORKER_UNKNOWN) {
                worker_came_back(t, w, peer);
        } else if (w->peer != peer) {
                turn_log_with(t, LOG_INFO, about(w), "Worker %s is back on a new connection.",
                              w->id);
                bool pending = w->pending;
                peer_attach_worker(t, w, peer);
                if (pending)
                        peer_identify(t, peer, w->lines);
        }
        if (w->engines) {
                update_declared_engines(t, w);
                update_sizes(t, w);
        }
        send_registered(t, true);
}

static void log_registered(Turn *t, const Worker *w)
{
        char lines[LINES_TEXT_MAX];
        turn_log_with(t, LOG_INFO,
                      (LogFields){ .worker_id = w->id, .message_id = MESSAGE_WORKER_REGISTERED },
                      "Registered worker %s at %s with %d cores, %d MiB of memory, for Spark %s.",
                      w->id, w->address, w->cores, w->memory, lines_text(w->lines, lines));
        if (!w->lines)
                turn_log_with(t, LOG_WARNING, about(w),
                              "Worker %s has no engine of a Spark version that is served.", w->id);
}

void worker_register(Turn *t)
{
        Master *m = t->m;
        const Message *msg = t->event->message;
        const RpcAddress *ref = &msg->register_worker.worker.address;
        Worker *known = find_by_id(m->workers_by_id, msg->register_worker.id);
        if (known) {
                register_again(t, known);
                return;
        }
        /* One that does not listen is told apart by where it says it is. */
        const char *host = ref->host ? ref->host : msg->register_worker.host;
        int32_t port = ref->host ? ref->port : msg->register_worker.port;
        const char *address = turn_printf(t, "%s:%d", host ? host : "", port);
        const char *problem = registration_problem(t, address);
        if (problem) {
                refuse(t, problem);
                return;
        }
        Worker *before = find_by_address(m->workers_by_address, address);
        if (before)
                worker_remove(t, before, "Worker replaced by a new worker with same address");
        Worker *dead = find_by_address(m->dead_by_address, address);
        if (dead)
                forget_dead(m, dead);

        LineSet lines;
        const WorkerRecord described = describe(t, address, &lines);
        Peer *peer = peer_ensure(t, t->event->conn);
        Worker *w = peer ? worker_new(t, &described, lines) : NULL;
        if (!w || link_worker(m, w) < 0) {
                worker_destroy(w);
                t->error = -ENOMEM;
                return;
        }
        peer_attach_worker(t, w, peer);
        DL_APPEND2(m->beats, w, beat_prev, beat_next);
        w->pending = is_unclear(w);
        become_alive(m, w);
        log_registered(t, w);
        turn_record(t, EFFECT_RECORD_PUT, RECORD_WORKER, w->id);
        send_registered(t, false);
        if (w->pending)
                peer_identify(t, peer, w->lines);
}

/* ---- identification of a JVM worker ---- */

void worker_identified(Turn *t)
{
        Master *m = t->m;
        Peer *peer = peer_find(m, t->event->conn);
        if (!peer)
                return;
        peer_identify_done(m, peer);
        for (Worker *w = peer->workers; w; w = w->peer_next) {
                if (w->engines)
                        continue;
                LineSet lines = t->event->error < 0 ? 0 : t->event->lines & w->lines;
                set_lines(m, w, lines ? lines : w->lines, false);
                turn_record(t, EFFECT_RECORD_PUT, RECORD_WORKER, w->id);
                char text[LINES_TEXT_MAX];
                turn_log_with(t, lines ? LOG_INFO : LOG_NOTICE, about(w), "Worker %s %s Spark %s.",
                              w->id, lines ? "runs" : "did not say which version it is: taken for",
                              lines_text(w->lines, text));
        }
}

static void identify_timed_out(Turn *t, Peer *peer)
{
        peer_identify_done(t->m, peer);
        for (Worker *w = peer->workers; w; w = w->peer_next)
                if (w->pending)
                        set_lines(t->m, w, w->lines, false);
}

/* ---- life ---- */

static void ask_to_register(Turn *t)
{
        turn_answer(t, ENDPOINT_WORKER, MSG_RECONNECT_WORKER)->reconnect_worker.master_url =
                t->m->config.url;
}

/* The connection that the worker sends heartbeats on is the one that it keeps. If we have another
 * one, what was sent there has to be sorted out. The one that we have dialled is closed, unless the
 * worker is a JVM, which takes the end of any for the end of its master. */
static void settle_connection(Turn *t, Worker *w)
{
        const ConnId kept = t->event->conn;
        Peer *peer = peer_ensure(t, kept);
        if (!peer)
                return;
        if (w->engines && w->dialled && w->dialled != kept) {
                turn_close(t, w->dialled, "its worker has another one");
                w->dialled = 0;
        }
        if (peer == w->peer)
                return;
        peer_attach_worker(t, w, peer);
        ask_to_register(t);
}

void worker_heartbeat(Turn *t)
{
        Master *m = t->m;
        const char *id = t->event->message->heartbeat.worker_id;
        Worker *w = find_by_id(m->workers_by_id, id);
        if (w && w->state != WORKER_UNKNOWN) {
                w->last_heartbeat = t->time.now;
                w->last_heartbeat_wall = t->time.wall;
                DL_DELETE2(m->beats, w, beat_prev, beat_next);
                DL_APPEND2(m->beats, w, beat_prev, beat_next);
                settle_connection(t, w);
                return;
        }
        /* It was removed, is away as far as is known, or was removed by a process before this one,
         * which has handed its connection over. */
        turn_log(t, LOG_WARNING,
                 "Got a heartbeat of %s worker %.256s; asking it to register again.",
                 w                               ? "absent"
                 : find_by_id(m->dead_by_id, id) ? "removed"
                                                 : "unknown",
                 id ? id : "");
        ask_to_register(t);
}

/* Executors on it are lost to their applications, drivers are started again elsewhere or are in
 * error. */
static void lose_what_ran(Turn *t, Worker *w, const char *why)
{
        const char *text = t->m->config.bare_lost_text ? "worker lost"
                                                       : turn_printf(t, "worker lost: %s", why);
        while (w->executors)
                executor_end_lost(t, w->executors, text);
        while (w->drivers)
                driver_worker_lost(t, w->drivers);
}

void worker_remove(Turn *t, Worker *w, const char *why)
{
        Master *m = t->m;
        turn_log_with(t, LOG_WARNING,
                      (LogFields){ .worker_id = w->id, .message_id = MESSAGE_WORKER_LOST },
                      "Removing worker %s on %s: %s.", w->id, w->address, why);
        if (w->state == WORKER_UNKNOWN)
                stop_waiting(m, w);
        else
                DL_DELETE2(m->beats, w, beat_prev, beat_next);
        leave_alive(m, w, WORKER_DEAD);
        peer_detach_worker(m, w);
        HASH_DELETE(hh_id, m->workers_by_id, w);
        HASH_DELETE(hh_address, m->workers_by_address, w);
        w->pending = false;
        w->died = t->time.now;

        lose_what_ran(t, w, why);
        for (App *app = m->apps; app; app = app->next) {
                Message *msg = turn_send(t, app->peer, ENDPOINT_DRIVER, MSG_WORKER_REMOVED);
                msg->worker_removed.id = w->id;
                msg->worker_removed.host = w->host;
                msg->worker_removed.message = why;
        }
        while (w->hostings)
                hosting_forget(w->hostings);
        turn_record(t, EFFECT_RECORD_DELETE, RECORD_WORKER, w->id);

        /* Of dead ones with one id or address only the last is of interest. */
        Worker *older = find_by_id(m->dead_by_id, w->id);
        if (older)
                forget_dead(m, older);
        HASH_ADD_KEYPTR(hh_id, m->dead_by_id, w->id, strlen(w->id), w);
        HASH_ADD_KEYPTR(hh_address, m->dead_by_address, w->address, strlen(w->address), w);
        if (!w->hh_id.tbl || !w->hh_address.tbl)
                t->error = -ENOMEM;
        DL_APPEND2(m->dead, w, beat_prev, beat_next);
        if (HASH_CNT(hh_id, m->dead_by_id) > LIMIT_WORKERS)
                forget_dead(m, m->dead);
        recovery_check(t);
}

void workers_tick(Turn *t)
{
        Master *m = t->m;
        uint64_t now = t->time.now, timeout = m->config.worker_timeout_usec;
        while (m->identifying && m->identifying->identify_until <= now)
                identify_timed_out(t, m->identifying);
        while (m->beats && m->beats->last_heartbeat + timeout <= now)
                worker_remove(t, m->beats,
                              turn_printf(t, "Not receiving heartbeat for %" PRIu64 " seconds",
                                          timeout / 1000000));
        while (m->silent && m->silent->silent_until <= now)
                worker_remove(t, m->silent, "Not responding for recovery");
        uint64_t stay = timeout * (uint64_t)m->config.dead_worker_persistence;
        while (m->dead && m->dead->died + stay <= now)
                forget_dead(m, m->dead);
        app_versions_tick(t);
        recovery_tick(t);
}

uint64_t master_deadline(const Master *m)
{
        uint64_t timeout = m->config.worker_timeout_usec, deadline = UINT64_MAX;
        if (m->identifying)
                deadline = MIN_OF(deadline, m->identifying->identify_until);
        if (m->asking)
                deadline = MIN_OF(deadline, m->asking->ask_until);
        if (m->beats)
                deadline = MIN_OF(deadline, m->beats->last_heartbeat + timeout);
        if (m->silent)
                deadline = MIN_OF(deadline, m->silent->silent_until);
        deadline = MIN_OF(deadline, recovery_deadline(m));
        if (m->dead)
                deadline = MIN_OF(deadline,
                                  m->dead->died +
                                          timeout * (uint64_t)m->config.dead_worker_persistence);
        return deadline;
}

/* ---- decommissioning ---- */

static void decommission(Turn *t, Worker *w)
{
        if (w->state == WORKER_DECOMMISSIONED || w->state == WORKER_UNKNOWN)
                return;
        turn_log_with(t, LOG_INFO, about(w), "Decommissioning worker %s on %s.", w->id, w->address);
        leave_alive(t->m, w, WORKER_DECOMMISSIONED);
        for (Executor *e = w->executors; e; e = e->worker_next) {
                executor_tell(t, e, EXECUTOR_DECOMMISSIONED, "worker decommissioned", (OptInt){ 0 },
                              w->host);
                executor_set_state(e, EXECUTOR_DECOMMISSIONED);
                executor_leave_app(t, e);
                turn_record_executor(t, EFFECT_RECORD_PUT, e);
        }
        /* Spark forgets it here. Kept, its executors are known after a restart, too. */
        turn_record(t, EFFECT_RECORD_PUT, RECORD_WORKER, w->id);
}

void worker_decommissioning(Turn *t)
{
        const char *id = t->event->message->worker_decommissioning.id;
        Worker *w = find_by_id(t->m->workers_by_id, id);
        if (w) {
                decommission(t, w);
                w->leaving = true;
        } else {
                turn_log(t, LOG_WARNING, "Unknown worker %.256s is being decommissioned.",
                         id ? id : "");
        }
}

/* A host name in lower case, in a set of such. */
typedef struct HostName {
        UT_hash_handle hh;
        char name[LIMIT_HOST_BYTES + 1];
} HostName;

static void lower_case(const char *s, size_t n, char *ret)
{
        for (size_t i = 0; i < n; i++)
                ret[i] = (char)tolower((unsigned char)s[i]);
}

/* The names as a set: k: HostName.name -> v: HostName, in the effects' arena. */
static HostName *host_set(Turn *t, const StringSeq *names)
{
        HostName *set = NULL, *known;
        for (size_t i = 0; i < names->length; i++) {
                size_t n = names->items[i] ? strlen(names->items[i]) : 0;
                if (n == 0 || n > LIMIT_HOST_BYTES)
                        continue;
                HostName *h = arena_new(&t->out->arena, HostName);
                if (!h) {
                        t->error = -ENOMEM;
                        break;
                }
                lower_case(names->items[i], n, h->name);
                HASH_FIND(hh, set, h->name, n, known);
                if (!known)
                        HASH_ADD_KEYPTR(hh, set, h->name, n, h);
        }
        return set;
}

static bool host_is_named(const HostName *set, const Worker *w)
{
        char name[LIMIT_HOST_BYTES + 1];
        const HostName *found = NULL;
        const char *colon = strrchr(w->address, ':');
        size_t n = (size_t)(colon - w->address);
        if (n > LIMIT_HOST_BYTES)
                return false;
        lower_case(w->address, n, name);
        HASH_FIND(hh, set, name, n, found);
        return found != NULL;
}

void worker_decommission_hosts(Turn *t)
{
        const StringSeq *names = &t->event->message->decommission_workers_on_hosts.hostnames;
        HostName *set = host_set(t, names);
        int32_t n = 0;
        for (Worker *w = t->m->workers; w; w = w->next) {
                if (w->state == WORKER_DEAD || !host_is_named(set, w))
                        continue;
                n++;
                decommission(t, w);
                (void)turn_send(t, w->peer, ENDPOINT_WORKER, MSG_DECOMMISSION_WORKER);
        }
        HASH_CLEAR(hh, set);
        turn_reply(t, MSG_INTEGER)->integer.value = n;
}
