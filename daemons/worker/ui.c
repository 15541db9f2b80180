/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/worker/ui.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/parse.h"
#include "daemons/worker/log-file.h"

#define DEFAULT_LOG_BYTES 102400 /* as Spark's */

static const char style[] =
        ":root{color-scheme:light dark;--ink:#1c2330;--soft:#667085;--line:#d9dee7;--back:#f6f7f9;"
        "--card:#fff;--link:#0b5cad}"
        "@media(prefers-color-scheme:dark){:root{--ink:#e4e8ef;--soft:#98a2b3;--line:#343b48;"
        "--back:#14181f;--card:#1c222c;--link:#7db8f5}}"
        "body{margin:0 auto;padding:1.25rem;max-width:80rem;background:var(--back);"
        "color:var(--ink);font:15px/1.45 system-ui,sans-serif}"
        "a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}"
        "h1{font-size:1.35rem;margin:0;overflow-wrap:anywhere}"
        "h2{font-size:1.05rem;margin:2rem 0 .5rem}"
        "dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem;margin:1rem 0}"
        "dt,footer,.soft{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}"
        ".table,pre{overflow-x:auto;background:var(--card);border:1px solid var(--line);"
        "border-radius:.5rem}"
        "pre{padding:.75rem;font-size:.85rem}"
        "table{border-collapse:collapse;width:100%}"
        "th,td{text-align:left;padding:.4rem .75rem;vertical-align:top}"
        "th{color:var(--soft);font-size:.85rem}td{border-top:1px solid var(--line)}"
        "td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}"
        "footer{margin-top:2rem;font-size:.85rem}";

static void put_start(Buffer *out, const char *title)
{
        buffer_put_text(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                             "<meta name=\"viewport\" content=\"width=device-width,"
                             "initial-scale=1\"><link rel=\"icon\" href=\"data:,\"><title>");
        html_put(out, title);
        buffer_printf(out, "</title><style>%s</style></head>\n<body>\n", style);
}

static void put_end(Buffer *out)
{
        buffer_put_text(out, "<footer>" PACKAGE_STRING " · <a href=\"/json/\">JSON</a></footer>\n"
                             "</body></html>\n");
}

/* ---- front page ---- */

static bool is_web_address(const char *url)
{
        return url && (strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0);
}

static void put_summary(Buffer *out, const Worker *w)
{
        const RegistrationConfig *c = &w->config->registration;
        const Registration *r = &w->registration;

        buffer_put_text(out, "<dl><dt>Master</dt><dd>");
        if (is_web_address(r->web_ui_url)) {
                buffer_put_text(out, "<a href=\"");
                html_put(out, r->web_ui_url);
                buffer_put_text(out, "\">");
        }
        html_put(out, r->url ? r->url : "none yet");
        if (is_web_address(r->web_ui_url))
                buffer_put_text(out, "</a>");
        if (r->url && !r->connected)
                buffer_put_text(out, " (not connected)");
        buffer_printf(out, "</dd><dt>Cores</dt><dd>%" PRId32 " (%" PRId64 " used)</dd>", c->cores,
                      worker_cores_used(w));
        buffer_printf(out, "<dt>Memory</dt><dd>%" PRId32 " MiB (%" PRId64 " MiB used)</dd>",
                      c->memory_mb, worker_memory_used_mb(w));
        buffer_put_text(out, "<dt>Engines</dt><dd>");
        for (size_t i = 0; i < r->engines.length; i++) {
                buffer_put_text(out, i ? ", " : "");
                html_put(out, r->engines.items[i]);
        }
        buffer_put_text(out, "</dd></dl>\n");
}

static void put_log_link(Buffer *out, const Executor *e, const char *type)
{
        buffer_put_text(out, "<a href=\"/logPage/?appId=");
        html_put_url(out, e->app->id);
        buffer_printf(out, "&amp;executorId=%d&amp;logType=%s\">%s</a> ", e->exec_id, type, type);
}

static void put_executor(Buffer *out, const Executor *e)
{
        buffer_printf(out, "<tr><td class=\"n\">%d</td><td>%s</td>", e->exec_id,
                      executor_state_name(e->state));
        buffer_printf(out, "<td class=\"n\">%d</td><td class=\"n\">%d MiB</td><td>", e->cores,
                      e->memory_mb);
        html_put(out, e->app->id);
        buffer_put_text(out, "</td><td>");
        html_put(out, e->app->name);
        buffer_put_text(out, "</td><td>");
        html_put(out, e->app->user);
        buffer_put_text(out, "</td><td>");
        put_log_link(out, e, "stdout");
        put_log_link(out, e, "stderr");
        buffer_put_text(out, "</td></tr>\n");
}

