/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/at/fota-at-tty.h"

#include <gio/gio.h>
#include <systemd/sd-device.h>
#include <systemd/sd-event.h>

struct _FotaAtMonitor {
    sd_event *event; /* sd-device 252 delivers its events only to an sd_event */
    sd_device_monitor *monitor;
};

static int
on_device(sd_device_monitor *monitor, sd_device *device, void *user_data)
{
    return 0; /* the event itself does not matter, only that there was one */
}

FotaAtMonitor *
fota_at_monitor_new(GError **error)
{
    g_autoptr(FotaAtMonitor) self = g_new0(FotaAtMonitor, 1);
    int r = sd_event_new(&self->event);

    if (r >= 0)
        r = sd_device_monitor_new(&self->monitor);
    if (r >= 0)
        r = sd_device_monitor_filter_add_match_subsystem_devtype(self->monitor, "tty", NULL);
    if (r >= 0)
        r = sd_device_monitor_attach_event(self->monitor, self->event);
    if (r >= 0)
        r = sd_device_monitor_start(self->monitor, on_device, NULL);
    if (r < 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(-r),
                    "udev's events cannot be received: %s", g_strerror(-r));
        return NULL;
    }
    return g_steal_pointer(&self);
}

void
fota_at_monitor_free(FotaAtMonitor *monitor)
{
    sd_device_monitor_unref(monitor->monitor);
    sd_event_unref(monitor->event);
    g_free(monitor);
}

int
fota_at_monitor_get_fd(FotaAtMonitor *monitor)
{
    return sd_event_get_fd(monitor->event);
}

void
fota_at_monitor_clear(FotaAtMonitor *monitor)
{
    while (sd_event_run(monitor->event, 0) > 0)
        ;
}
