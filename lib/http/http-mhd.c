/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP server: the only file that knows libmicrohttpd. It runs without a thread: connections
 * are accepted here, its epoll descriptor and its next time-out are sources of our event loop.
 *
 * The library is loaded when the first connection arrives. It brings TLS and its relatives, which
 * would more than double the memory of a daemon at whose page nobody looks.
 */
#include "http/http.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <utlist.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/parse.h"

/* The name that goes with the headers we were compiled with. */
#define MHD_LIBRARY "libmicrohttpd.so.12"

#define ACCEPT_BATCH 64
/* How long nothing is accepted after the system had no descriptor or memory for it. */
#define ACCEPT_PAUSE_USEC UINT64_C(1000000)
#define POST_BUFFER_BYTES 4096
/* As GnuTLS says "1.3 only". */
#define TLS_PRIORITIES "SECURE128:-VERS-ALL:+VERS-TLS1.3"

/* Every function used, with its type from the header. */
#define MHD_FUNCTIONS(X)                                                                           \
        X(MHD_add_connection)                                                                      \
        X(MHD_add_response_header)                                                                 \
        X(MHD_create_post_processor)                                                               \
        X(MHD_create_response_from_buffer)                                                         \
        X(MHD_destroy_post_processor)                                                              \
        X(MHD_destroy_response)                                                                    \
        X(MHD_get_connection_info)                                                                 \
        X(MHD_get_connection_values)                                                               \
        X(MHD_get_daemon_info)                                                                     \
        X(MHD_get_timeout)                                                                         \
        X(MHD_lookup_connection_value)                                                             \
        X(MHD_post_process)                                                                        \
        X(MHD_queue_response)                                                                      \
        X(MHD_run)                                                                                 \
        X(MHD_start_daemon)                                                                        \
        X(MHD_stop_daemon)

typedef struct Mhd {
#define MHD_POINTER(name) __typeof__(&name) name;
        MHD_FUNCTIONS(MHD_POINTER)
#undef MHD_POINTER
} Mhd;

/* A connection; the library owns the descriptor. */
typedef struct Client {
        int fd;
        struct Client *prev, *next;
} Client;

struct HttpServer {
        sd_event *event;
        int fd;
        HttpOptions options;
        HttpHandler handler;
        void *user;
        sd_event_source *accept, *pause;
        /* From the first connection on: */
        Mhd mhd;
        struct MHD_Daemon *daemon;
        sd_event_source *io, *timer;
        unsigned n_connections;
        Client *clients; /* first the one whose last request is the oldest */
};

/* Names and values, one after the other in one buffer: a value arrives in pieces. */
typedef struct Params {
        Buffer text;
        struct ParamOffsets {
                size_t name, value;
        } * offsets;
        HttpParam *items; /* made from the offsets when all is there */
        size_t length;
        bool failed;
} Params;

/* One request on its way. */
typedef struct Exchange {
        HttpServer *server;
        struct MHD_PostProcessor *post;
        size_t body_size;
        Buffer body;
        Params query, form;
} Exchange;

/* ---- parameters ---- */

static void params_done(Params *p)
{
        buffer_done(&p->text);
        free(p->offsets);
        free(p->items);
}

static void params_add(Params *p, const char *name)
{
        struct ParamOffsets *offsets = NULL;
        if (p->length < LIMIT_HTTP_PARAMS)
                offsets = realloc(p->offsets, (p->length + 1) * sizeof(*offsets));
        if (!offsets) {
                p->failed = true;
                return;
        }
        p->offsets = offsets;
        if (p->length > 0)
                buffer_put_u8(&p->text, 0);
        offsets[p->length].name = p->text.size;
        buffer_put(&p->text, name, strlen(name) + 1);
        offsets[p->length].value = p->text.size;
        p->length++;
}

/* Makes the items. False when some could not be kept. */
static bool params_finish(Params *p)
{
        if (p->length == 0)
                return !p->failed;
        buffer_put_u8(&p->text, 0);
        p->items = calloc(p->length, sizeof(*p->items));
        if (p->failed || p->text.failed || !p->items)
                return false;
        const char *text = (const char *)p->text.data;
        for (size_t i = 0; i < p->length; i++)
                p->items[i] = (HttpParam){ .name = text + p->offsets[i].name,
                                           .value = text + p->offsets[i].value };
        return true;
}

