/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-loop.h"
#include "policy/fota-policy-error.h"

static void
test_starts(void)
{
    g_autoptr(GError) error = NULL;

    for (guint64 starts = 0; starts < FOTA_LOOP_MAX_STARTS; starts++)
        g_assert_true(fota_loop_allow_starts(starts, &error));
    g_assert_no_error(error);
    g_assert_false(fota_loop_allow_starts(FOTA_LOOP_MAX_STARTS, &error));
    g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_UPDATE_LOOP);
    g_assert_nonnull(strstr(error->message, "journalctl"));
    g_assert_false(fota_loop_allow_starts(G_MAXUINT64, NULL));
}

static void
test_restarts(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_true(fota_loop_allow_restarts(0, 3, &error));
    g_assert_true(fota_loop_allow_restarts(3 + FOTA_LOOP_MAX_MORE_RESTARTS, 3, &error));
    g_assert_no_error(error);
    g_assert_false(fota_loop_allow_restarts(4 + FOTA_LOOP_MAX_MORE_RESTARTS, 3, &error));
    g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_UPDATE_LOOP);
    g_assert_nonnull(strstr(error->message, "14 times"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/loop/starts", test_starts);
    g_test_add_func("/loop/restarts", test_restarts);
    return g_test_run();
}
