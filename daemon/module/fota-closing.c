/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-closing.h"

#include <string.h>
#include <syslog.h>

#include "base/fota-clock.h"
#include "daemon/fota-cache.h"
#include "daemon/fota-error.h"
#include "daemon/job/fota-first-aid.h"
#include "daemon/module/fota-asking.h"
#include "daemon/module/fota-back.h"
#include "daemon/module/fota-draft.h"
#include "daemon/module/fota-ending.h"
#include "daemon/module/fota-method.h"
#include "daemon/module/fota-results.h"
#include "daemon/module/fota-situation.h"
#include "daemon/module/fota-terms.h"
#include "daemon/module/fota-view.h"
#include "policy/fota-outcome.h"

/* Pause before a module that did not report its version is asked again. */
#define INSPECT_SECONDS 60

/* What an end amounts to. */
typedef struct {
    FotaHistoryEntry *entry; /* for UpdateFinished; NULL = nothing has finished */
    GVariant *details;       /* of that, a{sv}, floating */
    gboolean shows;          /* @error becomes LastError */
    const GError *error;     /* NULL = there is none any more; belongs to the end */
    GError *owned;           /* frees @error where that does not belong to the end */
    FotaFinish finish;
} Closing;

FotaJobEnd
fota_closing_make_end(FotaResult result, const GError *error)
{
    static const char *const nothing[] = {NULL};

    return (FotaJobEnd){.result = result, .error = error, .version = "", .differing = nothing};
}

static void
finish_update(const FotaParts *parts, FotaAction action, Closing *closing, FotaJobEnd told)
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
    closing->details = fota_ending_make_details(parts, closing->entry, &told);
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
            Closing *closing)
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

static FotaEnding
judge_ending(const FotaJobEnd *end)
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

