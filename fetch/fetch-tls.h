/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <curl/curl.h>
#include <libsoup/soup.h>

#include "fetch/fetch-session.h"

G_BEGIN_DECLS

/**
 * SECTION: the one policy of TLS and proxies, for libsoup and libcurl.
 *
 * TLS 1.2 is the least. A server's certificate comes from the authority that fotad names, or from
 * one of the system's; it is for servers, and names the host that was asked as a subjectAltName.
 * We are known by the client certificate of the session, to the server that was asked alone. What
 * no proxy is set for goes out directly, whatever the environment says.
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
 * What is wrong with the certificate that the server of @curl has shown, static text; %NULL when it
 * is good. The chain and the host's name have been verified by then.
 */
const char *fota_fetch_tls_check_ftp(FotaFetchSession *session, CURL *curl);

G_END_DECLS
