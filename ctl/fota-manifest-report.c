/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "base/fota-json.h"
#include "ctl/ctl-report.h"
#include "ctl/fota-manifest-tool.h"
#include "policy/fota-policy-error.h"
#include "policy/fota-report-table.h"

/* What gateways have sent is not trusted: a file that is no report is named and left out. */
static void
report_read(GPtrArray *reports, const char *directory, const char *name)
{
    g_autofree char *file = g_build_filename(directory, name, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = tool_read(file, &error);
    g_autoptr(JsonNode) node = bytes != NULL ? fota_json_parse(bytes, &error) : NULL;

    if (node != NULL)
        g_ptr_array_add(reports, json_node_dup_object(node));
    else
        fprintf(stderr, "fota-manifest: %s is left out: %s\n", file, error->message);
}

static GPtrArray *
read_reports(const char *directory, GError **error)
{
    g_autoptr(GPtrArray) reports =
        g_ptr_array_new_with_free_func((GDestroyNotify)json_object_unref);
    g_autoptr(GDir) dir = g_dir_open(directory, 0, error);
    const char *name;

    if (dir == NULL)
        return NULL;
    while ((name = g_dir_read_name(dir)) != NULL) {
        if (g_str_has_suffix(name, ".json"))
            report_read(reports, directory, name);
    }
    return g_steal_pointer(&reports);
}

static JsonObject *
find_module(JsonArray *modules, const char *imei)
{
    for (guint i = 0; i < json_array_get_length(modules); i++) {
        JsonObject *module = json_array_get_object_element(modules, i);

        if (strcmp(json_object_get_string_member(module, "imei"), imei) == 0)
            return module;
    }
    return NULL;
}

ToolExit
tool_report(Tool *tool, GError **error)
{
    gboolean csv = FALSE;
    const GOptionEntry options[] = {{"csv", 0, 0, G_OPTION_ARG_NONE, &csv, "Print CSV", NULL}, {0}};
    g_autoptr(GPtrArray) reports = NULL;
    g_autoptr(JsonArray) modules = NULL;
    CtlReportFormat format;
    JsonObject *module;

    if (!tool_parse(tool, options, 1, 2, error))
        return TOOL_USAGE;
    if (csv && tool->json) {
        tool_refuse(error, "--csv or --json, not both");
        return TOOL_USAGE;
    }
    format = tool->json ? CTL_REPORT_JSON : csv ? CTL_REPORT_CSV : CTL_REPORT_TEXT;
    reports = read_reports(tool->arguments[1], error);
    if (reports == NULL)
        return TOOL_IO;
    modules = fota_report_table_group(reports);
    if (tool->arguments[2] == NULL) {
        ctl_report_print_general(modules, format);
        return TOOL_GOOD;
    }
    module = find_module(modules, tool->arguments[2]);
    if (module == NULL) {
        g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_WRONG_TARGET,
                    "no report in %s is about %s", tool->arguments[1], tool->arguments[2]);
        return TOOL_BAD;
    }
    ctl_report_print_module(module, format);
    return TOOL_GOOD;
}
