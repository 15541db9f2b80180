/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The master's web port: requests in, pages, JSON and kill orders out. It only reads the state
 * machine; what a form asks for is handed to whoever drives the machine.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "daemons/master/master.h"
#include "http/http.h"

#define UI_TOKEN_SIZE 33 /* 32 hexadecimal digits */

/* An order from the web: EVENT_KILL_APP or EVENT_KILL_DRIVER with an id as typed by the client. */
typedef void (*UiOrder)(void *user, MasterEventType type, const char *id);

typedef struct Ui {
        const Master *master; /* borrowed */
        bool kill_enabled;    /* spark.ui.killEnabled */
        char csrf_token[UI_TOKEN_SIZE];
        UiOrder order;
        void *user;
} Ui;

/* Makes a token of its own. 0 or -errno when the system has no random bytes. */
int ui_init(Ui *ui, const Master *master, bool kill_enabled, UiOrder order, void *user);

/* An HttpHandler; `user` is the Ui. */
void ui_handle(void *user, const HttpRequest *request, HttpResponse *response);

/* ---- what it serves; `now_wall` is microseconds since the epoch ---- */

/* The JSON of /json/ (field NULL) or /json/FIELD. 0 or -ENOMEM. */
int ui_json_put(Buffer *out, const Master *m, uint64_t now_wall, const char *field);

/* The page / and the page /app/?appId=. `csrf_token` NULL: without kill buttons. An unknown id
 * (or NULL) gets a page that says so. */
void ui_html_put_index(Buffer *out, const Master *m, uint64_t now_wall, const char *csrf_token);
void ui_html_put_app(Buffer *out, const Master *m, uint64_t now_wall, const char *csrf_token,
                     const char *app_id);

/* "3 workers, 2 applications, 12 of 24 cores": for the service manager's status. */
void ui_put_summary(Buffer *out, const Master *m);
