/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plugins/telit/telit-enhanced.h"

#include <string.h>

#include "plugins/telit/telit-debt.h"
#include "plugins/telit/telit-errors.h"
#include "plugins/telit/telit-ftp.h"
#include "plugins/telit/telit-otaup.h"

/* What #FOTAURC was: an update that was cut off does not take its own setting for the host's. */
#define OUR_REPORTS FOTA_OWED "Reports"

/* Codes of #OTAEV: "INTEGRITY CHECK FAIL" (LE910Cx AT guide, page 1597). */
static const FotaCodeText check_texts[] = {
    {10, "the delta is damaged, or is none"},
    {21, "the delta does not fit the firmware that the module runs"},
    {0, NULL},
};
#define CODE_OTHER_BASE 21

/* What the module has told about one download. */
typedef struct {
    gboolean released, failed, passed, bad;
    int code; /* with @bad */
} Told;

/* The code that stands behind the text, -1 = none. */
static gint64
parse_code(const char *text)
{
    const char *comma = strrchr(text, ',');
    guint64 code;

    if (comma == NULL)
        return -1;
    comma++;
    comma += strspn(comma, " ");
    return g_ascii_string_to_unsigned(comma, 10, 0, G_MAXINT, &code, NULL) ? (gint64)code : -1;
}

gboolean
telit_enhanced_parse(const char *rest, FotaHeard *heard)
{
    static const struct {
        const char *text; /* anywhere in the line, in whatever capitals */
        TelitReport report;
        FotaLineKind kind;
    } lines[] = {
        {"#drel", TELIT_RELEASED, FOTA_LINE_REPORT},
        {"download failed", TELIT_DOWNLOAD_FAILED, FOTA_LINE_FAILED},
        {"integrity check pass", TELIT_CHECK_PASSED, FOTA_LINE_DONE},
        {"integrity check fail", TELIT_CHECK_FAILED, FOTA_LINE_FAILED},
    };
    g_autofree char *lower = g_ascii_strdown(rest, -1);

    for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
        if (strstr(lower, lines[i].text) == NULL)
            continue;
        heard->kind = lines[i].kind;
        heard->number = lines[i].report;
        heard->code = parse_code(rest);
        heard->text = g_strdup(rest);
        return TRUE;
    }
    return FALSE;
}

gboolean
telit_enhanced_parse_released(const char *rest, FotaHeard *heard)
{
    heard->number = TELIT_RELEASED;
    heard->text = g_strdup("#DREL");
    return rest[0] == '\0';
}

FotaResult
telit_enhanced_listen(FotaSession *session, const FotaUpdate *update, GError **error)
{
    FotaResult result = FOTA_RESULT_DONE;
    g_auto(GStrv) lines = NULL;
    const char *now;

    if (!fota_session_try(session, "AT#FOTAURC?", 0, &lines, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    now = fota_lines_find(lines, "#FOTAURC:");
    if (now == NULL || now[0] != '0')
        return result;
    result = telit_debt_write(session, update, OUR_REPORTS, "0", error);
    if (result != FOTA_RESULT_DONE)
        return result;
    return fota_session_try(session, "AT#FOTAURC=1", 0, NULL, error) ? FOTA_RESULT_DONE
                                                                     : FOTA_RESULT_FAILED_FOR_NOW;
}

FotaResult
telit_enhanced_ask_server(FotaSession *session, const FotaUpdate *update, GError **error)
{
    FotaResult result;

    if (fota_session_get_number(session, "HasFtp") == 0)
        return FOTA_RESULT_DONE;
    result = telit_ftp_open(session, update, error);
    if (result == FOTA_RESULT_DONE)
        result = telit_ftp_check_size(session, update, error);
    if (result != FOTA_RESULT_DONE)
        return result;
    telit_ftp_close(session);
    return FOTA_RESULT_DONE;
}

/* The parameters stand in the line without quotes: a blank ends none of them well. */
static gboolean
is_parameter(const char *text, GError **error)
{
    g_autofree char *quoted = fota_at_quote(text, error);

    if (quoted == NULL)
        return FALSE;
    if (strchr(text, ' ') == NULL)
        return TRUE;
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_BAD_ARGUMENT,
                "a blank in the delta's address or login cannot be sent to this module");
    return FALSE;
}

static char *
make_command(const FotaUpdate *update, GError **error)
{
    if (!telit_ftp_check_address(update, error) || !is_parameter(update->host, error) ||
        !is_parameter(update->path, error) || !is_parameter(update->user, error) ||
        !is_parameter(update->password, error))
        return NULL;
    return g_strdup_printf("AT#FTPGETOTAENH=%s,%u,/%s,%s,%s", update->host, update->port,
                           update->path, update->user, update->password);
}

/* One line, within @seconds. FALSE: none came, or an error. */
static gboolean
listen_once(FotaSession *session, guint seconds, Told *told, GError **error)
{
    g_auto(FotaHeard) heard = {0};

    if (!fota_session_hear(session, seconds, &heard, error))
        return FALSE;
    fota_session_note(session, "the module reports %s", heard.text);
    told->released = told->released || heard.number == TELIT_RELEASED;
    told->failed = told->failed || heard.number == TELIT_DOWNLOAD_FAILED;
    /* It may check more than once: the last word counts. */
    if (heard.number == TELIT_CHECK_PASSED || heard.number == TELIT_CHECK_FAILED) {
        told->passed = heard.number == TELIT_CHECK_PASSED;
        told->bad = !told->passed;
        told->code = (int)heard.code;
    }
    return TRUE;
}

/* Lines, until @is_over says so or @seconds are over. FALSE: an error. */
static gboolean
listen_until(FotaSession *session, guint seconds, gboolean (*is_over)(const Told *told), Told *told,
             GError **error)
{
    gint64 end = fota_session_get_time(session) + seconds;
    g_autoptr(GError) local_error = NULL;
    gint64 left = seconds;

    while (!is_over(told) && left > 0 && local_error == NULL) {
        listen_once(session, (guint)left, told, &local_error);
        left = end - fota_session_get_time(session);
    }
    if (local_error == NULL)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&local_error));
    return FALSE;
}

