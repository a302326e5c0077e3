/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-questions.h"

#include <string.h>
#include <syslog.h>

#include "base/fota-clock.h"
#include "base/fota-wait.h"
#include "daemon/at/fota-at-listener.h"
#include "daemon/job/fota-session.h"
#include "policy/fota-question.h"

/* No question is as long; what is, is not kept. */
#define LINE_MAX_BYTES 512
/* Pause after a module could not be asked or told, and how often that is tried. */
#define HOLD_SECONDS 60
#define TRIES_MAX 3

struct _FotaQuestions {
    FotaPartOwner owner;
    FotaKeeper *keeper;
    FotaRecord *record;
    FotaAtListener *listener;
    const FotaUnsolicited *table;
    FotaSource source;
    char *start;      /* of the module when it was last told to ask */
    char *last;       /* line that was logged */
    gboolean due;     /* the plugin is to read what the module asks */
    gboolean started; /* and the module to ask its server */
    gint64 hold;      /* boot time */
    guint failures;   /* in a row */
    gboolean quiet;   /* the owner decides just now, and is not told of what is heard */
    gboolean news;    /* a line that tells something was heard since */
    gboolean yielded; /* that was reported when the port was given up last */

    gboolean read;  /* by the plugin, into the members below */
    gboolean saved; /* after that */
    FotaQuestion question;
    FotaManifest *manifest;
    gint64 answer_by;
    gboolean put_off;    /* the module was told "not yet" since it asked last */
    FotaQuestionEnd end; /* not taken yet; its id is NULL when there is none */
};

static void
questions_make_manifest(FotaQuestions *questions)
{
    const FotaRecord *record = questions->record;
    g_auto(FotaHeard) heard = {0};
    gboolean carrier =
        fota_heard_read(questions->table, record->question, &heard) &&
        (heard.kind == FOTA_LINE_CARRIER || heard.kind == FOTA_LINE_CARRIER_QUESTION);
    FotaSource source = carrier ? FOTA_SOURCE_CARRIER : questions->source;

    g_clear_pointer(&questions->manifest, fota_manifest_unref);
    questions->manifest = fota_question_make_manifest(record->imei, source, record->question,
                                                      (gint64)record->question_heard);
}

static void
listener_heard(const char *line, gpointer user_data)
{
    FotaQuestions *questions = user_data;

    fota_questions_hear(questions, line);
    if (!questions->quiet)
        fota_part_tell(&questions->owner);
}

FotaQuestions *
fota_questions_new(FotaKeeper *keeper, const FotaPartOwner *owner)
{
    FotaQuestions *questions = g_new0(FotaQuestions, 1);

    questions->owner = *owner;
    questions->keeper = keeper;
    questions->record = fota_keeper_get_record(keeper);
    questions->source = FOTA_SOURCE_MODULE;
    questions->listener = fota_at_listener_new(listener_heard, questions);
    questions->due = questions->record->question[0] != '\0';
    /* Until it is read again: the application, if it was asked, must be told when that is over. */
    if (questions->due)
        questions_make_manifest(questions);
    return questions;
}

void
fota_questions_free(FotaQuestions *questions)
{
    fota_at_listener_free(questions->listener);
    fota_question_clear(&questions->question);
    g_clear_pointer(&questions->manifest, fota_manifest_unref);
    g_free(questions->start);
    g_free(questions->last);
    fota_question_end_clear(&questions->end);
    g_free(questions);
}

/* What has come at the port that is given up is heard before that returns. */
static void
questions_set_device(FotaQuestions *questions, const char *device)
{
    questions->news = FALSE;
    questions->quiet = TRUE;
    fota_at_listener_set_device(questions->listener, device);
    questions->quiet = FALSE;
}

void
fota_questions_listen(FotaQuestions *questions, const FotaQuestionsPlace *place)
{
    questions_set_device(questions, place->device);
    questions->table = place->table;
    questions->source = place->source;
    if (g_strcmp0(questions->start, place->start) == 0)
        return;
    g_free(questions->start);
    questions->start = g_strdup(place->start);
    questions->due = TRUE;
    questions->hold = 0;
}

gboolean
fota_questions_give_up(FotaQuestions *questions)
{
    questions_set_device(questions, NULL);
    questions->yielded = questions->news && !questions->yielded;
    return questions->yielded;
}

/* What a module says over and over is logged once. */
static void
questions_log(FotaQuestions *questions, const char *line)
{
    if (g_strcmp0(questions->last, line) == 0)
        return;
    g_free(questions->last);
    questions->last = g_strdup(line);
    fota_record_log(questions->record, LOG_NOTICE, FOTA_EVENT_NONE, "the module reports %s", line);
}

static gboolean
questions_are_open(FotaQuestions *questions)
{
    return questions->record->question[0] != '\0';
}

