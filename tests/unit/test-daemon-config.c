/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <string.h>

#include "daemon/fota-config-file.h"
#include "policy/fota-config-keys.h"
#include "daemon/fota-error.h"
#include "base/fota-units.h"
#include "policy/fota-policy-error.h"

#define IMEI "353081090012345"

typedef struct {
    char *directory;
    char *file;
} Fixture;

static void
fixture_set_up(Fixture *fixture, gconstpointer data)
{
    fixture->directory = g_dir_make_tmp("fotad-test-XXXXXX", NULL);
    fixture->file = g_build_filename(fixture->directory, "fotad.conf", NULL);
}

static void
fixture_tear_down(Fixture *fixture, gconstpointer data)
{
    g_autofree char *drop_ins = g_strconcat(fixture->file, ".d", NULL);
    g_autoptr(GDir) dir = g_dir_open(drop_ins, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(drop_ins, name, NULL);

        g_unlink(path);
    }
    g_rmdir(drop_ins);
    g_unlink(fixture->file);
    g_rmdir(fixture->directory);
    g_free(fixture->file);
    g_free(fixture->directory);
}

static void
write_drop_in(Fixture *fixture, const char *name, const char *text)
{
    g_autofree char *directory = g_strconcat(fixture->file, ".d", NULL);
    g_autofree char *path = g_build_filename(directory, name, NULL);

    g_mkdir(directory, 0700);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static FotaConfig *
load(Fixture *fixture, const char *text)
{
    g_autoptr(GError) error = NULL;
    FotaConfig *config;

    g_assert_true(g_file_set_contents(fixture->file, text, -1, NULL));
    config = fota_config_load(fixture->file, &error);
    g_assert_no_error(error);
    return config;
}

static void
test_defaults(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaConfig) config = fota_config_load(fixture->file, &error);
    g_autofree char *keys = g_build_filename(fixture->directory, "keys.d", NULL);
    const FotaModuleConfig *module;

    g_assert_no_error(error);
    module = fota_config_for_module(config, IMEI);
    g_assert_null(module->manifest_uri);
    g_assert_cmpuint(module->interval, ==, 86400);
    g_assert_true(module->require_signature);
    g_assert_cmpint(module->rules.approve_download, ==, FOTA_APPROVAL_REQUIRED);
    g_assert_cmpint(module->rules.approve_install, ==, FOTA_APPROVAL_AUTO);
    g_assert_cmpint(module->access, ==, FOTA_ACCESS_AUTO);
    g_assert_cmpstr(fota_config_get_keys_directory(config), ==, keys);
    g_assert_cmpint(fota_config_get_log_level(config), ==, LOG_INFO);
}

static void
test_values(Fixture *fixture, gconstpointer data)
{
    g_autoptr(FotaConfig) config = load(
        fixture,
        "[Manifest]\nUri=https://a.example/{imei}.signed\nInterval=2h 30min\n"
        "RequireSignature=no\nCredential=web\n"
        "AllowedServers=b.example *.c.example\nGroups=sample  europe\n"
        "[Approval]\nDownload=auto\nInstall=required\nTimeout=7d\n"
        "[Window]\nAllow=Sun 02:00-04:00; Mon..Fri 22:00-23:00\n"
        "[Conditions]\nRoaming=no\nMinimumSignal=20\nMainsPower=yes\n"
        "MinimumBattery=30\nMinimumFreeSpace=1M\nOtherRoute=yes\n"
        "[Limits]\nAttempts=2\nMonthlyData=5M\n[Access]\nAt=port\n[Network]\nApn=vzw\nPdpType=IP\n"
        "[Log]\nLevel=debug\nPersonalInfo=yes\n");
    const FotaModuleConfig *module = fota_config_for_module(config, IMEI);

    g_assert_cmpstr(module->manifest_uri, ==, "https://a.example/{imei}.signed");
    g_assert_cmpuint(module->interval, ==, 9000);
    g_assert_false(module->require_signature);
    g_assert_cmpstr(module->manifest_credential, ==, "web");
    g_assert_cmpint(module->rules.approve_download, ==, FOTA_APPROVAL_AUTO);
    g_assert_cmpint(module->rules.approve_install, ==, FOTA_APPROVAL_REQUIRED);
    g_assert_cmpuint(module->rules.approval_timeout, ==, 604800);
    g_assert_cmpuint(module->rules.n_windows, ==, 2);
    g_assert_cmpuint(module->rules.windows[0].duration, ==, 7200);
    g_assert_false(module->rules.conditions.allow_roaming);
    g_assert_cmpuint(module->rules.conditions.minimum_signal, ==, 20);
    g_assert_cmpuint(g_strv_length(module->allowed_servers), ==, 2);
    g_assert_cmpstr(module->allowed_servers[1], ==, "*.c.example");
    g_assert_cmpuint(g_strv_length((GStrv)module->rules.groups), ==, 2);
    g_assert_cmpstr(module->rules.groups[1], ==, "europe");
    g_assert_true(module->rules.conditions.mains_power);
    g_assert_cmpuint(module->rules.conditions.minimum_battery, ==, 30);
    g_assert_cmpuint(module->rules.conditions.minimum_free_space, ==, 1048576);
    g_assert_true(module->rules.conditions.other_route);
    g_assert_cmpuint(module->rules.max_attempts, ==, 2);
    g_assert_cmpuint(module->rules.monthly_data, ==, 5242880);
    g_assert_cmpint(module->access, ==, FOTA_ACCESS_PORT);
    g_assert_cmpstr(module->apn, ==, "vzw");
    g_assert_cmpstr(module->pdp_type, ==, "IP");
    g_assert_cmpint(fota_config_get_log_level(config), ==, 7);
    g_assert_true(fota_config_get_personal_info(config));
}