static gboolean
download_is_over(const Told *told)
{
    return told->released || told->failed || told->passed || told->bad;
}

/* No document says whether #DREL or the news that the download has failed comes first. */
static gboolean
check_is_over(const Told *told)
{
    return told->passed || told->failed;
}

static FotaResult
judge_download(const Told *told, guint seconds, GError **error)
{
    if (told->failed)
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_TRANSFER_FAILED,
                    "the module reports that the download has failed");
    else if (!download_is_over(told))
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_TRANSFER_FAILED,
                    "the module has not reported the end of the download within %u s", seconds);
    else
        return FOTA_RESULT_DONE;
    return FOTA_RESULT_FAILED_FOR_NOW;
}

static FotaResult
judge_check(FotaSession *session, const FotaUpdate *update, const Told *told, guint limit,
            GError **error)
{
    const char *text = fota_code_text(check_texts, told->code);
    gboolean other_base = told->code == CODE_OTHER_BASE;

    if (!told->bad) {
        if (!told->passed && !told->failed)
            fota_session_note(session, "the module does not report whether the delta is whole");
        return judge_download(told, limit, error);
    }
    g_set_error(error, FOTA_MODULE_ERROR,
                other_base ? FOTA_MODULE_ERROR_WRONG_BASE : FOTA_MODULE_ERROR_TRANSFER_FAILED,
                "the module refuses the delta (code %d): %s; it was to be one from %s", told->code,
                text != NULL ? text : "a code that Telit has not published", update->from);
    return other_base ? FOTA_RESULT_WRONG_BASE : FOTA_RESULT_FAILED_FOR_NOW;
}

/* What was said before is not about this download. */
static gboolean
forget_reports(FotaSession *session, GError **error)
{
    g_autoptr(GError) local_error = NULL;
    Told old = {0};

    while (listen_once(session, 0, &old, &local_error))
        continue;
    if (local_error == NULL)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&local_error));
    return FALSE;
}

/* A module without a result code for this command has not refused it. */
static FotaResult
start_download(FotaSession *session, const char *command, GError **error)
{
    g_autoptr(GError) local_error = NULL;

    if (fota_session_order(session, command, 0, &local_error) ||
        g_error_matches(local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT))
        return FOTA_RESULT_DONE;
    if (!telit_explain_refusal(session, &local_error, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_TRANSFER_FAILED,
                "the module does not fetch the delta: %s", local_error->message);
    return FOTA_RESULT_FAILED_FOR_NOW;
}

FotaResult
telit_enhanced_get_delta(FotaSession *session, const FotaUpdate *update, GError **error)
{
    g_autofree char *command = make_command(update, error);
    guint limit = telit_ftp_get_limit(session, update);
    Told told = {0};
    FotaResult result;

    if (command == NULL)
        return FOTA_RESULT_FAILED_FOR_GOOD;
    if (update->rehearsal)
        return FOTA_RESULT_DONE;
    if (!forget_reports(session, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    fota_session_report_bytes(session, 0, update->size);
    result = start_download(session, command, error);
    if (result != FOTA_RESULT_DONE)
        return result;
    if (!listen_until(session, limit, download_is_over, &told, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    result = judge_download(&told, limit, error);
    if (result != FOTA_RESULT_DONE)
        return result;
    fota_session_report_bytes(session, update->size, update->size);
    /* It checks for longer than it downloads, and maybe more than once. */
    if (!listen_until(session, fota_session_get_number(session, "CheckTime"), check_is_over, &told,
                      error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    return judge_check(session, update, &told, limit, error);
}

void
telit_enhanced_close(FotaSession *session)
{
    fota_session_pay_debt(session, OUR_REPORTS, "AT#FOTAURC=0", "#FOTAURC is not set as it was");
}

FotaResult
telit_enhanced_install(FotaSession *session, const FotaUpdate *update, GError **error)
{
    return telit_otaup_install(session, update, "AT#OTAUP=2", error);
}

/* In three: whether seconds or minutes no document says, so LeaveTime= is longer than the latter.
 */
FotaResult
telit_enhanced_restart(FotaSession *session, const FotaUpdate *update, GError **error)
{
    return fota_session_order(session, "AT#ENHRST=1,3", 0, error) ? FOTA_RESULT_DONE
                                                                  : FOTA_RESULT_FAILED_FOR_NOW;
}
