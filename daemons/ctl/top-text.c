/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of what top.c has found, as lines for a terminal and as JSON.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/macro.h"
#include "daemons/common/display.h"
#include "daemons/ctl/table.h"
#include "daemons/ctl/top.h"

#define MIB_BYTES 1048576.0

/* ---- order ---- */

static double share_of(const TopTask *task)
{
        return top_figure(task, "memory") * 100 / top_figure(task, "memorylimit");
}

/* Percent of the last 10 s that some of its threads waited for this. */
static double pressure_of(const TopTask *task, const char *what)
{
        const json_t *all = json_object_get(task->usage, "pressure");
        const json_t *some = json_object_get(json_object_get(all, what), "some");

        return json_is_number(some) ? json_number_value(some) : NAN;
}

static double measure(const TopTask *task, TopOrder order)
{
        switch (order) {
        case TOP_SHARE:
                return share_of(task);
        case TOP_CPU:
                return task->cpu;
        case TOP_MEMORY:
                return top_figure(task, "memory");
        case TOP_PEAK:
                return top_figure(task, "memorypeak");
        case TOP_THROTTLED:
                return task->throttled;
        case TOP_PRESSURE:
                return pressure_of(task, "memory");
        case TOP_OOM:
                return top_figure(task, "oomkills");
        default:
                return NAN;
        }
}

int top_order_from_name(const char *name, TopOrder *ret)
{
        static const char *const names[] = {
                [TOP_SHARE] = "share",
                [TOP_CPU] = "cpu",
                [TOP_MEMORY] = "memory",
                [TOP_PEAK] = "peak",
                [TOP_THROTTLED] = "throttled",
                [TOP_PRESSURE] = "pressure",
                [TOP_OOM] = "oom",
                [TOP_ID] = "id",
        };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                if (strcmp(names[i], name) != 0)
                        continue;
                *ret = (TopOrder)i;
                return 0;
        }
        return -EINVAL;
}

/* Largest first, what is not known last, else by id. */
static int compare(const void *left, const void *right, void *user)
{
        const TopTask *a = left, *b = right;
        const TopOrder *order = user;
        const double x = measure(a, *order), y = measure(b, *order);

        if (isnan(x) != isnan(y))
                return isnan(x) ? 1 : -1;
        if (!isnan(x) && x != y)
                return x > y ? -1 : 1;
        /* "app-1/10" after "app-1/9" */
        return strverscmp(a->id, b->id);
}

static bool is_shown(const TopTask *task, const TopView *view)
{
        return !view->app || strcmp(task->app_id, view->app) == 0 ||
               strcmp(task->id, view->app) == 0 || strcmp(task->name, view->app) == 0;
}

static void sort(Top *t, const TopView *view)
{
        TopOrder order = view->order;

        if (t->n_tasks > 0)
                qsort_r(t->tasks, t->n_tasks, sizeof(*t->tasks), compare, &order);
}

/* ---- lines ---- */

/* `digits` after the point; "-" for what is not known. */
static void add_number(Table *table, double value, int digits)
{
        if (isnan(value))
                table_add(table, "-");
        else
                table_addf(table, "%.*f", digits, value);
}

static void add_percent(Table *table, double value)
{
        if (isnan(value))
                table_add(table, "-");
        else
                table_addf(table, "%.0f%%", value);
}

static void put_bytes(Buffer *out, double bytes)
{
        if (isnan(bytes))
                buffer_put_text(out, "-");
        else
                display_memory(out, (int64_t)(bytes / MIB_BYTES));
}

static void add_bytes(Table *table, double bytes)
{
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        CLEANUP_FREE char *text = NULL;

        put_bytes(&b, bytes);
        text = buffer_take_text(&b);
        table_add(table, text);
}

static const char *plural(size_t n)
{
        return n == 1 ? "" : "s";
}

static void put_time(Buffer *out, uint64_t wall_seconds)
{
        const time_t seconds = (time_t)wall_seconds;
        char text[16] = "";
        struct tm tm;

        if (localtime_r(&seconds, &tm))
                (void)strftime(text, sizeof(text), "%H:%M:%S", &tm);
        buffer_put_text(out, text);
}

typedef struct Sums {
        size_t executors, drivers, answers;
        int64_t cores;
        double cpu, memory, limits, oom_kills;
} Sums;

static void add_known(double *sum, double value)
{
        if (!isnan(value))
                *sum += value;
}

static Sums sums_of(const Top *t, const TopView *view)
{
        Sums sums = { 0 };

        for (size_t i = 0; i < t->n_workers; i++) {
                sums.answers += !t->workers[i].problem;
                sums.cores += t->workers[i].cores;
        }
        for (size_t i = 0; i < t->n_tasks; i++) {
                const TopTask *task = &t->tasks[i];

                if (!is_shown(task, view))
                        continue;
                sums.executors += !task->driver;
                sums.drivers += task->driver;
                add_known(&sums.cpu, task->cpu);
                add_known(&sums.memory, top_figure(task, "memory"));
                add_known(&sums.limits, top_figure(task, "memorylimit"));
                add_known(&sums.oom_kills, top_figure(task, "oomkills"));
        }
        return sums;
}