static void
test_module_overrides(Fixture *fixture, gconstpointer data)
{
    g_autoptr(FotaConfig) config =
        load(fixture, "[Module " IMEI "]\nApn=special\nInstall=required\nAllow=Sun 02:00-04:00\n"
                      "[Network]\nApn=common\n");
    const FotaModuleConfig *module = fota_config_for_module(config, IMEI);
    const FotaModuleConfig *other = fota_config_for_module(config, "353081090099999");

    g_assert_cmpstr(module->apn, ==, "special");
    g_assert_cmpint(module->rules.approve_install, ==, FOTA_APPROVAL_REQUIRED);
    g_assert_cmpuint(module->rules.n_windows, ==, 1);
    g_assert_cmpstr(other->apn, ==, "common");
    g_assert_cmpint(other->rules.approve_install, ==, FOTA_APPROVAL_AUTO);
    g_assert_cmpuint(other->rules.n_windows, ==, 0);
}

static void
test_drop_ins(Fixture *fixture, gconstpointer data)
{
    g_autoptr(FotaConfig) config = NULL;

    write_drop_in(fixture, "20-later.conf", "[Network]\nApn=later\n");
    write_drop_in(fixture, "10-earlier.conf", "[Network]\nApn=earlier\nPdpType=IPV6\n");
    write_drop_in(fixture, "30-ignored.conf.bak", "[Nonsense]\n");
    config = load(fixture, "[Network]\nApn=first\n");
    g_assert_cmpstr(fota_config_for_module(config, IMEI)->apn, ==, "later");
    g_assert_cmpstr(fota_config_for_module(config, IMEI)->pdp_type, ==, "IPV6");
}