static Closing
close_update(const FotaParts *parts, FotaAction action, const FotaJobEnd *end)
{
    FotaRecord *record = parts->record;
    const FotaMethod *method = fota_method_choose(parts, FOTA_ACTION_DISCARD);
    const FotaService before = fota_service_parse(record->service_before);
    g_auto(FotaProofTerms) terms = fota_terms_make(parts);
    FotaMark mark = fota_keeper_get_mark(parts->keeper);
    const FotaEnd facts = {
        .job = action,
        .mark = mark,
        .ending = judge_ending(end),
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
    const FotaOutcome outcome = fota_outcome_decide(&facts);
    Closing closing = {.finish = outcome.finish};

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
    if (outcome.mark == FOTA_MARK_DISCARDING && mark != FOTA_MARK_DISCARDING)
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

/* A busy module, or one whose download cannot be stopped, may discard the delta later. */
static void
count_discards(const FotaParts *parts, const FotaJobEnd *end, Closing *closing)
{
    guint discards = judge_ending(end) == FOTA_ENDED_FOR_GOOD
                         ? FOTA_DISCARDS_MAX
                         : fota_run_get_discards(parts->run) + 1;

    if (end->error == NULL) {
        fota_record_log(parts->record, LOG_INFO, FOTA_EVENT_NONE,
                        "the module no longer holds any of the delta");
        /* What the vendor's server had may have been this delta. */
        if (parts->plan != NULL && parts->plan->kind == FOTA_PLAN_NO_PATH)
            fota_offers_forget_vendor(parts->offers);
        return;
    }
    fota_run_set_discards(parts->run, discards);
    closing->shows = discards >= FOTA_DISCARDS_MAX;
    closing->error = end->error;
    fota_record_log(parts->record, LOG_WARNING, FOTA_EVENT_NONE,
                    "the delta to %s cannot be discarded (%s): %s; %s", parts->record->to,
                    fota_error_get_name(end->error), end->error->message,
                    discards < FOTA_DISCARDS_MAX ? "trying again later"
                                                 : "the module may install it when it next starts");
}

/* If a server could not be asked, the next check asks it again, not earlier. */
static Closing
close_question(const FotaParts *parts, const FotaJobEnd *end)
{
    static const FotaVendorOffer nothing = {NULL, NULL, 0};

    fota_offers_set_vendor(parts->offers, end->error == NULL ? end->offer : &nothing);
    if (end->error != NULL)
        fota_record_log(parts->record, LOG_WARNING, FOTA_EVENT_MANIFEST_REFUSED,
                        "the vendor's server could not be asked (%s): %s",
                        fota_error_get_name(end->error), end->error->message);
    return (Closing){.shows = TRUE, .error = end->error};
}

/* The plan did without the question: its end is the callers', and changes nothing for the update.
 */
static gboolean
was_asked_for_others(const FotaParts *parts)
{
    gboolean wanted = parts->plan != NULL && parts->plan->kind == FOTA_PLAN_NO_PATH;

    return fota_presence_is_asked(parts->presence) && !wanted;
}

/*
 * A module that has reported its version is not asked again until ModemManager reports another
 * revision. After a question that failed, fotad asks again later.
 */
static Closing
close_inspection(const FotaParts *parts, const FotaJobEnd *end)
{
    gboolean for_others = was_asked_for_others(parts);

    if (end->error == NULL) {
        fota_presence_note_told(parts->presence);
    } else if (for_others) {
        fota_record_log(parts->record, LOG_WARNING, FOTA_EVENT_NONE,
                        "its version could not be asked (%s): %s", fota_error_get_name(end->error),
                        end->error->message);
    } else {
        fota_record_log(parts->record, LOG_WARNING, FOTA_EVENT_NONE,
                        "its version could not be asked (%s): %s; asking again in %u s",
                        fota_error_get_name(end->error), end->error->message, INSPECT_SECONDS);
        fota_run_hold(parts->run, INSPECT_SECONDS, 0);
    }
    return (Closing){.shows = !for_others, .error = end->error};
}

static Closing
close_power(const FotaParts *parts, const FotaJobEnd *end)
{
    guint waits = fota_run_get_waits(parts->run) + 1;

    if (end->error == NULL) {
        fota_record_note_power(parts->record);
        fota_run_hold(parts->run, 0, 0);
        fota_record_log(parts->record, LOG_WARNING, FOTA_EVENT_FIRST_AID,
                        "an earlier start of fotad had left it without power: switched on");
        return (Closing){.finish = FOTA_FINISH_NOTHING};
    }
    fota_run_hold(parts->run, fota_hold_get_seconds(FOTA_HOLD_ORDER, 0, waits), waits);
    fota_record_log(
        parts->record, LOG_ERR, FOTA_EVENT_FIRST_AID_FAILED,
        "an earlier start of fotad has left it without power, and it is not switched on "
        "(%s): %s; trying again",
        fota_error_get_name(end->error), end->error->message);
    return (Closing){.shows = TRUE, .error = end->error};
}

/* One that answers is not roused again: it is found when it is back, or by a person. */
static Closing
close_rouse(const FotaParts *parts, const FotaJobEnd *end)
{
    gboolean used = g_error_matches(end->error, FOTA_ERROR, FOTA_ERROR_BUSY);
    guint waits = fota_run_get_waits(parts->run) + (used ? 0 : 1);
    guint pause = used ? FOTA_ROUSE_SECONDS : fota_hold_get_seconds(FOTA_HOLD_ORDER, 0, waits);

    if (end->error == NULL) {
        fota_run_hold(parts->run, 0, 0);
        return (Closing){.finish = FOTA_FINISH_NOTHING};
    }
    fota_run_hold(parts->run, pause, waits);
    fota_record_log(parts->record, waits == 1 ? LOG_WARNING : LOG_DEBUG, FOTA_EVENT_NONE,
                    "an earlier start of fotad had it, and ModemManager does not show it (%s): %s",
                    fota_error_get_name(end->error), end->error->message);
    return (Closing){.shows = !used, .error = end->error};
}

/* A module that does not take back what it had is not asked again, one that was not there is. */
static Closing
close_undo(const FotaParts *parts, const FotaJobEnd *end)
{
    guint waits = fota_run_get_waits(parts->run) + 1;

    if (!fota_record_owes(parts->record)) {
        fota_record_log(parts->record, LOG_NOTICE, FOTA_EVENT_NONE,
                        "the module is set as it was before the update that was cut off");
    } else if (end->error != NULL) {
        fota_run_hold(parts->run, fota_hold_get_seconds(FOTA_HOLD_ORDER, 0, waits), waits);
        fota_record_log(parts->record, LOG_WARNING, FOTA_EVENT_NONE,
                        "the module is not yet set as it was before the update that was cut off "
                        "(%s): %s; trying again",
                        fota_error_get_name(end->error), end->error->message);
        return (Closing){.shows = TRUE, .error = end->error};
    } else {
        fota_record_log(parts->record, LOG_WARNING, FOTA_EVENT_SETTINGS_DIFFER,
                        "the module refuses what it was set to before the update that was cut off");
        fota_record_forget_debts(parts->record);
    }
    fota_run_hold(parts->run, 0, 0);
    fota_keeper_close(parts->keeper, FOTA_MARK_NONE);
    return (Closing){.finish = FOTA_FINISH_NOTHING};
}

/* A new question follows: a rejection at the second gate must hold as one at the first does. */
static void
note_download(const FotaParts *parts)
{
    const char *token = NULL;

    fota_record_log(parts->record, LOG_INFO, FOTA_EVENT_NONE, "the delta is in the module");
    if (parts->plan != NULL && parts->plan->kind == FOTA_PLAN_UPDATE)
        token = parts->plan->gates[FOTA_APPROVAL_GATE_INSTALL].token;
    if (token != NULL)
        fota_offers_ask_again(parts->offers);
}

static void
report_differing(const FotaParts *parts, const FotaJobEnd *end)
{
    g_autofree char *names = g_strjoinv(", ", (GStrv)end->differing);

    if (end->differing[0] != NULL)
        fota_record_log(parts->record, LOG_WARNING, FOTA_EVENT_SETTINGS_DIFFER,
                        "after the installation these settings are not as they were before: %s",
                        names);
}

/* The delta was counted before it was fetched: now what has arrived counts. */
static void
correct_charge(const FotaParts *parts, FotaAction action, const FotaJobEnd *end)
{
    gboolean fetched = action == FOTA_ACTION_FETCH;
    guint64 received =
        fetched ? fota_run_get_bytes_first(parts->run) + fota_run_get_bytes_spent(parts->run)
                : fota_run_get_bytes_received(parts->run);
    gboolean uncounted = received == 0 && end->error == NULL && action == FOTA_ACTION_DOWNLOAD;
    gboolean fed = parts->plan != NULL && parts->plan->delivery == FOTA_DELIVERY_HOST;

    if (fetched ||
        (!fed && (action == FOTA_ACTION_DOWNLOAD || action == FOTA_ACTION_REHEARSE) && !uncounted))
        fota_keeper_correct_delta(parts->keeper, fota_poller_get_budget_time(parts->poller),
                                  fota_run_get_charge(parts->run),
                                  fota_run_get_bytes_first(parts->run), received);
}

static Closing
close_job(const FotaParts *parts, FotaAction action, const FotaJobEnd *end)
{
    Closing closing;

    switch (action) {
    case FOTA_ACTION_CHECK:
        fota_reader_take_job(parts->reader, end);
        return (Closing){.finish = FOTA_FINISH_NOTHING};
    case FOTA_ACTION_ASK:
        return close_question(parts, end);
    case FOTA_ACTION_INSPECT:
        return close_inspection(parts, end);
    case FOTA_ACTION_LISTEN:
    case FOTA_ACTION_ANSWER:
        fota_asking_end(parts, action, end);
        return (Closing){.finish = FOTA_FINISH_NOTHING};
    case FOTA_ACTION_POWER_ON:
        return close_power(parts, end);
    case FOTA_ACTION_ROUSE:
        return close_rouse(parts, end);
    case FOTA_ACTION_UNDO:
        return close_undo(parts, end);
    case FOTA_ACTION_DISCARD:
        closing = close_update(parts, action, end);
        count_discards(parts, end, &closing);
        return closing;
    default:
        if (end->downloaded && action != FOTA_ACTION_REHEARSE)
            note_download(parts);
        return close_update(parts, action, end);
    }
}

void
fota_closing_end(const FotaParts *parts, FotaAction action, const FotaJobEnd *end)
{
    Closing closing;

    /* It has told its version, so it has power. */
    if (end->version[0] != '\0')
        fota_record_note_power(parts->record);
    if (end->version[0] != '\0' && !fota_first_aid_is_needed(end->error))
        parts->record->unsettled = 0;
    correct_charge(parts, action, end);
    report_differing(parts, end);
    closing = close_job(parts, action, end);
    if (closing.shows)
        fota_shown_set_error(parts->shown, closing.error);
    g_clear_error(&closing.owned);
    if (closing.finish == FOTA_FINISH_SUCCESS)
        fota_run_set_progress(parts->run, 100);
    if (closing.entry == NULL)
        return;
    fota_view_refresh(parts);
    fota_shown_announce_end(parts->shown, closing.entry->id, closing.entry->result,
                            closing.details);
}
