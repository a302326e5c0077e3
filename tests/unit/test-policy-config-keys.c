/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-config-keys.h"

#include <string.h>

#define TEN "xxxxxxxxxx"
/* One more than fits into a text message. */
#define TOO_LONG TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "x"

static const struct {
    const char *group;
    const char *name;
    const char *good[6];
    const char *bad[10];
} values[] = {
    {"Manifest",
     "Uri",
     {"", "https://fota.example/{imei}", "file:///srv/m", "ftp://fw.example/a"},
     {"fota.example", "gopher://fota.example/", "https://user@fota.example/", "file://srv/m"}},
    {"Manifest", "Interval", {"1h", "1d", "30d"}, {"", "59m", "31d", "soon"}},
    {"Manifest", "Salt", {"", "a text"}, {NULL}},
    {"Manifest", "KeysDirectory", {"", "/etc/keys"}, {"keys", "./keys"}},
    {"Manifest", "RequireSignature", {"yes", "no"}, {"", "maybe"}},
    {"Manifest", "Credential", {"", "web"}, {"a/b", "/web", ".web", ".."}},
    {"Manifest", "Proxy", {"", "http://10.0.0.1:3128"}, {"10.0.0.1", "ftp://proxy.example"}},
    {"Manifest", "AllowedServers", {"", "fota.example\t *.fota.example  "}, {"a/b", "ok *"}},
    {"Manifest", "Fetch", {"host", "module"}, {"", "Host", "host or module"}},
    {"Manifest", "LegacyCsv", {"no", "signed", "unsigned"}, {"", "yes"}},
    {"Manifest", "CsvFrom", {"", "30.00.001-B026"}, {"a;b", "B026\n"}},
    {"Manifest", "Groups", {"", "sample europe", " sample  "}, {"../a", "sample a,b"}},
    {"Approval", "Download", {"auto", "required"}, {"", "ask"}},
    {"Approval", "Timeout", {"0s", "7d"}, {"", "-1d", "999999999d"}},
    {"Window",
     "Allow",
     {"", "02:00-04:00", "Mon..Fri 22:00-04:00; Sun 02:00-06:00 Europe/Berlin;"},
     {"02:00", "02:00-04:00; Someday 02:00-04:00"}},
    {"Window",
     "Blackout",
     {"", "2026-12-20..2027-01-06", "2026-12-24; 2026-12-31 ;"},
     {"Christmas", "2026-12-24; 2026-02-30"}},
    {"Conditions", "MinimumSignal", {"0", "100"}, {"", "-1", "101", "20%"}},
    {"Conditions", "MinimumFreeSpace", {"0", "20M"}, {"", "much", "-1"}},
    {"Limits", "Attempts", {"1", "10"}, {"0", "11", "x"}},
    {"Limits", "AtOnce", {"1", "24"}, {"0", "25", ""}},
    {"Delivery", "Directory", {"", "/srv/deltas"}, {"deltas", "/", "//", "/."}},
    {"Report",
     "Uri",
     {"", "https://fota.example/{imei-hmac}", "http://10.0.0.1/r"},
     {"fota.example", "file:///srv/r", "ftp://fota.example/r", "https://u:p@fota.example/"}},
    {"Service", "Prove", {"yes", "no"}, {"", "maybe"}},
    {"Service", "Time", {"10s", "10min", "1d"}, {"", "9s", "25h", "soon"}},
    {"Service",
     "Probe",
     {"", "https://fota.example/alive", "http://10.0.0.1/{imei}"},
     {"fota.example", "file:///srv/r", "ftp://fota.example/r", "https://u:p@fota.example/"}},
    {"Service", "Back", {"no", "use", "required"}, {"", "yes", "Use"}},
    {"Report", "Credential", {"", "web"}, {"a/b", ".."}},
    {"Network", "PdpType", {"IP", "IPV6", "IPV4V6"}, {"", "ip", "IPv4"}},
    {"Push", "SmsSenders", {"", "+15551234567 12345", "Fleet"}, {"*", "+1555-1234567"}},
    {"Push", "SmsKeyword", {"", "look", "look now"}, {TOO_LONG}},
    {"Network", "Apn", {"", "internet", "m2m_1.example"}, {"a b", "a\"b", "a,b", "a;b", "a\\b"}},
    {"Registration", "Apn", {"", "internet"}, {"a b"}},
    {"FirstAid", "Rungs", {"", "safe", "at-again cfun"}, {"reboot", "safe reboot"}},
    {"FirstAid",
     "PowerCycle",
     {"", "/usr/bin/cycle", "'/opt/my tool' --now"},
     {"cycle", "./cycle", "'/opt/cycle", "   "}},
    {"FirstAid", "PowerCycleTime", {"1s", "1h"}, {"0s", "2h", "", "soon"}},
    {"ModuleAsks", "Answer", {"ask", "refuse", "leave"}, {"", "accept", "Ask"}},
    {"ModuleAsks", "Start", {"yes", "no"}, {"", "ask"}},
    {"Credential",
     "Servers",
     {"", "ftp://fw.example *.fota.example", "apn://private.example fw.example"},
     {"a b/c", "*", "apn://", "apn://*.example", "apn://a/b"}},
    {"Log", "Level", {"emerg", "info", "debug"}, {"", "7", "loud"}},
};

