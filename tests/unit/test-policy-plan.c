/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-plan.h"
#include "policy/fota-policy-error.h"
#include "policy/fota-text.h"

#include <json-glib/json-glib.h>
#include <string.h>

#define IMEI "353081090012345"
/* Whose shares of the beginning of a window are nothing, half, and all but nothing of it. */
#define IMEI_FIRST "353081090001258"
#define IMEI_MIDDLE "353081090015161"
#define IMEI_LAST "353081090008025"
#define CHAIN                                                                                      \
    "\"steps\":[{\"fromVersion\":\"A\",\"toVersion\":\"B\",\"delta\":{\"uri\":\"ftp://fw/a\","     \
    "\"size\":1000}},{\"fromVersion\":\"B\",\"toVersion\":\"C\",\"delta\":{\"uri\":\"ftp://fw/"    \
    "b\","                                                                                         \
    "\"size\":500}}]"

static gint64
moment(const char *text)
{
    gint64 time;

    g_assert_true(fota_text_parse_time(text, &time));
    return time;
}

/* A manifest whose update has the id "u" and the members in @update. */
static FotaManifest *
make_manifest(const char *update)
{
    g_autofree char *text = g_strdup_printf(
        "{\"manifestVersion\":1,\"sequenceNumber\":7,"
        "\"issued\":\"2026-11-21T04:00:00Z\",\"useBefore\":\"2026-12-21T00:00:00Z\","
        "\"target\":{\"model\":[\"M\"]},\"update\":%s%s%s}",
        update ? "{\"id\":\"u\"," : "{", update ? update : "", "}");
    g_autoptr(GBytes) payload = g_bytes_new(text, strlen(text));
    g_autoptr(GError) error = NULL;
    FotaManifest *manifest = fota_manifest_parse(payload, &error);

    g_assert_no_error(error);
    return manifest;
}

static FotaFacts
make_facts(const char *revision)
{
    FotaFacts facts = FOTA_FACTS_INIT;

    facts.imei = IMEI;
    facts.manufacturer = "Telit";
    facts.model = "M";
    facts.revision = revision;
    facts.now = moment("2026-11-21T12:00:00Z"); /* a Saturday */
    facts.registered = TRUE;
    facts.signal = 50;
    return facts;
}

static FotaPlan *
make_plan(const char *update, const FotaFacts *facts)
{
    g_autoptr(FotaManifest) manifest = make_manifest(update);

    return fota_plan_make(manifest, facts);
}

