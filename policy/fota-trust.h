/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy/fota-keyring.h"
#include "policy/fota-manifest.h"

G_BEGIN_DECLS

/** What is known about the module and about the manifests it had before. */
typedef struct {
    const char *imei;
    const char *model;
    gint64 now;   /* µs since the epoch */
    gint64 floor; /* a moment that has surely passed, such as the build date */

    /* The newest manifest accepted */
    gint64 sequence;     /* its sequenceNumber, 0 = none yet */
    const char *digest;  /* NULL = none yet */
    gint64 issued;       /* has surely passed, too: a clock before it, or before @floor, is wrong */
    const char *signers; /* ids of the keys that signed it, blanks between; NULL or "" = none */
} FotaTrustFacts;

/**
 * fota_trust_open:
 * @file: the file as received
 * @require_signature: the configuration's RequireSignature
 *
 * The one way from received bytes to a manifest: size, signature, strict reading, then
 * fota_trust_forget_revoked() and fota_trust_check(), in this order.
 *
 * Returns: (transfer full): a manifest to be acted on, or %NULL with the named error.
 */
FotaManifest *fota_trust_open(GBytes *file, FotaKeyring *keyring, gboolean require_signature,
                              const FotaTrustFacts *facts, GError **error);

/**
 * fota_trust_list_signers:
 * @file: one that was opened, a manifest or a csv
 *
 * Returns: (transfer full): what FotaTrustFacts calls signers.
 */
char *fota_trust_list_signers(GBytes *file, FotaKeyring *keyring);

/**
 * fota_trust_forget_revoked:
 *
 * Whoever steals a key can publish the highest sequenceNumber and an `issued` in the far future,
 * after which no other manifest would count. Once none of the keys that signed the newest manifest
 * is in @keyring any more, its number, digest and time bind nobody.
 *
 * Returns: @facts without them, or as they are.
 */
FotaTrustFacts fota_trust_forget_revoked(const FotaTrustFacts *facts, FotaKeyring *keyring);

/**
 * fota_trust_check:
 *
 * Target, sequence and expiry of a manifest that was read before. Call it again before an update
 * starts: time passes. Errors: WrongTarget, Rollback, Equivocation, ManifestExpired.
 */
gboolean
fota_trust_check(const FotaManifest *manifest, const FotaTrustFacts *facts, GError **error);

G_END_DECLS
