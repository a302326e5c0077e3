/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "daemon/job/fota-session.h"

/* What vendors' plugins share, made of the session's other functions. */

/* 27.007 9.2; what a vendor numbers himself stands in his own table. */
static const FotaCodeText general_texts[] = {
    {3, "operation not allowed"},
    {4, "operation not supported"},
    {10, "no SIM"},
    {11, "the SIM wants its PIN"},
    {13, "SIM failure"},
    {14, "SIM busy"},
    {20, "memory full"},
    {22, "not found"},
    {23, "memory failure"},
    {30, "no network service"},
    {31, "network timeout"},
    {100, "unknown"},
    {0, NULL},
};

gboolean
fota_session_order(FotaSession *session, const char *command, guint seconds, GError **error)
{
    g_auto(GStrv) lines = fota_session_command(session, command, seconds, error);

    return lines != NULL;
}

gboolean
fota_session_try(FotaSession *session, const char *command, guint seconds, GStrv *lines,
                 GError **error)
{
    g_autoptr(GError) local_error = NULL;
    g_auto(GStrv) answer = fota_session_command(session, command, seconds, &local_error);

    if (lines != NULL)
        *lines = g_steal_pointer(&answer);
    if (local_error == NULL)
        return TRUE;
    if (!g_error_matches(local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED) &&
        !g_error_matches(local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT) &&
        !g_error_matches(local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_BAD_ANSWER)) {
        g_propagate_error(error, g_steal_pointer(&local_error));
        return FALSE;
    }
    fota_session_note(session, "%s; it is not needed", local_error->message);
    return TRUE;
}

gboolean
fota_heard_read(const FotaUnsolicited *table, const char *line, FotaHeard *heard)
{
    for (; table != NULL && table->prefix != NULL; table++) {
        gsize length = strlen(table->prefix);
        const char *rest = line + length;

        if (g_ascii_strncasecmp(line, table->prefix, length) != 0)
            continue;
        fota_heard_clear(heard);
        *heard = (FotaHeard){.kind = table->kind, .number = -1, .code = -1};
        rest += strspn(rest, " ");
        if (table->parse == NULL)
            heard->text = g_strdup(rest);
        if (table->parse == NULL || table->parse(rest, heard))
            return TRUE;
    }
    fota_heard_clear(heard);
    return FALSE;
}

gboolean
fota_heard_is_question(const FotaHeard *heard)
{
    return heard->kind == FOTA_LINE_QUESTION || heard->kind == FOTA_LINE_CARRIER_QUESTION;
}

gboolean
fota_session_hear(FotaSession *session, guint seconds, FotaHeard *heard, GError **error)
{
    gint64 end = fota_session_get_time(session) + seconds;
    guint late = 0;

    while (late < FOTA_SESSION_LINES_MAX) {
        gint64 left = MAX(end - fota_session_get_time(session), 0);
        g_autofree char *line = fota_session_wait_unsolicited(session, "", (guint)left, error);

        if (line == NULL)
            return FALSE;
        if (fota_heard_read(fota_session_get_unsolicited(session), line, heard))
            return TRUE;
        late += left == 0 ? 1 : 0;
    }
    return FALSE;
}

gboolean
fota_session_was_put_off(FotaSession *session)
{
    static const int lacking[] = {-1, 3, 4, 100};
    int number = fota_session_get_cme(session);

    for (guint i = 0; i < G_N_ELEMENTS(lacking); i++) {
        if (number == lacking[i])
            return FALSE;
    }
    return TRUE;
}

const char *
fota_session_get_debt(FotaSession *session, const char *name)
{
    const char *text = fota_session_recall(session, name);

    return text != NULL && text[0] != '\0' ? text : NULL;
}

void
fota_session_forget_debt(FotaSession *session, const char *name)
{
    if (fota_session_get_debt(session, name) != NULL)
        fota_session_remember(session, name, "");
}

void
fota_session_pay_debt(FotaSession *session, const char *name, const char *command,
                      const char *failed)
{
    g_autoptr(GError) error = NULL;

    if (fota_session_get_debt(session, name) == NULL)
        return;
    if (!fota_session_order(session, command, 0, &error))
        fota_session_note(session, "%s: %s", failed, error->message);
    if (error == NULL ||
        g_error_matches(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED))
        fota_session_forget_debt(session, name);
}

