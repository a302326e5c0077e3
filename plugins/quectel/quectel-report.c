/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plugins/quectel/quectel-report.h"

#include <stdlib.h>
#include <string.h>

/* The documented numbers have three digits. */
#define MAX_DIGITS 6

static const struct {
    const char *word;
    QuectelReport report;
    FotaLineKind kind;
    gboolean wants_number;
} words[] = {
    {"HTTPSTART", QUECTEL_LOADING, FOTA_LINE_STATE, FALSE},
    {"HTTPSSTART", QUECTEL_LOADING, FOTA_LINE_STATE, FALSE},
    {"FTPSTART", QUECTEL_LOADING, FOTA_LINE_STATE, FALSE},
    {"FTPSSTART", QUECTEL_LOADING, FOTA_LINE_STATE, FALSE},
    {"DOWNLOADING", QUECTEL_LOADING, FOTA_LINE_PROGRESS, TRUE},
    {"HTTPEND", QUECTEL_LOADED, FOTA_LINE_DONE, TRUE},
    {"HTTPSEND", QUECTEL_LOADED, FOTA_LINE_DONE, TRUE},
    {"FTPEND", QUECTEL_LOADED, FOTA_LINE_DONE, TRUE},
    {"FTPSEND", QUECTEL_LOADED, FOTA_LINE_DONE, TRUE},
    {"START", QUECTEL_UPDATING, FOTA_LINE_STATE, FALSE},
    {"UPDATING", QUECTEL_UPDATING, FOTA_LINE_PROGRESS, TRUE},
    {"RESTORE", QUECTEL_UPDATING, FOTA_LINE_PROGRESS, TRUE},
    {"END", QUECTEL_UPDATED, FOTA_LINE_DONE, TRUE},
};

/* The number behind a word, `,47` or `,47%`; -1 when there is none, or no number. */
static int
parse_number(const char *text)
{
    const char *digits = text + 1 + strspn(text + (text[0] == ',' ? 1 : 0), " ");
    gsize length;

    if (text[0] != ',')
        return -1;
    length = strspn(digits, "0123456789");
    if (length == 0 || length > MAX_DIGITS)
        return -1;
    return digits[length] == '\0' || strcmp(digits + length, "%") == 0 ? atoi(digits) : -1;
}

/* `"FOTA","<word>"[,<number>[%]]`; instead of the word there may be a sentence (BG96). */
static gboolean
fota_parse(const char *rest, FotaHeard *heard)
{
    g_auto(GStrv) parts = g_strsplit(rest, "\"", 5);

    if (g_strv_length(parts) != 5 || parts[0][0] != '\0' || strcmp(parts[1], "FOTA") != 0)
        return FALSE;
    heard->code = parse_number(parts[4]);
    heard->text = g_strdup(parts[3]);
    for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
        if (strcmp(parts[3], words[i].word) != 0)
            continue;
        heard->kind = words[i].kind;
        heard->number = words[i].report;
        if (heard->kind == FOTA_LINE_DONE && heard->code != 0)
            heard->kind = FOTA_LINE_FAILED;
        return heard->code >= 0 || !words[i].wants_number;
    }
    heard->kind = FOTA_LINE_STATE;
    heard->number = QUECTEL_UPDATING;
    return strchr(parts[3], ' ') != NULL;
}

gboolean
quectel_forget_reports(FotaSession *session, GError **error)
{
    g_autoptr(GError) local_error = NULL;
    g_auto(FotaHeard) heard = {0};

    fota_session_remember(session, QUECTEL_END, "");
    while (fota_session_hear(session, 0, &heard, &local_error))
        fota_session_note(session, "before the order, the module reports %s", heard.text);
    if (local_error == NULL)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&local_error));
    return FALSE;
}

static gboolean
ready_parse(const char *rest, FotaHeard *heard)
{
    heard->number = QUECTEL_STARTED;
    heard->text = g_strdup("RDY");
    return rest[0] == '\0';
}

/* Of a start, or of the end; those that are called `+QIND: PB DONE` have a name. */
const char *const quectel_announcements[] = {
    "APP RDY", "QCRDY", "SMS DONE", "PB DONE", "POWERED DOWN", "NORMAL POWER DOWN", NULL};

const FotaUnsolicited quectel_unsolicited[] = {
    {"+QIND:", FOTA_LINE_STATE, fota_parse},
    {"RDY", FOTA_LINE_STATE, ready_parse},
    {NULL, 0, NULL},
};
