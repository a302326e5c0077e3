/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plugins/telit/telit-version.h"

/* One part: `#CFVR: 4` is 4, and an answer without the command's name is itself. */
static FotaResult
read_part(FotaSession *session, const char *name, GString *joined, GError **error)
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
