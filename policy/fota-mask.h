/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** A number with this many digits may be personal: telephone number, IMSI, ICCID. */
#define FOTA_MASK_NUMBER 9
/** Dates and counters in fotad's own names, such as an update's id, have fewer digits. */
#define FOTA_MASK_IDENTITY 14

/**
 * "35308109…45" for an IMEI: the type allocation code, which is no secret, and two digits to
 * distinguish modules of one type. Transfer full.
 */
char *fota_mask_imei(const char *imei);

/**
 * fota_mask_text:
 * @text: what is to be shown, from any source
 * @imeis: (nullable): known IMEIs, %NULL-terminated
 * @min_digits: numbers with this many digits or more are not shown
 *
 * Masks IMEIs, both those of @imeis and numbers that can only be one, as fota_mask_imei() does.
 * Replaces everything else that may identify a person (numbers of @min_digits, telephone numbers in
 * international form, a digest of an IMEI, which can be found by trying) by "…". Masking again
 * changes nothing.
 *
 * Returns: (transfer full)
 */
char *fota_mask_text(const char *text, const char *const *imeis, guint min_digits);

G_END_DECLS
