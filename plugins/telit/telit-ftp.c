/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plugins/telit/telit-ftp.h"

#include <stdlib.h>
#include <string.h>

#include "plugins/telit/telit-debt.h"
#include "plugins/telit/telit-errors.h"

#define CLOSE "AT#FTPCLOSE"

/* That we may have a session open. */
#define OUR_SESSION FOTA_OWED "Ftp"

/* An FTP session is open already: one that nobody has written down, as while a file was read. */
#define CME_CONNECTED 431

/* A transfer may take the time of the command, and as much again as the delta needs at this slow
 * pace, bytes/s. */
#define SLOWEST 500

/* What the FTP server answered last, "" when the module does not tell. */
static char *
server_said(FotaSession *session)
{
    g_auto(GStrv) lines = fota_session_command(session, "AT#FTPMSG", 0, NULL);

    if (lines == NULL || lines[0] == NULL)
        return g_strdup("");
    return g_strdup(g_str_has_prefix(lines[0], "#FTPMSG:") ? g_strchug(lines[0] + 8) : lines[0]);
}

FotaResult
telit_ftp_fail(FotaSession *session, GError *refusal, int otherwise, const char *what,
               GError **error)
{
    g_autoptr(GError) owned = refusal;
    g_autofree char *said = NULL;
    int code = otherwise;

    if (!telit_explain_refusal(session, &owned, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    said = server_said(session);
    if (g_str_has_prefix(said, "530"))
        code = FOTA_MODULE_ERROR_DELTA_LOGIN_REFUSED;
    else if (g_str_has_prefix(said, "550"))
        code = FOTA_MODULE_ERROR_DELTA_MISSING;
    else if (g_str_has_prefix(said, "421"))
        code = FOTA_MODULE_ERROR_DELTA_SERVER_UNREACHABLE;
    g_set_error(error, FOTA_MODULE_ERROR, code, "%s: %s%s%s", what, owned->message,
                said[0] != '\0' ? "; the server said " : "", said);
    return FOTA_RESULT_FAILED_FOR_NOW;
}

gboolean
telit_ftp_check_address(const FotaUpdate *update, GError **error)
{
    if (g_strcmp0(update->scheme, "ftp") == 0 && update->host != NULL && update->path != NULL)
        return TRUE;
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NOT_SUPPORTED,
                "Telit modules fetch a delta by ftp only; the manifest names %s",
                update->scheme != NULL ? update->scheme : "no address");
    return FALSE;
}

guint
telit_ftp_get_limit(FotaSession *session, const FotaUpdate *update)
{
    return fota_session_get_seconds(session, "AT#FTPGETOTA") +
           (guint)MIN(update->size / SLOWEST, 86400);
}

/* #FTPOPEN takes "host:port": how it would have an IPv6 address is not published. */
static gboolean
check_host(const FotaUpdate *update, GError **error)
{
    if (strchr(update->host, ':') == NULL)
        return TRUE;
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NOT_SUPPORTED,
                "Telit modules take a server by its name or IPv4 address; the manifest names %s",
                update->host);
    return FALSE;
}

static FotaResult
send_open(FotaSession *session, const FotaUpdate *update, GError **error)
{
    g_autoptr(GError) local_error = NULL;
    g_autofree char *server = NULL;
    g_autofree char *user = NULL;
    g_autofree char *password = NULL;
    g_autofree char *command = NULL;
    g_autofree char *address = NULL;
    FotaResult result;

    if (!telit_ftp_check_address(update, error) || !check_host(update, error))
        return FOTA_RESULT_FAILED_FOR_GOOD;
    address = g_strdup_printf("%s:%u", update->host, update->port);
    if ((server = fota_at_quote(address, error)) == NULL ||
        (user = fota_at_quote(update->user, error)) == NULL ||
        (password = fota_at_quote(update->password, error)) == NULL)
        return FOTA_RESULT_FAILED_FOR_GOOD;
    command = g_strdup_printf("AT#FTPOPEN=%s,%s,%s,%u,%u", server, user, password,
                              fota_session_get_number(session, "FtpMode"),
                              fota_session_get_number(session, "ContextId"));
    result = telit_debt_write(session, update, OUR_SESSION, "1", error);
    if (result != FOTA_RESULT_DONE || fota_session_order(session, command, 0, &local_error))
        return result;
    if (fota_session_get_cme(session) == CME_CONNECTED &&
        fota_session_order(session, CLOSE, 0, NULL)) {
        g_clear_error(&local_error);
        if (fota_session_order(session, command, 0, &local_error))
            return FOTA_RESULT_DONE;
    }
    return telit_ftp_fail(session, g_steal_pointer(&local_error),
                          FOTA_MODULE_ERROR_DELTA_SERVER_UNREACHABLE,
                          "the delta's server did not let us in", error);
}

