/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * Reads a plugin's model data, `<name>.models`: a key file whose groups are globs on the model.
 * FOTA_ERROR_BAD_PLUGIN with file and line when a value is not what its key wants, when a group has
 * a key that [*] has not, or when [*] lacks one that the daemon itself asks for. A number is digits
 * alone: a plugin must not find 0 where the file says "3m".
 */
GKeyFile *fota_models_load(const char *file, GError **error);

/** What a key of the daemon's own is where the file does not have it; NULL = it must have it, or
 * the key is the plugin's. */
const char *fota_models_get_default(const char *key);

G_END_DECLS
