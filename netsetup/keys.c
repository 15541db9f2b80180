/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/file.h"

/* A key with a generous amount of white space around it. */
#define KEY_FILE_BYTES 256
#define KEY_TEXT_CHARS (KEY_TEXT_SIZE - 1)

static void pkey_free(EVP_PKEY **key)
{
        EVP_PKEY_free(*key);
}

int key_parse(const char *base64, NetKey *ret)
{
        unsigned char bytes[KEY_SIZE + 1]; /* what "=" stands for is decoded as a zero byte */
        char again[KEY_TEXT_SIZE];
        NetKey key;
        int r = -EINVAL;

        if (strlen(base64) != KEY_TEXT_CHARS || strcspn(base64, "=") != KEY_TEXT_CHARS - 1)
                return -EINVAL;
        if (EVP_DecodeBlock(bytes, (const unsigned char *)base64, KEY_TEXT_CHARS) == sizeof(bytes))
                r = 0;
        memcpy(key.bytes, bytes, KEY_SIZE);
        /* OpenSSL passes over blanks, and over bits that are set beyond the last byte */
        if (r >= 0) {
                key_format(&key, again);
                if (CRYPTO_memcmp(again, base64, KEY_TEXT_CHARS) != 0)
                        r = -EINVAL;
        }
        if (r >= 0)
                *ret = key;
        OPENSSL_cleanse(bytes, sizeof(bytes));
        OPENSSL_cleanse(again, sizeof(again));
        key_wipe(&key);
        return r;
}

void key_format(const NetKey *key, char ret[KEY_TEXT_SIZE])
{
        (void)EVP_EncodeBlock((unsigned char *)ret, key->bytes, KEY_SIZE);
}

int key_generate(NetKey *ret_private)
{
        CLEANUP(pkey_free) EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
        CLEANUP_KEY NetKey key;
        size_t size = sizeof(key.bytes);

        if (!pkey || EVP_PKEY_get_raw_private_key(pkey, key.bytes, &size) <= 0 || size != KEY_SIZE)
                return -EIO;
        /* clamped as `wg genkey` does, so that the text compares equal with what the kernel says */
        key.bytes[0] &= 248;
        key.bytes[31] = (key.bytes[31] & 127) | 64;
        *ret_private = key;
        return 0;
}

int key_public(const NetKey *private_key, NetKey *ret_public)
{
        CLEANUP(pkey_free)
        EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, private_key->bytes,
                                                      sizeof(private_key->bytes));
        NetKey key;
        size_t size = sizeof(key.bytes);

        if (!pkey || EVP_PKEY_get_raw_public_key(pkey, key.bytes, &size) <= 0 || size != KEY_SIZE)
                return -EIO;
        *ret_public = key;
        return 0;
}

/* Not file_read(), which leaves what it read in freed memory. */
int key_read_file(const char *path, NetKey *ret)
{
        static const char white[] = " \t\r\n";
        CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
        char text[KEY_FILE_BYTES + 1];
        int r = -EINVAL;

        if (fd < 0)
                return -errno;
        ssize_t size = fd_read(fd, text, sizeof(text));
        if (size < 0)
                r = (int)size;
        else if ((size_t)size < sizeof(text)) {
                text[size] = '\0';
                char *start = text + strspn(text, white);
                size_t length = strcspn(start, white);
                if (strlen(text) == (size_t)size &&
                    start[length + strspn(start + length, white)] == '\0') {
                        start[length] = '\0';
                        r = key_parse(start, ret);
                }
        }
        OPENSSL_cleanse(text, sizeof(text));
        return r;
}

void key_wipe(NetKey *key)
{
        OPENSSL_cleanse(key->bytes, sizeof(key->bytes));
}

bool key_equal(const NetKey *a, const NetKey *b)
{
        return CRYPTO_memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}
