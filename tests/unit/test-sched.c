/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scheduler against the JVM's: a literal implementation of Master.schedule() and
 * scheduleExecutorsOnWorkers() over plain arrays, in step with the machine through thousands of
 * random clusters; every LaunchExecutor must be the same, in the same order. And what it costs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "master-disk.h"
#include "master-rig.h"
#include "tests/unit/unit.h"

#define MAX_WORKERS  24
#define MAX_APPS     8
#define MAX_PROFILES 3
#define MAX_EXECS    4000

typedef struct ModelWorker {
        char id[16];
        bool alive;
        ConnId conn;
        int cores_free, memory_free, gpus_free;
        bool limited; /* a worker of ours that declares limits */
        int limit_free, overhead_percent, overhead_min;
        LineSet lines;
} ModelWorker;

typedef struct ModelProfile {
        int id, cores, memory, gpus, target, running; /* cores 0: unset */
} ModelProfile;

typedef struct ModelApp {
        bool alive;
        ConnId conn;
        const char *id;
        int cores_left, next_exec;
        LineSet lines;
        ModelProfile profiles[MAX_PROFILES]; /* by ascending id */
        int n_profiles;
} ModelApp;

typedef struct ModelExec {
        bool alive;
        int app, worker, profile_id, id, cores, memory, gpus;
} ModelExec;

typedef struct Model {
        Rig rig;
        Disk disk;          /* must hold all that there is after every event */
        bool check_records; /* ... which takes long, so some runs look, the others at their end */
        bool spread_out;
        WorkerPolicy policy;
        uint64_t random;
        ModelWorker workers[MAX_WORKERS];
        int n_workers;
        ModelApp apps[MAX_APPS];
        int n_apps;
        ModelExec execs[MAX_EXECS];
        int n_execs, n_checked; /* launches compared so far */
        ConnId next_conn;
} Model;

static int below(Model *model, int n)
{
        model->random =
                model->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (int)((model->random >> 33) % (uint64_t)n);
}

/* ---- the JVM's algorithm ---- */

static bool comes_before(const Model *model, const ModelWorker *a, const ModelWorker *b)
{
        int by_cores = a->cores_free - b->cores_free, by_memory = a->memory_free - b->memory_free;
        int by_id = strcmp(a->id, b->id);
        switch (model->policy) {
        case POLICY_CORES_FREE_ASC:
                return by_cores ? by_cores < 0 : by_id < 0;
        case POLICY_MEMORY_FREE_DESC:
                return by_memory ? by_memory > 0 : by_id > 0;
        case POLICY_MEMORY_FREE_ASC:
                return by_memory ? by_memory < 0 : by_id < 0;
        case POLICY_WORKER_ID:
                return by_id < 0;
        default:
                return by_cores ? by_cores > 0 : by_id > 0;
        }
}

/* What an executor takes of the worker's limits: nothing of a JVM's. */
static int limit_of(const ModelWorker *w, int memory)
{
        int overhead = MAX_OF(memory * w->overhead_percent / 100, w->overhead_min);
        return w->limited ? memory + overhead : 0;
}

static int usable_workers(const Model *model, const ModelApp *app, const ModelProfile *p, int *ret)
{
        int n = 0;
        for (int i = 0; i < model->n_workers; i++) {
                const ModelWorker *w = &model->workers[i];
                if (!w->alive || w->cores_free < (p->cores ? p->cores : 1) ||
                    w->memory_free < p->memory || w->gpus_free < p->gpus ||
                    w->limit_free < limit_of(w, p->memory) || !(w->lines & app->lines))
                        continue;
                int k = n++;
                for (; k > 0 && comes_before(model, w, &model->workers[ret[k - 1]]); k--)
                        ret[k] = ret[k - 1];
                ret[k] = i;
        }
        return n;
}

typedef struct Plan {
        const Model *model;
        const ModelProfile *profile;
        const int *usable;
        int n, to_assign, cores[MAX_WORKERS], execs[MAX_WORKERS];
} Plan;

static bool fits(const Plan *plan, int i)
{
        const ModelProfile *p = plan->profile;
        const ModelWorker *w = &plan->model->workers[plan->usable[i]];
        int min = p->cores ? p->cores : 1, sum = 0, limit = limit_of(w, p->memory);
        if (plan->to_assign < min || w->cores_free - plan->cores[i] < min)
                return false;
        if (!p->cores && plan->execs[i] > 0)
                return true;
        for (int k = 0; k < plan->n; k++)
                sum += plan->execs[k];
        return w->memory_free - plan->execs[i] * p->memory >= p->memory &&
               w->gpus_free - plan->execs[i] * p->gpus >= p->gpus &&
               w->limit_free - plan->execs[i] * limit >= limit && sum + p->running < p->target;
}

