/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plugins/telit/telit-apn.h"

#include <stdlib.h>
#include <string.h>

#include "plugins/telit/telit-debt.h"
#include "plugins/telit/telit-network.h"

/* What is remembered of a context that is somebody else's: its definition, whether it was up, and
 * that a login was set for it. */
#define OTHER_CONTEXT FOTA_OWED "ContextWas"
#define OTHER_UP FOTA_OWED "ContextWasUp"
#define OUR_LOGIN FOTA_OWED "Login"

/* What +CGDCONT? tells of the context. */
typedef struct {
    gboolean told;
    char *definition; /* as it would be entered; NULL = not defined */
    char *apn;        /* NULL = none */
} Context;

static void
context_clear(Context *context)
{
    g_free(context->definition);
    g_free(context->apn);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Context, context_clear)

/* `3,"IPV4V6","VZWINTERNET","",0,0`: an address may be the network's, and is not kept. FALSE: it is
 * something else. */
static gboolean
context_parse(const char *text, Context *context)
{
    g_auto(GStrv) fields = g_strsplit(text, ",", 4);
    const char *apn = g_strv_length(fields) < 3 ? "?" : fields[2];
    gsize length = strlen(apn);

    if (!fota_at_is_parameter(text) ||
        (length > 0 && (length < strlen("\"\"") || apn[0] != '"' || apn[length - 1] != '"')))
        return FALSE;
    context->definition = g_strdup_printf("%s,%s,%s", fields[0], fields[1], apn);
    if (length > strlen("\"\""))
        context->apn = g_strndup(apn + 1, length - strlen("\"\""));
    return TRUE;
}

static FotaResult
context_read(FotaSession *session, Context *context, GError **error)
{
    g_auto(GStrv) lines = NULL;

    if (!fota_session_try(session, "AT+CGDCONT?", 0, &lines, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    context->told = lines != NULL;
    for (guint i = 0; lines != NULL && lines[i] != NULL; i++) {
        const char *text = fota_line_after(lines[i], "+CGDCONT:");

        if (text != NULL && g_ascii_strtoull(text, NULL, 10) == telit_context_id(session) &&
            context->definition == NULL)
            context->told = context_parse(text, context);
    }
    return FOTA_RESULT_DONE;
}

static gboolean
context_leads_to(const Context *context, const char *apn)
{
    return context->apn != NULL && apn != NULL && g_ascii_strcasecmp(context->apn, apn) == 0;
}

gboolean
telit_apn_is_provisioned(FotaSession *session)
{
    return fota_session_get_debt(session, OTHER_CONTEXT) != NULL;
}

/* The login that is given is for what the context leads to. */
static void
set_login_fits(FotaSession *session, gboolean fits)
{
    fota_session_set_data(session, GINT_TO_POINTER(fits), NULL);
}

static FotaResult
fail_to_provision(const char *why, FotaSession *session, GError **error)
{
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_CONTEXT_FAILED,
                "PDP context %u is not provisioned, since it could not be set back: %s",
                telit_context_id(session), why);
    return FOTA_RESULT_FAILED_FOR_GOOD;
}

/* What the module does not tell for now, as while its SIM is busy, it tells later. */
static FotaResult
wait_for_answer(FotaSession *session, GError **error)
{
    if (!fota_session_was_put_off(session))
        return FOTA_RESULT_DONE;
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_CONTEXT_FAILED,
                "PDP context %u is not provisioned yet, since the module does not tell what it is: "
                "+CME ERROR: %d",
                telit_context_id(session), fota_session_get_cme(session));
    return FOTA_RESULT_TRY_LATER;
}

static gboolean
has_login(FotaSession *session)
{
    return fota_session_get_network(session, "User") != NULL ||
           fota_session_get_network(session, "Authentication") != NULL;
}

