/* SPDX-License-Identifier: Apache-2.0 */
#include "master-rig.h"

#include <check.h>
#include <string.h>

#define TAKEN (-1) /* in place of an effect's type */

MasterConfig rig_config(void)
{
        MasterConfig config;
        master_config_init(&config);
        config.url = "spark://m:7077";
        config.address = (RpcAddress){ "m", 7077 };
        config.web_ui_url = "http://m:8080";
        config.web_ui_port = 8080;
        config.grace_usec = 0; /* who is away is lost */
        return config;
}

void rig_init(Rig *rig, const MasterConfig *config)
{
        MasterConfig defaults = rig_config();
        *rig = (Rig){ .lines = LINE_BIT(LINE_4_3) };
        rig->time = (MasterTime){ .now = 1000000, .wall = UINT64_C(1763690000000000) };
        arena_init(&rig->arena, SIZE_MAX);
        master_effects_init(&rig->out);
        ck_assert_int_eq(master_new(config ? config : &defaults, &rig->m), 0);
}

void rig_done(Rig *rig)
{
        master_effects_clear(&rig->out);
        rig->m = master_free(rig->m);
        arena_done(&rig->arena);
}

/* ---- events ---- */

static void handle(Rig *rig, const MasterEvent *event)
{
        ck_assert_int_eq(master_handle(rig->m, rig->time, event, &rig->out), 0);
}

void rig_event(Rig *rig, MasterEvent event)
{
        master_effects_clear(&rig->out);
        handle(rig, &event);
}

static void message(Rig *rig, ConnId conn, const Message *msg, bool ask)
{
        rig_event(rig, (MasterEvent){ .type = EVENT_MESSAGE,
                                      .conn = conn,
                                      .sender = { "peer", (int32_t)conn },
                                      .lines = rig->lines,
                                      .ask = ask,
                                      .request_id = ask ? 77 : 0,
                                      .message = msg });
}

void rig_tell(Rig *rig, ConnId conn, const Message *msg)
{
        message(rig, conn, msg, false);
}

void rig_ask(Rig *rig, ConnId conn, const Message *msg)
{
        message(rig, conn, msg, true);
}

void rig_close(Rig *rig, ConnId conn)
{
        rig_event(rig, (MasterEvent){ .type = EVENT_CLOSED, .conn = conn, .text = "closed" });
}

void rig_pass(Rig *rig, uint64_t usec)
{
        const MasterEvent tick = { .type = EVENT_TICK };
        uint64_t end = rig->time.now + usec;
        master_effects_clear(&rig->out);
        for (unsigned n = 0; master_deadline(rig->m) <= end; n++) {
                ck_assert_uint_lt(n, 100000); /* a deadline that does not move on */
                uint64_t now = master_deadline(rig->m);
                if (now > rig->time.now) {
                        rig->time.wall += now - rig->time.now;
                        rig->time.now = now;
                }
                handle(rig, &tick);
        }
        rig->time.wall += end - rig->time.now;
        rig->time.now = end;
}

void rig_register_worker(Rig *rig, ConnId conn, const char *id, int port, int cores, int memory)
{
        Message msg = { .type = MSG_REGISTER_WORKER };
        msg.register_worker.id = id;
        msg.register_worker.host = "host";
        msg.register_worker.port = port;
        msg.register_worker.cores = cores;
        msg.register_worker.memory = memory;
        msg.register_worker.worker = (EndpointRef){ "Worker", { "host", port } };
        msg.register_worker.worker_web_ui_url = "http://host:8081";
        msg.register_worker.master_address = (RpcAddress){ "dialled", 7077 };
        rig_tell(rig, conn, &msg);
}

void rig_add_worker(Rig *rig, ConnId conn, const char *id)
{
        rig_register_worker(rig, conn, id, (int)conn, 8, 8192);
        (void)rig_sent(rig, conn, MSG_REGISTERED_WORKER);
}

