/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plugins/telit/telit-fetch.h"

#include <string.h>

#include "plugins/telit/telit-ftp.h"

/* For the whole file, seconds. */
#define TIME_FILE 500

/* Bytes a piece: up to 3000 are allowed, but twice as many digits must fit into one line. */
#define PIECE 500

static FotaResult
refuse_answer(const char *what, GError **error)
{
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_BAD_ANSWER,
                "%s is not what Telit's document says", what);
    return FOTA_RESULT_FAILED_FOR_NOW;
}

/* The third field of `#FTPGETPKT: <file>,<view>,<eof>`: the whole file is in the module. */
static FotaResult
fetch_ask_end(FotaSession *session, gboolean *end, GError **error)
{
    g_autofree char *answer = fota_session_query(session, "AT#FTPGETPKT?", "#FTPGETPKT:", 0, error);
    g_auto(GStrv) fields = g_strsplit(answer != NULL ? answer : "", ",", -1);

    if (answer == NULL)
        return FOTA_RESULT_FAILED_FOR_NOW;
    if (g_strv_length(fields) != 3 || (strcmp(fields[2], "0") != 0 && strcmp(fields[2], "1") != 0))
        return refuse_answer("the answer to AT#FTPGETPKT?", error);
    *end = fields[2][0] == '1';
    return FOTA_RESULT_DONE;
}

/* Pairs of hexadecimal digits. FALSE: it is something else, or not @count bytes. */
static gboolean
piece_decode(char **lines, guint64 count, GByteArray *file)
{
    g_autofree char *digits = g_strjoinv("", lines);

    if (strlen(digits) != 2 * count || strspn(digits, "0123456789ABCDEFabcdef") != 2 * count)
        return FALSE;
    for (const char *pair = digits; pair[0] != '\0'; pair += 2) {
        guint8 byte = (guint8)(g_ascii_xdigit_value(pair[0]) << 4 | g_ascii_xdigit_value(pair[1]));

        g_byte_array_append(file, &byte, 1);
    }
    return TRUE;
}

/* The next piece: `#FTPRECV: <count>`, then the bytes. An error is "none now": *@got is FALSE. */
static FotaResult
piece_receive(FotaSession *session, GByteArray *file, gboolean *got, GError **error)
{
    g_autofree char *command = g_strdup_printf("AT#FTPRECV=%d", PIECE);
    g_autoptr(GError) local_error = NULL;
    g_auto(GStrv) lines = fota_session_command(session, command, 0, &local_error);
    const char *prefix = "#FTPRECV:";
    guint64 count;

    *got = lines != NULL;
    if (g_error_matches(local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED))
        return FOTA_RESULT_DONE;
    if (lines == NULL) {
        g_propagate_error(error, g_steal_pointer(&local_error));
        return FOTA_RESULT_FAILED_FOR_NOW;
    }
    if (lines[0] == NULL || !g_str_has_prefix(lines[0], prefix) ||
        !g_ascii_string_to_unsigned(g_strstrip(lines[0] + strlen(prefix)), 10, 0, PIECE, &count,
                                    NULL) ||
        !piece_decode(lines + 1, count, file))
        return refuse_answer("the answer to AT#FTPRECV", error);
    *got = count > 0;
    return FOTA_RESULT_DONE;
}

/* All pieces. The end is asked for before each, so that none can arrive in between. */
static FotaResult
pieces_receive(FotaSession *session, GByteArray *file, gsize max_bytes, GError **error)
{
    guint waited = 0;

    while (waited <= TIME_FILE) {
        gboolean end, got;
        FotaResult result = fetch_ask_end(session, &end, error);

        if (result == FOTA_RESULT_DONE)
            result = piece_receive(session, file, &got, error);
        if (result != FOTA_RESULT_DONE)
            return result;
        if (file->len > max_bytes) {
            g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_TRANSFER_FAILED,
                        "the file is larger than %" G_GSIZE_FORMAT " bytes", max_bytes);
            return FOTA_RESULT_FAILED_FOR_GOOD;
        }
        if (!got && end)
            return FOTA_RESULT_DONE;
        if (!got && !fota_session_pause(session, 1, error))
            return FOTA_RESULT_FAILED_FOR_NOW;
        if (!got)
            waited++;
    }
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_TRANSFER_FAILED,
                "the file did not arrive whole within %d seconds", TIME_FILE);
    return FOTA_RESULT_FAILED_FOR_NOW;
}

FotaResult
telit_fetch_file(FotaSession *session, const FotaUpdate *update, gsize max_bytes, GBytes **contents,
                 GError **error)
{
    g_autoptr(GByteArray) file = g_byte_array_new();
    g_autoptr(GError) local_error = NULL;
    g_autofree char *quoted = fota_at_quote(update->path, error);
    g_autofree char *command = NULL;
    FotaResult result;

    if (quoted == NULL)
        return FOTA_RESULT_FAILED_FOR_GOOD;
    command = g_strdup_printf("AT#FTPGETPKT=%s,1", quoted);
    if (!fota_session_order(session, command, 0, &local_error))
        return telit_ftp_fail(session, g_steal_pointer(&local_error),
                              FOTA_MODULE_ERROR_TRANSFER_FAILED, "the file could not be fetched",
                              error);
    result = pieces_receive(session, file, max_bytes, error);
    if (result == FOTA_RESULT_DONE)
        *contents = g_byte_array_free_to_bytes(g_steal_pointer(&file));
    return result;
}
