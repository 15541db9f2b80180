/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The master's pages for people: plain HTML with one style sheet in it, no script. Whatever a peer
 * has a say in (names, ids, hosts, URLs) goes through html_put(), and an address becomes a link
 * only when it is http or https.
 */
#include "daemons/master/ui.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "daemons/common/display.h"

static const char style[] =
        ":root{color-scheme:light dark;--ink:#1c2330;--soft:#667085;--line:#d9dee7;--back:#f6f7f9;"
        "--card:#fff;--link:#0b5cad;--good:#187741;--warn:#8f5a00;--bad:#b3261e;--bar:#3b82c4}"
        "@media(prefers-color-scheme:dark){:root{--ink:#e4e8ef;--soft:#98a2b3;--line:#343b48;"
        "--back:#14181f;--card:#1c222c;--link:#7db8f5;--good:#62c98b;--warn:#e5b25d;--bad:#f2877f;"
        "--bar:#4f94d4}}"
        "*{box-sizing:border-box}"
        "body{margin:0 auto;padding:1.25rem;max-width:90rem;background:var(--back);"
        "color:var(--ink);font:15px/1.45 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',"
        "'DejaVu Sans',sans-serif}"
        "a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}"
        "h1{font-size:1.35rem;margin:0;overflow-wrap:anywhere}"
        "h2{font-size:1.05rem;margin:2rem 0 .5rem}"
        "h2 small,.soft{color:var(--soft);font-weight:normal}"
        "header p{margin:.25rem 0 0}"
        ".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:.75rem;"
        "margin:1rem 0}"
        ".tile{background:var(--card);border:1px solid var(--line);border-radius:.5rem;"
        "padding:.7rem .9rem}"
        ".tile b{display:block;font-size:1.25rem;font-variant-numeric:tabular-nums}"
        "meter{width:100%;height:.8rem;margin-top:.3rem}"
        ".table{overflow-x:auto;background:var(--card);border:1px solid var(--line);"
        "border-radius:.5rem}"
        "table{border-collapse:collapse;width:100%}"
        "th,td{text-align:left;padding:.4rem .75rem;white-space:nowrap;vertical-align:top}"
        "th{color:var(--soft);font-weight:600;font-size:.85rem}"
        "td{border-top:1px solid var(--line)}"
        "td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}"
        "td.wrap{white-space:normal;overflow-wrap:anywhere;min-width:10rem}"
        "tr.why td{border-top:0;padding-top:0;white-space:normal;color:var(--warn)}"
        "tr.why span{position:sticky;left:.5rem;display:inline-block;"
        "max-width:calc(min(100vw,90rem) - 5rem)}"
        ".ok{color:var(--good)}.warn{color:var(--warn)}.bad{color:var(--bad)}"
        ".note{background:var(--card);border:1px solid var(--line);border-left:.3rem solid "
        "var(--warn);border-radius:.5rem;padding:.6rem .9rem}"
        "dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem;margin:1rem 0}"
        "dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}"
        "form{display:inline;margin:0}"
        "button{font:inherit;font-size:.85rem;padding:.1rem .6rem;border:1px solid var(--line);"
        "border-radius:.4rem;background:var(--back);color:var(--bad);cursor:pointer}"
        "footer{margin-top:2rem;color:var(--soft);font-size:.85rem}"
        "@media(max-width:40rem){body{padding:.75rem}th,td{padding:.4rem .5rem}}";

/* ---- pieces ---- */

static void put_page_start(Buffer *out, const char *title, const char *about)
{
        buffer_put_text(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                             "<meta name=\"viewport\" content=\"width=device-width,"
                             "initial-scale=1\"><title>");
        html_put(out, title);
        html_put(out, about);
        buffer_put_text(out, "</title><style>");
        buffer_put_text(out, style);
        buffer_put_text(out, "</style></head>\n<body>\n");
}

static void put_page_end(Buffer *out)
{
        buffer_put_text(out, "<footer>" PACKAGE_STRING " · <a href=\"/json/\">JSON</a></footer>\n"
                             "</body></html>\n");
}

