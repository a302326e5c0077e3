/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** A number of so many digits may be somebody's: telephone number, IMSI, ICCID. */
#define FOTA_MASK_NUMBER 9
/** In a name of ours, such as an update's, dates and counters have fewer than these. */
#define FOTA_MASK_IDENTITY 14

/**
 * "35308109…45" of an IMEI: the type allocation code, which is no secret, and two digits to tell
 * twins. Transfer full.
 */
char *fota_mask_imei(const char *imei);

/**
 * fota_mask_text:
 * @text: what is to be shown, from whatever source
 * @imeis: (nullable): IMEIs that are known to be such, ended by NULL
 * @min_digits: numbers of so many digits or more are not shown
 *
 * IMEIs, those of @imeis and whatever can be nothing else, become as fota_mask_imei() has them. Of
 * all else that may tell who somebody is (numbers of @min_digits, telephone numbers in
 * international form, a digest of an IMEI, which is found by trying) only "…" is left. Masking
 * again changes nothing.
 *
 * Returns: (transfer full)
 */
char *fota_mask_text(const char *text, const char *const *imeis, guint min_digits);

G_END_DECLS
