/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/module/fota-parts.h"

G_BEGIN_DECLS

/**
 * What an application may ask: policy/fota-next says whether it is accepted now, then the token is
 * compared with that of @update, the property as it is shown. A request that fails changes nothing;
 * of one that is accepted the record is being written.
 */

/** FALSE: the request is refused now, whatever its token. */
gboolean fota_answers_accept(const FotaParts *parts, FotaRequestKind request, GError **error);

gboolean
fota_answers_approve(const FotaParts *parts, GVariant *update, const char *token, GError **error);
gboolean fota_answers_defer(const FotaParts *parts, GVariant *update, const char *token,
                            guint64 seconds, GError **error);
/** @entry: what went into the history, which owns it; NULL = the end of the job will tell. */
gboolean fota_answers_reject(const FotaParts *parts, GVariant *update, const char *token,
                             const char *reason, const FotaHistoryEntry **entry, GError **error);
gboolean fota_answers_cancel(const FotaParts *parts, GVariant *update, const char *token,
                             const FotaHistoryEntry **entry, GError **error);
gboolean fota_answers_rehearse(const FotaParts *parts, GError **error);

G_END_DECLS
