/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plugins/telit/telit-asked.h"

#include <string.h>

#include "plugins/telit/telit-enhanced.h"
#include "plugins/telit/telit-errors.h"
#include "plugins/telit/telit-version.h"

/* What the module has kept while the port was busy comes within this time. */
#define FLUSH_SECONDS 2
/* Remembered of an update: the module was told yes, and has begun for all that is known. */
#define ACCEPTED "Accepted"
/* A module that reports without an end is not listened to for longer. */
#define LISTEN_SECONDS 10

/* Beside the numbers of flow D, since one table of lines serves both. */
typedef enum {
    REPORT_OTHER = TELIT_N_REPORTS,
    REPORT_QUESTION,
    REPORT_TIMEOUT,
    REPORT_AUTOMATIC,
    REPORT_DOWNLOAD,
    REPORT_DOWNLOADED,
    REPORT_FAILED,
    REPORT_UPGRADED,
    REPORT_TOLD,
} Report;

/* Capitals differ from family to family, and texts are part of longer ones. */
static const struct {
    const char *text;
    Report report;
    FotaLineKind kind;
} reports[] = {
    {"do you want to upgrade", REPORT_QUESTION, FOTA_LINE_QUESTION},
    {"user answer timeout", REPORT_TIMEOUT, FOTA_LINE_FAILED},
    {"automatic fw upgrade", REPORT_AUTOMATIC, FOTA_LINE_STATE},
    {"start fw download", REPORT_DOWNLOAD, FOTA_LINE_STATE},
    {"fw download complete", REPORT_DOWNLOADED, FOTA_LINE_STATE},
    {"fw upgrade failed", REPORT_FAILED, FOTA_LINE_FAILED},
    {"module upgraded to new fw", REPORT_UPGRADED, FOTA_LINE_DONE},
    {"server notified", REPORT_TOLD, FOTA_LINE_REPORT},
};

/* Numbers of the operator's OMA-DM client, which updates the module without asking. */
static const struct {
    int number;
    const char *text;
    Report report;
    FotaLineKind kind;
} carrier_reports[] = {
    {900, "the carrier's client is ready", REPORT_OTHER, FOTA_LINE_REPORT},
    {907, "the carrier begins a session", REPORT_OTHER, FOTA_LINE_REPORT},
    {911, "the carrier's server refuses the login", REPORT_FAILED, FOTA_LINE_REPORT},
    {912, "the carrier's server does not answer", REPORT_FAILED, FOTA_LINE_REPORT},
    {913, "the carrier's session has lost the network", REPORT_FAILED, FOTA_LINE_REPORT},
    {915, "the carrier's session has failed", REPORT_FAILED, FOTA_LINE_REPORT},
    {916, "the carrier has no update", REPORT_OTHER, FOTA_LINE_REPORT},
    {918, "the carrier sets the access point", REPORT_OTHER, FOTA_LINE_REPORT},
    {919, "the carrier's delta is in the module", REPORT_DOWNLOADED, FOTA_LINE_CARRIER},
    {920, "the carrier's download goes on", REPORT_DOWNLOAD, FOTA_LINE_CARRIER},
    {921, "the carrier's download begins", REPORT_DOWNLOAD, FOTA_LINE_CARRIER},
    {930, "the carrier is told the result", REPORT_TOLD, FOTA_LINE_REPORT},
};

/* FUMO's result of #929, of which 200 is the only good one. */
#define CARRIER_RESULT 929
#define CARRIER_DONE 200

/* Reads `#921: ...`. FALSE: there is no such number. */
static gboolean
parse_carrier(const char *rest, FotaHeard *heard)
{
    char *end;
    gint64 number = rest[0] == '#' ? g_ascii_strtoll(rest + 1, &end, 10) : 0;
    const char *text = NULL;

    if (number == CARRIER_RESULT) {
        gboolean done = g_ascii_strtoll(end + strspn(end, ": "), NULL, 10) == CARRIER_DONE;

        text = done ? "the carrier's update is done" : "the carrier's update has failed";
        heard->number = done ? REPORT_UPGRADED : REPORT_FAILED;
        heard->kind = done ? FOTA_LINE_DONE : FOTA_LINE_REPORT;
    }
    for (guint i = 0; i < G_N_ELEMENTS(carrier_reports); i++) {
        if (carrier_reports[i].number != number)
            continue;
        text = carrier_reports[i].text;
        heard->number = carrier_reports[i].report;
        heard->kind = carrier_reports[i].kind;
    }
    if (text != NULL)
        heard->text = g_strdup_printf("%s (%s)", rest, text);
    return text != NULL;
}

