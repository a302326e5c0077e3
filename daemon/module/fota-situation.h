/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/module/fota-parts.h"

G_BEGIN_DECLS

/** Attempts to discard a delta. */
#define FOTA_DISCARDS_MAX 3

/** Makes the plan as things are now; changes nothing. NULL = there is nothing to plan. */
FotaPlan *fota_situation_draft_plan(const FotaParts *parts);

/**
 * Gathers what policy/fota-next needs, except check_due and failed, which the module knows. @plan
 * NULL = there is nothing to plan.
 */
FotaSituation fota_situation_look(const FotaParts *parts, const FotaPlan *plan);

/** Claims from the cache what the update of @plan needs, and releases what none needs any more. */
void fota_situation_claim_delta(const FotaParts *parts, const FotaPlan *plan);

/** Whether the application was asked what the module asks, and its time for an answer is over. */
gboolean fota_situation_is_unanswered(const FotaParts *parts);

/** Whether the module, without a job, may be put back to its old version at any time. */
gboolean fota_situation_is_unproven(const FotaParts *parts);

/** Seconds until something may change without an event. */
guint fota_situation_get_wait(const FotaParts *parts);

/** The outage of the last successful update, else of the model data; seconds. */
guint fota_situation_expect_outage(const FotaParts *parts);

G_END_DECLS
