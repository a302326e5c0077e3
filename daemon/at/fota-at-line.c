/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/at/fota-at-line-private.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "daemon/at/fota-at-command.h"
#include "daemon/at/fota-at-tty.h"
#include "plugins/fota-plugin.h"

#define PAUSE_MS 20
#define WRITE_SECONDS 10
#define RESYNC_SECONDS 10

FotaAtLine *
fota_at_line_open(const FotaAtTty *tty, const char *imei, const FotaPlugin *plugin, FotaTrace trace,
                  gpointer user_data, GError **error)
{
    struct termios saved;
    int fd = fota_at_tty_open(tty, &saved, error);
    FotaAtLine *line;

    if (fd < 0)
        return NULL;
    line = g_new0(FotaAtLine, 1);
    line->fd = fd;
    line->name = g_path_get_basename(tty->node);
    line->imei = g_strdup(imei);
    line->saved = saved;
    line->reply = fota_at_reply_new(plugin);
    line->raw = g_byte_array_new();
    g_queue_init(&line->unsolicited);
    line->trace = trace;
    line->user_data = user_data;
    line->confused = TRUE; /* an earlier user of the tty may have sent a command */
    line->guard_ms = FOTA_AT_GUARD_MS;
    line->raw_guard_ms = FOTA_AT_RAW_GUARD_MS;
    return line;
}

void
fota_at_line_distrust(FotaAtLine *line)
{
    line->confused = TRUE;
}

void
fota_at_line_set_long_guard(FotaAtLine *line)
{
    line->guard_ms = line->raw_guard_ms;
}

void
fota_at_line_close(FotaAtLine *line)
{
    if (line->in_data && !line->gone)
        fota_at_line_escape(line, NULL, NULL);
    fota_at_tty_close(line->fd, line->gone ? NULL : &line->saved);
    g_queue_clear_full(&line->unsolicited, g_free);
    fota_at_reply_free(line->reply);
    g_byte_array_unref(line->raw);
    g_free(line->raw_command);
    g_free(line->imei);
    g_free(line->name);
    g_free(line);
}

static void
set_gone(FotaAtLine *line, int errno_, GError **error)
{
    line->gone = TRUE;
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_GONE,
                "the module has left the bus: %s hung up%s%s", line->name, errno_ != 0 ? ": " : "",
                errno_ != 0 ? g_strerror(errno_) : "");
}

FotaWait
fota_at_line_read_bytes(FotaAtLine *line, guint8 *bytes, gsize max, gsize *length, gint64 deadline,
                        GCancellable *cancellable, GError **error)
{
    struct pollfd tty = {.fd = line->fd, .events = POLLIN};
    FotaWait wait = fota_wait(&tty, 1, deadline, cancellable, error);
    gssize got;

    *length = 0;
    if (wait != FOTA_WAIT_READY)
        return wait;
    got = read(line->fd, bytes, max);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        set_gone(line, got < 0 ? errno : 0, error);
        return FOTA_WAIT_FAILED;
    }
    *length = (gsize)MAX(got, 0);
    return FOTA_WAIT_READY;
}

FotaWait
fota_at_line_read(FotaAtLine *line, gint64 deadline, GCancellable *cancellable, GError **error)
{
    guint8 bytes[4096];
    gsize length;
    FotaWait wait =
        fota_at_line_read_bytes(line, bytes, sizeof(bytes), &length, deadline, cancellable, error);

    fota_at_reply_feed(line->reply, bytes, length);
    return wait;
}

gboolean
fota_at_line_write_bytes(FotaAtLine *line, const guint8 *bytes, gsize left, gint64 deadline,
                         GCancellable *cancellable, GError **error)
{
    while (left > 0) {
        struct pollfd tty = {.fd = line->fd, .events = POLLOUT};
        FotaWait wait = fota_wait(&tty, 1, deadline, cancellable, error);
        gssize written;

        if (wait == FOTA_WAIT_TIMEOUT)
            g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT,
                        "the module does not read from %s", line->name);
        if (wait != FOTA_WAIT_READY)
            return FALSE;
        written = write(line->fd, bytes, left);
        if (written < 0 && errno != EAGAIN && errno != EINTR) {
            set_gone(line, errno, error);
            return FALSE;
        }
        bytes += MAX(written, 0);
        left -= (gsize)MAX(written, 0);
    }
    return TRUE;
}

gboolean
fota_at_line_write(FotaAtLine *line, const char *text, gint64 deadline, GCancellable *cancellable,
                   GError **error)
{
    return fota_at_line_write_bytes(line, (const guint8 *)text, strlen(text), deadline, cancellable,
                                    error);
}

static void
line_trace(FotaAtLine *line, char direction, const char *text)
{
    if (line->trace != NULL)
        line->trace(direction, text, line->user_data);
}

