/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "daemon/fota-error.h"
#include "plugins/fota-plugin.h"
#include "policy/fota-outcome.h"
#include "policy/fota-policy-error.h"
#include "policy/fota-report-rule.h"
#include "policy/fota-result-code.h"
#include "policy/fota-update-report.h"

static FotaUpdateReport
make_report(const char *result)
{
    return (FotaUpdateReport){
        .imei = "353081091234562",
        .manufacturer = "Telit",
        .model = "ME910C1",
        .id = "fw-b",
        .result = result,
        .error = "",
        .text = "",
        .from = "A",
        .to = "B",
        .version = "B",
        .differing = "",
        .service_before = "",
        .service_after = "",
        .started = 1795000000 * (guint64)G_USEC_PER_SEC,
        .finished = 1795000100 * (guint64)G_USEC_PER_SEC,
    };
}

static char *
write_report(const FotaUpdateReport *report)
{
    g_autoptr(JsonNode) node = fota_update_report_to_json(report);

    return json_to_string(node, FALSE);
}

static void
test_codes(void)
{
    static const struct {
        const char *result, *error;
        FotaResultCode code;
    } cases[] = {
        {"success", "", {1, 200}},
        {"success", "TransferFailed", {1, 200}},
        {"rehearsed", "", {0, 250}},
        {"rejected", "", {10, 401}},
        {"cancelled", "", {10, 401}},
        {"expired", "", {10, 409}},
        {"no-service", "", {8, 410}},
        {"restored", "", {8, 410}},
        {"failed", "TransferFailed", {4, 503}},
        {"failed", "DeltaServerUnreachable", {4, 412}},
        {"failed", "DeltaLoginRefused", {7, 406}},
        {"failed", "DeltaMissing", {7, 411}},
        {"failed", "WrongBase", {6, 403}},
        {"failed", "NotSupported", {9, 408}},
        {"failed", "InstallRefused", {8, 410}},
        {"failed", "OldVersion", {8, 410}},
        {"failed", "ModuleSilent", {8, 409}},
        {"something new", "", {8, 409}},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        FotaResultCode code = fota_result_code_find(cases[i].result, cases[i].error);

        g_assert_cmpuint(code.lwm2m, ==, cases[i].code.lwm2m);
        g_assert_cmpuint(code.fumo, ==, cases[i].code.fumo);
    }
}

/* No end that policy/fota-outcome knows looks like one that it is not. */
static void
test_every_outcome_has_its_code(void)
{
    for (FotaFinish finish = FOTA_FINISH_SUCCESS; finish <= FOTA_FINISH_REHEARSED; finish++) {
        const char *name = fota_finish_get_name(finish);
        FotaResultCode code = fota_result_code_find(name, "");

        g_assert_cmpint(code.lwm2m == 1, ==, finish == FOTA_FINISH_SUCCESS);
        g_assert_cmpint(code.fumo < 300, ==,
                        finish == FOTA_FINISH_SUCCESS || finish == FOTA_FINISH_REHEARSED);
        g_assert_cmpint(code.lwm2m >= 2 && code.lwm2m <= 9, ==, finish == FOTA_FINISH_FAILED);
    }
    for (int i = 0; i <= FOTA_MODULE_ERROR_BAD_ARGUMENT; i++) {
        g_autoptr(GError) error = g_error_new_literal(FOTA_MODULE_ERROR, i, "");
        FotaResultCode code = fota_result_code_find("failed", fota_error_get_name(error));

        g_assert_cmpuint(code.lwm2m, >=, 2);
        g_assert_cmpuint(code.lwm2m, <=, 9);
        g_assert_cmpuint(code.fumo, >=, 400);
    }
}

static void
test_key(void)
{
    FotaUpdateReport report = make_report("failed");
    g_autofree char *first = fota_update_report_make_key(&report);
    g_autofree char *again = NULL, *retried = NULL, *other = NULL;

    report.finished++;
    report.outage = 7;
    again = fota_update_report_make_key(&report);
    g_assert_cmpstr(first, ==, again);
    g_assert_cmpuint(strlen(first), ==, 32);
    report.started++;
    retried = fota_update_report_make_key(&report);
    g_assert_cmpstr(first, !=, retried);
    report.started--;
    report.result = "success";
    other = fota_update_report_make_key(&report);
    g_assert_cmpstr(first, !=, other);
}

