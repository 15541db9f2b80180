/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/mesh-node.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "tests/unit/unit.h"

START_TEST(keys_survive_their_file)
{
        CLEANUP_IDENTITY NodeIdentity a = { 0 }, b = { 0 };
        CLEANUP_SECRET char *pem = NULL;

        ck_assert_int_eq(identity_generate(&a), 0);
        pem = identity_private_pem(&a);
        ck_assert_ptr_nonnull(strstr(pem, "BEGIN PRIVATE KEY"));
        ck_assert_int_eq(identity_from_pem(pem, &b), 0);
        ck_assert(node_key_equal(&a.key, &b.key));
}
END_TEST

START_TEST(other_pems_are_refused)
{
        CLEANUP_IDENTITY NodeIdentity identity = { 0 };
        BIO *bio = BIO_new(BIO_s_mem());
        EVP_PKEY *x25519 = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
        char *data;

        ck_assert_int_eq(identity_from_pem("", &identity), -EINVAL);
        ck_assert_int_eq(identity_from_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n", &identity),
                         -EINVAL);
        ck_assert_int_gt(PEM_write_bio_PrivateKey(bio, x25519, NULL, NULL, 0, NULL, NULL), 0);
        ck_assert_int_gt(BIO_write(bio, "", 1), 0);
        ck_assert_int_gt(BIO_get_mem_data(bio, &data), 1);
        ck_assert_int_eq(identity_from_pem(data, &identity), -EINVAL);
        EVP_PKEY_free(x25519);
        BIO_free(bio);
}
END_TEST

START_TEST(signatures)
{
        CLEANUP_IDENTITY NodeIdentity a = { 0 }, b = { 0 };
        Signature s;

        ck_assert_int_eq(identity_generate(&a), 0);
        ck_assert_int_eq(identity_generate(&b), 0);
        ck_assert_int_eq(identity_sign(&a, "what", "text", 4, &s), 0);
        ck_assert(node_verify(&a.key, "what", "text", 4, &s));
        ck_assert(!node_verify(&b.key, "what", "text", 4, &s));
        ck_assert(!node_verify(&a.key, "else", "text", 4, &s));
        ck_assert(!node_verify(&a.key, "what", "tex", 3, &s));
        s.bytes[5] ^= 1;
        ck_assert(!node_verify(&a.key, "what", "text", 4, &s));
}
END_TEST

START_TEST(the_same_seed_is_the_same_key)
{
        /* RFC 8032, 7.1, test 2 */
        static const uint8_t seed[] = { 0x4c, 0xcd, 0x08, 0x9b, 0x28, 0xff, 0x96, 0xda,
                                        0x9d, 0xb6, 0xc3, 0x46, 0xec, 0x11, 0x4e, 0x0f,
                                        0x5b, 0x8a, 0x31, 0x9f, 0x35, 0xab, 0xa6, 0x24,
                                        0xda, 0x8c, 0xf6, 0xed, 0x4f, 0xb8, 0xa6, 0xfb };
        static const uint8_t start[] = { 0x3d, 0x40, 0x17, 0xc3, 0xe8, 0x43, 0x89, 0x5a };
        CLEANUP_IDENTITY NodeIdentity identity = { 0 };

        ck_assert_int_eq(identity_from_seed(seed, &identity), 0);
        ck_assert_mem_eq(identity.key.bytes, start, sizeof(start));
}
END_TEST

START_TEST(a_certificate_of_the_key_that_is_pinned)
{
        CLEANUP_IDENTITY NodeIdentity identity = { 0 };
        CLEANUP_FREE char *pem = NULL;
        unsigned char *der = NULL;
        uint8_t digest[SHA256_DIGEST_LENGTH];
        NodePin pin;

        ck_assert_int_eq(identity_generate(&identity), 0);
        pem = identity_certificate_pem(&identity, "vm1");
        ck_assert_ptr_nonnull(pem);
        BIO *bio = BIO_new_mem_buf(pem, -1);
        X509 *x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        ck_assert_ptr_nonnull(x509);
        ck_assert_int_eq(X509_verify(x509, identity.pkey), 1);
        ck_assert_int_lt(X509_cmp_current_time(X509_get0_notBefore(x509)), 0);
        ck_assert_int_gt(X509_cmp_current_time(X509_get0_notAfter(x509)), 0);
        const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &der);
        ck_assert_int_gt(size, 0);
        (void)SHA256(der, (size_t)size, digest);
        node_pin(&identity.key, &pin);
        ck_assert_mem_eq(pin.bytes, digest, NODE_PIN_SIZE);
        OPENSSL_free(der);
        X509_free(x509);
        BIO_free(bio);
}
END_TEST

UNIT_MAIN("mesh-node", keys_survive_their_file, other_pems_are_refused, signatures,
          the_same_seed_is_the_same_key, a_certificate_of_the_key_that_is_pinned)
