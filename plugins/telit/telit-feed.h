/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugins/fota-plugin.h"

/**
 * The delta over the AT port, #OTAUPW: flow B of README.md. It ends up where #FTPGETOTA brings it,
 * so that all that follows is the same.
 */

/** Hands over the delta that @fd holds. For FotaMethod.load. */
FotaResult telit_feed_load(FotaSession *session, const FotaUpdate *update, int fd, GError **error);

/** The order to install what was fed: `#OTAUP=0,2`. For FotaMethod.install. */
FotaResult telit_feed_install(FotaSession *session, const FotaUpdate *update, GError **error);
