/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http.h"

#include <string.h>

static const char *param_value(const HttpParam *params, size_t n, const char *name)
{
        for (size_t i = 0; i < n; i++)
                if (strcmp(params[i].name, name) == 0)
                        return params[i].value;
        return NULL;
}

const char *http_query(const HttpRequest *request, const char *name)
{
        return param_value(request->query, request->n_query, name);
}

const char *http_form(const HttpRequest *request, const char *name)
{
        return param_value(request->form, request->n_form, name);
}

void http_response_done(HttpResponse *response)
{
        free(response->location);
        buffer_done(&response->body);
        *response = (HttpResponse){ .body = BUFFER_INIT(response->body.limit) };
}

void http_redirect(HttpResponse *response, const char *location)
{
        http_response_done(response);
        response->location = strdup(location);
        if (response->location)
                response->status = 302;
        else
                http_error(response, 500, "Out of memory");
}

void http_error(HttpResponse *response, unsigned status, const char *text)
{
        http_response_done(response);
        response->status = status;
        buffer_printf(&response->body,
                      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                      "<title>Error %u</title></head>\n<body><h1>Error %u</h1>\n<p>",
                      status, status);
        html_put(&response->body, text);
        buffer_put_text(&response->body, "</p></body></html>\n");
}

void html_put(Buffer *out, const char *text)
{
        static const char special[] = "&<>\"'";
        static const char *const escaped[] = { "&amp;", "&lt;", "&gt;", "&quot;", "&#39;" };
        while (*text) {
                size_t plain = strcspn(text, special);
                buffer_put(out, text, plain);
                text += plain;
                if (*text)
                        buffer_put_text(out, escaped[strchr(special, *text++) - special]);
        }
}

void html_put_url(Buffer *out, const char *text)
{
        /* RFC 3986, 2.3: what never needs escaping. */
        static const char unreserved[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
        while (*text) {
                size_t plain = strspn(text, unreserved);
                buffer_put(out, text, plain);
                text += plain;
                if (*text)
                        buffer_printf(out, "%%%02X", (unsigned char)*text++);
        }
}
