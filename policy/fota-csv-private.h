/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy/fota-csv.h"

G_BEGIN_DECLS

/** As fota_csv_to_json(); @next_check is column 3, µs, 0 = none, also where the text has it not. */
char *fota_csv_convert(GBytes *csv, const FotaCsvTerms *terms, gint64 *next_check, GError **error);

/** Sets @error to BadManifest. */
void fota_csv_refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

G_END_DECLS
