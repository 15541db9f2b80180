/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/master/internal.h"

#include <string.h>

/*
 * Which line an application runs, where its messages leave two possible (3.4 and 3.5 speak alike).
 * Its driver's web UI knows the version, but serves that only some time after the driver has
 * registered, so the question costs the user a second of waiting. It is put only when the answer
 * decides something: when some registered worker runs one of the lines and not all of its family,
 * and another worker runs another; or when executors of the application fail. Meanwhile the
 * application is not placed. A driver that does not answer is taken for any of its lines.
 */

static bool lines_many(LineSet lines)
{
        return (lines & (lines - 1)) != 0;
}

/* Would it matter to the placement which of its lines the application runs? */
static bool workers_differ(const Master *m, LineSet lines)
{
        bool partly = false;
        unsigned served = 0;
        for (int line = 0; line < LINE_MAX; line++) {
                if (!(lines & LINE_BIT(line)))
                        continue;
                served += m->alive_by_line[line] > 0;
                partly |= m->alive_partly[line] > 0;
        }
        return partly && served > 1;
}

static void ask(Turn *t, App *app)
{
        Master *m = t->m;
        app->asked = true;
        app_changed(t, app);
        if (!app->desc.app_ui_url || !*app->desc.app_ui_url)
                return;
        app->ask_until = t->time.now + m->config.version_timeout_usec;
        DL_APPEND2(m->asking, app, ask_prev, ask_next);
        turn_ask_version(t, app->id, app->desc.app_ui_url);
}

void app_forget_asking(Master *m, App *app)
{
        if (app->ask_until == 0)
                return;
        app->ask_until = 0;
        DL_DELETE2(m->asking, app, ask_prev, ask_next);
}

bool app_is_asked(Turn *t, App *app)
{
        if (!app->asked && lines_many(app->lines) && workers_differ(t->m, app->lines))
                ask(t, app);
        return app->ask_until != 0;
}

void app_suspect_version(Turn *t, App *app)
{
        if (!app->asked && lines_many(app->lines))
                ask(t, app);
}

static void narrow(Turn *t, App *app, const char *version)
{
        /* The Scala build shows in the messages; a version alone does not tell it. */
        static const char *const scalas[] = { "2.12", "2.13" };
        LineSet lines = 0;
        for (size_t i = 0; i < ARRAY_SIZE(scalas); i++) {
                Line line = line_from_version(version, scalas[i]);
                if (line != LINE_INVALID)
                        lines |= LINE_BIT(line);
        }
        if (!(app->lines & lines)) {
                turn_log_with(t, LOG_WARNING, (LogFields){ .app_id = app->id },
                              "Application %s says that it runs Spark %.64s, which is not what "
                              "its messages look like.",
                              app->id, version);
                return;
        }
        app->lines &= lines;
        turn_log_with(t, LOG_INFO, (LogFields){ .app_id = app->id },
                      "Application %s runs Spark %.64s.", app->id, version);
}

void app_version_told(Turn *t)
{
        App *app = app_find(t->m, t->event->text);
        if (!app || app->ask_until == 0)
                return;
        app_forget_asking(t->m, app);
        app_changed(t, app);
        if (t->event->version)
                narrow(t, app, t->event->version);
        else
                turn_log_with(t, LOG_INFO, (LogFields){ .app_id = app->id },
                              "The driver of application %s did not tell its version.", app->id);
        app_tell_incompatible(t, app);
        t->m->schedule = true;
}

void app_versions_tick(Turn *t)
{
        Master *m = t->m;
        while (m->asking && m->asking->ask_until <= t->time.now) {
                app_changed(t, m->asking);
                app_forget_asking(m, m->asking);
                m->schedule = true;
        }
}
