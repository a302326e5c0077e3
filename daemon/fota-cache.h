/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * Keeps the deltas that the host has fetched, in `deltas/` of the state directory:
 *
 *   <key>.part      what has come so far; a later fetch goes on from there
 *   <key>.<sha256>  whole, synchronised, and compared with what the manifest says
 *
 * The key is that of fota_delivery_make_key(). A file stays while a holder claims its key: the
 * update that needs it, or the way back of one. Nobody else removes it, so that it survives a
 * restart and a loss of power.
 */
typedef struct _FotaCache FotaCache;

/** @state: the state directory. The cache's own is made with its first file. */
FotaCache *fota_cache_new(const char *state);
void fota_cache_free(FotaCache *cache);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaCache, fota_cache_free)

/**
 * Says what @holder, a name such as the module's IMEI, needs: @key, or NULL = nothing any more. A
 * file that nobody needs any more is deleted.
 */
void fota_cache_claim(FotaCache *cache, const char *holder, const char *key);
/** Deletes what nobody claims: to be called once all holders of this start have claimed theirs. */
void fota_cache_sweep(FotaCache *cache);

/** Whether the delta @key is there, whole. */
gboolean fota_cache_has(FotaCache *cache, const char *key);
/** Bytes of @key that are there, whole or not. */
guint64 fota_cache_get_bytes(FotaCache *cache, const char *key);
/** Bytes that all deltas but @key take. */
guint64 fota_cache_get_used(FotaCache *cache, const char *key);

/** Takes the part of @key for one fetch, until it is given back. FALSE: another one has it. */
gboolean fota_cache_take_part(FotaCache *cache, const char *key);
void fota_cache_give_part_back(FotaCache *cache, const char *key);

/**
 * The part of @key, for more of it to be added at its end; made when it is missing.
 * FOTA_ERROR_NO_SPACE when it cannot be opened.
 */
GFileOutputStream *fota_cache_open_part(FotaCache *cache, const char *key, GError **error);
/** FOTA_ERROR_NO_SPACE when it stays: nothing else can come in its place. */
gboolean fota_cache_delete_part(FotaCache *cache, const char *key, GError **error);
/** Deletes the whole of @key: it has been found to be damaged. */
void fota_cache_delete(FotaCache *cache, const char *key);

/**
 * Compares the part of @key with @size (0 = unknown) and @sha256 (NULL = unknown), synchronises it
 * and makes it the whole. FOTA_ERROR_BAD_DELTA when it is another file: the part is deleted.
 * FOTA_ERROR_NO_SPACE when it cannot be kept.
 */
void fota_cache_complete_async(FotaCache *cache, const char *key, guint64 size, const char *sha256,
                               GCancellable *cancellable, GAsyncReadyCallback callback,
                               gpointer user_data);
gboolean fota_cache_complete_finish(FotaCache *cache, GAsyncResult *result, GError **error);

/** A delta that is there whole, for whoever loads it. */
typedef struct {
    int fd; /* for reading; -1 = none */
    guint64 size;
    char *sha256; /* of what was fetched */
} FotaCacheFile;

/** FALSE when it is not there whole. fota_cache_file_clear() frees and closes. */
gboolean fota_cache_open(FotaCache *cache, const char *key, FotaCacheFile *file);
void fota_cache_file_clear(FotaCacheFile *file);
/**
 * Reads @file once more through its own descriptor, which is at its beginning afterwards.
 * FOTA_ERROR_BAD_DELTA when it is not what was fetched. May be called in any thread.
 */
gboolean
fota_cache_file_verify(const FotaCacheFile *file, GCancellable *cancellable, GError **error);

G_END_DECLS
