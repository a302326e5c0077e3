/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy/fota-keyring.h"

G_BEGIN_DECLS

/**
 * SECTION: minisign signatures in front of, or beside, a file.
 *
 * A signed file is 1 to 8 whole minisign blocks of four lines, then the payload, which begins with
 * `{` and goes to the last byte. As with minisign, a line may end with CR LF, the last one without
 * anything, and empty lines may follow. A file that does not begin with a block is not signed. What
 * is verified is exactly those bytes, as minisign does it: Ed25519 over their BLAKE2b-512 ("ED"),
 * and the global signature over the trusted comment. The raw form ("Ed": `minisign -l`, signify) is
 * refused.
 *
 * A block by a key that is not in the ring is passed over, so that keys can be rotated. A block
 * that names a key of the ring and does not verify makes the whole file bad. One key counts once.
 */

/** The most signature blocks one file may carry. */
#define FOTA_SIGNATURE_MAX_BLOCKS 8

/**
 * fota_signature_open:
 * @file: the whole file as received
 * @require: when %FALSE, a file without any block passes as it is
 * @signers: (out) (optional): ids of the different trusted keys that signed it, in the order of the
 *   blocks, %NULL-terminated; empty for a file without blocks
 *
 * Returns: (transfer full): the payload, a slice of @file (same bytes, not a copy), or %NULL with
 * ManifestUnsigned or BadSignature.
 */
GBytes *fota_signature_open(GBytes *file, FotaKeyring *keyring, gboolean require, char ***signers,
                            GError **error);

/**
 * fota_signature_open_any:
 * @comments: (out) (optional): the trusted comment of each block by a trusted key
 *
 * fota_signature_open() for a payload that need not begin with `{`.
 */
GBytes *fota_signature_open_any(GBytes *file, FotaKeyring *keyring, gboolean require,
                                char ***signers, char ***comments, GError **error);

/** Returns: the bytes at the beginning of @file that have the form of blocks; verifies nothing. */
gsize fota_signature_measure(GBytes *file);

/**
 * fota_signature_verify:
 * @payload: the signed bytes, all of them
 * @minisig: text of the `.minisig` file beside it
 *
 * The detached form. Errors: ManifestUnsigned (no block), BadSignature.
 */
gboolean
fota_signature_verify(GBytes *payload, GBytes *minisig, FotaKeyring *keyring, GError **error);

G_END_DECLS
