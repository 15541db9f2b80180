/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/mesh-members.h"

#include <errno.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <string.h>

#define LIST_PURPOSE  "spark-netsetup members 1"
#define LIST_VERSION  1
#define SEQUENCE_MAX  (INT64_C(1) << 53) /* what every reader of JSON can count to */
#define MASTER_SCHEME "spark://"

#define CLEANUP_JSON CLEANUP(json_pointer_done)

static void json_pointer_done(json_t **json)
{
        json_decref(*json);
}

void mesh_list_done(MeshList *list)
{
        free(list->members);
        *list = (MeshList){ 0 };
}

int mesh_list_copy(const MeshList *list, MeshList *ret)
{
        MeshList copy = *list;

        copy.members = calloc(MAX_OF(list->n, 1u), sizeof(*copy.members));
        if (!copy.members)
                return -ENOMEM;
        if (list->n > 0)
                memcpy(copy.members, list->members, list->n * sizeof(*copy.members));
        *ret = copy;
        return 0;
}

/* ---- members ---- */

const MeshMember *mesh_find_name(const MeshList *list, const char *name)
{
        for (size_t i = 0; i < list->n; i++)
                if (strcmp(list->members[i].name, name) == 0)
                        return &list->members[i];
        return NULL;
}

const MeshMember *mesh_find_node(const MeshList *list, const NodeKey *node)
{
        for (size_t i = 0; i < list->n; i++)
                if (node_key_equal(&list->members[i].node, node))
                        return &list->members[i];
        return NULL;
}

const MeshMember *mesh_find_address(const MeshList *list, uint32_t address)
{
        for (size_t i = 0; i < list->n; i++)
                if (list->members[i].address == address)
                        return &list->members[i];
        return NULL;
}

/* Whether somebody else has its name or its key. */
static bool is_taken(const MeshList *list, const MeshMember *member)
{
        for (size_t i = 0; i < list->n; i++) {
                const MeshMember *other = &list->members[i];
                if (!node_key_equal(&other->node, &member->node) &&
                    (strcmp(other->name, member->name) == 0 ||
                     key_equal(&other->key, &member->key)))
                        return true;
        }
        return false;
}

static int free_address(const MeshList *list, uint32_t *ret)
{
        const uint32_t last = list->pool | ~pool_mask(list->prefix);

        for (uint32_t address = list->pool + 1; address < last; address++) {
                if (mesh_find_address(list, address))
                        continue;
                *ret = address;
                return 0;
        }
        return MESH_E_FULL;
}

int mesh_list_put(MeshList *list, const MeshMember *member, MeshMember **ret_member)
{
        MeshMember *known = (MeshMember *)mesh_find_node(list, &member->node);
        uint32_t address;

        if (is_taken(list, member))
                return MESH_E_TAKEN;
        if (!known) {
                if (list->n >= LIMIT_MESH_MEMBERS || free_address(list, &address) != 0)
                        return MESH_E_FULL;
                MeshMember *grown = realloc(list->members, (list->n + 1) * sizeof(*list->members));
                if (!grown)
                        return -ENOMEM;
                list->members = grown;
                known = &grown[list->n++];
        } else {
                address = known->address;
        }
        *known = *member;
        known->address = address;
        if (ret_member)
                *ret_member = known;
        return 0;
}

bool mesh_list_remove(MeshList *list, const NodeKey *node)
{
        const MeshMember *member = mesh_find_node(list, node);

        if (!member)
                return false;
        const size_t i = (size_t)(member - list->members);
        memmove(&list->members[i], &list->members[i + 1],
                (list->n - i - 1) * sizeof(*list->members));
        list->n--;
        return true;
}

bool mesh_master_is_valid(const char *url)
{
        MeshEndpoint endpoint;
        char one[LIMIT_MESH_ENDPOINT_BYTES + 1];

        if (strlen(url) > LIMIT_MESH_MASTER_BYTES ||
            strncmp(url, MASTER_SCHEME, strlen(MASTER_SCHEME)) != 0)
                return false;
        for (const char *p = url + strlen(MASTER_SCHEME);; p++) {
                const size_t size = strcspn(p, ",");
                if (size >= sizeof(one))
                        return false;
                memcpy(one, p, size);
                one[size] = '\0';
                if (mesh_endpoint_parse(one, 0, &endpoint) < 0)
                        return false;
                p += size;
                if (*p == '\0')
                        return true;
        }
}

/* ---- to JSON ---- */

