/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-closing-update.h"

#include <string.h>
#include <syslog.h>

#include "base/fota-clock.h"
#include "daemon/fota-cache.h"
#include "daemon/fota-error.h"
#include "daemon/module/fota-back.h"
#include "daemon/module/fota-draft.h"
#include "daemon/module/fota-ending.h"
#include "daemon/module/fota-method.h"
#include "daemon/module/fota-results.h"
#include "daemon/module/fota-terms.h"

static void
finish_update(const FotaParts *parts, FotaAction action, FotaClosing *closing, FotaJobEnd told)
{
    if (closing->finish == FOTA_FINISH_NOTHING)
        return;
    if (parts->record->restoring != 0)
        told.error = closing->owned =
            fota_back_explain(parts, closing->finish == FOTA_FINISH_RESTORED ? NULL : told.error);
    /* The error of a cancelled job, or beside the wanted version, does not count. */
    if (closing->finish != FOTA_FINISH_FAILED && closing->finish != FOTA_FINISH_EXPIRED &&
        closing->finish != FOTA_FINISH_NO_SERVICE && closing->finish != FOTA_FINISH_RESTORED)
        told.error = NULL;
    fota_ending_log(parts, action, closing->finish, &told);
    closing->entry =
        fota_ending_make_entry(parts, action, fota_finish_get_name(closing->finish), &told);
    closing->details = fota_ending_make_details(parts, action, closing->entry, &told);
    closing->shows = closing->finish != FOTA_FINISH_CANCELLED;
    closing->error = told.error;
    fota_results_add(parts, closing->entry);
}

static void
count_attempts(FotaRecord *record, FotaAttempts attempts)
{
    if (attempts == FOTA_ATTEMPTS_KEEP)
        return;
    record->last_attempt = attempts == FOTA_ATTEMPTS_COUNT || attempts == FOTA_ATTEMPTS_END
                               ? (guint64)fota_clock_now()
                               : 0;
    if (attempts == FOTA_ATTEMPTS_RESET)
        record->attempts = 0;
    else
        record->attempts =
            attempts == FOTA_ATTEMPTS_END ? G_MAXUINT32 : MIN(record->attempts + 1, G_MAXUINT32);
}

/* A job that had to wait is no failure: the next try follows after a longer time. */
static void
wait_longer(const FotaParts *parts, FotaAction action, FotaHold hold, const FotaJobEnd *end,
            FotaClosing *closing)
{
    FotaManifest *manifest = fota_accepted_get(parts->accepted);
    guint pause = manifest != NULL && action != FOTA_ACTION_DISCARD ? manifest->update.backoff : 0;
    guint waits = hold != FOTA_HOLD_NONE ? fota_run_get_waits(parts->run) + 1 : 0;
    guint seconds = fota_hold_get_seconds(hold, pause, waits);

    fota_run_hold(parts->run, seconds, waits);
    if (hold == FOTA_HOLD_NONE || action == FOTA_ACTION_DISCARD || end->error == NULL)
        return;
    fota_record_log(parts->record, LOG_WARNING,
                    hold == FOTA_HOLD_ORDER ? FOTA_EVENT_UPDATE_FAILED : FOTA_EVENT_NONE,
                    "%s (%s): %s; trying again in %u s",
                    hold == FOTA_HOLD_ORDER ? "whether it has installed is not known yet"
                                            : "the update waits",
                    fota_error_get_name(end->error), end->error->message, seconds);
    closing->shows = TRUE;
    closing->error = end->error;
}

/* Approval is for the whole chain: it holds while a step is left. */
static void
end_chain(const FotaParts *parts)
{
    g_autoptr(FotaPlan) plan = fota_draft_plan(parts);

    if (plan == NULL || plan->kind != FOTA_PLAN_UPDATE)
        fota_record_set(&parts->record->chain_from, NULL);
}

FotaEnding
fota_closing_judge(const FotaJobEnd *end)
{
    if (end->error == NULL)
        return FOTA_ENDED_WELL;
    if (end->result == FOTA_RESULT_TRY_LATER ||
        g_error_matches(end->error, FOTA_ERROR, FOTA_ERROR_NO_AT_PORT))
        return FOTA_ENDED_LATER;
    return end->result == FOTA_RESULT_FAILED_FOR_NOW ? FOTA_ENDED_BADLY : FOTA_ENDED_FOR_GOOD;
}

static FotaVersionRead
judge_version(const FotaRecord *record, const char *version)
{
    if (version[0] == '\0')
        return FOTA_VERSION_UNREAD;
    if (strcmp(version, record->from) == 0 && strcmp(version, record->to) == 0)
        return FOTA_VERSION_SAME;
    if (strcmp(version, record->from) == 0)
        return FOTA_VERSION_OLD;
    /* If the vendor's server decides, any version but the old one is its choice. */
    if (record->to[0] == '\0' || strcmp(version, record->to) == 0)
        return FOTA_VERSION_WANTED;
    return FOTA_VERSION_OTHER;
}

/* The next attempt is for the other one, where there is a choice. */
static void
note_delivery(FotaRecord *record, FotaAttempts attempts)
{
    if (attempts == FOTA_ATTEMPTS_RESET)
        fota_record_set(&record->failed_delivery, NULL);
    else if (attempts != FOTA_ATTEMPTS_KEEP)
        fota_record_set(&record->failed_delivery, record->delivery);
}

