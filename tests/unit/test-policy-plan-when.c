/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/test-policy-plan.h"

#include <string.h>

/* When a plan may be carried out: all blockers but the windows. */

/* One blocker at a time: what the manifest, the configuration and the facts say, on either side of
 * the border. */
typedef struct {
    const char *name;
    const char *update; /* in front of the steps; NULL = nothing */
    void (*set)(FotaFacts *facts, FotaRules *rules);
    gboolean blocked;
} BlockerCase;

#define SET(name, ...)                                                                             \
    static void name(FotaFacts *facts, FotaRules *rules)                                           \
    {                                                                                              \
        __VA_ARGS__;                                                                               \
    }
SET(set_nothing, (void)facts)
SET(set_clock, facts->clock_is_set = FALSE)
SET(set_deferred, facts->deferred_until = facts->now + 1)
SET(set_deferral_over, facts->deferred_until = facts->now)
SET(set_inhibited, facts->inhibited = TRUE)
SET(set_busy, facts->busy = TRUE)
SET(set_pin_wanted, facts->pin_wanted = TRUE)
SET(set_unregistered, facts->registered = FALSE)
SET(set_roaming, facts->roaming = TRUE)
SET(set_roaming_ours, facts->roaming = TRUE; rules->conditions.allow_roaming = FALSE)
SET(set_not_roaming, rules->conditions.allow_roaming = FALSE)
SET(set_signal_ours, rules->conditions.minimum_signal = 51)
SET(set_signal_unknown, facts->signal = -1)
SET(set_on_battery, facts->on_mains = 0; facts->battery = 40)
SET(set_on_mains, facts->on_mains = 1; facts->battery = 1)
SET(set_battery_ours, set_on_battery(facts, rules); rules->conditions.minimum_battery = 41)
SET(set_mains_ours, set_on_battery(facts, rules); rules->conditions.mains_power = TRUE)
SET(set_space, facts->free_space = 1999)
SET(set_space_ours, facts->free_space = 1999; rules->conditions.minimum_free_space = 2000)
SET(set_space_fits, facts->free_space = 2000)
SET(set_no_space_to_fetch, facts->free_space = 2999; facts->to_fetch = 1000;
    rules->conditions.minimum_free_space = 2000)
SET(set_space_to_fetch, facts->free_space = 3000; facts->to_fetch = 1000;
    rules->conditions.minimum_free_space = 2000)
SET(set_fed_unregistered, facts->registered = FALSE; facts->delivery = FOTA_DELIVERY_HOST)
SET(set_cut_off, facts->cut_off = TRUE)
SET(set_metered, facts->metered = TRUE)
SET(set_only_route, facts->other_route = 0)
SET(set_other_route, facts->other_route = 1; rules->conditions.other_route = TRUE)
SET(set_route_ours, facts->other_route = 0; rules->conditions.other_route = TRUE)
SET(set_route_unknown, facts->other_route = -1; rules->conditions.other_route = TRUE)
SET(set_budget_fits, rules->monthly_data = 5000; facts->data_used = 3500)
SET(set_budget_short, rules->monthly_data = 5000; facts->data_used = 3501)
SET(set_budget_over, rules->monthly_data = 5000; facts->data_used = 6000)
SET(set_budget_part, set_budget_short(facts, rules); facts->delta_paid = 1)
SET(set_budget_part_short, set_budget_over(facts, rules); facts->delta_paid = 999)
SET(set_budget_whole, set_budget_over(facts, rules); facts->delta_paid = 1500)
SET(set_budget_paid, set_budget_over(facts, rules); facts->downloaded = TRUE)
SET(set_backoff, facts->attempts = 1; facts->last_attempt = facts->now - G_TIME_SPAN_HOUR + 1)
SET(set_backoff_over, facts->attempts = 1; facts->last_attempt = facts->now - G_TIME_SPAN_HOUR)

static const char *const sample[] = {"sample", NULL};
SET(set_sample, rules->groups = sample)

