/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/token.h"

#include <errno.h>

#include "tests/unit/unit.h"

static Token sample(void)
{
        Token t = { .expires = UINT64_C(1800000000), .n_endpoints = 2 };

        ck_assert_int_eq(token_make_secret(&t), 0);
        memset(t.pin.bytes, 7, NODE_PIN_SIZE);
        ck_assert_int_eq(pool_parse("10.90.1.0/24", &t.pool, &t.prefix), 0);
        ck_assert_int_eq(mesh_endpoint_parse("example.net:7079", 0, &t.endpoints[0]), 0);
        ck_assert_int_eq(mesh_endpoint_parse("[2001:db8::1]:80", 0, &t.endpoints[1]), 0);
        return t;
}

START_TEST(text_and_back)
{
        Token t = sample(), back;
        CLEANUP_SECRET char *text = token_format(&t);

        ck_assert_ptr_nonnull(text);
        ck_assert_int_eq(text[0], 'A'); /* never like an option */
        ck_assert_int_eq(token_parse(text, &back), 0);
        ck_assert_mem_eq(&back.id, &t.id, sizeof(t.id));
        ck_assert_mem_eq(back.secret, t.secret, sizeof(t.secret));
        ck_assert_mem_eq(&back.pin, &t.pin, sizeof(t.pin));
        ck_assert_uint_eq(back.expires, t.expires);
        ck_assert_uint_eq(back.pool, t.pool);
        ck_assert_uint_eq(back.prefix, 24);
        ck_assert_uint_eq(back.n_endpoints, 2);
        ck_assert_str_eq(back.endpoints[0].host, "example.net");
        ck_assert_str_eq(back.endpoints[1].host, "2001:db8::1");
        ck_assert_uint_eq(back.endpoints[1].port, 80);
        token_wipe(&back);
        for (size_t i = 0; i < TOKEN_SECRET_SIZE; i++)
                ck_assert_uint_eq(back.secret[i], 0);
}
END_TEST

START_TEST(damage_is_seen)
{
        Token t = sample(), back = { .expires = 1 };
        CLEANUP_SECRET char *text = token_format(&t);
        const size_t size = strlen(text);

        for (size_t i = 0; i < size; i++) {
                const char was = text[i];
                text[i] = was == 'A' ? 'B' : 'A';
                ck_assert_int_eq(token_parse(text, &back), -EINVAL);
                text[i] = '\0';
                ck_assert_int_eq(token_parse(text, &back), -EINVAL);
                text[i] = was;
        }
        ck_assert_uint_eq(back.expires, 1);
        ck_assert_int_eq(token_parse(text, &back), 0);
}
END_TEST

START_TEST(what_cannot_be_is_refused)
{
        Token t = sample(), back;

        for (unsigned i = 0; i < 3; i++) {
                Token wrong = t;
                if (i == 0)
                        wrong.n_endpoints = 0;
                else if (i == 1)
                        wrong.prefix = 31;
                else
                        wrong.pool++;
                CLEANUP_SECRET char *text = token_format(&wrong);
                ck_assert_int_eq(token_parse(text, &back), -EINVAL);
        }
        char *huge = malloc(100001);
        memset(huge, 'A', 100000);
        huge[100000] = '\0';
        ck_assert_int_eq(token_parse(huge, &back), -EINVAL);
        free(huge);
}
END_TEST

START_TEST(the_longest_endpoints)
{
        Token t = sample(), back;

        t.n_endpoints = LIMIT_MESH_ENDPOINTS;
        for (size_t i = 0; i < t.n_endpoints; i++) {
                memset(t.endpoints[i].host, 'a', LIMIT_HOST_BYTES);
                t.endpoints[i].host[LIMIT_HOST_BYTES] = '\0';
                t.endpoints[i].port = 65535;
        }
        CLEANUP_SECRET char *text = token_format(&t);
        ck_assert_ptr_nonnull(text);
        ck_assert_int_eq(token_parse(text, &back), 0);
        ck_assert_uint_eq(back.n_endpoints, t.n_endpoints);
}
END_TEST

START_TEST(the_key_comes_from_id_and_secret)
{
        Token t = sample();
        CLEANUP_IDENTITY NodeIdentity a = { 0 }, same = { 0 }, other_id = { 0 }, other = { 0 };

        ck_assert_int_eq(token_identity(&t, &a), 0);
        ck_assert_int_eq(token_identity(&t, &same), 0);
        ck_assert(node_key_equal(&a.key, &same.key));
        t.id.bytes[0] ^= 1;
        ck_assert_int_eq(token_identity(&t, &other_id), 0);
        ck_assert(!node_key_equal(&a.key, &other_id.key));
        t.id.bytes[0] ^= 1;
        t.secret[15] ^= 1;
        ck_assert_int_eq(token_identity(&t, &other), 0);
        ck_assert(!node_key_equal(&a.key, &other.key));
}
END_TEST

UNIT_MAIN("token", text_and_back, damage_is_seen, what_cannot_be_is_refused, the_longest_endpoints,
          the_key_comes_from_id_and_secret)
