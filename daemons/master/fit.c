/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/master/internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "daemons/common/message-ids.h"

/*
 * Placement by limits. Spark counts heap; a worker of ours also says what all that its executors
 * may take comes to, and how overhead is reckoned there (registration.h of the worker). An executor
 * or a driver is placed only where its own limit fits beside those that are there.
 *
 * Overhead rules may differ between workers, so the index is asked with the limit by the mildest of
 * them, which is right where all are alike, and the worker found is then asked exactly.
 */

/* ---- what a worker declares ---- */

/* One "NAME=NUMBER"; names that are not known may come with newer workers. 0 or -EINVAL. */
static int parse_declared(const char *text, int64_t numbers[static 3])
{
        static const struct {
                const char *name;
                int min, max;
        } known[] = {
                { "memory=", 1, INT32_MAX },
                { "overhead-percent=", 0, 1000 },
                { "overhead-min=", 0, INT32_MAX },
        };

        for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
                size_t n = strlen(known[i].name);
                if (strncmp(text, known[i].name, n) != 0)
                        continue;
                if (numbers[i] >= 0) /* twice */
                        return -EINVAL;
                return parse_int64(text + n, known[i].min, known[i].max, &numbers[i]);
        }
        return strchr(text, '=') ? 0 : -EINVAL;
}

int fit_declaration(const StringSeq *addresses, WorkerLimits *ret)
{
        int64_t numbers[] = { -1, -1, -1 };

        if (addresses->length > LIMIT_RESOURCES)
                return -EINVAL;
        for (size_t i = 0; i < addresses->length; i++)
                if (!addresses->items[i] || parse_declared(addresses->items[i], numbers) < 0)
                        return -EINVAL;
        for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
                if (numbers[i] < 0)
                        return -EINVAL;
        ret->memory = (int32_t)numbers[0];
        ret->overhead_percent = (unsigned)numbers[1];
        ret->overhead_min = (int32_t)numbers[2];
        return 0;
}

/* ---- sums ---- */

static int limits_by_rule(unsigned percent, int32_t min, const LimitsRequest *request, Limits *ret)
{
        LimitsPolicy policy = limits_policy_default();
        policy.overhead_percent = percent;
        policy.overhead_min_mb = (uint64_t)min;
        return limits_of(&policy, request, ret);
}

/* MiB; more than any worker may have when there can be no such limit. */
static int32_t limit_by_rule(unsigned percent, int32_t min, const LimitsRequest *request)
{
        Limits limits;
        if (limits_by_rule(percent, min, request, &limits) < 0)
                return INT32_MAX;
        return (int32_t)MIN_OF(limits.memory_max >> 20, (uint64_t)INT32_MAX);
}

int32_t fit_limit(const Worker *w, const LimitsRequest *request)
{
        const WorkerLimits *l = &w->limits;
        return l->memory ? limit_by_rule(l->overhead_percent, l->overhead_min, request) : 0;
}

int32_t fit_least_limit(const Master *m, const LimitsRequest *request)
{
        return m->n_limited ? limit_by_rule(m->least_percent, m->least_min, request) : 0;
}

int32_t fit_free(const Worker *w)
{
        return w->limits.memory ? w->limits.memory - w->limits.used : INT32_MAX;
}

void fit_count(Master *m, const Worker *w, int sign)
{
        const WorkerLimits *l = &w->limits;
        if (!l->memory)
                return;
        bool first = m->n_limited == 0;
        m->n_limited += (size_t)sign;
        if (sign < 0)
                return; /* a rule that is too mild costs looks, no more */
        m->least_percent =
                first ? l->overhead_percent : MIN_OF(m->least_percent, l->overhead_percent);
        m->least_min = first ? l->overhead_min : MIN_OF(m->least_min, l->overhead_min);
}

/* ---- could it ever fit ---- */

FitNeed fit_need_of_executor(const App *app, const AppProfile *p)
{
        return (FitNeed){
                .cores = p->cores_per_executor.set ? p->cores_per_executor.value : 1,
                .memory = p->memory_per_executor,
                .lines = app->lines,
                .request = &p->request,
        };
}

FitNeed fit_need_of_driver(const Driver *d)
{
        return (FitNeed){
                .cores = d->desc.cores,
                .memory = d->desc.mem,
                .lines = d->lines,
                .request = &d->request,
        };
}

/* The next worker that could hold it, had it nothing else to do; `limited`: by its limits, too. */
static const Worker *next_large_enough(const Master *m, const FitNeed *need, bool limited,
                                       const Worker *after)
{
        WorkerIndex sizes = m->by_size; /* a copy counts its steps for itself */
        const WorkerIndexWant want = {
                .cores = need->cores,
                .memory = need->memory,
                .limit = limited ? fit_least_limit(m, need->request) : 0,
                .serves = need->lines,
        };
        const WorkerIndexNode *place = after ? &after->by_size : NULL;
        WorkerIndexNode *node = worker_index_next(&sizes, place, &want);
        return node ? CONTAINER_OF(node, Worker, by_size) : NULL;
}

bool fit_is_large_enough(const Master *m, const FitNeed *need)
{
        return next_large_enough(m, need, false, NULL) != NULL;
}

/* Of those that are large enough but for their limits, the one that comes nearest to it. */
static const Worker *nearest(const Master *m, const FitNeed *need)
{
        const Worker *best = NULL;
        int64_t best_missing = INT64_MAX;
        for (const Worker *w = next_large_enough(m, need, false, NULL); w;
             w = next_large_enough(m, need, false, w)) {
                int64_t missing = (int64_t)fit_limit(w, need->request) - w->limits.memory;
                if (missing >= best_missing)
                        continue;
                best = w;
                best_missing = missing;
        }
        return best;
}

