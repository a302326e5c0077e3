/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-models.h"

#include <string.h>

#include "daemon/fota-authority.h"
#include "daemon/fota-error.h"
#include "policy/fota-first-aid.h"

#define WEEK 604800

/* What the daemon itself asks of every model; a plugin's own keys are the plugin's business. */
static const struct {
    const char *name;
    guint64 least, most;   /* of a number; 0, 0: a text */
    const char *otherwise; /* where [*] does not have it; NULL = it must */
} keys[] = {
    {"Restarts", 1, 100, NULL},    {"ApplyTime", 1, WEEK, NULL},   {"ReturnLimit", 1, WEEK, NULL},
    {"SettleTime", 1, WEEK, NULL}, {"VersionTime", 1, WEEK, NULL}, {"VersionPause", 0, WEEK, NULL},
    {"AidTime", 1, WEEK, NULL},    {"SafeRungs", 0, 0, NULL},      {"Time", 1, WEEK, "10"},
    {"LeaveTime", 0, WEEK, "0"},   {"Away", 0, 0, "hang-up"},      {"Unsupported", 0, 0, ""},
};

/* One `key=value` of the file. */
typedef struct {
    const char *file;
    guint line;
    const char *group, *key, *value;
} Entry;

static gboolean
entry_fail(const Entry *entry, const char *expected, GError **error)
{
    g_set_error(error, FOTA_ERROR, FOTA_ERROR_BAD_PLUGIN, "%s:%u: [%s] %s=%s is not %s",
                entry->file, entry->line, entry->group, entry->key, entry->value, expected);
    return FALSE;
}

static gboolean
is_number(const char *text)
{
    return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static gboolean
check_daemon_key(const Entry *entry, guint index, GError **error)
{
    g_autofree char *expected = NULL;
    guint allowed;

    if (strcmp(entry->key, "Unsupported") == 0)
        return TRUE;
    if (strcmp(entry->key, "Away") == 0)
        return strcmp(entry->value, "hang-up") == 0 || strcmp(entry->value, "silence") == 0 ||
               entry_fail(entry, "hang-up or silence", error);
    if (keys[index].most == 0)
        return fota_first_aid_parse(entry->value, 0, &allowed) ||
               entry_fail(entry, "a list of rungs of first aid", error);
    if (is_number(entry->value) && g_ascii_string_to_unsigned(entry->value, 10, keys[index].least,
                                                              keys[index].most, NULL, NULL))
        return TRUE;
    expected = g_strdup_printf("a number from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
                               ", without a unit",
                               keys[index].least, keys[index].most);
    return entry_fail(entry, expected, error);
}

/* `Time#FTPOPEN` is the longest time of a command. */
static gboolean
is_time_of_command(const char *key)
{
    return g_str_has_prefix(key, "Time") && strchr("+#^$%&*!@", key[4]) != NULL && key[4] != '\0';
}

/*
 * Of a key that only the plugin knows: what begins like a number is one, or several parted by
 * commas; and what is a number for all models is one for each.
 */
static gboolean
check_other_key(const Entry *entry, GKeyFile *models, GError **error)
{
    g_autofree char *general = g_key_file_get_string(models, "*", entry->key, NULL);
    gboolean signed_number = entry->value[0] == '-' && g_ascii_isdigit(entry->value[1]);
    guint64 number;

    if (is_number(general) &&
        (!is_number(entry->value) ||
         !g_ascii_string_to_unsigned(entry->value, 10, 0, G_MAXUINT, &number, NULL)))
        return entry_fail(entry, "a number without a unit, as for the other models", error);
    if (signed_number || (g_ascii_isdigit(entry->value[0]) &&
                          entry->value[strspn(entry->value, "0123456789,")] != '\0'))
        return entry_fail(entry, "a number without a unit", error);
    return TRUE;
}

static gboolean
check_entry(const Entry *entry, GKeyFile *models, GError **error)
{
    if (!g_key_file_has_key(models, "*", entry->key, NULL))
        return entry_fail(entry, "known: [*] has no such key", error);
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (strcmp(entry->key, keys[i].name) == 0 ||
            (strcmp(keys[i].name, "Time") == 0 && is_time_of_command(entry->key)))
            return check_daemon_key(entry, i, error);
    }
    return check_other_key(entry, models, error);
}

/* Each line of a file that GLib has taken for a key file. */
static gboolean
check_lines(const char *file, const char *text, GKeyFile *models, GError **error)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    const char *group = "*";

    for (guint i = 0; lines[i] != NULL; i++) {
        char *line = g_strstrip(lines[i]);
        char *equals = strchr(line, '=');
        Entry entry = {.file = file, .line = i + 1, .group = group};

        if (line[0] == '[') {
            line[strlen(line) - 1] = '\0';
            group = line + 1;
        } else if (line[0] != '#' && equals != NULL) {
            *equals = '\0';
            entry.key = g_strchomp(line);
            entry.value = g_strchug(equals + 1);
            if (!check_entry(&entry, models, error))
                return FALSE;
        }
    }
    return TRUE;
}

const char *
fota_models_get_default(const char *key)
{
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (strcmp(keys[i].name, key) == 0)
            return keys[i].otherwise;
    }
    return NULL;
}

GKeyFile *
fota_models_load(const char *file, GError **error)
{
    g_autoptr(GKeyFile) models = g_key_file_new();
    g_autoptr(GError) local_error = NULL;
    g_autofree char *text = NULL;

    text = fota_authority_read(file, &local_error);
    if (text == NULL ||
        !g_key_file_load_from_data(models, text, strlen(text), G_KEY_FILE_NONE, &local_error)) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_BAD_PLUGIN, "%s: %s", file,
                    local_error != NULL ? local_error->message : "it is gone");
        return NULL;
    }
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (keys[i].otherwise == NULL && !g_key_file_has_key(models, "*", keys[i].name, NULL)) {
            g_set_error(error, FOTA_ERROR, FOTA_ERROR_BAD_PLUGIN, "%s: [*] lacks %s=", file,
                        keys[i].name);
            return NULL;
        }
    }
    return check_lines(file, text, models, error) ? g_steal_pointer(&models) : NULL;
}
