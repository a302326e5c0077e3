/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugins/fota-plugin.h"

G_BEGIN_DECLS

/**
 * What a plugin exports, read by this daemon's rules: a plugin may be older or newer than the
 * daemon. What a shorter table lacks is NULL here, and what a longer one has beyond this header is
 * not looked at. Errors are FOTA_ERROR_BAD_PLUGIN and name @file.
 */

/** A copy of @given, which the caller frees with g_free(); what it points to is the plugin's. */
FotaPlugin *fota_plugin_table_read(const FotaPlugin *given, const char *file, GError **error);

/**
 * Copies of the methods of @claim that this daemon can drive, in their order, ended by NULL; maybe
 * none. A method that lacks a function that its route needs is an error, one of a route that this
 * daemon does not know is only left out. Freed with fota_plugin_methods_free().
 */
FotaMethod **
fota_plugin_table_read_methods(const FotaClaim *claim, const char *file, GError **error);
void fota_plugin_methods_free(FotaMethod **methods);

G_END_DECLS
