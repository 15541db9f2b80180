/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/worker/registration.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemons/common/message-ids.h"

/* org.apache.spark.deploy.worker.Worker: two paces of retrying, both scaled by one random factor so
 * that the workers of a cluster do not come back all at once. */
#define RETRY_SECONDS      10
#define SLOW_RETRY_SECONDS 60
#define USEC_PER_SEC       UINT64_C(1000000)
/* Spark's worker asks nobody but its last master again, since another one that takes over says so.
 * But that one may not know of us, when nothing could be kept at the end: from this attempt on all
 * are asked. */
#define ALL_AGAIN 3

static const char *text_or(const char *s, const char *otherwise)
{
        return s ? s : otherwise;
}

static uint64_t pace(const Registration *r, unsigned seconds)
{
        return (uint64_t)(seconds * r->config->jitter + 0.5) * USEC_PER_SEC;
}

int registration_init(Registration *r, const RegistrationConfig *config)
{
        *r = (Registration){ .config = config };
        r->targets = calloc(config->n_masters + 1, sizeof(*r->targets));
        if (!r->targets)
                return -ENOMEM;
        for (size_t i = 0; i < config->n_masters; i++)
                r->targets[i].address = config->masters[i];
        r->n_targets = config->n_masters;
        return 0;
}

void registration_done(Registration *r)
{
        free(r->targets);
        free(r->url);
        free(r->web_ui_url);
        *r = (Registration){ 0 };
}

void registration_set_engines(Registration *r, LineSet lines, StringSeq names)
{
        r->engine_lines = lines;
        r->engines = names;
}

uint64_t registration_deadline(const Registration *r)
{
        uint64_t deadline = UINT64_MAX;

        if (r->retrying)
                deadline = r->retry_at;
        if (r->heartbeat_at)
                deadline = MIN_OF(deadline, r->heartbeat_at);
        return deadline;
}

static bool same_address(const HostPort *a, const HostPort *b)
{
        return a->port == b->port && strcmp(a->host, b->host) == 0;
}

static MasterTarget *target_of(Registration *r, uint64_t conn)
{
        for (size_t i = 0; i < r->n_targets; i++)
                if (conn && r->targets[i].conn == conn)
                        return &r->targets[i];
        return NULL;
}

static void close_conn(uint64_t conn, const char *why, WorkerEffects *fx)
{
        WorkerEffect *e = effect_add(fx, DO_CLOSE);

        e->conn = conn;
        e->text = why;
}

/* The target with this address; a master that was not configured gets the spare place. */
static MasterTarget *target_for_address(Registration *r, const HostPort *address, WorkerEffects *fx)
{
        MasterTarget *spare = &r->targets[r->config->n_masters];

        for (size_t i = 0; i < r->config->n_masters; i++)
                if (same_address(&r->targets[i].address, address))
                        return &r->targets[i];
        if (r->n_targets > r->config->n_masters && same_address(&spare->address, address))
                return spare;
        if (r->n_targets > r->config->n_masters && spare->conn)
                effect_add(fx, DO_CLOSE)->conn = spare->conn;
        *spare = (MasterTarget){ .address = *address };
        r->n_targets = r->config->n_masters + 1;
        return spare;
}

/* ---- registering ---- */

/* "memory=12288", "overhead-percent=10", "overhead-min=384". */
static StringSeq limits_addresses(const RegistrationConfig *c, WorkerEffects *fx)
{
        const char **items = arena_new_array(&fx->arena, 3, const char *);

        if (!items) {
                fx->failed = true;
                return (StringSeq){ 0 };
        }
        items[0] = effect_text(fx, "memory=%" PRIu64, c->limits_memory_mb);
        items[1] = effect_text(fx, "overhead-percent=%u", c->limits_overhead_percent);
        items[2] = effect_text(fx, "overhead-min=%" PRIu64, c->limits_overhead_min_mb);
        return (StringSeq){ .items = items, .length = 3 };
}

