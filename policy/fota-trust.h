/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy/fota-keyring.h"
#include "policy/fota-manifest.h"

G_BEGIN_DECLS

/** What is known about the module and about the manifests it had before. */
typedef struct {
    const char *imei;
    const char *model;
    gint64 sequence;    /* sequenceNumber of the newest manifest accepted, 0 = none yet */
    const char *digest; /* that manifest's digest, NULL = none yet */
    gint64 now;         /* µs since the epoch */
    gint64 floor;       /* a moment that has surely passed: the larger of the build date and the
                         * `issued` of the newest manifest accepted; a clock before it is wrong */
} FotaTrustFacts;

/**
 * fota_trust_open:
 * @file: the file as received
 * @require_signature: the configuration's RequireSignature
 *
 * The one way from received bytes to a manifest: size, signature, strict reading, then
 * fota_trust_check(), in this order.
 *
 * Returns: (transfer full): a manifest to be acted on, or %NULL with the named error.
 */
FotaManifest *fota_trust_open(GBytes *file, FotaKeyring *keyring, gboolean require_signature,
                              const FotaTrustFacts *facts, GError **error);

/**
 * fota_trust_check:
 *
 * Target, sequence and expiry of a manifest that was read before. Call it again before an update
 * starts: time passes. Errors: WrongTarget, Rollback, Equivocation, ManifestExpired.
 */
gboolean
fota_trust_check(const FotaManifest *manifest, const FotaTrustFacts *facts, GError **error);

G_END_DECLS
