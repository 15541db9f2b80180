/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker's state as the JVM worker's /json/ gives it: its keys in its order with its types; and
 * behind them what usage.h describes.
 */
#include "daemons/worker/ui.h"

#include <jansson.h>
#include <string.h>

#include "daemons/worker/usage.h"

static json_t *text_value(const char *s)
{
        json_t *value = json_string(s ? s : "");

        return value ? value : json_string("?"); /* not UTF-8 */
}

static json_t *resources_value(const ResourceMap *resources)
{
        json_t *all = json_object();

        for (size_t i = 0; i < resources->length; i++) {
                const ResourceInformation *info = &resources->items[i].value;
                json_t *addresses = json_array();

                for (size_t j = 0; j < info->addresses.length; j++)
                        (void)json_array_append_new(addresses,
                                                    text_value(info->addresses.items[j]));
                (void)json_object_set_new(all, resources->items[i].key,
                                          json_pack("{s:o, s:o}", "name", text_value(info->name),
                                                    "addresses", addresses));
        }
        return all;
}

static void add_addresses(json_t *all, const ResourceMap *resources)
{
        for (size_t i = 0; i < resources->length; i++) {
                const ResourceInformation *info = &resources->items[i].value;
                json_t *item = json_object_get(all, resources->items[i].key);

                for (size_t j = 0; item && j < info->addresses.length; j++)
                        (void)json_array_append_new(json_object_get(item, "addresses"),
                                                    text_value(info->addresses.items[j]));
        }
}

/* The addresses in use, of all executors and drivers together. */
static json_t *used_resources(const Worker *w)
{
        json_t *all = resources_value(w->config->registration.resources), *item;
        const char *name;

        json_object_foreach(all, name, item)(void)
                json_array_clear(json_object_get(item, "addresses"));
        for (const Executor *e = w->executors.running; e; e = e->hh.next)
                add_addresses(all, &e->resources);
        for (const Driver *d = w->drivers.running; d; d = d->hh.next)
                add_addresses(all, &d->launch.launch_driver.resources);
        return all;
}

static json_t *requests_value(const Executor *e)
{
        json_t *all = json_array();

        for (size_t i = 0; i < e->resources.length; i++)
                (void)json_array_append_new(
                        all, json_pack("{s:o, s:I}", "name", text_value(e->resources.items[i].key),
                                       "amount",
                                       (json_int_t)e->resources.items[i].value.addresses.length));
        return all;
}

static json_t *app_value(const Executor *e)
{
        const WorkerApp *app = e->app;
        json_t *value = json_object();

        (void)json_object_set_new(value, "name", text_value(app->name));
        (void)json_object_set_new(value, "cores", json_integer(app->max_cores));
        (void)json_object_set_new(value, "memoryperexecutor", json_integer(app->memory_mb));
        (void)json_object_set_new(value, "resourcesperexecutor", requests_value(e));
        (void)json_object_set_new(value, "memoryperslave", json_integer(app->memory_mb));
        (void)json_object_set_new(value, "resourcesperslave", requests_value(e));
        (void)json_object_set_new(value, "user", text_value(app->user));
        (void)json_object_set_new(value, "command", text_value(app->command));
        return value;
}

static json_t *executor_value(const Executor *e)
{
        return json_pack("{s:i, s:i, s:o, s:o, s:o}", "id", e->exec_id, "memory", e->memory_mb,
                         "resources", resources_value(&e->resources), "appid",
                         text_value(e->app->id), "appdesc", app_value(e));
}

static json_t *running_value(const Ui *ui, const Executor *e)
{
        json_t *value = executor_value(e);

        (void)json_object_set_new(value, "cores", json_integer(e->cores));
        (void)json_object_set_new(value, "usage", usage_of(ui->backend, e->id));
        return value;
}

static json_t *driver_value(const Ui *ui, const Driver *d)
{
        json_t *value = json_object();

        (void)json_object_set_new(value, "id", text_value(d->id));
        (void)json_object_set_new(value, "state", text_value(driver_state_name(d->state)));
        (void)json_object_set_new(value, "mainclass", text_value(d->main_class));
        (void)json_object_set_new(value, "cores", json_integer(d->cores));
        (void)json_object_set_new(value, "memory", json_integer(d->memory_mb));
        (void)json_object_set_new(value, "usage", usage_of(ui->backend, d->id));
        return value;
}

static json_t *limits_value(const Ui *ui)
{
        const bool held = backend_has_limits(ui->backend);
        const Budget *b = ui->budget;

        return json_pack("{s:s, s:o, s:I, s:o}", "backend", backend_name(ui->backend),
                         "memoryceiling", held ? json_integer((json_int_t)b->ceiling) : json_null(),
                         "memorygiven",
                         (json_int_t)MIN_OF(backend_given(ui->backend), (uint64_t)INT64_MAX),
                         "cpuquota", held ? usage_seconds(b->cpu_quota_usec) : json_null());
}

/* What the JVM worker's does not have. */
static void put_usage(json_t *value, const Ui *ui)
{
        json_t *drivers = json_array();

        for (const Driver *d = ui->worker->drivers.running; d; d = d->hh.next)
                (void)json_array_append_new(drivers, driver_value(ui, d));
        (void)json_object_set_new(value, "drivers", drivers);
        (void)json_object_set_new(value, "limits", limits_value(ui));
}

static json_t *worker_value(const Ui *ui)
{
        const Worker *w = ui->worker;
        const RegistrationConfig *c = &w->config->registration;
        json_t *value = json_object(), *running = json_array(), *finished = json_array();
        const Executor *e;

        for (e = w->executors.running; e; e = e->hh.next)
                (void)json_array_append_new(running, running_value(ui, e));
        DL_FOREACH (w->executors.finished, e)
                (void)json_array_append_new(finished, executor_value(e));
        (void)json_object_set_new(value, "id", text_value(c->worker_id));
        (void)json_object_set_new(value, "masterurl", text_value(w->registration.url));
        (void)json_object_set_new(value, "masterwebuiurl", text_value(w->registration.web_ui_url));
        (void)json_object_set_new(value, "cores", json_integer(c->cores));
        (void)json_object_set_new(value, "coresused", json_integer(worker_cores_used(w)));
        (void)json_object_set_new(value, "memory", json_integer(c->memory_mb));
        (void)json_object_set_new(value, "memoryused", json_integer(worker_memory_used_mb(w)));
        (void)json_object_set_new(value, "resources", resources_value(c->resources));
        (void)json_object_set_new(value, "resourcesused", used_resources(w));
        (void)json_object_set_new(value, "executors", running);
        (void)json_object_set_new(value, "finishedexecutors", finished);
        put_usage(value, ui);
        return value;
}

void ui_json(const Ui *ui, HttpResponse *response)
{
        json_t *value = worker_value(ui);
        CLEANUP_FREE char *text = json_dumps(value, JSON_INDENT(2) | JSON_ENSURE_ASCII);

        json_decref(value);
        if (!text) {
                http_error(response, 500, "out of memory");
                return;
        }
        response->content_type = "text/json;charset=utf-8";
        buffer_put_text(&response->body, text);
        buffer_put_text(&response->body, "\n");
}
