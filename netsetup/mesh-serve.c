/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/mesh-serve.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "base/log.h"
#include "http/curl-load.h"
#include "http/http.h"
#include "netsetup/address.h"
#include "netsetup/join-client.h"
#include "netsetup/join-server.h"

/* How long an apply that may cut off who asked waits for the answer to be on its way. */
#define SETTLE_USEC UINT64_C(100000)
#define IDLE_USEC   (UINT64_C(60) * 1000000)
#define LISTEN_MAX  128
/* A host that has just joined may not listen yet. */
#define PUSH_TRIES 3
#define RETRY_MSEC 1000

typedef struct Serve {
        const MeshPlaces *places;
        sd_event *event;
        HttpServer *http;
        char *key, *certificate; /* PEM */
        sd_event_source *apply, *idle;
        sd_event_source *push; /* a child that pushes; NULL: there is none */
        pid_t pusher;
        bool push_again; /* the list has changed since it began */
} Serve;

/* ---- pushing ---- */

/* Keeps those who were not reached; who answered, with whatever, is done. The number. */
static size_t keep_unreached(MeshPush *pushes, size_t n)
{
        size_t kept = 0;

        for (size_t i = 0; i < n; i++)
                if (pushes[i].result < 0 && pushes[i].result != -EREMOTEIO)
                        pushes[kept++] = pushes[i];
        return kept;
}

int mesh_push_all(const MeshState *state, const MeshMember *also, unsigned tries, FILE *err)
{
        const MeshMember *self = mesh_state_self(state);
        CLEANUP_FREE MeshPush *pushes = calloc(state->list.n + 1, sizeof(*pushes));
        size_t n = 0;
        int r = 0;

        if (!pushes)
                return -ENOMEM;
        for (size_t i = 0; i < state->list.n; i++)
                if (&state->list.members[i] != self)
                        pushes[n++].member = &state->list.members[i];
        if (also)
                pushes[n++].member = also;
        for (unsigned i = 0; i < tries && n > 0 && r >= 0; i++) {
                if (i > 0)
                        (void)poll(NULL, 0, RETRY_MSEC);
                r = mesh_push(pushes, n, state->sealed);
                n = keep_unreached(pushes, n);
        }
        for (size_t i = 0; i < n && r >= 0; i++)
                (void)fprintf(err, "%s was not reached; it will ask for the list itself\n",
                              pushes[i].member->name);
        return r;
}

