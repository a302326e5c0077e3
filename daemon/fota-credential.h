/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * Credentials are files named after them in $CREDENTIALS_DIRECTORY: `fotad_<name>`, as the unit's
 * LoadCredential=fotad:/etc/fotad/credentials calls them, or `<name>`, of a LoadCredential= of its
 * own. Without such a directory they are in `credentials/` beside the configuration file.
 * policy/fota-credential-rule.h says which file is taken. The content of a credential is never
 * logged.
 */

/**
 * Where the credential @name lies; it need not exist. @name NULL: NULL. @config_file: path of
 * fotad.conf.
 */
char *fota_credential_get_path(const char *config_file, const char *name);

/**
 * Reads the one line of the file @path. FOTA_ERROR_BAD_CREDENTIAL when it is missing, too open, or
 * holds something else.
 */
char *fota_credential_read(const char *path, GError **error);

/** As before, but all of the file as it is: the PEM of a certificate or a key, at most 64 KiB. */
GBytes *fota_credential_read_file(const char *path, GError **error);

/**
 * Reads `user:password` from the file @path. FOTA_ERROR_BAD_CREDENTIAL when it is missing, too
 * open, or holds something else.
 */
gboolean fota_credential_read_login(const char *path, char **user, char **password, GError **error);

/** Reads the PIN of a SIM, which the caller overwrites when it is used. Errors as before. */
char *fota_credential_read_pin(const char *path, GError **error);

G_END_DECLS
