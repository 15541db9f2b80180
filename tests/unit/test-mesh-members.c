/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/mesh-members.h"

#include <errno.h>

#include "tests/unit/mesh-rig.h"

static NodeIdentity coordinator, other;

static void make_identities(void)
{
        ck_assert_int_eq(identity_generate(&coordinator), 0);
        ck_assert_int_eq(identity_generate(&other), 0);
}

static void free_identities(void)
{
        identity_done(&coordinator);
        identity_done(&other);
}

START_TEST(text_and_back)
{
        make_identities();
        CLEANUP_MESH_LIST MeshList list = rig_list(&coordinator), back = { 0 };
        MeshMember m = rig_member("second", &other), *put;

        *m.endpoint.host = '\0';
        ck_assert_int_eq(mesh_list_put(&list, &m, &put), 0);
        ck_assert_uint_eq(put->address, list.pool + 2);
        CLEANUP_FREE char *text = mesh_list_format(&list);
        ck_assert_int_eq(mesh_list_parse(text, strlen(text), &back), 0);
        ck_assert_uint_eq(back.sequence, 1);
        ck_assert_uint_eq(back.n, 2);
        ck_assert_uint_eq(back.n_joins, 1);
        ck_assert_str_eq(back.master, "spark://10.90.1.1:7077");
        ck_assert(node_key_equal(&back.coordinator, &coordinator.key));
        for (size_t i = 0; i < 2; i++) {
                ck_assert_str_eq(back.members[i].name, list.members[i].name);
                ck_assert_uint_eq(back.members[i].address, list.members[i].address);
                ck_assert(key_equal(&back.members[i].key, &list.members[i].key));
                ck_assert_str_eq(back.members[i].endpoint.host, list.members[i].endpoint.host);
        }
        free_identities();
}
END_TEST

START_TEST(who_may_be_put)
{
        make_identities();
        CLEANUP_IDENTITY NodeIdentity third = { 0 };
        CLEANUP_MESH_LIST MeshList list = rig_list(&coordinator);
        MeshMember m = rig_member("second", &other), *put;

        ck_assert_int_eq(identity_generate(&third), 0);
        ck_assert_int_eq(mesh_list_put(&list, &m, NULL), 0);
        /* the same host with another key and name keeps its address */
        MeshMember again = rig_member("second-b", &other);
        ck_assert_int_eq(mesh_list_put(&list, &again, &put), 0);
        ck_assert_uint_eq(list.n, 2);
        ck_assert_uint_eq(put->address, list.pool + 2);
        ck_assert(key_equal(&list.members[1].key, &again.key));
        /* another host with its name or its key */
        MeshMember name = rig_member("second-b", &third), key = rig_member("third", &third);
        key.key = again.key;
        ck_assert_int_eq(mesh_list_put(&list, &name, NULL), MESH_E_TAKEN);
        ck_assert_int_eq(mesh_list_put(&list, &key, NULL), MESH_E_TAKEN);
        /* an address that became free is given again */
        ck_assert(mesh_list_remove(&list, &other.key));
        ck_assert(!mesh_list_remove(&list, &other.key));
        ck_assert_int_eq(mesh_list_put(&list, &name, &put), 0);
        ck_assert_uint_eq(put->address, list.pool + 2);
        ck_assert_ptr_eq(mesh_find_name(&list, "second-b"), put);
        ck_assert_ptr_eq(mesh_find_address(&list, list.pool + 2), put);
        ck_assert_ptr_null(mesh_find_node(&list, &other.key));
        free_identities();
}
END_TEST

START_TEST(a_full_pool)
{
        make_identities();
        CLEANUP_MESH_LIST MeshList list = rig_list(&coordinator);
        char name[8];

        list.prefix = 29;
        for (unsigned i = 2; i <= 7; i++) {
                CLEANUP_IDENTITY NodeIdentity identity = { 0 };
                ck_assert_int_eq(identity_generate(&identity), 0);
                (void)snprintf(name, sizeof(name), "n%u", i);
                MeshMember m = rig_member(name, &identity);
                ck_assert_int_eq(mesh_list_put(&list, &m, NULL), i <= 6 ? 0 : MESH_E_FULL);
        }
        free_identities();
}
END_TEST

/* Replaces the first occurrence; owned by the caller. */
static char *replaced(const char *text, const char *from, const char *to)
{
        const char *at = strstr(text, from);
        char *result;

        ck_assert_ptr_nonnull(at);
        ck_assert_int_ge(
                asprintf(&result, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)), 0);
        return result;
}

