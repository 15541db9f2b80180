/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker's state as the JVM worker's /json/ gives it: its keys in its order with its types.
 */
#include "daemons/worker/ui.h"

#include <jansson.h>
#include <string.h>

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

static json_t *worker_value(const Worker *w)
{
        const RegistrationConfig *c = &w->config->registration;
        json_t *value = json_object(), *running = json_array(), *finished = json_array();
        const Executor *e;

        for (e = w->executors.running; e; e = e->hh.next)
                (void)json_array_append_new(running, executor_value(e));
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
        return value;
}

void ui_json(const Ui *ui, HttpResponse *response)
{
        json_t *value = worker_value(ui->worker);
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
