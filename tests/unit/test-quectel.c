/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/test-quectel.h"

#include <string.h>

/* The version before and after, what the module says of its update, and which modules are meant. */

#define INSPECT TEST_QUECTEL_INSPECT
#define OUTCOME TEST_QUECTEL_OUTCOME
#define FED TEST_QUECTEL_FED_OUTCOME

#define HALF "EM05GFAR07A07M1G_01.016.00.000"
#define WHOLE "EM05GFAR07A07M1G_01.016.01.016"
#define IDLE                                                                                       \
    {                                                                                              \
        RADIO("1")                                                                                 \
    }
#define SAID(code) {SAYS("\"END\"," code)}, {VERSION(OLD)}, IDLE, END

/* clang-format off */
static const TestQuectelCase inspects[] = {
    {"version", INSPECT, DONE, NULL, OLD, NULL, {{VERSION(OLD)}, END}},
    {"no-sub-version", INSPECT, DONE, NULL, "EG18EAPAR01A08M4G", "EG18",
     {{VERSION("EG18EAPAR01A08M4G")}, END}},
    {"late-second-half", INSPECT, DONE, NULL, WHOLE, "EM05-G",
     {{VERSION(HALF)}, {VERSION(HALF)}, {VERSION(WHOLE)}, END}},
    {"gone", INSPECT, FOR_NOW(MODULE_GONE), NULL, NULL, NULL, {{VERSION("-")}, END}},
    {"ec20-of-old", INSPECT, DONE, NULL, "EC20EQAR02A04E2G", "EC20",
     {{VERSION("!")}, {"AT+CGMR", "EC20EQAR02A04E2G"}, END}},
    {"ec20", INSPECT, DONE, NULL, "EC20CEHCLGR06A02M1G_01.001", "EC20",
     {{VERSION("EC20CEHCLGR06A02M1G_01.001")}, {VERSION("EC20CEHCLGR06A02M1G_01.001")}, END}},
    /* A SIM that is not ready is no lack of the command. */
    {"ec20-busy", INSPECT, DONE, NULL, "EC20CEHCLGR06A02M1G_01.001", "EC20",
     {{VERSION("!14")}, {VERSION("EC20CEHCLGR06A02M1G_01.001")}, END}},
    {"ec20-does-not-know-it", INSPECT, DONE, NULL, "EC20EQAR02A04E2G", "EC20",
     {{VERSION("!4")}, {"AT+CGMR", "EC20EQAR02A04E2G"}, END}},
    {"ec20-silent", INSPECT, FOR_NOW(MODULE_SILENT), NULL, NULL, "EC20",
     {{VERSION("?")}, END}},
};

