/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>

#include "daemon/fota-error.h"
#include "daemon/fota-log.h"
#include "daemon/fota-state.h"
#include "plugins/fota-plugin.h"
#include "policy/fota-policy-error.h"

static void
test_names(void)
{
    FotaState back;

    for (FotaState state = FOTA_STATE_ABSENT; state <= FOTA_STATE_FAILED; state++) {
        g_assert_true(fota_state_from_string(fota_state_to_string(state), &back));
        g_assert_cmpint(back, ==, state);
    }
    g_assert_false(fota_state_from_string("asleep", &back));
}

/* The life of an update, and the ways out of it that must not exist. */
static void
test_order(void)
{
    static const FotaState life[] = {
        FOTA_STATE_IDLE,      FOTA_STATE_CHECKING,    FOTA_STATE_AWAITING_APPROVAL,
        FOTA_STATE_SCHEDULED, FOTA_STATE_DOWNLOADING, FOTA_STATE_AWAITING_INSTALL_APPROVAL,
        FOTA_STATE_SCHEDULED, FOTA_STATE_INSTALLING,  FOTA_STATE_VERIFYING,
        FOTA_STATE_IDLE,
    };
    static const struct {
        FotaState from, to;
    } forbidden[] = {
        {FOTA_STATE_IDLE, FOTA_STATE_DOWNLOADING},
        {FOTA_STATE_IDLE, FOTA_STATE_INSTALLING},
        {FOTA_STATE_AWAITING_APPROVAL, FOTA_STATE_DOWNLOADING},
        {FOTA_STATE_AWAITING_INSTALL_APPROVAL, FOTA_STATE_INSTALLING},
        {FOTA_STATE_INSTALLING, FOTA_STATE_IDLE},
        {FOTA_STATE_INSTALLING, FOTA_STATE_CHECKING},
        {FOTA_STATE_INSTALLING, FOTA_STATE_ABSENT},
        {FOTA_STATE_VERIFYING, FOTA_STATE_INSTALLING},
        {FOTA_STATE_FAILED, FOTA_STATE_DOWNLOADING},
    };

    for (guint i = 1; i < G_N_ELEMENTS(life); i++)
        g_assert_true(fota_state_may_follow(life[i - 1], life[i]));
    for (guint i = 0; i < G_N_ELEMENTS(forbidden); i++)
        g_assert_false(fota_state_may_follow(forbidden[i].from, forbidden[i].to));
    for (FotaState state = FOTA_STATE_ABSENT; state <= FOTA_STATE_FAILED; state++)
        g_assert_cmpint(fota_state_is_busy(state), ==,
                        state == FOTA_STATE_DOWNLOADING || state == FOTA_STATE_INSTALLING ||
                            state == FOTA_STATE_VERIFYING);
}

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

    for (int code = 0; code <= FOTA_ERROR_PIN; code++) {
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
    g_test_add_func("/state/names", test_names);
    g_test_add_func("/state/order", test_order);
    g_test_add_func("/state/error-names", test_error_names);
    g_test_add_func("/state/mask", test_mask);
    return g_test_run();
}
