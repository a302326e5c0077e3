/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-record.h"

#include <string.h>

#include "daemon/job/fota-report.h"
#include "plugins/fota-plugin.h"

void
fota_record_set(char **member, const char *value)
{
    char *copy = g_strdup(value != NULL ? value : "");

    g_free(*member);
    *member = copy;
}

void
fota_record_log(const FotaRecord *record, int level, FotaEvent event, const char *format, ...)
{
    const FotaLogContext context = {
        .imei = record->imei,
        .update_id = record->update_id,
        .from = record->from,
        .to = record->to,
        .state = record->state,
    };
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    fota_log(level, event, &context, "%s", text);
}

void
fota_record_forget_offer(FotaRecord *record)
{
    record->first_offered = 0;
    record->asked = 0;
    record->deferred_until = record->deferred_for = 0;
    record->attempts = 0;
    record->last_attempt = 0;
    fota_record_set(&record->failed_delivery, NULL);
    fota_record_set(&record->rejected, NULL);
    fota_record_set(&record->cancelled, NULL);
    fota_record_set(&record->chain_from, NULL);
    for (guint i = 0; i < FOTA_APPROVAL_N_GATES; i++)
        fota_record_set(&record->approved[i], NULL);
    /* What is under way has still passed its steps. */
    if (record->mark == FOTA_MARK_NONE)
        memset(record->stages, 0, sizeof record->stages);
}

static gboolean
setting_is_owed(const char *name, const char *value)
{
    return g_str_has_prefix(name, FOTA_OWED) && value[0] != '\0';
}

gboolean
fota_record_owes(const FotaRecord *record)
{
    GHashTableIter iter;
    gpointer name, value;

    g_hash_table_iter_init(&iter, record->settings);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        if (setting_is_owed(name, value))
            return TRUE;
    }
    return FALSE;
}

void
fota_record_forget_debts(FotaRecord *record)
{
    GHashTableIter iter;
    gpointer name;

    g_hash_table_iter_init(&iter, record->settings);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        if (g_str_has_prefix(name, FOTA_OWED))
            g_hash_table_iter_remove(&iter);
    }
}

gboolean
fota_record_lacks_power(const FotaRecord *record)
{
    return g_strcmp0(g_hash_table_lookup(record->settings, FOTA_JOB_POWER), "1") == 0;
}

void
fota_record_note_power(FotaRecord *record)
{
    g_hash_table_remove(record->settings, FOTA_JOB_POWER);
}

gboolean
fota_record_is_in_transfer(const FotaRecord *record)
{
    return g_strcmp0(g_hash_table_lookup(record->settings, FOTA_JOB_TRANSFER), "1") == 0;
}

void
fota_record_end_transfer(FotaRecord *record)
{
    g_hash_table_remove(record->settings, FOTA_JOB_TRANSFER);
}

/* What is owed stays, with the method that sets it back. */
static void
settings_forget(FotaRecord *record)
{
    gboolean owes = fota_record_owes(record);
    GHashTableIter iter;
    gpointer name, value;

    g_hash_table_iter_init(&iter, record->settings);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        if (!setting_is_owed(name, value) && !g_str_equal(name, FOTA_JOB_POWER) &&
            !g_str_equal(name, FOTA_JOB_TRANSFER) && !(owes && g_str_equal(name, FOTA_JOB_METHOD)))
            g_hash_table_iter_remove(&iter);
    }
}

void
fota_record_forget_update(FotaRecord *record)
{
    record->mark = FOTA_MARK_NONE;
    record->started = 0;
    record->starts = 0;
    fota_record_set(&record->update_id, NULL);
    fota_record_set(&record->from, NULL);
    fota_record_set(&record->to, NULL);
    fota_record_set(&record->delta, NULL);
    fota_record_set(&record->delivery, NULL);
    record->delta_data = (FotaDeltaCount){0};
    record->received = 0;
    record->outage = record->restoring = record->restores = 0;
    fota_record_set(&record->began_with, NULL);
    fota_record_set(&record->service_before, NULL);
    fota_record_set(&record->differing, NULL);
    fota_record_set(&record->loss, NULL);
    fota_record_set(&record->back, NULL);
    for (FotaStage stage = FOTA_STAGE_DOWNLOAD; stage < FOTA_N_STAGES; stage++)
        record->stages[stage] = 0;
    settings_forget(record);
}

void
fota_record_forget_question(FotaRecord *record)
{
    fota_record_set(&record->question, NULL);
    fota_record_set(&record->question_from, NULL);
    fota_record_set(&record->question_approved, NULL);
    fota_record_set(&record->question_refused, NULL);
    record->question_heard = 0;
    record->question_asked = 0;
    record->question_answered = 0;
    record->question_deferred_until = record->question_deferred_for = 0;
}

const char **
fota_record_list_left(const FotaRecord *record)
{
    const char **left = g_new0(const char *, 2 * record->history->len + 1);

    for (guint i = record->history->len, n = 0; i-- > 0;) {
        const FotaHistoryEntry *entry = record->history->pdata[i];
        const char *const versions[] = {entry->from, entry->to};

        for (guint j = 0; j < 2 && strcmp(entry->result, "success") == 0; j++) {
            if (strcmp(versions[j], record->revision) == 0)
                return left;
            left[n++] = versions[j];
        }
    }
    /* Flashed by hand since, to where no update has led it: nobody knows what lies behind it. */
    left[0] = NULL;
    return left;
}

gboolean
fota_record_has_dummy(const FotaRecord *record, const char *id)
{
    for (guint i = 0; i < record->history->len; i++) {
        const FotaHistoryEntry *entry = record->history->pdata[i];

        if (strcmp(entry->result, "success") == 0 && strcmp(entry->id, id) == 0 &&
            strcmp(entry->from, entry->to) == 0 && strcmp(entry->to, record->revision) == 0)
            return TRUE;
    }
    return FALSE;
}

static const char *
history_result(const FotaRecord *record, guint index)
{
    return ((const FotaHistoryEntry *)record->history->pdata[index])->result;
}

void
fota_record_add_history(FotaRecord *record, FotaHistoryEntry *entry)
{
    guint oldest = record->history->len;

    g_ptr_array_insert(record->history, 0, entry);
    if (record->history->len <= FOTA_HISTORY_MAX)
        return;
    while (oldest > 0 && strcmp(history_result(record, oldest), "success") == 0)
        oldest--;
    g_ptr_array_remove_index(record->history, oldest > 0 ? oldest : FOTA_HISTORY_MAX);
}
