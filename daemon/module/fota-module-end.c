/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-module-private.h"

#include <string.h>

#include "base/fota-clock.h"
#include "base/fota-wait.h"
#include "daemon/fota-error.h"
#include "daemon/job/fota-first-aid.h"
#include "policy/fota-loop.h"
#include "policy/fota-outcome.h"
#include "policy/fota-policy-error.h"

/* A job has ended: policy/fota-outcome says what that means; here it is carried out. */

/* Until a module that did not tell its version is asked again. */
#define INSPECT_SECONDS 60

static const char *const no_settings[] = {NULL};

/* What ended, without a job: nothing was read, nothing was done. */
#define NO_JOB                                                                                     \
    {                                                                                              \
        .version = "", .differing = no_settings                                                    \
    }

static void
set_hold(FotaModule *module, guint seconds)
{
    module->hold_until = fota_boot_time() + (gint64)seconds * G_USEC_PER_SEC;
}

/* A rehearsal is a guest: the record tells of the update itself. */
static FotaHistoryEntry *
make_entry(FotaModule *module, FotaAction job, const char *result, const FotaJobEnd *end)
{
    const FotaRecord *record = module->record;
    FotaHistoryEntry *entry = fota_history_entry_new();
    g_autofree char *differing = g_strjoinv(" ", (GStrv)end->differing);
    gboolean guest = job == FOTA_ACTION_REHEARSE;

    fota_record_set(&entry->differing, differing);
    fota_record_set(&entry->id, guest ? module->manifest->update.id : record->update_id);
    fota_record_set(&entry->result, result);
    fota_record_set(&entry->from, guest ? module->plan->from : record->from);
    fota_record_set(&entry->to, guest ? module->plan->to : record->to);
    fota_record_set(&entry->error, end->error != NULL ? fota_error_get_name(end->error) : NULL);
    fota_record_set(&entry->text, end->error != NULL ? end->error->message : NULL);
    entry->started = guest ? module->job_started : record->started;
    entry->finished = (guint64)fota_clock_now();
    entry->outage = end->outage;
    return entry;
}

static void
announce_end(FotaModule *module, const FotaHistoryEntry *entry, const FotaJobEnd *end)
{
    gint64 seconds = (fota_boot_time() - module->job_began) / G_USEC_PER_SEC;
    GVariantDict details;

    g_variant_dict_init(&details, NULL);
    g_variant_dict_insert(&details, "from", "s", entry->from);
    g_variant_dict_insert(&details, "to", "s", entry->to);
    g_variant_dict_insert(&details, "revision", "s", module->record->revision);
    g_variant_dict_insert(&details, "duration", "t", (guint64)seconds);
    g_variant_dict_insert(&details, "outage", "u", end->outage);
    if (end->differing[0] != NULL)
        g_variant_dict_insert(&details, "differing-settings", "^as", end->differing);
    if (end->error != NULL) {
        g_variant_dict_insert(&details, "error", "s", entry->error);
        g_variant_dict_insert(&details, "text", "s", entry->text);
    }
    g_signal_emit_by_name(module, "update-finished", entry->id, entry->result,
                          g_variant_dict_end(&details));
}

static void
log_finish(FotaModule *module, FotaAction job, FotaFinish finish, const FotaJobEnd *end)
{
    const FotaRecord *record = module->record;
    const GError *error = end->error;

    if (job == FOTA_ACTION_REHEARSE)
        fota_module_log(module, error != NULL ? 4 : 5, FOTA_EVENT_NONE,
                        "the rehearsal %s%s; nothing was installed",
                        error != NULL ? "failed: " : "went well",
                        error != NULL ? error->message : "");
    else if (finish == FOTA_FINISH_SUCCESS)
        fota_module_log(module, 5, FOTA_EVENT_UPDATE_DONE, "updated from %s to %s", record->from,
                        record->to[0] != '\0' ? record->to : end->version);
    else if (finish == FOTA_FINISH_CANCELLED)
        fota_module_log(module, 5, FOTA_EVENT_NONE, "the update was cancelled");
    else if (finish == FOTA_FINISH_FAILED)
        fota_module_log(module, 3,
                        g_error_matches(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_UPDATE_LOOP)
                            ? FOTA_EVENT_UPDATE_LOOP
                            : FOTA_EVENT_UPDATE_FAILED,
                        "the update to %s failed (%s): %s", record->to, fota_error_get_name(error),
                        error->message);
}

