/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugins/fota-plugin.h"

/**
 * The version with its sub-version, as +QGMR tells it: +CGMR and ATI are the same for several
 * firmwares. For some seconds after an update the sub-version's second half is still 00.000; it is
 * waited for (HalfTime).
 */
FotaResult quectel_version_read(FotaSession *session, char **version, GError **error);
