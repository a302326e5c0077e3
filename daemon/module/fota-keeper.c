/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-keeper.h"

#include <string.h>

#include "base/fota-clock.h"
#include "daemon/fota-context.h"

struct _FotaKeeper {
    FotaPartOwner owner;
    FotaStore *store;
    FotaRecord *record;
    guint64 written_mark; /* before the last fota_keeper_advance_async() */
    guint64 asked;        /* saves so far, */
    guint64 ended;        /* and how many of them have ended, in their order */
    GError *error;        /* of the last one that has ended */
    gboolean news;        /* it has not been told yet */
    GPtrArray *waiting;   /* Waiter, in the order of what they wait for */
};

typedef struct {
    GTask *task;
    guint64 save; /* the last one that it waits for */
} Waiter;

FotaKeeper *
fota_keeper_new(FotaStore *store, FotaRecord *record, const FotaPartOwner *owner)
{
    FotaKeeper *keeper = g_new0(FotaKeeper, 1);

    keeper->owner = *owner;
    keeper->store = store;
    keeper->record = record;
    keeper->written_mark = record->mark;
    keeper->waiting = g_ptr_array_new_with_free_func(g_free);
    return keeper;
}

void
fota_keeper_free(FotaKeeper *keeper)
{
    fota_record_free(keeper->record);
    g_clear_error(&keeper->error);
    g_ptr_array_unref(keeper->waiting);
    g_free(keeper);
}

FotaRecord *
fota_keeper_get_record(FotaKeeper *keeper)
{
    return keeper->record;
}

FotaMark
fota_keeper_get_mark(FotaKeeper *keeper)
{
    return (FotaMark)keeper->record->mark;
}

void
fota_keeper_open(FotaKeeper *keeper, const char *id, const FotaStep *step, const char *from)
{
    FotaRecord *record = keeper->record;
    g_autofree char *delta = fota_manifest_name_delta(step);
    gboolean other = g_strcmp0(record->delta, delta) != 0;

    /* Another delta, which the module has not discarded, is no part of this update. */
    if (other && record->mark == FOTA_MARK_DOWNLOADED)
        record->mark = FOTA_MARK_NONE;
    if (strcmp(record->update_id, id) != 0 || g_strcmp0(record->from, step->from_version) != 0)
        record->starts = 0;
    if (other)
        record->delta_data = (FotaDeltaCount){0};
    fota_record_set(&record->update_id, id);
    fota_record_set(&record->delta, delta);
    fota_record_set(&record->from, step->from_version);
    fota_record_set(&record->to, step->to_version);
    fota_record_set(&record->cancelled, NULL);
    if (record->chain_from[0] == '\0')
        fota_record_set(&record->chain_from, from);
    /* What was fetched for it, or is in the module, belongs to it. */
    if ((record->mark == FOTA_MARK_FETCHING || record->mark == FOTA_MARK_DOWNLOADED) &&
        record->started != 0)
        return;
    record->received = 0;
    record->started = (guint64)fota_clock_now();
    for (FotaStage stage = FOTA_STAGE_DOWNLOAD; stage < FOTA_N_STAGES; stage++)
        record->stages[stage] = 0;
    record->stages[FOTA_STAGE_DOWNLOAD] = record->started;
}

void
fota_keeper_note_stage(FotaKeeper *keeper, FotaStage stage)
{
    guint64 *stages = keeper->record->stages;

    if (keeper->record->restoring != 0)
        return;
    stages[stage] = (guint64)fota_clock_now();
    if (stage == FOTA_STAGE_INSTALL)
        stages[FOTA_STAGE_VERIFY] = 0;
}

/* A mark is written again by a job that goes on from it, and with what else a job keeps. */
static void
note_mark(FotaKeeper *keeper, FotaMark mark)
{
    if (mark == (FotaMark)keeper->written_mark)
        return;
    if (mark == FOTA_MARK_DOWNLOADED)
        fota_keeper_note_stage(keeper, FOTA_STAGE_DOWNLOADED);
    else if (mark == FOTA_MARK_INSTALLING)
        fota_keeper_note_stage(keeper, FOTA_STAGE_INSTALL);
}

void
fota_keeper_advance_async(FotaKeeper *keeper, FotaMark mark, GAsyncReadyCallback callback,
                          gpointer user_data)
{
    keeper->written_mark = keeper->record->mark;
    keeper->record->mark = mark;
    /* Outlives the update, until the module has reported its version and stopped restarting. */
    if (mark == FOTA_MARK_INSTALLING)
        keeper->record->unsettled = 1;
    note_mark(keeper, mark);
    fota_store_save_async(keeper->store, keeper->record, NULL, callback, user_data);
}

