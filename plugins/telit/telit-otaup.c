/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plugins/telit/telit-otaup.h"

#include "plugins/telit/telit-errors.h"

FotaResult
telit_otaup_validate(FotaSession *session, const FotaUpdate *update, GError **error)
{
    g_autoptr(GError) local_error = NULL;

    if (fota_session_get_number(session, "CanValidate") == 0 ||
        fota_session_order(session, "AT#OTAUP=1", 0, &local_error))
        return FOTA_RESULT_DONE;
    if (!telit_explain_refusal(session, &local_error, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_TRANSFER_FAILED,
                "the module finds its copy of the delta damaged, or not made for %s: %s",
                update->from, local_error->message);
    return FOTA_RESULT_FAILED_FOR_NOW;
}

FotaResult
telit_otaup_install(FotaSession *session, const FotaUpdate *update, const char *command,
                    GError **error)
{
    g_autoptr(GError) local_error = NULL;

    if (fota_session_order(session, command, 0, &local_error))
        return FOTA_RESULT_DONE;
    if (!telit_explain_refusal(session, &local_error, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_INSTALL_REFUSED,
                "the module refuses the delta: %s; is it the delta from %s?", local_error->message,
                update->from);
    return FOTA_RESULT_REFUSED;
}
