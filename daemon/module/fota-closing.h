/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/module/fota-parts.h"

G_BEGIN_DECLS

/**
 * Carries out what the end of a job means according to policy/fota-outcome: records it, shows it,
 * and announces what has finished. @action ended with @end; FOTA_ACTION_NONE: a cancelled update
 * without a job. The record is not written yet.
 */
void fota_closing_end(const FotaParts *parts, FotaAction action, const FotaJobEnd *end);

/** Makes the end of a job that read and did nothing. @error may be NULL. */
FotaJobEnd fota_closing_make_end(FotaResult result, const GError *error);

G_END_DECLS
