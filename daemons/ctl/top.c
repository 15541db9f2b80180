/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/ctl/top.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"

#define CLEANUP_JSON CLEANUP(json_pointer_done)

/* The counters of a task at one time, by worker and id. */
struct TopBefore {
        UT_hash_handle hh;
        uint64_t usec;
        double cpu_seconds, periods, throttled;
        char key[];
};

static void json_pointer_done(json_t **json)
{
        json_decref(*json);
}

/* ---- JSON ---- */

/* A copy of the text, of "" when it is absent or of another type. */
static char *copy_text(const json_t *object, const char *key)
{
        const char *text = json_string_value(json_object_get(object, key));

        return strdup(text ? text : "");
}

static double number_of(const json_t *object, const char *key)
{
        const json_t *value = json_object_get(object, key);

        return json_is_number(value) ? json_number_value(value) : NAN;
}

double top_figure(const TopTask *task, const char *key)
{
        return number_of(task->usage, key);
}

/* ---- memory ---- */

static void worker_done(TopWorker *w)
{
        free(w->id);
        free(w->address);
        free(w->url);
        free(w->problem);
        free(w->backend);
}

static void task_done(TopTask *task)
{
        free(task->id);
        free(task->app_id);
        free(task->name);
        json_decref(task->usage);
}

static void before_free(TopBefore **table)
{
        TopBefore *b, *next;

        HASH_ITER (hh, *table, b, next) {
                HASH_DEL(*table, b);
                free(b);
        }
}

/* Everything of one round but its counters. */
static void clear(Top *t)
{
        for (size_t i = 0; i < t->n_tasks; i++)
                task_done(&t->tasks[i]);
        for (size_t i = 0; i < t->n_workers; i++)
                worker_done(&t->workers[i]);
        free(TAKE_PTR(t->tasks));
        free(TAKE_PTR(t->workers));
        free(TAKE_PTR(t->master));
        free(TAKE_PTR(t->status));
        t->n_tasks = t->n_workers = 0;
}

void top_done(Top *t)
{
        clear(t);
        before_free(&t->before);
        before_free(&t->now);
}

/* ---- the master's answer ---- */

static int add_worker(Top *t, const json_t *value)
{
        TopWorker *w = &t->workers[t->n_workers];
        const char *url = json_string_value(json_object_get(value, "webuiaddress"));

        *w = (TopWorker){ .id = copy_text(value, "id"), .ceiling = NAN, .given = NAN };
        t->n_workers++;
        w->cores = json_integer_value(json_object_get(value, "cores"));
        if (url && *url)
                w->url = strdup(url);
        if (asprintf(&w->address, "%s:%" PRId64,
                     json_string_value(json_object_get(value, "host")) ?: "",
                     (int64_t)json_integer_value(json_object_get(value, "port"))) < 0)
                w->address = NULL; /* asprintf() leaves it undefined */
        return w->id && w->address && (w->url || !url || !*url) ? 0 : -ENOMEM;
}

static int add_workers(Top *t, const json_t *list)
{
        size_t i;
        json_t *value;
        int r = 0;

        t->workers = calloc(json_array_size(list) + 1, sizeof(*t->workers));
        if (!t->workers)
                return -ENOMEM;
        json_array_foreach(list, i, value)
        {
                const char *state = json_string_value(json_object_get(value, "state"));

                /* A dead one stays listed for a while, and runs nothing for this master. */
                if (r == 0 && (!state || strcmp(state, "DEAD") != 0))
                        r = add_worker(t, value);
        }
        return r;
}

int top_begin(Top *t, const char *json, size_t size, char problem[static TOP_PROBLEM_MAX])
{
        CLEANUP_JSON json_t *root = NULL;
        json_error_t error;
        int r;

        clear(t);
        root = json_loadb(json, size, JSON_REJECT_DUPLICATES, &error);
        if (!root) {
                (void)snprintf(problem, TOP_PROBLEM_MAX, "line %d: %s", error.line, error.text);
                return -EINVAL;
        }
        if (!json_is_string(json_object_get(root, "url")) ||
            !json_is_array(json_object_get(root, "workers"))) {
                (void)snprintf(problem, TOP_PROBLEM_MAX, "no url and workers in it");
                return -EINVAL;
        }
        t->master = copy_text(root, "url");
        t->status = copy_text(root, "status");
        r = t->master && t->status ? add_workers(t, json_object_get(root, "workers")) : -ENOMEM;
        if (r < 0)
                clear(t);
        return r;
}

/* ---- a worker's answer ---- */

