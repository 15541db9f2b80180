/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/join-server.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "netsetup/mesh-request.h"
#include "tests/unit/mesh-rig.h"

#define NOW 1000

/* A coordinator, a host that wants to join, and the answer to the last request. */
typedef struct Rig {
        MeshState state;
        NodeIdentity client;
        NetKey client_key;
        NodePin pin;
        Token token;
        const char *method; /* NULL: POST */
        const char *from;   /* NULL: unknown */
        uint64_t now;
        HttpResponse response;
        char *event;
} Rig;

static void rig_done(Rig *rig)
{
        mesh_state_done(&rig->state);
        identity_done(&rig->client);
        http_response_done(&rig->response);
        free(rig->event);
}

static void add_token(Rig *rig, bool once)
{
        CLEANUP_IDENTITY NodeIdentity identity = { 0 };

        ck_assert_int_eq(token_make_secret(&rig->token), 0);
        ck_assert_int_eq(token_identity(&rig->token, &identity), 0);
        KnownToken known = {
                .id = rig->token.id, .verifier = identity.key, .expires = NOW + 10, .once = once
        };
        ck_assert_int_eq(token_table_add(&rig->state.tokens, &known, NOW), 0);
}

static Rig rig_new(void)
{
        Rig rig = { .state = MESH_STATE_INIT, .now = NOW, .from = "198.51.100.7" };

        ck_assert_int_eq(identity_generate(&rig.state.identity), 0);
        ck_assert_int_eq(identity_generate(&rig.client), 0);
        ck_assert_int_eq(key_generate(&rig.client_key), 0);
        MeshList list = rig_list(&rig.state.identity);
        ck_assert_int_eq(mesh_state_change_list(&rig.state, &list), 0);
        node_pin(&rig.state.identity.key, &rig.pin);
        add_token(&rig, false);
        return rig;
}

#define RIG CLEANUP(rig_done) Rig rig = rig_new()

static unsigned post(Rig *rig, const char *path, const char *body)
{
        struct sockaddr_in peer = { .sin_family = AF_INET };
        const HttpRequest request = { .method = rig->method ?: "POST",
                                      .path = path,
                                      .body = body,
                                      .body_size = strlen(body),
                                      .peer = rig->from ? (const struct sockaddr *)&peer : NULL };

        if (rig->from)
                ck_assert_int_eq(inet_pton(AF_INET, rig->from, &peer.sin_addr), 1);
        http_response_done(&rig->response);
        free(TAKE_PTR(rig->event));
        return join_answer(&rig->state, &request, rig->now, &rig->response, &rig->event);
}

static unsigned ask(Rig *rig, const char *path, const MeshRequest *request,
                    const NodeIdentity *identity, const Token *token)
{
        CLEANUP_FREE char *text = NULL;

        ck_assert_int_eq(mesh_request_format(request, path, &rig->pin, identity, token, &text), 0);
        return post(rig, path, text);
}

static unsigned join(Rig *rig, const char *name)
{
        MeshRequest request = { .key = rig->client_key, .port = 51820 };

        (void)snprintf(request.name, sizeof(request.name), "%s", name);
        return ask(rig, MESH_PATH_JOIN, &request, &rig->client, &rig->token);
}

/* As another host than before. */
static unsigned join_as_other(Rig *rig, const char *name)
{
        identity_done(&rig->client);
        ck_assert_int_eq(identity_generate(&rig->client), 0);
        ck_assert_int_eq(key_generate(&rig->client_key), 0);
        return join(rig, name);
}

static void assert_refused(Rig *rig, unsigned effects, unsigned status)
{
        ck_assert_uint_eq(effects, 0);
        ck_assert_uint_eq(rig->response.status, status);
        ck_assert_ptr_null(rig->event);
        ck_assert_uint_eq(rig->response.body.data[0], '{');
}

#define JOINED (JOIN_SAVE_LIST | JOIN_SAVE_TOKENS | JOIN_APPLY | JOIN_PUSH)

