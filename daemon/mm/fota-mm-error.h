/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * FOTA_MODULE_ERROR for what ModemManager answered to Modem.Command of @command. *@cme gets the
 * number of a +CME ERROR or +CMS ERROR, -1 when there is none. Cancellation stays as it is.
 */
GError *fota_mm_translate_error(const GError *error, const char *command, int *cme);

G_END_DECLS
