/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/module/fota-parts.h"

G_BEGIN_DECLS

/**
 * The method by which @action is done: of an update that is under way the one that it was begun
 * with, else the one that the plan needs. NULL = no plugin claims the module.
 */
const FotaMethod *fota_method_choose(const FotaParts *parts, FotaAction action);

/**
 * Who brings the delta of what @plan wants (policy/fota-delivery.h). @cached: the cache has it
 * whole.
 */
FotaDelivery
fota_method_choose_delivery(const FotaParts *parts, const FotaPlan *plan, gboolean cached);

/** Whether the host can hand a delta over to the module, as things are configured. */
gboolean fota_method_feeds(const FotaParts *parts);

/** Whether a method does what the plan at hand wants. Error: NotSupported. */
gboolean fota_method_fits_plan(const FotaParts *parts, GError **error);

/** Whether a delta that @method has loaded does nothing until it is installed. */
gboolean fota_method_is_inert(const FotaMethod *method);

/** Whether download and installation of what @plan, which may be NULL, wants are one. */
gboolean fota_method_has_one_gate(const FotaParts *parts, const FotaPlan *plan);

G_END_DECLS
