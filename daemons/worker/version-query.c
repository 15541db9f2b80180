/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/worker/version-query.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/macro.h"

#define RESPONSE_MAX    16384
#define ATTEMPT_SECONDS 5
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

int version_from_response(const char *response, size_t size, char ret[static VERSION_MAX])
{
        static const char blank[] = "\r\n\r\n";
        const char *body = memmem(response, size, blank, strlen(blank));
        const char *version;
        json_t *value;
        int r = -EBADMSG;

        if (!body || size < 12 || strncmp(response, "HTTP/1.", 7) != 0 ||
            strncmp(response + 8, " 200", 4) != 0)
                return -EBADMSG;
        body += strlen(blank);
        value = json_loadb(body, size - (size_t)(body - response), 0, NULL);
        version = json_string_value(json_object_get(value, "spark"));
        if (version && plausible(version)) {
                (void)snprintf(ret, VERSION_MAX, "%s", version);
                r = 0;
        }
        json_decref(value);
        return r;
}

bool version_is_refused(const char *response, size_t size)
{
        static const char *const statuses[] = { " 30", " 401", " 403" };

        for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
                size_t n = strlen(statuses[i]);

                if (size >= 8 + n && strncmp(response, "HTTP/1.", 7) == 0 &&
                    strncmp(response + 8, statuses[i], n) == 0)
                        return true;
        }
        return false;
}

/* http://HOST[:PORT][/...] to its parts; HOST without the brackets of an IPv6 address. */
static int split_url(const char *url, char host[static NI_MAXHOST], char port[static NI_MAXSERV])
{
        const char *authority = url + strlen("http://"), *end, *colon;
        size_t n;

        if (strncmp(url, "http://", strlen("http://")) != 0)
                return -EINVAL;
        end = authority + strcspn(authority, "/?#");
        colon = memrchr(authority, ':', (size_t)(end - authority));
        if (colon && memchr(colon, ']', (size_t)(end - colon)))
                colon = NULL;
        n = (size_t)((colon ? colon : end) - authority);
        if (n >= 2 && authority[0] == '[' && authority[n - 1] == ']') {
                authority++;
                n -= 2;
        }
        if (n == 0 || n >= NI_MAXHOST || (colon && (end - colon < 2 || end - colon > 6)))
                return -EINVAL;
        (void)snprintf(host, NI_MAXHOST, "%.*s", (int)n, authority);
        (void)snprintf(port, NI_MAXSERV, "%.*s", colon ? (int)(end - colon - 1) : 2,
                       colon ? colon + 1 : "80");
        return 0;
}

static int connect_to(const char *host, const char *port)
{
        const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
        const struct timeval patience = { .tv_sec = ATTEMPT_SECONDS };
        struct addrinfo *all = NULL;
        int fd = -1;

        if (getaddrinfo(host, port, &hints, &all) != 0)
                return -ENXIO;
        for (const struct addrinfo *a = all; a && fd < 0; a = a->ai_next) {
                fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
                if (fd < 0)
                        continue;
                (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
                (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
                if (connect(fd, a->ai_addr, a->ai_addrlen) < 0)
                        close_fd(&fd);
        }
        freeaddrinfo(all);
        return fd < 0 ? -ECONNREFUSED : fd;
}

/* One question. 0 with the version, -EAGAIN when it may be answered later, or another -errno. */
static int ask(const char *host, const char *port, char version[static VERSION_MAX])
{
        static char response[RESPONSE_MAX];
        CLEANUP_CLOSE int peer = connect_to(host, port);
        char request[NI_MAXHOST + 128];
        size_t size = 0;
        ssize_t n;

        if (peer < 0)
                return peer;
        /* HTTP/1.0: the answer ends with the connection, and comes in one piece. */
        n = snprintf(request, sizeof(request),
                     "GET /api/v1/version HTTP/1.0\r\nHost: %s:%s\r\nAccept: application/json\r\n"
                     "\r\n",
                     host, port);
        if (send(peer, request, (size_t)n, MSG_NOSIGNAL) != n)
                return -EAGAIN;
        while (size < sizeof(response) &&
               (n = read(peer, response + size, sizeof(response) - size)) > 0)
                size += (size_t)n;
        if (version_from_response(response, size, version) == 0)
                return 0;
        return version_is_refused(response, size) ? -EACCES : -EAGAIN;
}

int version_query(void *arg, int fd)
{
        char host[NI_MAXHOST], port[NI_MAXSERV], version[VERSION_MAX];
        size_t n;
        int r;

        if (split_url(arg, host, port) < 0)
                return EXIT_FAILURE;
        /* A driver that has just registered is still starting: its UI listens, but serves nothing
         * yet (404, or no answer). The caller's deadline ends this. */
        while ((r = ask(host, port, version)) == -EAGAIN)
                (void)poll(NULL, 0, PAUSE_MSEC);
        if (r < 0)
                return EXIT_FAILURE;
        n = strlen(version);
        return write(fd, version, n) == (ssize_t)n ? EXIT_SUCCESS : EXIT_FAILURE;
}
