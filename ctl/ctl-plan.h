/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "ctl/ctl-bus.h"

G_BEGIN_DECLS

/** Returns: (transfer full): the result of Plan() for @module; NULL with @error. */
JsonObject *ctl_plan_get(Ctl *ctl, const CtlModule *module, GError **error);

/** Returns: (transfer full): "12.3 kB of 5.0 MB", the module's data this month; "" =
 * unknown.
 */
char *ctl_plan_format_data(JsonObject *plan);

G_END_DECLS
