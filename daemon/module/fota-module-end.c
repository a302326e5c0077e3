/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-module-private.h"

#include <string.h>

#include "base/fota-wait.h"
#include "daemon/fota-error.h"
#include "daemon/job/fota-first-aid.h"
#include "base/fota-clock.h"
#include "policy/fota-policy-error.h"

/* A job has ended: what becomes of the update, of its record, and of what the module holds. */

/* After "try later" without a pause in the manifest, and after a delta could not be thrown away. */
#define HOLD_SECONDS 300
/* Until a module that may be installing is asked again. */
#define RESUME_SECONDS 60
/* Until a module that did not tell its version is asked again. */
#define INSPECT_SECONDS 60

static void
add_history(FotaModule *module, const char *result, const FotaJobEnd *end)
{
    FotaRecord *record = module->record;
    FotaHistoryEntry *entry = fota_history_entry_new();
    g_autofree char *differing = g_strjoinv(" ", (GStrv)end->differing);

    fota_record_set(&entry->differing, differing);
    fota_record_set(&entry->id, record->update_id);
    fota_record_set(&entry->result, result);
    fota_record_set(&entry->from, record->from);
    fota_record_set(&entry->to, record->to);
    fota_record_set(&entry->error, end->error != NULL ? fota_error_get_name(end->error) : NULL);
    fota_record_set(&entry->text, end->error != NULL ? end->error->message : NULL);
    entry->started = record->started;
    entry->finished = (guint64)fota_clock_now();
    entry->outage = end->outage;
    fota_record_add_history(record, entry);
}

static void
announce_end(FotaModule *module, const char *result, const FotaJobEnd *end)
{
    FotaRecord *record = module->record;
    gint64 seconds = (fota_boot_time() - module->job_began) / G_USEC_PER_SEC;
    GVariantDict details;

    g_variant_dict_init(&details, NULL);
    g_variant_dict_insert(&details, "from", "s", record->from);
    g_variant_dict_insert(&details, "to", "s", record->to);
    g_variant_dict_insert(&details, "revision", "s", record->revision);
    g_variant_dict_insert(&details, "duration", "t", (guint64)seconds);
    g_variant_dict_insert(&details, "outage", "u", end->outage);
    if (end->differing[0] != NULL)
        g_variant_dict_insert(&details, "differing-settings", "^as", end->differing);
    if (end->error != NULL) {
        g_variant_dict_insert(&details, "error", "s", fota_error_get_name(end->error));
        g_variant_dict_insert(&details, "text", "s", end->error->message);
    }
    g_signal_emit_by_name(module, "update-finished", record->update_id, result,
                          g_variant_dict_end(&details));
}

static void
end_well(FotaModule *module, const FotaJobEnd *end)
{
    FotaRecord *record = module->record;
    g_autofree char *chain_from = g_strdup(record->chain_from);

    fota_module_log(module, 5, FOTA_EVENT_UPDATE_DONE, "updated from %s to %s", record->from,
                    end->version);
    fota_module_set_error(module, NULL);
    fota_module_set_progress(module, 100);
    record->attempts = 0;
    record->last_attempt = 0;
    add_history(module, "success", end);
    announce_end(module, "success", end);
    fota_record_forget_update(record);

    /* Approval was given for the whole chain: it holds while there is a step left. */
    fota_record_set(&record->chain_from, chain_from);
    fota_module_make_plan(module);
    if (module->plan == NULL || module->plan->kind != FOTA_PLAN_UPDATE)
        fota_record_set(&record->chain_from, NULL);
}

static gboolean
is_definite(FotaResult result)
{
    return result == FOTA_RESULT_FAILED_FOR_GOOD || result == FOTA_RESULT_WRONG_BASE ||
           result == FOTA_RESULT_REFUSED;
}

/*
 * It left while a way to it was looked for, or ModemManager did not let go of it: whether it has
 * installed could not be asked, and is asked again (policy/fota-loop.h: not for ever).
 */
static void
end_unasked(FotaModule *module, const FotaJobEnd *end)
{
    fota_module_log(module, 4, FOTA_EVENT_NONE,
                    "whether it has installed cannot be asked (%s): %s; trying again",
                    fota_error_get_name(end->error), end->error->message);
    module->hold_until = fota_boot_time() + (gint64)RESUME_SECONDS * G_USEC_PER_SEC;
}

/* What the module may hold of the delta must go, where it could install itself otherwise. */
static void
give_up_update(FotaModule *module)
{
    if (module->record->mark == FOTA_MARK_NONE || module->vendor->table->discard == NULL) {
        fota_record_forget_update(module->record);
        return;
    }
    module->record->mark = FOTA_MARK_DISCARDING;
    module->record->starts = 0;
    module->discards = 0;
}

void
fota_module_fail_update(FotaModule *module, const FotaJobEnd *end)
{
    FotaRecord *record = module->record;
    guint32 pause = module->manifest != NULL ? module->manifest->update.backoff : 0;
    FotaEvent event = g_error_matches(end->error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_UPDATE_LOOP)
                          ? FOTA_EVENT_UPDATE_LOOP
                          : FOTA_EVENT_UPDATE_FAILED;

    fota_module_log(module, 3, event, "the update to %s failed (%s): %s", record->to,
                    fota_error_get_name(end->error), end->error->message);
    fota_module_set_error(module, end->error);
    add_history(module, "failed", end);
    announce_end(module, "failed", end);
    if (end->result == FOTA_RESULT_TRY_LATER)
        module->hold_until =
            fota_boot_time() + (gint64)(pause > 0 ? pause : HOLD_SECONDS) * G_USEC_PER_SEC;
    else
        record->attempts = is_definite(end->result) ? G_MAXUINT32 : record->attempts + 1;
    record->last_attempt = (guint64)fota_clock_now();
    give_up_update(module);
}

