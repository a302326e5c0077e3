/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

G_BEGIN_DECLS

/**
 * Replies to @call: with an empty reply if @error is NULL, else with `org.fotad.Fota1.Error.<Name>`
 * and the message. The only place where a GError becomes a D-Bus error. Returns like
 * sd_bus_reply_method_return().
 */
int fota_bus_reply(sd_bus_message *call, const GError *error);

G_END_DECLS
