/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/keys.h"

#include <errno.h>

#include "tests/unit/unit.h"

/* RFC 7748, 6.1: Alice's keys, in base64. */
#define ALICE_PRIVATE "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo="
#define ALICE_PUBLIC  "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo="

START_TEST(text_and_back)
{
        NetKey key;
        char text[KEY_TEXT_SIZE];

        ck_assert_int_eq(key_parse(ALICE_PRIVATE, &key), 0);
        ck_assert_uint_eq(key.bytes[0], 0x77);
        ck_assert_uint_eq(key.bytes[31], 0x2a);
        key_format(&key, text);
        ck_assert_str_eq(text, ALICE_PRIVATE);
}
END_TEST

START_TEST(other_texts_are_refused)
{
        static const char *const wrong[] = {
                "",
                "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo",
                "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo==",
                "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LC==",
                "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCoA",
                /* bits beyond the last byte */
                "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCp=",
                " wdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=",
                "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LC\n=",
                "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25-_o=",
        };
        NetKey key = { { 1 } };

        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
                ck_assert_msg(key_parse(wrong[i], &key) == -EINVAL, "%s", wrong[i]);
        ck_assert_uint_eq(key.bytes[0], 1);
}
END_TEST

START_TEST(public_half)
{
        NetKey private_key, public_key;
        char text[KEY_TEXT_SIZE];

        ck_assert_int_eq(key_parse(ALICE_PRIVATE, &private_key), 0);
        ck_assert_int_eq(key_public(&private_key, &public_key), 0);
        key_format(&public_key, text);
        ck_assert_str_eq(text, ALICE_PUBLIC);
}
END_TEST

START_TEST(generated_keys_differ_and_are_clamped)
{
        NetKey a, b;

        ck_assert_int_eq(key_generate(&a), 0);
        ck_assert_int_eq(key_generate(&b), 0);
        ck_assert(!key_equal(&a, &b));
        ck_assert(key_equal(&a, &a));
        ck_assert_uint_eq(a.bytes[0] & 7, 0);
        ck_assert_uint_eq(a.bytes[31] & 0xc0, 0x40);
        key_wipe(&a);
        for (size_t i = 0; i < KEY_SIZE; i++)
                ck_assert_uint_eq(a.bytes[i], 0);
}
END_TEST

START_TEST(files)
{
        CLEANUP_UNIT_DIR UnitDir dir = unit_dir();
        static const struct {
                const char *text;
                int result;
        } cases[] = {
                { ALICE_PRIVATE, 0 },
                { "\n " ALICE_PRIVATE " \r\n", 0 },
                { "", -EINVAL },
                { "\n", -EINVAL },
                { ALICE_PRIVATE "\n" ALICE_PUBLIC "\n", -EINVAL },
                { "# a key\n" ALICE_PRIVATE "\n", -EINVAL },
        };
        NetKey key, want;

        ck_assert_int_eq(key_parse(ALICE_PRIVATE, &want), 0);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                CLEANUP_FREE char *path = unit_write(&dir, "key", cases[i].text);
                key_wipe(&key);
                ck_assert_int_eq(key_read_file(path, &key), cases[i].result);
                ck_assert(key_equal(&key, &want) == (cases[i].result == 0));
        }
        CLEANUP_FREE char *missing = path_join(dir.path, "missing");
        ck_assert_int_eq(key_read_file(missing, &key), -ENOENT);
        ck_assert_int_eq(key_read_file("/dev/zero", &key), -EINVAL);
}
END_TEST

UNIT_MAIN("keys", text_and_back, other_texts_are_refused, public_half,
          generated_keys_differ_and_are_clamped, files)
