/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/at/fota-at-line-private.h"

#include <string.h>

#include "plugins/fota-plugin.h"

#define SECOND_MS 1000
#define SLACK_MS 100

/* Where a prompt ends in the answer so far: a line that begins with it, or the last, unfinished one
 * that does; 0 = not yet. */
static gsize
find_prompt(const GByteArray *got, const char *prompt)
{
    gsize length = strlen(prompt);

    for (gsize at = 0; at + length <= got->len; at++) {
        gboolean begins = at == 0 || got->data[at - 1] == '\n' || got->data[at - 1] == '\r';

        if (begins && memcmp(got->data + at, prompt, length) == 0)
            return at + length;
    }
    return 0;
}

/* What came behind CONNECT belongs to its line up to the line's end; any other prompt has none. */
static gboolean
keep_rest(FotaAtLine *line, GByteArray *got, gsize end)
{
    const guint8 *newline;

    if (got->data[end - 1] == 'T') {
        newline = memchr(got->data + end, '\n', got->len - end);
        if (newline == NULL)
            return FALSE;
        end = (gsize)(newline - got->data) + 1;
    }
    g_byte_array_set_size(line->raw, 0);
    g_byte_array_append(line->raw, got->data + end, (guint)(got->len - end));
    return TRUE;
}

static void
set_too_long(FotaAtLine *line, GError **error)
{
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_BAD_ANSWER,
                "an answer on %s is longer than any vendor's document allows", line->name);
}

/* TRUE: one of @prompts is there. */
static gboolean
take_prompt(FotaAtLine *line, GByteArray *got, const char *const *prompts, guint *which)
{
    for (*which = 0; prompts[*which] != NULL; (*which)++) {
        gsize end = find_prompt(got, prompts[*which]);

        if (end > 0 && keep_rest(line, got, end))
            return TRUE;
    }
    return FALSE;
}

/* A refusal among the complete lines; OK may come before the prompt. */
static gboolean
check_refusal(FotaAtLine *line, const char *command, int *cme, GError **error)
{
    FotaAtEvent event;
    const char *text;

    while ((event = fota_at_line_parse(line, &text, cme)) != FOTA_AT_NONE) {
        if (event != FOTA_AT_ERROR)
            continue;
        line->confused = line->in_data = FALSE;
        fota_at_line_set_unwanted(error, command, event, text);
        return FALSE;
    }
    return TRUE;
}

gboolean
fota_at_line_raw_begin(FotaAtLine *line, const char *command, const char *const *prompts,
                       guint *which, guint seconds, GCancellable *cancellable, int *cme,
                       GError **error)
{
    g_autoptr(GByteArray) got = g_byte_array_new();
    gint64 deadline = fota_deadline_in(seconds);

    *cme = -1;
    if (!fota_at_line_prepare(line, cancellable, error) ||
        !fota_at_line_send(line, command, deadline, cancellable, error))
        return FALSE;
    g_free(line->raw_command);
    line->raw_command = g_strdup(command);
    line->guard_ms = line->raw_guard_ms;
    line->in_data = TRUE; /* the prompt may come in the moment in which it is given up */
    while (got->len <= FOTA_AT_ANSWER_BYTES_MAX) {
        guint8 bytes[512];
        gsize length = 0;
        FotaWait wait = fota_at_line_read_bytes(line, bytes, sizeof(bytes), &length, deadline,
                                                cancellable, error);

        if (wait == FOTA_WAIT_TIMEOUT)
            fota_at_line_set_silent(line, error, command, seconds);
        if (wait != FOTA_WAIT_READY)
            return FALSE;
        g_byte_array_append(got, bytes, (guint)length);
        if (take_prompt(line, got, prompts, which))
            return TRUE;
        fota_at_reply_feed(line->reply, bytes, length);
        if (!check_refusal(line, command, cme, error))
            return FALSE;
    }
    set_too_long(line, error);
    return FALSE;
}

gboolean
fota_at_line_raw_write(FotaAtLine *line, const guint8 *bytes, gsize length, guint seconds,
                       GCancellable *cancellable, GError **error)
{
    return fota_at_line_write_bytes(line, bytes, length, fota_deadline_in(seconds), cancellable,
                                    error);
}

