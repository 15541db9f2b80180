/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spark-worker: settings, engines, sockets, the actor and the web UI on one event loop.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <systemd/sd-daemon.h>
#include <sysexits.h>
#include <time.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "daemons/common/daemon.h"
#include "daemons/common/message-ids.h"
#include "daemons/common/reload.h"
#include "daemons/worker/actor.h"
#include "daemons/worker/config.h"
#include "daemons/worker/resources.h"
#include "daemons/worker/ui.h"
#include "store/store.h"

#define HEARTBEATS_PER_TIMEOUT 4

/* Everything that is found out before the loop starts. */
typedef struct Start {
        WorkerSettings *settings;
        const Options *options;
        HostPort *masters;
        size_t n_masters;
        char *host;       /* what peers call us */
        int fd, webui_fd; /* listening */
        uint16_t port, webui_port;
        char *web_ui_url, *worker_id, *work_dir;
        Strv environment;
        Redaction redaction;
        Arena arena; /* of what follows */
        ResourceMap resources;
        StringMap ssl_settings;
        Budget budget;
        Keep *keep; /* NULL: nothing outlives us */
} Start;

static void start_done(Start *s)
{
        free(s->masters);
        free(s->host);
        close_fd(&s->fd);
        close_fd(&s->webui_fd);
        free(s->web_ui_url);
        free(s->worker_id);
        free(s->work_dir);
        strv_done(&s->environment);
        redaction_done(&s->redaction);
        arena_done(&s->arena);
        s->keep = keep_close(s->keep);
}

/* Logs why we cannot start and returns the exit status for it. */
static int give_up(const char *problem, int status)
{
        log_with_fields(LOG_ERR, &(LogFields){ .message_id = MESSAGE_CANNOT_START },
                        "spark-worker cannot start: %s", problem ? problem : "out of memory");
        return status;
}

/* ---- what the settings amount to ---- */

static int find_masters(Start *s)
{
        const char *url =
                s->options->arguments.length ? s->options->arguments.items[0] : s->settings->master;
        const char *problem = NULL;

        if (!url) {
                fprintf(stderr, "spark-worker: which master? Give spark://HOST:PORT, or set "
                                "`master` in the section [worker]. See --help.\n");
                return EX_USAGE;
        }
        if (spark_url_parse(url, &s->masters, &s->n_masters, &problem) == 0)
                return 0;
        fprintf(stderr, "spark-worker: %s: %s\n", url, problem ? problem : "too many masters");
        return s->options->arguments.length ? EX_USAGE : EX_CONFIG;
}

static int check_engines(const Start *s)
{
        CLEANUP_ENGINES Engines engines = { 0 };
        CLEANUP_FREE char *problem = NULL;
        char lines[LINES_TEXT_MAX];
        const WorkerSettings *set = s->settings;
        int r = worker_find_engines(set, &engines);

        if (r < 0)
                return give_up(strerror(-r), EX_OSERR);
        for (size_t i = 0; i < engines.length; i++)
                log_info("Engine: Spark %s (Scala %s) in %s%s", engines.items[i].version,
                         engines.items[i].scala, engines.items[i].home,
                         engines.items[i].line == LINE_INVALID ? ", which is not served" : "");
        if (engines_lines(&engines))
                return 0;
        if (set->engines) {
                log_warning("There is no Spark to run executors from in %s yet; spark-engine "
                            "installs one.",
                            set->engines);
                return 0;
        }
        if (asprintf(&problem,
                     "no Spark to run executors from: SPARK_HOME is %s and `engines` is not set; "
                     "one of them must lead to a Spark of a version that is served (%s)",
                     set->spark_home ? set->spark_home : "not set",
                     lines_text(LINES_ALL, lines)) < 0)
                problem = NULL;
        return give_up(problem, EX_CONFIG);
}

