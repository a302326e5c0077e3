/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gmodule.h>
#include <string.h>

#include "plugins/fota-plugin.h"
#include "plugins/telit/telit-errors.h"
#include "plugins/telit/telit-fetch.h"
#include "plugins/telit/telit-ftp.h"
#include "plugins/telit/telit-network.h"
#include "plugins/telit/telit-version.h"

/*
 * Telit modules that fetch their delta by FTP and take it with #OTAUP: flow A of README.md, which
 * is MultiTech's Verizon FOTA guide for the ME910C1, step by step. Letters in comments are the
 * guide's.
 */

/* The vendor's longest times, seconds. Where the guide names none: a command that only sets. */
#define TIME_SHORT 10
#define TIME_INSTALL 60

static FotaResult
telit_inspect(FotaSession *session, char **version, GError **error)
{
    /* a) The model is in the log for whoever reads it; the flow has it from ModemManager. */
    if (!fota_session_try(session, "AT+GMM", TIME_SHORT, NULL, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    return telit_version_read(session, version, error);
}

/* f) to l) with the FTP session open. */
static FotaResult
delta_transfer(FotaSession *session, const FotaUpdate *update, GError **error)
{
    g_autofree char *version = NULL;
    FotaResult result;

    fota_session_report_progress(session, 20);
    result = telit_ftp_check_size(session, update, error);
    if (result != FOTA_RESULT_DONE)
        return result;
    /* h) Once more, as the guide has it: a delta for another base can ruin the module. */
    result = telit_version_read(session, &version, error);
    if (result != FOTA_RESULT_DONE)
        return result;
    if (strcmp(version, update->from) != 0) {
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_WRONG_BASE,
                    "the module runs %s, the delta is for %s", version, update->from);
        return FOTA_RESULT_WRONG_BASE;
    }
    if (update->rehearsal)
        return FOTA_RESULT_DONE;
    fota_session_report_progress(session, 25);
    return telit_ftp_get_delta(session, update, error);
}

/* A file to be read, and what is in it. */
typedef struct {
    gsize max_bytes;
    GBytes **contents;
} Fetch;

/* The FTP session is for @fetch, or without one for the delta. */
static FotaResult
use_context(FotaSession *session, const FotaUpdate *update, guint cid, const Fetch *fetch,
            GError **error)
{
    FotaResult result = telit_ftp_open(session, update, cid, error);
    g_autoptr(GError) close_error = NULL;

    if (result == FOTA_RESULT_DONE) {
        result = telit_ftp_set_binary(session, error);
        if (result == FOTA_RESULT_DONE)
            result = fetch != NULL ? telit_fetch_file(session, update, fetch->max_bytes,
                                                      fetch->contents, error)
                                   : delta_transfer(session, update, error);
        fota_session_report_progress(session, 95);
        fota_session_shield(session, TRUE);
        if (!telit_ftp_close(session, &close_error))
            fota_session_note(session, "FTP did not close: %s", close_error->message);
        fota_session_shield(session, FALSE);
    }
    return result;
}

static FotaResult
connect_and_use(FotaSession *session, const FotaUpdate *update, const Fetch *fetch, GError **error)
{
    TelitNetwork network = {0};
    FotaResult result = telit_network_open(session, &network, error);

    if (result == FOTA_RESULT_DONE) {
        fota_session_report_progress(session, 10);
        result = use_context(session, update, network.cid, fetch, error);
    }
    telit_network_close(session, &network);
    if (result == FOTA_RESULT_DONE)
        fota_session_report_progress(session, 100);
    return result;
}

static FotaResult
telit_download(FotaSession *session, const FotaUpdate *update, GError **error)
{
    return connect_and_use(session, update, NULL, error);
}

/* a) to g), with a file that comes to us instead of staying in the module. */
static FotaResult
telit_fetch(FotaSession *session, const FotaUpdate *update, gsize max_bytes, GBytes **contents,
            GError **error)
{
    const Fetch fetch = {.max_bytes = max_bytes, .contents = contents};

    return connect_and_use(session, update, &fetch, error);
}

/* n) */
static FotaResult
telit_install(FotaSession *session, const FotaUpdate *update, GError **error)
{
    g_autoptr(GError) local_error = NULL;

    if (fota_session_order(session, "AT#OTAUP=0", TIME_INSTALL, &local_error))
        return FOTA_RESULT_DONE;
    if (!g_error_matches(local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED)) {
        g_propagate_error(error, g_steal_pointer(&local_error));
        return FOTA_RESULT_FAILED_FOR_NOW;
    }
    fota_session_explain(session, telit_cme_texts, &local_error);
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_INSTALL_REFUSED,
                "the module refuses the delta: %s; is it the delta from %s?", local_error->message,
                update->from);
    return FOTA_RESULT_REFUSED;
}

/* p) and what the module itself says of the end, where unsolicited lines are heard. */
static FotaResult
telit_outcome(FotaSession *session, const FotaUpdate *update, char **version, GError **error)
{
    FotaResult result = telit_version_read(session, version, error);
    g_autofree char *report = NULL;

    if (result != FOTA_RESULT_DONE)
        return result;
    if (fota_session_hears_unsolicited(session))
        report = fota_session_wait_unsolicited(session, "#OTAEV:", 0, NULL);
    if (report != NULL)
        fota_session_note(session, "the module reports %s", report);
    return FOTA_RESULT_DONE;
}

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

static const FotaPluginMatch telit_matches[] = {
    {"Telit", "ME910C1-*"},
    {"Telit", "LE910-*"},
    {NULL, NULL},
};

extern const FotaPlugin fota_plugin;

G_MODULE_EXPORT const FotaPlugin fota_plugin = {
    .abi = FOTA_PLUGIN_ABI,
    .name = "telit",
    .matches = telit_matches,
    .settings = telit_settings,
    .inspect = telit_inspect,
    .download = telit_download,
    .install = telit_install,
    .outcome = telit_outcome,
    .fetch = telit_fetch,
};
