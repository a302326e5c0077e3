/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-config-setters.h"

#include <string.h>

#include "base/fota-frame.h"
#include "base/fota-text.h"
#include "base/fota-units.h"
#include "policy/fota-credential-rule.h"
#include "policy/fota-first-aid.h"
#include "policy/fota-poll.h"
#include "policy/fota-report-rule.h"

#define MEMBER(type) G_STRUCT_MEMBER(type, settings, key->offset)

static gboolean
set_text_if(gboolean good, const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    if (!good)
        return FALSE;
    g_free(MEMBER(char *));
    MEMBER(char *) = value[0] != '\0' ? g_strdup(value) : NULL;
    return TRUE;
}

gboolean
fota_config_set_text(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    return set_text_if(TRUE, key, settings, value);
}

/* A relative one would depend on where fotad was started. */
gboolean
fota_config_set_path(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    return set_text_if(value[0] == '\0' || g_path_is_absolute(value), key, settings, value);
}

/* It may be mounted later, and anybody may write there: what lies in it is compared. Not all that
 * there is, however that is written. */
gboolean
fota_config_set_directory(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    g_autofree char *whole = g_canonicalize_filename(value, "/");

    return set_text_if(value[0] == '\0' ||
                           (g_path_is_absolute(value) && whole[strspn(whole, "/")] != '\0'),
                       key, settings, value);
}

gboolean
fota_config_set_uri(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    if (value[0] != '\0' && !g_str_has_prefix(value, "file:///") &&
        fota_text_validate_uri_template(value) != NULL)
        return FALSE;
    g_free(MEMBER(char *));
    MEMBER(char *) = g_strdup(value);
    return TRUE;
}

/* Reports are posted, which file and ftp cannot. */
gboolean
fota_config_set_web_uri(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    if (value[0] != '\0' &&
        (!fota_report_is_address(value) || fota_text_validate_uri_template(value) != NULL))
        return FALSE;
    return fota_config_set_text(key, settings, value);
}

/* What stands between @separators, without blanks around it. */
static GStrv
split_list(const char *value, const char *separators)
{
    g_auto(GStrv) parts = g_strsplit_set(value, separators, -1);
    g_autoptr(GStrvBuilder) list = g_strv_builder_new();

    for (guint i = 0; parts[i] != NULL; i++) {
        if (g_strstrip(parts[i])[0] != '\0')
            g_strv_builder_add(list, parts[i]);
    }
    return g_strv_builder_end(list);
}

gboolean
fota_config_set_words(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    g_auto(GStrv) words = split_list(value, " \t");

    for (guint i = 0; words[i] != NULL; i++) {
        if (!key->is_word(words[i]))
            return FALSE;
    }
    g_strfreev(MEMBER(GStrv));
    MEMBER(GStrv) = g_steal_pointer(&words);
    return TRUE;
}

gboolean
fota_config_is_receiver(const char *word)
{
    return g_str_has_prefix(word, FOTA_CREDENTIAL_APN)
               ? fota_text_validate_apn(word + strlen(FOTA_CREDENTIAL_APN)) == NULL
               : fota_poll_is_server(word);
}

gboolean
fota_config_set_keyword(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    return set_text_if(strlen(value) <= 160, key, settings, value);
}

gboolean
fota_config_is_group(const char *word)
{
    return fota_text_validate_name(word) == NULL;
}

/* A credential is a file's name below the credentials directory, never a path. */
gboolean
fota_config_set_credential(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    if (strchr(value, '/') != NULL || value[0] == '.')
        return FALSE;
    return fota_config_set_text(key, settings, value);
}

/* As in a manifest: it stands in an AT line. */
gboolean
fota_config_set_apn(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    return set_text_if(value[0] == '\0' || fota_text_validate_apn(value) == NULL, key, settings,
                       value);
}

gboolean
fota_config_set_proxy(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    return set_text_if(value[0] == '\0' || fota_frame_is_proxy(value), key, settings, value);
}

gboolean
fota_config_set_flag(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    return fota_parse_boolean(value, &MEMBER(gboolean));
}

gboolean
fota_config_set_number(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    guint64 number;

    if (!g_ascii_string_to_unsigned(value, 10, key->min, key->max, &number, NULL))
        return FALSE;
    MEMBER(guint32) = number;
    return TRUE;
}

gboolean
fota_config_set_duration(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    guint64 seconds;

    if (!fota_parse_duration(value, &seconds) || seconds < key->min || seconds > key->max)
        return FALSE;
    MEMBER(guint32) = seconds;
    return TRUE;
}

gboolean
fota_config_set_size(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    return fota_parse_size(value, &MEMBER(guint64));
}

/* The index of @value in "one, two or three"; negative = it is none of them. */
static int
find_choice(const char *choices, const char *value)
{
    g_auto(GStrv) names = g_regex_split_simple(", | or ", choices, 0, 0);

    for (int i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], value) == 0)
            return i;
    }
    return -1;
}

/* The text lists the values of the enumeration in its order. */
gboolean
fota_config_set_choice(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    int choice = find_choice(key->expected, value);

    if (choice < 0)
        return FALSE;
    MEMBER(int) = choice;
    return TRUE;
}

gboolean
fota_config_set_chosen_text(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    return set_text_if(find_choice(key->expected, value) >= 0, key, settings, value);
}

gboolean
fota_config_set_windows(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    g_auto(GStrv) parts = split_list(value, ";");
    g_autoptr(GArray) windows = g_array_new(FALSE, TRUE, sizeof(FotaWindow));

    g_array_set_size(windows, g_strv_length(parts));
    for (guint i = 0; parts[i] != NULL; i++) {
        if (!fota_window_parse(parts[i], &g_array_index(windows, FotaWindow, i), NULL))
            return FALSE;
    }
    g_clear_pointer(&settings->windows, g_array_unref);
    settings->windows = g_steal_pointer(&windows);
    return TRUE;
}

gboolean
fota_config_set_blackouts(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    g_auto(GStrv) parts = split_list(value, ";");
    g_autoptr(GArray) blackouts = g_array_new(FALSE, TRUE, sizeof(FotaBlackout));

    g_array_set_size(blackouts, g_strv_length(parts));
    for (guint i = 0; parts[i] != NULL; i++) {
        if (!fota_blackout_parse(parts[i], &g_array_index(blackouts, FotaBlackout, i), NULL))
            return FALSE;
    }
    g_clear_pointer(&settings->blackouts, g_array_unref);
    settings->blackouts = g_steal_pointer(&blackouts);
    return TRUE;
}

gboolean
fota_config_set_version(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    return set_text_if(value[0] == '\0' || fota_text_validate_version(value) == NULL, key, settings,
                       value);
}

gboolean
fota_config_set_rungs(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    guint allowed;

    if (!fota_first_aid_parse(value, 0, &allowed))
        return FALSE;
    g_free(MEMBER(char *));
    MEMBER(char *) = g_strdup(value);
    return TRUE;
}

gboolean
fota_config_set_command(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    g_auto(GStrv) words = NULL;

    if (value[0] != '\0' &&
        (!g_shell_parse_argv(value, NULL, &words, NULL) || !g_path_is_absolute(words[0])))
        return FALSE;
    g_strfreev(MEMBER(GStrv));
    MEMBER(GStrv) = g_steal_pointer(&words);
    return TRUE;
}
