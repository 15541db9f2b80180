/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * HTTP as functions from request to response, so that pages are tested without a socket. The
 * server is libmicrohttpd behind http-mhd.c, driven from the sd-event loop without a thread. The
 * library is loaded (dlopen) at the first connection: an idle daemon does not pay for a TLS
 * library it does not use.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>

#include "base/buffer.h"

typedef struct HttpParam {
        const char *name, *value; /* value "" when absent ("?self") */
} HttpParam;

typedef struct HttpRequest {
        const char *method; /* "GET" (HEAD too), "POST", ... */
        const char *path;   /* decoded, begins with / */
        const HttpParam *query;
        size_t n_query;
        const HttpParam *form; /* of a urlencoded POST body */
        size_t n_form;
        const void *body; /* of a POST that is no form, where the server keeps such (HttpOptions) */
        size_t body_size;
        const struct sockaddr *peer; /* NULL in tests */
} HttpRequest;

/* The first parameter of that name, or NULL. */
const char *http_query(const HttpRequest *request, const char *name);
const char *http_form(const HttpRequest *request, const char *name);

typedef struct HttpResponse {
        unsigned status;          /* 200 when the handler leaves 0 */
        const char *content_type; /* static; NULL: text/html; charset=utf-8 */
        char *location;           /* owned; for redirects */
        Buffer body;
} HttpResponse;

void http_response_done(HttpResponse *response);
void http_redirect(HttpResponse *response, const char *location);
void http_error(HttpResponse *response, unsigned status, const char *text);

/* Appends text with & < > " ' escaped. */
void html_put(Buffer *out, const char *text);
/* Appends text percent-encoded for a query value. */
void html_put_url(Buffer *out, const char *text);

typedef void (*HttpHandler)(void *user, const HttpRequest *request, HttpResponse *response);

typedef struct HttpServer HttpServer;

typedef struct HttpOptions {
        /* With both, TLS 1.3 and nothing older is spoken. PEM texts, borrowed for as long as the
         * server lives: the library reads them at the first connection. */
        const char *tls_key, *tls_certificate;
        /* How long a body other than a form may be that the handler gets; with 0 it gets none. */
        size_t body_limit;
} HttpOptions;

/* Serves on a listening socket, whose ownership moves here. Every response gets Spark's headers:
 * Cache-Control, X-Frame-Options, X-XSS-Protection, X-Content-Type-Options. 0 or -errno. */
int http_server_new(sd_event *event, int listen_fd, HttpHandler handler, void *user,
                    HttpServer **ret);
int http_server_new_with(sd_event *event, int listen_fd, const HttpOptions *options,
                         HttpHandler handler, void *user, HttpServer **ret);
void http_server_free(HttpServer *server);
void http_server_free_pointer(HttpServer **server); /* for CLEANUP */