static enum MHD_Result on_query(void *user, enum MHD_ValueKind kind, const char *name,
                                const char *value)
{
        Exchange *x = user;
        params_add(&x->query, name);
        if (value)
                buffer_put_text(&x->query.text, value);
        return x->query.failed ? MHD_NO : MHD_YES;
}

static enum MHD_Result on_form(void *user, enum MHD_ValueKind kind, const char *name,
                               const char *filename, const char *content_type,
                               const char *transfer_encoding, const char *data, uint64_t offset,
                               size_t size)
{
        Exchange *x = user;
        if (offset == 0)
                params_add(&x->form, name);
        if (!x->form.failed)
                buffer_put(&x->form.text, data, size);
        return x->form.failed ? MHD_NO : MHD_YES;
}

/* ---- responses ---- */

static const struct {
        const char *name, *value;
} fixed_headers[] = {
        { "Cache-Control", "no-cache, no-store, must-revalidate" },
        { "X-Frame-Options", "SAMEORIGIN" },
        { "X-XSS-Protection", "0" },
        { "X-Content-Type-Options", "nosniff" },
        { "Content-Security-Policy", "default-src 'self'; style-src 'self' 'unsafe-inline'; "
                                     "frame-ancestors 'self'; form-action 'self'" },
};

static bool add_headers(const Mhd *mhd, struct MHD_Response *out, const HttpResponse *response)
{
        bool ok = true;
        for (size_t i = 0; i < ARRAY_SIZE(fixed_headers); i++)
                ok = ok && mhd->MHD_add_response_header(out, fixed_headers[i].name,
                                                        fixed_headers[i].value);
        ok = ok &&
             mhd->MHD_add_response_header(out, "Content-Type",
                                          response->content_type ?: "text/html; charset=utf-8");
        if (response->location)
                ok = ok && mhd->MHD_add_response_header(out, "Location", response->location);
        return ok;
}

