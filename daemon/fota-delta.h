/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/fota-context.h"

G_BEGIN_DECLS

/**
 * Brings a delta into the cache: from the first of its addresses that has it, through fotad-fetch,
 * one session with each server. What an earlier fetch has brought is not fetched again, where the
 * manifest says the digest and the server can begin in the middle. Without a digest a fetch begins
 * anew, because nothing would show that its parts are of two files.
 */

typedef struct {
    const FotaContext *context; /**< its cache, configuration and fotad-fetch */
    const char *imei;           /**< of the module, whose configuration holds */
    const FotaDelta *delta;     /**< its texts are copied */
    /** Bytes that are in the cache, and those that the whole has, 0 = unknown. */
    void (*progress)(guint64 received, guint64 total, gpointer user_data);
} FotaDeltaRequest;

/** Bytes of @delta that are in the cache already, and that its next fetch need not bring. */
guint64 fota_delta_get_held(const FotaContext *context, const FotaDelta *delta);

void fota_delta_fetch_async(const FotaDeltaRequest *request, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer user_data);

/**
 * TRUE: fota_cache_has() it. *@spent: bytes that have come over a network, whatever became of them.
 *
 * Errors, of the address that was tried last: FOTA_MODULE_ERROR_DELTA_SERVER_UNREACHABLE,
 * _DELTA_LOGIN_REFUSED, _DELTA_MISSING, _TRANSFER_FAILED; FOTA_ERROR_BAD_DELTA where size or digest
 * differ. Without another address being tried: FOTA_ERROR_NO_SPACE, _BUSY (the same delta is being
 * fetched already), G_IO_ERROR_CANCELLED; FOTA_MODULE_ERROR_NOT_SUPPORTED where the host can fetch
 * from none.
 */
gboolean fota_delta_fetch_finish(GAsyncResult *result, guint64 *spent, GError **error);

G_END_DECLS
