/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/** What the system tells of the file systems that are mounted: proc(5), /proc/PID/mountinfo. */

/**
 * Whether the power takes what is written to @path: it lies in memory, or in an overlay whose upper
 * directory does. So does an overlay that nothing is known of: what its upper directory is called
 * may have been so only where it was mounted, as in an initramfs.
 */
gboolean fota_mount_is_volatile(const char *path);

/**
 * The upper directory of the overlay whose directories have the number @device in stat(), in the
 * text of a @mountinfo. NULL when there is none, when its name is relative, and when the overlay is
 * mounted with "volatile", which takes fsync() from it. Transfer full.
 */
char *fota_mount_find_upper(const char *mountinfo, dev_t device);

G_END_DECLS
