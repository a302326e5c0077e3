/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

#include "fetch/fetch-session.h"

G_BEGIN_DECLS

/** Whom https trusts. Error: TlsFailed. */
gboolean fota_fetch_tls_set_http(FotaFetchSession *session, SoupSession *http, GError **error);

G_END_DECLS