static void put_driver(Buffer *out, const Driver *d)
{
        buffer_put_text(out, "<tr><td>");
        html_put(out, d->id);
        buffer_put_text(out, "</td><td>");
        html_put(out, d->main_class ? d->main_class : "");
        buffer_printf(out, "</td><td>%s</td><td class=\"n\">%d</td><td class=\"n\">%d MiB</td><td>",
                      driver_state_name(d->state), d->cores, d->memory_mb);
        for (size_t i = 0; i < 2; i++) {
                static const char *const types[] = { "stdout", "stderr" };

                buffer_put_text(out, "<a href=\"/logPage/?driverId=");
                html_put_url(out, d->id);
                buffer_printf(out, "&amp;logType=%s\">%s</a> ", types[i], types[i]);
        }
        buffer_put_text(out, "</td><td>");
        html_put(out, d->exception ? d->exception : "");
        buffer_put_text(out, "</td></tr>\n");
}

static const char executor_head[] =
        "<tr><th class=\"n\">Executor</th><th>State</th><th class=\"n\">Cores</th>"
        "<th "
        "class=\"n\">Memory</th><th>Application</th><th>Name</th><th>User</th><th>Logs</th></tr>\n";

static const char driver_head[] =
        "<tr><th>Driver</th><th>Main class</th><th>State</th><th class=\"n\">Cores</th>"
        "<th class=\"n\">Memory</th><th>Logs</th><th>Notes</th></tr>\n";

static void put_table_start(Buffer *out, const char *title, const char *head, size_t n)
{
        buffer_printf(out, "<h2>%s <span class=\"soft\">(%zu)</span></h2>\n", title, n);
        if (n)
                buffer_printf(out, "<div class=\"table\"><table>%s", head);
}

static void put_table_end(Buffer *out, size_t n)
{
        if (n)
                buffer_put_text(out, "</table></div>\n");
}

static void put_drivers(Buffer *out, const Drivers *x)
{
        const Driver *d;

        if (x->running) {
                put_table_start(out, "Running drivers", driver_head, drivers_running(x));
                for (d = x->running; d; d = d->hh.next)
                        put_driver(out, d);
                put_table_end(out, drivers_running(x));
        }
        if (x->finished) {
                put_table_start(out, "Finished drivers", driver_head, x->n_finished);
                DL_FOREACH (x->finished, d)
                        put_driver(out, d);
                put_table_end(out, x->n_finished);
        }
}

static void front_page(const Ui *ui, HttpResponse *response)
{
        const Worker *w = ui->worker;
        const Executors *x = &w->executors;
        Buffer *out = &response->body;
        const Executor *e;

        put_start(out, "Spark Worker");
        buffer_put_text(out, "<h1>Spark Worker <span class=\"soft\">");
        html_put(out, w->config->registration.worker_id);
        buffer_put_text(out, "</span></h1>\n");
        put_summary(out, w);
        put_table_start(out, "Running executors", executor_head, executors_running(x));
        for (e = x->running; e; e = e->hh.next)
                put_executor(out, e);
        put_table_end(out, executors_running(x));
        if (x->n_finished) {
                put_table_start(out, "Finished executors", executor_head, x->n_finished);
                DL_FOREACH (x->finished, e)
                        put_executor(out, e);
                put_table_end(out, x->n_finished);
        }
        put_drivers(out, &w->drivers);
        put_end(out);
}

/* ---- logs ---- */

/* What a request asks for. */
typedef struct LogRequest {
        const char *dir, *sub, *type;
        int64_t offset, length;
} LogRequest;

static bool parse_log_request(const HttpRequest *request, LogRequest *ret)
{
        const char *app = http_query(request, "appId"), *exec = http_query(request, "executorId");
        const char *driver = http_query(request, "driverId");
        const char *offset = http_query(request, "offset");
        const char *length = http_query(request, "byteLength");

        *ret = (LogRequest){ .type = http_query(request, "logType"),
                             .offset = LOG_FILE_END,
                             .length = DEFAULT_LOG_BYTES };
        if (app && exec) {
                ret->dir = app;
                ret->sub = exec;
        } else {
                ret->dir = driver;
        }
        if (offset && parse_int64(offset, INT64_MIN + 1, INT64_MAX, &ret->offset) < 0)
                return false;
        if (length && parse_int64(length, 0, INT64_MAX, &ret->length) < 0)
                return false;
        return ret->dir && ret->type;
}

/* The path as it is shown. */
static char *shown_path(const Ui *ui, const LogRequest *q)
{
        char *path = NULL;

        if (asprintf(&path, "%s/%s/%s%s%s", ui->work_dir, q->dir, q->sub ? q->sub : "",
                     q->sub ? "/" : "", q->type) < 0)
                return NULL;
        return path;
}

/* Reads the piece; what is wrong with the names becomes its text, as Spark has it. False when
 * another answer was given. */
