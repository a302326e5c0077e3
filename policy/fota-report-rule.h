/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy/fota-credential-rule.h"

G_BEGIN_DECLS

/** SECTION: where reports go, what a server's answer to one means, and how many are kept. */

/** What is kept while no server takes it; beyond this the oldest goes. */
#define FOTA_REPORT_MAX_COUNT 64
#define FOTA_REPORT_MAX_BYTES (256 * 1024)

/** Where the results of a manifest's update may go; addresses are templates. */
typedef struct {
    FotaServer configured;            /**< [Report] */
    FotaServer named;                 /**< `report` of the manifest */
    gboolean has_salt;                /**< `{imei-hmac}` can be filled in */
    const char *own[2];               /**< addresses that manifests come from; NULL = none */
    const char *const *allowed;       /**< [Manifest] AllowedServers= */
    FotaCredentialUse credential_use; /**< of the credential that the manifest names */
} FotaReportServers;

/**
 * The configuration's server if there is one; else the manifest's, for its own server and those
 * allowed. @server stays without an address when there is none at all.
 *
 * Error: CredentialNotBound, or BadManifest if the manifest names another server or cannot be
 * obeyed.
 */
gboolean
fota_report_choose_server(const FotaReportServers *servers, FotaServer *server, GError **error);

/**
 * Whether a report that a manifest asked for may go to @uri: one of @servers' own or allowed ones.
 * Error: BadManifest.
 */
gboolean
fota_report_allow_server(const FotaReportServers *servers, const char *uri, GError **error);

/** Whether @uri, which may be a template, has a scheme that can be posted to. */
gboolean fota_report_is_address(const char *uri);

typedef enum {
    FOTA_REPORT_DELIVERED,
    FOTA_REPORT_REFUSED, /**< the server will not take it later either */
    FOTA_REPORT_LATER,
} FotaReportAnswer;

/** @status: as in HTTP, 0 = no answer. */
FotaReportAnswer fota_report_judge(guint status);

G_END_DECLS
