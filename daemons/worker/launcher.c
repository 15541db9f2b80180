/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/worker/launcher.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/problem.h"
#include "daemons/common/helper.h"
#include "daemons/common/version-query.h"
#include "daemons/worker/executor-command.h"
#include "daemons/worker/launcher-internal.h"

/* A driver answers when its SparkContext is nearly up, which on a busy host takes a while; it has
 * no work for executors before. */
#define QUERY_SECONDS 30

/* How long a master waits to be told that there is no room for the limits. */
#define REFUSE_USEC (UINT64_C(5) * 1000000)

/* A launch that waits for its driver's answer. */
struct Launch {
        Launcher *launcher;
        char *executor;
        Arena arena; /* of the message */
        Message message;
        bool sparkd;
        LineSet lines;
        Helper *helper;
        Launch *prev, *next;
};

/* What drivers have said, so that each is asked once. */
struct AppVersion {
        char *app_id;
        char version[VERSION_MAX]; /* "" when it did not say */
        UT_hash_handle hh;
};

/* ---- what was not started ---- */

/* One whose end is told later. */
struct Refusal {
        Launcher *launcher;
        char *child, *problem;
        sd_event_source *timer;
        Refusal *prev, *next;
};

static void refusal_free(Refusal *refusal)
{
        DL_DELETE(refusal->launcher->refusals, refusal);
        (void)sd_event_source_disable_unref(refusal->timer);
        free(refusal->child);
        free(refusal->problem);
        free(refusal);
}

static int on_refusal(sd_event_source *source, uint64_t usec, void *user)
{
        Refusal *refusal = user;
        Launcher *l = refusal->launcher;
        CLEANUP_FREE char *child = TAKE_PTR(refusal->child);
        CLEANUP_FREE char *problem = TAKE_PTR(refusal->problem);

        refusal_free(refusal);
        l->failed(l->user, child, problem);
        return 0;
}

static bool refuse_later(Launcher *l, const char *child, const char *problem)
{
        Refusal *refusal = calloc(1, sizeof(*refusal));

        if (!refusal)
                return false;
        refusal->launcher = l;
        DL_APPEND(l->refusals, refusal);
        refusal->child = strdup(child);
        refusal->problem = strdup(problem);
        if (refusal->child && refusal->problem &&
            sd_event_add_time_relative(l->event, &refusal->timer, CLOCK_MONOTONIC, REFUSE_USEC, 0,
                                       on_refusal, refusal) >= 0)
                return true;
        refusal_free(refusal);
        return false;
}

void launcher_fail(Launcher *l, const char *child, int result, const char *problem)
{
        const char *text = problem ? problem : strerror(-result);

        if (result != -EDQUOT || !refuse_later(l, child, text))
                l->failed(l->user, child, text);
}

/* ---- life ---- */

/* The Java that `java` in PATH stands for, else Debian's default. */
static char *find_java_home(const Strv *environment)
{
        const char *path = strv_env_get(environment, "PATH");
        CLEANUP_STRV Strv dirs = { 0 };

        if (path && strv_split(&dirs, path, ":") < 0)
                return NULL;
        for (size_t i = 0; i < dirs.length; i++) {
                CLEANUP_FREE char *java = path_join(dirs.items[i], "java"), *target = NULL;
                size_t n;

                if (!java || access(java, X_OK) < 0)
                        continue;
                target = realpath(java, NULL);
                n = target ? strlen(target) : 0;
                if (n > strlen("/bin/java") &&
                    strcmp(target + n - strlen("/bin/java"), "/bin/java") == 0)
                        return strndup(target, n - strlen("/bin/java"));
        }
        return strdup("/usr/lib/jvm/default-java");
}

int launcher_new(sd_event *event, const LauncherConfig *config, const BackendChoice *choice,
                 LaunchFailed failed, void *user, Launcher **ret)
{
        Launcher *l = calloc(1, sizeof(*l));
        int r;

        if (!l)
                return -ENOMEM;
        l->event = sd_event_ref(event);
        l->config = config;
        l->backend = choice->backend;
        l->identity = &choice->identity;
        l->group = choice->identity.user ? choice->identity.gid : SHARE_NOBODY;
        l->failed = failed;
        l->user = user;
        l->java_home = find_java_home(config->environment);
        l->remover = remover_new(event, choice->backend);
        r = l->java_home && l->remover ? local_dirs_init(&l->local_dirs, config->environment,
                                                         config->settings->local_dir)
                                       : -ENOMEM;
        l->local_dirs.group = l->group;
        if (r == 0)
                r = launcher_rescan(l);
        if (r == 0 && share_open_way(config->work_dir, l->group) < 0)
                log_warning("%s, who runs executors, cannot reach %s: %s", l->identity->user,
                            config->work_dir, strerror(errno));
        if (r < 0) {
                launcher_free(l);
                return r;
        }
        *ret = l;
        return 0;
}

