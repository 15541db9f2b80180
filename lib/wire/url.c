/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/url.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/parse.h"

#define SCHEME "spark://"

/* What cannot stand anywhere in an address, by what the writer may have meant; NULL if all can. */
static const char *character_problem(const char *s, size_t size)
{
        for (size_t i = 0; i < size; i++) {
                unsigned char c = (unsigned char)s[i];
                if (c <= ' ' || c == 0x7f)
                        return "it has a blank or a control character";
                if (c == '@')
                        return "user information has no place in it";
                if (strchr("/?#", c))
                        return "a path, query or fragment has no place in it";
        }
        return NULL;
}

static const char *name_problem(const char *host, size_t size)
{
        static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789.-_";
        if (size == 0)
                return "the host is missing";
        for (size_t i = 0; i < size; i++)
                if (!strchr(allowed, host[i]))
                        return "the host has a character that no host name has";
        return NULL;
}

/* For "[address]". */
static const char *ipv6_problem(const char *host, size_t size)
{
        char address[INET6_ADDRSTRLEN + 1] = "";
        struct in6_addr binary;
        if (size - 2 < sizeof(address))
                memcpy(address, host + 1, size - 2);
        return inet_pton(AF_INET6, address, &binary) == 1
                       ? NULL
                       : "the brackets hold no valid IPv6 address";
}

static bool port_parse(const char *s, size_t size, uint16_t *ret)
{
        char digits[sizeof("65535")] = "";
        if (size == 0 || size >= sizeof(digits) || s[0] < '0' || s[0] > '9')
                return false;
        memcpy(digits, s, size);
        uint16_t port;
        if (parse_port(digits, &port) < 0 || port == 0)
                return false;
        *ret = port;
        return true;
}

/* Parses one address; NULL, or what is wrong with it. */
static const char *address_parse(const char *s, size_t size, HostPort *ret)
{
        if (size == 0)
                return "an address is empty";
        const char *problem = character_problem(s, size);
        if (problem)
                return problem;
        bool brackets = s[0] == '[';
        const char *end = memchr(s, brackets ? ']' : ':', size);
        size_t host_size = !end ? size : brackets ? (size_t)(end - s) + 1 : (size_t)(end - s);
        if (brackets && !end)
                return "a bracket is not closed";
        if (host_size > LIMIT_HOST_BYTES)
                return "the host is too long";
        problem = brackets ? ipv6_problem(s, host_size) : name_problem(s, host_size);
        if (problem)
                return problem;
        const char *colon = s + host_size;
        if (host_size == size || *colon != ':')
                return "the port is missing";
        size_t port_size = size - host_size - 1;
        if (memchr(colon + 1, ':', port_size))
                return "an IPv6 address needs brackets";
        if (!port_parse(colon + 1, port_size, &ret->port))
                return "the port is not a number from 1 to 65535";
        memcpy(ret->host, s, host_size);
        ret->host[host_size] = 0;
        return NULL;
}

int host_port_parse(const char *s, HostPort *ret)
{
        HostPort parsed;
        if (address_parse(s, strlen(s), &parsed))
                return -EINVAL;
        *ret = parsed;
        return 0;
}

int spark_url_parse(const char *url, HostPort **ret, size_t *ret_n, const char **ret_problem)
{
        if (strncmp(url, SCHEME, strlen(SCHEME)) != 0) {
                *ret_problem = "it does not start with " SCHEME;
                return -EINVAL;
        }
        const char *s = url + strlen(SCHEME);
        size_t n = 1;
        for (const char *comma = s; (comma = strchr(comma, ',')); comma++)
                n++;
        if (n > LIMIT_MASTERS)
                return -E2BIG;
        CLEANUP_FREE HostPort *masters = calloc(n, sizeof(HostPort));
        if (!masters)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                size_t size = strcspn(s, ",");
                const char *problem = address_parse(s, size, &masters[i]);
                if (problem) {
                        *ret_problem = problem;
                        return -EINVAL;
                }
                s += size + 1; /* past the end of the text only after the last one */
        }
        *ret = TAKE_PTR(masters);
        *ret_n = n;
        return 0;
}
