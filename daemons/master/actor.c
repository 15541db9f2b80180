/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/master/actor.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/log.h"
#include "daemons/common/daemon.h"
#include "daemons/common/handover.h"
#include "daemons/common/helper.h"
#include "daemons/common/resolver.h"
#include "daemons/common/version-query.h"
#include "daemons/master/keeper.h"
#include "daemons/master/ui.h"
#include "rpc/rpc.h"

/* The manager's status line follows the counters at most this often. */
#define STATUS_USEC UINT64_C(1000000)

/* The longest that a helper asks a driver; the machine waits no longer than that either. */
#define QUERY_SECONDS 30
/* Drivers asked at once: each by a process of its own. */
#define QUERIES_MAX 32

/* How often it is tried whether records can be kept again, and whether a standby is wanted. */
#define RESYNC_USEC  UINT64_C(2000000)
#define STANDBY_USEC UINT64_C(1000000)

/* A peer that is dialled or was. */
typedef struct Dial {
        uint64_t conn;
        RecordKind kind;
        bool stood; /* the connection was established */
        UT_hash_handle hh, hh_conn;
        char key[]; /* a byte of the kind, and what the machine calls it */
} Dial;

/* A driver that is being asked for its version. */
typedef struct Query Query;
struct Query {
        Actor *actor;
        Helper *helper;
        Query *prev, *next;
        char app[]; /* id */
};

struct Actor {
        sd_event *event;
        sd_event_source *timer; /* at master_deadline() */
        uint64_t armed;         /* the deadline it stands at */
        sd_event_source *status_timer;
        MasterCounters told; /* what the status line says */
        Rpc *rpc;
        Resolver *resolver;
        Master *master;
        MasterEffects effects;  /* of all turns since the last flush */
        sd_event_source *flush; /* behind every batch of events that had effects */
        Keeper *keeper;         /* NULL: nothing is durable */
        bool unkept;            /* ... for now: the timer tries again */
        sd_event_source *keeper_timer;
        char *state_dir; /* while in standby for it */
        Dial *dials;     /* k: Dial.key -> v: Dial ... */
        Dial *dialled;   /* k: Dial.conn -> v: Dial, with a connection that stood or stands */
        LogRate foreign_rate, send_rate, dial_rate;
        Query *queries; /* list (prev, next) */
        unsigned n_queries;
};

/* ---- effects ---- */

/* The machine learns of it as EVENT_CLOSED, from the loop. */
static void drop(Actor *a, RpcConn *conn, const char *what, int error)
{
        if (log_rate_ok(&a->send_rate, 20))
                log_warning("Could not %s to %s, closing the connection: %s", what,
                            rpc_conn_peer(conn), strerror(-error));
        rpc_conn_close(conn, "a message to it could not be sent");
}

static void on_identified(void *user, RpcConn *conn, int error, bool sparkd, LineSet lines);

static void carry_out_send(Actor *a, RpcConn *conn, const MasterEffect *e)
{
        /* The machine may know more than the connection has shown (a probe, a declaration). */
        if (e->lines != 0)
                rpc_conn_narrow(conn, e->lines);
        const int r = rpc_tell(conn, e->endpoint, e->message);
        if (r < 0)
                drop(a, conn, message_type_name(e->message->type), r);
}

static void carry_out_reply(Actor *a, RpcConn *conn, const MasterEffect *e)
{
        const int r = e->type == EFFECT_FAIL ? rpc_fail(conn, e->request_id, e->text)
                                             : rpc_reply(conn, e->request_id, e->message);

        if (r < 0)
                drop(a, conn, "send a reply", r);
}

static void carry_out_identify(Actor *a, RpcConn *conn, const MasterEffect *e)
{
        const LineSet lines = e->lines != 0 ? e->lines : rpc_conn_lines(conn);
        const int r = rpc_identify(conn, lines_newest(lines), on_identified, a);

        if (r < 0)
                drop(a, conn, "send the version probe", r);
}

static void turn(Actor *a, const MasterEvent *event);
static int try_to_lead(Actor *a);