gboolean
fota_keeper_advance_finish(FotaKeeper *keeper, GAsyncResult *result, GError **error)
{
    if (fota_store_save_finish(keeper->store, result, error))
        return TRUE;
    keeper->record->mark = keeper->written_mark;
    return FALSE;
}

void
fota_keeper_close(FotaKeeper *keeper, FotaMark mark)
{
    keeper->record->starts = 0;
    if (mark == FOTA_MARK_NONE)
        fota_record_forget_update(keeper->record);
    keeper->record->mark = mark;
}

void
fota_keeper_correct_time(FotaKeeper *keeper, guint64 *time, gint64 now)
{
    gboolean told = *time >= (guint64)FOTA_RELEASE_TIME && *time <= (guint64)now;

    if (*time == 0 || told || now < FOTA_RELEASE_TIME)
        return;
    *time = (guint64)now;
    fota_keeper_save(keeper, NULL);
}

void
fota_keeper_correct_deferral(FotaKeeper *keeper, guint64 *until, guint64 length, gint64 now)
{
    if (now < FOTA_RELEASE_TIME || length == 0 || *until <= (guint64)now ||
        *until - (guint64)now <= length)
        return;
    *until = (guint64)now + length;
    fota_keeper_save(keeper, NULL);
}

void
fota_keeper_suspect(FotaKeeper *keeper)
{
    keeper->record->mark = FOTA_MARK_INSTALLING;
    fota_keeper_note_stage(keeper, FOTA_STAGE_INSTALL);
    fota_keeper_save(keeper, NULL);
}

static void
wait_end(FotaKeeper *keeper, GTask *task)
{
    if (keeper->error != NULL)
        g_task_return_error(task, g_error_copy(keeper->error));
    else
        g_task_return_boolean(task, TRUE);
    g_object_unref(task);
}

static void
save_done(GObject *object, GAsyncResult *result, gpointer user_data)
{
    FotaKeeper *keeper = user_data;
    G_GNUC_UNUSED g_autoptr(GObject) owner = keeper->owner.object;

    g_clear_error(&keeper->error);
    keeper->news = !fota_store_save_finish(keeper->store, result, &keeper->error);
    if (keeper->news)
        fota_part_tell(&keeper->owner);
    keeper->ended++;
    while (keeper->waiting->len > 0 &&
           ((const Waiter *)keeper->waiting->pdata[0])->save <= keeper->ended) {
        g_autofree Waiter *waiter = g_ptr_array_steal_index(keeper->waiting, 0);

        wait_end(keeper, waiter->task);
    }
}

void
fota_keeper_save(FotaKeeper *keeper, GBytes *manifest)
{
    keeper->asked++;
    g_object_ref(keeper->owner.object);
    fota_store_save_async(keeper->store, keeper->record, manifest, save_done, keeper);
}

const GError *
fota_keeper_take_error(FotaKeeper *keeper)
{
    gboolean news = keeper->news;

    keeper->news = FALSE;
    return news ? keeper->error : NULL;
}

void
fota_keeper_wait_async(FotaKeeper *keeper, GAsyncReadyCallback callback, gpointer user_data)
{
    GTask *task = g_task_new(keeper->owner.object, NULL, callback, user_data);
    Waiter *waiter;

    if (keeper->ended == keeper->asked) {
        wait_end(keeper, task);
        return;
    }
    waiter = g_new0(Waiter, 1);
    waiter->task = task;
    waiter->save = keeper->asked;
    g_ptr_array_add(keeper->waiting, waiter);
}

gboolean
fota_keeper_wait_finish(FotaKeeper *keeper, GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}

guint64
fota_keeper_get_data_used(FotaKeeper *keeper, gint64 now)
{
    return fota_budget_get_used(&keeper->record->data, now);
}

void
fota_keeper_count_data(FotaKeeper *keeper, gint64 now, gint64 bytes)
{
    fota_budget_add(&keeper->record->data, now, bytes);
}

void
fota_keeper_charge_delta(FotaKeeper *keeper, gint64 now, guint64 size)
{
    fota_budget_charge(&keeper->record->data, &keeper->record->delta_data, now, size);
}

void
fota_keeper_correct_delta(FotaKeeper *keeper, gint64 now, guint64 size, guint64 first,
                          guint64 received)
{
    FotaRecord *record = keeper->record;

    fota_budget_correct(&record->data, &record->delta_data, now, size, first, received);
}

void
fota_keeper_save_data(FotaKeeper *keeper)
{
    guint64 today = (guint64)(fota_clock_now() / G_TIME_SPAN_DAY);

    if (keeper->record->data_saved == today)
        return;
    keeper->record->data_saved = today;
    fota_keeper_save(keeper, NULL);
}