/* In a child, which has its copy of everything and ends here. */
static void push_in_child(const MeshPlaces *places)
{
        CLEANUP_MESH_STATE MeshState state = MESH_STATE_INIT;
        const char *file;
        int r = mesh_state_open(places->state_dir, &state, &file);

        close_fd(&state.lock_fd);
        if (r == 0)
                r = mesh_push_all(&state, NULL, PUSH_TRIES, stderr);
        mesh_state_done(&state);
        _exit(r == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

static void start_push(Serve *serve);

static int on_push_ended(sd_event_source *source, const siginfo_t *info, void *user)
{
        Serve *serve = user;

        serve->push = sd_event_source_disable_unref(serve->push);
        if (!serve->push_again && (info->si_code != CLD_EXITED || info->si_status != EXIT_SUCCESS))
                log_warning("The list of members could not be sent");
        if (serve->push_again)
                start_push(serve);
        return 0;
}

/* The others may be slow or gone, and this host has to answer meanwhile. A child that still has
 * the list of before does not keep the others waiting for the new one. */
static void start_push(Serve *serve)
{
        Curl curl;

        serve->push_again = serve->push != NULL;
        if (serve->push) {
                (void)kill(serve->pusher, SIGKILL);
                return;
        }
        (void)fflush(NULL);
        (void)curl_load(&curl); /* once, and not in each child */
        serve->pusher = fork();
        if (serve->pusher == 0)
                push_in_child(serve->places);
        int r = serve->pusher < 0 ? -errno
                                  : sd_event_add_child(serve->event, &serve->push, serve->pusher,
                                                       WEXITED, on_push_ended, serve);
        if (r < 0)
                log_warning("The list of members cannot be sent: %s", strerror(-r));
}

/* ---- applying ---- */

/* Writes and applies; what is said about it goes to the log. */
static void apply_state(const Serve *serve, MeshState *state)
{
        CLEANUP_FREE char *text = NULL;
        size_t size;
        FILE *err = open_memstream(&text, &size);
        int r = err ? mesh_host_write(serve->places, state, err) : -ENOMEM;

        close_fd(&state->lock_fd);
        if (r >= 0)
                r = mesh_host_apply(serve->places, &state->list, false, err);
        if (err)
                (void)fclose(err);
        if (r < 0)
                log_error("The network could not be set up: %s%s", strerror(-r),
                          text && *text ? text : "");
}

static int on_apply(sd_event_source *source, uint64_t usec, void *user)
{
        const Serve *serve = user;
        CLEANUP_MESH_STATE MeshState state = MESH_STATE_INIT;
        const char *file;
        int r = mesh_state_open(serve->places->state_dir, &state, &file);

        if (r != 0)
                log_error("%s cannot be read", file);
        else
                apply_state(serve, &state);
        if (r == 0 && !mesh_state_self(&state))
                log_notice("This host is no longer a member of the mesh");
        return 0;
}

/* ---- requests ---- */

static int save(const MeshState *state, unsigned effects)
{
        int r = 0;

        if (effects & JOIN_SAVE_TOKENS)
                r = mesh_state_save_tokens(state);
        if (r >= 0 && effects & JOIN_SAVE_LIST)
                r = mesh_state_save_list(state);
        return r;
}

/* What is answered is saved before, and a host that joins is known before it hears so. */
static void on_request(void *user, const HttpRequest *request, HttpResponse *response)
{
        Serve *serve = user;
        CLEANUP_MESH_STATE MeshState state = MESH_STATE_INIT;
        CLEANUP_FREE char *event = NULL;
        const char *file;
        struct timespec now;

        (void)sd_event_source_set_time_relative(serve->idle, IDLE_USEC);
        (void)clock_gettime(CLOCK_REALTIME, &now);
        if (mesh_state_open(serve->places->state_dir, &state, &file) != 0) {
                log_error("%s cannot be read", file);
                join_error(response, 500, "this host's state cannot be read");
                return;
        }
        unsigned effects = join_answer(&state, request, (uint64_t)now.tv_sec, response, &event);
        int r = save(&state, effects);
        if (r < 0) {
                log_error("The list of members could not be saved: %s", strerror(-r));
                join_error(response, 500, "the change could not be saved");
                return;
        }
        if (event)
                log_notice("%s", event);
        if (effects & JOIN_APPLY)
                apply_state(serve, &state);
        close_fd(&state.lock_fd); /* a child would hold it, too */
        if (effects & JOIN_APPLY_AFTER) {
                (void)sd_event_source_set_time_relative(serve->apply, SETTLE_USEC);
                (void)sd_event_source_set_enabled(serve->apply, SD_EVENT_ONESHOT);
        }
        if (effects & JOIN_PUSH)
                start_push(serve);
}

static int on_idle(sd_event_source *source, uint64_t usec, void *user)
{
        Serve *serve = user;

        if (!serve->push)
                return sd_event_exit(serve->event, 0);
        (void)sd_event_source_set_time_relative(source, IDLE_USEC);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* ---- starting ---- */

static int make_certificate(Serve *serve)
{
        CLEANUP_MESH_STATE MeshState state = MESH_STATE_INIT;
        const char *file;
        int r = mesh_state_open(serve->places->state_dir, &state, &file);

        if (r != 0) {
                log_error("%s cannot be read", file);
                return r < 0 ? r : -EINVAL;
        }
        serve->key = identity_private_pem(&state.identity);
        serve->certificate = identity_certificate_pem(&state.identity, "spark-netsetup");
        return serve->key && serve->certificate ? 0 : -ENOMEM;
}

static int listen_at(const MeshEndpoint *where, int *ret_fd)
{
        NetEndpoint endpoint = { .port = where->port };
        struct sockaddr_storage address;
        CLEANUP_CLOSE int fd = -1;
        const int on = 1;

        if (address_parse(where->host, &endpoint.address) < 0)
                return -EAFNOSUPPORT;
        const socklen_t size = endpoint_to_sockaddr(&endpoint, &address);
        fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
            bind(fd, (struct sockaddr *)&address, size) < 0 || listen(fd, LISTEN_MAX) < 0)
                return -errno;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

static int find_socket(const MeshEndpoint *listen_to, bool *ret_passed, int *ret_fd)
{
        int n = sd_listen_fds(1);

        *ret_passed = n == 1;
        if (n == 1) {
                *ret_fd = SD_LISTEN_FDS_START;
                return 0;
        }
        if (n != 0 || !listen_to) {
                log_error("One listening socket is wanted, from systemd or by --listen");
                return -EINVAL;
        }
        int r = listen_at(listen_to, ret_fd);
        if (r < 0) {
                char text[LIMIT_MESH_ENDPOINT_BYTES + 1];

                mesh_endpoint_format(listen_to, text);
                log_error("%s cannot be listened at: %s", text, strerror(-r));
        }
        return r;
}

static int add_sources(Serve *serve, bool passed)
{
        static const int signals[] = { SIGTERM, SIGINT };
        sigset_t mask;
        int r = sd_event_default(&serve->event);

        (void)sigemptyset(&mask);
        (void)sigaddset(&mask, SIGTERM);
        (void)sigaddset(&mask, SIGINT);
        (void)sigaddset(&mask, SIGCHLD);
        (void)sigprocmask(SIG_BLOCK, &mask, NULL);
        (void)sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
        for (size_t i = 0; i < ARRAY_SIZE(signals) && r >= 0; i++)
                r = sd_event_add_signal(serve->event, NULL, signals[i], NULL, NULL);
        if (r >= 0)
                r = sd_event_add_time_relative(serve->event, &serve->apply, CLOCK_MONOTONIC, 0, 0,
                                               on_apply, serve);
        if (r >= 0)
                r = sd_event_source_set_enabled(serve->apply, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_time_relative(serve->event, &serve->idle, CLOCK_MONOTONIC,
                                               IDLE_USEC, 0, on_idle, serve);
        if (r >= 0 && !passed)
                r = sd_event_source_set_enabled(serve->idle, SD_EVENT_OFF);
        return r;
}

static void serve_done(Serve *serve)
{
        http_server_free(serve->http);
        sd_event_source_disable_unref(serve->apply);
        sd_event_source_disable_unref(serve->idle);
        sd_event_source_disable_unref(serve->push);
        sd_event_unref(serve->event);
        secret_text_free(&serve->key);
        free(serve->certificate);
}

int mesh_serve(const MeshPlaces *places, const MeshEndpoint *listen_to)
{
        CLEANUP(serve_done) Serve serve = { .places = places };
        CLEANUP_CLOSE int fd = -1;
        bool passed;
        int r = find_socket(listen_to, &passed, &fd);

        if (r < 0)
                return r;
        r = make_certificate(&serve);
        if (r >= 0)
                r = add_sources(&serve, passed);
        const HttpOptions options = { .tls_key = serve.key,
                                      .tls_certificate = serve.certificate,
                                      .body_limit = LIMIT_MESH_BODY_BYTES };
        if (r >= 0)
                r = http_server_new_with(serve.event, fd, &options, on_request, &serve,
                                         &serve.http);
        if (r >= 0) {
                fd = -1;
                (void)sd_notify(0, "READY=1");
                r = sd_event_loop(serve.event);
        }
        if (r < 0)
                log_error("The join service failed: %s", strerror(-r));
        return r;
}
