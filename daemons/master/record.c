/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/master/record.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "daemons/master/record-internal.h"

/* The first byte of each. Fields may come and go without a new one (record-bytes.h): it grows when
 * what a field means changes. */
#define FORMAT 1

#define MASTER_KEY "ids"

/* ---- the tables ---- */

#define ROW(type, member, name, ...)                                                               \
        {                                                                                          \
                .java_name = (name), .offset = offsetof(type, member),                             \
                .size = sizeof(((type *)NULL)->member), .kind = __VA_ARGS__                        \
        }
#define RECORD_INFO(type, rows)                                                                    \
        {                                                                                          \
                .name = #type, .size = sizeof(type), .fields = (rows),                             \
                .n_fields = ARRAY_SIZE(rows)                                                       \
        }
#define RESOURCES KIND_STRUCT, .sub = &resource_map_info

static const FieldInfo worker_fields[] = {
        ROW(WorkerRecord, host, "host", KIND_STRING),
        ROW(WorkerRecord, address, "address", KIND_STRING),
        ROW(WorkerRecord, web_ui_url, "webUi", KIND_STRING),
        ROW(WorkerRecord, engines, "engines", KIND_STRING),
        ROW(WorkerRecord, lines, "lines", KIND_STRING),
        ROW(WorkerRecord, port, "port", KIND_INT),
        ROW(WorkerRecord, cores, "cores", KIND_INT),
        ROW(WorkerRecord, memory, "memory", KIND_INT),
        ROW(WorkerRecord, limit_memory, "limitMemory", KIND_INT),
        ROW(WorkerRecord, overhead_percent, "overheadPercent", KIND_INT),
        ROW(WorkerRecord, overhead_min, "overheadMin", KIND_INT),
        ROW(WorkerRecord, decommissioned, "decommissioned", KIND_BOOL),
        ROW(WorkerRecord, resources, "resources", RESOURCES),
};
static const StructInfo worker_info = RECORD_INFO(WorkerRecord, worker_fields);

static const FieldInfo app_fields[] = {
        ROW(AppRecord, engine, "engine", KIND_STRING),
        ROW(AppRecord, driver, "driver", KIND_REF),
        ROW(AppRecord, start, "start", KIND_LONG),
        ROW(AppRecord, cores, "cores", KIND_INT, .option = true),
        ROW(AppRecord, desc, "description", KIND_STRUCT, .sub = &application_description_info),
};
static const StructInfo app_info = RECORD_INFO(AppRecord, app_fields);

static const FieldInfo profile_fields[] = {
        ROW(ProfileRecord, id, "id", KIND_INT),
        ROW(ProfileRecord, target, "target", KIND_INT),
        ROW(ProfileRecord, profile, "profile", KIND_STRUCT, .sub = &resource_profile_info),
};
static const StructInfo profile_info = RECORD_INFO(ProfileRecord, profile_fields);

static const FieldInfo app_state_fields[] = {
        ROW(AppStateRecord, lines, "lines", KIND_STRING),
        ROW(AppStateRecord, retry_count, "retries", KIND_INT),
        ROW(AppStateRecord, next_executor_id, "nextExecutor", KIND_INT),
        ROW(AppStateRecord, asked, "asked", KIND_BOOL),
        ROW(AppStateRecord, profiles, "profiles", KIND_SEQ, .sub = &profile_info),
};
static const StructInfo app_state_info = RECORD_INFO(AppStateRecord, app_state_fields);

static const FieldInfo executor_fields[] = {
        ROW(ExecutorRecord, worker, "worker", KIND_STRING),
        ROW(ExecutorRecord, rp_id, "profile", KIND_INT),
        ROW(ExecutorRecord, cores, "cores", KIND_INT),
        ROW(ExecutorRecord, memory, "memory", KIND_INT),
        ROW(ExecutorRecord, limit, "limit", KIND_INT),
        ROW(ExecutorRecord, state, "state", KIND_ENUM, .max = EXECUTOR_STATE_MAX),
        ROW(ExecutorRecord, start, "start", KIND_LONG),
        ROW(ExecutorRecord, resources, "resources", RESOURCES),
        ROW(ExecutorRecord, host, "host", KIND_STRING),
        ROW(ExecutorRecord, message, "message", KIND_STRING),
        ROW(ExecutorRecord, exit_status, "exitStatus", KIND_INT, .option = true),
        ROW(ExecutorRecord, lost, "lost", KIND_BOOL),
};
static const StructInfo executor_info = RECORD_INFO(ExecutorRecord, executor_fields);

