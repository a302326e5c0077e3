/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-keyring.h"

#include "policy/fota-policy-error.h"

#include <sodium.h>
#include <string.h>

/* A public key file's second line: base64 of this. */
typedef struct {
    guint8 algorithm[2]; /* "Ed" */
    guint8 id[FOTA_KEY_ID_BYTES];
    guint8 key[FOTA_KEY_BYTES];
} Key;
G_STATIC_ASSERT(sizeof(Key) == 42);

struct FotaKeyring {
    GArray *keys; /* Key */
};

FotaKeyring *
fota_keyring_new(void)
{
    FotaKeyring *keyring = g_new0(FotaKeyring, 1);

    if (sodium_init() < 0)
        g_error("libsodium cannot be initialised");
    keyring->keys = g_array_new(FALSE, FALSE, sizeof(Key));
    return keyring;
}

void
fota_keyring_free(FotaKeyring *keyring)
{
    g_array_unref(keyring->keys);
    g_free(keyring);
}

static gboolean
decode_key(const char *text, Key *key)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", 4);
    gsize length;

    /* As minisign: the first line is anybody's, and lines may end with CR LF. */
    if (g_strv_length(lines) < 2)
        return FALSE;
    g_strchomp(lines[1]);
    return sodium_base642bin((guint8 *)key, sizeof *key, lines[1], strlen(lines[1]), NULL, &length,
                             NULL, sodium_base64_VARIANT_ORIGINAL) == 0 &&
           length == sizeof *key && memcmp(key->algorithm, "Ed", 2) == 0;
}

gboolean
fota_keyring_add(FotaKeyring *keyring, const char *name, const char *text, GError **error)
{
    Key key;
    const guint8 *known;

    if (!decode_key(text, &key)) {
        g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_KEY,
                    "%s: not a minisign public key; expected the two lines of a *.pub file", name);
        return FALSE;
    }
    known = fota_keyring_lookup(keyring, key.id);
    if (!known) {
        g_array_append_val(keyring->keys, key);
        return TRUE;
    }
    if (memcmp(known, key.key, sizeof key.key) != 0) {
        g_autofree char *id = fota_key_id_to_string(key.id);

        g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_KEY,
                    "%s: another key already has the id %s; remove one of them", name, id);
        return FALSE;
    }
    return TRUE;
}

guint
fota_keyring_get_size(const FotaKeyring *keyring)
{
    return keyring->keys->len;
}

const guint8 *
fota_keyring_lookup(const FotaKeyring *keyring, const guint8 id[FOTA_KEY_ID_BYTES])
{
    for (guint i = 0; i < keyring->keys->len; i++) {
        const Key *key = &g_array_index(keyring->keys, Key, i);

        if (memcmp(key->id, id, FOTA_KEY_ID_BYTES) == 0)
            return key->key;
    }
    return NULL;
}

gboolean
fota_keyring_has_id(const FotaKeyring *keyring, const char *id)
{
    for (guint i = 0; i < keyring->keys->len; i++) {
        g_autofree char *known = fota_key_id_to_string(g_array_index(keyring->keys, Key, i).id);

        if (g_str_equal(known, id))
            return TRUE;
    }
    return FALSE;
}

char *
fota_key_id_to_string(const guint8 id[FOTA_KEY_ID_BYTES])
{
    guint64 number = 0;

    for (int i = FOTA_KEY_ID_BYTES - 1; i >= 0; i--)
        number = number << 8 | id[i];
    return g_strdup_printf("%016" G_GINT64_MODIFIER "X", number);
}
