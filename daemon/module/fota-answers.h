/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/module/fota-parts.h"
#include "policy/fota-refusal.h"

G_BEGIN_DECLS

/**
 * An application's requests: policy/fota-refusal says whether one is accepted now, then its token
 * is compared with that of Update as it is shown. A request that fails changes nothing; for one
 * that is accepted, the record is being written, and the end of an offer is announced.
 */

/** FALSE if the request is refused now, whatever its token is. */
gboolean fota_answers_accept(const FotaParts *parts, FotaRequestKind request, GError **error);

gboolean fota_answers_approve(const FotaParts *parts, const char *token, GError **error);
gboolean
fota_answers_defer(const FotaParts *parts, const char *token, guint64 seconds, GError **error);
gboolean
fota_answers_reject(const FotaParts *parts, const char *token, const char *reason, GError **error);
gboolean fota_answers_cancel(const FotaParts *parts, const char *token, GError **error);
gboolean fota_answers_rehearse(const FotaParts *parts, GError **error);

/** Ends the rehearsal, if there is one, before it has begun, and announces that. */
void fota_answers_drop_guest(const FotaParts *parts, const char *result, const char *reason);
/** The same where nobody has answered in time, or its manifest is no longer at hand. */
void fota_answers_end_guest(const FotaParts *parts);

G_END_DECLS
