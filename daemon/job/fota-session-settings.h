/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugins/fota-plugin.h"

G_BEGIN_DECLS

/**
 * What the restarts of an installation may lose, as a plugin's table lists it: read and remembered
 * right before the order to install, entered again once the module has come to rest. What is
 * remembered is written with the record before the order is given, and so survives a kill of fotad
 * at any moment between the two.
 *
 * A setting that the module has no command for, or does not tell without its SIM, is left out.
 */

/**
 * FOTA_RESULT_FAILED_FOR_NOW when the module does not answer at all, _TRY_LATER when it refuses to
 * tell one for now. @settings may be NULL.
 */
FotaResult
fota_session_read_settings(FotaSession *session, const FotaSetting *settings, GError **error);

/**
 * Enters what differs from what was remembered. Returns the names of those that still differ
 * afterwards, or could not be asked: never NULL.
 */
GStrv fota_session_restore_settings(FotaSession *session, const FotaSetting *settings);

G_END_DECLS
