/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/mesh-node.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/buffer.h"

#define CERTIFICATE_SECONDS (10L * 365 * 86400)

static void bio_done(BIO **bio)
{
        (void)BIO_free(*bio);
}

static void x509_done(X509 **x509)
{
        X509_free(*x509);
}

static void md_ctx_done(EVP_MD_CTX **ctx)
{
        EVP_MD_CTX_free(*ctx);
}

static void pkey_done(EVP_PKEY **pkey)
{
        EVP_PKEY_free(*pkey);
}

void secret_text_free(char **text)
{
        if (*text)
                OPENSSL_cleanse(*text, strlen(*text));
        free(*text);
        *text = NULL;
}

/* ---- keys ---- */

/* Takes the key. */
static int identity_from_pkey(EVP_PKEY *pkey, NodeIdentity *ret)
{
        NodeIdentity identity = { .pkey = pkey };
        size_t size = sizeof(identity.key.bytes);

        if (!pkey || EVP_PKEY_get_id(pkey) != EVP_PKEY_ED25519 ||
            EVP_PKEY_get_raw_public_key(pkey, identity.key.bytes, &size) <= 0 ||
            size != NODE_KEY_SIZE) {
                EVP_PKEY_free(pkey);
                return -EIO;
        }
        *ret = identity;
        return 0;
}

int identity_generate(NodeIdentity *ret)
{
        return identity_from_pkey(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), ret);
}

int identity_from_seed(const uint8_t seed[NODE_KEY_SIZE], NodeIdentity *ret)
{
        return identity_from_pkey(
                EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, NODE_KEY_SIZE), ret);
}

/* Without it OpenSSL would ask for a passphrase on the terminal. */
static int no_passphrase(char *buffer, int size, int writing, void *user)
{
        return -1;
}

int identity_from_pem(const char *pem, NodeIdentity *ret)
{
        CLEANUP(bio_done) BIO *bio = BIO_new_mem_buf(pem, -1);

        if (!bio)
                return -ENOMEM;
        return identity_from_pkey(PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL), ret) < 0
                       ? -EINVAL
                       : 0;
}

void identity_done(NodeIdentity *identity)
{
        EVP_PKEY_free(identity->pkey); /* OpenSSL wipes what it frees of a key */
        *identity = (NodeIdentity){ 0 };
}

/* The text in a memory BIO, which is wiped; NULL when out of memory. */
static char *take_bio_text(BIO *bio)
{
        char *data;
        const long size = BIO_get_mem_data(bio, &data);
        char *text = size > 0 ? strndup(data, (size_t)size) : NULL;

        if (size > 0)
                OPENSSL_cleanse(data, (size_t)size);
        return text;
}

char *identity_private_pem(const NodeIdentity *identity)
{
        CLEANUP(bio_done) BIO *bio = BIO_new(BIO_s_secmem());

        if (!bio ||
            PEM_write_bio_PKCS8PrivateKey(bio, identity->pkey, NULL, NULL, 0, NULL, NULL) <= 0)
                return NULL;
        return take_bio_text(bio);
}

/* ---- the certificate ---- */

static bool fill_certificate(X509 *x509, const NodeIdentity *identity, const char *name)
{
        uint64_t serial;
        X509_NAME *subject = X509_get_subject_name(x509);

        if (RAND_bytes((unsigned char *)&serial, sizeof(serial)) <= 0)
                return false;
        /* Nobody looks at the names or dates, since the key is pinned. The beginning lies in the
         * past because clocks of hosts differ. */
        return X509_set_version(x509, X509_VERSION_3) > 0 &&
               ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509), serial >> 1) > 0 &&
               X509_gmtime_adj(X509_getm_notBefore(x509), -86400) &&
               X509_gmtime_adj(X509_getm_notAfter(x509), CERTIFICATE_SECONDS) &&
               X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name,
                                          -1, -1, 0) > 0 &&
               X509_set_issuer_name(x509, subject) > 0 &&
               X509_set_pubkey(x509, identity->pkey) > 0 &&
               X509_sign(x509, identity->pkey, NULL) > 0;
}

char *identity_certificate_pem(const NodeIdentity *identity, const char *name)
{
        CLEANUP(bio_done) BIO *bio = BIO_new(BIO_s_mem());
        CLEANUP(x509_done) X509 *x509 = X509_new();

        if (!bio || !x509 || !fill_certificate(x509, identity, name) ||
            PEM_write_bio_X509(bio, x509) <= 0)
                return NULL;
        return take_bio_text(bio);
}

/* ---- signatures ---- */

/* What is signed: the line, and the text. */
static void put_signed(Buffer *out, const char *what, const void *text, size_t size)
{
        buffer_put_text(out, what);
        buffer_put_u8(out, '\n');
        buffer_put(out, text, size);
}

int identity_sign(const NodeIdentity *identity, const char *what, const void *text, size_t size,
                  Signature *ret)
{
        CLEANUP_BUFFER Buffer all = BUFFER_INIT(0);
        CLEANUP(md_ctx_done) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        Signature signature;
        size_t length = sizeof(signature.bytes);

        put_signed(&all, what, text, size);
        if (all.failed || !ctx || EVP_DigestSignInit(ctx, NULL, NULL, NULL, identity->pkey) <= 0 ||
            EVP_DigestSign(ctx, signature.bytes, &length, all.data, all.size) <= 0 ||
            length != SIGNATURE_SIZE)
                return -EIO;
        *ret = signature;
        return 0;
}

bool node_verify(const NodeKey *key, const char *what, const void *text, size_t size,
                 const Signature *signature)
{
        CLEANUP_BUFFER Buffer all = BUFFER_INIT(0);
        CLEANUP(md_ctx_done) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        CLEANUP(pkey_done)
        EVP_PKEY *pkey =
                EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->bytes, NODE_KEY_SIZE);

        put_signed(&all, what, text, size);
        return pkey && ctx && !all.failed &&
               EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) > 0 &&
               EVP_DigestVerify(ctx, signature->bytes, SIGNATURE_SIZE, all.data, all.size) == 1;
}

/* ---- public halves ---- */

bool node_key_equal(const NodeKey *a, const NodeKey *b)
{
        return CRYPTO_memcmp(a->bytes, b->bytes, NODE_KEY_SIZE) == 0;
}

void node_pin(const NodeKey *key, NodePin *ret)
{
        /* RFC 8410, 4: all that stands before the key in its SubjectPublicKeyInfo. */
        static const uint8_t prefix[] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                          0x2b, 0x65, 0x70, 0x03, 0x21, 0x00 };
        uint8_t info[sizeof(prefix) + NODE_KEY_SIZE];

        memcpy(info, prefix, sizeof(prefix));
        memcpy(info + sizeof(prefix), key->bytes, NODE_KEY_SIZE);
        (void)SHA256(info, sizeof(info), ret->bytes);
}
