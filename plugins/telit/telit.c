/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gmodule.h>
#include <string.h>

#include "plugins/fota-plugin.h"
#include "plugins/telit/telit-apn.h"
#include "plugins/telit/telit-asked.h"
#include "plugins/telit/telit-enhanced.h"
#include "plugins/telit/telit-errors.h"
#include "plugins/telit/telit-feed.h"
#include "plugins/telit/telit-fetch.h"
#include "plugins/telit/telit-ftp.h"
#include "plugins/telit/telit-network.h"
#include "plugins/telit/telit-otaup.h"
#include "plugins/telit/telit-version.h"

/*
 * Telit modules that fetch their delta by FTP and take it with #OTAUP: flow A of README.md, which
 * is MultiTech's Verizon FOTA guide for the ME910C1, step by step. Letters in comments are the
 * guide's.
 */

static FotaResult
telit_inspect(FotaSession *session, char **version, GError **error)
{
    /* a) The model is in the log for whoever reads it; the flow has it from ModemManager. */
    if (!fota_session_try(session, "AT+GMM", 0, NULL, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    return telit_version_read(session, version, error);
}

/* h) to j) Once more, as the guide has it: a delta for another base can ruin the module. */
static FotaResult
check_base(FotaSession *session, const FotaUpdate *update, GError **error)
{
    g_autofree char *version = NULL;
    FotaResult result = telit_version_read(session, &version, error);

    if (result != FOTA_RESULT_DONE || strcmp(version, update->from) == 0)
        return result;
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_WRONG_BASE,
                "the module runs %s, the delta is for %s", version, update->from);
    return FOTA_RESULT_WRONG_BASE;
}

/* The guide's own letters. At g) the delta's size is asked instead of a list being read. */
#define TO_THE_SERVER                                                                              \
    {"a", telit_set_socket, 1}, {"b", telit_ensure_apn, 2}, {"c", telit_check_signal, 3},          \
        {"d", telit_check_registration, 5}, {"e", telit_activate_context, 10},                     \
    {                                                                                              \
        "f", telit_ftp_open, 20                                                                    \
    }

static const FotaFlowStep download_flow[] = {
    TO_THE_SERVER,         {"g", telit_ftp_check_size, 22},
    {"h", check_base, 25}, {"k", telit_ftp_get_delta, 100},
    {NULL, NULL, 0},
};

/* The same way to the network; then one command instead of g) to k). */
static const FotaFlowStep enhanced_flow[] = {
    {"b", telit_ensure_apn, 2},
    {"c", telit_check_signal, 3},
    {"d", telit_check_registration, 5},
    {"e", telit_activate_context, 10},
    {"f, g", telit_enhanced_ask_server, 20},
    {"h", check_base, 25},
    {"reports", telit_enhanced_listen, 26},
    {"k", telit_enhanced_get_delta, 100},
    {NULL, NULL, 0},
};

static const FotaFlowStep fetch_flow[] = {TO_THE_SERVER, {NULL, NULL, 0}};

static FotaResult
telit_download(FotaSession *session, const FotaUpdate *update, GError **error)
{
    return fota_session_run_flow(session, download_flow, update, error);
}

static FotaResult
telit_enhanced_download(FotaSession *session, const FotaUpdate *update, GError **error)
{
    return fota_session_run_flow(session, enhanced_flow, update, error);
}

/* a) to g), with a file that comes to us instead of staying in the module. */
static FotaResult
telit_fetch(FotaSession *session, const FotaUpdate *update, gsize max_bytes, GBytes **contents,
            GError **error)
{
    FotaResult result = fota_session_run_flow(session, fetch_flow, update, error);

    if (result == FOTA_RESULT_DONE)
        result = telit_fetch_file(session, update, max_bytes, contents, error);
    return result;
}

/* l) and m) */
static void
telit_close(FotaSession *session)
{
    telit_enhanced_close(session);
    telit_ftp_close(session);
    telit_network_close(session);
}

/* n) after m) for a context that was not ours, which the installation ends anyway. */
static FotaResult
telit_install(FotaSession *session, const FotaUpdate *update, GError **error)
{
    FotaResult result;

    /* Where the module did not answer l). */
    telit_ftp_close(session);
    result = telit_release_context(session, update, error);
    if (result == FOTA_RESULT_DONE)
        result = telit_otaup_install(session, update, "AT#OTAUP=0", error);
    if (result == FOTA_RESULT_REFUSED)
        telit_restore_context(session);
    else if (result == FOTA_RESULT_DONE)
        telit_forget_context(session);
    return result;
}

/* p) and what the module itself says of the end, where unsolicited lines are heard. */
static FotaResult
telit_outcome(FotaSession *session, const FotaUpdate *update, char **version, GError **error)
{
    FotaResult result = telit_version_read(session, version, error);
    g_auto(FotaHeard) report = {0};

    if (result != FOTA_RESULT_DONE)
        return result;
    if (fota_session_hears_unsolicited(session) && fota_session_hear(session, 0, &report, NULL))
        fota_session_note(session, "the module reports #OTAEV: %s", report.text);
    return FOTA_RESULT_DONE;
}

static const FotaUnsolicited telit_unsolicited[] = {
    {"#OTAEV:", FOTA_LINE_REPORT, telit_enhanced_parse},
    {"#DREL", FOTA_LINE_REPORT, telit_enhanced_parse_released},
    {"#OTAEV:", FOTA_LINE_REPORT, telit_parse_event},
    {"#LWM2MFOTARING:", FOTA_LINE_CARRIER_QUESTION, telit_parse_ring},
    {"#SWMCHKUPD:", FOTA_LINE_REPORT, telit_parse_package},
    {"#SWMDLPRGRSS:", FOTA_LINE_REPORT, telit_parse_received},
    {"#SWMRING:", FOTA_LINE_REPORT, telit_parse_package_ring},
    {NULL, 0, NULL},
};

/* Which of them a restart really loses differs from model to model, and is published for none. */
static const FotaSetting telit_settings[] = {
    {.name = "+CMEE"},
    {.name = "+CGDCONT", .fields = 0x7}, /* cid, type, APN: the address may be the network's */
    {.name = "#SCFG", .fields = 0x3f},   /* what the flow itself enters, per socket */
    {.name = "#FTPTO"},
    {.name = "#FTPCFG"},
    {.name =
         "#OTASUAN"}, /* answered with an empty first field, by which entering answers nothing */
    {.name = "#FOTAURC"},
    {.name = "+CEREG", .fields = 0x1}, /* the mode of its reports; the rest is the network's */
    {.name = "#OTASETRI"},
    {.name = NULL},
};

static const char *const ftp_schemes[] = {"ftp", NULL};

/* Flow A of README.md. */
static const FotaMethod telit_ftp = {
    .size = sizeof(FotaMethod),
    .name = "ftp",
    .route = FOTA_ROUTE_PULL,
    .commit = FOTA_COMMIT_POINT_INSTALL,
    .restarts = FOTA_RESTART_BY_MODULE,
    .inspect = telit_inspect,
    .download = telit_download,
    .validate = telit_otaup_validate,
    .install = telit_install,
    .outcome = telit_outcome,
    .fetch = telit_fetch,
    .close = telit_close,
    .schemes = ftp_schemes,
};

/* Flow B: the host hands the delta over. */
static const FotaMethod telit_feed = {
    .size = sizeof(FotaMethod),
    .name = "feed",
    .route = FOTA_ROUTE_FEED,
    .commit = FOTA_COMMIT_POINT_INSTALL,
    .needs = FOTA_NEEDS_TTY | FOTA_NEEDS_INHIBITION,
    .restarts = FOTA_RESTART_BY_MODULE,
    .inspect = telit_inspect,
    .load = telit_feed_load,
    .validate = telit_otaup_validate,
    .install = telit_feed_install,
    .outcome = telit_outcome,
    .fetch = telit_fetch,
    .close = telit_close,
};

/* Flow D: the host restarts the module, which then installs what #OTAUP=2 has armed. */
static const FotaMethod telit_enhanced = {
    .size = sizeof(FotaMethod),
    .name = "ftp-enhanced",
    .route = FOTA_ROUTE_PULL,
    .commit = FOTA_COMMIT_POINT_INSTALL,
    .needs = FOTA_NEEDS_UNSOLICITED,
    .restarts = FOTA_RESTART_BY_COMMAND,
    .inspect = telit_inspect,
    .download = telit_enhanced_download,
    .install = telit_enhanced_install,
    .restart = telit_enhanced_restart,
    .outcome = telit_outcome,
    .fetch = telit_fetch,
    .close = telit_close,
    .schemes = ftp_schemes,
};

/* Flow C of README.md: the module downloads and installs once it has its answer. A model may have
 * flow E besides. */
static const FotaMethod telit_premium = {
    .size = sizeof(FotaMethod),
    .name = "premium",
    .route = FOTA_ROUTE_ASKED,
    .commit = FOTA_COMMIT_POINT_DOWNLOAD,
    .needs = FOTA_NEEDS_UNSOLICITED,
    .restarts = FOTA_RESTART_BY_MODULE,
    .inspect = telit_inspect,
    .ask = telit_asked_start,
    .outcome = telit_asked_outcome,
    .questions = telit_asked_questions,
    .answer = telit_asked_answer,
};

/* Flow E: the carrier begins, and the module asks before it downloads and before it installs. */
static const FotaMethod telit_lwm2m = {
    .size = sizeof(FotaMethod),
    .name = "lwm2m",
    .route = FOTA_ROUTE_ASKED,
    .commit = FOTA_COMMIT_POINT_INSTALL,
    .needs = FOTA_NEEDS_UNSOLICITED,
    .restarts = FOTA_RESTART_BY_MODULE,
    .inspect = telit_inspect,
    .outcome = telit_asked_outcome,
    .questions = telit_asked_questions,
    .answer = telit_asked_answer,
    .carrier = TRUE,
};

static const FotaMethod *const asking_methods[] = {&telit_ftp, &telit_premium, NULL};
static const FotaMethod *const fed_methods[] = {&telit_ftp, &telit_feed, &telit_lwm2m, NULL};
static const FotaMethod *const fed_asking_methods[] = {&telit_ftp, &telit_feed, &telit_premium,
                                                       NULL};
static const FotaMethod *const both_methods[] = {&telit_enhanced, &telit_ftp, &telit_lwm2m, NULL};
static const FotaMethod *const enhanced_methods[] = {&telit_enhanced, NULL};

static const FotaClaim telit_claims[] = {
    {.manufacturer = "Telit", .model = "ME910C1-*", .methods = asking_methods},
    {.manufacturer = "Telit", .model = "ME910G1-*", .methods = fed_methods},
    {.manufacturer = "Telit", .model = "ME310G1-*", .methods = fed_methods},
    {.manufacturer = "Telit", .model = "ML865G1-*", .methods = fed_methods},
    {.manufacturer = "Telit", .model = "LE910-SVL*", .methods = fed_asking_methods},
    {.manufacturer = "Telit", .model = "LE910-NA1*", .methods = fed_asking_methods},
    {.manufacturer = "Telit", .model = "LE910-*", .methods = asking_methods},
    {.manufacturer = "Telit", .model = "LE910B*", .methods = asking_methods},
    {.manufacturer = "Telit", .model = "LE910C*", .methods = both_methods},
    {.manufacturer = "Telit", .model = "LN920*", .methods = enhanced_methods},
    {.methods = NULL},
};

extern const FotaPlugin fota_plugin;

G_MODULE_EXPORT const FotaPlugin fota_plugin = {
    .abi = FOTA_PLUGIN_ABI,
    .size = sizeof(FotaPlugin),
    .name = "telit",
    .claims = telit_claims,
    .settings = telit_settings,
    .unsolicited = telit_unsolicited,
};