static void add_resource(ResourceMap *map, const char *name, StringSeq addresses)
{
        map->items[map->length++] = (struct ResourceEntry){
                .key = name,
                .value = { .name = name, .addresses = addresses },
        };
}

/* The worker's resources, and for our own master the engines that are here and the limits. */
static ResourceMap declared_resources(const Registration *r, bool sparkd, WorkerEffects *fx)
{
        ResourceMap all = *r->config->resources;
        struct ResourceEntry *items;

        if (!sparkd)
                return all;
        items = arena_new_array(&fx->arena, all.length + 2, struct ResourceEntry);
        if (!items) {
                fx->failed = true;
                return all;
        }
        if (all.length)
                memcpy(items, all.items, all.length * sizeof(*items));
        all.items = items;
        add_resource(&all, REGISTRATION_ENGINES_RESOURCE, r->engines);
        if (r->config->limits_memory_mb)
                add_resource(&all, REGISTRATION_LIMITS_RESOURCE, limits_addresses(r->config, fx));
        return all;
}

static EndpointRef own_reference(const Registration *r)
{
        return (EndpointRef){ .name = "Worker",
                              .address = { .host = r->config->host, .port = r->config->port } };
}

static void send_register(const Registration *r, uint64_t conn, const HostPort *dialled,
                          bool sparkd, WorkerEffects *fx)
{
        const RegistrationConfig *c = r->config;
        Message *m = effect_message(fx, DO_SEND, conn, MSG_REGISTER_WORKER);

        m->register_worker.id = c->worker_id;
        m->register_worker.host = c->host;
        m->register_worker.port = c->port;
        m->register_worker.cores = c->cores;
        m->register_worker.memory = c->memory_mb;
        m->register_worker.worker_web_ui_url = c->web_ui_url;
        m->register_worker.worker = own_reference(r);
        m->register_worker.master_address =
                (RpcAddress){ .host = dialled->host, .port = dialled->port };
        m->register_worker.resources = declared_resources(r, sparkd, fx);
}

static void register_with(const Registration *r, MasterTarget *t, WorkerEffects *fx)
{
        send_register(r, t->conn, &t->address, t->sparkd, fx);
        t->phase = TARGET_READY;
}

static void contact(Registration *r, MasterTarget *t, WorkerEffects *fx)
{
        switch (t->phase) {
        case TARGET_IDLE: {
                WorkerEffect *e;

                if (t->unfit)
                        effect_add(fx, DO_RESCAN);
                effect_log(fx, LOG_INFO, NULL, "Connecting to master %s:%u.", t->address.host,
                           t->address.port);
                t->phase = TARGET_DIALLING;
                e = effect_add(fx, DO_DIAL);
                e->target = (size_t)(t - r->targets);
                e->address = t->address;
                break;
        }
        case TARGET_READY:
                register_with(r, t, fx);
                break;
        case TARGET_DIALLING:
        case TARGET_IDENTIFYING:
                break;
        }
}

/* Starts from zero with every configured master, unless that is going on already. */
static void begin(Registration *r, uint64_t now, WorkerEffects *fx)
{
        if (r->retrying) {
                effect_log(fx, LOG_INFO, NULL,
                           "Not starting another registration: one is under way already.");
                return;
        }
        r->registered = false;
        r->retrying = true;
        r->attempts = 0;
        r->retry_every = pace(r, RETRY_SECONDS);
        r->retry_at = now + r->retry_every;
        for (size_t i = 0; i < r->config->n_masters; i++)
                contact(r, &r->targets[i], fx);
}

static bool any_unfit(const Registration *r)
{
        for (size_t i = 0; i < r->n_targets; i++)
                if (r->targets[i].unfit)
                        return true;
        return false;
}