static void
test_position(void)
{
    static const struct {
        const char *update;
        const char *revision;
        FotaPlanKind kind;
        guint n_steps;
        guint64 size;
        const char *to;
    } cases[] = {
        {NULL, "A", FOTA_PLAN_NOTHING_FOR_YOU, 0, 0, NULL},
        {CHAIN, "A", FOTA_PLAN_UPDATE, 2, 1500, "C"},
        {CHAIN, "B", FOTA_PLAN_UPDATE, 1, 500, "C"},
        {CHAIN, "C", FOTA_PLAN_UP_TO_DATE, 0, 0, NULL},
        {CHAIN, "X", FOTA_PLAN_NO_PATH, 0, 0, NULL},
        {CHAIN, "a", FOTA_PLAN_NO_PATH, 0, 0, NULL},
        {CHAIN, "A ", FOTA_PLAN_NO_PATH, 0, 0, NULL},
        {CHAIN, "", FOTA_PLAN_NO_PATH, 0, 0, NULL},
        {"\"toVersion\":\"B\"", "B", FOTA_PLAN_UP_TO_DATE, 0, 0, NULL},
        {"\"steps\":[{\"fromVersion\":\"B\",\"toVersion\":\"C\"},"
         "{\"fromVersion\":\"A\",\"toVersion\":\"C\"}]",
         "A", FOTA_PLAN_UPDATE, 1, 0, "C"},
        {"\"steps\":[{\"fromVersion\":\"B\",\"toVersion\":\"C\"},{\"fromVersion\":\"A\","
         "\"toVersion\":\"B\",\"delta\":{\"uri\":\"ftp://fw/a\",\"size\":9}}]",
         "A", FOTA_PLAN_UPDATE, 2, 0, "C"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        FotaFacts facts = make_facts(cases[i].revision);
        g_autoptr(FotaPlan) plan = make_plan(cases[i].update, &facts);

        g_test_message("case %u", i);
        g_assert_cmpint(plan->kind, ==, cases[i].kind);
        g_assert_cmpuint(plan->n_steps, ==, cases[i].n_steps);
        g_assert_cmpuint(plan->size, ==, cases[i].size);
        g_assert_cmpstr(plan->to, ==, cases[i].to);
        g_assert_cmpstr(plan->from, ==, cases[i].revision);
        if (plan->n_steps > 0)
            g_assert_cmpstr(plan->steps[0].from_version, ==, cases[i].revision);
        g_assert_cmpuint(plan->blockers->len, ==, 1);
        g_assert_cmpuint(plan->reasons->len, >, 1);
        g_assert_cmpint(plan->not_before, ==, 0);
        g_assert_true((plan->gates[0].token != NULL) == (plan->kind == FOTA_PLAN_UPDATE));
    }
}

static void
test_vendor(void)
{
    static const struct {
        const char *update;
        const char *vendor_version;
        FotaPlanKind kind;
        const char *to;
    } cases[] = {
        {"\"severity\":\"optional\"", NULL, FOTA_PLAN_ASK_VENDOR, NULL},
        {"\"severity\":\"optional\"", "", FOTA_PLAN_UP_TO_DATE, NULL},
        {"\"severity\":\"optional\"", "B", FOTA_PLAN_UPDATE, "B"},
        {"\"toVersion\":\"B\"", NULL, FOTA_PLAN_ASK_VENDOR, NULL},
        {"\"toVersion\":\"B\"", "B", FOTA_PLAN_UPDATE, "B"},
        {"\"toVersion\":\"B\"", "C", FOTA_PLAN_NO_PATH, NULL},
        {"\"toVersion\":\"A\"", NULL, FOTA_PLAN_UP_TO_DATE, NULL},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        FotaFacts facts = make_facts("A");
        g_autoptr(FotaPlan) plan = NULL;

        g_test_message("case %u", i);
        facts.vendor_version = cases[i].vendor_version;
        facts.vendor_size = 700;
        facts.inhibited = TRUE;
        plan = make_plan(cases[i].update, &facts);
        g_assert_cmpint(plan->kind, ==, cases[i].kind);
        g_assert_cmpstr(plan->to, ==, cases[i].to);
        g_assert_cmpuint(plan->size, ==, plan->kind == FOTA_PLAN_UPDATE ? 700 : 0);
        /* To ask it means an outage too: what blocks an update blocks this. */
        g_assert_cmpint(fota_plan_has_blocker(plan, "inhibited"), ==,
                        plan->kind == FOTA_PLAN_UPDATE || plan->kind == FOTA_PLAN_ASK_VENDOR);
    }
}

static void
test_gates(void)
{
    static const char *const words[] = {"auto", "required"};

    for (guint i = 0; i < 16; i++) {
        guint manifest_download = i & 1, manifest_install = i >> 1 & 1;
        guint rules_download = i >> 2 & 1, rules_install = i >> 3 & 1;
        g_autofree char *update =
            g_strdup_printf("\"approval\":{\"download\":\"%s\",\"install\":\"%s\"}," CHAIN,
                            words[manifest_download], words[manifest_install]);
        FotaRules rules = FOTA_RULES_INIT;
        FotaFacts facts = make_facts("A");
        g_autoptr(FotaPlan) plan = NULL;

        rules.approve_download = rules_download;
        rules.approve_install = rules_install;
        facts.rules = &rules;
        plan = make_plan(update, &facts);
        g_assert_cmpuint(plan->gates[FOTA_APPROVAL_GATE_DOWNLOAD].wanted, ==,
                         manifest_download | rules_download);
        g_assert_cmpuint(plan->gates[FOTA_APPROVAL_GATE_INSTALL].wanted, ==,
                         manifest_install | rules_install);
    }
}

static void
test_approved(void)
{
    FotaFacts facts = make_facts("A");
    g_autoptr(FotaPlan) offer = make_plan(CHAIN, &facts);
    g_autoptr(FotaPlan) approved = NULL, under_way = NULL, other = NULL, other_gate = NULL;
    const char *download = offer->gates[FOTA_APPROVAL_GATE_DOWNLOAD].token;

    g_assert_false(offer->gates[FOTA_APPROVAL_GATE_DOWNLOAD].approved);
    g_assert_cmpstr(download, !=, offer->gates[FOTA_APPROVAL_GATE_INSTALL].token);
    facts.approved[FOTA_APPROVAL_GATE_DOWNLOAD] = download;
    approved = make_plan(CHAIN, &facts);
    g_assert_true(approved->gates[FOTA_APPROVAL_GATE_DOWNLOAD].approved);
    g_assert_false(approved->gates[FOTA_APPROVAL_GATE_INSTALL].approved);
    /* Half way along the chain the approval for all of it still holds ... */
    facts.revision = "B";
    facts.chain_from = "A";
    under_way = make_plan(CHAIN, &facts);
    g_assert_true(under_way->gates[FOTA_APPROVAL_GATE_DOWNLOAD].approved);
    /* ... but not for another chain that meets it there, nor at the other gate. */
    facts.chain_from = NULL;
    other = make_plan(CHAIN, &facts);
    g_assert_false(other->gates[FOTA_APPROVAL_GATE_DOWNLOAD].approved);
    facts = make_facts("A");
    facts.approved[FOTA_APPROVAL_GATE_INSTALL] = download;
    other_gate = make_plan(CHAIN, &facts);
    g_assert_false(other_gate->gates[FOTA_APPROVAL_GATE_INSTALL].approved);
}

static void
test_past(void)
{
    FotaRules rules = FOTA_RULES_INIT;
    FotaFacts facts = make_facts("A");
    g_autoptr(FotaPlan) offer = make_plan(CHAIN, &facts);

    facts.rules = &rules;
    for (guint attempts = 2; attempts <= 3; attempts++) {
        g_autoptr(FotaPlan) plan = NULL;

        facts.attempts = attempts;
        plan = make_plan(CHAIN, &facts);
        g_assert_cmpint(plan->kind, ==,
                        attempts < 3 ? FOTA_PLAN_UPDATE : FOTA_PLAN_FAILED_FOR_GOOD);
    }
    for (guint most = 2; most <= 3; most++) {
        g_autoptr(FotaPlan) plan = NULL;

        facts.attempts = 2;
        rules.max_attempts = most;
        plan = make_plan(CHAIN, &facts);
        g_assert_cmpint(plan->kind, ==, most == 3 ? FOTA_PLAN_UPDATE : FOTA_PLAN_FAILED_FOR_GOOD);
    }
    facts.attempts = 0;
    for (guint gate = 0; gate < FOTA_APPROVAL_N_GATES; gate++) {
        g_autoptr(FotaPlan) plan = NULL;
        g_autoptr(FotaPlan) other = NULL;

        facts.rejected = offer->gates[gate].token;
        plan = make_plan(CHAIN, &facts);
        g_assert_cmpint(plan->kind, ==, FOTA_PLAN_REJECTED);
        /* Another manifest is another offer. */
        other = make_plan("\"title\":\"x\"," CHAIN, &facts);
        g_assert_cmpint(other->kind, ==, FOTA_PLAN_UPDATE);
    }
}

static void
test_downgrade(void)
{
    /* Somebody's word for it, or what the module itself comes from. */
    static const char *const lefts[][3] = {{NULL}, {"X", NULL}, {"X", "B", NULL}, {"C", NULL}};

    for (guint i = 0; i < 16; i++) {
        gboolean said = i & 1, allowed = i >> 1 & 1, back = i >= 8;
        FotaRules rules = FOTA_RULES_INIT;
        FotaFacts facts = make_facts("A");
        g_autoptr(FotaPlan) plan = NULL;

        rules.allow_downgrade = allowed;
        facts.rules = &rules;
        facts.left = i < 4 ? NULL : lefts[i / 4];
        plan = make_plan(said ? "\"downgrade\":true," CHAIN : CHAIN, &facts);
        g_test_message("case %u", i);
        g_assert_cmpint(plan->kind, ==,
                        said   ? (allowed ? FOTA_PLAN_UPDATE : FOTA_PLAN_DOWNGRADE_REFUSED)
                        : back ? FOTA_PLAN_DOWNGRADE_REFUSED
                               : FOTA_PLAN_UPDATE);
    }
}

static void
test_unanswered(void)
{
    static const struct {
        FotaApproval wanted;
        gint64 waited;
        gboolean asked;
        gboolean asked_otherwise; /* with another token: about another offer, or another gate */
        FotaPlanKind kind;
        gint64 left; /* seconds for the answer, G_MAXINT64 = for ever */
    } cases[] = {
        {FOTA_APPROVAL_REQUIRED, 99, TRUE, FALSE, FOTA_PLAN_UPDATE, 1},
        {FOTA_APPROVAL_REQUIRED, 100, TRUE, FALSE, FOTA_PLAN_UNANSWERED, 0},
        {FOTA_APPROVAL_REQUIRED, 100, TRUE, TRUE, FOTA_PLAN_UPDATE, G_MAXINT64},
        {FOTA_APPROVAL_REQUIRED, 100, FALSE, FALSE, FOTA_PLAN_UPDATE, G_MAXINT64},
        {FOTA_APPROVAL_AUTO, 100, TRUE, FALSE, FOTA_PLAN_UPDATE, G_MAXINT64},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        FotaRules rules = FOTA_RULES_INIT;
        FotaFacts facts = make_facts("A");
        g_autoptr(FotaPlan) plan = NULL;

        rules.approval_timeout = 100;
        rules.approve_download = cases[i].wanted;
        facts.rules = &rules;
        facts.asked = cases[i].asked ? facts.now - cases[i].waited * G_USEC_PER_SEC : 0;
        facts.asked_token = cases[i].asked_otherwise ? "another token" : NULL;
        plan = make_plan(CHAIN, &facts);
        g_assert_cmpint(plan->kind, ==, cases[i].kind);
        if (cases[i].left == G_MAXINT64)
            g_assert_cmpint(plan->answer_by, ==, 0);
        else
            g_assert_cmpint(plan->answer_by, ==, facts.now + cases[i].left * G_USEC_PER_SEC);
    }
}

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
SET(set_only_route, facts->other_route = 0)
SET(set_other_route, facts->other_route = 1; rules->conditions.other_route = TRUE)
SET(set_route_ours, rules->conditions.other_route = TRUE)
SET(set_budget_fits, rules->monthly_data = 5000; facts->data_used = 3500)
SET(set_budget_short, rules->monthly_data = 5000; facts->data_used = 3501)
SET(set_budget_over, rules->monthly_data = 5000; facts->data_used = 6000)
SET(set_budget_paid, set_budget_over(facts, rules); facts->downloaded = TRUE)
SET(set_backoff, facts->attempts = 1; facts->last_attempt = facts->now - G_TIME_SPAN_HOUR + 1)
SET(set_backoff_over, facts->attempts = 1; facts->last_attempt = facts->now - G_TIME_SPAN_HOUR)

static const char *const sample[] = {"sample", NULL};
SET(set_sample, rules->groups = sample)

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
    {"signal", "\"conditions\":{\"minimumSignal\":1},", set_signal_unknown, TRUE},
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
    {"route", "\"conditions\":{\"otherRoute\":true},", set_nothing, TRUE},
    {"route", "\"conditions\":{\"otherRoute\":true},", set_only_route, TRUE},
    {"route", "\"conditions\":{\"otherRoute\":true},", set_other_route, FALSE},
    {"route", NULL, set_route_ours, TRUE},
    {"route", NULL, set_only_route, FALSE},
    {"data-budget", NULL, set_budget_fits, FALSE},
    {"data-budget", NULL, set_budget_short, TRUE},
    {"data-budget", NULL, set_budget_over, TRUE},
    {"data-budget", NULL, set_budget_paid, FALSE},
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
        g_autofree char *update = g_strconcat(c->update ? c->update : "", CHAIN, NULL);
        FotaRules rules = FOTA_RULES_INIT;
        FotaFacts facts = make_facts("A");
        g_autoptr(FotaPlan) plan = NULL;

        g_test_message("%s, case %u", c->name, i);
        facts.rules = &rules;
        c->set(&facts, &rules);
        plan = make_plan(update, &facts);
        g_assert_cmpint(plan->kind, ==, FOTA_PLAN_UPDATE);
        g_assert_cmpint(fota_plan_has_blocker(plan, c->name), ==, c->blocked);
        /* That one and no other. */
        g_assert_cmpuint(plan->blockers->len, ==, c->blocked ? 2 : 1);
    }
}

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
        g_autofree char *update = g_strconcat(cases[i].update, CHAIN, NULL);
        FotaRules rules = FOTA_RULES_INIT;
        FotaFacts facts = make_facts("A");
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
        plan = make_plan(update, &facts);
        g_assert_cmpint(fota_plan_has_blocker(plan, "window"), ==, !expected || *expected);
        g_assert_cmpint(plan->not_before, ==,
                        !expected   ? G_MAXINT64
                        : *expected ? moment(expected)
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
        {IMEI_MIDDLE, "11:59-19:00 UTC", "", 0, "2026-11-21T12:29:00Z", "is shared out"},
        /* Two windows that meet for a minute do so also for the last one. */
        {IMEI_LAST, "12:30-13:01 UTC", FROM_13, 0, "2026-11-21T13:00:00Z", "no window is open"},
        {IMEI_LAST, "12:30-15:00 UTC", FROM_13, 0, "2026-11-21T13:29:59Z", "no window is open"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *update = g_strconcat(cases[i].update, CHAIN, NULL);
        FotaRules rules = FOTA_RULES_INIT;
        FotaFacts facts = make_facts("A");
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
        plan = make_plan(update, &facts);
        not_before = plan->not_before ? fota_text_format_time(plan->not_before) : g_strdup("");
        text = fota_plan_to_text(plan);
        g_assert_cmpstr(not_before, ==, cases[i].not_before);
        if (cases[i].reason)
            g_assert_nonnull(strstr(text, cases[i].reason));
    }
}

