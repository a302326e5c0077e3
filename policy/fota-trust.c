/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-trust.h"

#include "policy/fota-policy-error.h"
#include "policy/fota-signature.h"
#include "base/fota-text.h"

/* Digests of manifests that are remembered as expired. */
#define EXPIRED_MAX 8
/* How far beyond useBefore a clock may be and still be trusted. */
#define BELIEVED_SECONDS (2 * 365 * 86400)

FotaTrustNumber *
fota_trust_number_new(void)
{
    FotaTrustNumber *number = g_new0(FotaTrustNumber, 1);

    number->signer = g_strdup("");
    number->digest = g_strdup("");
    return number;
}

void
fota_trust_number_free(FotaTrustNumber *number)
{
    g_free(number->signer);
    g_free(number->digest);
    g_free(number);
}

static gboolean
judge_target(const FotaManifest *manifest, const FotaTrustFacts *facts, GError **error)
{
    /* The IMEI is personal data: the message does not repeat it. */
    if (manifest->imei && !g_strv_contains(manifest->imei, facts->imei)) {
        g_set_error_literal(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_WRONG_TARGET,
                            "target.imei does not name this module; the server sent the manifest "
                            "of another module");
        return FALSE;
    }
    if (manifest->model && facts->model && !g_strv_contains(manifest->model, facts->model)) {
        g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_WRONG_TARGET,
                    "target.model does not name %s", facts->model);
        return FALSE;
    }
    return TRUE;
}

/* Whether @number binds @manifest. */
static gboolean
number_counts(const FotaTrustNumber *number, const FotaManifest *manifest,
              const FotaKeyring *keyring)
{
    if (number->signer[0] == '\0')
        return !manifest->signers;
    return fota_keyring_has_id(keyring, number->signer);
}

static gboolean
judge_sequence(const FotaManifest *manifest, const FotaTrustFacts *facts, GError **error)
{
    guint64 own = (guint64)manifest->sequence_number, newest = 0;
    gboolean same = FALSE;

    for (guint i = 0; own > 0 && facts->numbers && i < facts->numbers->len; i++) {
        const FotaTrustNumber *number = facts->numbers->pdata[i];

        if (!number_counts(number, manifest, facts->keyring))
            continue;
        newest = MAX(newest, number->sequence);
        same = same || (number->sequence == own && g_str_equal(number->digest, manifest->digest));
    }
    if (own < newest) {
        g_set_error(
            error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_ROLLBACK,
            "sequenceNumber %" G_GUINT64_FORMAT " is older than %" G_GUINT64_FORMAT
            ", which was accepted before; publish it again with a higher one%s",
            own, newest,
            manifest->signers ? "" : ", or sign it: an unsigned number binds no signed manifest");
        return FALSE;
    }
    if (own > 0 && own == newest && !same) {
        g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_EQUIVOCATION,
                    "two different manifests carry the sequenceNumber %" G_GUINT64_FORMAT
                    "; somebody signs twice, or an attacker holds a key",
                    own);
        return FALSE;
    }
    return TRUE;
}

static gboolean
is_noted(const char *expired, const char *digest)
{
    g_auto(GStrv) digests = g_strsplit(expired ? expired : "", " ", -1);

    return g_strv_contains((const char *const *)digests, digest);
}

gboolean
fota_trust_judge(const FotaManifest *manifest, const FotaTrustFacts *facts, GError **error)
{
    gint64 issued = fota_trust_get_issued(facts->numbers, facts->keyring);

    if (!judge_target(manifest, facts, error) || !judge_sequence(manifest, facts, error))
        return FALSE;
    if (manifest->use_before <= MAX(facts->now, MAX(facts->floor, issued)) ||
        is_noted(facts->expired, manifest->digest)) {
        g_autofree char *end = fota_text_format_time(manifest->use_before);

        g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_MANIFEST_EXPIRED,
                    "useBefore %s has passed; publish a newer manifest", end);
        return FALSE;
    }
    return TRUE;
}

