/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plugins/huawei/huawei-setup.h"

#include "plugins/huawei/huawei-state.h"

/* What is remembered: unsolicited lines were off, and fotad has switched them on. */
#define REPORTS FOTA_OWED "Reports"

/* No query by itself, no download by itself, no installation by itself; resume a download. */
#define MODE "0,0,0,1"

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

    /* The module may have one of its own. */
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
    return fota_session_order(session, command, 0, error) ? FOTA_RESULT_DONE
                                                          : FOTA_RESULT_FAILED_FOR_NOW;
}

static gboolean
enter_data_call(FotaSession *session, GError **error)
{
    if (fota_session_get_network(session, "Apn") != NULL)
        return set_data_call(session, error) == FOTA_RESULT_DONE;
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NO_APN,
                "it is not kept, for the sake of its password; set Apn= in [Network], or enter "
                "AT^FOTACFG= again");
    return FALSE;
}

const FotaSetting huawei_settings[] = {
    {.name = "^FOTAMODE", .fields = 0xf}, /* the days behind it mean nothing with no query */
    /* APN, user and kind of authentication, without the password. */
    {.name = "^FOTACFG", .fields = 0xb, .secret = TRUE, .enter = enter_data_call},
    {.name = "+CGDCONT", .fields = 0x7}, /* the address may be the network's */
    {.name = "^CURC"},
    {.name = NULL},
};

FotaResult
huawei_configure(FotaSession *session, GError **error)
{
    FotaResult result = set_data_call(session, error);

    if (result == FOTA_RESULT_DONE && !fota_session_order(session, "AT^FOTAMODE=" MODE, 0, error))
        result = FOTA_RESULT_FAILED_FOR_NOW;
    return result;
}

HuaweiOpened *
huawei_get_opened(FotaSession *session)
{
    if (fota_session_get_data(session) == NULL)
        fota_session_set_data(session, g_new0(HuaweiOpened, 1), g_free);
    return fota_session_get_data(session);
}

/* A failure is not worth an error: where no lines come, the state is asked for. */
void
huawei_reports_begin(FotaSession *session, gboolean durable)
{
    g_autofree char *now = NULL;
    g_autoptr(GError) error = NULL;

    if (!fota_session_hears_unsolicited(session))
        return;
    now = fota_session_query(session, "AT^CURC?", "^CURC:", 0, NULL);
    if (now == NULL || now[0] != '0')
        return;
    fota_session_remember(session, REPORTS, "1");
    if (!durable || fota_session_save(session, &error))
        fota_session_order(session, "AT^CURC=1", 0, &error);
    if (error != NULL)
        fota_session_note(session, "no unsolicited reports: %s", error->message);
}

static void
reports_end(FotaSession *session)
{
    fota_session_pay_debt(session, REPORTS, "AT^CURC=0", "unsolicited reports stay on");
}

static void
close_with(FotaSession *session, const char *command, const char *otherwise)
{
    g_autoptr(GError) error = NULL;

    if (!fota_session_order(session, command, 0, &error))
        fota_session_note(session, "%s: %s", otherwise, error->message);
}

/*
 * A download goes on although nobody looks: where the module can, it pauses and keeps what it has.
 * Where it cannot, no document names a command that stops it.
 */
void
huawei_close(FotaSession *session)
{
    const HuaweiOpened *opened = huawei_get_opened(session);

    if (opened->offered)
        close_with(session, "AT^FOTADL=0", "the offer stays open");
    if (opened->loading && fota_session_get_number(session, "CanPause") != 0)
        close_with(session, "AT^FOTADL=2", "the download does not pause");
    else if (opened->loading)
        fota_session_note(session, "the module goes on downloading by itself");
    reports_end(session);
}
