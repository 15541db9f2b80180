/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spark-launcher: the only privileged part. Takes requests from the worker's user on a socket that
 * systemd made, and has PID 1 start executors under their limits as a user without rights. It needs
 * to be root for one reason: PID 1 takes such orders from root only.
 */

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <sysexits.h>

#include <systemd/sd-daemon.h>

#include "base/log.h"
#include "base/problem.h"
#include "daemons/common/daemon.h"
#include "daemons/common/options.h"
#include "daemons/launcher/server.h"

typedef struct LauncherSettings {
        char *client;
        Strv users, programs, work_roots;
        uint64_t idle_usec;
        char *starter;
        char *log_level;
} LauncherSettings;

#define AT(field) .offset = offsetof(LauncherSettings, field)

static const Setting settings_table[] = {
        TEXT_SETTING("client", client, .option = "client", .fallback = "spark", .value = "USER",
                     .help = "the only user whose requests are taken"),
        LIST_SETTING("users", users, .option = "users", .fallback = "spark-executor",
                     .value = "USERS", .help = "as whom executors may run"),
        LIST_SETTING("programs", programs, .option = "programs", .fallback = "/usr/lib/jvm,/opt",
                     .value = "DIRS", .help = "directories below which there is what may be run"),
        LIST_SETTING("work-dirs", work_roots, .option = "work-dirs",
                     .fallback = "/var/lib/spark/work,/var/lib/spark/workers,/var/lib/spark/local",
                     .value = "DIRS", .help = "directories below which executors work"),
        TIME_SETTING("idle", idle_usec, "0", 0, 0, .option = "idle", .value = "TIME",
                     .help = "how long to wait for another request; 0: for ever"),
        TEXT_SETTING(NULL, starter, .option = "starter", .fallback = PKGLIBEXECDIR "/spark-exec",
                     .value = "FILE", .help = "what the units run, which runs the rest"),
        LOG_LEVEL_SETTING(log_level),
};

static const OptionsSpec options = {
        .program = "spark-launcher",
        .summary = "Starts executors under their limits for spark-worker.",
        .section = "launcher",
        .opts_env = "SPARK_LAUNCHER_OPTS",
        .settings = settings_table,
        .n_settings = ARRAY_SIZE(settings_table),
};

static void settings_done(LauncherSettings *s)
{
        options_config_done(&options, s);
}

static void units_done(Units **units)
{
        units_free(*units);
}

static void server_done(Server **server)
{
        server_free(*server);
}

static int give_up(const char *problem, int result)
{
        log_error("spark-launcher cannot start: %s", problem ? problem : strerror(-result));
        return daemon_exit_status(result);
}

/* The one socket that our unit has. */
static int passed_socket(void)
{
        int n = sd_listen_fds(1);

        if (n < 0)
                return n;
        if (n != 1)
                return -ENOTCONN;
        return sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_SEQPACKET, 1, NULL, 0) > 0
                       ? SD_LISTEN_FDS_START
                       : -EPROTOTYPE;
}

/* Users by name, so that a typing mistake is found when the launcher starts. */
static int make_policy(const LauncherSettings *s, LauncherPolicy *ret, char **ret_problem)
{
        const struct passwd *client;
        struct sysinfo info;

        for (size_t i = 0; i < s->users.length; i++) {
                const struct passwd *user = getpwnam(s->users.items[i]);

                if (user && user->pw_uid != 0)
                        continue;
                return problem_set(ret_problem, -EINVAL,
                                   user ? "executors must not run as %s" : "no user %s",
                                   s->users.items[i]);
        }
        client = getpwnam(s->client);
        if (!client)
                return problem_set(ret_problem, -EINVAL, "no user %s", s->client);
        if (sysinfo(&info) < 0)
                return -errno;
        *ret = (LauncherPolicy){
                .client = client->pw_uid,
                .users = &s->users,
                .programs = &s->programs,
                .work_roots = &s->work_roots,
                .host_memory = (uint64_t)info.totalram * info.mem_unit,
        };
        return 0;
}

static int serve(const LauncherSettings *settings, const LauncherPolicy *policy, int socket_fd)
{
        static const DaemonHandlers handlers;
        CLEANUP(sd_event_unrefp) sd_event *event = NULL;
        CLEANUP(units_done) Units *units = NULL;
        CLEANUP(server_done) Server *server = NULL;
        int r = daemon_event_new(&handlers, &event);

        if (r == 0)
                r = units_new(event, settings->starter, &units);
        if (r == 0)
                r = server_new(event, socket_fd, policy, units, settings->idle_usec, &server);
        if (r < 0)
                return give_up(NULL, r);
        daemon_notify_ready("Waiting for requests of %s", settings->client);
        r = sd_event_loop(event);
        daemon_notify_stopping();
        return r < 0 ? give_up(NULL, r) : r;
}

int main(int argc, char *argv[])
{
        CLEANUP_OPTIONS Options o = { 0 };
        CLEANUP(settings_done) LauncherSettings settings = { 0 };
        CLEANUP_FREE char *problem = NULL;
        LauncherPolicy policy;
        int socket_fd, level;
        int r = options_load(&o, &options, argc, argv, &settings);

        if (r != 0)
                return options_report(&o, &options, r);
        level = log_level_from_name(settings.log_level);
        if (level < 0)
                return give_up("log-level is none of error, warning, notice, info, debug", -EINVAL);
        log_set_level(level);
        for (size_t i = 0; i < o.warnings.length; i++)
                log_warning("%s", o.warnings.items[i]);
        r = make_policy(&settings, &policy, &problem);
        if (r < 0)
                return problem ? (log_error("spark-launcher cannot start: %s", problem), EX_CONFIG)
                               : give_up(NULL, r);
        socket_fd = passed_socket();
        if (socket_fd < 0)
                return give_up("it is started by spark-launcher.socket, with a SOCK_SEQPACKET "
                               "socket",
                               socket_fd);
        return serve(&settings, &policy, socket_fd);
}
