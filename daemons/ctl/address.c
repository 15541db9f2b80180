/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/ctl/address.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/macro.h"
#include "base/parse.h"

/* Where the port of "host:port" begins, or the end of the string when there is none. The colons
 * in "[::1]" are the address's own. */
static const char *host_end(const char *s)
{
        const char *bracket = s[0] == '[' ? strchr(s, ']') : NULL;
        const char *colon = strchr(bracket ? bracket : s, ':');

        return colon ? colon : s + strlen(s);
}

static bool host_valid(const char *s, size_t size)
{
        if (size == 0)
                return false;
        for (size_t i = 0; i < size; i++)
                if (!isalnum((unsigned char)s[i]) && !strchr(".-_[]:%", s[i]))
                        return false;
        return true;
}

int webui_url(const char *master, const char *webui_port, char **ret)
{
        CLEANUP_FREE char *url = NULL;
        uint16_t port;
        int r;

        if (strncmp(master, "http://", 7) == 0 || strncmp(master, "https://", 8) == 0) {
                r = asprintf(&url, "%s", master);
        } else {
                const bool spark = strncmp(master, "spark://", 8) == 0;
                const char *host = spark ? master + 8 : master;
                const char *end = host_end(host);
                const char *port_text = *end == ':' && !spark ? end + 1 : webui_port;

                if (!host_valid(host, (size_t)(end - host)) || parse_port(port_text, &port) < 0 ||
                    port == 0)
                        return -EINVAL;
                r = asprintf(&url, "http://%.*s:%u", (int)(end - host), host, (unsigned)port);
        }
        if (r < 0) {
                url = NULL; /* asprintf() leaves it undefined */
                return -ENOMEM;
        }
        for (size_t n = strlen(url); n > 0 && url[n - 1] == '/'; n--)
                url[n - 1] = '\0';
        *ret = TAKE_PTR(url);
        return 0;
}

static const char *environment(const char *name)
{
        const char *value = getenv(name);

        return value && *value != '\0' ? value : NULL;
}

int webui_url_from_environment(const char *master, char **ret)
{
        const char *port = environment("SPARK_MASTER_WEBUI_PORT");

        if (!master)
                master = environment("SPARK_MASTER_WEBUI");
        if (!master)
                master = environment("SPARK_MASTER_HOST");
        return webui_url(master ? master : "localhost", port ? port : MASTER_WEBUI_PORT, ret);
}
