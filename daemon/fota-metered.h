/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * Whether the gateway's connection is metered, as NetworkManager has it (GNetworkMonitor); without
 * NetworkManager none is. On the main loop.
 */
typedef struct _FotaMetered FotaMetered;

/** Calls @changed after each change; never before the first fota_metered_get(). */
FotaMetered *fota_metered_new(void (*changed)(gpointer user_data), gpointer user_data);
void fota_metered_free(FotaMetered *metered);

/**
 * The first call connects to NetworkManager and waits for its answer. One that is started later is
 * not noticed, so the unit of fotad comes after it.
 */
gboolean fota_metered_get(FotaMetered *metered);

G_END_DECLS
