/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/fota-store.h"
#include "daemon/module/fota-part.h"

G_BEGIN_DECLS

/**
 * Keeps the record of one module on disk, and is the only writer of the mark in it. The other parts
 * write their members through fota_keeper_get_record(); these are on disk after fota_keeper_save()
 * and fota_keeper_wait_async().
 */
typedef struct _FotaKeeper FotaKeeper;

/** Takes @record. @store and what @owner points to outlive the keeper. */
FotaKeeper *fota_keeper_new(FotaStore *store, FotaRecord *record, const FotaPartOwner *owner);
void fota_keeper_free(FotaKeeper *keeper);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaKeeper, fota_keeper_free)

FotaRecord *fota_keeper_get_record(FotaKeeper *keeper);
FotaMark fota_keeper_get_mark(FotaKeeper *keeper);

/**
 * Records what the update that begins is to do; fota_keeper_advance_async() then writes the mark.
 */
void fota_keeper_open(FotaKeeper *keeper, const char *id, const FotaStep *step, const char *from);

/**
 * Writes @mark before the step that it names. The finish function fails with
 * FOTA_ERROR_RECORD_NOT_WRITABLE, and then the mark is what it was before.
 */
void fota_keeper_advance_async(FotaKeeper *keeper, FotaMark mark, GAsyncReadyCallback callback,
                               gpointer user_data);
gboolean fota_keeper_advance_finish(FotaKeeper *keeper, GAsyncResult *result, GError **error);

/**
 * Notes in the record that @stage is reached now; of a way back, nothing: the report is of the
 * update itself. The next fota_keeper_save() writes it.
 */
void fota_keeper_note_stage(FotaKeeper *keeper, FotaStage stage);

/**
 * Sets the mark that the step under way leaves at its end (policy/fota-outcome.h). The next
 * fota_keeper_save() writes it.
 */
void fota_keeper_close(FotaKeeper *keeper, FotaMark mark);

/**
 * A past time of the record that the clock has told before it was set, or while it was ahead,
 * becomes @now: how long ago that was, nobody knows. @now 0 = it is not set yet.
 */
void fota_keeper_correct_time(FotaKeeper *keeper, guint64 *time, gint64 now);
/** What was put off for @length (µs, 0 = not known) is put off for no longer than that from @now.
 */
void fota_keeper_correct_deferral(FotaKeeper *keeper, guint64 *until, guint64 length, gint64 now);

/** Treats a module that may have installed its delta by itself as if it had been ordered to. */
void fota_keeper_suspect(FotaKeeper *keeper);

/** Writes the record and, when not NULL, @manifest. */
void fota_keeper_save(FotaKeeper *keeper, GBytes *manifest);
/** Why a write has failed, once for each that has; NULL = nothing new. */
const GError *fota_keeper_take_error(FotaKeeper *keeper);

/** Waits until all that was to be saved so far is on disk, and for nothing that follows. Fails with
 * FOTA_ERROR_RECORD_NOT_WRITABLE. */
void fota_keeper_wait_async(FotaKeeper *keeper, GAsyncReadyCallback callback, gpointer user_data);
gboolean fota_keeper_wait_finish(FotaKeeper *keeper, GAsyncResult *result, GError **error);

/** Bytes used by manifests and deltas this month; @now in µs, 0 = the month is unknown. */
guint64 fota_keeper_get_data_used(FotaKeeper *keeper, gint64 now);
/** Counts @bytes, which may be negative; written with the record. */
void fota_keeper_count_data(FotaKeeper *keeper, gint64 now, gint64 bytes);
/** Counts a delta before and after it is fetched, as fota_budget_charge() and _correct() say. */
void fota_keeper_charge_delta(FotaKeeper *keeper, gint64 now, guint64 size);
void fota_keeper_correct_delta(FotaKeeper *keeper, gint64 now, guint64 size, guint64 first,
                               guint64 received);
/** Writes the count alone, at most once a day. */
void fota_keeper_save_data(FotaKeeper *keeper);

G_END_DECLS
