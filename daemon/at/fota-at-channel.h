/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/fota-channel.h"

G_BEGIN_DECLS

/**
 * AT over a tty of the module itself. Either ModemManager is inhibited meanwhile, or the tty is
 * reserved for fotad by udev (`ID_MM_PORT_IGNORE=1` and `ID_FOTAD_PORT=1`).
 *
 * The tty is found below the physical device's sysfs path by sd-device, never by its name, which
 * changes with every restart of the module: fotad's own first, then those that udev calls AT ports,
 * then those it says nothing of; after a restart the one with the same USB interface number before
 * all. When the device itself has come back at another place, ttys of new devices of the same USB
 * vendor are tried.
 *
 * To what it is asked to send, the channel adds only `AT`, `ATE0`, `AT+CMEE=1` and `AT+CGSN`, by
 * which it makes sure that the module that answers has this IMEI: after opening, after each return
 * of the module, and before the command that follows an unanswered or cancelled one. A module that
 * is in data mode when it should not is brought out of it by `+++`.
 *
 * Each tty has 6 seconds to answer, then the next one is tried, and all of them again every second.
 * A tty that another program has open for itself is left alone. For data mode and unsolicited lines
 * see fota-at-line.h.
 *
 * Nothing is opened yet, and nothing waited for: that is the channel's open(), which takes at most
 * 30 seconds. Called in the update's thread.
 *
 * @device: sysfs path of the physical device, as FotaModemFacts has it
 * @reserved: use only a tty with ID_FOTAD_PORT=1
 */
FotaChannel *fota_at_channel_new(const char *imei, const char *device, gboolean reserved,
                                 FotaTrace trace, gpointer user_data);

/** Whether udev has reserved a tty of @device for fotad. Quick; may be called on the main loop. */
gboolean fota_at_has_reserved_port(const char *device);

G_END_DECLS
