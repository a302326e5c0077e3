/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugins/fota-plugin.h"

/**
 * Access point and login of the context of the module's FTP client.
 *
 * An access point of [Network] is programmed where none is, and stays, as the guide has it. One
 * that a manifest provisions is for its update alone: what the context was is written down, and
 * entered again on every way out, also by the next attempt of an update that was cut off.
 */

/** b) */
FotaResult telit_ensure_apn(FotaSession *session, const FotaUpdate *update, GError **error);

/**
 * e) The login, where one is given or forbidden; never to another access point than its own. Not in
 * the guide: the command is the one that other software for these modules uses.
 */
FotaResult telit_set_login(FotaSession *session, const FotaUpdate *update, GError **error);

/** The context is somebody else's, set back at the end: up with it, it is this update's. */
gboolean telit_apn_is_provisioned(FotaSession *session);

/** m) Sets a provisioned context back; it is down. */
void telit_apn_close(FotaSession *session);