FotaResult
telit_ftp_open(FotaSession *session, const FotaUpdate *update, GError **error)
{
    FotaResult result = send_open(session, update, error);

    if (result != FOTA_RESULT_DONE)
        return result;
    return fota_session_try(session, "AT#FTPTYPE=0", 0, NULL, error) ? FOTA_RESULT_DONE
                                                                     : FOTA_RESULT_FAILED_FOR_NOW;
}

/* No size was told. An update goes on and sees; a rehearsal has only the server's words. */
static FotaResult
ftp_judge_no_size(FotaSession *session, const FotaUpdate *update, GError **error)
{
    g_autofree char *said = server_said(session);

    if (update->rehearsal && g_str_has_prefix(said, "550")) {
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_DELTA_MISSING,
                    "the server does not seem to have the delta; it said %s", said);
        return FOTA_RESULT_FAILED_FOR_NOW;
    }
    fota_session_note(session, "the server does not tell the delta's size%s%s",
                      said[0] != '\0' ? "; it said " : "", said);
    return FOTA_RESULT_DONE;
}

FotaResult
telit_ftp_check_size(FotaSession *session, const FotaUpdate *update, GError **error)
{
    g_autofree char *quoted = fota_at_quote(update->path, error);
    g_autofree char *command = NULL;
    g_auto(GStrv) lines = NULL;
    const char *answer;
    guint64 size;

    if (quoted == NULL)
        return FOTA_RESULT_FAILED_FOR_GOOD;
    command = g_strconcat("AT#FTPFSIZE=", quoted, NULL);
    if (!fota_session_try(session, command, 0, &lines, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    answer = fota_lines_find(lines, "#FTPFSIZE:");
    if (answer == NULL || !g_ascii_string_to_unsigned(answer, 10, 0, G_MAXUINT64, &size, NULL))
        return ftp_judge_no_size(session, update, error);
    if (update->size != 0 && size != update->size) {
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_TRANSFER_FAILED,
                    "the server's delta has %" G_GUINT64_FORMAT
                    " bytes, the manifest's %" G_GUINT64_FORMAT "; it was not fetched",
                    size, update->size);
        return FOTA_RESULT_FAILED_FOR_NOW;
    }
    return FOTA_RESULT_DONE;
}

FotaResult
telit_ftp_get_delta(FotaSession *session, const FotaUpdate *update, GError **error)
{
    guint limit = telit_ftp_get_limit(session, update);
    g_autoptr(GError) local_error = NULL;
    g_autofree char *quoted = NULL;
    g_autofree char *command = NULL;

    if (update->rehearsal)
        return FOTA_RESULT_DONE;
    if ((quoted = fota_at_quote(update->path, error)) == NULL)
        return FOTA_RESULT_FAILED_FOR_GOOD;
    command = g_strdup_printf("AT#FTPGETOTA=%s,0", quoted);
    fota_session_report_bytes(session, 0, update->size);
    if (!fota_session_order(session, command, limit, &local_error))
        return telit_ftp_fail(session, g_steal_pointer(&local_error),
                              FOTA_MODULE_ERROR_TRANSFER_FAILED, "the delta did not arrive", error);
    fota_session_report_bytes(session, update->size, update->size);
    return FOTA_RESULT_DONE;
}

/* Refused, there is none. */
void
telit_ftp_close(FotaSession *session)
{
    fota_session_pay_debt(session, OUR_SESSION, CLOSE, "FTP did not close");
}
