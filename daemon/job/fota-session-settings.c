/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/job/fota-session-settings.h"

#include <string.h>

/* The fields of @line that @mask names, parted by commas as they were; a quoted comma parts none.
 */
static char *
keep_fields(const char *line, guint mask)
{
    GString *kept = g_string_new(NULL);
    gboolean quoted = FALSE;
    guint field = 0;

    for (const char *p = line; *p != '\0'; p++) {
        gboolean comma = *p == ',' && !quoted;

        quoted = quoted != (*p == '"');
        field += comma ? 1 : 0;
        if (mask != 0 && (field >= 32 || (mask & 1u << field) == 0))
            continue;
        /* The comma in front of the first field that is kept parts it from nothing. */
        if (comma && mask != 0 && (mask & ((1u << field) - 1)) == 0)
            continue;
        g_string_append_c(kept, *p);
    }
    return g_string_free(kept, FALSE);
}

/* What @setting is now, one text a line of the answer, each as it would be entered. */
static GStrv
setting_ask(FotaSession *session, const FotaSetting *setting, GError **error)
{
    g_autofree char *question = g_strconcat("AT", setting->name, "?", NULL);
    g_autofree char *prefix = g_strconcat(setting->name, ":", NULL);
    g_auto(GStrv) lines = fota_session_command(session, question, 0, error);
    g_autoptr(GStrvBuilder) values = g_strv_builder_new();

    if (lines == NULL)
        return NULL;
    for (guint i = 0; lines[i] != NULL; i++) {
        g_autofree char *value = NULL;

        if (!g_str_has_prefix(lines[i], prefix))
            continue;
        value = keep_fields(g_strchug(lines[i] + strlen(prefix)), setting->fields);
        g_strv_builder_add(values, value);
    }
    return g_strv_builder_end(values);
}

/* Nothing is there, or nobody speaks: the next question would only wait as long. */
static gboolean
is_hopeless(const GError *error)
{
    return error != NULL &&
           !g_error_matches(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED) &&
           !g_error_matches(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_BAD_ANSWER) &&
           !g_error_matches(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_BAD_ARGUMENT);
}

/* Of a SIM that is not there, wants its PIN or is the wrong one: that may stay so, and a module that
 * is fed is updated without it. Or the command has no such form. */
static gboolean
refusal_lasts(FotaSession *session)
{
    static const int lasting[] = {10, 11, 12, 15, 50};
    int number = fota_session_get_cme(session);

    for (guint i = 0; i < G_N_ELEMENTS(lasting); i++) {
        if (number == lasting[i])
            return TRUE;
    }
    return !fota_session_was_put_off(session);
}

FotaResult
fota_session_read_settings(FotaSession *session, const FotaSetting *settings, GError **error)
{
    for (; settings != NULL && settings->name != NULL; settings++) {
        g_autoptr(GError) local_error = NULL;
        g_auto(GStrv) values = setting_ask(session, settings, &local_error);
        g_autofree char *text = NULL;

        if (is_hopeless(local_error)) {
            g_propagate_error(error, g_steal_pointer(&local_error));
            return FOTA_RESULT_FAILED_FOR_NOW;
        }
        if (values == NULL && !refusal_lasts(session)) {
            g_propagate_prefixed_error(error, g_steal_pointer(&local_error),
                                       "what must be there after the restart cannot be read yet: ");
            return FOTA_RESULT_TRY_LATER;
        }
        /* A refusal, or an answer without a line, as ModemManager gives to +CEREG?: not there. */
        if (values == NULL || values[0] == NULL)
            continue;
        text = g_strjoinv("\n", values);
        fota_session_remember(session, settings->name, text);
    }
    return FOTA_RESULT_DONE;
}

static gboolean
setting_enter(FotaSession *session, const FotaSetting *setting, const char *value, GError **error)
{
    g_autofree char *command = NULL;

    if (setting->enter != NULL)
        return setting->enter(session, error);
    if (!fota_at_is_parameter(value)) {
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_BAD_ARGUMENT,
                    "what it was is no setting; it is not sent back");
        return FALSE;
    }
    command = g_strconcat("AT", setting->name, "=", value, NULL);
    return fota_session_order(session, command, 0, error);
}

/* Enters what of @wanted is not among what the module has @now. FALSE: nothing was missing. */
static gboolean
enter_missing(FotaSession *session, const FotaSetting *setting, GStrv wanted, GStrv now,
              GError **error)
{
    gboolean missing = FALSE;

    for (guint i = 0; wanted[i] != NULL && *error == NULL; i++) {
        if (g_strv_contains((const char *const *)now, wanted[i]))
            continue;
        missing = TRUE;
        setting_enter(session, setting, wanted[i], error);
    }
    return missing;
}

static gboolean
holds_all(GStrv now, GStrv wanted)
{
    for (guint i = 0; wanted[i] != NULL; i++) {
        if (!g_strv_contains((const char *const *)now, wanted[i]))
            return FALSE;
    }
    return TRUE;
}

/* TRUE: the module has the setting as it was before. */
static gboolean
setting_restore(FotaSession *session, const FotaSetting *setting, const char *text, GError **error)
{
    g_auto(GStrv) wanted = g_strsplit(text, "\n", -1);
    g_autoptr(GError) refusal = NULL;
    g_auto(GStrv) before = setting_ask(session, setting, error);
    g_auto(GStrv) after = NULL;

    if (before == NULL)
        return FALSE;
    if (!enter_missing(session, setting, wanted, before, &refusal))
        return TRUE;
    if (refusal == NULL)
        after = setting_ask(session, setting, &refusal);
    if (after != NULL && holds_all(after, wanted)) {
        fota_session_note(session, "the restart lost %s; it is set again", setting->name);
        return TRUE;
    }
    if (refusal == NULL)
        g_set_error(&refusal, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_BAD_ANSWER,
                    "the module took it and does not have it");
    g_propagate_error(error, g_steal_pointer(&refusal));
    return FALSE;
}

/* Whoever leads to the module may have left, ModemManager or the bus: once it is waited for. */
static gboolean
setting_restore_patiently(FotaSession *session, const FotaSetting *setting, const char *text,
                          gboolean *waited, GError **error)
{
    g_autoptr(GError) local_error = NULL;

    if (setting_restore(session, setting, text, &local_error))
        return TRUE;
    if (*waited || !is_hopeless(local_error) ||
        !fota_session_wait_back(session, fota_session_get_number(session, "ReturnLimit"), NULL)) {
        g_propagate_error(error, g_steal_pointer(&local_error));
        return FALSE;
    }
    *waited = TRUE;
    return setting_restore(session, setting, text, error);
}

GStrv
fota_session_restore_settings(FotaSession *session, const FotaSetting *settings)
{
    g_autoptr(GStrvBuilder) differing = g_strv_builder_new();
    gboolean hopeless = FALSE;
    gboolean waited = FALSE;

    for (; settings != NULL && settings->name != NULL; settings++) {
        const char *wanted = fota_session_recall(session, settings->name);
        g_autoptr(GError) error = NULL;

        if (wanted == NULL ||
            (!hopeless && setting_restore_patiently(session, settings, wanted, &waited, &error)))
            continue;
        g_strv_builder_add(differing, settings->name);
        hopeless = hopeless || is_hopeless(error);
        if (error != NULL)
            fota_session_note(session, "%s is not as it was before the restart: %s", settings->name,
                              error->message);
    }
    return g_strv_builder_end(differing);
}