/* Sends it and frees what it holds. */
static enum MHD_Result respond(const HttpServer *server, struct MHD_Connection *connection,
                               HttpResponse *response)
{
        const Mhd *mhd = &server->mhd;
        enum MHD_Result r = MHD_NO;
        if (response->body.failed)
                http_error(response, 500, "The page could not be made");
        size_t size = response->body.size;
        unsigned status = response->status ?: 200;
        /* An owned buffer is freed by the response. */
        uint8_t *data = TAKE_PTR(response->body.data);
        struct MHD_Response *out = mhd->MHD_create_response_from_buffer(
                size, data ?: (void *)"", data ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
        if (!out)
                free(data);
        else if (add_headers(mhd, out, response))
                r = mhd->MHD_queue_response(connection, status, out);
        if (out)
                mhd->MHD_destroy_response(out);
        http_response_done(response);
        return r;
}

static enum MHD_Result respond_error(const HttpServer *server, struct MHD_Connection *connection,
                                     unsigned status, const char *text)
{
        HttpResponse response = { 0 };
        http_error(&response, status, text);
        return respond(server, connection, &response);
}

/* ---- requests ---- */

static Client *client_of(const Mhd *mhd, struct MHD_Connection *connection)
{
        const union MHD_ConnectionInfo *info =
                mhd->MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
        return info ? info->socket_context : NULL;
}

/* Puts the one who asks for something behind the others. */
static void touch(HttpServer *server, struct MHD_Connection *connection)
{
        Client *c = client_of(&server->mhd, connection);
        if (!c)
                return;
        DL_DELETE(server->clients, c);
        DL_APPEND(server->clients, c);
}

static void exchange_free(Exchange *x)
{
        if (x->post)
                (void)x->server->mhd.MHD_destroy_post_processor(x->post);
        params_done(&x->query);
        params_done(&x->form);
        buffer_done(&x->body);
        free(x);
}

/* A body that says that it is too long is refused before it is sent. */
static bool body_announced_too_long(const Mhd *mhd, struct MHD_Connection *connection)
{
        int64_t size;
        const char *text =
                mhd->MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");
        return text && parse_int64(text, 0, LIMIT_HTTP_BODY_BYTES, &size) < 0;
}

static enum MHD_Result begin_request(HttpServer *server, struct MHD_Connection *connection,
                                     const char *method, void **ret_state)
{
        const Mhd *mhd = &server->mhd;
        if (body_announced_too_long(mhd, connection))
                return respond_error(server, connection, 413, "The request is too long");
        Exchange *x = calloc(1, sizeof(*x));
        if (!x)
                return MHD_NO;
        *ret_state = x;
        x->server = server;
        x->query.text = x->form.text = BUFFER_INIT(2 * LIMIT_HTTP_BODY_BYTES);
        x->body = BUFFER_INIT(server->options.body_limit);
        /* NULL for another encoding than that of forms: such a body is read, and kept where the
         * handler wants it. */
        if (strcmp(method, "POST") == 0)
                x->post = mhd->MHD_create_post_processor(connection, POST_BUFFER_BYTES, on_form, x);
        return MHD_YES;
}

static enum MHD_Result take_body(Exchange *x, const char *data, size_t size)
{
        x->body_size += size;
        if (x->body_size > LIMIT_HTTP_BODY_BYTES)
                return MHD_NO; /* nothing can be answered in the middle of a body */
        if (x->post)
                (void)x->server->mhd.MHD_post_process(x->post, data, size);
        else if (x->server->options.body_limit > 0)
                buffer_put(&x->body, data, size);
        return MHD_YES;
}

static enum MHD_Result finish_request(Exchange *x, struct MHD_Connection *connection,
                                      const char *path, const char *method)
{
        HttpServer *server = x->server;
        const Mhd *mhd = &server->mhd;
        if (x->post) { /* its end brings the last value */
                (void)mhd->MHD_destroy_post_processor(x->post);
                x->post = NULL;
        }
        (void)mhd->MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, on_query, x);
        if (path[0] != '/' || !params_finish(&x->query) || !params_finish(&x->form))
                return respond_error(server, connection, 400, "The request cannot be understood");
        if (x->body.failed)
                return respond_error(server, connection, 413, "The request is too long");
        const union MHD_ConnectionInfo *info =
                mhd->MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
        const HttpRequest request = {
                .method = strcmp(method, "HEAD") == 0 ? "GET" : method,
                .path = path,
                .query = x->query.items,
                .n_query = x->query.length,
                .form = x->form.items,
                .n_form = x->form.length,
                .body = x->body.data,
                .body_size = x->body.size,
                .peer = info ? info->client_addr : NULL,
        };
        HttpResponse response = { 0 };
        server->handler(server->user, &request, &response);
        return respond(server, connection, &response);
}

static enum MHD_Result on_access(void *user, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *data,
                                 size_t *size, void **state)
{
        if (!*state) {
                touch(user, connection);
                return begin_request(user, connection, method, state);
        }
        if (*size == 0)
                return finish_request(*state, connection, url, method);
        enum MHD_Result r = take_body(*state, data, *size);
        *size = 0;
        return r;
}

static void on_completed(void *user, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
        if (*state)
                exchange_free(*state);
        *state = NULL;
}

/* ---- the library in our loop ---- */

static void on_connection(void *user, struct MHD_Connection *connection, void **state,
                          enum MHD_ConnectionNotificationCode code)
{
        HttpServer *server = user;
        Client *c;
        if (code == MHD_CONNECTION_NOTIFY_STARTED) {
                const union MHD_ConnectionInfo *info = server->mhd.MHD_get_connection_info(
                        connection, MHD_CONNECTION_INFO_CONNECTION_FD);
                server->n_connections++;
                c = info ? calloc(1, sizeof(*c)) : NULL;
                if (!c)
                        return; /* it stays until it ends by itself */
                c->fd = info->connect_fd;
                DL_APPEND(server->clients, c);
                *state = c;
        } else {
                c = *state;
                if (c)
                        DL_DELETE(server->clients, c);
                free(c);
                *state = NULL;
                server->n_connections--;
                /* Accepting stopped when there were too many. */
                (void)sd_event_source_set_enabled(server->accept, SD_EVENT_ON);
        }
}

