/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-policy-sign.h"

#include <sodium.h>
#include <string.h>

static void
make_key(guint8 number, guint8 *id, guint8 *public_key, guint8 *secret_key)
{
    guint8 seed[crypto_sign_SEEDBYTES];

    memset(seed, number, sizeof seed);
    memset(id, 0xa0 + number, FOTA_KEY_ID_BYTES);
    crypto_sign_seed_keypair(public_key, secret_key, seed);
}

char *
test_sign_public_key(guint8 number)
{
    guint8 text[2 + FOTA_KEY_ID_BYTES + crypto_sign_PUBLICKEYBYTES] = "Ed";
    guint8 secret_key[crypto_sign_SECRETKEYBYTES];
    g_autofree char *line = NULL;

    make_key(number, text + 2, text + 2 + FOTA_KEY_ID_BYTES, secret_key);
    line = g_base64_encode(text, sizeof text);
    return g_strdup_printf("untrusted comment: key %u\n%s\n", number, line);
}

char *
test_sign_block(guint8 number, const char *payload, gsize length, const char *comment)
{
    guint8 signature[2 + FOTA_KEY_ID_BYTES + crypto_sign_BYTES] = "ED";
    guint8 public_key[crypto_sign_PUBLICKEYBYTES], secret_key[crypto_sign_SECRETKEYBYTES];
    guint8 hash[crypto_generichash_BYTES_MAX], global[crypto_sign_BYTES];
    g_autoptr(GByteArray) text = g_byte_array_new();
    g_autofree char *line = NULL, *global_line = NULL;

    make_key(number, signature + 2, public_key, secret_key);
    crypto_generichash(hash, sizeof hash, (const guint8 *)payload, length, NULL, 0);
    crypto_sign_detached(signature + 2 + FOTA_KEY_ID_BYTES, NULL, hash, sizeof hash, secret_key);
    g_byte_array_append(text, signature + 2 + FOTA_KEY_ID_BYTES, crypto_sign_BYTES);
    g_byte_array_append(text, (const guint8 *)comment, (guint)strlen(comment));
    crypto_sign_detached(global, NULL, text->data, text->len, secret_key);
    line = g_base64_encode(signature, sizeof signature);
    global_line = g_base64_encode(global, sizeof global);
    return g_strdup_printf("untrusted comment: by key %u\n%s\ntrusted comment: %s\n%s\n", number,
                           line, comment, global_line);
}

GBytes *
test_sign_file(guint8 number, const char *payload)
{
    g_autofree char *block = test_sign_block(number, payload, strlen(payload), "test");
    char *file = g_strconcat(block, payload, NULL);

    return g_bytes_new_take(file, strlen(file));
}

FotaKeyring *
test_sign_keyring(guint8 keys)
{
    FotaKeyring *keyring = fota_keyring_new();

    for (guint8 i = 1; i <= keys; i++) {
        g_autofree char *text = test_sign_public_key(i);
        g_autoptr(GError) error = NULL;

        fota_keyring_add(keyring, "test.pub", text, &error);
        g_assert_no_error(error);
    }
    return keyring;
}

GPtrArray *
test_sign_numbers(const char *signers, gint64 sequence, gint64 issued, const char *digest)
{
    GPtrArray *numbers = g_ptr_array_new_with_free_func((GDestroyNotify)fota_trust_number_free);
    g_auto(GStrv) ids = signers[0] != '\0' ? g_strsplit(signers, " ", -1) : g_strsplit(".", ".", 1);

    for (guint i = 0; ids[i]; i++) {
        FotaTrustNumber *number = fota_trust_number_new();

        g_free(number->signer);
        g_free(number->digest);
        number->signer = g_strdup(signers[0] != '\0' ? ids[i] : "");
        number->digest = g_strdup(digest);
        number->sequence = (guint64)sequence;
        number->issued = (guint64)issued;
        g_ptr_array_add(numbers, number);
    }
    return numbers;
}
