/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plugins/telit/telit-debt.h"

FotaResult
telit_debt_write(FotaSession *session, const FotaUpdate *update, const char *name, const char *text,
                 GError **error)
{
    g_autofree char *before = g_strdup(fota_session_get_debt(session, name));

    fota_session_remember(session, name, text);
    if (update->to == NULL || fota_session_save(session, error))
        return FOTA_RESULT_DONE;
    fota_session_remember(session, name, before != NULL ? before : "");
    return FOTA_RESULT_TRY_LATER;
}
