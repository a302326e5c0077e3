/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/fake-session.h"

#include <gio/gio.h>
#include <string.h>

#include "daemon/job/fota-session.h"

struct _FotaSession {
    const char *failure; /* line */
    GKeyFile *models;
    const char *model;
    const char *poll;
    GHashTable *network;
    GHashTable *texts;
    GHashTable *settings;
    GString *notes;
    const FakeExchange *script;
    gboolean cancelled;
    gboolean shielded;
    gpointer data;
    GDestroyNotify destroy;
    const FotaUnsolicited *unsolicited;
    guint percent;
    guint seconds;
    guint64 received, total;
    int cme;
};

FotaSession *
fake_session_new(const char *models, const FakeExchange *script)
{
    FotaSession *session = g_new0(FotaSession, 1);
    g_autoptr(GError) error = NULL;

    session->models = g_key_file_new();
    g_key_file_load_from_file(session->models, models, G_KEY_FILE_NONE, &error);
    g_assert_no_error(error);
    session->model = "TEST";
    session->network = g_hash_table_new(g_str_hash, g_str_equal);
    session->texts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    session->settings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    session->notes = g_string_new(NULL);
    session->script = script;
    return session;
}

void
fake_session_set_model(FotaSession *session, const char *model)
{
    session->model = model;
}

void
fake_session_set_network(FotaSession *session, const char *key, const char *value)
{
    g_hash_table_insert(session->network, (char *)key, (char *)value);
}

void
fake_session_set_poll(FotaSession *session, const char *poll)
{
    session->poll = poll;
}

/* The next exchange's command, for this kind of channel; NULL = the script is at its end. */
static const char *
peek(FotaSession *session)
{
    while (session->poll != NULL && session->script->command != NULL &&
           session->script->command[0] == '|')
        session->script++;
    if (session->script->command == NULL || session->script->command[0] != '|')
        return session->script->command;
    return session->script->command + 1;
}

void
fake_session_finish(FotaSession *session)
{
    g_assert_cmpstr(peek(session), ==, NULL);
    g_assert_null(session->data);
    g_assert_false(session->shielded);
    g_key_file_unref(session->models);
    g_hash_table_unref(session->network);
    g_hash_table_unref(session->texts);
    g_hash_table_unref(session->settings);
    g_string_free(session->notes, TRUE);
    g_free(session);
}

guint
fake_session_get_percent(FotaSession *session)
{
    return session->percent;
}

guint64
fake_session_get_received(FotaSession *session)
{
    return session->received;
}

guint64
fake_session_get_total(FotaSession *session)
{
    return session->total;
}

const char *
fake_session_get_notes(FotaSession *session)
{
    return session->notes->str;
}

void
fake_session_assert_end(FotaSession *session, FotaResult result, const GError *error,
                        FotaResult wanted, int code, const char *says)
{
    const char *told = error != NULL ? error->message : session->notes->str;

    if (result != wanted)
        g_error("result %d: %s", result, told);
    if (result == FOTA_RESULT_DONE)
        g_assert_no_error(error);
    else if (code == FAKE_CANCELLED)
        g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    else if (code == FAKE_UNWRITTEN)
        g_assert_error(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
    else
        g_assert_error(error, FOTA_MODULE_ERROR, code);
    if (says != NULL && strstr(told, says) == NULL)
        g_error("\"%s\" does not say \"%s\"", told, says);
}

guint
fake_session_get_seconds(FotaSession *session)
{
    return session->seconds;
}

static gboolean
is_next(FotaSession *session, const char *command)
{
    return g_strcmp0(peek(session), command) == 0;
}

/* Cancelled from now on, when the script says so. */
static gboolean
check_cancelled(FotaSession *session, GError **error)
{
    if (is_next(session, FAKE_CANCEL)) {
        session->cancelled = TRUE;
        session->script++;
    }
    if (session->cancelled && !session->shielded)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled");
    return session->cancelled && !session->shielded;
}

static void
set_failure(FotaSession *session, const char *answer, GError **error)
{
    guint64 number;

    if (answer[0] == '!' && !g_ascii_string_to_unsigned(answer + 1, 10, 0, 9999, &number, NULL)) {
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED, "%s", answer + 1);
    } else if (answer[0] == '!') {
        session->cme = (int)number;
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED, "+CME ERROR: %d",
                    session->cme);
    } else {
        g_set_error(error, FOTA_MODULE_ERROR,
                    answer[0] == '?' ? FOTA_MODULE_ERROR_MODULE_SILENT
                                     : FOTA_MODULE_ERROR_MODULE_GONE,
                    "no answer");
    }
}

