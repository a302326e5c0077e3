/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/test-policy-plan.h"

#include <string.h>

#include "base/fota-text.h"

/* The windows of manifest and configuration, in which a plan may be carried out. */

/* Whose shares of the beginning of a window are nothing, half, and all but nothing of it. */
#define IMEI_FIRST "353081090001258"
#define IMEI_MIDDLE "353081090015161"
#define IMEI_LAST "353081090008025"

static void
test_windows(void)
{
    static const struct {
        const char *ours;     /* the configuration's window, NULL = none */
        const char *blackout; /* NULL = none */
        const char *update;   /* the manifest's window and deadline */
        guint32 run;
        const char *not_before; /* "" = open, NULL = never */
    } cases[] = {
        {NULL, NULL, "", 0, ""},
        {NULL, NULL, "\"window\":[{\"start\":\"11:00\",\"duration\":7200,\"timezone\":\"UTC\"}],",
         3600, ""},
        {NULL, NULL, "\"window\":[{\"start\":\"11:00\",\"duration\":7200,\"timezone\":\"UTC\"}],",
         3601, "2026-11-22T11:00:00Z"},
        {NULL, NULL, "\"window\":[{\"start\":\"11:00\",\"duration\":7200,\"timezone\":\"UTC\"}],",
         7201, NULL},
        {"13:00-14:00 UTC", NULL, "", 0, "2026-11-21T13:00:00Z"},
        {"13:00-14:00 UTC", NULL,
         "\"window\":[{\"start\":\"13:30\",\"duration\":7200,\"timezone\":\"UTC\"}],", 0,
         "2026-11-21T13:30:00Z"},
        {"13:00-14:00 UTC", NULL,
         "\"window\":[{\"start\":\"13:30\",\"duration\":7200,\"timezone\":\"UTC\"}],", 3600, NULL},
        {"13:00-14:00 UTC", NULL,
         "\"window\":[{\"start\":\"15:00\",\"duration\":7200,\"timezone\":\"UTC\"}],", 0, NULL},
        {"13:00-14:00 UTC", "2026-11-21..2026-11-23", "", 0, "2026-11-24T13:00:00Z"},
        {NULL, "2026-11-21", "", 0, "2026-11-22T00:00:00Z"},
        {NULL, NULL,
         "\"severity\":\"mandatory\",\"deadline\":\"2026-11-21T12:00:00Z\","
         "\"window\":[{\"start\":\"15:00\",\"duration\":60,\"timezone\":\"UTC\"}],",
         0, ""},
        {"13:00-14:00 UTC", NULL,
         "\"severity\":\"mandatory\",\"deadline\":\"2026-11-21T12:00:00Z\","
         "\"window\":[{\"start\":\"15:00\",\"duration\":60,\"timezone\":\"UTC\"}],",
         0, "2026-11-21T13:00:00Z"},
        {NULL, NULL,
         "\"window\":[{\"start\":\"12:00\",\"duration\":60,\"timezone\":\"Mars/Olympus\"}],", 0,
         NULL},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *update = g_strconcat(cases[i].update, PLAN_CHAIN, NULL);
        FotaRules rules = FOTA_RULES_INIT;
        FotaFacts facts = test_plan_make_facts("A");
        FotaWindow window;
        FotaBlackout blackout;
        g_autoptr(FotaPlan) plan = NULL;
        const char *expected = cases[i].not_before;

        g_test_message("case %u", i);
        facts.rules = &rules;
        facts.imei = IMEI_FIRST;
        facts.run_seconds = cases[i].run;
        if (cases[i].ours) {
            g_assert_true(fota_window_parse(cases[i].ours, &window, NULL));
            rules.windows = &window;
            rules.n_windows = 1;
        }
        if (cases[i].blackout) {
            g_assert_true(fota_blackout_parse(cases[i].blackout, &blackout, NULL));
            rules.blackouts = &blackout;
            rules.n_blackouts = 1;
        }
        plan = test_plan_make(update, &facts);
        g_assert_cmpint(fota_plan_has_blocker(plan, "window"), ==, !expected || *expected);
        g_assert_cmpint(plan->not_before, ==,
                        !expected   ? G_MAXINT64
                        : *expected ? test_plan_moment(expected)
                                    : 0);
    }
}

