/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugins/fota-plugin.h"

/** What the module must be told before it updates, and what a restart may lose. */

/**
 * Sets the data call that the module makes for itself (^FOTACFG), from [Network] where that names
 * an APN, and what it may do by itself (^FOTAMODE): resume a download, nothing else.
 */
FotaResult huawei_configure(FotaSession *session, GError **error);

/** What huawei_close() has to end. */
typedef struct {
    gboolean offered; /**< the module waits for a word about an offer */
    gboolean loading; /**< it downloads, and nobody looks any more */
} HuaweiOpened;

/** Of this session; empty at first. */
HuaweiOpened *huawei_get_opened(FotaSession *session);

/**
 * Where unsolicited lines are heard: makes sure they come, until huawei_close(). @durable: that
 * they were off is on disk before; a question to the server, as often as it is asked, costs no
 * write, and a fotad that is killed during one leaves them on.
 */
void huawei_reports_begin(FotaSession *session, gboolean durable);

/** Brings the module to rest: no offer that waits, no download that goes on, no reports. */
void huawei_close(FotaSession *session);

/** What a restart may lose. */
extern const FotaSetting huawei_settings[];