const char *
fake_session_take(FotaSession *session, const char *command, GError **error)
{
    const char *answer;

    session->cme = -1;
    if (check_cancelled(session, error))
        return NULL;
    g_assert_cmpstr(command, ==, peek(session));
    answer = session->script++->answer;
    if (answer[0] != '!' && strcmp(answer, "?") != 0 && strcmp(answer, "-") != 0)
        return answer;
    set_failure(session, answer, error);
    return NULL;
}

GStrv
fota_session_command(FotaSession *session, const char *command, guint seconds, GError **error)
{
    gboolean polled = g_strcmp0(command, session->poll) == 0 && is_next(session, FAKE_URC);
    const char *answer = fake_session_take(session, polled ? FAKE_URC : command, error);

    if (answer == NULL)
        return NULL;
    return answer[0] != '\0' ? g_strsplit(answer, "\n", -1) : g_new0(char *, 1);
}

FotaResult
fota_session_read_version(FotaSession *session, const char *command, char **version, GError **error)
{
    g_auto(GStrv) lines = fota_session_command(
        session, command, fota_session_get_number(session, "VersionTime"), error);

    *version = lines != NULL ? g_strdup(lines[0]) : NULL;
    return lines != NULL ? FOTA_RESULT_DONE : FOTA_RESULT_FAILED_FOR_NOW;
}

const char *
fota_session_get_text(FotaSession *session, const char *key)
{
    g_auto(GStrv) groups = g_key_file_get_groups(session->models, NULL);

    for (guint i = 0; groups[i] != NULL; i++) {
        if (g_pattern_match_simple(groups[i], session->model) &&
            g_key_file_has_key(session->models, groups[i], key, NULL))
            g_hash_table_insert(session->texts, g_strdup(key),
                                g_key_file_get_string(session->models, groups[i], key, NULL));
    }
    g_assert_nonnull(g_hash_table_lookup(session->texts, key));
    return g_hash_table_lookup(session->texts, key);
}

guint
fota_session_get_seconds(FotaSession *session, const char *command)
{
    gsize length = strcspn(command + strlen("AT"), "=?");
    g_autofree char *key = g_strdup_printf("Time%.*s", (int)length, command + strlen("AT"));

    return fota_session_get_number(
        session, g_key_file_has_key(session->models, "*", key, NULL) ? key : "Time");
}

guint
fota_session_get_number(FotaSession *session, const char *key)
{
    return (guint)g_ascii_strtoull(fota_session_get_text(session, key), NULL, 10);
}

const char *
fota_session_get_network(FotaSession *session, const char *key)
{
    return g_hash_table_lookup(session->network, key);
}

int
fota_session_get_cme(FotaSession *session)
{
    return session->cme;
}

gboolean
fota_session_hears_unsolicited(FotaSession *session)
{
    return session->poll == NULL;
}

char *
fota_session_wait_unsolicited(FotaSession *session, const char *text, guint seconds, GError **error)
{
    if (check_cancelled(session, error))
        return NULL;
    if (session->poll == NULL && is_next(session, FAKE_LATER)) {
        guint later = (guint)atoi(session->script->answer);

        session->seconds += MIN(later, seconds);
        if (later > seconds)
            return NULL;
        session->script++;
    }
    if (session->poll == NULL && is_next(session, FAKE_URC)) {
        const char *answer = fake_session_take(session, FAKE_URC, error);

        g_assert_true(answer == NULL || strstr(answer, text) != NULL);
        return g_strdup(answer);
    }
    session->seconds += seconds;
    return NULL;
}