static void assign(Plan *plan)
{
        int min = plan->profile->cores ? plan->profile->cores : 1;
        bool live[MAX_WORKERS] = { false }, any = false;
        for (int i = 0; i < plan->n; i++)
                any |= live[i] = fits(plan, i);
        while (any) {
                any = false;
                for (int i = 0; i < plan->n; i++) {
                        while (live[i] && fits(plan, i)) {
                                plan->to_assign -= min;
                                plan->cores[i] += min;
                                plan->execs[i] = plan->profile->cores ? plan->execs[i] + 1 : 1;
                                if (plan->model->spread_out)
                                        break;
                        }
                }
                for (int i = 0; i < plan->n; i++)
                        any |= live[i] = live[i] && fits(plan, i);
        }
}

static void model_launch(Model *model, int app_index, ModelProfile *p, int worker, int cores)
{
        ModelApp *app = &model->apps[app_index];
        ModelWorker *w = &model->workers[worker];
        ck_assert_int_lt(model->n_execs, MAX_EXECS);
        model->execs[model->n_execs++] =
                (ModelExec){ true,  app_index, worker, p->id, app->next_exec++,
                             cores, p->memory, p->gpus };
        w->cores_free -= cores;
        w->memory_free -= p->memory;
        w->gpus_free -= p->gpus;
        w->limit_free -= limit_of(w, p->memory);
        app->cores_left -= cores;
        p->running++;
}

static void model_schedule(Model *model)
{
        for (int a = 0; a < model->n_apps; a++)
                for (int k = 0; model->apps[a].alive && k < model->apps[a].n_profiles; k++) {
                        ModelApp *app = &model->apps[a];
                        ModelProfile *p = &app->profiles[k];
                        if (app->cores_left < (p->cores ? p->cores : 1))
                                continue;
                        int usable[MAX_WORKERS], free_cores = 0;
                        Plan plan = { .model = model, .profile = p, .usable = usable };
                        plan.n = usable_workers(model, app, p, usable);
                        for (int i = 0; i < plan.n; i++)
                                free_cores += model->workers[usable[i]].cores_free;
                        plan.to_assign = MIN_OF(app->cores_left, free_cores);
                        assign(&plan);
                        for (int i = 0; i < plan.n; i++) {
                                int n = plan.cores[i] == 0 ? 0
                                        : p->cores         ? plan.cores[i] / p->cores
                                                           : 1;
                                for (int e = 0; e < n; e++)
                                        model_launch(model, a, p, usable[i], plan.cores[i] / n);
                        }
                }
}

/* ---- in step ---- */

static void compare_launches(Model *model)
{
        model_schedule(model);
        for (; model->n_checked < model->n_execs; model->n_checked++) {
                const ModelExec *e = &model->execs[model->n_checked];
                const Message *msg = rig_sent(&model->rig, 0, MSG_LAUNCH_EXECUTOR);
                ck_assert_str_eq(msg->launch_executor.app_id, model->apps[e->app].id);
                ck_assert_int_eq(msg->launch_executor.exec_id, e->id);
                ck_assert_int_eq(msg->launch_executor.rp_id, e->profile_id);
                ck_assert_int_eq(msg->launch_executor.cores, e->cores);
                ck_assert_int_eq(msg->launch_executor.memory, e->memory);
                const ResourceMap *map = &msg->launch_executor.resources;
                ck_assert_uint_eq(map->length, e->gpus > 0);
                if (map->length)
                        ck_assert_int_eq((int)map->items[0].value.addresses.length, e->gpus);
                msg = rig_sent(&model->rig, model->apps[e->app].conn, MSG_EXECUTOR_ADDED);
                ck_assert_int_eq(msg->executor_added.id, e->id);
                ck_assert_str_eq(msg->executor_added.worker_id, model->workers[e->worker].id);
        }
        ck_assert_uint_eq(rig_count(&model->rig, MSG_LAUNCH_EXECUTOR), 0);
        ck_assert_uint_eq(rig_count(&model->rig, MSG_EXECUTOR_ADDED), 0);
        disk_apply(&model->disk, model->rig.m, &model->rig.out);
        if (model->check_records)
                disk_check(&model->disk, model->rig.m);
}

/* A machine made from the records has the same records. */
static void check_restart(Model *model)
{
        MasterConfig config = rig_config();
        Master *m = disk_restart(&model->disk, &config, model->rig.time);
        disk_check(&model->disk, m);
        (void)master_free(m);
}

