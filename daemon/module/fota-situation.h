/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/module/fota-parts.h"

G_BEGIN_DECLS

/** Within which ModemManager begins with a module that it was given back; the first pause between
 * two looks at one that it does not show. */
#define FOTA_ROUSE_SECONDS 20

/** Attempts to discard a delta. */
#define FOTA_DISCARDS_MAX 3

/**
 * Gathers what policy/fota-next needs, except check_due and failed, which the module knows. @plan
 * NULL = there is nothing to plan.
 */
FotaSituation fota_situation_look(const FotaParts *parts, const FotaPlan *plan);

/** Whether the module, without a job, may be put back to its old version at any time. */
gboolean fota_situation_is_unproven(const FotaParts *parts);

/**
 * Whether the module has to wait for others. @other_route: whether there is a way to the network
 * past it, as FotaFacts has it.
 */
gboolean fota_situation_is_crowded(const FotaParts *parts, int other_route);

/** Seconds until something may change without an event. */
guint fota_situation_get_wait(const FotaParts *parts);

G_END_DECLS
