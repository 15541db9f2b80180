/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The launcher's part for cluster-mode drivers (org.apache.spark.deploy.worker.DriverRunner):
 * directory, jar, command, process. The jar is fetched by a helper child, every time that the
 * driver runs, which does nothing when it is there.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/problem.h"
#include "daemons/common/helper.h"
#include "daemons/worker/driver-command.h"
#include "daemons/worker/jar-fetch.h"
#include "daemons/worker/launcher-internal.h"

#define FETCH_SECONDS 3600 /* for the whole jar */
#define FETCHED       "fetched"

/* A driver whose jar is on its way. */
struct DriverLaunch {
        Launcher *launcher;
        char *driver;
        Arena arena; /* of the message */
        Message message;
        EngineWish wish; /* of the message */
        char *directory;
        JarSource jar;
        Helper *helper;
        DriverLaunch *prev, *next;
};

static void launch_free(DriverLaunch *d)
{
        DL_DELETE(d->launcher->fetching, d);
        helper_free(d->helper);
        jar_source_done(&d->jar);
        arena_done(&d->arena);
        free(d->directory);
        free(d->driver);
        free(d);
}

void launcher_forget_drivers(Launcher *l)
{
        DriverLaunch *d, *next;

        DL_FOREACH_SAFE (l->fetching, d, next)
                launch_free(d);
}

void launcher_cancel_driver(Launcher *l, const char *driver)
{
        DriverLaunch *d, *next;

        DL_FOREACH_SAFE (l->fetching, d, next)
                if (strcmp(d->driver, driver) == 0)
                        launch_free(d);
}

/* ---- starting ---- */

/* What the command needs besides the message; all owned. */
typedef struct Preparation {
        Site site;
        char *resources, *log_url;
        JavaCommand command;
} Preparation;

static void preparation_done(Preparation *p)
{
        site_done(&p->site);
        free(p->resources);
        free(p->log_url);
        java_command_done(&p->command);
}

static int prepare(const DriverLaunch *d, const Engine *engine, Preparation *p, char **ret_problem)
{
        const Message *m = &d->message;
        CLEANUP_FREE char *query = NULL;
        int r = workdir_write_resources(d->directory, "driver", &m->launch_driver.resources,
                                        d->launcher->group, &p->resources);

        if (r < 0)
                return problem_set(ret_problem, r, "Cannot write the driver's resources file: %s",
                                   strerror(-r));
        if (asprintf(&query, "driverId=%s", d->driver) < 0) {
                query = NULL;
                return -ENOMEM;
        }
        p->log_url = launcher_log_url(d->launcher, d->driver, query);
        r = site_init(&p->site, d->launcher, &m->launch_driver.driver_desc.command, engine);
        return p->log_url ? r : -ENOMEM;
}

static int build(const DriverLaunch *d, Preparation *p, char **ret_problem)
{
        const DriverInput in = { .site = p->site.java,
                                 .desc = &d->message.launch_driver.driver_desc,
                                 .worker_url = p->site.worker_url,
                                 .user_jar = d->jar.path,
                                 .log_url = p->log_url,
                                 .resources_file = p->resources };
        int r = driver_command_build(&in, &p->command);

        if (r == -EINVAL)
                *ret_problem =
                        strdup("The driver's command, or the java-opts file here, is malformed");
        return r;
}

/* 0, or -errno with a problem that may be NULL. */
static int start(const DriverLaunch *d, char **ret_problem)
{
        CLEANUP(preparation_done) Preparation p = { 0 };
        CLEANUP_FREE char *line = NULL;
        Launcher *l = d->launcher;
        const Engine *engine = launcher_engine(l, &d->wish, NULL, ret_problem);
        const LaunchOrder order = { .child = d->driver,
                                    .role = "driver",
                                    .engine = engine,
                                    .directory = d->directory,
                                    .command = &p.command,
                                    .request = limits_request_of_driver(
                                            &l->config->budget->policy,
                                            &d->message.launch_driver.driver_desc) };
        int r = engine ? prepare(d, engine, &p, ret_problem) : -ENOPKG;

        if (r == 0)
                r = build(d, &p, ret_problem);
        if (r < 0)
                return r;
        line = command_line_text(l->config->redaction, &p.command.argv);
        r = launcher_write_header(d->directory, "Launch Command", line, true, ret_problem);
        return r < 0 ? r : launcher_run(l, &order, ret_problem);
}

