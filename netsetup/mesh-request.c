/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/mesh-request.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define REQUEST_PURPOSE "spark-netsetup request 1"
#define PROOF_PURPOSE   "spark-netsetup proof 1"
#define SEQUENCE_MAX    (INT64_C(1) << 53)

#define CLEANUP_JSON CLEANUP(json_pointer_done)

static void json_pointer_done(json_t **json)
{
        json_decref(*json);
}

/* Path, whom it is for, the request; owned by the caller. */
static char *signed_text(const char *path, const NodePin *server, const char *text)
{
        char pin[NODE_TEXT_SIZE], *whole;

        base64_put(server->bytes, NODE_PIN_SIZE, false, pin);
        return asprintf(&whole, "%s\n%s\n%s", path, pin, text) < 0 ? NULL : whole;
}

/* ---- to text ---- */

static char *format_inner(const MeshRequest *request)
{
        char key[KEY_TEXT_SIZE], endpoint[LIMIT_MESH_ENDPOINT_BYTES + 1] = "";

        key_format(&request->key, key);
        if (*request->endpoint.host)
                mesh_endpoint_format(&request->endpoint, endpoint);
        CLEANUP_JSON json_t *root = json_pack("{s:s, s:s, s:i, s:s, s:I}", "name", request->name,
                                              "key", key, "port", (int)request->port, "endpoint",
                                              endpoint, "sequence", (json_int_t)request->sequence);
        return root ? json_dumps(root, JSON_COMPACT) : NULL;
}

/* Adds the signature under `name`. */
static int put_signature(json_t *root, const char *name, const NodeIdentity *identity,
                         const char *purpose, const char *text)
{
        char encoded[BASE64_SIZE(SIGNATURE_SIZE)];
        Signature signature;
        int r = identity_sign(identity, purpose, text, strlen(text), &signature);

        if (r < 0)
                return r;
        base64_put(signature.bytes, SIGNATURE_SIZE, false, encoded);
        return json_object_set_new(root, name, json_string(encoded)) < 0 ? -ENOMEM : 0;
}

static int put_proof(json_t *root, const Token *token, const char *text)
{
        CLEANUP_IDENTITY NodeIdentity identity = { 0 };
        char id[TOKEN_ID_TEXT_SIZE];
        int r = token_identity(token, &identity);

        if (r < 0)
                return r;
        token_id_format(&token->id, id);
        if (json_object_set_new(root, "token", json_string(id)) < 0)
                return -ENOMEM;
        return put_signature(root, "proof", &identity, PROOF_PURPOSE, text);
}

int mesh_request_format(const MeshRequest *request, const char *path, const NodePin *server,
                        const NodeIdentity *identity, const Token *token, char **ret_text)
{
        CLEANUP_FREE char *inner = format_inner(request);
        CLEANUP_FREE char *whole = inner ? signed_text(path, server, inner) : NULL;
        char node[NODE_TEXT_SIZE];

        base64_put(identity->key.bytes, NODE_KEY_SIZE, false, node);
        CLEANUP_JSON json_t *root =
                whole ? json_pack("{s:s, s:s}", "request", inner, "node", node) : NULL;
        if (!root)
                return -ENOMEM;
        int r = put_signature(root, "signature", identity, REQUEST_PURPOSE, whole);
        if (r >= 0 && token)
                r = put_proof(root, token, whole);
        if (r < 0)
                return r;
        char *text = json_dumps(root, JSON_COMPACT);
        if (!text)
                return -ENOMEM;
        *ret_text = text;
        return 0;
}

/* ---- from text ---- */

static int parse_inner(const char *text, MeshRequest *request)
{
        CLEANUP_JSON json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        const char *name, *key, *endpoint;
        json_int_t sequence;
        int port;

        if (!root ||
            json_unpack(root, "{s:s, s:s, s:i, s:s, s:I}", "name", &name, "key", &key, "port",
                        &port, "endpoint", &endpoint, "sequence", &sequence) < 0 ||
            (*name && !mesh_name_is_valid(name)) || key_parse(key, &request->key) < 0 || port < 0 ||
            port > UINT16_MAX || sequence < 0 || sequence > SEQUENCE_MAX ||
            (*endpoint && mesh_endpoint_parse(endpoint, 0, &request->endpoint) < 0))
                return MESH_E_INVALID;
        memcpy(request->name, name, strlen(name) + 1);
        request->port = (uint16_t)port;
        request->sequence = (uint64_t)sequence;
        return 0;
}

static int parse_token(json_t *root, MeshRequest *request)
{
        const char *token, *proof;

        if (!json_object_get(root, "token"))
                return 0;
        if (json_unpack(root, "{s:s, s:s}", "token", &token, "proof", &proof) < 0 ||
            token_id_parse(token, &request->token) < 0 ||
            base64_get_exactly(proof, request->proof.bytes, SIGNATURE_SIZE) < 0)
                return MESH_E_INVALID;
        request->has_token = true;
        return 0;
}

int mesh_request_parse(const void *text, size_t size, const char *path, const NodePin *server,
                       MeshRequest *ret, char **ret_signed)
{
        CLEANUP_JSON json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
        MeshRequest request = { 0 };
        const char *inner, *node, *encoded;
        Signature signature;

        if (!root ||
            json_unpack(root, "{s:s, s:s, s:s}", "request", &inner, "node", &node, "signature",
                        &encoded) < 0 ||
            base64_get_exactly(node, request.node.bytes, NODE_KEY_SIZE) < 0 ||
            base64_get_exactly(encoded, signature.bytes, SIGNATURE_SIZE) < 0)
                return MESH_E_INVALID;
        CLEANUP_FREE char *whole = signed_text(path, server, inner);
        if (!whole)
                return -ENOMEM;
        if (!node_verify(&request.node, REQUEST_PURPOSE, whole, strlen(whole), &signature))
                return MESH_E_SIGNATURE;
        if (parse_inner(inner, &request) != 0 || parse_token(root, &request) != 0)
                return MESH_E_INVALID;
        *ret = request;
        *ret_signed = TAKE_PTR(whole);
        return 0;
}

bool mesh_request_proves(const MeshRequest *request, const char *text, const NodeKey *verifier)
{
        return request->has_token &&
               node_verify(verifier, PROOF_PURPOSE, text, strlen(text), &request->proof);
}
