/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/module/fota-parts.h"
#include "policy/fota-outcome.h"

G_BEGIN_DECLS

/** What is told of a finished update: in the history, by the signal, in the log. */

/** Whether the job @action is about what the module asked by itself. */
gboolean fota_ending_is_asked(const FotaParts *parts, FotaAction action);

/**
 * The entry of the update in the record, which is still there; of a rehearsal, which is not in the
 * record, that of the plan. Transfer full.
 */
FotaHistoryEntry *fota_ending_make_entry(const FotaParts *parts, FotaAction action,
                                         const char *result, const FotaJobEnd *end);

/** The details of UpdateFinished, a{sv}, floating. */
GVariant *fota_ending_make_details(const FotaParts *parts, FotaAction action,
                                   const FotaHistoryEntry *entry, const FotaJobEnd *end);

void fota_ending_log(const FotaParts *parts, FotaAction action, FotaFinish finish,
                     const FotaJobEnd *end);

G_END_DECLS