/* The beginning of a window is shared out, as long as that costs nobody a night. */
static void
test_window_shares(void)
{
#define FROM_13 "\"window\":[{\"start\":\"13:00\",\"duration\":7200,\"timezone\":\"UTC\"}],"
#define FROM_11 "\"window\":[{\"start\":\"11:00\",\"duration\":18000,\"timezone\":\"UTC\"}],"
    static const struct {
        const char *imei;
        const char *ours; /* the configuration's window, NULL = none */
        const char *update;
        guint32 run;
        const char *not_before; /* to the second; "" = open */
        const char *reason;
    } cases[] = {
        {IMEI_FIRST, NULL, FROM_13, 0, "2026-11-21T13:00:00Z", "no window is open"},
        {IMEI_MIDDLE, NULL, FROM_13, 0, "2026-11-21T13:15:00Z", "no window is open"},
        {IMEI_LAST, NULL, FROM_13, 0, "2026-11-21T13:29:59Z", "no window is open"},
        {IMEI_LAST, NULL, FROM_13, 3600, "2026-11-21T13:14:59Z", "no window is open"},
        {IMEI_LAST, NULL, FROM_13, 7200, "2026-11-21T13:00:00Z", "no window is open"},
        /* At 12:00 it has been open for an hour, and that is what is shared out at most. */
        {IMEI_LAST, NULL, FROM_11, 0, "", NULL},
        {IMEI_FIRST, "11:59-19:00 UTC", "", 0, "", NULL},
        {IMEI_MIDDLE, "11:59-19:00 UTC", "", 0, "2026-11-21T12:29:00Z", "are spread over"},
        /* Two windows that meet for a minute do so also for the last one. */
        {IMEI_LAST, "12:30-13:01 UTC", FROM_13, 0, "2026-11-21T13:00:00Z", "no window is open"},
        {IMEI_LAST, "12:30-15:00 UTC", FROM_13, 0, "2026-11-21T13:29:59Z", "no window is open"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *update = g_strconcat(cases[i].update, PLAN_CHAIN, NULL);
        FotaRules rules = FOTA_RULES_INIT;
        FotaFacts facts = test_plan_make_facts("A");
        FotaWindow window;
        g_autoptr(FotaPlan) plan = NULL;
        g_autofree char *not_before = NULL;
        g_autofree char *text = NULL;

        g_test_message("case %u", i);
        facts.rules = &rules;
        facts.imei = cases[i].imei;
        facts.run_seconds = cases[i].run;
        if (cases[i].ours) {
            g_assert_true(fota_window_parse(cases[i].ours, &window, NULL));
            rules.windows = &window;
            rules.n_windows = 1;
        }
        plan = test_plan_make(update, &facts);
        not_before = plan->not_before ? fota_text_format_time(plan->not_before) : g_strdup("");
        text = fota_plan_to_text(plan);
        g_assert_cmpstr(not_before, ==, cases[i].not_before);
        if (cases[i].reason)
            g_assert_nonnull(strstr(text, cases[i].reason));
    }
}

/* Windows that never meet cost little, and the plan names them. Counted, since a clock would not
 * do. */
static void
test_never_meet(void)
{
#define WINDOW_AT(start, duration)                                                                 \
    ",\"window\":[{\"start\":\"" start "\",\"duration\":" duration ",\"timezone\":\"UTC\"}]"
    static const struct {
        const char *theirs, *ours, *reason;
    } cases[] = {
        {WINDOW_AT("02:00", "7200"), "12:00-14:00 UTC",
         "update.window and [Window] Allow= do not meet within 35 days for the 600 seconds"},
        {WINDOW_AT("02:00", "7200"), "12:00-14:00 Europe/Berlin",
         "update.window and [Window] Allow= do not meet"},
        {WINDOW_AT("02:00", "300"), "12:00-14:00 UTC",
         "update.window never opens for the 600 seconds that an attempt may take"},
        {"", "12:00-12:05 UTC", "[Window] Allow= never opens for the 600 seconds"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *update = g_strconcat(PLAN_CHAIN, cases[i].theirs, NULL);
        FotaFacts facts = test_plan_make_facts("A");
        FotaRules rules = FOTA_RULES_INIT;
        FotaWindow ours;
        g_autoptr(FotaPlan) plan = NULL;
        g_autofree char *reasons = NULL;

        g_assert_true(fota_window_parse(cases[i].ours, &ours, NULL));
        facts.run_seconds = 600;
        rules.windows = &ours;
        rules.n_windows = 1;
        facts.rules = &rules;
        plan = test_plan_make(update, &facts);
        reasons = g_strjoinv("\n", (char **)plan->reasons->pdata);
        g_test_message("case %u: %u openings\n%s", i, plan->window_work, reasons);
        g_assert_true(fota_plan_has_blocker(plan, "window"));
        g_assert_cmpint(plan->not_before, ==, G_MAXINT64);
        g_assert_nonnull(strstr(reasons, cases[i].reason));
        g_assert_cmpuint(plan->window_work, <=, 90);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/windows", test_windows);
    g_test_add_func("/plan/window-shares", test_window_shares);
    g_test_add_func("/plan/never-meet", test_never_meet);
    return g_test_run();
}
