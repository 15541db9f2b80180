/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/worker/actor.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include <jansson.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/log.h"
#include "cgroups/spawn.h"
#include "daemons/common/daemon.h"
#include "daemons/common/handover.h"
#include "daemons/common/unit-job.h"
#include "daemons/worker/engine-choice.h"
#include "daemons/common/helper.h"
#include "daemons/common/resolver.h"
#include "rpc/rpc.h"

#define CLEAN_SECONDS 3600 /* a clean-up that takes longer goes on the next time */

/* An ask under way. */
typedef struct Ask Ask;
struct Ask {
        Actor *actor;
        uint64_t ticket;
        Ask *prev, *next;
};

/* A connection whose other end ends itself when it breaks: it is kept open over a crash of ours. */
typedef struct Watch {
        uint64_t conn; /* the key */
        UT_hash_handle hh;
} Watch;

struct Actor {
        sd_event *event;
        sd_event_source *timer;   /* worker_deadline() */
        sd_event_source *cleaner; /* of old work directories; NULL when not enabled */
        Rpc *rpc;
        Resolver *resolver;
        Reaper *reaper;
        BackendChoice choice;
        Launcher *launcher;
        const LauncherConfig *config;
        Worker worker;
        Strv engine_names; /* what the worker's machine borrows */
        Ask *asks;
        Watch *watched;
        bool stopping;
};

