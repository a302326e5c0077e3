/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/fota-log.h"
#include "daemon/module/fota-parts.h"
#include "policy/fota-outcome.h"

G_BEGIN_DECLS

/** Carries out what the end of a job means according to policy/fota-outcome. */
typedef struct {
    FotaHistoryEntry *entry; /**< to be announced by UpdateFinished; NULL = nothing has finished.
                                Owned by the history */
    GVariant *details;       /**< of that, a{sv}, floating */
    gboolean shows;          /**< @error becomes LastError */
    const GError *error;     /**< NULL = there is none any more; belongs to the end */
    FotaFinish finish;
} FotaClosing;

/** @action ended with @end; FOTA_ACTION_NONE: a cancelled update without a job. */
FotaClosing fota_closing_end(const FotaParts *parts, FotaAction action, const FotaJobEnd *end);

/** Makes the end of a job that read and did nothing. @error may be NULL. */
FotaJobEnd fota_closing_make_end(FotaResult result, const GError *error);

/** Logs about the module and its update. */
void fota_closing_log(const FotaParts *parts, int level, FotaEvent event, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

G_END_DECLS
