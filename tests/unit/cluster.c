/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cluster.h"

#include <check.h>
#include <stdio.h>

#define LINES_3_5 LINE_BIT(LINE_3_5)

void cluster_init(Cluster *c)
{
        MasterConfig config;

        *c = (Cluster){ .time = { .now = 1000000, .wall = CLUSTER_NOW }, .next_conn = 1 };
        master_config_init(&config);
        config.url = "spark://master:7077";
        config.address = (RpcAddress){ .host = "master", .port = 7077 };
        config.web_ui_url = "http://master:8080";
        config.web_ui_port = 8080;
        ck_assert_int_eq(master_new(&config, &c->master), 0);
}

void cluster_done(Cluster *c)
{
        c->master = master_free(c->master);
}

void cluster_event(Cluster *c, const MasterEvent *event)
{
        MasterEffects effects;
        MasterEvent identified = { .type = EVENT_IDENTIFIED, .lines = LINES_3_5 };

        master_effects_init(&effects);
        ck_assert_int_eq(master_handle(c->master, c->time, event, &effects), 0);
        for (const MasterEffect *e = effects.first; e; e = e->next)
                if (e->type == EFFECT_IDENTIFY)
                        identified.conn = e->conn;
        master_effects_clear(&effects);
        if (identified.conn != 0)
                cluster_event(c, &identified);
}

static void message(Cluster *c, ConnId conn, const RpcAddress *sender, bool ask, const Message *m)
{
        cluster_event(c, &(MasterEvent){ .type = EVENT_MESSAGE,
                                         .conn = conn,
                                         .sender = *sender,
                                         .lines = LINES_3_5,
                                         .ask = ask,
                                         .request_id = 1,
                                         .message = m });
}

/* `limit` 0: a JVM's. */
static ConnId add_worker(Cluster *c, unsigned n, int cores, int memory, int limit)
{
        static const char *gpus[] = { "0", "1" };
        const char *engine = "3.5.9";
        char limits_memory[32];
        const char *limits[] = { limits_memory, "overhead-percent=10", "overhead-min=384" };
        struct ResourceEntry resources[] = {
                { "gpu", { "gpu", { gpus, 2 } } },
                { "sparkd.engines", { "sparkd.engines", { &engine, 1 } } },
                { "sparkd.limits", { "sparkd.limits", { limits, ARRAY_SIZE(limits) } } },
        };
        char id[32], host[32], url[64];
        const ConnId conn = c->next_conn++;
        RpcAddress address = { .host = host, .port = 35000 };
        const Message m = {
                .type = MSG_REGISTER_WORKER,
                .register_worker = {
                        .id = id,
                        .host = host,
                        .port = address.port,
                        .cores = cores,
                        .memory = memory,
                        .worker_web_ui_url = url,
                        .worker = { .name = "Worker", .address = address },
                        .master_address = { .host = "master", .port = 7077 },
                        .resources = { resources, limit ? ARRAY_SIZE(resources) : 1 },
                },
        };

        (void)snprintf(limits_memory, sizeof(limits_memory), "memory=%d", limit);
        (void)snprintf(id, sizeof(id), "worker-%u", n);
        (void)snprintf(host, sizeof(host), "10.0.0.%u", n);
        (void)snprintf(url, sizeof(url), "http://10.0.0.%u:8081", n);
        message(c, conn, &address, false, &m);
        return conn;
}

ConnId cluster_add_worker(Cluster *c, unsigned n, int cores, int memory)
{
        return add_worker(c, n, cores, memory, 0);
}

ConnId cluster_add_limited_worker(Cluster *c, unsigned n, int cores, int memory, int limit)
{
        return add_worker(c, n, cores, memory, limit);
}

const App *cluster_add_app(Cluster *c, const char *name, int memory, int gpus)
{
        struct ExecutorResourceEntry wanted[] = {
                { "cores", { .resource_name = "cores", .amount = 1 } },
                { "memory", { .resource_name = "memory", .amount = memory } },
                { "gpu", { .resource_name = "gpu", .amount = gpus } },
        };
        const ConnId conn = c->next_conn++;
        const RpcAddress address = { .host = "10.0.1.1", .port = 40000 + (int32_t)conn };
        const Message m = {
                .type = MSG_REGISTER_APPLICATION,
                .register_application = {
                        .app_description = {
                                .name = name,
                                .user = "ann",
                                .app_ui_url = "http://10.0.1.1:4040",
                                .max_cores = { true, 2 },
                                .command = { .main_class = "org.example.Backend" },
                                .default_profile = { .executor_resources = {
                                                             wanted, gpus > 0 ? 3 : 2 } },
                        },
                        .driver = { .name = "AppClient", .address = address },
                },
        };
        const App *app;

        message(c, conn, &address, false, &m);
        app = master_apps(c->master);
        while (app && app->next)
                app = app->next;
        ck_assert_ptr_nonnull(app);
        return app;
}

void cluster_add_driver(Cluster *c, const char *main_class, int memory)
{
        const char *arguments[] = { "{{WORKER_URL}}", "{{USER_JAR}}", main_class };
        const RpcAddress nobody = { 0 };
        const Message m = {
                .type = MSG_REQUEST_SUBMIT_DRIVER,
                .request_submit_driver.driver_description = {
                        .jar_url = "file:/job.jar",
                        .mem = memory,
                        .cores = 1,
                        .command = { .main_class = "org.example.Wrapper",
                                     .arguments = { arguments, 3 } },
                },
        };

        message(c, c->next_conn++, &nobody, true, &m);
}

void cluster_executor_state(Cluster *c, const App *app, int id, ExecutorState state)
{
        const RpcAddress nobody = { 0 };
        const Message m = {
                .type = MSG_EXECUTOR_STATE_CHANGED,
                .executor_state_changed = { .app_id = app->id, .exec_id = id, .state = state },
        };

        message(c, c->next_conn++, &nobody, true, &m);
}
