/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/module/fota-parts.h"

G_BEGIN_DECLS

/** How often a module is told to throw a delta away. */
#define FOTA_DISCARDS_MAX 3

/** What would be planned now: changes nothing. NULL = there is nothing to plan. */
FotaPlan *fota_situation_draft_plan(const FotaParts *parts);

/**
 * What policy/fota-next looks at, but for check_due and failed, which are the module's. @plan NULL
 * = there is nothing to plan.
 */
FotaSituation fota_situation_look(const FotaParts *parts, const FotaPlan *plan);

/** Seconds the module was away when it was last updated, else what its model data say. */
guint fota_situation_expect_outage(const FotaParts *parts);

G_END_DECLS
