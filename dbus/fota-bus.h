/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/fota-manager.h"

G_BEGIN_DECLS

/**
 * The D-Bus API of design `dbus/org.fotad.Fota1*.xml` on sd-bus: /org/fotad/Fota1 with its
 * ObjectManager, one object a module, polkit checks, and org.freedesktop.LogControl1. The sd_event
 * loop under it is driven by GLib's main loop.
 */
typedef struct _FotaBus FotaBus;

/**
 * Connects to the system bus, exports the objects and asks for the name org.fotad.Fota1. When the
 * connection is lost later it is made again. @manager is kept.
 */
FotaBus *fota_bus_new(FotaManager *manager, GError **error);
void fota_bus_free(FotaBus *bus);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaBus, fota_bus_free)

G_END_DECLS
