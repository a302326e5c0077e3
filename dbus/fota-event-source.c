/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/fota-event-source.h"

#include <glib-unix.h>

typedef struct {
    GSource source;
    sd_event *event;
    void (*turn_over)(gpointer user_data);
    gpointer user_data;
} EventSource;

static gboolean
event_prepare(GSource *source, int *timeout)
{
    sd_event *event = ((EventSource *)source)->event;

    *timeout = -1;
    /* When a source of higher priority was ready, GLib prepares again without a check. */
    if (sd_event_get_state(event) == SD_EVENT_ARMED && sd_event_wait(event, 0) > 0)
        return TRUE;
    if (sd_event_get_state(event) == SD_EVENT_PENDING)
        return TRUE;
    return sd_event_prepare(event) > 0;
}

static gboolean
event_check(GSource *source)
{
    sd_event *event = ((EventSource *)source)->event;

    if (sd_event_get_state(event) == SD_EVENT_PENDING)
        return TRUE;
    return sd_event_wait(event, 0) > 0;
}

static gboolean
event_dispatch(GSource *source, GSourceFunc callback, gpointer user_data)
{
    EventSource *self = (EventSource *)source;
    int r = sd_event_dispatch(self->event);

    self->turn_over(self->user_data);
    if (r < 0)
        g_warning("the D-Bus event loop failed: %s", g_strerror(-r));
    return r > 0;
}

static void
event_finalize(GSource *source)
{
    EventSource *self = (EventSource *)source;

    self->event = sd_event_unref(self->event);
}

static GSourceFuncs event_functions = {
    .prepare = event_prepare,
    .check = event_check,
    .dispatch = event_dispatch,
    .finalize = event_finalize,
};

GSource *
fota_event_source_new(sd_event *event, void (*turn_over)(gpointer user_data), gpointer user_data)
{
    GSource *source = g_source_new(&event_functions, sizeof(EventSource));
    EventSource *self = (EventSource *)source;

    self->event = sd_event_ref(event);
    self->turn_over = turn_over;
    self->user_data = user_data;
    g_source_add_unix_fd(source, sd_event_get_fd(event), G_IO_IN | G_IO_HUP | G_IO_ERR);
    return source;
}
