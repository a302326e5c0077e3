/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * SECTION: reports for people and spreadsheets: about all modules, and about one.
 *
 * A module is an object as D-Bus GetReport() returns it. What its members hold is not trusted: one
 * that is missing, or of another type, is an empty cell.
 */

/** Rows of @n_columns texts each; the first one is the header. */
typedef struct {
    GPtrArray *cells; /**< char * */
    guint n_columns;
} FotaReportTable;

void fota_report_table_clear(FotaReportTable *table);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FotaReportTable, fota_report_table_clear)

/** One row for each module: what it runs, when it was last updated, how the last update ended. */
FotaReportTable fota_report_table_make_general(JsonArray *modules);

/** One row for each step of each update of @module, the newest update first. */
FotaReportTable fota_report_table_make_module(JsonObject *module);

/** As CSV (RFC 4180), with nothing in it that a spreadsheet would compute. Transfer full. */
char *fota_report_table_to_csv(const FotaReportTable *table);

/**
 * Modules in order of IMEI, made of single reports as fotad posts them, in any order. Two with one
 * key are one. @reports: (element-type JsonObject). Transfer full.
 */
JsonArray *fota_report_table_group(GPtrArray *reports);

G_END_DECLS