static gboolean
questions_were_offered(FotaQuestions *questions)
{
    const FotaRecord *record = questions->record;

    return record->question_asked != 0 || record->question_deferred_until != 0;
}

/* The application that was asked is told how that ended; one that has refused knows. */
void
fota_questions_end(FotaQuestions *questions, const char *how)
{
    if (!questions_are_open(questions))
        return;
    if (questions_were_offered(questions) && questions->record->question_refused[0] == '\0') {
        fota_question_end_clear(&questions->end);
        questions->end = fota_questions_describe_end(questions, how);
    }
    fota_questions_close(questions);
    fota_keeper_save(questions->keeper, NULL);
}

/* Asked again, it is the same question, which was perhaps put off. @asks: it is one. After a yes it
 * is the next one of the same update, which began with the first. */
static void
questions_open(FotaQuestions *questions, const char *line, gboolean asks)
{
    FotaRecord *record = questions->record;
    guint64 heard = 0;

    questions->put_off = FALSE;
    if (strcmp(record->question, line) == 0)
        return;
    if (asks && record->question_approved[0] != '\0') {
        heard = record->question_heard;
        fota_questions_close(questions);
    }
    fota_questions_end(questions, line);
    fota_record_set(&record->question, line);
    fota_record_set(&record->question_from, record->revision);
    record->question_heard = heard != 0 ? heard : (guint64)fota_clock_now();
    questions->due = TRUE;
    questions->hold = 0;
    fota_keeper_save(questions->keeper, NULL);
}

void
fota_questions_hear(FotaQuestions *questions, const char *line)
{
    g_auto(FotaHeard) heard = {0};

    if (strlen(line) > LINE_MAX_BYTES || !fota_heard_read(questions->table, line, &heard))
        return;
    questions_log(questions, line);
    questions->news = questions->news || heard.kind != FOTA_LINE_REPORT;
    if (fota_heard_is_question(&heard))
        questions_open(questions, line, TRUE);
    else if (heard.kind == FOTA_LINE_STATE || heard.kind == FOTA_LINE_CARRIER)
        /* The module may leave at any moment: there is no time to ask it more. */
        fota_questions_take(questions, &(FotaQuestion){.text = heard.text}, line);
    else if (heard.kind == FOTA_LINE_FAILED)
        fota_questions_end(questions, heard.text != NULL ? heard.text : line);
}

void
fota_questions_note(FotaQuestions *questions, const char *line)
{
    g_auto(FotaHeard) heard = {0};

    if (strlen(line) > LINE_MAX_BYTES || !fota_heard_read(questions->table, line, &heard))
        return;
    questions_log(questions, line);
    if (fota_heard_is_question(&heard))
        questions_open(questions, line, TRUE);
}

void
fota_questions_start(FotaQuestions *questions)
{
    questions->started = TRUE;
    questions->due = TRUE;
    questions->hold = 0;
}

gboolean
fota_questions_are_started(FotaQuestions *questions)
{
    return questions->started;
}

gboolean
fota_questions_are_due(FotaQuestions *questions)
{
    return questions->due && questions->hold <= fota_boot_time();
}

gint64
fota_questions_get_hold(FotaQuestions *questions)
{
    return questions->hold;
}

static void
question_saved(GObject *object, GAsyncResult *result, gpointer user_data)
{
    FotaQuestions *questions = user_data;
    G_GNUC_UNUSED g_autoptr(GObject) owner = questions->owner.object;
    g_autoptr(GError) error = NULL;

    questions->saved = fota_keeper_wait_finish(questions->keeper, result, &error);
    if (error != NULL) {
        questions->due = TRUE;
        fota_questions_fail(questions, FALSE);
    }
    fota_part_tell(&questions->owner);
}

/* @text instead of its own. */
static void
questions_copy(FotaQuestions *questions, const FotaQuestion *question, const char *text)
{
    fota_question_clear(&questions->question);
    questions->question = *question;
    questions->question.version = g_strdup(question->version);
    questions->question.text = g_strdup(text);
    questions->answer_by = question->seconds > 0 ? fota_clock_now() + (gint64)question->seconds *
                                                                          (gint64)G_USEC_PER_SEC
                                                 : 0;
    questions_make_manifest(questions);
}

/* What the module does by itself, and has said before: it may say so over and over. */
static gboolean
questions_know(FotaQuestions *questions, const FotaQuestion *question, const char *text,
               const char *line)
{
    return question->kind == FOTA_QUESTION_NONE && questions->read && !questions->due &&
           questions->question.kind == FOTA_QUESTION_NONE &&
           g_strcmp0(questions->question.text, text) == 0 &&
           strcmp(questions->record->question, line) == 0;
}

