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
        static const char *const names[] = {
                [MASTER_ALIVE] = "ALIVE",
                [MASTER_STANDBY] = "STANDBY",
                [MASTER_RECOVERING] = "RECOVERING",
        };
        return names[m->status];
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

bool app_is_incompatible(const Master *m, const App *app)
{
        return m->counters.workers_alive > 0 && !(alive_lines(m) & app->lines);
}

static void explain_incompatible(const Master *m, const App *app, char *buffer, size_t size)
{
        char own[LINES_TEXT_MAX], offered[LINES_TEXT_MAX];
        const LineSet lines = alive_lines(m);
        (void)snprintf(buffer, size, "%s waits: it runs Spark %s; %s%s", app->id,
                       lines_text(app->lines, own),
                       lines ? "registered workers run " : "no registered worker has any engine",
                       lines_text(lines, offered));
}

void app_tell_incompatible(Turn *t, App *app)
{
        if (app->told_incompatible || app->n_executors > 0 || !app_is_incompatible(t->m, app))
                return;
        char text[APP_EXPLAIN_MAX];
        explain_incompatible(t->m, app, text, sizeof(text));
        app->told_incompatible = true;
        app_tell_why(t, app, MESSAGE_APP_INCOMPATIBLE, text);
}

/* The first profile that the application wants more executors of. */
static const AppProfile *wanted_profile(const App *app)
{
        for (size_t i = 0; i < app->n_profiles; i++)
                if (app->profiles[i]->n_executors < app->profiles[i]->target)
                        return app->profiles[i];
        return NULL;
}

/* While it has executors: what it will never have more of. */
static void explain_unfit_profiles(const Master *m, const App *app, char *buffer)
{
        for (size_t i = 0; i < app->n_profiles; i++)
                if (app->profiles[i]->n_executors < app->profiles[i]->target &&
                    fit_explain_executor(m, app, app->profiles[i], buffer, APP_EXPLAIN_MAX))
                        return;
}

/* There are workers for it, and none has room. */
static void explain_no_room(const Master *m, const App *app, const AppProfile *p, char *buffer)
{
        const FitNeed need = fit_need_of_executor(app, p);
        char sum[FIT_SUM_MAX];

        if (fit_explain_too_large(m, app, p, buffer, APP_EXPLAIN_MAX) ||
            fit_explain_executor(m, app, p, buffer, APP_EXPLAIN_MAX))
                return;
        else if (fit_explain_wait(m, &need, sum, sizeof(sum)))
                (void)snprintf(buffer, APP_EXPLAIN_MAX,
                               "%s waits: no worker's executors leave room for %s at present",
                               app->id, sum);
        else
                (void)snprintf(
                        buffer, APP_EXPLAIN_MAX,
                        "%s waits: no worker has enough free at present (%d core%s and %d MiB of "
                        "memory per executor)",
                        app->id, need.cores, need.cores == 1 ? "" : "s", need.memory);
}

const char *master_explain_app(const Master *m, const App *app, char buffer[static APP_EXPLAIN_MAX])
{
        const AppProfile *p = wanted_profile(app);
        int32_t cores = p && p->cores_per_executor.set ? p->cores_per_executor.value : 1;
        buffer[0] = '\0';
        if (!app->peer)
                return buffer;
        if (app->n_executors > 0)
                explain_unfit_profiles(m, app, buffer);
        else if (!p)
                (void)snprintf(buffer, APP_EXPLAIN_MAX, "%s has not asked for executors", app->id);
        else if (m->counters.workers_alive == 0)
                (void)snprintf(buffer, APP_EXPLAIN_MAX, "%s waits: no worker is registered",
                               app->id);
        else if (app_is_incompatible(m, app))
                explain_incompatible(m, app, buffer, APP_EXPLAIN_MAX);
        else if (p->cores_per_executor.set && app->cores_requested < p->cores_per_executor.value)
                (void)snprintf(buffer, APP_EXPLAIN_MAX,
                               "%s waits: it may use %d core%s, but one executor needs %d", app->id,
                               app->cores_requested, app->cores_requested == 1 ? "" : "s", cores);
        else
                explain_no_room(m, app, p, buffer);
        return buffer;
}