/* Of the two that lie in the cache, the one that was to be handed over. */
static void
drop_damaged(const FotaParts *parts, FotaAction action, const FotaJobEnd *end)
{
    const FotaRecord *record = parts->record;
    const char *key = action == FOTA_ACTION_RESTORE ? record->back : record->cached;

    if (g_error_matches(end->error, FOTA_ERROR, FOTA_ERROR_BAD_DELTA) &&
        action != FOTA_ACTION_FETCH && key[0] != '\0')
        fota_cache_delete(parts->context->cache, key);
}

/* What the end of the update will tell: the proof may take longer than this fotad runs. */
static void
begin_proof(const FotaParts *parts, const FotaJobEnd *end)
{
    FotaRecord *record = parts->record;
    g_autofree char *differing = g_strjoinv(" ", (GStrv)end->differing);

    record->outage = end->outage;
    fota_record_set(&record->differing, differing);
    fota_record_log(record, LOG_INFO, FOTA_EVENT_NONE,
                    "it runs %s; before it had: %s; now its service is proven", record->revision,
                    record->service_before);
}

/* Nothing but another manifest offers it again. What the module asked by itself was no manifest's,
 * and is over. */
static void
hold_update(FotaRecord *record, gboolean asked)
{
    if (asked)
        return;
    fota_record_set(&record->unserved, record->began_with);
    fota_record_set(&record->unserved_to, record->restoring != 0 ? record->from : record->to);
}

static gboolean
asks_again(FotaAction action, const FotaJobEnd *end)
{
    return (action == FOTA_ACTION_FOLLOW || action == FOTA_ACTION_RESUME) &&
           end->question != NULL && end->question->kind != FOTA_QUESTION_NONE;
}

/* All that the table asks about an end. */
static FotaEnd
gather_end(const FotaParts *parts, FotaAction action, const FotaJobEnd *end)
{
    const FotaRecord *record = parts->record;
    const FotaMethod *method = fota_method_choose(parts, FOTA_ACTION_DISCARD);
    const FotaService before = fota_service_parse(record->service_before);
    g_auto(FotaProofTerms) terms = fota_terms_make(parts);

    return (FotaEnd){
        .job = action,
        .mark = fota_keeper_get_mark(parts->keeper),
        .ending = fota_closing_judge(end),
        .version = judge_version(record, end->version),
        .cancelled = action == FOTA_ACTION_REHEARSE ? fota_run_was_cancelled(parts->run)
                                                    : record->cancelled[0] != '\0',
        .unwritten = g_error_matches(end->error, FOTA_ERROR, FOTA_ERROR_RECORD_NOT_WRITABLE),
        .downloaded = end->downloaded,
        .restarted = end->restarts > 0,
        .one_gate = method != NULL && method->commit == FOTA_COMMIT_POINT_DOWNLOAD,
        .can_discard = method != NULL && method->discard != NULL,
        .asked = fota_ending_is_asked(parts, action),
        .expired =
            g_error_matches(end->error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_QUESTION_EXPIRED),
        .asks_again = asks_again(action, end),
        .provable = fota_service_is_provable(&before, terms.wanted),
        .proof = fota_proof_judge(parts->proof, &terms).verdict,
        .way_back = fota_back_is_ready(parts),
        .restoring = record->restoring != 0,
        .last_try = fota_back_was_last_try(parts),
    };
}

FotaClosing
fota_closing_update(const FotaParts *parts, FotaAction action, const FotaJobEnd *end)
{
    FotaRecord *record = parts->record;
    const FotaEnd facts = gather_end(parts, action, end);
    const FotaOutcome outcome = fota_outcome_decide(&facts);
    FotaClosing closing = {.finish = outcome.finish};

    fota_record_log(parts->record, LOG_DEBUG, FOTA_EVENT_NONE, "the end of this job means: %s",
                    outcome.row);
    count_attempts(record, outcome.attempts);
    note_delivery(record, outcome.attempts);
    drop_damaged(parts, action, end);
    finish_update(parts, action, &closing, *end);
    wait_longer(parts, action, outcome.hold, end, &closing);
    if (action == FOTA_ACTION_REHEARSE)
        return closing;
    if (outcome.mark == FOTA_MARK_PROVING)
        begin_proof(parts, end);
    if (outcome.mark == FOTA_MARK_RESTORING && record->restoring == 0) {
        fota_back_begin(parts, end->error);
        closing.shows = TRUE;
        closing.error = end->error;
    }
    if (outcome.finish == FOTA_FINISH_NO_SERVICE || outcome.finish == FOTA_FINISH_RESTORED)
        hold_update(record, facts.asked);
    if (outcome.mark == FOTA_MARK_DISCARDING && facts.mark != FOTA_MARK_DISCARDING)
        fota_run_set_discards(parts->run, 0);
    if (facts.restoring)
        fota_back_end(parts, &outcome, facts.ending);
    fota_keeper_close(parts->keeper, outcome.mark);
    if (outcome.ends_offer)
        fota_record_set(&record->chain_from, NULL);
    else if (outcome.finish == FOTA_FINISH_SUCCESS)
        end_chain(parts);
    /* The approval of a manifest was for a chain that began elsewhere. */
    if (facts.asked && outcome.mark == FOTA_MARK_NONE)
        fota_record_set(&record->chain_from, NULL);
    if (facts.asked && outcome.finish != FOTA_FINISH_NOTHING)
        fota_questions_close(parts->questions);
    else if (facts.asks_again)
        fota_questions_take(parts->questions, end->question, end->question_line);
    return closing;
}
