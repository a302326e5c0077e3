/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/module/fota-keeper.h"
#include "plugins/fota-plugin.h"
#include "policy/fota-manifest.h"

G_BEGIN_DECLS

/**
 * What the module asks by itself: hears it on the reserved port, keeps the question that is open,
 * and what was answered to it. A question is in the record from the moment that it is heard, and is
 * nothing to others until the plugin has read it (FOTA_JOB_LISTEN) and that is on disk. It ends
 * with its answer, or when the module no longer asks.
 */
typedef struct _FotaQuestions FotaQuestions;

/** @keeper outlives it. */
FotaQuestions *fota_questions_new(FotaKeeper *keeper, const FotaPartOwner *owner);
void fota_questions_free(FotaQuestions *questions);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaQuestions, fota_questions_free)

/** Whom to listen to, and how. All but the table, which outlives the part, is copied. */
typedef struct {
    const char *device;           /**< sysfs path */
    const char *start;            /**< of the module, see FotaModemFacts: it must be told to ask */
    const FotaUnsolicited *table; /**< of the plugin */
    FotaSource source;            /**< MODULE or CARRIER */
} FotaQuestionsPlace;

/** What is told of a question that has ended. */
typedef struct {
    char *id;      /**< of its offer */
    char *to;      /**< version, NULL = the module does not tell */
    char *how;     /**< in words */
    guint64 heard; /**< when it was asked, µs of the wall clock */
} FotaQuestionEnd;

void fota_question_end_clear(FotaQuestionEnd *end);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FotaQuestionEnd, fota_question_end_clear)

/** Listens there from now on. */
void fota_questions_listen(FotaQuestions *questions, const FotaQuestionsPlace *place);
/**
 * Gives the port up at once, and hears what has come until then without reporting the change.
 * Returns whether that may change what is decided; not twice in a row: a module that never falls
 * silent keeps no job waiting.
 */
gboolean fota_questions_give_up(FotaQuestions *questions);

/** A job had the port, and has not looked at @line. Does not report the change. */
void fota_questions_hear(FotaQuestions *questions, const char *line);
/** The same, of an update: unless it is a question, @line is about that update, which has ended. */
void fota_questions_note(FotaQuestions *questions, const char *line);

/** The module is to ask its server. */
void fota_questions_start(FotaQuestions *questions);
gboolean fota_questions_are_started(FotaQuestions *questions);

/** Whether the plugin is to find out what the module asks. */
gboolean fota_questions_are_due(FotaQuestions *questions);
/** Boot time until which nothing is asked or answered. */
gint64 fota_questions_get_hold(FotaQuestions *questions);
/**
 * What it has found; copied. @line: as the module has said it, NULL = it was asked for it; a line
 * in the question's text stands for it, too.
 */
void fota_questions_take(FotaQuestions *questions, const FotaQuestion *question, const char *line);
/** The module could not be asked, or told; @for_good: asking again would not help. */
void fota_questions_fail(FotaQuestions *questions, gboolean for_good);

/** The question that is open, read, and on disk; NULL = none. */
const FotaQuestion *fota_questions_get(FotaQuestions *questions);
/** Of that question, of one that the application was asked before fotad was started, or of the last
 * one. */
FotaManifest *fota_questions_get_manifest(FotaQuestions *questions);
/** Until when the module waits for the answer, µs, 0 = not told. */
gint64 fota_questions_get_answer_by(FotaQuestions *questions);

/** See fota_offers_set_clock(). */
void fota_questions_set_clock(FotaQuestions *questions, gint64 now);
/** The application is asked now. */
void fota_questions_note_asked(FotaQuestions *questions);
void fota_questions_approve(FotaQuestions *questions, const char *token);
void fota_questions_refuse(FotaQuestions *questions, const char *token);
/** Until @until, µs of the wall clock. */
void fota_questions_defer(FotaQuestions *questions, gint64 until);

/**
 * Whether the module is to be told something other than yes, and what. @later: that the question
 * must wait is to be told once each time that the module asks.
 */
gboolean fota_questions_find_answer(FotaQuestions *questions, gboolean later, FotaAnswer *answer);
/** It was told. */
void fota_questions_note_told(FotaQuestions *questions, FotaAnswer answer);

/** The open question, if there is one, has ended without an answer; @how in words. */
void fota_questions_end(FotaQuestions *questions, const char *how);
/** How the open question ends, with @how in words. */
FotaQuestionEnd fota_questions_describe_end(FotaQuestions *questions, const char *how);
/** Whether a question of which the application was asked has ended without an answer, once. */
gboolean fota_questions_take_end(FotaQuestions *questions, FotaQuestionEnd *end);
/** Forgets the question; the next save of the record writes that. */
void fota_questions_close(FotaQuestions *questions);

G_END_DECLS