static json_t *member_to_json(const MeshMember *m)
{
        char address[MESH_ADDRESS_SIZE], key[KEY_TEXT_SIZE], node[NODE_TEXT_SIZE];
        char endpoint[LIMIT_MESH_ENDPOINT_BYTES + 1] = "";

        mesh_address_format(m->address, address);
        key_format(&m->key, key);
        base64_put(m->node.bytes, NODE_KEY_SIZE, false, node);
        if (*m->endpoint.host)
                mesh_endpoint_format(&m->endpoint, endpoint);
        return json_pack("{s:s, s:s, s:s, s:s, s:i, s:s}", "name", m->name, "address", address,
                         "key", key, "node", node, "port", (int)m->port, "endpoint", endpoint);
}

static json_t *joins_to_json(const MeshList *list)
{
        char endpoint[LIMIT_MESH_ENDPOINT_BYTES + 1];
        json_t *array = json_array();

        for (size_t i = 0; i < list->n_joins && array; i++) {
                mesh_endpoint_format(&list->joins[i], endpoint);
                if (json_array_append_new(array, json_string(endpoint)) < 0) {
                        json_decref(array);
                        array = NULL;
                }
        }
        return array;
}

char *mesh_list_format(const MeshList *list)
{
        char pool[MESH_ADDRESS_SIZE], coordinator[NODE_TEXT_SIZE];
        json_t *members = json_array();

        for (size_t i = 0; i < list->n && members; i++) {
                if (json_array_append_new(members, member_to_json(&list->members[i])) < 0) {
                        json_decref(members);
                        members = NULL;
                }
        }
        mesh_address_format(list->pool, pool);
        base64_put(list->coordinator.bytes, NODE_KEY_SIZE, false, coordinator);
        /* json_pack() takes the arrays, also when it fails */
        CLEANUP_JSON json_t *root =
                json_pack("{s:i, s:I, s:s, s:i, s:s, s:s, s:o, s:o}", "version", LIST_VERSION,
                          "sequence", (json_int_t)list->sequence, "pool", pool, "prefix",
                          (int)list->prefix, "coordinator", coordinator, "master", list->master,
                          "join", joins_to_json(list), "members", members);
        return root ? json_dumps(root, JSON_COMPACT) : NULL;
}

/* ---- from JSON ---- */

static int member_from_json(json_t *json, const MeshList *list, MeshMember *ret)
{
        MeshMember m = { 0 };
        const char *name, *address, *key, *node, *endpoint;
        int port;

        if (json_unpack(json, "{s:s, s:s, s:s, s:s, s:i, s:s}", "name", &name, "address", &address,
                        "key", &key, "node", &node, "port", &port, "endpoint", &endpoint) < 0 ||
            !mesh_name_is_valid(name) || mesh_address_parse(address, &m.address) < 0 ||
            !pool_has_host(list->pool, list->prefix, m.address) || key_parse(key, &m.key) < 0 ||
            base64_get_exactly(node, m.node.bytes, NODE_KEY_SIZE) < 0 || port < 1 ||
            port > UINT16_MAX || (*endpoint && mesh_endpoint_parse(endpoint, 0, &m.endpoint) < 0))
                return MESH_E_INVALID;
        memcpy(m.name, name, strlen(name) + 1);
        m.port = (uint16_t)port;
        *ret = m;
        return 0;
}

/* Every member is compared with those before it: at most LIMIT_MESH_MEMBERS squared / 2 times. */
static int members_from_json(json_t *array, MeshList *list)
{
        const size_t n = json_array_size(array);

        if (n == 0 || n > LIMIT_MESH_MEMBERS)
                return MESH_E_INVALID;
        list->members = calloc(n, sizeof(*list->members));
        if (!list->members)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                MeshMember *m = &list->members[i];
                if (member_from_json(json_array_get(array, i), list, m) != 0 ||
                    mesh_find_node(list, &m->node) || mesh_find_address(list, m->address) ||
                    is_taken(list, m))
                        return MESH_E_INVALID;
                list->n++;
        }
        return 0;
}

static int joins_from_json(json_t *array, MeshList *list)
{
        const size_t n = json_array_size(array);

        if (n > LIMIT_MESH_ENDPOINTS)
                return MESH_E_INVALID;
        for (; list->n_joins < n; list->n_joins++) {
                const char *text = json_string_value(json_array_get(array, list->n_joins));
                if (!text || mesh_endpoint_parse(text, 0, &list->joins[list->n_joins]) < 0)
                        return MESH_E_INVALID;
        }
        return 0;
}

