/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SECTION: the kernel's routes over netlink: the shipped unit cannot see /proc/net.
 */

/**
 * Whether the gateway has a route to a network: a default route, or one through a router to a part
 * of the network, in any routing table (with two uplinks each has its own).
 *
 * @sys: directory with a folder for each interface, NULL = /sys/class/net; @without: sysfs path of
 * a module whose interfaces do not count, NULL = none. An interface belongs to the hardware above
 * it in sysfs; an interface without hardware (VLAN, bridge, bond) to the hardware of its lower
 * interfaces; any other Ethernet-like interface belongs to no module. PPP and tunnels count as the
 * module's: the kernel does not say what they run over, and often it is the module.
 *
 * Returns: 1 yes, 0 no, -1 unknown: the kernel, or sysfs, does not report it.
 */
int fota_route_leads_out(const char *sys, const char *without);

/**
 * Calls @changed after every change of addresses, routes and routing rules; returns the source to
 * remove, or 0 with @error set if the kernel does not report changes.
 */
guint fota_route_watch(void (*changed)(gpointer user_data), gpointer user_data, GError **error);

G_END_DECLS
