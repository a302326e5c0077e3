/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plugins/quectel/quectel-network.h"

#include <stdlib.h>
#include <string.h>

#define RADIO_ON 1
#define FACTORY_TEST 5
#define UNKNOWN (-1)

#define FACTORY_TEXT                                                                               \
    "the module is in factory test mode (+CFUN: 5) and has no network: an interrupted update has " \
    "lost its calibration; it needs Quectel's repair, or its own calibration data back"

/* +CSQ: 0 is -113 dBm or less, 99 unknown. */
#define CSQ_UNKNOWN 99

/* What is remembered: the context is up, or comes up yet, because of the download. */
#define OPENED FOTA_OWED "Context"

/* Pause between two looks at the registration. */
#define LOOK_PAUSE 5

/* *@mode is UNKNOWN when it is not told. */
static gboolean
read_radio(FotaSession *session, int *mode, GError **error)
{
    g_auto(GStrv) lines = NULL;
    const char *text;

    if (!fota_session_try(session, "AT+CFUN?", 0, &lines, error))
        return FALSE;
    text = fota_lines_find(lines, "+CFUN:");
    *mode = text != NULL && g_ascii_isdigit(text[0]) ? atoi(text) : UNKNOWN;
    return TRUE;
}

FotaResult
quectel_check_radio(FotaSession *session, const FotaUpdate *update, GError **error)
{
    int mode;

    if (!read_radio(session, &mode, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    if (mode == FACTORY_TEST) {
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NOT_REGISTERED, FACTORY_TEXT);
        return FOTA_RESULT_FAILED_FOR_GOOD;
    }
    if (mode == RADIO_ON || mode == UNKNOWN)
        return FOTA_RESULT_DONE;
    fota_session_note(session, "the radio is off (+CFUN: %d); switching it on", mode);
    return fota_session_order(session, "AT+CFUN=1", 0, error) ? FOTA_RESULT_DONE
                                                              : FOTA_RESULT_FAILED_FOR_NOW;
}

gboolean
quectel_note_radio(FotaSession *session, GError **error)
{
    int mode;

    if (!read_radio(session, &mode, error))
        return FALSE;
    if (mode == FACTORY_TEST)
        fota_session_note(session, FACTORY_TEXT);
    return TRUE;
}

/* Whether context @cid has an access point; TRUE too when that cannot be read. */
static gboolean
has_apn(GStrv lines, guint cid)
{
    g_autofree char *wanted = g_strdup_printf("%u,", cid);
    gboolean told = FALSE;

    for (guint i = 0; lines != NULL && lines[i] != NULL; i++) {
        const char *text = fota_line_after(lines[i], "+CGDCONT:");
        g_auto(GStrv) fields = NULL;

        if (text == NULL)
            continue;
        told = TRUE;
        fields = g_strsplit(text, ",", 4);
        if (g_str_has_prefix(text, wanted))
            return g_strv_length(fields) < 3 || strlen(fields[2]) > strlen("\"\"");
    }
    return lines == NULL || (!told && lines[0] != NULL);
}

/* As +QICSGP has them: none, PAP, CHAP. */
static guint
choose_authentication(FotaSession *session)
{
    static const char *const kinds[] = {"none", "pap", "chap"};
    const char *wanted = fota_session_get_network(session, "Authentication");

    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (g_strcmp0(wanted, kinds[i]) == 0)
            return i;
    }
    return fota_session_get_network(session, "User") != NULL ? 2 : 0;
}

/* As +QICSGP has them. */
static guint
choose_type(FotaSession *session)
{
    static const char *const types[] = {"IP", "IPV6", "IPV4V6"};
    const char *wanted = fota_session_get_network(session, "PdpType");

    for (guint i = 0; i < G_N_ELEMENTS(types); i++) {
        if (g_strcmp0(wanted, types[i]) == 0)
            return i + 1;
    }
    return 1;
}

static char *
quote_network(FotaSession *session, const char *key, GError **error)
{
    const char *text = fota_session_get_network(session, key);

    return fota_at_quote(text != NULL ? text : "", error);
}

