/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/ctl/fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>

#define CONNECT_SECONDS 5L
#define ANSWER_SECONDS  30L

#define CLEANUP_CURL CLEANUP(curl_pointer_done)

static void curl_pointer_done(CURL **curl)
{
        curl_easy_cleanup(*curl);
}

static size_t received(char *data, size_t size, size_t n, void *user)
{
        Buffer *body = user;

        buffer_put(body, data, size * n);
        return body->failed ? 0 : size * n;
}

/* The URL comes from the operator, but a redirect does not: only web protocols. No proxy: the
 * master is on the operator's own network, where a proxy for the Internet does not reach. */
static int set_options(CURL *curl, const char *url, Buffer *body, char *error)
{
        const bool ok =
                curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
                curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error) == CURLE_OK &&
                curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
                curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
                curl_easy_setopt(curl, CURLOPT_NOPROXY, "*") == CURLE_OK &&
                curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS) == CURLE_OK &&
                curl_easy_setopt(curl, CURLOPT_TIMEOUT, ANSWER_SECONDS) == CURLE_OK &&
                curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L) == CURLE_OK &&
                curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 3L) == CURLE_OK &&
                curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, received) == CURLE_OK &&
                curl_easy_setopt(curl, CURLOPT_WRITEDATA, body) == CURLE_OK;

        return ok ? 0 : -ENOMEM;
}

int fetch(const char *url, Buffer *body, char **ret_problem)
{
        CLEANUP_CURL CURL *curl = curl_easy_init();
        char error[CURL_ERROR_SIZE] = "";
        char *problem = NULL;
        long status = 0;
        CURLcode code;
        int r;

        if (!curl || set_options(curl, url, body, error) < 0)
                return -ENOMEM;
        code = curl_easy_perform(curl);
        if (code == CURLE_OK)
                (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        if (status == 200)
                return 0;
        if (body->failed)
                r = asprintf(&problem, "the answer is larger than %zu bytes", body->limit);
        else if (code == CURLE_OK)
                r = asprintf(&problem, "HTTP status %ld", status);
        else
                r = asprintf(&problem, "%s", *error != '\0' ? error : curl_easy_strerror(code));
        if (r < 0)
                return -ENOMEM;
        *ret_problem = problem;
        return -EIO;
}