FotaResult
fota_session_run_flow(FotaSession *session, const FotaFlowStep *flow, const FotaUpdate *update,
                      GError **error)
{
    FotaResult result = FOTA_RESULT_DONE;

    for (; flow->run != NULL && result == FOTA_RESULT_DONE; flow++) {
        result = flow->run(session, update, error);
        if (result == FOTA_RESULT_DONE)
            fota_session_report_progress(session, flow->percent);
        else
            fota_session_note(session, "the flow has ended at its step %s", flow->letter);
    }
    return result;
}

const char *
fota_line_after(const char *line, const char *prefix)
{
    if (!g_str_has_prefix(line, prefix))
        return NULL;
    line += strlen(prefix);
    return line + strspn(line, " ");
}

const char *
fota_lines_find(GStrv lines, const char *prefix)
{
    const char *text = NULL;

    for (guint i = 0; lines != NULL && lines[i] != NULL && text == NULL; i++)
        text = fota_line_after(lines[i], prefix);
    return text;
}

char *
fota_session_query(FotaSession *session, const char *command, const char *prefix, guint seconds,
                   GError **error)
{
    g_auto(GStrv) lines = fota_session_command(session, command, seconds, error);
    const char *answer = lines != NULL ? fota_lines_find(lines, prefix) : NULL;

    if (lines == NULL || answer != NULL)
        return g_strdup(answer);
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_BAD_ANSWER,
                "%s was answered without a line %s", command, prefix);
    return NULL;
}

/*
 * `<n>,<stat>...` of an answer, or `<stat>,"<area>"...` of a report that came in between. -1 when
 * it is neither.
 */
static int
registration_parse(const char *text)
{
    g_auto(GStrv) fields = g_strsplit(text, ",", 3);
    const char *status = fields[0] == NULL ? "" : fields[0];

    if (fields[0] != NULL && fields[1] != NULL && g_ascii_isdigit(g_strchug(fields[1])[0]))
        status = fields[1];
    return g_ascii_isdigit(status[0]) ? atoi(status) : -1;
}

/* Home or roaming; 9 and 10 are the same with circuit-switched calls not preferred. */
static gboolean
registration_ask(FotaSession *session, const char *name, gboolean *registered, char **told,
                 GError **error)
{
    g_autofree char *command = g_strconcat("AT", name, "?", NULL);
    g_autofree char *prefix = g_strconcat(name, ":", NULL);
    g_auto(GStrv) lines = NULL;

    if (!fota_session_try(session, command, 0, &lines, error))
        return FALSE;
    for (guint i = 0; lines != NULL && lines[i] != NULL; i++) {
        const char *text = fota_line_after(lines[i], prefix);
        int status = text != NULL ? registration_parse(text) : -1;

        if (status < 0)
            continue;
        *registered = *registered || status == 1 || status == 5 || status == 9 || status == 10;
        g_free(*told);
        *told = g_strdup(lines[i]);
    }
    return TRUE;
}

gboolean
fota_session_ask_registered(FotaSession *session, gboolean *registered, char **told, GError **error)
{
    static const char *const names[] = {"+CEREG", "+CGREG", "+CREG"};

    *registered = FALSE;
    *told = NULL;
    for (guint i = 0; i < G_N_ELEMENTS(names) && !*registered; i++) {
        if (!registration_ask(session, names[i], registered, told, error)) {
            g_clear_pointer(told, g_free);
            return FALSE;
        }
        /* What keeps one of these lines for itself keeps all of them. */
        if (*told == NULL && !fota_session_hears_unsolicited(session))
            return TRUE;
    }
    return TRUE;
}

void
fota_session_explain(FotaSession *session, const FotaCodeText *table, GError **error)
{
    int number = fota_session_get_cme(session);
    const char *text = table != NULL ? fota_code_text(table, number) : NULL;
    char *message;

    if (number < 0)
        return;
    if (text == NULL)
        text = fota_code_text(general_texts, number);
    if (text == NULL)
        text = "a number that the vendor has not published";
    if (strstr((*error)->message, text) != NULL)
        return;
    message = g_strdup_printf("%s (%s)", (*error)->message, text);
    g_free((*error)->message);
    (*error)->message = message;
}
