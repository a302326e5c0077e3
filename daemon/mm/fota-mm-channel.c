/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/mm/fota-mm-channel.h"

#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "daemon/at/fota-at-command.h"
#include "daemon/at/fota-at-reply.h"
#include "base/fota-wait.h"
#include "daemon/mm/fota-mm-error.h"
#include "daemon/mm/fota-mm-private.h"
#include "plugins/fota-plugin.h"

/* More than fota-mm-command.c allows D-Bus, whose limit is thus reached first. */
#define MARGIN_SECONDS 20
#define MAIN_LOOP_SECONDS 30
#define AT_SECONDS 5
#define AGAIN_SECONDS 1

/* Shared by the thread and the main loop. */
typedef struct {
    gatomicrefcount refs;
    FotaMm *mm;        /* main loop only */
    FotaMmWatch watch; /* main loop only */
    int event;         /* readable after each change of the members below */
    GMutex lock;
    gboolean ready; /* the main loop has set the members below */
    guint64 serial; /* of the module's modem object, 0 while absent */
} FotaMmPresence;

/* One command under way. */
typedef struct {
    gatomicrefcount refs;
    FotaMmPresence *presence;
    char *command;
    guint seconds;
    guint64 serial;            /* of the modem object to ask */
    GCancellable *cancellable; /* the thread no longer waits */
    int event;                 /* readable when done */
    GMutex lock;
    char *text; /* these two under lock */
    GError *error;
} FotaMmRequest;

typedef struct {
    FotaChannel parent;
    FotaMmPresence *presence;
    guint64 serial; /* of the modem object in use, 0 after it has left */
    const FotaPlugin *plugin;
    FotaTrace trace;
    gpointer user_data;
} FotaMmChannel;

/* Not g_main_context_invoke(), which may run @func in this thread while the loop is idle. */
static void
run_on_main_loop(GSourceFunc func, gpointer data)
{
    g_idle_add_full(G_PRIORITY_DEFAULT, func, data, NULL);
}

static void
presence_unref(FotaMmPresence *presence)
{
    if (!g_atomic_ref_count_dec(&presence->refs))
        return;
    g_free(presence->watch.imei);
    g_mutex_clear(&presence->lock);
    close(presence->event);
    g_free(presence);
}

static FotaMmPresence *
presence_ref(FotaMmPresence *presence)
{
    g_atomic_ref_count_inc(&presence->refs);
    return presence;
}

/* On the main loop. */
static void
presence_changed(gpointer user_data)
{
    FotaMmPresence *presence = user_data;
    FotaMmModem *modem = fota_mm_find_modem(presence->mm, presence->watch.imei);

    g_mutex_lock(&presence->lock);
    presence->ready = TRUE;
    presence->serial = modem != NULL ? modem->serial : 0;
    g_mutex_unlock(&presence->lock);
    eventfd_write(presence->event, 1);
}

static gboolean
presence_begin(gpointer data)
{
    FotaMmPresence *presence = data;

    fota_mm_add_watch(presence->mm, &presence->watch);
    presence_changed(presence);
    return G_SOURCE_REMOVE;
}

static gboolean
presence_end(gpointer data)
{
    FotaMmPresence *presence = data;

    fota_mm_remove_watch(presence->mm, &presence->watch);
    presence_unref(presence);
    return G_SOURCE_REMOVE;
}

/* In the thread: the modem object now, 0 = none. */
static guint64
presence_get(FotaMmPresence *presence, gboolean *ready)
{
    eventfd_t count;
    guint64 serial;

    eventfd_read(presence->event, &count); /* does not block */
    g_mutex_lock(&presence->lock);
    *ready = presence->ready;
    serial = presence->serial;
    g_mutex_unlock(&presence->lock);
    return serial;
}

static void
request_unref(FotaMmRequest *request)
{
    if (!g_atomic_ref_count_dec(&request->refs))
        return;
    presence_unref(request->presence);
    g_object_unref(request->cancellable);
    g_mutex_clear(&request->lock);
    g_clear_error(&request->error);
    g_free(request->text);
    g_free(request->command);
    close(request->event);
    g_free(request);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaMmRequest, request_unref)

/* On the main loop, like the two below. */
static void
request_end(FotaMmRequest *request, char *text, GError *error)
{
    g_mutex_lock(&request->lock);
    request->text = text;
    request->error = error;
    g_mutex_unlock(&request->lock);
    eventfd_write(request->event, 1);
    request_unref(request);
}