FotaResult
quectel_ensure_apn(FotaSession *session, const FotaUpdate *update, GError **error)
{
    guint cid = fota_session_get_number(session, "ContextId");
    g_autofree char *apn = NULL;
    g_autofree char *user = NULL;
    g_autofree char *password = NULL;
    g_autofree char *command = NULL;
    g_auto(GStrv) lines = NULL;

    if (!fota_session_try(session, "AT+CGDCONT?", 0, &lines, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    if (has_apn(lines, cid) || fota_session_get_network(session, "Apn") == NULL) {
        if (fota_session_get_network(session, "User") != NULL)
            fota_session_note(session,
                              "context %u keeps its access point and login: those of [Network] are "
                              "for a module that has none",
                              cid);
        return FOTA_RESULT_DONE;
    }
    if ((apn = quote_network(session, "Apn", error)) == NULL ||
        (user = quote_network(session, "User", error)) == NULL ||
        (password = quote_network(session, "Password", error)) == NULL)
        return FOTA_RESULT_FAILED_FOR_GOOD;
    command = g_strdup_printf("AT+QICSGP=%u,%u,%s,%s,%s,%u", cid, choose_type(session), apn, user,
                              password, choose_authentication(session));
    return fota_session_order(session, command, 0, error) ? FOTA_RESULT_DONE
                                                          : FOTA_RESULT_FAILED_FOR_NOW;
}

static FotaResult
fail_not_registered(FotaSession *session, GError **error)
{
    g_autofree char *signal = fota_session_query(session, "AT+CSQ", "+CSQ:", 0, NULL);
    gboolean none = signal != NULL && (atoi(signal) == 0 || atoi(signal) == CSQ_UNKNOWN);

    g_set_error(error, FOTA_MODULE_ERROR,
                none ? FOTA_MODULE_ERROR_NO_SIGNAL : FOTA_MODULE_ERROR_NOT_REGISTERED,
                none ? "no signal (+CSQ: %s); look at the antenna"
                     : "not registered on a network (+CSQ: %s); check SIM and subscription",
                signal != NULL ? signal : "not told");
    return FOTA_RESULT_TRY_LATER;
}

FotaResult
quectel_wait_registered(FotaSession *session, const FotaUpdate *update, GError **error)
{
    gint64 end = fota_session_get_time(session) + fota_session_get_number(session, "RegisterTime");

    for (;;) {
        gboolean registered;
        g_autofree char *told = NULL;

        if (!fota_session_ask_registered(session, &registered, &told, error))
            return FOTA_RESULT_FAILED_FOR_NOW;
        if (registered || told == NULL)
            return FOTA_RESULT_DONE;
        if (fota_session_get_time(session) >= end)
            return fail_not_registered(session, error);
        if (!fota_session_pause(session, LOOK_PAUSE, error))
            return FOTA_RESULT_FAILED_FOR_NOW;
    }
}

/* Whether the client's context is up; TRUE too when the module does not tell. */
static gboolean
context_is_up(GStrv lines, guint cid)
{
    g_autofree char *up = g_strdup_printf("%u,1", cid);

    for (guint i = 0; lines != NULL && lines[i] != NULL; i++) {
        const char *text = fota_line_after(lines[i], "+QIACT:");

        if (text != NULL && g_str_has_prefix(text, up))
            return TRUE;
    }
    return lines == NULL;
}

/* What is refused here shows in the download. */
FotaResult
quectel_open_context(FotaSession *session, const FotaUpdate *update, GError **error)
{
    guint cid = fota_session_get_number(session, "ContextId");
    g_autofree char *choose = g_strdup_printf("AT+QCFG=\"fota/cid\",%u", cid);
    g_autofree char *activate = g_strdup_printf("AT+QIACT=%u", cid);
    g_auto(GStrv) lines = NULL;

    if (fota_session_get_number(session, "ClientContext") == 0 || update->rehearsal)
        return FOTA_RESULT_DONE;
    if (!fota_session_try(session, choose, 0, NULL, error) ||
        !fota_session_try(session, "AT+QIACT?", 0, &lines, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    if (context_is_up(lines, cid))
        return FOTA_RESULT_DONE;
    fota_session_remember(session, OPENED, "1");
    if (!fota_session_save(session, error))
        return FOTA_RESULT_TRY_LATER;
    return fota_session_try(session, activate, 0, NULL, error) ? FOTA_RESULT_DONE
                                                               : FOTA_RESULT_FAILED_FOR_NOW;
}

void
quectel_forget_context(FotaSession *session)
{
    fota_session_forget_debt(session, OPENED);
}

/* Refused where it is not up. */
void
quectel_close_context(FotaSession *session)
{
    g_autofree char *deactivate =
        g_strdup_printf("AT+QIDEACT=%u", fota_session_get_number(session, "ContextId"));

    fota_session_pay_debt(session, OPENED, deactivate, "the context is not taken down");
}
