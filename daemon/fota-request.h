/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "daemon/fota-context.h"

G_BEGIN_DECLS

/** What a server is asked through fotad-fetch: fota-fetcher.h. */

typedef struct {
    const char *socket;             /**< of fotad-fetch */
    const char *uri;                /**< http, https, ftp, ftps or file */
    const char *beneath;            /**< directory that a file must be in, NULL = any */
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

/**
 * A request for the module of @config: with the credential of the name @credential, NULL = none,
 * and, where @identifies, with the client certificate, which says to the server who we are. Its
 * address, its limits and what is done with the answer are for the caller to add.
 */
FotaRequest fota_request_make(const FotaContext *context, const FotaModuleConfig *config,
                              const char *credential, gboolean identifies);

/** Frees what fota_request_make() has made: the paths of credential, certificate and key. */
void fota_request_clear(FotaRequest *request);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FotaRequest, fota_request_clear)

/**
 * Appends the frames of @request (base/fota-frame.h), secrets included. FOTA_ERROR_BAD_CREDENTIAL,
 * BadConfiguration: a file cannot be used.
 */
gboolean fota_request_write(const FotaRequest *request, GString *frames, GError **error);

G_END_DECLS
