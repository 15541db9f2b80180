/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the mesh reads from others: the first byte says what the rest is, a token (t), a list (l), a
 * sealed list (s), a request (r) or a table of tokens (k). What is taken must be the same again
 * after being written and read.
 */
#include <stdlib.h>
#include <string.h>

#include "netsetup/mesh-request.h"
#include "netsetup/token-table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
        if (!ok)
                abort();
}

static void fuzz_token(const char *text)
{
        CLEANUP_TOKEN Token token, again;
        CLEANUP_SECRET char *back = NULL;

        if (token_parse(text, &token) < 0)
                return;
        check(token.n_endpoints > 0 && token.n_endpoints <= LIMIT_MESH_ENDPOINTS);
        back = token_format(&token);
        check(back && token_parse(back, &again) >= 0);
        check(memcmp(again.secret, token.secret, TOKEN_SECRET_SIZE) == 0);
}

static void check_list(const MeshList *list)
{
        CLEANUP_FREE char *text = mesh_list_format(list);
        CLEANUP_MESH_LIST MeshList again = { 0 };

        check(list->n > 0 && list->n <= LIMIT_MESH_MEMBERS);
        for (size_t i = 0; i < list->n; i++) {
                const MeshMember *m = &list->members[i];
                check(mesh_find_name(list, m->name) == m);
                check(mesh_find_node(list, &m->node) == m);
                check(pool_has_host(list->pool, list->prefix, m->address));
        }
        check(text && mesh_list_parse(text, strlen(text), &again) == 0);
        check(again.n == list->n && again.sequence == list->sequence);
}

static void fuzz_list(const char *text, size_t size, bool sealed)
{
        CLEANUP_MESH_LIST MeshList list = { 0 };
        int r = sealed ? mesh_list_open_own(text, size, &list) : mesh_list_parse(text, size, &list);

        if (r == 0)
                check_list(&list);
        else
                check(r == MESH_E_INVALID || r == MESH_E_SIGNATURE);
}

static void fuzz_request(const char *text, size_t size)
{
        static const NodePin pin = { { 1 } };
        CLEANUP_FREE char *is_signed = NULL;
        MeshRequest request;
        int r = mesh_request_parse(text, size, MESH_PATH_JOIN, &pin, &request, &is_signed);

        check(r == 0 || r == MESH_E_INVALID || r == MESH_E_SIGNATURE);
        check((r == 0) == (is_signed != NULL));
}

static void fuzz_tokens(const char *text, size_t size)
{
        CLEANUP_TOKEN_TABLE TokenTable table = { 0 }, again = { 0 };

        if (token_table_parse(text, size, &table) != 0)
                return;
        CLEANUP_FREE char *back = token_table_format(&table);
        check(back && token_table_parse(back, strlen(back), &again) == 0);
        check(again.n == table.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (size == 0)
                return 0;
        CLEANUP_FREE char *text = strndup((const char *)data + 1, size - 1);
        check(text);
        switch (data[0]) {
        case 't':
                fuzz_token(text);
                break;
        case 'l':
                fuzz_list((const char *)data + 1, size - 1, false);
                break;
        case 's':
                fuzz_list((const char *)data + 1, size - 1, true);
                break;
        case 'r':
                fuzz_request((const char *)data + 1, size - 1);
                break;
        case 'k':
                fuzz_tokens((const char *)data + 1, size - 1);
                break;
        default:
                break;
        }
        return 0;
}
