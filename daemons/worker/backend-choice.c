/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/worker/backend-choice.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "base/problem.h"
#include "cgroups/launch-message.h"

#define DEFAULT_USER "spark-executor"

void identity_done(Identity *identity)
{
        free(identity->user);
        free(identity->home);
        free(identity->shell);
        *identity = (Identity){ 0 };
}

void backend_choice_done(BackendChoice *choice)
{
        backend_free(choice->backend);
        identity_done(&choice->identity);
        free(choice->why);
        *choice = (BackendChoice){ 0 };
}

/* ---- as whom ---- */

/* `user` is there: 1, it is us: 0, there is none of that name: -ENOENT, or -errno. */
static int look_up(const char *user, Identity *ret)
{
        const struct passwd *pw;

        errno = 0;
        pw = getpwnam(user);
        if (!pw)
                return errno && errno != ENOENT && errno != ESRCH ? -errno : -ENOENT;
        if (pw->pw_uid == geteuid())
                return 0;
        *ret = (Identity){ .user = strdup(pw->pw_name),
                           .uid = pw->pw_uid,
                           .gid = pw->pw_gid,
                           .home = strdup(pw->pw_dir),
                           .shell = strdup(pw->pw_shell) };
        if (ret->user && ret->home && ret->shell)
                return 1;
        identity_done(ret);
        return -ENOMEM;
}

/* `others`: this backend can start processes of other users, and `ours` of our own. */
static int find_identity(const WorkerSettings *s, bool others, bool ours, Identity *ret,
                         char **ret_problem)
{
        const char *user = s->run_as ? s->run_as : DEFAULT_USER;
        int r;

        if (!s->run_as && !others)
                return 0;
        r = look_up(user, ret);
        if (r == -ENOENT && !s->run_as && ours)
                return 0;
        if (r == -ENOENT)
                return problem_set(ret_problem, -EINVAL, "there is no user %s to run executors as",
                                   user);
        if (r < 0)
                return problem_set(ret_problem, r, "cannot look up user %s: %s", user,
                                   strerror(-r));
        if (r == 0 && !ours)
                return problem_set(ret_problem, -EINVAL,
                                   "executors cannot run as %s, as the worker itself: the launcher "
                                   "starts them as another user",
                                   user);
        if (r == 1 && !others) {
                identity_done(ret);
                return problem_set(ret_problem, -EINVAL,
                                   "executors cannot run as %s: only root can start processes of "
                                   "another user, or spark-launcher (limits = systemd)",
                                   user);
        }
        return 0;
}

/* ---- by what ---- */

static BackendConfig config_of(const WorkerSettings *s, const Budget *budget, const Identity *who)
{
        return (BackendConfig){ .user = who->user,
                                .instance = s->instance,
                                .ceiling = budget->ceiling,
                                .cpu_quota_usec = budget->cpu_quota_usec,
                                .root = s->cgroup_root };
}

typedef int (*BackendNew)(sd_event *event, const BackendConfig *config,
                          const BackendHandlers *handlers, void *user, Backend **ret,
                          char **ret_problem);

typedef struct Chooser {
        sd_event *event;
        const WorkerSettings *settings;
        const Budget *budget;
        const BackendHandlers *handlers;
        void *user;
} Chooser;

static int make(const Chooser *c, BackendNew new, BackendChoice *ret, char **ret_problem)
{
        const bool systemd = new == backend_systemd_new;
        BackendConfig config;
        int r = find_identity(c->settings, systemd || geteuid() == 0, !systemd, &ret->identity,
                              ret_problem);

        if (r < 0)
                return r;
        config = config_of(c->settings, c->budget, &ret->identity);
        r = new (c->event, &config, c->handlers, c->user, &ret->backend, ret_problem);
        if (r < 0)
                identity_done(&ret->identity);
        return r;
}

/* Where the launcher is not for us: 0 with *ret_why. */
static int try_systemd(const Chooser *c, BackendChoice *ret, char **ret_why, char **ret_problem)
{
        int r;

        if (sd_booted() <= 0)
                return problem_set(ret_why, 0, "systemd is not PID 1 here");
        if (access(LAUNCH_SOCKET, W_OK) < 0)
                return problem_set(ret_why, 0, "%s: %s", LAUNCH_SOCKET, strerror(errno));
        r = make(c, backend_systemd_new, ret, ret_problem);
        if (r == -EACCES || r == -ENOENT || r == -ECONNREFUSED) {
                *ret_why = *ret_problem;
                *ret_problem = NULL;
                return 0;
        }
        return r;
}

static int choose_auto(const Chooser *c, BackendChoice *ret, char **ret_problem)
{
        CLEANUP_FREE char *no_systemd = NULL, *no_groups = NULL;
        int r = try_systemd(c, ret, &no_systemd, ret_problem);

        if (r < 0 || ret->backend)
                return r;
        if (backend_libcgroup_is_delegated(c->settings->cgroup_root)) {
                r = make(c, backend_libcgroup_new, ret, &no_groups);
                if (r == 0)
                        return 0;
        }
        r = make(c, backend_none_new, ret, ret_problem);
        if (r == 0)
                (void)problem_set(&ret->why, 0, "%s, and %s",
                                  no_systemd ? no_systemd : "no systemd",
                                  no_groups ? no_groups : "no control group is delegated to us");
        return r;
}

int backend_choose(sd_event *event, const WorkerSettings *s, const Budget *budget,
                   const BackendHandlers *handlers, void *user, BackendChoice *ret,
                   char **ret_problem)
{
        static const struct {
                const char *name;
                BackendNew new;
        } backends[] = {
                { "systemd", backend_systemd_new },
                { "libcgroup", backend_libcgroup_new },
                { "none", backend_none_new },
        };
        const Chooser c = { event, s, budget, handlers, user };

        *ret = (BackendChoice){ 0 };
        for (size_t i = 0; i < ARRAY_SIZE(backends); i++)
                if (strcmp(s->limits, backends[i].name) == 0)
                        return make(&c, backends[i].new, ret, ret_problem);
        return choose_auto(&c, ret, ret_problem);
}
