/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy/fota-keyring.h"
#include "policy/fota-manifest.h"

G_BEGIN_DECLS

/**
 * SECTION: which manifest is trusted.
 *
 * Each key has its own numbers. A signed manifest must not be older than the newest that any key of
 * the ring has signed; the numbers of a revoked key no longer count, and those of the other keys
 * stay. An unsigned manifest binds only unsigned ones, until a signed one is accepted.
 *
 * A manifest that was once found to be past its useBefore stays expired if the clock is set back.
 */

/** The newest manifest that one key has signed. */
typedef struct {
    char *signer; /* id of the key; "" = unsigned */
    guint64 sequence;
    guint64 issued; /* µs */
    char *digest;
} FotaTrustNumber;

FotaTrustNumber *fota_trust_number_new(void);
void fota_trust_number_free(FotaTrustNumber *number);

/** Facts about the module and about the manifests it had before. */
typedef struct {
    const char *imei;
    const char *model;        /* NULL = unknown: target.model is ignored */
    gint64 now;               /* µs since the epoch */
    gint64 floor;             /* a time that has passed, such as the build date */
    FotaKeyring *keyring;     /* borrowed, never NULL */
    const GPtrArray *numbers; /* of FotaTrustNumber; NULL = none yet */
    const char *expired;      /* digests, blanks between: found expired before; NULL or "" = none */
} FotaTrustFacts;

/**
 * fota_trust_open:
 * @file: the file as received
 * @require_signature: the configuration's RequireSignature
 *
 * The one way from received bytes to a manifest: size, signature, strict reading, then
 * fota_trust_judge(), in this order.
 *
 * Returns: (transfer full): a manifest to be acted on, or %NULL with the named error.
 */
FotaManifest *fota_trust_open(GBytes *file, gboolean require_signature, const FotaTrustFacts *facts,
                              GError **error);

/**
 * fota_trust_judge:
 *
 * Target, sequence and expiry of a manifest that was read before. Call it again before an update
 * starts: time passes. Errors: WrongTarget, Rollback, Equivocation, ManifestExpired.
 */
gboolean
fota_trust_judge(const FotaManifest *manifest, const FotaTrustFacts *facts, GError **error);

/**
 * fota_trust_note:
 *
 * @manifest was accepted: notes its number for each of its signers, unless it has none. @numbers:
 * as in FotaTrustFacts, owns its elements.
 *
 * Returns: whether @numbers has changed.
 */
gboolean fota_trust_note(GPtrArray *numbers, const FotaManifest *manifest);

/**
 * fota_trust_get_issued:
 *
 * Returns: the latest time, µs, at which a key of the ring has signed. It has passed, so a clock
 * before it is wrong. 0 = none; an unsigned manifest proves no time.
 */
gint64 fota_trust_get_issued(const GPtrArray *numbers, const FotaKeyring *keyring);

/**
 * fota_trust_note_expired:
 * @expired: (nullable): as in FotaTrustFacts
 * @now: µs, at which @manifest was found to be past its useBefore
 *
 * A clock that is years beyond useBefore counts as wrong and proves nothing.
 *
 * Returns: (transfer full) (nullable): @expired with @manifest in front; %NULL = nothing to note.
 */
char *fota_trust_note_expired(const char *expired, const FotaManifest *manifest, gint64 now);

G_END_DECLS