/* Our control group, as "/a/b"; where systemd is PID 1 executors are not in it. */
static char *group_above(const WorkerSettings *s)
{
        const bool own = strcmp(s->limits, "auto") == 0 ? sd_booted() <= 0
                                                        : strcmp(s->limits, "systemd") != 0;
        CLEANUP_FREE char *text = NULL;
        const char *line;
        size_t size;

        if (!own || file_read("/proc/self/cgroup", KIB(16), &text, &size) < 0)
                return strdup("");
        line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
        line = line ? strchr(line, '/') : NULL;
        return line ? strndup(line, strcspn(line, "\n")) : strdup("");
}

static int make_budget(Start *s)
{
        CLEANUP_FREE char *group = group_above(s->settings), *problem = NULL;
        int r = group ? budget_find(s->settings, budget_host_memory("/sys/fs/cgroup", group),
                                    &s->budget, &problem)
                      : -ENOMEM;

        return r < 0 ? give_up(problem, r == -ENOMEM ? EX_OSERR : EX_CONFIG) : 0;
}

static int make_work_dir(Start *s)
{
        CLEANUP_FREE char *path = worker_work_dir(s->settings), *problem = NULL;
        int r = path ? dir_make(path, 0755) : -ENOMEM;

        if (r == 0 && access(path, W_OK) < 0)
                r = -errno;
        if (r == 0) {
                s->work_dir = realpath(path, NULL);
                r = s->work_dir ? 0 : -errno;
        }
        if (r == 0)
                return 0;
        if (asprintf(&problem, "work directory %s: %s", path ? path : "", strerror(-r)) < 0)
                problem = NULL;
        return give_up(problem, EX_CANTCREAT);
}

static int add_ssl_setting(void *user, const char *key, const char *value)
{
        Start *s = user;
        StringPair *items = arena_new_array(&s->arena, s->ssl_settings.length + 1, StringPair);

        if (!items)
                return -ENOMEM;
        if (s->ssl_settings.length)
                memcpy(items, s->ssl_settings.items, s->ssl_settings.length * sizeof(*items));
        items[s->ssl_settings.length] = (StringPair){ .key = arena_strdup(&s->arena, key),
                                                      .value = arena_strdup(&s->arena, value) };
        s->ssl_settings.items = items;
        s->ssl_settings.length++;
        return 0;
}

static int gather(Start *s)
{
        CLEANUP_FREE char *problem = NULL;
        int r = redaction_init(&s->redaction, s->settings->redaction);

        for (char **e = environ; r == 0 && *e; e++)
                r = strv_add(&s->environment, *e);
        if (r == 0)
                r = options_each(s->options, "spark.ssl.", add_ssl_setting, s);
        if (r < 0)
                return give_up(strerror(-r), EX_OSERR);
        r = resources_load(&s->arena, s->options, s->settings->resources_file, &s->resources,
                           &problem);
        return r < 0 ? give_up(problem ? problem : strerror(-r), EX_CONFIG) : 0;
}

/* ---- sockets ---- */

static int open_sockets(Start *s)
{
        const WorkerSettings *set = s->settings;
        CLEANUP_FREE char *problem = NULL;
        int r;

        s->host = set->host ? daemon_url_host(set->host) : daemon_local_host();
        r = s->host ? daemon_open_socket("rpc", s->host, set->port, &s->fd, &s->port, &problem)
                    : -ENOMEM;
        if (r == 0)
                r = daemon_open_socket("webui", set->webui_host, set->webui_port, &s->webui_fd,
                                       &s->webui_port, &problem);
        if (r == 0 && asprintf(&s->web_ui_url, "http://%s:%u", daemon_public_host(s->host),
                               s->webui_port) < 0) {
                s->web_ui_url = NULL; /* asprintf() leaves it undefined */
                r = -ENOMEM;
        }
        if (r != 0)
                return give_up(problem ? problem : strerror(-r), daemon_exit_status(r));
        return 0;
}

/* ---- state ---- */

static int open_state(Start *s)
{
        CLEANUP_FREE char *dir = NULL, *problem = NULL;
        int r = worker_state_dir(s->settings, &dir);

        if (r == 0)
                r = keep_open(dir, &s->keep, &problem);
        if (r == -ENOENT && !dir) {
                log_info("There is no state directory: executors end with this worker.");
                return 0;
        }
        if (r == 0)
                return 0;
        return give_up(problem, r == STORE_E_HELD ? EX_TEMPFAIL : r > 0 ? EX_CONFIG : EX_OSERR);
}

