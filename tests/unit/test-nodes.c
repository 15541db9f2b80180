/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/nodes.h"

#include <jansson.h>

#include "netsetup/mesh-output.h"
#include "tests/unit/mesh-rig.h"

#define NOW 5000

typedef struct Rig {
        MeshState state;
        NodeIdentity others[3];
        NetState kernel;
} Rig;

static void rig_done(Rig *rig)
{
        mesh_state_done(&rig->state);
        for (size_t i = 0; i < 3; i++)
                identity_done(&rig->others[i]);
        state_done(&rig->kernel);
}

static void add_peer(Rig *rig, size_t member, uint64_t handshake)
{
        WgDevice *device = state_device(&rig->kernel, MESH_DEVICE);
        WgPeer *peer = state_add_peer(&rig->kernel, device);

        ck_assert_ptr_nonnull(peer);
        peer->public_key = rig->state.list.members[member].key;
        peer->handshake_sec = handshake;
        peer->rx_bytes = 7;
        ck_assert_int_eq(address_parse("198.51.100.9", &peer->endpoint.address), 0);
        peer->endpoint.port = 9;
}

/* This host, and three others: up, silent, and one that never answered. */
static void rig_init(Rig *rig)
{
        static const char *const names[] = { "up", "silent", "never" };

        *rig = (Rig){ .state = MESH_STATE_INIT };
        state_init(&rig->kernel);
        ck_assert_int_eq(identity_generate(&rig->state.identity), 0);
        MeshList list = rig_list(&rig->state.identity);
        for (size_t i = 0; i < 3; i++) {
                ck_assert_int_eq(identity_generate(&rig->others[i]), 0);
                MeshMember m = rig_member(names[i], &rig->others[i]);
                ck_assert_int_eq(mesh_list_put(&list, &m, NULL), 0);
        }
        ck_assert_int_eq(mesh_state_change_list(&rig->state, &list), 0);
        ck_assert_ptr_nonnull(state_add_device(&rig->kernel, MESH_DEVICE));
        rig->kernel.now_sec = NOW;
        add_peer(rig, 1, NOW - 30);
        add_peer(rig, 2, NOW - NODES_SILENT_SECONDS - 1);
        add_peer(rig, 3, 0);
}

START_TEST(as_json)
{
        static const char *const states[] = { "this host", "up", "silent", "never seen" };
        CLEANUP(rig_done) Rig rig;

        rig_init(&rig);
        CLEANUP_FREE char *text = nodes_json(&rig.state, &rig.kernel);
        json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        const json_t *nodes = json_object_get(root, "nodes");
        ck_assert_uint_eq(json_array_size(nodes), 4);
        for (size_t i = 0; i < 4; i++) {
                const json_t *node = json_array_get(nodes, i);
                ck_assert_str_eq(json_string_value(json_object_get(node, "state")), states[i]);
                ck_assert(json_is_true(json_object_get(node, "coordinator")) == (i == 0));
        }
        const json_t *up = json_array_get(nodes, 1), *never = json_array_get(nodes, 3);
        ck_assert_int_eq(json_integer_value(json_object_get(up, "handshake_age_seconds")), 30);
        ck_assert_int_eq(json_integer_value(json_object_get(up, "last_seen")), NOW - 30);
        ck_assert_int_eq(json_integer_value(json_object_get(up, "rx_bytes")), 7);
        ck_assert_str_eq(json_string_value(json_object_get(up, "endpoint")), "198.51.100.9:9");
        ck_assert(json_is_null(json_object_get(never, "last_seen")));
        json_decref(root);
}
END_TEST

START_TEST(as_text)
{
        CLEANUP(rig_done) Rig rig;
        char key[KEY_TEXT_SIZE];

        rig_init(&rig);
        CLEANUP_FREE char *text = nodes_text(&rig.state, &rig.kernel);
        ck_assert_ptr_nonnull(strstr(text, "10.90.1.2"));
        ck_assert_ptr_nonnull(strstr(text, "30s ago"));
        key_format(&rig.state.list.members[3].key, key);
        ck_assert_ptr_nonnull(strstr(text, key));
}
END_TEST

START_TEST(without_the_device)
{
        CLEANUP(rig_done) Rig rig;

        rig_init(&rig);
        state_done(&rig.kernel);
        state_init(&rig.kernel);
        CLEANUP_FREE char *text = nodes_text(&rig.state, &rig.kernel);
        ck_assert_ptr_nonnull(strstr(text, "no tunnel"));
}
END_TEST

UNIT_MAIN("nodes", as_json, as_text, without_the_device)
