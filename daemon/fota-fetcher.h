/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * Asks a server through fotad-fetch, which has a process and a user of its own for each session:
 * this process does not use the network. base/fota-frame.h is the protocol between the two. An
 * answer is a status, some lines of the header, and at most as many bytes as were asked for.
 */

typedef struct {
    const char *socket;             /**< of fotad-fetch */
    const char *uri;                /**< http, https, ftp, ftps or file */
    const char *credential;         /**< file of a credential, NULL = none */
    const char *ca_file;            /**< PEM file, NULL = the system's */
    const char *client_certificate; /**< file of a credential, PEM; NULL = none */
    const char *client_key;         /**< the same; NULL = it is in @client_certificate */
    const char *proxy;              /**< http://host:port, NULL = none */
    const char *interface;          /**< network interface to leave by, NULL = as the routes are */
    const char *etag;               /**< of the copy that we have, NULL = none */
    GBytes *body;                   /**< JSON that is posted; NULL = GET */
    const char *idempotency_key;    /**< of @body: one that comes twice is the same; NULL = none */
    guint64 from;                   /**< first byte wanted, 0 = all */
    /**
     * Where the body is written, beyond what it holds, instead of into memory; NULL = nowhere. It
     * is a GSeekable: where the server sends all although @from is not 0, it is emptied first.
     */
    GOutputStream *output;
    /** Bytes of the body that have been written to @output; may be NULL. */
    void (*progress)(guint64 bytes, gpointer user_data);
    gsize max_bytes; /**< of the whole: what lies before @from is among them */
    guint limit;     /**< seconds until it is given up, 0 = FOTA_FETCH_LIMIT */
} FotaRequest;

/** A little more than fotad-fetch gives a server. */
#define FOTA_FETCH_LIMIT 200

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