static void query_free(Query *q)
{
        DL_DELETE(q->actor->queries, q);
        q->actor->n_queries--;
        helper_free(q->helper);
        free(q);
}

static void on_version(void *user, const char *version)
{
        Query *q = user;

        q->helper = NULL; /* it frees itself */
        turn(q->actor, &(MasterEvent){
                               .type = EVENT_VERSION,
                               .text = q->app,
                               .version = *version ? version : NULL,
                       });
        query_free(q);
}

/* An application that cannot be asked now is placed when the machine has waited long enough. */
static void carry_out_ask_version(Actor *a, const MasterEffect *e)
{
        const size_t size = strlen(e->key) + 1;
        Query *q = a->n_queries < QUERIES_MAX ? calloc(1, sizeof(*q) + size) : NULL;

        if (!q)
                return;
        memcpy(q->app, e->key, size);
        q->actor = a;
        DL_APPEND(a->queries, q);
        a->n_queries++;
        if (helper_run(a->event, version_query, (void *)e->text, QUERY_SECONDS, on_version, q,
                       &q->helper) < 0)
                query_free(q);
}

static void dial_set_conn(Actor *a, Dial *d, uint64_t conn)
{
        if (d->conn != 0)
                HASH_DELETE(hh_conn, a->dialled, d);
        d->conn = conn;
        d->stood = false;
        HASH_ADD(hh_conn, a->dialled, conn, sizeof(d->conn), d);
        if (!d->hh_conn.tbl)
                d->conn = 0; /* dialled again, next time */
}

/* The machine dials again those who have not answered: one attempt at a time for each. */
static void carry_out_dial(Actor *a, const MasterEffect *e)
{
        const size_t size = strlen(e->key) + 2;
        RpcConn *conn = NULL;
        HostPort to = { .port = (uint16_t)e->address.port };
        CLEANUP_FREE Dial *made = calloc(1, sizeof(*made) + size);
        Dial *d = NULL;
        int r;

        if (!made || strlen(e->address.host) >= sizeof(to.host) || e->address.port < 1 ||
            e->address.port > UINT16_MAX)
                return;
        made->kind = e->kind;
        made->key[0] = (char)e->kind;
        memcpy(made->key + 1, e->key, size - 1);
        HASH_FIND(hh, a->dials, made->key, size - 1, d);
        if (d && rpc_find(a->rpc, d->conn))
                return;
        if (!d) {
                HASH_ADD_KEYPTR(hh, a->dials, made->key, size - 1, made);
                if (!hash_added(made))
                        return;
                d = TAKE_PTR(made);
        }
        memcpy(to.host, e->address.host, strlen(e->address.host) + 1);
        r = rpc_connect(a->rpc, &to, &conn);
        if (r < 0)
                log_warning("Cannot reach %s at %s:%d: %s", e->key, to.host, to.port, strerror(-r));
        else
                dial_set_conn(a, d, rpc_conn_id(conn));
}

static Dial *find_dial(const Actor *a, uint64_t conn)
{
        Dial *d = NULL;

        HASH_FIND(hh_conn, a->dialled, &conn, sizeof(conn), d);
        return d;
}

static void on_connected(void *user, RpcConn *conn)
{
        Actor *a = user;
        Dial *d = find_dial(a, rpc_conn_id(conn));

        if (!d)
                return;
        d->stood = true;
        turn(a, &(MasterEvent){
                        .type = EVENT_CONNECTED,
                        .conn = rpc_conn_id(conn),
                        .kind = d->kind,
                        .text = d->key + 1,
                });
}

static void on_resolve(void *user, RpcConn *conn, const char *host)
{
        Actor *a = user;

        resolver_resolve(a->resolver, a->rpc, conn, host);
}

