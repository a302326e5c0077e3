/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-report-table.h"

#include <string.h>

#include "policy/fota-update-report.h"

void
fota_report_table_clear(FotaReportTable *table)
{
    g_clear_pointer(&table->cells, g_ptr_array_unref);
}

static const char *
get_text(JsonObject *object, const char *name)
{
    JsonNode *node = json_object_get_member(object, name);

    return node != NULL && json_node_get_value_type(node) == G_TYPE_STRING
               ? json_node_get_string(node)
               : "";
}

static JsonArray *
get_array(JsonObject *object, const char *name)
{
    JsonNode *node = json_object_get_member(object, name);

    return node != NULL && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
}

static guint
get_length(JsonArray *array)
{
    return array != NULL ? json_array_get_length(array) : 0;
}

/* NULL when it is something else. */
static JsonObject *
get_object(JsonArray *array, guint index)
{
    JsonNode *node = json_array_get_element(array, index);

    return JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

static FotaReportTable
table_new(const char *const *head, guint n_columns)
{
    FotaReportTable table = {g_ptr_array_new_with_free_func(g_free), n_columns};

    for (guint i = 0; i < n_columns; i++)
        g_ptr_array_add(table.cells, g_strdup(head[i]));
    return table;
}

static void
add_cell(FotaReportTable *table, const char *text)
{
    g_ptr_array_add(table->cells, fota_update_report_clean(text));
}

/* When the newest update that has succeeded ended; "" = none has. */
static const char *
find_success(JsonArray *reports)
{
    for (guint i = 0; i < get_length(reports); i++) {
        JsonObject *report = get_object(reports, i);

        if (report != NULL && strcmp(get_text(report, "result"), "success") == 0)
            return get_text(report, "finished");
    }
    return "";
}

FotaReportTable
fota_report_table_make_general(JsonArray *modules)
{
    static const char *const head[] = {"imei",    "model",       "version",
                                       "updated", "last-result", "last-end"};
    FotaReportTable table = table_new(head, G_N_ELEMENTS(head));

    for (guint i = 0; i < json_array_get_length(modules); i++) {
        JsonObject *module = get_object(modules, i);
        JsonArray *reports = module != NULL ? get_array(module, "reports") : NULL;
        JsonObject *newest = get_length(reports) > 0 ? get_object(reports, 0) : NULL;

        if (module == NULL)
            continue;
        add_cell(&table, get_text(module, "imei"));
        add_cell(&table, get_text(module, "model"));
        add_cell(&table, get_text(module, "version"));
        add_cell(&table, find_success(reports));
        add_cell(&table, newest != NULL ? get_text(newest, "result") : "");
        add_cell(&table, newest != NULL ? get_text(newest, "finished") : "");
    }
    return table;
}

/* The last step says why. */
static void
add_reason(FotaReportTable *table, JsonObject *report, gboolean last)
{
    const char *error = get_text(report, "error"), *text = get_text(report, "text");
    g_autofree char *reason =
        g_strconcat(error, error[0] != '\0' && text[0] != '\0' ? ": " : "", text, NULL);

    add_cell(table, last ? reason : "");
}

static void
add_report(FotaReportTable *table, JsonObject *report)
{
    JsonArray *steps = get_array(report, "steps");

    for (guint i = 0; i < get_length(steps); i++) {
        JsonObject *step = get_object(steps, i);

        if (step == NULL)
            continue;
        add_cell(table, get_text(report, "update"));
        add_cell(table, get_text(report, "from"));
        add_cell(table, get_text(report, "to"));
        add_cell(table, get_text(step, "step"));
        add_cell(table, get_text(step, "time"));
        add_cell(table, get_text(step, "result"));
        add_reason(table, report, i + 1 == get_length(steps));
    }
}

FotaReportTable
fota_report_table_make_module(JsonObject *module)
{
    static const char *const head[] = {"update", "from", "to", "step", "time", "result", "reason"};
    FotaReportTable table = table_new(head, G_N_ELEMENTS(head));
    JsonArray *reports = get_array(module, "reports");

    for (guint i = 0; i < get_length(reports); i++) {
        JsonObject *report = get_object(reports, i);

        if (report != NULL)
            add_report(&table, report);
    }
    return table;
}

/* Quotes where they are needed; a cell that a spreadsheet takes for a formula becomes a text. */
static void
append_field(GString *csv, const char *text)
{
    gboolean formula = text[0] != '\0' && strchr("=+-@", text[0]) != NULL;
    gboolean quoted = strpbrk(text, ",\"\r\n ") != NULL;

    g_string_append(csv, quoted ? "\"" : "");
    g_string_append(csv, formula ? "'" : "");
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '"')
            g_string_append_c(csv, '"');
        g_string_append_c(csv, *p);
    }
    g_string_append(csv, quoted ? "\"" : "");
}

char *
fota_report_table_to_csv(const FotaReportTable *table)
{
    GString *csv = g_string_new(NULL);

    for (guint i = 0; i < table->cells->len; i++) {
        append_field(csv, table->cells->pdata[i]);
        g_string_append(csv, (i + 1) % table->n_columns == 0 ? "\r\n" : ",");
    }
    return g_string_free(csv, FALSE);
}

/* By IMEI, then the newest first. Times of this form sort as texts. */
static int
compare_reports(gconstpointer a, gconstpointer b)
{
    JsonObject *one = *(JsonObject *const *)a, *other = *(JsonObject *const *)b;
    int order = strcmp(get_text(one, "imei"), get_text(other, "imei"));

    return order != 0 ? order : strcmp(get_text(other, "finished"), get_text(one, "finished"));
}

static JsonArray *
add_module(JsonArray *modules, JsonObject *newest)
{
    static const char *const members[] = {"imei", "manufacturer", "model", "version"};
    JsonObject *module = json_object_new();
    JsonArray *reports = json_array_new();

    for (guint i = 0; i < G_N_ELEMENTS(members); i++)
        json_object_set_string_member(module, members[i], get_text(newest, members[i]));
    json_object_set_array_member(module, "reports", reports);
    json_array_add_object_element(modules, module);
    return reports;
}

JsonArray *
fota_report_table_group(GPtrArray *reports)
{
    g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);
    JsonArray *modules = json_array_new();
    JsonArray *list = NULL;
    const char *imei = NULL;

    g_ptr_array_sort(reports, compare_reports);
    for (guint i = 0; i < reports->len; i++) {
        JsonObject *report = reports->pdata[i];
        const char *key = get_text(report, "key");

        if (key[0] != '\0' && !g_hash_table_add(keys, (gpointer)key))
            continue;
        if (g_strcmp0(imei, get_text(report, "imei")) != 0)
            list = add_module(modules, report);
        imei = get_text(report, "imei");
        json_array_add_object_element(list, json_object_ref(report));
    }
    return modules;
}