static void put_summary(Buffer *out, const Top *t, const TopView *view)
{
        const Sums sums = sums_of(t, view);

        plain_put(out, t->master);
        buffer_put_text(out, "  ");
        plain_put(out, t->status);
        buffer_put_text(out, "  ");
        put_time(out, view->wall_seconds);
        buffer_printf(out, "\n%zu of %zu worker%s answer, %zu executor%s, %zu driver%s; ",
                      sums.answers, t->n_workers, plural(t->n_workers), sums.executors,
                      plural(sums.executors), sums.drivers, plural(sums.drivers));
        buffer_printf(out, "%.2f of %" PRId64 " cores busy, ", sums.cpu, sums.cores);
        put_bytes(out, sums.memory);
        buffer_put_text(out, " of ");
        put_bytes(out, sums.limits);
        buffer_printf(out, " in limits, %.0f OOM kill%s\n", sums.oom_kills,
                      plural((size_t)sums.oom_kills));
}

/* Why there are no figures of some. */
static void put_problems(Buffer *out, const Top *t)
{
        for (size_t i = 0; i < t->n_workers; i++) {
                const TopWorker *w = &t->workers[i];
                const char *text = w->problem    ? w->problem
                                   : !w->backend ? "no figures: it is a worker of Spark's own"
                                   : strcmp(w->backend, "none") == 0
                                           ? "no figures: it runs executors without limits"
                                           : NULL;

                if (!text)
                        continue;
                plain_put(out, w->id);
                buffer_put_text(out, " at ");
                plain_put(out, w->address);
                buffer_put_text(out, ": ");
                plain_put(out, text);
                buffer_put_text(out, "\n");
        }
}

static void add_task(Table *table, const TopTask *task)
{
        table_add(table, task->id);
        table_add(table, task->worker->address);
        add_number(table, task->cores, 0);
        add_number(table, task->cpu, 2);
        add_percent(table, task->throttled);
        add_bytes(table, top_figure(task, "memory"));
        add_bytes(table, top_figure(task, "memorypeak"));
        add_bytes(table, top_figure(task, "memorylimit"));
        add_percent(table, share_of(task));
        add_percent(table, pressure_of(task, "cpu"));
        add_percent(table, pressure_of(task, "memory"));
        add_percent(table, pressure_of(task, "io"));
        add_number(table, top_figure(task, "oomkills"), 0);
        add_number(table, top_figure(task, "pids"), 0);
        table_add(table, task->name);
}

int top_put_text(Top *t, const TopView *view, Buffer *out)
{
        static const char *const headings[] = { "ID",      "WORKER", "CORES", "CPU",   "THROTTLED",
                                                "MEMORY",  "PEAK",   "LIMIT", "SHARE", "CPU-PSI",
                                                "MEM-PSI", "IO-PSI", "OOM",   "TASKS", "NAME" };
        const unsigned columns = ARRAY_SIZE(headings);
        /* all but the first two and the last are numbers */
        CLEANUP_TABLE Table table = TABLE_INIT(columns, (1u << (columns - 1)) - 1 - 3);
        bool any = false;
        int r = 0;

        sort(t, view);
        put_summary(out, t, view);
        put_problems(out, t);
        for (unsigned i = 0; i < columns; i++)
                table_add(&table, headings[i]);
        for (size_t i = 0; i < t->n_tasks; i++) {
                if (!is_shown(&t->tasks[i], view))
                        continue;
                add_task(&table, &t->tasks[i]);
                any = true;
        }
        if (any) {
                buffer_put_text(out, "\n");
                r = table_put(&table, out);
        }
        return r < 0 ? r : buffer_result(out);
}

/* ---- JSON ---- */

static json_t *text_value(const char *text)
{
        json_t *value = text ? json_string(text) : json_null();

        return value ? value : json_string("?"); /* not UTF-8 */
}

static json_t *number_value(double value)
{
        return isnan(value) ? json_null() : json_real(value);
}

static json_t *bytes_value(double value)
{
        return isnan(value) ? json_null() : json_integer((json_int_t)value);
}

static json_t *worker_value(const TopWorker *w)
{
        return json_pack("{s:o, s:o, s:o, s:I, s:o, s:o, s:o}", "id", text_value(w->id), "address",
                         text_value(w->address), "problem", text_value(w->problem), "cores",
                         (json_int_t)w->cores, "limits", text_value(w->backend), "memoryceiling",
                         bytes_value(w->ceiling), "memorygiven", bytes_value(w->given));
}

static json_t *task_value(const TopTask *task)
{
        return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "id",
                         text_value(task->id), "role", task->driver ? "driver" : "executor", "app",
                         task->driver ? json_null() : text_value(task->app_id), "name",
                         text_value(task->name), "worker", text_value(task->worker->id), "cores",
                         bytes_value(task->cores), "cpu", number_value(task->cpu), "throttled",
                         number_value(task->throttled), "usage",
                         task->usage ? json_incref(task->usage) : json_null());
}

int top_put_json(Top *t, const TopView *view, Buffer *out)
{
        CLEANUP_FREE char *text = NULL;
        json_t *workers = json_array(), *tasks = json_array(), *root;

        sort(t, view);
        for (size_t i = 0; i < t->n_workers; i++)
                (void)json_array_append_new(workers, worker_value(&t->workers[i]));
        for (size_t i = 0; i < t->n_tasks; i++)
                if (is_shown(&t->tasks[i], view))
                        (void)json_array_append_new(tasks, task_value(&t->tasks[i]));
        root = json_pack("{s:o, s:o, s:I, s:o, s:o}", "master", text_value(t->master), "status",
                         text_value(t->status), "time", (json_int_t)view->wall_seconds, "workers",
                         workers, "tasks", tasks);
        text = root ? json_dumps(root, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(6))
                    : NULL;
        json_decref(root);
        if (!text)
                return -ENOMEM;
        buffer_put_text(out, text);
        buffer_put_text(out, "\n");
        return buffer_result(out);
}
