/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/mesh-text.h"

#include <errno.h>

#include "tests/unit/unit.h"

START_TEST(base64_both_ways)
{
        /* RFC 4648, 10, and one with what the alphabets differ in */
        static const struct {
                const char *bytes, *plain, *url;
        } cases[] = {
                { "", "", "" },
                { "f", "Zg==", "Zg" },
                { "fo", "Zm8=", "Zm8" },
                { "foo", "Zm9v", "Zm9v" },
                { "foob", "Zm9vYg==", "Zm9vYg" },
                { "\xfb\xef\xff", "++//", "--__" },
        };
        char text[BASE64_SIZE(8)], bytes[8];
        size_t size;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const size_t length = strlen(cases[i].bytes);
                for (int url = 0; url < 2; url++) {
                        const char *want = url ? cases[i].url : cases[i].plain;
                        base64_put(cases[i].bytes, length, url, text);
                        ck_assert_str_eq(text, want);
                        ck_assert_int_eq(base64_get(want, url, bytes, sizeof(bytes), &size), 0);
                        ck_assert_uint_eq(size, length);
                        ck_assert_mem_eq(bytes, cases[i].bytes, length);
                }
        }
}
END_TEST

START_TEST(base64_of_one_form)
{
        static const char *const wrong[] = { "Z",    "Zg",       "Zg=",  "Zh==",   "Zg===",
                                             "Z===", "=",        "====", "Zm9v\n", " Zm9",
                                             "Zm=v", "Zm8=Zm8=", "--__" };
        char bytes[8];
        size_t size;

        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
                ck_assert_msg(base64_get(wrong[i], false, bytes, sizeof(bytes), &size) == -EINVAL,
                              "%s", wrong[i]);
        ck_assert_int_eq(base64_get("Zg==", true, bytes, sizeof(bytes), &size), -EINVAL);
        ck_assert_int_eq(base64_get("Zm9v", false, bytes, 2, &size), -EINVAL);
        ck_assert_int_eq(base64_get_exactly("Zm9v", bytes, 3), 0);
        ck_assert_int_eq(base64_get_exactly("Zm9v", bytes, 4), -EINVAL);
}
END_TEST

START_TEST(names)
{
        static const char *const wrong[] = { "",    "-a",        "a-",  "a.b", "A",  "ä",
                                             "a b", "localhost", "a_b", "a\n", "a#", "10.0.0" };
        char name[LIMIT_MESH_NAME_BYTES + 1], longest[LIMIT_MESH_NAME_BYTES + 2] = "";

        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
                ck_assert_msg(!mesh_name_is_valid(wrong[i]), "%s", wrong[i]);
        memset(longest, 'a', LIMIT_MESH_NAME_BYTES);
        ck_assert(mesh_name_is_valid(longest));
        longest[LIMIT_MESH_NAME_BYTES] = 'a';
        ck_assert(!mesh_name_is_valid(longest));
        ck_assert_int_eq(mesh_name_from_host(longest, name), -EINVAL);
        ck_assert_int_eq(mesh_name_from_host("Node-7.Example.NET", name), 0);
        ck_assert_str_eq(name, "node-7");
        ck_assert_int_eq(mesh_name_from_host("a_b", name), -EINVAL);
        ck_assert_int_eq(mesh_name_from_host("", name), -EINVAL);
}
END_TEST

START_TEST(endpoints)
{
        static const struct {
                const char *text;
                uint16_t port;
                const char *want; /* NULL: refused */
        } cases[] = {
                { "example.net:7079", 0, "example.net:7079" },
                { "10.1.2.3:1", 0, "10.1.2.3:1" },
                { "10.1.2.3", 51820, "10.1.2.3:51820" },
                { "10.1.2.3", 0, NULL },
                { "[2001:db8::1]:9", 5, "[2001:db8::1]:9" },
                { "[2001:db8::1]", 5, "[2001:db8::1]:5" },
                { "2001:db8::1", 5, "[2001:db8::1]:5" },
                { "[10.1.2.3]:5", 5, NULL },
                { "[2001:db8::1:5", 5, NULL },
                { "[2001:db8::1]5", 5, NULL },
                { "a:65536", 5, NULL },
                { "a:0", 5, NULL },
                { "a:", 5, NULL },
                { ":5", 5, NULL },
                { "", 5, NULL },
                { "a b:5", 5, NULL },
                { "a\n:5", 5, NULL },
                { "-a:5", 5, NULL },
                { "a/b:5", 5, NULL },
                { "a@b:5", 5, NULL },
        };
        char text[LIMIT_MESH_ENDPOINT_BYTES + 1], longest[LIMIT_HOST_BYTES + 2];
        MeshEndpoint endpoint;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                int r = mesh_endpoint_parse(cases[i].text, cases[i].port, &endpoint);
                ck_assert_msg(r == (cases[i].want ? 0 : -EINVAL), "%s", cases[i].text);
                if (r < 0)
                        continue;
                mesh_endpoint_format(&endpoint, text);
                ck_assert_str_eq(text, cases[i].want);
        }
        memset(longest, 'a', sizeof(longest));
        longest[LIMIT_HOST_BYTES + 1] = '\0';
        ck_assert_int_eq(mesh_endpoint_parse(longest, 5, &endpoint), -EINVAL);
        longest[LIMIT_HOST_BYTES] = '\0';
        ck_assert_int_eq(mesh_endpoint_parse(longest, 65535, &endpoint), 0);
        mesh_endpoint_format(&endpoint, text);
        ck_assert_uint_eq(strlen(text), LIMIT_HOST_BYTES + 6);
}
END_TEST

START_TEST(pools)
{
        static const char *const wrong[] = { "10.1.2.0",    "10.1.2.0/",   "10.1.2.1/24",
                                             "10.1.2.0/31", "10.0.0.0/15", "10.1.2/24",
                                             "/24",         "::/24",       "255.255.255.255.0/24" };
        uint32_t pool;
        unsigned prefix;
        char text[MESH_ADDRESS_SIZE];

        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
                ck_assert_msg(pool_parse(wrong[i], &pool, &prefix) == -EINVAL, "%s", wrong[i]);
        ck_assert_int_eq(pool_parse("10.1.2.0/24", &pool, &prefix), 0);
        ck_assert_uint_eq(prefix, 24);
        mesh_address_format(pool, text);
        ck_assert_str_eq(text, "10.1.2.0");
        ck_assert(!pool_has_host(pool, prefix, pool));
        ck_assert(pool_has_host(pool, prefix, pool + 1));
        ck_assert(pool_has_host(pool, prefix, pool + 254));
        ck_assert(!pool_has_host(pool, prefix, pool + 255));
        ck_assert(!pool_has_host(pool, prefix, pool + 256));
}
END_TEST

UNIT_MAIN("mesh-text", base64_both_ways, base64_of_one_form, names, endpoints, pools)
