/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/mm/fota-mm.h"

G_BEGIN_DECLS

/**
 * The one way to take a module from the host, and to give it back: ModemManager's hands off it, its
 * data calls down. What the host had is written to `<imei>.lease` in the state directory before it
 * is taken, and is given back when the lease is: the data calls, every one of them, and a modem
 * that was enabled. Whoever starts fotad next gives it back where this one could not, as soon as
 * ModemManager shows the module.
 *
 * On the main loop. One lease a module.
 */

typedef enum {
    /** Nothing: but what the host has now is given back where a restart of the module loses it. */
    FOTA_LEASE_NOTHING = 0,
    /** No data call is up. */
    FOTA_LEASE_BEARERS = 1 << 0,
    /** ModemManager keeps away from all ports, which ends the data calls as well. */
    FOTA_LEASE_MODULE = 1 << 1,
} FotaLeaseWants;

/**
 * Takes @wants, or adds it to what is taken already, of the module @imei, whose device is
 * called @uid by ModemManager. A give-back that is under way ends first, at its next step.
 *
 * Errors: FOTA_ERROR_RECORD_NOT_WRITABLE, it could not be written and nothing was taken;
 * FOTA_ERROR_NO_AT_PORT, ModemManager does not let go; G_IO_ERROR_CANCELLED, it was given back
 * before it was taken. After an error what was taken is being given back.
 */
void fota_lease_take_async(FotaMm *mm, const char *imei, const char *uid, FotaLeaseWants wants,
                           GAsyncReadyCallback callback, gpointer user_data);
gboolean fota_lease_take_finish(FotaMm *mm, GAsyncResult *result, GError **error);

/**
 * Gives back what was taken, also what is just being taken. Harmless when nothing was. Goes on by
 * itself until everything is given back; a connection manager may be quicker.
 */
void fota_lease_give_back(FotaMm *mm, const char *imei);

G_END_DECLS