START_TEST(a_host_joins)
{
        RIG;
        CLEANUP_MESH_LIST MeshList list = { 0 };

        ck_assert_uint_eq(join(&rig, "second"), JOINED);
        ck_assert_uint_eq(rig.response.status, 0);
        ck_assert_str_eq(rig.event, "second joined the mesh");
        ck_assert_int_eq(mesh_list_open_pinned((char *)rig.response.body.data,
                                               rig.response.body.size, &rig.pin, &list),
                         0);
        ck_assert_uint_eq(list.sequence, 3);
        const MeshMember *m = mesh_find_name(&list, "second");
        ck_assert_uint_eq(m->address, list.pool + 2);
        ck_assert_str_eq(m->endpoint.host, "198.51.100.7");
        ck_assert_uint_eq(m->endpoint.port, 51820);
        ck_assert(key_equal(&m->key, &rig.client_key));
        /* the answer was lost: the same again changes nothing */
        ck_assert_uint_eq(join(&rig, "second"), 0);
        ck_assert_uint_eq(rig.response.status, 0);
        ck_assert_uint_eq(rig.state.list.sequence, 3);
        /* with a new name it keeps its address, also when it asks through the mesh */
        rig.from = "10.90.1.2";
        ck_assert_uint_eq(join(&rig, "renamed"), JOIN_SAVE_LIST | JOIN_APPLY | JOIN_PUSH);
        m = mesh_find_name(&rig.state.list, "renamed");
        ck_assert_uint_eq(m->address, rig.state.list.pool + 2);
        ck_assert_str_eq(m->endpoint.host, "198.51.100.7");
        ck_assert_uint_eq(rig.state.list.n, 2);
}
END_TEST

START_TEST(tokens)
{
        RIG;

        rig.now = NOW + 10;
        assert_refused(&rig, join(&rig, "second"), 403);
        rig.now = NOW;
        rig.token.secret[0] ^= 1;
        assert_refused(&rig, join(&rig, "second"), 403);
        rig.token.secret[0] ^= 1;
        rig.token.id.bytes[0] ^= 1;
        assert_refused(&rig, join(&rig, "second"), 403);
        rig.token.id.bytes[0] ^= 1;
        const MeshRequest request = { .name = "second", .port = 51820 };
        assert_refused(&rig, ask(&rig, MESH_PATH_JOIN, &request, &rig.client, NULL), 403);
        /* for many hosts, and for one */
        ck_assert_uint_eq(join(&rig, "second"), JOINED);
        ck_assert_uint_ne(join_as_other(&rig, "third"), 0);
        add_token(&rig, true);
        ck_assert_uint_eq(join_as_other(&rig, "fourth"), JOINED);
        ck_assert_uint_eq(join(&rig, "fourth"), 0);
        ck_assert_uint_eq(rig.response.status, 0);
        assert_refused(&rig, join_as_other(&rig, "fifth"), 403);
        ck_assert_uint_eq(rig.state.list.n, 4);
}
END_TEST

START_TEST(a_request_seen_is_of_no_use)
{
        RIG;
        CLEANUP_FREE char *text = NULL;
        const MeshRequest request = { .name = "second", .key = rig.client_key, .port = 51820 };

        add_token(&rig, true);
        ck_assert_int_eq(mesh_request_format(&request, MESH_PATH_JOIN, &rig.pin, &rig.client,
                                             &rig.token, &text),
                         0);
        ck_assert_uint_eq(post(&rig, MESH_PATH_JOIN, text), JOINED);
        /* sent again, it says again what is known: nobody else gets in */
        const uint64_t sequence = rig.state.list.sequence;
        ck_assert_uint_eq(post(&rig, MESH_PATH_JOIN, text), 0);
        ck_assert_uint_eq(rig.state.list.sequence, sequence);
        /* the host was removed: the token is spent for all but it, and then expires */
        rig.now = NOW + 10;
        assert_refused(&rig, post(&rig, MESH_PATH_JOIN, text), 403);
}
END_TEST

