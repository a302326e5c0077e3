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

char *
fota_session_query(FotaSession *session, const char *command, const char *prefix, guint seconds,
                   GError **error)
{
    g_auto(GStrv) lines = fota_session_command(session, command, seconds, error);

    if (lines == NULL)
        return NULL;
    for (guint i = 0; lines[i] != NULL; i++) {
        if (g_str_has_prefix(lines[i], prefix)) {
            const char *rest = lines[i] + strlen(prefix);

            return g_strdup(rest + strspn(rest, " "));
        }
    }
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
