/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugins/fota-plugin.h"

/**
 * Follows the download that ^FOTADL=1 has begun until the delta is in the module and checked, and
 * resumes it when the link is lost or the module restarts. @size: bytes, 0 = unknown. DONE also
 * when the module has gone on to install by itself.
 */
FotaResult huawei_load(FotaSession *session, guint64 size, GError **error);
