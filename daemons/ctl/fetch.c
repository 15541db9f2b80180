/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/ctl/fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>

#define CONNECT_SECONDS 5L
#define ANSWER_SECONDS  30L

/* So many at a time: not more than a process may have files open. */
#define TRANSFERS_MAX 64

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
static int set_options(CURL *curl, const char *url, long seconds, Buffer *body, char *error)
{
        const bool ok = curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
                        curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error) == CURLE_OK &&
                        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
                        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
                        curl_easy_setopt(curl, CURLOPT_NOPROXY, "*") == CURLE_OK &&
                        curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT,
                                         MIN_OF(CONNECT_SECONDS, seconds)) == CURLE_OK &&
                        curl_easy_setopt(curl, CURLOPT_TIMEOUT, seconds) == CURLE_OK &&
                        curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L) == CURLE_OK &&
                        curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 3L) == CURLE_OK &&
                        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, received) == CURLE_OK &&
                        curl_easy_setopt(curl, CURLOPT_WRITEDATA, body) == CURLE_OK;

        return ok ? 0 : -ENOMEM;
}

/* 0 when there is an answer; -EIO with *ret_problem; -ENOMEM. */
static int outcome(CURL *curl, CURLcode code, const Buffer *body, const char *error,
                   char **ret_problem)
{
        long status = 0;
        int r;

        if (code == CURLE_OK)
                (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        if (status == 200)
                return 0;
        if (body->failed)
                r = asprintf(ret_problem, "the answer is larger than %zu bytes", body->limit);
        else if (code == CURLE_OK)
                r = asprintf(ret_problem, "HTTP status %ld", status);
        else
                r = asprintf(ret_problem, "%s", *error != '\0' ? error : curl_easy_strerror(code));
        if (r >= 0)
                return -EIO;
        *ret_problem = NULL;
        return -ENOMEM;
}

int fetch(const char *url, Buffer *body, char **ret_problem)
{
        CLEANUP_CURL CURL *curl = curl_easy_init();
        char error[CURL_ERROR_SIZE] = "";

        if (!curl || set_options(curl, url, ANSWER_SECONDS, body, error) < 0)
                return -ENOMEM;
        return outcome(curl, curl_easy_perform(curl), body, error, ret_problem);
}

/* ---- many ---- */

typedef struct Transfer {
        CURL *curl; /* NULL: not under way */
        size_t i;
        Buffer body;
        char error[CURL_ERROR_SIZE];
} Transfer;

typedef struct Fetcher {
        CURLM *multi;
        Transfer transfers[TRANSFERS_MAX];
        FetchHandler handler;
        void *user;
} Fetcher;

static void transfer_done(Fetcher *f, Transfer *t)
{
        if (t->curl) {
                (void)curl_multi_remove_handle(f->multi, t->curl);
                curl_easy_cleanup(t->curl);
        }
        t->curl = NULL;
        buffer_done(&t->body);
}

static void fetcher_done(Fetcher *f)
{
        for (size_t i = 0; i < ARRAY_SIZE(f->transfers); i++)
                transfer_done(f, &f->transfers[i]);
        (void)curl_multi_cleanup(f->multi);
}

static int transfer_start(Fetcher *f, Transfer *t, size_t i, const char *url, unsigned seconds,
                          size_t limit)
{
        t->i = i;
        t->body = BUFFER_INIT(limit);
        t->error[0] = '\0';
        t->curl = curl_easy_init();
        if (!t->curl || set_options(t->curl, url, (long)seconds, &t->body, t->error) < 0 ||
            curl_easy_setopt(t->curl, CURLOPT_PRIVATE, t) != CURLE_OK ||
            curl_multi_add_handle(f->multi, t->curl) != CURLM_OK)
                return -ENOMEM;
        return 0;
}

/* Tells of those that have ended. */
static int collect(Fetcher *f)
{
        const CURLMsg *message;
        int left, r = 0;

        while (r == 0 && (message = curl_multi_info_read(f->multi, &left))) {
                CLEANUP_FREE char *problem = NULL;
                const CURLcode code = message->data.result;
                char *private = NULL;
                Transfer *t;

                if (message->msg != CURLMSG_DONE)
                        continue;
                (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
                t = (Transfer *)(void *)private;
                r = outcome(t->curl, code, &t->body, t->error, &problem);
                if (r == 0 || r == -EIO)
                        r = f->handler(f->user, t->i, r == 0 ? &t->body : NULL, problem);
                transfer_done(f, t);
        }
        return r;
}

/* Until something happens. -EINTR when it is on `wake_fd`. */
static int wait_for_more(Fetcher *f, int wake_fd)
{
        struct curl_waitfd wake = { .fd = wake_fd, .events = CURL_WAIT_POLLIN };

        if (curl_multi_poll(f->multi, &wake, wake_fd >= 0, 1000, NULL) != CURLM_OK)
                return -ENOMEM;
        return wake_fd >= 0 && wake.revents ? -EINTR : 0;
}

int fetch_all(const char *const *urls, size_t n, unsigned seconds, size_t limit, int wake_fd,
              FetchHandler handler, void *user)
{
        CLEANUP(fetcher_done)
        Fetcher f = { .multi = curl_multi_init(), .handler = handler, .user = user };
        size_t started = 0;
        int r = f.multi ? 0 : -ENOMEM, running = 0;

        while (r == 0) {
                for (size_t i = 0; r == 0 && i < TRANSFERS_MAX && started < n; i++)
                        if (!f.transfers[i].curl) {
                                r = transfer_start(&f, &f.transfers[i], started, urls[started],
                                                   seconds, limit);
                                started++;
                        }
                if (r == 0 && curl_multi_perform(f.multi, &running) != CURLM_OK)
                        r = -ENOMEM;
                if (r == 0)
                        r = collect(&f);
                if (r == 0 && running == 0 && started == n)
                        break;
                if (r == 0 && running > 0)
                        r = wait_for_more(&f, wake_fd);
        }
        return r;
}
