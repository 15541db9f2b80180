/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/join-server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "netsetup/mesh-request.h"

#define CONTENT_TYPE "application/json"

#define CLEANUP_JSON CLEANUP(json_pointer_done)

static void json_pointer_done(json_t **json)
{
        json_decref(*json);
}

/* One request on its way through. */
typedef struct Answer {
        MeshState *state;
        const HttpRequest *http;
        uint64_t now;
        HttpResponse *response;
        char *event;
        MeshRequest request; /* of those that are signed */
        char *signed_text;
} Answer;

void join_error(HttpResponse *response, unsigned status, const char *sentence)
{
        CLEANUP_JSON json_t *root = json_pack("{s:s}", "error", sentence);
        CLEANUP_FREE char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;

        http_response_done(response);
        response->status = status;
        response->content_type = CONTENT_TYPE;
        buffer_put_text(&response->body, text ?: "{}");
}

static unsigned refuse(Answer *a, unsigned status, const char *sentence)
{
        join_error(a->response, status, sentence);
        return 0;
}

static unsigned refuse_result(Answer *a, int r)
{
        switch (r) {
        case MESH_E_INVALID:
                return refuse(a, 400, "the request is not understood");
        case MESH_E_SIGNATURE:
                return refuse(a, 403, "the signature is not right");
        case MESH_E_FULL:
                return refuse(a, 409, "the mesh has no free address");
        case MESH_E_TAKEN:
                return refuse(a, 409, "another member has this name or key");
        default:
                return refuse(a, 500, "the request could not be handled");
        }
}

static void answer_sealed(Answer *a)
{
        a->response->content_type = CONTENT_TYPE;
        buffer_put_text(&a->response->body, a->state->sealed);
}

static void answer_empty(Answer *a)
{
        a->response->content_type = CONTENT_TYPE;
        buffer_put_text(&a->response->body, "{}");
}

static void note(Answer *a, const char *format, ...) PRINTF_LIKE(2, 3);
static void note(Answer *a, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        if (vasprintf(&a->event, format, args) < 0)
                a->event = NULL;
        va_end(args);
}

/* ---- of members ---- */

/* Who signed it must be a member. */
static const MeshMember *asking_member(const Answer *a)
{
        return mesh_find_node(&a->state->list, &a->request.node);
}

static unsigned answer_pull(Answer *a)
{
        if (!asking_member(a))
                return refuse(a, MESH_STATUS_GONE, "the host that asks is not a member");
        if (a->state->list.sequence > a->request.sequence)
                answer_sealed(a);
        else
                answer_empty(a);
        return 0;
}

static unsigned answer_members(Answer *a)
{
        MeshState *state = a->state;
        CLEANUP_MESH_LIST MeshList list = { 0 };
        CLEANUP_FREE char *sealed = strndup(a->http->body ?: "", a->http->body_size);
        int r = sealed ? mesh_list_open(sealed, strlen(sealed), &state->list.coordinator, &list)
                       : -ENOMEM;

        if (r != 0)
                return refuse_result(a, r);
        if (list.sequence < state->list.sequence)
                return refuse(a, 409, "this host has a newer list");
        answer_empty(a);
        if (list.sequence == state->list.sequence)
                return 0;
        note(a, "The list of the mesh's members is now number %llu, of %zu hosts",
             (unsigned long long)list.sequence, list.n);
        mesh_state_set_list(state, &list, &sealed);
        return JOIN_SAVE_LIST | JOIN_APPLY_AFTER;
}

/* ---- of the coordinator ---- */

/* Where a request comes from, as text without a port. IPv4 may arrive over an IPv6 socket. */
static void peer_host(const struct sockaddr *peer, MeshEndpoint *endpoint)
{
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)peer;
        const struct sockaddr_in *four = (const struct sockaddr_in *)peer;

        *endpoint->host = '\0';
        if (peer && peer->sa_family == AF_INET)
                (void)inet_ntop(AF_INET, &four->sin_addr, endpoint->host, sizeof(endpoint->host));
        else if (peer && peer->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
                (void)inet_ntop(AF_INET, six->sin6_addr.s6_addr + 12, endpoint->host,
                                sizeof(endpoint->host));
        else if (peer && peer->sa_family == AF_INET6 && !IN6_IS_ADDR_LINKLOCAL(&six->sin6_addr))
                (void)inet_ntop(AF_INET6, &six->sin6_addr, endpoint->host, sizeof(endpoint->host));
}

/* Where others will reach the one that joins: where it says, or else where it asks from. Who asks
 * through the mesh is a member already, and keeps what is known of it. */
static void choose_endpoint(const Answer *a, MeshMember *member)
{
        const MeshList *list = &a->state->list;
        const MeshMember *known = mesh_find_node(list, &member->node);
        uint32_t address;

        member->endpoint = a->request.endpoint;
        if (*member->endpoint.host)
                return;
        peer_host(a->http->peer, &member->endpoint);
        member->endpoint.port = member->port;
        if (mesh_address_parse(member->endpoint.host, &address) < 0 ||
            !pool_has_host(list->pool, list->prefix, address))
                return;
        member->endpoint = known ? known->endpoint : (MeshEndpoint){ .host = "" };
}

static bool same_member(const MeshMember *a, const MeshMember *b)
{
        return strcmp(a->name, b->name) == 0 && key_equal(&a->key, &b->key) && a->port == b->port &&
               a->endpoint.port == b->endpoint.port &&
               strcmp(a->endpoint.host, b->endpoint.host) == 0;
}

