/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The master's state as the JVM master's /json/ gives it: its keys in its order with its types, and
 * after them a few of our own. Monitoring reads it by key. Lists go out item by item, so that ten
 * thousand workers cost the text and not a tree.
 */
#include "daemons/master/ui.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* What the sections need to write themselves. */
typedef struct JsonOut {
        Buffer *out;
        const Master *master;
        uint64_t now_wall;
        bool failed; /* an item could not be built */
} JsonOut;

/* ---- values ---- */

static json_t *text_value(const char *s)
{
        return json_string(s ? s : "");
}

static json_t *msec_value(uint64_t usec)
{
        return json_integer((json_int_t)(usec / 1000));
}

/* java.util.Date.toString(): "Fri Nov 20 23:16:14 UTC 2026". */
static json_t *date_value(uint64_t wall_usec)
{
        const time_t seconds = (time_t)(wall_usec / 1000000);
        struct tm tm;
        char text[64] = "";

        if (localtime_r(&seconds, &tm))
                (void)strftime(text, sizeof(text), "%a %b %d %H:%M:%S %Z %Y", &tm);
        return json_string(text);
}

static json_t *lines_value(LineSet lines)
{
        char text[LINES_TEXT_MAX];

        return json_string(lines_text(lines, text));
}

static json_t *resource_value(const char *name, json_t *addresses)
{
        return json_pack("{s:s, s:o}", "name", name, "addresses", addresses);
}

typedef enum Part { PART_ALL, PART_USED, PART_FREE } Part;

/* {"gpu": {"name": "gpu", "addresses": ["0", "1"]}} */
static json_t *worker_resources(const Worker *w, Part part)
{
        json_t *all = json_object();

        for (size_t i = 0; i < w->n_resources; i++) {
                const WorkerResource *r = &w->resources[i];
                json_t *addresses = json_array();

                for (size_t j = 0; j < r->n_addresses; j++)
                        if (part == PART_ALL || r->taken[j] == (part == PART_USED))
                                (void)json_array_append_new(addresses,
                                                            json_string(r->addresses[j]));
                (void)json_object_set_new(all, r->name, resource_value(r->name, addresses));
        }
        return all;
}

static json_t *granted_resources(const ResourceGrants *grants)
{
        json_t *all = json_object();

        for (size_t i = 0; i < grants->length; i++) {
                const ResourceGrant *g = &grants->items[i];
                json_t *addresses = json_array();

                for (size_t j = 0; j < g->n; j++)
                        (void)json_array_append_new(
                                addresses, json_string(g->resource->addresses[g->indexes[j]]));
                (void)json_object_set_new(all, g->resource->name,
                                          resource_value(g->resource->name, addresses));
        }
        return all;
}

static json_t *required_resources(const AppProfile *p)
{
        json_t *all = json_array();

        for (size_t i = 0; p && i < p->resources.length; i++)
                (void)json_array_append_new(
                        all, json_pack("{s:s, s:i}", "name", p->resources.items[i].resource_name,
                                       "amount", (int)p->resources.items[i].amount));
        return all;
}

/* ---- items ---- */

static json_t *worker_item(JsonOut *j, const Worker *w)
{
        return json_pack(
                "{s:o, s:o, s:i, s:o, s:i, s:i, s:i, s:i, s:i, s:i, s:o, s:o, s:o, s:s, s:o,"
                " s:o, s:o, s:i, s:i}",
                "id", text_value(w->id), "host", text_value(w->host), "port", (int)w->port,
                "webuiaddress", text_value(w->web_ui_url), "cores", (int)w->cores, "coresused",
                (int)w->cores_used, "coresfree", (int)(w->cores - w->cores_used), "memory",
                (int)w->memory, "memoryused", (int)w->memory_used, "memoryfree",
                (int)(w->memory - w->memory_used), "resources", worker_resources(w, PART_ALL),
                "resourcesused", worker_resources(w, PART_USED), "resourcesfree",
                worker_resources(w, PART_FREE), "state", worker_state_name(w->state),
                "lastheartbeat", msec_value(w->last_heartbeat_wall),
                /* ours: */
                "sparkversions", lines_value(w->lines), "engines", text_value(w->engines),
                /* what executors and drivers may take with all that they need; 0: no limit */
                "executormemory", (int)w->limits.memory, "executormemoryused", (int)w->limits.used);
}