/* "2026-11-20 23:16:14" in the master's time zone. */
static void put_time(Buffer *out, uint64_t wall_usec)
{
        const time_t seconds = (time_t)(wall_usec / 1000000);
        struct tm tm;
        char text[32] = "";

        if (localtime_r(&seconds, &tm))
                (void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
        buffer_put_text(out, text);
}

static void put_span(Buffer *out, uint64_t from_usec, uint64_t to_usec)
{
        display_duration(out, to_usec > from_usec ? (int64_t)((to_usec - from_usec) / 1000) : 0);
}

static void put_text_cell(Buffer *out, const char *text)
{
        buffer_put_text(out, "<td>");
        html_put(out, text ? text : "");
        buffer_put_text(out, "</td>");
}

static void put_wrapped_cell(Buffer *out, const char *text)
{
        buffer_put_text(out, "<td class=\"wrap\">");
        html_put(out, text ? text : "");
        buffer_put_text(out, "</td>");
}

static void put_number_cell(Buffer *out, int64_t n)
{
        buffer_printf(out, "<td class=\"n\">%" PRId64 "</td>", n);
}

static void put_memory_cell(Buffer *out, int64_t mib)
{
        buffer_put_text(out, "<td class=\"n\">");
        display_memory(out, mib);
        buffer_put_text(out, "</td>");
}

static void put_time_cell(Buffer *out, uint64_t wall_usec)
{
        buffer_put_text(out, "<td>");
        put_time(out, wall_usec);
        buffer_put_text(out, "</td>");
}

static void put_span_cell(Buffer *out, uint64_t from_usec, uint64_t to_usec)
{
        buffer_put_text(out, "<td class=\"n\">");
        put_span(out, from_usec, to_usec);
        buffer_put_text(out, "</td>");
}

/* A state's name in the colour of how good it is. */
static void put_state(Buffer *out, const char *name)
{
        static const char *const good[] = { "ALIVE", "RUNNING", "FINISHED" };
        static const char *const bad[] = { "DEAD", "FAILED", "LOST", "ERROR" };
        const char *class = "warn";

        for (size_t i = 0; i < ARRAY_SIZE(good); i++)
                if (strcmp(name, good[i]) == 0)
                        class = "ok";
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                if (strcmp(name, bad[i]) == 0)
                        class = "bad";
        buffer_printf(out, "<span class=\"%s\">%s</span>", class, name);
}

static void put_state_cell(Buffer *out, const char *name)
{
        buffer_put_text(out, "<td>");
        put_state(out, name);
        buffer_put_text(out, "</td>");
}

/* No "javascript:" from a peer becomes a link. */
static bool is_web_url(const char *url)
{
        return url && (strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0);
}

/* The text, linked to the peer's page where it has one. */
static void put_link(Buffer *out, const char *url, const char *text)
{
        const bool linked = is_web_url(url);

        if (linked) {
                buffer_put_text(out, "<a href=\"");
                html_put(out, url);
                buffer_put_text(out, "\">");
        }
        html_put(out, text ? text : "");
        if (linked)
                buffer_put_text(out, "</a>");
}

static void put_app_link(Buffer *out, const char *id)
{
        buffer_put_text(out, "<a href=\"/app/?appId=");
        html_put_url(out, id);
        buffer_put_text(out, "\">");
        html_put(out, id);
        buffer_put_text(out, "</a>");
}

static void put_kill_form(Buffer *out, const char *what, const char *id, const char *csrf_token)
{
        buffer_printf(out,
                      "<form method=\"post\" action=\"/%s/kill/\"><input type=\"hidden\" "
                      "name=\"id\" value=\"",
                      what);
        html_put(out, id);
        buffer_printf(
                out,
                "\"><input type=\"hidden\" name=\"terminate\" value=\"true\"><input "
                "type=\"hidden\" name=\"csrfToken\" value=\"%s\"><button>kill</button></form>",
                csrf_token);
}

static void put_kill_cell(Buffer *out, const char *what, const char *id, const char *csrf_token)
{
        if (!csrf_token)
                return;
        buffer_put_text(out, "<td>");
        put_kill_form(out, what, id, csrf_token);
        buffer_put_text(out, "</td>");
}

/* `headings` is "Text" or "#Text" for a column of numbers; NULL ends it. */
static void put_table_start(Buffer *out, const char *const *headings, bool kill)
{
        buffer_put_text(out, "<div class=\"table\"><table><thead><tr>");
        for (; *headings; headings++) {
                const bool number = **headings == '#';

                buffer_printf(out, "<th%s>%s</th>", number ? " class=\"n\"" : "",
                              *headings + (number ? 1 : 0));
        }
        buffer_put_text(out, kill ? "<th></th></tr></thead><tbody>\n" : "</tr></thead><tbody>\n");
}

static void put_table_end(Buffer *out)
{
        buffer_put_text(out, "</tbody></table></div>\n");
}

/* A sentence under the row before; it stays in sight when a narrow screen scrolls the table. */
static void put_why_row(Buffer *out, const char *text)
{
        buffer_put_text(out, "<tr class=\"why\"><td colspan=\"9\"><span>");
        html_put(out, text);
        buffer_put_text(out, "</span></td></tr>\n");
}

static void put_heading(Buffer *out, const char *text, size_t n)
{
        buffer_printf(out, "<h2>%s <small>%zu</small></h2>\n", text, n);
}

/* ---- front page ---- */

static void put_use_tile(Buffer *out, const char *label, int64_t used, int64_t all,
                         void (*display)(Buffer *out, int64_t n))
{
        buffer_printf(out, "<div class=\"tile\">%s<b>", label);
        display(out, used);
        buffer_put_text(out, " <span class=\"soft\">of ");
        display(out, all);
        buffer_printf(out,
                      "</span></b><meter min=\"0\" max=\"%" PRId64 "\" value=\"%" PRId64
                      "\"></meter></div>\n",
                      MAX_OF(all, 1), used);
}

static void display_number(Buffer *out, int64_t n)
{
        buffer_printf(out, "%" PRId64, n);
}

static void put_tiles(Buffer *out, const MasterCounters *c)
{
        buffer_put_text(out, "<div class=\"tiles\">\n");
        buffer_printf(out,
                      "<div class=\"tile\">Workers<b>%zu <span class=\"soft\">alive</span></b>"
                      "<span class=\"soft\">%zu listed</span></div>\n",
                      c->workers_alive, c->workers_listed);
        put_use_tile(out, "Cores used", c->cores_used, c->cores, display_number);
        put_use_tile(out, "Memory used", c->memory_used, c->memory, display_memory);
        buffer_printf(out,
                      "<div class=\"tile\">Applications<b>%zu <span class=\"soft\">running</span>"
                      "</b><span class=\"soft\">%zu waiting, %zu completed</span></div>\n",
                      c->apps - MIN_OF(c->apps, c->apps_waiting), c->apps_waiting,
                      c->apps_completed);
        buffer_printf(out,
                      "<div class=\"tile\">Drivers<b>%zu <span class=\"soft\">running</span></b>"
                      "<span class=\"soft\">%zu waiting, %zu completed</span></div>\n",
                      c->drivers_running, c->drivers_waiting, c->drivers_completed);
        buffer_put_text(out, "</div>\n");
}

/* "gpu 1/4" for each custom resource. */
static void put_worker_resources_cell(Buffer *out, const Worker *w)
{
        buffer_put_text(out, "<td>");
        for (size_t i = 0; i < w->n_resources; i++) {
                const WorkerResource *r = &w->resources[i];

                buffer_put_text(out, i > 0 ? ", " : "");
                html_put(out, r->name);
                buffer_printf(out, " %zu/%zu", r->n_addresses - r->n_free, r->n_addresses);
        }
        buffer_put_text(out, "</td>");
}

static void put_versions_cell(Buffer *out, const Worker *w)
{
        char lines[LINES_TEXT_MAX];

        put_text_cell(out, w->engines ? w->engines : lines_text(w->lines, lines));
}

static void put_worker_row(Buffer *out, const Worker *w, uint64_t now_wall)
{
        buffer_put_text(out, "<tr><td>");
        put_link(out, w->web_ui_url, w->id);
        buffer_put_text(out, "</td>");
        put_text_cell(out, w->address);
        put_state_cell(out, worker_state_name(w->state));
        buffer_printf(out, "<td class=\"n\">%d of %d</td>", w->cores_used, w->cores);
        buffer_put_text(out, "<td class=\"n\">");
        display_memory(out, w->memory_used);
        buffer_put_text(out, " of ");
        display_memory(out, w->memory);
        if (w->limits.memory) {
                buffer_put_text(out, "<div class=\"soft\">");
                display_memory(out, w->limits.used);
                buffer_put_text(out, " of ");
                display_memory(out, w->limits.memory);
                buffer_put_text(out, " with overhead</div>");
        }
        buffer_put_text(out, "</td>");
        put_worker_resources_cell(out, w);
        put_versions_cell(out, w);
        buffer_put_text(out, "<td class=\"n\">");
        put_span(out, w->last_heartbeat_wall, now_wall);
        buffer_put_text(out, " ago</td></tr>\n");
}

static void put_workers(Buffer *out, const Master *m, uint64_t now_wall)
{
        static const char *const headings[] = {
                "Worker",         "Address",       "State",           "#Cores used", "#Memory used",
                "Resources used", "Spark version", "#Last heartbeat", NULL
        };

        put_heading(out, "Workers", master_counters(m).workers_listed);
        if (!master_workers(m)) {
                buffer_put_text(out, "<p class=\"soft\">None has registered. Start one with <code>"
                                     "spark-worker ");
                html_put(out, master_config(m)->url);
                buffer_put_text(out, "</code>.</p>\n");
                return;
        }
        put_table_start(out, headings, false);
        for (const Worker *w = master_workers(m); w; w = w->next)
                put_worker_row(out, w, now_wall);
        put_table_end(out);
}

static void put_app_row(Buffer *out, const Master *m, const App *a, uint64_t now_wall,
                        const char *csrf_token)
{
        const AppProfile *p = a->n_profiles > 0 ? a->profiles[0] : NULL;
        char reason[APP_EXPLAIN_MAX];

        buffer_put_text(out, "<tr><td>");
        put_app_link(out, a->id);
        buffer_put_text(out, "</td><td class=\"wrap\">");
        put_link(out, a->end_wall == 0 ? a->desc.app_ui_url : NULL, a->desc.name);
        buffer_put_text(out, "</td>");
        put_state_cell(out, app_state_name(a->state));
        put_number_cell(out, a->cores_granted);
        put_memory_cell(out, p ? p->memory_per_executor : 0);
        put_time_cell(out, a->start_wall);
        put_text_cell(out, a->desc.user);
        put_span_cell(out, a->start_wall, a->end_wall > 0 ? a->end_wall : now_wall);
        put_kill_cell(out, "app", a->id, csrf_token);
        buffer_put_text(out, "</tr>\n");
        if (a->end_wall > 0 || *master_explain_app(m, a, reason) == '\0')
                return;
        put_why_row(out, reason);
}

static const char *const app_headings[] = {
        "Application", "Name", "State",     "#Cores", "#Memory per executor",
        "Submitted",   "User", "#Duration", NULL
};

static void put_running_apps(Buffer *out, const Master *m, uint64_t now_wall,
                             const char *csrf_token)
{
        put_heading(out, "Applications", master_counters(m).apps);
        if (!master_apps(m)) {
                buffer_put_text(out, "<p class=\"soft\">None. <code>spark-submit --master ");
                html_put(out, master_config(m)->url);
                buffer_put_text(out, "</code> starts one.</p>\n");
                return;
        }
        put_table_start(out, app_headings, csrf_token != NULL);
        for (const App *a = master_apps(m); a; a = a->next)
                put_app_row(out, m, a, now_wall, csrf_token);
        put_table_end(out);
}

static void put_completed_apps(Buffer *out, const Master *m, uint64_t now_wall)
{
        const App *first = master_completed_apps(m), *a = first;

        if (!first)
                return;
        put_heading(out, "Completed applications", master_counters(m).apps_completed);
        put_table_start(out, app_headings, false);
        do { /* newest first: utlist keeps the tail in the head's prev */
                a = a->prev;
                put_app_row(out, m, a, now_wall, NULL);
        } while (a != first);
        put_table_end(out);
}

static void put_drivers(Buffer *out, const char *title, const Driver *first, size_t n,
                        const char *csrf_token)
{
        static const char *const headings[] = { "Driver", "Submitted", "Worker",     "State",
                                                "#Cores", "#Memory",   "Main class", NULL };

        if (!first)
                return;
        put_heading(out, title, n);
        put_table_start(out, headings, csrf_token != NULL);
        for (const Driver *d = first; d; d = d->next) {
                const StringSeq *arguments = &d->desc.command.arguments;

                buffer_put_text(out, "<tr>");
                put_text_cell(out, d->id);
                put_time_cell(out, d->start_wall);
                put_text_cell(out, d->worker_id ? d->worker_id : "none");
                put_state_cell(out, driver_state_name(d->state));
                put_number_cell(out, d->desc.cores);
                put_memory_cell(out, d->desc.mem);
                put_wrapped_cell(out, arguments->length > 2 ? arguments->items[2] : "");
                put_kill_cell(out, "driver", d->id, csrf_token);
                buffer_put_text(out, "</tr>\n");
                if (d->exception)
                        put_why_row(out, d->exception);
        }
        put_table_end(out);
}

void ui_html_put_index(Buffer *out, const Master *m, uint64_t now_wall, const char *csrf_token)
{
        const MasterCounters c = master_counters(m);

        put_page_start(out, "Spark Master at ", master_config(m)->url);
        buffer_put_text(out, "<header><h1>Spark Master at ");
        html_put(out, master_config(m)->url);
        buffer_put_text(out, "</h1><p>Status: ");
        put_state(out, master_status(m));
        buffer_put_text(out, "</p></header>\n");
        put_tiles(out, &c);
        put_workers(out, m, now_wall);
        put_running_apps(out, m, now_wall, csrf_token);
        put_drivers(out, "Running drivers", master_drivers(m), c.drivers_running, csrf_token);
        put_drivers(out, "Waiting drivers", master_waiting_drivers(m), c.drivers_waiting,
                    csrf_token);
        put_completed_apps(out, m, now_wall);
        put_drivers(out, "Completed drivers", master_completed_drivers(m), c.drivers_completed,
                    NULL);
        put_page_end(out);
}

/* ---- application page ---- */

static void put_log_link(Buffer *out, const char *worker_url, const Executor *e, const char *type)
{
        buffer_put_text(out, "<a href=\"");
        html_put(out, worker_url);
        buffer_put_text(out, "/logPage/?appId=");
        html_put_url(out, e->app->id);
        buffer_printf(out, "&amp;executorId=%d&amp;logType=%s\">%s</a> ", e->id, type, type);
}

static void put_executor_row(Buffer *out, const Master *m, const Executor *e)
{
        const Worker *w = master_worker(m, e->worker_id);
        const char *url = w ? w->web_ui_url : NULL;

        buffer_printf(out, "<tr><td>%d</td>", e->id);
        put_state_cell(out, executor_state_name(e->state));
        buffer_put_text(out, "<td>");
        put_link(out, url, e->worker_id);
        buffer_put_text(out, "</td>");
        put_number_cell(out, e->cores);
        put_memory_cell(out, e->memory);
        buffer_printf(out, "<td>%d</td>", e->rp_id);
        put_time_cell(out, e->start_wall);
        buffer_put_text(out, "<td>");
        if (is_web_url(url)) {
                put_log_link(out, url, e, "stdout");
                put_log_link(out, url, e, "stderr");
        }
        buffer_put_text(out, "</td></tr>\n");
}

static void put_executors(Buffer *out, const Master *m, const char *title, const Executor *first,
                          size_t n)
{
        static const char *const headings[] = { "Executor", "State",   "Worker",
                                                "#Cores",   "#Memory", "Resource profile",
                                                "Started",  "Logs",    NULL };

        if (!first)
                return;
        put_heading(out, title, n);
        put_table_start(out, headings, false);
        for (const Executor *e = first; e; e = e->next)
                put_executor_row(out, m, e);
        put_table_end(out);
}

static void put_profiles(Buffer *out, const App *a)
{
        static const char *const headings[] = { "Resource profile",
                                                "#Cores per executor",
                                                "#Memory per executor",
                                                "Resources per executor",
                                                "#Wanted",
                                                "#Executors",
                                                NULL };

        put_heading(out, "Resource profiles", a->n_profiles);
        put_table_start(out, headings, false);
        for (size_t i = 0; i < a->n_profiles; i++) {
                const AppProfile *p = a->profiles[i];

                buffer_printf(out, "<tr><td>%d</td>", p->id);
                if (p->cores_per_executor.set)
                        put_number_cell(out, p->cores_per_executor.value);
                else
                        buffer_put_text(out, "<td class=\"n\">all it gets</td>");
                put_memory_cell(out, p->memory_per_executor);
                buffer_put_text(out, "<td>");
                for (size_t j = 0; j < p->resources.length; j++) {
                        html_put(out, p->resources.items[j].resource_name);
                        buffer_printf(out, " %d ", p->resources.items[j].amount);
                }
                buffer_put_text(out, "</td>");
                if (p->target == INT32_MAX)
                        buffer_put_text(out, "<td class=\"n\">no limit</td>");
                else
                        put_number_cell(out, p->target);
                put_number_cell(out, p->n_executors);
                buffer_put_text(out, "</tr>\n");
        }
        put_table_end(out);
}

static void put_app_facts(Buffer *out, const App *a, uint64_t now_wall)
{
        char lines[LINES_TEXT_MAX];

        buffer_put_text(out, "<dl><dt>ID</dt><dd>");
        html_put(out, a->id);
        buffer_put_text(out, "</dd><dt>User</dt><dd>");
        html_put(out, a->desc.user ? a->desc.user : "");
        buffer_put_text(out, "</dd><dt>State</dt><dd>");
        put_state(out, app_state_name(a->state));
        buffer_printf(out, "</dd><dt>Cores</dt><dd>%d granted, ", a->cores_granted);
        if (a->cores_requested == INT32_MAX)
                buffer_put_text(out, "no limit asked for");
        else
                buffer_printf(out, "%d asked for", a->cores_requested);
        buffer_put_text(out, "</dd><dt>Submitted</dt><dd>");
        put_time(out, a->start_wall);
        buffer_put_text(out, a->end_wall > 0 ? ", ran for " : ", ");
        put_span(out, a->start_wall, a->end_wall > 0 ? a->end_wall : now_wall);
        buffer_put_text(out, a->end_wall > 0 ? "" : " ago");
        buffer_put_text(out, "</dd><dt>Spark version</dt><dd>");
        html_put(out, a->engine ? a->engine : lines_text(a->lines, lines));
        if (a->end_wall == 0 && is_web_url(a->desc.app_ui_url)) {
                buffer_put_text(out, "</dd><dt>Its own UI</dt><dd>");
                put_link(out, a->desc.app_ui_url, a->desc.app_ui_url);
        }
        buffer_put_text(out, "</dd></dl>\n");
}

/* Why it has no executors, or why it ended. */
static void put_app_note(Buffer *out, const Master *m, const App *a)
{
        char reason[APP_EXPLAIN_MAX];
        const char *text = a->end_wall > 0 ? a->end_reason : master_explain_app(m, a, reason);

        if (!text || *text == '\0')
                return;
        buffer_put_text(out, "<p class=\"note\">");
        html_put(out, text);
        buffer_put_text(out, "</p>\n");
}

void ui_html_put_app(Buffer *out, const Master *m, uint64_t now_wall, const char *csrf_token,
                     const char *app_id)
{
        const App *a = app_id ? master_app(m, app_id) : NULL;

        put_page_start(out, "Application: ", a ? a->desc.name : "not found");
        buffer_put_text(out, "<header><p><a href=\"/\">Spark Master at ");
        html_put(out, master_config(m)->url);
        buffer_put_text(out, "</a></p><h1>Application: ");
        html_put(out, a ? a->desc.name : "not found");
        buffer_put_text(out, "</h1></header>\n");
        if (a) {
                put_app_note(out, m, a);
                put_app_facts(out, a, now_wall);
                if (csrf_token && a->end_wall == 0)
                        put_kill_form(out, "app", a->id, csrf_token);
                put_executors(out, m, "Executors", a->executors, a->n_executors);
                put_executors(out, m, "Executors that ended", a->removed, a->n_removed);
                put_profiles(out, a);
        } else {
                buffer_put_text(out, "<p>There is no application with the ID <b>");
                html_put(out, app_id ? app_id : "(none given)");
                buffer_put_text(out, "</b>: it never was, or it ended so long ago that the master "
                                     "has forgotten it.</p>\n");
        }
        put_page_end(out);
}
