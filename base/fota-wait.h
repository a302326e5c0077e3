/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <poll.h>

G_BEGIN_DECLS

/**
 * Waiting in an update's thread: for descriptors, with a deadline; a cancellable ends it at once.
 *
 * Deadlines are microseconds of the boot-time clock: setting the wall clock does not change it, and
 * it includes the time in suspend.
 */

/** Microseconds of the clock that continues in suspend and is never set. */
gint64 fota_boot_time(void);

/** Returns a descriptor that becomes readable at @deadline; the caller closes it. -1 with an error.
 */
int fota_wait_timer(gint64 deadline, GError **error);

/** The deadline that many seconds, or milliseconds, from now. */
gint64 fota_deadline_in(guint seconds);
gint64 fota_deadline_in_ms(guint milliseconds);
gboolean fota_deadline_passed(gint64 deadline);

typedef enum {
    FOTA_WAIT_FAILED,  /**< @error is set: G_IO_ERROR_CANCELLED if cancelled */
    FOTA_WAIT_READY,   /**< some `revents` is not zero */
    FOTA_WAIT_TIMEOUT, /**< @deadline has passed; also when a descriptor is ready by then */
} FotaWait;

/** The most descriptors in one call. */
#define FOTA_WAIT_MAX 4

FotaWait fota_wait(struct pollfd *fds, guint n_fds, gint64 deadline, GCancellable *cancellable,
                   GError **error);

G_END_DECLS