gboolean
telit_asked_parse(const char *rest, FotaHeard *heard)
{
    g_autofree char *lower = g_ascii_strdown(rest, -1);

    if (parse_carrier(rest, heard))
        return TRUE;
    heard->text = g_strdup(rest);
    heard->number = REPORT_OTHER;
    for (guint i = 0; i < G_N_ELEMENTS(reports); i++) {
        if (strstr(lower, reports[i].text) == NULL)
            continue;
        heard->kind = reports[i].kind;
        heard->number = reports[i].report;
        break;
    }
    return TRUE;
}

FotaResult
telit_asked_start(FotaSession *session, FotaVendorOffer *offer, GError **error)
{
    g_autoptr(GError) local_error = NULL;

    if (fota_session_order(session, "AT#OTAIPUPD", 0, &local_error))
        return FOTA_RESULT_DONE;
    if (!g_error_matches(local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED)) {
        g_propagate_error(error, g_steal_pointer(&local_error));
        return FOTA_RESULT_FAILED_FOR_NOW;
    }
    fota_session_explain(session, telit_cme_texts, &local_error);
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED,
                "the module does not ask its server: %s; has the server registered it, and are "
                "#OTASNAPIPCFG and #OTAIPCFG set?",
                local_error->message);
    return FOTA_RESULT_REFUSED;
}

/* Reads @heard into what is asked; a later report is worth more than an earlier one. */
static void
take_report(FotaQuestion *question, FotaHeard *heard)
{
    g_clear_pointer(&question->text, g_free);
    question->kind = FOTA_QUESTION_NONE;
    question->may_reject = heard->number == REPORT_QUESTION;
    if (heard->number == REPORT_QUESTION)
        question->kind = FOTA_QUESTION_DOWNLOAD;
    if (heard->kind == FOTA_LINE_QUESTION || heard->kind == FOTA_LINE_STATE ||
        heard->kind == FOTA_LINE_CARRIER)
        question->text = g_steal_pointer(&heard->text);
}

/*
 * #OTASUAN without a first value answers nothing; 2 has the module keep its reports while the port
 * is busy, and 1 has it send those that it has kept.
 */
