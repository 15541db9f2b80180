/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/token.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cursor.h"

#define TOKEN_VERSION 1
#define CHECKSUM_SIZE 4
#define SEED_PURPOSE  "spark-netsetup token 1\n"

void token_wipe(Token *token)
{
        OPENSSL_cleanse(token, sizeof(*token));
}

int token_make_secret(Token *token)
{
        if (RAND_bytes(token->id.bytes, TOKEN_ID_SIZE) <= 0 ||
            RAND_priv_bytes(token->secret, TOKEN_SECRET_SIZE) <= 0)
                return -EIO;
        return 0;
}

/* ---- as bytes ---- */

static void put_checksum(Buffer *out)
{
        uint8_t digest[SHA256_DIGEST_LENGTH];

        if (out->failed)
                return;
        (void)SHA256(out->data, out->size, digest);
        buffer_put(out, digest, CHECKSUM_SIZE);
}

static void put_token(Buffer *out, const Token *token)
{
        char text[LIMIT_MESH_ENDPOINT_BYTES + 1];

        buffer_put_u8(out, TOKEN_VERSION);
        buffer_put(out, token->id.bytes, TOKEN_ID_SIZE);
        buffer_put(out, token->secret, TOKEN_SECRET_SIZE);
        buffer_put(out, token->pin.bytes, NODE_PIN_SIZE);
        buffer_put_u64(out, token->expires);
        buffer_put_u32(out, token->pool);
        buffer_put_u8(out, (uint8_t)token->prefix);
        buffer_put_u8(out, (uint8_t)token->n_endpoints);
        for (size_t i = 0; i < token->n_endpoints; i++) {
                mesh_endpoint_format(&token->endpoints[i], text);
                buffer_put_u16(out, (uint16_t)strlen(text));
                buffer_put_text(out, text);
        }
        put_checksum(out);
}

char *token_format(const Token *token)
{
        /* allocated at once: a growing buffer would leave copies of the secret behind */
        const size_t room = KIB(2);
        CLEANUP_BUFFER Buffer bytes = BUFFER_INIT(room);
        char *text = NULL;

        if (!buffer_reserve(&bytes, room))
                return NULL;
        put_token(&bytes, token);
        if (!bytes.failed)
                text = malloc(BASE64_SIZE(bytes.size));
        if (text)
                base64_put(bytes.data, bytes.size, true, text);
        OPENSSL_cleanse(bytes.data, bytes.size);
        return text;
}

/* ---- from bytes ---- */

static bool checksum_is_right(const uint8_t *data, size_t size)
{
        uint8_t digest[SHA256_DIGEST_LENGTH];

        if (size < CHECKSUM_SIZE)
                return false;
        (void)SHA256(data, size - CHECKSUM_SIZE, digest);
        return memcmp(digest, data + size - CHECKSUM_SIZE, CHECKSUM_SIZE) == 0;
}

static void get_bytes(Cursor *c, uint8_t *to, size_t size)
{
        const uint8_t *p = cursor_bytes(c, size);

        if (p)
                memcpy(to, p, size);
}

static int get_endpoint(Cursor *c, MeshEndpoint *ret)
{
        char text[LIMIT_MESH_ENDPOINT_BYTES + 1] = "";
        const size_t size = cursor_u16(c);

        if (size > LIMIT_MESH_ENDPOINT_BYTES)
                return -EINVAL;
        get_bytes(c, (uint8_t *)text, size);
        return c->failed || strlen(text) != size ? -EINVAL : mesh_endpoint_parse(text, 0, ret);
}

static bool pool_is_valid(const Token *token)
{
        return token->prefix >= 16 && token->prefix <= 30 &&
               (token->pool & ~pool_mask(token->prefix)) == 0;
}

static int get_token(Cursor *c, Token *token)
{
        if (cursor_u8(c) != TOKEN_VERSION)
                return -EINVAL;
        get_bytes(c, token->id.bytes, TOKEN_ID_SIZE);
        get_bytes(c, token->secret, TOKEN_SECRET_SIZE);
        get_bytes(c, token->pin.bytes, NODE_PIN_SIZE);
        token->expires = cursor_u64(c);
        token->pool = cursor_u32(c);
        token->prefix = cursor_u8(c);
        token->n_endpoints = cursor_u8(c);
        if (c->failed || !pool_is_valid(token) || token->n_endpoints == 0 ||
            token->n_endpoints > LIMIT_MESH_ENDPOINTS)
                return -EINVAL;
        for (size_t i = 0; i < token->n_endpoints; i++)
                if (get_endpoint(c, &token->endpoints[i]) < 0)
                        return -EINVAL;
        return cursor_left(c) == CHECKSUM_SIZE ? 0 : -EINVAL;
}

int token_parse(const char *text, Token *ret)
{
        uint8_t bytes[LIMIT_MESH_TOKEN_BYTES];
        size_t size = 0;
        CLEANUP_TOKEN Token token = { 0 };
        int r = -EINVAL;

        if (strnlen(text, LIMIT_MESH_TOKEN_BYTES + 1) <= LIMIT_MESH_TOKEN_BYTES)
                r = base64_get(text, true, bytes, sizeof(bytes), &size);
        if (r >= 0)
                r = checksum_is_right(bytes, size) ? 0 : -EINVAL;
        if (r >= 0) {
                Cursor c = cursor_over(bytes, size);
                r = get_token(&c, &token);
        }
        if (r >= 0)
                *ret = token;
        OPENSSL_cleanse(bytes, sizeof(bytes));
        return r;
}

/* ---- */

int token_identity(const Token *token, NodeIdentity *ret)
{
        uint8_t input[sizeof(SEED_PURPOSE) - 1 + TOKEN_ID_SIZE + TOKEN_SECRET_SIZE];
        uint8_t seed[SHA256_DIGEST_LENGTH];
        uint8_t *p = input;

        p = mempcpy(p, SEED_PURPOSE, sizeof(SEED_PURPOSE) - 1);
        p = mempcpy(p, token->id.bytes, TOKEN_ID_SIZE);
        memcpy(p, token->secret, TOKEN_SECRET_SIZE);
        (void)SHA256(input, sizeof(input), seed);
        int r = identity_from_seed(seed, ret);
        OPENSSL_cleanse(input, sizeof(input));
        OPENSSL_cleanse(seed, sizeof(seed));
        return r;
}

void token_id_format(const TokenId *id, char ret[TOKEN_ID_TEXT_SIZE])
{
        base64_put(id->bytes, TOKEN_ID_SIZE, true, ret);
}

int token_id_parse(const char *text, TokenId *ret)
{
        TokenId id;
        size_t size;

        if (base64_get(text, true, id.bytes, TOKEN_ID_SIZE, &size) < 0 || size != TOKEN_ID_SIZE)
                return -EINVAL;
        *ret = id;
        return 0;
}
