/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-trust.h"

#include "policy/fota-policy-error.h"
#include "policy/fota-signature.h"
#include "base/fota-text.h"

static gboolean
check_target(const FotaManifest *manifest, const FotaTrustFacts *facts, GError **error)
{
    /* The IMEI is personal data: the message does not repeat it. */
    if (manifest->imei && !g_strv_contains(manifest->imei, facts->imei)) {
        g_set_error_literal(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_WRONG_TARGET,
                            "target.imei does not name this module; the server gave the manifest "
                            "of another one");
        return FALSE;
    }
    if (manifest->model && !g_strv_contains(manifest->model, facts->model)) {
        g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_WRONG_TARGET,
                    "target.model does not name %s", facts->model);
        return FALSE;
    }
    return TRUE;
}

static gboolean
check_sequence(const FotaManifest *manifest, const FotaTrustFacts *facts, GError **error)
{
    if (manifest->sequence_number < facts->sequence) {
        g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_ROLLBACK,
                    "sequenceNumber %" G_GINT64_FORMAT " is older than %" G_GINT64_FORMAT
                    ", which was accepted before; publish it again with a higher one",
                    manifest->sequence_number, facts->sequence);
        return FALSE;
    }
    if (manifest->sequence_number == facts->sequence &&
        g_strcmp0(manifest->digest, facts->digest) != 0) {
        g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_EQUIVOCATION,
                    "two different manifests carry the sequenceNumber %" G_GINT64_FORMAT
                    "; somebody signs twice, or an attacker holds a key",
                    manifest->sequence_number);
        return FALSE;
    }
    return TRUE;
}

gboolean
fota_trust_check(const FotaManifest *manifest, const FotaTrustFacts *facts, GError **error)
{
    if (!check_target(manifest, facts, error) || !check_sequence(manifest, facts, error))
        return FALSE;
    if (manifest->use_before <= MAX(facts->now, MAX(facts->floor, facts->issued))) {
        g_autofree char *end = fota_text_format_time(manifest->use_before);

        g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_MANIFEST_EXPIRED,
                    "useBefore %s has passed; publish a newer manifest", end);
        return FALSE;
    }
    return TRUE;
}

char *
fota_trust_list_signers(GBytes *file, FotaKeyring *keyring)
{
    g_autofree char *comment = NULL;
    g_auto(GStrv) signers = NULL;
    g_autoptr(GBytes) payload =
        fota_signature_open_commented(file, keyring, FALSE, &comment, &signers, NULL);

    return signers ? g_strjoinv(" ", signers) : g_strdup("");
}

FotaTrustFacts
fota_trust_forget_revoked(const FotaTrustFacts *facts, FotaKeyring *keyring)
{
    g_auto(GStrv) signers = g_strsplit(facts->signers ? facts->signers : "", " ", -1);
    FotaTrustFacts without = *facts;

    for (guint i = 0; signers[i]; i++)
        if (fota_keyring_has_id(keyring, signers[i]))
            return *facts;
    if (!signers[0])
        return *facts;
    without.sequence = without.issued = 0;
    without.digest = without.signers = NULL;
    return without;
}

FotaManifest *
fota_trust_open(GBytes *file, FotaKeyring *keyring, gboolean require_signature,
                const FotaTrustFacts *facts, GError **error)
{
    g_autoptr(GBytes) payload = NULL;
    g_autoptr(FotaManifest) manifest = NULL;
    const FotaTrustFacts valid = fota_trust_forget_revoked(facts, keyring);

    if (g_bytes_get_size(file) > FOTA_MANIFEST_MAX_BYTES) {
        g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_MANIFEST_TOO_LARGE,
                    "the manifest file is larger than %d bytes", FOTA_MANIFEST_MAX_BYTES);
        return NULL;
    }
    payload = fota_signature_open(file, keyring, require_signature, error);
    if (!payload)
        return NULL;
    manifest = fota_manifest_parse(payload, error);
    if (!manifest || !fota_trust_check(manifest, &valid, error))
        return NULL;
    return g_steal_pointer(&manifest);
}
