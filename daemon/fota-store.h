/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/fota-record.h"

G_BEGIN_DECLS

/**
 * Keeps each module's record, and the manifest it accepted last, in the state directory:
 *
 *   <imei>.json       the record
 *   <imei>.json.prev  the generation before
 *   <imei>.manifest   the manifest as received, signature included
 *   <imei>.checked    empty; its modification time is when the server last answered
 *   outbox/           what is to be posted (fota-outbox.h)
 *   <imei>.lease      what is to be given back to the host (daemon/mm/fota-lease.h)
 *
 * Writing is durable (fsync of file and directory) and happens in one thread of its own, in the
 * order of the calls; the main loop does not wait for the flash.
 */
typedef struct _FotaStore FotaStore;

/**
 * @directory is made when it is missing. FOTA_ERROR_RECORD_NOT_WRITABLE when that fails,
 * BadConfiguration when others may write to it.
 */
FotaStore *fota_store_new(const char *directory, GError **error);
/** Waits until everything is written. */
void fota_store_free(FotaStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaStore, fota_store_free)

/** IMEIs of all records; to be called, like fota_store_load(), before the main loop runs. */
GStrv fota_store_list(FotaStore *store);

/**
 * The record of @imei, or the generation before when that is bad; a new one when there is none at
 * all. *@error is set beside a record when something had to be given up. Never NULL.
 *
 * When the generation that is bad may have said that the order to install was given, the mark says
 * so: the version is asked before that order is given (again). When it may have said that the module
 * was told yes, its question is forgotten: it is told so again only if it asks again.
 */
FotaRecord *fota_store_load(FotaStore *store, const char *imei, GError **error);

/** The manifest last saved for @imei, NULL when there is none. */
GBytes *fota_store_load_manifest(FotaStore *store, const char *imei);

const char *fota_store_get_directory(FotaStore *store);

/** Whether the directory lay in memory, as fota_mount_is_volatile() says, when @store was made. */
gboolean fota_store_is_volatile(FotaStore *store);

/** Bytes that fotad may still write there; G_MAXUINT64 when the system does not tell. */
guint64 fota_store_get_free_space(FotaStore *store);

/** When the server of @imei last answered, µs since the epoch; 0 = never, or not known. */
gint64 fota_store_load_check_time(FotaStore *store, const char *imei);

/**
 * Keeps that. A check must not cost a durable write: only a file's time is set, and the system
 * writes that when it likes to. A power cut may lose it, and the module then makes up for a check
 * too many, at a random moment, which does no harm.
 */
void fota_store_save_check_time_async(FotaStore *store, const char *imei, gint64 time,
                                      GAsyncReadyCallback callback, gpointer user_data);

/**
 * Writes @record as it is now and, when not NULL, @manifest before it.
 * FOTA_ERROR_RECORD_NOT_WRITABLE on failure: then nothing irreversible may follow.
 */
void fota_store_save_async(FotaStore *store, const FotaRecord *record, GBytes *manifest,
                           GAsyncReadyCallback callback, gpointer user_data);
/**
 * Writes @bytes durably to @file, in a directory below this one; NULL deletes it. Nothing that was
 * given to the store later is on disk before it.
 */
void fota_store_write_async(FotaStore *store, const char *file, GBytes *bytes,
                            GAsyncReadyCallback callback, gpointer user_data);
/** For all of them; @store is not used. */
gboolean fota_store_save_finish(FotaStore *store, GAsyncResult *result, GError **error);

G_END_DECLS
