/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plugins/quectel/quectel-url.h"

#include <string.h>

#include "plugins/quectel/quectel-errors.h"
#include "plugins/quectel/quectel-network.h"
#include "plugins/quectel/quectel-report.h"

static FotaResult
fail_for_good(GError **error, FotaModuleError code, const char *text)
{
    g_set_error_literal(error, FOTA_MODULE_ERROR, code, text);
    return FOTA_RESULT_FAILED_FOR_GOOD;
}

/* The login stands in the address as it is: what would end it there cannot be told. */
static FotaResult
make_login(const FotaUpdate *update, char **login, GError **error)
{
    *login = g_strdup("");
    if (update->user[0] == '\0')
        return FOTA_RESULT_DONE;
    if (strcmp(update->scheme, "ftp") != 0)
        return fail_for_good(error, FOTA_MODULE_ERROR_NOT_SUPPORTED,
                             "Quectel modules log in by ftp only; take an address without a "
                             "credential, or ftp");
    if (strpbrk(update->user, ":@/") != NULL || strpbrk(update->password, ":@/") != NULL)
        return fail_for_good(error, FOTA_MODULE_ERROR_BAD_ARGUMENT,
                             "the login for the delta's server holds one of : @ /, which cannot "
                             "stand in the address that the module takes");
    g_free(*login);
    *login = g_strdup_printf("%s:%s@", update->user, update->password);
    return FOTA_RESULT_DONE;
}

/*
 * Of some families, those with little flash take two packages, one after the other: `.mini_1` and,
 * in between the restarts, `.mini_2` from the same place. Their firmware's name says how many
 * megabytes they have: EG800KEULCR07A07M04_01.300.01.300.
 */
static gboolean
takes_pair(FotaSession *session, const FotaUpdate *update)
{
    static const char *const small[] = {"M02", "M04", "M08"};
    g_autofree char *main_version = g_strndup(update->from, strcspn(update->from, "_"));

    for (guint i = 0; fota_session_get_number(session, "PairUrlMax") > 0 && i < 3; i++) {
        if (g_str_has_suffix(main_version, small[i]))
            return TRUE;
    }
    return FALSE;
}

/* What no document says of an address whose name ends otherwise is left to the module. */
static void
note_pair(FotaSession *session, const FotaUpdate *update)
{
    if (takes_pair(session, update))
        fota_session_note(session,
                          "this module takes two packages: the address should end with .mini_1%s, "
                          "and .mini_2 must lie beside it until the update has ended",
                          g_str_has_suffix(update->path, ".mini_1") ? ", as it does" : "");
}

/* The address as the module takes it, between quotes. */
static FotaResult
make_address(FotaSession *session, const FotaUpdate *update, char **quoted, GError **error)
{
    static const char *const schemes[] = {"http", "https", "ftp", NULL};
    guint most =
        fota_session_get_number(session, takes_pair(session, update) ? "PairUrlMax" : "UrlMax");
    g_autofree char *login = NULL;
    g_autofree char *address = NULL;
    gboolean is_ipv6;
    FotaResult result;

    if (update->scheme == NULL || !g_strv_contains(schemes, update->scheme) ||
        update->host == NULL || update->path == NULL) {
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NOT_SUPPORTED,
                    "Quectel modules fetch a delta by http, https or ftp; the manifest names %s",
                    update->scheme != NULL ? update->scheme : "no address");
        return FOTA_RESULT_FAILED_FOR_GOOD;
    }
    result = make_login(update, &login, error);
    if (result != FOTA_RESULT_DONE)
        return result;
    is_ipv6 = strchr(update->host, ':') != NULL;
    address = g_strdup_printf("%s://%s%s%s%s:%u/%s", update->scheme, login, is_ipv6 ? "[" : "",
                              update->host, is_ipv6 ? "]" : "", update->port, update->path);
    if (strlen(address) > most) {
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_BAD_ARGUMENT,
                    "the delta's address has %" G_GSIZE_FORMAT
                    " letters, and this module takes %u; give the delta a shorter one",
                    strlen(address), most);
        return FOTA_RESULT_FAILED_FOR_GOOD;
    }
    *quoted = fota_at_quote(address, error);
    return *quoted != NULL ? FOTA_RESULT_DONE : FOTA_RESULT_FAILED_FOR_GOOD;
}

/* What a line says of the check. FALSE: nothing. */
static gboolean
judge_check(FotaSession *session, const FotaHeard *heard, FotaResult *result, GError **error)
{
    fota_session_note(session, "the module reports %s %" G_GINT64_FORMAT, heard->text, heard->code);
    *result = heard->number == QUECTEL_UPDATED && heard->kind == FOTA_LINE_FAILED
                  ? quectel_fail_update(session, (int)heard->code, error)
                  : FOTA_RESULT_DONE;
    return heard->number != QUECTEL_LOADING && heard->number != QUECTEL_LOADED;
}

