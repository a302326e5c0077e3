/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-report-rule.h"

#include <string.h>

#include "policy/fota-policy-error.h"
#include "policy/fota-poll.h"

gboolean
fota_report_is_address(const char *uri)
{
    return g_str_has_prefix(uri, "https://") || g_str_has_prefix(uri, "http://");
}

static gboolean
is_own(const FotaReportServers *servers, const char *uri)
{
    for (guint i = 0; i < G_N_ELEMENTS(servers->own); i++) {
        if (servers->own[i] != NULL && fota_credential_is_same_server(uri, servers->own[i]))
            return TRUE;
    }
    return FALSE;
}

gboolean
fota_report_allow_server(const FotaReportServers *servers, const char *uri, GError **error)
{
    if (is_own(servers, uri) || fota_poll_allows_server(servers->allowed, uri))
        return TRUE;
    g_set_error_literal(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_MANIFEST,
                        "report.uri: neither the manifest's own server nor among [Manifest] "
                        "AllowedServers=");
    return FALSE;
}

gboolean
fota_report_choose_server(const FotaReportServers *servers, FotaServer *server, GError **error)
{
    const FotaServer *named = &servers->named;

    *server = (FotaServer){NULL, NULL};
    if (servers->configured.uri != NULL) {
        *server = servers->configured;
        return TRUE;
    }
    if (named->uri == NULL)
        return TRUE;
    if (!fota_report_is_address(named->uri)) {
        g_set_error_literal(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_MANIFEST,
                            "report.uri: expected http or https");
        return FALSE;
    }
    if (!servers->has_salt && strstr(named->uri, "{imei-hmac}") != NULL) {
        g_set_error_literal(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_MANIFEST,
                            "report.uri has {imei-hmac}, and [Manifest] Salt= is not set");
        return FALSE;
    }
    if (!fota_report_allow_server(servers, named->uri, error) ||
        !fota_credential_allow_use(named, &servers->credential_use, error))
        return FALSE;
    *server = *named;
    return TRUE;
}

FotaReportAnswer
fota_report_judge(guint status)
{
    if (status >= 200 && status < 300)
        return FOTA_REPORT_DELIVERED;
    if (status >= 400 && status < 500 && status != 408 && status != 429)
        return FOTA_REPORT_REFUSED;
    return FOTA_REPORT_LATER;
}
