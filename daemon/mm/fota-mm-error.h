/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * Whether fotad itself has cancelled the call: what it was made for may have been freed.
 * ModemManager answers with the same error, where it has cancelled what it did (Simple.Connect() that
 * somebody disconnects, a port that goes), which is a failure as any other. Before the name that
 * D-Bus puts before the text is stripped.
 */
gboolean fota_mm_is_cancelled(const GError *error);

/**
 * Converts ModemManager's error @told of @command to FOTA_MODULE_ERROR. *@cme is set to
 * the number of a +CME ERROR or +CMS ERROR, or to -1. Cancellation is not converted. The
 * text is ModemManager's, without the name that D-Bus puts before it.
 */
GError *fota_mm_translate_error(const GError *told, const char *command, int *cme);

G_END_DECLS
