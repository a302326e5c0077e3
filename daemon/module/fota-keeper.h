/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/fota-store.h"
#include "daemon/module/fota-part.h"

G_BEGIN_DECLS

/**
 * What is durable of one module: its record, and the only writer of the mark in it. The other parts
 * write what is theirs through fota_keeper_get_record(); what they have written is on disk after
 * fota_keeper_save() and fota_keeper_wait_async().
 */
typedef struct _FotaKeeper FotaKeeper;

/** Takes @record. @store and what @owner points to outlive the keeper. */
FotaKeeper *fota_keeper_new(FotaStore *store, FotaRecord *record, const FotaPartOwner *owner);
void fota_keeper_free(FotaKeeper *keeper);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaKeeper, fota_keeper_free)

FotaRecord *fota_keeper_get_record(FotaKeeper *keeper);
FotaMark fota_keeper_get_mark(FotaKeeper *keeper);

/**
 * An update begins: what is to be done, by the names that the record gives it. The mark follows
 * with fota_keeper_advance_async().
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
 * The step under way has ended, and leaves @mark (policy/fota-outcome.h). Written with the next
 * fota_keeper_save().
 */
void fota_keeper_close(FotaKeeper *keeper, FotaMark mark);

/** A module with a delta in it may have installed it by itself: as if it had been ordered. */
void fota_keeper_suspect(FotaKeeper *keeper);

/** Writes the record and, when not NULL, @manifest. */
void fota_keeper_save(FotaKeeper *keeper, GBytes *manifest);
/** Why the last write has failed, NULL = it has not. */
const GError *fota_keeper_get_error(FotaKeeper *keeper);

/** Waits until all that was to be saved so far is on disk. Fails with
 * FOTA_ERROR_RECORD_NOT_WRITABLE. */
void fota_keeper_wait_async(FotaKeeper *keeper, GAsyncReadyCallback callback, gpointer user_data);
gboolean fota_keeper_wait_finish(FotaKeeper *keeper, GAsyncResult *result, GError **error);

/** Bytes that manifests and deltas have cost this month; @now in µs, 0 = nobody knows the month. */
guint64 fota_keeper_get_data_used(FotaKeeper *keeper, gint64 now);
/** Counts @bytes, below zero to give some back; written with the record. */
void fota_keeper_count_data(FotaKeeper *keeper, gint64 now, gint64 bytes);
/** Writes the count by itself, at most once a day. */
void fota_keeper_save_data(FotaKeeper *keeper);

G_END_DECLS