static void
test_json(void)
{
    FotaUpdateReport report = make_report("failed");
    g_autofree char *key = fota_update_report_make_key(&report);
    g_autofree char *text = NULL, *expected = NULL;

    report.error = "TransferFailed";
    report.text = "FTP broke off at 35308109123456 (+CME ERROR: 614)\r\n\xff";
    report.version = "A\x1f";
    report.differing = "+CGDCONT  #SELINT";
    report.stages[FOTA_STAGE_OFFERED] = report.started;
    report.stages[FOTA_STAGE_DOWNLOAD] = report.started + G_USEC_PER_SEC;
    report.bytes = 4096;
    report.outage = 3;
    text = write_report(&report);
    expected = g_strdup_printf(
        "{\"reportVersion\":1,\"key\":\"%s\",\"imei\":\"353081091234562\","
        "\"manufacturer\":\"Telit\",\"model\":\"ME910C1\",\"update\":\"fw-b\","
        "\"result\":\"failed\",\"code\":{\"lwm2m\":4,\"fumo\":503},\"error\":\"TransferFailed\","
        "\"text\":\"FTP broke off at … (+CME ERROR: 614)  \xef\xbf\xbd\",\"from\":\"A\","
        "\"to\":\"B\",\"version\":\"A \",\"started\":\"2026-11-18T11:06:40Z\","
        "\"finished\":\"2026-11-18T11:08:20Z\",\"outage\":3,\"bytes\":4096,"
        "\"differingSettings\":[\"+CGDCONT\",\"#SELINT\"],\"steps\":["
        "{\"step\":\"offered\",\"time\":\"2026-11-18T11:06:40Z\",\"result\":\"done\"},"
        "{\"step\":\"download\",\"time\":\"2026-11-18T11:06:41Z\",\"result\":\"failed\"},"
        "{\"step\":\"end\",\"time\":\"2026-11-18T11:08:20Z\",\"result\":\"failed\"}]}",
        key);
    g_assert_cmpstr(text, ==, expected);
}

static void
test_service(void)
{
    FotaUpdateReport report = make_report("no-service");
    g_autofree char *text = NULL;

    report.service_before = "home 311480 lte connected ipv4 probe-passed";
    report.service_after = "none";
    text = write_report(&report);
    g_assert_nonnull(strstr(text,
                            "\"serviceBefore\":{\"registered\":true,\"roaming\":false,"
                            "\"operator\":\"311480\",\"technology\":\"lte\",\"connected\":true,"
                            "\"ipv4\":true,\"ipv6\":false,\"probe\":\"passed\"},"
                            "\"serviceAfter\":{\"registered\":false,"));
}