/* Has the library do what there is to do, and its next time-out become a timer. */
static void run(HttpServer *server)
{
        MHD_UNSIGNED_LONG_LONG msec;
        (void)server->mhd.MHD_run(server->daemon);
        if (server->mhd.MHD_get_timeout(server->daemon, &msec) == MHD_YES) {
                (void)sd_event_source_set_time_relative(server->timer, msec * 1000);
                (void)sd_event_source_set_enabled(server->timer, SD_EVENT_ONESHOT);
        } else {
                (void)sd_event_source_set_enabled(server->timer, SD_EVENT_OFF);
        }
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *user)
{
        run(user);
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *user)
{
        run(user);
        return 0;
}

static int mhd_load(Mhd *ret, const char **ret_problem)
{
        /* Never closed: what it brings along does not all survive that. */
        void *library = dlopen(MHD_LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
        if (!library) {
                *ret_problem = dlerror();
                return -ENOENT;
        }
#define MHD_LOAD(name)                                                                             \
        {                                                                                          \
                void *symbol = dlsym(library, #name);                                              \
                if (!symbol) {                                                                     \
                        *ret_problem = dlerror();                                                  \
                        return -ENOENT;                                                            \
                }                                                                                  \
                memcpy(&ret->name, &symbol, sizeof(symbol));                                       \
        }
        MHD_FUNCTIONS(MHD_LOAD)
#undef MHD_LOAD
        return 0;
}

static int start_daemon(HttpServer *server, const char **ret_problem)
{
        Mhd *mhd = &server->mhd;
        int r = mhd_load(mhd, ret_problem);
        if (r < 0)
                return r;
        const HttpOptions *o = &server->options;
        const bool tls = o->tls_key && o->tls_certificate;
        const struct MHD_OptionItem plain_items[] = { { MHD_OPTION_END, 0, NULL } };
        const struct MHD_OptionItem tls_items[] = {
                { MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)o->tls_key },
                { MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)o->tls_certificate },
                { MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)TLS_PRIORITIES },
                { MHD_OPTION_END, 0, NULL },
        };
        server->daemon = mhd->MHD_start_daemon(
                MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | (tls ? MHD_USE_TLS : 0), 0, NULL, NULL,
                on_access, server, MHD_OPTION_CONNECTION_LIMIT, (unsigned)LIMIT_HTTP_CONNECTIONS,
                MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)LIMIT_HTTP_IDLE_SECONDS,
                MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_NOTIFY_CONNECTION,
                on_connection, server, MHD_OPTION_ARRAY, tls ? tls_items : plain_items,
                MHD_OPTION_END);
        if (!server->daemon) {
                *ret_problem = "libmicrohttpd does not start";
                return -EIO;
        }
        const union MHD_DaemonInfo *info =
                mhd->MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
        r = info ? sd_event_add_io(server->event, &server->io, info->epoll_fd, EPOLLIN, on_io,
                                   server)
                 : -EIO;
        if (r >= 0)
                r = sd_event_add_time_relative(server->event, &server->timer, CLOCK_MONOTONIC, 0, 0,
                                               on_timer, server);
        if (r < 0) {
                *ret_problem = strerror(-r);
                return r;
        }
        return 0;
}

static void stop_daemon(HttpServer *server)
{
        server->io = sd_event_source_disable_unref(server->io);
        server->timer = sd_event_source_disable_unref(server->timer);
        if (server->daemon)
                server->mhd.MHD_stop_daemon(server->daemon);
        server->daemon = NULL;
}

/* ---- accepting ---- */

static int on_pause_over(sd_event_source *source, uint64_t usec, void *user)
{
        HttpServer *server = user;
        return sd_event_source_set_enabled(server->accept, SD_EVENT_ON);
}

