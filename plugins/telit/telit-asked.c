/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plugins/telit/telit-asked.h"

#include <string.h>

#include "plugins/telit/telit-errors.h"
#include "plugins/telit/telit-follow.h"
#include "plugins/telit/telit-lwm2m.h"
#include "plugins/telit/telit-version.h"

/* What the module has kept while the port was busy comes within this time. */
#define FLUSH_SECONDS 2
/* Remembered of an update: the module was told yes, and has begun for all that is known. */
#define ACCEPTED "Accepted"
/* A module that reports without an end is not listened to for longer. */
#define LISTEN_SECONDS 10

/* FotaQuestion.number; from TELIT_LWM2M_AGENT on it is an LwM2M agent's. */
enum {
    ASKER_PREMIUM,
    ASKER_OMA_DM,
};

static gboolean
has_asker(FotaSession *session, const char *name)
{
    g_auto(GStrv) askers = g_strsplit(fota_session_get_text(session, "Asks"), " ", -1);

    return g_strv_contains((const char *const *)askers, name);
}

/* The client refuses every command unless #SWMENA is 1, which is its owner's decision. FALSE: as of
 * fota_session_try(). */
static gboolean
oma_dm_is_on(FotaSession *session, gboolean *on, GError **error)
{
    g_auto(GStrv) lines = NULL;
    const char *enabled;

    *on = FALSE;
    if (!has_asker(session, "oma-dm"))
        return TRUE;
    if (!fota_session_try(session, "AT#SWMENA?", 0, &lines, error))
        return FALSE;
    enabled = fota_lines_find(lines, "#SWMENA:");
    *on = enabled != NULL && enabled[0] == '1';
    if (!*on)
        fota_session_note(session, "the module's OMA-DM client is off, and stays off");
    return TRUE;
}

/* Has the carrier's server asked, where the client is on. */
static gboolean
start_oma_dm(FotaSession *session, gboolean *started, GError **error)
{
    g_auto(GStrv) lines = NULL;

    if (!oma_dm_is_on(session, started, error))
        return FALSE;
    if (*started && !fota_session_try(session, "AT#SWMCHKUPD", 0, &lines, error))
        return FALSE;
    *started = *started && lines != NULL;
    return TRUE;
}

