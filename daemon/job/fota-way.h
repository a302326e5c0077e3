/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugins/fota-plugin.h"
#include "policy/fota-config.h"

G_BEGIN_DECLS

/** How a job speaks to the module. */
typedef enum {
    FOTA_WAY_RESERVED_PORT, /**< the port that udev has reserved for fotad; nothing is taken */
    FOTA_WAY_TAKE_MODULE,   /**< ModemManager is kept away; a reserved port, else the module's */
    FOTA_WAY_ASK_COMMAND,   /**< ModemManager's Command, if it allows that */
    FOTA_WAY_NONE,          /**< the configuration does not allow what is needed */
} FotaWay;

/**
 * From what the configuration allows, whether there is a reserved port, and what the method needs
 * (FotaNeeds); pure. A need that the configuration excludes is not met in another way.
 */
FotaWay fota_way_choose(FotaAccess access, gboolean has_reserved_port, guint needs);

G_END_DECLS
