/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/nodes.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "netsetup/host.h"
#include "netsetup/mesh-output.h"

#define POLL_MSEC    50
#define CLEANUP_JSON CLEANUP(json_pointer_done)

static void json_pointer_done(json_t **json)
{
        json_decref(*json);
}

int nodes_read(NetState *ret)
{
        CLEANUP_HOST Host host = { 0 };
        CLEANUP_STATE NetState nothing;

        state_init(&nothing);
        int r = host_open(&host, NULL);
        return r < 0 ? r : host_read(&host, &nothing, ret);
}

static const WgPeer *find_peer(const NetState *kernel, const NetKey *key)
{
        const WgDevice *device = state_device(kernel, MESH_DEVICE);

        for (const WgPeer *p = device ? device->peers : NULL; p; p = p->next)
                if (key_equal(&p->public_key, key))
                        return p;
        return NULL;
}

/* One member with all that is said of it. */
typedef struct Node {
        const MeshMember *member;
        const char *state;
        uint64_t handshake; /* when; 0: never */
        char address[MESH_ADDRESS_SIZE], key[KEY_TEXT_SIZE];
        char endpoint[LIMIT_MESH_ENDPOINT_BYTES + 1]; /* where it is reached now */
        uint64_t rx, tx;
} Node;

static Node node_of(const MeshState *state, const NetState *kernel, const MeshMember *m)
{
        const WgPeer *peer = find_peer(kernel, &m->key);
        Node node = { .member = m, .state = "never seen" };

        mesh_address_format(m->address, node.address);
        key_format(&m->key, node.key);
        if (*m->endpoint.host)
                mesh_endpoint_format(&m->endpoint, node.endpoint);
        if (m == mesh_state_self(state)) {
                node.state = "this host";
        } else if (!peer) {
                node.state = "no tunnel";
        } else {
                node.handshake = peer->handshake_sec;
                node.rx = peer->rx_bytes;
                node.tx = peer->tx_bytes;
                if (peer->endpoint.address.family != 0)
                        (void)endpoint_format(&peer->endpoint, node.endpoint);
                if (node.handshake > 0)
                        node.state = kernel->now_sec > node.handshake + NODES_SILENT_SECONDS
                                             ? "silent"
                                             : "up";
        }
        return node;
}

static uint64_t age_of(const Node *node, const NetState *kernel)
{
        return kernel->now_sec > node->handshake ? kernel->now_sec - node->handshake : 0;
}

char *nodes_text(const MeshState *state, const NetState *kernel)
{
        CLEANUP_BUFFER Buffer out = BUFFER_INIT(0);

        buffer_printf(&out, "%-20s %-15s %-10s %-10s %-28s %s\n", "NAME", "ADDRESS", "STATE",
                      "HANDSHAKE", "ENDPOINT", "KEY");
        for (size_t i = 0; i < state->list.n; i++) {
                const Node node = node_of(state, kernel, &state->list.members[i]);
                char age[24] = "-";
                if (node.handshake > 0)
                        (void)snprintf(age, sizeof(age), "%llus ago",
                                       (unsigned long long)age_of(&node, kernel));
                buffer_printf(&out, "%-20s %-15s %-10s %-10s %-28s %s%s\n", node.member->name,
                              node.address, node.state, age, *node.endpoint ? node.endpoint : "-",
                              node.key,
                              node_key_equal(&node.member->node, &state->list.coordinator)
                                      ? " (coordinator)"
                                      : "");
        }
        return out.failed ? NULL : buffer_take_text(&out);
}

static json_t *node_json(const MeshState *state, const NetState *kernel, const MeshMember *m)
{
        const Node node = node_of(state, kernel, m);
        json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:I, s:I}", "name", m->name,
                                 "address", node.address, "state", node.state, "endpoint",
                                 node.endpoint, "key", node.key, "coordinator",
                                 (int)node_key_equal(&m->node, &state->list.coordinator),
                                 "rx_bytes", (json_int_t)node.rx, "tx_bytes", (json_int_t)node.tx);
        const bool seen = node.handshake > 0;

        if (!json ||
            json_object_set_new(json, "last_seen",
                                seen ? json_integer((json_int_t)node.handshake) : json_null()) <
                    0 ||
            json_object_set_new(json, "handshake_age_seconds",
                                seen ? json_integer((json_int_t)age_of(&node, kernel))
                                     : json_null()) < 0) {
                json_decref(json);
                return NULL;
        }
        return json;
}

char *nodes_json(const MeshState *state, const NetState *kernel)
{
        char pool[MESH_ADDRESS_SIZE];
        json_t *nodes = json_array();

        for (size_t i = 0; i < state->list.n && nodes; i++) {
                json_t *node = node_json(state, kernel, &state->list.members[i]);
                if (json_array_append_new(nodes, node) < 0) {
                        json_decref(nodes);
                        nodes = NULL;
                }
        }
        mesh_address_format(state->list.pool, pool);
        CLEANUP_JSON json_t *root =
                json_pack("{s:I, s:s, s:i, s:s, s:o}", "sequence", (json_int_t)state->list.sequence,
                          "pool", pool, "prefix", (int)state->list.prefix, "master",
                          state->list.master, "nodes", nodes);
        return root ? json_dumps(root, JSON_INDENT(2)) : NULL;
}

int nodes_wait_for(const NetKey *key, uint64_t since, unsigned timeout_msec)
{
        for (unsigned waited = 0; waited <= timeout_msec; waited += POLL_MSEC) {
                CLEANUP_STATE NetState kernel;
                state_init(&kernel);
                int r = nodes_read(&kernel);
                if (r < 0)
                        return r;
                const WgPeer *peer = find_peer(&kernel, key);
                if (peer && peer->handshake_sec >= since && peer->handshake_sec > 0)
                        return 0;
                (void)poll(NULL, 0, POLL_MSEC);
        }
        return -ETIMEDOUT;
}
