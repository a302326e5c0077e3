/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plugins/huawei/huawei-setup.h"

#include <string.h>

#include "plugins/huawei/huawei-state.h"

/* No query by itself, no download by itself, no installation by itself; resume a download. */
#define MODE "0,0,0,1"
#define REPORTS "Reports"

static const char *
or_empty(const char *text)
{
    return text != NULL ? text : "";
}

/* None, PAP, CHAP as ^AUTHDATA has them; without a word of ours, what the vendor's example has. */
static guint
choose_authentication(FotaSession *session)
{
    static const char *const kinds[] = {"none", "pap", "chap"};
    const char *wanted = fota_session_get_network(session, "Authentication");

    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (g_strcmp0(wanted, kinds[i]) == 0)
            return i;
    }
    return fota_session_get_number(session, "Authentication");
}

static FotaResult
set_data_call(FotaSession *session, GError **error)
{
    const char *apn = fota_session_get_network(session, "Apn");
    g_autofree char *quoted_apn = NULL;
    g_autofree char *user = NULL;
    g_autofree char *password = NULL;
    g_autofree char *command = NULL;

    /* The module may have one of its own. It is not asked: the answer would show a password. */
    if (apn == NULL) {
        fota_session_note(session, "no Apn= in [Network]: the module uses what it has");
        return FOTA_RESULT_DONE;
    }
    if ((quoted_apn = fota_at_quote(apn, error)) == NULL ||
        (user = fota_at_quote(or_empty(fota_session_get_network(session, "User")), error)) ==
            NULL ||
        (password =
             fota_at_quote(or_empty(fota_session_get_network(session, "Password")), error)) == NULL)
        return FOTA_RESULT_FAILED_FOR_GOOD;
    command = g_strdup_printf("AT^FOTACFG=%s,%s,%s,%u", quoted_apn, user, password,
                              choose_authentication(session));
    return fota_session_order(session, command, HUAWEI_TIME_ANSWER, error)
               ? FOTA_RESULT_DONE
               : FOTA_RESULT_FAILED_FOR_NOW;
}

FotaResult
huawei_configure(FotaSession *session, GError **error)
{
    FotaResult result = set_data_call(session, error);

    if (result == FOTA_RESULT_DONE &&
        !fota_session_order(session, "AT^FOTAMODE=" MODE, HUAWEI_TIME_ANSWER, error))
        result = FOTA_RESULT_FAILED_FOR_NOW;
    return result;
}

/* A failure is not worth an error: where no lines come, the state is asked for. */
gboolean
huawei_reports_begin(FotaSession *session)
{
    g_autofree char *now = NULL;

    if (!fota_session_hears_unsolicited(session))
        return FALSE;
    now = fota_session_query(session, "AT^CURC?", "^CURC:", HUAWEI_TIME_ANSWER, NULL);
    if (now == NULL)
        return FALSE;
    fota_session_remember(session, REPORTS, now);
    return now[0] == '0' && fota_session_order(session, "AT^CURC=1", HUAWEI_TIME_ANSWER, NULL);
}

void
huawei_reports_end(FotaSession *session, gboolean were_off)
{
    g_autoptr(GError) error = NULL;

    if (!were_off)
        return;
    fota_session_shield(session, TRUE);
    if (!fota_session_order(session, "AT^CURC=0", HUAWEI_TIME_ANSWER, &error))
        fota_session_note(session, "unsolicited reports stay on: %s", error->message);
    fota_session_shield(session, FALSE);
}

static void
restore(FotaSession *session, const char *name, const char *wanted)
{
    g_autofree char *question = g_strconcat("AT", name, "?", NULL);
    g_autofree char *prefix = g_strconcat(name, ":", NULL);
    g_autofree char *command = g_strconcat("AT", name, "=", wanted, NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *now =
        fota_session_query(session, question, prefix, HUAWEI_TIME_ANSWER, &error);

    if (now != NULL && g_str_has_prefix(now, wanted))
        return;
    if (now != NULL && !fota_at_is_parameter(wanted))
        fota_session_note(session, "the restart lost %s; what it was is no setting", name);
    else if (now != NULL && fota_session_order(session, command, HUAWEI_TIME_ANSWER, &error))
        fota_session_note(session, "the restart lost %s; it is %s again", name, wanted);
    else
        fota_session_note(session, "%s could not be restored: %s", name, error->message);
}

void
huawei_restore(FotaSession *session)
{
    const char *reports = fota_session_recall(session, REPORTS);

    restore(session, "^FOTAMODE", MODE);
    if (reports != NULL)
        restore(session, "^CURC", reports);
}