static void
test_latest_blocker_counts(void)
{
    FotaFacts facts = make_facts("A");
    g_autoptr(FotaPlan) plan = NULL;

    facts.deferred_until = moment("2026-11-25T00:00:00Z");
    facts.attempts = 1;
    facts.last_attempt = facts.now;
    plan = make_plan(CHAIN, &facts);
    g_assert_cmpstr(plan->blockers->pdata[0], ==, "deferred");
    g_assert_cmpstr(plan->blockers->pdata[1], ==, "backoff");
    g_assert_cmpint(plan->not_before, ==, facts.deferred_until);
}

static void
test_json(void)
{
    FotaFacts facts = make_facts("A");
    g_autoptr(FotaPlan) plan = NULL;
    g_autofree char *text = NULL, *again = NULL;
    g_autoptr(JsonNode) node = NULL;
    JsonObject *object;

    facts.registered = FALSE;
    facts.first_offered = facts.now;
    plan = make_plan("\"approval\":{\"download\":\"required\"},\"maximumDeferPeriod\":60," CHAIN,
                     &facts);
    text = fota_plan_to_json(plan);
    again = fota_plan_to_json(plan);
    g_assert_cmpstr(text, ==, again);
    node = json_from_string(text, NULL);
    object = json_node_get_object(node);
    g_assert_cmpstr(json_object_get_string_member(object, "kind"), ==, "update");
    g_assert_cmpstr(json_object_get_string_member(object, "id"), ==, "u");
    g_assert_cmpstr(json_object_get_string_member(object, "from"), ==, "A");
    g_assert_cmpstr(json_object_get_string_member(object, "to"), ==, "C");
    g_assert_cmpint(json_object_get_int_member(object, "size"), ==, 1500);
    g_assert_cmpuint(json_array_get_length(json_object_get_array_member(object, "steps")), ==, 2);
    g_assert_cmpstr(
        json_array_get_string_element(json_object_get_array_member(object, "blockers"), 0), ==,
        "registration");
    g_assert_cmpstr(json_object_get_string_member(json_object_get_object_member(object, "approval"),
                                                  "download"),
                    ==, "required");
    g_assert_cmpstr(json_object_get_string_member(object, "deferUntilAtMost"), ==,
                    "2026-11-21T12:01:00Z");
    /* The token is for those who may approve. */
    g_assert_null(strstr(text, plan->gates[0].token));
}