/* The way back: [Service] Back=, whether the host can feed the module, and keep what it fetches. */
SET(set_back_required, rules->prove_service = TRUE; rules->back = FOTA_BACK_REQUIRED;
    facts->feeds = facts->keeps = TRUE)
SET(set_back_unproven, rules->back = FOTA_BACK_REQUIRED)
SET(set_back_unfed, set_back_required(facts, rules); facts->feeds = FALSE)
SET(set_back_in_memory, set_back_required(facts, rules); facts->keeps = FALSE)
SET(set_back_used, rules->prove_service = TRUE; rules->back = FOTA_BACK_USE)
SET(set_back_cut_off, set_back_required(facts, rules); facts->back_cut_off = TRUE)
SET(set_back_late, set_back_cut_off(facts, rules); facts->uptime = 3599)
SET(set_back_never, set_back_cut_off(facts, rules); facts->uptime = 3600)
SET(set_back_failed, set_back_required(facts, rules); facts->back_missing = TRUE;
    facts->attempts = 1)
SET(set_back_failed_again, set_back_failed(facts, rules); facts->attempts = 2)
SET(set_back_failed_ours, set_back_failed(facts, rules); rules->max_attempts = 2)
SET(set_back_only_attempt, set_back_failed(facts, rules); facts->attempts = 0;
    rules->max_attempts = 1)
SET(set_back_fetched, set_back_failed_again(facts, rules); facts->back_missing = FALSE)
SET(set_back_metered, set_back_required(facts, rules); facts->back_metered = TRUE)
SET(set_back_fits, set_back_required(facts, rules); facts->free_space = facts->back_room = 1000)
SET(set_back_no_room, set_back_fits(facts, rules); facts->free_space = 999)
SET(set_back_paid, set_back_required(facts, rules); rules->monthly_data = 5000;
    facts->data_used = 4900; facts->back_to_fetch = 100)
SET(set_back_unpaid, set_back_paid(facts, rules); facts->data_used = 4901)
SET(set_back_paid_alone, set_back_paid(facts, rules); facts->downloaded = TRUE)
SET(set_back_unpaid_alone, set_back_unpaid(facts, rules); facts->downloaded = TRUE)

#define WAVE(members) "\"rollout\":{\"id\":\"r\",\"waves\":[{" members "}]},"

