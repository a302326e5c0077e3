/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugins/fota-plugin.h"

/**
 * What the module's own client needs before it is told to fetch: steps of the flow by address. All
 * leave @update alone.
 *
 * Radio: one that is off is switched on. +CFUN: 5 is the factory's test mode, in which a module is
 * left whose calibration an interrupted update has lost: no network for it, ever.
 * Access point: only where none is programmed; the integrator's own one wins.
 * Registration: waited for, since the radio may just have been switched on.
 * Context: where the model's client has one of its own to be told (ClientContext=1).
 */
FotaResult quectel_check_radio(FotaSession *session, const FotaUpdate *update, GError **error);
FotaResult quectel_ensure_apn(FotaSession *session, const FotaUpdate *update, GError **error);
FotaResult quectel_wait_registered(FotaSession *session, const FotaUpdate *update, GError **error);
FotaResult quectel_open_context(FotaSession *session, const FotaUpdate *update, GError **error);

/** Takes the context down again if quectel_open_context() brought it up: after a download that has
 * failed, or of which fotad has not seen the end. */
void quectel_close_context(FotaSession *session);
/** The module has restarted since, which ends every context. */
void quectel_forget_context(FotaSession *session);

/** Notes a module that is in the factory's test mode. FALSE when it has left, or on a cancel. */
gboolean quectel_note_radio(FotaSession *session, GError **error);
