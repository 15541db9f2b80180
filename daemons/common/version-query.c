/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/common/version-query.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/macro.h"
#include "http/curl-load.h"

#define BODY_MAX        16384
#define ATTEMPT_SECONDS 5L
#define PAUSE_MSEC      100

static bool plausible(const char *version)
{
        size_t n = strlen(version);
        if (n == 0 || n >= VERSION_MAX || !isdigit((unsigned char)version[0]))
                return false;
        for (size_t i = 0; i < n; i++)
                if (!isalnum((unsigned char)version[i]) && !strchr(".-_+", version[i]))
                        return false;
        return true;
}

int version_from_body(const char *body, size_t size, char ret[static VERSION_MAX])
{
        json_t *value = json_loadb(body, size, 0, NULL);
        const char *version = json_string_value(json_object_get(value, "spark"));
        int r = -EBADMSG;
        if (version && plausible(version)) {
                (void)snprintf(ret, VERSION_MAX, "%s", version);
                r = 0;
        }
        json_decref(value);
        return r;
}

static size_t take_body(char *data, size_t size, size_t n, void *user)
{
        Buffer *body = user;
        buffer_put(body, data, size * n);
        return body->failed ? 0 : size * n;
}

static CURL *prepare(const Curl *c, const char *url, Buffer *body)
{
        CURL *h = c->curl_easy_init();
        if (!h)
                return NULL;
        (void)c->curl_easy_setopt(h, CURLOPT_URL, url);
        (void)c->curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
        (void)c->curl_easy_setopt(h, CURLOPT_NOPROXY, "*");
        (void)c->curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
        (void)c->curl_easy_setopt(h, CURLOPT_TIMEOUT, ATTEMPT_SECONDS);
        (void)c->curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, take_body);
        (void)c->curl_easy_setopt(h, CURLOPT_WRITEDATA, body);
        return h;
}

/* One question. 0 with the version, -EAGAIN when it may be answered later, or another -errno. */
static int ask(const Curl *c, CURL *h, Buffer *body, char version[static VERSION_MAX])
{
        long status = 0;
        buffer_clear(body);
        CURLcode code = c->curl_easy_perform(h);
        if (code == CURLE_OPERATION_TIMEDOUT || code == CURLE_GOT_NOTHING ||
            code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR)
                return -EAGAIN;
        if (code != CURLE_OK)
                return -ECONNREFUSED;
        (void)c->curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &status);
        if (status == 200)
                return version_from_body((const char *)body->data, body->size, version) < 0
                               ? -EAGAIN
                               : 0;
        /* A redirect or a refusal is the answer to come, too: a login page, an access list. */
        return status == 401 || status == 403 || status / 100 == 3 ? -EACCES : -EAGAIN;
}

int version_query(void *arg, int fd)
{
        CLEANUP_BUFFER Buffer body = BUFFER_INIT(BODY_MAX), url = BUFFER_INIT(0);
        char version[VERSION_MAX];
        Curl curl;
        int r;

        buffer_printf(&url, "%s%sapi/v1/version", (const char *)arg,
                      *(const char *)arg && ((const char *)arg)[strlen(arg) - 1] == '/' ? "" : "/");
        CLEANUP_FREE char *text = buffer_take_text(&url);
        if (!text || curl_load(&curl) < 0)
                return EXIT_FAILURE;
        CURL *h = prepare(&curl, text, &body);
        if (!h)
                return EXIT_FAILURE;
        /* A driver that has just registered is still starting: its UI listens, but serves nothing
         * yet (404, or no answer). The caller's deadline ends this. */
        while ((r = ask(&curl, h, &body, version)) == -EAGAIN)
                (void)poll(NULL, 0, PAUSE_MSEC);
        curl.curl_easy_cleanup(h);
        if (r < 0)
                return EXIT_FAILURE;
        size_t n = strlen(version);
        return write(fd, version, n) == (ssize_t)n ? EXIT_SUCCESS : EXIT_FAILURE;
}
