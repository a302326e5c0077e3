/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SECTION: the kernel's routes, asked for over netlink: /proc/net is hidden from the shipped unit.
 */

/**
 * Whether the gateway has a way to a network: a default route, or one over a router to some part of
 * the network, in any routing table (with two uplinks each has its own).
 *
 * @sys: directory with a folder an interface, NULL = /sys/class/net; @without: sysfs path of a
 * module whose interfaces do not count, NULL = none. An interface belongs to the hardware below
 * which it lies; one without hardware of its own (VLAN, bridge, bond) to that of the interfaces
 * below it; another Ethernet-like one is no module's. PPP and tunnels count as the module's:
 * nothing says what they run over, and often it is the module.
 *
 * Returns: 1 yes, 0 no, -1 unknown: the kernel, or sysfs, does not tell.
 */
int fota_route_leads_out(const char *sys, const char *without);

/**
 * Calls @changed after every change of addresses, routes and routing rules; returns the source to
 * remove, 0 when the kernel does not tell (then @error is set).
 */
guint fota_route_watch(void (*changed)(gpointer user_data), gpointer user_data, GError **error);

G_END_DECLS
