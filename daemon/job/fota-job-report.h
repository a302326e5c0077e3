/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** What a running job tells. */
typedef enum {
    FOTA_REPORT_PROGRESS,  /**< percent of the whole job, 0 to 100 */
    FOTA_REPORT_BYTES,     /**< of the delta; total 0 = unknown */
    FOTA_REPORT_VERIFYING, /**< the module is back, its version is being compared */
    FOTA_REPORT_SETTING,   /**< to be written with the next record, for a later job */
} FotaReportKind;

typedef struct {
    FotaReportKind kind;
    union {
        guint percent;
        struct {
            guint64 received, total;
        } bytes;
        struct {
            const char *name, *value;
        } setting;
    };
} FotaJobReport;

G_END_DECLS