static const struct {
    const char *text;
    const char *message; /* what must stand in the error */
} refusals[] = {
    {"[Manifest]\nUri=https://a/\nIntervall=1d\n", "fotad.conf:3: unknown key Intervall="},
    {"# comment\n[Manifests]\n", "fotad.conf:2: unknown group [Manifests]; known: Manifest, "},
    {"[Manifest]\nInterval=soon\n", "fotad.conf:2: Interval=soon in [Manifest] is not a durat"},
    {"[Manifest]\nInterval=59min\n", "Interval=59min"},
    {"[Manifest]\nInterval=31d\n", "Interval=31d"},
    {"[Manifest]\nUri=https://a\\m/{imei}\n", "fotad.conf:2: "},
    {"[Manifest]\nUri=gopher://a/\n", "is not an https, http, ftp"},
    {"[Manifest]\nUri=https://{imei}.a/\n", "is not an https, http, ftp"},
    {"[Manifest]\nUri=https://fleet:pass@a/\n", "Uri=... in [Manifest] is not an https"},
    {"[Manifest]\nAllowedServers=a.example evil.example/path\n", "a list of servers"},
    {"[Manifest]\nProxy=proxy.example:3128\n", "an address such as http://10.0.0.1:3128"},
    {"[Manifest]\nProxy=http://fleet:pass@a:3128\n", "Proxy=... in [Manifest] is not"},
    {"[Manifest]\nClientCertificate=/etc/gateway.pem\n", "the name of a credential"},
    {"[Manifest]\nClientKey=gateway/key\n", "the name of a credential"},
    {"[Manifest]\nFetch=server\n", "host or module"},
    {"[Manifest]\nLegacyCsv=yes\n", "no, signed or unsigned"},
    {"[Manifest]\nCsvFrom=a;b\n", "a firmware version"},
    {"[Manifest]\nGroups=sample two;three\n", "a list of names"},
    {"[Conditions]\nMinimumFreeSpace=much\n", "a size such as 20M"},
    {"[Limits]\nMonthlyData=-1\n", "a size such as 5M"},
    {"[Manifest]\nCredential=../../etc/shadow\n", "the name of a credential"},
    {"[Approval]\n\nDownload=maybe\n", "fotad.conf:3: Download=maybe"},
    {"[Conditions]\nMinimumSignal=101\n", "a percentage from 0 to 100"},
    {"[Limits]\nAttempts=0\n", "a number from 1 to 10"},
    {"[Access]\nAt=telepathy\n", "auto, modemmanager or port"},
    {"[Window]\nAllow=Someday 02:00-04:00\n", "a list of windows"},
    {"[Module 123]\nApn=x\n", "unknown group [Module 123]"},
    {"[Module " IMEI "]\nLevel=debug\n", "unknown key Level="},
    {"[Module " IMEI "]\nAttempts=99\n", "a number from 1 to 10"},
    {"[Manifest]\nCertificateAuthority=ca.pem\n", "fotad.conf:2: CertificateAuthority=ca.pem"},
    {"[Manifest]\nKeysDirectory=keys.d\n", "by a path that begins with /"},
    {"[Module " IMEI "]\nCertificateAuthority=./ca.pem\n", "by a path that begins with /"},
    {"[FirstAid]\nPowerCycle=cycle now\n", "begins with an absolute path"},
    {"[Manifest]\nCertificateAuthority=/dev/null\n", "fotad.conf:2: CertificateAuthority=/dev/n"},
    {"[Manifest]\nUri=https://a/{imei-hmac}\n", "fotad.conf:2: a Uri= or Probe= has {imei-hm"},
    {"[Manifest]\n[Report]\nUri=https://a/{imei-hmac}\n", "fotad.conf:3: "},
    {"[Registration]\nUri=https://a/{imei-hmac}\n", "Salt= must be set"},
    {"[Service]\nProbe=https://a/{imei-hmac}\n", "Salt= must be set"},
    {"[Manifest]\nUri=https://a/{IMEI}\n", "no placeholders but {imei}"},
    {"[Push]\nSmsKeyword=look\n", "fotad.conf:2: SmsSenders= and SmsKeyword= in [Push]"},
    {"[Push]\nSmsSenders=+15551234567\n", "only together"},
    {"[Push]\nSmsSenders=+15551234567\nSmsKeyword=look\n[Module " IMEI "]\nSmsKeyword=\n",
     "only together"},
    {"[Manifest]\nClientKey=key\n", "fotad.conf:2: ClientKey= in [Manifest]"},
    {"[Manifest]\nClientCertificate=c\nClientKey=k\n[Module " IMEI "]\nClientCertificate=\n",
     "only with ClientCertificate="},
    {"[Push]\nSmsSenders=*\n", "is not a list of senders"},
    {"[Manifest]\nSalt=x\nUri=https://a/{imei-hmac}\n[Module " IMEI "]\nSalt=\n",
     "fotad.conf:3: a Uri= or Probe= has {imei-hmac}"},
    {"[Manifest]\nSalt=x\nUri=https://a/{imei-hmac}\n[Module " IMEI "]\nSalt=\n",
     "also for [Module " IMEI "]"},
    {"[Manifest]\nInterval=1d\nInterval=soon\n",
     "fotad.conf:3: Interval=soon"}, /* the last counts */
    {"[Manifest]\nInterval=1d\n[Log]\n[Manifest]\nInterval=soon\n", "fotad.conf:5: "},
    {"[Manifest]\nIntervall=1d\nIntervall=1d\n", "fotad.conf:3: "},
    {"[Manifests]\n[Manifests]\n", "fotad.conf:1: "},
    {"nonsense\n", "fotad.conf:1: "},
    {"Uri=https://a/\n[Manifest]\n", "fotad.conf:1: "},
    {"# comment\n\n[Manifest]\nUri=https://a/\nnonsense\nInterval=1d\n", "fotad.conf:5: "},
    {"[Manifest]\nnonsense", "fotad.conf:2: "},
    {"[Network]\nApn=inter/net\n", "1 to 100 of A-Z a-z 0-9 . - _"},
    {"[Registration]\nApn=internet!\n", "fotad.conf:2: Apn=internet! in [Registration]"},
};

static void
test_refusals(Fixture *fixture, gconstpointer data)
{
    for (guint i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_true(g_file_set_contents(fixture->file, refusals[i].text, -1, NULL));
        g_assert_null(fota_config_load(fixture->file, &error));
        g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_CONFIGURATION);
        if (strstr(error->message, refusals[i].message) == NULL)
            g_error("\"%s\" does not say \"%s\"", error->message, refusals[i].message);
    }
}

