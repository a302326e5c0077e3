/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/fake-session.h"

#include <gio/gio.h>
#include <string.h>

struct _FotaSession {
    GKeyFile *models;
    GHashTable *texts;
    GHashTable *settings;
    const FakeExchange *script;
    const char *apn;
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
    session->texts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    session->settings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    session->script = script;
    return session;
}

void
fake_session_set_network(FotaSession *session, const char *apn)
{
    session->apn = apn;
}

void
fake_session_finish(FotaSession *session)
{
    g_assert_cmpstr(session->script->command, ==, NULL);
    g_key_file_unref(session->models);
    g_hash_table_unref(session->texts);
    g_hash_table_unref(session->settings);
    g_free(session);
}

const char *
fake_session_remembered(FotaSession *session, const char *name)
{
    return g_hash_table_lookup(session->settings, name);
}

GStrv
fota_session_command(FotaSession *session, const char *command, guint seconds, GError **error)
{
    const char *answer;

    g_assert_cmpstr(command, ==, session->script->command);
    g_assert_cmpuint(seconds, >, 0);
    answer = session->script->answer;
    session->script++;
    session->cme = -1;
    if (answer[0] == '!') {
        session->cme = (int)g_ascii_strtoll(answer + 1, NULL, 10);
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_AT, "+CME ERROR: %d", session->cme);
        return NULL;
    }
    if (strcmp(answer, "?") == 0 || strcmp(answer, "-") == 0) {
        g_set_error(error, FOTA_MODULE_ERROR,
                    answer[0] == '?' ? FOTA_MODULE_ERROR_SILENT : FOTA_MODULE_ERROR_GONE,
                    "no answer");
        return NULL;
    }
    return answer[0] != '\0' ? g_strsplit(answer, "\n", -1) : g_new0(char *, 1);
}

char *
fota_session_query(FotaSession *session, const char *command, const char *prefix, guint seconds,
                   GError **error)
{
    g_auto(GStrv) lines = fota_session_command(session, command, seconds, error);

    for (guint i = 0; lines != NULL && lines[i] != NULL; i++) {
        if (g_str_has_prefix(lines[i], prefix))
            return g_strdup(g_strchug(lines[i] + strlen(prefix)));
    }
    if (lines != NULL)
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_BAD_ANSWER, "no %s", prefix);
    return NULL;
}

char *
fota_session_read_version(FotaSession *session, const char *command, guint seconds, GError **error)
{
    g_auto(GStrv) lines = fota_session_command(session, command, seconds, error);

    return lines != NULL ? g_strdup(lines[0]) : NULL;
}

const char *
fota_session_get_text(FotaSession *session, const char *key)
{
    g_hash_table_insert(session->texts, g_strdup(key),
                        g_key_file_get_string(session->models, "*", key, NULL));
    g_assert_nonnull(g_hash_table_lookup(session->texts, key));
    return g_hash_table_lookup(session->texts, key);
}

guint
fota_session_get_number(FotaSession *session, const char *key)
{
    return (guint)g_ascii_strtoull(fota_session_get_text(session, key), NULL, 10);
}

const char *
fota_session_get_network(FotaSession *session, const char *key)
{
    return strcmp(key, "Apn") == 0 ? session->apn : NULL;
}

const char *
fota_session_get_model(FotaSession *session)
{
    return "TEST";
}

int
fota_session_get_cme(FotaSession *session)
{
    return session->cme;
}

gboolean
fota_session_hears_unsolicited(FotaSession *session)
{
    return FALSE;
}

char *
fota_session_wait_unsolicited(FotaSession *session, const char *text, guint seconds, GError **error)
{
    return NULL;
}

gboolean
fota_session_pause(FotaSession *session, guint seconds, GError **error)
{
    return TRUE;
}

void
fota_session_remember(FotaSession *session, const char *name, const char *value)
{
    g_hash_table_insert(session->settings, g_strdup(name), g_strdup(value));
}

const char *
fota_session_recall(FotaSession *session, const char *name)
{
    return g_hash_table_lookup(session->settings, name);
}

void
fota_session_shield(FotaSession *session, gboolean shielded)
{
}

void
fota_session_report_progress(FotaSession *session, guint percent)
{
    g_assert_cmpuint(percent, <=, 100);
}

void
fota_session_report_bytes(FotaSession *session, guint64 received, guint64 total)
{
}

void
fota_session_note(FotaSession *session, const char *format, ...)
{
}
