/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plugins/telit/telit-lwm2m.h"

#include "plugins/telit/telit-follow.h"

/* Remembered of an update: the question that was answered, or was about to be. */
#define ANSWERED "Answered"
/* Without a line for so long while it downloads, the agent is asked how it stands. */
#define LOOK_SECONDS 60

/* The agent's own states, in the order of Telit's sample LWM2M_FOTA_ACK_AT. */
typedef enum {
    STATE_IDLE,
    STATE_BEGINS,
    STATE_WAITS_TO_DOWNLOAD,
    STATE_DOWNLOADING,
    STATE_DOWNLOADED,
    STATE_CHECKING,
    STATE_WAITS_TO_UPDATE,
    STATE_UPDATING,
    STATE_REJECTED,
    STATE_FAILED,
    STATE_UNKNOWN,
} State;

/* Which states of LwM2M's object 5 (0 idle, 1 downloading, 2 downloaded, 3 updating) go with them,
 * a bit each. */
#define ANY 0xf
static const guint objects[STATE_UNKNOWN] = {
    [STATE_IDLE] = 1 << 0,
    [STATE_BEGINS] = 1 << 0 | 1 << 1,
    [STATE_WAITS_TO_DOWNLOAD] = 1 << 0 | 1 << 1,
    [STATE_DOWNLOADING] = 1 << 1,
    [STATE_DOWNLOADED] = 1 << 2,
    [STATE_CHECKING] = 1 << 2,
    [STATE_WAITS_TO_UPDATE] = 1 << 2 | 1 << 3,
    [STATE_UPDATING] = 1 << 3,
    [STATE_REJECTED] = ANY,
    [STATE_FAILED] = ANY,
};

static const char *
get_step(FotaQuestionKind kind)
{
    return kind == FOTA_QUESTION_INSTALL ? "UPDATE" : "DOWNLOAD";
}

/* Of @question's agent; 0 is the one that the sources name. */
static gint64
get_agent(const FotaQuestion *question)
{
    return MAX(question->number - TELIT_LWM2M_AGENT, 0);
}

gboolean
telit_lwm2m_hear(const FotaHeard *heard, FotaQuestion *question)
{
    if (heard->number != TELIT_REPORT_RING_DOWNLOAD && heard->number != TELIT_REPORT_RING_UPDATE)
        return FALSE;
    question->number = TELIT_LWM2M_AGENT + heard->code;
    question->kind = heard->number == TELIT_REPORT_RING_UPDATE ? FOTA_QUESTION_INSTALL
                                                               : FOTA_QUESTION_DOWNLOAD_FIRST;
    question->may_reject = FALSE;
    return TRUE;
}

/*
 * `#LWM2MFOTASTATE: <agent>,<state of object 5>,<own state>,<remaining time>`. That the answer has
 * these values is published, their order is not: one in which they do not fit together is unknown.
 */
static State
read_state(const char *answer, gint64 agent, guint *remaining)
{
    g_auto(GStrv) fields = g_strsplit(answer, ",", -1);
    guint64 values[4] = {0};

    if (g_strv_length(fields) != G_N_ELEMENTS(values))
        return STATE_UNKNOWN;
    for (guint i = 0; i < G_N_ELEMENTS(values); i++) {
        if (!g_ascii_string_to_unsigned(g_strstrip(fields[i]), 10, 0, G_MAXUINT32, &values[i],
                                        NULL))
            return STATE_UNKNOWN;
    }
    if (values[0] != (guint64)agent || values[1] > 3 || values[2] >= STATE_UNKNOWN ||
        (objects[values[2]] & 1u << values[1]) == 0)
        return STATE_UNKNOWN;
    *remaining = (guint)values[3];
    return (State)values[2];
}