static void carry_out(Actor *a, const MasterEffect *e)
{
        RpcConn *conn = e->conn != 0 ? rpc_find(a->rpc, e->conn) : NULL;

        switch (e->type) {
        case EFFECT_LOG:
                log_with_fields(e->level, &e->fields, "%s", e->text);
                return;
        case EFFECT_RECORD_PUT: /* the keeper's */
        case EFFECT_RECORD_DELETE:
        case EFFECT_NONE:
                return;
        case EFFECT_DIAL:
                carry_out_dial(a, e);
                return;
        case EFFECT_SEND:
                if (conn)
                        carry_out_send(a, conn, e);
                return;
        case EFFECT_REPLY:
        case EFFECT_FAIL:
                if (conn)
                        carry_out_reply(a, conn, e);
                return;
        case EFFECT_IDENTIFY:
                if (conn)
                        carry_out_identify(a, conn, e);
                return;
        case EFFECT_ASK_VERSION:
                carry_out_ask_version(a, e);
                return;
        case EFFECT_CLOSE:
                if (conn)
                        rpc_conn_close(conn, e->text ? e->text : "closed by the master");
                return;
        }
}

/* ---- timers ---- */

static int set_timer(sd_event_source *timer, uint64_t at)
{
        int r = sd_event_source_set_time(timer, at);

        if (r >= 0)
                r = sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
        return r;
}

static int arm(Actor *a)
{
        const uint64_t deadline = master_deadline(a->master);

        if (deadline == a->armed)
                return 0;
        a->armed = deadline;
        if (deadline == UINT64_MAX)
                return sd_event_source_set_enabled(a->timer, SD_EVENT_OFF);
        return set_timer(a->timer, deadline);
}

