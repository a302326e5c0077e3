/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugins/fota-plugin.h"

/**
 * Sets *@error to what @code, the number of an HTTPEND or FTPEND, means, and returns what that
 * makes of the update. One list for all families, but for some numbers of one (Codes=).
 */
FotaResult quectel_fail_download(FotaSession *session, int code, GError **error);

/**
 * The same for the number of an END, by the list of this model (Codes= in the data file): the same
 * number means different things in different families. Always a definite result.
 */
FotaResult quectel_fail_update(FotaSession *session, int code, GError **error);
