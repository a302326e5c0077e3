/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * The wall clock, for who calls policy/: nothing in policy/ itself asks it. Microseconds of UTC
 * since the epoch, in 64 bits wherever fotad runs. g_get_real_time() is not that: GLib of a 32-bit
 * Debian 12 keeps seconds in 32 bits, and ends in 2038.
 */
gint64 fota_clock_now(void);

G_END_DECLS