/* The worker is the one that it was, unless that was stopped in order or had another address. */
static int find_id(Start *s)
{
        int r = 0;

        s->worker_id = keep_worker_id(s->keep, s->host, s->port);
        if (!s->worker_id)
                r = worker_make_id(s->settings->id_pattern, (int64_t)time(NULL), s->host, s->port,
                                   &s->worker_id);
        if (r == 0)
                r = keep_set_worker_id(s->keep, s->host, s->port, s->worker_id);
        return r == -ENOMEM ? give_up(NULL, EX_OSERR) : 0;
}

/* ---- running ---- */

/* 0.5 .. 1.5, so that workers do not come all at once. */
static double draw_jitter(void)
{
        uint32_t bits = UINT32_MAX / 2;

        (void)!getrandom(&bits, sizeof(bits), GRND_NONBLOCK);
        return 0.5 + bits / 4294967296.0;
}

static WorkerConfig worker_config(const Start *s)
{
        const WorkerSettings *set = s->settings;
        const Budget *budget = &s->budget;

        return (WorkerConfig){
                .registration = {
                        .masters = s->masters,
                        .n_masters = s->n_masters,
                        .worker_id = s->worker_id,
                        .host = s->host,
                        .port = s->port,
                        .cores = budget->cores,
                        .memory_mb = budget->memory_mb,
                        .limits_overhead_percent = budget->policy.overhead_percent,
                        .limits_overhead_min_mb = budget->policy.overhead_min_mb,
                        .web_ui_url = s->web_ui_url,
                        .resources = &s->resources,
                        .heartbeat_usec = set->timeout_usec / HEARTBEATS_PER_TIMEOUT,
                        .initial_retries = (unsigned)set->initial_retries,
                        .max_retries = (unsigned)set->max_retries,
                        .jitter = draw_jitter(),
                        .prefer_configured_address = set->prefer_configured_address,
                },
                .executors = {
                        .worker_id = s->worker_id,
                        .sync_attempts = (unsigned)set->sync_attempts,
                        .sync_pause_usec = set->ask_timeout_usec,
                        .terminate_usec = set->terminate_usec,
                        .retained = (unsigned)set->retained_executors,
                },
                .drivers = {
                        .worker_id = s->worker_id,
                        .terminate_usec = set->driver_terminate_usec,
                        .retained = (unsigned)set->retained_drivers,
                },
                .decommission_enabled = set->decommission,
        };
}

/* What signals are for. */
typedef struct Running {
        Start *start;
        WorkerConfig *worker;
        Actor *actor;
} Running;

static void terminate(void *user, int signal)
{
        const Running *running = user;

        actor_terminate(running->actor, signal);
}

static void reload(void *user)
{
        const Running *running = user;
        WorkerSettings *set = running->start->settings;

        if (reload_settings(running->start->options, set, sizeof(*set))) {
                log_set_level(log_level_from_name(set->log_level));
                running->worker->executors.terminate_usec = set->terminate_usec;
                running->worker->executors.retained = (unsigned)set->retained_executors;
                running->worker->drivers.terminate_usec = set->driver_terminate_usec;
                running->worker->drivers.retained = (unsigned)set->retained_drivers;
        }
        actor_reload(running->actor);
}

/* Says how executors run, and lets our own master know what there is for them. */
static void tell_limits(const Start *s, const BackendChoice *choice, WorkerConfig *worker)
{
        const char *user = choice->identity.user;
        const Budget *b = &s->budget;

        if (!backend_has_limits(choice->backend)) {
                log_warning("Executors run as %s without limits%s%s.", user ? user : "ourselves",
                            choice->why ? ": " : "", choice->why ? choice->why : "");
                return;
        }
        worker->registration.limits_memory_mb = b->ceiling >> 20;
        log_info("Executors run as %s; by %s, all together have %" PRIu64 " of this host's %" PRIu64
                 " MiB, heap and overhead.",
                 user ? user : "ourselves", backend_name(choice->backend), b->ceiling >> 20,
                 b->host >> 20);
}

