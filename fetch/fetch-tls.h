/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <curl/curl.h>
#include <libsoup/soup.h>

#include "fetch/fetch-session.h"

G_BEGIN_DECLS

/**
 * SECTION: the one policy of TLS and proxies, for libsoup and libcurl.
 *
 * TLS must be 1.2 or later. A server's certificate must be signed by the authority that fotad
 * names, or by one of the system's; it must be for servers, and name the host as a subjectAltName.
 * Only the server that was asked gets the session's client certificate. Without a proxy,
 * connections are direct, whatever the environment says.
 */

/** Before the first thread and the first connection of the process. */
void fota_fetch_tls_init(void);

/** Error: TlsFailed, BadCredential. */
gboolean fota_fetch_tls_set_http(FotaFetchSession *session, SoupSession *http, GError **error);
void fota_fetch_tls_set_message(FotaFetchSession *session, SoupMessage *message,
                                GCancellable *cancellable);

/** Error: BadCredential. */
gboolean
fota_fetch_tls_set_ftp(FotaFetchSession *session, CURL *curl, gboolean secure, GError **error);

/**
 * Returns: the fault of the certificate of @curl's server, static text; %NULL if it is good. The
 * chain and the host's name must have been verified before.
 */
const char *fota_fetch_tls_check_ftp(FotaFetchSession *session, CURL *curl);

G_END_DECLS