gboolean
fota_at_line_raw_read(FotaAtLine *line, guint8 *byte, guint seconds, GCancellable *cancellable,
                      GError **error)
{
    gint64 deadline = fota_deadline_in(seconds);

    while (line->raw->len == 0) {
        guint8 bytes[512];
        gsize length = 0;
        FotaWait wait = fota_at_line_read_bytes(line, bytes, sizeof(bytes), &length, deadline,
                                                cancellable, error);

        if (wait == FOTA_WAIT_TIMEOUT)
            g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT,
                        "nothing came on %s within %u s", line->name, seconds);
        if (wait != FOTA_WAIT_READY)
            return FALSE;
        g_byte_array_append(line->raw, bytes, (guint)length);
    }
    *byte = line->raw->data[0];
    g_byte_array_remove_index(line->raw, 0);
    return TRUE;
}

/* `+++` with @seconds of silence in front of it. */
static gboolean
raw_escape(FotaAtLine *line, guint seconds, GCancellable *cancellable, GError **error)
{
    struct pollfd nothing;

    if (fota_wait(&nothing, 0, fota_deadline_in_ms(seconds * SECOND_MS + SLACK_MS), cancellable,
                  error) == FOTA_WAIT_FAILED)
        return FALSE;
    if (line->trace != NULL)
        line->trace('>', "+++", line->user_data);
    return fota_at_line_write(line, "+++", fota_deadline_in(1), cancellable, error);
}

/* The lines of the final answer, which the rest of the raw bytes begins. */
static GStrv
raw_finish(FotaAtLine *line, gboolean escaped, guint seconds, GCancellable *cancellable, int *cme,
           GError **error)
{
    g_autoptr(GStrvBuilder) lines = g_strv_builder_new();
    g_autoptr(GError) local_error = NULL;
    gint64 deadline = fota_deadline_in(seconds);
    const char *text;
    FotaAtEvent event;
    guint n = 0;

    fota_at_reply_feed(line->reply, line->raw->data, line->raw->len);
    g_byte_array_set_size(line->raw, 0);
    while ((event = fota_at_line_next(line, deadline, cancellable, &text, cme, &local_error)) ==
           FOTA_AT_INFORMATION) {
        if (n++ < FOTA_AT_ANSWER_LINES_MAX)
            g_strv_builder_add(lines, text);
    }
    line->in_data = line->confused = event == FOTA_AT_NONE;
    if (event != FOTA_AT_NONE && n > FOTA_AT_ANSWER_LINES_MAX) {
        set_too_long(line, error);
        return NULL;
    }
    if (event == FOTA_AT_OK ||
        (event == FOTA_AT_ERROR && escaped && g_str_has_prefix(text, "NO CARRIER")))
        return g_strv_builder_end(lines);
    if (event == FOTA_AT_NONE && local_error == NULL)
        fota_at_line_set_silent(line, &local_error, line->raw_command, seconds);
    else if (local_error == NULL)
        fota_at_line_set_unwanted(&local_error, line->raw_command, event, text);
    g_propagate_error(error, g_steal_pointer(&local_error));
    return NULL;
}

GStrv
fota_at_line_raw_end(FotaAtLine *line, guint guard, guint seconds, GCancellable *cancellable,
                     int *cme, GError **error)
{
    const char *text;

    *cme = -1;
    /* What the parser has of the line with the prompt ends here. */
    fota_at_reply_begin(line->reply, NULL);
    fota_at_reply_feed(line->reply, (const guint8 *)"\r\n", 2);
    fota_at_line_parse(line, &text, cme);
    fota_at_reply_begin(line->reply, line->raw_command);
    fota_at_reply_expect_data(line->reply);
    if (guard > 0 && !raw_escape(line, guard, cancellable, error))
        return NULL;
    return raw_finish(line, guard > 0, seconds, cancellable, cme, error);
}

void
fota_at_line_raw_leave(FotaAtLine *line, GCancellable *cancellable)
{
    if (line->in_data)
        fota_at_line_escape(line, cancellable, NULL);
}