static void retry(Registration *r, uint64_t now, WorkerEffects *fx)
{
        const RegistrationConfig *c = r->config;

        r->attempts++;
        /* A master that answers, only of a Spark that has no engine here yet, is waited for. */
        if (r->attempts > c->max_retries && !any_unfit(r)) {
                effect_log(fx, LOG_ERR, NULL, "All masters are unresponsive! Giving up.");
                effect_exit(fx, EXIT_FAILURE);
                r->retrying = false;
                return;
        }
        if (r->attempts >= c->initial_retries)
                r->retry_every = pace(r, SLOW_RETRY_SECONDS);
        r->retry_at = now + r->retry_every;

        effect_log(fx, LOG_INFO, NULL, "Retrying connection to master (attempt # %u).",
                   r->attempts);
        if (r->known) {
                const HostPort *to = c->prefer_configured_address ? &r->dialled : &r->address;

                contact(r, target_for_address(r, to, fx), fx);
                if (r->attempts < ALL_AGAIN)
                        return;
        }
        for (size_t i = 0; i < c->n_masters; i++)
                contact(r, &r->targets[i], fx);
}

/* ---- what connections tell ---- */

static void on_dialled(Registration *r, const WorkerEvent *event, WorkerEffects *fx)
{
        MasterTarget *t = event->target < r->n_targets ? &r->targets[event->target] : NULL;

        if (!t || t->phase != TARGET_DIALLING) {
                if (event->conn)
                        effect_add(fx, DO_CLOSE)->conn = event->conn;
                return;
        }
        if (event->conn) {
                t->conn = event->conn;
                return;
        }
        t->phase = TARGET_IDLE;
        effect_log(fx, LOG_WARNING, NULL, "Failed to connect to master %s:%u: %s.", t->address.host,
                   t->address.port, event->text);
}

static void on_connected(Registration *r, const WorkerEvent *event, WorkerEffects *fx)
{
        MasterTarget *t = target_of(r, event->conn);

        if (!t || t->phase != TARGET_DIALLING)
                return;
        t->phase = TARGET_IDENTIFYING;
        effect_add(fx, DO_IDENTIFY)->conn = t->conn;
}

static void drop_target(MasterTarget *t, const char *why, WorkerEffects *fx)
{
        close_conn(t->conn, why, fx);
        t->conn = 0;
        t->phase = TARGET_IDLE;
}

static void leave_former(Registration *r, WorkerEffects *fx)
{
        if (r->former_conn)
                close_conn(r->former_conn, "its master and we have another one", fx);
        r->former_conn = 0;
}

static void refuse(Registration *r, MasterTarget *t, LineSet lines, WorkerEffects *fx)
{
        char its[LINES_TEXT_MAX], ours[LINES_TEXT_MAX];

        if (!t->unfit || t->unfit_lines != lines)
                effect_log(
                        fx, LOG_ERR, &(LogFields){ .message_id = MESSAGE_MASTER_REFUSED },
                        "Master %s:%u runs Spark %s, for which there is no engine here (only %s). "
                        "Not registering with it until there is one.",
                        t->address.host, t->address.port, lines_text(lines, its),
                        lines_text(r->engine_lines, ours));
        t->unfit = true;
        t->unfit_lines = lines;
        drop_target(t, "no engine here for its Spark version", fx);
}

static void on_identified(Registration *r, const WorkerEvent *event, WorkerEffects *fx)
{
        MasterTarget *t = target_of(r, event->conn);

        /* A master that took over by itself (MasterChanged) is asked afterwards. */
        if (event->conn == r->conn && r->connected && event->error == 0) {
                r->sparkd = event->sparkd;
                r->lines = event->lines;
                if (r->sparkd)
                        leave_former(r, fx);
        }
        if (!t || t->phase != TARGET_IDENTIFYING)
                return;
        if (event->error < 0) {
                effect_log(fx, LOG_WARNING, NULL,
                           "Master %s:%u did not say which version of Spark it is: %s.",
                           t->address.host, t->address.port, strerror(-event->error));
                drop_target(t, "could not find out its Spark version", fx);
                return;
        }
        if (!event->sparkd && !(event->lines & r->engine_lines)) {
                refuse(r, t, event->lines, fx);
                return;
        }
        t->unfit = false;
        t->sparkd = event->sparkd;
        t->lines = event->lines;
        /* A master may have taken us meanwhile: another one, or this one by its own connection. */
        if (r->retrying)
                register_with(r, t, fx);
        else if (r->connected && r->conn != t->conn && same_address(&r->address, &t->address))
                drop_target(t, "its master has dialled us", fx);
        else
                t->phase = TARGET_READY;
}

