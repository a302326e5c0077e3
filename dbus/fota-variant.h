/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

G_BEGIN_DECLS

G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_bus_message, sd_bus_message_unref)

/**
 * Appends @value with its own type, of any depth, to @message: a GVariant s becomes s, a{sv}
 * becomes a{sv}. Returns 0 or a negative errno; -EINVAL for types that D-Bus does not have (maybe)
 * and for file descriptors, of which a GVariant only has the index.
 */
int fota_variant_append(sd_bus_message *message, GVariant *value);

G_END_DECLS
