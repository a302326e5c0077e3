/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>

#include "daemon/fota-error.h"
#include "daemon/fota-log.h"
#include "plugins/fota-plugin.h"
#include "policy/fota-policy-error.h"

static void
assert_name(GQuark domain, int code, const char *name)
{
    g_autoptr(GError) error = g_error_new_literal(domain, code, "x");

    g_assert_cmpstr(fota_error_get_name(error), ==, name);
}

/* Each error has a name of its own: users and scripts tell them apart by it. */
static void
test_error_names(void)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

    for (int code = 0; code <= FOTA_ERROR_PIN_REQUIRED; code++) {
        g_autoptr(GError) error = g_error_new_literal(FOTA_ERROR, code, "x");

        g_assert_nonnull(fota_error_get_name(error));
        g_assert_true(g_hash_table_add(seen, (gpointer)fota_error_get_name(error)));
    }
    for (int code = 0; code <= FOTA_MODULE_ERROR_BAD_ARGUMENT; code++) {
        g_autoptr(GError) error = g_error_new_literal(FOTA_MODULE_ERROR, code, "x");

        g_assert_nonnull(fota_error_get_name(error));
        g_assert_true(g_hash_table_add(seen, (gpointer)fota_error_get_name(error)));
    }
    assert_name(FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_STALE_TOKEN, "StaleToken");
    assert_name(FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_OLD_VERSION, "OldVersion");
    assert_name(G_IO_ERROR, G_IO_ERROR_CANCELLED, "Cancelled");
    assert_name(G_FILE_ERROR, G_FILE_ERROR_NOENT, "Failed");
}

static void
test_needs_person(void)
{
    static const struct {
        GQuark (*domain)(void);
        int code;
        gboolean needs;
    } cases[] = {
        {fota_policy_error_quark, FOTA_POLICY_ERROR_BAD_CONFIGURATION, TRUE},
        {fota_policy_error_quark, FOTA_POLICY_ERROR_BAD_KEY, TRUE},
        {fota_error_quark, FOTA_ERROR_BAD_PLUGIN, TRUE},
        {fota_error_quark, FOTA_ERROR_RECORD_NOT_WRITABLE, FALSE}, /* a disk may come later */
        {g_io_error_quark, G_IO_ERROR_FAILED, FALSE},              /* and so may the bus */
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = g_error_new_literal(cases[i].domain(), cases[i].code, "x");

        g_test_message("%s", fota_error_get_name(error));
        g_assert_cmpint(fota_error_needs_person(error), ==, cases[i].needs);
    }
}

static void
test_mask(void)
{
    g_autofree char *masked = fota_log_mask("353081090012345");
    g_autofree char *whole = NULL;

    g_assert_cmpstr(masked, ==, "35308109…45");
    fota_log_set_personal_info(TRUE);
    whole = fota_log_mask("353081090012345");
    g_assert_cmpstr(whole, ==, "353081090012345");
    fota_log_set_personal_info(FALSE);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/error/names", test_error_names);
    g_test_add_func("/error/needs-person", test_needs_person);
    g_test_add_func("/error/mask", test_mask);
    return g_test_run();
}
