/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * Whether the gateway's connection is metered, as NetworkManager has it; without NetworkManager
 * none is. Not GNetworkMonitor, which waits for NetworkManager on the main loop, over a connection
 * to the bus whose end ends the program. On the main loop.
 */
typedef struct _FotaMetered FotaMetered;

/** Calls @changed after each change; never before the first fota_metered_get(). */
FotaMetered *fota_metered_new(void (*changed)(gpointer user_data), gpointer user_data);
void fota_metered_free(FotaMetered *metered);

/** fotad's connection to the system bus; NULL = there is none now. */
void fota_metered_set_bus(FotaMetered *metered, GDBusConnection *bus);

/** Also TRUE while it is not known yet, as before the answer to the first call. */
gboolean fota_metered_get(FotaMetered *metered);

G_END_DECLS