static gboolean
ask_state(FotaSession *session, gint64 agent, State *state, guint *remaining, GError **error)
{
    g_autofree char *command = g_strdup_printf("AT#LWM2MFOTASTATE=%" G_GINT64_FORMAT, agent);
    g_auto(GStrv) lines = NULL;
    const char *answer;

    *state = STATE_UNKNOWN;
    *remaining = 0;
    if (!fota_session_try(session, command, 0, &lines, error))
        return FALSE;
    answer = fota_lines_find(lines, "#LWM2MFOTASTATE:");
    if (answer != NULL)
        *state = read_state(answer, agent, remaining);
    if (answer != NULL && *state == STATE_UNKNOWN)
        fota_session_note(session, "#LWM2MFOTASTATE: %s is not understood", answer);
    return TRUE;
}

static char *
name_answer(const FotaQuestion *question)
{
    return g_strdup_printf("%" G_GINT64_FORMAT " %s", get_agent(question),
                           get_step(question->kind));
}

/* Whether a fotad that was ended may have answered @question. */
static gboolean
was_answered(FotaSession *session, const FotaQuestion *question)
{
    g_autofree char *name = name_answer(question);

    return g_strcmp0(fota_session_recall(session, ANSWERED), name) == 0;
}

static void
end_question(FotaQuestion *question)
{
    question->kind = FOTA_QUESTION_NONE;
    g_clear_pointer(&question->text, g_free);
}

/* The agent waits: whatever was answered before was another question. */
static void
open_question(FotaSession *session, FotaQuestion *question, FotaQuestionKind kind, guint remaining)
{
    gint64 agent = get_agent(question);

    if (question->kind != kind) {
        end_question(question);
        question->text =
            g_strdup_printf("#LWM2MFOTARING: %" G_GINT64_FORMAT ",\"%s\"", agent, get_step(kind));
    }
    question->kind = kind;
    question->number = TELIT_LWM2M_AGENT + agent;
    question->seconds = remaining;
    question->may_reject = FALSE;
    if (was_answered(session, question))
        fota_session_remember(session, ANSWERED, "");
}

/* Nothing is known but what was heard. */
static void
trust_heard(FotaSession *session, FotaQuestion *question)
{
    if (question->kind != FOTA_QUESTION_INSTALL || !was_answered(session, question))
        return;
    end_question(question);
    question->text = g_strdup("the answer was yes");
}

/* Also by an answer that is known of. The state may stand for a while after an update that has
 * ended: without a question it means nothing. */
static void
begin_update(FotaSession *session, FotaQuestion *question)
{
    const char *answered = fota_session_recall(session, ANSWERED);
    gboolean known =
        question->kind != FOTA_QUESTION_NONE || (answered != NULL && answered[0] != '\0');

    end_question(question);
    if (known)
        question->text = g_strdup("the module installs the carrier's update");
}

