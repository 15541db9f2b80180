/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/master/master.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemons/master/internal.h"

WorkerPolicy worker_policy_from_name(const char *name)
{
        static const char *const names[POLICY_MAX] = {
                [POLICY_CORES_FREE_DESC] = "CORES_FREE_DESC",
                [POLICY_CORES_FREE_ASC] = "CORES_FREE_ASC",
                [POLICY_MEMORY_FREE_DESC] = "MEMORY_FREE_DESC",
                [POLICY_MEMORY_FREE_ASC] = "MEMORY_FREE_ASC",
                [POLICY_WORKER_ID] = "WORKER_ID",
        };
        for (int i = 0; i < POLICY_MAX; i++)
                if (strcmp(names[i], name) == 0)
                        return (WorkerPolicy)i;
        return POLICY_INVALID;
}

void master_config_init(MasterConfig *config)
{
        *config = (MasterConfig){
                .worker_timeout_usec = UINT64_C(60) * 1000000,
                .identify_timeout_usec = 1000000,
                .recovery_wait_usec = UINT64_C(5) * 1000000,
                .recovery_timeout_usec = UINT64_C(60) * 1000000,
                .grace_usec = UINT64_C(60) * 1000000,
                .version_timeout_usec = UINT64_C(30) * 1000000,
                .dead_worker_persistence = 15,
                .retained_applications = 200,
                .retained_drivers = 200,
                .retained_executors = 200,
                .default_cores = INT32_MAX,
                .max_executor_retries = 10,
                .max_drivers = INT32_MAX,
                .spread_out = true,
                .spread_out_drivers = true,
                .worker_selection_policy = POLICY_CORES_FREE_DESC,
                .app_id_pattern = "app-%s-%04d",
                .driver_id_pattern = "driver-%s-%04d",
        };
}

/* ---- life ---- */

/* Copies the strings of the configuration. */
static int config_copy(Arena *arena, const MasterConfig *config, MasterConfig *ret)
{
        *ret = *config;
        const char **strings[] = { &ret->url, &ret->address.host, &ret->web_ui_url,
                                   &ret->app_id_pattern, &ret->driver_id_pattern };
        for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
                if (!*strings[i])
                        continue;
                *strings[i] = arena_strdup(arena, *strings[i]);
                if (!*strings[i])
                        return -ENOMEM;
        }
        return 0;
}

int master_new(const MasterConfig *config, Master **ret_master)
{
        char id[LIMIT_ID_BYTES];
        if (id_format(config->app_id_pattern, 0, 0, id, sizeof(id)) < 0 ||
            id_format(config->driver_id_pattern, 0, 0, id, sizeof(id)) < 0)
                return -EINVAL;

        Master *m = calloc(1, sizeof(*m));
        if (!m)
                return -ENOMEM;
        arena_init(&m->arena, MIB(16));
        if (config_copy(&m->arena, config, &m->config) < 0) {
                master_free(m);
                return -ENOMEM;
        }
        worker_index_init(&m->by_policy, config->worker_selection_policy);
        worker_index_init(&m->by_id, POLICY_WORKER_ID);
        worker_index_init(&m->by_size, POLICY_WORKER_ID);
        m->status = config->standby ? MASTER_STANDBY : MASTER_ALIVE;
        *ret_master = m;
        return 0;
}

void master_reconfigure(Master *m, const MasterConfig *config)
{
        m->config.dead_worker_persistence = config->dead_worker_persistence;
        m->config.retained_applications = config->retained_applications;
        m->config.retained_drivers = config->retained_drivers;
        m->config.retained_executors = config->retained_executors;
        m->config.default_cores = config->default_cores;
        m->config.max_executor_retries = config->max_executor_retries;
        m->config.grace_usec = config->grace_usec;
        m->config.spread_out = config->spread_out;
        m->config.spread_out_drivers = config->spread_out_drivers;
}

static void free_graves(Master *m)
{
        while (m->graves) {
                Grave *grave = m->graves;
                m->graves = grave->next;
                grave->destroy(grave);
        }
}

static void free_apps(App *list)
{
        for (App *app = list, *next; app; app = next) {
                next = app->next;
                app_destroy(app);
        }
}

static void free_drivers(Driver *list)
{
        for (Driver *d = list, *next; d; d = next) {
                next = d->next;
                driver_destroy(d);
        }
}

Master *master_free(Master *m)
{
        if (!m)
                return NULL;
        free_graves(m);
        HASH_CLEAR(hh_id, m->apps_by_id);
        HASH_CLEAR(hh_address, m->apps_by_driver);
        HASH_CLEAR(hh_id, m->workers_by_id);
        HASH_CLEAR(hh_address, m->workers_by_address);
        HASH_CLEAR(hh_id, m->dead_by_id);
        HASH_CLEAR(hh_address, m->dead_by_address);
        HASH_CLEAR(hh, m->drivers_by_id);
        free_apps(m->apps); /* before the workers, which they are linked with */
        free_apps(m->completed);
        free_drivers(m->drivers);
        free_drivers(m->waiting_drivers);
        free_drivers(m->completed_drivers);
        for (Worker *w = m->workers, *next; w; w = next) {
                next = w->next;
                worker_destroy(w);
        }
        Peer *peer, *next_peer;
        HASH_ITER (hh, m->peers, peer, next_peer) {
                HASH_DEL(m->peers, peer);
                free(peer);
        }
        free(m->slots);
        free(m->unkept);
        arena_done(&m->arena);
        free(m);
        return NULL;
}

