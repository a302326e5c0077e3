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
follow_report(FotaSession *session, const FotaHeard *heard, gboolean unasked, guint64 size,
              FotaResult *result, GError **error)
{
    TelitFollow means = telit_follow_judge(heard);

    /* The carrier's client may well have a session of its own during another's update. */
    if (unasked && heard->number == TELIT_REPORT_SESSION_FAILED)
        means = TELIT_FOLLOW_FAILED;
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

/* How long to listen for the next line, @passed seconds after the beginning. Until it begins, what
 * else it says gives it no more time. */
static gint64
follow_get_seconds(FotaSession *session, gboolean goes_on, gint64 passed)
{
    gint64 most = TELIT_FOLLOW_SECONDS - passed;

    return goes_on ? MIN(fota_session_get_number(session, "PremiumTime"), most)
                   : MIN(fota_session_get_number(session, "AnswerTime") - passed, most);
}

static FotaResult
follow_fail_silent(gboolean goes_on, GError **error)
{
    if (!goes_on)
        return telit_follow_fail_expired("the module begins nothing", error);
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT,
                "the module has downloaded for too long without a word on how it stands");
    return FOTA_RESULT_FAILED_FOR_NOW;
}

FotaResult
telit_follow(FotaSession *session, gboolean goes_on, gboolean unasked, guint64 size, GError **error)
{
    const gint64 start = fota_session_get_time(session);
    gint64 seconds = follow_get_seconds(session, goes_on, 0);
    g_auto(FotaHeard) heard = {0};
    g_autoptr(GError) local_error = NULL;
    FotaResult result;

    while (seconds > 0 && fota_session_hear(session, (guint)seconds, &heard, &local_error)) {
        if (follow_report(session, &heard, unasked, size, &result, error))
            return result;
        goes_on = goes_on || telit_follow_judge(&heard) == TELIT_FOLLOW_GOES_ON;
        seconds = follow_get_seconds(session, goes_on, fota_session_get_time(session) - start);
    }
    /* It has left to install. */
    if (g_error_matches(local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_GONE))
        return FOTA_RESULT_DONE;
    if (local_error == NULL)
        return follow_fail_silent(goes_on, error);
    g_propagate_error(error, g_steal_pointer(&local_error));
    return FOTA_RESULT_FAILED_FOR_NOW;
}