FotaResult
telit_lwm2m_look(FotaSession *session, FotaQuestion *question, GError **error)
{
    State state;
    guint remaining;

    if (!ask_state(session, get_agent(question), &state, &remaining, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    switch (state) {
    case STATE_UNKNOWN:
        trust_heard(session, question);
        break;
    case STATE_WAITS_TO_DOWNLOAD:
        open_question(session, question, FOTA_QUESTION_DOWNLOAD_FIRST, remaining);
        break;
    case STATE_WAITS_TO_UPDATE:
        open_question(session, question, FOTA_QUESTION_INSTALL, remaining);
        break;
    case STATE_UPDATING:
        begin_update(session, question);
        break;
    case STATE_IDLE:
    case STATE_REJECTED:
    case STATE_FAILED:
        end_question(question);
        break;
    default:
        /* It downloads: by our answer, or by somebody else's, which is no longer ours to give. */
        if (question->kind != FOTA_QUESTION_DOWNLOAD_FIRST || !was_answered(session, question))
            end_question(question);
        break;
    }
    return FOTA_RESULT_DONE;
}

/* Once: what may be out is written down first. */
static FotaResult
acknowledge(FotaSession *session, const FotaQuestion *question, GError **error)
{
    g_autofree char *name = name_answer(question);
    g_autofree char *command =
        g_strdup_printf("AT#LWM2MFOTAACK=%" G_GINT64_FORMAT ",1", get_agent(question));

    if (was_answered(session, question)) {
        fota_session_note(session,
                          "it was answered before, or may have been; waiting what it does");
        return FOTA_RESULT_DONE;
    }
    fota_session_remember(session, ANSWERED, name);
    if (!fota_session_save(session, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    return telit_follow_answer(session, command, error);
}

/* What a line says of the download. TRUE: it ends here, with *@result. */
static gboolean
load_report(FotaSession *session, const FotaHeard *heard, gint64 agent, FotaResult *result,
            GError **error)
{
    TelitFollow means = telit_follow_judge(heard);

    fota_session_note(session, "the module reports: %s", heard->text);
    *result = FOTA_RESULT_DONE;
    if (heard->number == TELIT_REPORT_RING_UPDATE && heard->code == agent)
        return TRUE;
    if (means == TELIT_FOLLOW_EXPIRED)
        *result = telit_follow_fail_expired(heard->text, error);
    if (means == TELIT_FOLLOW_FAILED)
        *result = telit_follow_fail(heard, FOTA_RESULT_FAILED_FOR_GOOD, error);
    return *result != FOTA_RESULT_DONE || heard->number == TELIT_REPORT_UPGRADED;
}

/* What the agent's state says of it. TRUE: as above. */
static gboolean
load_state(FotaSession *session, State state, FotaResult *result, GError **error)
{
    static const guint percents[STATE_UNKNOWN] = {
        [STATE_DOWNLOADING] = 20, [STATE_DOWNLOADED] = 80, [STATE_CHECKING] = 90};

    *result = FOTA_RESULT_DONE;
    if (state == STATE_WAITS_TO_UPDATE || state == STATE_UPDATING)
        return TRUE;
    if (state == STATE_IDLE || state == STATE_REJECTED || state == STATE_FAILED) {
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_TRANSFER_FAILED,
                    "the module has given the carrier's download up; the carrier knows why");
        *result = FOTA_RESULT_FAILED_FOR_GOOD;
        return TRUE;
    }
    if (state != STATE_UNKNOWN && percents[state] != 0)
        fota_session_report_progress(session, percents[state]);
    return FALSE;
}

/* Until it asks again. A ring may be lost, and the agent then tells that it waits. */
static FotaResult
follow_load(FotaSession *session, gint64 agent, GError **error)
{
    gint64 silence = fota_session_get_number(session, "PremiumTime");
    gint64 now = fota_session_get_time(session), last = now, end = now + TELIT_FOLLOW_SECONDS;
    g_auto(FotaHeard) heard = {0};
    g_autoptr(GError) local_error = NULL;
    FotaResult result;
    State state;
    guint remaining;

    while (now < end && now - last < silence) {
        if (fota_session_hear(session, LOOK_SECONDS, &heard, &local_error)) {
            if (load_report(session, &heard, agent, &result, error))
                return result;
            last = fota_session_get_time(session);
        } else if (local_error == NULL &&
                   ask_state(session, agent, &state, &remaining, &local_error)) {
            if (load_state(session, state, &result, error))
                return result;
            last = state != STATE_UNKNOWN ? fota_session_get_time(session) : last;
        }
        if (local_error != NULL) {
            g_propagate_error(error, g_steal_pointer(&local_error));
            return FOTA_RESULT_FAILED_FOR_NOW;
        }
        now = fota_session_get_time(session);
    }
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT,
                "the carrier's download has not ended, and the module does not say how it stands");
    return FOTA_RESULT_FAILED_FOR_NOW;
}

FotaResult
telit_lwm2m_answer(FotaSession *session, const FotaQuestion *question, FotaAnswer answer,
                   GError **error)
{
    FotaResult result;

    if (answer != FOTA_ANSWER_ACCEPT) {
        fota_session_note(session, "#LWM2MFOTAACK has no published number for this answer; the "
                                   "module gets none, and decides by itself when its time is over");
        return FOTA_RESULT_DONE;
    }
    result = acknowledge(session, question, error);
    if (result != FOTA_RESULT_DONE)
        return result;
    return question->kind == FOTA_QUESTION_INSTALL
               ? telit_follow(session, FALSE, FALSE, 0, error)
               : follow_load(session, get_agent(question), error);
}
