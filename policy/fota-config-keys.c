/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-config-keys.h"

#include <string.h>

#include "base/fota-frame.h"
#include "base/fota-text.h"
#include "base/fota-units.h"
#include "policy/fota-credential-rule.h"
#include "policy/fota-first-aid.h"
#include "policy/fota-poll.h"
#include "policy/fota-push.h"
#include "policy/fota-report-rule.h"

typedef gboolean Setter(const FotaConfigKey *key, FotaSettings *settings, const char *value);
static Setter set_uri, set_duration, set_text, set_path, set_flag, set_credential, set_proxy,
    set_words, set_choice, set_version, set_windows, set_blackouts, set_number, set_size,
    set_directory, set_apn, set_chosen_text, set_keyword, set_web_uri, set_rungs, set_command;
static gboolean is_receiver(const char *word), is_group(const char *word);

/* Where a value lies, what frees it, how large a number may be, and what each word of a list is. */
#define VALUE(member, free, min, max, is_word)                                                     \
    G_STRUCT_OFFSET(FotaSettings, member), (GDestroyNotify)free, min, max, is_word
#define NUMBER(member) VALUE(member, NULL, 0, 0, NULL)
#define RANGE(member, min, max) VALUE(member, NULL, min, max, NULL)
#define TEXT(member) VALUE(member, g_free, 0, 0, NULL)
#define COMMAND(member) VALUE(member, g_strfreev, 0, 0, NULL)
#define WORDS(member, is_word) VALUE(member, g_strfreev, 0, 0, is_word)
#define ARRAY(member) VALUE(member, g_array_unref, 0, 0, NULL)

#define PLACEHOLDERS                                                                               \
    " and, in its path, no placeholders but {imei}, {imei-sha256}, {imei-hmac} and {model}"