/* What each key takes, and what it does not; an empty list of either ends with it. */
static void
test_values(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(values); i++) {
        const FotaConfigKey *key = fota_config_key_find(values[i].group, values[i].name);
        g_auto(FotaSettings) settings = FOTA_SETTINGS_INIT;

        g_assert_nonnull(key);
        for (guint j = 0; j < G_N_ELEMENTS(values[i].good) && values[i].good[j] != NULL; j++) {
            g_test_message("%s=%s", values[i].name, values[i].good[j]);
            g_assert_true(fota_config_key_set(key, &settings, values[i].good[j]));
        }
        for (guint j = 0; j < G_N_ELEMENTS(values[i].bad) && values[i].bad[j] != NULL; j++) {
            g_test_message("not %s=%s", values[i].name, values[i].bad[j]);
            g_assert_false(fota_config_key_set(key, &settings, values[i].bad[j]));
        }
    }
}

/* A value that is refused leaves the one before. */
static void
test_refused_changes_nothing(void)
{
    static const char *const cases[][4] = {
        {"Manifest", "AllowedServers", "fota.example", "a/b"},
        {"Window", "Allow", "02:00-04:00", "02:00-04:00; x"},
        {"Window", "Blackout", "2026-12-24", "2026-12-24; x"},
        {"Manifest", "Uri", "https://fota.example/", "x"},
        {"FirstAid", "Rungs", "safe", "x"},
    };
    g_auto(FotaSettings) settings = FOTA_SETTINGS_INIT;

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const FotaConfigKey *key = fota_config_key_find(cases[i][0], cases[i][1]);

        g_assert_true(fota_config_key_set(key, &settings, cases[i][2]));
        g_assert_false(fota_config_key_set(key, &settings, cases[i][3]));
    }
    g_assert_cmpstr(settings.module.allowed_servers[0], ==, "fota.example");
    g_assert_cmpuint(settings.module.rules.n_windows, ==, 1);
    g_assert_cmpuint(settings.module.rules.n_blackouts, ==, 1);
    g_assert_cmpstr(settings.module.manifest_uri, ==, "https://fota.example/");
    g_assert_cmpstr(settings.module.rungs, ==, "safe");
}

/* [Module <IMEI>] overrides what is not one for the whole daemon. */
static void
test_of_module(void)
{
    static const char *const global[] = {"KeysDirectory", "AtOnce", "Level", "PersonalInfo",
                                         "Servers"};
    g_autofree char *list = fota_config_key_list(NULL);

    for (guint i = 0; i < G_N_ELEMENTS(global); i++)
        g_assert_null(fota_config_key_find(NULL, global[i]));
    g_assert_nonnull(fota_config_key_find(NULL, "Uri"));
    g_assert_null(strstr(list, "AtOnce"));
    g_assert_true(g_str_has_prefix(list, "Uri=, "));
    g_assert_null(fota_config_key_find("Log", "Uri"));
    g_assert_true(fota_config_key_is_group("Log"));
    g_assert_false(fota_config_key_is_group("Credential")); /* it has a name behind it */
    g_assert_false(fota_config_key_is_group("Logs"));
}

/* What an error says is known is what a file may hold, once. */
static void
test_lists(void)
{
    g_autofree char *groups = fota_config_key_list_groups();
    g_autofree char *of_module = fota_config_key_list(NULL);
    g_auto(GStrv) names = g_strsplit(of_module, ", ", -1);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; fota_config_key_get(i) != NULL; i++) {
        g_test_message("%s", fota_config_key_get(i)->group);
        g_assert_nonnull(strstr(groups, fota_config_key_get(i)->group));
    }
    for (guint i = 0; names[i] != NULL; i++) {
        g_test_message("%s", names[i]);
        g_assert_true(g_hash_table_add(seen, names[i]));
    }
}

static void
test_paths(void)
{
    static const char *const cases[][4] = {
        {"Manifest", "KeysDirectory", "/etc/keys", "/etc/keys"},
        {"Manifest", "KeysDirectory", "", NULL},
        {"FirstAid", "PowerCycle", "'/opt/my tool' now", "/opt/my tool"},
        {"FirstAid", "PowerCycle", "", NULL},
        {"Manifest", "Salt", "/etc/keys", NULL},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const FotaConfigKey *key = fota_config_key_find(cases[i][0], cases[i][1]);
        g_autofree char *path = fota_config_key_get_path(key, cases[i][2]);

        g_assert_cmpstr(path, ==, cases[i][3]);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/config-keys/values", test_values);
    g_test_add_func("/config-keys/refused-changes-nothing", test_refused_changes_nothing);
    g_test_add_func("/config-keys/of-module", test_of_module);
    g_test_add_func("/config-keys/lists", test_lists);
    g_test_add_func("/config-keys/paths", test_paths);
    return g_test_run();
}
