/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-event.h>

G_BEGIN_DECLS

/** A source that drives @event from the GMainContext it is attached to. @event is kept. */
GSource *fota_event_source_new(sd_event *event);

G_END_DECLS
