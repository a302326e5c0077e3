/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "daemon/at/fota-at-reply.h"
#include "tests/extra/fuzz/fuzz.h"

/* All events of @data, which arrives @step bytes at a time. */
static char *
read_events(const char *command, const guint8 *data, gsize size, gsize step)
{
    g_autoptr(FotaAtReply) reply = fota_at_reply_new(NULL);
    g_autoptr(GByteArray) rest = g_byte_array_new();
    GString *events = g_string_new(NULL);
    gboolean connected = FALSE;

    fota_at_reply_begin(reply, command);
    for (gsize at = 0; at < size; at += step) {
        const char *line;
        int number;
        FotaAtEvent event;

        fota_at_reply_feed(reply, data + at, MIN(step, size - at));
        while (!connected && (event = fota_at_reply_next(reply, &line, &number)) != FOTA_AT_NONE) {
            g_assert_true(g_utf8_validate(line, -1, NULL));
            g_assert_cmpuint(strlen(line), <=, 3 * FOTA_AT_LINE_MAX);
            g_assert_null(strpbrk(line, "\r\n"));
            g_string_append_printf(events, "%d %d %s\n", event, event == FOTA_AT_ERROR ? number : 0,
                                   line);
            connected = event == FOTA_AT_CONNECT;
        }
        if (connected)
            fota_at_reply_take_rest(reply, rest);
    }
    g_string_append_printf(events, "%u", rest->len);
    return g_string_free(events, FALSE);
}

/* The first line is the command. However the bytes arrive, they mean the same. */
int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    const guint8 *newline = size > 0 ? memchr(data, '\n', size) : NULL;
    gsize head = newline != NULL ? (gsize)(newline - data) : size;
    const guint8 *answer = newline != NULL ? newline + 1 : data;
    gsize length = newline != NULL ? size - head - 1 : size;
    g_autofree char *command = g_strndup((const char *)data, head);
    g_autofree char *whole = read_events(command, answer, length, MAX(length, 1));
    g_autofree char *split = read_events(command, answer, length, 1);

    g_assert_cmpstr(whole, ==, split);
    return 0;
}