static json_t *app_item(JsonOut *j, const App *a)
{
        const AppProfile *p = a->n_profiles > 0 ? a->profiles[0] : NULL; /* the default one, id 0 */
        const uint64_t end = a->end_wall > 0 ? a->end_wall : j->now_wall;
        const int memory = p ? (int)p->memory_per_executor : 0;
        char reason[APP_EXPLAIN_MAX];

        return json_pack("{s:o, s:o, s:o, s:i, s:o, s:i, s:i, s:o, s:o, s:o, s:s, s:o, s:o, s:o,"
                         " s:o}",
                         "id", text_value(a->id), "starttime", msec_value(a->start_wall), "name",
                         text_value(a->desc.name), "cores", (int)a->cores_granted, "user",
                         text_value(a->desc.user), "memoryperexecutor", memory, "memoryperslave",
                         memory, "resourcesperexecutor", required_resources(p), "resourcesperslave",
                         required_resources(p), "submitdate", date_value(a->start_wall), "state",
                         app_state_name(a->state), "duration",
                         msec_value(end > a->start_wall ? end - a->start_wall : 0),
                         /* ours: */
                         "sparkversions", lines_value(a->lines), "waitingreason",
                         text_value(master_explain_app(j->master, a, reason)), "endreason",
                         text_value(a->end_reason));
}

static json_t *driver_item(JsonOut *j, const Driver *d)
{
        const StringSeq *arguments = &d->desc.command.arguments;
        char start[32];

        (void)snprintf(start, sizeof(start), "%" PRIu64, d->start_wall / 1000);
        return json_pack("{s:o, s:s, s:s, s:i, s:i, s:o, s:o, s:s, s:o, s:o}", "id",
                         text_value(d->id), "starttime", start, "state",
                         driver_state_name(d->state), "cores", (int)d->desc.cores, "memory",
                         (int)d->desc.mem, "resources", granted_resources(&d->grants), "submitdate",
                         date_value(d->start_wall), "worker", d->worker_id ? d->worker_id : "None",
                         "mainclass",
                         text_value(arguments->length > 2 ? arguments->items[2] : NULL),
                         /* ours: */
                         "exception", text_value(d->exception));
}

/* ---- sections ---- */

static int append(const char *data, size_t size, void *user)
{
        buffer_put(user, data, size);
        return 0;
}

/* Writes the value and drops it; NULL is a failure that sticks. */
static void put_value(JsonOut *j, json_t *value)
{
        if (!value || json_dump_callback(value, append, j->out, JSON_ENCODE_ANY) < 0)
                j->failed = true;
        json_decref(value);
}

static void put_item(JsonOut *j, bool first, json_t *item)
{
        buffer_put_text(j->out, first ? "\n    " : ",\n    ");
        put_value(j, item);
}

static void put_list_end(JsonOut *j, bool empty)
{
        buffer_put_text(j->out, empty ? "]" : "\n  ]");
}

static void put_url(JsonOut *j)
{
        put_value(j, text_value(master_config(j->master)->url));
}

static void put_workers(JsonOut *j)
{
        const Worker *first = master_workers(j->master);

        buffer_put_text(j->out, "[");
        for (const Worker *w = first; w; w = w->next)
                put_item(j, w == first, worker_item(j, w));
        put_list_end(j, !first);
}

static void put_alive_workers(JsonOut *j)
{
        buffer_printf(j->out, "%zu", master_counters(j->master).workers_alive);
}

static void put_cores(JsonOut *j)
{
        buffer_printf(j->out, "%" PRId64, master_counters(j->master).cores);
}

static void put_cores_used(JsonOut *j)
{
        buffer_printf(j->out, "%" PRId64, master_counters(j->master).cores_used);
}

static void put_memory(JsonOut *j)
{
        buffer_printf(j->out, "%" PRId64, master_counters(j->master).memory);
}

static void put_memory_used(JsonOut *j)
{
        buffer_printf(j->out, "%" PRId64, master_counters(j->master).memory_used);
}

