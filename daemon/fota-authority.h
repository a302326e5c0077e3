/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * Files and directories that fotad obeys: configuration, keys, plugins and their data, state.
 *
 * What is there must be readable, belong to root or to the user that fotad runs as, and be writable
 * by its owner alone; a directory may be one that all write to with the sticky bit, such as /tmp.
 * Errors are BadConfiguration, name the file, and say what to do. What is not there is
 * none.
 */

/** Whether @path, a file or a directory that is there, may be obeyed. */
gboolean fota_authority_validate(const char *path, GError **error);

/**
 * The text of @file, which the directory that it is in may be trusted with, at most 1 MiB and
 * without a NUL. NULL without an error when it is not there. Transfer full.
 */
char *fota_authority_read(const char *file, GError **error);

/**
 * The files of @directory whose names end in @suffix, as whole paths, in order of their names;
 * empty when it is not there. NULL on failure. Transfer full.
 */
GStrv fota_authority_list(const char *directory, const char *suffix, GError **error);

G_END_DECLS