static void on_closed(Registration *r, const WorkerEvent *event, uint64_t now, WorkerEffects *fx)
{
        MasterTarget *t = target_of(r, event->conn);

        if (t) {
                if (t->phase != TARGET_READY)
                        effect_log(fx, LOG_WARNING, NULL, "Failed to connect to master %s:%u: %s.",
                                   t->address.host, t->address.port, event->text);
                t->conn = 0;
                t->phase = TARGET_IDLE;
        }
        if (event->conn == r->former_conn)
                r->former_conn = 0;
        if (!r->connected || event->conn != r->conn)
                return;
        r->connected = r->told_engines = false;
        r->conn = 0;
        r->heartbeat_at = 0;
        effect_log(fx, LOG_ERR,
                   &(LogFields){ .worker_id = r->config->worker_id,
                                 .message_id = MESSAGE_MASTER_LOST },
                   "Connection to master %s failed: %s. Waiting for a master to reconnect.", r->url,
                   event->text);
        begin(r, now, fx);
}

/* ---- what masters say ---- */

bool registration_is_master(const Registration *r, uint64_t conn)
{
        return r->connected && (conn == r->conn || (!r->sparkd && conn && conn == r->former_conn));
}

static void send_heartbeat(Registration *r, uint64_t now, WorkerEffects *fx)
{
        Message *m = effect_message(fx, DO_SEND, r->conn, MSG_HEARTBEAT);

        m->heartbeat.worker_id = r->config->worker_id;
        m->heartbeat.worker = own_reference(r);
        r->heartbeat_at = now + r->config->heartbeat_usec;
}

static char *without_trailing_slash(const char *s)
{
        size_t n = s ? strlen(s) : 0;

        return strndup(s ? s : "", n && s[n - 1] == '/' ? n - 1 : n);
}

/* Takes `address` into a HostPort; false when it is none that one could dial. */
static bool usable_address(const RpcAddress *address, HostPort *ret)
{
        size_t n = address->host ? strlen(address->host) : 0;

        if (n == 0 || n >= sizeof(ret->host) || address->port < 1 || address->port > UINT16_MAX)
                return false;
        *ret = (HostPort){ .port = (uint16_t)address->port };
        memcpy(ret->host, address->host, n + 1);
        return true;
}

/* A master of ours and we keep one connection. What it has sent on another one is void when it
 * hears from us on this: nothing of that may reach us any more. One of Spark's would take the end
 * of any for the end of this worker. */
static void leave_others(Registration *r, const HostPort *master, WorkerEffects *fx)
{
        bool sparkd = r->sparkd;

        for (size_t i = 0; i < r->n_targets; i++) {
                MasterTarget *t = &r->targets[i];

                if (!t->conn || !t->sparkd || !same_address(&t->address, master))
                        continue;
                sparkd = true;
                if (t->conn == r->conn || t->phase != TARGET_READY)
                        continue;
                if (t->conn == r->former_conn)
                        r->former_conn = 0;
                drop_target(t, "its master and we have another one", fx);
        }
        if (sparkd)
                leave_former(r, fx);
}

