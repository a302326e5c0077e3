/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-policy-error.h"

G_DEFINE_QUARK(fota_policy_error_quark, fota_policy_error)

static const char *const names[] = {
    [FOTA_POLICY_ERROR_BAD_KEY] = "BadKey",
    [FOTA_POLICY_ERROR_BAD_SIGNATURE] = "BadSignature",
    [FOTA_POLICY_ERROR_MANIFEST_UNSIGNED] = "ManifestUnsigned",
    [FOTA_POLICY_ERROR_MANIFEST_TOO_LARGE] = "ManifestTooLarge",
    [FOTA_POLICY_ERROR_BAD_MANIFEST] = "BadManifest",
    [FOTA_POLICY_ERROR_UNKNOWN_MANIFEST_VERSION] = "UnknownManifestVersion",
    [FOTA_POLICY_ERROR_WRONG_TARGET] = "WrongTarget",
    [FOTA_POLICY_ERROR_ROLLBACK] = "Rollback",
    [FOTA_POLICY_ERROR_EQUIVOCATION] = "Equivocation",
    [FOTA_POLICY_ERROR_MANIFEST_EXPIRED] = "ManifestExpired",
    [FOTA_POLICY_ERROR_NO_PATH] = "NoPath",
    [FOTA_POLICY_ERROR_DOWNGRADE_REFUSED] = "DowngradeRefused",
    [FOTA_POLICY_ERROR_NOTHING_OFFERED] = "NothingOffered",
    [FOTA_POLICY_ERROR_STALE_TOKEN] = "StaleToken",
    [FOTA_POLICY_ERROR_DEFER_TOO_LONG] = "DeferTooLong",
    [FOTA_POLICY_ERROR_BAD_WINDOW] = "BadWindow",
    [FOTA_POLICY_ERROR_TOO_MANY_CHECKS] = "TooManyChecks",
    [FOTA_POLICY_ERROR_UPDATE_LOOP] = "UpdateLoop",
    [FOTA_POLICY_ERROR_CREDENTIAL_NOT_BOUND] = "CredentialNotBound",
    [FOTA_POLICY_ERROR_BAD_CONFIGURATION] = "BadConfiguration",
};
G_STATIC_ASSERT(G_N_ELEMENTS(names) == FOTA_POLICY_ERROR_LAST + 1);

const char *
fota_policy_error_get_name(FotaPolicyError code)
{
    g_return_val_if_fail((guint)code < G_N_ELEMENTS(names), NULL);
    return names[code];
}
