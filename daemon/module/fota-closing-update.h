/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/module/fota-closing.h"
#include "policy/fota-outcome.h"

G_BEGIN_DECLS

/** What the end of a job means for the update: the part of fota-closing.c that asks the table. */

/** What an end amounts to. */
typedef struct {
    FotaHistoryEntry *entry; /**< for UpdateFinished; NULL = nothing has finished */
    GVariant *details;       /**< of that, a{sv}, floating */
    gboolean shows;          /**< @error becomes LastError */
    const GError *error;     /**< NULL = there is none any more; belongs to the end */
    GError *owned;           /**< frees @error where that does not belong to the end */
    FotaFinish finish;
} FotaClosing;

FotaEnding fota_closing_judge(const FotaJobEnd *end);

FotaClosing fota_closing_update(const FotaParts *parts, FotaAction action, const FotaJobEnd *end);

G_END_DECLS