static const TestQuectelCase outcomes[] = {
    {"success", OUTCOME, DONE, NULL, NEW, NULL, {{VERSION(NEW)}, IDLE, END}},
    {"end", OUTCOME, DONE, "END 0", NEW, NULL,
     {{SAYS("\"START\"")}, {SAYS("\"UPDATING\",100")}, {SAYS("\"END\",0")}, {FAKE_URC, "RDY"},
      {VERSION(NEW)}, IDLE, END}},
    {"end-twice", OUTCOME, DONE, NULL, NEW, NULL,
     {{SAYS("\"END\",0")}, {FAKE_URC, "RDY"}, {SAYS("\"END\",0")}, {VERSION(NEW)}, IDLE, END}},
    {"progress-ends-at-96", OUTCOME, DONE, NULL, NEW, NULL,
     {{SAYS("\"UPDATING\",7")}, {SAYS("\"UPDATING\",47")}, {SAYS("\"UPDATING\",60")},
      {SAYS("\"UPDATING\",96")}, {SAYS("\"END\",0")}, {VERSION(NEW)}, IDLE, END}},
    {"end-0-is-not-enough", OUTCOME, DONE, NULL, OLD, NULL,
     {{SAYS("\"END\",0")}, {VERSION(OLD)}, IDLE, END}},
    {"end-lost", OUTCOME, DONE, NULL, NEW, NULL,
     {{SAYS("\"UPDATING\",99%")}, {VERSION(NEW)}, IDLE, END}},
    {"fails-and-has-succeeded", OUTCOME, DONE, NULL, NEW, NULL,
     {{SAYS("\"END\",502")}, {VERSION(NEW)}, IDLE, END}},
    {"resumed", OUTCOME, DONE, "Last upgrade was not finished", NEW, "BG96",
     {{SAYS("\"Last upgrade was not finished,continue upgrade\"")}, {SAYS("\"RESTORE\",1%")},
      {SAYS("\"RESTORE\",100%")}, {SAYS("\"END\",0")}, {VERSION(NEW)}, IDLE, END}},
    {"still-installing", OUTCOME, FOR_NOW(MODULE_SILENT), "still installing", OLD, NULL,
     {{SAYS("\"START\"")}, {SAYS("\"UPDATING\",47")}, {VERSION(OLD)}, IDLE, END}},
    {"still-restoring", OUTCOME, FOR_NOW(MODULE_SILENT), "still installing", OLD, "BG96",
     {{SAYS("\"Last upgrade was not finished,continue upgrade\"")}, {VERSION(OLD)}, IDLE, END}},
    {"failed-and-began-again", OUTCOME, FOR_NOW(MODULE_SILENT), "still installing", OLD, NULL,
     {{SAYS("\"END\",502")}, {SAYS("\"START\"")}, {SAYS("\"UPDATING\",7")}, {VERSION(OLD)}, IDLE,
      END}},
    {"started-since", OUTCOME, DONE, NULL, OLD, NULL,
     {{SAYS("\"UPDATING\",47")}, {FAKE_URC, "RDY"}, {VERSION(OLD)}, IDLE, END}},
    {"late-second-half", OUTCOME, DONE, NULL, WHOLE, "EM05-G",
     {{VERSION(HALF)}, {VERSION(WHOLE)}, IDLE, END}},
    {"no-version", OUTCOME, FOR_NOW(MODULE_SILENT), NULL, NULL, NULL,
     {{VERSION("?")}, END}},
    {"leaves-again", OUTCOME, FOR_NOW(MODULE_GONE), NULL, NULL, NULL,
     {{VERSION("-")}, END}},
    {"leaves-after-its-version", OUTCOME, FOR_NOW(MODULE_GONE), NULL, NULL, NULL,
     {{VERSION(OLD)}, {"AT+CFUN?", "-"}, END}},
    {"calibration-lost", OUTCOME, DONE, "factory test mode", NEW, NULL,
     {{VERSION(NEW)}, {RADIO("5")}, END}},
    {"calibration-lost-and-failed", OUTCOME, FOTA_RESULT_REFUSED,
     FOTA_MODULE_ERROR_INSTALL_REFUSED, "502", OLD, NULL,
     {{SAYS("\"END\",502")}, {VERSION(OLD)}, {RADIO("5")}, END}},
};

static const TestQuectelCase ends[] = {
    {"lte-a-502", OUTCOME, REFUSED, "unexpectedly", NULL, NULL, {SAID("502")}},
    {"lte-a-504", OUTCOME, FOR_GOOD(TRANSFER_FAILED), "damaged", NULL, "EP06-E", {SAID("504")}},
    {"lte-a-505", OUTCOME, FOR_GOOD(TRANSFER_FAILED), "damaged", NULL, "EG95", {SAID("505")}},
    {"lte-a-507", OUTCOME, REFUSED, "not published", NULL, "EP06-E", {SAID("507")}},
    {"lte-a-510", OUTCOME, WRONG_BASE, "firmware that runs", NULL, NULL, {SAID("510")}},
    {"lte-a-511", OUTCOME, REFUSED, "no room", NULL, "EM05-G", {SAID("511")}},
    {"lte-a-520", OUTCOME, REFUSED, "failed", NULL, "EG25-G", {SAID("520")}},
    {"lte-a-530", OUTCOME, REFUSED, "failed", NULL, "EG91", {SAID("530")}},
    {"lte-a-546", OUTCOME, REFUSED, "failed", NULL, "EG06-E", {SAID("546")}},
    {"lte-a-1", OUTCOME, REFUSED, "backup", NULL, "EC21", {SAID("1")}},
    {"lte-a-twice", OUTCOME, WRONG_BASE, "510", NULL, NULL,
     {{SAYS("\"END\",510")}, {FAKE_URC, "RDY"}, {SAYS("\"END\",510")}, {VERSION(OLD)}, IDLE, END}},
    {"lte-standard-504", OUTCOME, REFUSED, "504", NULL, "EG800K-EU", {SAID("504")}},
    {"lte-standard-505", OUTCOME, FOR_GOOD(TRANSFER_FAILED), "505", NULL, "EC800K-CN",
     {SAID("505")}},
    {"lte-standard-506", OUTCOME, FOR_GOOD(TRANSFER_FAILED), "MD5", NULL, "EG800K-EU",
     {SAID("506")}},
    {"lte-standard-507", OUTCOME, WRONG_BASE, "version", NULL, "EG800K-EU", {SAID("507")}},
    {"lte-standard-510", OUTCOME, REFUSED, "not published", NULL, "EG800K-EU", {SAID("510")}},
    {"lte-standard-552", OUTCOME, WRONG_BASE, "product", NULL, "EG800K-EU", {SAID("552")}},
    {"lte-standard-553", OUTCOME, WRONG_BASE, "baseline", NULL, "EG800K-EU", {SAID("553")}},
    {"no-list-510", OUTCOME, REFUSED, "for this model", NULL, "BG96", {SAID("510")}},
    {"no-list-510-of-a-rm500q", OUTCOME, REFUSED, "for this model", NULL, "RM500Q-GL", {SAID("510")}},
    {"no-list-507-of-an-ec200u", OUTCOME, REFUSED, "for this model", NULL, "EC200U-EU", {SAID("507")}},
    {"lte-standard-507-of-an-ec200a", OUTCOME, WRONG_BASE, "version", NULL, "EC200A-EU", {SAID("507")}},
    {"over-qmi-510", OUTCOME, WRONG_BASE, "510", NULL, "QUECTEL Mobile Broadband Module",
     {SAID("510")}},
};