static const BlockerCase blocker_cases[] = {
    {"clock", NULL, set_nothing, FALSE},
    {"clock", NULL, set_clock, TRUE},
    {"deferred", NULL, set_deferred, TRUE},
    {"deferred", NULL, set_deferral_over, FALSE},
    {"deferred", "\"severity\":\"optional\",\"deadline\":\"2026-11-21T12:00:00Z\",", set_deferred,
     TRUE},
    {"deferred", "\"severity\":\"mandatory\",\"deadline\":\"2026-11-21T12:00:01Z\",", set_deferred,
     TRUE},
    {"deferred", "\"severity\":\"mandatory\",\"deadline\":\"2026-11-21T12:00:00Z\",", set_deferred,
     FALSE},
    {"deferred", "\"severity\":\"critical\",\"deadline\":\"2026-11-21T12:00:00Z\",", set_deferred,
     FALSE},
    {"inhibited", NULL, set_inhibited, TRUE},
    {"busy", NULL, set_busy, TRUE},
    {"pin", NULL, set_pin_wanted, TRUE},
    {"registration", NULL, set_unregistered, TRUE},
    {"roaming", NULL, set_roaming, FALSE},
    {"roaming", NULL, set_not_roaming, FALSE},
    {"roaming", NULL, set_roaming_ours, TRUE},
    {"roaming", "\"conditions\":{\"roaming\":false},", set_roaming, TRUE},
    {"signal", "\"conditions\":{\"minimumSignal\":50},", set_nothing, FALSE},
    {"signal", "\"conditions\":{\"minimumSignal\":51},", set_nothing, TRUE},
    {"signal", "\"conditions\":{\"minimumSignal\":1},", set_signal_unknown, FALSE},
    {"signal", NULL, set_signal_unknown, FALSE},
    {"signal", NULL, set_signal_ours, TRUE},
    {"supply", "\"conditions\":{\"mainsPower\":true},", set_on_battery, TRUE},
    {"supply", "\"conditions\":{\"mainsPower\":true},", set_on_mains, FALSE},
    {"supply", "\"conditions\":{\"mainsPower\":true},", set_nothing, FALSE},
    {"supply", "\"conditions\":{\"minimumBattery\":40},", set_on_battery, FALSE},
    {"supply", "\"conditions\":{\"minimumBattery\":41},", set_on_battery, TRUE},
    {"supply", "\"conditions\":{\"minimumBattery\":41},", set_on_mains, FALSE},
    {"supply", NULL, set_battery_ours, TRUE},
    {"supply", NULL, set_mains_ours, TRUE},
    {"free-space", "\"conditions\":{\"minimumFreeSpace\":2000},", set_space, TRUE},
    {"free-space", "\"conditions\":{\"minimumFreeSpace\":2000},", set_space_fits, FALSE},
    {"free-space", NULL, set_space_ours, TRUE},
    {"free-space", NULL, set_no_space_to_fetch, TRUE},
    {"free-space", NULL, set_space_to_fetch, FALSE},
    {"registration", NULL, set_fed_unregistered, FALSE},
    {"uplink", NULL, set_cut_off, TRUE},
    {"uplink", NULL, set_fed_unregistered, FALSE},
    {"metered", NULL, set_metered, TRUE},
    {"route", "\"conditions\":{\"otherRoute\":true},", set_nothing, FALSE},
    {"route", "\"conditions\":{\"otherRoute\":true},", set_only_route, TRUE},
    {"route", "\"conditions\":{\"otherRoute\":true},", set_other_route, FALSE},
    {"route", NULL, set_route_ours, TRUE},
    {"route", NULL, set_route_unknown, FALSE},
    {"route", NULL, set_only_route, FALSE},
    {"data-budget", NULL, set_budget_fits, FALSE},
    {"data-budget", NULL, set_budget_short, TRUE},
    {"data-budget", NULL, set_budget_over, TRUE},
    {"data-budget", NULL, set_budget_part, FALSE},
    {"data-budget", NULL, set_budget_part_short, TRUE},
    {"data-budget", NULL, set_budget_whole, FALSE},
    {"data-budget", NULL, set_budget_paid, FALSE},
    {"way-back", NULL, set_back_required, TRUE},
    {"way-back", NULL, set_back_unproven, FALSE},
    {"way-back", NULL, set_back_used, FALSE},
    {"way-back", "\"service\":{\"back\":\"required\"},", set_back_used, TRUE},
    {"backoff", NULL, set_backoff, TRUE},
    {"backoff", NULL, set_backoff_over, FALSE},
    {"rollout", "\"rollout\":{\"id\":\"r\",\"paused\":true},", set_nothing, TRUE},
    {"rollout", "\"rollout\":{\"id\":\"r\",\"percentage\":0},", set_nothing, TRUE},
    {"rollout", "\"rollout\":{\"id\":\"r\",\"percentage\":100},", set_nothing, FALSE},
    {"rollout", "\"rollout\":{\"id\":\"r\"},", set_nothing, FALSE},
    {"rollout", WAVE("\"percentage\":100,\"start\":\"2026-11-21T12:00:00Z\""), set_nothing, FALSE},
    {"rollout", WAVE("\"percentage\":100,\"start\":\"2026-11-21T12:00:01Z\""), set_nothing, TRUE},
    {"rollout", WAVE("\"percentage\":100,\"start\":\"2106-02-07T06:28:16Z\""), set_nothing, TRUE},
    {"rollout", WAVE("\"group\":[\"sample\"]"), set_nothing, TRUE},
    {"rollout", WAVE("\"group\":[\"sample\"]"), set_sample, FALSE},
    {"rollout", WAVE("\"group\":[\"sample\"],\"start\":\"2026-11-21T12:00:01Z\""), set_sample,
     TRUE},
};