/* A login that is there cannot be read whole, and so never be set back. */
static FotaResult
check_login(FotaSession *session, GError **error)
{
    g_auto(GStrv) lines = NULL;

    if (!fota_session_try(session, "AT#PDPAUTH?", 0, &lines, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    if (fota_session_was_put_off(session))
        return wait_for_answer(session, error);
    if (lines == NULL && has_login(session))
        return fail_to_provision("the module does not tell its login", session, error);
    for (guint i = 0; lines != NULL && lines[i] != NULL; i++) {
        const char *text = fota_line_after(lines[i], "#PDPAUTH:");
        g_auto(GStrv) fields = g_strsplit(text != NULL ? text : "", ",", 3);

        if (g_strv_length(fields) >= 2 && g_strcmp0(g_strstrip(fields[1]), "0") != 0 &&
            g_ascii_strtoull(fields[0], NULL, 10) == telit_context_id(session))
            return fail_to_provision("it has a login, whose password cannot be read", session,
                                     error);
    }
    return FOTA_RESULT_DONE;
}

/* Writes down what the context is, and takes it from whoever uses it. */
static FotaResult
context_take(FotaSession *session, const FotaUpdate *update, const Context *context, GError **error)
{
    guint cid = telit_context_id(session);
    g_autofree char *undefined = g_strdup_printf("%u", cid);
    g_autofree char *deactivate = g_strdup_printf("AT#SGACT=%u,0", cid);
    gboolean active;
    FotaResult result = wait_for_answer(session, error); /* to +CGDCONT?, #SGACT? */

    if (result != FOTA_RESULT_DONE)
        return result;
    if (!context->told)
        return fail_to_provision("the module does not tell what it is", session, error);
    result = check_login(session, error);
    if (result == FOTA_RESULT_DONE)
        result = telit_read_active(session, &active, error);
    if (result == FOTA_RESULT_DONE)
        result = wait_for_answer(session, error);
    if (result != FOTA_RESULT_DONE)
        return result;
    if (!telit_apn_is_provisioned(session)) {
        fota_session_remember(session, OTHER_UP, active ? "1" : "");
        result =
            telit_debt_write(session, update, OTHER_CONTEXT,
                             context->definition != NULL ? context->definition : undefined, error);
    }
    if (result != FOTA_RESULT_DONE) {
        fota_session_forget_debt(session, OTHER_UP);
        return result;
    }
    return !active || fota_session_order(session, deactivate, 0, error)
               ? FOTA_RESULT_DONE
               : FOTA_RESULT_FAILED_FOR_NOW;
}

static FotaResult
context_define(FotaSession *session, const char *apn, GError **error)
{
    const char *type = fota_session_get_network(session, "PdpType");
    g_autofree char *quoted = fota_at_quote(apn, error);
    g_autofree char *command = NULL;

    if (quoted == NULL)
        return FOTA_RESULT_FAILED_FOR_GOOD;
    command = g_strdup_printf("AT+CGDCONT=%u,\"%s\",%s", telit_context_id(session),
                              type != NULL ? type : "IPV4V6", quoted);
    return fota_session_order(session, command, 0, error) ? FOTA_RESULT_DONE
                                                          : FOTA_RESULT_FAILED_FOR_NOW;
}

FotaResult
telit_ensure_apn(FotaSession *session, const FotaUpdate *update, GError **error)
{
    const char *apn = fota_session_get_network(session, "Apn");
    const char *provisioned = fota_session_get_network(session, "ProvisionedApn");
    g_auto(Context) context = {0};
    FotaResult result = context_read(session, &context, error);
    gboolean fits, active;

    if (result != FOTA_RESULT_DONE)
        return result;
    fits = apn == NULL || context_leads_to(&context, apn);
    set_login_fits(session, fits);
    if (fits && context.apn != NULL) {
        if (provisioned == NULL || !has_login(session) || telit_apn_is_provisioned(session))
            return FOTA_RESULT_DONE;
        /* The login may be another's: it is taken like the rest, or stays where it serves. */
        result = telit_read_active(session, &active, error);
        set_login_fits(session, !active);
        if (result != FOTA_RESULT_DONE || active)
            return result;
    }
    if (provisioned != NULL) {
        result = context_take(session, update, &context, error);
        if (result != FOTA_RESULT_DONE)
            return result;
    } else if (!context.told || context.apn != NULL) {
        /* What the module does not tell may be the integrator's: it stays, and the context shows.
         */
        return FOTA_RESULT_DONE;
    }
    if (apn == NULL) {
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NO_APN,
                    "PDP context %u has no APN; set Apn= in [Network], or program it",
                    telit_context_id(session));
        return FOTA_RESULT_FAILED_FOR_GOOD;
    }
    set_login_fits(session, TRUE);
    return context_define(session, apn, error);
}

/* The command, without what it must not be given to; NULL: a text that no AT line may have. */
static char *
make_login(FotaSession *session, GError **error)
{
    static const char *const kinds[] = {"none", "pap", "chap", NULL};
    const char *wanted = fota_session_get_network(session, "Authentication");
    const char *user = fota_session_get_network(session, "User");
    const char *password = fota_session_get_network(session, "Password");
    guint kind = fota_session_get_number(session, "Authentication");
    guint cid = telit_context_id(session);
    g_autofree char *quoted_user = fota_at_quote(user != NULL ? user : "", error);
    g_autofree char *quoted_password = NULL;

    if (quoted_user != NULL)
        quoted_password = fota_at_quote(password != NULL ? password : "", error);
    if (quoted_password == NULL)
        return NULL;
    for (guint i = 0; wanted != NULL && kinds[i] != NULL; i++)
        kind = strcmp(wanted, kinds[i]) == 0 ? i : kind;
    if (kind == 0)
        return g_strdup_printf("AT#PDPAUTH=%u,0", cid);
    return g_strdup_printf("AT#PDPAUTH=%u,%u,%s,%s", cid, kind, quoted_user, quoted_password);
}

FotaResult
telit_set_login(FotaSession *session, const FotaUpdate *update, GError **error)
{
    g_autofree char *command = NULL;
    g_autoptr(GError) refusal = NULL;
    FotaResult result = FOTA_RESULT_DONE;

    if (!has_login(session))
        return FOTA_RESULT_DONE;
    if (fota_session_get_data(session) == NULL) {
        fota_session_note(session,
                          "the login is for Apn=, and PDP context %u leads elsewhere, does not "
                          "tell where, or was up with its own: it is not set",
                          telit_context_id(session));
        return FOTA_RESULT_DONE;
    }
    command = make_login(session, error);
    if (command == NULL)
        return FOTA_RESULT_FAILED_FOR_GOOD;
    if (telit_apn_is_provisioned(session))
        result = telit_debt_write(session, update, OUR_LOGIN, "1", error);
    if (result != FOTA_RESULT_DONE || fota_session_order(session, command, 0, &refusal))
        return result;
    if (!g_error_matches(refusal, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED)) {
        g_propagate_error(error, g_steal_pointer(&refusal));
        return FOTA_RESULT_FAILED_FOR_NOW;
    }
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_CONTEXT_FAILED,
                "the module does not take the login and its kind, of [Network] or of the manifest: "
                "%s",
                refusal->message);
    return FOTA_RESULT_FAILED_FOR_NOW;
}

void
telit_apn_close(FotaSession *session)
{
    guint cid = telit_context_id(session);
    g_autofree char *forget = g_strdup_printf("AT#PDPAUTH=%u,0", cid);
    g_autofree char *activate = g_strdup_printf("AT#SGACT=%u,1", cid);
    g_autofree char *define = NULL;
    g_autoptr(GError) error = NULL;

    if (!telit_apn_is_provisioned(session))
        return;
    define = g_strconcat("AT+CGDCONT=", fota_session_recall(session, OTHER_CONTEXT), NULL);
    if ((fota_session_get_debt(session, OUR_LOGIN) != NULL &&
         !fota_session_order(session, forget, 0, &error)) ||
        !fota_session_order(session, define, 0, &error) ||
        (fota_session_get_debt(session, OTHER_UP) != NULL &&
         !fota_session_order(session, activate, 0, &error))) {
        fota_session_note(session, "PDP context %u is not as it was before: %s", cid,
                          error->message);
        return;
    }
    fota_session_forget_debt(session, OUR_LOGIN);
    fota_session_forget_debt(session, OTHER_UP);
    fota_session_forget_debt(session, OTHER_CONTEXT);
}