/* The line to drop for @name: the oldest of that name, else the oldest. */
static GList *
choose_dropped(GQueue *lines, const char *name)
{
    for (GList *l = lines->head; l != NULL; l = l->next) {
        g_autofree char *other = fota_at_line_name(l->data);

        if (g_strcmp0(name, other) == 0)
            return l;
    }
    return lines->head;
}

static void
keep_unsolicited(FotaAtLine *line, const char *text)
{
    if (line->unsolicited.length >= FOTA_AT_UNSOLICITED_MAX) {
        g_autofree char *name = fota_at_line_name(text);
        GList *dropped = choose_dropped(&line->unsolicited, name);

        g_free(dropped->data);
        g_queue_delete_link(&line->unsolicited, dropped);
        line->dropped++;
    }
    g_queue_push_tail(&line->unsolicited, g_strdup(text));
    line->heard++;
}

guint64
fota_at_line_get_heard(FotaAtLine *line)
{
    return line->heard;
}

void
fota_at_line_take_unsolicited(FotaAtLine *line, GQueue *from)
{
    for (char *text; (text = g_queue_pop_tail(from)) != NULL;)
        g_queue_push_head(&line->unsolicited, text);
    while (line->unsolicited.length > FOTA_AT_UNSOLICITED_MAX)
        g_free(g_queue_pop_head(&line->unsolicited));
}

void
fota_at_line_give_unsolicited(FotaAtLine *line, GQueue *to)
{
    for (char *text; (text = g_queue_pop_head(&line->unsolicited)) != NULL;)
        g_queue_push_tail(to, text);
    while (to->length > FOTA_AT_UNSOLICITED_MAX)
        g_free(g_queue_pop_head(to));
}

FotaAtEvent
fota_at_line_parse(FotaAtLine *line, const char **text, int *number)
{
    FotaAtEvent event;

    do {
        event = fota_at_reply_next(line->reply, text, number);
        if (event != FOTA_AT_NONE && event != FOTA_AT_ECHO)
            line_trace(line, '<', *text);
        if (event == FOTA_AT_UNSOLICITED)
            keep_unsolicited(line, *text);
    } while (event == FOTA_AT_UNSOLICITED || event == FOTA_AT_ECHO || event == FOTA_AT_STRAY);
    return event;
}

FotaAtEvent
fota_at_line_next(FotaAtLine *line, gint64 deadline, GCancellable *cancellable, const char **text,
                  int *number, GError **error)
{
    FotaAtEvent event;

    while ((event = fota_at_line_parse(line, text, number)) == FOTA_AT_NONE) {
        if (fota_at_line_read(line, deadline, cancellable, error) != FOTA_WAIT_READY)
            break;
    }
    return event;
}

gboolean
fota_at_line_settle(FotaAtLine *line, guint quiet_ms, GCancellable *cancellable, GError **error)
{
    gint64 limit = fota_deadline_in_ms(4 * quiet_ms);
    FotaWait wait = FOTA_WAIT_READY;
    const char *text;
    int number;

    fota_at_reply_begin(line->reply, NULL);
    while (wait == FOTA_WAIT_READY && !fota_deadline_passed(limit)) {
        wait = fota_at_line_read(line, fota_deadline_in_ms(quiet_ms), cancellable, error);
        fota_at_line_parse(line, &text, &number);
    }
    return wait != FOTA_WAIT_FAILED;
}

gboolean
fota_at_line_prepare(FotaAtLine *line, GCancellable *cancellable, GError **error)
{
    if (line->in_data && !fota_at_line_escape(line, cancellable, error))
        return FALSE;
    if (line->confused &&
        !fota_at_line_greet(line, fota_deadline_in(RESYNC_SECONDS), cancellable, error))
        return FALSE;
    return fota_at_line_settle(line, PAUSE_MS, cancellable, error);
}

gboolean
fota_at_line_send(FotaAtLine *line, const char *command, gint64 deadline, GCancellable *cancellable,
                  GError **error)
{
    g_autofree char *text = g_strconcat(command, "\r", NULL);

    if (!fota_at_command_check(command, error))
        return FALSE;
    line_trace(line, '>', command);
    fota_at_reply_begin(line->reply, command);
    line->confused = TRUE; /* until the final result arrives */
    return fota_at_line_write(line, text, MIN(deadline, fota_deadline_in(WRITE_SECONDS)),
                              cancellable, error);
}

/* No event tells that output has gone: tcdrain() would wait for ever where the module takes none.
 */
static gboolean
line_drain(FotaAtLine *line, gint64 deadline, GCancellable *cancellable, GError **error)
{
    while (!fota_at_tty_is_sent(line->fd)) {
        struct pollfd nothing;

        if (fota_deadline_passed(deadline)) {
            g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT,
                        "the module accepts nothing on %s", line->name);
            return FALSE;
        }
        if (fota_wait(&nothing, 0, fota_deadline_in_ms(PAUSE_MS), cancellable, error) ==
            FOTA_WAIT_FAILED)
            return FALSE;
    }
    return TRUE;
}

