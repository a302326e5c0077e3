/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/at/fota-at-channel.h"

#include "daemon/at/fota-at-line.h"
#include "daemon/at/fota-at-tty.h"
#include "base/fota-wait.h"
#include "plugins/fota-plugin.h"

#define OPEN_SECONDS 30
#define TTY_SECONDS 6 /* for one tty to answer before the next is tried */
/* The same for one that says something and answers nothing, where a module is waited for: in the
 * middle of an update it reports, on one of its ttys, and takes no command. */
#define TALKING_SECONDS 30
/* The same where data mode is left with the longest guard time: twice that, and the commands. */
#define GUARD_SECONDS 15
#define AGAIN_SECONDS 1

/* How the ttys are tried, one after the other. */
typedef struct {
    guint seconds;       /* for one greeting */
    guint talking;       /* how long a tty may have on which something is said */
    gboolean long_guard; /* leave data mode as any vendor's document wants it */
    gint64 deadline;     /* of all */
} Trial;

typedef struct {
    FotaChannel parent;
    FotaAtPlace *place;
    FotaAtLine *line; /* NULL once the module has left */
    int interface;    /* of the tty that answered last */
    GQueue heard;     /* char *: what came from ttys that did not answer, oldest first */
    const FotaPlugin *plugin;
    FotaTrace trace;
    gpointer user_data;
} FotaAtChannel;

/* A tty that has hung up is no longer usable. */
static void
forget_lost_line(FotaAtChannel *self, const GError *error)
{
    if (g_error_matches(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_GONE))
        g_clear_pointer(&self->line, fota_at_line_close);
}

static gboolean
check_line(FotaAtChannel *self, GError **error)
{
    if (self->line == NULL)
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_GONE,
                    "the module has left the bus and is not back");
    return self->line != NULL;
}

static GStrv
at_command(FotaChannel *channel, const char *command, guint seconds, GCancellable *cancellable,
           int *cme, GError **error)
{
    FotaAtChannel *self = (FotaAtChannel *)channel;
    g_autoptr(GError) local = NULL;
    GStrv lines;

    *cme = -1;
    if (!check_line(self, error))
        return NULL;
    lines = fota_at_line_command(self->line, command, seconds, cancellable, cme, &local);
    forget_lost_line(self, local);
    if (local != NULL)
        g_propagate_error(error, g_steal_pointer(&local));
    return lines;
}

static GBytes *
at_receive(FotaChannel *channel, const char *command, gsize max_bytes, guint seconds,
           GCancellable *cancellable, int *cme, GError **error)
{
    FotaAtChannel *self = (FotaAtChannel *)channel;
    g_autoptr(GError) local = NULL;
    GBytes *bytes;

    *cme = -1;
    if (!check_line(self, error))
        return NULL;
    bytes = fota_at_line_receive(self->line, command, max_bytes, seconds, cancellable, cme, &local);
    forget_lost_line(self, local);
    if (local != NULL)
        g_propagate_error(error, g_steal_pointer(&local));
    return bytes;
}

