/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/module/fota-poller.h"

G_BEGIN_DECLS

/** The manifest that a module has accepted last: judged, recorded, and restored by the next start.
 */
typedef struct _FotaAccepted FotaAccepted;

/** Loads the manifest from before, if it is still valid. */
FotaAccepted *fota_accepted_new(const FotaContext *context, FotaKeeper *keeper, FotaPoller *poller);
void fota_accepted_free(FotaAccepted *accepted);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaAccepted, fota_accepted_free)

/**
 * Judges @file and accepts the manifest in it; the errors are those of fota_trust_open(). @etag is
 * the server's name for @file, NULL = none.
 */
gboolean
fota_accepted_take_file(FotaAccepted *accepted, GBytes *file, const char *etag, GError **error);
/** Without a file: accepts whatever the vendor's server has. */
void fota_accepted_take_vendor(FotaAccepted *accepted);

/** What the server that is asked calls the manifest at hand; NULL = unknown. */
const char *fota_accepted_get_etag(FotaAccepted *accepted);
/** NULL = none. */
FotaManifest *fota_accepted_get(FotaAccepted *accepted);
/** Whether it is still valid; errors of fota_trust_judge(), and CredentialNotBound. */
gboolean fota_accepted_is_trusted(FotaAccepted *accepted, GError **error);
/** The manifest has expired, and stays expired if the clock is set back. */
void fota_accepted_note_expired(FotaAccepted *accepted);
/** The keys may have changed: judges the file at hand again, and drops a manifest that none of them
 * has signed. */
void fota_accepted_trust_anew(FotaAccepted *accepted);

G_END_DECLS