static void
request_done(GObject *object, GAsyncResult *result, gpointer user_data)
{
    GError *error = NULL;
    char *text = g_task_propagate_pointer(G_TASK(result), &error);

    request_end(user_data, text, error);
}

static gboolean
request_begin(gpointer data)
{
    FotaMmRequest *request = data;
    FotaMm *mm = request->presence->mm;
    FotaMmModem *modem = fota_mm_find_modem(mm, request->presence->watch.imei);

    if (modem != NULL && modem->serial == request->serial)
        fota_mm_command_async(mm, modem->facts->path, request->command, request->seconds,
                              request->cancellable, request_done, request);
    else
        request_end(request, NULL,
                    g_error_new(FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_GONE,
                                "the module has left ModemManager"));
    return G_SOURCE_REMOVE;
}

/* Returns the text of ModemManager's answer to @command, sent to the modem object @serial. */
static char *
call(FotaMmChannel *self, guint64 serial, const char *command, guint seconds,
     GCancellable *cancellable, GError **error)
{
    g_autoptr(FotaMmRequest) request = g_new0(FotaMmRequest, 1);
    struct pollfd done = {.events = POLLIN};
    FotaWait wait;
    char *text;

    g_atomic_ref_count_init(&request->refs);
    g_atomic_ref_count_inc(&request->refs); /* the main loop's */
    request->presence = presence_ref(self->presence);
    request->command = g_strdup(command);
    request->seconds = seconds;
    request->serial = serial;
    request->cancellable = g_cancellable_new();
    request->event = done.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    g_mutex_init(&request->lock);
    run_on_main_loop(request_begin, request);
    wait = fota_wait(&done, 1, fota_deadline_in(seconds + MARGIN_SECONDS), cancellable, error);
    if (wait != FOTA_WAIT_READY)
        g_cancellable_cancel(request->cancellable);
    if (wait == FOTA_WAIT_TIMEOUT)
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT,
                    "ModemManager did not answer within %u s", seconds + MARGIN_SECONDS);
    if (wait != FOTA_WAIT_READY)
        return NULL;
    g_mutex_lock(&request->lock);
    text = g_steal_pointer(&request->text);
    if (request->error != NULL)
        g_propagate_error(error, g_steal_pointer(&request->error));
    g_mutex_unlock(&request->lock);
    return text;
}

static void
trace(FotaMmChannel *self, char direction, const char *line)
{
    if (self->trace != NULL)
        self->trace(direction, line, self->user_data);
}

/* The lines of the answer. ModemManager leaves URCs in it that it does not know. */
static GStrv
split_answer(FotaMmChannel *self, const char *command, const char *text, GError **error)
{
    g_autoptr(FotaAtReply) reply = fota_at_reply_new(self->plugin);
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    FotaAtEvent event;
    const char *line;
    int number;

    fota_at_reply_begin(reply, command);
    fota_at_reply_feed(reply, (const guint8 *)text, strlen(text));
    fota_at_reply_feed(reply, (const guint8 *)"\r\nOK\r\n", strlen("\r\nOK\r\n"));
    do {
        event = fota_at_reply_next(reply, &line, &number);
        trace(self, '<', line);
        if (event == FOTA_AT_INFORMATION)
            g_ptr_array_add(lines, g_strdup(line));
    } while (event != FOTA_AT_OK && event != FOTA_AT_ERROR && event != FOTA_AT_CONNECT);
    if (event != FOTA_AT_OK) {
        g_autofree char *name = fota_at_command_name(command);

        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_BAD_ANSWER, "%s ended with %s",
                    name, line);
        return NULL;
    }
    g_ptr_array_add(lines, NULL);
    return (GStrv)g_ptr_array_steal(lines, NULL);
}

static GStrv
send_command(FotaMmChannel *self, guint64 serial, const char *command, guint seconds,
             GCancellable *cancellable, int *cme, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autofree char *text = NULL;

    *cme = -1;
    if (!fota_at_command_check(command, error))
        return NULL;
    trace(self, '>', command);
    text = call(self, serial, command, seconds, cancellable, &local);
    if (text != NULL)
        return split_answer(self, command, text, error);
    if (local->domain == FOTA_MODULE_ERROR)
        g_propagate_error(error, g_steal_pointer(&local));
    else
        g_propagate_error(error, fota_mm_translate_error(local, command, cme));
    return NULL;
}

