/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/module/fota-parts.h"

G_BEGIN_DECLS

/** Makes the plan as things are now; changes nothing. NULL = there is nothing to plan. */
FotaPlan *fota_draft_plan(const FotaParts *parts);

/** Claims from the cache what the update of @plan needs, and releases what none needs any more. */
void fota_draft_claim_delta(const FotaParts *parts, const FotaPlan *plan);

/** Whether the application was asked what the module asks, and its time for an answer is over. */
gboolean fota_draft_is_unanswered(const FotaParts *parts);

/** The outage of the last successful update, else of the model data; seconds. */
guint fota_draft_expect_outage(const FotaParts *parts);

G_END_DECLS