/* The changed list (taken) becomes ours. */
static unsigned change_list(Answer *a, MeshList *list, unsigned effects)
{
        int r = mesh_state_change_list(a->state, list);

        return r < 0 ? refuse_result(a, r) : effects | JOIN_SAVE_LIST | JOIN_PUSH;
}

static unsigned answer_join(Answer *a)
{
        MeshState *state = a->state;
        const MeshRequest *request = &a->request;
        KnownToken *token = NULL;
        CLEANUP_MESH_LIST MeshList list = { 0 };
        MeshMember member = { .key = request->key, .node = request->node, .port = request->port };
        unsigned effects = 0;

        /* one answer for all that can be wrong with a token: it says nothing to who guesses */
        if (request->has_token)
                token = token_table_find(&state->tokens, &request->token, &request->node, a->now);
        if (!token || !mesh_request_proves(request, a->signed_text, &token->verifier))
                return refuse(a, 403, "the token is unknown, has expired or was used");
        if (!*request->name || request->port == 0)
                return refuse_result(a, MESH_E_INVALID);
        memcpy(member.name, request->name, sizeof(member.name));
        choose_endpoint(a, &member);

        const MeshMember *known = mesh_find_node(&state->list, &request->node);
        if (!known || !same_member(known, &member)) {
                int r = mesh_list_copy(&state->list, &list);
                if (r == 0)
                        r = mesh_list_put(&list, &member, NULL);
                if (r != 0)
                        return refuse_result(a, r);
                effects = change_list(a, &list, JOIN_APPLY);
                if (effects == 0)
                        return 0;
                note(a, "%s joined the mesh", member.name);
        }
        answer_sealed(a);
        if (!token->used) {
                token->used = true;
                token->used_by = request->node;
                effects |= JOIN_SAVE_TOKENS;
        }
        return effects;
}

static unsigned answer_leave(Answer *a)
{
        CLEANUP_MESH_LIST MeshList list = { 0 };
        const MeshMember *member = asking_member(a);

        if (!member)
                return refuse(a, MESH_STATUS_GONE, "the host that asks is not a member");
        if (node_key_equal(&member->node, &a->state->identity.key))
                return refuse(a, 409, "the coordinator cannot leave");
        int r = mesh_list_copy(&a->state->list, &list);
        if (r < 0)
                return refuse_result(a, r);
        note(a, "%s left the mesh", member->name);
        (void)mesh_list_remove(&list, &member->node);
        answer_empty(a);
        return change_list(a, &list, JOIN_APPLY_AFTER);
}

static unsigned answer_rotate(Answer *a)
{
        CLEANUP_MESH_LIST MeshList list = { 0 };
        const MeshMember *known = asking_member(a);

        if (!known)
                return refuse(a, MESH_STATUS_GONE, "the host that asks is not a member");
        MeshMember member = *known;
        member.key = a->request.key;
        int r = mesh_list_copy(&a->state->list, &list);
        if (r == 0)
                r = mesh_list_put(&list, &member, NULL);
        if (r != 0)
                return refuse_result(a, r);
        unsigned effects = change_list(a, &list, JOIN_APPLY_AFTER);
        if (effects == 0)
                return 0;
        note(a, "%s has a new key", member.name);
        answer_sealed(a);
        return effects;
}

/* ---- */

static const struct Route {
        const char *path;
        bool coordinator; /* only there */
        bool is_signed;   /* by who asks */
        unsigned (*answer)(Answer *a);
} routes[] = {
        { MESH_PATH_JOIN, true, true, answer_join },
        { MESH_PATH_LEAVE, true, true, answer_leave },
        { MESH_PATH_ROTATE, true, true, answer_rotate },
        { MESH_PATH_PULL, false, true, answer_pull },
        { MESH_PATH_MEMBERS, false, false, answer_members },
};

static const struct Route *find_route(const char *path)
{
        for (size_t i = 0; i < ARRAY_SIZE(routes); i++)
                if (strcmp(routes[i].path, path) == 0)
                        return &routes[i];
        return NULL;
}

static unsigned answer(Answer *a)
{
        const struct Route *route = find_route(a->http->path);
        NodePin self;

        if (!route)
                return refuse(a, 404, "there is no such thing here");
        if (strcmp(a->http->method, "POST") != 0)
                return refuse(a, 405, "only POST is answered here");
        if (!a->state->sealed)
                return refuse(a, 503, "the host that is asked is in no mesh");
        if (route->coordinator && !mesh_state_is_coordinator(a->state))
                return refuse(a, 403, "this host is not the coordinator");
        if (route->is_signed) {
                node_pin(&a->state->identity.key, &self);
                int r = mesh_request_parse(a->http->body ?: "", a->http->body_size, a->http->path,
                                           &self, &a->request, &a->signed_text);
                if (r != 0)
                        return refuse_result(a, r);
        }
        return route->answer(a);
}

unsigned join_answer(MeshState *state, const HttpRequest *request, uint64_t now,
                     HttpResponse *response, char **ret_event)
{
        Answer a = { .state = state, .http = request, .now = now, .response = response };
        unsigned effects = answer(&a);

        if (effects == 0) {
                free(a.event);
                a.event = NULL;
        }
        free(a.signed_text);
        *ret_event = a.event;
        return effects;
}