FotaResult
telit_asked_start(FotaSession *session, FotaVendorOffer *offer, GError **error)
{
    g_autoptr(GError) local_error = NULL;
    gboolean started;

    if (!start_oma_dm(session, &started, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    if (fota_session_order(session, "AT#OTAIPUPD", 0, &local_error))
        return FOTA_RESULT_DONE;
    if (!telit_explain_refusal(session, &local_error, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    if (started) {
        fota_session_note(session, "%s; the carrier's server is asked", local_error->message);
        return FOTA_RESULT_DONE;
    }
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
    gboolean asks = heard->number == TELIT_REPORT_QUESTION || heard->number == TELIT_REPORT_PACKAGE;

    fota_question_clear(question);
    if (asks) {
        question->kind = FOTA_QUESTION_DOWNLOAD;
        question->number = heard->number == TELIT_REPORT_PACKAGE ? ASKER_OMA_DM : ASKER_PREMIUM;
        question->size = heard->number == TELIT_REPORT_PACKAGE ? (guint64)MAX(heard->code, 0) : 0;
        question->may_reject = TRUE;
    }
    if (telit_lwm2m_hear(heard, question) || asks || heard->kind == FOTA_LINE_STATE ||
        heard->kind == FOTA_LINE_CARRIER)
        question->text = g_steal_pointer(&heard->text);
}

/* What changes nothing about what is asked: a question is not the carrier's client's. */
static gboolean
is_note(const FotaQuestion *question, const FotaHeard *heard)
{
    if (heard->number == TELIT_REPORT_SESSION_FAILED)
        return question->kind != FOTA_QUESTION_NONE;
    return heard->number == TELIT_REPORT_OTHER || heard->number == TELIT_REPORT_TOLD ||
           heard->number == TELIT_RELEASED;
}

/* @seconds: how long after each line another one is waited for. */
static gboolean
hear_reports(FotaSession *session, FotaQuestion *question, guint seconds, GError **error)
{
    gint64 end = fota_session_get_time(session) + LISTEN_SECONDS;
    g_auto(FotaHeard) heard = {0};
    g_autoptr(GError) local_error = NULL;

    while (fota_session_get_time(session) < end &&
           fota_session_hear(session, seconds, &heard, &local_error)) {
        if (is_note(question, &heard))
            fota_session_note(session, "the module reports: %s", heard.text);
        else
            take_report(question, &heard);
    }
    if (local_error == NULL)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&local_error));
    return FALSE;
}

/*
 * #OTASUAN without a first value answers nothing; 2 has the module keep its reports while the port
 * is busy, and 1 has it send those that it has kept.
 */
FotaResult
telit_asked_questions(FotaSession *session, FotaQuestion *question, GError **error)
{
    g_auto(GStrv) lines = NULL;
    gboolean agent;

    if (has_asker(session, "premium") &&
        !fota_session_try(session, "AT#OTASUAN=,2,1", 0, &lines, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    if (fota_session_recall(session, ACCEPTED) != NULL)
        question->text = g_strdup("the answer was yes");
    if (!hear_reports(session, question, lines != NULL ? FLUSH_SECONDS : 0, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    agent = question->number >= TELIT_LWM2M_AGENT ||
            (question->kind == FOTA_QUESTION_NONE && question->text == NULL);
    return agent && has_asker(session, "lwm2m") ? telit_lwm2m_look(session, question, error)
                                                : FOTA_RESULT_DONE;
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

/* Whoever goes on after a kill of fotad must not say yes again. */
static void
note_accepted(FotaSession *session)
{
    g_autoptr(GError) error = NULL;

    fota_session_remember(session, ACCEPTED, "1");
    if (!fota_session_save(session, &error))
        fota_session_note(session, "that the answer was yes is not written: %s", error->message);
}

static FotaResult
accept(FotaSession *session, const char *command, guint64 size, GError **error)
{
    FotaResult result = telit_follow_answer(session, command, error);

    if (result != FOTA_RESULT_DONE)
        return result;
    note_accepted(session);
    return telit_follow(session, FALSE, FALSE, size, error);
}

static FotaResult
answer_premium(FotaSession *session, FotaAnswer answer, GError **error)
{
    if (answer == FOTA_ANSWER_LATER)
        return answer_later(session, error);
    return answer == FOTA_ANSWER_REJECT ? telit_follow_answer(session, "AT#OTASUAN=0", error)
                                        : accept(session, "AT#OTASUAN=1", 0, error);
}

static FotaResult
answer_oma_dm(FotaSession *session, const FotaQuestion *question, FotaAnswer answer, GError **error)
{
    if (answer == FOTA_ANSWER_ACCEPT)
        return accept(session, "AT#SWMGETDP=1", question->size, error);
    if (answer == FOTA_ANSWER_REJECT)
        return telit_follow_answer(session, "AT#SWMGETDP=0", error);
    fota_session_note(session, "#SWMGETDP knows yes and no alone; the module gets no answer yet");
    return FOTA_RESULT_DONE;
}

FotaResult
telit_asked_answer(FotaSession *session, const FotaQuestion *question, FotaAnswer answer,
                   guint seconds, GError **error)
{
    if (question->kind == FOTA_QUESTION_NONE)
        return telit_follow(session, TRUE, fota_session_recall(session, ACCEPTED) == NULL,
                            question->size, error);
    if (question->number >= TELIT_LWM2M_AGENT)
        return telit_lwm2m_answer(session, question, answer, error);
    return question->number == ASKER_OMA_DM ? answer_oma_dm(session, question, answer, error)
                                            : answer_premium(session, answer, error);
}

/* What it reports after the restarts may come before or after it tells its version. */
FotaResult
telit_asked_outcome(FotaSession *session, const FotaUpdate *update, char **version, GError **error)
{
    FotaResult result = telit_version_read(session, version, error);
    g_auto(FotaHeard) heard = {0};

    while (result == FOTA_RESULT_DONE && fota_session_hear(session, 0, &heard, NULL)) {
        fota_session_note(session, "the module reports: %s", heard.text);
        if (heard.number != TELIT_REPORT_FAILED)
            continue;
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_INSTALL_REFUSED,
                    "the module reports: %s", heard.text);
        result = FOTA_RESULT_FAILED_FOR_GOOD;
    }
    return result;
}
