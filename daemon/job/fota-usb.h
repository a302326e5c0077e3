/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * What the kernel lets one do to a USB device through sysfs, in an update's thread. Whoever is not
 * root needs a udev rule for it, and a unit that leaves /sys writable: docs/first-aid.md.
 */

/** Sysfs path of the port that @device (a sysfs path) is plugged into; NULL when nothing says. */
char *fota_usb_find_port(const char *device);

/** Takes @device off the bus and puts it on again (`authorized`, 0 then 1). */
gboolean fota_usb_authorize(const char *device, GCancellable *cancellable, GError **error);

/**
 * Takes the power of a port away and gives it back (`disable`, 1 then 0; Linux 6.0). Whether the
 * power really goes is up to the hub.
 */
gboolean fota_usb_cycle_power(const char *port, GCancellable *cancellable, GError **error);

G_END_DECLS
