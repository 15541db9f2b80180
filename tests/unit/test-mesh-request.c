/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/mesh-request.h"

#include "tests/unit/mesh-rig.h"

static const MeshRequest sample = { .name = "second", .port = 51820, .sequence = 7 };

typedef struct Rig {
        NodeIdentity server, client;
        NodePin pin;
        Token token;
        NodeIdentity from_token;
} Rig;

static void rig_done(Rig *rig)
{
        identity_done(&rig->server);
        identity_done(&rig->client);
        identity_done(&rig->from_token);
}

static Rig rig_new(void)
{
        Rig rig = { 0 };

        ck_assert_int_eq(identity_generate(&rig.server), 0);
        ck_assert_int_eq(identity_generate(&rig.client), 0);
        ck_assert_int_eq(token_make_secret(&rig.token), 0);
        ck_assert_int_eq(token_identity(&rig.token, &rig.from_token), 0);
        node_pin(&rig.server.key, &rig.pin);
        return rig;
}

START_TEST(without_a_token)
{
        CLEANUP(rig_done) Rig rig = rig_new();
        CLEANUP_FREE char *text = NULL, *is_signed = NULL;
        MeshRequest back;

        ck_assert_int_eq(
                mesh_request_format(&sample, MESH_PATH_PULL, &rig.pin, &rig.client, NULL, &text),
                0);
        ck_assert_int_eq(
                mesh_request_parse(text, strlen(text), MESH_PATH_PULL, &rig.pin, &back, &is_signed),
                0);
        ck_assert_str_eq(back.name, "second");
        ck_assert_uint_eq(back.port, 51820);
        ck_assert_uint_eq(back.sequence, 7);
        ck_assert(node_key_equal(&back.node, &rig.client.key));
        ck_assert(!back.has_token);
        ck_assert(!mesh_request_proves(&back, is_signed, &rig.from_token.key));
}
END_TEST

START_TEST(for_another_path_or_host)
{
        CLEANUP(rig_done) Rig rig = rig_new();
        CLEANUP_FREE char *text = NULL, *is_signed = NULL;
        MeshRequest back;
        NodePin other;

        node_pin(&rig.client.key, &other);
        ck_assert_int_eq(
                mesh_request_format(&sample, MESH_PATH_LEAVE, &rig.pin, &rig.client, NULL, &text),
                0);
        ck_assert_int_eq(mesh_request_parse(text, strlen(text), MESH_PATH_ROTATE, &rig.pin, &back,
                                            &is_signed),
                         MESH_E_SIGNATURE);
        ck_assert_int_eq(
                mesh_request_parse(text, strlen(text), MESH_PATH_LEAVE, &other, &back, &is_signed),
                MESH_E_SIGNATURE);
        ck_assert_ptr_null(is_signed);
}
END_TEST

START_TEST(the_proof)
{
        CLEANUP(rig_done) Rig rig = rig_new(), other = rig_new();
        CLEANUP_FREE char *text = NULL, *is_signed = NULL;
        char secret[BASE64_SIZE(TOKEN_SECRET_SIZE)];
        MeshRequest back;

        ck_assert_int_eq(mesh_request_format(&sample, MESH_PATH_JOIN, &rig.pin, &rig.client,
                                             &rig.token, &text),
                         0);
        base64_put(rig.token.secret, TOKEN_SECRET_SIZE, false, secret);
        ck_assert_ptr_null(strstr(text, secret));
        ck_assert_int_eq(
                mesh_request_parse(text, strlen(text), MESH_PATH_JOIN, &rig.pin, &back, &is_signed),
                0);
        ck_assert(back.has_token);
        ck_assert_mem_eq(&back.token, &rig.token.id, sizeof(TokenId));
        ck_assert(mesh_request_proves(&back, is_signed, &rig.from_token.key));
        ck_assert(!mesh_request_proves(&back, is_signed, &other.from_token.key));
        ck_assert(!mesh_request_proves(&back, "else", &rig.from_token.key));
}
END_TEST

START_TEST(garbage)
{
        CLEANUP(rig_done) Rig rig = rig_new();
        CLEANUP_FREE char *text = NULL, *is_signed = NULL;
        MeshRequest back, wrong = sample;

        ck_assert_int_eq(
                mesh_request_format(&sample, MESH_PATH_PULL, &rig.pin, &rig.client, NULL, &text),
                0);
        for (size_t size = 0; size < strlen(text); size++)
                ck_assert_int_eq(
                        mesh_request_parse(text, size, MESH_PATH_PULL, &rig.pin, &back, &is_signed),
                        MESH_E_INVALID);
        /* well signed, and yet nothing that can be */
        (void)snprintf(wrong.name, sizeof(wrong.name), "No Name");
        free(TAKE_PTR(text));
        ck_assert_int_eq(
                mesh_request_format(&wrong, MESH_PATH_PULL, &rig.pin, &rig.client, NULL, &text), 0);
        ck_assert_int_eq(
                mesh_request_parse(text, strlen(text), MESH_PATH_PULL, &rig.pin, &back, &is_signed),
                MESH_E_INVALID);
}
END_TEST

UNIT_MAIN("mesh-request", without_a_token, for_another_path_or_host, the_proof, garbage)
