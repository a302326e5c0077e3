/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/fota-request.h"

G_BEGIN_DECLS

/**
 * Asks a server through fotad-fetch, which has a process and a user of its own for each session:
 * this process does not use the network. base/fota-frame.h is the protocol between the two. An
 * answer is a status, some lines of the header, and at most as many bytes as were asked for.
 */

typedef struct {
    guint status;        /**< as HTTP counts: 200, 304, 404 ...; ftp and file are mapped to it */
    char *etag;          /**< NULL = none */
    guint64 max_age;     /**< seconds, 0 = not said */
    guint64 retry_after; /**< seconds, 0 = not said */
    guint64 from;        /**< first byte of the body */
    GBytes *body;        /**< empty where it went to an output */
} FotaResponse;

void fota_response_free(FotaResponse *response);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaResponse, fota_response_free)

/** Cancelling closes the session, and with it ends fotad-fetch. */
void fota_fetch_async(const FotaRequest *request, GCancellable *cancellable,
                      GAsyncReadyCallback callback, gpointer user_data);

/**
 * NULL with FOTA_ERROR_MANIFEST_UNREACHABLE when no answer came, which may be different next time.
 * With what would be the same: FOTA_ERROR_BAD_CREDENTIAL, BadConfiguration (address,
 * certificates), FOTA_ERROR_MANIFEST_UNAVAILABLE (the server sends us where we do not go), or
 * FOTA_POLICY_ERROR_MANIFEST_TOO_LARGE. G_IO_ERROR_PARTIAL_INPUT when the server cannot begin at
 * @from of the request, FOTA_ERROR_NO_SPACE when the output cannot be written. The text is a
 * sentence of fotad-fetch or of ours.
 */
FotaResponse *fota_fetch_finish(GAsyncResult *result, GError **error);

G_END_DECLS
