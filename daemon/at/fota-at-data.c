/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/at/fota-at-line-private.h"

#include <string.h>

#include "plugins/fota-plugin.h"

#define GUARD_MS 1000 /* S12 of V.250 */
#define END "NO CARRIER\r\n"

/* Reads and discards until @deadline. */
static gboolean
throw_away(FotaAtLine *line, gint64 deadline, GCancellable *cancellable, GError **error)
{
    g_autoptr(GByteArray) rest = g_byte_array_new();
    FotaWait wait;

    do {
        wait = fota_at_line_read(line, deadline, cancellable, error);
        fota_at_reply_take_rest(line->reply, rest);
        g_byte_array_set_size(rest, 0);
    } while (wait == FOTA_WAIT_READY);
    return wait == FOTA_WAIT_TIMEOUT;
}

gboolean
fota_at_line_escape(FotaAtLine *line, GCancellable *cancellable, GError **error)
{
    if (!throw_away(line, fota_deadline_in_ms(line->guard_ms), cancellable, error) ||
        !fota_at_line_write(line, "+++", fota_deadline_in_ms(GUARD_MS), cancellable, error))
        return FALSE;
    if (line->trace != NULL)
        line->trace('>', "+++", line->user_data);
    line->in_data = FALSE;
    line->confused = TRUE;
    return throw_away(line, fota_deadline_in_ms(line->guard_ms), cancellable, error);
}

/* Whether all complete lines in @bytes are URCs. */
static gboolean
only_unsolicited(const guint8 *bytes, gsize length)
{
    g_autofree char *text = g_strndup((const char *)bytes, length);
    g_auto(GStrv) lines = g_strsplit_set(text, "\r\n", -1);

    if (strlen(text) < length)
        return FALSE;
    for (guint i = 0; lines[i] != NULL && lines[i + 1] != NULL; i++) {
        g_autofree char *name = fota_at_line_name(lines[i]);

        if (lines[i][0] != '\0' && name == NULL)
            return FALSE;
    }
    return TRUE;
}

/* Offset of the last NO CARRIER line if it may be the end of the data, else -1. */
static gssize
find_end(const GByteArray *data)
{
    const gsize length = strlen(END);

    for (gssize at = (gssize)data->len - (gssize)length; at >= 0; at--) {
        if (memcmp(data->data + at, END, length) == 0)
            return only_unsolicited(data->data + at + length, data->len - (gsize)at - length) ? at
                                                                                              : -1;
    }
    return -1;
}

/* Cuts data at the end of the transfer; the parser gets what follows. */
static void
data_finish(FotaAtLine *line, GByteArray *data, gsize end)
{
    gsize after = end + strlen(END);
    const char *text;
    int number;

    line->in_data = FALSE;
    line->confused = FALSE;
    fota_at_reply_feed(line->reply, data->data + after, data->len - after);
    if (end >= 2 && memcmp(data->data + end - 2, "\r\n", 2) == 0)
        end -= 2;
    g_byte_array_set_size(data, (guint)end);
    fota_at_line_parse(line, &text, &number);
}

/* Reads data until the end, or until there are more than wanted; FALSE on error. */
static gboolean
data_collect(FotaAtLine *line, GByteArray *data, gsize max_bytes, gint64 deadline,
             GCancellable *cancellable, GError **error)
{
    gint64 guard = 0;
    gssize end = -1;

    for (;;) {
        gssize last = end;
        FotaWait wait;

        fota_at_reply_take_rest(line->reply, data);
        end = find_end(data);
        if (end < 0 && data->len > max_bytes + strlen("\r\n" END))
            return TRUE;
        if (end >= 0 && end != last)
            guard = fota_deadline_in_ms(GUARD_MS);
        wait = fota_at_line_read(line, end >= 0 ? guard : deadline, cancellable, error);
        if (wait == FOTA_WAIT_TIMEOUT && end >= 0) {
            data_finish(line, data, (gsize)end);
            return TRUE;
        }
        if (wait == FOTA_WAIT_TIMEOUT)
            g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT,
                        "the data on %s did not end in time; %u bytes arrived", line->name,
                        data->len);
        if (wait != FOTA_WAIT_READY)
            return FALSE;
    }
}

/* Sends @command and waits for CONNECT. */
static gboolean
connect_data(FotaAtLine *line, const char *command, guint seconds, gint64 deadline,
             GCancellable *cancellable, int *cme, GError **error)
{
    g_autoptr(GError) local = NULL;
    FotaAtEvent event;
    const char *text;

    if (!fota_at_line_send(line, command, deadline, cancellable, error))
        return FALSE;
    fota_at_reply_expect_data(line->reply);
    line->guard_ms = FOTA_AT_GUARD_MS;
    do {
        event = fota_at_line_next(line, deadline, cancellable, &text, cme, &local);
    } while (event == FOTA_AT_INFORMATION);
    line->confused = event == FOTA_AT_NONE;
    line->in_data = event == FOTA_AT_CONNECT;
    if (event == FOTA_AT_NONE && local == NULL)
        fota_at_line_set_silent(line, &local, command, seconds);
    if (event == FOTA_AT_OK || event == FOTA_AT_ERROR)
        fota_at_line_set_unwanted(&local, command, event, text);
    if (local != NULL)
        g_propagate_error(error, g_steal_pointer(&local));
    return line->in_data;
}

GBytes *
fota_at_line_receive(FotaAtLine *line, const char *command, gsize max_bytes, guint seconds,
                     GCancellable *cancellable, int *cme, GError **error)
{
    g_autoptr(GByteArray) data = g_byte_array_new();
    g_autofree char *note = NULL;
    gint64 deadline;

    *cme = -1;
    if (!fota_at_line_prepare(line, cancellable, error))
        return NULL;
    deadline = fota_deadline_in(seconds);
    if (!connect_data(line, command, seconds, deadline, cancellable, cme, error) ||
        !data_collect(line, data, max_bytes, deadline, cancellable, error))
        return NULL;
    note = g_strdup_printf("[%u bytes]", data->len);
    if (line->trace != NULL)
        line->trace('<', note, line->user_data);
    if (data->len > max_bytes)
        g_byte_array_set_size(data, (guint)max_bytes);
    return g_byte_array_free_to_bytes(g_steal_pointer(&data));
}
