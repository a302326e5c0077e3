/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/mm/fota-mm.h"

G_BEGIN_DECLS

/**
 * The only way to take a module from the host and to give it back. A lease may keep ModemManager
 * away from the module and disconnect its data calls. Before that, what the host had is written to
 * `<imei>.lease` in the state directory; when the lease is given back, fotad connects all those
 * data calls again and enables a modem that was enabled. If this fotad cannot, the next one does so
 * as soon as ModemManager shows the module.
 *
 * On the main loop. One lease per module.
 */

typedef enum {
    /** Take nothing, but restore afterwards what a restart of the module has lost. */
    FOTA_LEASE_NOTHING = 0,
    /** No data call is up. */
    FOTA_LEASE_BEARERS = 1 << 0,
    /** ModemManager keeps away from all ports, which ends the data calls as well. */
    FOTA_LEASE_MODULE = 1 << 1,
} FotaLeaseWants;

/**
 * Takes @wants of the module @imei, in addition to what is taken already; @uid is ModemManager's
 * name of the device. If the module is just being given back, the step under way ends first.
 *
 * Errors: FOTA_ERROR_RECORD_NOT_WRITABLE, the file could not be written and nothing was taken;
 * FOTA_ERROR_NO_AT_PORT, ModemManager does not release the module; G_IO_ERROR_CANCELLED, the lease
 * was given back before it was taken. After an error fotad gives back what it has taken.
 */
void fota_lease_take_async(FotaMm *mm, const char *imei, const char *uid, FotaLeaseWants wants,
                           GAsyncReadyCallback callback, gpointer user_data);
gboolean fota_lease_take_finish(FotaMm *mm, GAsyncResult *result, GError **error);

/**
 * Gives back what was taken or is just being taken; does nothing if nothing was. fotad keeps trying
 * until everything is given back, by itself or by a connection manager that is quicker.
 */
void fota_lease_give_back(FotaMm *mm, const char *imei);

G_END_DECLS
