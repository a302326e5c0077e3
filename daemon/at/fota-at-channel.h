/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/fota-channel.h"
#include "plugins/fota-plugin.h"

G_BEGIN_DECLS

/**
 * AT over a tty of the module itself. Either ModemManager is inhibited meanwhile, or udev reserves
 * the tty for fotad (`ID_MM_PORT_IGNORE=1` and `ID_FOTAD_PORT=1`).
 *
 * The channel finds the tty with sd-device, below the sysfs path of the physical device, never by
 * its name, which changes with every restart of the module. It tries fotad's own ttys first, then
 * AT ports by udev, then ttys that udev does not classify; after a restart it first tries the one
 * with the same USB interface number. If the device has come back at another sysfs path, the
 * channel tries ttys of new devices of the same USB vendor.
 *
 * The channel itself sends only `AT`, `ATE0`, `AT+CMEE=1` and `AT+CGSN`, to make sure that the
 * module that answers has this IMEI: after opening, after each return of the module, and before the
 * command that follows an unanswered or cancelled one. `+++` ends an unexpected data mode.
 *
 * Each tty has 6 seconds to answer, then the next one is tried, and all of them again every second.
 * Where a module that is there has not answered on any, `+++` has the longest guard time of all
 * vendors from the second time on (Telit's #OTAUPW, 5 s), and each tty 15 seconds.
 * The channel does not use a tty that another program has open exclusively. For data mode and
 * unsolicited result codes (URCs) see fota-at-line.h.
 *
 * This function neither opens nor waits: the channel's open() does, for at most 30 seconds. Called
 * in the update's thread.
 *
 * @device: sysfs path of the physical device, as FotaModemFacts has it
 * @reserved: use only a tty with ID_FOTAD_PORT=1
 * @plugin: of the module's vendor, see fota_at_reply_new(); it must outlive the channel
 */
FotaChannel *fota_at_channel_new(const char *imei, const char *device, gboolean reserved,
                                 const FotaPlugin *plugin, FotaTrace trace, gpointer user_data);

/** Whether another program has a tty of @device open for itself alone, as ModemManager has. */
gboolean fota_at_is_used(const char *device);

/** Whether udev has reserved a tty of @device for fotad. Quick; may be called on the main loop. */
gboolean fota_at_has_reserved_port(const char *device);

/**
 * A text that is another one after each return of the module: how the kernel has numbered @device
 * on USB, in this start of the gateway. NULL = not known: it is no USB device, or absent.
 */
char *fota_at_name_return(const char *device);

G_END_DECLS
