/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * Hears what a module says by itself on the port that udev has reserved for fotad, on the main
 * loop, while no job has that port. It sends nothing. The port may go away and come back under
 * another name, and another program may hold it for a while: the listener opens it again.
 */
typedef struct _FotaAtListener FotaAtListener;

/**
 * @heard is called with each line, as UTF-8 of at most FOTA_AT_LINE_MAX bytes; with those that had
 * arrived also when the port is given up, before that returns.
 */
FotaAtListener *
fota_at_listener_new(void (*heard)(const char *line, gpointer user_data), gpointer user_data);
/** Gives the port up. Not from within heard(). */
void fota_at_listener_free(FotaAtListener *listener);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaAtListener, fota_at_listener_free)

/**
 * Listens to the module @device, a sysfs path, from now on. NULL: gives the port up at once, for a
 * job or because the module is lost. Saying the same again changes nothing.
 */
void fota_at_listener_set_device(FotaAtListener *listener, const char *device);

/** Whether it hears the module now. */
gboolean fota_at_listener_is_open(FotaAtListener *listener);

G_END_DECLS
