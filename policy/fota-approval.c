/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-approval.h"

#include "policy/fota-policy-error.h"
#include "base/fota-text.h"
#include "base/fota-units.h"

#include <string.h>

#define TOKEN_LENGTH 32

const char *
fota_approval_gate_get_name(FotaApprovalGate gate)
{
    return gate == FOTA_APPROVAL_GATE_DOWNLOAD ? "download" : "install";
}

char *
fota_approval_token(const char *manifest_digest, const char *imei, const char *from, const char *to,
                    FotaApprovalGate gate)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    const char *parts[] = {"fota-token-v1",
                           manifest_digest,
                           imei,
                           from,
                           to ? to : "",
                           fota_approval_gate_get_name(gate)};

    /* With the zero byte, so that no text can run into its neighbour. */
    for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
        g_checksum_update(checksum, (const guchar *)parts[i], (gssize)strlen(parts[i]) + 1);
    return g_strndup(g_checksum_get_string(checksum), TOKEN_LENGTH);
}

gboolean
fota_approval_match_token(const char *offered, const char *given, GError **error)
{
    if (!offered) {
        g_set_error_literal(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_NOTHING_OFFERED,
                            "nothing is offered for this module");
        return FALSE;
    }
    if (!g_str_equal(offered, given)) {
        g_set_error_literal(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_STALE_TOKEN,
                            "the offer has changed since this token was given out; read Update "
                            "again and decide on what it says now");
        return FALSE;
    }
    return TRUE;
}

gint64
fota_approval_defer_limit(const FotaManifestUpdate *update, gint64 first_offered)
{
    gint64 limit = G_MAXINT64;

    if (update->maximum_defer_period > 0)
        limit = fota_time_add(first_offered, update->maximum_defer_period);
    if (update->severity >= FOTA_SEVERITY_MANDATORY && update->deadline > 0)
        limit = MIN(limit, update->deadline);
    return limit == G_MAXINT64 ? 0 : limit;
}

gboolean
fota_approval_allow_deferral(const FotaManifestUpdate *update, gint64 first_offered, gint64 now,
                             guint64 seconds, gint64 *until, GError **error)
{
    gint64 limit = fota_approval_defer_limit(update, first_offered);
    gint64 latest = limit ? MIN(limit, FOTA_APPROVAL_LATEST) : FOTA_APPROVAL_LATEST;

    if (now > latest || seconds > (guint64)(latest - now) / G_USEC_PER_SEC) {
        g_autofree char *text = fota_text_format_time(latest);

        g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_DEFER_TOO_LONG,
                    "this update can be deferred until %s at most", text);
        return FALSE;
    }
    *until = now + (gint64)seconds * G_USEC_PER_SEC;
    return TRUE;
}
