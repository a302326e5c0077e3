/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** A result in the numbers of two standards, beside the vendor's own words. */
typedef struct {
    guint lwm2m; /**< Update Result of the LwM2M object 5, version 1.1: 0 to 11 */
    guint fumo;  /**< result code of OMA-DM FUMO 1.0: 200 to 599 */
} FotaResultCode;

/**
 * @result: as in the history ("success", "failed", ...); @error: name of its error, "" = none. A
 * result or an error that the table does not know counts as an update that failed.
 */
FotaResultCode fota_result_code_find(const char *result, const char *error);

G_END_DECLS
