/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/token-table.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "netsetup/mesh-members.h"

#define CLEANUP_JSON CLEANUP(json_pointer_done)

static void json_pointer_done(json_t **json)
{
        json_decref(*json);
}

void token_table_done(TokenTable *table)
{
        free(table->items);
        *table = (TokenTable){ 0 };
}

/* ---- as JSON ---- */

static json_t *token_to_json(const KnownToken *t)
{
        char id[TOKEN_ID_TEXT_SIZE], verifier[NODE_TEXT_SIZE], used_by[NODE_TEXT_SIZE] = "";

        token_id_format(&t->id, id);
        base64_put(t->verifier.bytes, NODE_KEY_SIZE, false, verifier);
        if (t->used)
                base64_put(t->used_by.bytes, NODE_KEY_SIZE, false, used_by);
        return json_pack("{s:s, s:s, s:I, s:b, s:s}", "id", id, "verifier", verifier, "expires",
                         (json_int_t)t->expires, "once", (int)t->once, "used-by", used_by);
}

char *token_table_format(const TokenTable *table)
{
        CLEANUP_JSON json_t *root = json_array();

        for (size_t i = 0; i < table->n && root; i++)
                if (json_array_append_new(root, token_to_json(&table->items[i])) < 0)
                        return NULL;
        return root ? json_dumps(root, JSON_INDENT(1)) : NULL;
}

static int token_from_json(json_t *json, KnownToken *t)
{
        const char *id, *verifier, *used_by;
        json_int_t expires;
        int once;

        if (json_unpack(json, "{s:s, s:s, s:I, s:b, s:s}", "id", &id, "verifier", &verifier,
                        "expires", &expires, "once", &once, "used-by", &used_by) < 0 ||
            token_id_parse(id, &t->id) < 0 ||
            base64_get_exactly(verifier, t->verifier.bytes, NODE_KEY_SIZE) < 0 || expires < 0 ||
            (*used_by && base64_get_exactly(used_by, t->used_by.bytes, NODE_KEY_SIZE) < 0))
                return MESH_E_INVALID;
        t->expires = (uint64_t)expires;
        t->once = once;
        t->used = *used_by != '\0';
        return 0;
}

int token_table_parse(const char *text, size_t size, TokenTable *ret)
{
        CLEANUP_JSON json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
        CLEANUP_TOKEN_TABLE TokenTable table = { 0 };
        const size_t n = json_array_size(root);

        if (!json_is_array(root) || n > LIMIT_MESH_TOKENS)
                return MESH_E_INVALID;
        table.items = calloc(MAX_OF(n, 1u), sizeof(*table.items));
        if (!table.items)
                return -ENOMEM;
        for (; table.n < n; table.n++)
                if (token_from_json(json_array_get(root, table.n), &table.items[table.n]) != 0)
                        return MESH_E_INVALID;
        *ret = table;
        table.items = NULL;
        return 0;
}

/* ---- */

static void drop_expired(TokenTable *table, uint64_t now)
{
        size_t kept = 0;

        for (size_t i = 0; i < table->n; i++)
                if (table->items[i].expires > now)
                        table->items[kept++] = table->items[i];
        table->n = kept;
}

int token_table_add(TokenTable *table, const KnownToken *token, uint64_t now)
{
        drop_expired(table, now);
        if (table->n >= LIMIT_MESH_TOKENS)
                return MESH_E_FULL;
        KnownToken *grown = realloc(table->items, (table->n + 1) * sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        table->items = grown;
        table->items[table->n++] = *token;
        return 0;
}

KnownToken *token_table_find(TokenTable *table, const TokenId *id, const NodeKey *node,
                             uint64_t now)
{
        for (size_t i = 0; i < table->n; i++) {
                KnownToken *t = &table->items[i];
                if (memcmp(t->id.bytes, id->bytes, TOKEN_ID_SIZE) != 0)
                        continue;
                const bool spent = t->once && t->used && !node_key_equal(&t->used_by, node);
                return t->expires <= now || spent ? NULL : t;
        }
        return NULL;
}
