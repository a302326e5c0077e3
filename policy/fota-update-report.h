/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * SECTION: the report on one update, as JSON (docs/report.schema.json).
 *
 * Times are µs since the epoch, 0 = not reached; durations seconds.
 */

/** What an update passes, in this order; an update may leave some out. */
typedef enum {
    FOTA_STAGE_OFFERED,
    FOTA_STAGE_APPROVED, /**< the download, or all of it */
    FOTA_STAGE_DOWNLOAD, /**< has begun */
    FOTA_STAGE_DOWNLOADED,
    FOTA_STAGE_INSTALL_APPROVED,
    FOTA_STAGE_INSTALL, /**< the order may be out */
    FOTA_STAGE_VERIFY,  /**< the module is back */
    FOTA_N_STAGES,
} FotaStage;

/** One update that has ended. Texts are never NULL, "" = none; they may be any bytes. */
typedef struct {
    const char *imei; /**< or, for a server that must not know it, the digest that it goes by */
    const char *manufacturer;
    const char *model;
    const char *id;
    const char *result;
    const char *error;     /**< name */
    const char *text;      /**< the vendor's and fotad's words for it, or why it was rejected */
    const char *from;      /**< version */
    const char *to;        /**< version that was wanted, "" = what the vendor's server decides */
    const char *version;   /**< that the module reported last */
    const char *differing; /**< settings, blanks between them */
    const char *service_before; /**< words as of fota_service_to_text(), "" = not compared */
    const char *service_after;
    guint64 stages[FOTA_N_STAGES];
    guint64 started;
    guint64 finished;
    guint64 outage;
    guint64 bytes; /**< of the delta, that have arrived */
} FotaUpdateReport;

/**
 * The idempotency key, 32 hex digits: the same for the same end of the same update, also when
 * fotad was killed and finds out about that end once more. Transfer full.
 */
char *fota_update_report_make_key(const FotaUpdateReport *report);

/** The report as an object. Numbers that may identify a person are masked in its text. */
JsonNode *fota_update_report_to_json(const FotaUpdateReport *report);

/** @text as JSON takes it: UTF-8 without control characters. Transfer full. */
char *fota_update_report_clean(const char *text);

G_END_DECLS