void rig_add_worker_with(Rig *rig, ConnId conn, const char *id, const char *resource,
                         const char **addresses, size_t n)
{
        struct ResourceEntry entry = { resource, { resource, { addresses, n } } };
        Message msg = { .type = MSG_REGISTER_WORKER };
        msg.register_worker.id = id;
        msg.register_worker.host = "host";
        msg.register_worker.port = (int32_t)conn;
        msg.register_worker.cores = 8;
        msg.register_worker.memory = 8192;
        msg.register_worker.worker = (EndpointRef){ "Worker", { "host", (int32_t)conn } };
        msg.register_worker.resources = (ResourceMap){ &entry, 1 };
        rig_tell(rig, conn, &msg);
        (void)rig_sent(rig, conn, MSG_REGISTERED_WORKER);
}

void rig_heartbeat(Rig *rig, ConnId conn, const char *id)
{
        Message msg = { .type = MSG_HEARTBEAT, .heartbeat = { .worker_id = id } };
        rig_tell(rig, conn, &msg);
}

void rig_executor_state(Rig *rig, ConnId conn, const char *app, int id, ExecutorState state,
                        int exit_status)
{
        Message msg = { .type = MSG_EXECUTOR_STATE_CHANGED };
        msg.executor_state_changed.app_id = app;
        msg.executor_state_changed.exec_id = id;
        msg.executor_state_changed.state = state;
        msg.executor_state_changed.message = "said";
        msg.executor_state_changed.exit_status = (OptInt){ exit_status >= 0, exit_status };
        rig_ask(rig, conn, &msg);
}

ResourceProfile rig_profile(Rig *rig, int id, int cores, int memory, const char *resource,
                            int amount)
{
        ResourceProfile p = { .id = id };
        p.executor_resources.items =
                arena_alloc_array(&rig->arena, 3, sizeof(*p.executor_resources.items));
        const struct {
                const char *name;
                int amount;
        } wanted[] = { { "cores", cores }, { "memory", memory }, { resource, amount } };
        for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
                if (wanted[i].name && wanted[i].amount)
                        p.executor_resources.items[p.executor_resources.length++] =
                                (struct ExecutorResourceEntry){
                                        .key = wanted[i].name,
                                        .value = { .resource_name = wanted[i].name,
                                                   .amount = wanted[i].amount,
                                                   .discovery_script = "",
                                                   .vendor = "" },
                                };
        return p;
}

ApplicationDescription rig_app(Rig *rig, const char *name, int max_cores, int cores, int memory)
{
        return (ApplicationDescription){
                .name = name,
                .user = "user",
                .app_ui_url = "http://driver:4040",
                .max_cores = { max_cores > 0, max_cores },
                .command = { .main_class = "Executor" },
                .default_profile = rig_profile(rig, 0, cores, memory, NULL, 0),
        };
}

void rig_register_app(Rig *rig, ConnId conn, const ApplicationDescription *desc)
{
        Message msg = { .type = MSG_REGISTER_APPLICATION };
        msg.register_application.app_description = *desc;
        msg.register_application.driver = (EndpointRef){ "AppClient", { "driver", (int32_t)conn } };
        rig_tell(rig, conn, &msg);
}

const char *rig_new_app(Rig *rig, ConnId conn, int max_cores, int cores, int memory)
{
        ApplicationDescription desc = rig_app(rig, "app", max_cores, cores, memory);
        rig_register_app(rig, conn, &desc);
        const Message *msg = rig_sent(rig, conn, MSG_REGISTERED_APPLICATION);
        return arena_strdup(&rig->arena, msg->registered_application.app_id);
}

void rig_request_executors(Rig *rig, ConnId conn, const char *app, const ResourceProfile *profile,
                           int total)
{
        struct ProfileTarget target = { .profile = *profile, .total = total };
        Message msg = { .type = MSG_REQUEST_EXECUTORS };
        msg.request_executors.app_id = app;
        msg.request_executors.targets.items = &target;
        msg.request_executors.targets.length = 1;
        rig_ask(rig, conn, &msg);
}

