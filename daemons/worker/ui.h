/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The worker's web pages as functions of its state: /json/ as the JVM worker's, /log/ and /logPage/
 * with the executors' output, and everything else is the front page.
 */

#include "daemons/worker/worker.h"
#include "http/http.h"

typedef struct Ui {
        const Worker *worker;
        const char *work_dir;
} Ui;

/* An HttpHandler; `user` is the Ui. */
void ui_handle(void *user, const HttpRequest *request, HttpResponse *response);

/* ui-json.c */
void ui_json(const Ui *ui, HttpResponse *response);