static const FieldInfo driver_fields[] = {
        ROW(DriverRecord, lines, "lines", KIND_STRING),
        ROW(DriverRecord, worker, "worker", KIND_STRING),
        ROW(DriverRecord, worker_address, "workerAddress", KIND_STRING),
        ROW(DriverRecord, limit, "limit", KIND_INT),
        ROW(DriverRecord, kill, "kill", KIND_BOOL),
        ROW(DriverRecord, start, "start", KIND_LONG),
        ROW(DriverRecord, resources, "resources", RESOURCES),
        ROW(DriverRecord, desc, "description", KIND_STRUCT, .sub = &driver_description_info),
};
static const StructInfo driver_info = RECORD_INFO(DriverRecord, driver_fields);

static const FieldInfo master_fields[] = {
        ROW(MasterRecord, next_app_number, "nextApplication", KIND_LONG),
        ROW(MasterRecord, next_driver_number, "nextDriver", KIND_LONG),
};
static const StructInfo master_info = RECORD_INFO(MasterRecord, master_fields);

/* ---- lines by name: their numbers are of this program ---- */

#define LINES_RECORD_MAX 512

static const char *lines_record(LineSet lines, char buffer[static LINES_RECORD_MAX])
{
        size_t n = 0;
        buffer[0] = '\0';
        for (int line = 0; line < LINE_MAX && n < LINES_RECORD_MAX; line++)
                if (lines & LINE_BIT(line))
                        n += (size_t)snprintf(buffer + n, LINES_RECORD_MAX - n, "%s;",
                                              line_name((Line)line));
        return buffer;
}

/* Lines that are not served any more are passed over. */
static LineSet lines_of_record(const char *text)
{
        LineSet lines = 0;
        for (const char *p = text ? text : "", *end; (end = strchr(p, ';')); p = end + 1)
                for (int line = 0; line < LINE_MAX; line++) {
                        const char *name = line_name((Line)line);
                        if (strlen(name) == (size_t)(end - p) &&
                            memcmp(name, p, (size_t)(end - p)) == 0)
                                lines |= LINE_BIT(line);
                }
        return lines;
}

/* ---- writing ---- */

static int put(Buffer *out, const StructInfo *info, const void *record)
{
        buffer_put_u8(out, FORMAT);
        record_put_struct(out, info, record);
        return buffer_result(out);
}

/* The resources of a worker as it declared them. */
static int declared_map(Arena *arena, const Worker *w, ResourceMap *ret)
{
        struct ResourceEntry *items =
                arena_alloc_array(arena, w->n_resources, sizeof(struct ResourceEntry));
        if (!items)
                return -ENOMEM;
        for (size_t i = 0; i < w->n_resources; i++) {
                const WorkerResource *r = &w->resources[i];
                items[i] = (struct ResourceEntry){
                        .key = r->name,
                        .value = { .name = r->name, .addresses = { r->addresses, r->n_addresses } },
                };
        }
        *ret = (ResourceMap){ .items = items, .length = w->n_resources };
        return 0;
}

static int put_worker(const Worker *w, Buffer *out)
{
        char lines[LINES_RECORD_MAX];
        CLEANUP_ARENA Arena arena;
        WorkerRecord r = {
                .host = w->host,
                .address = w->address,
                .web_ui_url = w->web_ui_url,
                .engines = w->engines,
                .lines = lines_record(w->lines, lines),
                .port = w->port,
                .cores = w->cores,
                .memory = w->memory,
                .limit_memory = w->limits.memory,
                .overhead_percent = (int32_t)w->limits.overhead_percent,
                .overhead_min = w->limits.overhead_min,
                .decommissioned = w->state == WORKER_DECOMMISSIONED || w->decommissioned,
        };
        arena_init(&arena, SIZE_MAX);
        if (declared_map(&arena, w, &r.resources) < 0)
                return -ENOMEM;
        return put(out, &worker_info, &r);
}

static int put_app(const App *app, Buffer *out)
{
        const AppRecord r = {
                .engine = app->engine,
                .driver = app->driver,
                .start = (int64_t)app->start_wall,
                .cores = { true, app->cores_requested },
                .desc = app->desc,
        };
        return put(out, &app_info, &r);
}

static int put_app_state(const App *app, Buffer *out)
{
        char lines[LINES_RECORD_MAX];
        CLEANUP_ARENA Arena arena;
        arena_init(&arena, SIZE_MAX);
        ProfileRecord *profiles = arena_new_array(&arena, app->n_profiles, ProfileRecord);
        if (!profiles)
                return -ENOMEM;
        for (size_t i = 0; i < app->n_profiles; i++) {
                const AppProfile *p = app->profiles[i];
                profiles[i] = (ProfileRecord){ .id = p->id, .target = p->target };
                if (p->id != 0)
                        profiles[i].profile = p->profile;
        }
        const AppStateRecord r = {
                .lines = lines_record(app->lines, lines),
                .retry_count = app->retry_count,
                .next_executor_id = app->next_executor_id,
                .asked = app->asked && app->ask_until == 0,
                .profiles = { profiles, app->n_profiles },
        };
        return put(out, &app_state_info, &r);
}