bool fit_never(const Master *m, const FitNeed *need)
{
        if (m->n_limited == 0 || !fit_is_large_enough(m, need))
                return false;
        for (const Worker *w = next_large_enough(m, need, true, NULL); w;
             w = next_large_enough(m, need, true, w))
                if (!w->limits.memory || fit_limit(w, need->request) <= w->limits.memory)
                        return false;
        return true;
}

static void put_sum(const Worker *w, const FitNeed *need, char *buffer, size_t size)
{
        Limits limits;
        CLEANUP_FREE char *sum = NULL;
        const WorkerLimits *l = &w->limits;
        if (limits_by_rule(l->overhead_percent, l->overhead_min, need->request, &limits) < 0) {
                (void)snprintf(buffer, size, "a limit that no host can have");
                return;
        }
        sum = limits_sum_text(&limits);
        (void)snprintf(buffer, size, "a limit of %" PRIu64 " MiB (%s)", limits.memory_max >> 20,
                       sum ? sum : "out of memory");
}

/* "needs a limit of 9216 MiB (heap 8192 + overhead 1024), and ...", when fit_never(). */
static void explain_never(const Master *m, const FitNeed *need, char *buffer, size_t size)
{
        const Worker *w = nearest(m, need);
        char sum[FIT_SUM_MAX];
        if (!w)
                return;
        put_sum(w, need, sum, sizeof(sum));
        (void)snprintf(
                buffer, size,
                "needs %s, and no worker's executors may take so much: at most %d MiB, on %s", sum,
                w->limits.memory, w->host);
}

bool fit_explain_executor(const Master *m, const App *app, const AppProfile *p, char *buffer,
                          size_t size)
{
        FitNeed need = fit_need_of_executor(app, p);
        int n;
        if (!fit_never(m, &need))
                return false;
        if (p->id == 0)
                n = snprintf(buffer, size, "%s waits: an executor ", app->id);
        else
                n = snprintf(buffer, size, "%s waits: an executor of resource profile %d ", app->id,
                             p->id);
        if (n > 0 && (size_t)n < size)
                explain_never(m, &need, buffer + n, size - (size_t)n);
        return true;
}

bool fit_explain_too_large(const Master *m, const App *app, const AppProfile *p, char *buffer,
                           size_t size)
{
        FitNeed need = fit_need_of_executor(app, p);
        if (m->counters.workers_alive == 0 || app_is_incompatible(m, app) ||
            fit_is_large_enough(m, &need))
                return false;
        (void)snprintf(buffer, size,
                       "%s waits: an executor needs %d core%s and %d MiB of memory, which no "
                       "worker that runs its Spark version has",
                       app->id, need.cores, need.cores == 1 ? "" : "s", need.memory);
        return true;
}

bool fit_explain_wait(const Master *m, const FitNeed *need, char *buffer, size_t size)
{
        WorkerIndex now = m->by_policy;
        const WorkerIndexWant want = {
                .cores = need->cores,
                .memory = need->memory,
                .serves = lines_want_bits(need->lines),
        };
        const WorkerIndexNode *node = m->n_limited ? worker_index_next(&now, NULL, &want) : NULL;
        const Worker *w = node ? CONTAINER_OF(node, Worker, by_policy) : NULL;
        if (!w || fit_limit(w, need->request) <= fit_free(w))
                return false;
        put_sum(w, need, buffer, size);
        return true;
}

/* ---- saying so, once ---- */

/* A stock driver prints what it is told of an executor, and does no more unless the state is that
 * of one that has ended. So it may be told of its next one. */
void app_tell_why(Turn *t, const App *app, const char *message_id, const char *why)
{
        turn_log_with(t, LOG_WARNING, (LogFields){ .app_id = app->id, .message_id = message_id },
                      "Application %s.", why);
        if (!app->peer)
                return;
        Message *msg = turn_send(t, app->peer, ENDPOINT_DRIVER, MSG_EXECUTOR_UPDATED);
        msg->executor_updated.id = app->next_executor_id;
        msg->executor_updated.state = EXECUTOR_LAUNCHING;
        msg->executor_updated.message = turn_strdup(t, why + strlen(app->id) + 1);
}

void fit_tell_app(Turn *t, App *app)
{
        for (size_t i = 0; i < app->n_profiles; i++) {
                AppProfile *p = app->profiles[i];
                char text[APP_EXPLAIN_MAX];
                if (p->told_unfit || p->n_executors >= p->target ||
                    (!fit_explain_executor(t->m, app, p, text, sizeof(text)) &&
                     !fit_explain_too_large(t->m, app, p, text, sizeof(text))))
                        continue;
                p->told_unfit = true;
                app_tell_why(t, app, MESSAGE_UNFIT, text);
        }
}

void fit_tell_driver(Turn *t, Driver *d)
{
        FitNeed need = fit_need_of_driver(d);
        char text[APP_EXPLAIN_MAX] = "";
        if (d->told_unfit || !fit_never(t->m, &need))
                return;
        d->told_unfit = true;
        explain_never(t->m, &need, text, sizeof(text));
        turn_log_with(t, LOG_WARNING,
                      (LogFields){ .driver_id = d->id, .message_id = MESSAGE_UNFIT },
                      "Driver %s waits: it %s.", d->id, text);
}