START_TEST(names_and_pools)
{
        RIG;

        assert_refused(&rig, join(&rig, "first"), 409);
        assert_refused(&rig, join(&rig, ""), 400);
        rig.state.list.prefix = 30;
        ck_assert_uint_eq(join(&rig, "second"), JOINED);
        assert_refused(&rig, join_as_other(&rig, "third"), 409);
}
END_TEST

START_TEST(where_a_host_is_reached)
{
        RIG;
        MeshRequest request = { .name = "second", .key = rig.client_key, .port = 7 };

        ck_assert_int_eq(mesh_endpoint_parse("example.net:99", 0, &request.endpoint), 0);
        ck_assert_uint_eq(ask(&rig, MESH_PATH_JOIN, &request, &rig.client, &rig.token), JOINED);
        const MeshMember *m = mesh_find_name(&rig.state.list, "second");
        ck_assert_str_eq(m->endpoint.host, "example.net");
        ck_assert_uint_eq(m->endpoint.port, 99);
        ck_assert_uint_eq(m->port, 7);
        rig.from = NULL;
        ck_assert_uint_ne(join_as_other(&rig, "third"), 0);
        ck_assert_str_eq(mesh_find_name(&rig.state.list, "third")->endpoint.host, "");
}
END_TEST

START_TEST(leaving)
{
        RIG;
        const MeshRequest request = { 0 };

        assert_refused(&rig, ask(&rig, MESH_PATH_LEAVE, &request, &rig.client, NULL),
                       MESH_STATUS_GONE);
        ck_assert_uint_eq(join(&rig, "second"), JOINED);
        ck_assert_uint_eq(ask(&rig, MESH_PATH_LEAVE, &request, &rig.client, NULL),
                          JOIN_SAVE_LIST | JOIN_APPLY_AFTER | JOIN_PUSH);
        ck_assert_str_eq(rig.event, "second left the mesh");
        ck_assert_uint_eq(rig.state.list.n, 1);
        ck_assert_uint_eq(rig.state.list.sequence, 4);
        assert_refused(&rig, ask(&rig, MESH_PATH_LEAVE, &request, &rig.state.identity, NULL), 409);
}
END_TEST

START_TEST(rotating)
{
        RIG;
        MeshRequest request = { 0 };

        ck_assert_int_eq(key_generate(&request.key), 0);
        assert_refused(&rig, ask(&rig, MESH_PATH_ROTATE, &request, &rig.client, NULL),
                       MESH_STATUS_GONE);
        ck_assert_uint_eq(join(&rig, "second"), JOINED);
        ck_assert_uint_eq(ask(&rig, MESH_PATH_ROTATE, &request, &rig.client, NULL),
                          JOIN_SAVE_LIST | JOIN_APPLY_AFTER | JOIN_PUSH);
        const MeshMember *m = mesh_find_name(&rig.state.list, "second");
        ck_assert(key_equal(&m->key, &request.key));
        ck_assert_uint_eq(m->address, rig.state.list.pool + 2);
        ck_assert_str_eq(m->endpoint.host, "198.51.100.7");
        /* somebody else's */
        request.key = rig.state.list.members[0].key;
        assert_refused(&rig, ask(&rig, MESH_PATH_ROTATE, &request, &rig.client, NULL), 409);
}
END_TEST

START_TEST(pulling)
{
        RIG;
        MeshRequest request = { .sequence = 1 };
        CLEANUP_MESH_LIST MeshList list = { 0 };

        assert_refused(&rig, ask(&rig, MESH_PATH_PULL, &request, &rig.client, NULL),
                       MESH_STATUS_GONE);
        ck_assert_uint_eq(join(&rig, "second"), JOINED);
        ck_assert_uint_eq(ask(&rig, MESH_PATH_PULL, &request, &rig.client, NULL), 0);
        ck_assert_int_eq(mesh_list_open((char *)rig.response.body.data, rig.response.body.size,
                                        &rig.state.identity.key, &list),
                         0);
        ck_assert_uint_eq(list.sequence, 3);
        request.sequence = 3;
        ck_assert_uint_eq(ask(&rig, MESH_PATH_PULL, &request, &rig.client, NULL), 0);
        ck_assert_uint_eq(rig.response.body.size, 2);
}
END_TEST

