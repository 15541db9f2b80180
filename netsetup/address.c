/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"

int address_parse(const char *s, NetAddress *ret)
{
        NetAddress a = { .family = strchr(s, ':') ? AF_INET6 : AF_INET };

        if (inet_pton(a.family, s, a.bytes) != 1)
                return -EINVAL;
        *ret = a;
        return 0;
}

int prefix_parse(const char *s, NetPrefix *ret)
{
        char text[ADDRESS_TEXT_SIZE];
        const char *slash = strchr(s, '/');
        size_t size = slash ? (size_t)(slash - s) : strlen(s);
        NetPrefix p;
        int length;

        if (size >= sizeof text)
                return -EINVAL;
        memcpy(text, s, size);
        text[size] = '\0';
        if (address_parse(text, &p.address) < 0)
                return -EINVAL;
        length = (int)address_bits(&p.address);
        if (slash && parse_int(slash + 1, 0, length, &length) < 0)
                return -EINVAL;
        p.length = (uint8_t)length;
        *ret = p;
        return 0;
}

int endpoint_split(const char *s, char **ret_host, uint16_t *ret_port)
{
        const char *host = s, *colon = strrchr(s, ':');
        size_t size;
        uint16_t port;

        if (!colon || colon == s || parse_port(colon + 1, &port) < 0 || port == 0)
                return -EINVAL;
        size = (size_t)(colon - s);
        if (*s == '[') {
                NetAddress a;
                char text[ADDRESS_TEXT_SIZE];

                if (s[size - 1] != ']' || size < 3 || size - 2 >= sizeof text)
                        return -EINVAL;
                host++;
                size -= 2;
                memcpy(text, host, size);
                text[size] = '\0';
                if (address_parse(text, &a) < 0 || a.family != AF_INET6)
                        return -EINVAL;
        } else if (memchr(s, ':', size) || size > 253 || strcspn(s, " /\t,[]") < size) {
                return -EINVAL;
        }
        char *copy = strndup(host, size);

        if (!copy)
                return -ENOMEM;
        *ret_host = copy;
        *ret_port = port;
        return 0;
}

const char *address_format(const NetAddress *a, char ret[ADDRESS_TEXT_SIZE])
{
        if (a->family == 0 || !inet_ntop(a->family, a->bytes, ret, ADDRESS_TEXT_SIZE))
                memcpy(ret, "none", sizeof "none");
        return ret;
}

const char *prefix_format(const NetPrefix *p, char ret[PREFIX_TEXT_SIZE])
{
        char text[ADDRESS_TEXT_SIZE];

        snprintf(ret, PREFIX_TEXT_SIZE, "%s/%u", address_format(&p->address, text), p->length);
        return ret;
}

const char *endpoint_format(const NetEndpoint *e, char ret[ENDPOINT_TEXT_SIZE])
{
        char text[ADDRESS_TEXT_SIZE];

        snprintf(ret, ENDPOINT_TEXT_SIZE, e->address.family == AF_INET6 ? "[%s]:%u" : "%s:%u",
                 address_format(&e->address, text), e->port);
        return ret;
}

NetAddress address_from_bytes(const void *bytes, size_t size)
{
        NetAddress a = { .family = size == 4 ? AF_INET : size == 16 ? AF_INET6 : 0 };

        if (a.family != 0)
                memcpy(a.bytes, bytes, size);
        return a;
}

unsigned address_bits(const NetAddress *a)
{
        return a->family == AF_INET6 ? 128 : 32;
}

size_t address_size(const NetAddress *a)
{
        return address_bits(a) / 8;
}

bool address_equal(const NetAddress *a, const NetAddress *b)
{
        return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

bool prefix_equal(const NetPrefix *a, const NetPrefix *b)
{
        return a->length == b->length && address_equal(&a->address, &b->address);
}

bool endpoint_equal(const NetEndpoint *a, const NetEndpoint *b)
{
        return a->port == b->port && address_equal(&a->address, &b->address);
}

NetPrefix prefix_subnet(const NetPrefix *p)
{
        NetPrefix subnet = *p;
        size_t whole = p->length / 8;

        if (p->length % 8 != 0)
                subnet.address.bytes[whole++] &= (uint8_t)(0xff00 >> (p->length % 8));
        if (whole < sizeof subnet.address.bytes)
                memset(subnet.address.bytes + whole, 0, sizeof subnet.address.bytes - whole);
        return subnet;
}

NetAddress prefix_last(const NetPrefix *p)
{
        NetAddress last = p->address;

        for (unsigned bit = p->length; bit < address_bits(&last); bit++)
                last.bytes[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
        return last;
}

bool prefix_has_host_bits(const NetPrefix *p)
{
        NetPrefix subnet = prefix_subnet(p);

        return !address_equal(&subnet.address, &p->address);
}

bool prefix_contains(const NetPrefix *p, const NetAddress *a)
{
        size_t whole = p->length / 8;
        uint8_t mask = (uint8_t)(0xff00 >> (p->length % 8));

        return p->address.family == a->family && memcmp(p->address.bytes, a->bytes, whole) == 0 &&
               (mask == 0 || ((p->address.bytes[whole] ^ a->bytes[whole]) & mask) == 0);
}

bool prefix_overlaps(const NetPrefix *a, const NetPrefix *b)
{
        return a->length <= b->length ? prefix_contains(a, &b->address)
                                      : prefix_contains(b, &a->address);
}

bool address_is_link_local(const NetAddress *a)
{
        return a->family == AF_INET6 ? a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80
                                     : a->bytes[0] == 169 && a->bytes[1] == 254;
}

bool address_is_multicast(const NetAddress *a)
{
        return a->family == AF_INET6 ? a->bytes[0] == 0xff : a->bytes[0] >> 4 == 0xe;
}

socklen_t endpoint_to_sockaddr(const NetEndpoint *e, struct sockaddr_storage *ret)
{
        memset(ret, 0, sizeof *ret);
        ret->ss_family = e->address.family;
        if (e->address.family == AF_INET6) {
                struct sockaddr_in6 *to = (struct sockaddr_in6 *)ret;

                to->sin6_port = htons(e->port);
                memcpy(&to->sin6_addr, e->address.bytes, 16);
                return sizeof *to;
        }
        struct sockaddr_in *to = (struct sockaddr_in *)ret;

        to->sin_port = htons(e->port);
        memcpy(&to->sin_addr, e->address.bytes, 4);
        return sizeof *to;
}

int endpoint_from_sockaddr(const struct sockaddr *sa, NetEndpoint *ret)
{
        if (sa->sa_family == AF_INET6) {
                const struct sockaddr_in6 *from = (const struct sockaddr_in6 *)sa;

                *ret = (NetEndpoint){ address_from_bytes(&from->sin6_addr, 16),
                                      ntohs(from->sin6_port) };
                return 0;
        }
        if (sa->sa_family == AF_INET) {
                const struct sockaddr_in *from = (const struct sockaddr_in *)sa;

                *ret = (NetEndpoint){ address_from_bytes(&from->sin_addr, 4),
                                      ntohs(from->sin_port) };
                return 0;
        }
        return -EAFNOSUPPORT;
}
