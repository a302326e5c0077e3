/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plugins/telit/telit-follow.h"

static const struct {
    gint64 report;
    TelitFollow means;
} meanings[] = {
    {TELIT_DOWNLOAD_FAILED, TELIT_FOLLOW_FAILED},    {TELIT_CHECK_FAILED, TELIT_FOLLOW_FAILED},
    {TELIT_REPORT_DOWNLOAD, TELIT_FOLLOW_GOES_ON},   {TELIT_REPORT_RECEIVED, TELIT_FOLLOW_GOES_ON},
    {TELIT_REPORT_DOWNLOADED, TELIT_FOLLOW_HAS_IT},  {TELIT_REPORT_UPGRADED, TELIT_FOLLOW_HAS_IT},
    {TELIT_REPORT_TIMEOUT, TELIT_FOLLOW_EXPIRED},    {TELIT_REPORT_DROPPED, TELIT_FOLLOW_EXPIRED},
    {TELIT_REPORT_NO_PACKAGE, TELIT_FOLLOW_EXPIRED}, {TELIT_REPORT_FAILED, TELIT_FOLLOW_FAILED},
};

TelitFollow
telit_follow_judge(const FotaHeard *heard)
{
    for (guint i = 0; i < G_N_ELEMENTS(meanings); i++) {
        if (meanings[i].report == heard->number)
            return meanings[i].means;
    }
    return TELIT_FOLLOW_NOTE;
}

FotaResult
telit_follow_fail_expired(const char *why, GError **error)
{
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_QUESTION_EXPIRED,
                "the answer came too late: %s", why);
    return FOTA_RESULT_FAILED_FOR_GOOD;
}

FotaResult
telit_follow_fail(const FotaHeard *heard, FotaResult result, GError **error)
{
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_TRANSFER_FAILED,
                "the module reports: %s; its server knows why", heard->text);
    return result;
}

FotaResult
telit_follow_answer(FotaSession *session, const char *command, GError **error)
{
    g_autoptr(GError) local_error = NULL;

    if (fota_session_order(session, command, 0, &local_error))
        return FOTA_RESULT_DONE;
    if (g_error_matches(local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED))
        return telit_follow_fail_expired(local_error->message, error);
    g_propagate_error(error, g_steal_pointer(&local_error));
    return FOTA_RESULT_FAILED_FOR_NOW;
}

/* TRUE: it ends here, with *@result. */
static gboolean
follow_report(FotaSession *session, const FotaHeard *heard, guint64 size, FotaResult *result,
              GError **error)
{
    TelitFollow means = telit_follow_judge(heard);

    fota_session_note(session, "the module reports: %s", heard->text);
    *result = FOTA_RESULT_DONE;
    if (means == TELIT_FOLLOW_GOES_ON)
        fota_session_report_progress(session, 10);
    if (heard->number == TELIT_REPORT_RECEIVED)
        fota_session_report_bytes(session, (guint64)heard->code, size);
    if (means == TELIT_FOLLOW_EXPIRED)
        *result = telit_follow_fail_expired(heard->text, error);
    if (means == TELIT_FOLLOW_FAILED)
        *result = telit_follow_fail(heard, FOTA_RESULT_FAILED_FOR_NOW, error);
    return *result != FOTA_RESULT_DONE || means == TELIT_FOLLOW_HAS_IT;
}

FotaResult
telit_follow(FotaSession *session, gboolean goes_on, guint64 size, GError **error)
{
    guint seconds = fota_session_get_number(session, goes_on ? "PremiumTime" : "AnswerTime");
    g_auto(FotaHeard) heard = {0};
    g_autoptr(GError) local_error = NULL;
    FotaResult result;

    while (fota_session_hear(session, seconds, &heard, &local_error)) {
        if (follow_report(session, &heard, size, &result, error))
            return result;
        goes_on = goes_on || telit_follow_judge(&heard) == TELIT_FOLLOW_GOES_ON;
        seconds = fota_session_get_number(session, goes_on ? "PremiumTime" : "AnswerTime");
    }
    /* It has left to install. */
    if (g_error_matches(local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_GONE))
        return FOTA_RESULT_DONE;
    if (local_error == NULL && !goes_on)
        return telit_follow_fail_expired("the module begins nothing", error);
    if (local_error == NULL)
        g_set_error(&local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT,
                    "the module downloads and has reported nothing for %u s", seconds);
    g_propagate_error(error, g_steal_pointer(&local_error));
    return FOTA_RESULT_FAILED_FOR_NOW;
}
