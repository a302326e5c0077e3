/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/fota-manager.h"

G_BEGIN_DECLS

/**
 * The D-Bus API of `dbus/org.fotad.Fota1*.xml` on sd-bus: /org/fotad/Fota1 with its ObjectManager,
 * one object per module, polkit, and org.freedesktop.LogControl1. GLib's main loop drives
 * its sd_event loop.
 */
typedef struct _FotaBus FotaBus;

/**
 * Connects to the system bus, exports the objects and requests the name org.fotad.Fota1. If the
 * connection is lost later, it reconnects. References @manager.
 */
FotaBus *fota_bus_new(FotaManager *manager, GError **error);
void fota_bus_free(FotaBus *bus);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaBus, fota_bus_free)

G_END_DECLS
