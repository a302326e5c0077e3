/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/job/fota-way.h"

FotaWay
fota_way_choose(FotaAccess access, gboolean has_reserved_port, guint needs)
{
    gboolean alone = (needs & FOTA_NEEDS_INHIBITION) != 0;
    gboolean port = alone || (needs & (FOTA_NEEDS_TTY | FOTA_NEEDS_UNSOLICITED)) != 0;

    if (access == FOTA_ACCESS_MODEM_MANAGER)
        return port ? FOTA_WAY_NONE : FOTA_WAY_ASK_COMMAND;
    if (has_reserved_port && !alone)
        return FOTA_WAY_RESERVED_PORT;
    return port || access == FOTA_ACCESS_PORT ? FOTA_WAY_TAKE_MODULE : FOTA_WAY_ASK_COMMAND;
}