static void launch_free(Launch *launch)
{
        DL_DELETE(launch->launcher->waiting, launch);
        helper_free(launch->helper);
        arena_done(&launch->arena);
        free(launch->executor);
        free(launch);
}

void launcher_free(Launcher *l)
{
        Launch *launch, *launch_next;
        AppVersion *version, *version_next;
        Refusal *refusal, *refusal_next;

        if (!l)
                return;
        launcher_forget_drivers(l);
        DL_FOREACH_SAFE (l->waiting, launch, launch_next)
                launch_free(launch);
        HASH_ITER (hh, l->versions, version, version_next) {
                HASH_DEL(l->versions, version);
                free(version->app_id);
                free(version);
        }
        DL_FOREACH_SAFE (l->refusals, refusal, refusal_next)
                refusal_free(refusal);
        remover_free(l->remover);
        engines_done(&l->engines);
        if (l->local_dirs.bases.length)
                for (const AppDirs *app = l->local_dirs.apps; app; app = app->hh.next)
                        (void)keep_local_dirs(l->config->keep, app->app_id, NULL);
        local_dirs_done(&l->local_dirs);
        free(l->java_home);
        (void)sd_event_unref(l->event);
        free(l);
}

const Engines *launcher_engines(const Launcher *l)
{
        return &l->engines;
}

int launcher_rescan(Launcher *l)
{
        Engines found = { 0 };
        int r = worker_find_engines(l->config->settings, &found);

        if (r < 0)
                return r;
        engines_done(&l->engines);
        l->engines = found;
        return 0;
}

const Engine *launcher_engine(Launcher *l, const EngineWish *wish, const char *version,
                              char **ret_problem)
{
        const Engine *engine = engine_for(wish, version, &l->engines);

        /* One may have been installed since. */
        if (!engine && launcher_rescan(l) == 0)
                engine = engine_for(wish, version, &l->engines);
        if (!engine)
                *ret_problem = engine_missing_text(wish, version, &l->engines);
        return engine;
}

/* ---- starting ---- */