void
fota_questions_take(FotaQuestions *questions, const FotaQuestion *question, const char *line)
{
    const char *text = question->text != NULL ? question->text : "asked";
    g_auto(FotaHeard) heard = {0};
    gboolean found = fota_heard_read(questions->table, text, &heard);
    const char *said = found ? heard.text : question->text;
    /* What the plugin has found without hearing it is newer than what was heard. */
    const char *newest = found || line == NULL ? text : line;
    gboolean known = questions_know(questions, question, said, newest);

    questions->due = FALSE;
    questions->started = FALSE;
    questions->failures = 0;
    if (question->kind == FOTA_QUESTION_NONE && question->text == NULL) {
        fota_questions_end(questions, "the module no longer asks");
        return;
    }
    questions_open(questions, newest, question->kind != FOTA_QUESTION_NONE);
    questions->due = FALSE;
    if (known)
        return;
    questions_copy(questions, question, said);
    questions->read = TRUE;
    questions->saved = FALSE;
    fota_keeper_save(questions->keeper, NULL);
    g_object_ref(questions->owner.object);
    fota_keeper_wait_async(questions->keeper, question_saved, questions);
}

void
fota_questions_fail(FotaQuestions *questions, gboolean for_good)
{
    questions->failures++;
    questions->hold = fota_boot_time() + HOLD_SECONDS * (gint64)G_USEC_PER_SEC;
    if (!for_good && questions->failures < TRIES_MAX)
        return;
    questions->failures = 0;
    questions->due = FALSE;
    questions->started = FALSE;
    questions->put_off = TRUE;
    if (questions->record->question_refused[0] != '\0')
        fota_questions_close(questions);
}

const FotaQuestion *
fota_questions_get(FotaQuestions *questions)
{
    return questions_are_open(questions) && questions->read && questions->saved
               ? &questions->question
               : NULL;
}

FotaManifest *
fota_questions_get_manifest(FotaQuestions *questions)
{
    return questions->manifest;
}

gint64
fota_questions_get_answer_by(FotaQuestions *questions)
{
    return questions->answer_by;
}

void
fota_questions_note_asked(FotaQuestions *questions)
{
    if (questions->record->question_asked != 0)
        return;
    questions->record->question_asked = (guint64)fota_clock_now();
    fota_keeper_save(questions->keeper, NULL);
}

void
fota_questions_set_clock(FotaQuestions *questions, gint64 now)
{
    FotaRecord *record = questions->record;

    fota_keeper_correct_time(questions->keeper, &record->question_asked, now);
    fota_keeper_correct_deferral(questions->keeper, &record->question_deferred_until,
                                 record->question_deferred_for, now);
}

void
fota_questions_approve(FotaQuestions *questions, const char *token)
{
    fota_record_set(&questions->record->question_approved, token);
    questions->record->question_answered = (guint64)fota_clock_now();
    questions->record->question_deferred_until = 0;
}

void
fota_questions_refuse(FotaQuestions *questions, const char *token)
{
    fota_record_set(&questions->record->question_refused, token);
    questions->hold = 0;
}

void
fota_questions_defer(FotaQuestions *questions, gint64 until)
{
    questions->record->question_deferred_until = (guint64)until;
    questions->record->question_deferred_for = (guint64)MAX(until - fota_clock_now(), 0);
    questions->record->question_asked = 0;
    questions->put_off = FALSE;
    questions->hold = 0;
}

gboolean
fota_questions_find_answer(FotaQuestions *questions, gboolean later, FotaAnswer *answer)
{
    gboolean refused = questions->record->question_refused[0] != '\0';

    *answer = refused ? FOTA_ANSWER_REJECT : FOTA_ANSWER_LATER;
    return questions_are_open(questions) && questions->hold <= fota_boot_time() &&
           (refused || (later && !questions->put_off));
}

void
fota_questions_note_told(FotaQuestions *questions, FotaAnswer answer)
{
    questions->failures = 0;
    questions->put_off = TRUE;
    if (answer == FOTA_ANSWER_REJECT)
        fota_questions_close(questions);
}

FotaQuestionEnd
fota_questions_describe_end(FotaQuestions *questions, const char *how)
{
    const FotaQuestion *question = fota_questions_get(questions);

    return (FotaQuestionEnd){
        .id = g_strdup(questions->manifest->update.id),
        .to = g_strdup(question != NULL ? question->version : NULL),
        .how = g_strdup(how),
        .heard = questions->record->question_heard,
    };
}

gboolean
fota_questions_take_end(FotaQuestions *questions, FotaQuestionEnd *end)
{
    *end = questions->end;
    questions->end = (FotaQuestionEnd){0};
    return end->id != NULL;
}

void
fota_question_end_clear(FotaQuestionEnd *end)
{
    g_free(end->id);
    g_free(end->to);
    g_free(end->how);
    *end = (FotaQuestionEnd){0};
}

void
fota_questions_close(FotaQuestions *questions)
{
    fota_record_forget_question(questions->record);
    questions->read = FALSE;
    questions->saved = FALSE;
}
