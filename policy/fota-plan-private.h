/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy/fota-plan.h"

G_BEGIN_DECLS

/** Adds a sentence to the plan's reasons. */
void fota_plan_explain(FotaPlan *plan, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** Attempts that may fail before the update is given up: the fewer of the two. */
guint32 fota_plan_count_attempts(const FotaManifestUpdate *update, const FotaRules *rules);

/** Adds all that keeps the plan from being done now. */
void fota_plan_find_blockers(FotaPlan *plan, const FotaFacts *facts, const FotaRules *rules);

G_END_DECLS