/* ---- a turn ---- */

static void reply_bound_ports(Turn *t)
{
        const MasterConfig *config = &t->m->config;
        Message *msg = turn_reply(t, MSG_BOUND_PORTS_RESPONSE);
        msg->bound_ports_response.rpc_endpoint_port = config->address.port;
        msg->bound_ports_response.web_ui_port = config->web_ui_port;
        msg->bound_ports_response.rest_port = config->rest_port;
}

static void clear_completed(Turn *t)
{
        apps_clear_completed(t->m);
        drivers_clear_completed(t->m);
        turn_reply_boolean(t, true);
}

static void reply_ready(Turn *t)
{
        turn_reply_boolean(t, true);
}

/* What the endpoint "Master" understands; `ask` as Spark's clients send it. */
static const struct {
        void (*handle)(Turn *t);
        bool ask;
} handlers[MSG_TYPE_MAX] = {
        [MSG_REGISTER_WORKER] = { worker_register, false },
        [MSG_HEARTBEAT] = { worker_heartbeat, false },
        [MSG_WORKER_LATEST_STATE] = { worker_latest_state, false },
        [MSG_WORKER_DECOMMISSIONING] = { worker_decommissioning, false },
        [MSG_WORKER_SCHEDULER_STATE_RESPONSE] = { worker_scheduler_state, false },
        [MSG_EXECUTOR_STATE_CHANGED] = { app_executor_state_changed, true },
        [MSG_DRIVER_STATE_CHANGED] = { driver_state_changed, false },
        [MSG_REGISTER_APPLICATION] = { app_register, false },
        [MSG_UNREGISTER_APPLICATION] = { app_unregister, false },
        [MSG_MASTER_CHANGE_ACKNOWLEDGED] = { recovery_app_answered, false },
        [MSG_REQUEST_EXECUTORS] = { app_request_executors, true },
        [MSG_KILL_EXECUTORS] = { app_kill_executors, true },
        [MSG_REQUEST_SUBMIT_DRIVER] = { driver_submit, true },
        [MSG_REQUEST_KILL_DRIVER] = { driver_request_kill, true },
        [MSG_REQUEST_KILL_ALL_DRIVERS] = { driver_request_kill_all, true },
        [MSG_REQUEST_DRIVER_STATUS] = { driver_request_status, true },
        [MSG_REQUEST_CLEAR_COMPLETED] = { clear_completed, true },
        [MSG_REQUEST_READYZ] = { reply_ready, true },
        [MSG_DECOMMISSION_WORKERS_ON_HOSTS] = { worker_decommission_hosts, true },
        [MSG_BOUND_PORTS_REQUEST] = { reply_bound_ports, true },
};

static void handle_message(Turn *t)
{
        const MasterEvent *event = t->event;
        MessageType type = event->message->type;
        Peer *peer = peer_find(t->m, event->conn);
        if (peer && event->lines)
                peer->lines = event->lines;
        if (t->m->status == MASTER_STANDBY && standby_answers(t))
                return;
        bool known = (unsigned)type < MSG_TYPE_MAX && handlers[type].handle;
        if (known && handlers[type].ask == event->ask)
                handlers[type].handle(t);
        else if (event->ask)
                turn_unsupported(t);
        else
                turn_log(t, LOG_WARNING, "Ignored %s: it is not for a master, or not sent as %s.",
                         message_type_name(type), known ? "an ask" : "a message");
}

static void kill_app(Turn *t)
{
        App *app = app_find(t->m, t->event->text);
        if (app)
                app_remove(t, app, APP_KILLED, "killed by a user of the master");
}

static void kill_driver(Turn *t)
{
        Driver *d = driver_find(t->m, t->event->text);
        if (d)
                driver_kill(t, d);
}

static void handle_event(Turn *t)
{
        switch (t->event->type) {
        case EVENT_MESSAGE:
                handle_message(t);
                break;
        case EVENT_CLOSED:
                peer_closed(t);
                break;
        case EVENT_IDENTIFIED:
                worker_identified(t);
                break;
        case EVENT_TICK:
                workers_tick(t);
                break;
        case EVENT_VERSION:
                app_version_told(t);
                break;
        case EVENT_KILL_APP:
                kill_app(t);
                break;
        case EVENT_KILL_DRIVER:
                kill_driver(t);
                break;
        case EVENT_RESUMED:
                recovery_resumed(t);
                break;
        case EVENT_START:
                recovery_begin(t);
                break;
        case EVENT_CONNECTED:
                recovery_connected(t);
                break;
        case EVENT_STORE:
                store_changed(t);
                break;
        }
}

int master_handle(Master *m, MasterTime time, const MasterEvent *event, MasterEffects *out)
{
        Turn t = { .m = m, .time = time, .event = event, .out = out };
        if (!out->first) {
                free_graves(m);
                m->batch++;
        }
        handle_event(&t);
        if (m->schedule && m->status == MASTER_ALIVE && !m->unkept && !t.error)
                schedule(&t);
        executors_settle(&t);
        return t.error;
}