/* As it is, not as the loop's iteration has it. */
static uint64_t monotonic_usec(void)
{
        struct timespec ts = { 0 };

        (void)clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static MasterTime now(const Actor *a)
{
        MasterTime time = { 0 };

        (void)sd_event_now(a->event, CLOCK_MONOTONIC, &time.now);
        (void)sd_event_now(a->event, CLOCK_REALTIME, &time.wall);
        return time;
}

/* Only the numbers that ui_put_summary() shows. */
static bool same_summary(const MasterCounters *x, const MasterCounters *y)
{
        return x->workers_alive == y->workers_alive && x->apps == y->apps && x->cores == y->cores &&
               x->cores_used == y->cores_used;
}

static int watch_summary(Actor *a, uint64_t now)
{
        const MasterCounters counters = master_counters(a->master);
        int enabled = SD_EVENT_OFF;

        if (same_summary(&counters, &a->told))
                return 0;
        (void)sd_event_source_get_enabled(a->status_timer, &enabled);
        return enabled == SD_EVENT_OFF ? set_timer(a->status_timer, now + STATUS_USEC) : 0;
}

static int on_status_timer(sd_event_source *source, uint64_t usec, void *user)
{
        Actor *a = user;
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        CLEANUP_FREE char *text = NULL;

        a->told = master_counters(a->master);
        ui_put_summary(&b, a->master);
        text = buffer_take_text(&b);
        if (text)
                daemon_notify_status("%s", text);
        return 0;
}

/* ---- events ---- */

static void fail(Actor *a, int error)
{
        log_error("Cannot go on: %s", strerror(-error));
        (void)sd_event_exit(a->event, error);
}

/* One turn: the event goes in, and its effects to those that the next flush carries out. A failure
 * is memory's, and ends the process: the machine may have done half of what it had to. */
static void turn(Actor *a, const MasterEvent *event)
{
        const MasterTime time = now(a);
        int r = master_handle(a->master, time, event, &a->effects);

        if (r == 0)
                r = sd_event_source_set_enabled(a->flush, SD_EVENT_ONESHOT);
        if (r < 0)
                fail(a, r);
}

/* Records that cannot be kept: the machine takes back what it has promised by them. */
static int keep(Actor *a)
{
        int r;

        if (!a->keeper || a->unkept)
                return 0;
        r = keeper_commit(a->keeper, a->master, &a->effects);
        if (r == 0 || r == -ENOMEM)
                return r;
        a->unkept = true;
        r = set_timer(a->keeper_timer, now(a).now + RESYNC_USEC);
        if (r < 0)
                return r;
        return master_handle(
                a->master, now(a),
                &(MasterEvent){ .type = EVENT_STORE, .text = keeper_message(a->keeper) },
                &a->effects);
}

/* Behind the events that were ready together, so that one sync of the disk does for all of them:
 * what they changed becomes durable, and only then anything of it leaves. */
static int on_flush(sd_event_source *source, void *user)
{
        Actor *a = user;
        int r = keep(a);

        if (r == 0) {
                for (const MasterEffect *e = a->effects.first; e; e = e->next)
                        carry_out(a, e);
                r = arm(a);
        }
        master_effects_clear(&a->effects);
        if (r >= 0)
                r = watch_summary(a, now(a).now);
        if (r < 0)
                fail(a, r);
        return 0;
}

static int on_keeper_timer(sd_event_source *source, uint64_t usec, void *user)
{
        Actor *a = user;
        int r;

        if (!a->keeper)
                return try_to_lead(a);
        r = keeper_resync(a->keeper, a->master);
        if (r == -ENOMEM || r == STORE_E_HELD || r == STORE_E_FOREIGN || r == STORE_E_NEWER) {
                log_error("The state directory is not ours any more: %s",
                          keeper_message(a->keeper));
                return sd_event_exit(a->event, r < 0 ? r : -EBUSY);
        }
        if (r != 0)
                return set_timer(a->keeper_timer, now(a).now + RESYNC_USEC);
        a->unkept = false;
        turn(a, &(MasterEvent){ .type = EVENT_STORE });
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *user)
{
        Actor *a = user;

        a->armed = UINT64_MAX; /* it is off now */
        turn(a, &(MasterEvent){ .type = EVENT_TICK });
        return 0;
}

static void on_request(void *user, RpcConn *conn, const RpcRequest *request)
{
        turn(user, &(MasterEvent){
                           .type = EVENT_MESSAGE,
                           .conn = rpc_conn_id(conn),
                           .sender = request->sender,
                           .lines = rpc_conn_lines(conn),
                           .ask = request->ask,
                           .request_id = request->request_id,
                           .message = request->message,
                   });
}

static void on_closed(void *user, RpcConn *conn, const char *reason)
{
        Actor *a = user;
        const Dial *d = find_dial(a, rpc_conn_id(conn));

        if (d && !d->stood && log_rate_ok(&a->dial_rate, 20))
                log_warning("Cannot reach %s at %s: %s", d->key + 1, rpc_conn_peer(conn), reason);
        turn(a, &(MasterEvent){
                        .type = EVENT_CLOSED,
                        .conn = rpc_conn_id(conn),
                        .sender = rpc_conn_sender(conn),
                        .lines = rpc_conn_lines(conn),
                        .text = reason,
                });
}

static void on_identified(void *user, RpcConn *conn, int error, bool sparkd, LineSet lines)
{
        turn(user, &(MasterEvent){
                           .type = EVENT_IDENTIFIED,
                           .conn = rpc_conn_id(conn),
                           .sender = rpc_conn_sender(conn),
                           .lines = lines,
                           .error = error,
                           .sparkd = sparkd,
                   });
}

static void on_foreign(void *user, RpcConn *conn, const char *problem)
{
        Actor *a = user;

        if (log_rate_ok(&a->foreign_rate, 20))
                log_warning("Refused a message from %s: %s", rpc_conn_peer(conn), problem);
}

void actor_order(void *user, MasterEventType type, const char *id)
{
        turn(user, &(MasterEvent){ .type = type, .text = id });
}

/* ---- from one process to the next ---- */

static int list_peer(json_t *peers, RecordKind kind, const char *id, const Peer *peer)
{
        return json_array_append_new(peers, json_pack("{s:i, s:s, s:I}", "kind", (int)kind, "id",
                                                      id, "connection", (json_int_t)peer->conn));
}

/* Who is at which connection: the rest is in the store. NULL: out of memory. */
static json_t *list_peers(const Master *m)
{
        json_t *peers = json_array();
        int r = peers ? 0 : -1;

        for (const Worker *w = master_workers(m); r == 0 && w; w = w->next)
                if (w->peer)
                        r = list_peer(peers, RECORD_WORKER, w->id, w->peer);
        for (const App *app = master_apps(m); r == 0 && app; app = app->next)
                if (app->peer)
                        r = list_peer(peers, RECORD_APP, app->id, app->peer);
        if (r == 0)
                return peers;
        json_decref(peers);
        return NULL;
}

void actor_terminate(void *user, int signal)
{
        Actor *a = user;
        int r = 0;

        log_info("Ending because of signal %d.", signal);
        if (a->keeper) {
                if (a->effects.first)
                        (void)on_flush(a->flush, a);
                r = a->unkept ? -EIO : handover_save(a->rpc, list_peers(a->master));
        }
        /* Without a service manager nobody could take them. */
        if (r < 0 && r != -ENOTCONN)
                log_warning("Connections end with this process: %s", strerror(-r));
        (void)sd_event_exit(a->event, EXIT_SUCCESS);
}

static void resume_peer(Actor *a, const json_t *peer)
{
        json_int_t conn = 0;
        const char *id;
        int kind;
        RpcConn *c;

        if (json_unpack((json_t *)peer, "{s:i, s:s, s:I}", "kind", &kind, "id", &id, "connection",
                        &conn) < 0)
                return;
        c = rpc_find(a->rpc, (uint64_t)conn);
        if (c)
                turn(a, &(MasterEvent){ .type = EVENT_RESUMED,
                                        .conn = (ConnId)conn,
                                        .lines = rpc_conn_lines(c),
                                        .kind = (RecordKind)kind,
                                        .text = id });
}

/* The connections of the process before, if it ended in order and we have its state. */
static void resume(Actor *a)
{
        json_t *peers = NULL;
        int r = handover_restore(a->rpc, &peers);
        const json_t *peer;
        size_t i;

        json_array_foreach(peers, i, peer) resume_peer(a, peer);
        json_decref(peers);
        if (r < 0)
                log_warning("Cannot take over the connections of the process before: %s",
                            strerror(-r));
}

/* ---- the actor ---- */

/* Loads what was kept and lets the machine begin; `begin` is when the store was about to be opened.
 * 0, or as keeper_load(). */
static int lead(Actor *a, uint64_t begin, char ret_message[static KEEPER_MESSAGE_MAX])
{
        MasterCounters c;
        int r = 0;

        if (a->keeper)
                r = keeper_load(a->keeper, a->master, now(a), ret_message);
        if (r != 0)
                return r;
        c = master_counters(a->master);
        if (a->keeper && (c.apps > 0 || c.workers_listed > 0))
                log_info("Loaded the state of %zu workers and %zu applications in %.1f ms.",
                         c.workers_listed, c.apps, (double)(monotonic_usec() - begin) / 1000);
        resume(a);
        turn(a, &(MasterEvent){ .type = EVENT_START });
        return 0;
}

static int try_to_lead(Actor *a)
{
        const uint64_t start = monotonic_usec();
        char message[KEEPER_MESSAGE_MAX];
        int r = keeper_open(a->state_dir, &a->keeper, message);

        if (r == STORE_E_HELD)
                return set_timer(a->keeper_timer, now(a).now + STANDBY_USEC);
        if (r == 0) {
                log_notice("The state directory is free: this master takes over.");
                r = lead(a, start, message);
        }
        if (r == 0)
                return 0;
        log_error("Cannot take over: %s", message);
        return sd_event_exit(a->event, r < 0 ? r : -EUCLEAN);
}

/* Has the state, or waits for it as a standby. */
static int begin(Actor *a, const ActorOptions *options, char ret_message[static KEEPER_MESSAGE_MAX])
{
        const uint64_t start = monotonic_usec();
        int r = 0;

        if (options->state_dir)
                r = keeper_open(options->state_dir, &a->keeper, ret_message);
        if (r != STORE_E_HELD || !options->standby)
                return r == 0 ? lead(a, start, ret_message) : r;
        a->state_dir = strdup(options->state_dir);
        if (!a->state_dir)
                return -ENOMEM;
        log_notice("Standing by: %s.", ret_message);
        return set_timer(a->keeper_timer, now(a).now + STANDBY_USEC);
}

static int add_timer(Actor *a, sd_event_source **ret, sd_event_time_handler_t handler)
{
        int r = sd_event_add_time(a->event, ret, CLOCK_MONOTONIC, UINT64_MAX, 0, handler, a);

        return r < 0 ? r : sd_event_source_set_enabled(*ret, SD_EVENT_OFF);
}

static int start_sources(Actor *a)
{
        int r = add_timer(a, &a->timer, on_timer);

        if (r >= 0)
                r = add_timer(a, &a->status_timer, on_status_timer);
        if (r >= 0)
                r = add_timer(a, &a->keeper_timer, on_keeper_timer);
        if (r >= 0)
                r = sd_event_add_defer(a->event, &a->flush, on_flush, a);
        if (r >= 0)
                r = sd_event_source_set_enabled(a->flush, SD_EVENT_OFF);
        /* before the next batch */
        if (r >= 0)
                r = sd_event_source_set_priority(a->flush, SD_EVENT_PRIORITY_IMPORTANT);
        return r < 0 ? r : 0;
}

int actor_new(sd_event *event, const ActorOptions *options, Actor **ret, char **ret_problem)
{
        MasterConfig config = *options->config;
        char message[KEEPER_MESSAGE_MAX] = "";
        static const char *const endpoints[] = { "Master", NULL };
        static const RpcHandlers handlers = {
                .request = on_request,
                .closed = on_closed,
                .connected = on_connected,
                .foreign = on_foreign,
                .resolve = on_resolve,
        };
        const RpcOptions rpc_options = {
                .endpoints = endpoints,
                .self = config.address,
                .default_line = lines_newest(LINES_ALL),
        };
        CLEANUP(actor_free_pointer) Actor *a = calloc(1, sizeof(*a));
        int r;

        if (!a)
                return -ENOMEM;
        a->armed = UINT64_MAX;
        a->event = sd_event_ref(event);
        master_effects_init(&a->effects);
        config.standby = true; /* until what was kept is loaded */
        r = master_new(&config, &a->master);
        if (r == 0)
                r = start_sources(a);
        if (r == 0)
                r = resolver_new(event, &a->resolver);
        if (r == 0)
                r = rpc_new(event, &rpc_options, &handlers, a, &a->rpc);
        if (r == 0)
                r = begin(a, options, message);
        if (r != 0 && *message)
                *ret_problem = strdup(message);
        if (r != 0)
                return r;
        *ret = TAKE_PTR(a);
        return 0;
}

void actor_free(Actor *a)
{
        Dial *d, *next;

        if (!a)
                return;
        while (a->queries)
                query_free(a->queries);
        resolver_free(a->resolver);
        rpc_free(a->rpc);
        master_effects_clear(&a->effects);
        (void)master_free(a->master);
        keeper_free(a->keeper);
        free(a->state_dir);
        HASH_CLEAR(hh_conn, a->dialled);
        HASH_ITER (hh, a->dials, d, next) {
                HASH_DEL(a->dials, d);
                free(d);
        }
        (void)sd_event_source_unref(a->flush);
        (void)sd_event_source_unref(a->keeper_timer);
        (void)sd_event_source_unref(a->timer);
        (void)sd_event_source_unref(a->status_timer);
        (void)sd_event_unref(a->event);
        free(a);
}

void actor_free_pointer(Actor **a)
{
        actor_free(*a);
}

int actor_listen(Actor *a, int fd)
{
        return rpc_listen(a->rpc, fd);
}

void actor_reconfigure(Actor *a, const MasterConfig *config)
{
        master_reconfigure(a->master, config);
}

const Master *actor_master(const Actor *a)
{
        return a->master;
}
