/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * fota_json_scan:
 * @max_digits: longest integer; a longer one would wrap in json-glib, or is not accepted anyway
 * @where: (out): offset of the byte in error
 *
 * Verifies that @text is one RFC 8259 object within the limits of fota-json.h.
 *
 * Returns: %NULL if it is, else what is wrong (static text).
 */
const char *fota_json_scan(const char *text, gsize length, gsize max_digits, gsize *where);

G_END_DECLS
