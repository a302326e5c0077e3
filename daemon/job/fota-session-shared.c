/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "plugins/fota-plugin.h"

/* What vendors' plugins share, made of the session's other functions. */

/* 27.007 9.2; what a vendor numbers himself stands in his own table. */
static const FotaCodeText general_texts[] = {
    {3, "operation not allowed"},
    {4, "operation not supported"},
    {10, "no SIM"},
    {11, "the SIM wants its PIN"},
    {13, "SIM failure"},
    {14, "SIM busy"},
    {20, "memory full"},
    {22, "not found"},
    {23, "memory failure"},
    {30, "no network service"},
    {31, "network timeout"},
    {100, "unknown"},
    {0, NULL},
};

gboolean
fota_session_order(FotaSession *session, const char *command, guint seconds, GError **error)
{
    g_auto(GStrv) lines = fota_session_command(session, command, seconds, error);

    return lines != NULL;
}

gboolean
fota_session_try(FotaSession *session, const char *command, guint seconds, GStrv *lines,
                 GError **error)
{
    g_autoptr(GError) local_error = NULL;
    g_auto(GStrv) answer = fota_session_command(session, command, seconds, &local_error);

    if (lines != NULL)
        *lines = g_steal_pointer(&answer);
    if (local_error == NULL)
        return TRUE;
    if (!g_error_matches(local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED) &&
        !g_error_matches(local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT) &&
        !g_error_matches(local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_BAD_ANSWER)) {
        g_propagate_error(error, g_steal_pointer(&local_error));
        return FALSE;
    }
    fota_session_note(session, "%s; it is not needed", local_error->message);
    return TRUE;
}

const char *
fota_line_after(const char *line, const char *prefix)
{
    if (!g_str_has_prefix(line, prefix))
        return NULL;
    line += strlen(prefix);
    return line + strspn(line, " ");
}

const char *
fota_lines_find(GStrv lines, const char *prefix)
{
    const char *text = NULL;

    for (guint i = 0; lines != NULL && lines[i] != NULL && text == NULL; i++)
        text = fota_line_after(lines[i], prefix);
    return text;
}

char *
fota_session_query(FotaSession *session, const char *command, const char *prefix, guint seconds,
                   GError **error)
{
    g_auto(GStrv) lines = fota_session_command(session, command, seconds, error);
    const char *answer = lines != NULL ? fota_lines_find(lines, prefix) : NULL;

    if (lines == NULL || answer != NULL)
        return g_strdup(answer);
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_BAD_ANSWER,
                "%s was answered without a line %s", command, prefix);
    return NULL;
}

void
fota_session_explain(FotaSession *session, const FotaCodeText *table, GError **error)
{
    int number = fota_session_get_cme(session);
    const char *text = table != NULL ? fota_code_text(table, number) : NULL;
    char *message;

    if (number < 0)
        return;
    if (text == NULL)
        text = fota_code_text(general_texts, number);
    if (text == NULL)
        text = "a number that the vendor has not published";
    if (strstr((*error)->message, text) != NULL)
        return;
    message = g_strdup_printf("%s (%s)", (*error)->message, text);
    g_free((*error)->message);
    (*error)->message = message;
}