static int serve(Start *s)
{
        WorkerConfig worker = worker_config(s);
        const LauncherConfig launcher = { .settings = s->settings,
                                          .environment = &s->environment,
                                          .work_dir = s->work_dir,
                                          .worker_id = s->worker_id,
                                          .host = s->host,
                                          .port = s->port,
                                          .web_ui_url = s->web_ui_url,
                                          .ssl_settings = &s->ssl_settings,
                                          .redaction = &s->redaction,
                                          .budget = &s->budget,
                                          .keep = s->keep };
        CLEANUP(sd_event_unrefp) sd_event *event = NULL;
        CLEANUP(actor_free_pointer) Actor *actor = NULL;
        CLEANUP(http_server_free_pointer) HttpServer *server = NULL;
        CLEANUP_FREE char *problem = NULL;
        Running running = { .start = s, .worker = &worker };
        const DaemonHandlers handlers = { .terminate = terminate,
                                          .reload = reload,
                                          .user = &running };
        Ui ui = { .work_dir = s->work_dir, .budget = &s->budget };
        int r = daemon_event_new(&handlers, &event);

        if (r == 0)
                r = actor_new(event, &worker, &launcher, &actor, &problem);
        if (r < 0)
                return give_up(problem ? problem : strerror(-r),
                               r == -EINVAL ? EX_CONFIG : EX_UNAVAILABLE);
        running.actor = actor;
        tell_limits(s, actor_backend(actor), &worker);
        if (r == 0)
                r = actor_listen(actor, TAKE_FD(s->fd));
        if (r == 0) {
                ui.worker = actor_worker(actor);
                ui.backend = actor_backend(actor)->backend;
                r = http_server_new(event, TAKE_FD(s->webui_fd), ui_handle, &ui, &server);
        }
        if (r < 0)
                return give_up(strerror(-r), EX_OSERR);
        log_info("spark-worker %s %s on %s:%u, web UI on %s: %" PRId32 " cores, %" PRId32
                 " MiB, work in %s",
                 PACKAGE_VERSION, s->worker_id, s->host, s->port, s->web_ui_url,
                 worker.registration.cores, worker.registration.memory_mb, s->work_dir);
        daemon_notify_ready("Looking for a master");
        actor_start(actor);
        r = sd_event_loop(event);
        daemon_notify_stopping();
        log_info("spark-worker ends");
        return r < 0 ? EX_OSERR : r;
}

static int run(WorkerSettings *settings, const Options *options)
{
        CLEANUP(start_done)
        Start s = { .settings = settings, .options = options, .fd = -1, .webui_fd = -1 };
        int r;

        arena_init(&s.arena, MIB(16));
        log_set_level(log_level_from_name(settings->log_level));
        r = find_masters(&s);
        if (r == 0)
                r = check_engines(&s);
        if (r == 0)
                r = gather(&s);
        if (r == 0)
                r = make_budget(&s);
        if (r == 0)
                r = make_work_dir(&s);
        if (r == 0)
                r = open_sockets(&s);
        if (r == 0)
                r = open_state(&s);
        if (r == 0)
                r = find_id(&s);
        if (r != 0)
                return r;
        r = daemon_raise_nofile();
        if (r < 0)
                log_warning("The limit of open files stays as it is: %s", strerror(-r));
        return serve(&s);
}

int main(int argc, char **argv)
{
        CLEANUP_OPTIONS Options options = { 0 };
        WorkerSettings settings = { 0 };
        int r;

        r = options_load(&options, &worker_options, argc, argv, &settings);
        if (r != 0) {
                r = options_report(&options, &worker_options, r);
        } else {
                for (size_t i = 0; i < options.warnings.length; i++)
                        log_warning("%s", options.warnings.items[i]);
                r = run(&settings, &options);
        }
        options_config_done(&worker_options, &settings);
        return r;
}