static gboolean
set_number(GPtrArray *numbers, const char *signer, const FotaManifest *manifest)
{
    FotaTrustNumber *number = NULL;

    for (guint i = 0; i < numbers->len && !number; i++) {
        FotaTrustNumber *candidate = numbers->pdata[i];

        if (g_str_equal(candidate->signer, signer))
            number = candidate;
    }
    if (number && number->sequence >= (guint64)manifest->sequence_number)
        return FALSE;
    if (!number) {
        number = fota_trust_number_new();
        g_ptr_array_add(numbers, number);
    }
    g_free(number->signer);
    g_free(number->digest);
    number->signer = g_strdup(signer);
    number->digest = g_strdup(manifest->digest);
    number->sequence = (guint64)manifest->sequence_number;
    number->issued = (guint64)manifest->issued;
    return TRUE;
}

/* A signed manifest ends what an unsigned one has said before. */
static gboolean
forget_unsigned(GPtrArray *numbers)
{
    for (guint i = 0; i < numbers->len; i++) {
        const FotaTrustNumber *number = numbers->pdata[i];

        if (number->signer[0] == '\0') {
            g_ptr_array_remove_index(numbers, i);
            return TRUE;
        }
    }
    return FALSE;
}

gboolean
fota_trust_note(GPtrArray *numbers, const FotaManifest *manifest)
{
    gboolean changed;

    if (manifest->sequence_number == 0)
        return FALSE;
    if (!manifest->signers)
        return set_number(numbers, "", manifest);
    changed = forget_unsigned(numbers);
    for (guint i = 0; manifest->signers[i]; i++)
        changed = set_number(numbers, manifest->signers[i], manifest) || changed;
    return changed;
}

gint64
fota_trust_get_issued(const GPtrArray *numbers, const FotaKeyring *keyring)
{
    guint64 issued = 0;

    for (guint i = 0; numbers && i < numbers->len; i++) {
        const FotaTrustNumber *number = numbers->pdata[i];

        if (fota_keyring_has_id(keyring, number->signer))
            issued = MAX(issued, number->issued);
    }
    return (gint64)MIN(issued, (guint64)G_MAXINT64);
}

char *
fota_trust_note_expired(const char *expired, const FotaManifest *manifest, gint64 now)
{
    g_auto(GStrv) before = g_strsplit(expired ? expired : "", " ", EXPIRED_MAX);
    g_autofree char *kept = NULL;
    guint n = g_strv_length(before);

    if (manifest->use_before > now ||
        now - manifest->use_before > BELIEVED_SECONDS * G_TIME_SPAN_SECOND ||
        is_noted(expired, manifest->digest))
        return NULL;
    if (n == EXPIRED_MAX)
        g_clear_pointer(&before[n - 1], g_free);
    kept = g_strjoinv(" ", before);
    return g_strconcat(manifest->digest, kept[0] != '\0' ? " " : "", kept, NULL);
}

FotaManifest *
fota_trust_open(GBytes *file, gboolean require_signature, const FotaTrustFacts *facts,
                GError **error)
{
    g_autoptr(GBytes) payload = NULL;
    g_autoptr(FotaManifest) manifest = NULL;
    char **signers = NULL;

    if (g_bytes_get_size(file) > FOTA_MANIFEST_MAX_BYTES) {
        g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_MANIFEST_TOO_LARGE,
                    "the manifest file is larger than %d bytes", FOTA_MANIFEST_MAX_BYTES);
        return NULL;
    }
    payload = fota_signature_open(file, facts->keyring, require_signature, &signers, error);
    if (!payload)
        return NULL;
    manifest = fota_manifest_parse(payload, error);
    if (!manifest) {
        g_strfreev(signers);
        return NULL;
    }
    fota_manifest_take_signers(manifest, signers);
    if (!fota_trust_judge(manifest, facts, error))
        return NULL;
    return g_steal_pointer(&manifest);
}