static const FotaConfigKey keys[] = {
    {"Manifest", "Uri", set_uri, TEXT(module.manifest_uri),
     "an https, http, ftp, ftps or file address without a login" PLACEHOLDERS},
    {"Manifest", "Interval", set_duration,
     RANGE(module.interval, FOTA_SCHEDULE_MIN_INTERVAL, FOTA_SCHEDULE_MAX_INTERVAL),
     "a duration from 1h to 30d, such as 1d"},
    {"Manifest", "Salt", set_text, TEXT(module.salt), "a text"},
    {"Manifest", "KeysDirectory", set_path, TEXT(keys_directory),
     "a directory, by a path that begins with /"},
    {"Manifest", "RequireSignature", set_flag, NUMBER(module.require_signature), "yes or no"},
    {"Manifest", "Credential", set_credential, TEXT(module.manifest_credential),
     "the name of a credential"},
    {"Manifest", "CertificateAuthority", set_path, TEXT(module.certificate_authority),
     "a file of PEM certificates, by a path that begins with /"},
    {"Manifest", "ClientCertificate", set_credential, TEXT(module.client_certificate),
     "the name of a credential"},
    {"Manifest", "ClientKey", set_credential, TEXT(module.client_key), "the name of a credential"},
    {"Manifest", "Proxy", set_proxy, TEXT(module.proxy), "an address such as http://10.0.0.1:3128"},
    {"Manifest", "AllowedServers", set_words, WORDS(module.allowed_servers, fota_poll_is_server),
     "a list of servers such as fota.example *.fota.example ftp://old.example"},
    {"Manifest", "Fetch", set_choice, NUMBER(module.fetch_by_module), "host or module"},
    {"Manifest", "LegacyCsv", set_choice, NUMBER(module.legacy_csv), "no, signed or unsigned"},
    {"Manifest", "CsvFrom", set_version, TEXT(module.csv_from), "a firmware version"},
    {"Manifest", "Groups", set_words, WORDS(module.groups, is_group),
     "a list of names such as sample europe"},
    {"Approval", "Download", set_choice, NUMBER(module.rules.approve_download), "auto or required"},
    {"Approval", "Install", set_choice, NUMBER(module.rules.approve_install), "auto or required"},
    {"Approval", "Timeout", set_duration, RANGE(module.rules.approval_timeout, 0, G_MAXUINT32),
     "a duration such as 7d"},
    {"Window", "Allow", set_windows, ARRAY(windows),
     "a list of windows such as Mon..Fri 22:00-04:00; Sun 02:00-06:00 Europe/Berlin"},
    {"Window", "Blackout", set_blackouts, ARRAY(blackouts),
     "a list of days such as 2026-12-20..2027-01-06"},
    {"Conditions", "Roaming", set_flag, NUMBER(module.rules.conditions.allow_roaming), "yes or no"},
    {"Conditions", "MinimumSignal", set_number,
     RANGE(module.rules.conditions.minimum_signal, 0, 100), "a percentage from 0 to 100"},
    {"Conditions", "MainsPower", set_flag, NUMBER(module.rules.conditions.mains_power),
     "yes or no"},
    {"Conditions", "MinimumBattery", set_number,
     RANGE(module.rules.conditions.minimum_battery, 0, 100), "a percentage from 0 to 100"},
    {"Conditions", "MinimumFreeSpace", set_size, NUMBER(module.rules.conditions.minimum_free_space),
     "a size such as 20M"},
    {"Conditions", "OtherRoute", set_flag, NUMBER(module.rules.conditions.other_route),
     "yes or no"},
    {"Limits", "Attempts", set_number, RANGE(module.rules.max_attempts, 1, 10),
     "a number from 1 to 10"},
    {"Limits", "AllowDowngrade", set_flag, NUMBER(module.rules.allow_downgrade), "yes or no"},
    {"Limits", "MonthlyData", set_size, NUMBER(module.rules.monthly_data), "a size such as 5M"},
    {"Limits", "AtOnce", set_number, RANGE(at_once, 1, 24), "a number from 1 to 24"},
    {"Delivery", "By", set_choice, NUMBER(module.delivery), "auto, host or module"},
    {"Delivery", "CacheSize", set_size, NUMBER(cache_size), "a size such as 64M"},
    {"Delivery", "Metered", set_choice, NUMBER(module.defer_metered), "allow or defer"},
    {"Delivery", "Directory", set_directory, TEXT(module.delta_directory),
     "a directory, by a path that begins with / and goes on"},
    {"Access", "At", set_choice, NUMBER(module.access), "auto, modemmanager or port"},
    {"Network", "Apn", set_apn, TEXT(module.apn),
     "an access point name, 1 to 100 of A-Z a-z 0-9 . - _"},
    {"Network", "PdpType", set_chosen_text, TEXT(module.pdp_type), "IP, IPV6 or IPV4V6"},
    {"Network", "Credential", set_credential, TEXT(module.network_credential),
     "the name of a credential"},
    {"Network", "PinCredential", set_credential, TEXT(module.pin_credential),
     "the name of a credential"},
    {"Network", "Authentication", set_chosen_text, TEXT(module.authentication),
     "none, pap or chap"},
    {"Push", "SmsSenders", set_words, WORDS(module.sms_senders, fota_push_is_sender),
     "a list of senders such as +15551234567 12345 Fleet"},
    {"Push", "SmsKeyword", set_keyword, TEXT(module.sms_keyword), "a text of at most 160 bytes"},
    {"ModuleAsks", "Answer", set_choice, NUMBER(module.module_asks), "ask, refuse or leave"},
    {"ModuleAsks", "Start", set_flag, NUMBER(module.module_starts), "yes or no"},
    {"Registration", "Uri", set_web_uri, TEXT(module.registration_uri),
     "an https or http address without a login" PLACEHOLDERS},
    {"Registration", "Credential", set_credential, TEXT(module.registration_credential),
     "the name of a credential"},
    {"Registration", "Distributor", set_text, TEXT(module.distributor), "a name"},
    {"Registration", "Subdistributor", set_text, TEXT(module.subdistributor), "a name"},
    {"Registration", "Apn", set_apn, TEXT(module.registration_apn),
     "an access point name, 1 to 100 of A-Z a-z 0-9 . - _"},
    {"FirstAid", "Rungs", set_rungs, TEXT(module.rungs),
     "a list of safe, at-again, other-port, cfun, modemmanager-reset, command"},
    {"FirstAid", "PowerCycle", set_command, COMMAND(module.power_cycle),
     "a command that begins with an absolute path"},
    {"FirstAid", "PowerCycleTime", set_duration, RANGE(module.power_cycle_seconds, 1, 3600),
     "a duration from 1s to 1h"},
    {"FirstAid", "ResetAfterInstall", set_flag, NUMBER(module.reset_after_install), "yes or no"},
    {"Service", "Prove", set_flag, NUMBER(module.rules.prove_service), "yes or no"},
    {"Service", "Time", set_duration, RANGE(module.rules.service_time, 10, 86400),
     "a duration from 10s to 1d"},
    {"Service", "Probe", set_web_uri, TEXT(module.service_probe),
     "an https or http address without a login" PLACEHOLDERS},
    {"Service", "Back", set_choice, NUMBER(module.rules.back), "no, use or required"},
    {"Report", "Uri", set_web_uri, TEXT(module.report_uri),
     "an https or http address without a login" PLACEHOLDERS},
    {"Report", "Credential", set_credential, TEXT(module.report_credential),
     "the name of a credential"},
    {"Credential", "Servers", set_words, WORDS(servers, is_receiver),
     "a list of servers such as ftp://fw.example *.fota.example"},
    {"Log", "Level", set_choice, NUMBER(log_level),
     "emerg, alert, crit, err, warning, notice, info or debug"},
    {"Log", "PersonalInfo", set_flag, NUMBER(personal_info), "yes or no"},
};

