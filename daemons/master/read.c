/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "daemons/common/message-ids.h"
#include "daemons/master/internal.h"

/* What the web UI, the JSON and a store read between turns. */

MasterCounters master_counters(const Master *m)
{
        MasterCounters c = m->counters;
        c.index_steps = m->by_policy.steps + m->by_id.steps;
        return c;
}

const MasterConfig *master_config(const Master *m)
{
        return &m->config;
}

const char *master_status(const Master *m)
{
        (void)m; /* without recovery there is no other */
        return "ALIVE";
}

const Worker *master_workers(const Master *m)
{
        return m->workers;
}

const App *master_apps(const Master *m)
{
        return m->apps;
}

const App *master_completed_apps(const Master *m)
{
        return m->completed;
}

const Driver *master_waiting_drivers(const Master *m)
{
        return m->waiting_drivers;
}

const Driver *master_drivers(const Master *m)
{
        return m->drivers;
}

const Driver *master_completed_drivers(const Master *m)
{
        return m->completed_drivers;
}

const Worker *master_worker(const Master *m, const char *id)
{
        Worker *w = NULL;
        HASH_FIND(hh_id, m->workers_by_id, id, strlen(id), w);
        if (!w)
                HASH_FIND(hh_id, m->dead_by_id, id, strlen(id), w);
        return w;
}

const App *master_app(const Master *m, const char *id)
{
        const App *app = app_find(m, id);
        for (const App *c = m->completed; !app && c; c = c->next)
                if (strcmp(c->id, id) == 0)
                        app = c;
        return app;
}

const Driver *master_driver(const Master *m, const char *id)
{
        const Driver *d = driver_find(m, id);
        for (const Driver *c = m->completed_drivers; !d && id && c; c = c->next)
                if (strcmp(c->id, id) == 0)
                        d = c;
        return d;
}

/* ---- why an application waits ---- */

static LineSet alive_lines(const Master *m)
{
        LineSet lines = 0;
        for (int line = 0; line < LINE_MAX; line++)
                if (m->alive_by_line[line])
                        lines |= LINE_BIT(line);
        return lines;
}

static bool incompatible(const Master *m, const App *app)
{
        return m->counters.workers_alive > 0 && !(alive_lines(m) & app->lines);
}

static void explain_incompatible(const Master *m, const App *app, char *buffer, size_t size)
{
        char own[LINES_TEXT_MAX], offered[LINES_TEXT_MAX];
        (void)snprintf(buffer, size, "%s waits: it runs Spark %s; registered workers run %s",
                       app->id, lines_text(app->lines, own), lines_text(alive_lines(m), offered));
}

void app_tell_incompatible(Turn *t, App *app)
{
        if (app->told_incompatible || app->n_executors > 0 || !incompatible(t->m, app))
                return;
        char text[APP_EXPLAIN_MAX];
        explain_incompatible(t->m, app, text, sizeof(text));
        app->told_incompatible = true;
        turn_log_with(t, LOG_WARNING,
                      (LogFields){ .app_id = app->id, .message_id = MESSAGE_APP_INCOMPATIBLE },
                      "Application %s.", text);
}

/* The first profile that the application wants more executors of. */
static const AppProfile *wanted_profile(const App *app)
{
        for (size_t i = 0; i < app->n_profiles; i++)
                if (app->profiles[i]->n_executors < app->profiles[i]->target)
                        return app->profiles[i];
        return NULL;
}

/* True when some alive worker could hold an executor of this size if it had nothing else to do. */
static bool some_worker_is_large_enough(const Master *m, const App *app, const AppProfile *p)
{
        int32_t cores = p->cores_per_executor.set ? p->cores_per_executor.value : 1;
        for (const Worker *w = m->workers; w; w = w->next)
                if (w->state == WORKER_ALIVE && (w->lines & app->lines) && w->cores >= cores &&
                    w->memory >= p->memory_per_executor)
                        return true;
        return false;
}

const char *master_explain_app(const Master *m, const App *app, char buffer[static APP_EXPLAIN_MAX])
{
        const AppProfile *p = wanted_profile(app);
        int32_t cores = p && p->cores_per_executor.set ? p->cores_per_executor.value : 1;
        const char *s = cores == 1 ? "" : "s";
        buffer[0] = '\0';
        if (!app->peer || app->n_executors > 0)
                return buffer;
        if (!p)
                (void)snprintf(buffer, APP_EXPLAIN_MAX, "%s has not asked for executors", app->id);
        else if (m->counters.workers_alive == 0)
                (void)snprintf(buffer, APP_EXPLAIN_MAX, "%s waits: no worker is registered",
                               app->id);
        else if (incompatible(m, app))
                explain_incompatible(m, app, buffer, APP_EXPLAIN_MAX);
        else if (p->cores_per_executor.set && app->cores_requested < p->cores_per_executor.value)
                (void)snprintf(buffer, APP_EXPLAIN_MAX,
                               "%s waits: it may use %d core%s, but one executor needs %d", app->id,
                               app->cores_requested, app->cores_requested == 1 ? "" : "s", cores);
        else if (!some_worker_is_large_enough(m, app, p))
                (void)snprintf(
                        buffer, APP_EXPLAIN_MAX,
                        "%s waits: an executor needs %d core%s and %d MiB of memory, which no "
                        "worker that runs its Spark version has",
                        app->id, cores, s, p->memory_per_executor);
        else
                (void)snprintf(
                        buffer, APP_EXPLAIN_MAX,
                        "%s waits: no worker has enough free at present (%d core%s and %d MiB of "
                        "memory per executor)",
                        app->id, cores, s, p->memory_per_executor);
        return buffer;
}