/* A version that knows no ends takes it for one that runs, and finds that its worker does not know
 * it: it tells the driver that it is lost. */
static int put_executor_end(const Executor *e, Buffer *out)
{
        const ExecutorRecord r = {
                .worker = e->worker_id,
                .rp_id = e->rp_id,
                .cores = e->cores,
                .memory = e->memory,
                .state = e->state,
                .start = (int64_t)e->start_wall,
                .host = e->worker_host,
                .message = e->message,
                .exit_status = e->exit_status,
                .lost = e->lost,
        };
        return put(out, &executor_info, &r);
}

static int put_executor(const Executor *e, Buffer *out)
{
        if (e->debt != DEBT_NONE)
                return put_executor_end(e, out);

        CLEANUP_ARENA Arena arena;
        ExecutorRecord r = {
                .worker = e->worker_id,
                .rp_id = e->rp_id,
                .cores = e->cores,
                .memory = e->memory,
                .limit = e->limit,
                /* its worker tells whether it runs by now */
                .state = e->state == EXECUTOR_DECOMMISSIONED ? e->state : EXECUTOR_LAUNCHING,
                .start = (int64_t)e->start_wall,
        };
        arena_init(&arena, SIZE_MAX);
        if (grants_map(&arena, &e->grants, &r.resources) < 0)
                return -ENOMEM;
        return put(out, &executor_info, &r);
}

static int put_driver(const Driver *d, Buffer *out)
{
        char lines[LINES_RECORD_MAX];
        CLEANUP_ARENA Arena arena;
        DriverRecord r = {
                .lines = lines_record(d->lines, lines),
                .worker = d->worker ? d->worker_id : NULL,
                .worker_address = d->worker ? d->worker_address : NULL,
                .limit = d->limit,
                .kill = d->kill,
                .start = (int64_t)d->start_wall,
                .desc = d->desc,
        };
        arena_init(&arena, SIZE_MAX);
        if (grants_map(&arena, &d->grants, &r.resources) < 0)
                return -ENOMEM;
        return put(out, &driver_info, &r);
}

static int put_master(const Master *m, Buffer *out)
{
        const MasterRecord r = {
                .next_app_number = (int64_t)m->next_app_number,
                .next_driver_number = (int64_t)m->next_driver_number,
        };
        return put(out, &master_info, &r);
}

/* "app-1/7" */
static bool split_executor_key(const char *key, char app_id[static LIMIT_ID_BYTES + 1], int *ret_id)
{
        const char *slash = strrchr(key, '/');
        if (!slash || slash - key > LIMIT_ID_BYTES ||
            parse_int(slash + 1, 0, INT32_MAX, ret_id) < 0)
                return false;
        (void)snprintf(app_id, LIMIT_ID_BYTES + 1, "%.*s", (int)(slash - key), key);
        return true;
}

static const Executor *find_executor(const Master *m, const char *key)
{
        char app_id[LIMIT_ID_BYTES + 1];
        int id;
        if (!split_executor_key(key, app_id, &id))
                return NULL;
        const App *app = app_find(m, app_id);
        const Executor *e = app ? executor_find(app, id) : NULL;
        return app && !e ? executor_find_owed(app, id) : e;
}

int master_record(const Master *m, RecordKind kind, const char *key, Buffer *out)
{
        const App *app = kind == RECORD_APP || kind == RECORD_APP_STATE ? app_find(m, key) : NULL;
        const Executor *e = kind == RECORD_EXECUTOR ? find_executor(m, key) : NULL;
        const Worker *w = kind == RECORD_WORKER ? worker_find(m, key) : NULL;
        const Driver *d = kind == RECORD_DRIVER ? driver_find(m, key) : NULL;
        if (kind == RECORD_MASTER)
                return put_master(m, out);
        if (e)
                return put_executor(e, out);
        if (w)
                return put_worker(w, out);
        if (d)
                return put_driver(d, out);
        if (app)
                return kind == RECORD_APP ? put_app(app, out) : put_app_state(app, out);
        return -ENOENT;
}