static bool read_log(const Ui *ui, const HttpRequest *request, HttpResponse *response,
                     LogRequest *q, LogPiece *piece)
{
        int r;

        if (!parse_log_request(request, q)) {
                http_error(response, 500,
                           "Request must specify either application or driver identifiers, "
                           "and a log type");
                return false;
        }
        r = log_file_read(ui->work_dir, q->dir, q->sub, q->type, q->offset, q->length, piece);
        if (r == LOG_FILE_E_TYPE) {
                buffer_put_text(&piece->text, "Error: Log type must be one of stderr, stdout");
        } else if (r == LOG_FILE_E_NAME) {
                buffer_put_text(&piece->text, "Error: invalid log directory ");
                buffer_put_text(&piece->text, q->dir);
        } else if (r < 0) {
                buffer_printf(&piece->text, "Error: cannot read the log: %s", strerror(-r));
        }
        return true;
}

static void log_text(const Ui *ui, const HttpRequest *request, HttpResponse *response)
{
        CLEANUP(log_piece_done) LogPiece piece = { .text = BUFFER_INIT(0) };
        CLEANUP_FREE char *path = NULL;
        LogRequest q;

        if (!read_log(ui, request, response, &q, &piece))
                return;
        path = shown_path(ui, &q);
        response->content_type = "text/plain;charset=utf-8";
        buffer_printf(&response->body,
                      "==== Bytes %" PRId64 "-%" PRId64 " of %" PRId64 " of %s ====\n", piece.start,
                      piece.end, piece.total, path ? path : q.type);
        buffer_put(&response->body, piece.text.data, piece.text.size);
}

static void put_range_link(Buffer *out, const LogRequest *q, int64_t offset, const char *text)
{
        buffer_put_text(out, q->sub ? "<a href=\"?appId=" : "<a href=\"?driverId=");
        html_put_url(out, q->dir);
        if (q->sub) {
                buffer_put_text(out, "&amp;executorId=");
                html_put_url(out, q->sub);
        }
        buffer_put_text(out, "&amp;logType=");
        html_put_url(out, q->type);
        if (offset != LOG_FILE_END)
                buffer_printf(out, "&amp;offset=%" PRId64, offset);
        buffer_printf(out, "&amp;byteLength=%" PRId64 "\">%s</a> ", q->length, text);
}

static void log_page(const Ui *ui, const HttpRequest *request, HttpResponse *response)
{
        CLEANUP(log_piece_done) LogPiece piece = { .text = BUFFER_INIT(0) };
        CLEANUP_FREE char *text = NULL;
        Buffer *out = &response->body;
        LogRequest q;

        if (!read_log(ui, request, response, &q, &piece))
                return;
        put_start(out, q.type);
        buffer_put_text(out, "<p><a href=\"/\">Worker</a></p><h1>");
        html_put(out, q.type);
        buffer_put_text(out, " of ");
        html_put(out, q.dir);
        buffer_put_text(out, q.sub ? "/" : "");
        html_put(out, q.sub ? q.sub : "");
        buffer_printf(out,
                      "</h1>\n<p class=\"soft\">Bytes %" PRId64 "–%" PRId64 " of %" PRId64
                      "</p>\n<p>",
                      piece.start, piece.end, piece.total);
        if (piece.start > 0) {
                put_range_link(out, &q, 0, "First");
                put_range_link(out, &q, MAX_OF(piece.start - q.length, 0), "Earlier");
        }
        if (piece.end < piece.total)
                put_range_link(out, &q, piece.end, "Later");
        put_range_link(out, &q, LOG_FILE_END, "Latest");
        buffer_put_text(out, "</p>\n<pre>");
        for (size_t i = 0; i < piece.text.size; i++)
                if (piece.text.data[i] == '\0')
                        piece.text.data[i] = ' ';
        text = buffer_take_text(&piece.text);
        html_put(out, text ? text : "");
        buffer_put_text(out, "</pre>\n");
        put_end(out);
}

void ui_handle(void *user, const HttpRequest *request, HttpResponse *response)
{
        static const struct {
                const char *path;
                void (*page)(const Ui *ui, const HttpRequest *request, HttpResponse *response);
        } pages[] = { { "/log", log_text }, { "/logPage", log_page } };
        const Ui *ui = user;

        if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0) {
                http_error(response, 405, "Only GET is served here");
                return;
        }
        if (strcmp(request->path, "/json") == 0) {
                http_redirect(response, "/json/");
                return;
        }
        if (strncmp(request->path, "/json/", 6) == 0) {
                ui_json(ui, response);
                return;
        }
        for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
                size_t n = strlen(pages[i].path);

                if (strncmp(request->path, pages[i].path, n) == 0 &&
                    (!request->path[n] || strcmp(request->path + n, "/") == 0)) {
                        pages[i].page(ui, request, response);
                        return;
                }
        }
        front_page(ui, response);
}
