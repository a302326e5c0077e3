/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/ctl-report.h"

#include <stdio.h>

#include "ctl/ctl-format.h"
#include "policy/fota-report-table.h"

static void
print_table(const FotaReportTable *table, CtlReportFormat format)
{
    g_autofree char *csv = NULL;

    if (format == CTL_REPORT_CSV) {
        csv = fota_report_table_to_csv(table);
        fputs(csv, stdout);
        return;
    }
    for (guint i = 0; i < table->n_columns; i++) {
        char *head = table->cells->pdata[i];

        table->cells->pdata[i] = g_ascii_strup(head, -1);
        g_free(head);
    }
    ctl_print_table((const char *const *)table->cells->pdata, table->cells->len / table->n_columns,
                    table->n_columns);
}

/* Takes @node. */
static void
print_json(JsonNode *node)
{
    g_autofree char *text = json_to_string(node, FALSE);

    puts(text);
    json_node_unref(node);
}

void
ctl_report_print_general(JsonArray *modules, CtlReportFormat format)
{
    g_auto(FotaReportTable) table = fota_report_table_make_general(modules);

    if (format == CTL_REPORT_JSON)
        print_json(json_node_init_array(json_node_alloc(), modules));
    else
        print_table(&table, format);
}

void
ctl_report_print_module(JsonObject *module, CtlReportFormat format)
{
    g_auto(FotaReportTable) table = fota_report_table_make_module(module);

    if (format == CTL_REPORT_JSON)
        print_json(json_node_init_object(json_node_alloc(), module));
    else if (format == CTL_REPORT_TEXT && table.cells->len == table.n_columns)
        puts("No update has finished yet.");
    else
        print_table(&table, format);
}