/* Each step shows how it ended: the last one that lasts has the result of the update. */
static void
test_steps(void)
{
    static const struct {
        const char *result;
        FotaStage last;
        const char *failed;
    } cases[] = {
        {"success", FOTA_STAGE_VERIFY, NULL},
        {"rehearsed", FOTA_STAGE_DOWNLOAD, NULL},
        {"failed", FOTA_STAGE_DOWNLOAD,
         "{\"step\":\"download\",\"time\":\"*\",\"result\":\"failed\"}"},
        {"rejected", FOTA_STAGE_DOWNLOADED, NULL},
        {"cancelled", FOTA_STAGE_INSTALL_APPROVED, NULL},
        {"failed", FOTA_STAGE_INSTALL,
         "{\"step\":\"install\",\"time\":\"*\",\"result\":\"failed\"}"},
        {"failed", FOTA_STAGE_VERIFY, "{\"step\":\"verify\",\"time\":\"*\",\"result\":\"failed\"}"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        FotaUpdateReport report = make_report(cases[i].result);
        g_autofree char *text = NULL, *pattern = NULL, *end = NULL;
        guint n = 0;

        for (FotaStage stage = 0; stage <= cases[i].last; stage++)
            report.stages[stage] = report.started;
        text = write_report(&report);
        for (const char *p = text; (p = strstr(p, "\"result\":\"done\"")) != NULL; p++)
            n++;
        g_assert_cmpuint(n, ==, cases[i].last + (cases[i].failed == NULL));
        pattern = g_strdup_printf("*%s*", cases[i].failed != NULL ? cases[i].failed : "");
        g_assert_true(g_pattern_match_simple(pattern, text));
        end = g_strdup_printf("*{\"step\":\"end\",\"time\":\"*\",\"result\":\"%s\"}]}",
                              cases[i].result);
        g_assert_true(g_pattern_match_simple(end, text));
    }
}

static void
test_server(void)
{
    static const char *const allowed[] = {"*.fota.example", "http://10.0.0.1", NULL};
    static const struct {
        const char *configured, *named, *credential, *own;
        const char *chosen;
        int error; /* -1 = none */
    } cases[] = {
        {NULL, NULL, NULL, "https://m.example/{imei}", NULL, -1},
        {"https://c.example/r", NULL, NULL, NULL, "https://c.example/r", -1},
        {"https://c.example/r", "https://evil.example/", NULL, NULL, "https://c.example/r", -1},
        {NULL, "https://m.example/r", NULL, "https://m.example/{imei}", "https://m.example/r", -1},
        {NULL, "https://m.example:444/r", NULL, "https://m.example/{imei}", NULL,
         FOTA_POLICY_ERROR_BAD_MANIFEST},
        {NULL, "https://m.example{imei}.evil.example/", NULL, "https://m.example/{imei}", NULL,
         FOTA_POLICY_ERROR_BAD_MANIFEST},
        {NULL, "https://m.example/{imei}", NULL, "https://m.example/{imei}",
         "https://m.example/{imei}", -1},
        {NULL, "http://m.example/r", NULL, "https://m.example/{imei}", NULL,
         FOTA_POLICY_ERROR_BAD_MANIFEST},
        {NULL, "https://m.example/r", NULL, NULL, NULL, FOTA_POLICY_ERROR_BAD_MANIFEST},
        {NULL, "https://a.fota.example/{imei}", NULL, NULL, "https://a.fota.example/{imei}", -1},
        {NULL, "https://fota.example/r", NULL, NULL, NULL, FOTA_POLICY_ERROR_BAD_MANIFEST},
        {NULL, "http://10.0.0.1/r", NULL, NULL, "http://10.0.0.1/r", -1},
        {NULL, "ftp://m.example/r", NULL, "ftp://m.example/{imei}", NULL,
         FOTA_POLICY_ERROR_BAD_MANIFEST},
        {NULL, "https://m.example/r", "server", "https://m.example/{imei}", NULL,
         FOTA_POLICY_ERROR_CREDENTIAL_NOT_BOUND},
        {NULL, "https://bound.fota.example/r", "server", NULL, "https://bound.fota.example/r", -1},
    };
    static const char *const bound[] = {"bound.fota.example", NULL};
    const FotaServer digest = {"https://a.fota.example/{imei-hmac}", NULL};

    for (guint salted = 0; salted < 2; salted++) {
        const FotaReportServers servers = {
            .named = digest, .allowed = allowed, .has_salt = salted != 0};
        g_autoptr(GError) error = NULL;
        FotaServer server;

        g_assert_cmpint(fota_report_choose_server(&servers, &server, &error), ==, salted);
        g_assert_cmpstr(server.uri, ==, salted != 0 ? digest.uri : NULL);
    }

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const FotaReportServers servers = {
            .configured = {cases[i].configured, NULL},
            .named = {cases[i].named, cases[i].credential},
            .own = {NULL, cases[i].own},
            .allowed = allowed,
            .credential_use = {.servers = bound},
        };
        g_autoptr(GError) error = NULL;
        FotaServer server;

        g_assert_cmpint(fota_report_choose_server(&servers, &server, &error), ==,
                        cases[i].error < 0);
        if (cases[i].error >= 0)
            g_assert_error(error, FOTA_POLICY_ERROR, cases[i].error);
        g_assert_cmpstr(server.uri, ==, cases[i].chosen);
    }
}

static void
test_answer(void)
{
    static const struct {
        guint status;
        FotaReportAnswer answer;
    } cases[] = {
        {0, FOTA_REPORT_LATER},     {200, FOTA_REPORT_DELIVERED}, {204, FOTA_REPORT_DELIVERED},
        {304, FOTA_REPORT_LATER},   {400, FOTA_REPORT_REFUSED},   {401, FOTA_REPORT_REFUSED},
        {404, FOTA_REPORT_REFUSED}, {408, FOTA_REPORT_LATER},     {409, FOTA_REPORT_REFUSED},
        {429, FOTA_REPORT_LATER},   {499, FOTA_REPORT_REFUSED},   {500, FOTA_REPORT_LATER},
        {503, FOTA_REPORT_LATER},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpint(fota_report_judge(cases[i].status), ==, cases[i].answer);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/report/codes", test_codes);
    g_test_add_func("/report/every-outcome", test_every_outcome_has_its_code);
    g_test_add_func("/report/key", test_key);
    g_test_add_func("/report/json", test_json);
    g_test_add_func("/report/service", test_service);
    g_test_add_func("/report/steps", test_steps);
    g_test_add_func("/report/server", test_server);
    g_test_add_func("/report/answer", test_answer);
    return g_test_run();
}
