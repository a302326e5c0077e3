/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fota-timer.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/fota-wait.h"

typedef struct {
    int fd;
    GSourceFunc func;
    gpointer user_data;
} Timer;

static void
timer_free(gpointer data)
{
    Timer *timer = data;

    close(timer->fd);
    g_free(timer);
}

static gboolean
timer_over(int fd, GIOCondition condition, gpointer user_data)
{
    Timer *timer = user_data;

    timer->func(timer->user_data);
    return G_SOURCE_REMOVE;
}

guint
fota_timer_add(guint seconds, GSourceFunc func, gpointer user_data)
{
    int fd = fota_wait_timer(fota_deadline_in(seconds), NULL);
    Timer *timer;

    /* Out of descriptors: a timer that stops in suspend is better than none. */
    if (fd < 0)
        return g_timeout_add_seconds(seconds, func, user_data);
    timer = g_new(Timer, 1);
    *timer = (Timer){fd, func, user_data};
    return g_unix_fd_add_full(G_PRIORITY_DEFAULT, fd, G_IO_IN, timer_over, timer, timer_free);
}

typedef struct {
    int fd;
    void (*changed)(gpointer user_data);
    gpointer user_data;
} Clock;

static void
clock_free(gpointer data)
{
    Clock *clock = data;

    close(clock->fd);
    g_free(clock);
}

#define LAST_SECOND ((time_t)((G_GUINT64_CONSTANT(1) << (sizeof(time_t) * 8 - 1)) - 1))

/* A timer that never expires, but is cancelled when the clock is set. */
static gboolean
arm(int fd)
{
    const struct itimerspec never = {.it_value = {.tv_sec = LAST_SECOND}};

    return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) == 0;
}

static gboolean
clock_set(int fd, GIOCondition condition, gpointer user_data)
{
    Clock *clock = user_data;
    guint64 times;

    if (read(fd, &times, sizeof times) < 0 && (errno == EAGAIN || errno == EINTR))
        return G_SOURCE_CONTINUE;
    if (!arm(fd)) {
        g_warning("the clock can no longer be watched: %s", g_strerror(errno));
        return G_SOURCE_REMOVE;
    }
    clock->changed(clock->user_data);
    return G_SOURCE_CONTINUE;
}

guint
fota_timer_watch_clock(void (*changed)(gpointer user_data), gpointer user_data, GError **error)
{
    int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    Clock *clock;

    if (fd < 0 || !arm(fd)) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                    "the clock cannot be watched: %s", g_strerror(errno));
        if (fd >= 0)
            close(fd);
        return 0;
    }
    clock = g_new(Clock, 1);
    *clock = (Clock){fd, changed, user_data};
    return g_unix_fd_add_full(G_PRIORITY_DEFAULT, fd, G_IO_IN, clock_set, clock, clock_free);
}
