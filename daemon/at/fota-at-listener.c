/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/at/fota-at-listener.h"

#include <errno.h>
#include <glib-unix.h>
#include <unistd.h>

#include "base/fota-timer.h"
#include "daemon/at/fota-at-reply.h"
#include "daemon/at/fota-at-tty.h"

/* A tty that is there and cannot be opened has no event when another program closes it. */
#define AGAIN_SECONDS 10
/* More than a tty holds: a module that never falls silent keeps nobody waiting. */
#define DRAIN_READS 16

struct _FotaAtListener {
    void (*heard)(const char *line, gpointer user_data);
    gpointer user_data;
    char *device; /* NULL = nobody is listened to */
    FotaAtMonitor *monitor;
    guint monitor_source;
    guint timer;
    int fd; /* of the tty, -1 = not open */
    struct termios saved;
    guint source;
    FotaAtReply *reply;
    GQueue lines; /* char *, in order, not told yet */
};

static void listener_open(FotaAtListener *listener);

FotaAtListener *
fota_at_listener_new(void (*heard)(const char *line, gpointer user_data), gpointer user_data)
{
    FotaAtListener *listener = g_new0(FotaAtListener, 1);

    listener->heard = heard;
    listener->user_data = user_data;
    listener->fd = -1;
    return listener;
}

/* @hung_up: there are no attributes to restore. */
static void
listener_close(FotaAtListener *listener, gboolean hung_up)
{
    g_clear_handle_id(&listener->source, g_source_remove);
    if (listener->fd >= 0)
        fota_at_tty_close(listener->fd, hung_up ? NULL : &listener->saved);
    listener->fd = -1;
    g_clear_pointer(&listener->reply, fota_at_reply_free);
}

/* Nobody is listened to any more, and what was not told is kept. */
static void
listener_stop(FotaAtListener *listener)
{
    listener_close(listener, FALSE);
    g_clear_handle_id(&listener->timer, g_source_remove);
    g_clear_handle_id(&listener->monitor_source, g_source_remove);
    g_clear_pointer(&listener->monitor, fota_at_monitor_free);
    g_clear_pointer(&listener->device, g_free);
}

void
fota_at_listener_free(FotaAtListener *listener)
{
    listener_stop(listener);
    g_queue_clear_full(&listener->lines, g_free);
    g_free(listener);
}

static gboolean
timer_over(gpointer data)
{
    FotaAtListener *listener = data;

    listener->timer = 0;
    listener_open(listener);
    return G_SOURCE_REMOVE;
}

static void
listener_try_again(FotaAtListener *listener)
{
    if (listener->timer == 0)
        listener->timer = fota_timer_add(AGAIN_SECONDS, timer_over, listener);
}

/* What belongs to a command of somebody else, OK or ERROR, is nothing here. */
static void
listener_take_lines(FotaAtListener *listener)
{
    FotaAtEvent event;
    const char *text;
    int number;

    while ((event = fota_at_reply_next(listener->reply, &text, &number)) != FOTA_AT_NONE) {
        if (event == FOTA_AT_UNSOLICITED)
            g_queue_push_tail(&listener->lines, g_strdup(text));
    }
}

/* Who has heard enough may give the port up, but nobody else will hear the lines behind that. */
static void
listener_tell(FotaAtListener *listener)
{
    while (!g_queue_is_empty(&listener->lines)) {
        g_autofree char *line = g_queue_pop_head(&listener->lines);

        listener->heard(line, listener->user_data);
    }
}

/* What has arrived and was not read yet is lost to whoever opens the port next. */
static void
listener_drain(FotaAtListener *listener)
{
    guint8 bytes[4096];
    gssize length;

    if (listener->fd < 0)
        return;
    for (guint i = 0; i < DRAIN_READS; i++) {
        length = read(listener->fd, bytes, sizeof bytes);
        if (length <= 0)
            break;
        fota_at_reply_feed(listener->reply, bytes, (gsize)length);
    }
    listener_take_lines(listener);
}

static gboolean
tty_readable(int fd, GIOCondition condition, gpointer user_data)
{
    FotaAtListener *listener = user_data;
    guint8 bytes[4096];
    gssize length = read(fd, bytes, sizeof bytes);

    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return G_SOURCE_CONTINUE;
    if (length > 0) {
        fota_at_reply_feed(listener->reply, bytes, (gsize)length);
        listener_take_lines(listener);
        listener_tell(listener);
        return G_SOURCE_CONTINUE;
    }
    listener->source = 0;
    listener_close(listener, TRUE);
    listener_try_again(listener);
    return G_SOURCE_REMOVE;
}

static gboolean
ttys_changed(int fd, GIOCondition condition, gpointer user_data)
{
    FotaAtListener *listener = user_data;

    fota_at_monitor_clear(listener->monitor);
    listener_open(listener);
    return G_SOURCE_CONTINUE;
}

/* Without the monitor, the timer alone has to find the module again. */
static void
listener_watch(FotaAtListener *listener)
{
    g_autoptr(GError) error = NULL;

    listener->monitor = fota_at_monitor_new(&error);
    if (listener->monitor == NULL)
        g_warning("%s", error->message);
    else
        listener->monitor_source = g_unix_fd_add(fota_at_monitor_get_fd(listener->monitor), G_IO_IN,
                                                 ttys_changed, listener);
}

static void
listener_open(FotaAtListener *listener)
{
    g_autoptr(FotaAtPlace) place = NULL;
    g_autoptr(GPtrArray) ttys = NULL;

    if (listener->fd >= 0)
        return;
    place = fota_at_place_new(listener->device, TRUE);
    ttys = fota_at_place_find(place);
    for (guint i = 0; i < ttys->len && listener->fd < 0; i++)
        listener->fd = fota_at_tty_open(ttys->pdata[i], &listener->saved, NULL);
    if (listener->fd < 0) {
        if (ttys->len > 0 || listener->monitor == NULL)
            listener_try_again(listener);
        return;
    }
    g_clear_handle_id(&listener->timer, g_source_remove);
    listener->reply = fota_at_reply_new(NULL);
    listener->source =
        g_unix_fd_add(listener->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, tty_readable, listener);
}

void
fota_at_listener_set_device(FotaAtListener *listener, const char *device)
{
    if (g_strcmp0(listener->device, device) == 0)
        return;
    listener_drain(listener);
    listener_stop(listener);
    listener->device = g_strdup(device);
    if (device != NULL) {
        listener_watch(listener);
        listener_open(listener);
    }
    listener_tell(listener);
}

gboolean
fota_at_listener_is_open(FotaAtListener *listener)
{
    return listener->fd >= 0;
}