static void
finish_update(FotaModule *module, FotaAction job, FotaFinish finish, const FotaJobEnd *end)
{
    FotaJobEnd told = *end;
    FotaHistoryEntry *entry;

    if (finish == FOTA_FINISH_NOTHING)
        return;
    /* What a job said that was cancelled, or whose module runs the wanted version, is no matter. */
    if (finish != FOTA_FINISH_FAILED)
        told.error = NULL;
    log_finish(module, job, finish, &told);
    entry = make_entry(module, job, fota_finish_get_name(finish), &told);
    fota_record_add_history(module->record, entry);
    if (finish != FOTA_FINISH_CANCELLED)
        fota_module_set_error(module, told.error);
    if (finish == FOTA_FINISH_SUCCESS)
        fota_module_set_progress(module, 100);
    announce_end(module, entry, &told);
}

static void
count_attempts(FotaModule *module, FotaAttempts attempts)
{
    FotaRecord *record = module->record;

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

/* Approval was given for the whole chain: it holds while there is a step left. */
static void
end_chain(FotaModule *module)
{
    fota_module_make_plan(module);
    if (module->plan == NULL || module->plan->kind != FOTA_PLAN_UPDATE)
        fota_record_set(&module->record->chain_from, NULL);
}

static void
set_mark(FotaModule *module, FotaMark mark)
{
    FotaRecord *record = module->record;

    record->starts = 0;
    if (mark == FOTA_MARK_NONE)
        fota_record_forget_update(record);
    if (mark == FOTA_MARK_DISCARDING && record->mark != FOTA_MARK_DISCARDING)
        module->discards = 0;
    record->mark = mark;
}

/* It had to wait, or could not be asked: no failure, and tried again after a longer time. */
static void
wait_longer(FotaModule *module, FotaAction job, FotaHold hold, const FotaJobEnd *end)
{
    guint pause = module->manifest != NULL ? module->manifest->update.backoff : 0;
    guint seconds;

    if (hold == FOTA_HOLD_NONE) {
        module->waits = 0;
        return;
    }
    module->waits++;
    seconds = fota_hold_get_seconds(hold, job == FOTA_ACTION_DISCARD ? 0 : pause, module->waits);
    set_hold(module, seconds);
    if (job == FOTA_ACTION_DISCARD || end->error == NULL)
        return;
    if (strcmp(module->error_text, end->error->message) != 0)
        fota_module_log(module, 4,
                        hold == FOTA_HOLD_ORDER ? FOTA_EVENT_UPDATE_FAILED : FOTA_EVENT_NONE,
                        "%s (%s): %s; trying again in %u s",
                        hold == FOTA_HOLD_ORDER ? "whether it has installed cannot be told yet"
                                                : "the update waits",
                        fota_error_get_name(end->error), end->error->message, seconds);
    fota_module_set_error(module, end->error);
}

static void
carry_out(FotaModule *module, FotaAction job, const FotaOutcome *outcome, const FotaJobEnd *end)
{
    FotaRecord *record = module->record;

    count_attempts(module, outcome->attempts);
    finish_update(module, job, outcome->finish, end);
    wait_longer(module, job, outcome->hold, end);
    if (job == FOTA_ACTION_REHEARSE)
        return;
    set_mark(module, outcome->mark);
    if (outcome->ends_offer)
        fota_record_set(&record->chain_from, NULL);
    else if (outcome->finish == FOTA_FINISH_SUCCESS)
        end_chain(module);
}

static FotaEnding
judge_ending(const FotaJobEnd *end)
{
    if (end->error == NULL)
        return FOTA_ENDED_WELL;
    if (end->result == FOTA_RESULT_TRY_LATER ||
        g_error_matches(end->error, FOTA_ERROR, FOTA_ERROR_CHANNEL))
        return FOTA_ENDED_LATER;
    return end->result == FOTA_RESULT_FAILED_FOR_NOW ? FOTA_ENDED_BADLY : FOTA_ENDED_FOR_GOOD;
}

static FotaVersionRead
judge_version(const FotaRecord *record, const char *version)
{
    if (version[0] == '\0')
        return FOTA_VERSION_UNREAD;
    if (strcmp(version, record->from) == 0)
        return FOTA_VERSION_OLD;
    /* Where the vendor's server decides, anything else than before is what it has decided. */
    if (record->to[0] == '\0' || strcmp(version, record->to) == 0)
        return FOTA_VERSION_WANTED;
    return FOTA_VERSION_OTHER;
}

static void
end_update(FotaModule *module, FotaAction job, const FotaJobEnd *end)
{
    const FotaRecord *record = module->record;
    const FotaEnd facts = {
        .job = job,
        .mark = (FotaMark)record->mark,
        .ending = judge_ending(end),
        .version = judge_version(record, end->version),
        .cancelled = job == FOTA_ACTION_REHEARSE ? module->rehearsal_cancelled
                                                 : record->cancelled[0] != '\0',
        .unwritten = g_error_matches(end->error, FOTA_ERROR, FOTA_ERROR_RECORD),
        .downloaded = end->downloaded,
        .restarted = end->restarts > 0,
        .can_discard = module->vendor != NULL && module->vendor->table->discard != NULL,
    };
    const FotaOutcome outcome = fota_outcome_decide(&facts);

    fota_module_log(module, 7, FOTA_EVENT_NONE, "the end of this job means: %s", outcome.row);
    carry_out(module, job, &outcome, end);
}

void
fota_module_close_cancelled(FotaModule *module)
{
    const FotaJobEnd end = NO_JOB;

    end_update(module, FOTA_ACTION_NONE, &end);
    fota_module_save(module, NULL);
    fota_module_settle(module);
}

void
fota_module_end_loop(FotaModule *module, FotaAction action, GError *loop)
{
    g_autoptr(GError) error = loop;
    FotaJobEnd end = NO_JOB;

    /* Nothing but a version ends an order that may be out: it is asked again, seldom. */
    if (action == FOTA_ACTION_RESUME) {
        fota_module_log(module, 3, FOTA_EVENT_UPDATE_LOOP, "%s", error->message);
        fota_module_set_error(module, error);
        set_hold(module, FOTA_LOOP_HOLD_SECONDS);
        module->record->starts = 0;
        fota_module_settle(module);
        return;
    }
    end.error = error;
    end.result = FOTA_RESULT_FAILED_FOR_GOOD;
    end_update(module, FOTA_ACTION_DOWNLOAD, &end);
    set_mark(module, FOTA_MARK_NONE);
    fota_module_save(module, NULL);
    fota_module_settle(module);
}

/* A module that is busy, or loading and cannot be stopped, may let go of the delta later. */
static void
end_discard(FotaModule *module, const FotaJobEnd *end)
{
    if (end->error == NULL) {
        fota_module_log(module, 6, FOTA_EVENT_NONE,
                        "the module holds nothing of the delta any more");
        /* What the vendor was said to offer may have been just this. */
        if (module->plan != NULL && module->plan->kind == FOTA_PLAN_NO_PATH)
            fota_module_set_offer(module, NULL);
        return;
    }
    module->discards =
        judge_ending(end) == FOTA_ENDED_FOR_GOOD ? FOTA_DISCARDS_MAX : module->discards + 1;
    fota_module_log(
        module, 4, FOTA_EVENT_NONE, "the delta to %s cannot be thrown away (%s): %s; %s",
        module->record->to, fota_error_get_name(end->error), end->error->message,
        module->discards < FOTA_DISCARDS_MAX ? "trying again later"
                                             : "the module may install it when it next starts");
    if (module->discards >= FOTA_DISCARDS_MAX)
        fota_module_set_error(module, end->error);
}

/* A server that could not be asked is asked again at the next check, not at once. */
static void
end_question(FotaModule *module, const FotaJobEnd *end)
{
    static const FotaVendorOffer nothing = {NULL, NULL, 0};

    fota_module_set_offer(module, end->error == NULL ? end->offer : &nothing);
    fota_module_set_error(module, end->error);
    if (end->error != NULL)
        fota_module_log(module, 4, FOTA_EVENT_MANIFEST_REFUSED,
                        "the vendor's server could not be asked (%s): %s",
                        fota_error_get_name(end->error), end->error->message);
}

/*
 * Once it has told its version, it is not asked again until ModemManager reports another revision.
 * A question that failed has told nothing: it is asked again later.
 */
static void
end_inspection(FotaModule *module, const FotaJobEnd *end)
{
    fota_module_set_error(module, end->error);
    if (end->error == NULL) {
        fota_record_set(&module->record->mm_revision, module->facts->revision);
        return;
    }
    fota_module_log(module, 4, FOTA_EVENT_NONE, "its version could not be asked (%s): %s",
                    fota_error_get_name(end->error), end->error->message);
    set_hold(module, INSPECT_SECONDS);
}

/*
 * What the module itself has said counts; ModemManager's name for it is learnt when it is seen, and
 * known already when the version is the same as before.
 */
static void
take_version(FotaModule *module, const char *version)
{
    if (strcmp(version, module->record->revision) == 0)
        return;
    fota_module_set_revision(module, version);
    if (module->here)
        fota_record_set(&module->record->mm_revision, module->facts->revision);
    else
        module->asked = TRUE;
}

/* A new question follows: where a rejection at the first gate holds, so must one at the second. */
static void
end_download(FotaModule *module)
{
    g_autofree char *token = NULL;

    fota_module_log(module, 6, FOTA_EVENT_NONE, "the delta is in the module");
    if (module->plan == NULL || module->plan->kind != FOTA_PLAN_UPDATE)
        return;
    token = g_strdup(module->plan->gates[FOTA_APPROVAL_GATE_INSTALL].token);
    if (g_strcmp0(token, module->announced) == 0)
        g_clear_pointer(&module->announced, g_free);
}

/* The record stays as it is, but that this start was no crash. */
static void
stop(FotaModule *module)
{
    if (module->record->starts > 0) {
        module->record->starts--;
        fota_module_save(module, NULL);
    }
    g_signal_emit_by_name(module, "job-ended");
}

static void
report_differing(FotaModule *module, const FotaJobEnd *end)
{
    g_autofree char *names = g_strjoinv(", ", (GStrv)end->differing);

    if (end->differing[0] != NULL)
        fota_module_log(module, 4, FOTA_EVENT_SETTINGS_DIFFER,
                        "after the installation these settings are not as they were before: %s",
                        names);
}

static void
end_by_kind(FotaModule *module, FotaAction job, const FotaJobEnd *end)
{
    switch (job) {
    case FOTA_ACTION_CHECK:
        fota_module_end_fetch(module, end);
        break;
    case FOTA_ACTION_ASK:
        end_question(module, end);
        break;
    case FOTA_ACTION_INSPECT:
        end_inspection(module, end);
        break;
    case FOTA_ACTION_DISCARD:
        end_discard(module, end);
        end_update(module, job, end);
        break;
    default:
        if (end->downloaded)
            end_download(module);
        end_update(module, job, end);
        break;
    }
}

void
fota_module_end_job(const FotaJobEnd *end, gpointer user_data)
{
    g_autoptr(FotaModule) module = user_data;
    FotaAction job = module->runs;
    gboolean unwritten = g_error_matches(end->error, FOTA_ERROR, FOTA_ERROR_RECORD);

    module->job = NULL;
    module->runs = FOTA_ACTION_NONE;
    module->context->jobs--;
    if (end->version[0] != '\0')
        take_version(module, end->version);
    else if (module->here)
        fota_module_take_facts(module);
    if (end->version[0] != '\0' && !fota_first_aid_is_needed(end->error))
        module->record->unsettled = 0;
    fota_module_settle_charge(module, job, end);
    if (module->stopping) {
        stop(module);
        return;
    }
    if (end->error != NULL)
        fota_module_set_progress(module, 0);
    report_differing(module, end);
    end_by_kind(module, job, end);
    module->rehearsal_cancelled = FALSE;
    if (job == FOTA_ACTION_REHEARSE)
        fota_module_drop_rehearsal(module, NULL);
    /* A check alone costs no write: a manifest that is new has been saved. */
    if (job != FOTA_ACTION_CHECK && !unwritten)
        fota_module_save(module, NULL);
    fota_module_start_grace(module);
    fota_module_settle(module);
    g_signal_emit_by_name(module, "job-ended");
}
