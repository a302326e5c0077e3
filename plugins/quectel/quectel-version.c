/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plugins/quectel/quectel-version.h"

/* What is remembered: the command that this module tells its version with. Decided once an update,
 * so that a module that does not answer well after its restart is not asked otherwise then. */
#define COMMAND "Version"

#define LATE ".00.000"
#define PAUSE 1

/* An EC20 of old has no +QGMR. */
static FotaResult
choose_command(FotaSession *session, const char **command, GError **error)
{
    const char *otherwise = fota_session_get_text(session, "VersionOtherwise");
    g_autoptr(GError) local_error = NULL;

    *command = fota_session_recall(session, COMMAND);
    if (*command != NULL)
        return FOTA_RESULT_DONE;
    *command = "AT+QGMR";
    if (otherwise[0] == '\0')
        return FOTA_RESULT_DONE;
    if (!fota_session_order(session, *command, 0, &local_error) &&
        !g_error_matches(local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED)) {
        g_propagate_error(error, g_steal_pointer(&local_error));
        return FOTA_RESULT_FAILED_FOR_NOW;
    }
    if (local_error != NULL && fota_session_was_put_off(session))
        return FOTA_RESULT_DONE;
    if (local_error != NULL)
        *command = otherwise;
    fota_session_remember(session, COMMAND, *command);
    return FOTA_RESULT_DONE;
}

FotaResult
quectel_version_read(FotaSession *session, char **version, GError **error)
{
    gint64 end = fota_session_get_time(session) + fota_session_get_number(session, "HalfTime");
    const char *command;
    FotaResult result = choose_command(session, &command, error);

    while (result == FOTA_RESULT_DONE) {
        g_autofree char *told = NULL;

        result = fota_session_read_version(session, command, &told, error);
        if (result != FOTA_RESULT_DONE)
            break;
        if (!g_str_has_suffix(told, LATE) || fota_session_get_time(session) >= end) {
            *version = g_steal_pointer(&told);
            break;
        }
        if (!fota_session_pause(session, PAUSE, error))
            result = FOTA_RESULT_FAILED_FOR_NOW;
    }
    return result;
}