/* The end of a launch: the backend has it, or it failed with `result`. */
static void conclude(DriverLaunch *d, int result, const char *problem)
{
        Launcher *l = d->launcher;
        CLEANUP_FREE char *driver = TAKE_PTR(d->driver);

        launch_free(d);
        if (result < 0)
                launcher_fail(l, driver, result, problem);
}

/* ---- the jar ---- */

typedef struct Fetch {
        const JarSource *jar;
        uint64_t timeout_usec;
} Fetch;

/* In the child: says FETCHED, or why not. */
static int fetch(void *arg, int fd)
{
        const Fetch *f = arg;
        CLEANUP_FREE char *problem = NULL;
        int r = jar_fetch(f->jar, f->timeout_usec, &problem);

        if (r < 0 && !problem)
                return EXIT_FAILURE;
        (void)dprintf(fd, "%s", r < 0 ? problem : FETCHED);
        return EXIT_SUCCESS;
}

/* Else it is somebody else's file, used where it is. */
static bool jar_is_below(const DriverLaunch *d)
{
        size_t n = strlen(d->directory);

        return strncmp(d->jar.path, d->directory, n) == 0 && d->jar.path[n] == '/';
}

static void on_fetched(void *user, const char *output)
{
        DriverLaunch *d = user;
        CLEANUP_FREE char *problem = NULL;
        int r = 0;

        d->helper = NULL; /* it ends by itself */
        if (strcmp(output, FETCHED) != 0) {
                conclude(d, -EIO,
                         *output ? output : "The driver's jar could not be fetched in time");
                return;
        }
        if (jar_is_below(d))
                r = share_file(d->jar.path, d->launcher->group);
        if (r == 0)
                r = start(d, &problem);
        conclude(d, r, problem);
}

/* 0 when on_fetched() follows, or -errno with a problem that may be NULL. */
static int begin(DriverLaunch *d, char **ret_problem)
{
        const LauncherConfig *config = d->launcher->config;
        Fetch f = { .jar = &d->jar, .timeout_usec = config->settings->fetch_timeout_usec };
        int r = workdir_make_driver(config->work_dir, d->driver, d->launcher->group, &d->directory);

        if (r < 0)
                return problem_set(ret_problem, r, "Cannot make the driver's directory: %s",
                                   strerror(-r));
        r = jar_source_parse(d->message.launch_driver.driver_desc.jar_url, d->directory, &d->jar,
                             ret_problem);
        if (r < 0)
                return r;
        return helper_run(d->launcher->event, fetch, &f, FETCH_SECONDS, on_fetched, d, &d->helper);
}

void launcher_start_driver(Launcher *l, const char *driver, const Message *launch, bool sparkd,
                           LineSet lines)
{
        DriverLaunch *d = calloc(1, sizeof(*d));
        CLEANUP_FREE char *problem = NULL;
        int r;

        if (!d) {
                launcher_fail(l, driver, -ENOMEM, NULL);
                return;
        }
        d->launcher = l;
        arena_init(&d->arena, LIMIT_MESSAGE_ARENA_BYTES);
        DL_APPEND(l->fetching, d);
        d->driver = strdup(driver);
        r = d->driver ? message_copy(&d->arena, launch, &d->message) : -ENOMEM;
        if (r < 0) {
                launch_free(d);
                launcher_fail(l, driver, r, NULL);
                return;
        }
        d->wish = engine_wish(&d->message.launch_driver.driver_desc.command, sparkd, lines);
        r = begin(d, &problem);
        if (r < 0)
                conclude(d, r, problem);
}