static void
test_json_of_little(void)
{
    static const char update[] = "\"rollout\":{\"id\":\"r\",\"paused\":true}";
    static const char *const absent[] = {"size", "notBefore", "deadline", "deferUntilAtMost"};
    FotaFacts facts = make_facts("A");
    g_autoptr(FotaPlan) offer = NULL;
    g_autoptr(FotaPlan) plan = NULL;
    g_autofree char *text = NULL;
    g_autoptr(JsonNode) node = NULL;
    JsonObject *object, *approval;

    facts.vendor_version = "B";
    offer = make_plan(update, &facts);
    /* The vendor's server decides, one approval is given, and the roll-out never comes. */
    facts.approved[FOTA_APPROVAL_GATE_INSTALL] = offer->gates[FOTA_APPROVAL_GATE_INSTALL].token;
    plan = make_plan(update, &facts);
    g_assert_cmpint(plan->not_before, ==, G_MAXINT64);
    text = fota_plan_to_json(plan);
    node = json_from_string(text, NULL);
    object = json_node_get_object(node);
    for (guint i = 0; i < G_N_ELEMENTS(absent); i++)
        g_assert_false(json_object_has_member(object, absent[i]));
    approval = json_object_get_object_member(object, "approval");
    g_assert_cmpstr(json_object_get_string_member(approval, "download"), ==, "auto");
    g_assert_cmpstr(json_object_get_string_member(approval, "install"), ==, "given");
}

