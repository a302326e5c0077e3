/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-report-table.h"

#include <string.h>

/* Reports as a fleet has posted them, by modules that are not trusted. */

#define UPDATE(imei, key, finished, result)                                                        \
    "{\"imei\":\"" imei "\",\"key\":\"" key "\",\"finished\":\"" finished                          \
    "\",\"result\":\"" result                                                                      \
    "\",\"model\":\"ME910C1-NA\",\"version\":\"B\",\"update\":\"u\",\"from\":\"A\",\"to\":\"B\","  \
    "\"error\":\"NoSignal\",\"text\":\"weak, \\\"very\\\"\",\"steps\":["                           \
    "{\"step\":\"download\",\"time\":\"t1\",\"result\":\"done\"},7,"                               \
    "{\"step\":\"install\",\"time\":\"t2\",\"result\":\"failed\"}]}"

static GPtrArray *
parse(const char *const *texts, guint n_texts)
{
    GPtrArray *reports = g_ptr_array_new_with_free_func((GDestroyNotify)json_object_unref);

    for (guint i = 0; i < n_texts; i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(JsonNode) node = json_from_string(texts[i], &error);

        g_assert_no_error(error);
        g_ptr_array_add(reports, json_node_dup_object(node));
    }
    return reports;
}

static void
assert_csv(FotaReportTable table, const char *wanted)
{
    g_auto(FotaReportTable) taken = table;
    g_autofree char *csv = fota_report_table_to_csv(&taken);

    g_assert_cmpstr(csv, ==, wanted);
}

/* In order of IMEI, the newest first, each key once. */
static void
test_fleet(void)
{
    static const char *const texts[] = {
        UPDATE("2", "k1", "2026-01-01", "success"), UPDATE("1", "k2", "2026-01-02", "failed"),
        UPDATE("1", "k3", "2026-01-01", "success"), UPDATE("1", "k2", "2026-01-02", "failed"),
        UPDATE("1", "", "2025-12-31", "failed"),    UPDATE("1", "", "2025-12-31", "failed"),
    };
    g_autoptr(GPtrArray) reports = parse(texts, G_N_ELEMENTS(texts));
    g_autoptr(JsonArray) modules = fota_report_table_group(reports);
    JsonObject *first = json_array_get_object_element(modules, 0);

    /* Without a key nobody knows whether two are one. */
    g_assert_cmpuint(json_array_get_length(json_object_get_array_member(first, "reports")), ==, 4);
    assert_csv(fota_report_table_make_general(modules),
               "imei,model,version,updated,last-result,last-end\r\n"
               "1,ME910C1-NA,B,2026-01-01,failed,2026-01-02\r\n"
               "2,ME910C1-NA,B,2026-01-01,success,2026-01-01\r\n");
    assert_csv(fota_report_table_make_module(json_array_get_object_element(modules, 1)),
               "update,from,to,step,time,result,reason\r\n"
               "u,A,B,download,t1,done,\r\n"
               "u,A,B,install,t2,failed,\"NoSignal: weak, \"\"very\"\"\"\r\n");
}

/* What is missing, or of another type, is an empty cell. */
static void
test_strange(void)
{
    static const struct {
        const char *modules;
        const char *general;
    } cases[] = {
        {"[]", ""},
        {"[1, null, \"x\", []]", ""},
        {"[{}]", ",,,,,\r\n"},
        {"[{\"imei\": 7, \"model\": null, \"reports\": 1}]", ",,,,,\r\n"},
        {"[{\"reports\": []}]", ",,,,,\r\n"},
        {"[{\"reports\": [1, {\"result\": \"failed\"}]}]", ",,,,,\r\n"},
        {"[{\"reports\": [{\"result\": \"failed\"}, {\"result\": \"success\"}]}]",
         ",,,,failed,\r\n"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(JsonNode) node = json_from_string(cases[i].modules, NULL);
        JsonArray *modules = json_node_get_array(node);
        g_autofree char *wanted = g_strconcat("imei,model,version,updated,last-result,last-end\r\n",
                                              cases[i].general, NULL);

        g_test_message("%s", cases[i].modules);
        assert_csv(fota_report_table_make_general(modules), wanted);
        for (guint j = 0; j < json_array_get_length(modules); j++) {
            JsonNode *module = json_array_get_element(modules, j);

            if (JSON_NODE_HOLDS_OBJECT(module))
                assert_csv(fota_report_table_make_module(json_node_get_object(module)),
                           "update,from,to,step,time,result,reason\r\n");
        }
    }
}

/* A spreadsheet computes nothing. */
static void
test_formula(void)
{
    static const struct {
        const char *imei;
        const char *cell;
    } cases[] = {
        {"=1+1", "'=1+1"},   {"+1", "'+1"},      {"-1", "'-1"},      {"@x", "'@x"}, {"a=1", "a=1"},
        {"= 1", "\"'= 1\""}, {"a b", "\"a b\""}, {"a,b", "\"a,b\""}, {"", ""},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(JsonArray) modules = json_array_new();
        JsonObject *module = json_object_new();
        g_autofree char *wanted = g_strconcat("imei,model,version,updated,last-result,last-end\r\n",
                                              cases[i].cell, ",,,,,\r\n", NULL);

        json_object_set_string_member(module, "imei", cases[i].imei);
        json_array_add_object_element(modules, module);
        assert_csv(fota_report_table_make_general(modules), wanted);
    }
}

/* An error without a text, and a text without an error. */
static void
test_reason(void)
{
    static const struct {
        const char *members;
        const char *reason;
    } cases[] = {
        {"\"error\": \"NoSignal\",", "NoSignal"},
        {"\"text\": \"weak\",", "weak"},
        {"", ""},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text =
            g_strdup_printf("{\"reports\": [{%s \"steps\": [{}]}]}", cases[i].members);
        g_autofree char *wanted = g_strdup_printf(
            "update,from,to,step,time,result,reason\r\n,,,,,,%s\r\n", cases[i].reason);
        g_autoptr(JsonNode) node = json_from_string(text, NULL);

        assert_csv(fota_report_table_make_module(json_node_get_object(node)), wanted);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/report-table/fleet", test_fleet);
    g_test_add_func("/report-table/strange", test_strange);
    g_test_add_func("/report-table/formula", test_formula);
    g_test_add_func("/report-table/reason", test_reason);
    return g_test_run();
}
