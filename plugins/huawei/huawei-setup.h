/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugins/fota-plugin.h"

/** What the module must be told before it updates, and what a restart may lose. */

/**
 * Sets the data call that the module makes for itself (^FOTACFG), from [Network] where that names
 * an APN, and what it may do by itself (^FOTAMODE): resume a download, nothing else.
 */
FotaResult huawei_configure(FotaSession *session, GError **error);

/** Where unsolicited lines are heard: makes sure they come. TRUE = they were off before. */
gboolean huawei_reports_begin(FotaSession *session);
/** @were_off: what huawei_reports_begin() returned. */
void huawei_reports_end(FotaSession *session, gboolean were_off);

/** What a restart may lose. */
extern const FotaSetting huawei_settings[];