static void
test_blockers(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(blocker_cases); i++) {
        const BlockerCase *c = &blocker_cases[i];
        g_autofree char *update = g_strconcat(c->update ? c->update : "", PLAN_CHAIN, NULL);
        FotaRules rules = FOTA_RULES_INIT;
        FotaFacts facts = test_plan_make_facts("A");
        g_autoptr(FotaPlan) plan = NULL;

        g_test_message("%s, case %u", c->name, i);
        facts.rules = &rules;
        c->set(&facts, &rules);
        plan = test_plan_make(update, &facts);
        g_assert_cmpint(plan->kind, ==, FOTA_PLAN_UPDATE);
        g_assert_cmpint(fota_plan_has_blocker(plan, c->name), ==, c->blocked);
        /* That one and no other. */
        g_assert_cmpuint(plan->blockers->len, ==, c->blocked ? 2 : 1);
    }
}

#define BACK                                                                                       \
    "\"steps\":[{\"fromVersion\":\"A\",\"toVersion\":\"B\",\"back\":{\"uri\":\"ftp://fw/"          \
    "b\",\"size\":9,"                                                                              \
    "\"sha256\":\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"}}]"

/* Where the next step has a way back, it is taken only if the host can keep and feed it. */
static void
test_way_back(void)
{
    static const struct {
        const char *update;
        void (*set)(FotaFacts *facts, FotaRules *rules);
        gboolean way_back;
        const char *blocker; /* NULL = none */
        const char *reason;  /* NULL = nothing is said of it */
    } cases[] = {
        {BACK, set_nothing, FALSE, NULL, NULL},
        {BACK, set_back_unproven, FALSE, NULL, NULL},
        {BACK, set_back_required, TRUE, NULL, NULL},
        {BACK, set_back_unfed, FALSE, "way-back",
         "no way back, and one is required: the host cannot hand"},
        {BACK, set_back_in_memory, FALSE, "way-back",
         "no way back, and one is required: the state directory is in memory"},
        {BACK, set_back_used, FALSE, NULL, "no way back: the host cannot hand"},
        {PLAN_CHAIN, set_back_used, FALSE, NULL, "no way back: the manifest names no delta"},
        {PLAN_CHAIN, set_back_required, FALSE, "way-back",
         "no way back, and one is required: the manifest names no delta"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        FotaRules rules = FOTA_RULES_INIT;
        FotaFacts facts = test_plan_make_facts("A");
        g_autoptr(FotaPlan) plan = NULL;
        const char *last;

        g_test_message("case %u", i);
        facts.rules = &rules;
        cases[i].set(&facts, &rules);
        plan = test_plan_make(cases[i].update, &facts);
        g_assert_cmpint(plan->way_back, ==, cases[i].way_back);
        g_assert_cmpuint(plan->blockers->len, ==, cases[i].blocker != NULL ? 2 : 1);
        g_assert_true(cases[i].blocker == NULL || fota_plan_has_blocker(plan, cases[i].blocker));
        last = plan->reasons->pdata[plan->reasons->len - 2];
        g_assert_cmpint(g_str_has_prefix(last, cases[i].reason ? cases[i].reason : "no way back"),
                        ==, cases[i].reason != NULL);
    }
}

/* What the way back takes of the gateway keeps an update waiting where it is required. Where it is
 * only used, the update waits for an uplink that may still come up, and for the attempts but the
 * last, and else goes on without. */
static void
test_way_back_waits(void)
{
    static const struct {
        void (*set)(FotaFacts *facts, FotaRules *rules);
        const char *blocker; /* where it is required, or waited for; NULL = none */
        gboolean used;       /* the way back, where it is used */
    } cases[] = {
        {set_back_late, "uplink", TRUE},     {set_back_never, "uplink", FALSE},
        {set_back_failed, NULL, TRUE},       {set_back_failed_again, NULL, FALSE},
        {set_back_failed_ours, NULL, FALSE}, {set_back_only_attempt, NULL, TRUE},
        {set_back_fetched, NULL, TRUE},      {set_back_metered, "metered", FALSE},
        {set_back_fits, NULL, TRUE},         {set_back_no_room, "free-space", FALSE},
        {set_back_paid, NULL, TRUE},         {set_back_unpaid, "data-budget", FALSE},
        {set_back_paid_alone, NULL, TRUE},   {set_back_unpaid_alone, "data-budget", FALSE},
    };

    for (guint i = 0; i < 2 * G_N_ELEMENTS(cases); i++) {
        gboolean required = i % 2 == 0;
        FotaRules rules = FOTA_RULES_INIT;
        FotaFacts facts = test_plan_make_facts("A");
        g_autoptr(FotaPlan) plan = NULL;
        const char *last;

        g_test_message("case %u, %s", i / 2, required ? "required" : "used");
        facts.rules = &rules;
        cases[i / 2].set(&facts, &rules);
        rules.back = required ? FOTA_BACK_REQUIRED : FOTA_BACK_USE;
        plan = test_plan_make(BACK, &facts);
        g_assert_cmpint(plan->way_back, ==, required || cases[i / 2].used);
        if (plan->way_back && cases[i / 2].blocker != NULL)
            g_assert_true(fota_plan_has_blocker(plan, cases[i / 2].blocker));
        else
            g_assert_cmpuint(plan->blockers->len, ==, 1);
        last = plan->reasons->pdata[plan->reasons->len - 2];
        g_assert_cmpint(g_str_has_prefix(last, "no way back: "), ==, !plan->way_back);
    }
}

/* The manifest's probe, where its server is not allowed. */
static void
test_probe(void)
{
    for (guint i = 0; i < 4; i++) {
        FotaRules rules = FOTA_RULES_INIT;
        FotaFacts facts = test_plan_make_facts("A");
        g_autoptr(FotaPlan) plan = NULL;
        const char *last;

        facts.rules = &rules;
        facts.probe_refused = (i & 1) != 0;
        rules.prove_service = (i & 2) != 0;
        plan = test_plan_make(PLAN_CHAIN, &facts);
        last = plan->reasons->pdata[plan->reasons->len - 2];
        g_assert_cmpint(strstr(last, "without update.service.probe") != NULL, ==, i == 3);
        g_assert_cmpuint(plan->blockers->len, ==, 1);
    }
}

static void
test_latest_blocker_counts(void)
{
    FotaFacts facts = test_plan_make_facts("A");
    g_autoptr(FotaPlan) plan = NULL;

    facts.deferred_until = test_plan_moment("2026-11-25T00:00:00Z");
    facts.attempts = 1;
    facts.last_attempt = facts.now;
    plan = test_plan_make(PLAN_CHAIN, &facts);
    g_assert_cmpstr(plan->blockers->pdata[0], ==, "deferred");
    g_assert_cmpstr(plan->blockers->pdata[1], ==, "backoff");
    g_assert_cmpint(plan->not_before, ==, facts.deferred_until);
}

/* A record may hold any time. */
static void
test_any_time(void)
{
    FotaFacts facts = test_plan_make_facts("A");
    FotaRules rules = FOTA_RULES_INIT;
    g_autoptr(FotaPlan) plan = NULL;

    rules.approval_timeout = G_MAXUINT32;
    rules.approve_download = FOTA_APPROVAL_REQUIRED;
    facts.rules = &rules;
    facts.attempts = 1;
    facts.last_attempt = facts.asked = facts.first_offered = G_MAXINT64;
    facts.deferred_until = FOTA_APPROVAL_LATEST;
    plan = test_plan_make(PLAN_CHAIN ",\"maximumDeferPeriod\":300", &facts);
    g_assert_true(fota_plan_has_blocker(plan, "backoff"));
    g_assert_cmpint(plan->not_before, ==, G_MAXINT64);
    g_assert_cmpint(plan->answer_by, ==, G_MAXINT64);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/blockers", test_blockers);
    g_test_add_func("/plan/way-back", test_way_back);
    g_test_add_func("/plan/way-back-waits", test_way_back_waits);
    g_test_add_func("/plan/probe", test_probe);
    g_test_add_func("/plan/latest-blocker-counts", test_latest_blocker_counts);
    g_test_add_func("/plan/any-time", test_any_time);
    return g_test_run();
}
