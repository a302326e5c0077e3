/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>
#include <string.h>

#include "tests/unit/test-huawei.h"

static void
test_rehearsal(void)
{
    static const FakeExchange script[] = {ASKED, {OFFER}, {DECLINE}, {STATE("10")}, END};
    FotaSession *session = test_huawei_session(HUAWEI_MODELS, script, FALSE);
    FotaUpdate rehearsal = test_huawei_update;
    g_autoptr(GError) error = NULL;

    rehearsal.rehearsal = TRUE;
    g_assert_cmpint(fake_plugin_download(session, &rehearsal, &error), ==, FOTA_RESULT_DONE);
    fake_session_finish(session);
}

static void
test_any_version(void)
{
    static const FakeExchange script[] = {BEGUN, {SAYS("40")}, END};
    FotaSession *session = test_huawei_session(HUAWEI_MODELS, script, FALSE);
    FotaUpdate any = test_huawei_update;
    g_autoptr(GError) error = NULL;

    any.to = NULL;
    g_assert_cmpint(fake_plugin_download(session, &any, &error), ==, FOTA_RESULT_DONE);
    fake_session_finish(session);
}

static void
test_other_size(void)
{
    static const FakeExchange script[] = {ASKED, {OFFER}, {DECLINE}, {STATE("10")}, END};
    FotaSession *session = test_huawei_session(HUAWEI_MODELS, script, FALSE);
    FotaUpdate small = test_huawei_update;
    g_autoptr(GError) error = NULL;

    small.size = 1000;
    g_assert_cmpint(fake_plugin_download(session, &small, &error), ==, FOTA_RESULT_FAILED_FOR_GOOD);
    g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_UNEXPECTED_VERSION);
    fake_session_finish(session);
}

/* [Network] to ^FOTACFG. What is NULL here is refused before it reaches the module. */
static void
test_network(void)
{
    static const struct {
        const char *apn, *user, *password, *authentication, *command;
    } table[] = {
        {"1234", NULL, NULL, NULL, "AT^FOTACFG=\"1234\",\"\",\"\",2"},
        {"1234", NULL, NULL, "none", "AT^FOTACFG=\"1234\",\"\",\"\",0"},
        {"m2m", "me", "secret", "pap", "AT^FOTACFG=\"m2m\",\"me\",\"secret\",1"},
        {"m2m", "me", "secret", "chap", "AT^FOTACFG=\"m2m\",\"me\",\"secret\",2"},
        {NULL, "me", "secret", "chap", ""},
        {"x\",\"\",\"\",2;^FWUP;^X=\"", NULL, NULL, NULL, NULL},
        {"x;^FWUP", NULL, NULL, NULL, NULL},
        {"x\r\nAT^FWUP", NULL, NULL, NULL, NULL},
        {"m2m", "a\"b", "secret", NULL, NULL},
        {"m2m", "me", "sec,ret", NULL, NULL},
    };

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        FakeExchange script[] = {{table[i].command, ""}, {MODE}, {STATE("10")}, {DETECT},
                                 {STATE("14")},          END};
        gboolean none = table[i].command != NULL && table[i].command[0] == '\0';
        FotaSession *session = test_huawei_session(HUAWEI_MODELS, none ? script + 1 : script, TRUE);
        g_auto(FotaVendorOffer) offer = {0};
        g_autoptr(GError) error = NULL;

        fake_session_set_network(session, "Apn", table[i].apn);
        fake_session_set_network(session, "User", table[i].user);
        fake_session_set_network(session, "Password", table[i].password);
        fake_session_set_network(session, "Authentication", table[i].authentication);
        if (table[i].command != NULL) {
            g_assert_cmpint(fake_plugin_ask(session, &offer, &error), ==, FOTA_RESULT_DONE);
        } else {
            g_assert_cmpint(fake_plugin_ask(session, &offer, &error), ==,
                            FOTA_RESULT_FAILED_FOR_GOOD);
            g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_BAD_ARGUMENT);
            g_assert_null(strstr(error->message, "sec"));
        }
        fake_session_finish(session);
    }
}

/* Every module of the list in Huawei's guide is claimed. */
static void
test_guide_models(void)
{
    static const char *const models[] = {"MU509", "MU509-b", "MU509-g", "MU509-c", "MU609"};

    for (guint i = 0; i < G_N_ELEMENTS(models); i++) {
        const FotaClaim *claim = fota_plugin.claims;

        while (claim->methods != NULL && !g_pattern_match_simple(claim->model, models[i]))
            claim++;
        g_assert_nonnull(claim->methods);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/huawei/rehearsal", test_rehearsal);
    g_test_add_func("/huawei/any-version", test_any_version);
    g_test_add_func("/huawei/other-size", test_other_size);
    g_test_add_func("/huawei/network", test_network);
    g_test_add_func("/huawei/guide-models", test_guide_models);
    return g_test_run();
}
