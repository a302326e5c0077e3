/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

typedef enum {
    CTL_REPORT_TEXT,
    CTL_REPORT_CSV,
    CTL_REPORT_JSON,
} CtlReportFormat;

/** Prints what is known of @modules, objects as GetReport() returns them. */
void ctl_report_print_general(JsonArray *modules, CtlReportFormat format);
/** Prints each step of each update of @module. */
void ctl_report_print_module(JsonObject *module, CtlReportFormat format);

G_END_DECLS
