/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plugins/telit/telit-debt.h"

const char *
telit_debt_get(FotaSession *session, const char *name)
{
    const char *text = fota_session_recall(session, name);

    return text != NULL && text[0] != '\0' ? text : NULL;
}

FotaResult
telit_debt_write(FotaSession *session, const FotaUpdate *update, const char *name, const char *text,
                 GError **error)
{
    g_autofree char *before = g_strdup(telit_debt_get(session, name));

    fota_session_remember(session, name, text);
    if (update->to == NULL || fota_session_save(session, error))
        return FOTA_RESULT_DONE;
    fota_session_remember(session, name, before != NULL ? before : "");
    return FOTA_RESULT_TRY_LATER;
}

void
telit_debt_forget(FotaSession *session, const char *name)
{
    if (telit_debt_get(session, name) != NULL)
        fota_session_remember(session, name, "");
}

void
telit_debt_pay(FotaSession *session, const char *name, const char *command, const char *failed)
{
    g_autoptr(GError) error = NULL;

    if (telit_debt_get(session, name) == NULL)
        return;
    if (!fota_session_order(session, command, 0, &error))
        fota_session_note(session, "%s: %s", failed, error->message);
    if (error == NULL ||
        g_error_matches(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED))
        telit_debt_forget(session, name);
}
