/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/token-table.h"

#include "netsetup/mesh-members.h"
#include "tests/unit/unit.h"

static KnownToken known(uint8_t id, uint64_t expires, bool once)
{
        KnownToken t = { .expires = expires, .once = once };

        memset(t.id.bytes, id, TOKEN_ID_SIZE);
        memset(t.verifier.bytes, id, NODE_KEY_SIZE);
        return t;
}

START_TEST(text_and_back)
{
        CLEANUP_TOKEN_TABLE TokenTable table = { 0 }, back = { 0 };
        KnownToken used = known(2, 200, true);

        used.used = true;
        memset(used.used_by.bytes, 9, NODE_KEY_SIZE);
        ck_assert_int_eq(token_table_add(&table, &(KnownToken){ .expires = 100 }, 50), 0);
        ck_assert_int_eq(token_table_add(&table, &used, 50), 0);
        CLEANUP_FREE char *text = token_table_format(&table);
        ck_assert_int_eq(token_table_parse(text, strlen(text), &back), 0);
        ck_assert_uint_eq(back.n, 2);
        ck_assert(!back.items[0].used && !back.items[0].once);
        ck_assert(back.items[1].used && back.items[1].once);
        ck_assert_uint_eq(back.items[1].expires, 200);
        ck_assert(node_key_equal(&back.items[1].used_by, &used.used_by));
        ck_assert(node_key_equal(&back.items[1].verifier, &used.verifier));
}
END_TEST

START_TEST(garbage)
{
        static const char *const wrong[] = {
                "",
                "{}",
                "[1]",
                "[{}]",
                "[{\"id\":\"AAAAAAAAAAA\"}]",
                "[{\"id\":\"A\",\"verifier\":\"\",\"expires\":1,\"once\":true,\"used-by\":\"\"}]",
        };
        CLEANUP_TOKEN_TABLE TokenTable table = { 0 };

        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
                ck_assert_int_eq(token_table_parse(wrong[i], strlen(wrong[i]), &table),
                                 MESH_E_INVALID);
}
END_TEST

START_TEST(finding)
{
        CLEANUP_TOKEN_TABLE TokenTable table = { 0 };
        const KnownToken many = known(1, 100, false), once = known(2, 100, true);
        const TokenId unknown = { { 3 } };
        const NodeKey a = { { 1 } }, b = { { 2 } };

        ck_assert_int_eq(token_table_add(&table, &many, 0), 0);
        ck_assert_int_eq(token_table_add(&table, &once, 0), 0);
        ck_assert_ptr_null(token_table_find(&table, &unknown, &a, 50));
        ck_assert_ptr_nonnull(token_table_find(&table, &many.id, &a, 99));
        ck_assert_ptr_null(token_table_find(&table, &many.id, &a, 100));
        for (size_t i = 0; i < table.n; i++) {
                table.items[i].used = true;
                table.items[i].used_by = a;
        }
        ck_assert_ptr_nonnull(token_table_find(&table, &many.id, &b, 50));
        ck_assert_ptr_nonnull(token_table_find(&table, &once.id, &a, 50));
        ck_assert_ptr_null(token_table_find(&table, &once.id, &b, 50));
}
END_TEST

START_TEST(expired_ones_make_room)
{
        CLEANUP_TOKEN_TABLE TokenTable table = { 0 };
        KnownToken t = known(1, 100, false);

        for (size_t i = 0; i < LIMIT_MESH_TOKENS; i++)
                ck_assert_int_eq(token_table_add(&table, &t, 50), 0);
        ck_assert_int_eq(token_table_add(&table, &t, 99), MESH_E_FULL);
        t.expires = 300;
        ck_assert_int_eq(token_table_add(&table, &t, 100), 0);
        ck_assert_uint_eq(table.n, 1);
}
END_TEST

UNIT_MAIN("token-table", text_and_back, garbage, finding, expired_ones_make_room)