/* Some families check the package before they leave with it, and say what is wrong. */
static FotaResult
hear_check(FotaSession *session, GError **error)
{
    gint64 end = fota_session_get_time(session) + fota_session_get_number(session, "CheckTime");
    g_autoptr(GError) local_error = NULL;
    g_auto(FotaHeard) heard = {0};
    FotaResult result;

    while (fota_session_get_time(session) < end &&
           fota_session_hear(session, (guint)(end - fota_session_get_time(session)), &heard,
                             &local_error)) {
        if (judge_check(session, &heard, &result, error))
            return result;
    }
    if (local_error == NULL ||
        g_error_matches(local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_GONE))
        return FOTA_RESULT_DONE;
    g_propagate_error(error, g_steal_pointer(&local_error));
    return FOTA_RESULT_FAILED_FOR_NOW;
}

/* One line. FALSE: it is the end, which is then in *@result. */
static gboolean
judge_report(FotaSession *session, const FotaUpdate *update, const FotaHeard *heard,
             FotaResult *result, GError **error)
{
    fota_session_note(session, "the module reports %s %" G_GINT64_FORMAT, heard->text, heard->code);
    *result = FOTA_RESULT_DONE;
    switch ((QuectelReport)heard->number) {
    case QUECTEL_LOADING:
        if (heard->kind == FOTA_LINE_PROGRESS && heard->code <= 100)
            fota_session_report_progress(session, (guint)heard->code);
        return TRUE;
    case QUECTEL_LOADED:
        if (heard->kind == FOTA_LINE_FAILED)
            *result = quectel_fail_download(session, (int)heard->code, error);
        else
            *result = hear_check(session, error);
        if (heard->kind != FOTA_LINE_FAILED)
            fota_session_report_bytes(session, update->size, update->size);
        return FALSE;
    case QUECTEL_UPDATED:
        if (heard->kind == FOTA_LINE_FAILED)
            *result = quectel_fail_update(session, (int)heard->code, error);
        return FALSE;
    case QUECTEL_UPDATING:
    case QUECTEL_STARTED:
    default:
        return FALSE;
    }
}

/* Until it has the package, or leaves with it: some families say nothing while they load. */
static FotaResult
follow_download(FotaSession *session, const FotaUpdate *update, GError **error)
{
    guint seconds = fota_session_get_number(session, "DownloadTime");
    gint64 end = fota_session_get_time(session) + seconds;
    g_autoptr(GError) local_error = NULL;
    g_auto(FotaHeard) heard = {0};
    FotaResult result;

    while (fota_session_hear(session, (guint)MAX(end - fota_session_get_time(session), 0), &heard,
                             &local_error)) {
        if (!judge_report(session, update, &heard, &result, error))
            return result;
    }
    if (g_error_matches(local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_GONE)) {
        fota_session_note(session, "the module has left without a word on its download; "
                                   "after a loss of power it has forgotten it");
        return FOTA_RESULT_DONE;
    }
    if (local_error != NULL) {
        g_propagate_error(error, g_steal_pointer(&local_error));
        return FOTA_RESULT_FAILED_FOR_NOW;
    }
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT,
                "the module has not said within %u s how its download has ended", seconds);
    return FOTA_RESULT_FAILED_FOR_NOW;
}

static FotaResult
order_download(FotaSession *session, const FotaUpdate *update, GError **error)
{
    g_autofree char *address = NULL;
    g_autofree char *command = NULL;
    g_autoptr(GError) refusal = NULL;
    FotaResult result = make_address(session, update, &address, error);

    if (result != FOTA_RESULT_DONE || update->rehearsal)
        return result;
    note_pair(session, update);
    command =
        g_strdup_printf("AT+QFOTADL=%s%s", address, fota_session_get_text(session, "UrlOptions"));
    if (!quectel_forget_reports(session, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    fota_session_report_bytes(session, 0, update->size);
    if (fota_session_order(session, command, 0, &refusal))
        return follow_download(session, update, error);
    if (!g_error_matches(refusal, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED)) {
        g_propagate_error(error, g_steal_pointer(&refusal));
        return FOTA_RESULT_FAILED_FOR_NOW;
    }
    fota_session_explain(session, NULL, &refusal);
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED,
                "the module does not take the delta's address: %s", refusal->message);
    return FOTA_RESULT_FAILED_FOR_NOW;
}

/* The client of a module that takes two packages chooses its context itself. */
static FotaResult
open_context(FotaSession *session, const FotaUpdate *update, GError **error)
{
    return takes_pair(session, update) ? FOTA_RESULT_DONE
                                       : quectel_open_context(session, update, error);
}

static const FotaFlowStep flow[] = {
    {"radio", quectel_check_radio, 1},
    {"access point", quectel_ensure_apn, 2},
    {"registration", quectel_wait_registered, 3},
    {"context", open_context, 4},
    {"download", order_download, 100},
    {NULL, NULL, 0},
};

FotaResult
quectel_url_download(FotaSession *session, const FotaUpdate *update, GError **error)
{
    g_autoptr(GError) local_error = NULL;
    FotaResult result = fota_session_run_flow(session, flow, update, &local_error);

    /* After a silence the download may go on. */
    if (result != FOTA_RESULT_DONE &&
        !g_error_matches(local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT))
        quectel_close_context(session);
    if (local_error != NULL)
        g_propagate_error(error, g_steal_pointer(&local_error));
    return result;
}
