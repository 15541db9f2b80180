/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The worker's web pages as functions of its state: /json/ as the JVM worker's and more (usage.h),
 * /log/ and /logPage/ with the executors' output, and everything else is the front page.
 */

#include "cgroups/backend.h"
#include "daemons/worker/budget.h"
#include "daemons/worker/worker.h"
#include "http/http.h"

typedef struct Ui {
        const Worker *worker;
        const char *work_dir;
        Backend *backend; /* asked for what is used when somebody wants to see it */
        const Budget *budget;
} Ui;

/* An HttpHandler; `user` is the Ui. */
void ui_handle(void *user, const HttpRequest *request, HttpResponse *response);

/* ui-json.c */
void ui_json(const Ui *ui, HttpResponse *response);
