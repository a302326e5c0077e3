/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugins/fota-plugin.h"

/**
 * Reads the file of @update's path, of at most @max_bytes, over the FTP session that is open:
 * #FTPGETPKT fetches it into the module, #FTPRECV hands it over piece by piece in hexadecimal,
 * which works on every channel. FOTA_MODULE_ERROR_DELTA_MISSING when the server has no such file.
 */
FotaResult telit_fetch_file(FotaSession *session, const FotaUpdate *update, gsize max_bytes,
                            GBytes **contents, GError **error);
