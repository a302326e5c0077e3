/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * The kernel's routes: which ways to the network the gateway has, and whether one of them does not
 * lead through a given module.
 *
 * Which interface is whose: one whose hardware lies below the module's sysfs path is the module's.
 * One with other hardware, and an Ethernet-like one without (bridge, bond, VLAN), is another way.
 * PPP and tunnels are not: nothing says what they run over, and often it is the module.
 */
typedef struct _FotaRoutes FotaRoutes;

/**
 * @proc: directory of the files `route` and `ipv6_route`, NULL = /proc/net; @sys: directory with a
 * folder an interface, NULL = /sys/class/net. Files that cannot be read hold no routes.
 */
FotaRoutes *fota_routes_read(const char *proc, const char *sys);
void fota_routes_free(FotaRoutes *routes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaRoutes, fota_routes_free)

/** Whether a default route leads past the module with the sysfs path @device. */
gboolean fota_routes_lead_past(const FotaRoutes *routes, const char *device);

/**
 * Whether there is any sense in trying to reach @host: an address needs a route to it, a name a
 * default route, this host itself nothing. @without_device: sysfs path of a module through which no
 * way can lead now; NULL = none.
 */
gboolean fota_routes_reach(const FotaRoutes *routes, const char *host, const char *without_device);

/**
 * Calls @changed after every change of the routes; returns the source to remove, 0 when the kernel
 * does not tell (then @error is set).
 */
guint fota_routes_watch(void (*changed)(gpointer user_data), gpointer user_data, GError **error);

G_END_DECLS
