/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * One session with one origin (base/fota-frame.h): its settings, and the connection to fotad.
 */
typedef struct {
    int in;
    int out;
    GByteArray *received;

    char *secret;        /**< user:password or a bearer token, NULL = none */
    GBytes *authority;   /**< PEM, NULL = the system's */
    GBytes *certificate; /**< PEM, NULL = none; its key is in it when @key is NULL */
    GBytes *key;
    char *proxy;     /**< http://host:port, NULL = none */
    char *interface; /**< that connections leave by, NULL = as the routes are */

    GUri *origin;            /**< NULL before the first request */
    GTlsCertificate *client; /**< made of @certificate and @key */
    const char *tls_fault;   /**< of the server's certificate, NULL = none */
    gboolean unbound;        /**< a connection could not be bound to @interface */
    GObject *http; /**< fetch-http.c's, so that requests share a connection; NULL = none yet */
    guint64 sent;  /**< bytes of body in the answer that is being given */
} FotaFetchSession;

/**
 * Serves one session on @in and @out, which may be the same socket, until fotad has no further
 * request. If fotad exits meanwhile, so does the process.
 */
void fota_fetch_session_serve(int in, int out);

/** Sends @frame to fotad; does not return if fotad has exited. */
void fota_fetch_session_send(FotaFetchSession *session, const GString *frame);

G_END_DECLS
