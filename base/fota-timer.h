/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * Timers of the main loop that GLib has not: on the boot-time clock, which nobody can set and on
 * which the time that the gateway sleeps counts, and one that tells when the wall clock was set.
 */

/** Calls @func once after @seconds, whatever it returns. The source to remove, never 0. */
guint fota_timer_add(guint seconds, GSourceFunc func, gpointer user_data);

/**
 * Calls @changed each time that the wall clock was set, be it by a network or by a person; a clock
 * that is made to run a little faster or slower is not meant. Returns the source to remove, 0 when
 * the kernel does not tell (then @error is set).
 */
guint
fota_timer_watch_clock(void (*changed)(gpointer user_data), gpointer user_data, GError **error);

G_END_DECLS
