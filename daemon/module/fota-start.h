/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/module/fota-parts.h"

G_BEGIN_DECLS

/** Begins @action, which policy/fota-next has decided; what ends at once is recorded. */
void fota_start_action(const FotaParts *parts, FotaAction action);

G_END_DECLS
