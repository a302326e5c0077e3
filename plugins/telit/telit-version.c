/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plugins/telit/telit-version.h"

/* `#CFVR: 4` is 4, and an answer without the command's name is itself. */
static FotaResult
read_answer(FotaSession *session, const char *name, GString *joined, GError **error)
{
    g_autofree char *command = g_strconcat("AT", name, NULL);
    g_autofree char *prefix = g_strconcat(name, ":", NULL);
    g_autofree char *answer = NULL;
    FotaResult result = fota_session_read_version(session, command, &answer, error);
    const char *part;

    if (result != FOTA_RESULT_DONE)
        return result;
    part = fota_line_after(answer, prefix);
    g_string_append_printf(joined, "%s%s", joined->len > 0 ? "+" : "",
                           part != NULL ? part : answer);
    return FOTA_RESULT_DONE;
}

/*
 * Whether the module does not have the command: it answers, and not because its SIM is not ready. A
 * module that is silent for now must not get another name for its firmware.
 */
static gboolean
lacks_command(FotaSession *session, const char *name)
{
    g_autofree char *command = g_strconcat("AT", name, NULL);
    g_autoptr(GError) error = NULL;

    return !fota_session_order(session, command, 0, &error) &&
           g_error_matches(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED) &&
           !fota_session_was_put_off(session);
}

/* One part, `#SWPKGV|+GMR`: the first that the module has. */
static FotaResult
read_part(FotaSession *session, const char *part, GString *joined, GError **error)
{
    g_auto(GStrv) names = g_strsplit(part, "|", -1);
    FotaResult result = FOTA_RESULT_FAILED_FOR_NOW;

    for (guint i = 0; names[i] != NULL; i++) {
        g_autoptr(GError) local_error = NULL;

        result = read_answer(session, names[i], joined, &local_error);
        if (result == FOTA_RESULT_DONE)
            return result;
        if (names[i + 1] == NULL || !lacks_command(session, names[i])) {
            g_propagate_error(error, g_steal_pointer(&local_error));
            return result;
        }
    }
    return result;
}

FotaResult
telit_version_read(FotaSession *session, char **version, GError **error)
{
    g_auto(GStrv) names = g_strsplit(fota_session_get_text(session, "Version"), " ", -1);
    g_autoptr(GString) joined = g_string_new(NULL);

    for (guint i = 0; names[i] != NULL; i++) {
        FotaResult result = read_part(session, names[i], joined, error);

        if (result != FOTA_RESULT_DONE)
            return result;
    }
    *version = g_strdup(joined->str);
    return FOTA_RESULT_DONE;
}
