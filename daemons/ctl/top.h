/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What `spark-cluster top` shows: executors and drivers of all workers of a master, by the figures
 * in the workers' /json/ (daemons/worker/usage.h has their meaning). Pure, from text to text: who
 * fetches (fetch-all.h) says when it was.
 *
 * One round is top_begin() with the master's answer, top_answer() or top_failed() for each worker,
 * and top_end(). Figures per time need two rounds.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

typedef struct TopWorker {
        char *id, *address; /* "10.0.0.1:7078" */
        char *url;          /* of its web UI; NULL: it has told none */
        char *problem;      /* why there are no figures, or NULL */
        char *backend;      /* that limits what it runs; NULL: not known */
        int64_t cores;
        double ceiling, given; /* bytes; NAN where it does not say */
} TopWorker;

/* An executor or a driver. */
typedef struct TopTask {
        const TopWorker *worker;
        char *id;     /* "app-1/0" */
        char *app_id; /* "" of a driver */
        char *name;   /* the application's, or the driver's class */
        bool driver;
        double cores;     /* NAN: a JVM worker does not say */
        json_t *usage;    /* as the worker gives it; NULL: it does not */
        double cpu;       /* cores in use since the round before; NAN: there was none */
        double throttled; /* percent of that time that it was held at its ceiling; NAN */
} TopTask;

typedef struct TopBefore TopBefore;

typedef struct Top {
        char *master, *status; /* URL and state */
        TopWorker *workers;
        size_t n_workers;
        TopTask *tasks;
        size_t n_tasks;
        TopBefore *before, *now; /* what rates are made of */
} Top;

void top_done(Top *t);

#define TOP_PROBLEM_MAX 256

/* The workers are known then, with no tasks. 0; -EINVAL when `json` is no master's status, with
 * the reason; -ENOMEM. After a failure there are no workers. */
int top_begin(Top *t, const char *json, size_t size, char problem[static TOP_PROBLEM_MAX]);

/* What worker `i` answered at `now_usec` (monotonic). One that is no worker's answer becomes the
 * worker's problem. 0 or -ENOMEM. */
int top_answer(Top *t, size_t i, const char *json, size_t size, uint64_t now_usec);
int top_failed(Top *t, size_t i, const char *problem);

void top_end(Top *t);

/* A figure of usage.h ("memory"), NAN where there is none. */
double top_figure(const TopTask *task, const char *key);

typedef enum TopOrder {
        TOP_SHARE, /* of its memory limit: who is killed next */
        TOP_CPU,
        TOP_MEMORY,
        TOP_PEAK,
        TOP_THROTTLED,
        TOP_PRESSURE, /* of memory */
        TOP_OOM,
        TOP_ID,
        TOP_ORDER_MAX,
} TopOrder;

/* "share", "cpu" ...; -EINVAL for others. */
int top_order_from_name(const char *name, TopOrder *ret);

typedef struct TopView {
        TopOrder order;  /* largest first; ids as they are written */
        const char *app; /* id or name; NULL: all applications and drivers */
        uint64_t wall_seconds;
} TopView;

/* Sorts the tasks and writes them as lines, or as one line of JSON. 0 or -ENOMEM. */
int top_put_text(Top *t, const TopView *view, Buffer *out);
int top_put_json(Top *t, const TopView *view, Buffer *out);
