/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugins/fota-plugin.h"

/**
 * +QFOTADL with an address: the module fetches the package and installs it, with no pause between.
 * A rehearsal ends before that.
 */
FotaResult quectel_url_download(FotaSession *session, const FotaUpdate *update, GError **error);
