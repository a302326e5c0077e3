/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * FotaKeyring: the public keys a manifest may be signed with.
 *
 * One key is one minisign `*.pub` file. Keys are added one by one; a key is revoked by building
 * the ring without it. The ring may be shared between threads once it is built.
 */
typedef struct FotaKeyring FotaKeyring;

/** Returns: (transfer full): an empty ring. */
FotaKeyring *fota_keyring_new(void);
void fota_keyring_free(FotaKeyring *keyring);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaKeyring, fota_keyring_free)

/**
 * fota_keyring_add:
 * @name: where the text came from (a file name), for messages
 * @text: the text of a minisign public key file: a comment line and a base64 line
 *
 * The same key given twice is one key. Error: BadKey.
 */
gboolean fota_keyring_add(FotaKeyring *keyring, const char *name, const char *text, GError **error);

/** Returns: the number of different keys in the ring. */
guint fota_keyring_get_size(const FotaKeyring *keyring);

#define FOTA_KEY_ID_BYTES 8
#define FOTA_KEY_BYTES 32

/** Returns: (nullable): the 32 bytes of the Ed25519 key with this minisign key id. */
const guint8 *fota_keyring_lookup(const FotaKeyring *keyring, const guint8 id[FOTA_KEY_ID_BYTES]);

/** Whether a key with this id, as fota_key_id_to_string() gives it, is in the ring. */
gboolean fota_keyring_has_id(const FotaKeyring *keyring, const char *id);

/** Returns: (transfer full): the id as minisign prints it, 16 upper-case hex digits. */
char *fota_key_id_to_string(const guint8 id[FOTA_KEY_ID_BYTES]);

G_END_DECLS
