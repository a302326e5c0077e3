/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gmodule.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/fota-plugin.h"
#include "plugins/telit/telit-errors.h"
#include "plugins/telit/telit-fetch.h"
#include "plugins/telit/telit-ftp.h"

/*
 * Telit modules that fetch their delta by FTP and take it with #OTAUP: flow A of README.md, which
 * is MultiTech's Verizon FOTA guide for the ME910C1, step by step. Letters in comments are the
 * guide's.
 */

/* The vendor's longest times, seconds. Where the guide names none: a command that only sets. */
#define TIME_SHORT 10
#define TIME_CONTEXT 150
#define TIME_INSTALL 60

/* +CSQ: 0 is -113 dBm or less, 99 unknown. */
#define CSQ_UNKNOWN 99

static FotaResult
telit_inspect(FotaSession *session, char **version, GError **error)
{
    /* a) The model is in the log for whoever reads it; the flow has it from ModemManager. */
    if (!fota_session_try(session, "AT+GMM", TIME_SHORT, NULL, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    return fota_session_read_version(session, "AT+GMR", version, error);
}

/* `+CGDCONT: 3,"IPV4V6","VZWINTERNET",...` has an access point name; `3,"IP","",...` has none. */
static gboolean
has_apn(GStrv contexts, guint cid)
{
    g_autofree char *prefix = g_strdup_printf("+CGDCONT: %u,", cid);
    const char *context = fota_lines_find(contexts, prefix);
    g_auto(GStrv) fields = g_strsplit(context != NULL ? context : "", ",", 3);

    return g_strv_length(fields) >= 2 && strlen(fields[1]) > strlen("\"\"");
}

/* b) An APN only where none has been programmed: the integrator's own one wins. */
static FotaResult
ensure_apn(FotaSession *session, guint cid, GError **error)
{
    const char *apn = fota_session_get_network(session, "Apn");
    const char *type = fota_session_get_network(session, "PdpType");
    g_auto(GStrv) contexts = NULL;
    g_autofree char *quoted = NULL;
    g_autofree char *command = NULL;

    if (!fota_session_try(session, "AT+CGDCONT?", TIME_SHORT, &contexts, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    /* What the module does not tell may be the integrator's: it stays, and the context shows. */
    if (contexts == NULL || has_apn(contexts, cid))
        return FOTA_RESULT_DONE;
    if (apn == NULL) {
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NO_APN,
                    "PDP context %u has no APN; set Apn= in [Network], or program it", cid);
        return FOTA_RESULT_FAILED_FOR_GOOD;
    }
    quoted = fota_at_quote(apn, error);
    if (quoted == NULL)
        return FOTA_RESULT_FAILED_FOR_GOOD;
    command =
        g_strdup_printf("AT+CGDCONT=%u,\"%s\",%s", cid, type != NULL ? type : "IPV4V6", quoted);
    return fota_session_order(session, command, TIME_SHORT, error) ? FOTA_RESULT_DONE
                                                                   : FOTA_RESULT_FAILED_FOR_NOW;
}

/* c) A module that does not tell may have a signal: the context will show. */
static FotaResult
check_signal(FotaSession *session, GError **error)
{
    g_auto(GStrv) lines = NULL;
    const char *answer;
    int rssi;

    if (!fota_session_try(session, "AT+CSQ", TIME_SHORT, &lines, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    answer = fota_lines_find(lines, "+CSQ:");
    rssi = answer != NULL && g_ascii_isdigit(answer[0]) ? atoi(answer) : -1;
    if (rssi < 0 || (rssi > 0 && rssi < CSQ_UNKNOWN))
        return FOTA_RESULT_DONE;
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NO_SIGNAL,
                "no signal (+CSQ: %s); check the antenna", answer);
    return FOTA_RESULT_TRY_LATER;
}

/* d) The second number of `+CEREG: <n>,<stat>`: 1 is home, 5 roaming. */
static FotaResult
check_registration(FotaSession *session, GError **error)
{
    g_auto(GStrv) lines = NULL;
    const char *answer, *comma;
    int status;

    if (!fota_session_try(session, "AT+CEREG?", TIME_SHORT, &lines, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    answer = fota_lines_find(lines, "+CEREG:");
    comma = answer != NULL ? strchr(answer, ',') : NULL;
    status = comma != NULL ? atoi(comma + 1) : 0;
    /* ModemManager takes the line for an unsolicited one and keeps it: the context will tell. */
    if (answer == NULL || status == 1 || status == 5)
        return FOTA_RESULT_DONE;
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NOT_REGISTERED,
                "not registered on a network (+CEREG: %s); check SIM and subscription", answer);
    return FOTA_RESULT_TRY_LATER;
}

/* e) A context that is active already is as good as one that we activate. */
static FotaResult
activate_context(FotaSession *session, guint cid, GError **error)
{
    g_autofree char *command = g_strdup_printf("AT#SGACT=%u,1", cid);
    g_autofree char *active = g_strdup_printf("#SGACT: %u,1", cid);
    g_autoptr(GError) local_error = NULL;
    g_auto(GStrv) contexts = NULL;

    if (fota_session_order(session, command, TIME_CONTEXT, &local_error))
        return FOTA_RESULT_DONE;
    if (!g_error_matches(local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_AT)) {
        g_propagate_error(error, g_steal_pointer(&local_error));
        return FOTA_RESULT_FAILED_FOR_NOW;
    }
    fota_session_explain(session, telit_cme_texts, &local_error);
    contexts = fota_session_command(session, "AT#SGACT?", TIME_SHORT, NULL);
    if (contexts != NULL && g_strv_contains((const char *const *)contexts, active))
        return FOTA_RESULT_DONE;
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NO_CONTEXT,
                "PDP context %u does not come up: %s; check APN and subscription", cid,
                local_error->message);
    return FOTA_RESULT_FAILED_FOR_NOW;
}

/* f) to l) with the FTP session open. */
static FotaResult
transfer(FotaSession *session, const FotaUpdate *update, GError **error)
{
    g_autofree char *version = NULL;
    FotaResult result;

    fota_session_report_progress(session, 20);
    result = telit_ftp_check_size(session, update, error);
    if (result != FOTA_RESULT_DONE)
        return result;
    /* h) Once more, as the guide has it: a delta for another base can ruin the module. */
    result = fota_session_read_version(session, "AT+GMR", &version, error);
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
                                   : transfer(session, update, error);
        fota_session_report_progress(session, 95);
        fota_session_shield(session, TRUE);
        if (!telit_ftp_close(session, &close_error))
            fota_session_note(session, "FTP did not close: %s", close_error->message);
        fota_session_shield(session, FALSE);
    }
    return result;
}

static void
deactivate_context(FotaSession *session, guint cid)
{
    g_autofree char *command = g_strdup_printf("AT#SGACT=%u,0", cid);
    g_autoptr(GError) error = NULL;

    fota_session_shield(session, TRUE);
    if (!fota_session_order(session, command, TIME_CONTEXT, &error))
        fota_session_note(session, "context %u did not close: %s", cid, error->message);
    fota_session_shield(session, FALSE);
}

static FotaResult
connect_and_use(FotaSession *session, const FotaUpdate *update, const Fetch *fetch, GError **error)
{
    guint cid = fota_session_get_number(session, "ContextId");
    g_autofree char *socket =
        g_strdup_printf("AT#SCFG=%u,%u,%s", fota_session_get_number(session, "SocketId"), cid,
                        fota_session_get_text(session, "SocketSetup"));
    FotaResult result;

    if (!fota_session_order(session, socket, TIME_SHORT, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    if ((result = ensure_apn(session, cid, error)) != FOTA_RESULT_DONE ||
        (result = check_signal(session, error)) != FOTA_RESULT_DONE ||
        (result = check_registration(session, error)) != FOTA_RESULT_DONE)
        return result;
    fota_session_report_progress(session, 5);
    result = activate_context(session, cid, error);
    if (result != FOTA_RESULT_DONE)
        return result;
    fota_session_report_progress(session, 10);
    result = use_context(session, update, cid, fetch, error);
    deactivate_context(session, cid);
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
    if (!g_error_matches(local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_AT)) {
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
    FotaResult result = fota_session_read_version(session, "AT+GMR", version, error);
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
