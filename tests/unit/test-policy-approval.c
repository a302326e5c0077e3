/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/test-policy-plan.h"

#include <string.h>

#include "policy/fota-approval.h"
#include "policy/fota-policy-error.h"

static void
test_token(void)
{
    static const char *const parts[][4] = {
        {"d", "i", "f", "t"}, {"e", "i", "f", "t"},  {"d", "j", "f", "t"}, {"d", "i", "g", "t"},
        {"d", "i", "f", "u"}, {"d", "i", "f", NULL}, {"di", "", "f", "t"}, {"d", "if", "", "t"}};
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
        for (guint gate = 0; gate < FOTA_APPROVAL_N_GATES; gate++) {
            char *token =
                fota_approval_token(parts[i][0], parts[i][1], parts[i][2], parts[i][3], gate);

            g_assert_cmpuint(strlen(token), ==, 32);
            g_assert_cmpuint(strspn(token, "0123456789abcdef"), ==, 32);
            g_assert_true(g_hash_table_add(seen, token));
        }
    }
    g_assert_true(fota_approval_match_token("a", "a", NULL));
    g_assert_false(fota_approval_match_token("a", "b", &error));
    g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_STALE_TOKEN);
    g_clear_error(&error);
    g_assert_false(fota_approval_match_token(NULL, "", &error));
    g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_NOTHING_OFFERED);
}

static void
test_deferral(void)
{
    static const struct {
        FotaSeverity severity;
        guint32 period;
        gint64 deadline; /* all in seconds; first offered at 1000, now is 1100 */
        guint64 seconds;
        gint64 until; /* 0 = refused */
    } cases[] = {
        {FOTA_SEVERITY_OPTIONAL, 0, 0, 1000000, 1001100},
        {FOTA_SEVERITY_OPTIONAL, 300, 0, 200, 1300},
        {FOTA_SEVERITY_OPTIONAL, 300, 0, 201, 0},
        {FOTA_SEVERITY_OPTIONAL, 100, 0, 0, 1100},
        {FOTA_SEVERITY_OPTIONAL, 99, 0, 0, 0},
        {FOTA_SEVERITY_OPTIONAL, 0, 1200, 5000, 6100},
        {FOTA_SEVERITY_MANDATORY, 300, 0, 201, 0}, /* no deadline ends no limit */
        {FOTA_SEVERITY_MANDATORY, 0, 1200, 100, 1200},
        {FOTA_SEVERITY_MANDATORY, 0, 1200, 101, 0},
        {FOTA_SEVERITY_CRITICAL, 300, 1200, 101, 0},
        {FOTA_SEVERITY_CRITICAL, 150, 1200, 50, 1150},
        {FOTA_SEVERITY_CRITICAL, 150, 1200, 51, 0},
        {FOTA_SEVERITY_MANDATORY, 0, 1000, 0, 0},
        {FOTA_SEVERITY_OPTIONAL, 0, 0, G_MAXUINT64, 0},
        {FOTA_SEVERITY_OPTIONAL, 0, 0, G_MAXINT64, 0},
        {FOTA_SEVERITY_OPTIONAL, 300, 0, G_MAXUINT64, 0},
        {FOTA_SEVERITY_OPTIONAL, 0, 0, 200000000000, 200000001100},
        {FOTA_SEVERITY_OPTIONAL, 0, 0, 253402299699, 253402300799},
        {FOTA_SEVERITY_OPTIONAL, 0, 0, 253402299700, 0},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        FotaManifestUpdate update = {.severity = cases[i].severity,
                                     .maximum_defer_period = cases[i].period,
                                     .deadline = cases[i].deadline * G_USEC_PER_SEC};
        g_autoptr(GError) error = NULL;
        gint64 until = 0;
        gboolean good =
            fota_approval_allow_deferral(&update, 1000 * G_USEC_PER_SEC, 1100 * G_USEC_PER_SEC,
                                         cases[i].seconds, &until, &error);

        g_test_message("case %u", i);
        g_assert_cmpint(until, ==, cases[i].until * G_USEC_PER_SEC);
        if (good)
            g_assert_no_error(error);
        else
            g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_DEFER_TOO_LONG);
    }
}

/* A record may hold any time: a sum with it is never one that overflows. */
static void
test_limit_of_any_time(void)
{
    const FotaManifestUpdate update = {.maximum_defer_period = 300};
    gint64 until;

    g_assert_cmpint(fota_approval_defer_limit(&update, G_MAXINT64), ==, 0);
    g_assert_cmpint(fota_approval_defer_limit(&update, 0), ==, 300 * G_USEC_PER_SEC);
    g_assert_false(fota_approval_allow_deferral(
        &update, FOTA_APPROVAL_LATEST, 0, FOTA_APPROVAL_LATEST / G_USEC_PER_SEC + 1, &until, NULL));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/approval/token", test_token);
    g_test_add_func("/approval/deferral", test_deferral);
    g_test_add_func("/approval/limit-of-any-time", test_limit_of_any_time);
    return g_test_run();
}