START_TEST(what_cannot_be_is_refused)
{
        static const struct {
                const char *from, *to;
        } cases[] = {
                { "\"version\":1", "\"version\":2" },
                { "\"sequence\":1", "\"sequence\":0" },
                { "\"sequence\":1", "\"sequence\":-1" },
                { "\"sequence\":1", "\"sequence\":9007199254740993" },
                { "\"sequence\":1", "\"sequence\":\"1\"" },
                { "\"sequence\":1", "\"sequence\":1,\"sequence\":2" },
                { "\"prefix\":24", "\"prefix\":31" },
                { "\"prefix\":24", "\"prefix\":16" },
                { "10.90.1.0", "10.91.1.0" },
                { "10.90.1.0", "10.90.1.1" },
                { "\"10.90.1.1\"", "\"10.90.1.0\"" },
                { "\"10.90.1.1\"", "\"10.90.1.2\"" },
                { "\"10.90.1.1\"", "\"10.90.1.255\"" },
                { "\"10.90.1.1\"", "\"10.90.2.1\"" },
                { "first", "First" },
                { "first", "second" },
                { "first", "fi\\nst" },
                { "\"port\":51820", "\"port\":0" },
                { "\"port\":51820", "\"port\":65536" },
                { "\"192.0.2.1:51820\"", "\"192.0.2.1\"" },
                { "\"192.0.2.1:51820\"", "\"192.0.2.1:51820\\nx\"" },
                { "\"192.0.2.1:7079\"", "7" },
                { "spark://10.90.1.1:7077", "spark://10.90.1.1:7077\\n" },
                { "spark://10.90.1.1:7077", "http://10.90.1.1:7077" },
                { "\"members\":[", "\"members\":[], \"more\":[" },
                { "\"members\":[", "\"members\":{}, \"more\":[" },
                { "\"join\":[", "\"join\":[\"a:1\",\"a:1\",\"a:1\",\"a:1\"," },
        };
        make_identities();
        CLEANUP_MESH_LIST MeshList list = rig_list(&coordinator), back = { 0 };
        MeshMember m = rig_member("second", &other);

        ck_assert_int_eq(mesh_list_put(&list, &m, NULL), 0);
        CLEANUP_FREE char *text = mesh_list_format(&list);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                CLEANUP_FREE char *wrong = replaced(text, cases[i].from, cases[i].to);
                ck_assert_msg(mesh_list_parse(wrong, strlen(wrong), &back) == MESH_E_INVALID,
                              "case %zu: %s", i, wrong);
        }
        for (size_t size = 0; size < strlen(text); size++)
                ck_assert_int_eq(mesh_list_parse(text, size, &back), MESH_E_INVALID);
        /* what a newer version may add */
        CLEANUP_FREE char *more = replaced(text, "\"version\":1", "\"version\":1,\"new\":{}");
        ck_assert_int_eq(mesh_list_parse(more, strlen(more), &back), 0);
        free_identities();
}
END_TEST

START_TEST(keys_are_of_one_member)
{
        make_identities();
        CLEANUP_MESH_LIST MeshList list = rig_list(&coordinator), back = { 0 };
        MeshMember m = rig_member("second", &other);

        ck_assert_int_eq(mesh_list_put(&list, &m, NULL), 0);
        for (unsigned i = 0; i < 2; i++) {
                if (i == 0)
                        list.members[1].key = list.members[0].key;
                else
                        list.members[1].node = list.members[0].node;
                CLEANUP_FREE char *text = mesh_list_format(&list);
                ck_assert_int_eq(mesh_list_parse(text, strlen(text), &back), MESH_E_INVALID);
                list.members[1] = m;
                list.members[1].address = list.pool + 2;
        }
        free_identities();
}
END_TEST

START_TEST(seals)
{
        make_identities();
        CLEANUP_MESH_LIST MeshList list = rig_list(&coordinator), back = { 0 };
        CLEANUP_FREE char *sealed = NULL, *by_other = NULL;
        NodePin pin, wrong_pin;

        ck_assert_int_eq(mesh_list_seal(&list, &coordinator, &sealed), 0);
        const size_t size = strlen(sealed);
        node_pin(&coordinator.key, &pin);
        node_pin(&other.key, &wrong_pin);
        ck_assert_int_eq(mesh_list_open(sealed, size, &coordinator.key, &back), 0);
        mesh_list_done(&back);
        ck_assert_int_eq(mesh_list_open_pinned(sealed, size, &pin, &back), 0);
        mesh_list_done(&back);
        ck_assert_int_eq(mesh_list_open_own(sealed, size, &back), 0);
        mesh_list_done(&back);
        ck_assert_int_eq(mesh_list_open(sealed, size, &other.key, &back), MESH_E_SIGNATURE);
        ck_assert_int_eq(mesh_list_open_pinned(sealed, size, &wrong_pin, &back), MESH_E_SIGNATURE);

        /* one byte changed */
        CLEANUP_FREE char *changed = replaced(sealed, "10.90.1.1:7077", "10.90.1.1:7078");
        ck_assert_int_eq(mesh_list_open(changed, size, &coordinator.key, &back), MESH_E_SIGNATURE);
        ck_assert_int_eq(mesh_list_open_pinned(changed, size, &pin, &back), MESH_E_SIGNATURE);
        ck_assert_int_eq(mesh_list_open_own(changed, size, &back), MESH_E_SIGNATURE);

        /* sealed by somebody who is not the coordinator that the list names */
        ck_assert_int_eq(mesh_list_seal(&list, &other, &by_other), 0);
        ck_assert_int_eq(mesh_list_open(by_other, strlen(by_other), &other.key, &back),
                         MESH_E_SIGNATURE);
        ck_assert_int_eq(mesh_list_open_pinned(by_other, strlen(by_other), &pin, &back),
                         MESH_E_SIGNATURE);
        free_identities();
}
END_TEST

START_TEST(masters)
{
        ck_assert(mesh_master_is_valid("spark://a:7077"));
        ck_assert(mesh_master_is_valid("spark://a:7077,[2001:db8::1]:7077"));
        ck_assert(!mesh_master_is_valid(""));
        ck_assert(!mesh_master_is_valid("spark://"));
        ck_assert(!mesh_master_is_valid("spark://a"));
        ck_assert(!mesh_master_is_valid("spark://a:7077,"));
        ck_assert(!mesh_master_is_valid("spark://a:7077 b:1"));
}
END_TEST

UNIT_MAIN("mesh-members", text_and_back, who_may_be_put, a_full_pool, what_cannot_be_is_refused,
          keys_are_of_one_member, seals, masters)
