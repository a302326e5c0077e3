/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * Timers of the main loop that GLib does not have: on the boot-time clock, which nobody can set and
 * which includes the time in suspend, and one that reports when the wall clock is set.
 */

/** Calls @func once after @seconds, whatever it returns. Returns the source to remove, never 0. */
guint fota_timer_add(guint seconds, GSourceFunc func, gpointer user_data);

/**
 * Calls @changed each time that the wall clock is set, by the network or by a person, but not when
 * it is slewed. Returns the source to remove, or 0 with @error set if the kernel does not report
 * it.
 */
guint
fota_timer_watch_clock(void (*changed)(gpointer user_data), gpointer user_data, GError **error);

G_END_DECLS