/* Makes the master that spoke on `event->conn` ours. False when its words cannot be used. */
static bool adopt(Registration *r, const WorkerEvent *event, const EndpointRef *master,
                  const char *web_ui_url, const RpcAddress *dialled, WorkerEffects *fx)
{
        const MasterTarget *t = target_of(r, event->conn);
        HostPort address, from;
        CLEANUP_FREE char *url = NULL, *ui = NULL;

        if (!usable_address(&master->address, &address) || !usable_address(dialled, &from)) {
                effect_log(fx, LOG_WARNING, NULL,
                           "Ignoring a master that named no address of its own.");
                return false;
        }
        ui = without_trailing_slash(web_ui_url);
        if (asprintf(&url, "spark://%s:%u", address.host, address.port) < 0)
                url = NULL;
        if (!url || !ui) {
                fx->failed = true;
                return false;
        }
        bool same = r->url && strcmp(r->url, url) == 0;

        if (r->conn != event->conn)
                r->former_conn = same && r->connected ? r->conn : 0;
        free(r->url);
        free(r->web_ui_url);
        r->url = TAKE_PTR(url);
        r->web_ui_url = TAKE_PTR(ui);
        r->address = address;
        r->dialled = from;
        r->conn = event->conn;
        r->sparkd = t ? t->sparkd : same && r->sparkd; /* as far as is known */
        r->lines = t ? t->lines : event->lines;
        r->known = r->connected = true;
        r->retrying = false;
        leave_others(r, &address, fx);
        return true;
}

static RegistrationResult on_registered(Registration *r, const WorkerEvent *event, uint64_t now,
                                        WorkerEffects *fx)
{
        const Message *m = event->message;
        LogFields fields = { .worker_id = r->config->worker_id };

        if (!adopt(r, event, &m->registered_worker.master, m->registered_worker.master_web_ui_url,
                   &m->registered_worker.master_address, fx))
                return REGISTRATION_NOTHING;
        if (m->registered_worker.duplicate && !r->told_engines)
                effect_log(fx, LOG_WARNING, &fields, "Master %s knew this worker already.", r->url);
        fields.message_id = MESSAGE_MASTER_REGISTERED_WITH;
        if (!r->told_engines)
                effect_log(fx, LOG_INFO, &fields, "Registered with master %s as %s.", r->url,
                           r->config->worker_id);
        r->told_engines = false;
        r->registered = true;
        send_heartbeat(r, now, fx);
        return REGISTRATION_ACCEPTED;
}

static RegistrationResult on_master_changed(Registration *r, const WorkerEvent *event, uint64_t now,
                                            WorkerEffects *fx)
{
        const EndpointRef *master = &event->message->master_changed.master;
        const LogFields fields = { .worker_id = r->config->worker_id };

        if (!adopt(r, event, master, event->message->master_changed.master_web_ui_url,
                   &master->address, fx))
                return REGISTRATION_NOTHING;
        r->registered = true; /* or it would not know of us */
        effect_log(fx, LOG_NOTICE, &fields, "The master has changed: it is now %s.", r->url);
        if (!r->heartbeat_at)
                r->heartbeat_at = now + r->config->heartbeat_usec;
        if (!target_of(r, event->conn))
                effect_add(fx, DO_IDENTIFY)->conn = event->conn;
        return REGISTRATION_CHANGED;
}

/* A master of ours places applications by the engines that it was told of: it is told again, and
 * takes the same worker's registration for what it is. Spark's own know nothing of engines. */
static void on_engines(Registration *r, WorkerEffects *fx)
{
        if (!r->registered || !r->connected || !r->sparkd)
                return;
        send_register(r, r->conn, &r->dialled, true, fx);
        r->told_engines = true;
}

void registration_leave(const Registration *r, WorkerEffects *fx)
{
        if (!r->connected)
                return;
        if (r->sparkd) {
                Message *m = effect_message(fx, DO_SEND, r->conn, MSG_WORKER_DECOMMISSIONING);

                m->worker_decommissioning.id = r->config->worker_id;
                m->worker_decommissioning.worker = own_reference(r);
        }
        close_conn(r->conn, "the worker ends", fx);
}

