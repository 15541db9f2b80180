/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spark-master: settings, sockets, the actor and the web UI on one event loop. It listens first,
 * so that whoever waits for it waits milliseconds.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/file.h"
#include "base/log.h"
#include "daemons/common/daemon.h"
#include "daemons/common/message-ids.h"
#include "daemons/common/reload.h"
#include "daemons/master/actor.h"
#include "daemons/master/config.h"
#include "daemons/master/ui.h"
#include "store/store.h"

typedef struct Sockets {
        char *host;       /* what peers call us */
        int fd, webui_fd; /* listening */
        uint16_t port, webui_port;
        char *url, *webui_url;
} Sockets;

static void sockets_done(Sockets *s)
{
        free(s->host);
        free(s->url);
        free(s->webui_url);
        close_fd(&s->fd);
        close_fd(&s->webui_fd);
}

/* Logs why we cannot start and returns the exit status for it. */
static int cannot_start(const char *problem, int status)
{
        log_with_fields(LOG_ERR, &(LogFields){ .message_id = MESSAGE_CANNOT_START },
                        "spark-master cannot start: %s", problem);
        return status;
}

static int give_up(const char *problem, int result)
{
        return cannot_start(problem ? problem : strerror(-result), daemon_exit_status(result));
}

static int open_sockets(const MasterSettings *settings, Sockets *s, char **ret_problem)
{
        int r;

        s->host = settings->host ? daemon_url_host(settings->host) : daemon_local_host();
        if (!s->host)
                return -ENOMEM;
        r = daemon_open_socket("rpc", s->host, settings->port, &s->fd, &s->port, ret_problem);
        if (r != 0)
                return r;
        r = daemon_open_socket("webui", settings->webui_host, settings->webui_port, &s->webui_fd,
                               &s->webui_port, ret_problem);
        if (r != 0)
                return r;
        if (asprintf(&s->url, "spark://%s:%u", s->host, s->port) < 0) {
                s->url = NULL; /* asprintf() leaves it undefined */
                return -ENOMEM;
        }
        if (asprintf(&s->webui_url, "http://%s:%u", daemon_public_host(s->host), s->webui_port) <
            0) {
                s->webui_url = NULL;
                return -ENOMEM;
        }
        return 0;
}

/* What SIGHUP is for. */
typedef struct Running {
        const Options *options;
        MasterSettings *settings;
        Actor *actor;
} Running;

static void reload(void *user)
{
        const Running *running = user;
        MasterSettings *set = running->settings;
        MasterConfig config;

        if (!reload_settings(running->options, set, sizeof(*set)))
                return;
        log_set_level(log_level_from_name(set->log_level));
        master_settings_apply(set, &config);
        actor_reconfigure(running->actor, &config);
}

static void terminate(void *user, int signal)
{
        const Running *running = user;

        actor_terminate(running->actor, signal);
}

/* The state cannot be used: a later start may find another master gone, but not a file mended. */
static int state_exit_status(int result)
{
        switch (result) {
        case STORE_E_HELD:
                return EX_TEMPFAIL;
        case STORE_E_FOREIGN:
        case STORE_E_DAMAGED:
        case STORE_E_NEWER:
                return EX_DATAERR;
        default:
                return EX_CANTCREAT;
        }
}

/* The service manager may have made several directories: the first is the master's. Owned by the
 * caller; NULL: there is none. */
static char *find_state_dir(const MasterSettings *settings)
{
        const char *service = getenv("STATE_DIRECTORY");
        const char *chosen = master_state_dir(settings, service && *service ? service : NULL);

        return chosen ? strndup(chosen, chosen == service ? strcspn(chosen, ":") : strlen(chosen))
                      : NULL;
}

/* Serves until told to end. */
static int serve(const MasterConfig *config, MasterSettings *settings, const Options *options,
                 const char *state_dir, Sockets *s)
{
        Running running = { .options = options, .settings = settings };
        const DaemonHandlers handlers = { .terminate = terminate,
                                          .reload = reload,
                                          .user = &running };
        const ActorOptions actor_options = { .config = config,
                                             .state_dir = state_dir,
                                             .standby = settings->standby };
        CLEANUP(sd_event_unrefp) sd_event *event = NULL;
        CLEANUP(actor_free_pointer) Actor *actor = NULL;
        CLEANUP(http_server_free_pointer) HttpServer *server = NULL;
        CLEANUP_FREE char *problem = NULL;
        Ui ui;
        int r;

        r = daemon_event_new(&handlers, &event);
        if (r == 0)
                r = actor_new(event, &actor_options, &actor, &problem);
        if (problem)
                return cannot_start(problem, state_exit_status(r));
        running.actor = actor;
        if (r == 0)
                r = ui_init(&ui, actor_master(actor), settings->kill_enabled, actor_order, actor);
        if (r == 0)
                r = actor_listen(actor, TAKE_FD(s->fd));
        if (r == 0)
                r = http_server_new(event, TAKE_FD(s->webui_fd), ui_handle, &ui, &server);
        if (r < 0)
                return give_up(NULL, r);
        log_info("spark-master %s listening on %s, web UI on %s", PACKAGE_VERSION, s->url,
                 s->webui_url);
        daemon_notify_ready("0 workers, 0 applications, 0 of 0 cores");
        r = sd_event_loop(event);
        daemon_notify_stopping();
        log_info("spark-master ends");
        return r < 0 ? EX_OSERR : EX_OK;
}

static int run(MasterSettings *settings, const Options *options)
{
        CLEANUP(sockets_done) Sockets s = { .fd = -1, .webui_fd = -1 };
        CLEANUP_FREE char *problem = NULL, *state_dir = NULL;
        MasterConfig config;
        int r;

        master_settings_apply(settings, &config);
        log_set_level(log_level_from_name(settings->log_level));
        r = open_sockets(settings, &s, &problem);
        if (r != 0)
                return give_up(problem, r);
        state_dir = find_state_dir(settings);
        r = state_dir ? dir_make(state_dir, 0750) : 0;
        if (r < 0) {
                if (asprintf(&problem, "state directory %s: %s", state_dir, strerror(-r)) < 0)
                        problem = NULL;
                return cannot_start(problem ? problem : "out of memory", EX_CANTCREAT);
        }
        if (!state_dir)
                log_notice("There is no state directory: nothing outlives a restart.");
        r = daemon_raise_nofile();
        if (r < 0)
                log_warning("The limit of open files stays as it is: %s", strerror(-r));
        config.url = s.url;
        config.address = (RpcAddress){ .host = s.host, .port = s.port };
        config.web_ui_url = s.webui_url;
        config.web_ui_port = s.webui_port;
        return serve(&config, settings, options, state_dir, &s);
}

int main(int argc, char **argv)
{
        CLEANUP_OPTIONS Options options = { 0 };
        MasterSettings settings = { 0 };
        int r;

        r = options_load(&options, &master_options, argc, argv, &settings);
        if (r != 0) {
                r = options_report(&options, &master_options, r);
        } else {
                for (size_t i = 0; i < options.warnings.length; i++)
                        log_warning("%s", options.warnings.items[i]);
                r = run(&settings, &options);
        }
        options_config_done(&master_options, &settings);
        return r;
}
