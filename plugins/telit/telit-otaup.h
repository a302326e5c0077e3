/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugins/fota-plugin.h"

/** #OTAUP: validates and installs what is in the module's OTA area. */

/**
 * Has the module validate the delta, where the model can (CanValidate=). Not in the guide: other
 * software for these modules does so before it installs.
 */
FotaResult telit_otaup_validate(FotaSession *session, const FotaUpdate *update, GError **error);

/** Sends @command, which is the order to install. */
FotaResult telit_otaup_install(FotaSession *session, const FotaUpdate *update, const char *command,
                               GError **error);