static const TestQuectelCase feds[] = {
    {"success", FED, DONE, NULL, NEW, NULL,
     {{VERSION(NEW)}, IDLE, {"AT+QFDEL=\"fotad.zip\"", ""}, END}},
    {"package-gone", FED, DONE, NULL, NEW, NULL,
     {{VERSION(NEW)}, IDLE, {"AT+QFDEL=\"fotad.zip\"", "!405"}, END}},
    {"old-version", FED, DONE, NULL, OLD, NULL, {{VERSION(OLD)}, IDLE, END}},
    {"failed", FED, WRONG_BASE, "510", NULL, NULL, {SAID("510")}},
};
/* clang-format on */

/* The half that never comes is taken as it is, after HalfTime. */
static void
test_half_for_good(void)
{
    FakeExchange script[40] = {0};
    FotaSession *session;
    g_autofree char *version = NULL;
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i <= 30; i++)
        script[i] = (FakeExchange){VERSION(HALF)};
    session = test_quectel_session(script);
    g_assert_cmpint(test_quectel_call(session, INSPECT, &test_quectel_update, -1, &version, &error),
                    ==, FOTA_RESULT_DONE);
    g_assert_cmpstr(version, ==, HALF);
    g_assert_cmpuint(fake_session_get_seconds(session), ==, 30);
    fake_session_finish(session);
}

/* After its restart an EC20 is asked as before the update, whatever it answers then. */
static void
test_same_question(void)
{
    static const FakeExchange script[] = {
        {VERSION("EC20CEHCLGR06A02M1G_01.001")},
        {VERSION("EC20CEHCLGR06A02M1G_01.001")},
        {VERSION("!")},
        END,
    };
    FotaSession *session = test_quectel_session(script);
    g_autofree char *version = NULL;
    g_autofree char *after = NULL;
    g_autoptr(GError) error = NULL;

    fake_session_set_model(session, "EC20");
    g_assert_cmpint(test_quectel_call(session, INSPECT, &test_quectel_update, -1, &version, &error),
                    ==, FOTA_RESULT_DONE);
    g_assert_cmpint(test_quectel_call(session, OUTCOME, &test_quectel_update, -1, &after, &error),
                    ==, FOTA_RESULT_FAILED_FOR_NOW);
    g_assert_null(after);
    fake_session_finish(session);
}