/* units/fotad.conf as it would be read with every comment sign before a key taken away. */
static GKeyFile *
load_documentation(void)
{
    g_autoptr(GKeyFile) documented = g_key_file_new();
    g_autoptr(GRegex) commented = g_regex_new("^#(?=[A-Z][A-Za-z]*=)", G_REGEX_MULTILINE, 0, NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL, *bare = NULL;

    g_assert_true(g_file_get_contents(FOTAD_CONF, &text, NULL, NULL));
    bare = g_regex_replace_literal(commented, text, -1, 0, "", 0, NULL);
    g_assert_true(
        g_key_file_load_from_data(documented, bare, strlen(bare), G_KEY_FILE_NONE, &error));
    g_assert_no_error(error);
    return g_steal_pointer(&documented);
}

static void
test_every_key_is_documented(void)
{
    g_autoptr(GKeyFile) documented = load_documentation();

    for (guint i = 0; fota_config_key_get(i) != NULL; i++) {
        const FotaConfigKey *key = fota_config_key_get(i);

        if (g_str_equal(key->group, "Credential")) /* of a name */
            g_assert_true(g_key_file_has_key(documented, "Credential fw", key->name, NULL));
        else if (!g_key_file_has_key(documented, key->group, key->name, NULL))
            g_error("[%s] %s= is missing in units/fotad.conf", key->group, key->name);
    }
}

static void
test_every_documented_key_exists(void)
{
    g_autoptr(GKeyFile) documented = load_documentation();
    g_auto(GStrv) groups = g_key_file_get_groups(documented, NULL);

    for (guint i = 0; groups[i] != NULL; i++) {
        g_auto(GStrv) names = g_key_file_get_keys(documented, groups[i], NULL, NULL);

        for (guint j = 0; names[j] != NULL; j++) {
            g_autofree char *value = g_key_file_get_string(documented, groups[i], names[j], NULL);
            gboolean named = g_str_has_prefix(groups[i], "Credential ");
            const FotaConfigKey *key =
                fota_config_key_find(named ? "Credential" : groups[i], names[j]);
            g_auto(FotaSettings) settings = FOTA_SETTINGS_INIT;

            if (key == NULL)
                g_error("units/fotad.conf: there is no key [%s] %s=", groups[i], names[j]);
            /* The values shown are the defaults; nothing after the sign is "unset". */
            if (value[0] != '\0' && !fota_config_key_set(key, &settings, value))
                g_error("units/fotad.conf: [%s] %s=%s is refused", groups[i], names[j], value);
        }
    }
}

static void
test_units(void)
{
    static const struct {
        const char *text;
        gboolean valid;
        guint64 value;
    } durations[] = {
        {"90", TRUE, 90},
        {"90s", TRUE, 90},
        {"2min", TRUE, 120},
        {"1h", TRUE, 3600},
        {"1d 4h", TRUE, 100800},
        {"1w2d", TRUE, 777600},
        {" 5 s ", TRUE, 5},
        {"", FALSE, 0},
        {"-1", FALSE, 0},
        {"1x", FALSE, 0},
        {"d", FALSE, 0},
        {"1.5h", FALSE, 0},
        {"18446744073709551615w", FALSE, 0},
    };
    static const struct {
        const char *text;
        gboolean valid;
        guint64 value;
    } sizes[] = {
        {"0", TRUE, 0},           {"64K", TRUE, 65536}, {"20M", TRUE, 20971520},
        {"1G", TRUE, 1073741824}, {"1k", FALSE, 0},     {"M", FALSE, 0},
    };

    for (guint i = 0; i < G_N_ELEMENTS(durations); i++) {
        guint64 value = 0;

        g_assert_cmpint(fota_parse_duration(durations[i].text, &value), ==, durations[i].valid);
        if (durations[i].valid)
            g_assert_cmpuint(value, ==, durations[i].value);
    }
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        guint64 value = 0;

        g_assert_cmpint(fota_parse_size(sizes[i].text, &value), ==, sizes[i].valid);
        if (sizes[i].valid)
            g_assert_cmpuint(value, ==, sizes[i].value);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(path, function)                                                                        \
    g_test_add(path, Fixture, NULL, fixture_set_up, function, fixture_tear_down)
    ADD("/config/defaults", test_defaults);
    ADD("/config/values", test_values);
    ADD("/config/module-overrides", test_module_overrides);
    ADD("/config/drop-ins", test_drop_ins);
    ADD("/config/refusals", test_refusals);
    g_test_add_func("/config/every-key-is-documented", test_every_key_is_documented);
    g_test_add_func("/config/every-documented-key-exists", test_every_documented_key_exists);
    g_test_add_func("/config/units", test_units);
    return g_test_run();
}