/* Nothing was begun, or nothing more than the record says: it is gone on with there, later. */
static void
end_unwritten(FotaModule *module, const FotaJobEnd *end)
{
    fota_module_log(module, 3, FOTA_EVENT_UPDATE_FAILED, "the update waits (%s): %s",
                    fota_error_get_name(end->error), end->error->message);
    fota_module_set_error(module, end->error);
    module->hold_until = fota_boot_time() + (gint64)HOLD_SECONDS * G_USEC_PER_SEC;
    if (module->record->mark == FOTA_MARK_NONE)
        fota_record_forget_update(module->record);
}

static void
end_cancelled(FotaModule *module, const FotaJobEnd *end)
{
    FotaRecord *record = module->record;
    const char *token = NULL;

    fota_module_log(module, 5, FOTA_EVENT_NONE, "the update was cancelled");
    if (g_variant_lookup(module->update, "token", "&s", &token))
        fota_record_set(&record->rejected, token);
    add_history(module, "cancelled", end);
    announce_end(module, "cancelled", end);
    give_up_update(module);
}

/* A module that is busy, or loading and cannot be stopped, may let go of the delta later. */
static void
end_discard(FotaModule *module, const FotaJobEnd *end)
{
    FotaRecord *record = module->record;

    if (end->error == NULL) {
        fota_module_log(module, 6, FOTA_EVENT_NONE,
                        "the module holds nothing of the delta any more");
        fota_record_forget_update(record);
        /* What the vendor was said to offer may have been just this. */
        if (module->plan != NULL && module->plan->kind == FOTA_PLAN_NO_PATH)
            fota_module_set_offer(module, NULL);
        return;
    }
    module->discards = is_definite(end->result) ? FOTA_DISCARDS_MAX : module->discards + 1;
    module->hold_until = fota_boot_time() + (gint64)HOLD_SECONDS * G_USEC_PER_SEC;
    fota_module_log(
        module, 4, FOTA_EVENT_NONE, "the delta to %s cannot be thrown away (%s): %s; %s",
        record->to, fota_error_get_name(end->error), end->error->message,
        module->discards < FOTA_DISCARDS_MAX ? "trying again later"
                                             : "the module may install it when it next starts");
    if (module->discards >= FOTA_DISCARDS_MAX)
        fota_module_set_error(module, end->error);
}

static void
end_rehearsal(FotaModule *module, const FotaJobEnd *end)
{
    const char *result = end->error != NULL ? "failed" : "rehearsed";

    fota_module_log(module, end->error != NULL ? 4 : 5, FOTA_EVENT_NONE,
                    "the rehearsal %s%s; nothing was installed",
                    end->error != NULL ? "failed: " : "went well",
                    end->error != NULL ? end->error->message : "");
    fota_module_set_error(module, end->error);
    add_history(module, result, end);
    announce_end(module, result, end);
    for (guint i = 0; i < FOTA_APPROVAL_N_GATES; i++)
        fota_record_set(&module->record->approved[i], NULL);
    fota_record_forget_update(module->record);
    module->rehearsal = FALSE;
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
    module->hold_until = fota_boot_time() + (gint64)INSPECT_SECONDS * G_USEC_PER_SEC;
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

static void
end_download(FotaModule *module)
{
    g_autofree char *token = NULL;

    module->record->starts = 0;
    /* Where a rejection at the first gate holds, so must one at the second. */
    fota_module_log(module, 6, FOTA_EVENT_NONE, "the delta is in the module");
    if (module->plan == NULL)
        return;
    token = fota_module_make_token(module, FOTA_APPROVAL_GATE_INSTALL);
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

void
fota_module_end_job(const FotaJobEnd *end, gpointer user_data)
{
    g_autoptr(FotaModule) module = user_data;
    gboolean cancelled =
        end->error != NULL && g_error_matches(end->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    gboolean unwritten =
        end->error != NULL && g_error_matches(end->error, FOTA_ERROR, FOTA_ERROR_RECORD);

    module->job = NULL;
    module->context->jobs--;
    if (end->version[0] != '\0')
        take_version(module, end->version);
    else if (module->here)
        fota_module_take_facts(module);
    if (end->version[0] != '\0' && !fota_first_aid_is_needed(end->error))
        module->record->unsettled = 0;
    fota_module_settle_charge(module, end);
    if (module->stopping) {
        stop(module);
        return;
    }
    if (end->error != NULL)
        fota_module_set_progress(module, 0);
    report_differing(module, end);
    if (module->job_kind == FOTA_JOB_FETCH)
        fota_module_end_fetch(module, end);
    else if (module->rehearsal)
        end_rehearsal(module, end);
    else if (module->job_kind == FOTA_JOB_ASK)
        end_question(module, end);
    else if (module->job_kind == FOTA_JOB_INSPECT)
        end_inspection(module, end);
    else if (module->job_kind == FOTA_JOB_DISCARD)
        end_discard(module, end);
    else if (cancelled)
        end_cancelled(module, end);
    else if (unwritten)
        end_unwritten(module, end);
    else if (module->record->mark == FOTA_MARK_INSTALLING &&
             g_error_matches(end->error, FOTA_ERROR, FOTA_ERROR_CHANNEL))
        end_unasked(module, end);
    else if (end->error != NULL)
        fota_module_fail_update(module, end);
    else if (end->downloaded)
        end_download(module);
    else
        end_well(module, end);
    /* A check alone costs no write: a manifest that is new has been saved. */
    if (module->job_kind != FOTA_JOB_FETCH && !unwritten)
        fota_module_save(module, NULL);
    fota_module_start_grace(module);
    fota_module_settle(module);
    g_signal_emit_by_name(module, "job-ended");
}