/* One object per worker that is alive. */
static void put_worker_resources(JsonOut *j, Part part)
{
        bool first = true;

        buffer_put_text(j->out, "[");
        for (const Worker *w = master_workers(j->master); w; w = w->next) {
                if (w->state != WORKER_ALIVE)
                        continue;
                put_item(j, first, worker_resources(w, part));
                first = false;
        }
        put_list_end(j, first);
}

static void put_resources(JsonOut *j)
{
        put_worker_resources(j, PART_ALL);
}

static void put_resources_used(JsonOut *j)
{
        put_worker_resources(j, PART_USED);
}

static void put_apps(JsonOut *j, const App *first)
{
        buffer_put_text(j->out, "[");
        for (const App *a = first; a; a = a->next)
                put_item(j, a == first, app_item(j, a));
        put_list_end(j, !first);
}

static void put_active_apps(JsonOut *j)
{
        put_apps(j, master_apps(j->master));
}

static void put_completed_apps(JsonOut *j)
{
        put_apps(j, master_completed_apps(j->master));
}

/* The JVM's active drivers are the running ones and the waiting ones. */
static void put_active_drivers(JsonOut *j)
{
        const Driver *const lists[] = { master_drivers(j->master),
                                        master_waiting_drivers(j->master) };
        bool first = true;

        buffer_put_text(j->out, "[");
        for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
                for (const Driver *d = lists[i]; d; d = d->next) {
                        put_item(j, first, driver_item(j, d));
                        first = false;
                }
        }
        put_list_end(j, first);
}

static void put_completed_drivers(JsonOut *j)
{
        const Driver *first = master_completed_drivers(j->master);

        buffer_put_text(j->out, "[");
        for (const Driver *d = first; d; d = d->next)
                put_item(j, d == first, driver_item(j, d));
        put_list_end(j, !first);
}

static void put_status(JsonOut *j)
{
        put_value(j, text_value(master_status(j->master)));
}

static void put_server(JsonOut *j)
{
        put_value(j, text_value(PACKAGE_STRING));
}

typedef struct Section {
        const char *key;
        void (*put)(JsonOut *j);
} Section;

static const Section sections[] = {
        { "url", put_url },
        { "workers", put_workers },
        { "aliveworkers", put_alive_workers },
        { "cores", put_cores },
        { "coresused", put_cores_used },
        { "memory", put_memory },
        { "memoryused", put_memory_used },
        { "resources", put_resources },
        { "resourcesused", put_resources_used },
        { "activeapps", put_active_apps },
        { "completedapps", put_completed_apps },
        { "activedrivers", put_active_drivers },
        { "completeddrivers", put_completed_drivers },
        { "status", put_status },
        { "server", put_server }, /* ours */
};

static int64_t percent(int64_t used, int64_t all)
{
        return all > 0 ? used * 100 / all : 100;
}

static void put_cluster_utilization(JsonOut *j)
{
        const MasterCounters c = master_counters(j->master);

        put_value(j, json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "waitingDrivers",
                               (json_int_t)c.drivers_waiting, "cores", (json_int_t)c.cores,
                               "coresused", (json_int_t)c.cores_used, "coresutilization",
                               (json_int_t)percent(c.cores_used, c.cores), "memory",
                               (json_int_t)c.memory, "memoryused", (json_int_t)c.memory_used,
                               "memoryutilization", (json_int_t)percent(c.memory_used, c.memory)));
}

static void put_section(JsonOut *j, bool first, const Section *section)
{
        buffer_printf(j->out, "%s\n  \"%s\" : ", first ? "{" : ",", section->key);
        section->put(j);
}

static void put_field(JsonOut *j, const char *field)
{
        for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
                if (strcmp(sections[i].key, field) != 0)
                        continue;
                put_section(j, true, &sections[i]);
                buffer_put_text(j->out, "\n}");
                return;
        }
        put_value(j, json_pack("{s:s}", field, ""));
}

int ui_json_put(Buffer *out, const Master *m, uint64_t now_wall, const char *field)
{
        JsonOut j = { .out = out, .master = m, .now_wall = now_wall };

        if (!field) {
                for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
                        put_section(&j, i == 0, &sections[i]);
                buffer_put_text(out, "\n}");
        } else if (strcmp(field, "clusterutilization") == 0) {
                put_cluster_utilization(&j);
        } else {
                put_field(&j, field);
        }
        return j.failed ? -ENOMEM : buffer_result(out);
}
