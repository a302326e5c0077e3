/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/module/fota-parts.h"

G_BEGIN_DECLS

/**
 * What a job needs to know for @action, from what the parts know now. For FOTA_ACTION_DOWNLOAD the
 * record must have been opened (fota_keeper_open()). Transfer full.
 */
FotaJobOrder *fota_order_make(const FotaParts *parts, FotaAction action);

/**
 * The same for an action that an update begins with: the record is opened, the start and the delta
 * are counted. Error: UpdateLoop, when it was begun too often without an end; then nothing begins.
 */
FotaJobOrder *fota_order_begin(const FotaParts *parts, FotaAction action, GError **error);

G_END_DECLS
