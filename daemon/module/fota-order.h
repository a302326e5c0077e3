/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/module/fota-parts.h"

G_BEGIN_DECLS

/**
 * What a job needs to know for @action, from what the parts know now. For FOTA_ACTION_DOWNLOAD the
 * record must have been opened (fota_keeper_open()). Transfer full.
 */
FotaJobOrder *fota_order_make(const FotaParts *parts, FotaAction action);

G_END_DECLS
