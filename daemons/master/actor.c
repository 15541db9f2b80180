/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/master/actor.h"

#include <errno.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "daemons/common/daemon.h"
#include "daemons/common/helper.h"
#include "daemons/common/version-query.h"
#include "daemons/master/ui.h"
#include "rpc/rpc.h"

/* The manager's status line follows the counters at most this often. */
#define STATUS_USEC UINT64_C(1000000)

/* The longest that a helper asks a driver; the machine waits no longer than that either. */
#define QUERY_SECONDS 30
/* Drivers asked at once: each by a process of its own. */
#define QUERIES_MAX 32

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
        Master *master;
        MasterEffects effects; /* of the turn under way */
        LogRate foreign_rate, send_rate;
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

static void carry_out(Actor *a, const MasterEffect *e)
{
        RpcConn *conn = e->conn != 0 ? rpc_find(a->rpc, e->conn) : NULL;

        switch (e->type) {
        case EFFECT_LOG:
                log_with_fields(e->level, &e->fields, "%s", e->text);
                return;
        case EFFECT_RECORD_PUT:
        case EFFECT_RECORD_DELETE:
                /* Durable state hooks in here, before the effects behind it leave the process.
                 * Until there is a store, a master that restarts starts empty, as Spark's does
                 * with spark.deploy.recoveryMode=NONE. */
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

/* One turn: the event in, its effects out. A failure is memory's, and ends the process: the machine
 * may have done half of what it had to. */
static void turn(Actor *a, const MasterEvent *event)
{
        MasterTime time = { 0 };
        int r;

        (void)sd_event_now(a->event, CLOCK_MONOTONIC, &time.now);
        (void)sd_event_now(a->event, CLOCK_REALTIME, &time.wall);
        r = master_handle(a->master, time, event, &a->effects);
        if (r == 0) {
                for (const MasterEffect *e = a->effects.first; e; e = e->next)
                        carry_out(a, e);
                r = arm(a);
        }
        master_effects_clear(&a->effects);
        if (r >= 0)
                r = watch_summary(a, time.now);
        if (r < 0) {
                log_error("Cannot go on: %s", strerror(-r));
                (void)sd_event_exit(a->event, r);
        }
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
        turn(user, &(MasterEvent){
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

/* ---- the actor ---- */

static int start_timers(Actor *a)
{
        int r = sd_event_add_time(a->event, &a->timer, CLOCK_MONOTONIC, UINT64_MAX, 0, on_timer, a);

        if (r >= 0)
                r = sd_event_source_set_enabled(a->timer, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_time(a->event, &a->status_timer, CLOCK_MONOTONIC, UINT64_MAX, 0,
                                      on_status_timer, a);
        if (r >= 0)
                r = sd_event_source_set_enabled(a->status_timer, SD_EVENT_OFF);
        return r < 0 ? r : 0;
}

int actor_new(sd_event *event, const MasterConfig *config, Actor **ret)
{
        static const char *const endpoints[] = { "Master", NULL };
        static const RpcHandlers handlers = {
                .request = on_request,
                .closed = on_closed,
                .foreign = on_foreign,
        };
        const RpcOptions options = {
                .endpoints = endpoints,
                .self = config->address,
                .default_line = lines_newest(LINES_ALL),
        };
        CLEANUP(actor_free_pointer) Actor *a = calloc(1, sizeof(*a));
        int r;

        if (!a)
                return -ENOMEM;
        a->armed = UINT64_MAX;
        a->event = sd_event_ref(event);
        master_effects_init(&a->effects);
        r = master_new(config, &a->master);
        if (r == 0)
                r = start_timers(a);
        if (r == 0)
                r = rpc_new(event, &options, &handlers, a, &a->rpc);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(a);
        return 0;
}

void actor_free(Actor *a)
{
        if (!a)
                return;
        while (a->queries)
                query_free(a->queries);
        rpc_free(a->rpc);
        master_effects_clear(&a->effects);
        (void)master_free(a->master);
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