/* Remembers the counters, and makes rates of what they were. */
static int make_rates(Top *t, TopTask *task, uint64_t now_usec)
{
        CLEANUP_FREE char *key = NULL;
        const TopBefore *before;
        TopBefore *now;
        size_t size;

        task->cpu = task->throttled = NAN;
        if (!task->usage)
                return 0;
        if (asprintf(&key, "%s\n%s", task->worker->id, task->id) < 0) {
                key = NULL;
                return -ENOMEM;
        }
        size = strlen(key);
        now = calloc(1, sizeof(*now) + size + 1);
        if (!now)
                return -ENOMEM;
        memcpy(now->key, key, size);
        now->usec = now_usec;
        now->cpu_seconds = top_figure(task, "cpuseconds");
        now->periods = top_figure(task, "cpuperiods");
        now->throttled = top_figure(task, "cputhrottledperiods");
        HASH_ADD_KEYPTR(hh, t->now, now->key, size, now);
        if (!hash_added(now)) {
                free(now);
                return -ENOMEM;
        }
        HASH_FIND_STR(t->before, key, before);
        if (!before || before->usec >= now_usec || now->cpu_seconds < before->cpu_seconds)
                return 0;
        task->cpu =
                (now->cpu_seconds - before->cpu_seconds) * 1e6 / (double)(now_usec - before->usec);
        if (now->periods > before->periods)
                task->throttled = (now->throttled - before->throttled) * 100 /
                                  (now->periods - before->periods);
        else if (now->periods == before->periods)
                task->throttled = 0; /* no period in which it ran */
        return 0;
}

static int fill_executor(TopTask *task, const json_t *value)
{
        const json_t *app = json_object_get(value, "appdesc");

        task->app_id = copy_text(value, "appid");
        task->name = copy_text(app, "name");
        if (task->app_id && asprintf(&task->id, "%s/%" PRId64, task->app_id,
                                     (int64_t)json_integer_value(json_object_get(value, "id"))) < 0)
                task->id = NULL;
        return task->id && task->name ? 0 : -ENOMEM;
}

static int fill_driver(TopTask *task, const json_t *value)
{
        task->driver = true;
        task->id = copy_text(value, "id");
        task->app_id = strdup("");
        task->name = copy_text(value, "mainclass");
        return task->id && task->app_id && task->name ? 0 : -ENOMEM;
}

static int add_tasks(Top *t, const TopWorker *w, const json_t *list,
                     int (*fill)(TopTask *task, const json_t *value), uint64_t now_usec)
{
        TopTask *tasks;
        size_t i;
        json_t *value;
        int r = 0;

        if (json_array_size(list) == 0)
                return 0;
        tasks = reallocarray(t->tasks, t->n_tasks + json_array_size(list), sizeof(*tasks));
        if (!tasks)
                return -ENOMEM;
        t->tasks = tasks;
        json_array_foreach(list, i, value)
        {
                TopTask *task = &t->tasks[t->n_tasks];
                json_t *usage = json_object_get(value, "usage");

                if (r < 0)
                        break;
                *task = (TopTask){ .worker = w, .cores = number_of(value, "cores") };
                t->n_tasks++;
                task->usage = json_is_object(usage) ? json_incref(usage) : NULL;
                r = fill(task, value);
                if (r == 0)
                        r = make_rates(t, task, now_usec);
        }
        return r;
}

int top_failed(Top *t, size_t i, const char *problem)
{
        free(t->workers[i].problem);
        t->workers[i].problem = strdup(problem);
        return t->workers[i].problem ? 0 : -ENOMEM;
}

int top_answer(Top *t, size_t i, const char *json, size_t size, uint64_t now_usec)
{
        CLEANUP_JSON json_t *root = json_loadb(json, size, JSON_REJECT_DUPLICATES, NULL);
        TopWorker *w = &t->workers[i];
        const json_t *limits, *executors = json_object_get(root, "executors");
        const char *backend;
        int r;

        if (!json_is_string(json_object_get(root, "id")) || !json_is_array(executors))
                return top_failed(t, i, "its answer is no worker's");
        limits = json_object_get(root, "limits");
        backend = json_string_value(json_object_get(limits, "backend"));
        if (backend) {
                w->backend = strdup(backend);
                if (!w->backend)
                        return -ENOMEM;
                w->ceiling = number_of(limits, "memoryceiling");
                w->given = number_of(limits, "memorygiven");
        }
        r = add_tasks(t, w, executors, fill_executor, now_usec);
        return r < 0 ? r : add_tasks(t, w, json_object_get(root, "drivers"), fill_driver, now_usec);
}

void top_end(Top *t)
{
        before_free(&t->before);
        t->before = TAKE_PTR(t->now);
}