static bool is_directory(const char *path)
{
        struct stat st;

        return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The engine's slf4j-api jar: from 4.0 on Spark puts it before the others. NULL when there is none
 * to put there. */
static char *slf4j_jar(const Engine *engine)
{
        CLEANUP_FREE char *jars = path_join(engine->home, "jars");
        DIR *dir = engine->line < LINE_4_0 || !jars ? NULL : opendir(jars);
        struct dirent *entry;
        char *found = NULL;

        if (!dir)
                return NULL;
        while (!found && (entry = readdir(dir)))
                if (strncmp(entry->d_name, "slf4j-api-", strlen("slf4j-api-")) == 0)
                        found = path_join(jars, entry->d_name);
        (void)closedir(dir);
        return found;
}

static char *java_opts(const Launcher *l, const Command *command, const Engine *engine)
{
        CLEANUP_FREE char *conf = command_conf_dir(command, l->config->environment, engine->home);
        CLEANUP_FREE char *path = conf ? path_join(conf, "java-opts") : NULL;
        char *text = NULL;
        size_t size;

        return path && file_read(path, LIMIT_CONFIG_FILE_BYTES, &text, &size) == 0 ? text : NULL;
}

char *launcher_log_url(const Launcher *l, const char *proxied, const char *query)
{
        const WorkerSettings *s = l->config->settings;
        const char *base = s->reverse_proxy_url ? s->reverse_proxy_url : "";
        size_t n = strlen(base);
        char *url = NULL;
        int r;

        if (s->reverse_proxy)
                r = asprintf(&url, "%.*s/proxy/%s/logPage/?%s&logType=",
                             (int)(n && base[n - 1] == '/' ? n - 1 : n), base, proxied, query);
        else
                r = asprintf(&url, "%s/logPage/?%s&logType=", l->config->web_ui_url, query);
        return r < 0 ? NULL : url;
}

int site_init(Site *s, const Launcher *l, const Command *command, const Engine *engine)
{
        *s = (Site){ .slf4j = slf4j_jar(engine), .java_opts = java_opts(l, command, engine) };
        s->java = (JavaSite){ .environment = l->config->environment,
                              .spark_home = engine->home,
                              .scala = engine->scala,
                              .slf4j_jar = s->slf4j,
                              .java_home = l->java_home,
                              .java_opts = s->java_opts,
                              .is_directory = is_directory,
                              .ssl_settings = l->config->ssl_settings };
        if (asprintf(&s->worker_url, "spark://Worker@%s:%u", l->config->host, l->config->port) < 0)
                s->worker_url = NULL;
        return s->worker_url ? 0 : -ENOMEM;
}

void site_done(Site *s)
{
        free(s->slf4j);
        free(s->java_opts);
        free(s->worker_url);
}

/* What systemd sets for its services, for children of ours who are somebody else. It wins over what
 * the application sends of its user's own. */
static int become(const Identity *who, Strv *environment)
{
        const struct {
                const char *name, *value;
        } values[] = {
                { "HOME", who->home },
                { "LOGNAME", who->user },
                { "SHELL", who->shell },
                { "USER", who->user },
        };
        int r = 0;

        for (size_t i = 0; r == 0 && who->user && i < ARRAY_SIZE(values); i++)
                r = strv_env_set(environment, values[i].name, values[i].value);
        return r;
}

static int check_java(const char *java, char **ret_problem)
{
        if (access(java, F_OK) == 0 || errno == EACCES)
                return 0;
        (void)problem_set(
                ret_problem, 0,
                "there is no Java at %s: install one, or set JAVA_HOME for the worker (or "
                "spark.executorEnv.JAVA_HOME)",
                java);
        return -ENOENT;
}

/* The limits, if they are held here, beside those of what runs. */
static int find_limits(const Launcher *l, const LaunchOrder *order, Limits *ret, char **ret_problem)
{
        const Budget *budget = l->config->budget;
        int r = limits_of(&budget->policy, &order->request, ret);

        if (r < 0)
                return problem_set(ret_problem, r,
                                   "no host has what it asks for: %" PRIu64
                                   " cores, a heap of %" PRIu64 " MiB and what goes with it",
                                   order->request.cores, order->request.heap_mb);
        if (!backend_has_limits(l->backend))
                return 0;
        return limits_fit(ret, budget->ceiling, backend_given(l->backend), ret_problem) == 0
                       ? 0
                       : -EDQUOT;
}

static void log_start(const Launcher *l, const LaunchOrder *order, const Limits *limits)
{
        CLEANUP_FREE char *sum = limits_sum_text(limits);
        const char *what = strcmp(order->role, "driver") == 0 ? "Driver" : "Executor";

        if (backend_has_limits(l->backend))
                log_info("%s %s starts with Spark %s and a limit of %" PRIu64 " MiB: %s.", what,
                         order->child, order->engine->version, limits->memory_max >> 20,
                         sum ? sum : "");
        else
                log_info("%s %s starts with Spark %s.", what, order->child, order->engine->version);
}

int launcher_run(Launcher *l, const LaunchOrder *order, char **ret_problem)
{
        CLEANUP_FREE char *out = path_join(order->directory, "stdout");
        CLEANUP_FREE char *err = path_join(order->directory, "stderr");
        Limits limits;
        BackendRequest request = {
                .id = order->child,
                .role = order->role,
                .argv = (const char *const *)order->command->argv.items,
                .directory = order->directory,
                .stdout_path = out,
                .stderr_path = err,
                .limits = &limits,
        };
        int r = out && err ? find_limits(l, order, &limits, ret_problem) : -ENOMEM;

        if (r == 0)
                r = check_java(request.argv[0], ret_problem);
        if (r == 0)
                r = become(l->identity, &order->command->environment);
        if (r < 0)
                return r;
        request.environment = (const char *const *)order->command->environment.items;
        log_start(l, order, &limits);
        return backend_start(l->backend, &request, ret_problem);
}

/* What a start of an executor needs besides the message; all owned. */
typedef struct Preparation {
        char *directory, *resources, *log_url;
        Site site;
        const Strv *local_dirs; /* borrowed */
        JavaCommand command;
} Preparation;

static void preparation_done(Preparation *p)
{
        free(p->directory);
        free(p->resources);
        free(p->log_url);
        site_done(&p->site);
        java_command_done(&p->command);
}

/* Directories and files first: what goes wrong there is a sentence for the driver. */
static int prepare(Launcher *l, const Message *m, const Engine *engine, Preparation *p,
                   char **ret_problem)
{
        const char *app_id = m->launch_executor.app_id;
        CLEANUP_FREE char *query = NULL, *roots = strv_join(&l->local_dirs.roots, ", ");
        const char *what = "the directory", *where = l->config->work_dir;
        int r = workdir_make(l->config->work_dir, app_id, m->launch_executor.exec_id, l->group,
                             &p->directory);

        if (r == 0) {
                what = "a local directory";
                where = roots ? roots : "";
                r = local_dirs_get(&l->local_dirs, app_id, &p->local_dirs);
                if (r == 0)
                        (void)keep_local_dirs(l->config->keep, app_id, p->local_dirs);
        }
        if (r == 0) {
                what = "the resources file";
                where = p->directory;
                r = workdir_write_resources(p->directory, "executor", &m->launch_executor.resources,
                                            l->group, &p->resources);
        }
        if (r < 0)
                return problem_set(ret_problem, r, "cannot make %s of executor %s/%d below %s: %s",
                                   what, app_id, m->launch_executor.exec_id, where, strerror(-r));
        if (asprintf(&query, "appId=%s&executorId=%d", app_id, m->launch_executor.exec_id) < 0) {
                query = NULL;
                return -ENOMEM;
        }
        p->log_url = launcher_log_url(l, l->config->worker_id, query);
        r = site_init(&p->site, l, &m->launch_executor.app_desc.command, engine);
        return p->log_url ? r : -ENOMEM;
}

static int build(Launcher *l, const Message *m, Preparation *p, char **ret_problem)
{
        const CommandInput in = {
                .site = p->site.java,
                .app = &m->launch_executor.app_desc,
                .app_id = m->launch_executor.app_id,
                .exec_id = m->launch_executor.exec_id,
                .rp_id = m->launch_executor.rp_id,
                .cores = m->launch_executor.cores,
                .memory_mb = m->launch_executor.memory,
                .worker_url = backend_is_lasting(l->backend) ? NULL : p->site.worker_url,
                .worker_host = l->config->host,
                .log_url = p->log_url,
                .local_dirs = (const char *const *)p->local_dirs->items,
                .resources_file = p->resources,
        };
        int r = executor_command_build(&in, &p->command);

        if (r == -EINVAL)
                *ret_problem = strdup("the application's command, or the java-opts file here, is "
                                      "malformed");
        return r;
}

int launcher_write_header(const char *directory, const char *title, const char *line, bool append,
                          char **ret_problem)
{
        int r = line ? workdir_write_header(directory, title, line, append) : -ENOMEM;

        if (r < 0)
                (void)problem_set(ret_problem, r, "cannot write %s/stderr: %s", directory,
                                  strerror(-r));
        return r;
}

/* Prepares and starts. 0, or -errno with a problem that may be NULL. */
static int start_in(Launcher *l, const char *executor, const Message *m, const Engine *engine,
                    char **ret_problem)
{
        CLEANUP(preparation_done) Preparation p = { 0 };
        CLEANUP_FREE char *line = NULL;
        LaunchOrder order = { .child = executor,
                              .role = "executor",
                              .engine = engine,
                              .command = &p.command,
                              .request = limits_request_of_launch(m) };
        int r = prepare(l, m, engine, &p, ret_problem);

        if (r == 0)
                r = build(l, m, &p, ret_problem);
        if (r < 0)
                return r;
        line = command_line_text(l->config->redaction, &p.command.argv);
        r = launcher_write_header(p.directory, "Spark Executor Command", line, false, ret_problem);
        if (r < 0)
                return r;
        log_debug("Launching executor %s from %s: %s", executor, engine->home, line);
        order.directory = p.directory;
        return launcher_run(l, &order, ret_problem);
}

static void start(Launcher *l, const char *executor, const Message *m, const EngineWish *wish,
                  const char *version)
{
        CLEANUP_FREE char *problem = NULL;
        const Engine *engine = launcher_engine(l, wish, version, &problem);
        int r = engine ? start_in(l, executor, m, engine, &problem) : -ENOPKG;

        if (r < 0)
                launcher_fail(l, executor, r, problem);
}

/* ---- asking the driver ---- */

static AppVersion *version_of(Launcher *l, const char *app_id)
{
        AppVersion *v;

        HASH_FIND_STR(l->versions, app_id, v);
        return v;
}

/* Remembers the answer; without memory for that the next executor asks again. */
static void remember(Launcher *l, const char *app_id, const char *version)
{
        AppVersion *v = version_of(l, app_id);

        if (!v) {
                v = calloc(1, sizeof(*v));
                if (!v)
                        return;
                v->app_id = strdup(app_id);
                if (v->app_id)
                        HASH_ADD_KEYPTR(hh, l->versions, v->app_id, strlen(v->app_id), v);
                if (!hash_added(v)) {
                        free(v->app_id);
                        free(v);
                        return;
                }
        }
        (void)snprintf(v->version, sizeof(v->version), "%s", version);
}

static void on_version(void *user, const char *output)
{
        Launch *launch = user;
        const Message *m = &launch->message;
        EngineWish wish =
                engine_wish(&m->launch_executor.app_desc.command, launch->sparkd, launch->lines);

        launch->helper = NULL; /* it ends by itself */
        if (!*output)
                log_notice("The driver of %s did not tell its version; the newest engine that fits "
                           "is used.",
                           m->launch_executor.app_id);
        remember(launch->launcher, m->launch_executor.app_id, output);
        start(launch->launcher, launch->executor, m, &wish, output);
        launch_free(launch);
}

/* Asks the driver; false when that cannot be done. */
static bool ask_driver(Launcher *l, const char *executor, const Message *m, bool sparkd,
                       LineSet lines)
{
        const char *url = m->launch_executor.app_desc.app_ui_url;
        Launch *launch;

        if (!url || !*url)
                return false;
        launch = calloc(1, sizeof(*launch));
        if (!launch)
                return false;
        launch->launcher = l;
        launch->sparkd = sparkd;
        launch->lines = lines;
        arena_init(&launch->arena, LIMIT_MESSAGE_ARENA_BYTES);
        DL_APPEND(l->waiting, launch);
        launch->executor = strdup(executor);
        if (launch->executor && message_copy(&launch->arena, m, &launch->message) == 0 &&
            helper_run(l->event, version_query, (void *)url, QUERY_SECONDS, on_version, launch,
                       &launch->helper) == 0)
                return true;
        launch_free(launch);
        return false;
}

void launcher_start(Launcher *l, const char *executor, const Message *launch, bool sparkd,
                    LineSet lines)
{
        const Message *m = launch;
        EngineWish wish = engine_wish(&m->launch_executor.app_desc.command, sparkd, lines);
        const AppVersion *known = version_of(l, m->launch_executor.app_id);

        if (!workdir_id_valid(m->launch_executor.app_id)) {
                launcher_fail(l, executor, -EINVAL,
                              "the application's ID cannot be a directory's name");
                return;
        }
        if (!known && engine_wish_is_open(&wish, &l->engines) &&
            ask_driver(l, executor, m, sparkd, lines))
                return;
        start(l, executor, m, &wish, known ? known->version : NULL);
}

/* ---- the end of an application ---- */

void launcher_remove(Launcher *l, const Strv *dirs)
{
        int r = remover_remove(l->remover, dirs);

        if (r < 0)
                log_warning("Could not remove %s: %s", dirs->items[0], strerror(-r));
}

void launcher_forget_app(Launcher *l, const char *app_id)
{
        CLEANUP_STRV Strv dirs = local_dirs_take(&l->local_dirs, app_id);
        AppVersion *v = version_of(l, app_id);

        if (v) {
                HASH_DEL(l->versions, v);
                free(v->app_id);
                free(v);
        }
        if (dirs.length == 0)
                return;
        (void)keep_local_dirs(l->config->keep, app_id, NULL);
        log_info("Cleaning up local directories for application %s.", app_id);
        launcher_remove(l, &dirs);
}

int launcher_adopt_dirs(void *user, const char *app_id, const Strv *dirs)
{
        Launcher *l = user;

        return local_dirs_adopt(&l->local_dirs, app_id, dirs);
}

void launcher_leave(Launcher *l)
{
        local_dirs_leave(&l->local_dirs);
}

const char *launcher_full_disk(const Launcher *l)
{
        for (size_t i = 0; i < l->local_dirs.bases.length; i++)
                if (workdir_disk_is_full(l->local_dirs.bases.items[i]))
                        return l->local_dirs.bases.items[i];
        return workdir_disk_is_full(l->config->work_dir) ? l->config->work_dir : NULL;
}