/* Keys of the whole daemon, which cannot differ from module to module. */
static gboolean
is_global(const FotaConfigKey *key)
{
    return strcmp(key->group, "Log") == 0 || strcmp(key->group, "Credential") == 0 ||
           strcmp(key->name, "KeysDirectory") == 0 || strcmp(key->name, "AtOnce") == 0 ||
           strcmp(key->name, "CacheSize") == 0;
}

static gboolean
belongs_to(const FotaConfigKey *key, const char *group)
{
    return group != NULL ? strcmp(key->group, group) == 0 : !is_global(key);
}

gboolean
fota_config_key_is_group(const char *group)
{
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (strcmp(keys[i].group, group) == 0 && strcmp(group, "Credential") != 0)
            return TRUE;
    }
    return FALSE;
}

const FotaConfigKey *
fota_config_key_find(const char *group, const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (belongs_to(&keys[i], group) && strcmp(keys[i].name, name) == 0)
            return &keys[i];
    }
    return NULL;
}

char *
fota_config_key_get_path(const FotaConfigKey *key, const char *value)
{
    g_auto(GStrv) words = NULL;

    if (key->set == set_path && value[0] != '\0')
        return g_strdup(value);
    if (key->set == set_command && g_shell_parse_argv(value, NULL, &words, NULL))
        return g_strdup(words[0]);
    return NULL;
}

char *
fota_config_key_list(const char *group)
{
    GString *list = g_string_new(NULL);

    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (fota_config_key_find(group, keys[i].name) == &keys[i])
            g_string_append_printf(list, "%s%s=", list->len > 0 ? ", " : "", keys[i].name);
    }
    return g_string_free(list, FALSE);
}

char *
fota_config_key_list_groups(void)
{
    GString *list = g_string_new(NULL);
    const char *last = "";

    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (strcmp(keys[i].group, last) != 0 && strcmp(keys[i].group, "Credential") != 0)
            g_string_append_printf(list, "%s, ", keys[i].group);
        last = keys[i].group;
    }
    g_string_append(list, "Module <IMEI>, Credential <NAME>");
    return g_string_free(list, FALSE);
}

const FotaConfigKey *
fota_config_key_get(guint index)
{
    return index < G_N_ELEMENTS(keys) ? &keys[index] : NULL;
}

static void
point_into_arrays(FotaSettings *settings)
{
    FotaRules *rules = &settings->module.rules;

    rules->windows = settings->windows != NULL ? (const void *)settings->windows->data : NULL;
    rules->n_windows = settings->windows != NULL ? settings->windows->len : 0;
    rules->blackouts = settings->blackouts != NULL ? (const void *)settings->blackouts->data : NULL;
    rules->n_blackouts = settings->blackouts != NULL ? settings->blackouts->len : 0;
    rules->groups = (const char *const *)settings->module.groups;
}

gboolean
fota_config_key_set(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    if (!key->set(key, settings, value))
        return FALSE;
    point_into_arrays(settings);
    return TRUE;
}

void
fota_settings_clear(FotaSettings *settings)
{
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (keys[i].free != NULL)
            g_clear_pointer((gpointer *)G_STRUCT_MEMBER_P(settings, keys[i].offset), keys[i].free);
    }
}

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

static gboolean
set_text(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    return set_text_if(TRUE, key, settings, value);
}

