/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/worker/jar-fetch.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/problem.h"
#include "daemons/worker/workdir.h"
#include "http/curl-load.h"

#define COPY_BYTES   65536
#define CONNECT_SECS 60L

void jar_source_done(JarSource *s)
{
        free(s->from);
        free(s->path);
}

/* ---- URLs ---- */

/* The length of "scheme" in "scheme:..."; 0 when there is none. */
static size_t scheme_length(const char *url)
{
        size_t n = 0;

        if (!isalpha((unsigned char)url[0]))
                return 0;
        while (isalnum((unsigned char)url[n]) || (url[n] && strchr("+-.", url[n])))
                n++;
        return url[n] == ':' ? n : 0;
}

static bool scheme_is(const char *url, size_t n, const char *name)
{
        return strlen(name) == n && strncasecmp(url, name, n) == 0;
}

static int hex_digit(char c)
{
        if (!isxdigit((unsigned char)c))
                return -1;
        return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* `n` bytes of a URL with %XX decoded; owned by the caller; NULL when out of memory. */
static char *decode(const char *s, size_t n)
{
        char *text = malloc(n + 1), *to = text;

        if (!text)
                return NULL;
        for (size_t i = 0; i < n; i++) {
                int high = s[i] == '%' && i + 2 < n ? hex_digit(s[i + 1]) : -1;
                int low = high >= 0 ? hex_digit(s[i + 2]) : -1;

                if (low >= 0 && (high || low)) {
                        *to++ = (char)(high * 16 + low);
                        i += 2;
                } else {
                        *to++ = s[i];
                }
        }
        *to = '\0';
        return text;
}

/* The path of "file:/path" or "file://host/path", without the query; as it is when there is no
 * scheme. NULL when out of memory. */
static char *path_of(const char *url, size_t scheme)
{
        const char *path = scheme ? url + scheme + 1 : url;

        if (!scheme)
                return strdup(path);
        if (strncmp(path, "//", 2) == 0)
                path += 2 + strcspn(path + 2, "/?#");
        return decode(path, strcspn(path, "?#"));
}

static int unservable(const char *url, char **ret_problem)
{
        (void)problem_set(
                ret_problem, 0,
                "Cannot fetch the driver's jar %s: this worker takes file:, local:, http:, "
                "https: and ftp: URLs with an absolute path to a file",
                url);
        return -EINVAL;
}

/* The last component of `path` in `dir`. It must not be in the way of what else is there. */
static int place(const char *path, const char *dir, char **ret)
{
        const char *name = strrchr(path, '/');

        name = name ? name + 1 : path;
        if (!workdir_id_valid(name) || strcmp(name, "stdout") == 0 || strcmp(name, "stderr") == 0)
                return -EINVAL;
        *ret = path_join(dir, name);
        return *ret ? 0 : -ENOMEM;
}

int jar_source_parse(const char *url, const char *dir, JarSource *ret, char **ret_problem)
{
        size_t scheme = url ? scheme_length(url) : 0;
        CLEANUP_JAR_SOURCE JarSource s = { .kind = JAR_FILE };
        CLEANUP_FREE char *path = NULL;
        int r = 0;

        if (!url)
                return unservable("(none)", ret_problem);
        if (scheme_is(url, scheme, "local"))
                s.kind = JAR_LOCAL;
        else if (scheme_is(url, scheme, "http") || scheme_is(url, scheme, "https") ||
                 scheme_is(url, scheme, "ftp"))
                s.kind = JAR_WEB;
        else if (scheme && !scheme_is(url, scheme, "file"))
                return unservable(url, ret_problem);
        path = path_of(url, scheme);
        if (!path)
                return -ENOMEM;
        if (path[0] != '/')
                return unservable(url, ret_problem);
        s.from = strdup(s.kind == JAR_WEB ? url : path);
        if (s.kind == JAR_LOCAL)
                s.path = strdup(path);
        else
                r = place(path, dir, &s.path);
        if (r == -EINVAL)
                return unservable(url, ret_problem);
        if (!s.from || !s.path)
                return -ENOMEM;
        *ret = s;
        s = (JarSource){ 0 };
        return 0;
}

/* ---- fetching ---- */

/* The file that is written, under another name until it is whole. */
typedef struct Target {
        int fd;
        uint64_t size;
        int error; /* negative errno of a write */
} Target;

static size_t take(char *data, size_t size, size_t n, void *user)
{
        Target *t = user;
        size_t left = size * n;

        t->size += left;
        if (t->size > LIMIT_JAR_BYTES)
                t->error = -EFBIG;
        while (left && t->error == 0) {
                ssize_t written = write(t->fd, data, left);

                if (written >= 0) {
                        data += written;
                        left -= (size_t)written;
                } else if (errno != EINTR) {
                        t->error = -errno;
                }
        }
        return t->error < 0 ? 0 : size * n;
}

static int copy(const char *from, Target *t)
{
        CLEANUP_CLOSE int fd = open(from, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        char block[COPY_BYTES];
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
        for (;;) {
                ssize_t n = read(fd, block, sizeof(block));

                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n == 0)
                        return 0;
                if (n > 0 && take(block, 1, (size_t)n, t) == 0)
                        return t->error;
        }
}

static void set_up(const Curl *c, CURL *h, const char *url, uint64_t timeout_usec, Target *t)
{
        (void)c->curl_easy_setopt(h, CURLOPT_URL, url);
        (void)c->curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https,ftp");
        (void)c->curl_easy_setopt(h, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
        (void)c->curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 1L);
        (void)c->curl_easy_setopt(h, CURLOPT_FAILONERROR, 1L);
        (void)c->curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
        (void)c->curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT, CONNECT_SECS);
        (void)c->curl_easy_setopt(h, CURLOPT_LOW_SPEED_LIMIT, 1L);
        (void)c->curl_easy_setopt(h, CURLOPT_LOW_SPEED_TIME, (long)(timeout_usec / 1000000));
        (void)c->curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, take);
        (void)c->curl_easy_setopt(h, CURLOPT_WRITEDATA, t);
}

