/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fota-wait.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

gint64
fota_boot_time(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (gint64)now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

gint64
fota_deadline_in(guint seconds)
{
    return fota_boot_time() + (gint64)seconds * G_USEC_PER_SEC;
}

gint64
fota_deadline_in_ms(guint milliseconds)
{
    return fota_boot_time() + (gint64)milliseconds * 1000;
}

gboolean
fota_deadline_passed(gint64 deadline)
{
    return fota_boot_time() >= deadline;
}

/* A timer instead of poll()'s own timeout, which stops in suspend. */
int
fota_wait_timer(gint64 deadline, GError **error)
{
    struct itimerspec when = {.it_value = {.tv_sec = deadline / G_USEC_PER_SEC,
                                           .tv_nsec = deadline % G_USEC_PER_SEC * 1000}};
    int fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);

    if (fd < 0 || timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, NULL) < 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                    "no timer can be made to wait with: %s", g_strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

static void
wake(GCancellable *cancellable, gpointer fd)
{
    eventfd_write(GPOINTER_TO_INT(fd), 1);
}

/*
 * A process that is out of descriptors gets neither timer nor wake-up: it looks at clock and
 * cancellable once a second then. GLib's own descriptor for a cancellable would end the process.
 */
#define LOOK_MS 1000

FotaWait
fota_wait(struct pollfd *fds, guint n_fds, gint64 deadline, GCancellable *cancellable,
          GError **error)
{
    struct pollfd all[FOTA_WAIT_MAX + 2] = {0};
    int timer = fota_wait_timer(deadline, NULL);
    int woken = cancellable != NULL ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1;
    int limit = timer < 0 || (cancellable != NULL && woken < 0) ? LOOK_MS : -1;
    gulong connection = 0;
    int ready = 0;

    g_assert(n_fds <= FOTA_WAIT_MAX);
    if (woken >= 0)
        connection =
            g_cancellable_connect(cancellable, G_CALLBACK(wake), GINT_TO_POINTER(woken), NULL);
    memcpy(all, fds, n_fds * sizeof(*fds));
    all[n_fds] = (struct pollfd){.fd = timer, .events = POLLIN};
    all[n_fds + 1] = (struct pollfd){.fd = woken, .events = POLLIN};
    while (ready == 0 && !g_cancellable_is_cancelled(cancellable) &&
           !fota_deadline_passed(deadline)) {
        ready = poll(all, n_fds + 2, limit);
        if (ready < 0 && errno == EINTR)
            ready = 0;
    }
    if (ready < 0)
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "poll() failed: %s",
                    g_strerror(errno));
    for (guint i = 0; i < n_fds; i++)
        fds[i].revents = all[i].revents;
    g_cancellable_disconnect(cancellable, connection);
    if (timer >= 0)
        close(timer);
    if (woken >= 0)
        close(woken);
    if (ready < 0 || g_cancellable_set_error_if_cancelled(cancellable, error))
        return FOTA_WAIT_FAILED;
    return fota_deadline_passed(deadline) ? FOTA_WAIT_TIMEOUT : FOTA_WAIT_READY;
}