static uint64_t clock_usec(void)
{
        struct timespec t;

        (void)clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void dispatch(Actor *a, const WorkerEvent *event);

/* ---- executors and drivers ---- */

static bool is_known(const Actor *a, const char *child)
{
        return executors_find(&a->worker.executors, child) ||
               drivers_find(&a->worker.drivers, child);
}

/* It runs and nobody here knows of it: an earlier life of ours left it, or what wanted it has given
 * it up meanwhile. */
static void end_stray(Actor *a, const char *child)
{
        log_notice("%s is left of an earlier time; ending it.", child);
        (void)backend_forget(a->choice.backend, child);
}

static void on_started(void *user, const char *child, pid_t pid)
{
        Actor *a = user;

        if (!is_known(a, child)) {
                end_stray(a, child);
                return;
        }
        log_info("%s runs as process %d.", child, pid);
        dispatch(a, &(WorkerEvent){ .type = ON_STARTED, .child = child });
}

/* The words before the problem are those of Spark's worker. */
static void on_launch_failed(void *user, const char *child, const char *problem)
{
        CLEANUP_FREE char *text = NULL;

        if (strchr(child, '/') && asprintf(&text, "Error running executor: %s", problem) < 0)
                text = NULL;
        dispatch(user, &(WorkerEvent){ .type = ON_LAUNCH_FAILED,
                                       .child = child,
                                       .text = text ? text : problem });
}

static void on_ended(void *user, const char *id, const EndFacts *facts)
{
        Actor *a = user;
        EndFacts all = *facts;
        CLEANUP_FREE char *child = strdup(id), *text = NULL;
        WorkerEvent event = { .type = ON_EXITED,
                              .child = child,
                              .code = cause_exit_code(facts),
                              .out_of_memory = facts->oom };

        all.full_disk = launcher_full_disk(a->launcher);
        text = cause_text(&all);
        event.text = text;
        /* First it is kept: who comes after us would not hear of it again. */
        if (child)
                dispatch(a, &event);
        (void)backend_forget(a->choice.backend, child ? child : id);
}

static void on_trouble(void *user, const char *child, const char *problem)
{
        log_warning("%s%s%s", child ? child : "", child ? ": " : "", problem);
}

static const BackendHandlers backend_handlers = {
        .started = on_started,
        .failed = on_launch_failed,
        .ended = on_ended,
        .trouble = on_trouble,
};

static void on_child_ended(void *user, pid_t pid, const siginfo_t *info)
{
        Actor *a = user;

        (void)backend_reaped(a->choice.backend, pid, info);
}

static void do_signal(Actor *a, const WorkerEffect *e)
{
        int r = backend_kill(a->choice.backend, e->child, e->signal);

        if (r < 0 && r != -ESRCH)
                log_warning("Could not send signal %d to %s: %s", e->signal, e->child,
                            strerror(-r));
}

/* ---- connections ---- */

static void on_connected(void *user, RpcConn *conn)
{
        dispatch(user, &(WorkerEvent){ .type = ON_CONNECTED, .conn = rpc_conn_id(conn) });
}

static void on_request(void *user, RpcConn *conn, const RpcRequest *request)
{
        if (request->ask) {
                CLEANUP_FREE char *error = NULL;

                if (asprintf(&error, "org.apache.spark.SparkException: Unsupported message %s",
                             message_type_name(request->message->type)) < 0)
                        error = NULL;
                (void)rpc_fail(conn, request->request_id, error ? error : "Unsupported message");
                return;
        }
        dispatch(user, &(WorkerEvent){ .type = ON_MESSAGE,
                                       .conn = rpc_conn_id(conn),
                                       .lines = rpc_conn_lines(conn),
                                       .message = request->message });
}

static void unwatch(Actor *a, uint64_t conn)
{
        Watch *w;

        HASH_FIND(hh, a->watched, &conn, sizeof(conn), w);
        if (!w)
                return;
        HASH_DEL(a->watched, w);
        free(w);
        handover_unwatch(conn);
}

/* Executors and drivers look for us once, by name, and end when that connection does. Executors
 * that outlive us are started without it; drivers cannot be. */
static void on_looked_for(void *user, RpcConn *conn)
{
        Actor *a = user;
        uint64_t id = rpc_conn_id(conn);
        Watch *w;

        HASH_FIND(hh, a->watched, &id, sizeof(id), w);
        if (w || id == a->worker.registration.conn || !drivers_running(&a->worker.drivers) ||
            !backend_is_lasting(a->choice.backend) || HASH_COUNT(a->watched) >= LIMIT_DRIVERS ||
            handover_watch(conn) < 0)
                return;
        w = calloc(1, sizeof(*w));
        if (w) {
                w->conn = id;
                HASH_ADD(hh, a->watched, conn, sizeof(w->conn), w);
        }
        if (!w || !hash_added(w)) {
                free(w);
                handover_unwatch(id);
        }
}

static void on_closed(void *user, RpcConn *conn, const char *reason)
{
        unwatch(user, rpc_conn_id(conn));
        dispatch(user,
                 &(WorkerEvent){ .type = ON_CLOSED, .conn = rpc_conn_id(conn), .text = reason });
}

static void on_foreign(void *user, RpcConn *conn, const char *problem)
{
        log_warning("%s: %s", rpc_conn_peer(conn), problem);
}

static void on_resolve(void *user, RpcConn *conn, const char *host)
{
        Actor *a = user;

        resolver_resolve(a->resolver, a->rpc, conn, host);
}

static const RpcHandlers rpc_handlers = {
        .connected = on_connected,
        .request = on_request,
        .looked_for = on_looked_for,
        .closed = on_closed,
        .foreign = on_foreign,
        .resolve = on_resolve,
};

static void on_identified(void *user, RpcConn *conn, int error, bool sparkd, LineSet lines)
{
        dispatch(user, &(WorkerEvent){ .type = ON_IDENTIFIED,
                                       .conn = rpc_conn_id(conn),
                                       .error = error,
                                       .sparkd = sparkd,
                                       .lines = lines });
}

static void on_answer(void *user, RpcConn *conn, RpcAnswer answer, const Message *message,
                      const char *failure)
{
        static const char *const reasons[] = { [RPC_ANSWERED] = "an answer of the wrong kind",
                                               [RPC_FAILED] = "it failed",
                                               [RPC_TIMED_OUT] = "no answer in time",
                                               [RPC_CLOSED] = "the connection broke" };
        Ask *ask = user;
        Actor *a = ask->actor;
        uint64_t ticket = ask->ticket;
        bool ok = answer == RPC_ANSWERED && message->type == MSG_BOOLEAN;

        DL_DELETE(a->asks, ask);
        free(ask);
        dispatch(a, &(WorkerEvent){ .type = ON_ANSWERED,
                                    .ticket = ticket,
                                    .ok = ok,
                                    .timed_out = answer == RPC_TIMED_OUT,
                                    .text = failure && *failure ? failure : reasons[answer] });
}

static void do_dial(Actor *a, const WorkerEffect *e)
{
        RpcConn *conn = NULL;
        int r = rpc_connect(a->rpc, &e->address, &conn);

        dispatch(a, &(WorkerEvent){ .type = ON_DIALLED,
                                    .target = e->target,
                                    .conn = r < 0 ? 0 : rpc_conn_id(conn),
                                    .text = r < 0 ? strerror(-r) : NULL });
}

static void do_identify(Actor *a, const WorkerEffect *e)
{
        RpcConn *conn = rpc_find(a->rpc, e->conn);
        LineSet ours = engines_lines(launcher_engines(a->launcher));
        int r;

        if (!conn) /* ON_CLOSED has told it */
                return;
        r = rpc_identify(conn, lines_newest(ours ? ours : LINES_ALL), on_identified, a);
        if (r < 0)
                on_identified(a, conn, r, false, LINES_ALL);
}

static void do_ask(Actor *a, const WorkerEffect *e)
{
        RpcConn *conn = rpc_find(a->rpc, e->conn);
        Ask *ask = calloc(1, sizeof(*ask));
        int r = -ENOTCONN;

        if (!ask) {
                r = -ENOMEM;
        } else {
                ask->actor = a;
                ask->ticket = e->ticket;
                DL_APPEND(a->asks, ask);
                if (conn)
                        r = rpc_ask(conn, "Master", e->message,
                                    a->config->settings->ask_timeout_usec, on_answer, ask);
        }
        if (r >= 0)
                return;
        if (ask) {
                DL_DELETE(a->asks, ask);
                free(ask);
        }
        dispatch(a,
                 &(WorkerEvent){ .type = ON_ANSWERED, .ticket = e->ticket, .text = strerror(-r) });
}

static void do_send(Actor *a, const WorkerEffect *e)
{
        RpcConn *conn = rpc_find(a->rpc, e->conn);
        int r = conn ? rpc_tell(conn, "Master", e->message) : 0;

        if (r < 0)
                log_warning("Could not send %s to %s: %s", message_type_name(e->message->type),
                            rpc_conn_peer(conn), strerror(-r));
}

static void do_close(Actor *a, const WorkerEffect *e)
{
        RpcConn *conn = rpc_find(a->rpc, e->conn);

        if (conn)
                rpc_conn_close(conn, e->text ? e->text : "not needed any more");
}

/* ---- the rest of the effects ---- */

static bool same_names(const Strv *a, const Strv *b)
{
        for (size_t i = 0; i < a->length && i < b->length; i++)
                if (strcmp(a->items[i], b->items[i]) != 0)
                        return false;
        return a->length == b->length;
}

/* Tells the machine what there is: 1 when it is other than before, 0 or -errno. */
static int update_engines(Actor *a)
{
        const Engines *engines = launcher_engines(a->launcher);
        Strv names = { 0 };
        int r = engine_names(engines, &names);

        if (r < 0) {
                strv_done(&names);
                return r;
        }
        r = !same_names(&names, &a->engine_names);
        /* The machine borrows the new names before the old ones go. */
        registration_set_engines(
                &a->worker.registration, engines_lines(engines),
                (StringSeq){ .items = (const char **)names.items, .length = names.length });
        strv_done(&a->engine_names);
        a->engine_names = names;
        return r;
}

static void do_rescan(Actor *a)
{
        int r = launcher_rescan(a->launcher);

        if (r == 0)
                r = update_engines(a);
        if (r < 0) {
                log_warning("Could not look for engines: %s", strerror(-r));
        } else if (r > 0) {
                CLEANUP_FREE char *names = strv_join(&a->engine_names, ", ");

                log_info("The engines here are now %s.", names && *names ? names : "none");
                dispatch(a, &(WorkerEvent){ .type = ON_ENGINES });
        }
}

static void do_launch(Actor *a, const WorkerEffect *e)
{
        const Registration *r = &a->worker.registration;
        Executor *executor;

        if (e->message->type == MSG_LAUNCH_DRIVER) {
                launcher_start_driver(a->launcher, e->child, e->message, r->sparkd, r->lines);
                return;
        }
        executor = executors_find(&a->worker.executors, e->child);
        if (executor && !executor->app->command)
                executor->app->command = command_text(
                        a->config->redaction, &e->message->launch_executor.app_desc.command);
        launcher_start(a->launcher, e->child, e->message, r->sparkd, r->lines);
}

static void carry_out(Actor *a, const WorkerEffect *e)
{
        switch (e->type) {
        case DO_DIAL:
                do_dial(a, e);
                break;
        case DO_IDENTIFY:
                do_identify(a, e);
                break;
        case DO_SEND:
                do_send(a, e);
                break;
        case DO_ASK:
                do_ask(a, e);
                break;
        case DO_CLOSE:
                do_close(a, e);
                break;
        case DO_RESCAN:
                do_rescan(a);
                break;
        case DO_LAUNCH:
                do_launch(a, e);
                break;
        case DO_CANCEL:
                launcher_cancel_driver(a->launcher, e->child);
                break;
        case DO_SIGNAL:
                do_signal(a, e);
                break;
        case DO_CLEAN_APP:
                launcher_forget_app(a->launcher, e->text);
                break;
        case DO_KEEP:
        case DO_DROP: /* done already: they come first */
                break;
        case DO_EXIT:
                (void)sd_event_exit(a->event, e->status);
                break;
        case DO_LOG:
                log_with_fields(e->level, &e->fields, "%s", e->text);
                break;
        }
}

/* ---- the turn ---- */

static void arm_timer(Actor *a)
{
        uint64_t deadline = worker_deadline(&a->worker);

        if (deadline == UINT64_MAX) {
                (void)sd_event_source_set_enabled(a->timer, SD_EVENT_OFF);
                return;
        }
        (void)sd_event_source_set_time(a->timer, deadline);
        (void)sd_event_source_set_enabled(a->timer, SD_EVENT_ONESHOT);
}

static void tell_status(const Actor *a)
{
        const Worker *w = &a->worker;

        daemon_notify_status("%s%s, %zu executors, %zu drivers, %" PRId64 " of %" PRId32 " cores",
                             w->registration.connected ? "Registered with "
                                                       : "No master; last was ",
                             w->registration.url ? w->registration.url : "none",
                             executors_running(&w->executors), drivers_running(&w->drivers),
                             worker_cores_used(w), w->config->registration.cores);
}

/* One event through the machine and its effects into the world. An effect may bring about the next
 * event at once; the machine is done with this one by then. */
static void dispatch(Actor *a, const WorkerEvent *event)
{
        CLEANUP_WORKER_EFFECTS WorkerEffects fx;

        worker_effects_init(&fx);
        worker_handle(&a->worker, event, clock_usec(), &fx);
        if (fx.failed) {
                log_error("Out of memory; ending.");
                (void)sd_event_exit(a->event, EX_OSERR);
                return;
        }
        (void)keep_effects(a->config->keep, &fx);
        for (const WorkerEffect *e = fx.first; e; e = e->next)
                carry_out(a, e);
        /* A master that came to us watches nothing. */
        unwatch(a, a->worker.registration.conn);
        arm_timer(a);
        if (event->type != ON_TICK && event->type != ON_ANSWERED)
                tell_status(a);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *user)
{
        dispatch(user, &(WorkerEvent){ .type = ON_TICK });
        return 0;
}

/* ---- clean-up of old work ---- */

typedef struct CleanWork {
        const char *work_dir;
        Strv keep;
        int64_t cutoff;
} CleanWork;

/* Says how many have gone, and on a line each what is left. */
static int clean_work(void *arg, int fd)
{
        const CleanWork *work = arg;
        CLEANUP_STRV Strv left = { 0 };
        int n = workdir_clean(work->work_dir, &work->keep, work->cutoff, &left);

        if (n < 0)
                return EXIT_FAILURE;
        (void)dprintf(fd, "%d\n", n);
        for (size_t i = 0; i < left.length; i++)
                (void)dprintf(fd, "%s\n", left.items[i]);
        return EXIT_SUCCESS;
}

static void on_cleaned(void *user, const char *output)
{
        const char *end = strrchr(output, '\n'); /* what is behind it was cut */
        CLEANUP_FREE char *whole = end ? strndup(output, (size_t)(end - output)) : NULL;
        char *rest = whole, *line = strsep(&rest, "\n");
        CLEANUP_STRV Strv left = { 0 };
        Actor *a = user;

        if (!line) {
                log_warning("Could not clean up old work directories.");
                return;
        }
        if (strcmp(line, "0") != 0)
                log_info("Removed %s old work directories.", line);
        while ((line = strsep(&rest, "\n")))
                (void)strv_add(&left, line);
        if (left.length)
                launcher_remove(a->launcher, &left);
}

static int on_clean(sd_event_source *source, uint64_t usec, void *user)
{
        Actor *a = user;
        const WorkerSettings *s = a->config->settings;
        CleanWork work = { .work_dir = a->config->work_dir };
        int r = 0;

        work.cutoff = (int64_t)time(NULL) - (int64_t)(s->cleanup_age_usec / 1000000);
        for (const Executor *e = a->worker.executors.running; r == 0 && e; e = e->hh.next)
                r = strv_add(&work.keep, e->app->id);
        for (const Driver *d = a->worker.drivers.running; r == 0 && d; d = d->hh.next)
                r = strv_add(&work.keep, d->id);
        if (r == 0)
                r = helper_run(a->event, clean_work, &work, CLEAN_SECONDS, on_cleaned, a, NULL);
        if (r < 0)
                log_warning("Could not clean up old work directories: %s", strerror(-r));
        strv_done(&work.keep);
        (void)sd_event_source_set_time(source, usec + s->cleanup_interval_usec);
        (void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        return 0;
}

/* ---- life ---- */

static int open_all(Actor *a, const WorkerConfig *worker, char **ret_problem)
{
        static const char *const endpoints[] = { "Worker", NULL };
        const WorkerSettings *s = a->config->settings;
        const RpcOptions options = { .endpoints = endpoints,
                                     .self = { .host = worker->registration.host,
                                               .port = worker->registration.port },
                                     .default_line = LINE_MAX - 1 };
        int r = worker_init(&a->worker, worker);

        if (r == 0)
                r = backend_choose(a->event, s, a->config->budget, &backend_handlers, a, &a->choice,
                                   ret_problem);
        if (r == 0)
                r = launcher_new(a->event, a->config, &a->choice, on_launch_failed, a,
                                 &a->launcher);
        if (r == 0)
                r = update_engines(a);
        if (r >= 0)
                r = keep_load(a->config->keep, &a->worker, launcher_adopt_dirs, a->launcher);
        if (r >= 0)
                r = reaper_new(a->event, on_child_ended, a, &a->reaper);
        if (r == 0)
                r = resolver_new(a->event, &a->resolver);
        if (r == 0)
                r = rpc_new(a->event, &options, &rpc_handlers, a, &a->rpc);
        if (r == 0)
                r = sd_event_add_time(a->event, &a->timer, CLOCK_MONOTONIC, UINT64_MAX, 0, on_timer,
                                      a);
        if (r >= 0)
                r = sd_event_add_time(a->event, &a->cleaner, CLOCK_MONOTONIC,
                                      clock_usec() + s->cleanup_interval_usec, 0, on_clean, a);
        if (r >= 0 && !s->cleanup)
                r = sd_event_source_set_enabled(a->cleaner, SD_EVENT_OFF);
        return r < 0 ? r : 0;
}

int actor_new(sd_event *event, const WorkerConfig *worker, const LauncherConfig *launcher,
              Actor **ret, char **ret_problem)
{
        Actor *a = calloc(1, sizeof(*a));
        int r;

        if (!a)
                return -ENOMEM;
        a->event = sd_event_ref(event);
        a->config = launcher;
        r = open_all(a, worker, ret_problem);
        if (r < 0) {
                actor_free(a);
                return r;
        }
        *ret = a;
        return 0;
}

void actor_free(Actor *a)
{
        Ask *ask, *ask_next;
        Watch *watch, *watch_next;

        if (!a)
                return;
        (void)sd_event_source_disable_unref(a->timer);
        (void)sd_event_source_disable_unref(a->cleaner);
        reaper_free(a->reaper);
        backend_free(a->choice.backend);
        a->choice.backend = NULL;
        resolver_free(a->resolver);
        rpc_free(a->rpc);
        DL_FOREACH_SAFE (a->asks, ask, ask_next)
                free(ask);
        HASH_ITER (hh, a->watched, watch, watch_next) {
                HASH_DEL(a->watched, watch);
                free(watch);
        }
        launcher_free(a->launcher);
        backend_choice_done(&a->choice);
        worker_done(&a->worker);
        strv_done(&a->engine_names);
        (void)sd_event_unref(a->event);
        free(a);
}

void actor_free_pointer(Actor **a)
{
        actor_free(*a);
        *a = NULL;
}

int actor_listen(Actor *a, int fd)
{
        return rpc_listen(a->rpc, fd);
}

/* ---- from one process to the next ---- */

/* True when the connections of the process before are ours, and its tie to the master with them. */
static bool resume(Actor *a)
{
        CLEANUP_WORKER_EFFECTS WorkerEffects fx;
        json_t *saved = NULL;
        int r = handover_restore(a->rpc, &saved);

        worker_effects_init(&fx);
        if (r == 1)
                r = registration_resume(&a->worker.registration,
                                        json_object_get(saved, "registration"), clock_usec(), &fx);
        else if (r == 0)
                r = -ENOENT;
        json_decref(saved);
        if (r < 0 && r != -ENOENT)
                log_warning("Cannot take over from the process before: %s", strerror(-r));
        for (const WorkerEffect *e = fx.first; (r == 0 || r == -ENOENT) && e; e = e->next)
                carry_out(a, e);
        return r == 0;
}

/* The unit is restarted: executors go on, if they are units of their own, and nobody else notices.
 * False when this is not so. */
static bool leave(Actor *a)
{
        CLEANUP_WORKER_EFFECTS WorkerEffects fx;
        int r;

        worker_effects_init(&fx);
        if (!a->config->keep || !backend_is_lasting(a->choice.backend) || unit_is_restarting() <= 0)
                return false;
        registration_close_others(&a->worker.registration, &fx);
        for (const WorkerEffect *e = fx.first; e; e = e->next)
                carry_out(a, e);
        r = handover_save(a->rpc, json_pack("{s:o}", "registration",
                                            registration_save(&a->worker.registration)));
        if (r < 0)
                log_warning("Connections end with this process: %s", strerror(-r));
        log_notice("Restarting; executors and drivers go on.");
        launcher_leave(a->launcher);
        (void)sd_event_exit(a->event, EXIT_SUCCESS);
        return true;
}

/* The order matters: what was kept is there, then what runs is told, then what is missing can be
 * said; and only then does the master hear of it. */
void actor_start(Actor *a)
{
        bool resumed = resume(a);
        int r = backend_list(a->choice.backend);

        if (r < 0)
                log_warning("Could not look for what an earlier worker left running: %s",
                            strerror(-r));
        else
                dispatch(a, &(WorkerEvent){ .type = ON_LISTED });
        /* Engines and limits may be others now. */
        dispatch(a, &(WorkerEvent){ .type = resumed ? ON_ENGINES : ON_START });
}

void actor_reload(Actor *a)
{
        const WorkerSettings *s = a->config->settings;

        do_rescan(a);
        if (a->cleaner && s->cleanup)
                (void)sd_event_source_set_time(a->cleaner, clock_usec() + s->cleanup_interval_usec);
        if (a->cleaner)
                (void)sd_event_source_set_enabled(a->cleaner,
                                                  s->cleanup ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

void actor_terminate(void *user, int signal)
{
        Actor *a = user;

        if (a->stopping) {
                log_notice("Ending at once.");
                (void)sd_event_exit(a->event, EXIT_SUCCESS);
                return;
        }
        a->stopping = true;
        log_info("Ending because of signal %d.", signal);
        daemon_notify_stopping();
        if (leave(a))
                return;
        /* The next start is that of another worker, as ever with Spark. */
        (void)keep_set_worker_id(a->config->keep, NULL, 0, NULL);
        dispatch(a, &(WorkerEvent){ .type = ON_STOP });
}

const Worker *actor_worker(const Actor *a)
{
        return &a->worker;
}

const BackendChoice *actor_backend(const Actor *a)
{
        return &a->choice;
}

const Engines *actor_engines(const Actor *a)
{
        return launcher_engines(a->launcher);
}
