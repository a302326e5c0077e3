/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-config-keys.h"

#include <string.h>

#include "policy/fota-config-setters.h"
#include "policy/fota-poll.h"
#include "policy/fota-push.h"

#define SET(name) fota_config_set_##name

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
    {"Manifest", "Uri", SET(uri), TEXT(module.manifest_uri),
     "an https, http, ftp, ftps or file address without a login" PLACEHOLDERS},
    {"Manifest", "Interval", SET(duration),
     RANGE(module.interval, FOTA_SCHEDULE_MIN_INTERVAL, FOTA_SCHEDULE_MAX_INTERVAL),
     "a duration from 1h to 30d, such as 1d"},
    {"Manifest", "Salt", SET(text), TEXT(module.salt), "a text"},
    {"Manifest", "KeysDirectory", SET(path), TEXT(keys_directory),
     "a directory, by a path that begins with /"},
    {"Manifest", "RequireSignature", SET(flag), NUMBER(module.require_signature), "yes or no"},
    {"Manifest", "Credential", SET(credential), TEXT(module.manifest_credential),
     "the name of a credential"},
    {"Manifest", "CertificateAuthority", SET(path), TEXT(module.certificate_authority),
     "a file of PEM certificates, by a path that begins with /"},
    {"Manifest", "ClientCertificate", SET(credential), TEXT(module.client_certificate),
     "the name of a credential"},
    {"Manifest", "ClientKey", SET(credential), TEXT(module.client_key), "the name of a credential"},
    {"Manifest", "Proxy", SET(proxy), TEXT(module.proxy),
     "an address such as http://10.0.0.1:3128"},
    {"Manifest", "AllowedServers", SET(words), WORDS(module.allowed_servers, fota_poll_is_server),
     "a list of servers such as fota.example *.fota.example ftp://old.example"},
    {"Manifest", "Fetch", SET(choice), NUMBER(module.fetch_by_module), "host or module"},
    {"Manifest", "LegacyCsv", SET(choice), NUMBER(module.legacy_csv), "no, signed or unsigned"},
    {"Manifest", "CsvFrom", SET(version), TEXT(module.csv_from), "a firmware version"},
    {"Manifest", "Groups", SET(words), WORDS(module.groups, fota_config_is_group),
     "a list of names such as sample europe"},
    {"Approval", "Download", SET(choice), NUMBER(module.rules.approve_download),
     "auto or required"},
    {"Approval", "Install", SET(choice), NUMBER(module.rules.approve_install), "auto or required"},
    {"Approval", "Timeout", SET(duration), RANGE(module.rules.approval_timeout, 0, G_MAXUINT32),
     "a duration such as 7d"},
    {"Window", "Allow", SET(windows), ARRAY(windows),
     "a list of windows such as Mon..Fri 22:00-04:00; Sun 02:00-06:00 Europe/Berlin"},
    {"Window", "Blackout", SET(blackouts), ARRAY(blackouts),
     "a list of days such as 2026-12-20..2027-01-06"},
    {"Conditions", "Roaming", SET(flag), NUMBER(module.rules.conditions.allow_roaming),
     "yes or no"},
    {"Conditions", "MinimumSignal", SET(number),
     RANGE(module.rules.conditions.minimum_signal, 0, 100), "a percentage from 0 to 100"},
    {"Conditions", "MainsPower", SET(flag), NUMBER(module.rules.conditions.mains_power),
     "yes or no"},
    {"Conditions", "MinimumBattery", SET(number),
     RANGE(module.rules.conditions.minimum_battery, 0, 100), "a percentage from 0 to 100"},
    {"Conditions", "MinimumFreeSpace", SET(size),
     NUMBER(module.rules.conditions.minimum_free_space), "a size such as 20M"},
    {"Conditions", "OtherRoute", SET(flag), NUMBER(module.rules.conditions.other_route),
     "yes or no"},
    {"Limits", "Attempts", SET(number), RANGE(module.rules.max_attempts, 1, 10),
     "a number from 1 to 10"},
    {"Limits", "AllowDowngrade", SET(flag), NUMBER(module.rules.allow_downgrade), "yes or no"},
    {"Limits", "MonthlyData", SET(size), NUMBER(module.rules.monthly_data), "a size such as 5M"},
    {"Limits", "AtOnce", SET(number), RANGE(at_once, 1, 24), "a number from 1 to 24"},
    {"Delivery", "By", SET(choice), NUMBER(module.delivery), "auto, host or module"},
    {"Delivery", "CacheSize", SET(size), NUMBER(cache_size), "a size such as 64M"},
    {"Delivery", "Metered", SET(choice), NUMBER(module.defer_metered), "allow or defer"},
    {"Delivery", "Directory", SET(directory), TEXT(module.delta_directory),
     "a directory, by a path that begins with / and goes on"},
    {"Access", "At", SET(choice), NUMBER(module.access), "auto, modemmanager or port"},
    {"Network", "Apn", SET(apn), TEXT(module.apn),
     "an access point name, 1 to 100 of A-Z a-z 0-9 . - _"},
    {"Network", "PdpType", SET(chosen_text), TEXT(module.pdp_type), "IP, IPV6 or IPV4V6"},
    {"Network", "Credential", SET(credential), TEXT(module.network_credential),
     "the name of a credential"},
    {"Network", "PinCredential", SET(credential), TEXT(module.pin_credential),
     "the name of a credential"},
    {"Network", "Authentication", SET(chosen_text), TEXT(module.authentication),
     "none, pap or chap"},
    {"Push", "SmsSenders", SET(words), WORDS(module.sms_senders, fota_push_is_sender),
     "a list of senders such as +15551234567 12345 Fleet"},
    {"Push", "SmsKeyword", SET(keyword), TEXT(module.sms_keyword), "a text of at most 160 bytes"},
    {"ModuleAsks", "Answer", SET(choice), NUMBER(module.module_asks), "ask, refuse or leave"},
    {"ModuleAsks", "Start", SET(flag), NUMBER(module.module_starts), "yes or no"},
    {"Registration", "Uri", SET(web_uri), TEXT(module.registration_uri),
     "an https or http address without a login" PLACEHOLDERS},
    {"Registration", "Credential", SET(credential), TEXT(module.registration_credential),
     "the name of a credential"},
    {"Registration", "Distributor", SET(text), TEXT(module.distributor), "a name"},
    {"Registration", "Subdistributor", SET(text), TEXT(module.subdistributor), "a name"},
    {"Registration", "Apn", SET(apn), TEXT(module.registration_apn),
     "an access point name, 1 to 100 of A-Z a-z 0-9 . - _"},
    {"FirstAid", "Rungs", SET(rungs), TEXT(module.rungs),
     "a list of safe, at-again, other-port, cfun, modemmanager-reset, command"},
    {"FirstAid", "PowerCycle", SET(command), COMMAND(module.power_cycle),
     "a command that begins with an absolute path"},
    {"FirstAid", "PowerCycleTime", SET(duration), RANGE(module.power_cycle_seconds, 1, 3600),
     "a duration from 1s to 1h"},
    {"FirstAid", "ResetAfterInstall", SET(flag), NUMBER(module.reset_after_install), "yes or no"},
    {"Service", "Prove", SET(flag), NUMBER(module.rules.prove_service), "yes or no"},
    {"Service", "Time", SET(duration), RANGE(module.rules.service_time, 10, 86400),
     "a duration from 10s to 1d"},
    {"Service", "Probe", SET(web_uri), TEXT(module.service_probe),
     "an https or http address without a login" PLACEHOLDERS},
    {"Service", "Back", SET(choice), NUMBER(module.rules.back), "no, use or required"},
    {"Report", "Uri", SET(web_uri), TEXT(module.report_uri),
     "an https or http address without a login" PLACEHOLDERS},
    {"Report", "Credential", SET(credential), TEXT(module.report_credential),
     "the name of a credential"},
    {"Credential", "Servers", SET(words), WORDS(servers, fota_config_is_receiver),
     "a list of servers such as ftp://fw.example *.fota.example"},
    {"Log", "Level", SET(choice), NUMBER(log_level),
     "emerg, alert, crit, err, warning, notice, info or debug"},
    {"Log", "PersonalInfo", SET(flag), NUMBER(personal_info), "yes or no"},
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

    if (key->set == SET(path) && value[0] != '\0')
        return g_strdup(value);
    if (key->set == SET(command) && g_shell_parse_argv(value, NULL, &words, NULL))
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