static LineSet some_lines(Model *model)
{
        return below(model, 4) ? LINE_BIT(LINE_4_3) : LINE_BIT(LINE_4_0);
}

static ModelWorker with_limits(Model *model, ModelWorker w)
{
        w.limited = true;
        w.limit_free = 256 + below(model, 14) * 512;
        w.overhead_percent = below(model, 3) * 10;
        w.overhead_min = below(model, 2) ? 384 : 64;
        return w;
}

static void add_worker(Model *model)
{
        if (model->n_workers == MAX_WORKERS)
                return;
        ModelWorker *w = &model->workers[model->n_workers++];
        *w = (ModelWorker){
                .alive = true,
                .conn = model->next_conn++,
                .cores_free = below(model, 17),
                .memory_free = below(model, 12) * 512,
                .gpus_free = below(model, 3) ? 0 : below(model, 5),
                .limit_free = INT32_MAX,
                .lines = some_lines(model),
        };
        if (below(model, 3) == 0)
                *w = with_limits(model, *w);
        (void)snprintf(w->id, sizeof(w->id), "w%d", below(model, 900) * 100 + model->n_workers);

        static const char *const addresses[] = { "0", "1", "2", "3", "4" };
        const char *engine = w->lines == LINE_BIT(LINE_4_3) ? "4.3.0" : "4.0.1";
        const char *limits[3];
        struct ResourceEntry declared[] = {
                { "gpu", { "gpu", { (const char **)addresses, (size_t)w->gpus_free } } },
                { "sparkd.engines", { "sparkd.engines", { &engine, 1 } } },
                { "sparkd.limits", { "sparkd.limits", { limits, 3 } } },
        };
        limits[0] = arena_printf(&model->rig.arena, "memory=%d", w->limit_free);
        limits[1] = arena_printf(&model->rig.arena, "overhead-percent=%d", w->overhead_percent);
        limits[2] = arena_printf(&model->rig.arena, "overhead-min=%d", w->overhead_min);
        Message msg = { .type = MSG_REGISTER_WORKER };
        msg.register_worker.id = w->id;
        msg.register_worker.host = w->id;
        msg.register_worker.port = 1;
        msg.register_worker.cores = w->cores_free;
        msg.register_worker.memory = w->memory_free;
        msg.register_worker.worker = (EndpointRef){ "Worker", { w->id, 1 } };
        msg.register_worker.resources = (ResourceMap){ declared, w->limited ? 3 : 1 };
        model->rig.lines = w->lines;
        rig_tell(&model->rig, w->conn, &msg);
        (void)rig_sent(&model->rig, w->conn, MSG_REGISTERED_WORKER);
}

static ModelProfile some_profile(Model *model, int id)
{
        return (ModelProfile){
                .id = id,
                .cores = below(model, 3) ? 1 + below(model, 4) : 0,
                .memory = 256 + below(model, 6) * 256,
                .gpus = below(model, 4) ? 0 : 1 + below(model, 2),
                .target = below(model, 3) ? INT32_MAX : below(model, 6),
        };
}

static void add_app(Model *model)
{
        if (model->n_apps == MAX_APPS)
                return;
        ModelApp *app = &model->apps[model->n_apps++];
        ModelProfile p = some_profile(model, 0);
        int max_cores = below(model, 3) ? 1 + below(model, 60) : 0;
        *app = (ModelApp){ .alive = true,
                           .conn = model->next_conn++,
                           .cores_left = max_cores ? max_cores : INT32_MAX,
                           .lines = some_lines(model),
                           .profiles = { p },
                           .n_profiles = 1 };
        ApplicationDescription desc = rig_app(&model->rig, "app", max_cores, p.cores, p.memory);
        desc.default_profile = rig_profile(&model->rig, 0, p.cores, p.memory, "gpu", p.gpus);
        desc.initial_executor_limit = (OptInt){ p.target != INT32_MAX, p.target };
        model->rig.lines = app->lines;
        rig_register_app(&model->rig, app->conn, &desc);
        app->id = arena_strdup(&model->rig.arena,
                               rig_sent(&model->rig, app->conn, MSG_REGISTERED_APPLICATION)
                                       ->registered_application.app_id);
}