/* The module says once why it has failed, and may leave before it has told its version. */
static void
test_reason_is_kept(void)
{
    static const FakeExchange script[] = {
        {SAYS("\"END\",510")},
        {VERSION("-")}, /* it leaves for the last time */
        {VERSION(OLD)},
        IDLE, /* and is back */
        {FAKE_SAVE, ""},
        {"AT+QFOTADL=\"/data/ufs/fotad.zip\"", ""}, /* a new order */
        {VERSION(OLD)},
        IDLE,
        END,
    };
    FotaSession *session = test_quectel_session(script);
    static const FotaResult results[] = {FOTA_RESULT_FAILED_FOR_NOW, FOTA_RESULT_WRONG_BASE,
                                         FOTA_RESULT_DONE};

    for (guint i = 0; i < G_N_ELEMENTS(results); i++) {
        g_autofree char *version = NULL;
        g_autoptr(GError) error = NULL;

        if (i == 2)
            g_assert_cmpint(test_quectel_call(session, TEST_QUECTEL_INSTALL, &test_quectel_update,
                                              -1, NULL, NULL),
                            ==, FOTA_RESULT_DONE);
        g_assert_cmpint(
            test_quectel_call(session, OUTCOME, &test_quectel_update, -1, &version, &error), ==,
            results[i]);
    }
    fake_session_finish(session);
}

/* The limits that the maker's and other programs have, and what was seen to take long. */
static void
test_times(void)
{
    static const struct {
        const char *model, *key;
        guint least;
    } table[] = {
        {"BG96", "DownloadTime", 360 + 1}, /* 702 came after six minutes */
        {"EC25", "LeaveTime", 300},        /* the end of the download */
        {"RM500Q-GL", "SettleTime", 300},  /* START */
        {"RM500Q-GL", "ApplyTime", 600},   /* and END */
        {"EC25", "ReturnLimit", 1800},     /* all of it, of a router's firmware */
        {"EC25", "HalfTime", 16},          /* looks of ModemManager at +QGMR */
        {"EG800K-EU", "ApplyTime", 300},   /* all of it */
        {"EG800K-EU", "Restarts", 3},
        {"EG18-EA", "ApplyTime", 480 + 30}, /* flashing and restart */
    };
    static const FakeExchange script[] = {END};
    FotaSession *session = test_quectel_session(script);

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        fake_session_set_model(session, table[i].model);
        g_assert_cmpuint(fota_session_get_number(session, table[i].key), >=, table[i].least);
    }
    fake_session_finish(session);
}

static gboolean
is_claimed(const char *model)
{
    for (const FotaClaim *claim = fota_plugin.claims; claim->methods != NULL; claim++) {
        if (claim->model != NULL && g_pattern_match_simple(claim->model, model))
            return TRUE;
    }
    return FALSE;
}

/* By the names that ModemManager was seen to report. */
static void
test_models(void)
{
    static const char *const claimed[] = {
        "EC20",      "EC21",      "EC25",      "EG21-G",    "EG25-G", "EG91",      "EG91-EX",
        "EG95",      "EM05-G",    "EP06-E",    "EG06-E",    "EM06-E", "BG95-M3",   "BG96",
        "EG18-EA",   "EG18",      "EG800K-EU", "EG12-EA",   "EM12-G", "EC200A",    "EC200A-EU",
        "EC200N-CN", "EC200U-EU", "EC800K",    "EC800M",    "EG915U", "EG915N-EU", "EG912N-EN",
        "RM500Q-GL", "RM502Q-AE", "RM510Q-GL", "RG502Q-EA", NULL};
    static const char *const not_claimed[] = {"EG915Q-NA", "EG916Q-GL",  "EM060K-GL", "EM120R_GL",
                                              "BC660K-GL", "RM500U-CNV", "RM520N-GL", "EC200T-EU",
                                              "EC200S-CN", "EG120K-EA",  "EG060K-EA", "EG950A-EL",
                                              "BG950A-GL", "BG951A-GL",  NULL};

    for (guint i = 0; claimed[i] != NULL; i++)
        g_assert_true(is_claimed(claimed[i]));
    for (guint i = 0; not_claimed[i] != NULL; i++)
        g_assert_false(is_claimed(not_claimed[i]));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    test_quectel_add("/quectel/inspect/", inspects, G_N_ELEMENTS(inspects));
    test_quectel_add("/quectel/outcome/", outcomes, G_N_ELEMENTS(outcomes));
    test_quectel_add("/quectel/end/", ends, G_N_ELEMENTS(ends));
    test_quectel_add("/quectel/fed-outcome/", feds, G_N_ELEMENTS(feds));
    g_test_add_func("/quectel/half-for-good", test_half_for_good);
    g_test_add_func("/quectel/same-question", test_same_question);
    g_test_add_func("/quectel/reason-is-kept", test_reason_is_kept);
    g_test_add_func("/quectel/times", test_times);
    g_test_add_func("/quectel/models", test_models);
    return g_test_run();
}