gboolean
fota_at_line_shout(FotaAtLine *line, const char *command, GCancellable *cancellable, GError **error)
{
    gint64 deadline = fota_deadline_in(WRITE_SECONDS);

    return fota_at_line_send(line, command, deadline, cancellable, error) &&
           line_drain(line, deadline, cancellable, error);
}

void
fota_at_line_set_unwanted(GError **error, const char *command, FotaAtEvent event,
                          const char *result)
{
    g_autofree char *name = fota_at_command_name(command);

    if (event == FOTA_AT_ERROR)
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED,
                    "%s was refused: %s", name, result);
    else
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_BAD_ANSWER,
                    "%s ended with %s, which the vendor's document does not allow", name, result);
}

void
fota_at_line_set_silent(FotaAtLine *line, GError **error, const char *command, guint seconds)
{
    g_autofree char *name = fota_at_command_name(command);

    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT,
                "%s was not answered on %s within %u s", name, line->name, seconds);
}

GStrv
fota_at_line_ask(FotaAtLine *line, const char *command, guint seconds, GCancellable *cancellable,
                 int *cme, GError **error)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) local = NULL;
    gint64 deadline = fota_deadline_in(seconds);
    gsize bytes = 0;
    FotaAtEvent event;
    const char *text;

    if (!fota_at_line_send(line, command, deadline, cancellable, error))
        return NULL;
    while ((event = fota_at_line_next(line, deadline, cancellable, &text, cme, &local)) ==
           FOTA_AT_INFORMATION) {
        bytes += strlen(text);
        if (lines->len <= FOTA_AT_ANSWER_LINES_MAX && bytes <= FOTA_AT_ANSWER_BYTES_MAX)
            g_ptr_array_add(lines, g_strdup(text));
    }
    if (event == FOTA_AT_NONE) {
        if (local == NULL)
            fota_at_line_set_silent(line, &local, command, seconds);
        g_propagate_error(error, g_steal_pointer(&local));
        return NULL;
    }
    line->confused = FALSE;
    line->in_data = event == FOTA_AT_CONNECT;
    if (lines->len > FOTA_AT_ANSWER_LINES_MAX || bytes > FOTA_AT_ANSWER_BYTES_MAX) {
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_BAD_ANSWER,
                    "an answer on %s is longer than any vendor's document allows", line->name);
        return NULL;
    }
    if (event != FOTA_AT_OK) {
        fota_at_line_set_unwanted(error, command, event, text);
        return NULL;
    }
    g_ptr_array_add(lines, NULL);
    return (GStrv)g_ptr_array_steal(lines, NULL);
}

GStrv
fota_at_line_command(FotaAtLine *line, const char *command, guint seconds,
                     GCancellable *cancellable, int *cme, GError **error)
{
    *cme = -1;
    if (!fota_at_line_prepare(line, cancellable, error))
        return NULL;
    return fota_at_line_ask(line, command, seconds, cancellable, cme, error);
}

/* With no time at all, input that has already arrived would be missed. */
static gint64
look_until(guint seconds)
{
    return seconds > 0 ? fota_deadline_in(seconds) : fota_deadline_in_ms(PAUSE_MS);
}

/* Takes the oldest kept line that contains @text. */
static char *
find_unsolicited(FotaAtLine *line, const char *text)
{
    for (GList *l = line->unsolicited.head; l != NULL; l = l->next) {
        char *found = l->data;

        if (strcasestr(found, text) != NULL) {
            g_queue_delete_link(&line->unsolicited, l);
            return found;
        }
    }
    return NULL;
}

char *
fota_at_line_wait_unsolicited(FotaAtLine *line, const char *text, guint seconds,
                              GCancellable *cancellable, GError **error)
{
    gint64 deadline = look_until(seconds);
    char *found;
    const char *ignored;
    int number;

    if (line->in_data && !fota_at_line_escape(line, cancellable, error))
        return NULL;
    fota_at_reply_begin(line->reply, NULL);
    fota_at_line_parse(line, &ignored, &number);
    while ((found = find_unsolicited(line, text)) == NULL) {
        if (fota_at_line_read(line, deadline, cancellable, error) != FOTA_WAIT_READY)
            break;
        fota_at_line_parse(line, &ignored, &number);
    }
    return found;
}

gboolean
fota_at_line_wait_hangup(FotaAtLine *line, guint seconds, GCancellable *cancellable, GError **error)
{
    gint64 deadline = look_until(seconds);
    g_autoptr(GError) local = NULL;
    const char *ignored;
    int number;

    fota_at_reply_begin(line->reply, NULL);
    while (fota_at_line_read(line, deadline, cancellable, &local) == FOTA_WAIT_READY)
        fota_at_line_parse(line, &ignored, &number);
    if (g_error_matches(local, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_GONE))
        return TRUE;
    if (local != NULL)
        g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

guint64
fota_at_line_get_dropped(FotaAtLine *line)
{
    return line->dropped;
}