/* A new profile or a new target for one. */
static void request_executors(Model *model)
{
        ModelApp *app = &model->apps[below(model, model->n_apps)];
        if (!app->alive)
                return;
        int k = below(model, MAX_PROFILES);
        if (k >= app->n_profiles) {
                k = app->n_profiles++;
                app->profiles[k] =
                        some_profile(model, app->profiles[k - 1].id + 1 + below(model, 3));
                if (!app->profiles[k].cores) /* it inherits the default profile's */
                        app->profiles[k].cores = app->profiles[0].cores;
        }
        ModelProfile *p = &app->profiles[k];
        p->target = below(model, 8);
        ResourceProfile profile =
                rig_profile(&model->rig, p->id, p->cores, p->memory, "gpu", p->gpus);
        model->rig.lines = app->lines;
        rig_request_executors(&model->rig, app->conn, app->id, &profile, p->target);
        rig_replied_boolean(&model->rig, true);
}

static void model_end(Model *model, ModelExec *e)
{
        ModelApp *app = &model->apps[e->app];
        ModelWorker *w = &model->workers[e->worker];
        e->alive = false;
        w->cores_free += e->cores;
        w->memory_free += e->memory;
        w->gpus_free += e->gpus;
        w->limit_free += limit_of(w, e->memory);
        app->cores_left += e->cores;
        for (int i = 0; i < app->n_profiles; i++)
                app->profiles[i].running -= app->profiles[i].id == e->profile_id;
}

static void end_executor(Model *model)
{
        int i = model->n_execs ? below(model, model->n_execs) : 0;
        ModelExec *e = &model->execs[i];
        if (!e->alive)
                return;
        model_end(model, e);
        rig_executor_state(&model->rig, model->workers[e->worker].conn, model->apps[e->app].id,
                           e->id, EXECUTOR_EXITED, 0);
        rig_replied_boolean(&model->rig, true);
}

static void end_app(Model *model)
{
        int index = below(model, model->n_apps);
        ModelApp *app = &model->apps[index];
        if (!app->alive || below(model, 3))
                return;
        for (int i = 0; i < model->n_execs; i++)
                if (model->execs[i].alive && model->execs[i].app == index)
                        model_end(model, &model->execs[i]);
        app->alive = false;
        rig_close(&model->rig, app->conn);
}

static void lose_worker(Model *model)
{
        int index = below(model, model->n_workers);
        ModelWorker *w = &model->workers[index];
        if (!w->alive || below(model, 4))
                return;
        for (int i = 0; i < model->n_execs; i++)
                if (model->execs[i].alive && model->execs[i].worker == index)
                        model_end(model, &model->execs[i]);
        w->alive = false;
        rig_close(&model->rig, w->conn);
}

static void check_counters(Model *model)
{
        MasterCounters c = master_counters(model->rig.m);
        int64_t cores_free = 0, memory_free = 0;
        for (int i = 0; i < model->n_workers; i++) {
                if (!model->workers[i].alive)
                        continue;
                cores_free += model->workers[i].cores_free;
                memory_free += model->workers[i].memory_free;
        }
        ck_assert_int_eq(c.cores - c.cores_used, cores_free);
        ck_assert_int_eq(c.memory - c.memory_used, memory_free);
}

static void run_cluster(Model *model, uint64_t seed)
{
        static void (*const events[])(
                Model *) = { add_worker,   add_worker,   add_app,      add_app, request_executors,
                             end_executor, end_executor, end_executor, end_app, lose_worker };
        MasterConfig config = rig_config();
        config.spread_out = model->spread_out;
        config.worker_selection_policy = model->policy;
        model->random = seed * 2654435761u + 17;
        model->next_conn = 1;
        rig_init(&model->rig, &config);
        add_worker(model);
        compare_launches(model);
        add_app(model);
        compare_launches(model);
        for (int i = 0; i < 60 && model->n_execs < MAX_EXECS / 2; i++) {
                master_effects_clear(&model->rig.out);
                events[below(model, (int)ARRAY_SIZE(events))](model);
                compare_launches(model);
        }
        check_counters(model);
        disk_check(&model->disk, model->rig.m);
        check_restart(model);
        disk_done(&model->disk);
        rig_done(&model->rig);
}

START_TEST(places_as_the_jvm)
{
        size_t launches = 0;
        for (uint64_t seed = 0; seed < 400; seed++) {
                Model *model = calloc(1, sizeof(*model));
                ck_assert_ptr_nonnull(model);
                model->policy = (WorkerPolicy)(_i / 2);
                model->spread_out = _i % 2;
                model->check_records = seed % 20 == 0;
                run_cluster(model, seed * 100 + (uint64_t)_i);
                launches += (size_t)model->n_execs;
                free(model);
        }
        ck_assert_uint_gt(launches, 4000); /* the comparison was not between nothings */
}
END_TEST

/* ---- cost ---- */

