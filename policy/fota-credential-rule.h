/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy/fota-manifest.h"

G_BEGIN_DECLS

/**
 * SECTION: which file may hold a credential, and what a credential is.
 *
 * Every reader of credentials uses this rule. No error repeats any of the text.
 */

/** A credential has at most this many bytes. */
#define FOTA_CREDENTIAL_MAX_BYTES 4096

/**
 * fota_credential_judge_file:
 * @mode: as stat() gives it, kind of file included
 * @self: effective user of this process
 *
 * A regular file that belongs to root or to us and that nobody else may read: mode 0600 or less, or
 * 0440, which is what systemd's LoadCredential= shows where it grants the service's user access by
 * an ACL.
 *
 * Returns: %NULL when it is good, else what is wrong (static text).
 */
const char *fota_credential_judge_file(guint32 mode, guint32 owner, guint32 self);

/**
 * fota_credential_read_text:
 * @data: what the file holds, up to one byte more than is allowed
 * @fault: (out): what is wrong (static text)
 *
 * One line without control characters, its end left out: `user:password`, or a bearer token.
 *
 * Returns: (transfer full) (nullable): the line.
 */
char *fota_credential_read_text(const char *data, gsize size, const char **fault);

/** Splits `user:password`, at the first colon; %FALSE when @text is something else. */
gboolean fota_credential_split(const char *text, char **user, char **password);

/** Begins an access point name among Servers=. */
#define FOTA_CREDENTIAL_APN "apn://"

/** What the configuration says about the credential that a manifest names. */
typedef struct {
    const char *const
        *servers;            /* Servers= of its [Credential] group, NULL-terminated; NULL = none */
    FotaServer named;        /* [Manifest] Uri= and Credential=: a use that binds by itself */
    FotaServer report;       /* [Report] Uri= and Credential=: another one */
    FotaServer registration; /* [Registration] Uri= and Credential= */
    FotaProvision network;   /* [Network], too */
} FotaCredentialUse;

/**
 * fota_credential_allow_use:
 * @to: where a manifest would send which credential
 *
 * A secret goes where the configuration sends it: to the servers of its [Credential] group, and,
 * where [Manifest] or [Report] names it, to the server of that Uri=. Error: CredentialNotBound,
 * with the line to add.
 */
gboolean
fota_credential_allow_use(const FotaServer *to, const FotaCredentialUse *use, GError **error);

/** Whether @uri has the scheme, host and port of @uri_template, which the configuration names. */
gboolean fota_credential_is_same_server(const char *uri, const char *uri_template);

/** Finds the use of a credential by its name. */
typedef FotaCredentialUse (*FotaCredentialLookup)(const char *name, gpointer user_data);

/**
 * fota_credential_allow_manifest:
 *
 * fota_credential_allow_use() for each delta that @manifest names a credential for; and whether it
 * may provision the module: signed (ManifestUnsigned), and with a login that [Network] or
 * Servers=apn://NAME sends to that access point (CredentialNotBound).
 */
gboolean fota_credential_allow_manifest(const FotaManifest *manifest, FotaCredentialLookup lookup,
                                        gpointer user_data, GError **error);

/** Whether a login that is sent @to goes over the network in the clear. */
gboolean fota_credential_is_exposed(const FotaServer *to);

G_END_DECLS