static int pause_accepting(HttpServer *server, const char *problem)
{
        static LogRate rate;
        if (log_rate_ok(&rate, 3))
                log_warning("Cannot serve web pages for now: %s", problem);
        int r = sd_event_source_set_time_relative(server->pause, ACCEPT_PAUSE_USEC);
        if (r >= 0)
                r = sd_event_source_set_enabled(server->pause, SD_EVENT_ONESHOT);
        if (r >= 0)
                r = sd_event_source_set_enabled(server->accept, SD_EVENT_OFF);
        return r;
}

/* Gives one accepted socket to the library, which owns it then in any case. */
static int add_connection(HttpServer *server, int fd, const struct sockaddr_storage *address,
                          socklen_t size)
{
        const char *problem = NULL;
        if (!server->daemon && start_daemon(server, &problem) < 0) {
                stop_daemon(server);
                close_fd(&fd);
                return pause_accepting(server, problem);
        }
        (void)server->mhd.MHD_add_connection(server->daemon, fd, (const struct sockaddr *)address,
                                             size);
        return 0;
}

/* What is beyond the limit waits in the kernel until another connection ends. */
static bool full(const HttpServer *server)
{
        return server->n_connections >= LIMIT_HTTP_CONNECTIONS;
}

/* Many connections that ask for nothing, or never finish, would keep others out until they time
 * out: the one whose last request is the oldest has to go. The library notices by its socket. */
static void make_room(HttpServer *server)
{
        (void)sd_event_source_set_enabled(server->accept, SD_EVENT_OFF);
        if (server->clients)
                (void)shutdown(server->clients->fd, SHUT_RDWR);
}

static int on_accept(sd_event_source *source, int listen_fd, uint32_t revents, void *user)
{
        HttpServer *server = user;
        int r = 0;
        for (unsigned i = 0; i < ACCEPT_BATCH && !full(server) && r >= 0; i++) {
                struct sockaddr_storage address;
                socklen_t size = sizeof(address);
                int fd = accept4(listen_fd, (struct sockaddr *)&address, &size,
                                 SOCK_NONBLOCK | SOCK_CLOEXEC);
                if (fd >= 0) {
                        r = add_connection(server, fd, &address, size);
                } else if (errno == EAGAIN) {
                        break;
                } else if (errno != EINTR && errno != ECONNABORTED && errno != EPROTO &&
                           errno != EPERM) {
                        r = pause_accepting(server, strerror(errno));
                        break;
                }
        }
        if (full(server))
                make_room(server);
        if (server->daemon)
                run(server);
        return r;
}

int http_server_new(sd_event *event, int listen_fd, HttpHandler handler, void *user,
                    HttpServer **ret)
{
        return http_server_new_with(event, listen_fd, &(HttpOptions){ 0 }, handler, user, ret);
}

int http_server_new_with(sd_event *event, int listen_fd, const HttpOptions *options,
                         HttpHandler handler, void *user, HttpServer **ret)
{
        HttpServer *server = calloc(1, sizeof(*server));
        if (!server)
                return -ENOMEM;
        *server = (HttpServer){ .event = sd_event_ref(event),
                                .fd = -1,
                                .options = *options,
                                .handler = handler,
                                .user = user };
        int flags = fcntl(listen_fd, F_GETFL);
        int r = flags < 0 || fcntl(listen_fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
        if (r >= 0)
                r = sd_event_add_io(event, &server->accept, listen_fd, EPOLLIN, on_accept, server);
        if (r >= 0)
                r = sd_event_add_time_relative(event, &server->pause, CLOCK_MONOTONIC, 0, 0,
                                               on_pause_over, server);
        if (r >= 0)
                r = sd_event_source_set_enabled(server->pause, SD_EVENT_OFF);
        if (r < 0) {
                http_server_free(server);
                return r;
        }
        server->fd = listen_fd;
        *ret = server;
        return 0;
}

void http_server_free(HttpServer *server)
{
        if (!server)
                return;
        stop_daemon(server);
        sd_event_source_disable_unref(server->accept);
        sd_event_source_disable_unref(server->pause);
        close_fd(&server->fd);
        sd_event_unref(server->event);
        free(server);
}

void http_server_free_pointer(HttpServer **server)
{
        http_server_free(*server);
        *server = NULL;
}