/* A relative one would depend on where fotad was started. */
static gboolean
set_path(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    return set_text_if(value[0] == '\0' || g_path_is_absolute(value), key, settings, value);
}

/* It may be mounted later, and anybody may write there: what lies in it is compared. Not all that
 * there is, however that is written. */
static gboolean
set_directory(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    g_autofree char *whole = g_canonicalize_filename(value, "/");

    return set_text_if(value[0] == '\0' ||
                           (g_path_is_absolute(value) && whole[strspn(whole, "/")] != '\0'),
                       key, settings, value);
}

static gboolean
set_uri(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    if (value[0] != '\0' && !g_str_has_prefix(value, "file:///") &&
        fota_text_validate_uri_template(value) != NULL)
        return FALSE;
    g_free(MEMBER(char *));
    MEMBER(char *) = g_strdup(value);
    return TRUE;
}

/* Reports are posted, which file and ftp cannot. */
static gboolean
set_web_uri(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    if (value[0] != '\0' &&
        (!fota_report_is_address(value) || fota_text_validate_uri_template(value) != NULL))
        return FALSE;
    return set_text(key, settings, value);
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

static gboolean
set_words(const FotaConfigKey *key, FotaSettings *settings, const char *value)
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

static gboolean
is_receiver(const char *word)
{
    return g_str_has_prefix(word, FOTA_CREDENTIAL_APN)
               ? fota_text_validate_apn(word + strlen(FOTA_CREDENTIAL_APN)) == NULL
               : fota_poll_is_server(word);
}

static gboolean
set_keyword(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    return set_text_if(strlen(value) <= 160, key, settings, value);
}

static gboolean
is_group(const char *word)
{
    return fota_text_validate_name(word) == NULL;
}

/* A credential is a file's name below the credentials directory, never a path. */
static gboolean
set_credential(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    if (strchr(value, '/') != NULL || value[0] == '.')
        return FALSE;
    return set_text(key, settings, value);
}

/* As in a manifest: it stands in an AT line. */
static gboolean
set_apn(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    return set_text_if(value[0] == '\0' || fota_text_validate_apn(value) == NULL, key, settings,
                       value);
}

static gboolean
set_proxy(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    return set_text_if(value[0] == '\0' || fota_frame_is_proxy(value), key, settings, value);
}

static gboolean
set_flag(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    return fota_parse_boolean(value, &MEMBER(gboolean));
}

static gboolean
set_number(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    guint64 number;

    if (!g_ascii_string_to_unsigned(value, 10, key->min, key->max, &number, NULL))
        return FALSE;
    MEMBER(guint32) = number;
    return TRUE;
}

static gboolean
set_duration(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    guint64 seconds;

    if (!fota_parse_duration(value, &seconds) || seconds < key->min || seconds > key->max)
        return FALSE;
    MEMBER(guint32) = seconds;
    return TRUE;
}

static gboolean
set_size(const FotaConfigKey *key, FotaSettings *settings, const char *value)
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
static gboolean
set_choice(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    int choice = find_choice(key->expected, value);

    if (choice < 0)
        return FALSE;
    MEMBER(int) = choice;
    return TRUE;
}

static gboolean
set_chosen_text(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    return set_text_if(find_choice(key->expected, value) >= 0, key, settings, value);
}

static gboolean
set_windows(const FotaConfigKey *key, FotaSettings *settings, const char *value)
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

static gboolean
set_blackouts(const FotaConfigKey *key, FotaSettings *settings, const char *value)
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

static gboolean
set_version(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    return set_text_if(value[0] == '\0' || fota_text_validate_version(value) == NULL, key, settings,
                       value);
}

static gboolean
set_rungs(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    guint allowed;

    if (!fota_first_aid_parse(value, 0, &allowed))
        return FALSE;
    g_free(MEMBER(char *));
    MEMBER(char *) = g_strdup(value);
    return TRUE;
}

static gboolean
set_command(const FotaConfigKey *key, FotaSettings *settings, const char *value)
{
    g_auto(GStrv) words = NULL;

    if (value[0] != '\0' &&
        (!g_shell_parse_argv(value, NULL, &words, NULL) || !g_path_is_absolute(words[0])))
        return FALSE;
    g_strfreev(MEMBER(GStrv));
    MEMBER(GStrv) = g_steal_pointer(&words);
    return TRUE;
}
