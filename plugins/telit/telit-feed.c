/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plugins/telit/telit-feed.h"

#include "plugins/telit/telit-errors.h"
#include "plugins/telit/telit-otaup.h"

/* The two forms: the later families are told how much will come. */
static char *
feed_command(FotaSession *session, const FotaUpdate *update)
{
    return fota_session_get_number(session, "FeedSize") != 0
               ? g_strdup_printf("AT#OTAUPW=%" G_GUINT64_FORMAT, update->size)
               : g_strdup("AT#OTAUPW");
}

/* Whatever it was, the module's copy is not whole: #OTAUPW begins it anew. */
static FotaResult
feed_fail(FotaSession *session, GError *fault, GError **error)
{
    if (g_error_matches(fault, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED))
        fota_session_explain(session, telit_cme_texts, &fault);
    g_propagate_prefixed_error(error, fault, "the delta could not be handed over: ");
    return FOTA_RESULT_FAILED_FOR_NOW;
}

/*
 * Nothing is acknowledged and a UART may have no flow control, so the pauses, those of the one
 * program that is published, keep the module from losing bytes, and its own check tells whether it
 * has.
 */
FotaResult
telit_feed_load(FotaSession *session, const FotaUpdate *update, int fd, GError **error)
{
    static const char *const prompts[] = {"CONNECT", NULL};
    const FotaPacing pacing = {.block = fota_session_get_number(session, "FeedBlock"),
                               .pause_ms = fota_session_get_number(session, "FeedPause")};
    g_autofree char *command = feed_command(session, update);
    GError *fault = NULL;
    g_auto(GStrv) lines = NULL;

    if (!fota_session_begin_data(session, command, prompts, NULL, 0, &fault) ||
        !fota_session_pause(session, fota_session_get_number(session, "FeedStart"), &fault) ||
        !fota_session_send_file(session, fd, update->size, &pacing, &fault))
        return feed_fail(session, fault, error);
    lines =
        fota_session_end_data(session, fota_session_get_number(session, "FeedGuard"), 0, &fault);
    if (lines == NULL ||
        !fota_session_pause(session, fota_session_get_number(session, "FeedSettle"), &fault))
        return feed_fail(session, fault, error);
    return FOTA_RESULT_DONE;
}

FotaResult
telit_feed_install(FotaSession *session, const FotaUpdate *update, GError **error)
{
    return telit_otaup_install(session, update, "AT#OTAUP=0,2", error);
}