static gboolean
at_raw_begin(FotaChannel *channel, const char *command, const char *const *prompts, guint *which,
             guint seconds, GCancellable *cancellable, int *cme, GError **error)
{
    FotaAtChannel *self = (FotaAtChannel *)channel;
    g_autoptr(GError) local = NULL;

    *cme = -1;
    if (!check_line(self, error))
        return FALSE;
    if (fota_at_line_raw_begin(self->line, command, prompts, which, seconds, cancellable, cme,
                               &local))
        return TRUE;
    forget_lost_line(self, local);
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

static gboolean
at_raw_write(FotaChannel *channel, const guint8 *bytes, gsize length, guint seconds,
             GCancellable *cancellable, GError **error)
{
    FotaAtChannel *self = (FotaAtChannel *)channel;
    g_autoptr(GError) local = NULL;

    if (!check_line(self, error))
        return FALSE;
    if (fota_at_line_raw_write(self->line, bytes, length, seconds, cancellable, &local))
        return TRUE;
    forget_lost_line(self, local);
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

static gboolean
at_raw_read(FotaChannel *channel, guint8 *byte, guint seconds, GCancellable *cancellable,
            GError **error)
{
    FotaAtChannel *self = (FotaAtChannel *)channel;
    g_autoptr(GError) local = NULL;

    if (!check_line(self, error))
        return FALSE;
    if (fota_at_line_raw_read(self->line, byte, seconds, cancellable, &local))
        return TRUE;
    forget_lost_line(self, local);
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

static GStrv
at_raw_end(FotaChannel *channel, guint guard, guint seconds, GCancellable *cancellable, int *cme,
           GError **error)
{
    FotaAtChannel *self = (FotaAtChannel *)channel;
    g_autoptr(GError) local = NULL;
    GStrv lines;

    *cme = -1;
    if (!check_line(self, error))
        return NULL;
    lines = fota_at_line_raw_end(self->line, guard, seconds, cancellable, cme, &local);
    forget_lost_line(self, local);
    if (local != NULL)
        g_propagate_error(error, g_steal_pointer(&local));
    return lines;
}

static void
at_raw_leave(FotaChannel *channel, GCancellable *cancellable)
{
    FotaAtChannel *self = (FotaAtChannel *)channel;

    if (self->line != NULL)
        fota_at_line_raw_leave(self->line, cancellable);
}

static char *
at_wait_line(FotaChannel *channel, const char *text, guint seconds, GCancellable *cancellable,
             GError **error)
{
    FotaAtChannel *self = (FotaAtChannel *)channel;
    g_autoptr(GError) local = NULL;
    char *found;

    if (!check_line(self, error))
        return NULL;
    found = fota_at_line_wait_unsolicited(self->line, text, seconds, cancellable, &local);
    forget_lost_line(self, local);
    if (local != NULL)
        g_propagate_error(error, g_steal_pointer(&local));
    return found;
}

static gboolean
at_wait_gone(FotaChannel *channel, guint seconds, GCancellable *cancellable, GError **error)
{
    FotaAtChannel *self = (FotaAtChannel *)channel;

    if (self->line == NULL)
        return TRUE;
    if (!fota_at_line_wait_hangup(self->line, seconds, cancellable, error))
        return FALSE;
    g_clear_pointer(&self->line, fota_at_line_close);
    return TRUE;
}

static gboolean
greet(FotaAtLine *line, const Trial *trial, GCancellable *cancellable, GError **error)
{
    gint64 end = MIN(trial->deadline, fota_deadline_in(trial->talking));

    for (;;) {
        guint64 heard = fota_at_line_get_heard(line);
        g_autoptr(GError) local = NULL;

        if (fota_at_line_greet(line, MIN(end, fota_deadline_in(trial->seconds)), cancellable,
                               &local))
            return TRUE;
        if (fota_at_line_get_heard(line) == heard || fota_deadline_passed(end) ||
            !g_error_matches(local, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT)) {
            g_propagate_error(error, g_steal_pointer(&local));
            return FALSE;
        }
    }
}

static FotaAtLine *
open_line(FotaAtChannel *self, const FotaAtTty *tty, GError **error)
{
    return fota_at_line_open(tty, self->parent.imei, self->plugin, self->trace, self->user_data,
                             error);
}

/* Opens @tty and keeps it if the right module answers there. */
static gboolean
try_tty(FotaAtChannel *self, const FotaAtTty *tty, const Trial *trial, GCancellable *cancellable,
        GError **error)
{
    g_autoptr(FotaAtLine) line = NULL;

    line = open_line(self, tty, error);
    if (line == NULL)
        return FALSE;
    if (trial->long_guard)
        fota_at_line_set_long_guard(line);
    if (!greet(line, trial, cancellable, error)) {
        fota_at_line_give_unsolicited(line, &self->heard);
        return FALSE;
    }
    fota_at_line_take_unsolicited(line, &self->heard);
    self->line = g_steal_pointer(&line);
    self->interface = tty->interface;
    fota_at_place_prefer(self->place, tty->interface);
    return TRUE;
}

static void
set_no_tty_error(FotaAtChannel *self, GError **error)
{
    g_autofree char *wwan = fota_at_place_find_wwan(self->place);

    if (wwan != NULL)
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NOT_SUPPORTED,
                    "the module's AT port is %s, which is no tty: fotad cannot use it; set "
                    "At=modemmanager in [Access]",
                    wwan);
    else
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_GONE,
                    "the module has no tty that could be an AT port");
}

/* Tries each tty once. FALSE: none answers, and *@error says why the last one does not. */
static gboolean
try_ttys(FotaAtChannel *self, const Trial *trial, guint *tried, GCancellable *cancellable,
         GError **error)
{
    g_autoptr(GPtrArray) ttys = fota_at_place_find(self->place);
    g_autoptr(GError) last = NULL;

    *tried = ttys->len;
    for (guint i = 0; i < ttys->len; i++) {
        g_clear_error(&last);
        if (try_tty(self, g_ptr_array_index(ttys, i), trial, cancellable, &last))
            return TRUE;
        if (g_error_matches(last, G_IO_ERROR, G_IO_ERROR_CANCELLED))
            break;
    }
    if (last == NULL)
        set_no_tty_error(self, &last);
    g_propagate_error(error, g_steal_pointer(&last));
    return FALSE;
}

/*
 * Opens the first tty that answers. *@error is about the last one tried; with @present there must
 * be a tty from the beginning. Such a module may be in data mode since a fotad that was killed, on
 * a tty whose closing does not tell it: where the short guard time was in vain, the long one
 * follows.
 */
static gboolean
find_line(FotaAtChannel *self, gboolean present, guint seconds, GCancellable *cancellable,
          GError **error)
{
    Trial trial = {.seconds = TTY_SECONDS,
                   .talking = present ? TTY_SECONDS : TALKING_SECONDS,
                   .deadline = fota_deadline_in(seconds)};
    g_autoptr(FotaAtMonitor) monitor = fota_at_monitor_new(error);
    struct pollfd events = {.events = POLLIN};

    if (monitor == NULL)
        return FALSE;
    events.fd = fota_at_monitor_get_fd(monitor);
    for (;;) {
        g_autoptr(GError) last = NULL;
        gint64 again = trial.deadline;
        guint tried;

        fota_at_monitor_clear(monitor);
        if (try_ttys(self, &trial, &tried, cancellable, &last))
            return TRUE;
        if (g_error_matches(last, G_IO_ERROR, G_IO_ERROR_CANCELLED) || (present && tried == 0) ||
            fota_deadline_passed(trial.deadline)) {
            g_propagate_error(error, g_steal_pointer(&last));
            return FALSE;
        }
        if (present)
            trial.seconds = trial.talking = GUARD_SECONDS;
        trial.long_guard = present;
        /* There is no event when a tty begins to answer, or when another program closes it. */
        if (tried > 0)
            again = MIN(trial.deadline, fota_deadline_in(AGAIN_SECONDS));
        if (fota_wait(&events, 1, again, cancellable, error) == FOTA_WAIT_FAILED)
            return FALSE;
    }
}

static gboolean
at_wait_back(FotaChannel *channel, guint seconds, GCancellable *cancellable, GError **error)
{
    FotaAtChannel *self = (FotaAtChannel *)channel;
    g_autoptr(GError) local = NULL;

    /* The module may have left unnoticed. */
    if (self->line != NULL && !at_wait_gone(channel, 0, cancellable, &local) && local == NULL)
        return TRUE;
    if (local == NULL && find_line(self, FALSE, seconds, cancellable, &local))
        return TRUE;
    if (local->domain == FOTA_MODULE_ERROR)
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_NOT_RETURNED,
                    "the module has not come back within %u s: %s", seconds, local->message);
    else
        g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

static gboolean
at_open(FotaChannel *channel, GCancellable *cancellable, GError **error)
{
    return find_line((FotaAtChannel *)channel, TRUE, OPEN_SECONDS, cancellable, error);
}

/* A line that is open is a tty that has not hung up as far as is known. */
static gboolean
at_is_present(FotaChannel *channel)
{
    FotaAtChannel *self = (FotaAtChannel *)channel;
    g_autoptr(GPtrArray) ttys = NULL;

    if (self->line != NULL)
        return TRUE;
    ttys = fota_at_place_find(self->place);
    return ttys->len > 0;
}

static gboolean
at_switch_port(FotaChannel *channel, GCancellable *cancellable, GError **error)
{
    FotaAtChannel *self = (FotaAtChannel *)channel;

    g_clear_pointer(&self->line, fota_at_line_close);
    fota_at_place_avoid(self->place, self->interface);
    return find_line(self, TRUE, OPEN_SECONDS, cancellable, error);
}

/* If no tty has answered, sends it on all of them. */
static gboolean
at_shout(FotaChannel *channel, const char *command, GCancellable *cancellable, GError **error)
{
    FotaAtChannel *self = (FotaAtChannel *)channel;
    g_autoptr(GPtrArray) ttys = NULL;
    g_autoptr(GError) last = NULL;
    gboolean sent = FALSE;

    if (self->line != NULL)
        return fota_at_line_shout(self->line, command, cancellable, error);
    ttys = fota_at_place_find(self->place);
    for (guint i = 0; i < ttys->len; i++) {
        const FotaAtTty *tty = g_ptr_array_index(ttys, i);
        g_autoptr(FotaAtLine) line = NULL;

        g_clear_error(&last);
        line = open_line(self, tty, &last);
        if (line != NULL && fota_at_line_shout(line, command, cancellable, &last))
            sent = TRUE;
    }
    if (!sent && last == NULL)
        check_line(self, &last);
    if (!sent)
        g_propagate_error(error, g_steal_pointer(&last));
    return sent;
}

static void
at_close(FotaChannel *channel)
{
    FotaAtChannel *self = (FotaAtChannel *)channel;

    g_clear_pointer(&self->line, fota_at_line_close);
    g_queue_clear_full(&self->heard, g_free);
    fota_at_place_free(self->place);
    g_free(self->parent.imei);
    g_free(self);
}

static void
at_distrust(FotaChannel *channel)
{
    FotaAtChannel *self = (FotaAtChannel *)channel;

    if (self->line != NULL)
        fota_at_line_distrust(self->line);
}

static const FotaChannelClass at_class = {
    .name = "port",
    .unsolicited = TRUE,
    .open = at_open,
    .command = at_command,
    .receive = at_receive,
    .raw_begin = at_raw_begin,
    .raw_write = at_raw_write,
    .raw_read = at_raw_read,
    .raw_end = at_raw_end,
    .raw_leave = at_raw_leave,
    .wait_line = at_wait_line,
    .wait_gone = at_wait_gone,
    .wait_back = at_wait_back,
    .is_present = at_is_present,
    .switch_port = at_switch_port,
    .shout = at_shout,
    .distrust = at_distrust,
    .close = at_close,
};

FotaChannel *
fota_at_channel_new(const char *imei, const char *device, gboolean reserved,
                    const FotaPlugin *plugin, FotaTrace trace, gpointer user_data)
{
    FotaAtChannel *self = g_new0(FotaAtChannel, 1);

    self->parent.klass = &at_class;
    self->parent.imei = g_strdup(imei);
    self->place = fota_at_place_new(device, reserved);
    self->interface = -1;
    g_queue_init(&self->heard);
    self->plugin = plugin;
    self->trace = trace;
    self->user_data = user_data;
    return &self->parent;
}