static int each_of_app(const App *app, MasterRecordHandler each, void *user)
{
        char key[EXECUTOR_KEY_MAX];
        int r = each(user, RECORD_APP, app->id);
        if (r == 0)
                r = each(user, RECORD_APP_STATE, app->id);
        for (const Executor *e = app->executors; e && r == 0; e = e->next)
                r = each(user, RECORD_EXECUTOR, executor_key(e, key));
        for (const Executor *e = app->owed; e && r == 0; e = e->hh.next)
                r = each(user, RECORD_EXECUTOR, executor_key(e, key));
        return r;
}

int master_each_record(const Master *m, MasterRecordHandler each, void *user)
{
        const Driver *const drivers[] = { m->drivers, m->waiting_drivers };
        int r = each(user, RECORD_MASTER, MASTER_KEY);
        for (const Worker *w = m->workers; w && r == 0; w = w->next)
                if (w->state != WORKER_DEAD)
                        r = each(user, RECORD_WORKER, w->id);
        for (const App *app = m->apps; app && r == 0; app = app->next)
                r = each_of_app(app, each, user);
        for (size_t i = 0; i < ARRAY_SIZE(drivers); i++)
                for (const Driver *d = drivers[i]; d && r == 0; d = d->next)
                        r = each(user, RECORD_DRIVER, d->id);
        return r;
}

void turn_record_master(Turn *t)
{
        turn_record(t, EFFECT_RECORD_PUT, RECORD_MASTER, MASTER_KEY);
}

/* ---- reading ---- */

typedef union AnyRecord {
        WorkerRecord worker;
        AppRecord app;
        AppStateRecord app_state;
        ExecutorRecord executor;
        DriverRecord driver;
        MasterRecord master;
} AnyRecord;

static const StructInfo *info_of(RecordKind kind)
{
        static const StructInfo *const infos[] = {
                [RECORD_APP] = &app_info,           [RECORD_APP_STATE] = &app_state_info,
                [RECORD_EXECUTOR] = &executor_info, [RECORD_WORKER] = &worker_info,
                [RECORD_DRIVER] = &driver_info,     [RECORD_MASTER] = &master_info,
        };
        return (unsigned)kind < ARRAY_SIZE(infos) ? infos[kind] : NULL;
}

static void restore_executor(Turn *t, const char *key, const ExecutorRecord *r)
{
        char app_id[LIMIT_ID_BYTES + 1];
        int id;
        App *app = split_executor_key(key, app_id, &id) ? app_find(t->m, app_id) : NULL;
        if (app && executor_state_finished(r->state)) {
                executor_restore_end(t, app, id, r);
                return;
        }
        Worker *w = app && r->worker ? worker_find(t->m, r->worker) : NULL;
        if (w)
                (void)executor_restore(t, app, w, id, r);
}

static void restore(Turn *t, RecordKind kind, const char *key, const AnyRecord *r)
{
        Master *m = t->m;
        App *app;
        switch (kind) {
        case RECORD_APP:
                app_restore(t, key, &r->app);
                break;
        case RECORD_APP_STATE:
                app = app_find(m, key);
                if (app)
                        app_restore_state(t, app, &r->app_state,
                                          lines_of_record(r->app_state.lines));
                break;
        case RECORD_EXECUTOR:
                restore_executor(t, key, &r->executor);
                break;
        case RECORD_WORKER:
                worker_put_back(t, key, &r->worker, lines_of_record(r->worker.lines));
                break;
        case RECORD_DRIVER:
                driver_restore(t, key, &r->driver,
                               r->driver.worker ? worker_find(m, r->driver.worker) : NULL,
                               lines_of_record(r->driver.lines));
                break;
        case RECORD_MASTER:
                m->next_app_number = (uint64_t)r->master.next_app_number;
                m->next_driver_number = (uint64_t)r->master.next_driver_number;
                break;
        }
}

int master_restore(Master *m, MasterTime time, RecordKind kind, const char *key, const void *data,
                   size_t size)
{
        const StructInfo *info = info_of(kind);
        const uint8_t *bytes = data;
        const MasterEvent event = { .type = EVENT_START };
        CLEANUP_ARENA Arena arena;
        MasterEffects out;
        AnyRecord record;
        arena_init(&arena, LIMIT_MESSAGE_ARENA_BYTES);
        if (!info || strlen(key) > LIMIT_ID_BYTES + sizeof("/2147483647"))
                return RECORD_E_NEWER;
        if (size < 1 || bytes[0] == 0)
                return RECORD_E_DAMAGED;
        if (bytes[0] > FORMAT)
                return RECORD_E_NEWER;
        int r = record_get_struct(&arena, info, bytes + 1, size - 1, &record);
        if (r != 0)
                return r;
        master_effects_init(&out);
        Turn t = { .m = m, .time = time, .event = &event, .out = &out };
        restore(&t, kind, key, &record);
        m->schedule = false;
        master_effects_clear(&out);
        return t.error;
}