static RegistrationResult on_message(Registration *r, const WorkerEvent *event, uint64_t now,
                                     WorkerEffects *fx)
{
        const Message *m = event->message;

        switch (m->type) {
        case MSG_REGISTERED_WORKER:
                return on_registered(r, event, now, fx);
        case MSG_MASTER_CHANGED:
                return on_master_changed(r, event, now, fx);
        case MSG_REGISTER_WORKER_FAILED:
                if (r->registered)
                        break;
                effect_log(fx, LOG_ERR, &(LogFields){ .message_id = MESSAGE_MASTER_REFUSED },
                           "Worker registration failed: %s",
                           text_or(m->register_worker_failed.message, "no reason given"));
                effect_exit(fx, EXIT_FAILURE);
                break;
        case MSG_RECONNECT_WORKER:
                effect_log(fx, LOG_NOTICE, NULL,
                           "Master %s does not know this worker any more; registering again.",
                           text_or(m->reconnect_worker.master_url, ""));
                begin(r, now, fx);
                break;
        case MSG_MASTER_IN_STANDBY: /* another one will answer */
        default:
                break;
        }
        return REGISTRATION_NOTHING;
}

RegistrationResult registration_handle(Registration *r, const WorkerEvent *event, uint64_t now,
                                       WorkerEffects *fx)
{
        switch (event->type) {
        case ON_START:
                begin(r, now, fx);
                break;
        case ON_TICK:
                if (r->retrying && now >= r->retry_at)
                        retry(r, now, fx);
                if (r->connected && r->heartbeat_at && now >= r->heartbeat_at) {
                        send_heartbeat(r, now, fx);
                        if (r->sparkd)
                                effect_add(fx, DO_RESCAN);
                }
                break;
        case ON_DIALLED:
                on_dialled(r, event, fx);
                break;
        case ON_CONNECTED:
                on_connected(r, event, fx);
                break;
        case ON_IDENTIFIED:
                on_identified(r, event, fx);
                break;
        case ON_CLOSED:
                on_closed(r, event, now, fx);
                break;
        case ON_ENGINES:
                on_engines(r, fx);
                break;
        case ON_MESSAGE:
                return on_message(r, event, now, fx);
        default:
                break;
        }
        return REGISTRATION_NOTHING;
}

/* ---- from one process to the next ---- */

static json_t *lines_value(LineSet lines)
{
        json_t *names = json_array();

        for (int line = 0; names && line < LINE_MAX; line++)
                if ((lines & LINE_BIT(line)) &&
                    json_array_append_new(names, json_string(line_name(line))) < 0) {
                        json_decref(names);
                        return NULL;
                }
        return names;
}

/* Lines that this version does not know any more are left out. */
static LineSet lines_of_value(const json_t *names)
{
        LineSet lines = 0;

        for (size_t i = 0; i < json_array_size(names); i++) {
                const char *name = json_string_value(json_array_get(names, i));

                for (int line = 0; name && line < LINE_MAX; line++)
                        if (strcmp(name, line_name(line)) == 0)
                                lines |= LINE_BIT(line);
        }
        return lines;
}

/* The masters of the settings, as saved. */
static json_t *masters_value(const RegistrationConfig *c)
{
        json_t *all = json_array();

        for (size_t i = 0; i < c->n_masters; i++)
                (void)json_array_append_new(
                        all, json_pack("[s, i]", c->masters[i].host, (int)c->masters[i].port));
        return all;
}

static bool same_masters(const RegistrationConfig *c, const json_t *saved)
{
        json_t *ours = masters_value(c);
        bool same = json_equal(ours, saved);

        json_decref(ours);
        return same;
}

void registration_close_others(const Registration *r, WorkerEffects *fx)
{
        for (size_t i = 0; i < r->n_targets; i++) {
                const MasterTarget *t = &r->targets[i];

                if (t->conn && t->conn != r->conn)
                        close_conn(t->conn, "the worker is restarted", fx);
        }
}

