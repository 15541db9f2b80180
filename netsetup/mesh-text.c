/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/mesh-text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"

#define POOL_PREFIX_MIN 16
#define POOL_PREFIX_MAX 30

/* ---- base64 ---- */

static const char alphabets[2][65] = {
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

void base64_put(const void *data, size_t size, bool url, char *ret)
{
        const char *const alphabet = alphabets[url];
        const uint8_t *p = data;

        for (; size > 0; p += MIN_OF(size, 3u), size -= MIN_OF(size, 3u)) {
                const uint32_t v = (uint32_t)p[0] << 16 | (size > 1 ? (uint32_t)p[1] << 8 : 0) |
                                   (size > 2 ? p[2] : 0);
                *ret++ = alphabet[v >> 18];
                *ret++ = alphabet[v >> 12 & 63];
                if (size > 1)
                        *ret++ = alphabet[v >> 6 & 63];
                else if (!url)
                        *ret++ = '=';
                if (size > 2)
                        *ret++ = alphabet[v & 63];
                else if (!url)
                        *ret++ = '=';
        }
        *ret = '\0';
}

int base64_get(const char *text, bool url, void *to, size_t room, size_t *ret_size)
{
        size_t length = strlen(text), size = 0;
        uint32_t bits = 0;
        unsigned n_bits = 0;
        uint8_t *out = to;

        if (!url) {
                if (length % 4 != 0)
                        return -EINVAL;
                for (unsigned i = 0; i < 2 && length > 0 && text[length - 1] == '='; i++)
                        length--;
        }
        if (length % 4 == 1)
                return -EINVAL;
        for (size_t i = 0; i < length; i++) {
                const char *at = text[i] ? strchr(alphabets[url], text[i]) : NULL;
                if (!at)
                        return -EINVAL;
                bits = bits << 6 | (uint32_t)(at - alphabets[url]);
                n_bits += 6;
                if (n_bits < 8)
                        continue;
                n_bits -= 8;
                if (size >= room)
                        return -EINVAL;
                out[size++] = (uint8_t)(bits >> n_bits);
        }
        if ((bits & ((UINT32_C(1) << n_bits) - 1)) != 0)
                return -EINVAL; /* another text would have the same bytes */
        *ret_size = size;
        return 0;
}

int base64_get_exactly(const char *text, void *to, size_t size)
{
        size_t n;
        int r = base64_get(text, false, to, size, &n);

        return r < 0 ? r : n == size ? 0 : -EINVAL;
}

/* ---- names ---- */

static bool is_label_char(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

bool mesh_name_is_valid(const char *name)
{
        const size_t length = strlen(name);

        if (length == 0 || length > LIMIT_MESH_NAME_BYTES || *name == '-' ||
            name[length - 1] == '-' || strcmp(name, "localhost") == 0)
                return false;
        for (size_t i = 0; i < length; i++)
                if (!is_label_char(name[i]))
                        return false;
        return true;
}

int mesh_name_from_host(const char *host, char ret[LIMIT_MESH_NAME_BYTES + 1])
{
        char name[LIMIT_MESH_NAME_BYTES + 1];
        const size_t length = strcspn(host, ".");

        if (length > LIMIT_MESH_NAME_BYTES)
                return -EINVAL;
        for (size_t i = 0; i < length; i++)
                name[i] = (char)(host[i] >= 'A' && host[i] <= 'Z' ? host[i] - 'A' + 'a' : host[i]);
        name[length] = '\0';
        if (!mesh_name_is_valid(name))
                return -EINVAL;
        memcpy(ret, name, length + 1);
        return 0;
}

/* ---- endpoints ---- */

static bool is_host(const char *host, bool in_brackets)
{
        static const char name_chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                         "0123456789-_.";
        struct in6_addr address;

        if (in_brackets)
                return inet_pton(AF_INET6, host, &address) == 1;
        return *host && *host != '-' && host[strspn(host, name_chars)] == '\0';
}

int mesh_endpoint_parse(const char *text, uint16_t default_port, MeshEndpoint *ret)
{
        MeshEndpoint endpoint = { .port = default_port };
        struct in6_addr address;
        const bool in_brackets = *text == '[' || inet_pton(AF_INET6, text, &address) == 1;
        const char *start = text + (*text == '['), *end = start + strcspn(start, ":");

        if (in_brackets)
                end = start + strcspn(start, "]");
        const size_t length = (size_t)(end - start);
        if (length > LIMIT_HOST_BYTES)
                return -EINVAL;
        memcpy(endpoint.host, start, length);
        if (!is_host(endpoint.host, in_brackets))
                return -EINVAL;
        if (*text == '[') {
                if (*end++ != ']')
                        return -EINVAL;
        }
        if (*end && (*end != ':' || parse_port(end + 1, &endpoint.port) < 0))
                return -EINVAL;
        if (endpoint.port == 0)
                return -EINVAL;
        *ret = endpoint;
        return 0;
}

void mesh_endpoint_format(const MeshEndpoint *endpoint, char ret[LIMIT_MESH_ENDPOINT_BYTES + 1])
{
        const bool in_brackets = strchr(endpoint->host, ':') != NULL;

        (void)snprintf(ret, LIMIT_MESH_ENDPOINT_BYTES + 1, in_brackets ? "[%s]:%u" : "%s:%u",
                       endpoint->host, endpoint->port);
}

/* ---- addresses ---- */

int mesh_address_parse(const char *text, uint32_t *ret)
{
        struct in_addr address;

        if (inet_pton(AF_INET, text, &address) != 1)
                return -EINVAL;
        *ret = ntohl(address.s_addr);
        return 0;
}

void mesh_address_format(uint32_t address, char ret[MESH_ADDRESS_SIZE])
{
        (void)snprintf(ret, MESH_ADDRESS_SIZE, "%u.%u.%u.%u", address >> 24, address >> 16 & 255,
                       address >> 8 & 255, address & 255);
}

uint32_t pool_mask(unsigned prefix)
{
        return prefix == 0 ? 0 : UINT32_MAX << (32 - prefix);
}

int pool_parse(const char *text, uint32_t *ret_pool, unsigned *ret_prefix)
{
        char head[MESH_ADDRESS_SIZE];
        const size_t length = strcspn(text, "/");
        uint32_t pool;
        int prefix;

        if (text[length] != '/' || length >= sizeof(head))
                return -EINVAL;
        memcpy(head, text, length);
        head[length] = '\0';
        if (mesh_address_parse(head, &pool) < 0 ||
            parse_int(text + length + 1, POOL_PREFIX_MIN, POOL_PREFIX_MAX, &prefix) < 0 ||
            (pool & ~pool_mask((unsigned)prefix)) != 0)
                return -EINVAL;
        *ret_pool = pool;
        *ret_prefix = (unsigned)prefix;
        return 0;
}

bool pool_has_host(uint32_t pool, unsigned prefix, uint32_t address)
{
        const uint32_t mask = pool_mask(prefix);

        return (address & mask) == pool && address != pool && address != (pool | ~mask);
}