/* What is heard stands in the script. */
const char *
fota_session_get_question(FotaSession *session)
{
    return NULL;
}

void
fota_session_put_heard(FotaSession *session, const char *line)
{
    g_assert_nonnull(session->failure);
    session->failure = NULL;
}

gboolean
fota_session_wait_back(FotaSession *session, guint seconds, GError **error)
{
    if (check_cancelled(session, error))
        return FALSE;
    g_assert_cmpstr(peek(session), ==, FAKE_BACK);
    g_assert_cmpuint(seconds, >, 0);
    if (strcmp(session->script++->answer, "-") != 0)
        return TRUE;
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_NOT_RETURNED, "it is not back");
    return FALSE;
}

gboolean
fota_session_wait_gone(FotaSession *session, guint seconds, GError **error)
{
    if (check_cancelled(session, error))
        return FALSE;
    g_assert_cmpstr(peek(session), ==, FAKE_GONE);
    g_assert_cmpuint(seconds, >, 0);
    if (strcmp(session->script++->answer, "-") != 0)
        return TRUE;
    session->seconds += seconds;
    return FALSE;
}

gint64
fota_session_get_time(FotaSession *session)
{
    return session->seconds;
}

gboolean
fota_session_pause(FotaSession *session, guint seconds, GError **error)
{
    session->seconds += seconds;
    return !check_cancelled(session, error);
}

void
fota_session_remember(FotaSession *session, const char *name, const char *value)
{
    g_hash_table_insert(session->settings, g_strdup(name), g_strdup(value));
}

gboolean
fota_session_save(FotaSession *session, GError **error)
{
    g_assert_cmpstr(peek(session), ==, FAKE_SAVE);
    if (strcmp(session->script++->answer, "-") != 0)
        return TRUE;
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "the record is not written");
    return FALSE;
}

const char *
fota_session_recall(FotaSession *session, const char *name)
{
    return g_hash_table_lookup(session->settings, name);
}

void
fota_session_set_data(FotaSession *session, gpointer data, GDestroyNotify destroy)
{
    if (session->data != NULL && session->destroy != NULL)
        session->destroy(session->data);
    session->data = data;
    session->destroy = destroy;
}

gpointer
fota_session_get_data(FotaSession *session)
{
    return session->data;
}

const FotaUnsolicited *
fota_session_get_unsolicited(FotaSession *session)
{
    return session->unsolicited;
}

void
fota_session_close(FotaSession *session, const FotaMethod *method)
{
    session->shielded = TRUE;
    if (method->close != NULL)
        method->close(session);
    session->shielded = FALSE;
    fota_session_set_data(session, NULL, NULL);
}

FotaResult
fake_session_close(FotaSession *session, const FotaMethod *method, FotaResult result)
{
    fota_session_close(session, method);
    return result;
}

void
fake_session_set_unsolicited(FotaSession *session, const FotaUnsolicited *table)
{
    session->unsolicited = table;
}

void
fake_session_set_failure(FotaSession *session, const char *line)
{
    session->failure = line;
}

const char *
fota_session_get_failure(FotaSession *session)
{
    return session->failure;
}

void
fota_session_begin_part(FotaSession *session, guint base, guint share)
{
    g_assert_cmpuint(base + share, <=, 100);
    session->percent = 0;
}

void
fota_session_report_verifying(FotaSession *session)
{
    g_string_append(session->notes, "verifying\n");
}

void
fota_session_report_progress(FotaSession *session, guint percent)
{
    g_assert_cmpuint(percent, >=, session->percent);
    g_assert_cmpuint(percent, <=, 100);
    session->percent = percent;
}

void
fota_session_report_bytes(FotaSession *session, guint64 received, guint64 total)
{
    g_assert_cmpuint(received, >=, session->received);
    g_assert_true(total == 0 || received <= total);
    session->received = received;
    session->total = total;
}

void
fota_session_note(FotaSession *session, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_string_append_vprintf(session->notes, format, args);
    va_end(args);
    g_string_append_c(session->notes, '\n');
}
