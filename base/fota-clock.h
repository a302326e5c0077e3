/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * The wall clock, for the callers of policy/, which never reads a clock itself. Microseconds of UTC
 * since the epoch, in 64 bits on every processor. Use it instead of g_get_real_time(): GLib of a
 * 32-bit Debian 12 has 32-bit seconds, which end in 2038.
 */
gint64 fota_clock_now(void);

G_END_DECLS
