/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plugins/telit/telit-network.h"

#include <stdlib.h>
#include <string.h>

#include "plugins/telit/telit-apn.h"
#include "plugins/telit/telit-debt.h"
#include "plugins/telit/telit-errors.h"

/* +CSQ: 0 is -113 dBm or less, 99 unknown. */
#define CSQ_UNKNOWN 99

#define CME_CONTEXT_ACTIVE 403

/* The context that we have brought up; what the socket was; that somebody else's context was up. */
#define OUR_CONTEXT FOTA_OWED "Context"
#define OTHER_SOCKET FOTA_OWED "Socket"
#define OTHER_CONTEXT_UP FOTA_OWED "ContextUp"

guint
telit_context_id(FotaSession *session)
{
    return fota_session_get_number(session, "ContextId");
}

/* Brought up by us, maybe in an attempt that was cut off. */
static gboolean
context_is_ours(FotaSession *session)
{
    g_autofree char *name = g_strdup_printf("%u", telit_context_id(session));

    return telit_apn_is_provisioned(session) ||
           g_strcmp0(fota_session_get_debt(session, OUR_CONTEXT), name) == 0;
}

/* The line of the socket in the answer to #SCFG?, as it would be entered; NULL when not told. */
static FotaResult
read_socket(FotaSession *session, guint socket, char **line, GError **error)
{
    g_autofree char *prefix = g_strdup_printf("%u,", socket);
    g_auto(GStrv) lines = NULL;

    if (!fota_session_try(session, "AT#SCFG?", 0, &lines, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    for (guint i = 0; lines != NULL && lines[i] != NULL; i++) {
        const char *text = fota_line_after(lines[i], "#SCFG:");

        if (text != NULL && g_str_has_prefix(text, prefix) && fota_at_is_parameter(text))
            *line = g_strdup(text);
    }
    return FOTA_RESULT_DONE;
}

FotaResult
telit_set_socket(FotaSession *session, const FotaUpdate *update, GError **error)
{
    guint socket = fota_session_get_number(session, "SocketId");
    g_autofree char *wanted = g_strdup_printf("%u,%u,%s", socket, telit_context_id(session),
                                              fota_session_get_text(session, "SocketSetup"));
    g_autofree char *command = g_strconcat("AT#SCFG=", wanted, NULL);
    g_autofree char *now = NULL;
    FotaResult result = read_socket(session, socket, &now, error);

    if (result == FOTA_RESULT_DONE && fota_session_get_debt(session, OTHER_SOCKET) == NULL &&
        now != NULL && strcmp(now, wanted) != 0)
        result = telit_debt_write(session, update, OTHER_SOCKET, now, error);
    if (result != FOTA_RESULT_DONE)
        return result;
    return fota_session_order(session, command, 0, error) ? FOTA_RESULT_DONE
                                                          : FOTA_RESULT_FAILED_FOR_NOW;
}

FotaResult
telit_check_signal(FotaSession *session, const FotaUpdate *update, GError **error)
{
    g_auto(GStrv) lines = NULL;
    const char *answer;
    int rssi;

    if (!fota_session_try(session, "AT+CSQ", 0, &lines, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    answer = fota_lines_find(lines, "+CSQ:");
    rssi = answer != NULL && g_ascii_isdigit(answer[0]) ? atoi(answer) : -1;
    if (rssi < 0 || (rssi > 0 && rssi < CSQ_UNKNOWN))
        return FOTA_RESULT_DONE;
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NO_SIGNAL,
                "no signal (+CSQ: %s); check the antenna", answer);
    return FOTA_RESULT_TRY_LATER;
}

/* Where nothing is told the context will show. */
FotaResult
telit_check_registration(FotaSession *session, const FotaUpdate *update, GError **error)
{
    gboolean registered;
    g_autofree char *told = NULL;

    if (!fota_session_ask_registered(session, &registered, &told, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    if (registered || told == NULL)
        return FOTA_RESULT_DONE;
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NOT_REGISTERED,
                "not registered on a network (%s); check SIM and subscription", told);
    return FOTA_RESULT_TRY_LATER;
}

FotaResult
telit_read_active(FotaSession *session, gboolean *active, GError **error)
{
    g_autofree char *wanted = g_strdup_printf("%u,1", telit_context_id(session));
    g_auto(GStrv) lines = NULL;

    *active = FALSE;
    if (!fota_session_try(session, "AT#SGACT?", 0, &lines, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    for (guint i = 0; lines != NULL && lines[i] != NULL; i++)
        *active = *active || g_strcmp0(fota_line_after(lines[i], "#SGACT:"), wanted) == 0;
    return FOTA_RESULT_DONE;
}

/* The refusal of #SGACT=<cid>,1: somebody may have been quicker. @ours: or an attempt of ours that
 * was cut off. */
static FotaResult
judge_refusal(FotaSession *session, const FotaUpdate *update, gboolean ours, const GError *refusal,
              GError **error)
{
    gboolean active = fota_session_get_cme(session) == CME_CONTEXT_ACTIVE;
    FotaResult result = FOTA_RESULT_DONE;

    if (!ours)
        fota_session_forget_debt(session, OUR_CONTEXT);
    if (!active)
        result = telit_read_active(session, &active, error);
    if (result != FOTA_RESULT_DONE || (active && ours))
        return result;
    /* It is not to be taken for ours if fotad is killed while somebody else has it up. */
    if (active)
        return telit_debt_write(session, update, OUR_CONTEXT, "", error);
    fota_session_forget_debt(session, OUR_CONTEXT);
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_CONTEXT_FAILED,
                "PDP context %u does not come up: %s; check APN and subscription",
                telit_context_id(session), refusal->message);
    return FOTA_RESULT_FAILED_FOR_NOW;
}

FotaResult
telit_activate_context(FotaSession *session, const FotaUpdate *update, GError **error)
{
    const gboolean ours = context_is_ours(session);
    g_autofree char *name = g_strdup_printf("%u", telit_context_id(session));
    g_autofree char *command = g_strdup_printf("AT#SGACT=%s,1", name);
    g_autoptr(GError) refusal = NULL;
    gboolean active;
    FotaResult result = telit_read_active(session, &active, error);

    if (result != FOTA_RESULT_DONE || active)
        return result;
    result = telit_set_login(session, update, error);
    if (result == FOTA_RESULT_DONE)
        result = telit_debt_write(session, update, OUR_CONTEXT, name, error);
    if (result != FOTA_RESULT_DONE || fota_session_order(session, command, 0, &refusal))
        return result;
    /* Without an answer it may come up yet, and is ours. */
    if (!telit_explain_refusal(session, &refusal, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    return judge_refusal(session, update, ours, refusal, error);
}

/* The module's own answer to the order tells what a context that stays up is worth. */
FotaResult
telit_release_context(FotaSession *session, const FotaUpdate *update, GError **error)
{
    g_autofree char *command = g_strdup_printf("AT#SGACT=%u,0", telit_context_id(session));
    gboolean active;
    FotaResult result = telit_read_active(session, &active, error);

    if (result != FOTA_RESULT_DONE || !active)
        return result;
    if (!context_is_ours(session))
        result = telit_debt_write(session, update, OTHER_CONTEXT_UP, "1", error);
    if (result != FOTA_RESULT_DONE)
        return result;
    return fota_session_try(session, command, 0, NULL, error) ? FOTA_RESULT_DONE
                                                              : FOTA_RESULT_FAILED_FOR_NOW;
}

void
telit_forget_context(FotaSession *session)
{
    fota_session_forget_debt(session, OTHER_CONTEXT_UP);
}

/* Its user may have been quicker, which is a refusal too. */
void
telit_restore_context(FotaSession *session)
{
    g_autofree char *command = g_strdup_printf("AT#SGACT=%u,1", telit_context_id(session));

    fota_session_pay_debt(session, OTHER_CONTEXT_UP, command, "the context is not up again");
}

/* A context that is down already, as after a restart of the module, may be refused. */
static void
close_context(FotaSession *session)
{
    g_autofree char *command = g_strdup_printf("AT#SGACT=%u,0", telit_context_id(session));
    g_autoptr(GError) error = NULL;
    gboolean active;

    if (fota_session_order(session, command, 0, &error) ||
        (g_error_matches(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED) &&
         telit_read_active(session, &active, NULL) == FOTA_RESULT_DONE && !active &&
         !fota_session_was_put_off(session)))
        fota_session_forget_debt(session, OUR_CONTEXT);
    else
        fota_session_note(session, "the context did not close: %s", error->message);
}

void
telit_network_close(FotaSession *session)
{
    const char *socket = fota_session_get_debt(session, OTHER_SOCKET);
    g_autofree char *set = g_strconcat("AT#SCFG=", socket, NULL);
    g_autoptr(GError) error = NULL;

    if (context_is_ours(session))
        close_context(session);
    telit_apn_close(session);
    telit_restore_context(session);
    if (socket != NULL && !fota_session_order(session, set, 0, &error))
        fota_session_note(session, "the socket is not set as it was: %s", error->message);
    else
        fota_session_forget_debt(session, OTHER_SOCKET);
}
