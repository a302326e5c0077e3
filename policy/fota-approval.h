/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy/fota-manifest.h"

G_BEGIN_DECLS

/** No deferral goes beyond this: the year 9999. */
#define FOTA_APPROVAL_LATEST (G_GINT64_CONSTANT(253402300799) * G_USEC_PER_SEC)

/** The two moments at which the application is asked. */
typedef enum {
    FOTA_APPROVAL_GATE_DOWNLOAD,
    FOTA_APPROVAL_GATE_INSTALL,
} FotaApprovalGate;
#define FOTA_APPROVAL_N_GATES 2

/** Returns: "download" or "install". */
const char *fota_approval_gate_get_name(FotaApprovalGate gate);

/**
 * fota_approval_token:
 * @manifest_digest: FotaManifest's digest
 * @from: version the module runs when the offer is made
 * @to: (nullable): version it ends with
 *
 * Returns: (transfer full): 32 hex digits, which differ if any argument differs.
 */
char *fota_approval_token(const char *manifest_digest, const char *imei, const char *from,
                          const char *to, FotaApprovalGate gate);

/**
 * fota_approval_match_token:
 * @offered: (nullable): the token of the offer that stands now
 *
 * Errors: NothingOffered, StaleToken.
 */
gboolean fota_approval_match_token(const char *offered, const char *given, GError **error);

/**
 * fota_approval_defer_limit:
 * @first_offered: when the update was first offered, µs
 *
 * Returns: µs up to which it may be deferred (`defer-until-at-most`): the end of
 * maximumDeferPeriod and, for a mandatory or critical update, the deadline, whichever is first;
 * 0 = no limit.
 */
gint64 fota_approval_defer_limit(const FotaManifestUpdate *update, gint64 first_offered);

/**
 * fota_approval_allow_deferral:
 * @seconds: how long from @now the application wants to wait
 * @until: (out): µs at which the deferral ends
 *
 * Error: DeferTooLong, with the latest time that is allowed.
 */
gboolean fota_approval_allow_deferral(const FotaManifestUpdate *update, gint64 first_offered,
                                      gint64 now, guint64 seconds, gint64 *until, GError **error);

G_END_DECLS
