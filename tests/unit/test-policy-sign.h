/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy/fota-trust.h"

/** Signs as minisign does, with keys made from fixed seeds: key 1, key 2 ... */

/** Returns: (transfer full): text of the `*.pub` file of key @number. */
char *test_sign_public_key(guint8 number);

/** Returns: (transfer full): a signature block by key @number over @payload. */
char *test_sign_block(guint8 number, const char *payload, gsize length, const char *comment);

/** Returns: (transfer full): @payload behind one block by key @number. */
GBytes *test_sign_file(guint8 number, const char *payload);

/** Returns: (transfer full): a ring with the keys 1 to @keys. */
FotaKeyring *test_sign_keyring(guint8 keys);

/**
 * Returns: (transfer full): FotaTrustNumbers, the same for each of the keys @signers (ids, blanks
 *   between; "" = unsigned).
 */
GPtrArray *
test_sign_numbers(const char *signers, gint64 sequence, gint64 issued, const char *digest);
