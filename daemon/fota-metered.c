/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-metered.h"

#include <gio/gio.h>

struct _FotaMetered {
    void (*changed)(gpointer user_data);
    gpointer user_data;
    GNetworkMonitor *monitor; /* NULL until somebody asks */
};

FotaMetered *
fota_metered_new(void (*changed)(gpointer user_data), gpointer user_data)
{
    FotaMetered *metered = g_new0(FotaMetered, 1);

    metered->changed = changed;
    metered->user_data = user_data;
    return metered;
}

void
fota_metered_free(FotaMetered *metered)
{
    if (metered->monitor != NULL)
        g_signal_handlers_disconnect_by_data(metered->monitor, metered);
    g_free(metered);
}

static void
metered_changed(GNetworkMonitor *monitor, GParamSpec *pspec, FotaMetered *metered)
{
    metered->changed(metered->user_data);
}

gboolean
fota_metered_get(FotaMetered *metered)
{
    if (metered->monitor == NULL) {
        metered->monitor = g_network_monitor_get_default();
        g_signal_connect(metered->monitor, "notify::network-metered", G_CALLBACK(metered_changed),
                         metered);
    }
    return g_network_monitor_get_network_metered(metered->monitor);
}
