/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/fota-channel.h"

G_BEGIN_DECLS

/**
 * AT over a tty of the module itself. Either ModemManager is inhibited meanwhile, or the tty is
 * reserved for fotad by udev (`ID_MM_PORT_IGNORE=1` and `ID_FOTAD_PORT=1`).
 *
 * The tty is found below the physical device's sysfs path by sd-device, never by its name, which
 * changes with every restart of the module. Called in the update's thread. Opens the tty, saves and
 * sets its attributes, switches echo off, and makes sure that the module that answers has this
 * IMEI.
 *
 * @device: sysfs path of the physical device, as FotaModemFacts has it
 * @reserved: use only a tty with ID_FOTAD_PORT=1
 */
FotaChannel *
fota_at_channel_open(const char *imei, const char *device, gboolean reserved, FotaTrace trace,
                     gpointer user_data, GCancellable *cancellable, GError **error);

/** Whether udev has reserved a tty of @device for fotad. Quick; may be called on the main loop. */
gboolean fota_at_has_reserved_port(const char *device);

G_END_DECLS
