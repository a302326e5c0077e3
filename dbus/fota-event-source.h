/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-event.h>

G_BEGIN_DECLS

/**
 * A source that drives @event, which is kept, from the GMainContext it is attached to. @turn_over
 * is called after each turn of @event.
 */
GSource *
fota_event_source_new(sd_event *event, void (*turn_over)(gpointer user_data), gpointer user_data);

G_END_DECLS