FotaResult
telit_asked_questions(FotaSession *session, FotaQuestion *question, GError **error)
{
    gint64 end = fota_session_get_time(session) + LISTEN_SECONDS;
    g_auto(GStrv) lines = NULL;
    g_auto(FotaHeard) heard = {0};
    g_autoptr(GError) local_error = NULL;

    if (!fota_session_try(session, "AT#OTASUAN=,2,1", 0, &lines, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    if (fota_session_recall(session, ACCEPTED) != NULL)
        question->text = g_strdup("the answer was yes");
    while (fota_session_get_time(session) < end &&
           fota_session_hear(session, lines != NULL ? FLUSH_SECONDS : 0, &heard, &local_error)) {
        if (heard.number == REPORT_OTHER || heard.number == REPORT_TOLD)
            fota_session_note(session, "the module reports #OTAEV: %s", heard.text);
        else
            take_report(question, &heard);
    }
    if (local_error == NULL)
        return FOTA_RESULT_DONE;
    g_propagate_error(error, g_steal_pointer(&local_error));
    return FOTA_RESULT_FAILED_FOR_NOW;
}

/* Older firmware knows yes and no alone: the first group of `#OTASUAN: (0-2),(0-2),(0,1)`. */
static FotaResult
answer_later(FotaSession *session, GError **error)
{
    g_auto(GStrv) lines = NULL;
    const char *values;

    if (!fota_session_try(session, "AT#OTASUAN=?", 0, &lines, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    values = fota_lines_find(lines, "#OTASUAN:");
    if (values == NULL || memchr(values, '2', strcspn(values, ")")) == NULL) {
        fota_session_note(session, "this firmware cannot be told to ask later; it gets no answer");
        return FOTA_RESULT_DONE;
    }
    return fota_session_order(session, "AT#OTASUAN=2", 0, error) ? FOTA_RESULT_DONE
                                                                 : FOTA_RESULT_FAILED_FOR_NOW;
}

static FotaResult
fail_expired(const char *why, GError **error)
{
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_QUESTION_EXPIRED,
                "the answer came too late: %s", why);
    return FOTA_RESULT_FAILED_FOR_GOOD;
}

/* Whoever goes on after a kill of fotad must not say yes again. */
static void
note_accepted(FotaSession *session)
{
    g_autoptr(GError) error = NULL;

    fota_session_remember(session, ACCEPTED, "1");
    if (!fota_session_save(session, &error))
        fota_session_note(session, "that the answer was yes is not written: %s", error->message);
}

/* An answer that no question waits for is an ERROR. */
static FotaResult
answer_send(FotaSession *session, const char *command, GError **error)
{
    g_autoptr(GError) local_error = NULL;

    if (fota_session_order(session, command, 0, &local_error))
        return FOTA_RESULT_DONE;
    if (g_error_matches(local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED))
        return fail_expired(local_error->message, error);
    g_propagate_error(error, g_steal_pointer(&local_error));
    return FOTA_RESULT_FAILED_FOR_NOW;
}

/* TRUE: it ends here, with *@result. */
static gboolean
follow_report(FotaSession *session, const FotaHeard *heard, FotaResult *result, GError **error)
{
    fota_session_note(session, "the module reports #OTAEV: %s", heard->text);
    *result = FOTA_RESULT_DONE;
    if (heard->number == REPORT_DOWNLOAD)
        fota_session_report_progress(session, 10);
    if (heard->number == REPORT_TIMEOUT)
        *result = fail_expired(heard->text, error);
    if (heard->number == REPORT_FAILED) {
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_TRANSFER_FAILED,
                    "the module reports #OTAEV: %s; its server knows why", heard->text);
        *result = FOTA_RESULT_FAILED_FOR_NOW;
    }
    return *result != FOTA_RESULT_DONE || heard->number == REPORT_DOWNLOADED ||
           heard->number == REPORT_UPGRADED;
}

/* The delta is fetched, checked and installed by the module; it says when it has it. */
static FotaResult
follow(FotaSession *session, gboolean goes_on, GError **error)
{
    guint seconds = fota_session_get_number(session, goes_on ? "PremiumTime" : "AnswerTime");
    g_auto(FotaHeard) heard = {0};
    g_autoptr(GError) local_error = NULL;
    FotaResult result;

    while (fota_session_hear(session, seconds, &heard, &local_error)) {
        if (follow_report(session, &heard, &result, error))
            return result;
        goes_on = goes_on || heard.number == REPORT_DOWNLOAD;
        seconds = fota_session_get_number(session, goes_on ? "PremiumTime" : "AnswerTime");
    }
    /* It has left to install. */
    if (g_error_matches(local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_GONE))
        return FOTA_RESULT_DONE;
    if (local_error == NULL && !goes_on)
        return fail_expired("the module begins nothing", error);
    if (local_error == NULL)
        g_set_error(&local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT,
                    "the module downloads and has reported nothing for %u s", seconds);
    g_propagate_error(error, g_steal_pointer(&local_error));
    return FOTA_RESULT_FAILED_FOR_NOW;
}

FotaResult
telit_asked_answer(FotaSession *session, const FotaQuestion *question, FotaAnswer answer,
                   guint seconds, GError **error)
{
    FotaResult result;

    if (question->kind == FOTA_QUESTION_NONE)
        return follow(session, TRUE, error);
    if (answer == FOTA_ANSWER_LATER)
        return answer_later(session, error);
    if (answer == FOTA_ANSWER_REJECT)
        return answer_send(session, "AT#OTASUAN=0", error);
    result = answer_send(session, "AT#OTASUAN=1", error);
    if (result != FOTA_RESULT_DONE)
        return result;
    note_accepted(session);
    return follow(session, FALSE, error);
}

/* What it reports after the restarts may come before or after it tells its version. */
FotaResult
telit_asked_outcome(FotaSession *session, const FotaUpdate *update, char **version, GError **error)
{
    FotaResult result = telit_version_read(session, version, error);
    g_auto(FotaHeard) heard = {0};

    while (result == FOTA_RESULT_DONE && fota_session_hear(session, 0, &heard, NULL)) {
        fota_session_note(session, "the module reports #OTAEV: %s", heard.text);
        if (heard.number != REPORT_FAILED)
            continue;
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_INSTALL_REFUSED,
                    "the module reports #OTAEV: %s", heard.text);
        result = FOTA_RESULT_FAILED_FOR_GOOD;
    }
    return result;
}