json_t *registration_save(const Registration *r)
{
        const MasterTarget *t = NULL;

        if (!r->registered || !r->connected)
                return json_null();
        for (size_t i = 0; i < r->n_targets; i++)
                if (r->targets[i].conn == r->conn)
                        t = &r->targets[i];
        return json_pack("{s:I, s:s, s:s, s:s, s:i, s:s, s:i, s:b, s:o, s:o, s:s, s:i}",
                         "connection", (json_int_t)r->conn, "url", r->url, "webUi", r->web_ui_url,
                         "host", r->address.host, "port", r->address.port, "dialledHost",
                         r->dialled.host, "dialledPort", r->dialled.port, "sparkd", r->sparkd,
                         "lines", lines_value(r->lines), "masters", masters_value(r->config),
                         "targetHost", t ? t->address.host : "", "targetPort",
                         t ? t->address.port : 0);
}

typedef struct SavedTie {
        json_int_t conn;
        const char *url, *ui, *host, *dialled_host, *target_host;
        int port, dialled_port, target_port, sparkd;
        const json_t *lines, *masters;
} SavedTie;

static int unpack(const json_t *saved, SavedTie *ret)
{
        if (json_unpack((json_t *)saved,
                        "{s:I, s:s, s:s, s:s, s:i, s:s, s:i, s:b, s:o, s:o, s:s, s:i}",
                        "connection", &ret->conn, "url", &ret->url, "webUi", &ret->ui, "host",
                        &ret->host, "port", &ret->port, "dialledHost", &ret->dialled_host,
                        "dialledPort", &ret->dialled_port, "sparkd", &ret->sparkd, "lines",
                        &ret->lines, "masters", &ret->masters, "targetHost", &ret->target_host,
                        "targetPort", &ret->target_port) < 0)
                return -EBADMSG;
        return ret->conn > 0 && json_is_array(ret->lines) && lines_of_value(ret->lines) &&
                               json_is_array(ret->masters)
                       ? 0
                       : -EBADMSG;
}

/* The connection that was dialled for a configured master is that one's again. */
static void resume_target(Registration *r, const SavedTie *tie)
{
        const RpcAddress address = { .host = tie->target_host, .port = tie->target_port };
        HostPort target;

        if (!usable_address(&address, &target))
                return;
        for (size_t i = 0; i < r->n_targets; i++)
                if (same_address(&r->targets[i].address, &target)) {
                        r->targets[i].conn = r->conn;
                        r->targets[i].phase = TARGET_READY;
                        r->targets[i].sparkd = r->sparkd;
                        r->targets[i].lines = r->lines;
                }
}

int registration_resume(Registration *r, const json_t *saved, uint64_t now, WorkerEffects *fx)
{
        SavedTie tie;
        int k;

        if (json_is_null(saved))
                return -ENOENT;
        k = unpack(saved, &tie);
        if (k < 0)
                return k;
        /* Whoever gives us another master and restarts us wants to see us there. */
        if (!same_masters(r->config, tie.masters)) {
                close_conn((uint64_t)tie.conn, "the settings name another master", fx);
                return -ENOENT;
        }

        const EndpointRef master = { .address = { .host = tie.host, .port = tie.port } };
        const RpcAddress dialled = { .host = tie.dialled_host, .port = tie.dialled_port };
        const WorkerEvent event = { .conn = (uint64_t)tie.conn,
                                    .lines = lines_of_value(tie.lines) };

        if (!adopt(r, &event, &master, tie.ui, &dialled, fx))
                return fx->failed ? -ENOMEM : -EBADMSG;
        r->sparkd = tie.sparkd;
        r->registered = true;
        resume_target(r, &tie);
        send_heartbeat(r, now, fx);
        effect_log(fx, LOG_INFO, &(LogFields){ .worker_id = r->config->worker_id },
                   "Still registered with master %s.", r->url);
        return 0;
}
