/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/master/ui.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

/* As the JVM master takes it from the URL: letters directly after /json/. */
#define FIELD_MAX 64

int ui_init(Ui *ui, const Master *master, bool kill_enabled, UiOrder order, void *user)
{
        uint8_t bytes[(UI_TOKEN_SIZE - 1) / 2];

        *ui = (Ui){ .master = master, .kill_enabled = kill_enabled, .order = order, .user = user };
        if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
                return -errno;
        for (size_t i = 0; i < sizeof(bytes); i++)
                (void)snprintf(ui->csrf_token + 2 * i, 3, "%02x", bytes[i]);
        return 0;
}

static uint64_t wall_usec(void)
{
        struct timespec ts;

        (void)clock_gettime(CLOCK_REALTIME, &ts);
        return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static bool is_read(const HttpRequest *request)
{
        return strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;
}

static void serve_json(const Ui *ui, const char *rest, HttpResponse *response)
{
        char field[FIELD_MAX] = "";
        size_t n = 0;

        while (n + 1 < sizeof(field) && isalpha((unsigned char)rest[n])) {
                field[n] = rest[n];
                n++;
        }
        response->content_type = "text/json;charset=utf-8";
        if (ui_json_put(&response->body, ui->master, wall_usec(), n > 0 ? field : NULL) < 0)
                http_error(response, 500, "Out of memory.");
}

/* Equal without telling by the time it takes how much of it is. */
static bool token_matches(const Ui *ui, const char *token)
{
        unsigned difference = 0;

        if (!token || strlen(token) != UI_TOKEN_SIZE - 1)
                return false;
        for (size_t i = 0; i < UI_TOKEN_SIZE - 1; i++)
                difference |= (unsigned char)token[i] ^ (unsigned char)ui->csrf_token[i];
        return difference == 0;
}

static void serve_kill(const Ui *ui, const HttpRequest *request, MasterEventType type,
                       HttpResponse *response)
{
        const char *id = http_form(request, "id"), *sure = http_form(request, "terminate");

        if (strcmp(request->method, "POST") != 0) {
                http_error(response, 405, "Killing needs a POST request.");
        } else if (!ui->kill_enabled) {
                http_error(response, 403, "Killing is switched off (spark.ui.killEnabled).");
        } else if (!token_matches(ui, http_form(request, "csrfToken"))) {
                http_error(response, 403,
                           "The form is not from this master's page (csrfToken): reload the page "
                           "and try again.");
        } else {
                if (id && sure && strcmp(sure, "true") == 0)
                        ui->order(ui->user, type, id);
                http_redirect(response, "/");
        }
}

static void serve_page(const Ui *ui, const HttpRequest *request, HttpResponse *response)
{
        const char *token = ui->kill_enabled ? ui->csrf_token : NULL;

        if (!is_read(request))
                http_error(response, 405, "Only GET is served here.");
        else if (strcmp(request->path, "/favicon.ico") == 0)
                http_error(response, 404, "There is no icon."); /* browsers ask unasked */
        else if (strcmp(request->path, "/app/") == 0)
                ui_html_put_app(&response->body, ui->master, wall_usec(), token,
                                http_query(request, "appId"));
        else
                ui_html_put_index(&response->body, ui->master, wall_usec(), token);
}

/* /app?appId=ID without the slash, as the JVM's own pages link to it. */
static void redirect_app(const HttpRequest *request, HttpResponse *response)
{
        const char *id = http_query(request, "appId");
        CLEANUP_BUFFER Buffer location = BUFFER_INIT(0);
        CLEANUP_FREE char *text = NULL;

        buffer_put_text(&location, "/app/");
        if (id) {
                buffer_put_text(&location, "?appId=");
                html_put_url(&location, id);
        }
        text = buffer_take_text(&location);
        http_redirect(response, text ? text : "/");
}

void ui_handle(void *user, const HttpRequest *request, HttpResponse *response)
{
        const Ui *ui = user;
        const char *path = request->path;

        if (strcmp(path, "/app/kill/") == 0 || strcmp(path, "/app/kill") == 0)
                serve_kill(ui, request, EVENT_KILL_APP, response);
        else if (strcmp(path, "/driver/kill/") == 0 || strcmp(path, "/driver/kill") == 0)
                serve_kill(ui, request, EVENT_KILL_DRIVER, response);
        else if (strcmp(path, "/json") == 0)
                http_redirect(response, "/json/");
        else if (strcmp(path, "/app") == 0)
                redirect_app(request, response);
        else if (strncmp(path, "/json/", 6) == 0 && is_read(request))
                serve_json(ui, path + 6, response);
        else if (strcmp(path, "/app/json/") == 0 && is_read(request))
                response->content_type = "text/json;charset=utf-8"; /* empty, as the JVM's */
        else
                serve_page(ui, request, response);
}

void ui_put_summary(Buffer *out, const Master *m)
{
        const MasterCounters c = master_counters(m);

        buffer_printf(out, "%zu worker%s, %zu application%s, %lld of %lld cores", c.workers_alive,
                      c.workers_alive == 1 ? "" : "s", c.apps, c.apps == 1 ? "" : "s",
                      (long long)c.cores_used, (long long)c.cores);
}
