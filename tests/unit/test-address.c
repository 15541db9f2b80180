/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/address.h"

#include <errno.h>

#include "tests/unit/unit.h"

START_TEST(prefixes_are_read_strictly)
{
        static const struct {
                const char *text, *back; /* NULL: refused */
        } cases[] = {
                { "10.0.0.0/24", "10.0.0.0/24" },
                { "10.0.0.1", "10.0.0.1/32" },
                { "0.0.0.0/0", "0.0.0.0/0" },
                { "2001:DB8::1/64", "2001:db8::1/64" },
                { "::/0", "::/0" },
                { "fe80::1", "fe80::1/128" },
                { "10.0.0.0/33", NULL },
                { "10.0.0.0/", NULL },
                { "10.0.0.0/ 8", NULL },
                { "10.0.0/8", NULL },
                { "10.0.0.0/-1", NULL },
                { "::1/129", NULL },
                { "", NULL },
                { "host", NULL },
                { "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc/64", NULL },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char text[PREFIX_TEXT_SIZE];
                NetPrefix p;
                int r = prefix_parse(cases[i].text, &p);

                ck_assert_msg(r == (cases[i].back ? 0 : -EINVAL), "%s", cases[i].text);
                if (r == 0)
                        ck_assert_str_eq(prefix_format(&p, text), cases[i].back);
        }
}
END_TEST

START_TEST(endpoints_are_a_host_and_a_port)
{
        static const struct {
                const char *text, *host; /* NULL: refused */
                uint16_t port;
        } cases[] = {
                { "host.example:51820", "host.example", 51820 },
                { "10.0.0.1:1", "10.0.0.1", 1 },
                { "[2001:db8::1]:65535", "2001:db8::1", 65535 },
                { "2001:db8::1:51820", NULL, 0 },
                { "host:0", NULL, 0 },
                { "host:65536", NULL, 0 },
                { "host", NULL, 0 },
                { ":51820", NULL, 0 },
                { "[]:1", NULL, 0 },
                { "[10.0.0.1]:1", NULL, 0 },
                { "[::1:1", NULL, 0 },
                { "two words:1", NULL, 0 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                CLEANUP_FREE char *host = NULL;
                uint16_t port = 0;
                int r = endpoint_split(cases[i].text, &host, &port);

                ck_assert_msg(r == (cases[i].host ? 0 : -EINVAL), "%s", cases[i].text);
                if (r < 0)
                        continue;
                ck_assert_str_eq(host, cases[i].host);
                ck_assert_uint_eq(port, cases[i].port);
        }
}
END_TEST

START_TEST(subnets_contain_and_overlap)
{
        static const struct {
                const char *a, *b;
                bool contains, overlaps;
        } cases[] = {
                { "10.0.0.0/8", "10.1.2.3", true, true },
                { "10.0.0.0/8", "11.0.0.0", false, false },
                { "10.1.0.0/16", "10.0.0.0/8", false, true },
                { "10.1.0.128/25", "10.1.0.127", false, false },
                { "10.1.0.128/25", "10.1.0.129/24", true, true },
                { "0.0.0.0/0", "192.0.2.1", true, true },
                { "0.0.0.0/0", "::1", false, false },
                { "::/0", "2001:db8::1", true, true },
                { "2001:db8::/33", "2001:db8:8000::/33", false, false },
                { "2001:db8::1", "2001:db8::1", true, true },
                { "10.0.0.1/32", "10.0.0.1", true, true },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                NetPrefix a, b;

                ck_assert_int_eq(prefix_parse(cases[i].a, &a), 0);
                ck_assert_int_eq(prefix_parse(cases[i].b, &b), 0);
                ck_assert_msg(prefix_contains(&a, &b.address) == cases[i].contains, "%s %s",
                              cases[i].a, cases[i].b);
                ck_assert_msg(prefix_overlaps(&a, &b) == cases[i].overlaps, "%s %s", cases[i].a,
                              cases[i].b);
                ck_assert_msg(prefix_overlaps(&b, &a) == cases[i].overlaps, "%s %s", cases[i].b,
                              cases[i].a);
        }
}
END_TEST

START_TEST(a_subnet_has_no_bits_after_its_length)
{
        static const char *const cases[][2] = {
                { "10.1.2.3/24", "10.1.2.0/24" },
                { "10.1.2.255/25", "10.1.2.128/25" },
                { "10.1.2.3/0", "0.0.0.0/0" },
                { "2001:db8:ffff::1/33", "2001:db8:8000::/33" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char text[PREFIX_TEXT_SIZE];
                NetPrefix p, subnet;

                ck_assert_int_eq(prefix_parse(cases[i][0], &p), 0);
                ck_assert(prefix_has_host_bits(&p));
                subnet = prefix_subnet(&p);
                ck_assert(!prefix_has_host_bits(&subnet));
                ck_assert_str_eq(prefix_format(&subnet, text), cases[i][1]);
        }
}
END_TEST

START_TEST(endpoints_go_through_sockaddr)
{
        static const char *const cases[] = { "10.1.2.3", "2001:db8::7" };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                NetEndpoint there = { .port = 51820 }, back = { 0 };
                struct sockaddr_storage sa;

                ck_assert_int_eq(address_parse(cases[i], &there.address), 0);
                ck_assert_uint_gt(endpoint_to_sockaddr(&there, &sa), 0);
                ck_assert_int_eq(endpoint_from_sockaddr((struct sockaddr *)&sa, &back), 0);
                ck_assert(endpoint_equal(&there, &back));
        }
        struct sockaddr_storage other = { .ss_family = AF_UNIX };
        NetEndpoint e;

        ck_assert_int_eq(endpoint_from_sockaddr((struct sockaddr *)&other, &e), -EAFNOSUPPORT);
}
END_TEST

UNIT_MAIN("address", prefixes_are_read_strictly, endpoints_are_a_host_and_a_port,
          subnets_contain_and_overlap, a_subnet_has_no_bits_after_its_length,
          endpoints_go_through_sockaddr)
