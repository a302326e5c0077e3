/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-credential-rule.h"
#include "policy/fota-policy-error.h"

#include <string.h>
#include <sys/stat.h>

#define SELF 990

static void
test_file(void)
{
    static const struct {
        guint32 mode;
        guint32 owner;
        gboolean good;
    } cases[] = {
        {S_IFREG | 0600, SELF, TRUE},  {S_IFREG | 0400, SELF, TRUE},
        {S_IFREG | 0000, SELF, TRUE},  {S_IFREG | 0700, SELF, TRUE},
        {S_IFREG | 0600, 0, TRUE},     {S_IFREG | 0440, 0, TRUE},
        {S_IFREG | 0440, SELF, TRUE},  {S_IFREG | 0600, 1000, FALSE},
        {S_IFREG | 0640, SELF, FALSE}, {S_IFREG | 0460, 0, FALSE},
        {S_IFREG | 0444, 0, FALSE},    {S_IFREG | 0450, 0, FALSE},
        {S_IFREG | 0604, SELF, FALSE}, {S_IFREG | 0601, SELF, FALSE},
        {S_IFREG | 0602, SELF, FALSE}, {S_IFREG | 0610, SELF, FALSE},
        {S_IFREG | 04600, SELF, TRUE}, {S_IFDIR | 0600, SELF, FALSE},
        {S_IFIFO | 0600, SELF, FALSE}, {S_IFSOCK | 0600, SELF, FALSE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        if ((fota_credential_judge_file(cases[i].mode, cases[i].owner, SELF) == NULL) !=
            cases[i].good)
            g_error("mode %o of %u", cases[i].mode, cases[i].owner);
}

static void
test_text(void)
{
    static const struct {
        const char *text;
        const char *line; /* NULL = refused */
    } cases[] = {
        {"fota:secret", "fota:secret"},
        {"fota:secret\n", "fota:secret"},
        {"token with blanks \n", "token with blanks "},
        {"pässwörd", "pässwörd"},
        {"", NULL},
        {"\n", NULL},
        {"a\n\n", NULL},
        {"a\nb", NULL},
        {"a\r\n", NULL},
        {"a\tb", NULL},
        {"a\x7f", NULL},
        {"\x01"
         "a",
         NULL},
    };
    g_autofree char *longest = g_strnfill(FOTA_CREDENTIAL_MAX_BYTES + 1, 'x');
    const char *fault = NULL;
    g_autofree char *fits = fota_credential_read_text(longest, FOTA_CREDENTIAL_MAX_BYTES, &fault);

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *line = NULL;

        fault = NULL;
        line = fota_credential_read_text(cases[i].text, strlen(cases[i].text), &fault);
        g_assert_cmpstr(line, ==, cases[i].line);
        g_assert_true((line != NULL) == (fault == NULL));
    }
    g_assert_cmpuint(strlen(fits), ==, FOTA_CREDENTIAL_MAX_BYTES);
    g_assert_null(fota_credential_read_text(longest, FOTA_CREDENTIAL_MAX_BYTES + 1, &fault));
    g_assert_null(fota_credential_read_text("a\0b", 3, &fault));
}

static void
test_split(void)
{
    g_autofree char *user = NULL, *password = NULL;

    g_assert_true(fota_credential_split("fleet:with:colons", &user, &password));
    g_assert_cmpstr(user, ==, "fleet");
    g_assert_cmpstr(password, ==, "with:colons");
    g_assert_false(fota_credential_split("token", &user, &password));
    g_assert_false(fota_credential_split(":password", &user, &password));
}

static void
test_use(void)
{
    static const char *const bound[] = {"ftp://fw.example", "*.fota.example", NULL};
    static const struct {
        const char *uri, *credential;
        const char *const *servers;
        const char *named_uri, *named_credential;
        gboolean good;
    } cases[] = {
        {"ftp://fw.example/a", NULL, NULL, NULL, NULL, TRUE}, /* nothing is sent */
        {NULL, "fw", NULL, NULL, NULL, TRUE},
        {"ftp://fw.example/a", "fw", NULL, NULL, NULL, FALSE},
        {"ftp://fw.example/a", "fw", bound, NULL, NULL, TRUE},
        {"ftp://FW.example:2121/a", "fw", bound, NULL, NULL, TRUE},
        {"http://fw.example/a", "fw", bound, NULL, NULL, FALSE},
        {"ftp://evil.example/a", "fw", bound, NULL, NULL, FALSE},
        {"ftp://203.0.113.66:21/a", "fw", bound, NULL, NULL, FALSE},
        {"https://a.fota.example/a", "fw", bound, NULL, NULL, TRUE},
        {"https://a.fota.example.evil/a", "fw", bound, NULL, NULL, FALSE},
        /* What [Manifest] or [Report] names, for the server of its Uri= alone. */
        {"ftp://fw.example/a", "fw", NULL, "ftp://fw.example/{imei}/x.csv", "fw", TRUE},
        {"ftp://fw.example/a", "fw", NULL, "ftp://fw.example/{imei}/x.csv", NULL, FALSE},
        {"ftp://fw.example/a", "fw", NULL, "ftp://fw.example/{imei}/x.csv", "web", FALSE},
        {"ftp://fw.example:2121/a", "fw", NULL, "ftp://fw.example/{imei}/x.csv", "fw", FALSE},
        {"http://fw.example/a", "fw", NULL, "https://fw.example/x", "fw", FALSE},
        {"https://fw.example/a", "fw", NULL, "", "fw", FALSE},
        {"https://fw.example/a", "fw", NULL, "file:///x", "fw", FALSE},
        {"fw.example", "fw", NULL, "ftp://fw.example/x", "fw", FALSE},
        {"ftp://fw.example/a", "fw", NULL, "fw.example", "fw", FALSE},
        {"ftp:a", "fw", NULL, "ftp://fw.example/x", "fw", FALSE},
        {"https://fw.example{x}.evil.example/", "fw", NULL, "https://fw.example/x", "fw", FALSE},
        {"https://r.example/a", "fw", NULL, "https://r.example/{imei}", "fw", TRUE},
        {"https://r.example/a", "fw", NULL, "https://r.example/{imei}", "web", FALSE},
        {"ftp://fw.example/a", "fw", NULL, "ftp:x", "fw", FALSE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const FotaServer to = {cases[i].uri, cases[i].credential};
        const FotaServer named = {cases[i].named_uri, cases[i].named_credential};
        const FotaCredentialUse use = {.servers = cases[i].servers, .named = named};
        const FotaCredentialUse report = {.servers = cases[i].servers, .report = named};
        const FotaCredentialUse registration = {.servers = cases[i].servers, .registration = named};
        g_autoptr(GError) error = NULL;

        g_test_message("case %u", i);
        g_assert_cmpint(fota_credential_allow_use(&to, &use, &error), ==, cases[i].good);
        g_assert_cmpint(fota_credential_allow_use(&to, &report, NULL), ==, cases[i].good);
        g_assert_cmpint(fota_credential_allow_use(&to, &registration, NULL), ==, cases[i].good);
        if (cases[i].good)
            continue;
        g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_CREDENTIAL_NOT_BOUND);
        g_assert_nonnull(strstr(error->message, "[Credential fw] with Servers="));
    }
}

static FotaCredentialUse
use_first(const char *name, gpointer user_data)
{
    static const char *const servers[] = {"ftp://a.example", NULL};

    return (FotaCredentialUse){.servers = g_str_equal(name, "a") ? servers : NULL};
}

/* Each step, not the first alone, and its way back; a file needs no login. */
static void
test_manifest(void)
{
    FotaManifest manifest = {.update.n_steps = 2};
    g_autoptr(GError) error = NULL;

    manifest.update.steps[0].delta = (FotaDelta){.uri = {"ftp://a.example/1"}, .credential = "a"};
    manifest.update.steps[1].delta = (FotaDelta){.uri = {"ftp://b.example/2"}};
    g_assert_true(fota_credential_allow_manifest(&manifest, use_first, NULL, &error));
    manifest.update.steps[1].delta.credential = "a";
    g_assert_false(fota_credential_allow_manifest(&manifest, use_first, NULL, &error));
    g_assert_nonnull(strstr(error->message, "Servers=ftp://b.example"));
    g_clear_error(&error);
    manifest.update.steps[1].delta.credential = NULL;
    manifest.update.steps[0].delta.uri[0] = "ftp://b.example/1";
    g_assert_false(fota_credential_allow_manifest(&manifest, use_first, NULL, &error));
    g_clear_error(&error);
    manifest.update.steps[0].delta.uri[0] = "file:///media/1";
    g_assert_true(fota_credential_allow_manifest(&manifest, use_first, NULL, &error));
    manifest.update.steps[1].back = (FotaDelta){.uri = {"ftp://c.example/2"}, .credential = "a"};
    g_assert_false(fota_credential_allow_manifest(&manifest, use_first, NULL, &error));
    g_assert_nonnull(strstr(error->message, "Servers=ftp://c.example"));
}

static FotaCredentialUse
use_network(const char *name, gpointer user_data)
{
    static const char *const servers[] = {"apn://other", "https://web", NULL};

    return (FotaCredentialUse){
        .servers = g_str_equal(name, "bound") ? servers : NULL,
        .network = {g_str_equal(name, "elsewhere") ? NULL : "private", "own", NULL},
    };
}

static void
test_provision(void)
{
    static const struct {
        FotaProvision provision;
        gboolean is_signed;
        int code; /* -1 = it may */
    } cases[] = {
        {{NULL, NULL, NULL}, FALSE, -1},
        {{"internet", NULL, "none"}, TRUE, -1},
        {{"internet", NULL, "none"}, FALSE, FOTA_POLICY_ERROR_MANIFEST_UNSIGNED},
        {{"private", "own", "chap"}, FALSE, FOTA_POLICY_ERROR_MANIFEST_UNSIGNED},
        {{"private", "own", "chap"}, TRUE, -1},
        {{"Private", "own", NULL}, TRUE, -1},
        {{"evil", "own", NULL}, TRUE, FOTA_POLICY_ERROR_CREDENTIAL_NOT_BOUND},
        {{"private", "server", NULL}, TRUE, FOTA_POLICY_ERROR_CREDENTIAL_NOT_BOUND},
        {{"other", "bound", NULL}, TRUE, -1},
        {{"web", "bound", NULL}, TRUE, FOTA_POLICY_ERROR_CREDENTIAL_NOT_BOUND},
        {{"private", "bound", NULL}, TRUE, FOTA_POLICY_ERROR_CREDENTIAL_NOT_BOUND},
        {{"private", "elsewhere", NULL}, TRUE, FOTA_POLICY_ERROR_CREDENTIAL_NOT_BOUND},
    };
    static const char *const signers[] = {"E7620F1842B4E81F", NULL};

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const FotaManifest manifest = {.provision = cases[i].provision,
                                       .signers = cases[i].is_signed ? signers : NULL};
        g_autoptr(GError) error = NULL;

        g_test_message("case %u", i);
        g_assert_cmpint(fota_credential_allow_manifest(&manifest, use_network, NULL, &error), ==,
                        cases[i].code < 0);
        if (cases[i].code >= 0)
            g_assert_error(error, FOTA_POLICY_ERROR, cases[i].code);
        if (cases[i].code == FOTA_POLICY_ERROR_CREDENTIAL_NOT_BOUND)
            g_assert_nonnull(strstr(error->message, "Servers=apn://"));
    }
}

static void
test_exposed(void)
{
    static const struct {
        FotaServer to;
        gboolean exposed;
    } cases[] = {
        {{"ftp://h/a", "fw"}, TRUE},  {{"HTTP://h/a", "fw"}, TRUE},   {{"ftps://h/a", "fw"}, FALSE},
        {{"ftp://h/a", NULL}, FALSE}, {{"https://h/a", "fw"}, FALSE}, {{NULL, "fw"}, FALSE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpint(fota_credential_is_exposed(&cases[i].to), ==, cases[i].exposed);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/credential/file", test_file);
    g_test_add_func("/credential/text", test_text);
    g_test_add_func("/credential/split", test_split);
    g_test_add_func("/credential/use", test_use);
    g_test_add_func("/credential/manifest", test_manifest);
    g_test_add_func("/credential/provision", test_provision);
    g_test_add_func("/credential/exposed", test_exposed);
    return g_test_run();
}