/* The reason is libcurl's own word where it is not an errno. */
static int download(const char *url, uint64_t timeout_usec, Target *t, const char **ret_reason)
{
        CURLcode code;
        CURL *h;
        Curl c;

        if (curl_load(&c) < 0) {
                *ret_reason = "libcurl (libcurl.so.4) is not installed";
                return -ENOPKG;
        }
        h = c.curl_easy_init();
        if (!h)
                return -ENOMEM;
        set_up(&c, h, url, timeout_usec, t);
        code = c.curl_easy_perform(h);
        c.curl_easy_cleanup(h);
        if (t->error < 0)
                return t->error;
        if (code == CURLE_OK)
                return 0;
        *ret_reason = c.curl_easy_strerror(code);
        return -EIO;
}

static int fetch_to(const JarSource *source, const char *part, uint64_t timeout_usec,
                    const char **ret_reason)
{
        Target t = { .fd = file_open_plain(part, O_TRUNC, 0644) };
        int r;

        if (t.fd < 0)
                return t.fd;
        r = source->kind == JAR_FILE ? copy(source->from, &t)
                                     : download(source->from, timeout_usec, &t, ret_reason);
        if (close(t.fd) < 0 && r == 0)
                r = -errno;
        if (r == 0 && rename(part, source->path) < 0)
                r = -errno;
        if (r < 0)
                (void)unlink(part);
        return r;
}

int jar_fetch(const JarSource *source, uint64_t timeout_usec, char **ret_problem)
{
        CLEANUP_FREE char *part = NULL;
        const char *reason = NULL;
        int r;

        if (source->kind == JAR_LOCAL || access(source->path, F_OK) == 0)
                return 0;
        if (asprintf(&part, "%s.part", source->path) < 0) {
                part = NULL;
                return -ENOMEM;
        }
        r = fetch_to(source, part, timeout_usec, &reason);
        if (r < 0)
                (void)problem_set(ret_problem, r, "Cannot fetch the driver's jar %s: %s",
                                  source->from, reason ? reason : strerror(-r));
        return r;
}
