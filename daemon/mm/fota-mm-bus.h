/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/** A connection to the system bus that reconnects whenever it is lost. On the main loop. */
typedef struct FotaMmBus FotaMmBus;

/** @connection: NULL = none now. */
typedef void (*FotaMmBusChanged)(GDBusConnection *connection, gpointer user_data);

/** Calls @changed with each connection, and with NULL when it is lost; never from this function. */
FotaMmBus *fota_mm_bus_new(FotaMmBusChanged changed, gpointer user_data);
void fota_mm_bus_free(FotaMmBus *bus);

G_END_DECLS
