/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-ending.h"

#include <string.h>
#include <syslog.h>

#include "base/fota-clock.h"
#include "daemon/fota-error.h"
#include "daemon/module/fota-method.h"
#include "daemon/module/fota-results.h"
#include "daemon/module/fota-view.h"
#include "policy/fota-policy-error.h"

gboolean
fota_ending_is_asked(const FotaParts *parts, FotaAction action)
{
    const FotaMethod *method = fota_method_choose(parts, action);

    return action == FOTA_ACTION_FOLLOW ||
           ((action == FOTA_ACTION_RESUME || action == FOTA_ACTION_CONCLUDE) && method != NULL &&
            method->route == FOTA_ROUTE_ASKED);
}

/* How far a rehearsal that went well has come. */
static const char *
describe_rehearsal(const FotaJobEnd *end)
{
    return end->downloaded
               ? "the module has loaded the delta and validated it as it can; it was not installed"
               : "the delta was not loaded: it would not wait in this module until it is "
                 "installed, "
                 "or the host has not fetched it yet";
}

/* What the update had to keep, and what the module has. */
static void
note_service(const FotaParts *parts, FotaHistoryEntry *entry)
{
    g_autofree char *now = NULL;

    if (parts->record->service_before[0] == '\0')
        return;
    now = fota_service_to_text(fota_proof_get_service(parts->proof));
    fota_record_set(&entry->service_before, parts->record->service_before);
    fota_record_set(&entry->service_after, now);
}

FotaHistoryEntry *
fota_ending_make_entry(const FotaParts *parts, FotaAction action, const char *result,
                       const FotaJobEnd *end)
{
    const FotaRecord *record = parts->record;
    FotaHistoryEntry *entry = fota_history_entry_new();
    g_autofree char *differing = g_strjoinv(" ", (GStrv)end->differing);
    gboolean guest = action == FOTA_ACTION_REHEARSE && parts->plan != NULL;
    gboolean back = record->restoring != 0; /* the history tells of the update itself */

    fota_record_set(&entry->differing, differing);
    fota_record_set(&entry->id, guest ? parts->plan->manifest->update.id : record->update_id);
    fota_record_set(&entry->result, result);
    fota_record_set(&entry->from, guest ? parts->plan->from : back ? record->to : record->from);
    fota_record_set(&entry->to, guest ? parts->plan->to : back ? record->from : record->to);
    fota_record_set(&entry->error, end->error != NULL ? fota_error_get_name(end->error) : NULL);
    fota_record_set(&entry->text, end->error != NULL ? end->error->message : NULL);
    if (guest && end->error == NULL && strcmp(result, "rehearsed") == 0)
        fota_record_set(&entry->text, describe_rehearsal(end));
    entry->started = guest ? fota_run_get_started(parts->run) : record->started;
    entry->finished = (guint64)fota_clock_now();
    entry->outage = end->outage;
    if (guest) {
        entry->bytes = fota_run_get_bytes_received(parts->run);
        entry->stages[FOTA_STAGE_DOWNLOAD] = entry->started;
    } else {
        fota_results_note_stages(parts, entry);
    }
    if (action != FOTA_ACTION_REHEARSE)
        note_service(parts, entry);
    if (fota_ending_is_asked(parts, action)) {
        entry->stages[FOTA_STAGE_OFFERED] = record->question_heard;
        entry->stages[FOTA_STAGE_APPROVED] = record->question_answered;
    }
    return entry;
}

GVariant *
fota_ending_make_details(const FotaParts *parts, FotaAction action, const FotaHistoryEntry *entry,
                         const FotaJobEnd *end)
{
    GVariantDict details;

    g_variant_dict_init(&details, NULL);
    g_variant_dict_insert(&details, "from", "s", entry->from);
    g_variant_dict_insert(&details, "to", "s", entry->to);
    g_variant_dict_insert(&details, "revision", "s", parts->record->revision);
    g_variant_dict_insert(&details, "duration", "t", fota_run_get_seconds(parts->run));
    g_variant_dict_insert(&details, "outage", "u", end->outage);
    fota_view_tell_service(&details, entry);
    if (end->differing[0] != NULL)
        g_variant_dict_insert(&details, "differing-settings", "^as", end->differing);
    if (end->error != NULL) {
        g_variant_dict_insert(&details, "error", "s", entry->error);
    }
    if (entry->text[0] != '\0')
        g_variant_dict_insert(&details, "text", "s", entry->text);
    if (action == FOTA_ACTION_REHEARSE)
        g_variant_dict_insert(&details, "rehearsal", "b", TRUE);
    return g_variant_dict_end(&details);
}

static void
log_rehearsal(const FotaParts *parts, const FotaJobEnd *end)
{
    fota_record_log(parts->record, end->error != NULL ? LOG_WARNING : LOG_NOTICE, FOTA_EVENT_NONE,
                    "the rehearsal %s: %s", end->error != NULL ? "failed" : "went well",
                    end->error != NULL ? end->error->message : describe_rehearsal(end));
}

static void
log_finish(const FotaParts *parts, FotaFinish finish, const FotaJobEnd *end)
{
    const FotaRecord *record = parts->record;
    gboolean loop = g_error_matches(end->error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_UPDATE_LOOP);

    if (finish == FOTA_FINISH_SUCCESS && strcmp(record->from, record->to) == 0)
        fota_record_log(parts->record, LOG_NOTICE, FOTA_EVENT_UPDATE_DONE,
                        "the dummy was installed: %s as before, after %u restarts", record->to,
                        end->restarts);
    else if (finish == FOTA_FINISH_SUCCESS)
        fota_record_log(parts->record, LOG_NOTICE, FOTA_EVENT_UPDATE_DONE, "updated from %s to %s",
                        record->from, record->to[0] != '\0' ? record->to : end->version);
    else if (finish == FOTA_FINISH_CANCELLED)
        fota_record_log(parts->record, LOG_NOTICE, FOTA_EVENT_NONE, "the update was cancelled");
    else if (finish == FOTA_FINISH_EXPIRED)
        fota_record_log(parts->record, LOG_WARNING, FOTA_EVENT_NONE,
                        "the answer to what the module asks came too late: %s",
                        end->error->message);
    else if (finish == FOTA_FINISH_NO_SERVICE || finish == FOTA_FINISH_RESTORED)
        fota_record_log(parts->record, LOG_ERR, FOTA_EVENT_NO_SERVICE, "%s", end->error->message);
    else if (finish == FOTA_FINISH_FAILED)
        fota_record_log(parts->record, LOG_ERR,
                        loop ? FOTA_EVENT_UPDATE_LOOP : FOTA_EVENT_UPDATE_FAILED,
                        "the update to %s failed (%s): %s", record->to,
                        fota_error_get_name(end->error), end->error->message);
}

void
fota_ending_log(const FotaParts *parts, FotaAction action, FotaFinish finish, const FotaJobEnd *end)
{
    if (action == FOTA_ACTION_REHEARSE)
        log_rehearsal(parts, end);
    else
        log_finish(parts, finish, end);
}