static GStrv
mm_command(FotaChannel *channel, const char *command, guint seconds, GCancellable *cancellable,
           int *cme, GError **error)
{
    FotaMmChannel *self = (gpointer)channel;

    return send_command(self, self->serial, command, seconds, cancellable, cme, error);
}

static gboolean
mm_wait_gone(FotaChannel *channel, guint seconds, GCancellable *cancellable, GError **error)
{
    FotaMmChannel *self = (gpointer)channel;
    gint64 deadline = fota_deadline_in(seconds);
    struct pollfd event = {.fd = self->presence->event, .events = POLLIN};
    gboolean ready;

    while (presence_get(self->presence, &ready) == self->serial && self->serial != 0) {
        if (fota_wait(&event, 1, deadline, cancellable, error) != FOTA_WAIT_READY)
            return FALSE;
    }
    self->serial = 0;
    return TRUE;
}

/* Whether the modem object @serial answers AT; *@error says why not. */
static gboolean
is_awake(FotaMmChannel *self, guint64 serial, GCancellable *cancellable, GError **error)
{
    int cme;
    g_autoptr(GError) local = NULL;
    g_auto(GStrv) lines = send_command(self, serial, "AT", AT_SECONDS, cancellable, &cme, &local);

    if (lines != NULL ||
        g_error_matches(local, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

static gboolean
mm_wait_back(FotaChannel *channel, guint seconds, GCancellable *cancellable, GError **error)
{
    FotaMmChannel *self = (gpointer)channel;
    gint64 deadline = fota_deadline_in(seconds);
    struct pollfd event = {.fd = self->presence->event, .events = POLLIN};
    g_autofree char *reason = g_strdup("ModemManager does not show it");

    for (;;) {
        g_autoptr(GError) local = NULL;
        gboolean ready;
        guint64 serial = presence_get(self->presence, &ready);
        gint64 again = serial != 0 ? MIN(deadline, fota_deadline_in(AGAIN_SECONDS)) : deadline;

        if (serial != 0 &&
            (serial == self->serial || is_awake(self, serial, cancellable, &local))) {
            self->serial = serial;
            return TRUE;
        }
        if (local != NULL) {
            g_free(reason);
            reason = g_strdup(local->message);
        }
        if (fota_deadline_passed(deadline))
            break;
        if (fota_wait(&event, 1, again, cancellable, error) == FOTA_WAIT_FAILED)
            return FALSE;
    }
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_NOT_RETURNED,
                "the module has not come back within %u s: %s", seconds, reason);
    return FALSE;
}

static void
mm_close(FotaChannel *channel)
{
    FotaMmChannel *self = (gpointer)channel;

    run_on_main_loop(presence_end, self->presence);
    g_free(self->parent.imei);
    g_free(self);
}

static const FotaChannelClass mm_class = {
    .name = "modemmanager",
    .unsolicited = FALSE,
    .command = mm_command,
    .wait_gone = mm_wait_gone,
    .wait_back = mm_wait_back,
    .close = mm_close,
};

FotaChannel *
fota_mm_channel_new(FotaMm *mm, const char *imei, const FotaPlugin *plugin, FotaTrace trace_func,
                    gpointer user_data)
{
    FotaMmChannel *self = g_new0(FotaMmChannel, 1);
    FotaMmPresence *presence = g_new0(FotaMmPresence, 1);
    gint64 deadline = fota_deadline_in(MAIN_LOOP_SECONDS);
    struct pollfd event = {.events = POLLIN};
    gboolean ready = FALSE;

    g_atomic_ref_count_init(&presence->refs);
    presence->mm = mm;
    presence->watch = (FotaMmWatch){.imei = g_strdup(imei), presence_changed, presence};
    presence->event = event.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    g_mutex_init(&presence->lock);
    self->parent.klass = &mm_class;
    self->parent.imei = g_strdup(imei);
    self->presence = presence;
    self->plugin = plugin;
    self->trace = trace_func;
    self->user_data = user_data;
    run_on_main_loop(presence_begin, presence);
    while (!ready && fota_wait(&event, 1, deadline, NULL, NULL) == FOTA_WAIT_READY)
        self->serial = presence_get(presence, &ready);
    return &self->parent;
}