/* ---- effects ---- */

static MasterEffect *take(Rig *rig, MasterEffectType type, ConnId conn, MessageType message_type)
{
        for (MasterEffect *e = rig->out.first; e; e = e->next) {
                if ((int)e->type != (int)type || (conn && e->conn != conn) ||
                    (e->message && e->message->type != message_type))
                        continue;
                e->type = (MasterEffectType)TAKEN;
                return e;
        }
        ck_abort_msg("no effect %d with %s to connection %d", (int)type,
                     message_type_name(message_type), (int)conn);
        return NULL;
}

const Message *rig_sent(Rig *rig, ConnId conn, MessageType type)
{
        const MasterEffect *e = take(rig, EFFECT_SEND, conn, type);
        ck_assert_ptr_nonnull(e->endpoint);
        ck_assert_uint_ne(e->conn, 0);
        return e->message;
}

const Message *rig_replied(Rig *rig, MessageType type)
{
        const MasterEffect *e = take(rig, EFFECT_REPLY, 0, type);
        ck_assert_int_eq(e->request_id, 77);
        return e->message;
}

void rig_replied_boolean(Rig *rig, bool value)
{
        ck_assert_int_eq(rig_replied(rig, MSG_BOOLEAN)->boolean.value, value);
}

const char *rig_failed(Rig *rig)
{
        return take(rig, EFFECT_FAIL, 0, MSG_NONE)->text;
}

void rig_identifies(Rig *rig, ConnId conn, LineSet candidates)
{
        ck_assert_uint_eq(take(rig, EFFECT_IDENTIFY, conn, MSG_NONE)->lines, candidates);
}

void rig_asks_version(Rig *rig, const char *app)
{
        const MasterEffect *e = take(rig, EFFECT_ASK_VERSION, 0, MSG_NONE);
        ck_assert_str_eq(e->key, app);
        ck_assert_str_eq(e->text, "http://driver:4040");
}

void rig_recorded(Rig *rig, MasterEffectType type, RecordKind kind, const char *key)
{
        for (MasterEffect *e = rig->out.first; e; e = e->next)
                if (e->type == type && e->kind == kind && strcmp(e->key, key) == 0) {
                        e->type = (MasterEffectType)TAKEN;
                        return;
                }
        ck_abort_msg("no record effect %d for %s", (int)type, key);
}

size_t rig_count(const Rig *rig, MessageType type)
{
        size_t n = 0;
        for (const MasterEffect *e = rig->out.first; e; e = e->next)
                n += (int)e->type != TAKEN && e->type != EFFECT_NONE && e->message &&
                     e->message->type == type;
        return n;
}

bool rig_logged(const Rig *rig, const char *part)
{
        for (const MasterEffect *e = rig->out.first; e; e = e->next)
                if (e->type == EFFECT_LOG && strstr(e->text, part))
                        return true;
        return false;
}

void rig_waiting_told(Rig *rig, ConnId conn, const char *beginning)
{
        const Message *msg = rig_sent(rig, conn, MSG_EXECUTOR_UPDATED);
        const char *text = msg->executor_updated.message;

        ck_assert_int_eq(msg->executor_updated.id, 0);
        ck_assert_int_eq(msg->executor_updated.state, EXECUTOR_LAUNCHING);
        ck_assert_msg(strncmp(text, beginning, strlen(beginning)) == 0, "\"%s\"", text);
}

void rig_quiet(Rig *rig)
{
        for (const MasterEffect *e = rig->out.first; e; e = e->next)
                if ((int)e->type != TAKEN && e->type != EFFECT_NONE && e->type != EFFECT_LOG &&
                    e->type != EFFECT_RECORD_PUT && e->type != EFFECT_RECORD_DELETE)
                        ck_abort_msg("effect %d with %s to connection %d is left over",
                                     (int)e->type,
                                     e->message ? message_type_name(e->message->type) : "-",
                                     (int)e->conn);
}