/* Steps in the index for a job of 20 executors of one core to start among `n` idle workers. */
static uint64_t steps_to_start(int n, bool cores_set)
{
        Rig rig;
        rig_init(&rig, NULL);
        for (int i = 0; i < n; i++) {
                char id[16];
                (void)snprintf(id, sizeof(id), "w%05d", i);
                rig_register_worker(&rig, (ConnId)(i + 1), id, i + 1, 16, 16384);
        }
        uint64_t before = master_counters(rig.m).index_steps;
        ApplicationDescription desc = rig_app(&rig, "app", 20, cores_set ? 1 : 0, 1024);
        rig_register_app(&rig, 1000000, &desc);
        ck_assert_uint_eq(rig_count(&rig, MSG_LAUNCH_EXECUTOR), 20);
        uint64_t steps = master_counters(rig.m).index_steps - before;
        rig_done(&rig);
        return steps;
}

static void register_limited(Rig *rig, int i, const char *memory)
{
        const char *engine = "4.3.0",
                   *limits[] = { memory, "overhead-percent=10", "overhead-min=384" };
        struct ResourceEntry declared[] = {
                { "sparkd.engines", { "sparkd.engines", { &engine, 1 } } },
                { "sparkd.limits", { "sparkd.limits", { limits, ARRAY_SIZE(limits) } } },
        };
        char id[16];
        Message msg = { .type = MSG_REGISTER_WORKER };
        (void)snprintf(id, sizeof(id), "w%05d", i);
        msg.register_worker.id = id;
        msg.register_worker.host = "host";
        msg.register_worker.port = i + 1;
        msg.register_worker.cores = 16;
        msg.register_worker.memory = 16384;
        msg.register_worker.worker = (EndpointRef){ "Worker", { "host", i + 1 } };
        msg.register_worker.resources = (ResourceMap){ declared, ARRAY_SIZE(declared) };
        rig_tell(rig, (ConnId)(i + 1), &msg);
}

/* Cores and heap are free everywhere, limits on one worker only, and then nowhere. */
START_TEST(limits_cost_no_walk)
{
        Rig rig;
        rig_init(&rig, NULL);
        for (int i = 0; i < 10000; i++)
                register_limited(&rig, i, i == 7654 ? "memory=1408" : "memory=1407");
        uint64_t before = master_counters(rig.m).index_steps;
        rig_new_app(&rig, 20000, 0, 1, 1024);
        ck_assert_str_eq(rig_sent(&rig, 20000, MSG_EXECUTOR_ADDED)->executor_added.worker_id,
                         "w07654");
        ck_assert_uint_lt(master_counters(rig.m).index_steps - before, 400);
        before = master_counters(rig.m).index_steps;
        rig_new_app(&rig, 20001, 0, 1, 1024);
        ck_assert_uint_le(master_counters(rig.m).index_steps - before, 4);
        rig_done(&rig);
}
END_TEST

START_TEST(start_costs_the_same_among_many)
{
        for (int cores_set = 0; cores_set < 2; cores_set++) {
                uint64_t small = steps_to_start(100, cores_set);
                uint64_t large = steps_to_start(10000, cores_set);
                /* 20 executors, two indexes, a removal and an addition each, at 14 levels that a
                 * treap makes about 2 x 14 */
                ck_assert_uint_lt(large, 20 * 2 * 2 * 3 * 14 + 20 * 100);
                ck_assert_uint_lt(large, 4 * small);
        }
}
END_TEST

START_TEST(heartbeats_and_hopeless_apps_look_at_nothing)
{
        Rig rig;
        rig_init(&rig, NULL);
        for (int i = 0; i < 1000; i++) {
                char id[16];
                (void)snprintf(id, sizeof(id), "w%05d", i);
                rig_register_worker(&rig, (ConnId)(i + 1), id, i + 1, 16, 16384);
        }
        uint64_t before = master_counters(rig.m).index_steps;
        rig_heartbeat(&rig, 7, "w00006");
        ck_assert_uint_eq(master_counters(rig.m).index_steps, before);
        rig_new_app(&rig, 2000, 0, 17, 1024);
        ck_assert_uint_le(master_counters(rig.m).index_steps - before, 2);
        rig_done(&rig);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("sched");
        TCase *c = tcase_create("sched");
        tcase_set_timeout(c, 60);
        tcase_add_loop_test(c, places_as_the_jvm, 0, 2 * POLICY_MAX);
        tcase_add_test(c, start_costs_the_same_among_many);
        tcase_add_test(c, limits_cost_no_walk);
        tcase_add_test(c, heartbeats_and_hopeless_apps_look_at_nothing);
        suite_add_tcase(s, c);
        return unit_run(s);
}