static int list_from_json(json_t *root, MeshList *list)
{
        const char *pool, *coordinator, *master;
        int version, prefix;
        json_int_t sequence;
        json_t *joins, *members;

        if (json_unpack(root, "{s:i, s:I, s:s, s:i, s:s, s:s, s:o, s:o}", "version", &version,
                        "sequence", &sequence, "pool", &pool, "prefix", &prefix, "coordinator",
                        &coordinator, "master", &master, "join", &joins, "members", &members) < 0 ||
            version != LIST_VERSION || sequence < 1 || sequence > SEQUENCE_MAX ||
            mesh_address_parse(pool, &list->pool) < 0 || prefix < 16 || prefix > 30 ||
            (list->pool & ~pool_mask((unsigned)prefix)) != 0 ||
            base64_get_exactly(coordinator, list->coordinator.bytes, NODE_KEY_SIZE) < 0 ||
            (*master && !mesh_master_is_valid(master)) || !json_is_array(joins) ||
            !json_is_array(members))
                return MESH_E_INVALID;
        list->sequence = (uint64_t)sequence;
        list->prefix = (unsigned)prefix;
        memcpy(list->master, master, strlen(master) + 1);
        int r = joins_from_json(joins, list);
        return r != 0 ? r : members_from_json(members, list);
}

int mesh_list_parse(const char *text, size_t size, MeshList *ret)
{
        CLEANUP_JSON json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
        CLEANUP_MESH_LIST MeshList list = { 0 };

        if (!root)
                return MESH_E_INVALID;
        int r = list_from_json(root, &list);
        if (r != 0)
                return r;
        *ret = list;
        list.members = NULL;
        return 0;
}

/* ---- sealed ---- */

int mesh_list_seal(const MeshList *list, const NodeIdentity *coordinator, char **ret_sealed)
{
        CLEANUP_FREE char *text = mesh_list_format(list);
        char encoded[BASE64_SIZE(SIGNATURE_SIZE)];
        Signature signature;

        if (!text)
                return -ENOMEM;
        int r = identity_sign(coordinator, LIST_PURPOSE, text, strlen(text), &signature);
        if (r < 0)
                return r;
        base64_put(signature.bytes, SIGNATURE_SIZE, false, encoded);
        CLEANUP_JSON json_t *root = json_pack("{s:s, s:s}", "list", text, "signature", encoded);
        char *sealed = root ? json_dumps(root, JSON_COMPACT) : NULL;
        if (!sealed)
                return -ENOMEM;
        *ret_sealed = sealed;
        return 0;
}

/* With a key it is what must have signed. Else it is the one that the list itself names, which with
 * a pin must be of it. */
static int open_sealed(const char *sealed, size_t size, const NodeKey *key, const NodePin *pin,
                       MeshList *ret)
{
        CLEANUP_JSON json_t *root = json_loadb(sealed, size, JSON_REJECT_DUPLICATES, NULL);
        CLEANUP_MESH_LIST MeshList list = { 0 };
        const char *text, *encoded;
        Signature signature;
        NodePin found;

        if (!root || json_unpack(root, "{s:s, s:s}", "list", &text, "signature", &encoded) < 0 ||
            base64_get_exactly(encoded, signature.bytes, SIGNATURE_SIZE) < 0)
                return MESH_E_INVALID;
        /* what nobody signed is not even read, where the key is known */
        if (key && !node_verify(key, LIST_PURPOSE, text, strlen(text), &signature))
                return MESH_E_SIGNATURE;
        int r = mesh_list_parse(text, strlen(text), &list);
        if (r != 0)
                return r;
        node_pin(&list.coordinator, &found);
        if ((key && !node_key_equal(&list.coordinator, key)) ||
            (pin && CRYPTO_memcmp(found.bytes, pin->bytes, NODE_PIN_SIZE) != 0) ||
            (!key && !node_verify(&list.coordinator, LIST_PURPOSE, text, strlen(text), &signature)))
                return MESH_E_SIGNATURE;
        *ret = list;
        list.members = NULL;
        return 0;
}

int mesh_list_open(const char *sealed, size_t size, const NodeKey *coordinator, MeshList *ret)
{
        return open_sealed(sealed, size, coordinator, NULL, ret);
}

int mesh_list_open_pinned(const char *sealed, size_t size, const NodePin *pin, MeshList *ret)
{
        return open_sealed(sealed, size, NULL, pin, ret);
}

int mesh_list_open_own(const char *sealed, size_t size, MeshList *ret)
{
        return open_sealed(sealed, size, NULL, NULL, ret);
}
