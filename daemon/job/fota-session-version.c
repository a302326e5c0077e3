/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>

#include "base/fota-wait.h"
#include "daemon/job/fota-session.h"

/* One reading: NULL without an error when the module is there but cannot say it yet. */
static char *
try_version(FotaSession *session, const char *command, guint seconds, GError **error)
{
    g_autoptr(GError) local_error = NULL;
    g_auto(GStrv) lines = fota_session_command(session, command, seconds, &local_error);

    if (lines != NULL)
        return lines[0] != NULL ? g_strdup(g_strstrip(lines[0])) : NULL;
    if (!g_error_matches(local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED) &&
        !g_error_matches(local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT))
        g_propagate_error(error, g_steal_pointer(&local_error));
    return NULL;
}

FotaResult
fota_session_read_version(FotaSession *session, const char *command, char **version, GError **error)
{
    guint seconds = fota_session_get_number(session, "VersionTime");
    guint pause = fota_session_get_number(session, "VersionPause");
    gint64 end = fota_boot_time() + (gint64)seconds * G_USEC_PER_SEC;
    g_autofree char *last = NULL;

    for (;;) {
        g_autoptr(GError) local_error = NULL;
        gint64 left = end - fota_boot_time();
        g_autofree char *now = NULL;

        if (left <= 0) {
            g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT,
                        "%s did not give the same answer twice in a row within %u s", command,
                        seconds);
            return FOTA_RESULT_FAILED_FOR_NOW;
        }
        now =
            try_version(session, command, (guint)CLAMP(left / G_USEC_PER_SEC, 1, 10), &local_error);
        if (local_error != NULL) {
            g_propagate_error(error, g_steal_pointer(&local_error));
            return FOTA_RESULT_FAILED_FOR_NOW;
        }
        if (now != NULL && now[0] != '\0' && g_strcmp0(now, last) == 0) {
            *version = g_steal_pointer(&now);
            return FOTA_RESULT_DONE;
        }
        g_free(last);
        last = g_steal_pointer(&now);
        if (!fota_session_pause(session, pause, error))
            return FOTA_RESULT_FAILED_FOR_NOW;
    }
}