static void
test_text(void)
{
    static const struct {
        const char *update;
        const char *revision;
        gboolean registered;
        const char *start;
    } cases[] = {
        {CHAIN, "A", TRUE, "update (u): it can start now\n  - the module runs A; 2 steps to C\n"},
        {CHAIN, "B", TRUE, "update (u): it can start now\n  - the module runs B; 1 step to C\n"},
        {CHAIN, "A", FALSE, "update (u): it waits\n"},
        {"\"approval\":{\"download\":\"required\"}," CHAIN, "A", TRUE,
         "update (u): it waits for approval\n"},
        {"\"approval\":{\"install\":\"required\"}," CHAIN, "A", TRUE,
         "update (u): it can be downloaded now\n"},
        {CHAIN, "C", TRUE, "up-to-date (u): nothing will be done\n"},
        {CHAIN, "X", TRUE,
         "no-path (u): nothing will be done\n  - no path from X: no step has exactly this "
         "fromVersion\n"},
        {NULL, "A", TRUE, "nothing-for-you: nothing will be done\n"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        FotaFacts facts = make_facts(cases[i].revision);
        g_autoptr(FotaPlan) plan = NULL;
        g_autofree char *text = NULL;

        facts.registered = cases[i].registered;
        plan = make_plan(cases[i].update, &facts);
        text = fota_plan_to_text(plan);
        if (!g_str_has_prefix(text, cases[i].start))
            g_error("expected \"%s\", got \"%s\"", cases[i].start, text);
        g_assert_cmpint(strstr(text, "  blocked by: registration\n") != NULL, ==,
                        !cases[i].registered);
    }
}

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
    g_assert_true(fota_approval_check_token("a", "a", NULL));
    g_assert_false(fota_approval_check_token("a", "b", &error));
    g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_STALE_TOKEN);
    g_clear_error(&error);
    g_assert_false(fota_approval_check_token(NULL, "", &error));
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
        {FOTA_SEVERITY_MANDATORY, 0, 1200, 100, 1200},
        {FOTA_SEVERITY_MANDATORY, 0, 1200, 101, 0},
        {FOTA_SEVERITY_CRITICAL, 300, 1200, 101, 0},
        {FOTA_SEVERITY_CRITICAL, 150, 1200, 50, 1150},
        {FOTA_SEVERITY_CRITICAL, 150, 1200, 51, 0},
        {FOTA_SEVERITY_MANDATORY, 0, 1000, 0, 0},
        {FOTA_SEVERITY_OPTIONAL, 0, 0, G_MAXUINT64, 0},
        {FOTA_SEVERITY_OPTIONAL, 0, 0, G_MAXINT64, 0},
        {FOTA_SEVERITY_OPTIONAL, 300, 0, G_MAXUINT64, 0},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        FotaManifestUpdate update = {.severity = cases[i].severity,
                                     .maximum_defer_period = cases[i].period,
                                     .deadline = cases[i].deadline * G_USEC_PER_SEC};
        g_autoptr(GError) error = NULL;
        gint64 until = 0;
        gboolean good =
            fota_approval_check_deferral(&update, 1000 * G_USEC_PER_SEC, 1100 * G_USEC_PER_SEC,
                                         cases[i].seconds, &until, &error);

        g_test_message("case %u", i);
        g_assert_cmpint(until, ==, cases[i].until * G_USEC_PER_SEC);
        if (good)
            g_assert_no_error(error);
        else
            g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_DEFER_TOO_LONG);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/position", test_position);
    g_test_add_func("/plan/vendor", test_vendor);
    g_test_add_func("/plan/gates", test_gates);
    g_test_add_func("/plan/approved", test_approved);
    g_test_add_func("/plan/past", test_past);
    g_test_add_func("/plan/downgrade", test_downgrade);
    g_test_add_func("/plan/unanswered", test_unanswered);
    g_test_add_func("/plan/blockers", test_blockers);
    g_test_add_func("/plan/windows", test_windows);
    g_test_add_func("/plan/window-shares", test_window_shares);
    g_test_add_func("/plan/latest-blocker-counts", test_latest_blocker_counts);
    g_test_add_func("/plan/json", test_json);
    g_test_add_func("/plan/json-of-little", test_json_of_little);
    g_test_add_func("/plan/text", test_text);
    g_test_add_func("/approval/token", test_token);
    g_test_add_func("/approval/deferral", test_deferral);
    return g_test_run();
}