/* Makes the rig's state that of the second member, with the coordinator's key in *ret. */
static void become_member(Rig *rig, NodeIdentity *ret)
{
        ck_assert_uint_eq(join(rig, "second"), JOINED);
        *ret = rig->state.identity;
        rig->state.identity = rig->client;
        rig->client = (NodeIdentity){ 0 };
        ck_assert_int_eq(identity_generate(&rig->client), 0);
        node_pin(&rig->state.identity.key, &rig->pin);
}

START_TEST(a_list_arrives)
{
        RIG;
        CLEANUP_IDENTITY NodeIdentity coordinator = { 0 };
        CLEANUP_MESH_LIST MeshList list = { 0 };
        CLEANUP_FREE char *older = NULL, *newer = NULL, *forged = NULL;

        become_member(&rig, &coordinator);
        ck_assert(!mesh_state_is_coordinator(&rig.state));
        ck_assert_str_eq(mesh_state_self(&rig.state)->name, "second");
        ck_assert_int_eq(mesh_list_copy(&rig.state.list, &list), 0);
        list.sequence = 2;
        ck_assert_int_eq(mesh_list_seal(&list, &coordinator, &older), 0);
        list.sequence = 9;
        ck_assert_int_eq(mesh_list_seal(&list, &coordinator, &newer), 0);
        ck_assert_int_eq(mesh_list_seal(&list, &rig.client, &forged), 0);

        assert_refused(&rig, post(&rig, MESH_PATH_MEMBERS, older), 409);
        assert_refused(&rig, post(&rig, MESH_PATH_MEMBERS, forged), 403);
        assert_refused(&rig, post(&rig, MESH_PATH_MEMBERS, "{}"), 400);
        ck_assert_uint_eq(rig.state.list.sequence, 3);
        ck_assert_uint_eq(post(&rig, MESH_PATH_MEMBERS, newer), JOIN_SAVE_LIST | JOIN_APPLY_AFTER);
        ck_assert_uint_eq(rig.state.list.sequence, 9);
        ck_assert_str_eq(rig.state.sealed, newer);
        /* the same again is fine, and nothing to do */
        ck_assert_uint_eq(post(&rig, MESH_PATH_MEMBERS, newer), 0);
        ck_assert_uint_eq(rig.response.status, 0);
}
END_TEST

START_TEST(only_the_coordinator_changes_the_list)
{
        static const char *const paths[] = { MESH_PATH_JOIN, MESH_PATH_LEAVE, MESH_PATH_ROTATE };
        RIG;
        CLEANUP_IDENTITY NodeIdentity coordinator = { 0 };
        const MeshRequest request = { .name = "third", .port = 1 };

        become_member(&rig, &coordinator);
        for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
                assert_refused(&rig, ask(&rig, paths[i], &request, &rig.client, &rig.token), 403);
        ck_assert_uint_eq(rig.state.list.sequence, 3);
}
END_TEST

START_TEST(nothing_else_is_answered)
{
        RIG;

        assert_refused(&rig, post(&rig, "/", ""), 404);
        assert_refused(&rig, post(&rig, MESH_PATH_JOIN, ""), 400);
        assert_refused(&rig, post(&rig, MESH_PATH_JOIN, "[]"), 400);
        rig.method = "GET";
        assert_refused(&rig, post(&rig, MESH_PATH_MEMBERS, ""), 405);
        rig.method = NULL;
        free(TAKE_PTR(rig.state.sealed));
        assert_refused(&rig, post(&rig, MESH_PATH_MEMBERS, ""), 503);
}
END_TEST

UNIT_MAIN("join-server", a_host_joins, tokens, a_request_seen_is_of_no_use, names_and_pools,
          where_a_host_is_reached, leaving, rotating, pulling, a_list_arrives,
          only_the_coordinator_changes_the_list, nothing_else_is_answered)
